"""Three markets that exist nowhere else, and what a study of their crawls must find.

    python -m tests.study.markets [--vendors 60] [--weeks 52] [--seed 1]

Written from the descriptions of markets and records alone, apart from the simulator and from the
study: people sell, buyers review, some change their words later, vendors write their handles
otherwise, prices move, offers are held by absurd prices, pages keep only the newest reviews. Then
crawls come by: weekly at odd hours, with weeks in which they do not, and crawls that break off
half way. Sales and what was paid for them are known; what pages showed is all that is loaded.

The first market shows days (rounded down) and amounts in coins at the rate of the hour, its
vendors' pages buyers and its listings' pages listings; the second minutes, buyers, listings and
dollars; the third ages in words (to the nearest) on listings' pages, and no amounts.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.database.embedded import EmbeddedServer
from cryptodrug_scraper.normalise.ages import posted, read_age
from cryptodrug_scraper.records import Money, Review
from cryptodrug_scraper.study import Study
from parsers import markets
from tests.study.aging import Style, by_days, by_words
from tests.study.world import World, offer, profile

MARKETS = AGED, DATED, WORDED = tuple(markets())[:3]
"""Ages in days; dates; ages in words. Otherwise nothing is of these markets but the names."""
BEGIN = datetime(2019, 1, 1, tzinfo=UTC)
STOCK = ("Great", "Thanks", "As always", "Fast and good", "Top vendor", "All fine", None, "5/5")
WORDS = ("arrived", "in", "days", "stealth", "good", "again", "weight", "fine", "late", "but", "ok")
AGES: dict[str, Style] = {AGED: by_days("down"), WORDED: by_words("nearest")}


@dataclass
class Sale:
    """A sale with its review; `texts` are its words, each from a moment on."""

    at: datetime
    usd: float
    buyer: str
    texts: list[tuple[datetime, str | None]]
    stars: int

    def text(self, at: datetime) -> str | None:
        return [words for since, words in self.texts if since <= at][-1]


@dataclass
class Offered:
    """A listing: its prices in dollars, each from a moment on, and its sales."""

    name: str
    origin: str
    prices: list[tuple[datetime, float]]
    sales: list[Sale] = field(default_factory=list)

    def price(self, at: datetime) -> float:
        return [usd for since, usd in self.prices if since <= at][-1]


@dataclass
class Seller:
    """A vendor, by handles that differ in capitals, each from a moment on."""

    handles: list[tuple[datetime, str]]
    offers: list[Offered]

    def handle(self, at: datetime) -> str:
        return [name for since, name in self.handles if since <= at][-1]


@dataclass
class Truth:
    """What crawls could have found: sales whose reviews some page showed."""

    reviews: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By market and the vendor's handle in small letters."""
    months: Counter[tuple[str, date]] = field(default_factory=Counter)
    eur: Counter[str] = field(default_factory=Counter)
    undecidable: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Of the reviews those whose edit nothing on a page shows to be one."""


def coin(at: datetime) -> float:
    """Return what a coin is in dollars: it rises by a half in a year, and swings."""
    days = (at - BEGIN) / timedelta(1)
    return 5000 * (1 + days / 730) * (1 + 0.1 * ((days % 20) / 10 - 1))


def euros(at: datetime) -> float:
    """Return what a dollar is in euros."""
    return 0.88 + 0.0001 * ((at - BEGIN).days % 60)


class Markets:
    """A year (or some weeks) of three markets, the same for the same seed."""

    def __init__(self, vendors: int, weeks: int, seed: int) -> None:
        self.random, self.weeks = Random(seed), weeks
        self.end = BEGIN + timedelta(7 * weeks)
        self.sellers = {
            market: [self._seller(market, n) for n in range(vendors)] for market in MARKETS
        }

    def moment(self) -> datetime:
        after = timedelta(seconds=self.random.randrange(7 * 86_400 * self.weeks))
        return BEGIN + after

    def _seller(self, market: str, n: int) -> Seller:
        name = f"{'OakFernMossIvySageElm'[n % 6 * 3 : n % 6 * 3 + 3]}Herb{n}"
        handles = [(BEGIN, name)]
        if n % 4 == 1:
            handles.append((self.moment(), name.lower()))
        pace = self.random.choice((0.5, 1, 3))
        offers = [self._offered(market, f"{n}{k}", pace) for k in range(self.random.choice((1, 3)))]
        return Seller(handles, offers)

    def _offered(self, market: str, name: str, pace: float) -> Offered:
        random = self.random
        usd = random.uniform(15, 300)
        changes = sorted(self.moment() for _ in range(self.weeks // 16))
        prices = [(BEGIN, usd), *((at, usd * random.uniform(0.96, 1.04)) for at in changes)]
        offered = Offered(name, random.choice(("BE", "NL", "DE")), prices)
        for _ in range(round(pace * self.weeks * random.uniform(0.7, 1.3))):
            offered.sales.append(self._sale(market, offered))
        if random.random() < 0.3:  # held for ten days, in which nobody buys
            begin = self.moment()
            until = begin + timedelta(10)
            offered.sales = [sale for sale in offered.sales if not begin <= sale.at < until]
            after = offered.price(until)
            kept = [price for price in prices if not begin <= price[0] < until]
            offered.prices = sorted([*kept, (begin, usd * 40), (until, after)])
        return offered

    def _sale(self, market: str, offered: Offered) -> Sale:
        random, at = self.random, self.moment().replace(second=0)
        words = random.choice(STOCK) if random.random() < 0.4 else self._words()
        texts: list[tuple[datetime, str | None]] = [(BEGIN, words)]
        if random.random() < {DATED: 0.06, AGED: 0.003}.get(market, 0):
            texts.append((at + timedelta(random.uniform(2, 30)), self._words()))
        buyer = f"{random.choice('abcdefghkmnprst')}***{random.choice('abcdefghkmnprst')}"
        return Sale(at, round(offered.price(at), 2), buyer, texts, random.choice((5, 5, 5, 4, 1)))

    def _words(self) -> str:
        return " ".join(self.random.choice(WORDS) for _ in range(self.random.randint(5, 12)))

    def load(self, world: World) -> Truth:
        """Crawl: load what pages showed. Return what of the truth they showed at all."""
        found: dict[int, tuple[str, Seller, Sale, set[str | None]]] = {}
        for market in MARKETS:
            for week in range(self.weeks + 1):
                if week % 9 == 5:  # nobody crawls
                    continue
                half = week % 5 == 3
                at = BEGIN + timedelta(7 * week, self.random.randrange(3 * 86_400))
                for seller in self.sellers[market]:
                    for sale, text in self._visited(world, market, seller, at, half):
                        kept = found.setdefault(id(sale), (market, seller, sale, set()))
                        kept[3].add(text)
                        at += timedelta(seconds=1)
                    at += timedelta(seconds=self.random.randrange(300))
        world.done()
        truth = Truth()
        for market, seller, sale, texts in found.values():
            key = market, seller.handles[0][1].lower()
            truth.reviews[key] += 1
            truth.months[market, sale.at.date().replace(day=1)] += 1
            truth.eur[market] += sale.usd * euros(sale.at)
            truth.undecidable[key] += market != DATED and len(texts) > 1
        return truth

    def _visited(
        self, world: World, market: str, seller: Seller, at: datetime, half: bool
    ) -> Iterator[tuple[Sale, str | None]]:
        """Load the pages of a vendor; yield what they show, with the words shown."""
        handle = seller.handle(at)
        rates = {"USD": f"{coin(at):.2f}", "EUR": f"{coin(at) * euros(at):.2f}"}
        every = [(o, sale) for o in seller.offers for sale in o.sales]
        if market != WORDED and not (half and self.random.random() < 0.5):
            shown = _newest(every, at, 50)
            rows = [self._row(market, handle, at, o, sale, False) for o, sale in shown]
            total = sum(sale.at <= at for _, sale in every)
            world.page(
                at, market=market, kind="vendor", vendors=(profile(handle, sales=total),),
                reviews=tuple(rows), rates=rates,
            )  # fmt: skip
            yield from ((sale, sale.text(at)) for _, sale in shown)
        for offered in seller.offers:
            if half and self.random.random() < 0.5:
                continue
            at += timedelta(seconds=self.random.randrange(1, 60))
            mine = [(offered, sale) for sale in offered.sales] if market != DATED else []
            shown = _newest(mine, at, 30)
            rows = [self._row(market, handle, at, o, sale, True) for o, sale in shown]
            price = Money(f"{offered.price(at):.2f}", "USD")
            stated = offer(offered.name, handle, price=price, come_from=offered.origin, kind="MDMA")
            world.page(
                at, market=market, listings=(stated,), reviews=tuple(rows),
                rates=None if market == WORDED else rates,
            )  # fmt: skip
            yield from ((sale, sale.text(at)) for _, sale in shown)

    def _row(
        self, market: str, handle: str, at: datetime, offered: Offered, sale: Sale, own: bool
    ) -> Review:
        row = Review(handle, text=sale.text(at))
        if market == DATED:
            mood = {5: "positive", 4: "neutral", 1: "negative"}[sale.stars]
            return replace(
                row, listing_external_id=offered.name, sentiment=mood, author=sale.buyer,
                posted_on=sale.at.date(), posted_precision="minute", posted_at=sale.at,
                earliest=sale.at, latest=sale.at + timedelta(minutes=1),
                price=Money(f"{sale.usd:.2f}", "USD"), price_approximate=False,
            )  # fmt: skip
        age = read_age(AGES[market].words((at - sale.at).total_seconds()))
        assert age is not None
        when = posted(age, at)
        row = replace(
            row, rating=f"{sale.stars}.00", rating_max="5", posted_on=when.on, from_age=True,
            posted_precision=when.precision, earliest=when.earliest, latest=when.latest,
        )  # fmt: skip
        if market == AGED:
            amount = Money(f"{sale.usd / coin(at):.4f}", "BTC")
            row = replace(row, price=amount, price_approximate=True)
        if own:
            row = replace(row, listing_external_id=offered.name)
        if market == WORDED or not own:
            row = replace(row, author=sale.buyer)
        return row


def _newest(
    every: list[tuple[Offered, Sale]], at: datetime, limit: int
) -> list[tuple[Offered, Sale]]:
    left = [pair for pair in every if pair[1].at <= at]
    return sorted(left, key=lambda pair: pair[1].at, reverse=True)[:limit]


def main() -> None:
    """Load a large world, and print what the study finds beside what is true."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--vendors", type=int, default=60)
    arguments.add_argument("--weeks", type=int, default=52)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="cryptodrug-markets-") as folder:
        server = EmbeddedServer(Path(folder))
        url = server.ensure_running()
        engine = open_engine(url, upgrade=True)
        try:
            world = World(url)
            truth = Markets(options.vendors, options.weeks, options.seed).load(world)
            world.close()
            with Study(engine) as study:
                for line, right in compared(study, truth):
                    print(line if right else f"{line}  WRONG")
        finally:
            engine.dispose()
            server.stop()


