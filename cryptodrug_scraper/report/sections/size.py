"""How large the markets are, and the country's share of them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import ReportContext, periods_between
from cryptodrug_scraper.report.growing import Growths, say_after_closures, say_growth
from cryptodrug_scraper.report.guard import TOTAL, Guard, as_day, review_vendors
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Section, interval_of, missing
from cryptodrug_scraper.study.periods import bucket
from cryptodrug_scraper.study.shares import listed, mean_share
from cryptodrug_scraper.study.size import by_vendor

_UNDER = (0.001, 0.005, 0.01, 0.02, 0.05)
_OFFERED = ("vendors_country", "share_vendors", "listings_country", "share_listings")
_SOLD = ("reviews_country",)

Rows = dict[tuple[Any, str], dict[str, Any]]


class Sized:
    """The markets by month or by quarter, with what of them must not be shown."""

    def __init__(self, context: ReportContext, by: str) -> None:
        self.context, self.by = context, by
        self.rows = _rows(context.size(by).frame)
        self.rows |= _of_all_periods(context, self.rows)
        self.days = periods_between([day for day, _ in self.rows if day != TOTAL], by)
        self.markets = context.market_order({market for _, market in self.rows})
        self.offered = context.guard(
            _vendors(self.rows, self.days, self.markets), self.days, self.markets
        )

    @cached_property
    def every(self) -> Guard:
        """What must not be shown of all vendors' offers."""
        vendors = _vendors(self.rows, self.days, self.markets, "vendors")
        others = _others(self.rows)
        return self.context.guard_all(vendors, self.days, self.markets, self.offered, others)

    def sold(self) -> tuple[Guard, Guard]:
        """What must not be shown of the country's reviews, and of all."""
        context, column = self.context, bucket(self.by, "posted_on")
        own = context.guard(
            review_vendors(context.study, context.country, column), self.days, self.markets
        )
        every = context.guard_all(
            review_vendors(context.study, None, column),
            self.days,
            self.markets,
            own,
            review_vendors(context.study, context.country, column, others=True),
        )
        return own, every

    def open_days(self, market: str) -> list[Any]:
        """Return the periods of which the country's numbers are not shown, of a market or all."""
        return [day for day in self.days if self.offered.hides(day, market)]


def section(context: ReportContext) -> Section:
    """Return the section."""
    t = context.t
    made = Section("size", t("size.title"))
    measure = context.size(context.by)
    made.methods.append(context.method(measure))
    sized = Sized(context, context.by)
    rows, offered, every = sized.rows, sized.offered, sized.every
    if not sized.days:
        made.findings.append(t("caveat.empty"))
        return made
    sold, reviewed = sized.sold()
    made.caveats += context.caveats(measure)
    quarters = Sized(context, "quarter") if _may_be_coarser(sized) else sized
    growths = Growths(context, sized)
    coarser = Growths(context, quarters) if quarters is not sized else growths
    _say(context, made, sized, sold)
    if offered.has_any() and not offered.hides():
        say_growth(context, made, growths, coarser)
    months = growths if sized.by == "month" else Growths(context, Sized(context, "month"))
    say_after_closures(context, made, months)
    _draw(context, made, sized)
    _ask(context, made, sized, quarters)
    shown = []
    for market in sized.markets:
        for day in [*sized.days, TOTAL]:
            if (day, market) not in rows:
                continue
            row = dict(rows[day, market])
            row["market"] = context.market(market)
            row["month"] = context.period(day)
            if offered.hides(day, market):
                row |= dict.fromkeys(_OFFERED, SUPPRESSED)
            if every.hides(day, market):
                row |= dict.fromkeys(("vendors", "listings", "share_listings"), SUPPRESSED)
                row["coverage_low"] = None  # from which follows how many are known
            if reviewed.hides(day, market):
                row |= {"reviews": SUPPRESSED}
            if sold.hides(day, market):
                row |= dict.fromkeys(_SOLD, SUPPRESSED)
            for name in ("reviews", "reviews_country"):
                if row.get(f"{name}_low") == row.get(f"{name}_high"):
                    row[f"{name}_low"] = None
            shown.append(row)
    own, of_all = t("column.of_country"), t("column.of_all")
    context.table(
        made,
        "size",
        t("size.table"),
        [
            Column("month", t(f"column.{context.by}")),
            Column("vendors", t("column.vendors"), "count", of_all),
            Column("vendors_country", t("column.vendors"), "count", own),
            Column("listings", t("column.listings"), "count", of_all),
            Column("listings_country", t("column.listings"), "count", own),
            Column("share_listings", t("column.listings_share"), "share", own),
            Column("reviews", t("column.reviews"), "count", of_all, interval=True),
            Column("reviews_country", t("column.reviews"), "count", own, interval=True),
            Column("coverage", t("column.month_coverage"), "share"),
        ],
        shown,
        [t("size.days", by=context.by)] if any(map(_has_days, shown)) else [],
        group="market",
    )
    return made


def _has_days(row: dict[str, Any]) -> bool:
    """Whether days of reviews that are not known leave open in which period some were posted."""
    return (
        interval_of(row, "reviews") is not None or interval_of(row, "reviews_country") is not None
    )


