"""What all markets' spiders share: which links of a page lead to pages that a crawl wants.

A spider knows how to move and nothing else: what a page states, links included, its parser
read. What it wants goes into the frontier in the step that ends the request, so that no kill
comes between the two; a spider therefore yields no requests to Scrapy.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlsplit

import scrapy
from scrapy.crawler import Crawler
from scrapy.http import Response

from cryptodrug_scraper.crawl.frontier import Wanted
from cryptodrug_scraper.records import Link, ParsedPage

if TYPE_CHECKING:
    from cryptodrug_scraper.crawl.crawl import Crawl

# Vendors come before listings: their tabs and reviews are what changes most.
INDEX, RESULTS, VENDOR, LISTING = 40, 30, 20, 10


class MarketSpider(scrapy.Spider):
    """The walk through one market; its ``name`` is the market's name.

    ``home`` is the address of a page that is there for everyone who is signed in; ``start``
    where a crawl begins; ``drugs`` names the categories that are in scope by default.
    """

    home: ClassVar[str] = "/"
    start_address: ClassVar[str] = "/"
    drugs: ClassVar[tuple[str, ...]] = ()
    crawl: Crawl

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Build the spider, and the crawl that it is part of."""
        from cryptodrug_scraper.crawl.crawl import Crawl

        given = kwargs.pop("given", None)
        spider = super().from_crawler(crawler, *args, **kwargs)
        Crawl.begin(crawler, spider, given)  # sets `crawl`
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Yield nothing: where a crawl begins was queued when its frontier was opened."""
        return
        yield

    def parse(self, response: Response, **kwargs: Any) -> Iterator[dict[str, Any]]:
        """Yield the records of a page, for Scrapy's own feeds (``-O pages.jsonl``)."""
        page = response.meta.get("parsed")
        if page is not None and self.crawl.feeds:
            yield page.to_dict()

    # -- what each market says -----------------------------------------------------------------

    @abstractmethod
    def listing(self, told: str) -> Wanted:
        """Return the page of a listing by its id or address. Raises ValueError."""

    @abstractmethod
    def vendor(self, handle: str) -> Wanted:
        """Return the page of a vendor by the handle. Raises ValueError."""

    @abstractmethod
    def wanted(self, link: Link, address: str, page: ParsedPage) -> Wanted | None:
        """Return what to ask for a link; None if there is nothing new behind it.

        ``address`` is the link's path, query and fragment.
        """

    def category_of(self, link: Link) -> tuple[str, ...] | None:
        """Return the path of the category whose results a link leads to, as far as known."""
        return self.crawl.scope.path_of(link.external_id)

    # -- what all share ------------------------------------------------------------------------

    def begin(self) -> Iterator[Wanted]:
        """Yield what a crawl asks for first. Raises ValueError for what makes no sense."""
        plan = self.crawl.plan
        for told in plan.listings:
            yield self.listing(told)
        for handle in plan.vendors:
            yield self.vendor(handle)
        if not plan.only:
            yield Wanted(self.start_address, "index", priority=INDEX)

    def after(self, page: ParsedPage, wanted: Wanted) -> Iterator[Wanted]:
        """Yield what a page that was wanted leads to, as far as it is in scope and due."""
        crawl = self.crawl
        crawl.scope.learn(page.categories)
        ended = self._repeats(page, wanted)
        cards = {listing.external_id: listing for listing in page.listings}
        for link in page.links:
            address = self._address(link)
            if address is None:
                continue
            if link.kind == "search":
                follow = self._wants_results(link, page)
            elif link.kind == "listing":
                card = cards.get(link.external_id)
                follow = self._wants_listing(link, page, card.category if card else [])
            else:
                follow = self._wants_vendor(link, page)
            if not follow:
                continue
            found = self.wanted(link, address, page)
            if found is None or (ended and found.series == wanted.series):
                continue
            if link.kind != "search" and self._is_recent(found):
                crawl.count("skipped/recent")
                continue
            yield found

    def _address(self, link: Link) -> str | None:
        """Return a link's address without its host, None if the host is none of the market's."""
        try:
            parts = urlsplit(link.url)
            host = parts.netloc.lower()
        except ValueError:
            return None
        if parts.scheme not in ("", "http", "https") or (host and host not in self.crawl.hosts()):
            self.crawl.count("refused/other_host")
            return None
        address = parts.path or "/"
        if not address.startswith("/"):
            address = f"/{address}"
        if parts.query:
            address += f"?{parts.query}"
        return f"{address}#{parts.fragment}" if parts.fragment else address

    def _repeats(self, page: ParsedPage, wanted: Wanted) -> bool:
        """Say whether a page of results shows only what its series had shown before.

        Some pagers go on for ever and begin anew behind their end.
        """
        if wanted.series is None:
            return False
        shown = {listing.external_id for listing in page.listings if listing.external_id}
        if not shown or self.crawl.frontier.learn_series(wanted.series, shown, wanted.key):
            return False
        self.crawl.count("paging/repeated")
        return True

    def _wants_results(self, link: Link, page: ParsedPage) -> bool:
        plan = self.crawl.plan
        if link.external_id is None:  # a vendor's store
            return page.kind in ("vendor", "search")
        if plan.only:
            return False
        path = self.category_of(link)
        return path is not None and self.crawl.scope.contains(path) is not False

    def _wants_listing(self, link: Link, page: ParsedPage, category: list[str]) -> bool:
        plan, scope = self.crawl.plan, self.crawl.scope
        own = page.kind == "listing" and link.external_id in {
            listing.external_id for listing in page.listings[:1]
        }
        if own:
            return True
        if plan.only:
            return bool(plan.vendors) and page.kind in ("vendor", "search") and self._sold(page)
        answer = scope.contains(category)
        if page.kind in ("listing", "index"):
            return answer is True
        return answer is not False

    def _sold(self, page: ParsedPage) -> bool:
        """Say whether a page is of a vendor who was asked for."""
        handles = {vendor.handle for vendor in page.vendors}
        handles |= {listing.vendor for listing in page.listings}
        return not handles.isdisjoint(self.crawl.plan.vendors)

    def _wants_vendor(self, link: Link, page: ParsedPage) -> bool:
        plan = self.crawl.plan
        if plan.only:
            return page.kind == "vendor" and link.external_id in plan.vendors
        return page.kind != "index"

    def _is_recent(self, wanted: Wanted) -> bool:
        moment: datetime | None = self.crawl.since
        return moment is not None and self.crawl.visited.since(wanted.key, moment)
