"""The same pages give the same rows: twice, shuffled, by two loaders, after a kill."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from cryptodrug_scraper.archive import NothingThere
from cryptodrug_scraper.common.progress import Progress
from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.reading.market import UnknownMarket
from cryptodrug_scraper.replay import replay, work
from tests.archive.warc_writer import WarcWriter
from tests.conftest import PAGES
from tests.replay.rows import all_rows, counts
from tests.replay.test_reviews import dsn_of
from tests.replay.written import dream_ratings, save

DAY = 86_400
NOON = datetime(2018, 11, 19, 12, tzinfo=UTC)


@pytest.fixture
def other_engine(another_migrated_url: str) -> Engine:
    return open_engine(another_migrated_url)


def test_twice_changes_nothing(engine: Engine) -> None:
    first = replay(PAGES, dsn_of(engine))
    before = all_rows(engine)
    second = replay(PAGES, dsn_of(engine))
    assert first.counts.new == first.pages_read > 30
    assert (second.counts.new, second.counts.had) == (0, first.pages_read)
    assert second.counts.pages == first.counts.pages
    assert all_rows(engine) == before


def test_order_and_workers_do_not_matter(engine: Engine, other_engine: Engine) -> None:
    replay(PAGES, dsn_of(engine))
    pages = sorted(page for folder in PAGES for page in folder.rglob("*.html"))
    random.Random(7).shuffle(pages)
    for part in (pages[:9], pages[9:10], pages[10:]):
        replay(part, dsn_of(other_engine), workers=2)
    # Single files have no folder above them to tell a day, but sidecars as before.
    assert all_rows(other_engine) == all_rows(engine)


def test_real_pages_give_the_same_rows_in_any_order(
    engine: Engine, other_engine: Engine, real_pages: Path
) -> None:
    first = replay([real_pages], dsn_of(engine))
    assert (first.outcome, first.pages_read, first.counts.new) == ("complete", 29, 29)
    assert not [kind for _, kind in first.counts.pages if kind == "unknown"]
    # All that is not understood are ages: these pages do not say when they were captured.
    assert {(field, reason) for _, field, reason in first.counts.warnings} == {
        ("review.posted_on", "an age, and the capture time is unknown")
    }
    before = all_rows(engine)
    assert replay([real_pages], dsn_of(engine)).counts.new == 0
    assert all_rows(engine) == before
    pages = sorted(real_pages.rglob("*.html"))
    random.Random(11).shuffle(pages)
    for part in (pages[:13], pages[13:]):
        replay(part, dsn_of(other_engine))
    assert all_rows(other_engine) == before


def test_two_loaders_at_once(engine: Engine, other_engine: Engine) -> None:
    replay(PAGES, dsn_of(engine))
    with ThreadPoolExecutor(3) as pool:
        at_once = [pool.submit(replay, PAGES, dsn_of(other_engine)) for _ in range(3)]
        for loading in at_once:
            assert loading.result(60).outcome == "complete"
    assert all_rows(other_engine) == all_rows(engine)


def archive_of(path: Path, pages: int) -> Path:
    rng = random.Random(1)
    with WarcWriter(path) as warc:
        for n in range(pages):
            captured = NOON + timedelta(days=7 * (n // 40), minutes=n)
            rows = [
                (rng.randrange(50) * DAY, 5, rng.choice(["", "good", f"no {n}"]), "a . . . b", 15)
                for _ in range(20)
            ]
            html = dream_ratings(f"vendor{n % 40}", rows)
            warc.write_response(f"http://x.onion/{n}", captured, 200, {}, html.encode())
    return path


TELLING = """
import sys
from pathlib import Path
from cryptodrug_scraper.replay import replay

last = 0
def on_progress(progress):
    global last
    if progress.unit == "pages" and progress.done > last:
        last = progress.done
        print(last, flush=True)

