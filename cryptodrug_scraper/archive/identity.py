"""What an archive file is known by wherever it lies: its size, and a SHA-256 of its content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

PART = 2 << 20


class FileIdentity(NamedTuple):
    """A file's size in bytes, and its digest.

    The digest is the SHA-256 of the content where that is no larger than ``2 * PART``; of a
    larger file, of its first and its last ``PART`` bytes and then its size in decimal digits:
    hundreds of gigabytes are told apart in seconds, and each page's own SHA-256 is checked anyway
    when it is opened.
    """

    size: int
    sha256: bytes


def identity_of(path: Path, size: int | None = None) -> FileIdentity:
    """Return what a file is known by, or was when it had ``size`` bytes only.

    Raises OSError, also if the file is smaller than ``size``.
    """
    with path.open("rb", buffering=0) as file:
        there = os.fstat(file.fileno()).st_size
        size = there if size is None else size
        if size > there:
            raise OSError(f"{path} has {there:,} bytes only")
        digest = hashlib.sha256()
        if size <= 2 * PART:
            digest.update(_read(file.fileno(), 0, size))
        else:
            digest.update(_read(file.fileno(), 0, PART))
            digest.update(_read(file.fileno(), size - PART, PART))
            digest.update(str(size).encode())
    return FileIdentity(size, digest.digest())


def _read(fd: int, at: int, size: int) -> bytes:
    parts = []
    while size and (part := os.pread(fd, size, at)):
        parts.append(part)
        at += len(part)
        size -= len(part)
    return b"".join(parts)
