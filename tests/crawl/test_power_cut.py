"""The power fails, or the disk forgets: whatever the archive lost is asked for again."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.archive import CrawlArchive, Held, Page, read_pages, repair
from cryptodrug_scraper.crawl.frontier import DONE, Frontier
from cryptodrug_scraper.crawl.request import CrawlRequest
from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.replay import replay
from simulator.market_site import market_sites
from tests.archive.crawling import NOON, stamp, write
from tests.archive.making import html
from tests.crawl.crawling import Place, place
from tests.crawl.test_crawl import compared
from tests.e2e.rows import same_rows

BODIES = [html(f"{n} " * 700 + str(random.Random(n).random())) for n in range(4)]
"""Few, and large enough that one which comes again is a revisit."""


def crawled(folder: Path, run: str, requests: int, chance: random.Random) -> None:
    """Ask for what waits, as a crawl does: pages, walls, and what is taken back."""
    frontier = Frontier(folder / "frontier.sqlite")
    frontier.add(CrawlRequest(f"/{n}", "listing", str(n)) for n in range(requests))
    with CrawlArchive(folder / "warcs", stamp(run), rotate_bytes=4_000) as archive:
        while (lease := frontier.next()) is not None:
            at = NOON + timedelta(seconds=lease.number, microseconds=chance.randrange(10**6))
            if not chance.randrange(4):
                write(archive, html("Who are you?"), url="http://m.onion/login", captured_at=at)
            if not chance.randrange(4):
                archive.take_back(write(archive, chance.choice(BODIES)))
            url = f"http://m.onion{lease.request.address}"
            written = write(archive, chance.choice(BODIES), url=url, captured_at=at)
            frontier.finish(lease, DONE, written=written)
    frontier.close()


def readable(folder: Path) -> set[str]:
    pages = [page for page in read_pages([folder]) if isinstance(page, Page)]
    return {str(page.url).removeprefix("http://m.onion") for page in pages} - {"/login"}


def cut(folder: Path, chance: random.Random) -> None:
    """Lose the end of the archive: any length of it, as bytes that are gone or were never written.

    Sometimes one more file is lost, with what later revisits refer to.
    """
    files = sorted(folder.rglob("*.warc.gz"))
    left = chance.randrange(sum(file.stat().st_size for file in files) + 1)
    for file in files:
        size = file.stat().st_size
        if left <= 0:
            file.unlink()
        elif left < size:
            os.truncate(file, left)
            if chance.randrange(2):
                os.truncate(file, chance.randrange(left, size + 1))  # a hole, read as zeros
        left -= size
    if len(files) > 2 and not chance.randrange(3):
        chance.choice(files[:-1]).unlink(missing_ok=True)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_cannot_be_read_is_asked_again_and_nothing_else(seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        everything = {f"/{n}" for n in range(20)}
        crawled(folder, f"{1:032x}"[::-1], 20, chance)
        assert readable(folder / "warcs") == everything
        cut(folder / "warcs", chance)
        mended = repair(folder / "warcs")
        frontier = Frontier(folder / "frontier.sqlite")
        lost = frontier.ask_again(Held(folder / "warcs", mended.damaged))
        assert {wanted.address for wanted in lost} == everything - readable(folder / "warcs")
        assert len(frontier.lost()) == len(lost) == frontier.waiting
        assert frontier.ask_again(Held(folder / "warcs", mended.damaged)) == []
        frontier.close()
        crawled(folder, f"{2:032x}"[::-1], 20, chance)
        assert readable(folder / "warcs") == everything


def test_a_page_of_a_series_that_was_lost_does_not_repeat_itself(tmp_path: Path) -> None:
    frontier = Frontier(tmp_path / "frontier.sqlite")
    pages = [CrawlRequest(f"/?page={n}", "search", series="s") for n in range(2)]
    frontier.add(pages)
    with CrawlArchive(tmp_path / "warcs", stamp()) as archive:
        for ids in (["1", "2"], ["2", "3"]):
            lease = frontier.next()
            assert lease is not None
            assert frontier.learn_series("s", ids, lease.request.key)
            frontier.finish(lease, DONE, written=write(archive, html(" ".join(ids))))
    (file,) = (tmp_path / "warcs").iterdir()
    os.truncate(file, file.stat().st_size - 600)  # its request, and more
    mended = repair(tmp_path / "warcs")
    assert frontier.ask_again(Held(tmp_path / "warcs", mended.damaged)) == pages[1:]
    assert frontier.learn_series("s", ["2", "3"], pages[1].key) == 1
    frontier.close()


def killed(here: Place, dsn: str, chance: random.Random) -> None:
    """Crawl for a while, slowly enough not to finish; the process ends as if the power failed."""
    process = here.start(dsn, "--category", "all", "--delay", "0.2", "--rotate", "60K")
    deadline = time.monotonic() + 240
    before = set(here.warcs())
    while set(here.warcs()) <= before and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(chance.uniform(0.2, 2.5))  # pages are in the database within two seconds
    os.kill(process.pid, signal.SIGKILL)
    here.ended(process)


@pytest.mark.parametrize("market", list(market_sites()))
def test_the_same_rows_whatever_the_disk_forgot(
    market: str, tmp_path: Path, migrated_url: str, another_migrated_url: str
) -> None:
    chance = random.Random(market)
    with place(tmp_path, market, listings=30, vendors=3, reviews=80) as here:
        for _ in range(2):
            killed(here, migrated_url, chance)
            cut(here.archive, chance)
        ended = here.crawl(migrated_url, "--category", "all", within=300)
        assert ended.code == 0 and ended.summary["resumed"], ended.said + ended.errors
        assert ended.summary["outcome"] == "finished"
        found = compared(here, migrated_url)
        assert found.complete, found.differences
    replay([here.captured], client_url(another_migrated_url))
    ignored = ("crawl_run.ended_at", "crawl_run.outcome", "crawl_run.counters")
    assert (
        same_rows(client_url(migrated_url), client_url(another_migrated_url), ignore=ignored) == []
    )
