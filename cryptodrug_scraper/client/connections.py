"""Sockets of requests: opened through a circuit, kept for the next one, closed in time.

A connection notes its socket with the request that this thread works at, from the moment at
which it begins to connect. So one thread can look after the time of all requests, and closes the
socket of one that is late whatever it waits for.
"""

from __future__ import annotations

import contextlib
import math
import socket
import ssl
import threading
import time
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import socks  # type: ignore[import-untyped]
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from cryptodrug_scraper.client.answer import NoAnswer, too_late

_HOSTS = 4  # mirrors whose connections a circuit keeps
_EACH = 32  # connections of a circuit to one of them

_at_work = threading.local()


class Exchange:
    """One request and its answer: its time, and the socket that it uses now."""

    def __init__(self, deadlines: Deadlines, timeout: float) -> None:
        self.timeout = timeout
        self.ends_at = time.monotonic() + timeout
        self.over = False
        self.kept = False
        """Whether it went out on a connection that had been used before."""
        self._late = False
        self._deadlines = deadlines
        self._sock: socket.socket | None = None

    def __enter__(self) -> Exchange:
        return self

    def __exit__(self, *_: object) -> None:
        self._deadlines.discard(self)

    @property
    def left(self) -> float:
        """Seconds that are left; never none, which a socket would take for no waiting."""
        return max(self.ends_at - time.monotonic(), 0.001)

    def why(self) -> NoAnswer:
        """Return the error for one that is over."""
        if self._late:
            return too_late(self.timeout)
        return NoAnswer("broken_off", "the request was given up")

    def end(self, *, late: bool = False) -> None:
        """Close its socket, whatever it is doing there; from any thread."""
        with self._deadlines.lock:
            self.over = True
            self._late = late
            if self._sock is not None:
                with contextlib.suppress(OSError):
                    # Not that of an encrypted socket, which would take its state from a reader.
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def uses(self, sock: socket.socket) -> None:
        """Note the socket. Raises TimeoutError if the request is over already."""
        with self._deadlines.lock:
            self._sock = sock
            if self.over:
                raise TimeoutError

    def takes_over(self, sock: socket.socket, earlier: Exchange) -> bool:
        """Take a socket over from a request that is done; False if it had been ended."""
        with self._deadlines.lock:
            earlier._sock = None
            if earlier.over:
                return False
        self.uses(sock)
        return True


class Deadlines:
    """Ends each request when its time is up, all in one thread."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self._running: set[Exchange] = set()
        self._thread: threading.Thread | None = None
        self._next = math.inf
        self._closed = False

    def begin(self, timeout: float) -> Exchange:
        """Return a request whose time begins now. Raises NoAnswer after the end."""
        exchange = Exchange(self, timeout)
        with self.lock:
            if self._closed:
                raise NoAnswer("broken_off", "the request was given up")
            self._running.add(exchange)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif exchange.ends_at < self._next:
                self._changed.notify()
        return exchange

    def discard(self, exchange: Exchange) -> None:
        """Look no longer after one that is done."""
        with self.lock:
            self._running.discard(exchange)

    def close(self) -> None:
        """End what is under way, and the thread."""
        with self.lock:
            self._closed = True
            for exchange in self._running:
                exchange.end()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with self.lock:
            while not self._closed:
                now = time.monotonic()
                for exchange in [each for each in self._running if each.ends_at <= now]:
                    self._running.discard(exchange)
                    exchange.end(late=True)
                self._next = min((each.ends_at for each in self._running), default=math.inf)
                self._changed.wait(None if self._next == math.inf else self._next - now)


class Circuit(HTTPAdapter):
    """The connections of one circuit (a proxy's URL; None: to this machine), kept while idle."""

    def __init__(self, proxy: str | None) -> None:
        way = None if proxy is None else urlsplit(proxy)
        self._classes = {
            "http": partial(_Plain, way=way),
            "https": partial(_Encrypted, way=way),
        }
        super().__init__(pool_connections=_HOSTS, pool_maxsize=_EACH)

    def send_for(self, exchange: Exchange, prepared: requests.PreparedRequest) -> requests.Response:
        """Send a request of this thread; return its answer, whose body was not read."""
        _at_work.exchange = exchange
        try:
            # A certificate proves nothing here: an onion address is its service's key.
            return self.send(prepared, stream=True, timeout=exchange.timeout, verify=False)
        finally:
            del _at_work.exchange

    def get_connection_with_tls_context(self, *arguments: Any, **named: Any) -> Any:
        """Return the pool of connections to a host; see requests."""
        pool: Any = super().get_connection_with_tls_context(*arguments, **named)
        pool.ConnectionCls = self._classes[pool.scheme]
        return pool


class _Watched:
    """A connection that notes its socket with the request at work; over one of urllib3's."""

    sock: Any
    host: str
    port: int

    def __init__(self, *arguments: Any, way: Any, **named: Any) -> None:
        self._way = way
        self._exchange: Exchange | None = None
        self._used = False
        super().__init__(*arguments, **named)

    def request(self, *arguments: Any, **named: Any) -> None:
        """Send a request; see urllib3."""
        exchange: Exchange = _at_work.exchange
        earlier, self._exchange = self._exchange, exchange
        exchange.kept = self._used
        kept = self.sock is not None and earlier is not None and earlier is not exchange
        if kept and not exchange.takes_over(self.sock, earlier):  # type: ignore[arg-type]
            self.close()  # type: ignore[attr-defined]
        super().request(*arguments, **named)  # type: ignore[misc]
        self._used = True

    def connect(self) -> None:
        """Open the connection within the time of the request."""
        exchange: Exchange = _at_work.exchange
        self._exchange, self._used, exchange.kept = exchange, False, False
        sock = _opened(self._way, self.host, self.port, exchange)
        try:
            self.sock = self._ready(sock, exchange)
        except BaseException:
            sock.close()
            raise

    def _ready(self, sock: socket.socket, exchange: Exchange) -> socket.socket:
        return sock


class _Plain(_Watched, HTTPConnection):
    """A connection as it is."""


class _Encrypted(_Watched, HTTPSConnection):
    """A connection with TLS; whose it is, the onion address says."""

    def _ready(self, sock: socket.socket, exchange: Exchange) -> socket.socket:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        encrypted = context.wrap_socket(
            sock, server_hostname=self.host, do_handshake_on_connect=False
        )
        try:
            exchange.uses(encrypted)
            encrypted.do_handshake()
        except BaseException:
            encrypted.close()
            raise
        self.is_verified = True
        return encrypted


def _opened(way: Any, host: str, port: int, exchange: Exchange) -> socket.socket:
    """Connect to a host through a circuit; the socket is the request's from its first moment."""
    near, door = (host.strip("[]"), port) if way is None else (way.hostname, way.port)
    failure: OSError | None = None
    places = socket.getaddrinfo(near, door, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, place in places:
        sock: socket.socket
        if way is None:
            sock = socket.socket(family, kind, protocol)
        else:
            sock = socks.socksocket(family, kind, protocol)
            user, password = unquote(way.username or ""), unquote(way.password or "")
            sock.set_proxy(socks.SOCKS5, place[0], place[1], True, user or None, password or None)  # type: ignore[attr-defined]
        try:
            sock.settimeout(exchange.left)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            exchange.uses(sock)
            sock.connect(place if way is None else (host, port))
            exchange.uses(sock)
        except OSError as error:
            sock.close()
            failure = error
            if exchange.over:
                break
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure or OSError("nothing is known of where it is")
