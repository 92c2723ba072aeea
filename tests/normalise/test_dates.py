from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cryptodrug_scraper.normalise.dates import Moment, read_date, read_moment

CAPTURE = datetime(2019, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("24/08/2018", date(2018, 8, 24)),
        ("01/03/2018 (today)", date(2018, 3, 1)),
        ("18/11/2018 (3 days ago)", date(2018, 11, 18)),
        ("24.08.2018", date(2018, 8, 24)),
        ("24-8-2018", date(2018, 8, 24)),
        ("April 19, 2019", date(2019, 4, 19)),
        ("April\xa019,\n 2019", date(2019, 4, 19)),
        ("Oct 10, 2019", date(2019, 10, 10)),
        ("Sept. 27, 2019", date(2019, 9, 27)),
        ("May 02, 2019", date(2019, 5, 2)),
        ("June 3rd, 2019", date(2019, 6, 3)),
        ("12 Feb 2019", date(2019, 2, 12)),
        ("12-Feb-2019", date(2019, 2, 12)),
        ("Aug 12 2019", date(2019, 8, 12)),
        ("2019-02-12", date(2019, 2, 12)),
        ("2019/2/3", date(2019, 2, 3)),
        ("Friday, Sep 27, 2019", date(2019, 9, 27)),
        ("12. Februar 2019", date(2019, 2, 12)),
        ("3. März 2019", date(2019, 3, 3)),
        ("12 février 2019", date(2019, 2, 12)),
        ("1er août 2019", date(2019, 8, 1)),
        ("12 maart 2019", date(2019, 3, 12)),
        ("12 de febrero de 2019", date(2019, 2, 12)),
        ("Freitag, 27. Dezember 2019", date(2019, 12, 27)),
    ],
)
def test_dates(text: str, on: date) -> None:
    assert read_date(text) == on
    assert read_moment(text) == Moment(on, None, "day")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Sep 27, 2019 20:49", (2019, 9, 27, 20, 49)),
        ("Feb 12, 2019 14:05 UTC", (2019, 2, 12, 14, 5)),
        ("Friday, Sep 27, 2019 22:46:36", (2019, 9, 27, 22, 46, 36)),
        ("Feb 12, 2019 2:05 PM", (2019, 2, 12, 14, 5)),
        ("Feb 12, 2019 12:05 am", (2019, 2, 12, 0, 5)),
        ("Feb 12, 2019 at 14:05", (2019, 2, 12, 14, 5)),
        ("12.02.2019 14:05 Uhr", (2019, 2, 12, 14, 5)),
        ("2019-02-12T14:05:06Z", (2019, 2, 12, 14, 5, 6)),
        ("2019-02-12 14:05", (2019, 2, 12, 14, 5)),
        ("2019-02-12T14:05:06.123456+02:00", (2019, 2, 12, 12, 5, 6)),
        ("2019-02-12T23:05-0500", (2019, 2, 13, 4, 5)),
        ("Mon, 12 Aug 2019 10:00:00 GMT", (2019, 8, 12, 10, 0)),
        # without a year: the latest such date not after the capture
        ("Feb 12 14:05", (2019, 2, 12, 14, 5)),
        ("12 Feb 14:05", (2019, 2, 12, 14, 5)),
        ("Mar 1 11:59", (2019, 3, 1, 11, 59)),
        ("Mar 1 12:00", (2019, 3, 1, 12, 0)),
        ("Mar 1 12:01", (2018, 3, 1, 12, 1)),
        ("Dec 31 23:59", (2018, 12, 31, 23, 59)),
        ("Feb 29 10:00", (2016, 2, 29, 10, 0)),
    ],
)
def test_moments(text: str, at: tuple[int, ...]) -> None:
    moment = datetime(*at, tzinfo=UTC)  # type: ignore[arg-type,misc]
    assert read_moment(text, CAPTURE) == Moment(moment.date(), moment, "minute")


def test_precision() -> None:
    assert read_moment("February 2019") == Moment(date(2019, 2, 1), None, "month")
    assert read_date("February 2019") is None
    at = datetime(2019, 2, 12, 14, tzinfo=UTC)
    assert read_moment("Feb 12, 2019 2 pm") == Moment(at.date(), at, "hour")


