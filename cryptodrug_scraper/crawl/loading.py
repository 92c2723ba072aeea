"""Pages into the database while a crawl goes on, by the code that replays archives.

The archive is the crawl's truth and the database can be brought up to it at any time. So this
never holds a crawl up: where the database cannot follow, or is lost, pages are let go, and read
from the archive later (:func:`~.result.bring_up`). The embedded server is started again if it died.
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
from cryptodrug_scraper.database.connection import client_url, is_embedded
from cryptodrug_scraper.database.crawls import record_crawl
from cryptodrug_scraper.database.embedded import DatabaseUnavailable, EmbeddedServer
from cryptodrug_scraper.records import ParsedPage
from cryptodrug_scraper.replay.summary import Counts
from cryptodrug_scraper.replay.work import Worker

logger = logging.getLogger(__name__)

_BATCH = 100
_LONGEST_WAIT = 2.0  # seconds until a page is loaded, if the database is idle
_HELD = 1000  # pages that wait in memory at most
_HELD_BYTES = 64 << 20
_AGAIN = 10.0  # seconds between two attempts to connect

_Batch = list[tuple[Page, ParsedPage | None]]


class Target:
    """The database to load into; ``dsn`` is its connection string, of libpq.

    ``folder`` is the data folder, whose embedded server it may be.
    """

    def __init__(self, dsn: str, folder: Path) -> None:
        self.dsn = dsn
        self._server = EmbeddedServer(folder) if is_embedded(dsn, folder) else None

    def revive(self) -> bool:
        """Start the embedded server again if it is that and does not run; say whether it did.

        Raises DatabaseUnavailable where it does not start.
        """
        if self._server is None or self._server.is_running():
            return False
        self.dsn = client_url(self._server.ensure_running())
        return True


class LoadingThread:
    """Loads pages of a crawl whose archive is a folder, in a thread of its own."""

    def __init__(self, target: Target, stamp: CrawlStamp, archive: Path) -> None:
        self.target = target
        self.stamp = stamp
        self.archive = archive
        self.counts = Counts()
        self.lagging = False  # pages were let go: the archive must be read
        self._failing = False
        self._news: deque[str] = deque()
        self._waiting: deque[tuple[Page, ParsedPage | None]] = deque()
        self._bytes = 0
        self._arrived = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="loading", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many pages wait."""
        return len(self._waiting)

    def news(self) -> list[str]:
        """Return what happened to the database since the last call, in sentences."""
        return [self._news.popleft() for _ in range(len(self._news))]

    def put(self, page: Page, parsed: ParsedPage | None) -> None:
        """Hand a page over; never waits."""
        with self._arrived:
            if len(self._waiting) >= _HELD or self._bytes >= _HELD_BYTES:
                self.lagging = True
                return
            self._waiting.append((page, parsed))
            self._bytes += page.size
            if len(self._waiting) >= _BATCH:
                self._arrived.notify()

    def revive(self) -> bool:
        """Start the embedded server again if it ended, which is news; say whether it did.

        Raises DatabaseUnavailable where it does not start.
        """
        if not self.target.revive():
            return False
        self._tell("The embedded database had ended and was started again")
        return True

    def close(self) -> None:
        """Load what waits, and end."""
        with self._arrived:
            self._closing = True
            self._arrived.notify()
        self._thread.join()

    def _take(self) -> _Batch:
        until = time.monotonic() + _LONGEST_WAIT
        with self._arrived:
            while len(self._waiting) < _BATCH and not self._closing:
                left = until - time.monotonic()
                if left <= 0:
                    if self._waiting:
                        break
                    until = time.monotonic() + _LONGEST_WAIT
                    continue
                self._arrived.wait(left)
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            self._bytes -= sum(page.size for page, _ in batch)
            return batch

    def _run(self) -> None:
        worker: Worker | None = None
        while batch := self._take():
            try:
                worker = worker or self._connect()
                self._load(worker, batch)
            except psycopg2.Error as error:
                _close(worker)
                worker = self._again(batch, error)
                if worker is None:
                    self._pause()
        _close(worker)

    def _load(self, worker: Worker, batch: _Batch) -> None:
        pages = [page for page, _ in batch]
        prepared = worker.prepare(pages, [parsed for _, parsed in batch])
        self.counts.add(worker.commit(prepared))
        if self._failing:
            self._failing = False
            self._tell("The database takes pages again")

    def _connect(self) -> Worker:
        dsn = self.target.dsn
        worker = Worker(dsn, None, roots=known_roots(dsn, [self.archive]))
        record_crawl(worker.loading, self.stamp)
        return worker

    def _again(self, batch: _Batch, error: psycopg2.Error) -> Worker | None:
        """Load a batch once more if the embedded server can be started again; else let it go."""
        why = " ".join(str(error).split())[:300]
        worker = None
        try:
            if self.revive():
                worker = self._connect()
                self._load(worker, batch)
                return worker
        except (psycopg2.Error, DatabaseUnavailable) as another:
            why = str(another).strip()[:1000]
            _close(worker)
        self.lagging = True
        if not self._failing:
            self._failing = True
            self._tell(
                f"The database cannot be written to: {why}\nThe crawl goes on: what is missing "
                "there is read from its archive at the end, or when it goes on"
            )
        return None

    def _tell(self, words: str) -> None:
        logger.warning("%s", words)
        self._news.append(words)

    def _pause(self) -> None:
        """Wait before the next attempt, with pages let go meanwhile."""
        until = time.monotonic() + _AGAIN
        with self._arrived:
            while not self._closing and time.monotonic() < until:
                self._arrived.wait(1.0)
            self._waiting.clear()
            self._bytes = 0


def _close(worker: Worker | None) -> None:
    if worker is not None:
        try:
            worker.close()
        except psycopg2.Error:
            logger.debug("The connection was lost already.")
