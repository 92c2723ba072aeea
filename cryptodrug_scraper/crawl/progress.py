"""What a crawl shows of itself: lines that stay in place on a terminal, or a line at times."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from cryptodrug_scraper.common.terminal import safe, say

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from cryptodrug_scraper.crawl.crawl_run import CrawlRun

_LINE_EVERY = 10.0
_RATE_OVER = 60.0


class PageRate:
    """How many pages were captured, and how fast they come."""

    def __init__(self) -> None:
        self.pages = 0
        self._at: deque[float] = deque(maxlen=10_000)

    def add(self) -> None:
        """Note one more."""
        self.pages += 1
        self._at.append(time.monotonic())

    @property
    def now(self) -> float:
        """Pages a second over the last minute."""
        now = time.monotonic()
        recent = [at for at in self._at if now - at < _RATE_OVER]
        passed = min(now - recent[0], _RATE_OVER) if recent else 0.0
        return len(recent) / passed if passed > 1 else float(len(recent))


@dataclass(slots=True, frozen=True)
class Shown:
    """How a crawl stands at a moment."""

    market: str
    pages: int
    queued: int
    rate: float
    requests_made: int
    put_back: int
    gone: int
    failed: int
    loaded: int | None
    lagging: bool
    mirror: str
    state: str
    identities: tuple[tuple[str, str, str, int], ...]  # name, state, words, requests

    def line(self) -> str:
        """Return it in one line."""
        who = ", ".join(f"{name} {state}" for name, state, _, _ in self.identities) or "none"
        line = (
            f"{self.market}: {self.pages:,} pages, {self.queued:,} queued, {self.rate:.1f}/s, "
            f"{self.put_back:,} put back, {self.failed:,} given up; identities: {who}"
        )
        return f"{line}; {self.state}" if self.state else line


class View(Protocol):
    """Shows a crawl to somebody."""

    def update(self, shown: Shown) -> None:
        """Show how it stands."""

    def say(self, words: str) -> None:
        """Say something that must be read."""


class Silent:
    """Shows nothing but what must be read."""

    def update(self, shown: Shown) -> None:
        """Do nothing."""

    def say(self, words: str) -> None:
        """Say it."""
        say(words)


class Lines:
    """A line on standard error every ten seconds, for logs."""

    def __init__(self) -> None:
        self._shown_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is to be taken down."""

    def update(self, shown: Shown) -> None:
        """Say it, now and then."""
        now = time.monotonic()
        if now - self._shown_at >= _LINE_EVERY:
            self._shown_at = now
            say(f"crawl {shown.line()}")

    def say(self, words: str) -> None:
        """Say it."""
        say(words)


class Panel:
    """Lines that stay in place at the foot of a terminal."""

    def __init__(self) -> None:
        from rich.live import Live

        from cryptodrug_scraper.common.console import errors

        self._live: Live = Live(console=errors(), refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def update(self, shown: Shown) -> None:
        """Draw it anew."""
        self._live.update(_drawn(shown))

    def say(self, words: str) -> None:
        """Say it above."""
        from rich.text import Text

        self._live.console.print(Text(safe(words, lines=True)))


def _drawn(shown: Shown) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    head = Text.assemble(
        (shown.market, "bold"),
        f"  {shown.pages:,} pages  {shown.queued:,} queued  {shown.rate:.1f} pages/s",
    )
    table.add_row(head)
    rest = f"{shown.requests_made:,} requests, {shown.put_back:,} put back, {shown.gone:,} gone"
    rest += f", {shown.failed:,} given up"
    if shown.loaded is not None:
        rest += f", {shown.loaded:,} loaded"
        if shown.lagging:
            rest += " (behind: the archive is read at the end)"
    table.add_row(Text(rest, style="dim"))
    table.add_row(Text(f"via {shown.mirror}", style="dim"))
    colours = {"live": "green", "resting": "yellow", "walled": "red", "ended": "red"}
    for name, state, words, requests in shown.identities:
        text = f"  {requests:,} requests{f'  {safe(words)}' if words else ''}"
        table.add_row(Text.assemble(f"{name}  ", (state, colours.get(state, "")), text))
    if shown.state:
        table.add_row(Text(safe(shown.state), style="bold yellow"))
    return table


def show(crawl: CrawlRun, waits: float | None) -> Shown:
    """Return how a crawl stands. ``waits``: seconds that it still waits for fresh cookies."""
    stats = crawl.crawler.stats.get_stats()
    counts = crawl.frontier.counts()
    loader = crawl.loader
    return Shown(
        market=crawl.market,
        pages=crawl.rate.pages,
        queued=counts["waiting"],
        rate=crawl.rate.now,
        requests_made=int(stats.get("cryptodrug/requests", 0)),
        put_back=sum(n for key, n in stats.items() if key.startswith("cryptodrug/put_back/")),
        gone=counts["gone"],
        failed=counts["failed"],
        loaded=None if loader is None else loader.counts.pages.total(),
        lagging=loader is not None and loader.lagging,
        mirror=crawl.mirrors.current(),
        state=_state(crawl, waits),
        identities=tuple(
            (m.name, m.state, _words(crawl, m.until, m.state, m.identity.why), m.requests)
            for m in crawl.pool.sessions.values()
        ),
    )


def _state(crawl: CrawlRun, waits: float | None) -> str:
    if crawl.stopping:
        return f"stopping: {crawl.stop_words}"
    if waits is not None:
        return f"waiting for fresh cookies, {max(waits, 0) / 60:.0f} min more"
    if crawl.quiet:
        return f"quiet hours ({crawl.options.quiet})"
    if crawl.tor.is_down:
        return f"Tor does not answer at {crawl.options.socks}"
    return ""


def _words(crawl: CrawlRun, until: float, state: str, why: str) -> str:
    left = until - crawl.pool.clock()
    if state in ("resting", "walled") and left > 0:
        return f"{why}, {left:.0f} s more"
    return why
