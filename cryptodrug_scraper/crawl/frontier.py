"""The queue of a crawl, in SQLite: a kill at any moment loses no request.

A request is `waiting` until what it asked for is archived and the requests that its page led to
are queued, which is one transaction. Which ones are in flight is known in memory only: after a
kill they are waiting still. What is committed survives the end of the process in any way; a
power cut can take the last moments back, together, so that their pages are asked for again.
Where the answer stands in the archive is noted with it, so that a queue which remembers more than
the archive holds asks for the rest again (:meth:`Frontier.ask_again`).
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptodrug_scraper.archive import Held, RecordPlace, Written
from cryptodrug_scraper.crawl.plan import CrawlRefused, Job
from cryptodrug_scraper.crawl.request import CrawlRequest
from cryptodrug_scraper.crawl.stores import add_columns, open_store

if TYPE_CHECKING:
    from cryptodrug_scraper.crawl.identities import SessionState

WAITING, DONE, GONE, FAILED = range(4)
STATES = ("waiting", "done", "gone", "failed")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS request (
    number INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    method TEXT NOT NULL,
    address TEXT NOT NULL,
    body TEXT NOT NULL,
    kind TEXT NOT NULL,
    external_id TEXT,
    series TEXT,
    stateful INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    missing INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0,
    reason TEXT,
    ended_at REAL,
    more TEXT
);
CREATE INDEX IF NOT EXISTS request_next ON request (priority DESC, number) WHERE state = 0;
CREATE TABLE IF NOT EXISTS record (
    request INTEGER PRIMARY KEY,
    file TEXT NOT NULL,
    begins INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    original_file TEXT,
    original_begins INTEGER,
    original_ends INTEGER,
    captured_at TEXT
);
CREATE TABLE IF NOT EXISTS lost (captured_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS series_member (
    series TEXT NOT NULL,
    external_id TEXT NOT NULL,
    request BLOB,
    PRIMARY KEY (series, external_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS category (
    level INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (level, external_id)
) WITHOUT ROWID;
"""
_TABLES = {"request": "not_before", "series_member": "external_id", "category": "path"}
_REMEDY = (
    "Move the crawl's folder away, or begin anew with --new: what was captured stays in the archive"
)
_COLUMNS = (
    "number, method, address, body, kind, external_id, series, stateful, priority, more, tries,"
    " missing"
)


@dataclass(slots=True)
class Lease:
    """A request that was handed out: how often it was asked so far, and who asks now.

    ``missing`` counts answers that there is no such page, ``tries`` failures since the last one.
    ``session`` is who asks, as long as ``in_use``; ``mirror`` the root that is asked.
    ``complete`` is set when the spider's callback has come to its end, and ``ended`` when the
    queue knows what became of the request.
    """

    number: int
    request: CrawlRequest
    tries: int = 0
    missing: int = 0
    session: SessionState | None = None
    mirror: str = ""
    in_use: bool = False
    complete: bool = False
    ended: bool = False

    def count_missing(self) -> None:
        """Count an answer that there is no such page: it can be had, so failures count anew.

        It takes several such answers to believe it, with failures between any two of them.
        """
        self.missing += 1
        self.tries = 0


