"""Small files that only their owner can read, written whole, by several processes at once.

A folder is made with mode 0700 and a file with 0600 from its first moment. A writer holds the
folder's lock, writes a temporary file beside the old one and renames it, so a reader (which
takes no lock) sees the old file or the new one. What a writer that was killed left behind is
removed by the next.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptodrug_scraper.common.files import TEMPORARY, replacing
from cryptodrug_scraper.common.locks import file_lock

_LARGEST = 4 << 20
_LOCK = ".lock"


class NotUsable(ValueError):
    """Something that was given or stored cannot be used; the message says what and what to do.

    It never holds a cookie's value.
    """


def make_folder(folder: Path) -> None:
    """Make a folder and what is above it, for the owner only; NotUsable if others can read it."""
    missing = []
    at = folder
    while not at.exists():
        missing.append(at)
        at = at.parent
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):  # another process was quicker
            path.mkdir(mode=0o700)
    check_folder(folder)


def check_folder(folder: Path) -> None:
    """Refuse a folder that somebody else owns or can look into. Raises NotUsable."""
    status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotUsable(f"{folder} is not a folder; move it away.")
    _check_owner(folder, status)
    if status.st_mode & 0o077:
        raise NotUsable(f"Others can look into {folder}: run `chmod 700 {folder}`.")


def _check_owner(path: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid() and os.geteuid() != 0:
        raise NotUsable(f"{path} belongs to another user; use a data folder of your own.")


def tighten(path: Path) -> None:
    """Keep others from reading a file that an earlier version left open to them.

    Does nothing if it is not there. Raises NotUsable for what is no plain file, and OSError.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise NotUsable(f"{path} is not a plain file; remove it.")
    if status.st_mode & 0o077:
        path.chmod(0o600)


def read_json(path: Path) -> Any:
    """Return what a private file holds.

    Raises FileNotFoundError, and NotUsable for a file that others can read, that is not a
    plain file, or that holds no JSON.
    """
    try:
        # Neither a link to somewhere else nor a pipe that keeps one waiting.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise NotUsable(f"{path} cannot be read: {error.strerror}.") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotUsable(f"{path} is not a plain file; remove it.")
        _check_owner(path, status)
        if status.st_mode & 0o077:
            raise NotUsable(f"Others can read {path}: run `chmod 600 {path}`.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(_LARGEST + 1)
    finally:
        os.close(descriptor)
    value: Any = None
    damaged = len(data) > _LARGEST
    if not damaged:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            damaged = True
    if damaged:  # raised here: the decoder's own exception holds what stands in the file
        raise NotUsable(f"{path} is damaged: it holds no JSON.")
    return value


def write_json(path: Path, value: Any) -> None:
    """Write a private file as a whole; its folder must be locked by :func:`locked`.

    Its time of change is always later than that of the file it replaces, so
    :func:`stamp` tells them apart however quickly they follow on each other.
    """
    for left in path.parent.glob(f".*{TEMPORARY}"):
        left.unlink(missing_ok=True)
    with replacing(path, 0o600) as file:
        file.write((json.dumps(value, indent=1) + "\n").encode())
        file.flush()
        now = time.time_ns()
        with contextlib.suppress(FileNotFoundError):
            now = max(now, path.lstat().st_mtime_ns + 1)
        os.utime(file.fileno(), ns=(now, now))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, after making the folder; it ends with the process that holds it."""
    make_folder(folder)
    with file_lock(folder / _LOCK, patience=float("inf")):
        yield


def stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what differs after each write of a file (one stat call); None if there is none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
