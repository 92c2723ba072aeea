"""Cron words as systemd's ``OnCalendar=``: exactly, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from cryptodrug_scraper.monitor.schedule import WallClockTrigger

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FIELDS: tuple[tuple[str, int, int, Sequence[str]], ...] = (
    ("the minute", 0, 59, ()),
    ("the hour", 0, 23, ()),
    ("the day of the month", 1, 31, ()),
    ("the month", 1, 12, _MONTHS),
    ("the day of the week", 0, 6, _DAYS),
)
_YEARS_AHEAD = 5
_Numbers = Sequence[int]


def on_calendar(words: str, zone: ZoneInfo) -> str:
    """Return five cron words in systemd's words, in a time zone.

    Raises ValueError for what :class:`WallClockTrigger` refuses, what systemd has no words for,
    and times that the zone's clock leaves out on some day of the next years: systemd would leave
    the job out too.
    """
    trigger = WallClockTrigger(words, zone)
    numbers = [
        _numbers(word, *field) for word, field in zip(words.lower().split(), _FIELDS, strict=True)
    ]
    if missed := _left_out(zone, *numbers):
        raise ValueError(
            f"{trigger.words!r}: on {missed:%Y-%m-%d} the clocks of {zone.key} leave {missed:%H:%M}"
            " out, and systemd would leave out what is due then. Choose another hour, or do "
            "without --timers"
        )
    minutes, hours, days, months, weekdays = numbers
    week = "" if len(weekdays) == 7 else f"{','.join(_DAYS[n].title() for n in weekdays)} "
    day = f"*-{_listed(months, 12)}-{_listed(days, 31)}"
    return f"{week}{day} {_listed(hours, 24)}:{_listed(minutes, 60)}:00 {zone.key}"


def _numbers(word: str, field: str, least: int, most: int, names: Sequence[str]) -> list[int]:
    """Return the numbers that a cron word stands for; days of the week from Monday, 0."""
    chosen: set[int] = set()
    for part in word.split(","):
        span, has_step, step = part.partition("/")
        first, is_range, last = span.partition("-")
        try:
            start = least if first == "*" else _number(first, least, names)
            end = _number(last, least, names) if is_range else start
            if first == "*" or (has_step and not is_range):
                end = most
            chosen |= set(range(start, end + 1, int(step) if has_step else 1))
        except ValueError:
            raise ValueError(f"{part!r} for {field} cannot be written as systemd's") from None
    return sorted(chosen)


def _number(text: str, least: int, names: Sequence[str]) -> int:
    return names.index(text) + least if text in names else int(text)


def _listed(numbers: Sequence[int], count: int) -> str:
    return "*" if len(numbers) == count else ",".join(f"{n:02}" for n in numbers)


def _left_out(
    zone: ZoneInfo, minutes: _Numbers, hours: _Numbers, days: _Numbers, months: _Numbers,
    weekdays: _Numbers,
) -> datetime | None:  # fmt: skip
    """Return the first time of the next years that is due and not on the zone's clock."""
    today = datetime.now(UTC).date()
    for day in (today + timedelta(days=n) for n in range(366 * _YEARS_AHEAD)):
        if day.day not in days or day.month not in months or day.weekday() not in weekdays:
            continue
        if _offset(day, zone) == _offset(day + timedelta(days=1), zone):
            continue
        for hour, minute in product(hours, minutes):
            wall = datetime(day.year, day.month, day.day, hour, minute)
            shown = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
            if shown.replace(tzinfo=None) != wall:
                return wall
    return None


def _offset(day: date, zone: ZoneInfo) -> timedelta | None:
    return datetime(day.year, day.month, day.day, tzinfo=zone).utcoffset()
