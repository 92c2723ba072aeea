"""Measures of random worlds are those that plain Python works out from the same facts.

Each world goes through the loader, and is studied whole and by a part of its time. In such a
world listings move, change their amounts, show prices that are out of reach, exclude places and
stop to, and are shown by cards that say little; markets show rates on some days only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from cryptodrug_scraper.records import Money
from cryptodrug_scraper.study import Study
from tests.study import oracle
from tests.study.facts import Facts, Key, Panel, Period, Review, Sighting
from tests.study.world import World, offer

MARKETS = ("dream", "empire")
KINDS = ("cannabis", "cocaine", "mdma")
VENDORS = ("anna", "bob", "carl", "dora", "emil", "fred")
PLACES = ("BE", "NL", "DE")
GRAMS = (Decimal("0.1"), Decimal(2), Decimal(9), None)  # retail, of each kind
BEGIN = date(2019, 1, 1)
LISTINGS, DAYS, CRAWLS, REVIEWS = 10, 150, 10, 50
PERIODS: tuple[dict[str, date], ...] = (
    {},
    {"start": date(2019, 2, 1), "end": date(2019, 4, 10)},
)

Flat = dict[tuple[object, ...], float]


# A world.


def some_facts(random: Random) -> Facts:
    owners = {
        (market, str(n)): random.choice(VENDORS) for market in MARKETS for n in range(LISTINGS)
    }
    grams = {key: random.choice(GRAMS) for key in owners}
    sightings: list[Sighting] = []
    panels: list[Panel] = []
    for after in sorted(random.sample(range(0, DAYS, 2), CRAWLS)):
        for market in MARKETS:
            if random.random() < 0.2:
                continue
            day, card = BEGIN + timedelta(after), random.random() < 0.5
            if random.random() < 0.5:
                panels.append(some_panel(random, market, day))
            for n in random.sample(range(LISTINGS), random.randint(1, 8)):
                key = market, str(n)
                if random.random() < 0.2:
                    grams[key] = random.choice(GRAMS)
                sighting = Sighting(market, str(n), day, KINDS[n % 3], card)
                sightings.append(some_sighting(random, sighting, owners[key], grams[key]))
    reviews = tuple(some_review(random, owners, sightings) for _ in range(REVIEWS))
    return Facts(tuple(sightings), tuple(panels), reviews)


def some_panel(random: Random, market: str, day: date) -> Panel:
    eur, usd = random.choice((4000, 5000, 8000)), random.choice((5000, 6000, 9000))
    return Panel(market, day, Decimal(eur), Decimal(usd))


def some_sighting(
    random: Random, sighting: Sighting, owner: str, grams: Decimal | None
) -> Sighting:
    origins = random.sample(PLACES, random.choice((0, 1, 1, 1, 2)))
    return replace(
        sighting,
        titled=not sighting.card or random.random() < 0.7,
        vendor=owner if random.random() < 0.85 else None,
        grams=grams,
        price=some_price(random, grams or Decimal(1)),
        origins=("EU",) if random.random() < 0.08 else tuple(origins),
        destinations=tuple(random.sample((*PLACES, "EU", "WORLD"), random.choice((0, 1, 2)))),
        excluded=tuple(random.sample((*PLACES, "US"), random.choice((0, 0, 1, 2)))),
    )


def some_price(random: Random, grams: Decimal) -> Money | None:
    currency = random.choice(("EUR", "EUR", "USD", "BTC", None))
    if currency is None:
        return None
    if random.random() < 0.03:
        return Money("0.01", "EUR")
    amount = random.randint(10, 60) * grams
    if random.random() < 0.1:
        amount *= random.choice((15, 400, 20_000))
    return Money(str(amount / 5000 if currency == "BTC" else amount), currency)


def some_review(random: Random, owners: Mapping[Key, str], seen: Sequence[Sighting]) -> Review:
    market = random.choice(MARKETS)
    listing = str(random.randint(0, LISTINGS))  # no page shows the last of them
    after = random.randint(-20, DAYS + 10)
    if random.random() < 0.3:  # as long after the listing was seen as before it was seen again
        days = [(each.day - BEGIN).days for each in seen if each.key == (market, listing)]
        after = random.choice([(a + b) // 2 for a, b in pairwise(days)] or [after])
    currency = random.choice((None, None, "EUR", "USD", "BTC"))
    amount = {
        "EUR": f"{random.randint(1, 100)}",
        "USD": f"{random.randint(1, 9000) / 100:.2f}",
        "BTC": f"{random.randint(1, 200) / 10000:.4f}",
    }
    captured = BEGIN + timedelta(random.choice((max(after, 0) + 3, DAYS + 20)))
    return Review(
        market,
        owners.get((market, listing), VENDORS[0]),
        listing if random.random() < 0.75 else None,
        BEGIN + timedelta(after),
        captured,
        Money(amount[currency], currency) if currency else None,
        about=currency is not None and random.random() < 0.4,
        panel=some_panel(random, market, captured) if random.random() < 0.2 else None,
    )


def load(world: World, facts: Facts) -> None:
    """Pages that state the facts: cards of a day and market stand on one."""
    for panel in facts.panels:
        world.page(panel.day.isoformat(), market=panel.market, kind="index", rates=rates_of(panel))
    pages = defaultdict(list)
    for nth, seen in enumerate(facts.sightings):
        shown = replace(
            offer(
                seen.listing,
                seen.vendor or "",
                price=seen.price,
                come_from=" ".join(seen.origins),
                to=" ".join(seen.destinations),
                excluded=" ".join(seen.excluded),
                kind=seen.kind.title() if seen.kind != "mdma" else "MDMA",
            ),
            vendor=seen.vendor,
            title=title_of(seen),
        )
        pages[seen.day, seen.market, seen.card, 0 if seen.card else nth].append(shown)
    for (day, market, card, _), listings in pages.items():
        kind = "search" if card else "listing"
        world.page(day.isoformat(), market=market, kind=kind, listings=tuple(listings))
    for review in facts.reviews:
        world.sold(
            review.vendor,
            review.listing,
            review.day.isoformat(),
            review.price,
            market=review.market,
            seen=review.captured.isoformat(),
            about=review.about,
            rates=rates_of(review.panel),
        )
    world.done()


def rates_of(panel: Panel | None) -> dict[str, str]:
    return {"EUR": str(panel.eur), "USD": str(panel.usd)} if panel else {}


def title_of(seen: Sighting) -> str | None:
    amount = "" if seen.grams is None else f" {seen.grams}g"
    return f"Offer {seen.listing}{amount}" if seen.titled else None


# What a study's frames say, by key and column, as the other side says it.


def flat(told: Mapping[Any, Any]) -> Flat:
    return {
        (*key, name): value
        for key, values in told.items()
        for name, value in values._asdict().items()
    }


def read(frame: Any, keys: Iterable[str], columns: Iterable[str]) -> Flat:
    """Of a frame's rows, those values that are there."""
    keys = list(keys)
    return {
        (*(row[key] for key in keys), name): float(row[name])
        for row in frame.to_dict("records")
        for name in columns
        if row[name] is not None and row[name] == row[name]
    }


