"""How fast markets grow, beside what of the growth can be that of the crawls."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import HIGH, LOW
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.intervals import Floats, of_totals
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.months import EDGE_DAYS, complete_months
from cryptodrug_scraper.study.size import by_vendor, market_size

FEWEST_MONTHS = 3
"""Months under which no rate is given."""
_KINDS = {"vendors": "stock", "listings": "stock", "reviews": "flow", "turnover": "flow"}
_COLUMNS = {
    "market": "The market.",
    "of": "What grows: vendors, listings, reviews or turnover.",
    "months": "Whole months with a number above 0 (number).",
    "first": "The number of the first of them.",
    "last": "The number of the last of them.",
    "monthly": "Growth a month by an exponential fitted to all of them (0.1 is 10 %).",
    "monthly_low": LOW,
    "monthly_high": HIGH,
    "monthly_by_days_low": "Growth of reviews if they were posted on such days that it is least, "
    "of those that are possible.",
    "monthly_by_days_high": "The same if it is largest.",
    "fit": "How well an exponential describes them (R² of the logarithms, 0 to 1).",
    "coverage": "Coverage of the listings in these months, on average (0 to 1).",
    "coverage_change": "Coverage of the last month less that of the first.",
}


def growth(study: StudySession, *, country: str | None = None) -> Measure:
    """Return the growth a month of each market, or of what ships from a `country`.

    Raises ValueError for a country that is no code.
    """
    size = market_size(study, country=country)
    tail = "_country" if country is not None else ""
    series = {name: f"{name}{tail}" for name in _KINDS}
    series["turnover"] = "turnover_country" if country is not None else "turnover_eur"
    complete = complete_months(study).rename(columns={"month": "period"})
    each = size.frame.merge(complete, on=["market", "period"], how="left")
    each[["stock", "flow"]] = each[["stock", "flow"]].eq(True)
    offered, sold = by_vendor(study, country, "month")
    rows: list[tuple[object, ...]] = []
    for market, months in each.groupby("market", sort=True):
        for name, column in series.items():
            sums = offered if _KINDS[name] == "stock" else sold
            of_market = sums[sums["market"] == market]
            rows.append((market, name, *_fit(months[months[_KINDS[name]]], column, of_market)))
    frame = pd.DataFrame(rows, columns=list(_COLUMNS))
    return Measure(
        name="growth",
        frame=frame,
        columns=_COLUMNS,
        method={"edge": EDGE_DAYS, "fewest": FEWEST_MONTHS},
        assumptions=size.assumptions,
        sources=(lit.SOSKA_CHRISTIN_2015, lit.VAN_BUSKIRK_2017),
        notes=(
            Note.of_captures(
                "not_whole_offered",
                kind="left_out",
                n=int((each["listings"].notna() & ~each["stock"]).sum()),
            ),
            Note.of_captures(
                "not_whole_sold",
                kind="left_out",
                n=int(((each["reviews"] > 0) & ~each["flow"]).sum()),
            ),
            *(note for note in size.notes if note.kind == "note"),
        ),
    )


def _fit(months: pd.DataFrame, column: str, sums: pd.DataFrame) -> tuple[object, ...]:
    """Return months, first, last, rate with the ends of its interval and its least and most
    by days, fit, coverage, its change.

    `sums` are what vendors add to each month.
    """
    values = months[column].astype("Float64").fillna(0).astype(float)
    months, values = months[values > 0], values[values > 0]
    if values.empty:
        return 0, *[None] * 10
    parts = months["coverage"].astype("Float64").dropna().astype(float)
    covered = (parts.mean(), parts.iloc[-1] - parts.iloc[0]) if len(parts) else (None, None)
    ends = (len(values), values.iloc[0], values.iloc[-1])
    if len(values) < FEWEST_MONTHS:
        return (*ends, *[None] * 6, *covered)
    t = month_numbers(months["period"])
    y = np.log(values.to_numpy())
    by_vendor = sums.pivot_table(index="vendor_id", columns="period", values=column, fill_value=0)
    matrix = by_vendor.reindex(columns=list(months["period"]), fill_value=0).to_numpy(float)
    least = values.to_numpy() / 100  # of a month that draws leave empty

    def slope(totals: Floats) -> Floats:
        return log_slope(np.maximum(totals, least), t)

    got = of_totals(matrix, slope)
    rest = float(((y - y.mean() - got.value[0] * t) ** 2).sum())
    spread = float(((y - y.mean()) ** 2).sum())
    fit = 1.0 if spread < 1e-12 else 1 - rest / spread
    rates = (float(np.expm1(each[0])) for each in (got.value, got.low, got.high))
    return (*ends, *rates, *_by_days(months, column, t), fit, *covered)


def month_numbers(days: pd.Series) -> np.ndarray:
    """Return the months in which days lie as numbers, 0 on average."""
    when = pd.to_datetime(days)
    t = (when.dt.year * 12 + when.dt.month).to_numpy(float)
    return np.asarray(t - t.mean())


def log_slope(values: Floats, t: np.ndarray) -> Floats:
    """Return the slopes (… × 1) of the logarithms of values (… × months, above 0) by `t`."""
    return np.asarray((np.log(values) * t).sum(axis=-1, keepdims=True) / (t**2).sum())


def _by_days(months: pd.DataFrame, column: str, t: np.ndarray) -> tuple[float | None, float | None]:
    """Return the least and the largest rate that the days of reviews allow."""
    if f"{column}_low" not in months:
        return None, None
    with np.errstate(divide="ignore"):
        low, high = (np.log(months[f"{column}_{end}"].to_numpy(float)) for end in ("low", "high"))
    part = (t - t.mean()) / ((t - t.mean()) ** 2).sum()
    # A later month weighs for growth, an earlier one against it.
    slopes = [
        float((part * np.where((part > 0) == up, high, low))[part != 0].sum())
        for up in (False, True)
    ]
    least, most = (float(np.expm1(slope)) for slope in slopes)
    return least, most if np.isfinite(most) else None
