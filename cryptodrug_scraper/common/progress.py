"""How work goes on: what it reports, and the one view of it for people.

Whatever takes long is given a function ``on_progress`` and calls it with a :class:`Progress`.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cryptodrug_scraper.common.terminal import safe, say

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_EVERY = 10.0  # seconds between plain lines
_WINDOW = 15.0  # seconds that the rate is taken over


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a task is.

    ``done`` counts what was dealt with so far, in ``unit``s (none: nothing is counted). ``share``
    is the part of the task that is done, from 0 to 1; None where nobody knows.
    """

    task: str
    done: int = 0
    unit: str = ""
    share: float | None = None


OnProgress = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """Do nothing: for work that nobody watches."""


class Pace:
    """The rate of a task over its last seconds, and the time left by the share that is done."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.begin()

    def begin(self) -> None:
        """Begin a task."""
        self._began = self.clock()
        self._marks: deque[tuple[float, int]] = deque([(self._began, 0)])
        self._share: float | None = None

    def update(self, progress: Progress) -> None:
        """Take note of how far the task is."""
        now = self.clock()
        self._share = progress.share
        self._marks.append((now, progress.done))
        while len(self._marks) > 2 and now - self._marks[0][0] > _WINDOW:
            self._marks.popleft()

    @property
    def rate(self) -> float:
        """Units a second."""
        since, first = self._marks[0]
        seconds = self.clock() - since
        return (self._marks[-1][1] - first) / seconds if seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds until the task is done, None while nothing can be said."""
        seconds = self.clock() - self._began
        if not self._share or self._share > 1 or seconds < 1:
            return None
        return seconds * (1 - self._share) / self._share

    def words(self, progress: Progress) -> str:
        """Return how far it is: ``12,300 pages, 410 pages/s, 2 min 10 s left``."""
        if not progress.unit:
            return ""
        words = f"{progress.done:,} {progress.unit}, {self.rate:,.0f} {progress.unit}/s"
        return words if self.left is None else f"{words}, {duration(self.left)} left"


def duration(seconds: float) -> str:
    """Return a length of time in words."""
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60} min {rounded % 60} s"
    return f"{rounded // 3600} h {rounded % 3600 // 60} min"


class ProgressView:
    """Shows on standard error how a command goes on; it is the command's ``on_progress``.

    On a terminal a bar, elsewhere (for logs) a line every so many seconds, ``quiet`` nothing.
    """

    def __init__(
        self,
        command: str,
        *,
        quiet: bool = False,
        every: float = _EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command, self._quiet, self._every, self._clock = command, quiet, every, clock
        self._pace = Pace(clock)
        self._task = ""
        self._line_at = clock()
        self._bar = None if quiet or not sys.stderr.isatty() else _bar()

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Show how far a task is."""
        if self._quiet:
            return
        if progress.task != self._task:
            self._task = progress.task
            self._pace.begin()
            if self._bar is not None:
                self._bar.reset(self._bar.task_ids[0])
        self._pace.update(progress)
        if self._bar is not None:
            self._bar.update(
                self._bar.task_ids[0],
                description=safe(progress.task),
                total=None if progress.share is None else 1.0,
                completed=progress.share or 0.0,
                words=self._pace.words(progress),
            )
        elif self._clock() - self._line_at >= self._every:
            self._line_at = self._clock()
            share = "" if progress.share is None else f"{progress.share:.0%}"
            task = progress.task[:1].lower() + progress.task[1:]
            parts = (task, share, self._pace.words(progress))
            say(f"{self._command}: {', '.join(part for part in parts if part)}")


def _bar() -> Bar:
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from cryptodrug_scraper.common.console import errors

    bar = Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
        console=errors(),
        transient=True,
        refresh_per_second=5,
    )
    bar.add_task("", total=None, words="")
    return bar