def answers(study: Study, facts: Facts, period: Period) -> Iterator[tuple[str, Flat, Flat]]:
    """What is asked, what the study answers, and what the facts do."""
    yield (
        "turnover by month",
        read(study.turnover().frame, ("market", "period"), oracle.Turnover._fields),
        flat(oracle.turnover_by_month(facts, period)),
    )
    by_country = study.turnover(by="all", groups=("market", "country")).frame
    yield (
        "turnover by country",
        read(by_country, ("market", "country"), oracle.Turnover._fields),
        flat(oracle.turnover_by_country(facts, period)),
    )
    yield (
        "size by month, and of Belgium",
        read(study.size(country="BE").frame, ("market", "period"), oracle.Size._fields),
        flat(oracle.size_by_month(facts, period, "BE")),
    )
    excluded = study.exclusions(groups={}).frame
    yield (
        "exclusions",
        read(excluded, ("market", "place"), oracle.Counts._fields),
        flat(oracle.exclusions(facts, period)),
    )
    pairs = ("market", "origin", "destination")
    yield (
        "destinations",
        read(study.places().frame, pairs, oracle.Counts._fields),
        flat(oracle.destinations(facts, period)),
    )
    yield (
        "concentration",
        read(study.concentration().frame, ("market",), oracle.Concentration._fields),
        flat(oracle.concentration(facts, period)),
    )
    typical = oracle.typical_prices(facts, period)
    yield (
        "typical prices",
        read(study.listings().frame, ("market", "external_id"), ("price_eur",)),
        {(*key, "price_eur"): price for key, price in typical.items()},
    )
    yield (
        "prices per gram",
        read(study.unit_prices(least=1).frame, ("market", "substance"), oracle.Prices._fields),
        flat(oracle.prices_per_gram(facts, period)),
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_study_of_a_random_world_says_what_its_facts_do(
    world: World, study_of: Callable[..., Study], seed: int
) -> None:
    facts = some_facts(Random(seed))
    load(world, facts)
    for options in PERIODS:
        for asked, got, expected in answers(study_of(**options), facts, Period(**options)):
            assert expected, f"{asked}: this world has nothing to tell"
            assert got == pytest.approx(expected, rel=1e-6, abs=1e-4), f"{asked} in {options}"