def compared(study: Study, truth: Truth) -> Iterator[tuple[str, bool]]:
    """Yield a line a number, found and true, and whether that is as it should be."""
    counts = found_reviews(study)
    for key, number in truth.reviews.items():
        # An edit of which nothing on a page shows that it is one makes two reviews.
        right = 0 <= counts[key] - number <= truth.undecidable[key]
        yield f"{key}: {counts[key]} reviews, true {number}", right
    yield f"vendors: {len(counts)}, true {len(truth.reviews)}", set(counts) == set(truth.reviews)
    sold = study.turnover(by="all").frame.set_index("market")
    for market, true in truth.eur.items():
        row = sold.loc[market]
        part = float(row["turnover_eur"]) / true - 1
        right = abs(part) <= 0.01 and row["low_eur"] <= true <= row["high_eur"]
        yield f"{market}: {row['turnover_eur']:,.0f} EUR, true {true:,.0f}: {part:+.2%}", right
    months = study.turnover().frame
    for row in months.to_dict("records"):
        number = truth.months[row["market"], row["period"]]
        low, high = row["reviews_low"], row["reviews_high"]
        spare = sum(n for (m, _), n in truth.undecidable.items() if m == row["market"])
        line = f"{row['market']} {row['period']}: {row['reviews']} ({low} to {high}), true {number}"
        yield line, low - spare <= number <= high


def found_reviews(study: Study) -> Counter[tuple[str, str]]:
    """Return reviews by market and handle in small letters."""
    frame = study.frame(
        "SELECT market, lower(handle) AS handle, count(*) AS n"
        " FROM review JOIN vendor USING (vendor_id) GROUP BY 1, 2"
    )
    return Counter({(market, handle): n for market, handle, n in frame.itertuples(index=False)})


if __name__ == "__main__":
    main()
