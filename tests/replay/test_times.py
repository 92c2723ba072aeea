"""Capture times that cannot be: named, kept, and in no series unless asked for."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine

from cryptodrug_scraper import study
from cryptodrug_scraper.archive import ArchiveReader, Page, ReadIssue
from cryptodrug_scraper.archive.when import EARLIEST, LATEST, why_none
from cryptodrug_scraper.reading.lifetime import AFTER, AHEAD, BEFORE, why_not
from cryptodrug_scraper.reading.market import markets
from cryptodrug_scraper.replay import replay
from tests.cli.running import run
from tests.databases import execute
from tests.replay.rows import all_rows
from tests.replay.test_reviews import dsn_of
from tests.replay.written import dream_ratings, save

RIGHT = datetime(2019, 1, 14, 9, 27, 38, tzinfo=UTC)
WRONG = {
    "future": (datetime.now(UTC).replace(microsecond=0) + timedelta(days=400), "in the future"),
    "too early": (datetime(2012, 1, 14, tzinfo=UTC), "before Dream Market opened (2013-11-01)"),
    "too late": (datetime(2021, 1, 14, tzinfo=UTC), "after Dream Market closed (2019-04-30)"),
}
KINDS = st.sampled_from([name for name, m in markets().items() if m.opened_on and m.closed_on])


def pages(folder: Path, wrong: datetime) -> Path:
    """Two captures of one vendor's ratings, of which one is dated wrongly."""
    rows = [(86_400 * (n + 1), 5, f"words {n}", "s . . . r", 30) for n in range(5)]
    save(folder, "right", dream_ratings("northmill", rows[:3]), RIGHT)
    save(folder, "wrong", dream_ratings("northmill", rows), wrong)
    return folder


@pytest.mark.parametrize("case", WRONG)
def test_it_is_named_and_in_no_series(case: str, tmp_path: Path, engine: Engine) -> None:
    at, why = WRONG[case]
    folder = pages(tmp_path / "pages", at)
    for loaded in (True, False):
        done = replay([folder], dsn_of(engine))
        assert done.outcome == "partly failed"
        said = done.to_dict()
        assert said["pages"]["impossible_time"] == 1
        assert said["pages"]["impossible_time_by_market"] == {"dream": 1}
        [named] = said["impossible_time_pages"]
        assert named["location"].endswith("wrong.html")
        assert why in named["reason"]
        assert f"{at:%Y-%m-%dT%H:%M:%SZ}" in named["reason"]
        warned = [w for w in said["warnings"] if w["field"] == "captured_at"]
        assert [w["count"] for w in warned] == ([1] if loaded else [])
        assert done.counts.new == (2 if loaded else 0)
    url = engine.url.render_as_string(hide_password=False)
    times = "SELECT captured_at, observed_at FROM page ORDER BY observed_at"
    assert execute(url, times) == [(RIGHT, RIGHT), (at, None)]
    days = "SELECT min(posted_on), max(posted_on), max(last_seen) FROM review"
    assert execute(url, days) == [(date(2019, 1, 11), date(2019, 1, 13), RIGHT)]
    with study.open(url) as opened:
        seen = opened.row("SELECT max(observed_at) AS last FROM page")["last"]
    assert seen == RIGHT


def test_it_is_taken_as_stated_if_asked_for_before_or_later(
    tmp_path: Path, engine: Engine, another_migrated_url: str
) -> None:
    folder = pages(tmp_path, WRONG["too late"][0])
    replay([folder], dsn_of(engine))
    other = another_migrated_url.replace("postgresql+psycopg2", "postgresql")
    for dsn in (dsn_of(engine), other):
        done = replay([folder], dsn, any_time=True)
        assert (done.outcome, done.counts.doubted.total()) == ("complete", 0)
        assert replay([folder], dsn).counts.new == 0
    fresh = create_engine(another_migrated_url)
    assert all_rows(engine) == all_rows(fresh)
    fresh.dispose()


def test_a_replay_shows_it(tmp_path: Path) -> None:
    folder = pages(tmp_path / "pages", WRONG["too early"][0])
    file = tmp_path / "summary.json"
    done = run("replay", folder, "--dry-run", "--workers", "1", "--summary", file)
    shown = " ".join(done.stdout.split())
    assert done.exit_code == 1
    assert "Pages with a capture time that cannot be" in shown
    assert "1 with a time that cannot be" in shown
    assert json.loads(file.read_text("utf-8"))["pages"]["impossible_time"] == 1
    assert run("replay", folder, "--dry-run", "--workers", "1", "--any-time").exit_code == 0


@given(market=KINDS, days=st.integers(-20_000, 20_000))
def test_the_margins(market: str, days: int) -> None:
    known = markets()[market]
    assert known.opened_on is not None
    assert known.closed_on is not None
    at = datetime.combine(known.opened_on, datetime.min.time(), UTC) + timedelta(days=days, hours=7)
    now = datetime(2030, 1, 1, tzinfo=UTC)
    fits = known.opened_on - BEFORE <= at.date() <= known.closed_on + AFTER
    assert (why_not(at, known, now) == "") == (fits and at <= now + AHEAD)
    assert (why_not(at, None, now) == "") == (at <= now + AHEAD)


@given(
    year=st.integers(0, 99_999).filter(lambda year: not EARLIEST <= year <= LATEST),
    rest=st.sampled_from(["-01-01", "-12-31T10:00:00Z", "-1-1", "-02-29 08:00"]),
)
def test_a_date_out_of_range_is_called_so(year: int, rest: str) -> None:
    assert why_none(f"{year:04}{rest}") == "a date out of range (1990 to 2099)"


@given(st.text(max_size=12).filter(lambda text: not text.strip()[:2].isdigit()))
def test_what_is_no_date_is_called_so(text: str) -> None:
    assert "no ISO 8601" in why_none(text) or text.strip()[:1] in "+-"


@pytest.mark.parametrize("stated", ["2200-01-14T09:27:38Z", "0000-01-14", "99999-01-14"])
def test_a_sidecar_and_options_out_of_range(stated: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(dream_ratings("northmill", []), "utf-8")
    (tmp_path / "page.json").write_text(json.dumps({"captured_at": stated}), "utf-8")
    trouble, read = sorted(ArchiveReader([tmp_path]), key=lambda item: isinstance(item, Page))
    assert isinstance(trouble, ReadIssue)
    assert "`captured_at` is a date out of range (1990 to 2099)" in trouble.reason
    assert isinstance(read, Page)
    assert read.captured_at is None
    nowhere = ("--database-url", "postgresql://nobody@127.0.0.1:1/none")
    first = stated.partition("T")[0]
    calls: list[tuple[Any, ...]] = [
        ("replay", page, "--captured-at", stated),
        ("report", "--country", "BE", "--out", tmp_path / "x.html", "--from", first, *nowhere),
        ("export", "--out", tmp_path / "x", "--to", first, *nowhere),
    ]
    for call in calls:
        done = run(*call)
        assert done.exit_code == 2
        assert "a date out of range (1990 to 2099)" in " ".join(done.stderr.split())
