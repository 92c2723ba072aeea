"""How complete the crawls are: what they missed, and how much there was."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import (
    LOW_COVERAGE,
    ReportContext,
    first_day,
    periods_between,
)
from cryptodrug_scraper.report.guard import TOTAL, as_day, listing_vendors
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Section, interval_of
from cryptodrug_scraper.study.coverage import coverage
from cryptodrug_scraper.study.intervals import wilson
from cryptodrug_scraper.study.recapture import recapture

_ESTIMATES = ("chapman", "estimate", "chao", "sample_coverage")
_COVERED = ("chapman_coverage", "coverage", "uneven_coverage")
_WHOLE = 0.98  # from here on the poorest month is no news


def section(context: ReportContext) -> Section:
    """Return the section."""
    t = context.t
    made = Section("coverage", t("coverage.title"))
    measure, again = coverage(context.study), recapture(context.study)
    made.methods.append(context.method(measure, t("coverage.method_pages")))
    made.methods.append(context.method(again, t("coverage.method_recapture")))
    made.caveats += context.caveats(measure, again)
    frame = measure.frame[measure.frame["kind"] == "listing"].copy()
    if frame.empty:
        made.findings.append(t("caveat.empty"))
        return made
    frame["month"] = [first_day(as_day(day), context.by) for day in frame["day"]]
    columns = ["known", "captured", "gone", "missed"]
    sums = frame.groupby(["market", "month"], as_index=False)[columns].sum()
    crawls = frame.groupby(["market", "month"])["crawl"].nunique()
    there = sums["known"] - sums["gone"]
    sums["coverage"] = (sums["captured"] / there.where(there > 0)).clip(upper=1.0)
    sums["coverage_low"], sums["coverage_high"] = wilson(sums["captured"], there)
    few = _few(context)
    # From an interval and its number follows of how many they are.
    where = [key in few for key in zip(sums["month"], sums["market"], strict=True)]
    sums.loc[where, ["coverage_low", "coverage_high"]] = None
    markets = context.market_order(sums["market"])
    _draw(context, made, sums, markets)
    rows = []
    for market in markets:
        for row in sums[sums["market"] == market].to_dict("records"):
            crawled = int(crawls[market, row["month"]])
            line = row | {"crawls": crawled, "month": context.period(row["month"])}
            if (row["month"], market) in few:
                line |= dict.fromkeys(columns, SUPPRESSED)
            rows.append(line | {"market": context.market(market)})
    hidden = any(row["known"] is SUPPRESSED for row in rows)
    context.table(
        made,
        "coverage",
        t("coverage.table"),
        [
            Column("month", t(f"column.{context.by}")),
            Column("crawls", t("column.crawls"), "count"),
            Column("known", t("column.known"), "count"),
            Column("captured", t("column.captured"), "count"),
            Column("gone", t("column.gone"), "count"),
            Column("missed", t("column.missed"), "count"),
            Column("coverage", t("column.coverage"), "share"),
        ],
        rows,
        group="market",
    )
    estimates = _recapture(context, made, again.frame)
    seen = float(sums["captured"].sum()) / max(float(there.sum()), 1.0)
    known = None if hidden else int(there.sum())
    low, high = wilson(sums["captured"].sum(), there.sum())
    ends = None if hidden else (float(low), float(high))
    sentence = t("coverage.average", share=min(seen, 1.0), n=known, interval=ends)
    worst = sums.loc[sums["coverage"].astype(float).idxmin()]
    if len(sums) > 1 and worst["coverage"] < min(seen, _WHOLE):
        sentence += " " + t(
            "coverage.worst",
            market=context.market(worst["market"]),
            month=worst["month"],
            share=worst["coverage"],
            interval=interval_of(worst, "coverage"),
        )
    made.findings.append(sentence)
    if estimates:
        made.findings.append(t("coverage.estimated", markets=estimates))
    made.summary.append(sentence)
    estimated = again.frame["coverage"].dropna().astype(float)
    mean = float(estimated.mean()) if len(estimated) else 1.0
    if min(seen, mean) < LOW_COVERAGE:
        made.warnings.append(t("coverage.low", share=min(seen, mean), estimated=mean < seen))
    return made


def _few(context: ReportContext) -> set[tuple[Any, str]]:
    """Return the periods and markets in which few vendors of all countries had a listing seen."""
    frame = context.size(context.by).frame
    counts = zip(frame["period"], frame["market"], frame["vendors"].fillna(0), strict=True)
    return {(as_day(day), market) for day, market, n in counts if not context.may_show(n)}


def _draw(context: ReportContext, made: Section, sums: pd.DataFrame, markets: list[str]) -> None:
    days = periods_between(list(sums["month"]), context.by)
    names = [context.period(day) for day in days]
    by = {(row["market"], row["month"]): row for row in sums.to_dict("records")}

    series = [
        figures.series_of(
            context.market(market), [by.get((market, day), {}) for day in days], "coverage"
        )
        for market in markets
    ]
    texts = ("coverage.label", "coverage.figure")
    context.figure(made, figures.lines, "coverage", names, series, "share", *texts)


def _recapture(context: ReportContext, made: Section, frame: pd.DataFrame) -> list[str]:
    """Show the estimates' means by market; return what a sentence says of each."""
    t = context.t
    rows: list[dict[str, Any]] = []
    sentences = []
    vendors = listing_vendors(context.study, None)
    for market in context.market_order(frame["market"]):
        of_market = frame[frame["market"] == market]
        # Means over the same crawls, or an estimate would seem to be below what was captured.
        for name in ("estimate", "chapman"):
            if of_market[name].notna().any():
                of_market = of_market[of_market[name].notna()]
                break
        numbers = {
            f"{name}{end}": of_market[f"{name}{end}"].dropna().astype(float)
            for name in ("captured", *_ESTIMATES, *_COVERED)
            for end in ("", "_low", "_high")
            if f"{name}{end}" in of_market
        }
        row: dict[str, Any] = {
            name: float(values.mean()) if len(values) else None for name, values in numbers.items()
        }
        row |= {"market": context.market(market), "crawls": len(of_market)}
        if not context.may_show(vendors.get((TOTAL, market), 0)):
            row |= dict.fromkeys(("captured", *_ESTIMATES), SUPPRESSED)
        rows.append(row)
        if row["coverage"] is not None:
            parts = [row[name] for name in _COVERED if row[name] is not None]
            sentences.append(
                t(
                    "coverage.one_estimate",
                    market=row["market"],
                    share=row["coverage"],
                    interval=interval_of(row, "coverage"),
                    all=(min(parts), max(parts)) if len(parts) > 1 else None,
                )
            )
    if any(row[name] is not None for row in rows for name in _ESTIMATES):
        there = t("column.estimate")
        context.table(
            made,
            "recapture",
            t("coverage.table_estimate"),
            [
                Column("market", t("column.market")),
                Column("crawls", t("column.crawls"), "count"),
                Column("captured", t("column.captured"), "count"),
                Column("chapman", there, "count", "Chapman", interval=True),
                Column("chapman_coverage", t("column.coverage"), "share", "Chapman"),
                Column("estimate", there, "count", "Jolly–Seber", interval=True),
                Column("coverage", t("column.coverage"), "share", "Jolly–Seber"),
                Column("chao", there, "count", t("coverage.chao"), interval=True),
                Column("sample_coverage", there, "count", t("coverage.by_coverage"), interval=True),
                Column("uneven_coverage", t("column.coverage"), "share", t("coverage.three")),
            ],
            rows,
        )
    return sentences
