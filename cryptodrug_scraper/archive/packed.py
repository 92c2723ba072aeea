"""A file that is compressed as a whole, and is not read as it is: it is unpacked first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from .context import ReadContext
from .kinds import packing_of
from .names import PACKED_SUFFIXES
from .page import Page, ReadIssue
from .source import Budget, Source, spooled
from .unpack import CHUNK, ERRORS, Bad, Inflater, Stream

_GZIP = b"\x1f\x8b\x08"


def read_packed(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Unpack a file and yield the pages of what is in it (``pages.jsonl.gz``, ``a.zip.xz``)."""
    try:
        file, size, problem = _unpacked(source, source.budget)
    except Bad as bad:
        yield ReadIssue(source.location, f"{bad.reason}; skipped", bad.code)
        return
    with file:
        name = inner_name(source.name)

        def reopen() -> BinaryIO:
            return _unpacked(source, Budget(source.budget.bound))[0]

        inner = Source(
            file,
            name,
            f"{source.location}!/{name}",
            size,
            source.in_path,
            source.budget,
            reopen,
            source.depth + bool(packing_of(file.read(8))),  # some unpack to themselves
            source.named,
            beside=source.beside,
        )
        yield from context.read(inner)
    if problem is not None:
        yield ReadIssue(source.location, f"{problem[1]}; what could be was read", problem[0])


def inner_name(name: str) -> str:
    """Return the name that a compressed file had before it was compressed."""
    stem, _, suffix = name.rpartition(".")
    return stem if stem and f".{suffix.lower()}" in PACKED_SUFFIXES else name


class _Pieces:
    """What is packed in a file; of gzip, also what stands behind a damaged member."""

    def __init__(self, file: BinaryIO, packing: str, size: int) -> None:
        self._file = file
        self._packing = packing
        self._size = size
        self._stream = Stream(file, packing, size)
        self.problem: tuple[str, str] | None = None

    def read(self, most: int) -> bytes:
        """Read on; nothing at the end."""
        while not (data := self._stream.read(most)) and self._stream.problem is not None:
            self.problem = self.problem or self._stream.problem
            at = self._next(self._stream.member + 1) if self._packing == "gz" else None
            if at is None:
                break
            self._file.seek(at)
            self._stream = Stream(self._file, self._packing, self._size)
        return data

    def _next(self, at: int) -> int | None:
        """Return where the next gzip member that can be unpacked begins."""
        while True:
            self._file.seek(at)
            part = self._file.read(CHUNK)
            found = part.find(_GZIP)
            while found >= 0:
                self._file.seek(at + found)
                try:
                    if Inflater().decompress(self._file.read(4096), 512):
                        return at + found
                except ERRORS:
                    pass
                found = part.find(_GZIP, found + 1)
            if len(part) < CHUNK:
                return None
            at += len(part) - len(_GZIP) + 1


def _unpacked(source: Source, budget: Budget) -> tuple[BinaryIO, int, tuple[str, str] | None]:
    with source.reopen() as file:
        pieces = _Pieces(file, source.form.packing, source.size)
        held, size = spooled(pieces.read, budget)
        return held, size, pieces.problem
