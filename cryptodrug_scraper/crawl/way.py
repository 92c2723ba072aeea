"""How the way went: which mirror answers, which circuit fails, whether Tor is there at all."""

from __future__ import annotations

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from cryptodrug_scraper.client.answer import NoAnswer
from cryptodrug_scraper.crawl.crawl_run import CrawlRun
from cryptodrug_scraper.crawl.frontier import Lease


class MirrorMiddleware:
    """Notes of each request how its mirror and its circuit did; both are changed if they fail."""

    def __init__(self, run: CrawlRun) -> None:
        self._run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it."""
        return cls(CrawlRun.of(crawler))

    def process_response(self, request: Request, response: Response) -> Response:
        """Note an answer: of a server that is in trouble it is the mirror's failure."""
        run, lease = self._run, request.meta.get("lease")
        if isinstance(lease, Lease):
            run.tor.worked()
            if response.status < 500:
                run.mirrors.ok(lease.mirror)
            elif run.mirrors.failed(lease.mirror, f"status_{response.status}"):
                run.count("mirror/changed")
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Note that no answer came, and where it went wrong."""
        run, lease, cause = self._run, request.meta.get("lease"), exception.__cause__
        if not isinstance(lease, Lease) or not isinstance(cause, NoAnswer):
            return
        run.count(f"no_answer/{cause.reason}")
        if cause.tor:
            run.tor.failed(str(cause))
        elif cause.reason != "too_large":
            if run.mirrors.failed(lease.mirror, cause.reason):
                run.count("mirror/changed")
            if lease.session is not None and run.pool.failed(lease.session):
                run.count("circuit/changed")
