"""Rows of a table into a file, some thousands at a time: CSV or Parquet.

CSV: UTF-8 without a mark, RFC 4180 (commas, CRLF, quotes where needed, a heading), cells as
``cells.py`` says. Numbers have the digits of the database, times are ISO 8601 in UTC.

Parquet: typed columns, nothing escaped. Numbers that are no integers are 64-bit floating
point, so of more than 15 digits the last may differ; the CSV has them all. What pandas should
make of the columns is in the schema's metadata, as pandas itself would write it: without it,
integers with gaps become floating point, and yes and no with gaps Python's objects.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cryptodrug_scraper.export import cells
from cryptodrug_scraper.export.columns import LETTERS, ExportTable, Variable
from cryptodrug_scraper.export.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)

AT_ONCE = 5_000
FORMATS = ("csv", "parquet")
_NAMES = {
    "handle": "h", "buyer": "b", "listing": "i", "category": "j", "url": "u", "bytes": "s",
    "fingerprint": "f",
}  # fmt: skip


def letter_of(column: Variable) -> str:
    """Return the letter before the keys or pseudonyms of a column."""
    return LETTERS[column.scope] if column.kind == "id" else _NAMES[column.scope]


# -- from the database ------------------------------------------------------------------------


def order_of(table: ExportTable, pseudonyms: Pseudonyms | None) -> tuple[str, dict[str, Any]]:
    """Return the order of a table's rows as SQL, and its parameters.

    By the primary key; pseudonymised by a keyed hash of it, as keys of the database are
    hashes of handles that anyone can compute, and rows in their order would tell them apart.
    """
    names = [column.name for column in table.columns]
    positions = [names.index(name) + 1 for name in table.primary_key]
    if pseudonyms is None:
        return ", ".join(f"c{n}" for n in positions), {}
    joined = " || ':' || ".join(f"c{n}::text" for n in positions)
    return (
        f"sha256(convert_to(%(order)s || {joined}, 'UTF8'))",
        {"order": pseudonyms.order},
    )


def rows_of(
    connection: Connection, table: ExportTable, pseudonyms: Pseudonyms | None
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield a table's rows in batches, through a cursor of the server's."""
    order, values = order_of(table, pseudonyms)
    names = ", ".join(f"c{n}" for n in range(1, len(table.columns) + 1))
    sql = f"SELECT * FROM ({table.sql}) AS t({names}) ORDER BY {order}"
    with connection.cursor(name=f"export_{table.name}") as work:
        work.itersize = AT_ONCE
        work.execute(sql, values or None)
        while batch := work.fetchmany(AT_ONCE):
            yield batch


def shared_columns(
    table: ExportTable, pseudonyms: Pseudonyms | None
) -> Callable[[Sequence[tuple[Any, ...]]], list[Sequence[Any]]]:
    """Return what turns rows of the database into the columns that are shared."""
    at = {column.name: n for n, column in enumerate(table.columns)}
    kept = [(at[c.name], c) for c in table.shared(pseudonyms is not None)]

    def turn(rows: Sequence[tuple[Any, ...]]) -> list[Sequence[Any]]:
        columns = list(zip(*rows, strict=True))
        return [
            _values(column, columns[n], columns[at[column.within]] if column.within else None,
                    pseudonyms)
            for n, column in kept
        ]  # fmt: skip

    return turn


def _values(
    column: Variable,
    values: Sequence[Any],
    within: Sequence[Any] | None,
    pseudonyms: Pseudonyms | None,
) -> Sequence[Any]:
    if column.kind == "hash":
        values = [bytes(v).hex() if isinstance(v, memoryview) else v for v in values]
    if pseudonyms is not None and column.hidden:
        hide, letter, scope = pseudonyms.of, letter_of(column), column.scope
        if within is not None:
            return [
                None if v is None else hide(letter, scope, str(w), str(v))
                for v, w in zip(values, within, strict=True)
            ]
        return [None if v is None else hide(letter, scope, str(v)) for v in values]
    if column.kind == "id":
        letter = letter_of(column)
        return [None if v is None else f"{letter}{v:016x}" for v in values]
    return values


