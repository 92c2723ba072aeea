from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.normalise.ages import OLDEST, UNIT_MINUTES, Age, posted, read_age

DAY = 1440
CAPTURE = datetime(2018, 11, 19, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "minutes", "precision"),
    [
        ("9d", 9 * DAY, "day"),
        ("1d 22h", DAY + 22 * 60, "hour"),
        ("1d22h", DAY + 22 * 60, "hour"),
        ("22:58", 22 * 60 + 58, "minute"),
        ("0:05", 5, "minute"),
        ("00:00", 0, "minute"),
        ("5h 3m", 303, "minute"),
        ("45m", 45, "minute"),
        ("90s", 1, "minute"),
        ("2w", 14 * DAY, "week"),
        ("1mo", 30 * DAY, "month"),
        ("about 3 hours ago", 180, "hour"),
        ("About\xa03 hours ago", 180, "hour"),
        ("3 weeks ago", 21 * DAY, "week"),
        ("2 months ago", 60 * DAY, "month"),
        ("a day ago", DAY, "day"),
        ("an hour ago", 60, "hour"),
        ("three days ago", 3 * DAY, "day"),
        ("over 2 years ago", 730 * DAY, "month"),
        ("1 year ago", 365 * DAY, "month"),
        ("1 year, 2 months ago", 425 * DAY, "month"),
        ("1 day, 2 hours and 3 minutes", DAY + 123, "minute"),
        ("less than a minute ago", 1, "minute"),
        ("half an hour ago", 30, "minute"),
        ("just now", 0, "minute"),
        ("yesterday", DAY, "day"),
        ("today", 0, "day"),
    ],
)
def test_read_age(text: str, minutes: int, precision: str) -> None:
    age = read_age(text)
    assert age is not None
    assert (age.minutes, age.precision) == (minutes, precision)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9",
        "d",
        "hours",
        "online",
        "Not available",
        "in 3 hours",
        "-3d",
        "3m 2h",
        "2d 3d",
        "22:60",
        "123:45",
        "1.5d",
        "9d x",
        "101 years ago",
        "9999999y",
        "18/11/2018",
        "ago",
        "9d" * 120,
    ],
)
def test_none(text: str) -> None:
    assert read_age(text) is None


def test_posted_counts_back_to_the_minute() -> None:
    nine = posted(Age(9 * DAY, "day"), CAPTURE)
    assert nine.on == date(2018, 11, 10)
    assert nine.precision == "day"
    assert nine.earliest == datetime(2018, 11, 9, 12, 0, tzinfo=UTC)
    assert nine.latest == datetime(2018, 11, 11, 12, 0, tzinfo=UTC)
    late = posted(Age(12 * 60 + 1, "minute"), CAPTURE)
    assert late.on == date(2018, 11, 18)
    assert late.latest - late.earliest == timedelta(minutes=2)
    assert posted(Age(12 * 60, "minute"), CAPTURE).on == date(2018, 11, 19)


def test_posted_is_never_after_the_capture() -> None:
    assert posted(Age(0, "day"), CAPTURE).latest == CAPTURE
    assert posted(Age(30, "hour"), CAPTURE).latest == CAPTURE


def test_a_year_is_bracketed_by_years() -> None:
    age = read_age("1 year ago")
    assert age is not None
    found = posted(age, CAPTURE)
    assert found.on == date(2017, 11, 19)
    assert found.precision == "month"
    assert found.earliest < datetime(2016, 11, 20, tzinfo=UTC)
    assert found.latest == CAPTURE


@pytest.mark.parametrize("months", range(1, 40))
def test_calendar_months_lie_in_the_bracket(months: int) -> None:
    """A market that counts calendar months, rounding down or up, is not excluded."""
    found = posted(Age(months * UNIT_MINUTES["month"], "month"), CAPTURE)
    for count in (months - 1, months, months + 1):
        year, month = divmod(CAPTURE.year * 12 + CAPTURE.month - 1 - count, 12)
        assert found.earliest <= CAPTURE.replace(year=year, month=month + 1) <= found.latest


def test_posted_in_other_zones() -> None:
    here = CAPTURE.astimezone(timezone(timedelta(hours=-5)))
    assert posted(Age(60, "hour"), here) == posted(Age(60, "hour"), CAPTURE)
    assert posted(Age(60, "hour"), CAPTURE.replace(tzinfo=None)) == posted(Age(60, "hour"), CAPTURE)


@pytest.mark.parametrize(
    "zone", [UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=14))]
)
@pytest.mark.parametrize("edge", [datetime.min, datetime.max])
@pytest.mark.parametrize("minutes", [0, OLDEST, 10**12])
def test_posted_at_the_ends_of_time(edge: datetime, zone: timezone, minutes: int) -> None:
    found = posted(Age(minutes, "month", "year"), edge.replace(tzinfo=zone))
    assert found.earliest <= found.latest


@given(st.text(max_size=250) | st.text("0123456789dhmwy: ago", max_size=60), st.datetimes())
def test_any_text(text: str, captured_at: datetime) -> None:
    age = read_age(text)
    if age:
        assert 0 <= age.minutes <= OLDEST
        assert age.precision in ("minute", "hour", "day", "week", "month")
        found = posted(age, captured_at)
        assert found.earliest <= found.latest <= captured_at.replace(tzinfo=UTC)
        assert found.earliest.date() <= found.on


@given(st.integers(0, 90 * DAY), st.sampled_from(["minute", "hour", "day", "week"]))
def test_however_it_was_rounded_the_truth_lies_in_the_bracket(minutes: int, unit: str) -> None:
    truth = CAPTURE - timedelta(minutes=minutes)
    size = UNIT_MINUTES[unit]
    for count in (minutes // size, -(-minutes // size), round(minutes / size)):
        age = read_age(f"{count} {unit}s ago")
        assert age == Age(count * size, unit)
        found = posted(age, CAPTURE)
        assert found.earliest <= truth <= found.latest
        assert found.on == (CAPTURE - timedelta(minutes=count * size)).date()
