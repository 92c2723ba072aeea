"""What the readers of one run share: limits, options, counters, progress."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from .page import Limits, Page, Trouble
from .sidecar import Sidecar, read_sidecar
from .sniff import looks_like_html, problem_of
from .stamp import CrawlEnd, CrawlStamp
from .unpack import Bad, unpack
from .when import Moment, given

_STEP = 128 << 10
_MOST_CRAWLS = 10_000


class Lookup(Protocol):
    """Finds the sidecar of a page: its bytes and location, or what is wrong with it, or None."""

    def __call__(self) -> tuple[bytes, str] | Trouble | None:
        """Look it up."""


class Payloads:
    """Where payloads lie, by digest, so that a revisit record finds the bytes it refers to.

    Bounded: of two generations the older is dropped when the younger is full.
    """

    def __init__(self, held: int) -> None:
        self._half = max(1, held // 2)
        self._young: dict[int, tuple[Path, int]] = {}
        self._old: dict[int, tuple[Path, int]] = {}

    def add(self, digest: str, path: Path, offset: int) -> None:
        """Remember where a payload lies (an offset below zero: seen, and no page).

        Of several places the last is kept, which is the one that a crawler's revisits mean.
        """
        key = hash(digest)
        if key not in self._young and len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = (path, offset)

    def find(self, digest: str) -> tuple[Path, int] | None:
        """Return the file and offset of the record that holds a payload."""
        place = self._young.get(hash(digest)) or self._old.get(hash(digest))
        if place is not None:
            self.add(digest, *place)
        return place


class Context:
    """Options and counters of one :class:`~.reader.ArchiveReader`."""

    def __init__(
        self,
        limits: Limits,
        captured_at: datetime | date | None,
        on_progress: Callable[[int], None] | None,
    ) -> None:
        self.limits = limits
        self.option = None if captured_at is None else given(captured_at)
        self.passed_over = 0
        self.payloads = Payloads(limits.digests_held)
        self.crawls: dict[str, tuple[CrawlStamp, CrawlEnd | None]] = {}
        self._report = on_progress
        self._size = 0
        self._told = 0

    def began(self, stamp: CrawlStamp) -> CrawlStamp | str:
        """Take note of a crawl run; return its stamp, or why this one cannot be used."""
        known = self.crawls.get(stamp.run)
        if known is not None:
            return known[0] if known[0] == stamp else "the run was met before with another stamp"
        if len(self.crawls) >= _MOST_CRAWLS:
            return f"more than {_MOST_CRAWLS:,} runs"
        self.crawls[stamp.run] = (stamp, None)
        return stamp

    def ended(self, end: CrawlEnd) -> str:
        """Take note of the end of a run, of several the latest; return why not, if not."""
        known = self.crawls.get(end.run)
        if known is None:
            return "the run it ends was not met"
        if known[1] is None or known[1].ended_at < end.ended_at:
            self.crawls[end.run] = (known[0], end)
        return ""

    def begin(self, size: int) -> None:
        """Start on a file of ``size`` bytes on disk."""
        self._size = size
        self._told = 0

    def at(self, position: int) -> None:
        """Say how far the current file is read."""
        if self._report is not None and position - self._told >= _STEP:
            position = min(position, self._size)
            if position > self._told:
                self._report(position - self._told)
                self._told = position

    def end(self) -> None:
        """Say that the current file is done with."""
        if self._report is not None and self._size > self._told:
            self._report(self._size - self._told)
        self._told = self._size

    def when(
        self,
        surest: Moment | None,
        source: str,
        in_path: Moment | None,
    ) -> tuple[datetime | None, str | None, str | None]:
        """Choose a capture time: the archive's own, then the path's, then the option's."""
        if surest is not None:
            return surest.at, surest.precision, source
        if in_path is not None:
            return in_path.at, in_path.precision, "path"
        if self.option is not None:
            return self.option.at, self.option.precision, "option"
        return None, None, None

    def saved_page(
        self,
        data: bytes,
        packing: str,
        certain: bool,
        location: str,
        in_path: Moment | None,
        sidecar: Lookup,
    ) -> list[Page | Trouble]:
        """Make a page of a saved file: a Trouble if it is none, nothing if it is passed over.

        ``certain`` is whether the name says that it is a page; otherwise the content decides.
        """
        if packing:
            try:
                data = unpack(data, packing, self.limits)
            except Bad as bad:
                return [Trouble(location, f"{bad.reason}; skipped", bad.code)]
        if certain:
            problem = problem_of(data)
            if problem is not None:
                return [Trouble(location, f"{problem[1]}; skipped", problem[0])]
        elif not looks_like_html(data):
            self.passed_over += 1
            return []
        out: list[Page | Trouble] = []
        beside = Sidecar()
        found = sidecar()
        if isinstance(found, Trouble):
            out.append(found)
        elif found is not None:
            read = read_sidecar(found[0])
            if isinstance(read, Sidecar):
                beside = read
            else:
                out.append(Trouble(found[1], f"{read}; its page is read without it", "bad_sidecar"))
        at, precision, source = self.when(beside.moment, "sidecar", in_path)
        out.append(
            Page(data, beside.url, at, precision, source, beside.status, None, None, location)
        )
        return out
