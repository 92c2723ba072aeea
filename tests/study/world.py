"""Small databases whose answers are known by hand: pages that state little, loaded as all are."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import psycopg2

from cryptodrug_scraper.archive import Page
from cryptodrug_scraper.archive.stamp import CrawlStamp
from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.database.loader import Loader
from cryptodrug_scraper.database.reviews import work_out_reviews
from cryptodrug_scraper.database.rows import Capture, rows_of
from cryptodrug_scraper.records import (
    ExchangeRate,
    ExternalRating,
    Link,
    Listing,
    Money,
    ParsedPage,
    Review,
    Vendor,
)


def day(text: str) -> date:
    """A day of 2019 from ``01-31``, or any day from ``2018-12-31``."""
    return date.fromisoformat(text if len(text) > 5 else f"2019-{text}")


def eur(amount: float | str) -> Money:
    return Money(str(amount), "EUR")


def offer(
    external_id: str,
    vendor: str,
    *,
    price: Money | None = None,
    come_from: str = "",
    to: str = "",
    excluded: str = "",
    kind: str = "",
) -> Listing:
    """A listing; places are words: ``BE NL``."""
    return Listing(
        external_id,
        f"Offer {external_id}",
        vendor,
        ["Drugs", kind] if kind else [],
        price=price,
        ships_from=come_from.split(),
        ships_to=to.split(),
        ships_to_excluded=excluded.split(),
    )


class World:
    """Loads pages into a database."""

    def __init__(self, url: str) -> None:
        self.url, self.pages, self.runs = url, 0, 0
        self._connection = psycopg2.connect(client_url(url))
        self._loader = Loader(self._connection)

    def close(self) -> None:
        self._connection.close()

    def run(self, on: str, market: str = "dream") -> CrawlStamp:
        """A crawl's stamp."""
        self.runs += 1
        began = datetime.combine(day(on), time(1), UTC)
        return CrawlStamp(f"{self.runs:032x}", market, began, None, "0", {})

    def page(
        self,
        on: str | datetime | None,
        *,
        market: str = "dream",
        kind: str = "listing",
        url: str | None = None,
        listings: tuple[Listing, ...] = (),
        vendors: tuple[Vendor, ...] = (),
        reviews: tuple[Review, ...] = (),
        links: tuple[Link, ...] = (),
        rates: dict[str, str] | None = None,
        run: CrawlStamp | None = None,
    ) -> None:
        """Load a page captured at a moment, or at noon of a day; `rates` is what 1 BTC is worth."""
        self.pages += 1
        at = datetime.combine(day(on), time(12), UTC) if isinstance(on, str) else on
        body = b"page %d" % self.pages
        page = Page(
            body, url, at, at and "second", at and "warc", 200, None, None, f"/p/{self.pages}", run
        )
        parsed = ParsedPage(
            market,
            kind,
            listings=list(listings),
            vendors=list(vendors),
            reviews=list(reviews),
            links=list(links),
            exchange_rates=[
                ExchangeRate("BTC", code, rate) for code, rate in (rates or {}).items()
            ],
        )
        loaded = self._loader.load([rows_of(Capture.of(page), parsed, "v")])
        assert (loaded.new, loaded.refused) == (1, [])

    def seen(self, on: str, *listings: Listing, market: str = "dream") -> None:
        """Load the own page of each listing."""
        for listing in listings:
            self.page(on, market=market, listings=(listing,))

    def sold(
        self,
        vendor: str,
        listing: str | None,
        posted: str | None,
        price: Money | None = None,
        *,
        times: int = 1,
        market: str = "dream",
        seen: str = "12-30",
        about: bool = False,
        rates: dict[str, str] | None = None,
    ) -> None:
        """Load reviews, each with words of its own; to be worked out with `done`.

        `rates` are those that their page shows.
        """
        reviews = []
        for n in range(times):
            when = None if posted is None else datetime.combine(day(posted), time(10), UTC)
            reviews.append(
                Review(
                    vendor,
                    listing,
                    text=f"review {self.pages}.{n}",
                    posted_on=when and when.date(),
                    posted_precision=when and "minute",
                    earliest=when,
                    latest=when,
                    price=price,
                    price_approximate=about if price else None,
                )
            )
        self.page(seen, market=market, kind="vendor", reviews=tuple(reviews), rates=rates)

    def done(self) -> None:
        """Work the reviews out."""
        work_out_reviews(self._connection)


def profile(
    handle: str,
    *,
    fingerprint: str | None = None,
    joined: str | None = None,
    sales: int | None = None,
    imported: str | None = None,
) -> Vendor:
    """A vendor's profile."""
    return Vendor(
        handle,
        sales=sales,
        joined_on=None if joined is None else day(joined),
        external_ratings=[] if imported is None else [ExternalRating(imported)],
        pgp_key=None if fingerprint is None else f"key of {handle} {fingerprint}",
        pgp_fingerprint=fingerprint,
    )
