"""Archives that are moved, grown, copied and changed, and the bytes of the pages in them."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)
from sqlalchemy import Engine, create_engine

from cryptodrug_scraper.archive import CrawlArchive, NotOpened, read_pages
from cryptodrug_scraper.database import archives, moved
from cryptodrug_scraper.database.archives import PagePlace, Roots, all_roots
from cryptodrug_scraper.database.stored import UnknownPage, open_stored
from cryptodrug_scraper.replay import replay
from tests.archive.crawling import NOON, stamp, write
from tests.archive.making import gz, html, make_zip, record
from tests.replay.rows import all_rows

BODIES = [html(f"page {n}") for n in range(4)]


def dsn_of(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(False)


@pytest.fixture
def other_engine(another_migrated_url: str) -> Iterator[Engine]:
    made = create_engine(another_migrated_url)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with closing(psycopg2.connect(dsn_of(engine))) as opened:
        yield opened


def warc(path: Path, *bodies: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        gz(*(record(body, url=f"http://m.onion/{BODIES.index(body)}") for body in bodies))
    )
    return path


def folder(path: Path) -> Path:
    """A folder of saved pages, an archive among them."""
    for n, body in enumerate(BODIES):
        file = path / f"2018-11-{10 + n}" / "index.html"
        file.parent.mkdir(parents=True)
        file.write_bytes(body)
    (path / "2018-12-01").mkdir()
    make_zip(path / "2018-12-01" / "more.zip", [("in/it.html", html("in a zip"))])
    return path


def query(connection: Connection, sql: str) -> list[tuple[object, ...]]:
    with connection, connection.cursor() as work:
        work.execute(sql)
        return work.fetchall()


def paths(connection: Connection) -> list[list[str]]:
    with connection, connection.cursor() as work:
        return [root.paths for root in all_roots(work)]


def bodies(connection: Connection) -> dict[int, bytes]:
    """The bytes of every page of the database, or of those that can be read."""
    found = {}
    for (page_id,) in query(connection, "SELECT page_id FROM page"):
        assert isinstance(page_id, int)
        found[page_id] = open_stored(connection, page_id).body
    return found


def gone(connection: Connection) -> str:
    """Assert that no page can be read; return what is said of one."""
    words = ""
    for (page_id,) in query(connection, "SELECT page_id FROM page"):
        assert isinstance(page_id, int)
        with pytest.raises(NotOpened) as raised:
            open_stored(connection, page_id)
        words = str(raised.value)
    return words


def test_places_are_those_of_the_innermost_root() -> None:
    roots = Roots({"/a": (1, True), "/a/b": (2, True), "/a/x.zip": (3, False), "/f": (4, False)})
    assert roots.place_of("/a/c/d.html") == PagePlace(1, "c/d.html")
    assert roots.place_of("/a/b/d.zip!/x#1/y.html") == PagePlace(2, "d.zip!/x#1/y.html")
    assert roots.place_of("/a/x.zip!/a/b.html") == PagePlace(3, "!/a/b.html")
    assert roots.place_of("/a/x.zip#12") == PagePlace(3, "#12")
    assert roots.place_of("/f") == PagePlace(4, "")
    assert roots.place_of("/fine/f.html") == PagePlace(0, "fine/f.html")
    assert roots.place_of("/a#1/f.html") == PagePlace(0, "a#1/f.html")


def test_a_folder_that_was_moved_is_told_found_or_replayed_anew(
    tmp_path: Path, engine: Engine, connection: Connection
) -> None:
    first, second = folder(tmp_path / "first"), tmp_path / "deep" / "second"
    replay([first], dsn_of(engine))
    assert query(connection, "SELECT count(DISTINCT archive_id) FROM page") == [(1,)]
    rows, before = all_rows(engine), bodies(connection)
    assert len(before) == len(BODIES) + 1

    second.parent.mkdir()
    first.rename(second)
    assert "archive roots" in gone(connection)
    with pytest.raises(moved.NotTheSame, match="does not hold"):
        moved.moves_to(connection, str(first), tmp_path)
    assert moved.move(connection, moved.moves_to(connection, str(first), second)) == 1
    assert bodies(connection) == before

    third = tmp_path / "third"
    second.rename(third)
    gone(connection)
    search = moved.find(connection, [tmp_path])
    assert [move.path for move in search.moves] == [str(third)]
    gone(connection)  # it was only looked for
    moved.move(connection, search.moves)
    assert bodies(connection) == before
    assert paths(connection) == [[str(third), str(second), str(first)]]

    third.rename(tmp_path / "fourth")
    (tmp_path / "fourth" / "2018-11-10" / "late.html").write_bytes(html("late"))
    replay([tmp_path / "fourth"], dsn_of(engine))
    assert {**bodies(connection), **before} == bodies(connection)
    assert len(paths(connection)) == 1
    assert query(connection, "SELECT count(*) FROM page_place") == [(0,)]

    (tmp_path / "fourth" / "2018-11-10" / "late.html").unlink()
    (tmp_path / "fourth").rename(first)
    replay([first], dsn_of(engine))
    with connection, connection.cursor() as work:
        work.execute("DELETE FROM page WHERE place LIKE '%late.html'")
    assert all_rows(engine) == rows


def test_a_file_is_known_by_its_content(
    tmp_path: Path, engine: Engine, connection: Connection
) -> None:
    path = warc(tmp_path / "a" / "crawl.warc.gz", *BODIES[:2])
    replay([path], dsn_of(engine))
    before = bodies(connection)
    path.rename(tmp_path / "without a name")
    decoy = warc(path, BODIES[3])
    gone(connection)
    assert not moved.find(connection, [tmp_path]).missing  # something stands at its path
    decoy.unlink()
    search = moved.find(connection, [tmp_path])
    moved.move(connection, search.moves)
    assert bodies(connection) == before

    # It grows, as a WARC that is written to does; and is read from another path.
    shutil.copy(tmp_path / "without a name", path)
    with path.open("ab") as file:
        file.write(gz(record(BODIES[2], url="http://m.onion/2")))
    replay([path], dsn_of(engine))
    assert len(bodies(connection)) == 3
    assert query(connection, "SELECT count(*) FROM archive WHERE kind = 'file'") == [(1,)]
    assert query(connection, "SELECT count(*) FROM page_place") == [(0,)]


def test_a_page_in_two_archives_is_read_from_the_one_that_is_there(
    tmp_path: Path, engine: Engine, other_engine: Engine, connection: Connection
) -> None:
    one = warc(tmp_path / "one.warc.gz", *BODIES[:3])
    two = warc(tmp_path / "two.warc.gz", *reversed(BODIES[1:]))
    orders = [[one, two], [two, one]]
    for order, into in zip(orders, (engine, other_engine), strict=True):
        for path in order:
            replay([path], dsn_of(into))
            replay([path], dsn_of(into))
    assert all_rows(engine) == all_rows(other_engine)
    assert query(connection, "SELECT count(*) FROM page_place") == [(4,)]
    before = bodies(connection)
    assert sorted(before.values()) == sorted(BODIES)
    for path, rest in ((one, BODIES[1:]), (two, BODIES[:3])):
        hidden = path.rename(tmp_path / "hidden")
        left = []
        for page_id, body in before.items():
            try:
                left.append(open_stored(connection, page_id).body)
            except NotOpened as error:
                assert error.why == "gone"
            else:
                assert left[-1] == body
        assert sorted(left) == sorted(rest)
        hidden.rename(path)


def test_places_do_not_depend_on_the_order_nor_on_how_paths_are_given(
    tmp_path: Path, engine: Engine, other_engine: Engine
) -> None:
    rng = random.Random(3)
    files = [warc(tmp_path / "pages" / f"{n}.warc.gz", *rng.sample(BODIES, 3)) for n in range(5)]
    folder(tmp_path / "pages" / "saved")
    saved = sorted((tmp_path / "pages" / "saved").rglob("*.*"))
    given = [*files, *saved]
    rng.shuffle(given)
    for path in given:
        replay([path], dsn_of(engine))
    replay([tmp_path / "pages"], dsn_of(other_engine))
    assert all_rows(engine) == all_rows(other_engine)
    replay([tmp_path], dsn_of(engine))
    replay(given[::-1], dsn_of(other_engine))
    assert all_rows(engine) == all_rows(other_engine)


def test_places_are_kept_when_other_parsers_read_a_page_anew(
    tmp_path: Path, engine: Engine, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = warc(tmp_path / "one.warc.gz", *BODIES)
    two = warc(tmp_path / "two.warc.gz", *BODIES[::-1])
    replay([one, two], dsn_of(engine))
    before = all_rows(engine, without=("parser_version",))
    monkeypatch.setattr("cryptodrug_scraper.replay.work.parser_version", lambda: "another")
    replay([two], dsn_of(engine))
    assert all_rows(engine, without=("parser_version",)) == before
    assert query(connection, "SELECT DISTINCT parser_version FROM page") == [("another",)]


def test_what_was_moved_out_of_a_folder(
    tmp_path: Path, engine: Engine, connection: Connection
) -> None:
    pages = folder(tmp_path / "pages")
    warc(pages / "crawl.warc.gz", *BODIES)
    replay([pages], dsn_of(engine))
    before = bodies(connection)
    (pages / "crawl.warc.gz").rename(tmp_path / "moved.warc.gz")
    (pages / "2018-12-01").rename(tmp_path / "december")
    for old, new in (("crawl.warc.gz", "moved.warc.gz"), ("2018-12-01", "december")):
        moves = moved.moves_to(connection, str(pages / old), tmp_path / new)
        moved.move(connection, moves)
    shutil.rmtree(pages / "2018-11-10")
    lost = hashlib.sha256(BODIES[0]).hexdigest()
    with connection, connection.cursor() as work:
        work.execute(
            "DELETE FROM page WHERE sha256 = decode(%s, 'hex') AND place LIKE '2018%%'", (lost,)
        )
    assert bodies(connection).items() <= before.items()
    assert len(bodies(connection)) == len(before) - 1
    with pytest.raises(moved.UnknownRoot):
        moved.moves_to(connection, str(tmp_path / "nothing"), tmp_path)


def test_several_roots_below_a_folder_that_was_moved(
    tmp_path: Path, engine: Engine, connection: Connection
) -> None:
    old = tmp_path / "old"
    given = [folder(old / "pages"), warc(old / "w" / "a.warc.gz", BODIES[0])]
    given.append(warc(old / "w" / "b.warc.gz", BODIES[1]))
    replay(given, dsn_of(engine))
    before = bodies(connection)
    old.rename(tmp_path / "new")
    assert len(moved.find(connection, [tmp_path]).moves) == 3
    moves = moved.moves_to(connection, str(old), tmp_path / "new")
    assert moved.move(connection, moves) == 3
    assert bodies(connection) == before
    assert not moved.find(connection, [tmp_path]).missing


def test_an_archive_that_was_changed_is_named(
    tmp_path: Path, engine: Engine, connection: Connection
) -> None:
    path = warc(tmp_path / "a.warc", BODIES[0])
    replay([path], dsn_of(engine))
    path.write_bytes(gz(record(html("page 9"), url="http://m.onion/0")))
    assert "SHA-256" in gone(connection)
    with pytest.raises(moved.NotTheSame, match="size or content"):
        moved.moves_to(connection, str(path), path)
    with pytest.raises(UnknownPage):
        open_stored(connection, 1)


def test_a_crawls_place_is_the_same_as_its_archives(tmp_path: Path, engine: Engine) -> None:
    """A loader that was given the folder, and a replay of it, agree on the place."""
    path = warc(tmp_path / "job" / "x.warc.gz", *BODIES)
    roots = archives.known_roots(dsn_of(engine), [path.parent])
    pages = [roots.place_of(item.location) for item in read_pages([path])]
    again = archives.known_roots(dsn_of(engine), [path])
    assert [again.place_of(item.location) for item in read_pages([path])] == pages
    assert pages[0].place == "x.warc.gz#0"


def test_a_path_without_pages_is_no_archive(
    tmp_path: Path, engine: Engine, connection: Connection
) -> None:
    good, empty = tmp_path / "good", tmp_path / "empty"
    good.mkdir()
    empty.mkdir()
    (good / "a.html").write_bytes(html("a"))
    (empty / "a.png").write_bytes(b"\x89PNG")
    (tmp_path / "a.warc.gz").write_bytes(b"\x1f\x8b nothing")
    replay([empty, good, tmp_path / "a.warc.gz"], dsn_of(engine))
    rows = query(connection, "SELECT paths FROM archive WHERE archive_id <> 0")
    assert rows == [([str(good)],)]


def test_a_revisit_has_its_own_time(tmp_path: Path, engine: Engine, connection: Connection) -> None:
    times = [NOON, NOON + timedelta(days=7)]
    body = html("the same " * 400)
    with CrawlArchive(tmp_path, stamp()) as archive:
        for at in times:
            write(archive, body, captured_at=at)
    replay([tmp_path], dsn_of(engine))
    rows = query(connection, "SELECT page_id, captured_at FROM page ORDER BY 2")
    assert len(rows) == 2
    for (page_id, _), at in zip(rows, times, strict=True):
        assert isinstance(page_id, int)
        page = open_stored(connection, page_id)
        assert (page.body, page.captured_at) == (body, at)
