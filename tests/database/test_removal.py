"""What was loaded is taken out again, and nothing else: load A, load B, remove B is load A."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import Engine, text

from cryptodrug_scraper.archive import CrawlArchive, CrawlEnd
from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.database.ids import key_of
from cryptodrug_scraper.database.removal import (
    AtWork,
    NothingMatches,
    RemovalTarget,
    Removed,
    remove,
    target_of,
)
from cryptodrug_scraper.database.reviews import work_out_reviews
from cryptodrug_scraper.database.sources import sources
from cryptodrug_scraper.replay import replay
from tests.archive.crawling import NOON, stamp, write
from tests.conftest import FIXTURES
from tests.database.test_edits import CHANGED, NAMED
from tests.replay.rows import all_rows
from tests.replay.test_reviews import dsn_of
from tests.study.world import World

STUDY = FIXTURES / "study"
PAGES = sorted(STUDY.rglob("*.html"))
RUNS = {"dream": "a1" * 16, "empire": "b2" * 16}


@pytest.fixture
def other_engine(another_migrated_url: str) -> Iterator[Engine]:
    opened = open_engine(another_migrated_url)
    yield opened
    opened.dispose()


def everything(engine: Engine) -> dict[str, list[str]]:
    """All rows, the archives' too: those in which pages lie, by path."""
    rows = all_rows(engine)
    with engine.connect() as connection:
        rows["archive"] = sorted(
            connection.scalars(text("SELECT ROW(archive_id, kind, paths[1])::text FROM archive"))
        )
    return rows


def taken_out(
    engine: Engine, *, source: Path | str | None = None, crawl: str | None = None,
    market: str | None = None, dry_run: bool = False,
) -> Removed:  # fmt: skip
    with closing(psycopg2.connect(dsn_of(engine))) as connection:
        with connection, connection.cursor() as work:
            named = None if source is None else str(source)
            target = target_of(work, source=named, crawl=crawl, market=market)
        removed = remove(connection, target, dry_run=dry_run)
        if not dry_run:
            work_out_reviews(connection)
    return removed


def copied(pages: list[Path], to: Path) -> Path:
    for page in pages:
        there = to / page.relative_to(STUDY)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(page, there)
        shutil.copy(page.with_suffix(".json"), there.with_suffix(".json"))
    return to


@pytest.mark.parametrize("seed", range(4))
def test_a_folder_goes_and_nothing_else(
    engine: Engine, other_engine: Engine, tmp_path: Path, seed: int
) -> None:
    """Pages of one study in two folders, some in both: vendors, texts, reviews are shared."""
    rng = random.Random(seed)
    parts: tuple[list[Path], list[Path]] = ([], [])
    for page in PAGES:
        for part in rng.choice([parts[:1], parts[1:], parts] if seed else [parts[:1], parts[1:]]):
            part.append(page)
    stays, goes = copied(parts[0], tmp_path / "p1"), copied(parts[1], tmp_path / "p0")
    order = [stays, goes]
    rng.shuffle(order)
    for folder in order:
        replay([folder], dsn_of(engine))
    replay([stays], dsn_of(other_engine))
    both = everything(engine)

    counted = taken_out(engine, source=goes, dry_run=True)
    assert everything(engine) == both
    assert counted.kept_pages == len(set(parts[0]) & set(parts[1]))
    assert taken_out(engine, source=goes) == counted
    alone = everything(engine)
    assert alone == everything(other_engine)
    assert counted.rows["page"] == len(both["page"]) - len(alone["page"]) > 0
    for table in ("vendor", "listing", "listing_observation", "long_text", "link", "archive"):
        assert counted.rows[table] == len(both[table]) - len(alone[table]), table
    assert counted.reviews >= len(both["review"]) - len(alone["review"]) > 0

    replay([goes], dsn_of(engine))  # and everything is back
    assert everything(engine) == both


