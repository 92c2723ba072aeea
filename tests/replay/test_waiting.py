"""Reviews that a killed replay left waiting, or that one at work has not come to: none are zero."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import Engine

from cryptodrug_scraper import study
from cryptodrug_scraper.common.progress import Progress
from cryptodrug_scraper.database import waiting
from cryptodrug_scraper.database.reviews import work_out_reviews
from cryptodrug_scraper.database.waiting import ReviewsWait
from cryptodrug_scraper.export import ExportOptions, export
from cryptodrug_scraper.language import CODES, language
from tests.cli.running import run
from tests.conftest import FIXTURES, ROOT
from tests.databases import execute
from tests.export.exporting import rows
from tests.replay.test_reviews import dsn_of

# A replay that stands still once all its pages are in the database.
STANDING = """
import signal, sys
from pathlib import Path
from cryptodrug_scraper.replay import replay

def on_progress(progress):
    if progress.done:
        print(progress.done, flush=True)
        signal.pause()

replay([Path(sys.argv[1])], sys.argv[2], on_progress=on_progress)
"""
REVIEWS = "SELECT review_id, posted_on, sightings FROM review ORDER BY 1"


@contextmanager
def loading(engine: Engine) -> Iterator[None]:
    """A replay of the bundled study, killed before it comes to the reviews."""
    process = subprocess.Popen(
        [sys.executable, "-c", STANDING, str(FIXTURES / "study"), dsn_of(engine)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 30
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


@pytest.fixture
def killed(engine: Engine) -> Engine:
    with loading(engine):
        pass
    assert execute(url(engine), "SELECT count(*) FROM review") == [(0,)]
    return engine


def url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def report(address: str, out: Path, *options: str) -> tuple[int, str, str]:
    done = run("report", "--country", "BE", "--out", out, "--database-url", address, *options)
    written = out.with_stem(f"{out.stem}-invented")  # as the bundled study is
    return (
        done.exit_code,
        " ".join(done.stderr.split()),
        written.read_text("utf-8") if written.exists() else "",
    )


def test_what_a_killed_replay_left_is_worked_out_by_who_reads_it(
    killed: Engine, tmp_path: Path
) -> None:
    assert execute(url(killed), "SELECT count(*) > 5 FROM review_due") == [(True,)]
    seen: list[Progress] = []
    with study.open(url(killed), on_progress=seen.append) as opened:
        assert not opened.waiting
        counted = opened.row("SELECT count(*) AS n FROM review")["n"]
    assert counted > 5
    assert [(progress.unit, progress.share) for progress in seen] == [("groups", 1.0)]
    made = execute(url(killed), REVIEWS)
    assert len(made) == counted
    with psycopg2.connect(dsn_of(killed)) as connection:
        connection.cursor().execute(
            "INSERT INTO review_due SELECT DISTINCT vendor_id, content_id FROM review_sighting;"
            "DELETE FROM review"
        )
    export(dsn_of(killed), tmp_path / "tables")
    assert len(rows(tmp_path / "tables", "reviews")) == counted
    assert execute(url(killed), REVIEWS) == made


@pytest.mark.slow
def test_a_report_after_a_kill_is_that_of_a_whole_replay(killed: Engine, tmp_path: Path) -> None:
    code, words, first = report(url(killed), tmp_path / "first.html")
    assert (code, "wait" in words, "at the time received" in first) == (0, False, True)
    assert report(url(killed), tmp_path / "again.html")[2] == first
    assert "at the time received 0" not in first


@pytest.mark.slow
def test_while_a_replay_is_at_work_readers_are_refused(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0.1)
    with loading(engine):
        code, words, page = report(url(engine), tmp_path / "x.html")
        assert (code, page) == (4, "")
        assert "A replay or a crawl is loading" in words
        assert "--as-is" in words
        done = run("export", "--out", tmp_path / "x", "--database-url", url(engine))
        assert (done.exit_code, "is loading" in done.stderr) == (4, True)
        with pytest.raises(ReviewsWait, match="wait for it"):
            study.open(url(engine))
        assert list(tmp_path.iterdir()) == []
        with study.open(url(engine), as_is=True) as opened:
            assert opened.waiting.rows >= opened.waiting.groups > 0
            assert opened.row("SELECT count(*) AS n FROM review")["n"] == 0


@pytest.mark.slow
def test_as_is_is_the_first_that_is_said(killed: Engine, tmp_path: Path) -> None:
    shown = execute(url(killed), "SELECT count(*) FROM review_sighting")[0][0]
    for lang in CODES:
        out = tmp_path / f"{lang}.html"
        code, words, page = report(url(killed), out, "--as-is", "--lang", lang)
        notice = language(lang).text("about.waiting", rows=shown)
        assert code == 0
        assert f"Reviews are missing: {shown} rows" in words
        assert notice in page.partition("</header>")[0]
        assert str(shown) in notice
    done = run("export", "--out", tmp_path / "x", "--as-is", "--database-url", url(killed))
    assert (done.exit_code, f"{shown} rows" in done.stderr) == (0, True)
    manifest = json.loads((tmp_path / "x" / "manifest.json").read_text("utf-8"))
    assert manifest["reviews_waiting"]["rows"] == shown
    assert manifest["reviews_waiting"]["groups"] > 0
    first_lines = (tmp_path / "x" / "CODEBOOK.md").read_text("utf-8").splitlines()[:3]
    assert f"Reviews are missing: {shown} rows" in first_lines[2]
    for file in ("codebook.json", "datapackage.json"):
        assert "Reviews are missing" in (tmp_path / "x" / file).read_text("utf-8")[:600]
    assert execute(url(killed), "SELECT count(*) FROM review") == [(0,)]


def test_who_may_not_write_is_refused_until_somebody_did(killed: Engine, tmp_path: Path) -> None:
    address, dsn = url(killed), dsn_of(killed)
    tables = "ON review, review_due"
    execute(address, f"REVOKE INSERT, UPDATE, DELETE {tables} FROM CURRENT_USER")
    for read in (lambda: study.open(address), lambda: export(dsn, tmp_path / "x")):
        with pytest.raises(ReviewsWait, match="may not do it: as one who may write"):
            read()
    assert list(tmp_path.iterdir()) == []
    assert export(dsn, tmp_path / "x", ExportOptions(as_is=True)).waiting.groups > 0
    asked = run("db", "query", "SELECT count(*) FROM review", "--database-url", address)
    assert "Warning: Reviews are missing" in " ".join(asked.stderr.split())
    execute(address, f"GRANT INSERT, UPDATE, DELETE {tables} TO CURRENT_USER")
    only_reads = f"{address}?options=-c%20default_transaction_read_only%3Don"
    with pytest.raises(ReviewsWait, match="may not do it"):
        study.open(only_reads)
    with closing(psycopg2.connect(dsn)) as connection:
        work_out_reviews(connection)
    with study.open(only_reads) as opened:
        assert not opened.waiting
    asked = run("db", "query", "SELECT count(*) FROM review", "--database-url", address)
    assert (asked.exit_code, asked.stderr) == (0, "")
