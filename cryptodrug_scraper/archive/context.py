"""What the readers of one run share: limits, options, counters, progress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Protocol

from .columns import ANY, Columns
from .kinds import Form
from .names import LOST_ORIGINAL, ORIGINAL, what_it_is
from .page import Limits, Page, ReadIssue
from .revisits import Revisits
from .segments import Segments
from .source import Source
from .stamp import CrawlEnd, CrawlStamp
from .when import StatedMoment, given

_STEP = 128 << 10
_MOST_CRAWLS = 10_000


PassedOver = Callable[[str, str], None]
"""Is called with the location and the sort of what was passed over."""


class ReadSource(Protocol):
    """Reads a source, whatever it is (see :func:`~.formats.read_source`)."""

    def __call__(
        self, source: Source, context: ReadContext, form: Form | None = None
    ) -> Iterator[Page | ReadIssue]:
        """Yield what is in it."""


class ReadContext:
    """Options and counters of one :class:`~.reader.ArchiveReader`."""

    def __init__(
        self,
        limits: Limits,
        captured_at: datetime | date | None,
        on_read: Callable[[int], None] | None,
        on_passed_over: PassedOver | None,
        read: ReadSource,
        columns: Columns = ANY,
    ) -> None:
        self.limits = limits
        self.columns = columns
        self.option = None if captured_at is None else given(captured_at)
        self.wanted = ""
        """The location of the one page that is looked for; empty: all are."""
        self.passed_over: Counter[str] = Counter()
        self.revisits = Revisits(limits)
        self.segments = Segments(limits)
        self.crawls: dict[str, tuple[CrawlStamp, CrawlEnd | None]] = {}
        self._read = read
        self._pass_over = on_passed_over
        self._report = on_read
        self._size = 0
        self._reported = 0

    def read(self, source: Source, form: Form | None = None) -> Iterator[Page | ReadIssue]:
        """Yield the pages of a member of an archive, whatever it is; the caller closes its file.

        ``form`` is what it is, where the caller knows.
        """
        return self._read(source, self, form)

    def skips(self, location: str) -> bool:
        """Tell whether one page is looked for and what lies here does not lead to it."""
        wanted = self.wanted
        if not wanted or wanted == location:
            return False
        return not wanted.startswith((location + "#", location + "!/"))

    def pass_over(self, location: str, sort: str) -> None:
        """Count something that is no page, and was not expected to be: ``images``, ``.pdf``."""
        self.passed_over[sort] += 1
        if self._pass_over is not None:
            self._pass_over(location, sort)

    def no_page(self, location: str, name: str) -> list[ReadIssue]:
        """Pass over what is no page; name it if it was kept as a page as it came."""
        if name.endswith(ORIGINAL):
            return [ReadIssue(location, LOST_ORIGINAL, "not_html")]
        self.pass_over(location, what_it_is(name))
        return []

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
        self._reported = 0

    def at(self, source: Source, position: int) -> None:
        """Say how far a source is read (inside archives, that of the outermost counts)."""
        if (
            self._report is not None
            and source.path is not None
            and position - self._reported >= _STEP
        ):
            position = min(position, self._size)
            if position > self._reported:
                self._report(position - self._reported)
                self._reported = position

    def end(self) -> None:
        """Say that the current file is done with."""
        if self._report is not None and self._size > self._reported:
            self._report(self._size - self._reported)
        self._reported = self._size

    def when(
        self,
        surest: StatedMoment | None,
        source: str,
        in_path: StatedMoment | None,
    ) -> tuple[datetime | None, str | None, str | None]:
        """Choose a capture time: the archive's own, then the path's, then the option's."""
        if surest is not None:
            return surest.at, surest.precision, source
        if in_path is not None:
            return in_path.at, in_path.precision, "path"
        if self.option is not None:
            return self.option.at, self.option.precision, "option"
        return None, None, None
