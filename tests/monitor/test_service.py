"""What is due is run, once, whatever happens meanwhile."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cryptodrug_scraper.common.processes import wait_for
from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.replay import replay
from tests.crawl.crawling import Place, place
from tests.crawl.test_crawl import count
from tests.e2e.rows import same_rows
from tests.monitor.watching import PATIENCE, Watched, stop

pytestmark = pytest.mark.usefixtures("interruptible")
PAGES = "SELECT count(*) FROM page"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path, "dream", listings=20, vendors=3, reviews=40) as market:
        yield market


@pytest.fixture
def watched(tmp_path: Path, migrated_url: str) -> Watched:
    monitor = Watched(tmp_path, migrated_url)
    monitor.configure("dream")
    return monitor


def test_what_was_missed_runs_once(here: Place, watched: Watched) -> None:
    assert watched.run() and watched.runs() == []  # a calendar begins when it is first seen
    watched.since(40, "crawl/dream")
    printed = watched.run()
    (crawl,) = watched.runs(job="crawl/dream")
    assert (crawl.state, crawl.outcome, crawl.attempts) == ("done", "finished", 1), printed
    (health,) = watched.runs(job="health/dream")
    assert health.state == "done", printed
    assert count(watched.database_url, PAGES) > 20
    asked = here.server.site.snapshot()
    watched.run()
    assert here.server.site.snapshot() == asked


def test_a_wall_is_waited_at_until_fresh_cookies_come(here: Place, watched: Watched) -> None:
    here.server.site.sessions.end_all()
    watched.since(8, "crawl/dream")
    process = watched.start()
    try:
        run = watched.until("waiting", "crawl/dream")
        assert run.outcome == "needs a session"
        here.sign_in("id0")
        run = watched.until("done", "crawl/dream")
        assert (run.outcome, run.attempts) == ("finished", 2)
    finally:
        stop(process)


def test_cookies_that_came_while_the_crawl_was_ending_are_fresh(
    here: Place, watched: Watched
) -> None:
    here.server.site.sessions.end_all()
    watched.since(8, "crawl/dream")
    with here.researcher(every=0.01):  # renewed as soon as it is known that they ended
        process = watched.start()
        try:
            assert watched.until("done", "crawl/dream").outcome == "finished"
        finally:
            stop(process)


def test_killed_at_any_moment_it_goes_on(
    here: Place, watched: Watched, another_migrated_url: str
) -> None:
    watched.configure("dream")
    watched.since(8, "crawl/dream")
    for kill_jobs in (False, True, False):
        process = watched.start()
        number = len(here.warcs())
        wait_for(lambda number=number: len(here.warcs()) > number, 5)
        jobs = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        for job in jobs if kill_jobs else ():
            if "crawl" in job.cmdline():
                job.kill()
    watched.run()
    (run,) = watched.runs(job="crawl/dream")
    assert (run.state, run.outcome) == ("done", "finished")
    assert len({warc.parent for warc in here.warcs()}) == 1  # one crawl, whoever went on with it
    replay([here.captured], client_url(another_migrated_url))
    found = same_rows(
        client_url(watched.database_url),
        client_url(another_migrated_url),
        ignore=("run_health", "health_check"),  # which no archive states
    )
    assert found == []


def test_interrupted_it_ends_its_jobs_and_goes_on_later(here: Place, watched: Watched) -> None:
    watched.since(8, "crawl/dream")
    process = watched.start()
    watched.until("running", "crawl/dream")
    wait_for(lambda: bool(here.warcs()), PATIENCE)
    stop(process, signal.SIGINT)
    assert process.returncode == 130
    (run,) = watched.runs(job="crawl/dream")
    assert run.state in ("planned", "done")
    watched.run()
    (run,) = watched.runs(job="crawl/dream")
    assert (run.state, run.outcome) == ("done", "finished")


def test_archives_of_the_inbox_are_replayed_and_kept(
    here: Place, watched: Watched, tmp_path: Path
) -> None:
    assert here.crawl(None).code == 0
    inbox = tmp_path / "inbox"
    watched.configure("dream", more='[inbox]\nfolder = "inbox"\n')
    shutil.copytree(here.captured, inbox / "october")
    (inbox / "notes.7z").write_bytes(b"7z\xbc\xaf\x27\x1c and no more")
    (inbox / "half.warc.gz.part").write_bytes(b"not yet")
    process = watched.start()
    try:
        watched.until("done", "inbox/october")
        watched.until("failed", "inbox/notes.7z")
    finally:
        stop(process)
    assert count(watched.database_url, PAGES) > 20
    assert sorted(path.name for path in inbox.iterdir()) == ["half.warc.gz.part", "refused"]
    assert (inbox / "refused" / "notes.7z").is_file()
    assert (tmp_path / "archive" / "inbox" / "october").is_dir()


def test_one_monitor_at_a_time(watched: Watched) -> None:
    process = watched.start()
    try:
        assert wait_for((watched.folder / "monitor" / "heartbeat.json").is_file, PATIENCE)
        second = watched.start()
        printed, _ = second.communicate(timeout=PATIENCE)
        assert second.returncode == 2 and "runs already" in printed
    finally:
        stop(process)
