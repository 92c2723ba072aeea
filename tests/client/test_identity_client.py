"""Single requests: all their time is bounded, and cookies go where they belong."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest

from cryptodrug_scraper.access.sessions import Identity
from cryptodrug_scraper.client.answer import NoAnswer, Refused
from cryptodrug_scraper.client.http_client import ask
from cryptodrug_scraper.client.identity_client import Client, LedAway

Serve = Callable[[socket.socket, bytes, threading.Event], None]


class Raw:
    """A server that answers with whatever bytes a function sends."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._ended = threading.Event()
        self.requests: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        with client:
            data = b""
            while b"\r\n\r\n" not in data and (more := client.recv(65536)):
                data += more
            self.requests.append(data.decode())
            with suppress(OSError):
                self._serve(client, data, self._ended)

    def close(self) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@contextmanager
def raw(serve: Serve) -> Iterator[Raw]:
    server = Raw(serve)
    try:
        yield server
    finally:
        server.close()


def saying(head: str, body: bytes = b"<html></html>") -> Serve:
    def serve(client: socket.socket, request: bytes, ended: threading.Event) -> None:
        client.sendall(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    return serve


def dripping(begin: bytes, drop: bytes) -> Serve:
    def serve(client: socket.socket, request: bytes, ended: threading.Event) -> None:
        client.sendall(begin)
        while not ended.wait(0.02):
            client.sendall(drop)

    return serve


@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Many: x\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n<html>", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n<html>", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
    ],
)
def test_a_server_that_drips_keeps_nobody_waiting(begin: bytes, drop: bytes) -> None:
    with raw(dripping(begin, drop)) as server:
        started = time.monotonic()
        with pytest.raises(NoAnswer) as caught:
            ask(
                f"http://{server.host}/", proxy=None, loopback=True, timeout=0.5, page_bytes=1 << 20
            )
        assert time.monotonic() - started < 60  # and not for as long as it drips
    # More headers than there may be, or a line too long, are found out before the time is up.
    assert caught.value.reason in ("timeout", "broken_off")
    assert not caught.value.tor


def test_a_body_without_end_is_not_held() -> None:
    with (
        raw(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)) as server,
        pytest.raises(NoAnswer, match="too large") as caught,
    ):
        ask(f"http://{server.host}/", proxy=None, loopback=True, timeout=20, page_bytes=100_000)
    assert caught.value.reason == "too_large"


def test_a_redirect_with_a_bomb_in_it_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\x00" * (50 << 20))
    head = "302 Found\r\nLocation: /\r\nContent-Encoding: gzip"
    with raw(saying(head, bomb)) as server:
        tracemalloc.start()
        with pytest.raises(NoAnswer, match="too large"):
            ask(f"http://{server.host}/", proxy=None, loopback=True, timeout=20, page_bytes=1 << 20)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < 8 << 20


@pytest.mark.parametrize("garbage", [b"", b"\x00" * 100, b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_http(garbage: bytes) -> None:
    def serve(client: socket.socket, request: bytes, ended: threading.Event) -> None:
        client.sendall(garbage)

    with raw(serve) as server, pytest.raises(NoAnswer) as caught:
        ask(f"http://{server.host}/", proxy=None, loopback=True, timeout=5, page_bytes=1000)
    assert caught.value.reason == "broken_off"


def test_nothing_is_asked_without_a_way() -> None:
    with raw(saying("200 OK")) as server:
        with pytest.raises(Refused):
            ask(f"http://{server.host}/", proxy=None, timeout=5, page_bytes=1000)
        assert server.requests == []


# -- one identity ----------------------------------------------------------------------------


def client(*hosts: str, **cookies: str) -> Client:
    identity = Identity("dream", "anna", cookies, "Agent/1.0", datetime.now(UTC))
    return Client("dream", identity, socks=None, hosts=hosts, timeout=5, page_bytes=1 << 20)


def test_it_asks_as_tor_browser_does() -> None:
    with raw(saying("200 OK\r\nSet-Cookie: session=new; path=/\r\nSet-Cookie: b=2")) as server:
        one = client(server.host, session="old")
        asked = one.ask(f"http://{server.host}/a?b=c", "POST", "page=2&x=%20")
        lines = server.requests[0].split("\r\n")
        assert lines[0] == "POST /a?b=c HTTP/1.1"
        told = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        assert told["Cookie"] == "session=old"
        assert told["User-Agent"] == "Agent/1.0"
        assert told["Origin"] == f"http://{server.host}"
        assert told["Accept-Encoding"] == "gzip, deflate, br, zstd"
        assert "python" not in server.requests[0].lower()
        assert one.cookies == {"session": "new", "b": "2"}
        assert one.requests == 1
        assert "old" not in repr(asked)
        one.ask(f"http://{server.host}/")
        assert "Cookie: session=new; b=2" in server.requests[1]


def test_cookies_go_to_no_other_host() -> None:
    with raw(saying("200 OK\r\nSet-Cookie: theirs=1")) as server:
        one = client("127.0.0.1:1", session="s3cret")
        one.ask(f"http://{server.host}/")
        one.ask(f"http://{server.host}/")
        assert "s3cret" not in "".join(server.requests)
        assert "Agent/1.0" not in "".join(server.requests)
        assert "Cookie: theirs=1" in server.requests[1]
        assert one.cookies == {"session": "s3cret"}


@pytest.mark.parametrize(
    "told",
    ['a="x;y"', "a=\x01", "a=" + "x" * 5000, "session=; max-age=0", "=x", "session", "ü=1"],
)
def test_no_cookie_that_comes_can_spoil_a_session(told: str) -> None:
    def serve(client: socket.socket, request: bytes, ended: threading.Event) -> None:
        client.sendall(
            f"HTTP/1.1 200 OK\r\nSet-Cookie: {told}\r\nContent-Length: 0\r\n\r\n".encode()
        )

    with raw(serve) as server:
        one = client(server.host, session="old")
        one.ask(f"http://{server.host}/")
        assert one.cookies in ({"session": "old"}, {})


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://search.example/", "another host"),
        ("//search.example/", "another host"),
        ("file:///etc/passwd", "another kind"),
        ("http://[", "no address"),
        ("http://127.0.0.1:1/", "another host"),
        ("/again", "for ever"),
        ("?x", "for ever"),
    ],
)
def test_redirects_that_are_not_followed(location: str, said: str) -> None:
    with raw(saying(f"302 Found\r\nLocation: {location}")) as server:
        one = client(server.host, session="old")
        with pytest.raises(LedAway, match=said):
            list(one.follow(f"http://{server.host}/"))
        assert len(server.requests) == one.requests == (6 if said == "for ever" else 1)


@pytest.mark.parametrize(("status", "method"), [(302, "GET"), (303, "GET"), (307, "POST")])
def test_a_redirect_to_another_mirror(status: int, method: str) -> None:
    with raw(saying("200 OK")) as mirror:
        there = saying(f"{status} Moved\r\nLocation: http://{mirror.host}/there#x")
        with raw(there) as server:
            one = client(server.host, mirror.host, session="old")
            *_, asked = one.follow(f"http://{server.host}/", "POST", "a=b")
        assert asked.url == f"http://{mirror.host}/there"
        assert mirror.requests[0].startswith(f"{method} /there HTTP/1.1")
        assert "Cookie: session=old" in mirror.requests[0]
