"""When a market's pages were last captured, over all its crawls, for `--since`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from cryptodrug_scraper.archive import Held, RecordPlace
from cryptodrug_scraper.crawl.stores import add_columns, open_store

_SCHEMA = """
CREATE TABLE IF NOT EXISTS visited (
    key BLOB PRIMARY KEY,
    at REAL NOT NULL,
    crawl TEXT,
    file TEXT,
    ends INTEGER
) WITHOUT ROWID
"""
_REMEDY = "Move it away: the next crawl makes another, and captures again what --since left out"


class Visited:
    """The last capture of each listing's and vendor's page, by request.

    ``crawl`` is the name of the crawl that notes and asks, ``archives`` the folder in which each
    crawl has one of its name for its WARC files. Raises CrawlRefused for a file that is not
    usable, which stays as it is.
    """

    def __init__(self, path: Path, archives: Path, crawl: str) -> None:
        self._archives = archives
        self._crawl = crawl
        self._held: dict[str, Held] = {}
        self._db = open_store(path, _SCHEMA, {"visited": "at"}, _REMEDY)
        add_columns(self._db, "visited", crawl="TEXT", file="TEXT", ends="INTEGER")

    def note(self, key: bytes, at: datetime, place: RecordPlace) -> None:
        """Note a capture of this crawl."""
        self._db.execute(
            "INSERT OR REPLACE INTO visited VALUES (?, ?, ?, ?, ?)",
            (key, at.timestamp(), self._crawl, place.file, place.ends),
        )

    def since(self, key: bytes, moment: datetime) -> bool:
        """Say whether another crawl made a capture from this moment on, and its archive has it.

        What this one captured its own queue knows, and after a power cut knows better. An archive
        that is not there was moved away, and counts as whole.
        """
        row = self._db.execute(
            "SELECT at, crawl, file, ends FROM visited WHERE key = ?", (key,)
        ).fetchone()
        if row is None or row[0] < moment.timestamp() or row[1] == self._crawl:
            return False
        crawl, file, ends = row[1:]
        if crawl is None or not (self._archives / crawl).is_dir():
            return True
        held = self._held.setdefault(crawl, Held(self._archives / crawl))
        return held.has(RecordPlace(file, 0, ends))

    def forget(self, keys: Iterable[bytes]) -> None:
        """Forget captures of this crawl that are lost."""
        self._db.executemany(
            "DELETE FROM visited WHERE key = ? AND crawl = ?",
            [(key, self._crawl) for key in keys],
        )

    def close(self) -> None:
        """Close the file."""
        self._db.close()
