"""The columns of the tables, and rows made by the names of columns."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from cryptodrug_scraper.database.models import Base

COLUMNS: dict[str, tuple[str, ...]] = {
    name: tuple(column.name for column in table.columns)
    for name, table in Base.metadata.tables.items()
}
"""The columns of each table, in its order."""

_IN_ORDER = {name: itemgetter(*columns) for name, columns in COLUMNS.items() if len(columns) > 1}


def row_of(table: str, **values: Any) -> tuple[Any, ...]:
    """Return a row of a table: a value for each column, by its name, in the table's order.

    Raises ValueError for a name that is no column, and KeyError for a column without a value.
    """
    row: tuple[Any, ...] = _IN_ORDER[table](values)
    if len(values) != len(row):
        raise ValueError(f"table {table} has no {', '.join(values.keys() - COLUMNS[table])}")
    return row
