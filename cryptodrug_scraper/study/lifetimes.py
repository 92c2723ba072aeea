"""How long vendors and listings stay, those that were still there treated as such.

A life is seen at crawls. It began after the crawl before the one that saw it first began, and
ended before the crawl after the one that saw it last was over, so its length is known as an
interval, and so is the curve: one of the shortest lengths and one of the longest bound it, and the
lengths in the middle give the estimate (Law & Brookmeyer 1992). Listings of a vendor go together,
so intervals rest on draws of vendors and not on lives.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.counting import fewest
from cryptodrug_scraper.study.coverage import build_known
from cryptodrug_scraper.study.intervals import weights
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.seen import build_origins, build_seen

GRACE_DAYS = 28
"""Who was seen in the last days of a market's captures may still be there."""

LIVES = """
    WITH span AS (
        SELECT market, min(first_day) + CAST(:grace AS int) AS since,
               max(last_day) - CAST(:grace AS int) AS until
        FROM s_seen_span GROUP BY 1
    ), began AS (
        SELECT {key} AS id, min(first_seen) AS day FROM s_listing GROUP BY 1
    ), life AS (
        SELECT s.market, s.{key} AS id, max(s.vendor_id) AS vendor_id,
               min(s.first_day) AS first_day, max(s.last_day) AS last_day
        FROM s_seen_span s
        WHERE s.{key} IS NOT NULL AND (CAST(:country AS text) IS NULL OR s.{key} IN (
            SELECT f.{key} FROM s_seen_span f JOIN s_origin o USING (listing_id)
            WHERE o.within AND :country = ANY(o.places)))
        GROUP BY 1, 2
    ), gap AS (
        SELECT d.market, d.day,
               (SELECT max(c.day) FROM s_crawl c
                WHERE c.market = d.market AND c.last_day < d.day) AS before,
               (SELECT min(c.last_day) FROM s_crawl c
                WHERE c.market = d.market AND c.day > d.day) AS next
        FROM (
            SELECT market, first_day AS day FROM life UNION SELECT market, last_day FROM life
        ) AS d
    ), lived AS (
        SELECT l.market, l.vendor_id,
               least(b.day, l.first_day) < s.since OR l.first_day > s.until AS left_out,
               least(l.last_day, s.until) - l.first_day AS days,
               CASE WHEN l.last_day <= s.until THEN coalesce(e.next, s.until) ELSE s.until END
                   - coalesce(a.before, l.first_day) AS most,
               l.last_day <= s.until AS ended
        FROM life l JOIN span s USING (market) LEFT JOIN began b USING (id)
        JOIN gap a ON a.market = l.market AND a.day = l.first_day
        JOIN gap e ON e.market = l.market AND e.day = l.last_day
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


def median_of(curve: pd.DataFrame, part: str = "survival") -> int | None:
    """Return the first length of life that at most half survive; None if more than half do."""
    reached = curve.loc[curve[part] <= 0.5 + 1e-12, "days"]
    return int(reached.iloc[0]) if len(reached) else None


def curve_of(lives: pd.DataFrame) -> pd.DataFrame:
    """Return the curve of lives known as intervals, a row a length at which the curve falls.

    `lives` has days (the shortest length), most (the longest), ended, n (how many) and vendor_id.
    Columns: days; at_risk and ended, of the shortest lengths; survival; survival_low and
    survival_high, by the longest and shortest lengths alone; low and high, the ends of their 95 %
    intervals.
    """
    ended, n = lives["ended"].to_numpy(bool), lives["n"].to_numpy(int)
    shortest, longest = lives["days"].to_numpy(int), lives["most"].to_numpy(int)
    lengths = (shortest, (shortest + longest) // 2, longest)
    bounds = [kaplan_meier(each, ended, n) for each in lengths]
    grid = np.unique(np.concatenate([bound["days"].to_numpy(int) for bound in bounds]))
    least, middle, most = (_at(b["days"], b["survival"], grid, 1.0) for b in bounds)
    frame = pd.DataFrame({"days": grid})
    fell = bounds[0].set_index("days")["ended"].reindex(grid)
    frame["at_risk"] = [int(n[shortest >= day].sum()) for day in grid]
    frame["ended"] = fell.fillna(0).astype(int).to_numpy()
    frame["survival"] = middle
    frame["survival_low"] = np.minimum(least, middle)
    frame["survival_high"] = np.maximum(most, middle)
    _, vendors = np.unique(lives["vendor_id"].to_numpy(np.int64), return_inverse=True)
    for name, each, at, sign in (("low", shortest, least, 1), ("high", longest, most, -1)):
        half = _half(each, ended, n, vendors, grid, bounds[0 if sign > 0 else 2])
        with np.errstate(invalid="ignore", over="ignore"):
            end = at ** np.exp(sign * half)
        frame[name] = np.where((at > 0) & (at < 1), end, at)
    frame["low"] = frame[["low", "survival"]].min(axis=1)
    frame["high"] = frame[["high", "survival"]].max(axis=1).where(most > 0)
    return frame


def _until(curve: pd.DataFrame, watched: int) -> pd.DataFrame:
    """Return a curve up to a length of life; if it did not fall until then, a row of its end."""
    kept = curve[curve["days"] <= watched]
    if len(kept):
        return kept.reset_index(drop=True)
    none = curve.iloc[:1].assign(days=watched, ended=0)
    names = ["survival", "survival_low", "survival_high", "low", "high"]
    return none.assign(**dict.fromkeys(names, 1.0))


def _at(days: pd.Series, values: pd.Series, grid: np.ndarray, first: float) -> np.ndarray:
    """Return the values of a step function, `first` before its first step."""
    steps = np.concatenate([[first], values.to_numpy(float)])
    return np.asarray(steps[np.searchsorted(days.to_numpy(int), grid, side="right")])


def _half(
    days: np.ndarray,
    ended: np.ndarray,
    n: np.ndarray,
    vendors: np.ndarray,
    grid: np.ndarray,
    curve: pd.DataFrame,
) -> np.ndarray:
    """Return half the interval of a curve on the scale of the logarithm of minus the logarithm.

    By draws of vendors, and not less than Greenwood's variance, which takes lives for independent.
    """
    lengths, at = np.unique(days, return_inverse=True)
    number = int(vendors.max()) + 1
    gone = np.zeros((number, len(lengths)), np.float32)
    there = np.zeros_like(gone)
    np.add.at(gone, (vendors, at), np.where(ended, n, 0))
    np.add.at(there, (vendors, at), n)
    drawn = weights(number)
    risk = np.cumsum((drawn @ there)[:, ::-1], axis=1)[:, ::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        fall = np.where(risk > 0, 1 - (drawn @ gone) / risk, 1.0)
        # A draw in which none is gone yet, or all are, stands for less than half a life.
        least = 0.5 / n.sum()
        logs = np.log(-np.log(np.clip(np.cumprod(fall, axis=1), least, 1 - least)))
        plain = np.abs(np.log(np.log(curve["low"]) / np.log(curve["survival"]))).to_numpy(float)
    by_vendor = 1.96 * logs.std(axis=0)
    place = np.searchsorted(lengths, grid, side="right") - 1
    drawn_half = np.where(place >= 0, by_vendor[np.maximum(place, 0)], 0.0)
    greenwood = _at(curve["days"], pd.Series(np.nan_to_num(plain)), grid, 0.0)
    half = np.maximum(drawn_half, greenwood)
    return half if number > 1 else np.full(len(grid), np.inf)


def lifetimes(
    study: StudySession,
    *,
    of: str = "vendors",
    country: str | None = None,
    grace_days: int = GRACE_DAYS,
    together: bool = False,
    fewest_at_risk: int = 1,
) -> Measure:
    """Return how many vendors (or listings) stay how long: a curve a market.

    `of` is vendors or listings. With a `country`, only those who said to ship from it
    at some time of the study's period. With `together`, one curve of the lives of all markets.
    A curve ends where fewer vendors than `fewest_at_risk` are at risk: were watched for so long.
    `grace_days` has to be longer than the time between crawls: it is how long one has to be
    unseen to be gone. Raises ValueError for what it does not know.
    """
    country = check_country(country)
    if of not in ("vendors", "listings"):
        raise ValueError(f"There are no lifetimes of {of!r}; there are vendors and listings.")
    prepare(study)
    study.ensure_built(build_seen, build_origins, build_known)
    key = "vendor_id" if of == "vendors" else "listing_id"
    lives = study.frame(
        LIVES.format(key=key)
        + """
        SELECT market, left_out, days, greatest(days, most) AS most, ended, vendor_id,
               count(*) AS n
        FROM lived GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
        """,
        {"country": country, "grace": grace_days},
    )
    # Lives of no known vendor count as one vendor's.
    lives["vendor_id"] = lives["vendor_id"].astype("Int64").fillna(-1)
    curves, notes = [], []
    if together:
        lives["market"] = ""
    for market, of_market in lives.groupby("market", sort=True):
        terms = {"market": market, "of": of}
        out = of_market["left_out"].astype(bool)
        rows, others_rows = of_market[~out], of_market[out]
        n, vendors = int(rows["n"].sum()), int(rows["vendor_id"].nunique())
        unwatched, others = int(others_rows["n"].sum()), int(others_rows["vendor_id"].nunique())
        if unwatched:
            what = terms | {"days": grace_days}
            notes.append(Note.left_out("unwatched", unwatched, fewest(others, vendors), what))
        if not n:
            continue
        lengths = rows.groupby("vendor_id")["days"].max().sort_values(ascending=False)
        watched = int(lengths.iloc[fewest_at_risk - 1]) if vendors >= fewest_at_risk else 0
        cut = watched < int(lengths.iloc[0])
        curve = _until(curve_of(rows), watched) if cut else curve_of(rows)
        curve.insert(0, "market", market)
        curve["lives"], curve["vendors"] = n, vendors
        curve["watched"], curve["cut"] = watched, cut
        for name, part in (("", "survival"), ("_low", "low"), ("_high", "high")):
            curve[f"median_days{name}"] = median_of(curve, part)
        curves.append(curve)
        if n < 30:
            notes.append(Note("few_lives", {"n": n}, fewest(vendors, others), terms))
        if curve["median_days"].isna().all() and not curve["cut"].any():
            notes.append(Note("outlast", {}, fewest(vendors, others), terms))
    columns = {
        "market": "The market; '' if all are taken together.",
        "days": "Length of life (days) at which the curve, or a bound of it, falls.",
        "at_risk": "Lives that were seen for at least so long (number).",
        "ended": "Of these, those that were last seen at this length (number).",
        "survival": "Estimated part that stays longer (0 to 1), by the middle of the lengths that "
        "crawls leave.",
        "survival_low": "By the shortest of these lengths: from the first to the last day seen.",
        "survival_high": "By the longest: from the crawl before to the crawl after.",
        "low": "Lower end of the 95 % interval of the former.",
        "high": "Upper end of the 95 % interval of the latter.",
        "lives": "All lives of the curve (number).",
        "vendors": "Vendors behind them (number).",
        "watched": "Longest time that one of them was watched (days), or as many vendors as were "
        "asked for; the last estimate holds until then, and of later nothing is known unless it "
        "is 0.",
        "cut": "Whether some, but fewer vendors, were watched for longer.",
        "median_days": "Length that half of them outlast (days); nothing if more than half do.",
        "median_days_low": "The same of the lower ends of the intervals.",
        "median_days_high": "The same of the upper ends.",
    }
    frame = pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=list(columns))
    return Measure(
        name="lifetimes",
        frame=frame[list(columns)],
        columns=columns,
        method={"of": of, "days": grace_days},
        assumptions=(Note.of_method("independent"), Note.of_method("gone")),
        sources=(
            lit.KAPLAN_MEIER_1958,
            lit.GREENWOOD_1926,
            lit.LAW_BROOKMEYER_1992,
            lit.SOSKA_CHRISTIN_2015,
        ),
        notes=tuple(notes),
    )
