"""What is read, wherever it lies: a file on disk, or a member of an archive (of an archive)."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, cast

from .kinds import OTHER, Form
from .page import Limits, ReadIssue
from .unpack import Bad
from .when import StatedMoment

DEEPEST = 2
"""Archives inside archives are opened so deep: an archive in an archive in an archive."""

IN_MEMORY = 8 << 20
"""Of an unpacked archive, so much is held in memory; beyond that it lies in a temporary file."""

_COPIED = 256 << 10
_LASTING = "/var/tmp"  # where /tmp is memory, this is not

Sibling = Callable[[str, int], tuple[bytes, str] | ReadIssue | None]
"""Reads a file of the same folder, by its name, of at most so many bytes: its bytes and location,
what is wrong with it, or None if there is none."""


def _no_sibling(name: str, limit: int) -> tuple[bytes, str] | ReadIssue | None:
    return None


class Budget:
    """How many bytes may yet be unpacked out of one file on disk, all that is nested in it counted.

    So an archive of archives is held to the same bound as an archive of pages.
    """

    __slots__ = ("bound", "left")

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self.left = bound

    def take(self, size: int) -> None:
        """Count ``size`` bytes that were unpacked. Raises Bad (``bomb``) beyond the bound."""
        self.left -= size
        if self.left < 0:
            raise Bad(
                "bomb",
                f"it unpacks to more than {self.bound:,} bytes, far beyond its size: "
                "the rest was not read",
            )


@dataclass(slots=True, eq=False)
class Source:
    """Something to read pages from.

    ``file`` is seekable and open; whoever made the source closes it. ``location`` is as in
    :class:`~.page.Page`: an absolute path, or ``outer!/member``. ``size`` is in bytes, as it lies
    there. ``in_path`` is the moment that its path or name states. ``depth`` is 0 on disk, 1 in an
    archive, 2 in an archive inside one. ``named`` is whether the user gave it by name, ``path``
    where it lies on disk (None inside archives), ``beside`` the names in its folder (None: not
    listed). ``form`` is what it is.

    ``times`` are capture times by address, for records that state none (of a WACZ's list of pages).

    ``reopen`` opens it once more, also when ``file`` was closed; it raises OSError or Bad.
    ``sibling`` reads a file that stands beside it.
    """

    file: BinaryIO
    name: str
    location: str
    size: int
    in_path: StatedMoment | None
    budget: Budget
    reopen: Callable[[], BinaryIO]
    depth: int = 0
    named: bool = False
    path: Path | None = None
    beside: frozenset[str] | None = None
    form: Form = OTHER
    times: Mapping[str, StatedMoment] = field(default_factory=dict)
    sibling: Sibling = field(default=_no_sibling)

    def head(self, size: int) -> bytes:
        """Return the first bytes; the position is at the start before and after."""
        self.file.seek(0)
        head = self.file.read(size)
        self.file.seek(0)
        return head


class Window(io.RawIOBase):
    """A part of a file as a file of its own, without copying it (what an archive only stores)."""

    def __init__(self, file: BinaryIO, start: int, size: int, *, owns: bool = False) -> None:
        super().__init__()
        self._file = file
        self._owns = owns
        self._start = start
        self._size = max(0, min(size, file.seek(0, os.SEEK_END) - start))  # a file may be cut off
        self._at = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be sought in."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to an offset within the part."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Return the offset within the part."""
        return self._at

    def close(self) -> None:
        """Close the part."""
        if self._owns and not self.closed:
            self._file.close()
        super().close()

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read on, to the end of the part at most."""
        size = min(len(buffer), self._size - self._at)
        if size <= 0:
            return 0
        self._file.seek(self._start + self._at)
        data = self._file.read(size)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def windowed(file: BinaryIO, start: int, size: int, *, owns: bool = False) -> BinaryIO:
    """Return a part of an open file as a file; the file must stay open as long.

    With ``owns``, the file is closed with it.
    """
    return io.BufferedReader(Window(file, start, size, owns=owns))


def spooled(read: Callable[[int], bytes], budget: Budget) -> tuple[BinaryIO, int]:
    """Unpack to memory, or to a temporary file that has no name; return it and its size.

    ``read`` returns up to so many bytes, none at the end. What ``read`` and ``budget`` raise goes
    on to the caller.
    """
    # TMPDIR, where the user set it, knows best; /tmp is memory on many systems.
    place = _LASTING if "TMPDIR" not in os.environ and Path(_LASTING).is_dir() else None
    held: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=place)  # noqa: SIM115
    size = 0
    try:
        while data := read(_COPIED):
            budget.take(len(data))
            held.write(data)
            size += len(data)
        held.seek(0)
    except BaseException:
        held.close()
        raise
    return cast(BinaryIO, held), size


def unpacking_budget(limits: Limits, size: int) -> Budget:
    """Return the budget of a file of ``size`` bytes on disk."""
    return Budget(limits.unpacked_in_all(size))