class Frontier:
    """The queue of one crawl. One process, one thread.

    Raises CrawlRefused for a file that is not usable, which stays as it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = open_store(path, _SCHEMA, _TABLES, _REMEDY)
        add_columns(self._db, "request", more="TEXT")
        add_columns(self._db, "series_member", request="BLOB")
        self._db.execute("PRAGMA cache_size = -16000")
        self._flying: set[int] = set()
        self._counts = dict.fromkeys(range(len(STATES)), 0)
        for state, count in self._db.execute("SELECT state, count(*) FROM request GROUP BY 1"):
            self._counts[state] = count

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what is done inside one step: all of it or nothing survives a kill."""
        if self._db.in_transaction:
            yield
            return
        before = dict(self._counts)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            self._counts = before
            raise

    # -- what there is -----------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many wait, those in flight included."""
        return self._counts[WAITING]

    @property
    def flying(self) -> int:
        """How many were handed out and have not come back."""
        return len(self._flying)

    def counts(self) -> dict[str, int]:
        """Return how many requests there are in each state."""
        return {name: self._counts[state] for state, name in enumerate(STATES)}

    def in_state(self, state: int, limit: int = 1000) -> list[tuple[CrawlRequest, str | None]]:
        """Return requests in a state with the last reason, the first ones first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS}, reason FROM request WHERE state = ? ORDER BY number LIMIT ?",
            (state, limit),
        )
        return [(_lease(row[:-1]).request, row[-1]) for row in rows]

    # -- in and out --------------------------------------------------------------------------

    def add(self, requests: Iterable[CrawlRequest]) -> int:
        """Queue requests that were never queued before; return how many were new."""
        new = 0
        with self.transaction():
            for one in requests:
                new += self._db.execute(
                    "INSERT OR IGNORE INTO request (key, method, address, body, kind, external_id,"
                    " series, stateful, priority, more) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        one.key,
                        one.method,
                        one.address,
                        one.body,
                        one.kind,
                        one.external_id,
                        one.series,
                        one.stateful,
                        one.priority,
                        one.more,
                    ),
                ).rowcount
            self._counts[WAITING] += new
        return new

    def has(self, key: bytes) -> bool:
        """Say whether a request was queued at any time."""
        return (
            self._db.execute("SELECT 1 FROM request WHERE key = ?", (key,)).fetchone() is not None
        )

    def next(self, *, stateful: bool = True, now: float | None = None) -> Lease | None:
        """Hand out the first request that is due; without ``stateful`` only of the other kind."""
        now = time.time() if now is None else now
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM request WHERE state = 0 AND not_before <= ?"
            " AND stateful <= ? ORDER BY priority DESC, number LIMIT ?",
            (now, stateful, len(self._flying) + 1),
        )
        for row in rows:
            if row[0] not in self._flying:
                self._flying.add(row[0])
                return _lease(row)
        return None

    def finish(
        self,
        lease: Lease,
        state: int,
        requests: Iterable[CrawlRequest] = (),
        reason: str | None = None,
        written: Written | None = None,
    ) -> int:
        """End a request and queue what its page led to, in one step; return how many were new.

        ``written`` is the answer that ends it: it must be on the disk.
        """
        with self.transaction():
            if written is not None:
                self._db.execute(
                    "INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        lease.number,
                        *written.place,
                        *(written.original or (None, None, None)),
                        _moment(written),
                    ),
                )
            new = self.add(requests)
            changed = self._db.execute(
                "UPDATE request SET state = ?, tries = ?, missing = ?, reason = ?, ended_at = ?"
                " WHERE number = ? AND state = 0",
                (state, lease.tries, lease.missing, reason, time.time(), lease.number),
            ).rowcount
            self._counts[WAITING] -= changed
            self._counts[state] += changed
        self._flying.discard(lease.number)
        lease.ended = True
        return new

    def put_back(self, lease: Lease, reason: str | None = None, *, after: float = 0.0) -> None:
        """Let a request wait again, for ``after`` seconds at least, behind its like."""
        self._db.execute(
            "UPDATE request SET tries = ?, missing = ?, not_before = ?, reason = ?"
            " WHERE number = ? AND state = 0",
            (lease.tries, lease.missing, time.time() + after if after else 0, reason, lease.number),
        )
        self._flying.discard(lease.number)
        lease.ended = True

    def retry_failed(self) -> int:
        """Let all requests that had failed wait again; return how many."""
        with self.transaction():
            count = self._db.execute(
                "UPDATE request SET state = 0, tries = 0, missing = 0, not_before = 0"
                " WHERE state = ?",
                (FAILED,),
            ).rowcount
            self._counts[FAILED] -= count
            self._counts[WAITING] += count
        return count

    def ask_again(self, held: Held) -> list[CrawlRequest]:
        """Let all requests wait again whose answers the archive no longer holds; return them.

        What their pages had shown of a series is forgotten: else they would seem to repeat it.
        """
        lost = []
        for number, *places, at in self._db.execute("SELECT * FROM record"):
            record, original = RecordPlace(*places[:3]), places[3:]
            if not held.has(record) or (original[0] and not held.has(RecordPlace(*original))):
                lost.append((number, at))
        again: list[CrawlRequest] = []
        with self.transaction():
            self._db.executemany("INSERT INTO lost VALUES (?)", [(at,) for _, at in lost if at])
            for number, _ in lost:
                row = self._db.execute(
                    f"SELECT {_COLUMNS}, state FROM request WHERE number = ?", (number,)
                ).fetchone()
                self._db.execute("DELETE FROM record WHERE request = ?", (number,))
                if row is None or row[-1] == WAITING:
                    continue
                self._db.execute(
                    "UPDATE request SET state = 0, tries = 0, missing = 0, not_before = 0"
                    " WHERE number = ?",
                    (number,),
                )
                self._counts[row[-1]] -= 1
                self._counts[WAITING] += 1
                again.append(_lease(row[:-1]).request)
            self._db.executemany(
                "DELETE FROM series_member WHERE series = ? AND request = ?",
                [(request.series, request.key) for request in again if request.series is not None],
            )
        return again

    def lost(self) -> set[datetime]:
        """Return when those answers came, whenever it was found that they are lost."""
        rows = self._db.execute("SELECT captured_at FROM lost")
        return {datetime.fromisoformat(at) for (at,) in rows}

    # -- what was learned on the way -----------------------------------------------------------

    def learn_series(self, series: str, external_ids: Collection[str], request: bytes) -> int:
        """Note what a page of a series shows; return how much of it no other page had shown.

        ``request`` is the key of the request that it came for: the same page again counts alike.
        """
        if not external_ids:
            return 0
        with self.transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO series_member VALUES (?, ?, ?)",
                [(series, external_id, request) for external_id in external_ids],
            )
            first = self._db.execute(
                "SELECT external_id FROM series_member WHERE series = ? AND request = ?",
                (series, request),
            )
            return len({external_id for (external_id,) in first}.intersection(external_ids))

    def learn_categories(self, paths: Iterable[tuple[int, str, str]]) -> None:
        """Keep categories: level from 0, id, and the path as the caller writes it."""
        with self.transaction():
            self._db.executemany("INSERT OR REPLACE INTO category VALUES (?, ?, ?)", paths)

    def categories(self) -> list[tuple[int, str, str]]:
        """Return the categories that were kept."""
        return self._db.execute("SELECT level, external_id, path FROM category").fetchall()


def _moment(written: Written) -> str | None:
    at = written.page.captured_at if written.page is not None else None
    return at.isoformat() if at is not None else None


def open_frontier(job: Job) -> Frontier:
    """Open a crawl's queue. Raises CrawlRefused for one that is lost or damaged."""
    path = job.folder / "frontier.sqlite"
    if job.runs and not path.exists():
        raise CrawlRefused(f"{path} is gone: what this crawl had still to do is lost. {_REMEDY}")
    return Frontier(path)


def _lease(row: tuple[object, ...]) -> Lease:
    number, method, address, body, kind, external_id, series, stateful, priority, more, *rest = row
    request = CrawlRequest(
        address=str(address),
        kind=str(kind),
        external_id=None if external_id is None else str(external_id),
        method=str(method),
        body=str(body),
        series=None if series is None else str(series),
        stateful=bool(stateful),
        priority=int(str(priority)),
        more=None if more is None else str(more),
    )
    tries, missing = rest
    return Lease(int(str(number)), request, int(str(tries)), int(str(missing)))
