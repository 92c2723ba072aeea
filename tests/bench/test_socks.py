"""The SOCKS server of the benchmark takes what Tor takes, and lets nothing out."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from cryptodrug_scraper.client.http_client import ask
from cryptodrug_scraper.tor.circuits import proxy_url
from cryptodrug_scraper.tor.ready import socks_problem
from tests.bench.socks import Socks
from tests.crawl.onions import onion

NO_LOGIN = b"\x05\x01\x00"


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The market: says what it was told, until the end."""
    try:
        while said := await reader.read(1000):
            writer.write(said)
            await writer.drain()
    finally:
        writer.close()


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The market: one answer of HTTP, which tells whom it was asked for."""
    head = await reader.readuntil(b"\r\n\r\n")
    host = next(x for x in head.splitlines() if x.lower().startswith(b"host:")).split()[1]
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(host), host))
    await writer.drain()
    writer.close()


def through(
    market: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    use: Callable[[Socks], Awaitable[None]],
) -> None:
    """Use the server, with this market behind it."""

    async def run() -> None:
        served = await asyncio.start_server(market, "127.0.0.1", 0)
        async with served, Socks(served.sockets[0].getsockname()[1]) as socks:
            await asyncio.wait_for(use(socks), 20)

    asyncio.run(run())


async def told(socks: Socks, *said: bytes) -> bytes:
    """Say bytes, one after the other, end, and return all that is answered."""
    host, port = socks.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for piece in said:
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


def asks(name: str, command: int = 1) -> bytes:
    return bytes((5, command, 0, 3, len(name))) + name.encode() + b"\x00\x50"


def test_streams_with_a_user_name_and_without_one() -> None:
    async def use(socks: Socks) -> None:
        name = b"market-id0-0"
        login = b"\x01" + bytes((len(name),)) + name + b"\x01x"
        answer = await told(socks, b"\x05\x02\x00\x02", login, asks(onion(1)), b"some words")
        assert answer[:2] == b"\x05\x02" and answer[2:4] == b"\x01\x00"
        assert answer[4:6] == b"\x05\x00" and answer[14:] == b"some words"
        answer = await told(socks, NO_LOGIN, asks(onion(2).upper()), b"more")
        assert answer[:4] == b"\x05\x00\x05\x00" and answer[12:] == b"more"
        assert socks.streams == Counter({"market-id0-0": 1, "": 1})

    through(echo, use)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (asks("example.com"), 2),
        (asks("127.0.0.1"), 2),
        (asks("localhost.onion.example"), 2),
        (b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50", 2),  # looked up by somebody else
        (b"\x05\x01\x00\x04" + bytes(16) + b"\x00\x50", 2),
        (b"\x05\x01\x00\x09\x00\x50", 8),
        (asks(onion(1), command=2), 7),
    ],
)
def test_what_is_no_onion_name_is_refused(said: bytes, code: int) -> None:
    async def use(socks: Socks) -> None:
        answer = await told(socks, NO_LOGIN, said, b"secret")
        assert answer == bytes((5, 0, 5, code, 0, 1, 0, 0, 0, 0, 0, 0))
        assert not socks.streams

    through(echo, use)


@pytest.mark.parametrize("said", [b"", b"\x04\x01\x00", b"GET / HTTP/1.1\r\n\r\n", b"\x05\x03\x00"])
def test_who_speaks_something_else_hears_nothing(said: bytes) -> None:
    async def use(socks: Socks) -> None:
        assert await told(socks, said) == b""
        assert await told(socks, b"\x05\x01\x01") == b"\x05\xff"

    through(echo, use)


def test_a_market_that_is_gone_is_told() -> None:
    async def run() -> None:
        served = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = served.sockets[0].getsockname()[1]
        served.close()
        await served.wait_closed()
        async with Socks(port) as socks:
            answer = await asyncio.wait_for(told(socks, NO_LOGIN, asks(onion(1))), 20)
            assert answer[2:4] == b"\x05\x05"

    asyncio.run(run())


def test_the_program_takes_it_for_tor_and_asks_through_it() -> None:
    async def use(socks: Socks) -> None:
        assert await asyncio.to_thread(socks_problem, socks.address) is None
        proxy = proxy_url(socks.address, "market-id0", 3)
        answer = await asyncio.to_thread(
            ask, f"http://{onion(1)}/", proxy=proxy, timeout=20, page_bytes=1000
        )
        assert answer.body.decode() == onion(1)
        assert socks.streams == Counter({"market-id0-3": 1})

    through(hello, use)