def test_no_year() -> None:
    assert read_moment("Feb 12 14:05") is None
    assert read_date("Feb 12") is None
    assert read_date("Feb 12", date(2019, 2, 12)) == date(2019, 2, 12)
    assert read_date("Feb 12", date(2019, 2, 11)) == date(2018, 2, 12)
    assert read_date("Feb 29", date(2104, 1, 1)) == date(2096, 2, 29)
    assert read_date("Feb 29", date(1970, 1, 1)) is None
    assert read_moment("Feb 12 14:05", datetime(2019, 2, 12, 14, 4)) == read_moment(
        "Feb 12, 2018 14:05"
    )


def test_a_stated_year_stands() -> None:
    assert read_date("Dec 1, 2020", CAPTURE) == date(2020, 12, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "Never",
        "Not available",
        "14:05",
        "30/02/2019",
        "29/02/2019",
        "13/13/2018",
        "08/24/2018",
        "00/01/2018",
        "Feb 30, 2019",
        "Foo 12, 2019",
        "12/02/19",
        "2019-13-01",
        "0019-01-01",
        "9999-12-31T23:59-14:00",
        "Feb 12, 2019 25:00",
        "Feb 12, 2019 10:60",
        "Feb 12, 2019 13:00 pm",
        "Feb 12, 2019 14:05 CET",
        "2019-02-12T14:05+99:00",
        "2019-02-12 14:05 (",
        "12 Feb 2019 and more",
        "24/08/2018 24/08/2018",
        "Feb 12, 20199",
        "Feb 12, 2019" + "!" * 200,
    ],
)
def test_none(text: str) -> None:
    assert read_moment(text, CAPTURE) is None
    assert read_date(text, CAPTURE.date()) is None


_MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30))


@given(st.text(max_size=250) | st.text("0123456789/-:. TZ+FebMar", max_size=40), _MOMENTS)
@example("Feb 29", datetime(1, 1, 1))
@example("Dec 31 23:59", datetime.max)
@example("\ud800 12, 2019", datetime.max)
def test_any_text(text: str, not_after: datetime) -> None:
    read_date(text)
    read_date(text, not_after.date())
    found = read_moment(text, not_after)
    if found:
        assert found.precision in ("minute", "hour", "day", "month")
        assert found.at is None or found.at.date() == found.on


@pytest.mark.parametrize("zone", [timezone(timedelta(hours=14)), timezone(timedelta(hours=-14))])
@pytest.mark.parametrize("edge", [datetime.min, datetime.max])
def test_captures_at_the_ends_of_time(edge: datetime, zone: timezone) -> None:
    read_moment("Feb 12 14:05", edge.replace(tzinfo=zone))


@given(_MOMENTS)
def test_round_trip(moment: datetime) -> None:
    moment = moment.replace(second=0, microsecond=0, tzinfo=UTC)
    day, name = moment.day, moment.strftime("%B")
    for text in (
        moment.strftime("%d/%m/%Y"),
        moment.strftime("%b %d, %Y"),
        moment.strftime("%d %B %Y"),
        moment.strftime("%A, %B %d, %Y"),
        moment.date().isoformat(),
        f"{name} {day}, {moment.year} (today)",
    ):
        assert read_moment(text) == Moment(moment.date(), None, "day"), text
    for text in (
        moment.strftime("%b %d, %Y %H:%M"),
        moment.strftime("%A, %b %d, %Y %H:%M:%S"),
        moment.strftime("%d/%m/%Y %I:%M %p"),
        moment.isoformat(),
    ):
        assert read_moment(text) == Moment(moment.date(), moment, "minute"), text


@given(_MOMENTS, st.integers(0, 365 * 24 * 60 - 1))
def test_without_a_year_it_is_the_latest(capture: datetime, minutes: int) -> None:
    capture = capture.replace(second=0, microsecond=0, tzinfo=UTC)
    moment = capture - timedelta(minutes=minutes)
    if moment.year >= 1970:
        found = read_moment(moment.strftime("%b %d %H:%M"), capture)
        assert found is not None
        assert found.at == moment
