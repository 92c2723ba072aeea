"""One request over the network, and its answer as bytes: bounded in time and size."""

from __future__ import annotations

import asyncio
import time

from scrapy import Request
from scrapy.core.downloader.handlers._httpx import HttpxDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Response

from cryptodrug_scraper.crawl.answer import Answer, NoAnswer, answer_of, check_way, too_large

_CLIENTS = 64  # connections to the proxy are kept for so many circuits


class Fetcher(HttpxDownloadHandler):
    """Scrapy's handler that speaks SOCKS, with a bound on the whole time and a gate before it.

    Nothing but an onion address leaves, and only through a proxy that resolves names itself;
    with ``loopback`` an address of this machine is asked directly.
    """

    experimental = False

    def __init__(self, crawler: Crawler, *, loopback: bool = False) -> None:
        super().__init__(crawler)
        self._loopback = loopback

    async def ask(self, request: Request, *, timeout: float, page_bytes: int) -> Answer:
        """Send a request; return the answer. Raises NoAnswer and Refused."""
        proxy = request.meta.get("proxy")
        check_way(request.url, proxy, loopback=self._loopback)
        request.meta.update(
            download_timeout=timeout,
            download_maxsize=page_bytes,
            download_fail_on_dataloss=False,
        )
        started = time.monotonic()
        try:
            async with asyncio.timeout(timeout):
                response = await self.download_request(request)
        except (TimeoutError, DownloadTimeoutError):
            raise NoAnswer("timeout", f"no whole answer within {timeout:.0f} s") from None
        except DownloadCancelledError:
            raise too_large(page_bytes) from None
        except (DownloadConnectionRefusedError, CannotResolveHostError) as error:
            words = str(error) or "the connection was refused"
            tor = proxy is not None and "attempts failed" in words
            raise NoAnswer("no_connection", words, tor=tor) from None
        except (DownloadFailedError, UnsupportedURLSchemeError, ValueError) as error:
            raise NoAnswer("broken_off", str(error) or "the connection was closed") from None
        except OSError as error:
            raise NoAnswer("broken_off", error.strerror or str(error)) from None
        return _answer(response, page_bytes, time.monotonic() - started)

    def _get_client(self, proxy_url):  # type: ignore[no-untyped-def]
        client = super()._get_client(proxy_url)
        while len(self._proxy_clients) > _CLIENTS:  # circuits that were given up
            oldest = next(iter(self._proxy_clients))
            task = asyncio.ensure_future(self._proxy_clients.pop(oldest).aclose())
            task.add_done_callback(lambda done: done.exception())
        return client


def _answer(response: Response, page_bytes: int, seconds: float) -> Answer:
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    ]
    return answer_of(
        response.status,
        headers,
        response.body,
        lost="dataloss" in response.flags,
        page_bytes=page_bytes,
        seconds=seconds,
    )
