"""What to say of a disk that does not take what a crawl writes."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def cannot_write(error: OSError | sqlite3.Error, path: Path) -> str:
    """Say in one sentence what cannot be written, why, and what to do; ``path`` where it is open.

    An error that names a file itself is of that file.
    """
    if isinstance(error, OSError):
        path = Path(error.filename or path)
        full, why = error.errno in _FULL, error.strerror or str(error)
    else:
        full, why = "full" in str(error), str(error)
    if full:
        return f"the disk is full: {path} cannot be written ({why}). Make room on it"
    return f"{path} cannot be written: {why}. See to it that it can"


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Make of errors of SQLite an OSError that names the file, and says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        if "full" in str(error):
            raise OSError(errno.ENOSPC, str(error), str(path)) from error
        words = (
            f"cannot be written ({error}). See to it that it can, then run the same command again"
        )
        raise OSError(errno.EIO, words, str(path)) from error
