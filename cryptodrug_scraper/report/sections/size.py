"""How large the markets are, and the country's share of them."""

from __future__ import annotations

from typing import Any

from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import Context, months_between
from cryptodrug_scraper.report.guard import TOTAL, Guard, as_day, review_vendors
from cryptodrug_scraper.report.parts import (
    SUPPRESSED,
    Column,
    Drawing,
    Section,
    build_table,
    drawn,
    missing,
)
from cryptodrug_scraper.study.months import whole_months
from cryptodrug_scraper.study.size import market_size

_UNDER = (0.001, 0.005, 0.01, 0.02, 0.05)
_OFFERED = ("vendors_country", "share_vendors", "listings_country", "share_listings")
_SOLD = ("reviews_country", "share_reviews")

_WHOLE = """
    SELECT market, count(DISTINCT vendor_id) AS vendors, count(*) AS listings,
           count(DISTINCT vendor_id) FILTER (WHERE :country = ANY(from_countries))
               AS vendors_country,
           count(*) FILTER (WHERE :country = ANY(from_countries)) AS listings_country
    FROM s_listing
    WHERE in_period GROUP BY market
"""

Rows = dict[tuple[Any, str], dict[str, Any]]


def section(context: Context) -> Section:
    """Return the section."""
    t = context.t
    made = Section("size", t("size.title"))
    monthly = market_size(context.study, country=context.country, by="month")
    rows = _rows(monthly.frame)
    rows |= _whole(context, rows)
    days = months_between([day for day, _ in rows if day != TOTAL])
    markets = context.market_order({market for _, market in rows})
    if not days:
        made.findings.append(t("caveat.empty"))
        made.methods.append(context.method(monthly))
        return made
    offered = context.guard(_vendors(rows, days, markets), days, markets)
    every = context.guard_all(
        _vendors(rows, days, markets, "vendors"), days, markets, offered, _others(rows)
    )
    sold = context.guard(review_vendors(context.study, context.country), days, markets)
    reviewed = context.guard_all(
        review_vendors(context.study, None),
        days,
        markets,
        sold,
        review_vendors(context.study, context.country, others=True),
    )
    made.methods.append(context.method(monthly))
    made.caveats += context.caveats(monthly)
    _say(context, made, rows, days, markets, offered, every, sold)
    _draw(context, made, rows, days, markets, offered, every)
    shown = []
    for market in markets:
        for day in [*days, TOTAL]:
            if (day, market) not in rows:
                continue
            row = dict(rows[day, market])
            row["market"] = context.market(market)
            row["month"] = (
                t("words.whole_period") if day == TOTAL else context.lang.short_month(day)
            )
            if offered.hides(day, market):
                row |= dict.fromkeys(_OFFERED, SUPPRESSED)
            if every.hides(day, market):
                row |= dict.fromkeys(("vendors", "listings", "share_listings"), SUPPRESSED)
            if reviewed.hides(day, market):
                row |= dict.fromkeys(("reviews", "share_reviews"), SUPPRESSED)
            if sold.hides(day, market):
                row |= dict.fromkeys(_SOLD, SUPPRESSED)
            shown.append(row)
    own, of_all = t("column.of_country"), t("column.of_all")
    made.tables.append(
        build_table(
            context.lang,
            "size",
            t("size.table"),
            [
                Column("month", t("column.month")),
                Column("vendors", t("column.vendors"), "count", of_all),
                Column("vendors_country", t("column.vendors"), "count", own),
                Column("listings", t("column.listings"), "count", of_all),
                Column("listings_country", t("column.listings"), "count", own),
                Column("share_listings", t("column.listings_share"), "share", own),
                Column("reviews", t("column.reviews"), "count", of_all),
                Column("reviews_country", t("column.reviews"), "count", own),
                Column("coverage", t("column.month_coverage"), "share"),
            ],
            shown,
            group="market",
        )
    )
    return made


def _rows(frame: Any) -> Rows:
    """Return the frame's rows by month (TOTAL for the whole period) and market."""
    return {
        (as_day(row["period"]) or TOTAL, row["market"]): row for row in frame.to_dict("records")
    }


