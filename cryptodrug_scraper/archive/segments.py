"""Records of WARC files that were split into segments, which may lie in one file or in several.

The first is of its own type and has the number 1; the others are ``continuation`` records that
name the first, and the last states the length of all. They are held until all are there, within a
bound, in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fastwarc.warc import HeaderMap, WarcRecordType

from .page import Limits, ReadIssue
from .revisits import RecordOffset
from .stamp import CrawlStamp
from .unpack import Bad

_MOST = 10_000  # records, and segments of one
_REFUSED = 100_000


class First(NamedTuple):
    """What is known of a record by its first segment."""

    place: RecordOffset
    kind: WarcRecordType
    headers: HeaderMap
    crawl: CrawlStamp | None


class Segment(NamedTuple):
    """A segment: where it lies, which it is, its bytes, and the length of all (the last's)."""

    location: str
    number: int
    block: bytes
    total: int | None = None


class _Split:
    """A record of which segments were met."""

    def __init__(self) -> None:
        self.first: First | None = None
        self.segments: dict[int, Segment] = {}
        self.size = 0
        self._last = 0

    def add(self, segment: Segment) -> None:
        """Take a segment; of two with the same number the first."""
        if segment.number not in self.segments:
            self.segments[segment.number] = segment
            self.size += len(segment.block)
            if segment.total is not None:
                self._last = segment.number

    @property
    def location(self) -> str:
        """Where the first of those that were met lies."""
        return self.segments[min(self.segments)].location

    @property
    def is_complete(self) -> bool:
        """Whether all are there."""
        return 0 < self._last <= len(self.segments) and self.missing() > self._last

    def missing(self) -> int:
        """Return the number of the first segment that was not met."""
        number = 1
        while number in self.segments:
            number += 1
        return number

    def block(self) -> bytes:
        """Join all. Raises Bad if they are not as long as they state."""
        segments = [self.segments[number] for number in range(1, self._last + 1)]
        block, total = b"".join(one.block for one in segments), segments[-1].total
        if len(block) != total:
            reason = f"its segments have {len(block):,} bytes, and {total:,} are stated"
            raise Bad("broken_record", reason)
        return block


class Segments:
    """The records that wait for their segments."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: dict[str, _Split] = {}
        self._held = 0  # bytes
        self._refused: dict[str, None] = {}  # in order of arrival

    def add(
        self, identity: str, segment: Segment, first: First | None
    ) -> tuple[First, bytes] | ReadIssue | None:
        """Take a segment of the record of this identity; return the record when all are there.

        ``first`` is given with the first. None: more are to come, or it was refused before.
        """
        if identity in self._refused:
            return None
        split = self._waiting.setdefault(identity, _Split())
        before = split.size
        split.add(segment)
        self._held += split.size - before
        if segment.number == 1:
            split.first = first
        if split.size > self._limits.block_bytes or len(split.segments) > _MOST:
            self.refuse(identity)
            reason = f"its segments have more bytes than the {self._limits.page_bytes:,} that a"
            return ReadIssue(split.location, f"{reason} page may have; skipped", "too_large")
        if split.first is None or not split.is_complete:
            return self._make_room()
        self.refuse(identity)
        try:
            return split.first, split.block()
        except Bad as bad:
            return ReadIssue(split.location, f"{bad.reason}; skipped", bad.code)

    def refuse(self, identity: str) -> None:
        """Take no more segments of a record: it is no page, or was named, or all are there."""
        split = self._waiting.pop(identity, None)
        if split is not None:
            self._held -= split.size
        self._refused[identity] = None
        if len(self._refused) > _REFUSED:
            del self._refused[next(iter(self._refused))]

    def rest(self) -> Iterator[ReadIssue]:
        """Name the records whose segments were not all met."""
        waiting, self._waiting, self._held = self._waiting, {}, 0
        yield from map(_incomplete, waiting.values())

    def _make_room(self) -> ReadIssue | None:
        """Give up the record that waits longest, if more are held than may."""
        if self._held <= 2 * self._limits.block_bytes and len(self._waiting) <= _MOST:
            return None
        identity = next(iter(self._waiting))
        split = self._waiting[identity]
        self.refuse(identity)
        return _incomplete(split)


def _incomplete(split: _Split) -> ReadIssue:
    reason = (
        f"the record is split into segments, and number {split.missing()} is not in what is read; "
        "skipped"
    )
    return ReadIssue(split.location, reason, "no_segment")
