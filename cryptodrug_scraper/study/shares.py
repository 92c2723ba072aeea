"""What part of the markets a country makes, over several periods or markets, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptodrug_scraper.study.by_vendor import parts
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.intervals import Estimate, Floats, of_totals, share
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.size import by_vendor

_LISTED = """
    SELECT market, coalesce(vendor_id, -listing_id) AS vendor_id,
           CAST(count(DISTINCT vendor_id) AS int) AS vendors, count(*) AS listings,
           CAST(count(DISTINCT vendor_id) FILTER (WHERE :country = ANY(from_countries)) AS int)
               AS vendors_country,
           count(*) FILTER (WHERE :country = ANY(from_countries)) AS listings_country
    FROM s_listing WHERE in_period GROUP BY 1, 2
"""
_COUNTS = ["vendors", "listings", "vendors_country", "listings_country"]


def listed(study: StudySession, country: str) -> pd.DataFrame:
    """Return vendors and listings of the whole period by market, and the country's part.

    Columns: market; vendors, listings, and the same with ``_country`` (number); share_listings
    (0 to 1) with the ends of its interval.
    """
    prepare(study)
    sums = study.frame(_LISTED, {"country": check_country(country)})
    counts = sums.groupby("market", as_index=False)[_COUNTS].sum()
    of_all = {"share_listings": ("listings_country", "listings")}
    found = parts(sums.assign(cell=""), "cell", of_all).drop(columns="cell")
    return counts.merge(found, on="market", how="left")


def turnover_shares(study: StudySession, country: str, by: str) -> pd.DataFrame:
    """Return the country's part of turnover with its interval, a row a market and period.

    Market is '' where all are taken together, period None where all are. Columns: market, period,
    share, share_low, share_high (0 to 1). `by` as in `market_size`.
    """
    _, sold = by_vendor(study, check_country(country), by)
    of_all = {"share": ("turnover_country", "turnover_eur")}
    numbers = ["turnover_country", "turnover_eur"]
    total = sold.groupby(["market", "vendor_id"], as_index=False)[numbers].sum()
    found = [
        parts(rows, "period", of_all, together=True)
        for rows in (sold, total.assign(period=None))
        if by != "all" or rows is not sold
    ]
    return pd.concat(found, ignore_index=True)


def mean_share(offered: pd.DataFrame, name: str) -> Estimate:
    """Return the mean over periods of the country's part of all, with its interval.

    `offered` is what `by_vendor` gives, `name` vendors or listings. A period weighs as much as
    any other, so what a vendor adds to a period is taken as a part of that period's sum.
    """
    rows = offered.dropna(subset=["period"])
    total = rows.groupby("period")[name].transform("sum").to_numpy(float)
    rows, total = rows[total > 0], total[total > 0]
    number = max(rows["period"].nunique(), 1)
    own, every = (rows[column].to_numpy(float) for column in (f"{name}_country", name))
    sums = rows.assign(part=own / total / number, of=every / total / number)
    sums = sums.groupby(["market", "vendor_id"])[["part", "of"]].sum()
    part, of = (sums[[column]].to_numpy(float) for column in ("part", "of"))
    return share(part, of, sums.index.get_level_values("market"))


def change(sums: pd.DataFrame, column: str, first: object, last: object) -> dict[str, float]:
    """Return by what part a number changed from one period to another, with its interval.

    `sums` are what vendors add to periods (``market``, ``vendor_id``, ``period``), in which there
    is something of both. Keys: change, change_low, change_high (0.1 is 10 % more).
    """
    rows = sums[sums["period"].isin([first, last])]
    table = rows.pivot_table(
        index=["market", "vendor_id"],
        columns="period",
        values=column,
        fill_value=0,
        aggfunc="sum",
    ).reindex(columns=[first, last], fill_value=0)
    each = table.to_numpy(float)
    least = each.sum(axis=0) / 100  # of a period that draws leave empty

    def logs(totals: Floats) -> Floats:
        return np.asarray(np.diff(np.log(np.maximum(totals, least)), axis=-1))

    with np.errstate(divide="ignore", invalid="ignore"):
        got = of_totals(each, logs, table.index.get_level_values("market"))
    return got.one("change", of=np.expm1)
