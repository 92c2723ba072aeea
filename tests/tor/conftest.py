"""An onion service with a page, for the tests of Tor."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.tor.network import RunningNetwork


class Hello(BaseHTTPRequestHandler):
    """Answers every GET with `hello`."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def web() -> Iterator[int]:
    """The port of a web server on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def onion(tor_network: RunningNetwork, web: int) -> Iterator[str]:
    """The host name of an onion service behind which that server is."""
    host = tor_network.publish(web)
    yield host
    tor_network.withdraw(host)
