"""Servers of ours, seen so that a kill at any moment does no harm."""

from __future__ import annotations

import os
from pathlib import Path

_RECOVERING = ("is starting up", "in recovery mode", "not yet accepting", "not accepting")


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
