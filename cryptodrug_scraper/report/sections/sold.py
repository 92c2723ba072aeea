"""What is sold: the country's offer beside that of all vendors."""

from __future__ import annotations

from typing import Any

from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import Context
from cryptodrug_scraper.report.guard import TOTAL, Guard, listing_vendors
from cryptodrug_scraper.report.offer import DRUGS, GROUP, GROUPS, offer
from cryptodrug_scraper.report.parts import (
    SUPPRESSED,
    Column,
    Drawing,
    Section,
    build_table,
    drawn,
    interval_of,
)

_OWN = ("listings_country", "share_country", "ratio")
_NAMED = 3  # groups that a sentence names at most
_DIFFERENT = 1.25  # so many times the market's part is worth a word

Row = dict[str, Any]


def section(context: Context) -> Section:
    """Return the section."""
    t = context.t
    made = Section("sold", t("sold.title"))
    measure = offer(context.study, context.country)
    cells: dict[tuple[str, str], Row] = {
        (row["substance"], row["market"]): row for row in measure.frame.to_dict("records")
    }
    markets = context.market_order({market for _, market in cells} - {TOTAL})
    groups = [group for group in GROUPS if any((group, market) in cells for market in markets)]
    guard = context.guard(listing_vendors(context.study, context.country, GROUP), groups, markets)
    every = context.guard_all(
        listing_vendors(context.study, None, GROUP),
        groups,
        markets,
        guard,
        listing_vendors(context.study, context.country, GROUP, others=True),
    )
    shown = guard.has_any() and not guard.hides()
    unknown = ["unknown_substance"] if every.hides("unknown") else []
    made.methods.append(context.method(measure, hidden=unknown))
    if not guard.has_any():
        made.findings.append(t("caveat.empty"))
        return made
    if not shown:
        made.caveats.append(t("caveat.few_vendors"))
    several = [*markets, TOTAL] if len(markets) > 1 else markets
    rows = []
    for market in several:
        for group in groups:
            row = cells.get((group, market))
            if row is None:
                continue
            row = {**row, "market": context.market(market), "substance": context.group(group)}
            row["substance"] = row["substance"][:1].upper() + row["substance"][1:]
            row["ratio"] = _ratio(row)
            if guard.hides(group, market):
                row |= dict.fromkeys(_OWN, SUPPRESSED)
            if every.hides(group, market):
                row |= dict.fromkeys(("listings", "share", "ratio"), SUPPRESSED)
            # Of a part and its share follows the whole.
            if guard.hides(TOTAL, market):
                row |= dict.fromkeys(("share_country", "ratio"), SUPPRESSED)
            if every.hides(TOTAL, market):
                row |= dict.fromkeys(("share", "ratio"), SUPPRESSED)
            rows.append(row)
    of_own, of_all = t("column.of_country"), t("column.of_all")
    made.tables.append(
        build_table(
            context.lang,
            "sold",
            t("sold.table"),
            [
                Column("substance", t("column.substance")),
                Column("listings_country", t("column.listings"), "count", of_own),
                Column("share_country", t("column.share"), "share", of_own),
                Column("listings", t("column.listings"), "count", of_all),
                Column("share", t("column.share"), "share", of_all),
                Column("ratio", t("column.times_average"), "decimal"),
            ],
            rows,
            group="market",
        )
    )
    if shown:
        made.caveats += context.caveats(measure)
        _draw(context, made, cells, groups, guard, every)
        for market in several:
            said = _sentences(context, cells, groups, market, guard, every)
            if said:
                made.findings.append(" ".join(said))
            if market == several[-1]:
                made.summary += said
    return made


def _ratio(row: Row) -> float | None:
    own, of_all = drawn(row["share_country"]), drawn(row["share"])
    return own / of_all if own is not None and of_all else None


def _draw(
    context: Context,
    made: Section,
    cells: dict[tuple[str, str], Row],
    groups: list[str],
    guard: Guard,
    every: Guard,
) -> None:
    t = context.t
    order = sorted(groups, key=lambda g: (g not in DRUGS, -cells[g, TOTAL]["listings"]))
    labels = [context.group(group)[:1].upper() + context.group(group)[1:] for group in order]
    labels = [
        f"{label} ({t('table.suppressed')})" if guard.hides(group, TOTAL) else label
        for label, group in zip(labels, order, strict=True)
    ]
    series = [
        _line(t("words.country_vendors"), cells, order, "share_country", guard),
        _line(t("words.all_offers"), cells, order, "share", every),
    ]
    if figures.has_values(series):
        svg = figures.bars(context.lang, labels, series, kind="share", label=t("sold.label"))
        made.drawings.append(Drawing("sold", svg, t("sold.figure")))


def _line(
    label: str, cells: dict[tuple[str, str], Row], groups: list[str], name: str, guard: Guard
) -> figures.Series:
    """Return shares of all markets together, with their intervals."""
    values: list[list[float | None]] = [
        [
            None
            if guard.hides(group, TOTAL) or guard.hides()
            else drawn(cells[group, TOTAL][f"{name}{end}"])
            for group in groups
        ]
        for end in ("", "_low", "_high")
    ]
    return figures.Series(label, *values)


def _sentences(
    context: Context,
    cells: dict[tuple[str, str], Row],
    groups: list[str],
    market: str,
    guard: Guard,
    every: Guard,
) -> list[str]:
    t = context.t
    if guard.hides(TOTAL, market) or every.hides(TOTAL, market):
        return []
    there = [
        (group, float(cells[group, market]["share_country"]), float(cells[group, market]["share"]))
        for group in groups
        if group in DRUGS
        and (group, market) in cells
        and not guard.hides(group, market)
        and not every.hides(group, market)
        and drawn(cells[group, market]["share_country"]) is not None
    ]
    most = [each for each in sorted(there, key=lambda each: -each[1]) if each[1] > 0][:4]
    if not most:
        return []
    where = {"market": context.market(market), "everywhere": market == TOTAL}
    named = [
        t(
            "sold.one",
            group=context.group(group),
            share=share,
            interval=interval_of(cells[group, market], "share_country"),
        )
        for group, share, _ in most
    ]
    said = [t("sold.most", groups=named, **where)]
    compared = {
        "more": [e for e in there if e[1] >= e[2] * _DIFFERENT and e[1] - e[2] >= 0.01],
        "less": [e for e in there if e[1] * _DIFFERENT <= e[2] and e[2] - e[1] >= 0.01],
    }
    for key, found in compared.items():
        found.sort(key=lambda e: -abs(e[1] - e[2]))
        each = [
            t("sold.compared", group=context.group(g), share=share, average=average)
            for g, share, average in found[:_NAMED]
        ]
        if each:
            said.append(t(f"sold.{key}", groups=each, alone=not compared["more"], **where))
    if market == TOTAL:
        spans = sum(
            1 for g in DRUGS if (g, TOTAL) in cells and cells[g, TOTAL]["listings_country"] > 0
        )
        said.append(t("sold.spans", n=spans, of=len(DRUGS)))
    return said
