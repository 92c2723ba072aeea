"""Rows that measures speak of apart, counted with the vendors behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cryptodrug_scraper.study.core import StudySession


class Count(NamedTuple):
    """How many rows, and how many vendors stand behind their number.

    All rows are often known too, and so is the number of the others then: `vendors` are those
    behind the rows, or those behind the others if they are fewer (and not none).
    """

    n: int
    vendors: int


def count_apart(
    study: StudySession,
    table: str,
    conditions: Mapping[str, str],
    where: str,
    given: Mapping[str, Any] | None = None,
) -> dict[str, Count]:
    """Count rows of a table with a vendor_id by conditions; each in SQL of ours, never a user's.

    Rows of no known vendor count as one vendor's.
    """
    each = ", ".join(
        f"count(*) FILTER (WHERE {condition}) AS {name}" for name, condition in conditions.items()
    )
    sums = ", ".join(
        f"coalesce(sum({name}), 0) AS {name}, count(*) FILTER (WHERE {name} > 0) AS {name}_vendors,"
        f" count(*) FILTER (WHERE {name} < n_rows) AS {name}_others"
        for name in conditions
    )
    row = study.row(
        f"""
        WITH of_vendor AS (
            SELECT vendor_id, count(*) AS n_rows, {each} FROM {table} WHERE {where} GROUP BY 1
        )
        SELECT {sums} FROM of_vendor
        """,
        given,
    )
    return {
        name: Count(
            int(row[name]),
            fewest(int(row[f"{name}_vendors"]), int(row[f"{name}_others"])),
        )
        for name in conditions
    }


def fewest(vendors: int, others: int) -> int:
    """Return the fewer of two numbers of vendors; where nobody is among the others, the first."""
    return min(vendors, others) if vendors and others else vendors
