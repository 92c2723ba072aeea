"""A crawl's archive loaded while it is written, and replayed later: the same rows."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import Engine, text

from cryptodrug_scraper.archive import (
    CrawlArchive,
    CrawlEnd,
    CrawlStamp,
    Page,
    Written,
    read_pages,
    repair,
)
from cryptodrug_scraper.database.archives import known_roots
from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.database.crawls import record_crawl
from cryptodrug_scraper.database.ids import key_of
from cryptodrug_scraper.database.reviews import work_out_reviews
from cryptodrug_scraper.records import ParsedPage
from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.replay.work import Worker
from parsers import parse_page
from tests.archive.warc_writer import WarcWriter
from tests.conftest import FIXTURES
from tests.replay.rows import all_rows
from tests.replay.test_reviews import dsn_of

RUN = "0123456789abcdef" * 2
NOON = datetime(2018, 11, 19, 12, 0, 0, 250, UTC)
GATEWAY = (
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)


@pytest.fixture
def other_engine(another_migrated_url: str) -> Iterator[Engine]:
    opened = open_engine(another_migrated_url)
    yield opened
    opened.dispose()


def stamp(run: str = RUN, market: str = "dream") -> CrawlStamp:
    return CrawlStamp(run, market, NOON, "A. Researcher", "0.1.0", {"delay": 2.5, "é": ["\\"]})


END = CrawlEnd(RUN, NOON + timedelta(hours=2), "complete", {"pages/listing": 7})


def bodies(market: str = "dream") -> list[bytes]:
    return [path.read_bytes() for path in sorted((FIXTURES / market).glob("*.html"))]


def write(archive: CrawlArchive, n: int, body: bytes, **changes: object) -> Written:
    values = {
        "url": f"http://market.onion/{n}",
        "captured_at": NOON + timedelta(minutes=n, microseconds=n),
        "method": "GET",
        "request_headers": [("Cookie", "a=b")],
        "request_body": b"",
        "status": 200,
        "headers": [("Content-Type", "text/html; charset=utf-8")],
        "body": body,
    }
    return archive.write(**{**values, **changes})  # type: ignore[arg-type]


def crawl(folder: Path, dsn: str | None, batch: int = 4) -> list[Page]:
    """Write a crawl's archive, loading each few captures at once, as a crawl does."""
    pages: list[Page] = []
    waiting: list[tuple[Page, ParsedPage | None]] = []
    archive = CrawlArchive(folder, stamp(), rotate_bytes=30_000)
    worker = None
    if dsn is not None:
        worker = Worker(dsn, None, roots=known_roots(dsn, [folder]))

    def load() -> None:
        if worker is not None:
            prepared = worker.prepare([p for p, _ in waiting], [parsed for _, parsed in waiting])
            worker.commit(prepared)
        waiting.clear()

    captures: list[tuple[bytes, dict[str, object]]] = [(body, {}) for body in bodies()]
    captures += [(body, {}) for body in bodies()[:3]]  # revisits
    captures += [
        (GATEWAY, {"status": 502}),
        (b"", {"status": 302}),
        (bodies()[0][:-900], {"cut_short": "disconnect"}),
        (b"\x89PNG\r\n", {"headers": [("Content-Type", "image/png")]}),
        (bodies()[1], {"url": "http://market.onion/1", "captured_at": NOON}),
    ]
    with archive:
        if dsn is not None:
            connection = psycopg2.connect(dsn)
            record_crawl(connection, stamp())
            connection.close()
        for n, (body, changes) in enumerate(captures):
            archive.take_back(write(archive, n, b"<html>a page of another world</html>"))
            written = write(archive, n, body, **changes)
            if written.page is not None:
                pages.append(written.page)
                parsed = None
                if n % 2:
                    page = written.page
                    parsed = parse_page(
                        page.body,
                        market="dream",
                        url=page.url,
                        captured_at=page.captured_at,
                        content_type=page.content_type,
                    )
                waiting.append((page_once_more(written.page), parsed))
            if len(waiting) >= batch:
                load()
        load()
        archive.close(END)
    if worker is not None and dsn is not None:
        worker.close()
        connection = psycopg2.connect(dsn)
        record_crawl(connection, stamp(), END)
        work_out_reviews(connection)
        connection.close()
    return pages


def page_once_more(page: Page) -> Page:
    return dataclasses.replace(page)


