"""`cryptodrug replay`: what it says, its exit codes, its summary file, and bad input."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptodrug_scraper.archive import ReadIssue
from cryptodrug_scraper.cli import replay as command
from cryptodrug_scraper.cli.errors import Code
from cryptodrug_scraper.replay import Summary
from parsers import markets
from tests.cli.bad import BAD
from tests.cli.running import PROGRAM, run, shell
from tests.conftest import FIXTURES, ROOT
from tests.databases import execute

LISTING = FIXTURES / "dream" / "listing_new.html"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages" / "2018-11-19"
    folder.mkdir(parents=True)
    for name in ("listing_new", "vendor_profile", "category"):
        shutil.copy(FIXTURES / "dream" / f"{name}.html", folder)
    return folder.parent


def contents(url: str) -> Iterator[tuple[str, object]]:
    """Yield each table with a digest of its rows."""
    tables = execute(
        url,
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
    )
    for (name,) in sorted(tables, key=str):
        rows = execute(
            url,
            f"SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM {name} t",
        )
        yield str(name), rows[0][0]


@pytest.fixture
def filled(migrated_url: str, pages: Path) -> str:
    result = run("replay", pages, "--database-url", migrated_url, "--workers", 1)
    assert result.exit_code == 0, result.output
    return migrated_url


# -- how it goes ----------------------------------------------------------------------------


def test_tables_headline_and_what_to_try(migrated_url: str, pages: Path) -> None:
    result = run("replay", pages, "--database-url", migrated_url, "--workers", 1)
    assert result.exit_code == 0
    for words in ("Pages by market and kind", "Records by type", "Complete: 3 pages read, 3 new"):
        assert words in result.stdout
    assert "db query" in result.stdout
    assert ":***@" in result.stdout  # never the password
    assert execute(migrated_url, "SELECT count(*) FROM page") == [(3,)]
    again = run("replay", pages, "--database-url", migrated_url, "--workers", 1)
    assert again.exit_code == 0
    assert "0 new, 3 loaded before" in again.stdout


def test_two_workers(migrated_url: str, pages: Path) -> None:
    result = run("replay", pages, "--database-url", migrated_url, "--workers", 2)
    assert result.exit_code == 0
    assert execute(migrated_url, "SELECT count(*) FROM page") == [(3,)]


def test_a_dry_run_touches_no_database(pages: Path) -> None:
    result = run("replay", pages, "--dry-run", "--database-url", "postgresql://nowhere.invalid/x")
    assert result.exit_code == 0
    assert "dry run: nothing was loaded" in result.stdout


def test_the_summary_is_written_whatever_came_out(pages: Path, tmp_path: Path) -> None:
    file = tmp_path / "summary.json"
    run("replay", pages, "--dry-run", "--summary", file)
    assert json.loads(file.read_text("utf-8"))["outcome"] == "complete"
    (pages / "empty.html").write_bytes(b"")
    assert run("replay", pages, "--dry-run", "--summary", file).exit_code == 1
    assert json.loads(file.read_text("utf-8"))["outcome"] == "partly failed"
    assert run("replay", pages / "empty.html", "--dry-run", "--summary", file).exit_code == 3
    assert json.loads(file.read_text("utf-8"))["outcome"] == "nothing read"
    wrong = "postgresql://u:secret@127.0.0.1:1/x"
    assert run("replay", pages, "--database-url", wrong, "--summary", file).exit_code == 4
    failed = json.loads(file.read_text("utf-8"))
    assert failed["outcome"] == "failed"
    assert "secret" not in failed["error"]
    assert not list(tmp_path.glob(".summary*"))


def test_a_place_where_no_summary_can_be_is_refused_at_once(pages: Path, tmp_path: Path) -> None:
    for place in (tmp_path / "none" / "s.json", tmp_path):
        result = run("replay", pages, "--dry-run", "--summary", place)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "--summary" in result.stderr


def test_quiet(pages: Path) -> None:
    result = run("replay", pages, "--dry-run", "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    (pages / "empty.html").write_bytes(b"")
    result = run("replay", pages, "--dry-run", "--quiet")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "1 skipped" in result.stderr


def test_a_quiet_replay_says_what_went_wrong_once_for_all_of_a_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")  # wide enough for any path
    for number in range(60):
        (tmp_path / f"empty-{number}.html").write_bytes(b"")
        (tmp_path / f"odd-{number}.html").write_text(f"<html>{number}</html>")
    (tmp_path / "zz.zip").write_bytes(b"PK\x03\x04 no archive \x1b]0;owned\x07")
    result = run("replay", tmp_path, "--dry-run", "--quiet", "--workers", 1)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Pages of unknown kind" in result.stderr and " 60 " in result.stderr
    assert "odd-" in result.stderr and "empty-" in result.stderr and "zz.zip" in result.stderr
    assert "61 skipped" in result.stderr
    assert len(result.stderr.splitlines()) < 40
    assert "\x1b" not in result.stderr


def test_what_was_not_read_is_listed(pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")  # wide enough for any path
    (pages / "empty.html").write_bytes(b"")
    (pages / "odd.html").write_text("<html>[bold]\x1b[31m</html>")
    result = run("replay", pages, "--dry-run", "--workers", 1)
    assert result.exit_code == 1
    assert "Pages of unknown kind" in result.stdout
    assert "Not read" in result.stdout
    assert "odd.html" in result.stdout
    assert "Partly failed" in result.stdout


def test_a_market_is_given(pages: Path) -> None:
    result = run("replay", pages, "--dry-run", "--market", "empire", "--workers", 1)
    assert result.exit_code == 1  # its pages are Dream's


# -- bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BAD)
def test_bad_input_changes_nothing(name: str, filled: str, tmp_path: Path) -> None:
    make, code, said = BAD[name]
    path = make(tmp_path)
    before = dict(contents(filled))
    result = run("replay", path, "--database-url", filled, "--workers", 1)
    assert result.exit_code == code, result.output
    assert said in result.output
    assert "Traceback" not in result.output
    assert dict(contents(filled)) == before
    assert not (tmp_path.parent / "above.html").exists()


@pytest.mark.parametrize("name", BAD)
def test_bad_input_beside_good_pages(name: str, migrated_url: str, pages: Path) -> None:
    make, _, said = BAD[name]
    make(pages)
    result = run("replay", pages, "--database-url", migrated_url, "--workers", 1)
    harmless = name == "a folder without pages"
    assert result.exit_code == (0 if harmless else 1)
    assert harmless or said in result.output
    assert execute(migrated_url, "SELECT count(*) FROM page") == [(3,)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--market", "dreem"], f"the markets are: {', '.join(markets())}"),
        (["--captured-at", "last year"], "2018-11-19"),
        (["--workers", "0"], "--workers"),
        (["nowhere/at/all"], "nowhere/at/all"),
    ],
)
def test_bad_usage(filled: str, pages: Path, arguments: list[str], said: str) -> None:
    before = dict(contents(filled))
    result = run("replay", pages, "--database-url", filled, *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert dict(contents(filled)) == before


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:secret@127.0.0.1:1/x", "No server listens there"),
        ("postgresql://me:secret@nowhere.invalid/x", "Is it spelt right"),
        ("mysql://me:secret@localhost/x", "works with PostgreSQL"),
        ("not an address", "should look like"),
    ],
)
def test_a_wrong_address_of_a_database(pages: Path, url: str, said: str) -> None:
    result = run("replay", pages, "--database-url", url)
    assert result.exit_code == 4
    assert said.lower() in " ".join(result.stderr.split()).lower()
    assert "secret" not in result.output


def test_a_wrong_database_url_in_the_environment(pages: Path) -> None:
    done = shell("replay", pages, DATABASE_URL="postgresql://me:secret@127.0.0.1:1/x")
    assert done.returncode == 4
    assert b"No server listens there" in done.stderr
    assert b"secret" not in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_wrong_password(filled: str, pages: Path) -> None:
    before, _, after = filled.partition("@")
    wrong = f"{before.rpartition(':')[0]}:wrong@{after}"
    result = run("replay", pages, "--database-url", wrong)
    assert result.exit_code == 4
    assert "password is wrong" in result.stderr


def test_a_database_at_a_newer_migration(filled: str, pages: Path) -> None:
    execute(filled, "UPDATE alembic_version SET version_num = '9999'")
    before = dict(contents(filled))
    result = run("replay", pages, "--database-url", filled)
    assert result.exit_code == 4
    assert "9999" in result.stderr
    assert "Nothing was changed" in " ".join(result.stderr.split())
    assert dict(contents(filled)) == before


def test_a_database_at_an_older_migration(
    filled: str, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptodrug_scraper.database import upgrade

    monkeypatch.setattr(upgrade, "head", lambda: "9998")  # as a later version of us would say
    before = dict(contents(filled))
    result = run("replay", pages, "--database-url", filled)
    assert result.exit_code == 4
    assert "cryptodrug db upgrade" in " ".join(result.stderr.split())
    assert dict(contents(filled)) == before


def test_a_database_of_something_else(database_url: str, pages: Path) -> None:
    execute(database_url, "CREATE TABLE mine (x int)")
    result = run("replay", pages, "--database-url", database_url)
    assert result.exit_code == 4
    assert "holds something else" in " ".join(result.stderr.split())


# -- interruption and progress --------------------------------------------------------------


def test_exit_codes_of_outcomes() -> None:
    summary = Summary()
    assert command.code_of(summary) is Code.NOTHING_READ
    summary.interrupted = True
    assert command.code_of(summary) is Code.INTERRUPTED
    summary.counts.pages["dream", "listing"] = 1
    assert command.code_of(summary) is Code.PARTLY_FAILED
    summary.interrupted = False
    assert command.code_of(summary) is Code.COMPLETE
    summary.trouble(ReadIssue("x", "why", "empty"))
    assert command.code_of(summary) is Code.PARTLY_FAILED


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_it_in_order(migrated_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    text = LISTING.read_text("utf-8")
    for n in range(3_000):
        (folder / f"{n}.html").write_text(text.replace("Valerian", f"Valerian {n}"), "utf-8")
    file = tmp_path / "summary.json"
    process = subprocess.Popen(
        [
            *(*PROGRAM, "replay", folder, "--database-url", migrated_url),
            *("--workers", "1", "--summary", file),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    for _ in range(600):
        if execute(migrated_url, "SELECT count(*) FROM page")[0][0] > 200:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("it was done before it could be interrupted")
    assert process.returncode == 1, err
    assert b"Traceback" not in err
    assert b"goes on from there" in out
    summary = json.loads(file.read_text("utf-8"))
    assert summary["interrupted"]
    # A batch may have been committed just before, and not been counted any more.
    loaded = execute(migrated_url, "SELECT count(*) FROM page")[0][0]
    assert summary["pages"]["new"] <= loaded < 3_000
