"""When a market's pages were last captured, over all its crawls, for `--since`."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path


class Visited:
    """The last capture of each listing's and vendor's page, by request."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS visited (key BLOB PRIMARY KEY, at REAL NOT NULL)"
            " WITHOUT ROWID"
        )

    def note(self, key: bytes, at: datetime) -> None:
        """Note a capture."""
        self._db.execute("INSERT OR REPLACE INTO visited VALUES (?, ?)", (key, at.timestamp()))

    def since(self, key: bytes, moment: datetime) -> bool:
        """Say whether there is a capture from this moment on."""
        row = self._db.execute("SELECT at FROM visited WHERE key = ?", (key,)).fetchone()
        return row is not None and row[0] >= moment.timestamp()

    def close(self) -> None:
        """Close the file."""
        self._db.close()
