"""Something that listens as Tor's SOCKS port would, and leads to one server on loopback."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Socks:
    """Something that listens as Tor's SOCKS port would, and leads to one server on loopback."""

    def __init__(self, to: tuple[str, int] | None, reply: int = 0, garbage: bool = False) -> None:
        self._to, self._reply, self._garbage = to, reply, garbage
        self.users: list[str] = []
        self.hosts: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        with client:
            read = client.makefile("rb")
            if self._garbage:
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            greeting = read.read(2)
            if len(greeting) < 2:
                return
            read.read(greeting[1])
            client.sendall(b"\x05\x02")
            version = read.read(2)
            if len(version) < 2:  # only greeted
                return
            user = read.read(version[1])
            read.read(read.read(1)[0])
            client.sendall(b"\x01\x00")
            version, command, _, kind = read.read(4)
            assert (version, command, kind) == (5, 1, 3)  # a host's name, not an address
            host = read.read(read.read(1)[0])
            struct.unpack(">H", read.read(2))
            self.users.append(user.decode())
            self.hosts.append(host.decode())
            client.sendall(bytes([5, self._reply, 0, 1]) + bytes(6))
            if self._reply or self._to is None:
                return
            with socket.create_connection(self._to) as server:
                back = threading.Thread(target=_copy, args=(server, client), daemon=True)
                back.start()
                _copy(client, server)
                back.join(10)


def _copy(source: socket.socket, to: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@contextmanager
def tor(
    monkeypatch: pytest.MonkeyPatch,
    to: tuple[str, int] | None = None,
    reply: int = 0,
    garbage: bool = False,
) -> Iterator[Socks]:
    socks = Socks(to, reply, garbage)
    monkeypatch.setenv("CRYPTODRUG_TOR_SOCKS", socks.address)
    try:
        yield socks
    finally:
        socks.close()
