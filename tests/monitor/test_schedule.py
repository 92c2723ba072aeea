"""When something is due, over the nights on which clocks change and over long sleeps."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.monitor.schedule import WallClockTrigger, dues, plan

BRUSSELS = ZoneInfo("Europe/Brussels")
BACK = datetime(2026, 10, 24, 12, tzinfo=UTC)
FORWARD = datetime(2026, 3, 28, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_hour_that_comes_twice_has_a_job_once() -> None:
    trigger = WallClockTrigger("30 2 * * *", BRUSSELS)
    found = list(dues(trigger, BACK, BACK + timedelta(days=2)))
    assert found == [at("2026-10-25 00:30"), at("2026-10-26 01:30")]
    # Without it, the library's own has it twice.
    own = CronTrigger.from_crontab("30 2 * * *", timezone=BRUSSELS)
    first = own.get_next_fire_time(None, BACK)
    second = own.get_next_fire_time(first, first + timedelta(seconds=1))
    assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)


def test_an_hour_that_is_left_out_has_its_job_an_hour_later() -> None:
    trigger = WallClockTrigger("30 2 * * *", BRUSSELS)
    found = list(dues(trigger, FORWARD, FORWARD + timedelta(days=2)))
    assert found == [at("2026-03-29 01:30"), at("2026-03-30 00:30")]
    hourly = list(dues(WallClockTrigger("0 * * * *", BRUSSELS), FORWARD, at("2026-03-29 04:00")))
    assert len(hourly) == len(set(hourly)) == 16


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from(["30 2 * * *", "0 3 * * sun", "*/20 1-3 * * *", "15 0 1 * *", "0 12 * jan *"]),
    st.sampled_from(["Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
)
def test_each_wall_time_comes_once_and_in_order(words: str, zone: str, start: datetime) -> None:
    trigger = WallClockTrigger(words, ZoneInfo(zone))
    found = list(dues(trigger, start, start + timedelta(days=40)))
    assert found == sorted(set(found)) and all(due > start for due in found)
    walls = [due.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for due in found]
    assert len(walls) == len(set(walls))
    # Asked from any moment in between, the answer is the same.
    for earlier, later in itertools.pairwise(found):
        assert trigger.after(earlier) == trigger.after(earlier + (later - earlier) / 2) == later


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("30 2 * *", "five"),
        ("30 2 * * 1", "by name"),
        ("0 0 1 * mon", "two entries"),
        ("61 2 * * *", "no cron words"),
        ("0 0 * * fri-mon", "no cron words"),
        ("0 0 31 2 *", "never due"),
        ("", "five"),
        ("@weekly", "five"),
    ],
)
def test_what_are_no_cron_words(words: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        WallClockTrigger(words, BRUSSELS)


def test_the_plan_of_a_week() -> None:
    triggers = {
        "crawl/a": WallClockTrigger("30 2 * * mon", BRUSSELS),
        "bulletin/b": WallClockTrigger("0 8 * * *", BRUSSELS),
    }
    found = plan(triggers, at("2026-11-30 00:00"), 7)
    assert [due.job for due in found].count("bulletin/b") == 7
    assert found[0].job == "crawl/a" and found[0].at == at("2026-11-30 01:30")
