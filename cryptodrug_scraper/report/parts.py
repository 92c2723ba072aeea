"""What a report is made of, before it becomes a page: all texts plain, escaped by the template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptodrug_scraper.language import Language, cap


@dataclass(frozen=True)
class Column:
    """A column of a table: the key in its rows, its heading, and how its values are written."""

    key: str
    label: str
    kind: str = "text"  # text, place, month, count, decimal, euros, cents, share, or a label's list
    unit: str = ""
    interval: bool | None = None
    """Whether the ends of its intervals are shown; None: not those of counts."""

    @property
    def is_number(self) -> bool:
        """Whether the column's values are numbers, which are aligned on the right."""
        return self.kind in ("count", "decimal", "euros", "cents", "share", "points")


@dataclass(frozen=True)
class Cell:
    """One cell: what is written in it, and whether that stands for a value that is not there."""

    words: str
    suppressed: bool = False
    unknown: bool = False
    interval: str = ""
    """The ends of its interval, if it has one."""


@dataclass(frozen=True)
class Table:
    """A table: rows of as many cells as there are columns; the first heads its row.

    Rows stand in groups, each with its heading; one group without a heading is a plain table.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    groups: Sequence[tuple[str, Sequence[Sequence[Cell]]]]
    notes: Sequence[str] = ()
    about_intervals: str = ""
    """What the ends in brackets are, if they are no 95% intervals."""

    @property
    def suppresses(self) -> bool:
        """Whether a cell of it is suppressed."""
        return any(cell.suppressed for _, rows in self.groups for row in rows for cell in row)

    @property
    def has_intervals(self) -> bool:
        """Whether a cell of it has an interval."""
        return any(cell.interval for _, rows in self.shown for row in rows for cell in row)

    @property
    def shown(self) -> Sequence[tuple[str, Sequence[Sequence[Cell]]]]:
        """The groups in which there is a number to show."""
        return [(heading, rows) for heading, rows in self.groups if not self._is_hidden(rows)]

    @property
    def hidden(self) -> Sequence[str]:
        """The headings of the groups of which every number is suppressed: they tell nothing."""
        return [heading for heading, rows in self.groups if self._is_hidden(rows)]

    @property
    def is_short(self) -> bool:
        """Whether it is not to be broken over two pages."""
        return sum(len(rows) + 1 for _, rows in self.shown) <= 14

    def _is_hidden(self, rows: Sequence[Sequence[Cell]]) -> bool:
        numbers = [
            cell
            for row in rows
            for cell, column in zip(row, self.columns, strict=True)
            if column.is_number
        ]
        suppressed = any(cell.suppressed for cell in numbers)
        return suppressed and all(cell.suppressed or cell.unknown for cell in numbers)


@dataclass(frozen=True)
class Drawing:
    """A figure: the SVG element, what it shows in a sentence, and its caption."""

    name: str
    svg: str
    caption: str


@dataclass(frozen=True)
class Method:
    """How a measure was made."""

    title: str
    definition: str
    assumptions: Sequence[str] = ()
    uncertainty: str = ""
    sources: Sequence[tuple[str, str]] = ()  # a work's key and its short name
    left_out: Sequence[tuple[str, str]] = ()


@dataclass
class Section:
    """One question of the study with its answer."""

    key: str
    title: str
    summary: list[str] = field(default_factory=list)  # of the findings, what the summary says too
    findings: list[str] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    methods: list[Method] = field(default_factory=list)
    caveats: list[str] = field(default_factory=list)
    short: str = ""  # what the summary calls it
    warnings: list[str] = field(default_factory=list)  # caveats that concern the whole report
    open: list[str] = field(default_factory=list)  # questions that small numbers leave open

    def conclude(self, sentence: str) -> None:
        """Add a finding that the summary says too."""
        self.findings.append(sentence)
        self.summary.append(sentence)


SUPPRESSED = object()
"""Stands in a row for a value that must not be shown."""


def build_table(
    lang: Language,
    name: str,
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Any]],
    notes: Sequence[str] = (),
    *,
    group: str = "",
    about_intervals: str = "",
) -> Table:
    """Write rows as a table. None is a value that is not known, SUPPRESSED one not shown.

    A number whose row has ``KEY_low`` and ``KEY_high`` has them behind it.
    `group` is the key under which a row has the heading of its group; groups stand in the order
    in which they first come.
    """
    writers = [_writer(lang, column.kind) for column in columns]
    groups: dict[str, list[list[Cell]]] = {}
    for row in rows:
        cells = [
            _cell(lang, row, column, write) for column, write in zip(columns, writers, strict=True)
        ]
        groups.setdefault(str(row[group]) if group else "", []).append(cells)
    return Table(name, caption, columns, list(groups.items()), notes, about_intervals)


def drawn(value: Any) -> float | None:
    """Return a value as a figure takes it: None if it is not known or not shown."""
    return None if missing(value) or value is SUPPRESSED else float(value)


def missing(value: Any) -> bool:
    """Whether a value of a frame is none: None, NaN, NaT."""
    return value is None or (not isinstance(value, (str, list, tuple)) and value != value)


def interval_of(row: Mapping[str, Any], key: str) -> tuple[float, float] | None:
    """Return the ends of a value's interval, if the row has them and may show the value."""
    low, high = row.get(f"{key}_low"), row.get(f"{key}_high")
    if row.get(key) is SUPPRESSED or missing(low) or missing(high):
        return None
    return float(low), float(high)  # type: ignore[arg-type]


def _cell(
    lang: Language, row: Mapping[str, Any], column: Column, write: Callable[[Any], str]
) -> Cell:
    value = row.get(column.key)
    if value is SUPPRESSED:
        return Cell(lang.text("table.suppressed"), suppressed=True)
    if missing(value):
        return Cell(lang.text("table.unknown"), unknown=True)
    wanted = column.interval if column.interval is not None else column.kind != "count"
    ends = interval_of(row, column.key) if column.is_number and wanted else None
    span = lang.span(*ends, column.kind, value).rstrip("%\u00a0\u202f") if ends else ""
    return Cell(write(value), interval=span)


def _writer(lang: Language, kind: str) -> Callable[[Any], str]:
    match kind:
        case "text":
            return str
        case "place":
            return lang.place
        case "month":
            return lang.short_month
        case "count":
            return lang.number
        case "decimal":
            return lambda value: lang.number(value, 2)
        case "euros":
            return lambda value: lang.euros(value, 0)
        case "cents":
            return lambda value: lang.euros(value, 2)
        case "share":
            return lang.percent
        case "points":
            return lambda value: lang.number(value * 100, 1)
    return lambda code: cap(lang.label(kind, str(code)))
