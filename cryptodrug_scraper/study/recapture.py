"""How many listings there were, captured or not: capture–recapture between crawls."""

from __future__ import annotations

import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import HIGH, LOW
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.coverage import build_known
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.populations import Number, chao, chapman, jolly_seber, sample_coverage

FEWEST = 7
"""Recaptures under which an estimate is too biased to give (Seber 1982 advises at least 7)."""

# All is counted where something was caught, beside when it was caught before and after, so that
# one pass is enough. What a crawl did not catch, and those before and after did (`skipped`), are
# those first caught before it less those last caught by then. Of what three crawls in a row caught
# (`times_1` to `times_3` times), each is counted where it was caught last among them.
_CRAWLS = """
    WITH crawl AS (
        SELECT market, nth AS crawl_nth,
               CAST(row_number() OVER (PARTITION BY market ORDER BY nth) AS int) AS nth
        FROM (SELECT DISTINCT market, nth FROM s_known WHERE captured AND kind = :kind) AS each
    ), caught AS (
        SELECT c.market, c.nth, lag(c.nth) OVER same AS before, lag(c.nth, 2) OVER same AS before_2,
               lead(c.nth) OVER same AS after
        FROM s_known k JOIN crawl c ON c.market = k.market AND c.crawl_nth = k.nth
        WHERE k.captured AND k.kind = :kind
        WINDOW same AS (PARTITION BY k.thing, k.market ORDER BY c.nth)
    ), counted AS (
        SELECT market, nth, count(*) AS captured,
               count(*) FILTER (WHERE before = nth - 1) AS again, count(before) AS marked,
               count(after) AS later,
               count(*) FILTER (WHERE before IS NULL AND after IS NULL) AS alone,
               count(*) FILTER (WHERE before IS NOT NULL AND after IS NOT NULL) AS within,
               count(*) FILTER (WHERE before >= nth - 2) AS here_2,
               count(*) FILTER (WHERE before_2 >= nth - 2) AS here_3,
               count(*) FILTER (WHERE after = nth + 1) AS next,
               count(*) FILTER (WHERE after = nth + 1 AND before = nth - 1) AS next_2,
               count(*) FILTER (WHERE after <= nth + 2) AS soon
        FROM caught GROUP BY 1, 2
    ), each AS (
        SELECT c.*,
               CAST(sum(captured - marked) OVER so_far - sum(captured - later) OVER so_far
                    - (captured - marked) + alone - within AS bigint) AS skipped,
               captured - here_2 + lag(captured - next - again + next_2) OVER so_far
                   + lag(captured - soon, 2) OVER so_far AS times_1,
               here_2 - here_3 + lag(again - next_2) OVER so_far AS times_2,
               here_3 AS times_3
        FROM counted c WINDOW so_far AS (PARTITION BY market ORDER BY nth)
    )
    SELECT w.market, w.nth AS crawl_nth, w.crawl, w.day, e.captured, e.again, e.marked, e.later,
           e.skipped, e.times_1, e.times_2, e.times_3
    FROM each e JOIN crawl USING (market, nth)
    JOIN s_crawl w ON w.market = crawl.market AND w.nth = crawl.crawl_nth
    ORDER BY w.market, e.nth
"""


def recapture(study: StudySession, *, kind: str = "listing") -> Measure:
    """Return estimates of how many listings (or vendors) there were at each crawl.

    `kind` is listing or vendor; ValueError for any other.
    """
    if kind not in ("listing", "vendor"):
        raise ValueError(f"There is no kind {kind!r}; there are listing and vendor.")
    study.ensure_built(build_known)
    crawls = study.frame(_CRAWLS, {"kind": kind})
    rows = []
    for _, of_market in crawls.groupby("market", sort=True):
        previous = None
        for crawl in of_market.itertuples(index=False):
            rows.append(_estimate(crawl, previous) | _uneven(_Counts(crawl).times))
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
        sources=(
            lit.CHAPMAN_1951,
            lit.JOLLY_1965,
            lit.SEBER_1965,
            lit.CHAO_1987,
            lit.CHAO_1992,
            lit.CHAO_JOST_2012,
        ),
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
    "chapman_coverage_low": LOW,
    "chapman_coverage_high": HIGH,
    "estimate": "Jolly and Seber's estimate of how many there were (number).",
    "estimate_low": LOW,
    "estimate_high": HIGH,
    "coverage": "Part of those there that the crawl captured, by Jolly and Seber (0 to 1).",
    "coverage_low": LOW,
    "coverage_high": HIGH,
    "chao": "Chao's lower bound of how many there were in this crawl and the two before (number).",
    "chao_low": LOW,
    "chao_high": HIGH,
    "sample_coverage": "Chao, Lee and Jeng's estimate of the same by sample coverage (number).",
    "sample_coverage_low": LOW,
    "sample_coverage_high": HIGH,
    "in_a_row": "Different ones captured in these three crawls (number).",
    "uneven_coverage": "in_a_row / sample_coverage: what three crawls captured (0 to 1).",
    "uneven_coverage_low": LOW,
    "uneven_coverage_high": HIGH,
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
            number = chapman(before.captured, now.captured, now.again)
            row |= _ends("chapman", number)
            row |= _part("chapman_coverage", now.captured, number)
    if now.marked >= FEWEST and now.later >= FEWEST:
        number, part = jolly_seber(now.captured, now.marked, now.later, now.skipped)
        row |= _ends("estimate", number) | _ends("coverage", part)
    return row


def _uneven(times: list[int]) -> dict[str, object]:
    """Return the estimates that allow for some being captured more easily than others.

    `times` is how many three crawls caught once, twice and three times; of more crawls than three,
    more comes and goes. It is empty for a market's first two crawls.
    """
    if sum(times[1:]) < FEWEST:
        return {}
    seen, number = sum(times), sample_coverage(times)
    found = _ends("chao", chao(times)) | _ends("sample_coverage", number)
    return found | {"in_a_row": seen} | _part("uneven_coverage", seen, number)


def _ends(name: str, number: Number) -> dict[str, object]:
    return {name: number.value, f"{name}_low": number.low, f"{name}_high": number.high}


def _part(name: str, captured: int, number: Number) -> dict[str, object]:
    """Return what part those captured are of all: the more there were, the less."""
    each = (("", number.value), ("_low", number.high), ("_high", number.low))
    return {f"{name}{end}": min(captured / value, 1.0) for end, value in each}


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
        times = [getattr(row, f"times_{n}") for n in (1, 2, 3)]
        self.times = [] if any(map(pd.isna, times)) else [int(n) for n in times]
