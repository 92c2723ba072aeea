"""Pages into the database while a crawl goes on, by the code that replays archives.

The archive is the crawl's truth and the database can be brought up to it at any time. So this
never holds a crawl up: where the database cannot follow, or is lost, pages are let go, and read
from the archive later (:func:`~.result.bring_up`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from pathlib import Path

import psycopg2

from cryptodrug_scraper.archive import CrawlStamp, Page
from cryptodrug_scraper.database.archives import known_roots
from cryptodrug_scraper.database.crawls import record_crawl
from cryptodrug_scraper.records import ParsedPage
from cryptodrug_scraper.replay.summary import Counts
from cryptodrug_scraper.replay.work import Worker

logger = logging.getLogger(__name__)

_BATCH = 100
_LONGEST_WAIT = 2.0  # seconds until a page is loaded, if the database is idle
_HELD = 1000  # pages that wait in memory at most
_HELD_BYTES = 64 << 20
_AGAIN = 10.0  # seconds between two attempts to connect


class LoadingThread:
    """Loads pages of a crawl whose archive is a folder, in a thread of its own."""

    def __init__(self, dsn: str, stamp: CrawlStamp, archive: Path) -> None:
        self.dsn = dsn
        self.stamp = stamp
        self.archive = archive
        self.counts = Counts()
        self.behind = False  # pages were let go: the archive must be read
        self.error: str | None = None
        self._waiting: deque[tuple[Page, ParsedPage | None]] = deque()
        self._bytes = 0
        self._news = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="loading", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many pages wait."""
        return len(self._waiting)

    def put(self, page: Page, parsed: ParsedPage | None) -> None:
        """Hand a page over; never waits."""
        with self._news:
            if len(self._waiting) >= _HELD or self._bytes >= _HELD_BYTES:
                self.behind = True
                return
            self._waiting.append((page, parsed))
            self._bytes += page.size
            if len(self._waiting) >= _BATCH:
                self._news.notify()

    def close(self) -> None:
        """Load what waits, and end."""
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join()

    def _take(self) -> list[tuple[Page, ParsedPage | None]]:
        until = time.monotonic() + _LONGEST_WAIT
        with self._news:
            while len(self._waiting) < _BATCH and not self._closing:
                left = until - time.monotonic()
                if left <= 0:
                    if self._waiting:
                        break
                    until = time.monotonic() + _LONGEST_WAIT
                    continue
                self._news.wait(left)
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            self._bytes -= sum(page.size for page, _ in batch)
            return batch

    def _run(self) -> None:
        worker: Worker | None = None
        while True:
            batch = self._take()
            if not batch:
                break
            try:
                worker = worker or self._connect()
                pages = [page for page, _ in batch]
                prepared = worker.prepare(pages, [parsed for _, parsed in batch])
                self.counts.add(worker.commit(prepared))
            except psycopg2.Error as error:
                self.behind = True
                self.error = " ".join(str(error).split())[:300]
                logger.warning("The database cannot be written to: %s", self.error)
                _close(worker)
                worker = None
                self._pause()
        _close(worker)

    def _connect(self) -> Worker:
        worker = Worker(self.dsn, None, known_roots(self.dsn, [self.archive]))
        record_crawl(worker.loading, self.stamp)
        return worker

    def _pause(self) -> None:
        """Wait before the next attempt, with pages let go meanwhile."""
        until = time.monotonic() + _AGAIN
        with self._news:
            while not self._closing and time.monotonic() < until:
                self._news.wait(1.0)
            self._waiting.clear()
            self._bytes = 0


def _close(worker: Worker | None) -> None:
    if worker is not None:
        try:
            worker.close()
        except psycopg2.Error:
            logger.debug("The connection was lost already.")
