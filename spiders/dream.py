"""Dream Market: every page has an address, and a listing's reviews stand on its one page."""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from cryptodrug_scraper.crawl.request import CrawlRequest
from cryptodrug_scraper.crawl.spider import LISTING, RESULTS, VENDOR, MarketSpider
from cryptodrug_scraper.records import Link, ParsedPage

_OFFER = re.compile(r"\d+\.\d+")
# The parameters that say which page it is; sessions and sorting may add more.
_TELLING = ("category", "query", "q", "offer", "member", "tab", "page")


class DreamSpider(MarketSpider):
    """The walk: categories page by page, listings, and vendors with their tabs."""

    name: ClassVar[str] = "dream"  # type: ignore[misc]
    home: ClassVar[str] = "/"
    start_address: ClassVar[str] = "/?proceed"  # past the news that a new session is shown
    drugs: ClassVar[tuple[str, ...]] = ("Drugs",)

    def listing(self, name: str) -> CrawlRequest:
        """Return a listing's page, by its two numbers (``332845.853310``) or its address."""
        found = _OFFER.search(name)
        if found is None:
            raise ValueError(f"{name!r} names no listing: give its number, such as 332845.853310")
        return CrawlRequest(f"/viewProduct?offer={found[0]}", "listing", found[0], priority=LISTING)

    def vendor(self, handle: str) -> CrawlRequest:
        """Return a vendor's profile."""
        return CrawlRequest(
            f"/contactMember?member={quote(handle)}", "vendor", handle, priority=VENDOR
        )

    def follow(self, link: Link, address: str, page: ParsedPage) -> CrawlRequest | None:
        """Return what to ask for; the parameters in one order, so that no page comes twice."""
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if query.get("page") == "1":
            del query["page"]
        query_kept = urlencode(
            {name: query[name] for name in _TELLING if name in query}, quote_via=quote
        )
        address = f"{parts.path}?{query_kept}" if query_kept else parts.path
        if link.kind == "search":
            series = f"category {query['category']}" if "category" in query else None
            return CrawlRequest(
                address, "search", link.external_id, series=series, priority=RESULTS
            )
        priority = VENDOR if link.kind == "vendor" else LISTING
        return CrawlRequest(address, link.kind, link.external_id, priority=priority)