replay([Path(sys.argv[1])], sys.argv[2], on_progress=on_progress)
"""


def test_killed_ten_times_and_run_again(
    tmp_path: Path, engine: Engine, other_engine: Engine
) -> None:
    warc = archive_of(tmp_path / "crawl.warc.gz", 2_000)
    replay([warc], dsn_of(engine))
    rng = random.Random(3)
    for _ in range(10):
        run = subprocess.Popen(
            [sys.executable, "-c", TELLING, str(warc), dsn_of(other_engine)],
            stdout=subprocess.PIPE,
        )
        assert run.stdout is not None
        for _ in range(rng.randrange(8)):
            run.stdout.readline()  # a batch was done
        time.sleep(rng.uniform(0, 0.3))
        os.kill(run.pid, signal.SIGKILL)
        run.wait(10)
    loaded = counts(other_engine)["page"]
    replay([warc], dsn_of(other_engine))
    assert all_rows(other_engine) == all_rows(engine)
    assert loaded > 0, "no kill came after a first batch: the test shows nothing"


def test_pages_read_by_other_parsers_are_read_anew(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, "v", dream_ratings("anna", [(9 * DAY, 5, "fine", "a . . . b", 15)]), NOON)
    dsn = dsn_of(engine)
    replay([tmp_path], dsn)
    before = all_rows(engine, without=("parser_version",))
    monkeypatch.setattr(work, "parser_version", lambda: "another")
    summary = replay([tmp_path], dsn)
    assert summary.counts.new == 1
    assert all_rows(engine, without=("parser_version",)) == before
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT parser_version FROM page")) == "another"


def test_the_same_capture_in_two_places_is_one_page(tmp_path: Path, engine: Engine) -> None:
    page = dream_ratings("anna", [(9 * DAY, 5, "fine", "a . . . b", 15)])
    for name in ("b", "a", "c"):
        save(tmp_path / name, "v", page, NOON)
    for name in ("b", "a", "c"):
        replay([tmp_path / name], dsn_of(engine))
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT location FROM page_location")).all() == [
            str(tmp_path / "a" / "v.html")
        ]
        assert connection.scalar(text("SELECT count(*) FROM review")) == 1


def test_dry_run_counts_and_writes_nothing(engine: Engine) -> None:
    summary = replay(PAGES, None)
    assert summary.pages_read > 30
    assert summary.counts.new == 0
    assert counts(engine)["page"] == 0


def test_progress_is_told_of_all_bytes_and_pages(tmp_path: Path, engine: Engine) -> None:
    seen: list[Progress] = []
    warc = archive_of(tmp_path / "crawl.warc.gz", 300)
    replay([warc], dsn_of(engine), on_progress=seen.append)
    read = [progress for progress in seen if progress.unit == "pages"]
    assert (read[-1].done, read[-1].share) == (300, 1.0)
    groups = [progress for progress in seen if progress.unit == "groups"]
    assert groups[-1].share == 1.0


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda folder: replay([folder / "none"], None), NothingThere),
        (lambda folder: replay([folder], None, market="silk_road"), UnknownMarket),
    ],
)
def test_bad_input_is_refused(
    tmp_path: Path, call: Callable[[Path], object], error: type[Exception]
) -> None:
    save(tmp_path, "v", dream_ratings("anna", []), NOON)
    with pytest.raises(error):
        call(tmp_path)


def test_a_folder_without_pages_is_nothing_read(tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    summary = replay([tmp_path], dsn_of(engine))
    assert summary.outcome == "nothing read"
    assert counts(engine)["page"] == 0


def test_an_unknown_page_is_kept_and_counted(tmp_path: Path, engine: Engine) -> None:
    save(tmp_path, "odd", "<html><body>hello</body></html>", NOON)
    summary = replay([tmp_path], dsn_of(engine))
    assert summary.outcome == "partly failed"
    assert [where for where, _ in summary.counts.unknown] == [str(tmp_path / "odd.html")]
    with engine.connect() as connection:
        row = connection.execute(text("SELECT market, kind, outcome FROM page")).one()
    assert tuple(row) == (None, "unknown", "unknown")


def test_a_page_that_was_cut_off_is_named_each_time_it_is_met(
    tmp_path: Path, engine: Engine
) -> None:
    page = dream_ratings("anna", [(DAY, 5, "fine", "a . . . b", 15)])
    save(tmp_path, "all", page, NOON)
    save(tmp_path, "half", page[: page.index("fine")], NOON)
    for reason in ("ends in: ", "loaded before"):
        summary = replay([tmp_path], dsn_of(engine))
        found = summary.to_dict()
        assert summary.outcome == "partly failed"
        assert found["pages"]["cut_off"] == 1
        assert found["pages"]["cut_off_by_market"] == {"dream": 1}
        (named,) = found["cut_off_pages"]
        assert named["location"] == str(tmp_path / "half.html")
        assert named["reason"].startswith(reason)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT cut_off FROM page ORDER BY size")).scalars()
        assert list(rows) == [True, False]
