"""Where Scrapy hands over a request: the visit does the rest."""

from __future__ import annotations

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse, Response

from cryptodrug_scraper.crawl.crawl import Crawl
from cryptodrug_scraper.crawl.fetch import Fetcher
from cryptodrug_scraper.crawl.judge import Verdict
from cryptodrug_scraper.crawl.visit import Visit


class VisitHandler:
    """Scrapy's download handler of a crawl. A request without a visit is refused."""

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        self.crawl = Crawl.of(crawler)
        self.fetcher = Fetcher(crawler, loopback=self.crawl.options.direct)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it."""
        return cls(crawler)

    async def download_request(self, request: Request) -> Response:
        """Go and see. Raises IgnoreRequest where no page came; the frontier knows it then."""
        visit = request.meta.get("visit")
        if not isinstance(visit, Visit):
            raise IgnoreRequest("only what the frontier hands out is asked for")
        outcome = await visit.go(self.fetcher.ask)
        captured = outcome.captured
        if captured is None or outcome.judgement.verdict is not Verdict.PAGE:
            raise IgnoreRequest(f"{outcome.judgement.reason}: {outcome.judgement.words}")
        request.meta["parsed"] = captured.parsed
        request.meta["download_latency"] = captured.answer.seconds
        return HtmlResponse(
            captured.url,
            status=captured.answer.status,
            body=captured.answer.body,
            encoding="utf-8",
            request=request,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self.fetcher.close()
