"""Whether a SOCKS port is there, and what is said if it is not."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cryptodrug_scraper.settings import Settings
from cryptodrug_scraper.tor.errors import TorUnavailable
from cryptodrug_scraper.tor.ready import find_tor, socks_problem
from tests.ports import free_ports
from tests.tor.network import RunningNetwork


@contextmanager
def answering(answer: bytes | None) -> Iterator[tuple[str, list[bytes]]]:
    """Listen, note what comes, and answer so (None: never)."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                heard.append(connection.recv(100))
                if answer is not None:
                    connection.sendall(answer)
                heard.append(connection.recv(100))

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", heard
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_it_only_greets() -> None:
    with answering(b"\x05\x02") as (address, heard):
        assert socks_problem(address) is None
    assert heard == [b"\x05\x02\x00\x02", b""]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not a SOCKS5 port"),
        (b"\x04", "not a SOCKS5 port"),
        (b"\x05\x00", "takes no user names"),
        (b"\x05\xff", "takes no user names"),
    ],
)
def test_something_else_listens(answer: bytes, said: str) -> None:
    with answering(answer) as (address, _):
        assert said in (socks_problem(address) or "")


def test_nothing_listens_or_answers() -> None:
    (port,) = free_ports(1)
    with pytest.raises(TorUnavailable, match=r"nothing listens there.*cryptodrug tor run"):
        find_tor(Settings(tor_socks=f"127.0.0.1:{port}"))
    with answering(None) as (address, _), pytest.raises(TorUnavailable, match=r"within 0\.2 s"):
        find_tor(Settings(tor_socks=address), patience=0.2)
    with pytest.raises(TorUnavailable, match="CRYPTODRUG_TOR_SOCKS"):
        find_tor(Settings(tor_socks="nowhere"))


@pytest.mark.slow
def test_a_real_one(tor_network: RunningNetwork) -> None:
    assert find_tor(Settings(tor_socks=f" {tor_network.socks}")) == tor_network.socks
    assert socks_problem(tor_network.control, patience=1) is not None
