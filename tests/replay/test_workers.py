"""Workers of a replay: killed, and left by a parent that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from sqlalchemy import Engine, text

from cryptodrug_scraper.common.progress import Progress
from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.replay import replay
from tests.conftest import FIXTURES, ROOT
from tests.replay.rows import all_rows
from tests.replay.test_reviews import dsn_of
from tests.replay.test_run import archive_of

# Reads the same archive over and over, so that it is at work until it is killed.
ENDLESS = """
import sys
from pathlib import Path
from cryptodrug_scraper.replay import replay

if __name__ == "__main__":
    replay([Path(sys.argv[1])] * 500, sys.argv[2], workers=2)
"""


def wait_until(true: Callable[[], object], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.1)
    return False


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    """Return the processes under the server that forks workers."""
    return [
        worker
        for child in process.children()
        if "forkserver" in " ".join(child.cmdline())
        for worker in child.children()
    ]


def connections(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(
            connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND application_name = 'cryptodrug replay'"
                )
            )
            or 0
        )


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path, engine: Engine) -> None:
    warc = archive_of(tmp_path / "crawl.warc.gz", 300)
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS)
    run = subprocess.Popen(
        [sys.executable, str(script), str(warc), dsn_of(engine)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        parent = psutil.Process(run.pid)
        assert wait_until(lambda: connections(engine) >= 4, 120)
        family = parent.children(recursive=True)
        assert len(workers_of(parent)) == 2
    finally:
        run.kill()
        run.wait()
    assert wait_until(lambda: not any(p.is_running() for p in family), 30)
    assert wait_until(lambda: connections(engine) == 0, 30)


def test_a_batch_whose_worker_is_killed_is_read_again(
    tmp_path: Path, engine: Engine, another_migrated_url: str
) -> None:
    other = open_engine(another_migrated_url)
    warc = archive_of(tmp_path / "crawl.warc.gz", 1_000)
    replay([warc], dsn_of(other))
    killed: list[int] = []

    def kill(progress: Progress) -> None:
        alive = workers_of(psutil.Process()) if progress.done and len(killed) < 2 else []
        for worker in alive[:1]:
            killed.append(worker.pid)
            os.kill(worker.pid, signal.SIGKILL)

    summary = replay([warc], dsn_of(engine), workers=2, on_progress=kill)
    assert killed, "no batch was done before all were: the test shows nothing"
    assert (summary.outcome, summary.pages_read) == ("complete", 1_000)
    assert all_rows(engine) == all_rows(other)


def test_a_page_that_ends_whoever_reads_it_is_named(tmp_path: Path) -> None:
    market = tmp_path / "deadly.py"
    market.write_text(DEADLY)
    for number, path in enumerate(sorted(FIXTURES.glob("*/*.html"))[:6]):
        (tmp_path / f"{number}.html").write_bytes(path.read_bytes())
    (tmp_path / "zz-deadly.html").write_text("<html><title>deadly</title></html>")
    run = subprocess.run(
        [sys.executable, str(market), str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.stdout.split("\n")[:2] == ["partly failed", "6"], run.stderr
    assert "zz-deadly.html" in run.stdout
    assert "SIGKILL" in run.stdout


# Run as a script: workers import it as their main module, and so read pages as it does.
DEADLY = """
import os, signal, sys
from pathlib import Path
from cryptodrug_scraper.replay import replay, work

parse = work.parse_page

def deadly(body, **options):
    if b"<title>deadly" in body:
        os.kill(os.getpid(), signal.SIGKILL)
    return parse(body, **options)

work.parse_page = deadly

if __name__ == "__main__":
    summary = replay([Path(sys.argv[1])], None, workers=2)
    print(summary.outcome, summary.pages_read, sep="\\n")
    for trouble in summary.troubles:
        print(trouble.location, trouble.reason, trouble.code)
"""
