"""The country beside another one: the same numbers, and what they differ by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cryptodrug_scraper.language import cap
from cryptodrug_scraper.report.beside import TOPICS, differences, label
from cryptodrug_scraper.report.context import ReportContext
from cryptodrug_scraper.report.guard import Guard, listing_vendors, review_vendors
from cryptodrug_scraper.report.offer import group_sql, groups_of
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Section, missing
from cryptodrug_scraper.study.compare import compare

_SIDES = ("own", "other")
_IN = {"points": "share", "cents": "cents", "decimal": "cents"}


def section(context: ReportContext) -> Section:
    """Return the section."""
    t, other = context.t, context.options.other
    made = Section("compare", t("compare.title", other=other))
    group = group_sql(context.families)
    measure = compare(context.study, country=context.country, other=other, group=group)
    made.methods.append(context.method(measure))
    # What may be shown of a country is what a report on it alone shows.
    there = ReportContext(context.study, replace(context.options, country=other))
    beside = {"own": context, "other": there}
    offered = {side: _guard(of, group) for side, of in beside.items()}
    sold = {
        side: of.guard(review_vendors(of.study, of.country), [], of.study.markets)
        for side, of in beside.items()
    }
    rows: list[dict[str, Any]] = []
    order = [*groups_of(context.families)[0]]
    for row in measure.frame.to_dict("records"):
        for side, of in beside.items():
            few = not of.may_show(row[f"vendors_{side}"])
            few |= not of.may_show(row[f"vendors_rest_{side}"])
            if row["topic"] == "substance":
                few |= offered[side].hides(row["name"]) or offered[side].hides()
            elif row["name"] == "listings":
                few |= offered[side].hides() or bool(of.hidden_markets | of.untold_markets)
            else:
                few |= sold[side].hides() or bool(of.hidden_markets | of.untold_markets)
            if few:
                row |= {side: SUPPRESSED, "difference": SUPPRESSED}
        rows.append(row)
    shares = [row for row in rows if row["topic"] != "sale"]
    shares.sort(key=lambda r: (r["topic"], order.index(r["name"]) if r["name"] in order else -1))
    for row in shares:
        substance = row["topic"] == "substance"
        row["label"] = (
            context.lang.label("groups", row["name"]) if substance else t(f"column.{row['name']}")
        )
        row["label"] = row["label"][:1].upper() + row["label"][1:]
        row["heading"] = t(f"compare.{row['topic']}")
    sale = [row | {"label": t("compare.sale")} for row in rows if row["topic"] == "sale"]
    sale = [row for row in sale if not missing(row["own"]) or not missing(row["other"])]
    names = {side: of.lang.place(of.country) for side, of in beside.items()}
    for name, chosen, kinds in (
        ("compare", shares, ("share", "points")),
        ("compare-sale", sale, ("cents", "cents")),
    ):
        if chosen:
            context.table(
                made,
                name,
                t(f"compare.table_{kinds[0]}", other=other),
                [
                    Column("label", t("column.what")),
                    *(Column(side, names[side], kinds[0]) for side in _SIDES),
                    Column("difference", t(f"compare.difference_{kinds[0]}"), kinds[1]),
                ],
                chosen,
                group="heading" if name == "compare" else "",
            )
    _more(context, there, made, names)
    differ = [
        row["label"]
        for row in shares
        if row["topic"] == "substance"
        and row["difference"] is not SUPPRESSED
        and not missing(row["difference_low"])
        and (row["difference_low"] > 0 or row["difference_high"] < 0)
    ]
    if any(row["difference"] is not SUPPRESSED for row in shares):
        words = t("compare.differ", other=other, groups=differ)
        made.conclude(words)
    else:
        made.caveats.append(t("caveat.few_vendors"))
    return made


def _more(
    context: ReportContext, there: ReportContext, made: Section, names: Mapping[str, str]
) -> None:
    """Add the tables of the other sections side by side, with differences."""
    t, other = context.t, there.country
    # Both are cut alike, as the report on the country is.
    there.edges, there.together = context.edges, context.together
    there.places_cut, there.pooled_prices = context.places_cut, context.pooled_prices
    for topic, (numbers, kind, difference) in TOPICS.items():
        rows = differences(numbers(context), numbers(there))
        if not rows:
            continue
        for row in rows:
            row["label"] = cap(label(context, topic, row["key"]))
        context.table(
            made,
            f"compare-{topic}",
            t(f"compare.table_{topic}", other=other),
            [
                Column("label", t("column.what")),
                *(Column(side, names[side], kind) for side in _SIDES),
                Column("difference", t(f"compare.difference_{_IN[difference]}"), difference),
            ],
            rows,
        )


def _guard(context: ReportContext, group: str) -> Guard:
    vendors = listing_vendors(context.study, context.country, group)
    return context.guard(vendors, groups_of(context.families)[0], context.study.markets)
