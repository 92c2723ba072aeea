"""What was due and what became of it: a file that outlives every crash.

A run is a job at the moment at which it was due; there is one of each, so nothing runs twice. It is
``planned``, then ``running``; a crawl without sessions is ``waiting`` for fresh ones; at the end it
is ``done``, or ``failed`` where trying again would not help. Each change is a transaction on disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

_VERSION = 1
_SCHEMA = """
    CREATE TABLE calendar (job TEXT PRIMARY KEY, until TEXT NOT NULL);
    CREATE TABLE run (
        run_id INTEGER PRIMARY KEY, job TEXT NOT NULL, due TEXT NOT NULL, detail TEXT NOT NULL,
        state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, not_before TEXT,
        started_at TEXT, ended_at TEXT, code INTEGER,
        outcome TEXT NOT NULL DEFAULT '', UNIQUE (job, due)
    );
    CREATE INDEX run_state ON run (state);
"""


@dataclass(frozen=True)
class Run:
    """A job at the moment at which it was due; times in UTC.

    ``detail`` is what it is to work on, beside its job's settings.
    ``code`` is how its latest process ended, None if that is not known, and ``outcome`` says it in
    a word.
    """

    run_id: int
    job: str
    due: datetime
    detail: str
    state: str
    attempts: int
    not_before: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    code: int | None
    outcome: str

    @property
    def kind(self) -> str:
        """The first part of the job: crawl, health, load, inbox or bulletin."""
        return self.job.partition("/")[0]

    @property
    def of(self) -> str:
        """The second part of the job: a market's name, a bulletin's, or an archive's."""
        return self.job.partition("/")[2]


class Ledger:
    """The runs, in an SQLite file, for one process that writes and others that read."""

    def __init__(self, file: Path) -> None:
        """Open the file, which is made. Raises sqlite3.DatabaseError for one that is no ledger."""
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._db = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._db.executescript(f"BEGIN; {_SCHEMA}; PRAGMA user_version = {_VERSION}; COMMIT")
        elif version != _VERSION:
            raise sqlite3.DatabaseError(
                f"{file} is of version {version}, this program reads {_VERSION}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    # -- what is due ---------------------------------------------------------------------------

    def reckoned(self, job: str, now: datetime) -> datetime:
        """Return until when a job's calendar was worked through: from ``now`` on for a new job."""
        self._db.execute("INSERT OR IGNORE INTO calendar VALUES (?, ?)", (job, _text(now)))
        row = self._db.execute("SELECT until FROM calendar WHERE job = ?", (job,)).fetchone()
        return datetime.fromisoformat(row["until"])

    def plan(self, job: str, dues: Iterable[datetime], until: datetime) -> None:
        """Plan a job's runs, and note that its calendar was worked through until a moment."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            for due in dues:
                self._insert(job, due, "")
            self._db.execute("UPDATE calendar SET until = ? WHERE job = ?", (_text(until), job))

    def add(self, job: str, due: datetime, detail: str = "") -> None:
        """Plan one run that no calendar knows; nothing if it is there already."""
        self._insert(job, due, detail)

    def _insert(self, job: str, due: datetime, detail: str) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO run (job, due, detail, state) VALUES (?, ?, ?, 'planned')",
            (job, _text(due), detail),
        )

    # -- what became of it ---------------------------------------------------------------------

    def start(self, run: Run, now: datetime) -> None:
        """Note that a process is started for a run: before that is done."""
        self._db.execute(
            "UPDATE run SET state = 'running', attempts = attempts + 1, started_at = ?,"
            " ended_at = NULL, code = NULL, outcome = '' WHERE run_id = ?",
            (_text(now), run.run_id),
        )

    def end(
        self, run: Run, state: str, now: datetime, code: int | None = None, outcome: str = ""
    ) -> None:
        """Note how a run's process ended: ``done``, ``failed``, ``waiting`` or ``planned``."""
        self._db.execute(
            "UPDATE run SET state = ?, ended_at = ?, code = ?, outcome = ?, not_before = NULL"
            " WHERE run_id = ?",
            (state, _text(now), code, outcome, run.run_id),
        )

    def put_off(self, run: Run, not_before: datetime) -> None:
        """Plan a run again, for a moment or later."""
        self._db.execute(
            "UPDATE run SET state = 'planned', not_before = ? WHERE run_id = ?",
            (_text(not_before), run.run_id),
        )

    # -- reading -------------------------------------------------------------------------------

    def runs(self, *states: str, job: str | None = None, last: int = -1) -> list[Run]:
        """Return runs in some states (all without any), the earliest due first."""
        marks = ", ".join("?" * len(states)) or "state"
        rows = self._db.execute(
            f"SELECT * FROM (SELECT * FROM run WHERE state IN ({marks}) AND job = coalesce(?, job)"
            " ORDER BY due DESC, run_id DESC LIMIT ?) ORDER BY due, run_id",
            (*states, job, last),
        )
        return [_run(row) for row in rows]

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many runs have ended, by job and ``done`` or ``failed``."""
        rows = self._db.execute(
            "SELECT job, state, count(*) FROM run WHERE state IN ('done', 'failed') GROUP BY 1, 2"
        )
        return {(job, state): n for job, state, n in rows}


_TIMES = ("due", "not_before", "started_at", "ended_at")


def _run(row: sqlite3.Row) -> Run:
    values = dict(row)
    for name in _TIMES:
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    return Run(**values)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
