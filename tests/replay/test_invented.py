"""Real and invented pages in one database: the mark is kept, and neither counts for the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.replay.work import NO_MARKETS_HOST
from tests.conftest import PAGES
from tests.replay.rows import all_rows
from tests.replay.test_reviews import dsn_of
from tests.replay.written import dream_ratings, save

NOON = datetime(2018, 11, 19, 12, tzinfo=UTC)
DAY = 86_400
ONION = "http://abcdefghijklmn23.onion/contactMember?member={}"
ROWS = [(n * DAY, 5, f"words {n}", "b***s", 20 + n) for n in range(1, 6)]


@pytest.fixture
def other_engine(another_migrated_url: str) -> Iterator[Engine]:
    opened = open_engine(another_migrated_url)
    yield opened
    opened.dispose()


def ask(engine: Engine, sql: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def page(folder: Path, url: str | None, *, rows: Any = ROWS, after: int = 0, **about: Any) -> Path:
    """Write a vendor's page of reviews, and its sidecar."""
    save(folder, "a", dream_ratings("OakHerb", rows), NOON + timedelta(days=after), url)
    sidecar = folder / "a.json"
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), **about}))
    return folder


MARKED = "SELECT invented, count(*) FROM page GROUP BY 1 ORDER BY 1"


def test_all_fixtures_are_marked(engine: Engine) -> None:
    done = replay(PAGES, dsn_of(engine))
    assert ask(engine, MARKED) == [(True, done.pages_read)]
    assert ask(engine, "SELECT DISTINCT invented FROM review") == [(True,)]
    assert NO_MARKETS_HOST not in {reason for _, _, reason in done.counts.warnings}


def test_a_host_that_no_market_has_is_a_warning_that_options_answer(
    engine: Engine, tmp_path: Path
) -> None:
    folder = page(tmp_path / "p", "http://market.example.org/contactMember?member=OakHerb")
    dsn = dsn_of(engine)
    key = ("dream", "page.url", NO_MARKETS_HOST)
    for _ in range(2):  # also of pages that were loaded before
        assert replay([folder], dsn).counts.warnings[key] == 1
    assert ask(engine, MARKED) == [(False, 1)]
    assert replay([folder], dsn, invented=True).counts.warnings[key] == 0
    assert ask(engine, MARKED) == [(True, 1)]
    assert ask(engine, "SELECT DISTINCT invented FROM review") == [(True,)]
    assert replay([folder], dsn).counts.warnings[key] == 1  # a source that does not know
    assert ask(engine, MARKED) == [(True, 1)]
    assert replay([folder], dsn, invented=False).counts.warnings[key] == 0
    assert ask(engine, MARKED) == [(False, 1)]
    assert ask(engine, "SELECT invented, count(*) FROM review GROUP BY 1") == [(False, 5)]


def test_what_its_source_marks_is_invented_whatever_is_said(engine: Engine, tmp_path: Path) -> None:
    here = page(tmp_path / "here", "http://127.0.0.1:8080/contactMember?member=OakHerb")
    marked = page(tmp_path / "marked", ONION.format("OakHerb"), invented=True)
    replay([here, marked], dsn_of(engine), invented=False)
    assert ask(engine, MARKED) == [(True, 2)]


def test_one_place_that_marks_a_page_is_enough_in_any_order(
    engine: Engine, other_engine: Engine, tmp_path: Path
) -> None:
    plain = page(tmp_path / "plain", ONION.format("OakHerb"))
    marked = page(tmp_path / "marked", ONION.format("OakHerb"), invented=True)
    replay([plain], dsn_of(engine))
    replay([marked], dsn_of(engine))
    replay([plain, marked], dsn_of(other_engine))
    assert ask(engine, MARKED) == ask(other_engine, MARKED) == [(True, 1)]
    assert all_rows(engine) == all_rows(other_engine)
    replay([plain], dsn_of(engine))
    assert ask(engine, MARKED) == [(True, 1)]


def test_reviews_and_views_are_of_one_kind(engine: Engine, tmp_path: Path) -> None:
    """A simulated vendor of a real one's name, with the same words: each has its own reviews."""
    real = page(tmp_path / "real", ONION.format("OakHerb"))
    replay([real], dsn_of(engine))
    latest = "SELECT * FROM vendor_latest"
    reviews = "SELECT * FROM review WHERE NOT invented ORDER BY review_id"
    before, own = ask(engine, latest), ask(engine, reviews)
    later = [(age + DAY, *rest) for age, *rest in ROWS]
    made = page(tmp_path / "made", "http://localhost/x", rows=[*later, (60, 1, "bad", "x***y", 9)])
    replay([made], dsn_of(engine))
    assert ask(engine, "SELECT invented, count(*) FROM review GROUP BY 1 ORDER BY 1") == [
        (False, 5), (True, 6),
    ]  # fmt: skip
    assert ask(engine, reviews) == own
    assert ask(engine, latest) == before
    assert len(before) == 1
    assert before[0][-1] is False
