"""The numbers of a country's own report, to stand beside those of another country.

Each function returns numbers by what they are of; None is one that must not be shown. The rules
are those of the sections, so that no more is shown of a country than a report on it alone shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from cryptodrug_scraper.report.context import ReportContext
from cryptodrug_scraper.report.guard import TOTAL
from cryptodrug_scraper.report.offer import FAMILIES, GROUPS, unit_prices
from cryptodrug_scraper.report.parts import SUPPRESSED, missing
from cryptodrug_scraper.report.sections.concentration import Sellers
from cryptodrug_scraper.report.sections.lifetimes import Lives
from cryptodrug_scraper.report.sections.places import place_name, shipped
from cryptodrug_scraper.report.sections.size import Sized
from cryptodrug_scraper.report.selling import EDGES, few_bands
from cryptodrug_scraper.study.growth import growth
from cryptodrug_scraper.study.intervals import share
from cryptodrug_scraper.study.turnover import sale_values


class OtherNumber(NamedTuple):
    """A number with the ends of its 95 % interval; these are None where there is none."""

    value: float
    low: float | None = None
    high: float | None = None


Numbers = Mapping[Any, OtherNumber | None]


def prices(context: ReportContext) -> Numbers:
    """Return median prices of a unit in EUR, by group of drugs, or family of groups, and unit."""
    pooled = context.pooled_prices
    families = sorted({family for family, _ in pooled})
    members = {(group, unit) for family, unit in pooled for group in FAMILIES[family]}
    rows = [
        row
        for row in unit_prices(context.study, context.country).frame.to_dict("records")
        if (row["substance"], row["unit"]) not in members
    ]
    if families:
        wider = unit_prices(context.study, context.country, families).frame.to_dict("records")
        rows += [row for row in wider if (row["substance"], row["unit"]) in pooled]
    found = {
        (row["substance"], row["unit"]): _number(row, "median_country")
        if context.may_show(row["vendors_country"])
        else None
        for row in rows
        if row["listings_country"]
    }
    order = {group: n for n, group in enumerate((*GROUPS, *FAMILIES))}
    return dict(sorted(found.items(), key=lambda item: (order[item[0][0]], item[0][1])))


def bands(context: ReportContext) -> Numbers:
    """Return parts of sales in bands of value, by the bands' lower edges."""
    edges = context.edges or EDGES
    hidden = few_bands(context, edges)
    frame = sale_values(context.study, country=context.country, edges=edges, by_market=False).frame
    of = {int(row["from_eur"]): row for row in frame.to_dict("records")}
    if not of:
        return {}
    none = {"share_sales": 0.0}
    return {
        low: None if low in hidden else _number(of.get(low, none), "share_sales")
        for low in (0, *edges)
    }


def concentrations(context: ReportContext) -> Numbers:
    """Return Gini coefficients of turnover by market."""
    sellers = Sellers(context, together="concentration" in context.together)
    return {
        market: None if market in sellers.silent else _number(sellers.own[market], "gini")
        for market in sellers.markets
        if market in sellers.own
    }


def stays(context: ReportContext) -> Numbers:
    """Return days that half of the vendors outlast, by market."""
    lives = Lives(context, "vendors", together="lifetimes" in context.together)
    return {
        market: None if market in lives.silent else _number(curve.iloc[0].to_dict(), "median_days")
        for market, curve in lives.curves.items()
        if market in lives.silent or not missing(curve["median_days"].iloc[0])
    }


def destinations(context: ReportContext) -> Numbers:
    """Return parts of listings that ship to a place, by place."""
    places = shipped(context, context.country)
    if context.places_cut:
        places = places.within(context.country, context.places_cut)
    if places.rows.empty:
        return {}
    hidden = places.hidden(context.threshold)
    rows = places.rows.assign(vendor_id=places.rows["vendor_id"].fillna(-1), n=1)
    named = rows.pivot_table(
        index="vendor_id", columns="place", values="n", aggfunc="sum", fill_value=0
    )
    every = rows.groupby("vendor_id")["listing_id"].nunique().reindex(named.index)
    got = share(named.to_numpy(float), every.to_numpy(float)[:, None])
    numbers = {
        str(place): OtherNumber(float(got.value[n]), _end(got.low[n]), _end(got.high[n]))
        for n, place in enumerate(named.columns)
    }
    return {place: None if place in hidden else numbers[place] for place in places.table()}


def growths(context: ReportContext) -> Numbers:
    """Return growth a month of listings, by market."""
    sized = Sized(context, "month")
    frame = growth(context.study, country=context.country).frame
    return {
        row["market"]: None if sized.open_days(row["market"]) else _number(row, "monthly")
        for row in frame[frame["of"] == "listings"].to_dict("records")
        if not missing(row["monthly"])
    }


TOPICS: Mapping[str, tuple[Callable[[ReportContext], Numbers], str, str]] = {
    "prices": (prices, "cents", "cents"),
    "bands": (bands, "share", "points"),
    "concentration": (concentrations, "decimal", "decimal"),
    "lifetimes": (stays, "decimal", "decimal"),
    "destinations": (destinations, "share", "points"),
    "growth": (growths, "share", "points"),
}
"""Numbers by topic, with how they and their differences are written."""


def differences(own: Numbers, other: Numbers) -> list[dict[str, Any]]:
    """Return rows of what both countries have: their numbers, and the difference with its interval.

    Intervals are combined as Zou & Donner do for estimates that do not go together: for vendors
    who are of both countries, that makes them wider than they need be. Where either must not be
    shown, the difference is not shown.
    """
    rows = []
    for key in own:
        if key not in other:
            continue
        row: dict[str, Any] = {"key": key}
        both = {"own": own[key], "other": other[key]}
        for name, one in both.items():
            row |= _under(name, one)
        a, b = both.values()
        if a is None or b is None:
            row["difference"] = SUPPRESSED
        else:
            row |= _under("difference", less(a, b))
        rows.append(row)
    return rows


def less(a: OtherNumber, b: OtherNumber) -> OtherNumber:
    """Return a difference; with an interval if both have one."""
    value = a.value - b.value
    ends = (a.low, a.high, b.low, b.high)
    if any(end is None for end in ends):
        return OtherNumber(value)
    a_low, a_high, b_low, b_high = (float(end or 0.0) for end in ends)
    low = value - float(np.hypot(a.value - a_low, b_high - b.value))
    high = value + float(np.hypot(a_high - a.value, b.value - b_low))
    return OtherNumber(value, low, high)


def _number(row: Mapping[Any, Any], name: str) -> OtherNumber:
    return OtherNumber(
        float(row[name]), _end(row.get(f"{name}_low")), _end(row.get(f"{name}_high"))
    )


def _end(value: Any) -> float | None:
    return None if missing(value) else float(value)


def _under(name: str, one: OtherNumber | None) -> dict[str, Any]:
    if one is None:
        return {name: SUPPRESSED}
    return {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}


def label(context: ReportContext, topic: str, key: Any) -> str:
    """Return what a number is of, as a table says it."""
    t = context.t
    if topic == "prices":
        return t("prices.by_unit", group=context.group(key[0]), unit=key[1])
    if topic == "bands":
        edges = [*(context.edges or EDGES), None]
        high = edges[0] if not key else edges[edges.index(key) + 1]
        return t("prices.band", low=key, high=high)
    if topic == "destinations":
        if key == "home":  # of either country
            return t("compare.region_home")
        return place_name(context, key, by_region=bool(context.places_cut))
    return context.market(key) if key != TOTAL else t("words.all_markets")
