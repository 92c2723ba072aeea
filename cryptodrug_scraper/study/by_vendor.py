"""Intervals beside the columns of a frame, from sums by vendor and cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cryptodrug_scraper.study.intervals import (
    Estimate,
    Floats,
    median,
    ratio_of_shares,
    share,
)

EVERY = ""
"""Stands for all markets together, in the column of the market."""
_ALL = "all of them"
Codes = npt.NDArray[np.intp]
Kind = Callable[[Floats, Floats, "pd.Series[str] | None"], Estimate]

LOW = "Lower end of its 95 % interval."
HIGH = "Upper end of its 95 % interval."


def parts(
    sums: pd.DataFrame,
    cell: str,
    columns: Mapping[str, tuple[str, str]],
    *,
    together: bool = False,
    kind: Kind = share,
) -> pd.DataFrame:
    """Return ``NAME``, ``NAME_low`` and ``NAME_high`` by market and cell.

    `sums` has a row a market, cell and vendor (``vendor_id``); `columns` says of each name which
    of its columns is divided by which: sums over vendors by sums over vendors. An empty divisor is
    the sum of the former over all cells, so that parts add up to 1. Cells are what column `cell`
    holds. With `together`, there are rows of all markets too (`EVERY`), for which vendors are
    drawn within each market.
    """
    made = []
    groups = [(str(market), rows) for market, rows in sums.groupby("market", sort=True)]
    if together and len(groups):
        groups.append((EVERY, sums))
    for market, rows in groups:
        numbers, vendors = pd.factorize(rows["vendor_id"])
        at, cells = pd.factorize(rows[cell], use_na_sentinel=False)
        strata = None
        if market == EVERY:
            strata = rows.groupby(numbers)["market"].first()

        def matrix(
            column: str,
            rows: pd.DataFrame = rows,
            where: tuple[Codes, Codes] = (numbers, at),
            shape: tuple[int, int] = (len(vendors), len(cells)),
        ) -> Floats:
            filled = np.zeros(shape)
            np.add.at(filled, where, rows[column].to_numpy(float))
            return filled

        into: dict[str, object] = {"market": market, cell: cells}
        for name, (part, of) in columns.items():
            some = matrix(part)
            every = matrix(of) if of else some.sum(axis=1, keepdims=True)
            got = kind(some, every, strata)
            into |= got.under(name)
        made.append(pd.DataFrame(into))
    if made:
        return pd.concat(made, ignore_index=True)
    names = [f"{name}{end}" for name in columns for end in ("", "_low", "_high")]
    return pd.DataFrame(columns=["market", cell, *names])


def overlapping(sums: pd.DataFrame, keys: Sequence[str], cell: str) -> pd.DataFrame:
    """Return ``share_low`` and ``share_high`` by keys and cell, where cells overlap.

    `sums` has a row a market, vendor (``vendor_id``), keys and cell with a number ``n``: of all
    where the cell is nothing, of which cells are parts. Vendors are drawn within each market.
    """
    made = []
    for key, rows in sums.groupby(list(keys), sort=True):
        table = rows.assign(at=rows[cell].where(rows[cell].notna(), _ALL)).pivot_table(
            index=["market", "vendor_id"], columns="at", values="n", fill_value=0, aggfunc="sum"
        )
        of = table.pop(_ALL).to_numpy(float)
        got = share(table.to_numpy(float), of, table.index.get_level_values("market"))
        where = dict(zip(keys, key, strict=True))
        each = {cell: table.columns, "share_low": got.low, "share_high": got.high}
        made.append(pd.DataFrame(where | each))
    names = [*keys, cell, "share_low", "share_high"]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=names)


def ratios(
    sums: pd.DataFrame,
    cell: str,
    columns: Mapping[str, tuple[str, str]],
    *,
    together: bool = False,
) -> pd.DataFrame:
    """Do as `parts` for how many times larger a part of the one is than that of the other."""
    return parts(sums, cell, columns, together=together, kind=ratio_of_shares)


def medians(rows: pd.DataFrame, keys: Sequence[str], of: str) -> pd.DataFrame:
    """Return the ends ``median_low`` and ``median_high`` of medians of a column by `keys`.

    `rows` has a row a value, with ``vendor_id``.
    """
    found = []
    for key, each in rows.groupby(list(keys), dropna=False, sort=True):
        _, low, high = median(each[of], each["vendor_id"])
        found.append((*key, low, high))
    return pd.DataFrame(found, columns=[*keys, "median_low", "median_high"])


def ends(columns: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Return meanings of columns with those of the ends of intervals behind the named ones."""
    result: dict[str, str] = {}
    for name, meaning in columns.items():
        result[name] = meaning
        if name in names:
            result |= {f"{name}_low": LOW, f"{name}_high": HIGH}
    return result