# -- CSV --------------------------------------------------------------------------------------


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _number(value: Decimal) -> str:
    return format(value, "f")


def _date(value: date) -> str:
    return value.isoformat()


def moment(value: datetime) -> str:
    """Return a time as ISO 8601, in UTC."""
    return value.isoformat().removesuffix("+00:00") + "Z"


_CSV: dict[str, Callable[[Any], str]] = {
    "id": str,
    "name": cells.encode,
    "hash": str,
    "text": cells.encode,
    "texts": cells.as_json,
    "json": cells.as_json,
    "word": cells.encode,
    "words": cells.as_json,
    "integer": str,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "moment": moment,
}


class CsvWriter:
    """Writes one table as CSV."""

    def __init__(self, path: Path, columns: Sequence[Variable]) -> None:
        self._file = path.open("x", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        self._writer.writerow([column.name for column in columns])
        self._shown = [_CSV[column.kind] for column in columns]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, columns: Sequence[Sequence[Any]]) -> None:
        """Append rows."""
        self._writer.writerows(
            zip(
                *(
                    ["" if v is None else show(v) for v in values]
                    for show, values in zip(self._shown, columns, strict=True)
                ),
                strict=True,
            )
        )


# -- Parquet ----------------------------------------------------------------------------------


_PANDAS = {  # kind -> names of the type in pandas' metadata: the general one, and that of a frame
    "integer": ("int64", "Int64"),
    "number": ("float64", "Float64"),
    "boolean": ("bool", "boolean"),
    "date": ("date", "object"),
    "moment": ("datetimetz", "datetime64[us, UTC]"),
    "words": ("list[unicode]", "object"),
    "texts": ("list[unicode]", "object"),
}


def _for_pandas(columns: Sequence[Variable]) -> dict[str, str]:
    """Return the metadata of a schema that says what pandas should make of its columns."""
    described = []
    for column in columns:
        general, own = _PANDAS.get(column.kind, ("unicode", "object"))
        zone = {"timezone": "UTC"} if column.kind == "moment" else None
        described.append(
            {
                "name": column.name,
                "field_name": column.name,
                "pandas_type": general,
                "numpy_type": own,
                "metadata": zone,
            }
        )
    metadata = {
        "index_columns": [],
        "column_indexes": [],
        "columns": described,
        "pandas_version": version("pandas"),
    }
    return {"pandas": json.dumps(metadata)}


class ParquetWriter:
    """Writes one table as Parquet (zstd), each column with its meaning as metadata."""

    def __init__(self, path: Path, columns: Sequence[Variable], meanings: Sequence[str]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        types: dict[str, Any] = {
            "integer": pa.int64(),
            "number": pa.float64(),
            "boolean": pa.bool_(),
            "date": pa.date32(),
            "moment": pa.timestamp("us", tz="UTC"),
            "words": pa.list_(pa.string()),
            "texts": pa.list_(pa.string()),
        }
        self._kinds = [column.kind for column in columns]
        self._schema = pa.schema(
            [
                pa.field(
                    column.name,
                    types.get(column.kind, pa.string()),
                    nullable=not column.required,
                    metadata={"description": meaning},
                )
                for column, meaning in zip(columns, meanings, strict=True)
            ],
            metadata=_for_pandas(columns),
        )
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, columns: Sequence[Sequence[Any]]) -> None:
        """Append rows, as a group of their own."""
        import pyarrow as pa

        arrays = [
            pa.array(_typed(kind, values), type=field.type)
            for kind, values, field in zip(self._kinds, columns, self._schema, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))


def _typed(kind: str, values: Sequence[Any]) -> Sequence[Any]:
    if kind == "number":
        return [None if v is None else float(v) for v in values]
    if kind == "json":
        return [None if v is None else cells.as_json(v) for v in values]
    return values


def batches(rows: Iterable[list[tuple[Any, ...]]], size: int) -> Iterator[list[tuple[Any, ...]]]:
    """Join batches until they have ``size`` rows (Parquet likes its groups large)."""
    held: list[tuple[Any, ...]] = []
    for batch in rows:
        held += batch
        if len(held) >= size:
            yield held
            held = []
    if held:
        yield held
