"""A site on a loopback port, and what can happen to an answer on its way."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
import time
import traceback
from collections.abc import Callable
from email.utils import format_datetime
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TextIO

from simulator.site import Site, SiteRequest, SiteResponse

LOOPBACK = "127.0.0.1"
_MOST = 1024 * 1024  # bytes of a posted form


class Server:
    """Serves a site until it is stopped: ``with Server(site) as server: server.address``.

    ``patience`` is how long a fault keeps a reader waiting, in seconds. ``log`` receives a line
    of JSON for each request.
    """

    def __init__(
        self, site: Site, port: int = 0, *, patience: float = 60.0, log: TextIO | None = None
    ) -> None:
        self.site = site
        self.patience = patience
        self._log = log
        self._log_lock = threading.Lock()
        self.stopping = threading.Event()
        self._http = _Http((LOOPBACK, port), _handler(self))
        self.port = int(self._http.server_address[1])
        self.address = f"http://{LOOPBACK}:{self.port}"
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to answer."""
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop, and let nobody wait longer."""
        self.stopping.set()
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join(10)
            self._thread = None
        self._http.server_close()

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def note(self, request: SiteRequest, answer: SiteResponse, seconds: float) -> None:
        """Write a line of the log."""
        if self._log is None:
            return
        line = {
            "at": self.site.clock.now().isoformat(),
            "market": self.site.market_site.name,
            "method": request.method,
            "host": request.host,
            "address": request.address,
            "signed_in": "session" in request.cookies,
            "status": answer.status,
            "served": answer.about,
            "fault": answer.delivery or None,
            "bytes": len(answer.body),
            "seconds": round(seconds, 4),
        }
        with self._log_lock:
            self._log.write(json.dumps(line) + "\n")
            self._log.flush()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over readers who went away."""


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class SiteHandler(_SiteHandler):
        pass

    SiteHandler.owner = server
    return SiteHandler


class _SiteHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    disable_nagle_algorithm = True
    owner: Server

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the log is the server's."""

    def _serve(self) -> None:
        began = time.monotonic()
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isdigit() else 0
        request = SiteRequest(
            self.command,
            self.path if self.path.startswith("/") else "/",
            _host(self.headers.get("Host", "")),
            _cookies(self.headers.get("Cookie", "")),
            self.rfile.read(min(size, _MOST)),
        )
        try:
            answer = self.owner.site.answer(request)
        except Exception:  # a defect of the simulator's: say so, and keep serving
            traceback.print_exc()
            self.owner.site.count("defects")
            answer = SiteResponse(500, b"the simulator failed\n", about="defect")
        self.owner.note(request, answer, time.monotonic() - began)
        deliver = _WAYS.get(answer.delivery, _SiteHandler._complete)
        if "gzip" in answer.delivery and "gzip" not in self.headers.get("Accept-Encoding", ""):
            deliver = _SiteHandler._complete
        try:
            deliver(self, answer)
        except OSError:
            self.close_connection = True  # the reader went away

    # -- the ways ----------------------------------------------------------------------------

    def _head(self, answer: SiteResponse, length: int | None, *more: tuple[str, str]) -> None:
        self.send_response_only(answer.status)
        self.send_header("Server", "nginx")
        self.send_header("Date", format_datetime(self.owner.site.clock.now(), usegmt=True))
        for name, value in (*answer.headers, *more):
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _write(self, body: bytes) -> None:
        if self.command != "HEAD":
            self.wfile.write(body)

    def _close(self) -> None:
        self.close_connection = True

    def _complete(self, answer: SiteResponse) -> None:
        self._head(answer, len(answer.body))
        self._write(answer.body)

    def _silence(self, answer: SiteResponse) -> None:
        self._close()
        self.owner.stopping.wait(self.owner.patience)

    def _reset(self, answer: SiteResponse) -> None:
        self._close()
        self.connection.shutdown(socket.SHUT_RDWR)

    def _slowly(self, answer: SiteResponse) -> None:
        self._head(answer, len(answer.body))
        pieces = 20
        size = len(answer.body) // pieces + 1
        for at in range(0, len(answer.body), size):
            self._write(answer.body[at : at + size])
            self.wfile.flush()
            if self.owner.stopping.wait(self.owner.patience / pieces):
                break

    def _part(self, body: bytes) -> bytes:
        """Return a part of a body: at least its first quarter, at most three quarters."""
        share = 25 + sum(body[:4000]) % 50
        return body[: len(body) * share // 100]

    def _cut_off(self, answer: SiteResponse) -> None:
        self._head(answer, len(answer.body))
        self._write(self._part(answer.body))
        self._close()

    def _cut_off_silently(self, answer: SiteResponse) -> None:
        self._head(answer, None, ("Connection", "close"))
        self._write(self._part(answer.body))
        self._close()

    def _length_short(self, answer: SiteResponse) -> None:
        self._head(answer, len(self._part(answer.body)))
        self._write(answer.body)
        self._close()

    def _length_long(self, answer: SiteResponse) -> None:
        self._head(answer, len(answer.body) + 1000)
        self._write(answer.body)
        self._close()

    def _gzip(self, answer: SiteResponse) -> None:
        body = gzip.compress(answer.body, 5)
        self._head(answer, len(body), ("Content-Encoding", "gzip"))
        self._write(body)

    def _gzip_cut(self, answer: SiteResponse) -> None:
        body = self._part(gzip.compress(answer.body, 5))
        self._head(answer, len(body), ("Content-Encoding", "gzip"))
        self._write(body)

    def _chunked(self, answer: SiteResponse) -> None:
        self._head(answer, None, ("Transfer-Encoding", "chunked"))
        size = len(answer.body) // 3 + 1
        for at in range(0, len(answer.body), size):
            piece = answer.body[at : at + size]
            self._write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self._write(b"0\r\n\r\n")


_WAYS: dict[str, Callable[[_SiteHandler, SiteResponse], None]] = {
    "timeout": _SiteHandler._silence,
    "reset": _SiteHandler._reset,
    "slow": _SiteHandler._slowly,
    "cut_off": _SiteHandler._cut_off,
    "cut_off_silently": _SiteHandler._cut_off_silently,
    "length_short": _SiteHandler._length_short,
    "length_long": _SiteHandler._length_long,
    "gzip": _SiteHandler._gzip,
    "gzip_cut": _SiteHandler._gzip_cut,
    "chunked": _SiteHandler._chunked,
}


def _host(header: str) -> str:
    """Return the host that was asked; pages are written with it, so nothing else is taken."""
    return header if re.fullmatch(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?", header) else LOOPBACK


def _cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
