"""How a crawl goes about it: politeness, patience, limits, and what it works with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)", re.I)
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG]?)B?", re.I)


@dataclass(slots=True, frozen=True)
class QuietHours:
    """Hours of the day, in local time, in which nothing is asked; may go over midnight."""

    begin: time
    end: time

    def contains(self, moment: datetime) -> bool:
        """Say whether a moment is one of them."""
        at = moment.time()
        if self.begin <= self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


@dataclass(slots=True, frozen=True)
class CrawlOptions:
    """What does not change which pages a crawl wants.

    Times are in seconds, sizes in bytes. ``dsn`` is a libpq connection string; without it the
    crawl archives only. ``direct`` asks a market on this machine without Tor, which is a
    simulator, and ``invented`` is set for one that is an onion service: what they serve is marked.
    ``new`` begins anew, though an unfinished crawl with the same plan could go on.
    """

    folder: Path
    socks: str = "127.0.0.1:9050"
    dsn: str | None = field(default=None, repr=False)
    direct: bool = False
    invented: bool = False
    each: int = 2
    delay: float = 3.0
    throttle: bool = True
    timeout: float = 120.0
    retries: int = 10
    backoff: float = 5.0
    missing: int = 4
    page_bytes: int = 8 << 20
    rest: float = 5.0
    wait: float = 1800.0
    pages: int | None = None
    seconds: float | None = None
    quiet: QuietHours | None = None
    rotate_bytes: int = 1 << 30
    operator: str | None = None
    new: bool = False

    def as_record(self) -> dict[str, object]:
        """Return what may stand in the record of the run: no addresses, no credentials."""
        return {
            "direct": self.direct,
            "each": self.each,
            "delay": self.delay,
            "throttle": self.throttle,
            "timeout": self.timeout,
            "retries": self.retries,
            "page_bytes": self.page_bytes,
            "wait": self.wait,
            "pages": self.pages,
            "seconds": self.seconds,
            "quiet_hours": str(self.quiet) if self.quiet else None,
            "loading": self.dsn is not None,
        }


def read_span(text: str) -> float:
    """Read a length of time (``90s``, ``30m``, ``2h``, ``7d``). Raises ValueError."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a length of time such as 90s, 30m, 2h or 7d")
    return float(found[1]) * _UNITS[found[2].lower()]


def read_size(text: str) -> int:
    """Read a size (``500K``, ``1G``). Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a size such as 500K, 8M or 1G")
    return int(float(found[1]) * 1024 ** " KMG".index(found[2].upper() or " "))


def read_since(text: str, now: datetime | None = None) -> datetime:
    """Read a date, a moment, or how long ago (``2d``). Raises ValueError."""
    now = now or datetime.now(UTC)
    try:
        return now - timedelta(seconds=read_span(text))
    except ValueError:
        pass
    try:
        if len(text) <= 10:
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither a date such as 2018-11-19 nor how long ago, such as 2d"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_quiet(text: str) -> QuietHours:
    """Read ``22:00-06:30``. Raises ValueError."""
    begin, dash, end = text.partition("-")
    try:
        if not dash:
            raise ValueError
        return QuietHours(time.fromisoformat(begin.strip()), time.fromisoformat(end.strip()))
    except ValueError:
        raise ValueError(f"{text!r} are not hours such as 22:00-06:30") from None
