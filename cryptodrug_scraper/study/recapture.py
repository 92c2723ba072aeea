"""How many listings there were, captured or not: capture–recapture between crawls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.coverage import build_known
from cryptodrug_scraper.study.measure import Measure, Note

if TYPE_CHECKING:
    from cryptodrug_scraper.study.core import Study

FEWEST = 7
"""Recaptures under which an estimate is too biased to give (Seber 1982 advises at least 7)."""

_CRAWLS = """
    WITH numbered AS (
        SELECT market, kind, nth AS crawl_nth, thing,
               dense_rank() OVER (PARTITION BY market ORDER BY nth) AS nth
        FROM s_known WHERE captured AND kind = :kind
    ), caught AS (
        SELECT *, lag(nth) OVER same AS before, lead(nth) OVER same AS after
        FROM numbered WINDOW same AS (PARTITION BY market, thing ORDER BY nth)
    ), skipped AS (  -- caught before and after a crawl, and not in it
        SELECT c.market, s.nth, count(*) AS z
        FROM caught c CROSS JOIN LATERAL generate_series(c.nth + 1, c.after - 1) AS s(nth)
        WHERE c.after > c.nth + 1 GROUP BY 1, 2
    ), counted AS (
        SELECT market, nth, min(crawl_nth) AS crawl_nth, count(*) AS captured,
               count(*) FILTER (WHERE before = nth - 1) AS again, count(before) AS marked,
               count(after) AS later
        FROM caught GROUP BY 1, 2
    )
    SELECT c.*, w.crawl, w.day, coalesce(s.z, 0) AS skipped
    FROM counted c
    JOIN s_crawl w ON w.market = c.market AND w.nth = c.crawl_nth
    LEFT JOIN skipped s ON s.market = c.market AND s.nth = c.nth
    ORDER BY c.market, c.nth
"""


def chapman(first: int, second: int, both: int) -> tuple[float, float, float]:
    """Return Chapman's estimate of a closed population and its 95 % interval.

    `first` and `second` are caught on two occasions, `both` on both. The interval's lower end is
    never below the number of different ones that were caught.
    """
    number = (first + 1) * (second + 1) / (both + 1) - 1
    variance = (first + 1) * (second + 1) * (first - both) * (second - both)
    half = 1.96 * float(np.sqrt(variance / ((both + 1) ** 2 * (both + 2))))
    return number, max(number - half, first + second - both), number + half


def recapture(study: Study, *, kind: str = "listing") -> Measure:
    """Return estimates of how many listings (or vendors) there were at each crawl.

    `kind` is listing or vendor; ValueError for any other.
    """
    if kind not in ("listing", "vendor"):
        raise ValueError(f"There is no kind {kind!r}; there are listing and vendor.")
    study.once(build_known)
    crawls = study.frame(_CRAWLS, {"kind": kind})
    rows = []
    for _, of_market in crawls.groupby("market", sort=True):
        previous = None
        for crawl in of_market.itertuples(index=False):
            rows.append(_estimate(crawl, previous))
            previous = crawl
    frame = pd.DataFrame(rows, columns=list(_COLUMNS))
    numbers = list(_COLUMNS)[3:]
    frame[numbers] = frame[numbers].apply(pd.to_numeric).astype("Float64")
    too_few = int((frame["captured_before"].notna() & frame["chapman"].isna()).sum())
    notes = [Note.of_captures("few_recaptured", kind="left_out", n=too_few, fewest=FEWEST)]
    if frame["coverage"].isna().all():
        most = frame["market"].value_counts().max() if len(frame) else 0
        repeats = Note.of_captures("few_repeats", fewest=FEWEST)
        notes.append(Note.of_captures("few_crawls") if most < 3 else repeats)
    return Measure(
        name="recapture",
        frame=frame,
        columns=_COLUMNS,
        method={"fewest": FEWEST},
        assumptions=(
            Note.of_method("captured_alike"),
            Note.of_method("none_between"),
            Note.of_method("none_returns"),
        ),
        sources=(lit.CHAPMAN_1951, lit.JOLLY_1965, lit.SEBER_1965),
        notes=tuple(notes),
    )


_COLUMNS = {
    "market": "The market.",
    "crawl": "The crawl's run, or the week of captures that belong to no run.",
    "day": "Its first day.",
    "captured": "Own pages captured in the crawl (different listings or vendors, number).",
    "captured_before": "The same in the crawl before (number).",
    "again": "Captured in both (number).",
    "chapman": "Chapman's estimate of how many there were (number).",
    "chapman_low": "Lower end of its 95 % interval (number).",
    "chapman_high": "Upper end (number).",
    "chapman_coverage": "captured / chapman (0 to 1).",
    "estimate": "Jolly and Seber's estimate of how many there were (number).",
    "coverage": "Part of those there that the crawl captured, by Jolly and Seber (0 to 1).",
}


def _estimate(crawl: object, previous: object | None) -> dict[str, object]:
    """Return a row: a crawl's counts, and the estimates that they allow."""
    now = _Counts(crawl)
    row: dict[str, object] = dict.fromkeys(_COLUMNS)
    row |= {"market": now.market, "crawl": now.crawl, "day": now.day, "captured": now.captured}
    if previous is not None:
        before = _Counts(previous)
        row |= {"captured_before": before.captured, "again": now.again}
        if now.again >= FEWEST:
            number, low, high = chapman(before.captured, now.captured, now.again)
            row |= {"chapman": number, "chapman_low": low, "chapman_high": high}
            row["chapman_coverage"] = min(now.captured / number, 1.0)
    if now.marked >= FEWEST and now.later >= FEWEST:
        there = now.marked + now.skipped * now.captured / now.later
        row["coverage"] = now.marked / there
        row["estimate"] = now.captured * there / now.marked
    return row


class _Counts:
    """What is known of a crawl's captures."""

    def __init__(self, row: object) -> None:
        self.market: str = row.market  # type: ignore[attr-defined]
        self.crawl: str = row.crawl  # type: ignore[attr-defined]
        self.day: object = row.day  # type: ignore[attr-defined]
        counts = ("captured", "again", "marked", "later", "skipped")
        self.captured, self.again, self.marked, self.later, self.skipped = (
            int(getattr(row, name)) for name in counts
        )