def crawled(folder: Path, market: str, invented: bool) -> Path:
    """Write a crawl of a market's pages, with two that nobody knows, and its end."""
    run = RUNS[market]
    with CrawlArchive(folder, replace(stamp(run, market), invented=invented)) as archive:
        bodies = [page.read_bytes() for page in PAGES if page.parent.name == market]
        for n, body in enumerate([*bodies, b"<html>what is this?</html>"]):
            at = NOON + timedelta(minutes=n)
            write(archive, body, url=f"http://abcdefghijklmn23.onion/{n}", captured_at=at)
        archive.close(CrawlEnd(run, NOON + timedelta(hours=2), "finished", {}))
    return folder


@pytest.mark.parametrize("by", ["crawl", "market", "source"])
def test_a_crawl_or_a_market_goes_and_nothing_else(
    engine: Engine, other_engine: Engine, tmp_path: Path, by: str
) -> None:
    stays = crawled(tmp_path / "dream", "dream", invented=False)
    goes = crawled(tmp_path / "empire", "empire", invented=True)
    replay([stays], dsn_of(other_engine))
    replay([goes, stays], dsn_of(engine))
    with closing(psycopg2.connect(dsn_of(engine))) as connection, connection.cursor() as work:
        found = {s.market: s for s in sources(work)}
    assert {market: s.invented for market, s in found.items()} == {"dream": False, "empire": True}
    assert (found["dream"].days, found["dream"].first) == (1, NOON.date())
    crawl = found["empire"].crawl
    assert crawl is not None
    assert found["empire"].path == str(goes)
    chosen = {
        "crawl": {"crawl": crawl[:6]},
        "market": {"market": "empire"},
        "source": {"source": found["empire"].archive[:6]},
    }[by]
    removed = taken_out(engine, **chosen)  # type: ignore[arg-type]
    assert (removed.rows["crawl_run"], removed.rows["archive"]) == (1, 1)
    assert everything(engine) == everything(other_engine)


def test_words_that_were_changed_are_as_they_were(
    engine: Engine, other_engine: Engine, migrated_url: str, another_migrated_url: str
) -> None:
    """The newest words of an edited review go with their page: the earlier ones are it again."""
    for url, weeks in ((another_migrated_url, 2), (migrated_url, 3)):
        with closing(World(url)) as world:
            for day, words in (("03-02", NAMED), ("03-09", NAMED), ("03-16", CHANGED))[:weeks]:
                run = world.run(day, "empire")
                world.page(day, market="empire", kind="vendor", reviews=(words,), run=run)
            world.done()
    assert len(all_rows(engine)["review"]) == 1
    newest = f"{key_of('crawl_run', f'{3:032x}'):016x}"
    removed = taken_out(engine, crawl=newest)
    assert (removed.reviews, removed.changed_reviews) == (0, 1)
    assert everything(engine) == everything(other_engine)


def test_all_goes(engine: Engine, tmp_path: Path) -> None:
    replay([], dsn_of(engine))
    empty = everything(engine)
    replay([copied(PAGES, tmp_path / "a")], dsn_of(engine))
    taken_out(engine, source=tmp_path)  # the archives below it
    assert everything(engine) == empty


def test_what_is_not_there_or_at_work(engine: Engine, tmp_path: Path) -> None:
    replay([copied(PAGES[:3], tmp_path / "a")], dsn_of(engine))
    wrong = ({"source": "/nowhere"}, {"crawl": "0000"}, {"market": "empire"}, {"crawl": ""})
    for chosen in wrong:
        with pytest.raises(NothingMatches):
            taken_out(engine, **chosen)  # type: ignore[arg-type]
    before = everything(engine)
    dsn = dsn_of(engine)
    with (
        closing(psycopg2.connect(dsn, application_name="cryptodrug replay")),
        closing(psycopg2.connect(dsn)) as connection,
        pytest.raises(AtWork, match="cryptodrug replay"),
    ):
        remove(connection, RemovalTarget(market="dream"), dry_run=False)
    assert everything(engine) == before
