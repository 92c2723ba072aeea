"""What waits for the disk is done in order, as soon as nothing else can go on."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from cryptodrug_scraper.archive import CrawlArchive
from cryptodrug_scraper.crawl.durable import DiskSync
from tests.archive.crawling import stamp


class Place:
    """What a crawl would do: what was done in order, and what failed."""

    def __init__(self, folder: Path, gather: float) -> None:
        self.archive = CrawlArchive(folder, stamp())
        self.done: list[int] = []
        self.failed: list[OSError] = []
        self.finished = asyncio.Event()
        self.disk = DiskSync(self.archive, self.failed.append, gather=gather)

    def _do(self, number: int) -> None:
        self.done.append(number)
        self.finished.set()

    def add(self, number: int) -> None:
        self.disk.then(lambda: self._do(number))


def test_it_gathers_unless_nothing_else_can_go_on(tmp_path: Path) -> None:
    async def chain(gather: float, *, hurry: bool) -> float:
        here = Place(tmp_path / f"{gather}-{hurry}", gather)
        here.disk.hurry()  # nothing waits: nothing is hurried by it later
        started = time.monotonic()
        for number in range(3):
            here.finished.clear()
            here.add(number)
            if hurry:
                here.disk.hurry()
            await asyncio.wait_for(here.finished.wait(), 60)
        here.archive.close()
        assert here.done == [0, 1, 2]
        return time.monotonic() - started

    assert asyncio.run(chain(0.2, hurry=False)) >= 0.6
    assert asyncio.run(chain(1000, hurry=True)) < 60


def test_what_waits_is_done_in_order_and_at_the_end_at_the_latest(tmp_path: Path) -> None:
    async def go() -> None:
        here = Place(tmp_path, 0.001)
        for number in range(100):
            here.add(number)
            assert here.disk.full is (number - len(here.done) >= 63)
            if not number % 10:
                await asyncio.sleep(0.002)
        here.disk.close()
        assert here.done == list(range(100)) and not here.failed
        here.archive.close()

    asyncio.run(go())


def test_nothing_is_done_where_the_disk_fails(tmp_path: Path) -> None:
    async def go() -> None:
        here = Place(tmp_path, 0.001)
        here.add(1)
        # A pipe cannot be brought to a disk: fdatasync fails as on a disk that is broken.
        reading, writing = os.pipe()
        os.dup2(writing, file_of(here.archive))
        deadline = time.monotonic() + 60
        while not here.failed:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        assert here.done == []
        here.disk.close()
        assert here.done == []
        os.close(reading)
        os.close(writing)

    asyncio.run(go())


def file_of(archive: CrawlArchive) -> int:
    """Return the descriptor of the file that an archive writes to."""
    (file,) = archive.folder.iterdir()
    with os.scandir("/proc/self/fd") as opened:
        return next(int(each.name) for each in opened if Path(each.path).resolve() == file)
