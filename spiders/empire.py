"""Empire Market: tabs of listings and profiles live in the session, one after the other."""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import quote, urlsplit

from cryptodrug_scraper.crawl.request import CrawlRequest
from cryptodrug_scraper.crawl.spider import LISTING, RESULTS, VENDOR, MarketSpider
from cryptodrug_scraper.records import Link, ParsedPage

_PRODUCT = re.compile(r"/product/(\d+)/\d+/\d+")
_CATEGORY = re.compile(r"/category/categories/(\d+)(?:/(\d*))?/?")
_STORE = re.compile(r"/store/([^/]+)(?:/(\d*))?/?")
_LISTING_TAB = re.compile(r"/Product_List/setTab/[\d/]+/(\w+)/?", re.I)
_VENDOR_TAB = re.compile(r"/Profile/setUserTab/(\w+)/[^/]+(?:/(\d*))?/?", re.I)


class EmpireSpider(MarketSpider):
    """The walk: categories by offset, listings and vendors with their tabs, stores."""

    name: ClassVar[str] = "empire"  # type: ignore[misc]
    home: ClassVar[str] = "/home"
    start_address: ClassVar[str] = "/home"
    drugs: ClassVar[tuple[str, ...]] = ("Drugs & Chemicals",)

    def listing(self, name: str) -> CrawlRequest:
        """Return a listing's page, by its address: the number alone is not enough."""
        found = _PRODUCT.search(name)
        if found is None:
            raise ValueError(
                f"{name!r} names no listing: give its address, /product/LISTING/CATEGORY/VENDOR"
            )
        return CrawlRequest(found[0], "listing", found[1], priority=LISTING)

    def vendor(self, handle: str) -> CrawlRequest:
        """Return a vendor's profile."""
        return CrawlRequest(f"/u/{quote(handle)}", "vendor", handle, priority=VENDOR)

    def follow(self, link: Link, address: str, page: ParsedPage) -> CrawlRequest | None:
        """Return what to ask for: results in their own order, tabs with the session to itself."""
        path = urlsplit(address).path
        if link.kind == "search":
            return self._results(link, path)
        if link.kind == "vendor":
            tab = _VENDOR_TAB.fullmatch(path)
            if tab is not None and tab[1] == "about" and self._shows_profile(page):
                return None
            return CrawlRequest(
                path, "vendor", link.external_id, stateful=tab is not None, priority=VENDOR
            )
        tab = _LISTING_TAB.fullmatch(path)
        if tab is not None and tab[1].lower() == "desc" and self._shows_description(page):
            return None
        return CrawlRequest(
            path, "listing", link.external_id, stateful=tab is not None, priority=LISTING
        )

    def _results(self, link: Link, path: str) -> CrawlRequest | None:
        """Return a page of a category or a store; the same offers in another order are not new."""
        found = _CATEGORY.fullmatch(path)
        if found is not None:
            offset = int(found[2] or 0)
            address = f"/category/categories/{found[1]}/{offset}"
            series = f"category {found[1]}"
            return CrawlRequest(
                address, "search", link.external_id, series=series, priority=RESULTS
            )
        found = _STORE.fullmatch(path)
        if found is None:
            return None
        offset = int(found[2] or 0)
        address = f"/store/{found[1]}/{offset}" if offset else f"/store/{found[1]}"
        return CrawlRequest(address, "search", series=f"store {found[1]}", priority=RESULTS)

    def _shows_profile(self, page: ParsedPage) -> bool:
        return any(vendor.profile is not None for vendor in page.vendors)

    def _shows_description(self, page: ParsedPage) -> bool:
        return any(listing.description is not None for listing in page.listings[:1])
