"""The gate: nothing but an onion service is asked, and in a crawl nothing but the market."""

from __future__ import annotations

import logging
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from cryptodrug_scraper.client.answer import Refused
from cryptodrug_scraper.crawl.crawl_run import CrawlRun
from cryptodrug_scraper.tor.address import may_leave

logger = logging.getLogger(__name__)


class OnionOnlyMiddleware:
    """Refuses, before anything else sees it, what would leave the Tor network.

    The handler, which opens the connection, refuses it once more.
    """

    def __init__(self, run: CrawlRun) -> None:
        self._run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it."""
        return cls(CrawlRun.of(crawler))

    def process_request(self, request: Request) -> None:
        """Let a request pass. Raises IgnoreRequest."""
        why = may_leave(request.url, loopback=self._run.direct)
        if why is not None:
            self._run.count("refused/address")
            logger.warning("Refused: %s is not asked for: %s", request.url[:200], why)
            raise IgnoreRequest(why) from Refused(f"{request.url[:200]} is not asked for: {why}")
