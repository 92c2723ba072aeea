"""Ports of this machine that a test may name before anything listens on them."""

from __future__ import annotations

import contextlib
import random
import socket

# Below those that systems hand out to connections and to servers that ask for any port (from
# 32768 on Linux, 49152 on macOS): what another test opens meanwhile never takes one of these.
_FIRST, _END = 10_000, 32_000
_TRIES = 1_000


def free_ports(count: int) -> list[int]:
    """Return so many ports in a row of 127.0.0.1 on which nobody listens, chosen at random."""
    for _ in range(_TRIES):
        first = random.SystemRandom().randrange(_FIRST, _END - count)
        ports = list(range(first, first + count))
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in ports:
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return ports
    raise OSError(f"no {count} free ports in a row between {_FIRST} and {_END}")
