"""Template Market: how it is walked."""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import quote, urlsplit

from cryptodrug_scraper.crawl.request import CrawlRequest
from cryptodrug_scraper.crawl.spider import LISTING, RESULTS, VENDOR, MarketSpider
from cryptodrug_scraper.records import Link, ParsedPage

_OFFER = re.compile(r"(?:^|/offer/)(\d+)\b")


class TemplateMarketSpider(MarketSpider):
    """The walk: categories, listings, vendors. It holds addresses, and nothing of a page."""

    name: ClassVar[str] = "template_market"  # type: ignore[misc]
    # A page that is there for everyone who is signed in: a session is judged by it, and it must
    # be a fixture that the parser takes for the index.
    home: ClassVar[str] = "/home"
    start_address: ClassVar[str] = "/home"
    # The categories that a crawl is about if nobody says otherwise, as the market writes them.
    drugs: ClassVar[tuple[str, ...]] = ("Drugs",)

    def listing(self, name: str) -> CrawlRequest:
        """Return a listing's page, by its number or address."""
        number = _OFFER.search(name)
        if number is None:
            raise ValueError(f"{name!r} names no listing: give its number")
        return CrawlRequest(f"/offer/{number[1]}", "listing", number[1], priority=LISTING)

    def vendor(self, handle: str) -> CrawlRequest:
        """Return a vendor's profile."""
        return CrawlRequest(f"/vendor/{quote(handle)}", "vendor", handle, priority=VENDOR)

    def follow(self, link: Link, address: str, page: ParsedPage) -> CrawlRequest | None:
        """Return what to ask for; one page has one address, whatever else a link carries."""
        path = urlsplit(address).path
        if link.kind == "search":
            # Pages of results of one series: the crawl notices a pager that goes on for ever.
            series = f"category {link.external_id}"
            return CrawlRequest(path, "search", link.external_id, series=series, priority=RESULTS)
        priority = VENDOR if link.kind == "vendor" else LISTING
        return CrawlRequest(path, link.kind, link.external_id, priority=priority)