def test_loaded_while_crawling_and_replayed_gives_the_same_rows(
    tmp_path: Path, engine: Engine, other_engine: Engine
) -> None:
    pages = crawl(tmp_path, dsn_of(engine))
    assert len(list(tmp_path.iterdir())) > 1
    assert repair(tmp_path) == []
    summary = replay([tmp_path], dsn_of(other_engine))
    assert summary.trouble_codes == {"cut_short": 1}
    assert summary.counts.new == len(pages)
    live, replayed = all_rows(engine), all_rows(other_engine)
    assert live == replayed
    assert len(live["page"]) == len(pages)
    assert len(live["crawl_run"]) == 1
    for table in ("listing_observation", "vendor_observation", "review", "page_link"):
        assert live[table], table
    # Once more, either way round, changes nothing.
    again = replay([tmp_path], dsn_of(engine), workers=2)
    assert (again.counts.new, again.counts.had) == (0, len(pages))
    assert all_rows(engine) == live


def test_what_the_rows_say(tmp_path: Path, engine: Engine) -> None:
    crawl(tmp_path, None)
    replay([tmp_path], dsn_of(engine))
    with engine.connect() as connection:
        run = connection.execute(text("SELECT * FROM crawl_run")).mappings().one()
        assert dict(run) == {
            "crawl_run_id": key_of("crawl_run", RUN),
            "market": "dream",
            "started_at": NOON,
            "invented": False,
            "ended_at": END.ended_at,
            "operator": "A. Researcher",
            "program_version": "0.1.0",
            "options": {"delay": 2.5, "é": ["\\"]},
            "outcome": "complete",
            "counters": {"pages/listing": 7},
        }
        runs = connection.scalars(text("SELECT DISTINCT crawl_run_id FROM page")).all()
        assert runs == [run["crawl_run_id"]]
        # A gateway's page names no market, the crawl does.
        gateway = connection.execute(text("SELECT market, kind FROM page WHERE status = 502")).one()
        assert tuple(gateway) == ("dream", "error")


def test_nothing_is_read_of_a_page_that_was_cut_short(tmp_path: Path, engine: Engine) -> None:
    body = next(b for b in bodies() if parse_page(b, market="dream").kind == "listing")
    parsed = parse_page(body, market="dream", captured_at=NOON)
    assert parsed.listings
    with CrawlArchive(tmp_path, stamp()) as archive:
        cut = write(archive, 1, body, cut_short="length").page
    assert cut is not None
    worker = Worker(dsn_of(engine), None, roots=known_roots(dsn_of(engine), [tmp_path]))
    worker.commit(worker.prepare([cut], [parsed]))  # whatever the caller read from it
    worker.close()
    rows = all_rows(engine)
    assert not rows["listing_observation"]
    assert not rows["vendor_observation"]
    assert not rows["page_link"]
    with engine.connect() as connection:
        page = connection.execute(text("SELECT market, kind, outcome, size FROM page")).one()
    assert tuple(page) == ("dream", "error", "read", len(body))
    replay([tmp_path], dsn_of(engine))
    assert all_rows(engine) == rows


def copied(crawled: Path, path: Path) -> Path:
    """The pages of a crawl in a file of another program, which knows nothing of the run."""
    with WarcWriter(path) as writer:
        for page in read_pages([crawled]):
            if isinstance(page, Page) and not page.cut_short:
                assert page.url is not None
                assert page.captured_at is not None
                writer.write_response(
                    page.url,
                    page.captured_at,
                    page.status or 200,
                    {"Content-Type": page.content_type or ""},
                    page.body,
                )
    return path


@pytest.mark.parametrize("name", ["a-copy.warc.gz", "z-copy.warc.gz"])
def test_a_run_that_is_known_later_is_taken_up(
    name: str, tmp_path: Path, engine: Engine, other_engine: Engine
) -> None:
    crawled = tmp_path / "crawl"
    crawl(crawled, None)
    copy = copied(crawled, tmp_path / name)
    for path in (copy, crawled, copy):
        replay([path], dsn_of(engine))
    for path in (crawled, copy):
        replay([path], dsn_of(other_engine))
    one, other = all_rows(engine), all_rows(other_engine)
    assert one == other
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM page WHERE crawl_run_id IS NULL")) == 0
        assert connection.scalar(text("SELECT count(*) FROM page WHERE market IS NULL")) == 0
    # All at once, in one batch.
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE page, crawl_run, review, review_due CASCADE"))
    replay([tmp_path], dsn_of(engine))
    assert all_rows(engine)["page"] == one["page"]


