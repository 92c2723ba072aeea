"""Where Scrapy hands over a request to the network: one exchange, bounded in time and size."""

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
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from cryptodrug_scraper.client.answer import NoAnswer, Refused
from cryptodrug_scraper.client.connections import Exchange
from cryptodrug_scraper.client.headers import as_text
from cryptodrug_scraper.client.http_client import HttpClient
from cryptodrug_scraper.crawl.crawl_run import CrawlRun

T = TypeVar("T")

_UNDONE = ("content-encoding", "transfer-encoding")
_ERRORS = {
    "timeout": DownloadTimeoutError,
    "too_large": DownloadCancelledError,
    "no_connection": DownloadConnectionRefusedError,
}


class OnionHandler(BaseDownloadHandler):
    """A download handler of Scrapy's for onion addresses, in as many threads as requests.

    The proxy is `meta["proxy"]`, whose connections are kept. An address of this machine is asked
    directly, where the run allows that.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        run = crawler.get_extension(CrawlRun)
        self._client = HttpClient(loopback=run is not None and run.direct)
        most = crawler.settings.getint("CONCURRENT_REQUESTS") or None
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="request")

    async def download_request(self, request: Request) -> Response:
        """Send a request; return the response, its body unpacked.

        Its time is `meta["download_timeout"]`, its size `meta["download_maxsize"]`. A body that
        broke off has the flags `dataloss` and why it is cut short; the headers as they came, in
        latin-1, are `meta["received_headers"]`. Raises Scrapy's errors, with the NoAnswer behind
        them as cause, and IgnoreRequest for an address that must not be asked.
        """
        settings, meta = self.crawler.settings, request.meta
        timeout = meta.get("download_timeout", settings.getfloat("DOWNLOAD_TIMEOUT"))
        largest = meta.get("download_maxsize", settings.getint("DOWNLOAD_MAXSIZE"))
        try:
            answer = await self._in_thread(
                timeout,
                lambda exchange: self._client.ask(
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
            raise IgnoreRequest(str(refused)) from refused
        except NoAnswer as none:
            raise _ERRORS.get(none.reason, DownloadFailedError)(str(none)) from none
        meta["download_latency"] = answer.seconds
        meta["received_headers"] = answer.headers
        headers = Headers()
        for name, value in answer.headers:
            if name.lower() not in _UNDONE:
                headers.appendlist(name, value.encode("latin-1"))
        kind = responsetypes.from_args(headers=headers, url=request.url, body=answer.body)
        return kind(
            request.url,
            status=answer.status,
            headers=headers,
            body=answer.body,
            flags=["dataloss", answer.cut_short] if answer.cut_short else [],
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
