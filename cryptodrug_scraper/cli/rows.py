"""Rows of a query as CSV, JSON lines, or a table on the terminal."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TextIO

from cryptodrug_scraper.common.terminal import escaped, json_text, safe

_FORMULA = re.compile(r"[\s\0]*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?")


def guard(text: str) -> str:
    """Make a text harmless in a spreadsheet: ``=1+1`` gets an apostrophe, ``-5`` is a number."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def write_csv(
    out: TextIO, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, raw: bool = False
) -> None:
    """Write rows with a heading. Null is empty, lists are JSON, times ISO 8601.

    Control characters, and those that reorder text, are shown as ``\\x1b``, wherever it goes: what
    is written to a file is looked at with ``cat`` later. ``raw`` leaves texts as they are.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_cell(name, raw) for name in columns])
    for row in rows:
        writer.writerow([_cell(value, raw) for value in row])


def _cell(value: Any, raw: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, (bool, int, float, Decimal)):
        return _number(value)
    text = _text(value)
    return text if raw else escaped(guard(text))


def _number(value: bool | int | float | Decimal) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _text(value: Any) -> str:
    """Return any value but null as a text."""
    if isinstance(value, datetime):
        text = value.isoformat()
        return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple, dict)):
        return to_json(value)
    if isinstance(value, memoryview):
        return value.hex()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} s"
    return str(value)


def write_json(out: TextIO, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write one object a line; of columns with one name, the later get a number."""
    names: list[str] = []
    for name in columns:
        n = 1
        while (unique := name if n == 1 else f"{name}_{n}") in names:
            n += 1
        names.append(unique)
    keys = [json_text(name) for name in names]
    for row in rows:
        pairs = (f"{key}: {to_json(value)}" for key, value in zip(keys, row, strict=True))
        out.write("{" + ", ".join(pairs) + "}\n")


def to_json(value: Any) -> str:
    """Return a value as JSON; ``numeric`` keeps all its digits, as a number."""
    if value is None or (isinstance(value, (Decimal, float)) and value != value):
        return "null"
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else json.dumps(str(value))
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(to_json, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json_text(str(k))}: {to_json(v)}" for k, v in value.items()) + "}"
    return json_text(_text(value))


def show_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, more: bool = False
) -> None:
    """Print rows as a table; on a terminal, wide cells are folded."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from cryptodrug_scraper.common.console import output

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for n, name in enumerate(columns):
        numeric = bool(rows) and all(
            isinstance(row[n], (int, float, Decimal, type(None))) and not isinstance(row[n], bool)
            for row in rows
        )
        drawn.add_column(Text(safe(name)), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(_shown(value)) for value in row))
    console = output(width=100_000)
    if columns:
        console.print(drawn)
    count = f"{len(rows):,} row{'' if len(rows) == 1 else 's'}"
    rest = "; there are more: --rows N, or --format csv for all of them" if more else ""
    console.print(f"({'the first ' if more else ''}{count}{rest})")


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (bool, int, float, Decimal)):
        return _number(value)
    if isinstance(value, list):
        return ", ".join(safe(_shown(item)) for item in value)
    return safe(_text(value), lines=True)
