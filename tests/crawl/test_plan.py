"""Crawls on disk: which one goes on, and that only one runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cryptodrug_scraper.crawl.plan import CrawlRefused, Jobs, Plan
from cryptodrug_scraper.crawl.visited import Visited

PLAN = Plan("m", inside=("Drugs",), since="2019-01-01T00:00:00+00:00")


def test_an_unfinished_crawl_with_the_same_plan_goes_on(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, "m")
    first = jobs.open(PLAN)
    first.runs.append({"run": "a"})
    first.save()
    again = jobs.open(PLAN)
    assert (again.folder, again.runs, again.plan) == (first.folder, [{"run": "a"}], PLAN)
    assert jobs.open(Plan("m", vendors=("Blå",))).folder != first.folder
    assert jobs.open(PLAN, new=True).folder != first.folder


def test_a_finished_crawl_does_not_go_on(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, "m")
    first = jobs.open(PLAN)
    first.finished_at = datetime.now(UTC)
    first.save()
    assert jobs.open(PLAN).folder != first.folder
    assert len(jobs.all()) == 2


def test_damaged_folders_are_passed_over(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, "m")
    for name, content in (("a", "{"), ("b", "[]"), ("c", '{"plan": {"other": 1}}')):
        (tmp_path / "m" / name).mkdir(parents=True)
        (tmp_path / "m" / name / "job.json").write_text(content)
    assert jobs.all() == []


def test_a_market_is_crawled_once_at_a_time(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, "m")
    with jobs.lock():
        running = pytest.raises(CrawlRefused, match=r"running already \(process \d+\)")
        with running, Jobs(tmp_path, "m").lock():
            pass
        with Jobs(tmp_path, "other").lock():
            pass
    with jobs.lock():
        pass


def test_recent_captures(tmp_path: Path) -> None:
    visited = Visited(tmp_path / "visited.sqlite")
    at = datetime(2019, 3, 5, tzinfo=UTC)
    visited.note(b"k", at)
    assert visited.since(b"k", at)
    assert not visited.since(b"k", at.replace(day=6)) and not visited.since(b"other", at)
    visited.note(b"k", at.replace(day=7))
    assert visited.since(b"k", at.replace(day=6))
    visited.close()
