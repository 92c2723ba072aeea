"""Where from and where to: destinations, exclusions, several origins, moves."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import Context
from cryptodrug_scraper.report.guard import TOTAL, guard_line, listing_vendors
from cryptodrug_scraper.report.moving import cut_rows, say_origins
from cryptodrug_scraper.report.parts import (
    SUPPRESSED,
    Column,
    Drawing,
    Section,
    build_table,
)
from cryptodrug_scraper.study.places import destinations, exclusions

_MOST = 9  # rows and columns of the matrix
_NAMED = 3  # places that a sentence names


_NOT_TO = """
    WITH own AS (
        SELECT vendor_id, CASE WHEN coalesce(to_places, '{}') = '{}' THEN ARRAY['']
               ELSE to_places END AS places
        FROM s_listing WHERE in_period AND :country = ANY(from_countries)
    ), named AS (SELECT DISTINCT unnest(places) AS place FROM own)
    SELECT place, count(DISTINCT vendor_id) AS vendors
    FROM named JOIN own ON NOT place = ANY(places) GROUP BY 1
"""
"""Vendors with a listing from a country that does not name a destination, by that destination."""


def section(context: Context) -> Section:
    """Return the section."""
    t = context.t
    made = Section("places", t("places.title"))
    vendors = listing_vendors(context.study, context.country)
    behind = vendors.get((TOTAL, TOTAL), 0)
    if not behind:
        made.findings.append(t("caveat.empty"))
    elif not context.may_show(behind):
        made.caveats.append(t("caveat.few_vendors"))
    _destinations(context, made, behind)
    _exclusions(context, made, behind)
    say_origins(context, made, shown=context.may_show(behind))
    made.caveats = list(dict.fromkeys(made.caveats))
    return made


def _destinations(context: Context, made: Section, vendors: int) -> None:
    t = context.t
    measure = destinations(context.study)
    made.methods.append(context.method(measure, t("places.method_destinations")))
    made.caveats += context.caveats(measure)
    frame = measure.frame
    if frame.empty:
        return
    # Of all markets together: accounts and listings are each of one market.
    pairs = frame.groupby(["origin", "destination"], as_index=False)[["vendors", "listings"]].sum()
    own = pairs[pairs["origin"] == context.country].sort_values(
        ["listings", "vendors", "destination"], ascending=[False, False, True]
    )
    total = int(
        context.study.row(
            "SELECT count(*) AS n FROM s_listing"
            " WHERE in_period AND :country = ANY(from_countries)",
            {"country": context.country},
        )["n"]
    )
    hidden = _hidden(context, pairs, context.country)
    rows: list[dict[str, Any]] = []
    for row in own.to_dict("records"):
        place = row["destination"]
        shown = {
            "place": t("places.not_said") if place == "" else context.lang.place(place),
            "vendors": row["vendors"],
            "listings": row["listings"],
            "share": row["listings"] / total if total else None,
        }
        if place in hidden:
            shown |= dict.fromkeys(("vendors", "listings", "share"), SUPPRESSED)
        elif not context.may_show(vendors - row["vendors"]):
            shown["vendors"] = SUPPRESSED  # who never ships there would be the difference
        rows.append(shown)
    if rows:
        made.tables.append(
            build_table(
                context.lang,
                "destinations",
                t("places.table_destinations"),
                [
                    Column("place", t("column.destination")),
                    Column("vendors", t("column.vendors"), "count"),
                    Column("listings", t("column.listings"), "count"),
                    Column("share", t("column.listings_share"), "share"),
                ],
                *cut_rows(context, rows),
            )
        )
        if hidden:
            context.open(made, "destinations", {}, n=len(hidden))
        places = [
            t("places.one_share", place=row["destination"], share=row["listings"] / total)
            for row in own.to_dict("records")
            if row["destination"] not in hidden and row["destination"]
        ]
        if places:
            sentence = t("places.to_most", places=places[: _NAMED + 1], n=total)
            made.findings.append(sentence)
            made.summary.append(sentence)
    _matrix(context, made, pairs)


def _hidden(context: Context, pairs: pd.DataFrame, origin: str) -> set[str]:
    """Return the destinations of an origin that must not be shown, in table and figure alike."""
    own = pairs[pairs["origin"] == origin]
    vendors = dict(zip(own["destination"], own["vendors"].astype(int), strict=True))
    # Of all listings, and those that ship to a place, follow those that do not.
    others = context.study.frame(_NOT_TO, {"country": origin})
    telling = {
        place for place, count in others.itertuples(index=False) if not context.may_show(count)
    }
    return guard_line(vendors, context.threshold, telling)


def _matrix(context: Context, made: Section, every: pd.DataFrame) -> None:
    t = context.t
    pairs = every[(every["origin"] != "") & (every["destination"] != "")]
    if pairs.empty:
        return
    by_origin = pairs.groupby("origin")["listings"].sum().sort_values(ascending=False)
    origins = [str(origin) for origin in by_origin.index[:_MOST]]
    if context.country in by_origin.index:
        others = [o for o in origins if o != context.country][: _MOST - 1]
        origins = [context.country, *others]
    here = pairs[pairs["origin"].isin(origins)]
    by_destination = here.groupby("destination")["listings"].sum().sort_values(ascending=False)
    columns = [str(place) for place in by_destination.index[:_MOST]]
    cells = {(row["origin"], row["destination"]): row for row in here.to_dict("records")}
    values: list[list[float | None]] = []
    for origin in origins:
        line: list[float | None] = []
        hidden = _hidden(context, every, origin)
        for destination in columns:
            cell = cells.get((origin, destination))
            none = cell is not None and destination in hidden
            line.append(None if none else float(cell["listings"]) if cell is not None else 0.0)
        values.append(line)
    if not any(value for line in values for value in line):
        return
    svg = figures.matrix(
        context.lang,
        [context.lang.place(place) for place in origins],
        [context.lang.place(place) for place in columns],
        values,
        hidden=t("table.suppressed"),
    )
    caption = t("places.figure")
    if any(value is None for line in values for value in line):
        caption += " " + t("table.suppressed_note")
    made.drawings.append(Drawing("places", svg, caption))


def _exclusions(context: Context, made: Section, vendors: int) -> None:
    t = context.t
    measure = exclusions(context.study, country=context.country)
    made.methods.append(context.method(measure, t("places.method_exclusions")))
    if measure.frame.empty:
        made.findings.append(t("places.no_exclusions"))
        return
    sums = (
        measure.frame.groupby(["is_group", "place"], as_index=False)[["vendors", "listings"]]
        .sum()
        .sort_values(["vendors", "listings", "place"], ascending=[False, False, True])
    )
    rows, excluded = [], []
    for row in sums.to_dict("records"):
        group = bool(row["is_group"])
        name = t(f"places.{row['place']}") if group else context.lang.place(row["place"])
        shown = {**row, "name": name}
        if context.may_show(row["vendors"]) and context.may_show(vendors - row["vendors"]):
            if not group:
                excluded.append(t("places.one_excluded", place=row["place"], n=int(row["vendors"])))
        else:
            shown |= dict.fromkeys(("vendors", "listings"), SUPPRESSED)
        rows.append(shown)
    few = [row for row in rows if row["vendors"] is SUPPRESSED]
    if few:
        context.open(made, "exclusions", {}, n=len(few))
    english = [r for r in rows if r["is_group"] and r["vendors"] is not SUPPRESSED]
    if excluded or english:
        sentence = t("places.excludes", places=excluded[:_NAMED]) if excluded else ""
        if english:
            sentence += " " + t("places.english", n=int(english[0]["vendors"]))
        made.findings.append(sentence.strip())
        made.summary.append(sentence.strip())
    made.tables.append(
        build_table(
            context.lang,
            "exclusions",
            t("places.table_excluded"),
            [
                Column("name", t("column.place")),
                Column("vendors", t("column.vendors"), "count"),
                Column("listings", t("column.excluding"), "count"),
            ],
            *cut_rows(context, rows),
        )
    )
