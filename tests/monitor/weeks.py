"""Weekly crawls of a market that grows, as rows: pages of the fixtures under other names.

Each listing and vendor has the form of one fixture for good, so that fields are filled as often as
the fixtures fill them; which listings a week shows, and how many, is drawn.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2

from cryptodrug_scraper.archive import Page
from cryptodrug_scraper.archive.stamp import CrawlEnd, CrawlStamp
from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.database.crawls import record_crawl
from cryptodrug_scraper.database.ids import key_of
from cryptodrug_scraper.database.loader import Loader
from cryptodrug_scraper.database.rows import Capture, rows_of
from cryptodrug_scraper.monitor.health import Floor, Health, compute_health
from cryptodrug_scraper.records import Link, ParsedPage
from parsers import parse_page
from tests.parsers.expectations import pages_of

START = datetime(2019, 1, 7, 2, 30, tzinfo=UTC)
Change = Callable[[ParsedPage], ParsedPage]


def forms(market: str) -> dict[str, list[ParsedPage]]:
    """The fixtures of a market by kind, but those that state nothing."""
    read: dict[str, list[ParsedPage]] = defaultdict(list)
    for file in pages_of(market):
        parsed = parse_page(file.read_bytes(), market=market, captured_at=START)
        if parsed.kind == "listing" and parsed.listings and not parsed.cut_off:
            read["listing"].append(parsed)
        elif parsed.kind == "vendor" and parsed.vendors:
            read["vendor"].append(parsed)
        elif parsed.kind == "search" and parsed.listings:
            read["search"].append(parsed)
    return read


class Weeks:
    """Loads crawls, a job a week unless another is named, and judges them."""

    def __init__(self, url: str, market: str, *, size: int = 60, seed: int = 1) -> None:
        self.market, self.size = market, size
        self.forms = forms(market)
        self.chance = random.Random(f"{market} {seed}")
        self.connection = psycopg2.connect(client_url(url))
        self.loader = Loader(self.connection)
        self.runs = self.pages = 0

    def close(self) -> None:
        self.connection.close()

    def crawl(
        self,
        *,
        change: Change | None = None,
        scale: float | None = None,
        outcome: str | None = "finished",
        job: str | None = None,
        plan: Mapping[str, Any] | None = None,
        counters: Mapping[str, Any] | None = None,
        invented: bool = False,
        growth: float = 0.02,
    ) -> int:
        """Load the next week's crawl of about ``size`` listings; return its run.

        ``scale`` is how much larger than usual it is; drawn from -30 to +30 % if not given.
        """
        self.runs += 1
        began = START + timedelta(weeks=self.runs)
        options = {"plan": {"market": self.market, **(plan or {})}, "job": job or f"{self.runs}"}
        name = f"{self.market}{self.runs}".encode().hex().rjust(32, "0")[-32:]
        stamp = CrawlStamp(name, self.market, began, None, "0", options, invented)
        record_crawl(self.connection, stamp)
        if scale is None:
            scale = self.chance.uniform(0.7, 1.3)
        known = round(self.size * 1.5 * (1 + growth) ** self.runs)
        shown = sorted(self.chance.sample(range(known), min(known, round(known * scale / 1.5))))
        at = began
        rows = []
        for parsed in self._pages(shown):
            at += timedelta(seconds=self.chance.uniform(2, 6))
            self.pages += 1
            body = b"%s page %d" % (self.market.encode(), self.pages)
            page = Page(
                body, None, at, "second", "warc", 200, None, None, f"/{self.market}{self.pages}",
                stamp, invented=invented,
            )  # fmt: skip
            parsed = replace(parsed, captured_at=at)
            rows.append(rows_of(Capture.of(page), change(parsed) if change else parsed, "v"))
        for n in range(0, len(rows), 500):
            assert self.loader.load(rows[n : n + 500]).refused == []
        if outcome is not None:
            requests = len(rows) + self.chance.randrange(1 + len(rows) // 10)
            counted = {"requests": requests, "put_back/timeout": requests - len(rows)} | (
                counters or {}
            )
            record_crawl(self.connection, stamp, CrawlEnd(name, at, outcome, counted))
        return key_of("crawl_run", name)

    def _pages(self, shown: list[int]) -> Iterable[ParsedPage]:
        vendors = sorted({n // 4 for n in shown})
        for start in range(0, len(shown), 12):
            yield self._results(shown[start : start + 12])
        for n in shown:
            form = self._form("listing", n)
            first, *others = form.listings
            yield replace(
                form,
                listings=[replace(first, external_id=f"{n}", vendor=f"v{n // 4}"), *others],
                vendors=[replace(each, handle=f"v{n // 4}") for each in form.vendors],
                reviews=[replace(each, vendor=f"v{n // 4}") for each in form.reviews],
                links=[],
            )
        for n in vendors:
            form = self._form("vendor", n)
            yield replace(
                form,
                vendors=[replace(each, handle=f"v{n}") for each in form.vendors],
                reviews=[replace(each, vendor=f"v{n}") for each in form.reviews],
                listings=[],
                links=[],
            )

    def _results(self, shown: list[int]) -> ParsedPage:
        """A page of results whose cards have the forms of those of the fixtures."""
        cards = [card for form in self.forms["search"] for card in form.listings]
        return replace(
            self.forms["search"][0],
            listings=[
                replace(cards[n * 7919 % len(cards)], external_id=f"{n}", vendor=f"v{n // 4}")
                for n in shown
            ],
            links=[Link("listing", f"{n}", f"http://x/l/{n}") for n in shown]
            + [Link("vendor", f"v{n}", f"http://x/v/{n}") for n in {n // 4 for n in shown}],
        )

    def _form(self, kind: str, n: int) -> ParsedPage:
        return self.forms[kind][n * 7919 % len(self.forms[kind])]

    def health(self, run: int, floor: Floor | None = None) -> Health:
        return compute_health(self.connection, run, floor)

    def take_out(self, run: int) -> None:
        """Forget a run as if it had not been."""
        self.runs -= 1
        with self.connection, self.connection.cursor() as work:
            work.execute("DELETE FROM page WHERE crawl_run_id = %s", (run,))
            work.execute("DELETE FROM crawl_run WHERE crawl_run_id = %s", (run,))


def without(record: str, name: str) -> Change:
    """Return a change that takes a field away: of a record's list (listings …), and its name."""

    def change(parsed: ParsedPage) -> ParsedPage:
        def emptied(each: Any) -> Any:
            value = getattr(each, name)
            more = {"posted_on": {"earliest": None, "latest": None}}.get(name, {})
            return replace(each, **{name: [] if isinstance(value, list) else None, **more})

        return replace(parsed, **{record: [emptied(each) for each in getattr(parsed, record)]})

    return change


def wrong(health: Health) -> dict[tuple[str, str], str]:
    """The checks that are not fine, with their reasons."""
    return {(c.name, c.subject): c.reason for c in health.checks if c.level != "fine"}
