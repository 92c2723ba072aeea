"""A file that is compressed as a whole, and holds neither a page nor what is read packed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from .context import Context
from .names import PACKED_SUFFIXES
from .page import Page, Trouble
from .source import Budget, Source, spooled
from .unpack import Bad, Stream


def read_packed(source: Source, context: Context) -> Iterator[Page | Trouble]:
    """Unpack a file and yield the pages of what is in it (``pages.jsonl.gz``, ``a.zip.xz``)."""
    try:
        file, size, problem = _unpacked(source, source.budget)
    except Bad as bad:
        yield Trouble(source.location, f"{bad.reason}; skipped", bad.code)
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
            source.depth + 1,
            source.named,
        )
        yield from context.read(inner)
    if problem is not None:
        yield Trouble(source.location, f"{problem[1]}; what was before that was read", problem[0])


def inner_name(name: str) -> str:
    """Return the name that a compressed file had before it was compressed."""
    stem, _, suffix = name.rpartition(".")
    return stem if stem and f".{suffix.lower()}" in PACKED_SUFFIXES else name


def _unpacked(source: Source, budget: Budget) -> tuple[BinaryIO, int, tuple[str, str] | None]:
    file = source.reopen()
    with file:
        stream = Stream(file, source.form.packing, source.size)
        held, size = spooled(stream.read, budget)
        return held, size, stream.problem
