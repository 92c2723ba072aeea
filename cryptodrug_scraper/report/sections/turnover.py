"""What it is worth: turnover that reviews point to, with bounds."""

from __future__ import annotations

from typing import Any

from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import ReportContext, first_day, periods_between
from cryptodrug_scraper.report.guard import TOTAL, Guard, as_day, review_vendors
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Section, drawn, interval_of
from cryptodrug_scraper.study.periods import bucket
from cryptodrug_scraper.study.scaled import scaled_turnover
from cryptodrug_scraper.study.shares import turnover_shares
from cryptodrug_scraper.study.turnover import turnover

_KEYS = ("reviews", "low_eur", "turnover_eur", "high_eur")


def section(context: ReportContext) -> Section:
    """Return the section."""
    t = context.t
    made = Section("turnover", t("turnover.title"))
    own = turnover(context.study, country=context.country, by=context.by, groups=("market",))
    every = turnover(context.study, by=context.by, groups=("market",))
    if own.frame.empty:
        made.findings.append(t("caveat.empty"))
        made.methods.append(context.method(own))
        return made
    sums, of_all = _sums(own.frame), _sums(every.frame)
    shares = {
        (as_day(row["period"]) or TOTAL, row["market"]): row
        for row in turnover_shares(context.study, context.country, context.by).to_dict("records")
    }
    markets = context.market_order(own.frame["market"])
    days = periods_between([row for row, _ in sums if row != TOTAL], context.by)
    column = bucket(context.by, "posted_on")
    guard = context.guard(review_vendors(context.study, context.country, column), days, markets)
    # Of a share and its part follows the whole, and from that what the others sold.
    guard_of_all = context.guard_all(
        review_vendors(context.study, None, column),
        days,
        markets,
        guard,
        review_vendors(context.study, context.country, column, others=True),
    )
    shown = not guard.hides()
    made.methods.append(context.method(own, shown=shown))
    made.caveats += context.caveats(own) if shown else [t("caveat.few_vendors")]
    rows = []
    for market in [*markets, TOTAL] if len(markets) > 1 else markets:
        for day in [*days, TOTAL]:
            if (day, market) not in sums:
                continue
            values = sums[day, market]
            row: dict[str, Any] = {
                "market": context.market(market),
                "month": context.period(day),
                **values,
                **_share(values, of_all.get((day, market)), shares.get((day, market))),
            }
            if guard.hides(day, market):
                row |= dict.fromkeys([*_KEYS, "share"], SUPPRESSED)
            elif guard_of_all.hides(day, market):
                row["share"] = SUPPRESSED
            rows.append(row)
    context.table(
        made,
        "turnover",
        t("turnover.table"),
        [
            Column("month", t(f"column.{context.by}")),
            Column("reviews", t("column.reviews"), "count"),
            Column("low_eur", t("column.low"), "euros"),
            Column("turnover_eur", t("column.turnover"), "euros"),
            Column("high_eur", t("column.high"), "euros"),
            Column("share", t("column.turnover_share"), "share"),
        ],
        rows,
        group="market",
    )

    series = [
        figures.series_of(
            context.market(market),
            [sums.get((day, market), {}) for day in days],
            "turnover_eur",
            [guard.hides(day, market) for day in days],
            ends=("low_eur", "high_eur"),
        )
        for market in markets
    ]
    names = [context.period(day) for day in days]
    texts = ("turnover.label", "turnover.figure")
    context.figure(made, figures.lines, "turnover", names, series, "euros", *texts)
    _ask(context, made, guard, days, markets)
    if shown:
        total = sums[TOTAL, TOTAL]
        part = _share(total, of_all.get((TOTAL, TOTAL)), shares.get((TOTAL, TOTAL)))
        if guard_of_all.hides():
            part["share"] = SUPPRESSED
        sentence = t(
            "turnover.total",
            value=total["turnover_eur"],
            low=total["low_eur"],
            high=total["high_eur"],
            reviews=total["reviews"],
            share=drawn(part["share"]),
            interval=interval_of(part, "share"),
            of=of_all[TOTAL, TOTAL]["reviews"],
        )
        made.findings += [sentence, t("turnover.bound")]
        _scale(context, made)
        made.summary.append(sentence)
    return made


def _scale(context: ReportContext, made: Section) -> None:
    """Say what turnover is if each sale that profiles state is counted."""
    measure = scaled_turnover(context.study, country=context.country)
    made.methods.append(context.method(measure, context.t("turnover.method_scaled")))
    row = measure.frame.to_dict("records")[-1]
    ends = interval_of(row, "scaled_eur")
    if ends is None or not context.may_show(row["vendors"]) or context.hidden_markets:
        return
    words = context.t(
        "turnover.scaled",
        vendors=row["vendors"],
        sales=row["sales"],
        reviews=row["reviews"],
        value=row["scaled_eur"],
        low=ends[0],
        high=ends[1],
    )
    made.conclude(words)


def _ask(
    context: ReportContext, made: Section, guard: Guard, days: list[Any], markets: list[str]
) -> None:
    """Keep the questions that stay open: a market's turnover by month, where some is not shown."""

    def shows(hides: Guard, market: str, periods: list[Any]) -> bool:
        return not any(hides.hides(day, market) for day in periods)

    silent = [market for market in markets if not shows(guard, market, days)]
    finer = context.by == "month" and bool(silent)
    quarters, coarse = days, guard
    if finer:
        first = [first_day(day, "quarter") for day in days]
        quarters = periods_between(first, "quarter")
        vendors = review_vendors(context.study, context.country, bucket("quarter", "posted_on"))
        coarse = context.guard(vendors, quarters, markets)
    for market in silent:
        cuts = {
            "quarter": finer and shows(coarse, market, quarters),
            "markets": shows(guard, TOTAL, days),
            "quarter_markets": finer and shows(coarse, TOTAL, quarters),
            "period": not guard.hides(TOTAL, market),
            "period_markets": not guard.hides(),
        }
        context.open(made, "turnover", cuts, market=context.market(market))


def _sums(frame: Any) -> dict[tuple[Any, str], dict[str, float]]:
    """Return sums by month and market, and those over all months and markets."""
    sums: dict[tuple[Any, str], dict[str, float]] = {}
    for row in frame.to_dict("records"):
        day = as_day(row["period"])
        for key in ((day, row["market"]), (day, TOTAL), (TOTAL, row["market"]), (TOTAL, TOTAL)):
            into = sums.setdefault(key, dict.fromkeys(_KEYS, 0.0))
            for name in _KEYS:
                into[name] += float(row[name])
    return sums


def _share(
    values: dict[str, float], of: dict[str, float] | None, interval: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the share with the ends of its interval, as far as they are known."""
    if not of or not of["turnover_eur"]:
        return {"share": None}
    ends = {end: interval[end] for end in ("share_low", "share_high")} if interval else {}
    return {"share": values["turnover_eur"] / of["turnover_eur"], **ends}
