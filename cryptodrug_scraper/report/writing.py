"""Where a report may be written, and how: the file is there whole, or as it was before."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotWritable(ValueError):
    """A path at which no file can be written; the message says why."""


def marked_name(path: Path) -> Path:
    """Return what a file is called that rests on invented pages: its name says so."""
    if "invented" in path.stem:
        return path
    return path.with_name(f"{path.stem}-invented{path.suffix}")


def place_for(path: Path) -> Path:
    """Return the plain file, there or not yet, that a path leads to; links are followed.

    Raises :class:`NotWritable` for what is there and is no plain file: to put a file in the place
    of a device or a pipe would break what others use it for.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        found = None
    except OSError as error:
        raise NotWritable(f"{path} cannot be written: {error.strerror}.") from None
    if found is not None and not stat.S_ISREG(found.st_mode):
        kind = next((words for is_it, words in _KINDS if is_it(found.st_mode)), "something else")
        raise NotWritable(f"{path} is {kind}, not a file that can be written anew.")
    file = path.resolve()
    folder = file.parent
    if not folder.is_dir():
        raise NotWritable(f"{path}: there is no folder {folder} to write it in.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise NotWritable(f"{path}: the folder {folder} cannot be written in.")
    if found is not None and not os.access(file, os.W_OK):
        raise NotWritable(f"{path} is write-protected.")
    return file


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place and move it there. Raises :class:`NotWritable`, OSError."""
    file = place_for(path)
    descriptor, name = tempfile.mkstemp(prefix=".cryptodrug-", suffix=".part", dir=file.parent)
    half = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        half.chmod(_mode(file))
        half.replace(file)
    finally:
        half.unlink(missing_ok=True)


def _mode(file: Path) -> int:
    """Return the permissions that a file has, or that a new one gets."""
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
