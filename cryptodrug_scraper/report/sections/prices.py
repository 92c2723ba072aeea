"""What is asked for, and how large sales are."""

from __future__ import annotations

from typing import Any

from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import Context
from cryptodrug_scraper.report.guard import TOTAL, guard_line, listing_vendors, review_vendors
from cryptodrug_scraper.report.offer import FAMILIES, GROUP, GROUPS, unit_prices
from cryptodrug_scraper.report.parts import (
    SUPPRESSED,
    Column,
    Drawing,
    Section,
    build_table,
    drawn,
)
from cryptodrug_scraper.study.turnover import sale_values, turnover
from cryptodrug_scraper.study.wholesale import wholesale

EDGES = (50, 100, 200, 500, 1000)
"""Euros at which bands of sales by value end."""
LIMIT = 200
"""Euros below which a sale is spoken of as small."""
_UNITS = ("g", "piece", "ml")
_PRICES = ("low", "median_country", "high", "listings_country")
_BAND = (
    "CASE WHEN price_eur IS NOT NULL THEN width_bucket(price_eur, ARRAY[{}]::numeric[]) END"
).format(", ".join(map(str, EDGES)))
_BOUNDS = ("share_sales_least", "share_sales_most")
_SALES = ("sales", "share_sales", *_BOUNDS, "value_eur", "share_value")


def section(context: Context) -> Section:
    """Return the section."""
    made = Section("prices", context.t("prices.title"))
    _wholesale(context, made, _sales(context, made))
    _prices(context, made)
    made.caveats = list(dict.fromkeys(made.caveats))
    return made


def _sales(context: Context, made: Section) -> set[int]:
    """Show sales by value; return the lower edges of bands that are hidden."""
    t = context.t
    measure = sale_values(context.study, country=context.country, edges=EDGES, by_market=False)
    lower = (0, *EDGES)
    counts = review_vendors(context.study, context.country, _BAND)
    vendors = {low: counts.get((n, TOTAL), 0) for n, low in enumerate(lower)}
    # Where sums of small and of large sales are told, nothing may follow along either.
    parts = [[low for low in lower if low < LIMIT], [low for low in lower if low >= LIMIT]]
    summed = all(_told(vendors, part, context.threshold) for part in parts)
    hidden = {
        low
        for part in (parts if summed else [list(lower)])
        for low in guard_line({low: vendors[low] for low in part}, context.threshold)
    }
    behind = sum(vendors.values())
    shown = behind > 0 and context.may_show(counts.get((TOTAL, TOTAL), 0))
    title = t("prices.method_sales")
    made.methods.append(context.method(measure, title, shown=shown))
    if measure.frame.empty:
        made.findings.append(t("prices.no_sales"))
        return set(lower)
    made.caveats += context.caveats(measure) if shown else [t("caveat.few_vendors")]
    of = {int(row["from_eur"]): row for row in measure.frame.to_dict("records")}
    rows: list[dict[str, Any]] = []
    for n, low in enumerate(lower):
        high = EDGES[n] if n < len(EDGES) else None
        row = {**dict.fromkeys(_SALES, 0), **of.get(low, {})}
        row["band"] = t("prices.band", low=low, high=high)
        if low in hidden:
            row |= dict.fromkeys(_SALES, SUPPRESSED)
        elif not all(_between(context, edge) for edge in EDGES):
            row |= dict.fromkeys(_BOUNDS, SUPPRESSED)
        rows.append(row)
    made.tables.append(
        build_table(
            context.lang,
            "sales",
            t("prices.table_bands"),
            [
                Column("band", t("column.band")),
                Column("sales", t("column.sales"), "count"),
                Column("share_sales", t("column.sales_share"), "share"),
                Column("share_sales_least", t("column.low"), "share"),
                Column("share_sales_most", t("column.high"), "share"),
                Column("value_eur", t("column.value"), "euros"),
                Column("share_value", t("column.value_share"), "share"),
            ],
            rows,
        )
    )
    if hidden:
        context.open(made, "sales", {})
    if not shown:
        return hidden
    series = [
        figures.Series(
            t(f"prices.series_{name}"),
            [drawn(row[key]) for row in rows],
            hidden=[row[key] is SUPPRESSED for row in rows],
        )
        for name, key in (("sales", "share_sales"), ("value", "share_value"))
    ]
    labels = [row["band"] for row in rows]
    if figures.has_values(series):
        label = t("prices.label_bands")
        svg = figures.bars(context.lang, labels, series, kind="share", label=label)
        made.drawings.append(Drawing("sales", svg, context.caption("prices.figure_bands", series)))
    said = []
    if summed:
        share = sum(float(of[low]["share_sales"]) for low in parts[0] if low in of)
        bounds = _bounds(context)
        sales = sum(int(row["sales"]) for row in of.values())
        said.append(t("prices.under", share=share, limit=LIMIT, bounds=bounds, sales=sales))
    if lower[-1] not in of:  # not even by the highest reading of a price
        said.append(t("prices.none_above", limit=lower[-1]))
    larger = _larger(context)
    if summed and larger is not None:
        said.append(larger)
    if said:
        made.findings.append(" ".join(said))
        made.summary.append(" ".join(said))
    return hidden


