"""One request over the network, and its answer as bytes: bounded in time and size."""

from __future__ import annotations

import asyncio
import time
import zlib
from dataclasses import dataclass

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

from cryptodrug_scraper.archive.http import Response as Stored
from cryptodrug_scraper.archive.http import decoded_body
from cryptodrug_scraper.archive.page import Limits
from cryptodrug_scraper.archive.unpack import Bad
from cryptodrug_scraper.tor.address import may_leave

_CLIENTS = 64  # connections to the proxy are kept for so many circuits


class NoAnswer(Exception):
    """No answer came. ``reason`` is the name of its counter; ``tor``: the proxy itself failed."""

    def __init__(self, reason: str, words: str, *, tor: bool = False) -> None:
        super().__init__(words)
        self.reason = reason
        self.tor = tor


class Refused(Exception):
    """The address must not be asked: it would leave the Tor network."""


@dataclass(slots=True)
class Answer:
    """An answer: ``body`` is decoded; ``cut_short`` says why it is not whole, or is None."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    cut_short: str | None
    seconds: float

    def header(self, name: str) -> str | None:
        """Return the first value of a header."""
        return next((v for k, v in self.headers if k.lower() == name), None)

    def all(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [v for k, v in self.headers if k.lower() == name]


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
        why = may_leave(request.url, loopback=self._loopback)
        if why is None and not self._loopback and not str(proxy).startswith("socks5h://"):
            why = "there is no Tor proxy"
        if why is not None:
            raise Refused(f"{request.url[:200]} is not asked for: {why}")
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
            raise NoAnswer("too_large", f"larger than {page_bytes:,} bytes") from None
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
    cut_short = "disconnect" if "dataloss" in response.flags else None
    told = {name.lower(): value for name, value in headers}
    told.pop("transfer-encoding", None)  # undone already
    stored = Stored(response.status, told, response.body)
    limits = Limits(page_bytes=page_bytes)
    try:
        body = decoded_body(stored, limits)
    except Bad as bad:
        if bad.code in ("bomb", "too_large"):
            raise NoAnswer("too_large", bad.reason) from None
        body = _beginning(response.body, told.get("content-encoding", ""), page_bytes)
        cut_short = cut_short or "unspecified"
    if len(body) > page_bytes:
        raise NoAnswer("too_large", f"larger than {page_bytes:,} bytes")
    html = "html" in told.get("content-type", "")
    if response.status == 200 and html and b"</html" not in body[-4096:].lower():
        cut_short = cut_short or "unspecified"  # it ended early, and nobody said so
    return Answer(response.status, headers, body, cut_short, seconds)


def _beginning(body: bytes, encoding: str, page_bytes: int) -> bytes:
    """Unpack as much as there is of a compressed body that ends early; else as it came."""
    if encoding.strip().lower() in ("gzip", "x-gzip"):
        try:
            return zlib.decompressobj(31).decompress(body, page_bytes)
        except zlib.error:
            return b""
    return body
