"""Locks that processes hold on files; the system lets go of one when its process ends."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_POLL = 0.02  # seconds


class LockTaken(OSError):
    """Another process holds the lock."""


def try_lock(descriptor: int) -> bool:
    """Lock an open file until it is closed; False if another has locked it.

    Where files cannot be locked so (Windows), they are not.
    """
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def file_lock(path: Path, *, patience: float = 0.0) -> Iterator[IO[str]]:
    """Hold a lock on a file, which is made, for its owner only, where it is not there.

    Waits up to ``patience`` seconds for another to let go of it; then :class:`LockTaken` is
    raised, whose ``strerror`` is what the holder wrote in the file (``IO`` to write there).
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "r+", encoding="utf-8") as file:
        deadline = time.monotonic() + patience
        while not try_lock(file.fileno()):
            if time.monotonic() >= deadline:
                raise LockTaken(None, file.read(200).strip(), str(path))
            time.sleep(_POLL)
        file.truncate()
        yield file
