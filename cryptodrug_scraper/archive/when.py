"""Capture times: in paths, in sidecars and as given on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import NamedTuple

EARLIEST, LATEST = 1990, 2099
"""Years that a capture may be of; other times are mistakes."""


class StatedMoment(NamedTuple):
    """A capture time and how exact it is: ``second`` or ``day`` (midnight UTC)."""

    at: datetime
    precision: str


# Between numbers and letters of hashes a date is chance; after a letter such as `T` it is not.
_DATED = re.compile(
    r"(?<![\d])(?<!\d-)(20\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"(?:[Tt_ ]([01]\d|2[0-3])([-:.])([0-5]\d)(?:\5([0-5]\d))?(?:[.,]\d{1,9})?"
    r"(Z|z|[+-]\d\d:\d\d)?)?"
    r"(?!\d)"
)


@lru_cache(maxsize=4096)
def in_name(name: str) -> StatedMoment | None:
    """Return the moment in one part of a path (the last one; one with a time before a date)."""
    if "-" not in name:
        return None
    result: StatedMoment | None = None
    for match in _DATED.finditer(name):
        year, month, day, hour, _, minute, second, zone = match.groups()
        try:
            if hour is None:
                at = datetime(int(year), int(month), int(day), tzinfo=UTC)
                if result is None or result.precision == "day":
                    result = StatedMoment(at, "day")
                continue
            offset = "+00:00" if zone is None or zone in "Zz" else zone
            text = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{offset}"
            result = StatedMoment(datetime.fromisoformat(text).astimezone(UTC), "second")
        except ValueError:  # 31 February
            continue
    return result


def in_parts(parts: Iterable[str]) -> StatedMoment | None:
    """Return the moment in a path: the deepest part that has one.

    A time of day further up refines it where both name the same day.
    """
    result: StatedMoment | None = None
    for part in reversed(list(parts)):
        moment = in_name(part)
        if moment is None:
            continue
        if moment.precision == "second":
            if result is None or result.at.date() == moment.at.date():
                return moment
        elif result is None:
            result = moment
    return result


def from_text(text: str) -> StatedMoment | None:
    """Read an ISO 8601 date or moment; without a zone it is UTC. None if it is neither."""
    text = text.strip()
    try:
        if len(text) <= 10:
            return given(date.fromisoformat(text))
        return given(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def in_range(at: date) -> bool:
    """Whether a date or moment is of a year that a capture may be of."""
    return EARLIEST <= at.year <= LATEST


_YEAR = re.compile(r"[+-]?(\d+)-\d\d?-\d\d?(?!\d)")


def why_none(text: str) -> str:
    """Say what a text is that is no date or moment in range: a date of another year, or none."""
    year = _YEAR.match(text.strip()[:80])
    if year is not None and not EARLIEST <= int(year[1]) <= LATEST:
        return f"a date out of range ({EARLIEST} to {LATEST})"
    return "no ISO 8601 date or time"


_STATED = re.compile(
    r"(?P<year>[12]\d{3})-?(?P<month>\d\d)-?(?P<day>\d\d)"
    r"(?:[Tt ]?(?P<hour>\d\d):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<part>\d{1,12}))?)?"
    r"[ ]?(?P<zone>[Zz]|[+-]\d\d:?\d\d)?)?"
)


def stated(text: str) -> StatedMoment | None:
    """Read the date of a record: ISO 8601 at any precision, or up to 14 digits; UTC.

    A day is a moment of precision ``day``. None for what cannot be read, and for a year or a month
    alone: no age can be counted from them, and no day is to be invented.
    """
    match = _STATED.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day = (int(match[name]) for name in ("year", "month", "day"))
    try:
        if match["hour"] is None:
            moment = datetime(year, month, day, tzinfo=UTC)
            return StatedMoment(moment, "day") if in_range(moment) else None
        zone = "+00:00" if (match["zone"] or "Z") in "Zz" else match["zone"]
        moment = datetime.fromisoformat(
            f"{year:04}-{month:02}-{day:02}T{match['hour']}:{match['minute']}:"
            f"{match['second'] or '00'}.{(match['part'] or '0')[:6]:0<6}{zone}"
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return StatedMoment(moment, "second") if in_range(moment) else None


def given(value: datetime | date) -> StatedMoment:
    """Return the moment of a date or a datetime (without a zone: UTC)."""
    if not isinstance(value, datetime):
        return StatedMoment(datetime.combine(value, time(0), tzinfo=UTC), "day")
    if value.tzinfo is None:
        return StatedMoment(value.replace(tzinfo=UTC), "second")
    return StatedMoment(value.astimezone(UTC), "second")