def _whole(context: Context, monthly: Rows) -> Rows:
    """Return the rows of the whole period: things once, however many months they were seen in."""
    frame = context.study.frame(_WHOLE, {"country": context.country})
    whole: Rows = {(TOTAL, row["market"]): row for row in frame.to_dict("records")}
    for (_, market), row in monthly.items():
        into = whole.setdefault((TOTAL, market), {})
        for name in ("reviews", "reviews_country"):
            into[name] = into.get(name, 0) + (0 if missing(row[name]) else int(row[name]))
    for row in whole.values():
        for name in ("listings", "reviews"):
            part = row.get(f"{name}_country")
            row[f"share_{name}"] = part / row[name] if row.get(name) else None
    return whole


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


def _say(
    context: Context,
    made: Section,
    rows: Rows,
    days: list[Any],
    markets: list[str],
    offered: Guard,
    every: Guard,
    sold: Guard,
) -> None:
    t = context.t
    if not offered.has_any():
        made.findings.append(t("size.none"))
        made.summary.append(t("size.none"))
        return
    if offered.hides():
        made.findings.append(t("size.few"))
        made.summary.append(t("size.few"))
        return
    if not every.hides():
        average = [_average(rows, days, markets, what) for what in ("vendors", "listings")]
        said = t("size.average", vendors=average[0], listings=average[1])
        limit = next((limit for limit in _UNDER if max(average) < limit), None)
        if limit is not None:
            said += " " + t("size.under", limit=limit)
        made.findings.append(said)
        made.summary.append(said)
    if not sold.hides():
        made.findings.append(
            t(
                "size.total",
                vendors=offered.count(),
                listings=sum(_number(rows, TOTAL, m, "listings_country") for m in markets),
                reviews=sum(_number(rows, TOTAL, m, "reviews_country") for m in markets),
            )
        )
    # The more crawls a month has, the more listings that come and go are seen in it.
    months = whole_months(context.study)
    whole = set(months.loc[months["stock"], ["month", "market"]].itertuples(index=False, name=None))
    for market in markets:
        seen = [day for day in days if (day, market) in whole]
        if len(seen) < 2 or offered.hides(seen[0], market) or offered.hides(seen[-1], market):
            continue
        first, last = (_number(rows, seen[n], market, "listings_country") for n in (0, -1))
        if not (first or last):
            continue
        key = "grew" if last > first else "fell" if last < first else "stayed"
        said = t(
            f"size.{key}",
            market=context.market(market),
            first=first,
            last=last,
            start=seen[0],
            end=seen[-1],
        )
        made.findings.append(said)
        made.summary.append(said)


def _average(rows: Rows, days: list[Any], markets: list[str], what: str) -> float:
    """Return the mean over captured months of the country's part of all markets together."""
    parts = []
    for day in days:
        of_all = sum(_number(rows, day, market, what) for market in markets)
        own = sum(_number(rows, day, market, f"{what}_country") for market in markets)
        if of_all:
            parts.append(own / of_all)
    return sum(parts) / len(parts) if parts else 0.0


def _number(rows: Rows, day: Any, market: str, name: str) -> int:
    value: Any = rows.get((day, market), {}).get(name)
    return 0 if missing(value) else int(value)


def _draw(
    context: Context,
    made: Section,
    rows: Rows,
    days: list[Any],
    markets: list[str],
    offered: Guard,
    every: Guard,
) -> None:
    def line(market: str, name: str) -> list[float | None]:
        # Of a share and its part follows the whole.
        guards = (offered, every) if name.startswith("share") else (offered,)
        return [
            None
            if any(guard.hides(day, market) for guard in guards)
            else drawn(rows.get((day, market), {}).get(name))
            for day in days
        ]

    drawings: tuple[tuple[str, str, figures.Kind], ...] = (
        ("vendors_country", "vendors", "count"),
        ("share_listings", "share", "share"),
    )
    for name, key, kind in drawings:
        series = [figures.Series(context.market(m), line(m, name)) for m in markets]
        if figures.has_values(series):
            svg = figures.months(
                context.lang, days, series, kind=kind, label=context.t(f"size.label_{key}")
            )
            made.drawings.append(Drawing(f"size-{key}", svg, context.t(f"size.figure_{key}")))
    if not made.drawings and offered.has_any():
        made.caveats.append(context.t("caveat.few_vendors"))
