"""Requests through Tor or to this machine, for a crawl, `fetch` and `session check` alike.

:func:`ask` sends one. An :class:`HttpClient` keeps the connections of each circuit, and may be
used by several threads at once. Whatever a request is doing when its time is up, connecting,
waiting for headers or reading a body that drips: its socket is closed then. How sockets are made
and ended, `connections` says.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

import requests
import socks  # type: ignore[import-untyped]
import urllib3

from cryptodrug_scraper.client.answer import (
    Answer,
    NoAnswer,
    answer_of,
    check_way,
    too_large,
    too_late,
)
from cryptodrug_scraper.client.connections import Circuit, Deadlines, Exchange

_CIRCUITS = 64  # whose connections are kept; those of the others were given up
_PIECE = 1 << 16
_CLOSED = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)


class HttpClient:
    """Sends requests, follows no redirect, keeps no cookie, and asks nobody else for a proxy.

    With ``loopback`` an address of this machine may be asked. To be closed at the end: that ends
    what is under way, too.
    """

    def __init__(self, *, loopback: bool = False) -> None:
        self._loopback = loopback
        self._deadlines = Deadlines()
        self._lock = threading.Lock()
        self._circuits: OrderedDict[str | None, Circuit] = OrderedDict()

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what is under way, and close what is kept. No thread of this is left."""
        self._deadlines.close()
        with self._lock:
            circuits = list(self._circuits.values())
            self._circuits.clear()
        for circuit in circuits:
            circuit.close()

    def begin(self, timeout: float) -> Exchange:
        """Begin the time of a request, in seconds; another thread can end it."""
        return self._deadlines.begin(timeout)

    def ask(
        self,
        exchange: Exchange,
        url: str,
        *,
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        proxy: str | None,
        page_bytes: int,
    ) -> Answer:
        """Send a request and return its answer, unpacked, within the time of :meth:`begin`.

        ``proxy`` is the URL of a SOCKS proxy that resolves names (``socks5h://``), or None for
        this machine; ``page_bytes`` bounds the body. Raises NoAnswer and Refused.
        """
        with exchange:
            check_way(url, proxy, loopback=self._loopback)
            started = time.monotonic()
            try:
                prepared = requests.Request(method, url, dict(headers), data=body or None).prepare()
                prepared.url = url  # as it is archived; requests would spell it otherwise
                response = self._send(exchange, prepared, proxy)
                try:
                    raw = response.raw
                    content, lost = _body(raw, page_bytes)
                    received = list(raw.headers.items())
                finally:
                    response.close()
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                if exchange.over:
                    raise exchange.why() from None
                raise _why_not(error, exchange.timeout) from None
            if exchange.over:
                raise exchange.why()
            seconds = time.monotonic() - started
        return answer_of(
            response.status_code,
            received,
            content,
            lost=lost,
            page_bytes=page_bytes,
            seconds=seconds,
        )

    def _send(
        self, exchange: Exchange, prepared: requests.PreparedRequest, proxy: str | None
    ) -> requests.Response:
        """Send; if the server had closed the connection that was kept, once more on a new one.

        Only what changes nothing is sent again, and only if nothing of an answer came.
        """
        circuit = self._circuit(proxy)
        try:
            return circuit.send_for(exchange, prepared)
        except (requests.ConnectionError, urllib3.exceptions.HTTPError) as error:
            closed = any(isinstance(each, _CLOSED) for each in _causes(error))
            if not (closed and exchange.kept and prepared.method == "GET") or exchange.over:
                raise
        circuit.close()  # what else is kept was closed then, too
        return circuit.send_for(exchange, prepared)

    def _circuit(self, proxy: str | None) -> Circuit:
        """Return the connections of a circuit; those that were not used for longest are closed."""
        given_up: list[Circuit] = []
        with self._lock:
            circuit = self._circuits.get(proxy)
            if circuit is None:
                circuit = self._circuits[proxy] = Circuit(proxy)
            self._circuits.move_to_end(proxy)
            while len(self._circuits) > _CIRCUITS:
                given_up.append(self._circuits.popitem(last=False)[1])
        for each in given_up:
            each.close()
        return circuit


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
    """Send one request on a connection of its own; see :meth:`HttpClient.ask`.

    ``timeout`` is in seconds and for all of it, from connecting to the last byte, however slowly
    they come; ``page_bytes`` bounds the body, unpacked. Raises NoAnswer and Refused.
    """
    with HttpClient(loopback=loopback) as client:
        return client.ask(
            client.begin(timeout),
            url,
            method=method,
            headers=headers,
            body=body.encode(),
            proxy=proxy,
            page_bytes=page_bytes,
        )


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


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and, as far as its chain tells, what led to it."""
    seen: list[BaseException] = []
    queue: list[object] = [error]
    while queue and len(seen) < 30:
        at = queue.pop()
        if not isinstance(at, BaseException) or at in seen:
            continue
        seen.append(at)
        queue += [at.__cause__, at.__context__, *at.args]
        queue += [getattr(at, "reason", None), getattr(at, "socket_err", None)]
    return seen


def _why_not(error: Exception, timeout: float) -> NoAnswer:
    """Return why no answer came, as far as its chain tells."""
    seen = _causes(error)
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
        return too_late(timeout)
    if any(isinstance(at, ConnectionRefusedError) for at in seen):
        return NoAnswer("no_connection", "it refused the connection")
    if isinstance(error, requests.ConnectionError):
        return NoAnswer("broken_off", "the connection was lost")
    return NoAnswer("broken_off", "the answer broke off or was malformed")
