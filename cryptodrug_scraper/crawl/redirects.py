"""Redirects: followed within the market, by who asked; what fails behind one is asked again."""

from __future__ import annotations

from typing import Self
from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from cryptodrug_scraper.client.answer import REDIRECTS
from cryptodrug_scraper.crawl.crawl_run import CrawlRun
from cryptodrug_scraper.crawl.frontier import Lease
from cryptodrug_scraper.crawl.judge import Judgement, NoPage, Verdict

AGAIN = 3
"""How often what a redirect led to is asked again where the way fails.

A tab that lives in the session was opened by the request before: all of it need not be done again.
"""


def is_redirect(response: Response) -> bool:
    """Say whether a response sends on to another address."""
    return response.status in REDIRECTS and "Location" in response.headers


class MarketRedirectMiddleware(RedirectMiddleware):
    """Scrapy's own, but for redirects out of the market, which are not followed."""

    crawl_run: CrawlRun

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it."""
        middleware = super().from_crawler(crawler)
        middleware.crawl_run = CrawlRun.of(crawler)
        return middleware

    def process_response(  # type: ignore[override]  # Scrapy's is typed by a decorator
        self, request: Request, response: Response
    ) -> Request | Response:
        """Return the request that a redirect leads to. Raises NoPage for one that leads away."""
        if not is_redirect(response):
            return response
        if not self._stays(request, response):
            self.crawl_run.count("refused/redirect")
            raise NoPage(Judgement(Verdict.TROUBLE, "led_away", "a redirect to another host"))
        try:
            led = super().process_response(request, response)
        except IgnoreRequest:
            raise NoPage(
                Judgement(Verdict.TROUBLE, "redirect_loop", "redirects without end")
            ) from None
        if isinstance(led, Request) and isinstance(led.meta.get("lease"), Lease):
            led.meta["max_retry_times"] = AGAIN
            led.meta["dont_retry"] = False
        return led

    def _stays(self, request: Request, response: Response) -> bool:
        location = (response.headers["Location"] or b"").decode("latin-1")
        try:
            parts = urlsplit(urljoin(request.url, location))
        except ValueError:
            return False
        hosts = self.crawl_run.hosts() | {urlsplit(request.url).netloc.lower()}
        return parts.scheme in ("http", "https") and parts.netloc.lower() in hosts
