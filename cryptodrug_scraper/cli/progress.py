"""How a command shows that it goes on: one line on a terminal, a line now and then elsewhere.

`Bar` and `Lines` are of a replay, which knows how much there is to read; `Steps` and `StepLines`
of what goes on in steps of which nobody knows how long they take.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from cryptodrug_scraper.cli.console import errors
from cryptodrug_scraper.cli.terminal import say

_EVERY = 10.0  # seconds between plain lines
_WINDOW = 15.0  # seconds that the rate is taken over


class Pace:
    """Pages a second over the last seconds, and the time left by the bytes read so far."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.total = total
        self.bytes = 0
        self.pages = 0
        self._started = clock()
        self._marks: deque[tuple[float, int]] = deque([(self._started, 0)])

    def done(self, pages: int) -> None:
        """Note that pages were dealt with."""
        self.pages += pages
        now = self.clock()
        self._marks.append((now, self.pages))
        while len(self._marks) > 2 and now - self._marks[0][0] > _WINDOW:
            self._marks.popleft()

    @property
    def rate(self) -> float:
        """Pages a second."""
        since, before = self._marks[0]
        passed = self.clock() - since
        return (self.pages - before) / passed if passed > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds until all is read, None while nothing can be said."""
        passed = self.clock() - self._started
        if not 0 < self.bytes <= self.total or passed < 1:
            return None
        return passed * (self.total - self.bytes) / self.bytes

    def words(self) -> str:
        """Return the pace in words: ``12,300 pages, 410 pages/s, 2 min 10 s left``."""
        said = f"{self.pages:,} pages, {self.rate:,.0f} pages/s"
        return said if self.left is None else f"{said}, {span(self.left)} left"


def span(seconds: float) -> str:
    """Return a length of time in words."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class Bar:
    """A progress bar on standard error: first the archives by bytes, then the reviews."""

    def __init__(self, total: int) -> None:
        self.pace = Pace(total)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[size]}"),
            TextColumn("{task.fields[words]}"),
            console=errors(),
            transient=True,
            refresh_per_second=5,
        )
        self._sizes = DownloadColumn(binary_units=False)
        self._reading = self._bar.add_task("Reading", total=total or None, size="", words="")
        self._reviews = self._bar.add_task(
            "Working out reviews", total=None, visible=False, size="", words=""
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def read(self, size: int) -> None:
        """Move the bar by bytes of the archives."""
        self.pace.bytes += size
        self._bar.update(
            self._reading,
            advance=size,
            size=self._sizes.render(self._bar.tasks[0]).plain,
            words=self.pace.words(),
        )

    def done(self, pages: int) -> None:
        """Count pages."""
        self.pace.done(pages)
        self._bar.update(self._reading, words=self.pace.words())

    def reviews(self, groups: int, total: int) -> None:
        """Move the second bar."""
        self._bar.update(self._reviews, visible=True, total=total, advance=groups)


class Lines:
    """A line on standard error every ten seconds, for logs."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.pace = Pace(total, clock)
        self._said = clock()
        self._groups = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is to be taken down."""

    def read(self, size: int) -> None:
        """Count bytes."""
        self.pace.bytes += size
        self._perhaps()

    def done(self, pages: int) -> None:
        """Count pages."""
        self.pace.done(pages)
        self._perhaps()

    def reviews(self, groups: int, total: int) -> None:
        """Count groups of reviews."""
        self._groups += groups
        if self._due():
            say(f"replay: working out reviews, {self._groups:,} of {total:,} groups")

    def _perhaps(self) -> None:
        if self._due():
            share = self.pace.bytes / self.pace.total if self.pace.total else 1.0
            say(f"replay: {share:.0%} read, {self.pace.words()}")

    def _due(self) -> bool:
        now = self.pace.clock()
        if now - self._said < _EVERY:
            return False
        self._said = now
        return True


class Steps:
    """One line on the terminal that says which step is at work."""

    def __init__(self, words: str) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=errors(),
            transient=True,
        )
        self._task = self._bar.add_task(words, total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, words: str) -> None:
        """Begin a step."""
        self._bar.update(self._task, description=words)


class StepLines:
    """A line on standard error for the step that begins, ten seconds after the last one."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._clock = name, clock
        self._said = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is to be taken down."""

    def step(self, words: str) -> None:
        """Begin a step."""
        now = self._clock()
        if now - self._said >= _EVERY:
            self._said = now
            say(f"{self._name}: {words[:1].lower()}{words[1:]}")
