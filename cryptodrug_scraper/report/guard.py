"""How many vendors stand behind each number of the report, and which numbers they allow."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

from cryptodrug_scraper.report.suppress import suppress, suppress_grid
from cryptodrug_scraper.study import Study

TOTAL = ""
"""Stands for all markets, and for the whole period."""
NO_COLUMN = "CAST(NULL AS text)"
"""Where vendors are counted by market alone."""

Key = Hashable


class Guard:
    """Which cells of a table are not shown; cells of which nothing is known count as empty.

    Rows and columns add up; their totals are the cells of `TOTAL`, and count as cells too.
    `hidden_columns` are columns whose totals must not be shown, here as elsewhere; `telling` are
    cells that give a small number away beside what another table shows.
    """

    def __init__(
        self,
        vendors: Mapping[tuple[Key, Key], int],
        rows: Sequence[Key],
        columns: Sequence[Key],
        threshold: int,
        hidden_columns: Collection[Key] = (),
        telling: Collection[tuple[Key, Key]] = (),
    ) -> None:
        self.vendors = {key: int(count) for key, count in vendors.items()}
        across, down = [*columns, TOTAL], [*rows, TOTAL]
        grid = [[self.vendors.get((row, column), 0) for column in across] for row in down]
        marks = suppress_grid(
            grid,
            threshold,
            [column in hidden_columns for column in across],
            [[(row, column) in telling for column in across] for row in down],
        )
        self.hidden = {
            (row, column)
            for row, line in zip(down, marks, strict=True)
            for column, mark in zip(across, line, strict=True)
            if mark
        }

    def hides(self, row: Key = TOTAL, column: Key = TOTAL) -> bool:
        """Whether a cell must not be shown."""
        return (row, column) in self.hidden

    def has_any(self) -> bool:
        """Whether there is a vendor at all."""
        return any(self.vendors.values())

    def count(self, row: Key = TOTAL, column: Key = TOTAL) -> int:
        """How many vendors stand behind a cell. Not for showing."""
        return self.vendors.get((row, column), 0)


def guard_line(
    vendors: Mapping[Any, int], threshold: int, telling: Collection[Any] = ()
) -> set[Any]:
    """Return which of several cells must not be shown, if their total is known.

    `telling` are those that give a small number away beside what is shown elsewhere.
    """
    marks = suppress(list(vendors.values()), threshold, [key in telling for key in vendors])
    return {key for key, mark in zip(vendors, marks, strict=True) if mark}


def may_total(vendors: Mapping[Any, int], threshold: int) -> bool:
    """Whether the total of a line may be told: it is large, and gives no small cell away."""
    if 0 < sum(vendors.values()) < threshold:
        return False
    hidden = [vendors[key] for key in guard_line(vendors, threshold)]
    return not hidden or max(hidden) >= threshold


def review_vendors(
    study: Study, country: str | None, column: str = "month", *, others: bool = False
) -> dict[tuple[Key, Key], int]:
    """Count vendors with a review of a listing from a country (None: any), by column and market.

    With `others`, those with a review of any other listing, which all without the country's
    speaks of. `column` is SQL over `s_review`: ours, never a user's.
    """
    study.prepare()
    return _cube(study, "s_review", column, country, others)


def listing_vendors(
    study: Study, country: str | None, column: str = NO_COLUMN, *, others: bool = False
) -> dict[tuple[Key, Key], int]:
    """Count vendors with a listing of a country (None: any), or `others`, by column and market."""
    study.prepare()
    return _cube(study, "s_listing", column, country, others)


def _cube(
    study: Study, table: str, column: str, country: str | None, others: bool
) -> dict[tuple[Key, Key], int]:
    """Count, once in the life of a study: sections ask for the same again and again."""
    name = f"vendors behind cells: {table} {column} {country} {others}"
    return dict(study.kept(name, lambda: _count(study, table, column, country, others)))


def _count(
    study: Study, table: str, column: str, country: str | None, others: bool
) -> dict[tuple[Key, Key], int]:
    frame = study.frame(
        f"""
        WITH each AS (
            SELECT DISTINCT {column} AS first, market, vendor_id FROM {table}
            WHERE {"in_period AND" if table == "s_listing" else ""}
                  (CAST(:country AS text) IS NULL
                   OR coalesce(:country = ANY(from_countries), false) <> :others)
        )
        SELECT first, market, grouping(first) AS all_first, grouping(market) AS all_market,
               count(DISTINCT vendor_id) AS vendors
        FROM each GROUP BY CUBE (first, market)
        """,
        {"country": country, "others": others},
    )
    counted: dict[tuple[Key, Key], int] = {}
    for first, market, all_first, all_market, vendors in frame.itertuples(index=False):
        row = TOTAL if all_first else as_day(first)
        counted[row, TOTAL if all_market else market] = int(vendors)
    return counted


def as_day(value: Any) -> Any:
    """Return a date where pandas gave a timestamp, None for its many nothings, else the value."""
    if value is None or value != value:
        return None
    return value.date() if hasattr(value, "date") else value
