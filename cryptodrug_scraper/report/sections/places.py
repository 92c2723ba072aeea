"""Where from and where to: destinations, exclusions, several origins, moves."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import Context
from cryptodrug_scraper.report.guard import TOTAL, guard_line, listing_vendors
from cryptodrug_scraper.report.parts import (
    SUPPRESSED,
    Column,
    Drawing,
    Section,
    build_table,
)
from cryptodrug_scraper.study.origins import moves, several_origins
from cryptodrug_scraper.study.places import destinations, exclusions

_MOST = 9  # rows and columns of the matrix
_ROWS = 15  # rows of a table
_NAMED = 3  # places that a sentence names


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
    _destinations(context, made)
    _exclusions(context, made)
    moved = moves(context.study, country=context.country).frame
    _origins(context, made, behind, moved)
    _moves(context, made, moved)
    made.caveats = list(dict.fromkeys(made.caveats))
    return made


def _destinations(context: Context, made: Section) -> None:
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
                *_cut(context, rows),
            )
        )
        told = [
            t("places.one_share", place=row["destination"], share=row["listings"] / total)
            for row in own.to_dict("records")
            if row["destination"] not in hidden and row["destination"]
        ]
        if told:
            said = t("places.to_most", places=told[: _NAMED + 1])
            made.findings.append(said)
            made.summary.append(said)
    _matrix(context, made, pairs)


def _hidden(context: Context, pairs: pd.DataFrame, origin: str) -> set[str]:
    """Return the destinations of an origin that must not be shown, in table and figure alike."""
    own = pairs[pairs["origin"] == origin]
    vendors = dict(zip(own["destination"], own["vendors"].astype(int), strict=True))
    return guard_line(vendors, context.threshold)


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


def _exclusions(context: Context, made: Section) -> None:
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
    rows, told = [], []
    for row in sums.to_dict("records"):
        group = bool(row["is_group"])
        name = t(f"places.{row['place']}") if group else context.lang.place(row["place"])
        shown = {**row, "name": name}
        if context.may_show(row["vendors"]):
            if not group:
                told.append(t("places.one_excluded", place=row["place"], n=int(row["vendors"])))
        else:
            shown |= dict.fromkeys(("vendors", "listings"), SUPPRESSED)
        rows.append(shown)
    english = [r for r in rows if r["is_group"] and r["vendors"] is not SUPPRESSED]
    if told or english:
        said = t("places.excludes", places=told[:_NAMED]) if told else ""
        if english:
            said += " " + t("places.english", n=int(english[0]["vendors"]))
        made.findings.append(said.strip())
        made.summary.append(said.strip())
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
            *_cut(context, rows),
        )
    )


def _origins(context: Context, made: Section, behind: int, moved: pd.DataFrame) -> None:
    t = context.t
    measure = several_origins(context.study, country=context.country)
    one_way = _one_way(context, moved)
    shown = context.may_show(behind)
    made.methods.append(context.method(measure, t("places.method_origins"), shown=shown))
    made.caveats += context.caveats(measure)
    rows = []
    frame = measure.frame
    for market in context.market_order(frame["market"]) if not frame.empty else []:
        of_market = frame[frame["market"] == market].to_dict("records")
        hidden = guard_line(
            {row["other"]: int(row["vendors"]) for row in of_market}, context.threshold
        )
        # Of those with several origins, who has not this one among them.
        hidden |= {
            row["other"]
            for row in of_market
            if not context.may_show(row["several"] - row["vendors"])
        }
        told = []
        for row in of_market:
            line = {**row, "market": context.market(market)}
            for name in ("at_once", "in_sequence"):
                if not context.may_show(row[name]) or not context.may_show(
                    row["vendors"] - row[name]
                ):
                    line[name] = SUPPRESSED
            if row["other"] in one_way:
                line["in_sequence"] = SUPPRESSED
            if row["other"] in hidden:
                names = ("vendors", "at_once", "in_sequence", "share")
                line |= dict.fromkeys(names, SUPPRESSED)
            else:
                told.append(t("places.one_partner", place=row["other"], share=float(row["share"])))
            if not context.may_show(row["several"]):
                line["several"] = SUPPRESSED
            rows.append(line)
        if told:
            said = t(
                "places.together",
                market=context.market(market),
                n=int(of_market[0]["several"]),
                parts=told[:_NAMED],
            )
            made.findings.append(said)
            made.summary.append(said)
    if not rows:
        return
    made.tables.append(
        build_table(
            context.lang,
            "origins",
            t("places.table_origins"),
            [
                Column("other", t("column.other_country"), "place"),
                Column("vendors", t("column.vendors"), "count"),
                Column("several", t("column.several"), "count"),
                Column("share", t("column.share"), "share"),
                Column("at_once", t("column.at_once"), "count"),
                Column("in_sequence", t("column.in_sequence"), "count"),
            ],
            rows,
            group="market",
        )
    )


def _one_way(context: Context, moved: pd.DataFrame) -> set[str]:
    """Return the countries of which moves are told to or fro, and are few the other way.

    With the number of both ways these few would follow.
    """
    ways: dict[str, dict[bool, int]] = {}
    for row in moved.to_dict("records"):
        away = row["origin"] == context.country
        way = ways.setdefault(row["new_origin"] if away else row["origin"], {})
        way[away] = way.get(away, 0) + int(row["vendors"])
    return {other for other, way in ways.items() if not all(map(context.may_show, way.values()))}


def _moves(context: Context, made: Section, moved: pd.DataFrame) -> None:
    t = context.t
    if moved.empty:
        made.findings.append(t("places.no_moves"))
        return
    sums = (
        moved.groupby(["origin", "new_origin"], as_index=False)["vendors"]
        .sum()
        .sort_values(["vendors", "origin", "new_origin"], ascending=[False, True, True])
    )
    rows, told = [], []
    for row in sums.to_dict("records"):
        line = dict(row)
        if context.may_show(row["vendors"]):
            told.append(
                t(
                    "places.one_move",
                    a=row["origin"],
                    b=row["new_origin"],
                    n=int(row["vendors"]),
                )
            )
        else:
            line["vendors"] = SUPPRESSED
        rows.append(line)
    said = t("places.moves", moves=told[:_NAMED]) if told else t("places.few_moves")
    made.findings.append(said)
    if told:
        made.summary.append(said)
    made.tables.append(
        build_table(
            context.lang,
            "moves",
            t("places.table_moves"),
            [
                Column("origin", t("column.from"), "place"),
                Column("new_origin", t("column.to"), "place"),
                Column("vendors", t("column.vendors"), "count"),
            ],
            *_cut(context, rows),
        )
    )


def _cut(context: Context, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of a table that say something, as far as they fit, and a note of the rest."""
    told = [row for row in rows if row["vendors"] is not SUPPRESSED][:_ROWS]
    if not told:
        return rows, []
    left = len(rows) - len(told)
    return told, [context.t("places.rest", n=left)] if left else []
