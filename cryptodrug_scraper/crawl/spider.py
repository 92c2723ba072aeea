"""What all markets' spiders share: which links of a page lead to pages that a crawl wants.

A spider knows how to move and nothing else: what a page states, links included, its parser read.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import urlsplit

import scrapy
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader

from cryptodrug_scraper.crawl import settings as scrapy_settings
from cryptodrug_scraper.crawl.arguments import explained, plan_of
from cryptodrug_scraper.crawl.frontier import Lease
from cryptodrug_scraper.crawl.items import CapturedPage
from cryptodrug_scraper.crawl.memory import Memory
from cryptodrug_scraper.crawl.options import CrawlOptions
from cryptodrug_scraper.crawl.plan import CrawlRefused, Plan
from cryptodrug_scraper.crawl.progress import View
from cryptodrug_scraper.crawl.request import CrawlRequest
from cryptodrug_scraper.crawl.scope import Scope
from cryptodrug_scraper.records import Link, ParsedPage
from parsers import parse_page

# Vendors come before listings: their tabs and reviews are what changes most.
INDEX, RESULTS, VENDOR, LISTING = 40, 30, 20, 10


class CrawlSetup(NamedTuple):
    """What a crawl is to do, how, and who looks on."""

    plan: Plan
    options: CrawlOptions
    view: View


class MarketSpider(scrapy.Spider):
    """The walk through one market; ``market`` is its name, and ``name`` if it is not told apart.

    ``home`` is the address of a page that is there for everyone who is signed in;
    ``start_address`` where a crawl begins; ``drugs`` names the categories that are in scope by
    default. Arguments (``-a NAME=VALUE``) are those of :func:`~.arguments.plan_of`.
    """

    market: ClassVar[str]
    home: ClassVar[str] = "/"
    start_address: ClassVar[str] = "/"
    drugs: ClassVar[tuple[str, ...]] = ()

    plan: Plan
    setup: CrawlSetup | None = None
    root: str = ""
    scope: Scope
    memory: Memory | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not hasattr(cls, "market"):
            cls.market = cls.name

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Build the spider. Raises CrawlRefused for arguments that mean nothing."""
        setup = kwargs.pop("setup", None)
        spider = super().from_crawler(crawler, *args, **kwargs)
        if setup is None:
            with explained():
                spider.plan = plan_of(spider, kwargs)
        else:
            spider.setup, spider.plan = setup, setup.plan
        spider.scope = Scope(spider.plan.inside or spider.drugs, spider.plan.outside)
        return spider

    def join(self, scope: Scope, hosts: Callable[[], frozenset[str]], memory: Memory) -> None:
        """Take part in a crawl: in what it has learned of the market, and what it remembers."""
        self.scope, self.hosts, self.memory = scope, hosts, memory  # type: ignore[method-assign]

    @property
    def begins_crawl(self) -> bool:
        """Whether this walks a market, and is not there for `scrapy parse` or `fetch` alone."""
        return not type(self).start.__module__.startswith("scrapy.commands")

    # -- what each market says -----------------------------------------------------------------

    @abstractmethod
    def listing(self, name: str) -> CrawlRequest:
        """Return the page of a listing by its id or address. Raises ValueError."""

    @abstractmethod
    def vendor(self, handle: str) -> CrawlRequest:
        """Return the page of a vendor by the handle. Raises ValueError."""

    @abstractmethod
    def follow(self, link: Link, address: str, page: ParsedPage) -> CrawlRequest | None:
        """Return what to ask for a link; None if there is nothing new behind it.

        ``address`` is the link's path, query and fragment.
        """

    def category_of(self, link: Link) -> tuple[str, ...] | None:
        """Return the path of the category whose results a link leads to, as far as known."""
        return self.scope.path_of(link.external_id)

    # -- what all share ------------------------------------------------------------------------

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Yield where a crawl begins; what was queued before is not queued again."""
        for request in self.first():
            yield request.to_scrapy(self.root, self)

    def first(self) -> Iterator[CrawlRequest]:
        """Yield what a crawl asks for first. Raises ValueError for what makes no sense."""
        for name in self.plan.listings:
            yield self.listing(name)
        for handle in self.plan.vendors:
            yield self.vendor(handle)
        if not self.plan.only:
            yield CrawlRequest(self.start_address, "index", priority=INDEX)

    def parse(self, response: Response, **kwargs: Any) -> Iterator[scrapy.Request | ParsedPage]:
        """Yield the requests that a page leads to, as far as in scope and due, and the page."""
        page = response.meta.get("page") or self.read(response)
        parts = urlsplit(response.url)
        root = f"{parts.scheme}://{parts.netloc}"
        lease = response.meta.get("lease")
        origin = lease.request if isinstance(lease, Lease) else None
        for request in self.requests(page, origin):
            if self.memory is None or not self.memory.knows(request):
                yield request.to_scrapy(root, self)
        yield page

    def read(self, response: Response) -> ParsedPage:
        """Return what a page states that came outside a crawl."""
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        url, market = response.url, self.market
        parsed = parse_page(response.body, market=market, url=url, content_type=kind or None)
        return CapturedPage.of(parsed, None)

    def requests(self, page: ParsedPage, origin: CrawlRequest | None) -> Iterator[CrawlRequest]:
        """Yield what a page that was asked for leads to, as far as it is in scope and due."""
        memory = self.memory
        self.scope.learn(page.categories)
        ended = memory is not None and origin is not None and memory.repeats(page, origin)
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
            request = self.follow(link, address, page) if follow else None
            if request is None or (ended and origin and request.series == origin.series):
                continue
            if link.kind != "search" and memory is not None and memory.is_recent(request):
                continue
            yield request

    def hosts(self) -> frozenset[str] | None:
        """Return the hosts (with port) that are the market's; None if they are not known."""
        return None

    def _address(self, link: Link) -> str | None:
        """Return a link's address without its host, None if the host is none of the market's."""
        try:
            parts = urlsplit(link.url)
            host = parts.netloc.lower()
        except ValueError:
            return None
        hosts = self.hosts() if host else None
        other = hosts is not None and host not in hosts
        if parts.scheme not in ("", "http", "https") or other:
            if self.memory is not None:
                self.memory.refused()
            return None
        address = parts.path or "/"
        if not address.startswith("/"):
            address = f"/{address}"
        if parts.query:
            address += f"?{parts.query}"
        return f"{address}#{parts.fragment}" if parts.fragment else address

    def _wants_results(self, link: Link, page: ParsedPage) -> bool:
        if link.external_id is None:  # a vendor's store
            return page.kind in ("vendor", "search")
        if self.plan.only:
            return False
        path = self.category_of(link)
        return path is not None and self.scope.contains(path) is not False

    def _wants_listing(self, link: Link, page: ParsedPage, category: list[str]) -> bool:
        own = page.kind == "listing" and link.external_id in {
            listing.external_id for listing in page.listings[:1]
        }
        if own:
            return True
        if self.plan.only:
            sold = page.kind in ("vendor", "search") and self._sold(page)
            return bool(self.plan.vendors) and sold
        answer = self.scope.contains(category)
        if page.kind in ("listing", "index"):
            return answer is True
        return answer is not False

    def _sold(self, page: ParsedPage) -> bool:
        """Say whether a page is of a vendor who was asked for."""
        handles = {vendor.handle for vendor in page.vendors}
        handles |= {listing.vendor for listing in page.listings}
        return not handles.isdisjoint(self.plan.vendors)

    def _wants_vendor(self, link: Link, page: ParsedPage) -> bool:
        if self.plan.only:
            return page.kind == "vendor" and link.external_id in self.plan.vendors
        return page.kind != "index"


def spider_of(market: str) -> MarketSpider:
    """Return the market's spider, without a crawl. Raises CrawlRefused if it has none."""
    settings = Settings()
    settings.setmodule(scrapy_settings)
    try:
        spider = SpiderLoader.from_settings(settings).load(market)()
    except KeyError:
        raise CrawlRefused(
            f"There is no spider for {market}: its saved pages can be read only"
        ) from None
    assert isinstance(spider, MarketSpider)
    return spider
