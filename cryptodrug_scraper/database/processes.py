"""Processes, ports and small files, seen so that a kill at any moment does no harm."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

HOST = "127.0.0.1"
_RECOVERING = ("is starting up", "in recovery mode", "not yet accepting", "not accepting")


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


def works_in(pid: int, folder: Path) -> bool:
    """Say whether a process is a `postgres` whose working directory is this folder."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.name() not in ("postgres", "postgres.exe"):
            return False
        return os.path.samestat(Path(process.cwd()).stat(), folder.stat())
    except psutil.AccessDenied:
        return True  # of another user, so not to be touched; what we try next says so
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # As PostgreSQL does: a connection that is closing does not make a port taken.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
        return True


def is_recovering(url: str) -> bool:
    """Say whether a server of ours takes no connections: it starts, or a session crashed."""
    import psycopg2

    try:
        psycopg2.connect(
            url.replace("postgresql+psycopg2", "postgresql", 1), connect_timeout=5
        ).close()
    except psycopg2.Error as error:
        return any(words in str(error) for words in _RECOVERING)
    return False


def wait_for(condition: Callable[[], bool], patience: float) -> bool:
    """Wait until a condition holds; say whether it did in that many seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
