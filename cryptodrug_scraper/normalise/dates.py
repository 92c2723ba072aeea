"""Dates and moments as the markets write them; day before month where both are numbers."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from cryptodrug_scraper.normalise.text import fold, short, words

YEARS = (1970, 2199)  # a date outside is a mistake


class Moment(NamedTuple):
    """A point in time: its date, the moment in UTC where a time of day is given, and how exact.

    ``precision`` is ``minute``, ``hour``, ``day`` or ``month`` (then ``on`` is its first day).
    Seconds are kept in ``at``. A time without a zone is taken as UTC, as ``on`` is.
    """

    on: date
    at: datetime | None
    precision: str


class _Shown(NamedTuple):
    """What a text holds, before the year is known."""

    year: int | None
    month: int
    day: int | None
    seconds: int | None  # of the day
    offset: int  # minutes east of UTC
    precision: str


# English, German, French, Dutch, Spanish, without accents; three letters or more.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar janvier januari enero jan janv ene jaenner janner",
            "february februar fevrier februari febrero feb fevr fev febr",
            "march marz maerz mars maart marzo mar mrz mrt",
            "april avril abril apr avr abr",
            "may mai mei mayo",
            "june juni juin junio jun",
            "july juli juillet julio jul juil",
            "august aout augustus agosto aug ago",
            "september septembre septiembre setiembre sep sept set",
            "october oktober octobre octubre oct okt",
            "november novembre noviembre nov",
            "december dezember decembre diciembre dec dez dic",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = words(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri"
    " sat sun montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag lundi mardi"
    " mercredi jeudi vendredi samedi dimanche maandag dinsdag woensdag donderdag vrijdag zaterdag"
    " zondag lunes martes miercoles jueves viernes sabado domingo"
)

_TIME = r"""
    (?:(?:[ ]?,?[ ]|T|[ ]?[-–@][ ]?)(?:(?:at|um|a|om|las)[ ])?
      (?P<hour>[0-9]{1,2})
      (?: [:hH](?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)?
        | (?=[ ]?(?:[ap]\.?m\b|h\b)) )
      (?:[ ]?(?P<half>[ap])\.?m\.?|[ ]?(?:h|uhr|uur))?
      (?:[ ]?(?:UTC|GMT|Z|\(UTC\)|\(GMT\))?
        (?:(?P<sign>[+\-−])(?P<zh>[0-9]{2}):?(?P<zm>[0-9]{2})?)?)?
    )?
