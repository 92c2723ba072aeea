"""Where from and where to: destinations, exclusions, several origins, moves."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import ReportContext
from cryptodrug_scraper.report.guard import TOTAL, guard_line, listing_vendors
from cryptodrug_scraper.report.moving import cut_rows, say_origins
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Drawing, Section, interval_of
from cryptodrug_scraper.report.pooling import ABROAD, REGIONS, REST, Places, joined
from cryptodrug_scraper.study.places import destinations, exclusions, origin_pairs

_MOST = 9  # rows and columns of the matrix
_NAMED = 3  # places that a sentence names
_EXCLUDING = ("vendors", "share_vendors", "listings", "share_listings")


_SHIPPED = """
    SELECT listing_id, vendor_id, unnest(
        CASE WHEN coalesce(to_places, '{}') = '{}' THEN ARRAY[''] ELSE to_places END) AS place
    FROM s_listing WHERE in_period AND :country = ANY(from_countries)
"""
_EXCLUDED = """
    SELECT listing_id, vendor_id, unnest(excluded) AS place
    FROM s_listing WHERE in_period AND :country = ANY(from_countries)
"""
_NOT_TO = """
    WITH own AS (
        SELECT o.origin, vendor_id, CASE WHEN coalesce(to_places, '{}') = '{}' THEN ARRAY['']
               ELSE to_places END AS places
        FROM s_listing CROSS JOIN LATERAL unnest(from_countries) AS o(origin)
        WHERE in_period AND o.origin = ANY(:origins)
    ), named AS (SELECT DISTINCT origin, unnest(places) AS place FROM own)
    SELECT origin, place, count(DISTINCT vendor_id) AS vendors
    FROM named JOIN own USING (origin) WHERE NOT place = ANY(places) GROUP BY 1, 2
"""
"""Vendors with a listing from a country that does not name a destination, by that destination."""
_CUTS = {"regions": REGIONS, "abroad": ABROAD}


def section(context: ReportContext) -> Section:
    """Return the section."""
    t = context.t
    made = Section("places", t("places.title"))
    vendors = listing_vendors(context.study, context.country)
    total = vendors.get((TOTAL, TOTAL), 0)
    if not total:
        made.findings.append(t("caveat.empty"))
    elif not context.may_show(total):
        made.caveats.append(t("caveat.few_vendors"))
    _destinations(context, made, total)
    _exclusions(context, made, total)
    say_origins(context, made, shown=context.may_show(total))
    made.caveats = list(dict.fromkeys(made.caveats))
    return made


def shipped(context: ReportContext, country: str) -> Places:
    """Return the destinations of a country's listings; accounts and listings are of one market."""
    rows = context.study.frame(_SHIPPED, {"country": country})
    return Places(rows.drop_duplicates(), set(rows["vendor_id"].dropna()))


def _destinations(context: ReportContext, made: Section, vendors: int) -> None:
    t = context.t
    measure = destinations(context.study, country=context.country, together=True)
    made.methods.append(context.method(measure, t("places.method_destinations")))
    made.caveats += context.caveats(measure)
    ends = {
        row["destination"]: {"share_low": row["share_low"], "share_high": row["share_high"]}
        for row in measure.frame.to_dict("records")
    }
    frame = origin_pairs(context.study, together=True)
    if frame.empty:
        return
    pairs = frame.groupby(["origin", "destination"], as_index=False)[["vendors", "listings"]].sum()
    places = shipped(context, context.country)
    total = int(places.rows["listing_id"].nunique())
    hidden = places.hidden(context.threshold)
    cut, rest = "", None
    if hidden:
        few = {place: len(places.named([place]).vendors) for place in hidden}
        rest = joined(places, few, context.threshold)
        wider = {name: places.within(context.country, of) for name, of in _CUTS.items()}
        cuts = {REST: rest is not None}
        cuts |= {
            name: not of.hidden(context.threshold) and len(of.table()) > 1
            for name, of in wider.items()
        }
        cut = next((name for name, answers in cuts.items() if answers), "")
        if not cut or not context.options.coarsen:
            context.open(made, "destinations", cuts, n=len(hidden))
            cut = ""
        if cut in wider:
            places, hidden = wider[cut], set()
            context.places_cut = _CUTS[cut]
    rows: list[dict[str, Any]] = []
    named = []
    for place, one in places.table().items():
        shown: dict[str, Any] = {
            "place": place_name(context, place, by_region=cut in _CUTS),
            "vendors": len(one.vendors),
            "listings": one.listings,
            "share": one.listings / total if total else None,
        }
        if cut not in _CUTS:
            shown |= ends[place]
        if place in hidden:
            shown |= dict.fromkeys(("vendors", "listings", "share"), SUPPRESSED)
        else:
            if not context.may_show(vendors - len(one.vendors)):
                shown["vendors"] = SUPPRESSED  # who never ships there would be the difference
            if place and cut not in _CUTS:
                interval = interval_of(shown, "share")
                share = shown["share"]
                named.append(t("places.one_share", place=place, share=share, interval=interval))
        rows.append(shown)
    if cut == REST and rest is not None:
        words = t("places.rest_together", n=len(hidden))
        rows = [row for row in rows if row["listings"] is not SUPPRESSED]
        rows.append({"place": words, **rest, "share": rest["listings"] / total})
    if rows:
        context.table(
            made,
            "destinations",
            t("places.table_destinations"),
            [
                Column("place", t("column.destination")),
                Column("vendors", t("column.vendors"), "count"),
                Column("listings", t("column.listings"), "count"),
                Column("share", t("column.listings_share"), "share"),
            ],
            *(((rows, [])) if cut else cut_rows(context, rows)),
        )
        if named:
            sentence = t("places.to_most", places=named[: _NAMED + 1], n=total)
            made.conclude(sentence)
    # Beside wider regions, the country's own row would tell the rest of each.
    _matrix(context, made, pairs[pairs["origin"] != context.country] if cut in _CUTS else pairs)


