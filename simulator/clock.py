"""The world's clock: it starts when it is told to, and runs, races or stands."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the world's time: ``rate`` of its seconds pass in one of ours; at 0 it stands."""

    def __init__(self, start: datetime, rate: float = 1.0) -> None:
        self.rate = rate
        self.set(start)

    def set(self, moment: datetime) -> None:
        """Set the clock."""
        self._start = moment.astimezone(UTC)
        self._since = time.monotonic()

    def now(self) -> datetime:
        """Return the world's time, to the second."""
        passed = timedelta(seconds=(time.monotonic() - self._since) * self.rate)
        return (self._start + passed).replace(microsecond=0)
