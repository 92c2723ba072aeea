"""SQLite databases: each table that has a column of pages. Nothing is ever written to them."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import copyfileobj

from .context import ReadContext
from .names import shown, what_it_is
from .page import Page, ReadIssue
from .source import Source
from .tables import Row, pages_of, wanted

_TABLES = 1_000
_LEFT_BEHIND = ("-wal", "-journal")
"""Files beside a database whose program was stopped: what they hold belongs to it."""

_AUXILIARY = 4 << 30


def read_sqlite(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the pages of an SQLite database (``file#TABLE/ROWID``)."""
    try:
        with _opened(source) as connection:
            names = _tables(connection)
            read = False
            for table in names[:_TABLES]:
                columns = _columns(connection, table)
                if wanted(columns, context.columns):
                    rows = _rows(connection, table, columns, context)
                    what = f"#{shown(table)}"
                    for item in pages_of(rows, source, context, what):
                        read = True
                        yield item
            if not read:
                yield from _nothing(source, context, names)
    except (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError, MemoryError) as error:
        reason = f"damaged SQLite data ({error}); the rest is skipped"
        yield ReadIssue(source.location, reason, "broken_record")


def _nothing(source: Source, context: ReadContext, tables: list[str]) -> Iterator[ReadIssue]:
    if source.named or context.columns.body:
        reason = (
            f"no table of it has a column of pages (its tables: {', '.join(tables[:20])}); "
            "name one with --columns body=NAME"
        )
        yield ReadIssue(source.location, shown(reason), "no_column")
    else:
        context.pass_over(source.location, what_it_is(source.name))


@contextmanager
def _opened(source: Source) -> Iterator[sqlite3.Connection]:
    """Open a database for reading: where it lies, or a copy of what lies in an archive."""
    path = source.path
    beside = source.beside or frozenset()
    left = [] if path is None else [path.with_name(path.name + end) for end in _LEFT_BEHIND]
    left = [p for p in left if (source.beside is None or p.name in beside) and _has_content(p)]
    if path is not None and not left:
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            yield _careful(connection)
        return
    with tempfile.TemporaryDirectory(prefix="cryptodrug-") as folder:
        copy = Path(folder) / "database"
        source.file.seek(0)
        with copy.open("wb") as out:
            copyfileobj(source.file, out)
        for other in left:
            with (
                other.open("rb") as log,
                copy.with_name(copy.name + other.name[len(source.name) :]).open("wb") as out,
            ):
                copyfileobj(log, out)
        with closing(sqlite3.connect(copy)) as connection:
            yield _careful(connection)


def _has_content(path: Path) -> bool:
    try:
        return path.is_file() and not path.is_symlink() and 0 < path.stat().st_size < _AUXILIARY
    except OSError:
        return False


def _careful(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Let nothing that stands in the database run, and nothing be written to it."""
    connection.text_factory = bytes
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def _tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        " AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        " ORDER BY name"
    )
    return [name.decode("utf-8", "replace") for (name,) in found]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    found = connection.execute(f"PRAGMA table_info({_quoted(table)})")
    return [row[1].decode("utf-8", "replace") for row in found]


def _rows(
    connection: sqlite3.Connection, table: str, columns: list[str], context: ReadContext
) -> Iterator[Row]:
    names = [name for name in columns if name in wanted(columns, context.columns)]
    chosen = ", ".join(_quoted(name) for name in names)
    try:
        cursor = connection.execute(f"SELECT rowid, {chosen} FROM {_quoted(table)}")
        numbered = True
    except sqlite3.OperationalError:  # a table WITHOUT ROWID
        cursor = connection.execute(f"SELECT {chosen} FROM {_quoted(table)}")
        numbered = False
    where = shown(table)
    for count, values in enumerate(cursor, 1):
        if numbered:
            count, values = values[0], values[1:]
        yield Row(f"#{where}/{count}", dict(zip(names, values, strict=True)))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