def _part(row: dict[str, Any]) -> dict[str, Any]:
    """Return how many vendors exclude a place, and what part of all, for a sentence."""
    share, interval = row["share_vendors"], interval_of(row, "share_vendors")
    return {"n": int(row["vendors"]), "share": share, "interval": interval}


def place_name(context: ReportContext, place: str, *, by_region: bool) -> str:
    """Return the name of a destination or, with ``by_region``, of a region of `pooling`."""
    if place == "":
        return context.t("places.not_said")
    if by_region and place != "WORLD":
        return context.t(f"places.region_{place}")
    return context.lang.place(place)


def _more_excluded(
    context: ReportContext, made: Section, hidden: list[str], sums: pd.DataFrame, vendors: int
) -> list[dict[str, Any]]:
    """Return a row of the places that are not shown together, or of any place, if it may be.

    Where the report may not choose, or neither is an answer, a question stays open.
    """
    excluded = context.study.frame(_EXCLUDED, {"country": context.country}).drop_duplicates()
    places = Places(excluded, set(excluded["vendor_id"].dropna()))
    of = {
        row["place"]: int(row["vendors"]) for row in sums.to_dict("records") if not row["is_group"]
    }
    rest = joined(places, {place: of[place] for place in hidden}, context.threshold)
    if rest is not None and not context.may_show(vendors - rest["vendors"]):
        rest = None
    every = places.named(of)
    # Beside those who exclude a place that is shown, those who exclude only others.
    parts = [len(every.vendors), vendors - len(every.vendors)]
    parts += [
        len(every.vendors) - int(row["vendors"])
        for row in sums.to_dict("records")
        if row["place"] not in hidden
    ]
    any_place = all(map(context.may_show, parts)) and len(of) > 1
    cuts = {REST: rest is not None, "any": any_place}
    if not any(cuts.values()) or not context.options.coarsen:
        context.open(made, "exclusions", cuts, n=len(hidden))
        return []
    if rest is not None:
        one = {**rest, "name": context.t("places.rest_together", n=len(hidden))}
    else:
        every_place = {"vendors": len(every.vendors), "listings": every.listings}
        one = {**every_place, "name": context.t("places.any")}
    return [{**one, "share_vendors": one["vendors"] / vendors}]


def _all_hidden(
    context: ReportContext, pairs: pd.DataFrame, origins: list[str]
) -> dict[str, set[str]]:
    """Return the destinations of each origin that must not be shown, as the table hides them."""
    others = context.study.frame(_NOT_TO, {"origins": origins})
    few = others[(others["vendors"] > 0) & (others["vendors"] < context.threshold)]
    result = {}
    for origin in origins:
        own = pairs[pairs["origin"] == origin]
        vendors = dict(zip(own["destination"], own["vendors"].astype(int), strict=True))
        telling = set(few.loc[few["origin"] == origin, "place"])
        result[origin] = guard_line(vendors, context.threshold, telling)
    return result


def _matrix(context: ReportContext, made: Section, every: pd.DataFrame) -> None:
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
    hidden = _all_hidden(context, every, origins)
    for origin in origins:
        line: list[float | None] = []
        for destination in columns:
            cell = cells.get((origin, destination))
            none = cell is not None and destination in hidden[origin]
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


def _exclusions(context: ReportContext, made: Section, vendors: int) -> None:
    t = context.t
    measure = exclusions(context.study, country=context.country, together=True)
    made.methods.append(context.method(measure, t("places.method_exclusions")))
    if measure.frame.empty:
        made.findings.append(t("places.no_exclusions"))
        return
    sums = measure.frame.sort_values(
        ["vendors", "listings", "place"], ascending=[False, False, True]
    )
    rows, excluded = [], []
    for row in sums.to_dict("records"):
        group = bool(row["is_group"])
        name = t(f"places.{row['place']}") if group else context.lang.place(row["place"])
        shown = {**row, "name": name}
        if context.may_show(row["vendors"]) and context.may_show(vendors - row["vendors"]):
            if not group:
                excluded.append(t("places.one_excluded", place=row["place"], **_part(row)))
        else:
            shown |= dict.fromkeys(_EXCLUDING, SUPPRESSED)
        rows.append(shown)
    hidden = [row["place"] for row in rows if row["vendors"] is SUPPRESSED and not row["is_group"]]
    if hidden:
        rows += _more_excluded(context, made, hidden, sums, vendors)
    english = [r for r in rows if r.get("is_group") and r["vendors"] is not SUPPRESSED]
    if excluded or english:
        sentence = t("places.excludes", places=excluded[:_NAMED]) if excluded else ""
        if english:
            sentence += " " + t("places.english", **_part(english[0]))
        made.findings.append(sentence.strip())
        made.summary.append(sentence.strip())
    context.table(
        made,
        "exclusions",
        t("places.table_excluded"),
        [
            Column("name", t("column.place")),
            Column("vendors", t("column.vendors"), "count"),
            Column("share_vendors", t("column.share"), "share"),
            Column("listings", t("column.excluding"), "count"),
            Column("share_listings", t("column.share"), "share"),
        ],
        *cut_rows(context, rows),
    )
