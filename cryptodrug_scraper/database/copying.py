"""PostgreSQL's COPY text format: Python values to lines."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from psycopg2.extensions import cursor

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\ufffd"})
_MUST_ESCAPE = frozenset("\\\t\n\r\0")


def _text(value: str) -> str:
    if not _MUST_ESCAPE.isdisjoint(value):
        return value.translate(_ESCAPES)
    return value


def _array(value: Sequence[Any]) -> str:
    if not value:
        return "{}"
    if not any(type(item) is str for item in value):
        return "{" + ",".join(["NULL" if item is None else str(item) for item in value]) + "}"
    quoted = [
        "NULL" if item is None else '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for item in value
    ]
    return _text("{" + ",".join(quoted) + "}")


_CELLS: dict[type, Callable[[Any], str]] = {
    str: _text,
    int: str,
    float: repr,
    bool: lambda value: "t" if value else "f",
    type(None): lambda value: "\\N",
    datetime: lambda value: value.isoformat(),
    date: lambda value: value.isoformat(),
    bytes: lambda value: f"\\\\x{value.hex()}",
    list: _array,
    tuple: _array,
}


def line(values: Iterable[Any]) -> str:
    """Return one line of COPY's text format.

    Takes str, int, float, bool, None, date, datetime, bytes, and lists of str, int and None.
    NUL, which PostgreSQL's texts cannot hold, becomes U+FFFD.
    """
    return "\t".join([_CELLS[type(value)](value) for value in values]) + "\n"


def copy_lines(to: cursor, table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """COPY lines (as of :func:`line`) into a table's columns."""
    data = "".join(lines).encode("utf-8", "replace")
    names = ", ".join(f'"{column}"' for column in columns)
    to.copy_expert(f'COPY "{table}" ({names}) FROM STDIN', io.BytesIO(data))
