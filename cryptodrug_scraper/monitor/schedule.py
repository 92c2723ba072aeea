"""When something is due: cron words on the clock of the wall, in a time zone.

Each time that a wall's clock shows comes once a day. Where the clock goes back, what is due in
the hour that comes twice is due the first time only; where it goes forward, what is due in the
hour that is left out is due when that hour would have begun.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

_MOMENT = timedelta(microseconds=1)
_DAY_NUMBER = re.compile(r"(?<![/\d])\d")


class WallClockTrigger(BaseTrigger):  # type: ignore[misc]  # the library has no types
    """Cron words for APScheduler, in a time zone, without its two faults at the clock's changes.

    Its own ``CronTrigger`` fires twice in the hour that comes twice. Here the times are
    worked out on a wall's clock, which knows no zones, and then brought to UTC.
    """

    def __init__(self, words: str, zone: ZoneInfo) -> None:
        """Read five cron words. Raises ValueError, which says what was wrong and what to write."""
        self.words, self.zone = words, zone
        parts = words.split()
        if len(parts) != 5:
            raise ValueError(
                f"{words!r} has {len(parts)} words; cron has five: minute, hour, day of the "
                'month, month, day of the week, such as "30 2 * * mon"'
            )
        if _DAY_NUMBER.search(parts[4]):
            raise ValueError(
                f"{parts[4]!r}: write days of the week by name (mon, tue-fri), since programs "
                "count them differently"
            )
        if parts[2] != "*" and parts[4] != "*":
            raise ValueError(
                f"{words!r} names days of the month and of the week; cron means either of them, "
                "others both: write two entries"
            )
        try:
            self._cron = CronTrigger.from_crontab(words, timezone=UTC)
        except ValueError as error:
            raise ValueError(f"{words!r} are no cron words: {error}") from None
        if self.get_next_fire_time(None, datetime.now(UTC)) is None:
            raise ValueError(f"{words!r} is never due: there is no such day")

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """Return when it is due next: after ``previous_fire_time``, or else from ``now`` on."""
        if previous_fire_time is not None:
            return self.after(previous_fire_time)
        return self.after(now - _MOMENT)

    def after(self, moment: datetime) -> datetime | None:
        """Return when it is due next after a moment, in UTC; None if never."""
        # From some hours before: around a change, the order on the wall is not that of time.
        wall = moment.astimezone(self.zone).replace(tzinfo=UTC) - timedelta(hours=3)
        while True:
            due: datetime | None = self._cron.get_next_fire_time(None, wall)
            if due is None:
                return None
            instant: datetime = due.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
            if instant > moment:
                return instant
            wall = due + _MOMENT


@dataclass(frozen=True)
class Due:
    """A job that is due at a moment (UTC)."""

    at: datetime
    job: str


def dues(trigger: WallClockTrigger, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield when something was due after a moment and until another (UTC, included)."""
    due = trigger.after(after)
    while due is not None and due <= until:
        yield due
        due = trigger.after(due)


def plan(triggers: dict[str, WallClockTrigger], start: datetime, days: int) -> list[Due]:
    """Return what is due in so many days from ``start`` on, in order."""
    until = start + timedelta(days=days)
    return sorted(
        (
            Due(at, job)
            for job, trigger in triggers.items()
            for at in dues(trigger, start - _MOMENT, until)
        ),
        key=lambda due: (due.at, due.job),
    )