"""
_ORDER = (
    r"(?P<year>[0-9]{4})(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})",
    r"(?P<day>[0-9]{1,2})[ ]?(?P<mark>[-/.])[ ]?(?P<month>[0-9]{1,2})[ ]?(?P=mark)[ ]?"
    r"(?P<year>[0-9]{4})",
    r"(?P<name>[^\W\d_]{3,10})\.?[ ](?P<day>[0-9]{1,2})(?:st|nd|rd|th)?(?:[ ]?,?[ ]?"
    r"(?<![0-9])(?P<year>[0-9]{4})(?![0-9:]))?",
    r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th|er|\.|º)?[ -]?(?:(?:of|de)[ ])?(?P<name>[^\W\d_]{3,10})\.?"
    r"(?:(?:,?[ ]|-)(?:(?:de|del)[ ])?(?P<year>[0-9]{4})(?![0-9:]))?",
)
_FORMS = [re.compile(order + _TIME, re.I | re.X) for order in _ORDER]
_MONTH_ONLY = re.compile(r"(?P<name>[^\W\d_]{3,10})\.?,? (?:del? )?(?P<year>[0-9]{4})", re.I)
_ISO_MONTH = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})")
_REMARK = re.compile(r" ?\((?:today|yesterday|[a-z0-9 ]{1,30} ago|this week|this month)\)$", re.I)
_WEEKDAY = re.compile(r"([^\W\d_]{3,10})\.?,? ")


@lru_cache(maxsize=32768)
def _read(text: str) -> Moment | _Shown | None:
    """Read a text: the moment if it states the year, else what it shows."""
    shown = _shown(text)
    return shown if shown is None or shown.year is None else _moment(shown, shown.year)


def _shown(text: str) -> _Shown | None:
    """Take a text apart; None if it is no date. Knows nothing of leap years yet."""
    text = _REMARK.sub("", text)
    if (weekday := _WEEKDAY.match(text)) and fold(weekday[1]) in _WEEKDAYS:
        text = text[weekday.end() :]
    for form in _FORMS:
        if match := form.fullmatch(text):
            break
    else:
        match = _MONTH_ONLY.fullmatch(text) or _ISO_MONTH.fullmatch(text)
        if not match:
            return None
    found = match.groupdict()
    month = int(found["month"]) if found.get("month") else _MONTHS.get(fold(found["name"]))
    year = int(found["year"]) if found["year"] else None
    if not month or (year is not None and not YEARS[0] <= year <= YEARS[1]):
        return None
    if not found.get("day"):
        return _Shown(year, month, None, None, 0, "month")
    clock = _clock(found)
    if clock is None:
        return None
    seconds, offset, precision = clock
    return _Shown(year, month, int(found["day"]), seconds, offset, precision)


def _clock(parts: dict[str, str | None]) -> tuple[int | None, int, str] | None:
    """Return seconds of the day (None if no time is given), zone in minutes, precision."""
    if parts["hour"] is None:
        return None, 0, "day"
    hour, minute = int(parts["hour"]), int(parts["minute"] or 0)
    second = int(parts["second"] or 0)
    if parts["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if parts["half"].lower() == "p" else 0)
    offset = int(parts["zh"] or 0) * 60 + int(parts["zm"] or 0)
    if int(parts["zm"] or 0) > 59 or hour > 23 or minute > 59 or second > 59 or offset > 14 * 60:
        return None
    if parts["sign"] and parts["sign"] != "+":
        offset = -offset
    return hour * 3600 + minute * 60 + second, offset, "minute" if parts["minute"] else "hour"


def _moment(shown: _Shown, year: int) -> Moment | None:
    try:
        on = date(year, shown.month, 1 if shown.day is None else shown.day)
    except ValueError:
        return None
    if shown.seconds is None:
        return Moment(on, None, shown.precision)
    at = datetime(on.year, on.month, on.day, tzinfo=UTC)
    at += timedelta(seconds=shown.seconds, minutes=-shown.offset)
    return Moment(at.date(), at, shown.precision)


def _latest(shown: _Shown, not_after: datetime) -> Moment | None:
    """Return the latest such date not after a moment: up to eight years back, for 29 February."""
    first = min(not_after.year, YEARS[1]) + 1
    for year in range(first, max(first - 10, YEARS[0] - 1), -1):
        result = _moment(shown, year)
        if result is None:
            continue
        if (result.at <= not_after) if result.at else (result.on <= not_after.date()):
            return result
    return None


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def read_moment(text: str, not_after: datetime | None = None) -> Moment | None:
    """Read a date with or without a time of day.

    ``18/11/2018 (today)`` (day first), ``Sep 27, 2019 20:49``, ``Feb 12, 2019 14:05 UTC``,
    ``Friday, Sep 27, 2019 22:46:36``, ``12. Februar 2019``, ISO 8601, ``February 2019``; month
    names in English, German, French, Dutch and Spanish. Without a year (``Feb 12 14:05``) it is
    the latest such date not after ``not_after`` (naive: UTC), and None where that is not given.
    A date that does not exist, or lies outside 1970 to 2199, is None; one with a year may well
    lie after ``not_after``.
    """
    cleaned = short(text)
    read = _read(cleaned) if cleaned else None
    if read is None or isinstance(read, Moment):
        return read
    return None if not_after is None else _latest(read, _utc(not_after))


def read_date(text: str, not_after: date | None = None) -> date | None:
    """Read a date as :func:`read_moment` does; a time of day is passed over.

    A month without a day is None. ``not_after`` may be a datetime.
    """
    if not_after is not None and not isinstance(not_after, datetime):
        not_after = datetime(not_after.year, not_after.month, not_after.day, 23, 59, 59, tzinfo=UTC)
    found = read_moment(text, not_after)
    return found.on if found and found.precision != "month" else None
