"""Single requests outside a crawl: through Tor or to this machine, bounded in time and size.

:func:`ask` sends one; a :class:`Client` sends those of one identity, with its cookies and its
circuit, and follows redirects within the market. What an answer is, `answer` says, for these as
for a crawl.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import socks  # type: ignore[import-untyped]
import urllib3
from requests.adapters import HTTPAdapter

from cryptodrug_scraper.crawl.answer import Answer, NoAnswer, answer_of, check_way, too_large
from cryptodrug_scraper.crawl.cookies import updated
from cryptodrug_scraper.crawl.headers import cookies_set, request_headers
from cryptodrug_scraper.crawl.sessions import Identity
from cryptodrug_scraper.tor.circuits import proxy_url

HOPS = 5
"""Redirects that are followed for one page."""

_PIECE = 1 << 16


class LedAway(Exception):
    """A redirect that is not followed: to where no mirror is, or the sixth in a row."""


def ask(
    url: str,
    *,
    method: str = "GET",
    headers: Sequence[tuple[str, str]] = (),
    body: str = "",
    proxy: str | None,
    loopback: bool = False,
    timeout: float,
    page_bytes: int,
) -> Answer:
    """Send one request and return the answer; redirects are not followed.

    ``proxy`` is the URL of a SOCKS proxy that resolves names (``socks5h://``), or None for this
    machine. ``timeout`` is in seconds and for all of it, from connecting to the last byte, however
    slowly they come; ``page_bytes`` bounds the body, unpacked. Raises NoAnswer and Refused.
    """
    check_way(url, proxy, loopback=loopback)
    started = time.monotonic()
    with _Session() as http, _Ending(timeout) as ending:
        http.trust_env = False  # no proxy of the environment, no password of a .netrc
        http.headers.clear()
        for scheme in ("http://", "https://"):
            http.mount(scheme, _Adapter(ending))
        if proxy is not None:
            http.proxies = {"http": proxy, "https": proxy}
        try:
            with http.request(
                method,
                url,
                headers=dict(headers),
                data=body or None,
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                raw, lost = _body(response.raw, page_bytes)
                status, told = response.status_code, list(response.raw.headers.items())
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            if ending.late:
                raise _too_late(timeout) from None
            raise _why_not(error, timeout) from None
        if ending.late:
            raise _too_late(timeout)
    seconds = time.monotonic() - started
    return answer_of(status, told, raw, lost=lost, page_bytes=page_bytes, seconds=seconds)


class _Session(requests.Session):
    """A session that never looks where an answer sends on to.

    Even if it is not to follow, requests' own would: it unpacks the whole body first.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that there is none."""


def _body(raw: urllib3.BaseHTTPResponse, page_bytes: int) -> tuple[bytes, bool]:
    """Read a body as it comes; return it, and whether the connection ended before it did."""
    body = bytearray()
    try:
        while piece := raw.read1(_PIECE, decode_content=False):
            body += piece
            if len(body) > page_bytes:
                raise too_large(page_bytes)
    except urllib3.exceptions.ReadTimeoutError:
        raise
    except urllib3.exceptions.HTTPError:
        return bytes(body), True
    return bytes(body), False


class _Ending:
    """Ends the connections of one request when its time is up, in a thread of its own."""

    def __init__(self, timeout: float) -> None:
        self.late = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(timeout, self._end)
        self._timer.daemon = True

    def watch(self, connected: socket.socket) -> None:
        """End this connection too. (While it is made, each step has a time of its own.)"""
        self._sockets.append(connected)

    def _end(self) -> None:
        self.late = True
        for connected in self._sockets:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> _Ending:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


class _Adapter(HTTPAdapter):
    """Opens connections that end with the request's time."""

    def __init__(self, ending: _Ending) -> None:
        self._ending = ending
        super().__init__()

    def get_connection_with_tls_context(self, *arguments: Any, **named: Any) -> Any:
        """Return the pool of connections; see requests."""
        pool = super().get_connection_with_tls_context(*arguments, **named)
        pool.ConnectionCls = _watched(pool.ConnectionCls, self._ending)
        return pool


def _watched(of: type[Any], ending: _Ending) -> type[Any]:
    class Watched(of):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            ending.watch(self.sock)
            if ending.late:  # while Tor was looking for a way
                self.close()
                raise TimeoutError

    return Watched


def _too_late(timeout: float) -> NoAnswer:
    return NoAnswer("timeout", f"no whole answer within {timeout:g} s")


def _why_not(error: Exception, timeout: float) -> NoAnswer:
    """Return why no answer came, as far as the chain of exceptions tells."""
    seen: list[BaseException] = []
    queue: list[object] = [error]
    while queue and len(seen) < 30:
        at = queue.pop()
        if not isinstance(at, BaseException) or at in seen:
            continue
        seen.append(at)
        queue += [at.__cause__, at.__context__, *at.args]
        queue += [getattr(at, "reason", None), getattr(at, "socket_err", None)]
    # PySocks wraps what Tor answered into a general error, so that is looked for first.
    for at in seen:
        if isinstance(at, socks.SOCKS5Error):
            return NoAnswer("no_connection", f"Tor could not reach it ({at.msg.strip()})")
    slow = any(isinstance(at, TimeoutError) for at in seen)
    if not slow and any(isinstance(at, socks.ProxyError) for at in seen):
        words = "what listens at Tor's SOCKS port did not answer as Tor does"
        if any(isinstance(at, ConnectionRefusedError) for at in seen):
            words = "nothing listens at Tor's SOCKS port"
        return NoAnswer("no_connection", words, tor=True)
    if slow or isinstance(error, requests.Timeout):
        return _too_late(timeout)
    if any(isinstance(at, ConnectionRefusedError) for at in seen):
        return NoAnswer("no_connection", "it refused the connection")
    if isinstance(error, requests.ConnectionError):
        return NoAnswer("broken_off", "the connection was lost")
    return NoAnswer("broken_off", "the answer broke off or was malformed")


# -- one identity ----------------------------------------------------------------------------


@dataclass(slots=True)
class Asked:
    """A request that went out, and its answer; the moment is that of the whole answer, in UTC."""

    url: str
    method: str
    headers: list[tuple[str, str]] = field(repr=False)
    body: str = field(repr=False)
    at: datetime
    answer: Answer


class Client:
    """Asks as one identity, or (None) as nobody, on a circuit that nobody else has.

    ``socks`` is ``HOST:PORT`` of Tor's SOCKS port; None asks this machine, without Tor.
    ``hosts`` are the market's, with their ports: the identity's cookies go to no other, and
    redirects lead to these or to the host that was asked. ``cookies`` are what the site made of
    them, ``requests`` counts what went out.
    """

    def __init__(
        self,
        market: str | None,
        identity: Identity | None,
        *,
        socks: str | None,
        hosts: Collection[str],
        timeout: float,
        page_bytes: int,
    ) -> None:
        self._identity = identity
        self._hosts = frozenset(host.lower() for host in hosts)
        self._timeout = timeout
        self._page_bytes = page_bytes
        self._loopback = socks is None
        # No session's name begins with a hyphen, so nobody's circuit is never a session's.
        name = identity.name if identity is not None else f"-{secrets.token_hex(4)}"
        self._proxy = None if socks is None else proxy_url(socks, f"{market or 'any'}-{name}")
        self._theirs: dict[str, str] = {}  # what hosts that are none of the market's set
        self.cookies = dict(identity.cookies) if identity is not None else {}
        self.requests = 0

    def ask(self, url: str, method: str = "GET", body: str = "") -> Asked:
        """Send one request. Raises NoAnswer and Refused."""
        parts = urlsplit(url)
        known = parts.netloc.lower() in self._hosts
        cookies = self.cookies if known else self._theirs
        headers = request_headers(
            self._identity.user_agent if self._identity is not None and known else None,
            cookies,
            posted_from=f"{parts.scheme}://{parts.netloc}" if method == "POST" else None,
        )
        self.requests += 1
        answer = ask(
            url,
            method=method,
            headers=headers,
            body=body,
            proxy=self._proxy,
            loopback=self._loopback,
            timeout=self._timeout,
            page_bytes=self._page_bytes,
        )
        changed = after(cookies, answer)
        if known:
            self.cookies = changed
        else:
            self._theirs = changed
        return Asked(url, method, headers, body, datetime.now(UTC), answer)

    def follow(self, url: str, method: str = "GET", body: str = "") -> Iterator[Asked]:
        """Yield the request for a URL and, one by one, those that redirects lead to.

        Raises LedAway for a redirect that is not followed, NoAnswer and Refused.
        """
        for _ in range(HOPS + 1):
            asked = self.ask(url, method, body)
            yield asked
            target = asked.answer.redirect
            if target is None:
                return
            url = self._within(url, target)
            if asked.answer.status not in (307, 308):
                method, body = "GET", ""
        raise LedAway("it sends on for ever")

    def _within(self, url: str, target: str) -> str:
        try:
            led = urljoin(url, target).partition("#")[0]
            parts = urlsplit(led)
        except ValueError:
            raise LedAway("it sends on to no address that can be read") from None
        same = parts.netloc.lower() == urlsplit(url).netloc.lower()
        if parts.scheme not in ("http", "https"):
            raise LedAway(f"it sends on to an address of another kind ({parts.scheme[:20]}:)")
        if not same and parts.netloc.lower() not in self._hosts:
            raise LedAway(f"it sends on to another host ({parts.netloc[:100]})")
        return led


def after(cookies: Mapping[str, str], answer: Answer) -> dict[str, str]:
    """Return cookies after an answer set some or took some away."""
    changes = cookies_set(answer.all("set-cookie"))
    kept = {name: value for name, value in cookies.items() if changes.get(name, "") is not None}
    return updated(kept, [(name, value) for name, value in changes.items() if value is not None])
