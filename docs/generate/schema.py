"""The page of the schema, made from the models when the site is built: a drawing, the tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from html import escape
from statistics import fmean

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from sqlalchemy import Column, Dialect, Table
from sqlalchemy.dialects import postgresql

from cryptodrug_scraper.database.models import Base

PAGE = "reference/schema.md"
POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
WIDTH, HEIGHT, GAP, STEP = 176, 24, 96, 34
"""Of a box in the drawing, of the gap between two columns, and from one box to the next below."""
INTRODUCTION = """\
# Schema

The tables with the comments that they have in the database (`\\d+ TABLE` in psql shows them
there, too). [Look at the data](../guides/database.md) says which views answer what.

Lines go from a table to those that it points to, on its left. Nearly every table points to
`market`, and that is not drawn.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page to the site's."""
    files.append(File.generated(config, PAGE, content="\n\n".join(_page())))
    return files


def _page() -> Iterator[str]:
    tables = {table.name: table for table in Base.metadata.sorted_tables}
    points = {
        name: {key.column.table.name for key in table.foreign_keys} - {"market", name}
        for name, table in tables.items()
    }
    yield INTRODUCTION
    yield _drawing(points, {name: table.comment or "" for name, table in tables.items()})
    for _, table in sorted(tables.items()):
        yield from _section(table)


def _section(table: Table) -> Iterator[str]:
    yield f"## {table.name}"
    yield _cell(table.comment or "")
    rows = [
        f"| `{column.name}` | {column.type.compile(dialect=POSTGRESQL).lower()} "
        f"| {', '.join(_marks(column))} | {_cell(column.comment or '')} |"
        for column in table.columns
    ]
    yield "\n".join(["| column | type | is | means |", "| --- | --- | --- | --- |", *rows])


def _marks(column: Column[object]) -> Iterator[str]:
    if column.primary_key:
        yield "key"
    for name in sorted({key.column.table.name for key in column.foreign_keys}):
        yield f"→ [{name}](#{name})"
    if column.nullable:
        yield "may be null"


def _cell(text: str) -> str:
    return escape(text, quote=False).replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")


def _columns(points: dict[str, set[str]]) -> list[list[str]]:
    """Return the tables from left to right, each right of all that it points to."""

    @cache
    def depth(name: str) -> int:
        return max((depth(other) + 1 for other in points[name]), default=0)

    columns: dict[int, list[str]] = defaultdict(list)
    for name in sorted(points):
        columns[depth(name)].append(name)
    placed = [columns[number] for number in sorted(columns)]
    ends: dict[str, set[str]] = defaultdict(set, {name: set(of) for name, of in points.items()})
    for name, others in points.items():
        for other in others:
            ends[other].add(name)
    for _ in range(8):  # what is joined comes to stand at about the same height
        for column in placed:
            at = {name: row / len(c) for c in placed for row, name in enumerate(c)}
            middle = {n: fmean([at[other] for other in ends[n]] or [1]) for n in column}
            column.sort(key=middle.__getitem__)
    return placed


def _drawing(points: dict[str, set[str]], comments: dict[str, str]) -> str:
    columns = _columns(points)
    tallest = max(map(len, columns))
    corner = {
        name: (number * (WIDTH + GAP) + 1, int((row + (tallest - len(column)) / 2) * STEP) + 1)
        for number, column in enumerate(columns)
        for row, name in enumerate(column)
    }
    lines = []
    for name, others in sorted(points.items()):
        x, y = corner[name][0], corner[name][1] + HEIGHT // 2
        for other in sorted(others):
            left, to = corner[other][0] + WIDTH, corner[other][1] + HEIGHT // 2
            bend = (x - left) // 2
            lines.append(f'<path d="M{x} {y}C{x - bend} {y} {left + bend} {to} {left} {to}"/>')
    boxes = [
        f'<a href="#{name}"><title>{escape(comments[name])}</title>'
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="4"/>'
        f'<text x="{x + 8}" y="{y + 16}">{name}</text></a>'
        for name, (x, y) in corner.items()
    ]
    width, height = len(columns) * (WIDTH + GAP) - GAP + 2, tallest * STEP
    return (
        f'<div class="schema"><svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="The tables and what they point to"><g class="lines">{"".join(lines)}</g>'
        f'<g class="tables">{"".join(boxes)}</g></svg></div>'
    )
