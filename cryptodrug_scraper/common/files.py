"""Files that are there complete, or as they were before."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

TEMPORARY = ".tmp"
"""How the file ends that a writer which was killed leaves behind."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotWritable(ValueError):
    """A path at which no file can be written; the message says why."""


def writable_file(path: Path) -> Path:
    """Return the plain file, there or not yet, that a path leads to; links are followed.

    Raises :class:`NotWritable` for what is there and is no plain file: to put a file in the place
    of a device or a pipe would break what others use it for.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        status = None
    except OSError as error:
        raise NotWritable(f"{path} cannot be written: {error.strerror}.") from None
    if status is not None and not stat.S_ISREG(status.st_mode):
        kind = next((words for is_it, words in _KINDS if is_it(status.st_mode)), "something else")
        raise NotWritable(f"{path} is {kind}, not a file that can be written anew.")
    file = path.resolve()
    folder = file.parent
    if not folder.is_dir():
        raise NotWritable(f"{path}: there is no folder {folder} to write it in.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise NotWritable(f"{path}: the folder {folder} cannot be written in.")
    if status is not None and not os.access(file, os.W_OK):
        raise NotWritable(f"{path} is write-protected.")
    return file


@contextmanager
def replacing(path: Path, mode: int | None = None) -> Iterator[BinaryIO]:
    """Give a file to write; it takes the place of ``path`` where the block ends without an error.

    It lies beside its place, and nobody but its owner can read it until it has ``mode``: without
    one, the permissions of the file that it replaces, or those of a new file. A link is replaced,
    not followed (see :func:`writable_file`). Raises OSError.
    """
    descriptor, name = tempfile.mkstemp(TEMPORARY, f".{path.name}.", path.absolute().parent)
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, _mode(path) if mode is None else mode)
            yield file
            file.flush()
            os.fsync(descriptor)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_atomically(path: Path, content: bytes | str, mode: int | None = None) -> None:
    """Write a file as :func:`replacing` does; a text in UTF-8, with what it lacks escaped."""
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    with replacing(path, mode) as file:
        file.write(data)


def default_mode(mode: int) -> int:
    """Return the permissions that something new gets, of those asked for, by the umask."""
    umask = os.umask(0)
    os.umask(umask)
    return mode & ~umask


def _mode(file: Path) -> int:
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except FileNotFoundError:
        return default_mode(0o666)
