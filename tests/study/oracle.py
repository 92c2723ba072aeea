"""What a study of small facts must find, worked out a second time, in plain Python.

Nothing here is taken from `cryptodrug_scraper.study`: each function says in words the rule that it
follows, and follows it with lists and loops. Where the two disagree, one of them breaks the rule.

It knows less than the study does. A market shows a listing at most once a day; a listing keeps its
vendor and its kind; pages have a date; and there are fewer than ten listings of a kind, so that
prices are not compared with those of other listings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from statistics import median, median_low
from typing import NamedTuple

from tests.study.facts import Facts, Key, Panel, Period, Review, Sighting

REGIONS = {"EU", "WORLD"}
COINS = {"BTC"}
COIN_DAYS, STATE_DAYS = 7, 92
FLOOR, CEILING, FACTOR = 0.05, 100_000, 10

# What a listing said.


def last_said(
    sightings: list[Sighting], says: Callable[[Sighting], object], period: Period
) -> Sighting | None:
    """What was last said by the end of the period holds; else what was said first after it."""
    told = [sighting for sighting in sightings if says(sighting)]
    by_end = [sighting for sighting in told if sighting.day <= period.end]
    return by_end[-1] if by_end else told[0] if told else None


def vendor_of(sightings: list[Sighting], period: Period) -> str | None:
    """A listing is of the vendor whom it named last; cards may name none."""
    said = last_said(sightings, lambda each: each.vendor, period)
    return said.vendor if said else None


def countries(places: Iterable[str]) -> frozenset[str]:
    """Regions are no countries."""
    return frozenset(places) - REGIONS


def origins_on(sightings: list[Sighting], day: date) -> frozenset[str]:
    """On a day a listing ships from where it last said by then, else where it said first.

    Who names a region alone takes the country back.
    """
    told = [sighting for sighting in sightings if sighting.origins]
    before = [sighting for sighting in told if sighting.day <= day]
    said = before[-1] if before else told[0] if told else None
    return countries(said.origins) if said else frozenset()


def exclusions_of(sightings: list[Sighting], period: Period) -> tuple[str, ...]:
    """What a listing excluded last, unless its own page says later where it ships, and no more.

    A card's silence ends nothing. What was said after the period's end only counts where nothing
    was said before; a page of the period that says where the listing ships ends that too.
    """
    said = last_said(sightings, lambda each: each.excluded, period)
    if said is None:
        return ()
    ended = any(
        page.destinations and not page.card and page.day <= period.end
        and (page.day > said.day or said.day > period.end)
        for page in sightings
    )  # fmt: skip
    return () if ended else said.excluded


def seen_in(facts: Facts, period: Period) -> dict[Key, list[Sighting]]:
    """The listings that some page of the period shows, with all that was ever seen of them."""
    return {
        key: sightings
        for key, sightings in facts.listings().items()
        if any(period.holds(sighting.day) for sighting in sightings)
    }


# Prices.


def worth_by(panel: Panel, currency: str) -> Decimal:
    """What 1 of a currency is in EUR by one panel."""
    return panel.eur if currency == "BTC" else panel.eur / panel.usd


def rate(facts: Facts, market: str, currency: str, day: date) -> Decimal | None:
    """What 1 of a currency is in EUR, by the panels of the day nearest in time that is near enough.

    Near enough is a week for coins, and 92 days for dollars. The market's own panels come before
    those of others; of two days as near the earlier counts, and of one day's the first market's.
    Of several panels of a day it is the (lower) median.
    """
    if currency == "EUR":
        return Decimal(1)
    limit = COIN_DAYS if currency in COINS else STATE_DAYS
    near = [panel for panel in facts.all_panels if abs((panel.day - day).days) <= limit]
    if not near:
        return None
    best = min(near, key=lambda p: (p.market != market, abs((p.day - day).days), p.day, p.market))
    same = {panel for panel in near if (panel.market, panel.day) == (best.market, best.day)}
    return median_low(worth_by(panel, currency) for panel in same)


@dataclass(frozen=True)
class Price:
    """A price that a listing showed on a day, for the amount that it then was of."""

    day: date
    eur: float
    grams: Decimal | None


def grams_on(sightings: list[Sighting], day: date) -> Decimal | None:
    """A price is of the amount in the title beside it; a card without one keeps the one before.

    Before the first title the amount is known only if all titles agree.
    """
    titled = [sighting for sighting in sightings if sighting.titled]
    amounts = {sighting.grams for sighting in titled}
    if len(amounts) == 1:
        return amounts.pop()
    before = [sighting.grams for sighting in titled if sighting.day <= day]
    return before[-1] if before else None


def credible_prices(facts: Facts, sightings: list[Sighting]) -> list[Price]:
    """A listing's prices in EUR, without those that nobody could have meant.

    These are 0.05 EUR or less, and 100,000 or more; and of what is left, where there are two
    prices for one amount or more, those over ten times above or below the middle one of these, or
    the lower of the two in the middle.
    """
    prices = []
    for shown in sightings:
        if shown.price is not None:
            worth = rate(facts, shown.market, shown.price.currency, shown.day)
            if worth is not None:
                eur = float(Decimal(shown.price.amount) * worth)
                prices.append(Price(shown.day, eur, grams_on(sightings, shown.day)))
    prices = [price for price in prices if FLOOR < price.eur < CEILING]
    kept = []
    for price in prices:
        middle = median_low(other.eur for other in prices if other.grams == price.grams)
        if price.eur <= FACTOR * middle and middle <= FACTOR * price.eur:
            kept.append(price)
    return kept


def grams_now(sightings: list[Sighting], period: Period) -> Decimal | None:
    """A listing is of the amount that its title stated last."""
    said = last_said(sightings, lambda each: each.titled, period)
    return said.grams if said else None


def typical_price(facts: Facts, sightings: list[Sighting], period: Period) -> float | None:
    """The median of the credible prices for the amount that the listing is of.

    Of those within the period; if there are none, of all.
    """
    now = grams_now(sightings, period)
    prices = [price for price in credible_prices(facts, sightings) if price.grams == now]
    within = [price for price in prices if period.holds(price.day)]
    return median(price.eur for price in within or prices) if prices else None


# Reviews as sales.


class Worth(NamedTuple):
    """What a sale came to, in EUR; `eur` is None where only its bounds are known."""

    eur: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Sale:
    """A review of the period, with what it came to and where it came from."""

    review: Review
    worth: Worth
    origins: frozenset[str]


def stated_worth(facts: Facts, review: Review) -> Worth | None:
    """What the review says was paid: coins at the rate of their capture, dollars at their day's.

    The rate of a capture is that of the page itself, if it shows one. Where one of both is not
    known, the other counts. The bounds are by both rates, and an "about" is half a unit of the
    last digit less or more.
    """
    if review.price is None:
        return None
    amount, currency = Decimal(review.price.amount), review.price.currency
    then = rate(facts, review.market, currency, review.day)
    later = (
        worth_by(review.panel, currency)
        if review.panel and currency != "EUR"
        else rate(facts, review.market, currency, review.captured)
    )
    both = (later, then) if currency in COINS else (then, later)
    rates = [each for each in both if each is not None]
    if not rates:
        return None
    digits = -int(amount.as_tuple().exponent)
    slack = Decimal("0.5") / 10**digits if review.about else Decimal(0)
    return Worth(
        float(amount * rates[0]),
        float(max(amount - slack, Decimal(0)) * min(rates)),
        float((amount + slack) * max(rates)),
    )


def listing_worth(facts: Facts, sightings: list[Sighting], day: date) -> Worth | None:
    """The credible price nearest in time, of two as near the one before; the bounds are both."""
    prices = credible_prices(facts, sightings)
    before = [price for price in prices if price.day <= day][-1:]
    after = [price for price in prices if price.day > day][:1]
    both = before + after
    if not both:
        return None
    nearest = min(both, key=lambda price: abs((price.day - day).days))
    eurs = [price.eur for price in both]
    return Worth(nearest.eur, min(eurs), max(eurs))


def vendor_worth(facts: Facts, market: str, vendor: str, period: Period) -> Worth:
    """At most the (lower) median of the typical prices of the vendor's listings, at least nothing.

    Of a vendor without prices nothing is known, and nothing counted.
    """
    typical = sorted(
        price
        for key, sightings in facts.listings().items()
        if key[0] == market and vendor_of(sightings, period) == vendor
        and (price := typical_price(facts, sightings, period)) is not None
    )  # fmt: skip
    return Worth(None, 0, typical[ceil(len(typical) / 2) - 1] if typical else 0)


def sale_origins(facts: Facts, review: Review, period: Period) -> frozenset[str]:
    """Where the listing said it ships from on the day of the review.

    If no page shows the listing: all countries from which the vendor's listings last said to ship.
    """
    listings = facts.listings()
    if review.listing is not None and (review.market, review.listing) in listings:
        return origins_on(listings[review.market, review.listing], review.day)
    found: frozenset[str] = frozenset()
    for (market, _), sightings in listings.items():
        if market == review.market and vendor_of(sightings, period) == review.vendor:
            said = last_said(sightings, lambda each: each.origins, period)
            found |= countries(said.origins) if said else frozenset()
    return found


def sales(facts: Facts, period: Period) -> list[Sale]:
    """Each review posted in the period is a sale, worth what the best source known says.

    That is the review, else its listing, else its vendor. Amounts are rounded to 0.0001 EUR.
    """
    listings = facts.listings()
    found = []
    for review in facts.reviews:
        if period.holds(review.day):
            own = listings.get((review.market, review.listing or ""), [])
            worth = (
                stated_worth(facts, review)
                or listing_worth(facts, own, review.day)
                or vendor_worth(facts, review.market, review.vendor, period)
            )
            eur = None if worth.eur is None else round(worth.eur, 4)
            worth = Worth(eur, round(worth.low, 4), round(worth.high, 4))
            found.append(Sale(review, worth, sale_origins(facts, review, period)))
    return found


# Measures: what a study's frames must hold, by their keys, under the names of their columns.


class Turnover(NamedTuple):
    reviews: int
    priced: int
    turnover_eur: float
    low_eur: float
    high_eur: float


class Size(NamedTuple):
    vendors: int
    listings: int
    vendors_country: int
    listings_country: int


class Counts(NamedTuple):
    listings: int
    vendors: int


class Concentration(NamedTuple):
    vendors: int
    gini: float
    top_1: float
    hhi: float


class Prices(NamedTuple):
    listings: int
    median: float


def _turnover(sold: list[Sale]) -> Turnover:
    eurs = [sale.worth.eur for sale in sold if sale.worth.eur is not None]
    lows, highs = (sum(sale.worth.low for sale in sold), sum(sale.worth.high for sale in sold))
    return Turnover(len(sold), len(eurs), sum(eurs), lows, highs)


def turnover_by_month(facts: Facts, period: Period) -> dict[tuple[str, date], Turnover]:
    """A review without a price counts nothing in the sum; its bounds count."""
    sold = defaultdict(list)
    for sale in sales(facts, period):
        sold[sale.review.market, sale.review.day.replace(day=1)].append(sale)
    return {key: _turnover(each) for key, each in sold.items()}


def turnover_by_country(facts: Facts, period: Period) -> dict[tuple[str, str], Turnover]:
    """A sale from two countries stands in both; one from none in ''."""
    sold = defaultdict(list)
    for sale in sales(facts, period):
        for country in sale.origins or {""}:
            sold[sale.review.market, country].append(sale)
    return {key: _turnover(each) for key, each in sold.items()}


def size_by_month(facts: Facts, period: Period, country: str) -> dict[tuple[str, date], Size]:
    """Listings that a page of the month shows, and their vendors.

    Of the country are those that said so by the last day of the month on which they were seen.
    """
    last: dict[tuple[str, date], dict[str, date]] = defaultdict(dict)
    for sighting in sorted(facts.sightings, key=lambda each: each.day):
        if period.holds(sighting.day):
            last[sighting.market, sighting.day.replace(day=1)][sighting.listing] = sighting.day
    listings = facts.listings()
    found = {}
    for (market, month), days in last.items():
        here = [
            listing
            for listing, day in days.items()
            if country in origins_on(listings[market, listing], day)
        ]
        vendors, from_here = (
            {vendor_of(listings[market, listing], period) for listing in each} - {None}
            for each in (days, here)
        )
        found[market, month] = Size(len(vendors), len(days), len(from_here), len(here))
    return found


def exclusions(facts: Facts, period: Period) -> dict[tuple[str, str], Counts]:
    """Listings seen in the period that exclude a place, and their vendors."""
    found = defaultdict(list)
    for (market, _), sightings in seen_in(facts, period).items():
        for place in exclusions_of(sightings, period):
            found[market, place].append(vendor_of(sightings, period))
    return {key: Counts(len(each), len({*each} - {None})) for key, each in found.items()}


def destinations(facts: Facts, period: Period) -> dict[tuple[str, str, str], Counts]:
    """Listings seen in the period by each pair of an origin and a destination that they said last.

    Regions count as they are here; '' is where none was ever said.
    """
    found = defaultdict(list)
    for (market, _), sightings in seen_in(facts, period).items():
        come = last_said(sightings, lambda each: each.origins, period)
        go = last_said(sightings, lambda each: each.destinations, period)
        for origin in come.origins if come else ("",):
            for destination in go.destinations if go else ("",):
                found[market, origin, destination].append(vendor_of(sightings, period))
    return {key: Counts(len(each), len({*each} - {None})) for key, each in found.items()}


def concentration(facts: Facts, period: Period) -> dict[tuple[str], Concentration]:
    """How unequal the turnovers of vendors who have one are.

    Gini is half the mean difference of any two of them, by their mean.
    """
    by_vendor: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for sale in sales(facts, period):
        by_vendor[sale.review.market][sale.review.vendor] += sale.worth.eur or 0
    found = {}
    for market, each in by_vendor.items():
        if eurs := [eur for eur in each.values() if eur > 0]:
            n, total = len(eurs), sum(eurs)
            apart = sum(abs(a - b) for a in eurs for b in eurs)
            hhi = sum((eur / total) ** 2 for eur in eurs)
            found[(market,)] = Concentration(n, apart / (2 * n * total), max(eurs) / total, hhi)
    return found


def typical_prices(facts: Facts, period: Period) -> dict[Key, float]:
    """The typical prices of the listings seen in the period, where there is one."""
    return {
        key: price
        for key, sightings in seen_in(facts, period).items()
        if (price := typical_price(facts, sightings, period)) is not None
    }


def prices_per_gram(facts: Facts, period: Period) -> dict[tuple[str, str], Prices]:
    """The median over a kind's listings of the typical price by the amount stated last.

    A listing that states none then is left out.
    """
    typical, found = typical_prices(facts, period), defaultdict(list)
    for key, sightings in seen_in(facts, period).items():
        grams = grams_now(sightings, period)
        if grams is not None and key in typical:
            found[key[0], sightings[0].kind].append(typical[key] / float(grams))
    return {key: Prices(len(each), median(each)) for key, each in found.items()}
