"""A request ends when all that its page leads to is queued: in one step, and not before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from cryptodrug_scraper.crawl.frontier import Lease
from cryptodrug_scraper.crawl.scheduler import FrontierScheduler


class AckMiddleware:
    """The spider middleware nearest the engine: takes all that a callback and the others yield.

    The request is ended and the requests are queued, in one transaction; then items go on their
    way. So a kill finds a request either as it was or ended. The requests themselves end here:
    they come out of the queue when it is their turn.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it."""
        return cls(crawler)

    async def process_spider_output(
        self, response: Response, result: AsyncIterator[Any]
    ) -> AsyncIterator[Any]:
        """Yield the items of a page whose request is ended; outside a crawl everything."""
        if not isinstance(response.meta.get("lease"), Lease):
            async for each in result:
                yield each
        else:
            for item in self._ended(response, [each async for each in result]):
                yield item

    def _ended(self, response: Response, results: list[Any]) -> list[Any]:
        """End the request of a response with what it led to; return the items."""
        lease, scheduler = response.meta["lease"], self._crawler.engine.scheduler
        assert isinstance(scheduler, FrontierScheduler)
        if not lease.complete:
            scheduler.incomplete(lease)
            return []
        requests = [each for each in results if isinstance(each, Request)]
        scheduler.done(lease, response.meta["capture"], requests, response.meta["page"].kind)
        return [each for each in results if not isinstance(each, Request)]
