"""How long vendors and listings stay, those that were still there treated as such."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.counting import fewest
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.seen import build_origins, build_seen

if TYPE_CHECKING:
    from cryptodrug_scraper.study.core import Study

GRACE_DAYS = 28
"""Who was seen in the last days of a market's captures may still be there."""

LIVES = """
    WITH span AS (
        SELECT market, min(day) + CAST(:grace AS int) AS since,
               max(day) - CAST(:grace AS int) AS until
        FROM s_seen GROUP BY 1
    ), began AS (
        SELECT {key} AS id, min(first_seen) AS day FROM s_listing GROUP BY 1
    ), life AS (
        SELECT s.market, s.{key} AS id, max(s.vendor_id) AS vendor_id,
               min(s.day) AS first_day, max(s.day) AS last_day
        FROM s_seen s
        WHERE s.{key} IS NOT NULL AND (CAST(:country AS text) IS NULL OR s.{key} IN (
            SELECT f.{key} FROM s_seen f JOIN s_origin o USING (listing_id)
            WHERE o.within AND :country = ANY(o.places)))
        GROUP BY 1, 2
    ), lived AS (
        SELECT l.market, l.vendor_id,
               least(b.day, l.first_day) < s.since OR l.first_day > s.until AS left_out,
               least(l.last_day, s.until) - l.first_day AS days, l.last_day <= s.until AS ended
        FROM life l JOIN span s USING (market) LEFT JOIN began b USING (id)
    )
"""
"""SQL that a question to ``lived`` follows: a row a life of a `key` (listing_id, vendor_id).

A life is watched from the first day seen to ``until``, `grace` days before the market's last: of
every day up to it the captures tell whether a life went on past it. To watch those who are still
there for longer, up to the last day on which they were seen, would count days of theirs on which
none could end. Those of the first days began at an unknown time before, and so did those that
were seen before the study's period; those first seen after ``until`` were not watched at all.
"""


def kaplan_meier(days: np.ndarray, ended: np.ndarray, n: np.ndarray) -> pd.DataFrame:
    """Return the estimate of Kaplan and Meier, a row a length of life at which one ended.

    `days` are lengths, `ended` whether such lives ended (else they went on), `n` how many.
    Columns: days, at_risk, ended, survival, and low and high of its 95 % interval (by the
    logarithm of minus the logarithm, which keeps it within 0 and 1).
    """
    frame = pd.DataFrame({"days": days, "ended": np.where(ended, n, 0), "n": n})
    frame = frame.groupby("days", sort=True, as_index=False).sum()
    # Those that ended on a day were at risk on it, and so were those that went on unseen.
    frame["at_risk"] = frame["n"].iloc[::-1].cumsum().iloc[::-1]
    frame = frame[frame["ended"] > 0].reset_index(drop=True)
    risk, deaths = frame["at_risk"].to_numpy(float), frame["ended"].to_numpy(float)
    survival = np.cumprod(1 - deaths / risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(deaths / (risk * (risk - deaths)))
        half = 1.96 * np.sqrt(greenwood) / np.abs(np.log(survival))
        low, high = survival ** np.exp(half), survival ** np.exp(-half)
    gone = survival <= 0
    frame["survival"] = survival
    frame["low"] = np.where(gone, 0.0, low)
    frame["high"] = np.where(gone, np.nan, high)
    return frame[["days", "at_risk", "ended", "survival", "low", "high"]]


def median_of(curve: pd.DataFrame) -> int | None:
    """Return the first length of life that at most half survive; None if more than half do."""
    reached = curve.loc[curve["survival"] <= 0.5 + 1e-12, "days"]
    return int(reached.iloc[0]) if len(reached) else None


def lifetimes(
    study: Study, *, of: str = "vendors", country: str | None = None, grace_days: int = GRACE_DAYS
) -> Measure:
    """Return how many vendors (or listings) stay how long: a curve a market.

    `of` is vendors or listings. With a `country`, only those who said to ship from it
    at some time of the study's period.
    `grace_days` has to be longer than the time between crawls: it is how long one has to be
    unseen to be gone. Raises ValueError for what it does not know.
    """
    country = check_country(country)
    if of not in ("vendors", "listings"):
        raise ValueError(f"There are no lifetimes of {of!r}; there are vendors and listings.")
    study.prepare()
    study.once(build_seen, build_origins)
    key = "vendor_id" if of == "vendors" else "listing_id"
    every = study.frame(
        LIVES.format(key=key)
        + """
        SELECT market, left_out, days, ended, grouping(days) AS summed, count(*) AS n,
               greatest(count(DISTINCT vendor_id), 1) AS vendors
        FROM lived GROUP BY GROUPING SETS ((market, left_out, days, ended), (market, left_out))
        ORDER BY market, days, ended
        """,
        {"country": country, "grace": grace_days},
    )
    sums = {
        (str(row.market), bool(row.left_out)): (int(row.n), int(row.vendors))
        for row in every[every["summed"] > 0].itertuples()
    }
    lives = every[(every["summed"] == 0) & ~every["left_out"].astype(bool)]
    curves, notes = [], []
    for market in sorted({market for market, _ in sums}):
        terms = {"market": market, "of": of}
        n, behind = sums.get((market, False), (0, 0))
        unwatched, others = sums.get((market, True), (0, 0))
        if unwatched:
            what = terms | {"days": grace_days}
            notes.append(Note.left_out("unwatched", unwatched, fewest(others, behind), what))
        if not n:
            continue
        rows = lives[lives["market"] == market]
        curve = kaplan_meier(
            rows["days"].to_numpy(int), rows["ended"].to_numpy(bool), rows["n"].to_numpy(int)
        )
        curve.insert(0, "market", market)
        curve["lives"], curve["vendors"] = n, behind
        curve["watched"] = int(rows["days"].max())
        curve["median_days"] = median_of(curve)
        curves.append(curve)
        if n < 30:
            notes.append(Note("few_lives", {"n": n}, fewest(behind, others), terms))
        if curve["median_days"].isna().all():
            notes.append(Note("outlast", {}, fewest(behind, others), terms))
    columns = {
        "market": "The market.",
        "days": "Length of life (days from first to last day seen) at which some ended.",
        "at_risk": "Lives that lasted at least so long under observation (number).",
        "ended": "Of these, those that ended at this length (number).",
        "survival": "Estimated part that stays longer (0 to 1).",
        "low": "Lower end of its 95 % interval.",
        "high": "Upper end.",
        "lives": "All lives of the curve (number).",
        "vendors": "Vendors behind them (number).",
        "watched": "Longest time that one of them was watched (days); the last estimate holds "
        "until then, and of later nothing is known unless it is 0.",
        "median_days": "Length that half of them outlast (days); nothing if more than half do.",
    }
    frame = pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=list(columns))
    return Measure(
        name="lifetimes",
        frame=frame[list(columns)],
        columns=columns,
        method={"of": of, "days": grace_days},
        assumptions=(Note.of_method("independent"), Note.of_method("gone")),
        sources=(lit.KAPLAN_MEIER_1958, lit.GREENWOOD_1926, lit.SOSKA_CHRISTIN_2015),
        notes=tuple(notes),
    )
