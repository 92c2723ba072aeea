"""What a country's vendors offer beside all vendors, and what they ask for it."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from cryptodrug_scraper.study import Measure, Note, Study
from cryptodrug_scraper.study.accuracy import accuracy
from cryptodrug_scraper.study.by_vendor import EVERY, ends, medians, parts, ratios
from cryptodrug_scraper.study.composition import few_listings
from cryptodrug_scraper.study.counting import count_apart

GROUPS = (
    "cannabis",
    "cocaine",
    "heroin",
    "opioids",
    "amphetamines",
    "mdma",
    "hallucinogens",
    "dissociatives",
    "benzodiazepines",
    "medicines",
    "nps",
    "other_drugs",
    "not_drugs",
    "unknown",
)
"""Groups of the EMCDDA in their order; heroin is taken out of the opioids."""

GROUP = """CASE WHEN substance = 'opioids' AND substance_detail = 'heroin' THEN 'heroin'
    ELSE coalesce(substance, 'unknown') END"""
"""SQL for the group of a row of `s_listing`."""

FAMILIES = {
    "stimulants": ("cocaine", "amphetamines", "mdma"),
    "all_opioids": ("heroin", "opioids"),
    "psychedelics": ("hallucinogens", "dissociatives", "nps"),
    "sedatives": ("benzodiazepines", "medicines"),
}
"""Broader groups, for numbers that are too small in those of the EMCDDA."""

_WITHIN = "in_period"


def group_sql(families: Collection[str] = ()) -> str:
    """Return SQL for the group of a row of `s_listing`, where some families are taken together."""
    whens = " ".join(
        f"WHEN '{group}' THEN '{family}'" for family in families for group in FAMILIES[family]
    )
    return f"(CASE ({GROUP}) {whens} ELSE ({GROUP}) END)" if whens else GROUP


def groups_of(families: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return all groups in order, and those of drugs, where some families are taken together."""
    member = {group: family for family in families for group in FAMILIES[family]}
    every = tuple(dict.fromkeys(member.get(group, group) for group in GROUPS))
    return every, every[: every.index("not_drugs")]


def offer(study: Study, country: str, families: Collection[str] = ()) -> Measure:
    """Return listings by market and group of drugs, or family of groups: the country's and all."""
    study.prepare()
    sums = study.frame(
        f"""
        SELECT market, {group_sql(families)} AS substance,
               coalesce(vendor_id, -listing_id) AS vendor_id,
               count(*) AS listings,
               count(*) FILTER (WHERE coalesce(:country = ANY(from_countries), false))
                   AS listings_country
        FROM s_listing WHERE {_WITHIN} GROUP BY 1, 2, 3
        """,
        {"country": country},
    )
    names = ["listings", "listings_country"]
    frame = sums.groupby(["market", "substance"], as_index=False)[names].sum()
    every = sums.groupby("substance", as_index=False)[names].sum().assign(market=EVERY)
    shares = {"share": ("listings", ""), "share_country": ("listings_country", "")}
    frame = pd.concat([frame, every], ignore_index=True).merge(
        parts(sums, "substance", shares, together=True), on=["market", "substance"], how="left"
    )
    times = {"ratio": ("listings_country", "listings")}
    frame = frame.merge(
        ratios(sums, "substance", times, together=True), on=["market", "substance"], how="left"
    )
    silent = count_apart(
        study, "s_listing", {"silent": "coalesce(substance_source, 'none') = 'none'"}, _WITHIN
    )["silent"]
    columns = {
        "market": "The market; '' if all are taken together.",
        "substance": "Group of drugs; heroin apart from the other opioids.",
        "listings": "Listings of the group (number).",
        "share": "Part of the market's listings (0 to 1).",
        "listings_country": "Listings of the group that ship from the country (number).",
        "share_country": "Part of the market's listings that ship from it (0 to 1).",
        "ratio": "share_country / share: above 1 if the country has more of it.",
    }
    columns = ends(columns, [*shares, *times])
    return Measure(
        name="offer",
        frame=frame[list(columns)],
        columns=columns,
        method=accuracy().parts(),
        assumptions=(Note.of_method("right_category"), Note.of_method("counted_once")),
        sources=(
            "EMCDDA (2017). Drugs and the darknet: perspectives for enforcement, research and "
            "policy. EMCDDA–Europol Joint publications.",
        ),
        notes=(Note.left_out("unknown_substance", *silent), *few_listings(study, country)),
    )


def unit_prices(study: Study, country: str, families: Collection[str] = ()) -> Measure:
    """Return prices of a unit by group of drugs, or family of groups, and unit."""
    study.prepare()
    drugs = f"""
        WITH each AS (
            SELECT {group_sql(families)} AS substance, unit, vendor_id, listing_id,
                   price_per_unit AS price,
                   coalesce(:country = ANY(from_countries), false) AS here
            FROM s_listing WHERE {_WITHIN} AND price_per_unit > 0 AND unit IS NOT NULL
        ), drugs AS (
            SELECT * FROM each WHERE substance NOT IN ('not_drugs', 'unknown')
        )
    """
    frame = study.frame(
        drugs
        + """
        SELECT substance, unit, count(*) AS listings, count(DISTINCT vendor_id) AS vendors,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY price) AS median,
               count(*) FILTER (WHERE here) AS listings_country,
               count(DISTINCT vendor_id) FILTER (WHERE here) AS vendors_country,
               percentile_cont(0.25) WITHIN GROUP (ORDER BY price) FILTER (WHERE here) AS low,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY price) FILTER (WHERE here)
                   AS median_country,
               percentile_cont(0.75) WITHIN GROUP (ORDER BY price) FILTER (WHERE here) AS high
        FROM drugs GROUP BY 1, 2 ORDER BY 1, 2
        """,
        {"country": country},
    )
    each = study.frame(
        drugs + "SELECT substance, unit, coalesce(vendor_id, -listing_id) AS vendor_id, price, here"
        " FROM drugs",
        {"country": country},
    )
    keys = ["substance", "unit"]
    for rows, name in ((each, "median"), (each[each["here"].astype(bool)], "median_country")):
        found = medians(rows, keys, "price").rename(
            columns=lambda c, n=name: c.replace("median", n)
        )
        frame = frame.merge(found, on=keys, how="left")
    silent = count_apart(
        study,
        "s_listing",
        {
            "price": "price_eur IS NULL",
            "amount": "price_eur IS NOT NULL AND price_per_unit IS NULL",
        },
        f"{_WITHIN} AND :country = ANY(from_countries)",
        {"country": country},
    )
    columns = {
        "substance": "Group of drugs; heroin apart from the other opioids.",
        "unit": "g, ml or piece.",
        "listings": "Listings with a price and an amount, of all vendors (number).",
        "vendors": "Their vendors (number).",
        "median": "Median price of a unit, all vendors (EUR).",
        "listings_country": "Those that ship from the country (number).",
        "vendors_country": "Their vendors (number).",
        "low": "Lower quartile of their prices of a unit (EUR).",
        "median_country": "Median (EUR).",
        "high": "Upper quartile (EUR).",
    }
    columns = ends(columns, ["median", "median_country"])
    return Measure(
        name="prices",
        frame=frame[list(columns)],
        columns=columns,
        assumptions=(Note.of_method("holding_prices_unused"), Note.of_method("purity_unknown")),
        notes=(
            Note.left_out("no_usable_price", *silent["price"]),
            Note.left_out("no_amount", *silent["amount"]),
        ),
    )
