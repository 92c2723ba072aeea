"""Where Scrapy hands over a request: to the network, or to a visit, which does the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
)
from scrapy.http import Headers, HtmlResponse, Response
from scrapy.responsetypes import responsetypes

from cryptodrug_scraper.crawl.answer import Answer, NoAnswer, Refused
from cryptodrug_scraper.crawl.connections import Exchange
from cryptodrug_scraper.crawl.crawl import Crawl
from cryptodrug_scraper.crawl.headers import as_text
from cryptodrug_scraper.crawl.http_client import HttpClient
from cryptodrug_scraper.crawl.judge import Verdict
from cryptodrug_scraper.crawl.visit import Visit

T = TypeVar("T")

_ERRORS = {
    "timeout": DownloadTimeoutError,
    "too_large": DownloadCancelledError,
    "no_connection": DownloadConnectionRefusedError,
}


class OnionHandler(BaseDownloadHandler):
    """A download handler of Scrapy's for onion addresses, in as many threads as requests.

    The proxy is `meta["proxy"]`, whose connections are kept. With ``loopback`` an address of this
    machine is asked directly.
    """

    def __init__(self, crawler: Crawler, *, loopback: bool = False) -> None:
        super().__init__(crawler)
        self._client = HttpClient(loopback=loopback)
        most = crawler.settings.getint("CONCURRENT_REQUESTS") or None
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="request")

    async def ask(self, request: Request, *, timeout: float, page_bytes: int) -> Answer:
        """Send a request; return the answer, decoded. Raises NoAnswer and Refused.

        ``timeout`` is in seconds, for all of it; ``page_bytes`` bounds the body, unpacked.
        """
        return await self._in_thread(
            timeout,
            lambda exchange: self._client.ask(
                exchange,
                request.url,
                method=request.method,
                headers=as_text(request.headers),
                body=request.body,
                proxy=request.meta.get("proxy"),
                page_bytes=page_bytes,
            ),
        )

    async def download_request(self, request: Request) -> Response:
        """Send a request; return the response, its body as it came.

        Its time is `meta["download_timeout"]`, its size `meta["download_maxsize"]`; a body that
        broke off has the flag `dataloss`. Raises Scrapy's errors, and IgnoreRequest for an
        address that must not be asked.
        """
        settings, meta = self.crawler.settings, request.meta
        timeout = meta.get("download_timeout", settings.getfloat("DOWNLOAD_TIMEOUT"))
        largest = meta.get("download_maxsize", settings.getint("DOWNLOAD_MAXSIZE"))
        try:
            came = await self._in_thread(
                timeout,
                lambda exchange: self._client.receive(
                    exchange,
                    request.url,
                    method=request.method,
                    headers=as_text(request.headers),
                    body=request.body,
                    proxy=meta.get("proxy"),
                    page_bytes=largest,
                ),
            )
        except Refused as refused:
            raise IgnoreRequest(str(refused)) from None
        except NoAnswer as none:
            raise _ERRORS.get(none.reason, DownloadFailedError)(str(none)) from none
        meta["download_latency"] = came.seconds
        headers = Headers()
        for name, value in came.headers:
            headers.appendlist(name, value.encode("latin-1"))
        kind = responsetypes.from_args(headers=headers, url=request.url, body=came.body)
        return kind(
            request.url,
            status=came.status,
            headers=headers,
            body=came.body,
            flags=["dataloss"] if came.lost else [],
            request=request,
        )

    async def _in_thread(self, timeout: float, work: Callable[[Exchange], T]) -> T:
        exchange = self._client.begin(timeout)
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, exchange)
        except asyncio.CancelledError:
            exchange.end()  # so that the thread does not wait on
            raise

    async def close(self) -> None:
        """Close the connections, and end the threads."""
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._client.close()
        self._threads.shutdown(cancel_futures=True)


class VisitHandler(OnionHandler):
    """The download handler of a crawl. A request without a visit is refused."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawl = Crawl.of(crawler)
        super().__init__(crawler, loopback=self.crawl.options.direct)

    async def download_request(self, request: Request) -> Response:
        """Go and see. Raises IgnoreRequest where no page came; the frontier knows it then."""
        visit = request.meta.get("visit")
        if not isinstance(visit, Visit):
            raise IgnoreRequest("only what the frontier hands out is asked for")
        outcome = await visit.go(self.ask)
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
