"""A SOCKS5 server that looks like Tor's to a crawler, and leads to one port of this machine.

    python -m tests.bench.socks MARKET_PORT

Every onion name, on every port, is that one; any other host is refused, so that nothing can
leave. It prints the address at which it listens, and ends when its standard input is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import Counter

_VERSION, _CONNECT, _NO_LOGIN, _BY_PASSWORD, _NONE_OF_THESE = 5, 1, 0, 2, 0xFF
_DONE, _REFUSED, _UNKNOWN_COMMAND, _UNKNOWN_ADDRESS = 0, 2, 7, 8
_IPV4, _NAME, _IPV6 = 1, 3, 4
_PIECE = 1 << 16


class Socks:
    """The server: ``async with Socks(port) as socks: socks.address``.

    ``streams`` counts the streams that were opened, by user name (empty: none was given).
    """

    def __init__(self, market_port: int) -> None:
        self.market_port = market_port
        self.address = ""
        self.streams: Counter[str] = Counter()
        self._at_work: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Socks:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.address = f"{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._at_work):
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._at_work.add(task)
        try:
            # Who goes away, or speaks something else, is no concern of the others.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._stream(reader, writer)
        finally:
            self._at_work.discard(task)
            writer.close()

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        user = await self._greet(reader, writer)
        if user is None:
            return
        version, command, _, kind = await reader.readexactly(4)
        if version != _VERSION:
            return
        if kind == _NAME:
            length = (await reader.readexactly(1))[0]
            host = (await reader.readexactly(length)).decode("ascii", "replace")
        else:
            host = ""  # an address that somebody else looked up
            await reader.readexactly({_IPV4: 4, _IPV6: 16}.get(kind, 0))
        await reader.readexactly(2)  # any port is the market's
        if command != _CONNECT:
            writer.write(_answer(_UNKNOWN_COMMAND))
        elif kind not in (_IPV4, _NAME, _IPV6):
            writer.write(_answer(_UNKNOWN_ADDRESS))
        elif not host.lower().endswith(".onion"):
            writer.write(_answer(_REFUSED))
        else:
            await self._connect(user, reader, writer)
            return
        await writer.drain()

    async def _greet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> str | None:
        """Agree on how to sign in, and do; return the user name, None where that failed."""
        version, count = await reader.readexactly(2)
        offered = await reader.readexactly(count)
        if version != _VERSION:
            return None
        way = next((w for w in (_BY_PASSWORD, _NO_LOGIN) if w in offered), _NONE_OF_THESE)
        writer.write(bytes((_VERSION, way)))
        await writer.drain()
        if way != _BY_PASSWORD:
            return "" if way == _NO_LOGIN else None
        _, length = await reader.readexactly(2)
        user = (await reader.readexactly(length)).decode("utf-8", "replace")
        await reader.readexactly((await reader.readexactly(1))[0])  # any password will do
        writer.write(b"\x01\x00")
        await writer.drain()
        return user

    async def _connect(
        self, user: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            theirs, ours = await asyncio.open_connection("127.0.0.1", self.market_port)
        except OSError:
            writer.write(_answer(5))
            await writer.drain()
            return
        self.streams[user] += 1
        writer.write(_answer(_DONE))
        try:
            await asyncio.gather(_pour(reader, ours), _pour(theirs, writer))
        finally:
            ours.close()


def _answer(code: int) -> bytes:
    return bytes((_VERSION, code, 0, _IPV4, 0, 0, 0, 0, 0, 0))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes until its end, and the end too."""
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


async def _until_closed(market_port: int) -> None:
    async with Socks(market_port) as socks:
        print(socks.address, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_until_closed(int(sys.argv[1])))
