"""Processes and ports of this machine."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable

HOST = "127.0.0.1"


def is_alive(pid: int) -> bool:
    """Say whether a process exists and is more than a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port of this machine now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # As servers do: a connection that is closing does not make a port taken.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
        return True


def wait_for(condition: Callable[[], bool], patience: float) -> bool:
    """Wait until a condition holds; say whether it did in that many seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def last_lines(output: str, lines: int = 12) -> str:
    """Return the end of what a program printed, indented."""
    return "\n".join("  " + line for line in output.strip().splitlines()[-lines:])
