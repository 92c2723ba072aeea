"""What is asked for, and how large sales are."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cryptodrug_scraper.language import cap
from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import ReportContext
from cryptodrug_scraper.report.guard import guard_line, listing_vendors
from cryptodrug_scraper.report.offer import FAMILIES, GROUP, GROUPS, unit_prices
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Section, drawn
from cryptodrug_scraper.report.selling import say_sales

_UNITS = ("g", "piece", "ml")
_PRICES = ("low", "median_country", "high", "listings_country")


def section(context: ReportContext) -> Section:
    """Return the section."""
    made = Section("prices", context.t("prices.title"))
    say_sales(context, made)
    _prices(context, made)
    made.caveats = list(dict.fromkeys(made.caveats))
    return made


def _prices(context: ReportContext, made: Section) -> None:
    t = context.t
    measure = unit_prices(context.study, context.country)
    made.methods.append(context.method(measure, t("prices.method_prices")))
    groups = _by_group(measure.frame)
    families = _wider(context, made, groups)
    context.pooled_prices = frozenset(families)
    for family, unit in families:
        for group in FAMILIES[family]:
            groups.pop((group, unit), None)
    # Of these, the section before shows no number of listings: nor does this one.
    markets = context.study.markets
    guard = context.guard(listing_vendors(context.study, context.country, GROUP), GROUPS, markets)
    together = {group for family in context.families for group in FAMILIES[family]}
    rows = []
    for group in GROUPS:
        units = [unit for unit in _UNITS if (group, unit) in groups]
        partly = guard_line(
            {unit: int(groups[group, unit]["vendors_country"]) for unit in units}, context.threshold
        )
        for unit in units:
            row = groups[group, unit]
            if not row["listings_country"]:
                continue
            row = dict(row)
            row["name"] = cap(context.group(group))
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
    for (family, unit), pooled in families.items():
        # No numbers of listings: beside those of groups elsewhere, those of few would follow.
        row = {**pooled, "name": cap(context.group(family))}
        row |= dict.fromkeys(("listings", "listings_country"), SUPPRESSED)
        if not context.may_show(row["vendors"]):
            row["median"] = SUPPRESSED
        rows.append(row | {"unit": context.lang.label("unit", unit)})
    if not rows:
        made.findings.append(t("prices.no_prices"))
        return
    own, of_all = t("column.of_country"), t("column.of_all")
    context.table(
        made,
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
    drawable = [row for row in rows if drawn(row["median_country"]) is not None]
    if not drawable:
        return
    labels = [f"{row['name']} ({row['unit']})" for row in drawable]
    series = [
        figures.series_of(
            t("words.country_vendors"), drawable, "median_country", ends=("low", "high")
        ),
        figures.Series(t("words.all_offers"), [drawn(row["median"]) for row in drawable]),
    ]
    texts = ("prices.label_price", "prices.figure_price")
    context.figure(made, figures.bars, "prices", labels, series, "euros", *texts)


def _by_group(frame: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["substance"], row["unit"]): row for row in frame.to_dict("records")}


def _wider(
    context: ReportContext, made: Section, groups: dict[tuple[str, str], dict[str, Any]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return families of groups, by unit, that stand for groups whose prices are not shown.

    Where the report may not choose, or a family is no answer either, a question stays open.
    """
    silent = [
        (group, unit)
        for group in GROUPS
        for unit in _UNITS
        if (group, unit) in groups and not context.may_show(groups[group, unit]["vendors_country"])
    ]
    family_of = {group: family for family, groups in FAMILIES.items() for group in groups}
    families = [
        name for name in FAMILIES if any(family_of.get(group) == name for group, _ in silent)
    ]
    wider = {}
    if families:
        frame = unit_prices(context.study, context.country, families).frame
        wider = {
            (family, unit): row
            for (family, unit), row in _by_group(frame).items()
            if family in families and context.may_show(row["vendors_country"])
        }
    answered = [cell for cell in silent if (family_of.get(cell[0]), cell[1]) in wider]
    chosen = {}
    if context.options.coarsen:
        used = {(family_of[group], unit) for group, unit in answered}
        chosen = {cell: row for cell, row in wider.items() if cell in used}
    for cells, answers in (
        ([] if context.options.coarsen else answered, True),
        ([cell for cell in silent if cell not in answered], False),
    ):
        if cells:
            named = [
                context.t("prices.by_unit", group=context.group(group), unit=unit)
                for group, unit in cells
            ]
            context.open(made, "prices", {"substances": answers}, groups=named)
    return chosen
