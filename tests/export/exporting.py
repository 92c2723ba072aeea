"""What the tests of exports share."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2

from cryptodrug_scraper.export import Pseudonyms

KEY = b"a key for tests, and nowhere else"


def pseudonyms() -> Pseudonyms:
    return Pseudonyms(KEY)


def ask(dsn: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of one statement, which is committed."""
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection:
        work = connection.cursor()
        work.execute("SET timezone = 'UTC'")
        work.execute(sql, values or None)
        return work.fetchall() if work.description else []


def cells(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield table, column and cell of all CSV files of a folder."""
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                for name, cell in row.items():
                    yield path.stem, name, cell


def rows(folder: Path, table: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file as they are written."""
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