def _wholesale(context: Context, made: Section, hidden: set[int]) -> None:
    """Put the definitions of wholesale beside each other: offers and transactions."""
    t = context.t
    measure = wholesale(context.study, country=context.country)
    made.methods.append(context.method(measure, t("prices.method_wholesale")))
    least = float(measure.method["least"])
    band = f"CASE WHEN price_eur IS NOT NULL THEN price_eur >= {least} END"
    # Bands of sales are shown above, of which some are hidden for others' sake.
    sold = least == EDGES[-1] and EDGES[-1] not in hidden
    others = review_vendors(context.study, context.country, band, others=True)
    rows = []
    for row in measure.frame.to_dict("records"):
        sale = row["definition"] in ("sales", "value")
        behind = [row["vendors_country"], row["vendors_rest_country"]]
        own = all(map(context.may_show, behind)) and (sold or not sale)
        every = all(map(context.may_show, (row["vendors"], row["vendors_rest"])))
        telling = [row["vendors_others"], others.get((True, TOTAL), 0) if sale else 0]
        every &= not own or all(map(context.may_show, telling))
        name = t(f"prices.wholesale_{row['definition']}", least=least)
        line = {**row, "definition": name}
        if not own or context.hidden_markets:
            line["share_country"] = SUPPRESSED
        if not every or context.untold_markets:
            line["share"] = SUPPRESSED
        rows.append(line)
    if rows:
        made.tables.append(
            build_table(
                context.lang,
                "wholesale",
                t("prices.table_wholesale"),
                [
                    Column("definition", t("prices.definition")),
                    Column("share_country", t("column.share"), "share", t("column.of_country")),
                    Column("share", t("column.share"), "share", t("column.of_all")),
                ],
                rows,
            )
        )


def _told(vendors: dict[int, int], bands: list[int], threshold: int) -> bool:
    """Whether a sum over bands may be told: enough vendors in one of them, or none at all."""
    counts = [vendors[low] for low in bands]
    return max(counts, default=0) >= threshold or not any(counts)


def _between(context: Context, edge: float) -> bool:
    """Whether it may be told how many sales are below an edge by some reading, and not by all.

    The vendors of these must be enough, or none.
    """
    column = (
        "CASE WHEN price_eur IS NOT NULL AND"
        f" (suspected OR least_eur < {edge} AND high_eur >= {edge}) THEN 1 END"
    )
    counts = review_vendors(context.study, context.country, column)
    vendors = counts.get((1, TOTAL), 0)
    return vendors == 0 or context.may_show(vendors)


def _bounds(context: Context) -> tuple[float, float] | None:
    """Return the least and the largest share of sales that may be small, if they may be told."""
    if not _between(context, LIMIT):
        return None
    frame = sale_values(
        context.study, country=context.country, edges=(LIMIT,), by_market=False
    ).frame
    small = frame[frame["from_eur"] == 0]
    if small.empty:
        return None
    low, high = (float(small.iloc[0][key]) for key in _BOUNDS)
    return (low, high) if low < high else None


