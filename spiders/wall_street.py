"""Wall Street Market: results have no address, a form is posted for them."""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from cryptodrug_scraper.crawl.request import CrawlRequest
from cryptodrug_scraper.crawl.spider import LISTING, RESULTS, VENDOR, MarketSpider
from cryptodrug_scraper.records import Link, ParsedPage

_OFFER = re.compile(r"(?:^|/offer/)(\d+)\b")
_MENU = ("menuCatT", "menuCatM", "menuCatB")
_FILTERS = ("catT", "catM", "catB")


class WallStreetSpider(MarketSpider):
    """The walk: the category tree and its pager by posted forms, listings, vendors' tabs."""

    name: ClassVar[str] = "wall_street"  # type: ignore[misc]
    home: ClassVar[str] = "/index"
    start_address: ClassVar[str] = "/index"
    drugs: ClassVar[tuple[str, ...]] = ("Drugs",)

    def listing(self, name: str) -> CrawlRequest:
        """Return a listing's page, by its number or address."""
        found = _OFFER.search(name)
        if found is None:
            raise ValueError(f"{name!r} names no listing: give its number")
        return CrawlRequest(f"/offer/{found[1]}", "listing", found[1], priority=LISTING)

    def vendor(self, handle: str) -> CrawlRequest:
        """Return a vendor's profile."""
        return CrawlRequest(f"/profile/{quote(handle)}", "vendor", handle, priority=VENDOR)

    def follow(self, link: Link, address: str, page: ParsedPage) -> CrawlRequest | None:
        """Return what to ask for; of results, the form that the page would post."""
        path, _, fields_of = address.partition("#")
        if link.kind != "search":
            priority = VENDOR if link.kind == "vendor" else LISTING
            return CrawlRequest(path, link.kind, link.external_id, priority=priority)
        form = dict(parse_qsl(fields_of))
        menu = next((name for name in _MENU if name in form), None)
        if menu is not None:
            series = f"{_MENU.index(menu)} {form[menu]}"
            fields = {menu: form[menu]}
        else:
            filters = {name: form.get(name, "0") for name in _FILTERS}
            series = f"{self._level(form)} {link.external_id}"
            # The filter form says which category; the pager's button alone leaves that to the
            # session, and without `dofilter` comes back empty.
            fields = {"form[page]": form.get("page", "1"), "dofilter": "0"}
            fields |= {f"form[{name}]": value for name, value in filters.items()}
        return CrawlRequest(
            path,
            "search",
            link.external_id,
            method="POST",
            body=urlencode(fields),
            series=series,
            priority=RESULTS,
        )

    def category_of(self, link: Link) -> tuple[str, ...] | None:
        """Return the path of a category: each level has numbers of its own."""
        form = dict(parse_qsl(urlsplit(link.url).fragment))
        return self.scope.path_of(link.external_id, self._level(form))

    def _level(self, form: dict[str, str]) -> int:
        for level, name in enumerate(_MENU):
            if name in form:
                return level
        return max(sum(name in form for name in _FILTERS) - 1, 0)
