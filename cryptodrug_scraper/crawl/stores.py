"""The SQLite files of a crawl: for their owner only, and looked at before they are written to."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from cryptodrug_scraper.common.private import tighten
from cryptodrug_scraper.crawl.disk import naming
from cryptodrug_scraper.crawl.plan import CrawlRefused

_BESIDE = ("", "-wal", "-shm")


def open_store(path: Path, schema: str, tables: dict[str, str], remedy: str) -> sqlite3.Connection:
    """Open a file, or make it, with mode 0600; older ones are tightened.

    ``tables`` names for each table of the schema a column that tells it from another program's.
    Nothing is written to a file that is damaged, empty or of something else: that raises
    CrawlRefused, which names the file and ends with the ``remedy``. Raises OSError where the file
    cannot be written to.
    """
    for end in _BESIDE:
        tighten(Path(f"{path}{end}"))
    with naming(path):
        if path.exists():
            _check(path, tables, remedy)
        else:
            _make(path, schema)
        database = _connected(path)
        try:
            database.executescript(schema)
        except BaseException:
            database.close()
            raise
        return database


def _make(path: Path, schema: str) -> None:
    """Make the file beside its place and move it there, so that a kill leaves none without tables.

    SQLite gives the files that it makes beside it the mode of the file itself.
    """
    new = path.with_name(path.name + ".new")
    for end in _BESIDE:
        Path(f"{new}{end}").unlink(missing_ok=True)
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_RDWR, 0o600))
    database = _connected(new)
    try:
        database.executescript(schema)
    finally:
        database.close()
    new.replace(path)


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        database.close()
        raise
    return database


def add_columns(database: sqlite3.Connection, table: str, **columns: str) -> None:
    """Add columns (name and type) to a table that an earlier version of this program made."""
    present = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
    for name, kind in columns.items():
        if name not in present:
            database.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")


def _check(path: Path, tables: dict[str, str], remedy: str) -> None:
    """Refuse a file that is not what it should be, and leave it as it is. Raises CrawlRefused."""
    if path.stat().st_size == 0:
        raise CrawlRefused(f"{path} is empty: what stood in it is lost. {remedy}")
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise CrawlRefused(f"{path} is damaged ({verdict}). {remedy}")
        for table, column in tables.items():
            columns = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
            if column not in columns:
                raise CrawlRefused(f"{path} is a database of something else. {remedy}")
    except sqlite3.OperationalError as error:
        raise CrawlRefused(f"{path} cannot be read: {error}. {remedy}") from None
    except sqlite3.DatabaseError as error:
        raise CrawlRefused(f"{path} is damaged ({error}). {remedy}") from None
    finally:
        database.close()