def _larger(context: Context) -> str | None:
    """Say what part of the value larger sales make, by the study's bands."""
    counts = review_vendors(context.study, context.country, "band_value")
    vendors = {band: counts.get((band, TOTAL), 0) for band in ("retail", "middle", "wholesale")}
    measure = turnover(context.study, country=context.country, by="all", groups=("band_value",))
    value = {
        row["band_value"]: float(row["turnover_eur"]) for row in measure.frame.to_dict("records")
    }
    whole = sum(value.get(band, 0.0) for band in vendors)
    larger = max(vendors["middle"], vendors["wholesale"])
    if not whole or not context.may_show(larger) or not context.may_show(vendors["retail"]):
        return None
    part = (value.get("middle", 0.0) + value.get("wholesale", 0.0)) / whole
    least = min(
        (float(least) for band, least in context.study.notes["value_bands"] if band != "retail"),
        default=float(LIMIT),
    )
    return context.t("prices.larger", share=part, least=least)


def _prices(context: Context, made: Section) -> None:
    t = context.t
    measure = unit_prices(context.study, context.country)
    made.methods.append(context.method(measure, t("prices.method_prices")))
    found = {(row["substance"], row["unit"]): row for row in measure.frame.to_dict("records")}
    # Of these, the section before shows no number of listings: nor does this one.
    markets = context.study.markets
    guard = context.guard(listing_vendors(context.study, context.country, GROUP), GROUPS, markets)
    together = {group for family in context.families for group in FAMILIES[family]}
    rows = []
    for group in GROUPS:
        units = [unit for unit in _UNITS if (group, unit) in found]
        partly = guard_line(
            {unit: int(found[group, unit]["vendors_country"]) for unit in units}, context.threshold
        )
        for unit in units:
            row = found[group, unit]
            if not row["listings_country"]:
                continue
            row = dict(row)
            row["name"] = context.group(group)[:1].upper() + context.group(group)[1:]
            if not context.may_show(row["vendors_country"]):
                row |= dict.fromkeys(_PRICES, SUPPRESSED)
            # Where all have a price and an amount, units add up to the group's listings.
            if (
                guard.hides(group)
                or group in together
                or (unit in partly and not any(measure.left_out.values()))
            ):
                row["listings_country"] = SUPPRESSED
            if row["listings_country"] is not SUPPRESSED and not context.may_show(
                row["vendors"] - row["vendors_country"]
            ):
                row["listings"] = SUPPRESSED
            if not context.may_show(row["vendors"]):
                row |= dict.fromkeys(("listings", "median"), SUPPRESSED)
            rows.append(row | {"unit": context.lang.label("unit", unit)})
    if not rows:
        made.findings.append(t("prices.no_prices"))
        return
    own, of_all = t("column.of_country"), t("column.of_all")
    made.tables.append(
        build_table(
            context.lang,
            "prices",
            t("prices.table_prices"),
            [
                Column("name", t("column.substance")),
                Column("unit", t("column.unit")),
                Column("listings_country", t("column.listings"), "count", own),
                Column("low", t("column.quartile_low"), "cents", own),
                Column("median_country", t("column.median"), "cents", own),
                Column("high", t("column.quartile_high"), "cents", own),
                Column("listings", t("column.listings"), "count", of_all),
                Column("median", t("column.median"), "cents", of_all),
            ],
            rows,
        )
    )
    silent = [row["name"] for row in rows if row["median_country"] is SUPPRESSED]
    if silent:
        context.open(made, "prices", {}, groups=list(dict.fromkeys(silent)))
    drawable = [row for row in rows if drawn(row["median_country"]) is not None]
    if not drawable:
        return
    labels = [f"{row['name']} ({row['unit']})" for row in drawable]
    series = [
        figures.Series(
            t("words.country_vendors"),
            [drawn(row["median_country"]) for row in drawable],
            [drawn(row["low"]) for row in drawable],
            [drawn(row["high"]) for row in drawable],
        ),
        figures.Series(t("words.all_offers"), [drawn(row["median"]) for row in drawable]),
    ]
    svg = figures.bars(context.lang, labels, series, kind="euros", label=t("prices.label_price"))
    made.drawings.append(Drawing("prices", svg, t("prices.figure_price")))
