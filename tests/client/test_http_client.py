"""The client of the crawl: connections are kept, time is bounded, nothing is sent twice."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from cryptodrug_scraper.client.answer import Answer, NoAnswer
from cryptodrug_scraper.client.http_client import HttpClient
from cryptodrug_scraper.tor.circuits import proxy_url
from tests.crawl.onions import onion
from tests.crawl.socks import Socks

OK = b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 2\r\n\r\nhi"

Says = Callable[[int], bytes | None]


class Server:
    """Answers the requests of each connection by their number; None closes the connection."""

    def __init__(self, says: Says) -> None:
        self._says = says
        self.methods: list[str] = []
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.place = self._listener.getsockname()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        return len(self._connections)

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._connections.append(client)
                threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            for number in range(1000):
                data = b""
                while b"\r\n\r\n" not in data:
                    if not (more := client.recv(65536)):
                        return
                    data += more
                self.methods.append(data.split(b" ")[0].decode())
                said = self._says(number)
                if said is None:
                    return
                client.sendall(said)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for client in self._connections:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(says: Says) -> Iterator[Server]:
    server = Server(says)
    try:
        yield server
    finally:
        server.close()


def sent(client: HttpClient, server: Server, method: str = "GET", timeout: float = 20) -> Answer:
    return client.ask(
        client.begin(timeout),
        f"http://127.0.0.1:{server.place[1]}/a",
        method=method,
        proxy=None,
        page_bytes=1 << 20,
    )


def keepers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "deadlines"]


def test_a_connection_is_kept_and_headers_are_as_they_came() -> None:
    with serving(lambda number: OK) as server:
        with HttpClient(loopback=True) as client:
            for method in ("GET", "GET", "POST", "GET"):
                answer = sent(client, server, method)
                assert (answer.status, answer.body) == (200, b"hi")
                assert ("X-Name", "caf\xe9") in answer.headers
            assert server.connections == 1
            assert keepers()
        assert not keepers()


def test_a_get_is_sent_anew_where_the_kept_connection_was_closed() -> None:
    with (
        serving(lambda number: None if number else OK) as server,
        HttpClient(loopback=True) as client,
    ):
        for _ in range(3):
            assert sent(client, server).body == b"hi"
        assert server.connections == 3
        assert len(server.methods) == 5  # all but the first were read twice


@pytest.mark.parametrize(
    ("method", "begins"),
    [
        ("POST", b""),
        ("POST", b"HTTP/1.1 200 OK\r\nX-Cut: off"),
        ("GET", b"HTTP/1.1 200 OK\r\nX-Cut: off"),
    ],
    ids=["form", "form, an answer begun", "page, an answer begun"],
)
def test_what_may_have_been_done_is_not_sent_again(method: str, begins: bytes) -> None:
    def says(number: int) -> bytes | None:
        return OK if number == 0 else begins or None

    with serving(says) as server, HttpClient(loopback=True) as client:
        sent(client, server)
        with pytest.raises(NoAnswer) as caught:
            sent(client, server, method, timeout=0.5)
        assert caught.value.reason in ("broken_off", "timeout")
        assert server.methods == ["GET", method]


def test_a_first_connection_that_is_closed_is_no_reason_to_ask_again() -> None:
    with serving(lambda number: None) as server, HttpClient(loopback=True) as client:
        with pytest.raises(NoAnswer, match="connection was lost"):
            sent(client, server)
        assert server.methods == ["GET"]


def test_one_that_is_late_ends_no_other() -> None:
    wait = threading.Event()

    def says(number: int) -> bytes | None:
        return OK if number == 0 else (wait.wait(20) and OK) or None

    with serving(says) as server, HttpClient(loopback=True) as client:
        assert sent(client, server).body == b"hi"
        with pytest.raises(NoAnswer) as caught:
            sent(client, server, timeout=0.3)
        assert caught.value.reason == "timeout"
        assert sent(client, server).body == b"hi"  # on another connection
        wait.set()


def test_closing_ends_what_is_under_way() -> None:
    came: list[str] = []
    arrived, wait = threading.Event(), threading.Event()

    def says(number: int) -> bytes | None:
        arrived.set()
        wait.wait(20)
        return None

    with serving(says) as server:
        client = HttpClient(loopback=True)

        def work() -> None:
            try:
                sent(client, server, timeout=600)
            except NoAnswer as none:
                came.append(none.reason)

        thread = threading.Thread(target=work)
        thread.start()
        assert arrived.wait(20)
        client.close()
        thread.join(20)
        assert came == ["broken_off"]
        assert not keepers()
        with pytest.raises(NoAnswer):
            client.begin(5)
        wait.set()


@pytest.mark.parametrize("drops", [b"", b"\x05"], ids=["silent", "begun"])
def test_a_proxy_that_says_nothing_keeps_nobody_waiting(drops: bytes) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def listen() -> None:
        with suppress(OSError):
            held.append(listener.accept()[0])
            held[0].sendall(drops)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    proxy = proxy_url(f"127.0.0.1:{listener.getsockname()[1]}", "me")
    started = time.monotonic()
    with HttpClient() as client, pytest.raises(NoAnswer) as caught:
        client.ask(client.begin(0.5), f"http://{onion(1)}/", proxy=proxy, page_bytes=1000)
    assert (caught.value.reason, caught.value.tor) == ("timeout", False)
    assert time.monotonic() - started < 60
    listener.close()
    thread.join(10)
    for each in held:
        each.close()


def test_each_circuit_has_connections_of_its_own_and_few_are_kept() -> None:
    with serving(lambda number: OK) as server:
        socks = Socks(server.place)
        try:
            with HttpClient() as client:
                for circuit in [*range(70), 69, 0]:
                    answer = client.ask(
                        client.begin(20),
                        f"http://{onion(1)}/",
                        proxy=proxy_url(socks.address, "me", circuit),
                        page_bytes=1000,
                    )
                    assert answer.body == b"hi"
            assert socks.users == [*(f"me-{n}" for n in range(70)), "me-0"]
            assert set(socks.hosts) == {onion(1)}
        finally:
            socks.close()
