"""Crawls on disk: which one goes on, and that only one runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cryptodrug_scraper.archive import RecordPlace
from cryptodrug_scraper.crawl.frontier import open_frontier
from cryptodrug_scraper.crawl.logs import keep_log
from cryptodrug_scraper.crawl.plan import CrawlRefused, Jobs, Plan
from cryptodrug_scraper.crawl.request import CrawlRequest
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


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"plan": {"other": 1}}', "\x00" * 400, '{"plan": [], "runs": 1}', "null"],
)
def test_a_damaged_crawl_is_named_with_the_remedy(tmp_path: Path, content: str) -> None:
    jobs = Jobs(tmp_path, "m")
    folder = tmp_path / "m" / "a"
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(content)
    with pytest.raises(CrawlRefused, match=r"job\.json is damaged.*Move .*/m/a away.*--new"):
        jobs.open(PLAN)
    assert (folder / "job.json").read_text() == content
    assert jobs.open(PLAN, new=True).folder != folder


def test_files_are_for_their_owner_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        jobs = Jobs(tmp_path, "m")
        with jobs.lock():
            job = jobs.open(PLAN)
            frontier = open_frontier(job)
            visited = Visited(jobs.folder / "visited.sqlite", tmp_path, job.name)
            visited.note(b"k", datetime.now(UTC), RecordPlace("a", 0, 1))
            frontier.add([CrawlRequest("/", "index")])
            end = keep_log(job.folder / "crawl.log")
            files = [path for path in jobs.folder.rglob("*") if path.is_file()]
            names = {path.name for path in files}
            assert names >= {"job.json", "frontier.sqlite", "frontier.sqlite-wal", "crawl.log"}
            assert names >= {"visited.sqlite", "visited.sqlite-shm", "lock"}
            assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
            for path in files:
                path.chmod(0o644)  # as an earlier version left them
            end()
            frontier.close()
            visited.close()
            job = jobs.open(PLAN)
            open_frontier(job).close()
            Visited(jobs.folder / "visited.sqlite", tmp_path, job.name).close()
            keep_log(job.folder / "crawl.log")()
            left = [p.name for p in files if p.exists() and p.stat().st_mode & 0o077]
            assert left == ["lock"]  # which holds a number
    finally:
        os.umask(before)


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
    at = datetime(2019, 3, 5, tzinfo=UTC)
    place = RecordPlace("a.warc.gz", 0, 10)
    folder = tmp_path / "archive" / "one"
    folder.mkdir(parents=True)
    (folder / place.file).write_bytes(bytes(10))
    with contextlib.closing(Visited(tmp_path / "v.sqlite", tmp_path / "archive", "one")) as one:
        one.note(b"k", at, place)
        assert not one.since(b"k", at)  # its own queue knows that
    with contextlib.closing(Visited(tmp_path / "v.sqlite", tmp_path / "archive", "two")) as two:
        assert two.since(b"k", at)
        assert not two.since(b"k", at.replace(day=6)) and not two.since(b"other", at)
    for size, there in ((9, False), (11, True)):
        (folder / place.file).write_bytes(bytes(size))
        two = Visited(tmp_path / "v.sqlite", tmp_path / "archive", "two")
        assert two.since(b"k", at) is there
        two.close()
    shutil.rmtree(folder)  # moved to where there is room
    with contextlib.closing(Visited(tmp_path / "v.sqlite", tmp_path / "archive", "two")) as two:
        assert two.since(b"k", at)
        two.note(b"k", at.replace(day=7), place)
        two.forget([b"k", b"none"])
    with contextlib.closing(Visited(tmp_path / "v.sqlite", tmp_path / "archive", "three")) as last:
        assert not last.since(b"k", at)


def test_the_memory_of_an_earlier_version_counts(tmp_path: Path) -> None:
    at = datetime(2019, 3, 5, tzinfo=UTC)
    with contextlib.closing(sqlite3.connect(tmp_path / "v.sqlite")) as old, old:
        old.execute("CREATE TABLE visited (key BLOB PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID")
        old.execute("INSERT INTO visited VALUES (?, ?)", (b"k", at.timestamp()))
    with contextlib.closing(Visited(tmp_path / "v.sqlite", tmp_path, "new")) as visited:
        assert visited.since(b"k", at)
