"""PostgreSQL's COPY text format: Python values to lines."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from psycopg2.extensions import cursor

_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\ufffd"}

_PIECE = 1 << 18  # handed to the server at once; each piece costs a turn of the interpreter


def _text(value: str) -> str:
    for character, escaped in _ESCAPES.items():
        if character in value:
            value = value.replace(character, escaped)
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


def line(values: Sequence[Any]) -> str:
    """Return one line of COPY's text format.

    Takes str, int, float, bool, None, date, datetime, bytes, and lists of str, int and None.
    NUL, which PostgreSQL's texts cannot hold, becomes U+FFFD.
    """
    cells = [
        "\\N" if value is None else value if type(value) is str else _CELLS[type(value)](value)
        for value in values
    ]
    joined = "\t".join(cells)
    # Nine of ten lines hold nothing to be escaped: that is seen faster in the line than in each.
    if (
        "\n" in joined
        or "\r" in joined
        or "\0" in joined
        or joined.count("\t") >= len(cells)
        or joined.count("\\") != values.count(None)
    ):
        joined = "\t".join(
            [
                _text(cell) if type(value) is str else cell
                for value, cell in zip(values, cells, strict=True)
            ]
        )
    return joined + "\n"


def copy_lines(to: cursor, table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """COPY lines (as of :func:`line`) into a table's columns."""
    data = "".join(lines).encode("utf-8", "replace")
    names = ", ".join(f'"{column}"' for column in columns)
    to.copy_expert(f'COPY "{table}" ({names}) FROM STDIN', io.BytesIO(data), size=_PIECE)