def test_the_run_is_kept_when_other_parsers_read_a_copy(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawled = tmp_path / "crawl"
    crawl(crawled, None)
    replay([crawled], dsn_of(engine))
    monkeypatch.setattr("cryptodrug_scraper.replay.work.parser_version", lambda: "another")
    replay([copied(crawled, tmp_path / "copy.warc.gz")], dsn_of(engine))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM page WHERE crawl_run_id IS NULL")) == 0


def test_several_loaders_of_several_runs_at_once(
    tmp_path: Path, engine: Engine, other_engine: Engine
) -> None:
    rng = random.Random(1)
    for n in range(6):
        with CrawlArchive(tmp_path, stamp(f"{n}" * 32)) as archive:
            for m, body in enumerate(rng.sample(bodies(), 5)):
                write(archive, m, body)
            archive.close(CrawlEnd(f"{n}" * 32, NOON, "complete", {}))
    files = sorted(tmp_path.iterdir())
    replay([tmp_path], dsn_of(engine))
    with ThreadPoolExecutor(3) as pool:
        orders = [rng.sample(files, len(files)) for _ in range(3)]
        at_once = [pool.submit(replay, order, dsn_of(other_engine)) for order in orders]
        for loading in at_once:
            loading.result(60)
    assert all_rows(other_engine) == all_rows(engine)


def test_ends_are_kept(tmp_path: Path, engine: Engine) -> None:
    connection = psycopg2.connect(dsn_of(engine))
    later = CrawlEnd(RUN, END.ended_at + timedelta(hours=1), "stopped", {"a": 1})
    for end, outcome in (
        (None, None),
        (END, "complete"),
        (None, "complete"),
        (later, "stopped"),
        (END, "stopped"),
        (None, "stopped"),
    ):
        record_crawl(connection, stamp(), end)
        with connection, connection.cursor() as work:
            work.execute("SELECT outcome, counters FROM crawl_run")
            row = work.fetchone()
        assert row is not None
        assert row[0] == outcome
    assert row == ("stopped", {"a": 1})
    with pytest.raises(ValueError, match="another run"):
        record_crawl(connection, stamp("f" * 32), END)
    connection.close()
    # A page of the run does not take the end away.
    with CrawlArchive(tmp_path, stamp()) as archive:
        write(archive, 1, bodies()[0])
    replay([tmp_path], dsn_of(engine))
    with engine.connect() as check:
        assert check.scalar(text("SELECT outcome FROM crawl_run")) == "stopped"


def test_a_market_that_is_told_wins_over_the_crawls(tmp_path: Path, engine: Engine) -> None:
    with CrawlArchive(tmp_path, stamp()) as archive:
        write(archive, 1, GATEWAY, status=502)
    replay([tmp_path], dsn_of(engine), market="empire")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT market FROM page")) == "empire"
        assert connection.scalar(text("SELECT market FROM crawl_run")) == "dream"


@pytest.mark.parametrize("lost", ["lookup", "loading"])
def test_a_lost_connection_is_raised_as_such(tmp_path: Path, engine: Engine, lost: str) -> None:
    pages = crawl(tmp_path, None)
    worker = Worker(dsn_of(engine), None)
    prepared = worker.prepare(pages[:2])
    with engine.begin() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(:pid)"),
            {"pid": getattr(worker, lost).get_backend_pid()},
        )
    for _ in range(2):  # when it is noticed, and when it is known
        with pytest.raises(psycopg2.OperationalError):
            if lost == "lookup":
                worker.prepare(pages[:2])
            else:
                worker.commit(prepared)
    worker.close()
    # The batch goes to a new worker.
    another = Worker(dsn_of(engine), None)
    assert another.commit(prepared).new == 2
    another.close()


def test_what_was_read_already_is_not_read_again(tmp_path: Path, engine: Engine) -> None:
    with CrawlArchive(tmp_path, stamp()) as archive:
        pages = [write(archive, n, body).page for n, body in enumerate(bodies()[:2])]
    given = ParsedPage(market="dream", kind="not_found")
    worker = Worker(dsn_of(engine), None)
    known = [page for page in pages if page is not None]
    prepared = worker.prepare(known, [given, None])
    assert prepared.counts.pages["dream", "not_found"] == 1
    with pytest.raises(ValueError, match="zip"):
        worker.prepare(known, [given])
    assert worker.commit(prepared).new == 2
    worker.close()