def _may_be_coarser(sized: Sized) -> bool:
    """Whether quarters may answer what months do not."""
    return sized.by == "month" and any(map(sized.open_days, [*sized.markets, TOTAL]))


def _ask(context: ReportContext, made: Section, sized: Sized, quarters: Sized) -> None:
    """Keep the questions that stay open: a market's numbers by month, where some are not shown."""
    finer = quarters is not sized
    for market in sized.markets:
        if sized.open_days(market):
            cuts = {
                "quarter": finer and not quarters.open_days(market),
                "markets": not sized.open_days(TOTAL),
                "quarter_markets": finer and not quarters.open_days(TOTAL),
                "period": not sized.offered.hides(TOTAL, market),
                "period_markets": not sized.offered.hides(),
            }
            context.open(made, "size", cuts, market=context.market(market))


def _rows(frame: Any) -> Rows:
    """Return the frame's rows by month (TOTAL for the whole period) and market."""
    return {
        (as_day(row["period"]) or TOTAL, row["market"]): row for row in frame.to_dict("records")
    }


def _of_all_periods(context: ReportContext, by_period: Rows) -> Rows:
    """Return the rows of the whole period: things once, however many months they were seen in."""
    frame = listed(context.study, context.country)
    totals: Rows = {(TOTAL, row["market"]): row for row in frame.to_dict("records")}
    for (_, market), row in by_period.items():
        into = totals.setdefault((TOTAL, market), {})
        for name in ("reviews", "reviews_country"):
            into[name] = into.get(name, 0) + (0 if missing(row[name]) else int(row[name]))
    return totals


def _vendors(
    rows: Rows, days: list[Any], markets: list[str], name: str = "vendors_country"
) -> dict[tuple[Any, Any], int]:
    """Count vendors by month and market, with totals; an account is of one market."""
    counts = {
        (day, market): 0 if missing(row.get(name)) else int(row[name])
        for (day, market), row in rows.items()
    }
    for day in [*days, TOTAL]:
        counts[day, TOTAL] = sum(counts.get((day, market), 0) for market in markets)
    return dict(counts)


def _others(rows: Rows) -> dict[tuple[Any, Any], int]:
    """Count the vendors who do not ship from the country, by month and market.

    Where there are none, but listings from elsewhere, those count as one vendor's.
    """
    counts: dict[tuple[Any, Any], int] = {}
    for key, row in rows.items():
        if missing(row.get("vendors")):
            continue
        vendors = int(row["vendors"]) - int(row["vendors_country"])
        elsewhere = int(row["listings"]) > int(row["listings_country"])
        counts[key] = vendors or int(elsewhere)
    for day in {day for day, _ in counts}:
        counts[day, TOTAL] = sum(n for (at, market), n in counts.items() if at == day and market)
    return counts


def _say(context: ReportContext, made: Section, sized: Sized, sold: Guard) -> None:
    t = context.t
    rows, markets, offered, every = sized.rows, sized.markets, sized.offered, sized.every
    if not offered.has_any() or offered.hides():
        words = t("size.few" if offered.has_any() else "size.none")
        made.conclude(words)
        return

    def total(name: str) -> int:
        return sum(_number(rows, TOTAL, market, name) for market in markets)

    if not every.hides():
        offers, _ = by_vendor(context.study, context.country, sized.by)
        means = [mean_share(offers, what).one("mean") for what in ("vendors", "listings")]
        average = [mean["mean"] for mean in means]
        words = t(
            "size.average",
            vendors=average[0],
            listings=average[1],
            vendors_interval=interval_of(means[0], "mean"),
            listings_interval=interval_of(means[1], "mean"),
            own=[offered.count(), total("listings_country")],
            every=[every.count(), total("listings")],
        )
        limit = next((limit for limit in _UNDER if max(average) < limit), None)
        if limit is not None:
            words += " " + t("size.under", limit=limit)
        made.conclude(words)
    if not sold.hides():
        made.findings.append(
            t(
                "size.total",
                vendors=offered.count(),
                listings=total("listings_country"),
                reviews=total("reviews_country"),
            )
        )


def _number(rows: Rows, day: Any, market: str, name: str) -> int:
    value: Any = rows.get((day, market), {}).get(name)
    return 0 if missing(value) else int(value)


def _draw(context: ReportContext, made: Section, sized: Sized) -> None:
    def line(market: str, name: str) -> figures.Series:
        # Of a share and its part follows the whole.
        guards = (sized.offered, sized.every) if name.startswith("share") else (sized.offered,)
        hidden = [any(guard.hides(day, market) for guard in guards) for day in sized.days]
        rows = [sized.rows.get((day, market), {}) for day in sized.days]
        return figures.series_of(context.market(market), rows, name, hidden)

    drawings: tuple[tuple[str, str, figures.Kind], ...] = (
        ("vendors_country", "vendors", "count"),
        ("share_listings", "share", "share"),
    )
    names = [context.period(day) for day in sized.days]
    for name, key, kind in drawings:
        series = [line(market, name) for market in sized.markets]
        texts = (f"size.label_{key}", f"size.figure_{key}")
        context.figure(made, figures.lines, f"size-{key}", names, series, kind, *texts)
    if not made.drawings and sized.offered.has_any():
        made.caveats.append(context.t("caveat.few_vendors"))
