"""Ages such as ``9d``, ``1d 22h``, ``22:58`` and ``about 3 hours ago``."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from cryptodrug_scraper.normalise.numbers import in_words
from cryptodrug_scraper.normalise.text import short

UNIT_MINUTES = {
    "minute": 1,
    "hour": 60,
    "day": 1440,
    "week": 10_080,
    "month": 43_200,  # 30 days
    "year": 525_600,  # 365 days
}
"""Minutes in a unit of age, coarse units as the record contract counts them."""

OLDEST = 100 * UNIT_MINUTES["year"]


class Age(NamedTuple):
    """An age in minutes; ``precision`` is the finest unit shown, seconds and years aside.

    ``precision`` is ``minute``, ``hour``, ``day``, ``week`` or ``month``, as the contract has no
    finer or coarser; ``unit`` is the finest unit as shown where that differs, so that ``1 year
    ago`` has the precision ``month`` and the unit ``year``.
    """

    minutes: int
    precision: str
    unit: str | None = None


class Posted(NamedTuple):
    """When something of a certain age happened: the date that the age ends on, and its bracket."""

    on: date
    precision: str
    earliest: datetime
    latest: datetime


_UNITS = {
    name: unit
    for unit, names in {
        "second": "s sec secs second seconds",
        "minute": "m min mins minute minutes",
        "hour": "h hr hrs hour hours",
        "day": "d day days",
        "week": "w wk wks week weeks",
        "month": "mo mos mon month months mth mths",
        "year": "y yr yrs year years",
    }.items()
    for name in names.split()
}
_ORDER = ("year", "month", "week", "day", "hour", "minute", "second")
_NAMED = {
    "now": Age(0, "minute"),
    "just now": Age(0, "minute"),
    "right now": Age(0, "minute"),
    "a moment ago": Age(0, "minute"),
    "moments ago": Age(0, "minute"),
    "a few seconds ago": Age(0, "minute"),
    "seconds ago": Age(0, "minute"),
    "half an hour ago": Age(30, "minute"),
    "half a minute ago": Age(0, "minute"),
    "today": Age(0, "day"),
    "yesterday": Age(1440, "day"),
}
_CLOCK = re.compile(r"([0-9]{1,2}):([0-5][0-9])")
_ABOUT = re.compile(
    r"(?:(?:about|around|approx\.?|approximately|roughly|almost|nearly|over|more than|less than"
    r"|circa|ca\.?|~) ?)?"
)
_TERM = re.compile(r"(?:,? ?(?:and )?)?([0-9]{1,7}|[a-z]+(?:-[a-z]+)?) ?([a-z]+)\.?(?:\(s\))?")


@lru_cache(maxsize=16384)
def _age(text: str) -> Age | None:
    text = text.lower().rstrip(".")
    if text in _NAMED:
        return _NAMED[text]
    text = text.removesuffix(" ago").removesuffix(" old").strip()
    if clock := _CLOCK.fullmatch(text):
        return Age(int(clock[1]) * 60 + int(clock[2]), "minute")
    about = _ABOUT.match(text)
    at = about.end() if about else 0
    seconds = 0
    finest = -1
    while at < len(text):
        term = _TERM.match(text, at)
        if not term:
            return None
        unit = _UNITS.get(term[2])
        count = int(term[1]) if term[1].isdigit() else in_words(term[1])
        if unit is None or count is None or _ORDER.index(unit) <= finest:
            return None
        finest = _ORDER.index(unit)
        seconds += count * (1 if unit == "second" else UNIT_MINUTES[unit] * 60)
        at = term.end()
    if finest < 0 or seconds // 60 > OLDEST:
        return None
    unit = "minute" if _ORDER[finest] == "second" else _ORDER[finest]
    if unit == "year":
        return Age(seconds // 60, "month", unit)
    return Age(seconds // 60, unit)


def read_age(text: str) -> Age | None:
    """Read how long ago something was.

    ``9d``, ``1d 22h``, ``22:58`` (hours and minutes), ``5h 3m``, ``about 3 hours ago``, ``a day
    ago``, ``three weeks``, ``2 months ago`` (30 days each), ``1 year ago`` (365 days), ``just
    now`` (0 minutes). ``yesterday`` is 1 day, ``today`` 0 days to the day. Units go from coarse
    to fine, each once; more than 100 years, and a time ahead, is None.
    """
    cleaned = short(text)
    return _age(cleaned) if cleaned else None


def _back(moment: datetime, span: timedelta) -> datetime:
    """Go back from a moment, not beyond the first one that there is."""
    try:
        return moment - span
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


@lru_cache(maxsize=8192)
def _spans(age: Age) -> tuple[timedelta, timedelta, timedelta]:
    """Return how far back an age ends, the most that it can be, and the least.

    Months of 30 days fall short of calendar months by about half a day each (and overrun
    February by two), years of 365 days by a leap day in four.
    """
    name = age.unit or age.precision
    minutes = min(max(age.minutes, 0), OLDEST)
    longer = shorter = UNIT_MINUTES[name]
    if name in ("month", "year"):
        longer += (minutes // UNIT_MINUTES["month"] // 2 + 3) * UNIT_MINUTES["day"]
        shorter += 2 * UNIT_MINUTES["day"]
    return (
        timedelta(minutes=minutes),
        timedelta(minutes=minutes + longer),
        timedelta(minutes=max(0, minutes - shorter)),
    )


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


@lru_cache(maxsize=8192)
def posted(age: Age, captured_at: datetime) -> Posted:
    """Count an age back from the capture (aware, or naive for UTC).

    ``on`` is the UTC date of ``captured_at`` less the age to the minute. The market may have
    rounded the age down, up or to the nearest unit, so it happened within one finest unit
    either way (for months and years, some days more: theirs are calendar months), and not
    after the capture: ``earliest`` and ``latest``, both UTC. An age of more than 100 years
    counts as 100 years. The market wrote the page before it was captured: by so many seconds
    it can have happened earlier still.
    """
    captured_at = _utc(captured_at)
    ends, most, least = _spans(age)
    return Posted(
        _back(captured_at, ends).date(),
        age.precision,
        _back(captured_at, most),
        _back(captured_at, least),
    )
