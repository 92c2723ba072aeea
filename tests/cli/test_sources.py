"""``cryptodrug db sources`` and ``db remove``: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.replay import replay
from tests.cli.running import run
from tests.conftest import FIXTURES
from tests.databases import execute

STUDY = FIXTURES / "study"


@pytest.fixture
def loaded(migrated_url: str) -> str:
    """Three days of the bundled study, each an archive of its own."""
    days = sorted(STUDY.glob("20*"))
    replay([days[0]], client_url(migrated_url))
    replay(days[1:3], client_url(migrated_url))
    return migrated_url


def db(url: str, *options: str | Path) -> Any:
    return run("db", *options, "--database-url", url)


def pages(url: str) -> int:
    return int(execute(url, "SELECT count(*) FROM page")[0][0])


def test_sources(loaded: str) -> None:
    done = db(loaded, "sources", "--json")
    assert done.exit_code == 0
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len({row["path"] for row in rows}) == 3
    assert sum(row["pages"] for row in rows) == pages(loaded)
    assert {row["invented"] for row in rows} == {True}
    assert all(row["first"] == row["last"] == Path(row["path"]).name for row in rows if row["days"])
    shown = db(loaded, "sources")
    assert shown.exit_code == 0
    for row in rows:
        assert row["archive"][:8] in shown.stdout
    assert "invented" in shown.stdout


def test_nothing_goes_before_it_is_counted(loaded: str) -> None:
    before = pages(loaded)
    day = sorted(STUDY.glob("20*"))[0]
    done = db(loaded, "remove", "--source", day)
    assert done.exit_code == 0
    assert "Would be removed" in done.stdout
    assert "--yes does it" in done.stderr
    assert pages(loaded) == before
    counted = json.loads(db(loaded, "remove", "--source", day, "--json").stdout)
    assert counted["removed"] is False
    assert counted["rows"]["page"] > 0
    really = db(loaded, "remove", "--source", day, "--json", "--yes")
    assert really.exit_code == 0
    assert json.loads(really.stdout) == {**counted, "removed": True}
    assert pages(loaded) == before - counted["rows"]["page"]
    assert execute(loaded, "SELECT count(*) FROM review_due") == [(0,)]
    again = db(loaded, "remove", "--source", day, "--yes")
    assert (again.exit_code, again.stdout) == (2, "")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ((), 2, "Give one of --source"),
        (("--market", "dream", "--crawl", "abcd"), 2, "Give one of --source"),
        (("--market", "dreem"), 2, "Did you mean dream?"),
        (("--market", "empire"), 3, "no pages of empire"),
        (("--crawl", "abcd1234"), 2, "knows no crawl 'abcd1234'"),
        (("--source", "/nowhere/at/all"), 2, "knows no archive"),
    ],
)
def test_what_cannot_be_removed(
    loaded: str, options: tuple[str, ...], code: int, words: str
) -> None:
    before = pages(loaded)
    done = db(loaded, "remove", *options, "--yes")
    assert done.exit_code == code
    assert words in " ".join(done.stderr.split())
    assert pages(loaded) == before


def test_a_market_goes(loaded: str) -> None:
    done = db(loaded, "remove", "--market", "dream", "--yes")
    assert done.exit_code == 0
    assert "Removed" in done.stdout
    assert execute(loaded, "SELECT count(*) FROM page WHERE market = 'dream'") == [(0,)]
    assert execute(loaded, "SELECT count(*) FROM vendor WHERE market = 'dream'") == [(0,)]


def test_an_empty_database(migrated_url: str) -> None:
    done = db(migrated_url, "sources")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "No page was loaded so far" in done.stderr
