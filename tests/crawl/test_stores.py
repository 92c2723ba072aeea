"""The files of a crawl's memory: what is no queue is named, with what to do, and left as it is."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from pathlib import Path

import pytest

from cryptodrug_scraper.crawl.frontier import DONE, Frontier
from cryptodrug_scraper.crawl.plan import CrawlRefused
from cryptodrug_scraper.crawl.request import CrawlRequest
from cryptodrug_scraper.crawl.visited import Visited


def queue(path: Path) -> bytes:
    """A queue of some size, closed in order."""
    frontier = Frontier(path)
    frontier.add(CrawlRequest(f"/offer/{n}", "listing", str(n)) for n in range(2_000))
    frontier.close()
    return path.read_bytes()


def foreign(path: Path) -> bytes:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE request (id INTEGER, url TEXT)")
        database.commit()
    return path.read_bytes()


@pytest.mark.parametrize("name", ["frontier.sqlite", "visited.sqlite"])
@pytest.mark.parametrize("kind", ["empty", "random", "zeros", "text", "foreign", "cut", "torn"])
def test_what_is_no_store_is_refused_and_left(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    whole = queue(tmp_path / "whole.sqlite")
    chance = random.Random(kind)
    content = {
        "empty": b"",
        "random": chance.randbytes(50_000),
        "zeros": bytes(8192),
        "text": b"what was I to crawl?",
        "foreign": foreign(tmp_path / "foreign.sqlite"),
        "cut": whole[: len(whole) // 2],
        "torn": whole[:4096] + chance.randbytes(16_384) + whole[20_480:],
    }[kind]
    path.write_bytes(content)
    with pytest.raises(CrawlRefused) as refused:
        if name == "frontier.sqlite":
            Frontier(path)
        else:
            Visited(path, tmp_path, "crawl")
    assert str(path) in str(refused.value)
    assert ("--new" if name == "frontier.sqlite" else "Move it away") in str(refused.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("wal", [b"", bytes(5_000), b"rubbish" * 3_000])
def test_a_log_that_is_rubbish_takes_the_last_steps_back(tmp_path: Path, wal: bytes) -> None:
    """SQLite passes over what it cannot check, as after a power cut."""
    path = tmp_path / "frontier.sqlite"
    queue(path)
    Path(f"{path}-wal").write_bytes(wal)
    frontier = Frontier(path)
    assert frontier.waiting == 2_000
    frontier.close()


def test_a_queue_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "frontier.sqlite"
    queue(path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(
            "DROP TABLE record; DROP TABLE lost; DROP TABLE series_member;"
            "CREATE TABLE series_member (series TEXT NOT NULL, external_id TEXT NOT NULL,"
            " PRIMARY KEY (series, external_id)) WITHOUT ROWID;"
            "INSERT INTO series_member VALUES ('s', '1')"
        )
    frontier = Frontier(path)
    lease = frontier.next()
    assert lease is not None
    frontier.finish(lease, DONE)
    assert frontier.learn_series("s", ["1", "2"], lease.request.key) == 1
    frontier.close()
