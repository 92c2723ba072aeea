"""Who asks: each request goes out with a session's cookies and user agent, on its own circuit."""

from __future__ import annotations

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response

from cryptodrug_scraper.client.headers import added_by_others, cookies_set, request_headers
from cryptodrug_scraper.crawl.crawl_run import CrawlRun
from cryptodrug_scraper.tor.circuits import proxy_url


class SessionMiddleware:
    """Makes of a request what Tor Browser would send, and keeps the cookies that come back."""

    def __init__(self, run: CrawlRun) -> None:
        self._run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it."""
        return cls(CrawlRun.of(crawler))

    def process_request(self, request: Request) -> None:
        """Set the headers, those of the browser first, and the circuit."""
        run, found = self._run, self._run.session_of(request)
        pool, session = found or (None, None)
        parts = request.url.split("/", 3)
        posted_from = "/".join(parts[:3]) if request.method == "POST" else None
        ours = request_headers(
            session.identity.user_agent if session else None,
            session.cookies if session else {},
            posted_from=posted_from,
        )
        headers = Headers(ours)
        for name, value in added_by_others(request.headers):
            headers.appendlist(name, value.encode("latin-1"))
        request.headers = headers
        proxy = run.proxy_of(request)
        if proxy is not None:
            circuit = f"{pool.market}-{session.name}" if pool and session else "single"
            request.meta["proxy"] = proxy_url(proxy, circuit, session.circuit if session else 0)
        if pool is not None and session is not None:
            pool.made(session)
        run.count("requests")

    def process_response(self, request: Request, response: Response) -> Response:
        """Keep the cookies that the site set."""
        found = self._run.session_of(request)
        if found is not None:
            pool, session = found
            values = [v.decode("latin-1") for v in response.headers.getlist("Set-Cookie")]
            pool.set_cookies(session, cookies_set(values))
        return response
