"""Where listings ship to from where, and where they expressly do not ship to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import ends
from cryptodrug_scraper.study.counting import count_apart
from cryptodrug_scraper.study.intervals import share, wilson
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.sales import build_sold

if TYPE_CHECKING:
    from cryptodrug_scraper.study.core import Study

ENGLISH_SPEAKING = ("AU", "CA", "GB", "IE", "NZ", "US")
"""Countries whose people mostly speak English, of those that listings name."""

_ALL = "all destinations"
_SOURCES = (lit.CHRISTIN_2013, lit.DECARY_HETU_2016)
_OFFERED = """
    WITH offered AS (
        SELECT listing_id, market, vendor_id, coalesce(from_countries, '{}') AS origins,
               coalesce(to_places, '{}') AS places, coalesce(excluded, '{}') AS excluded
        FROM s_listing
        WHERE in_period
          AND (CAST(:country AS text) IS NULL OR :country = ANY(from_countries))
    )
"""


def destinations(study: Study, *, country: str | None = None) -> Measure:
    """Return the matrix of origins and destinations, a row a market, origin and destination.

    With a `country`, only what ships from it. Raises ValueError for a country that is no code.
    """
    country = check_country(country)
    study.prepare()
    study.ensure_built(build_sold)
    frame = study.frame(
        f"""
        {_OFFERED}, each AS (
            SELECT o.*, f.origin, coalesce(s.reviews, 0) AS reviews,
                   coalesce(s.turnover_eur, 0) AS eur
            FROM offered o
            CROSS JOIN LATERAL unnest(
                CASE WHEN origins = '{{}}' THEN ARRAY[''] ELSE origins END) AS f(origin)
            LEFT JOIN s_sold s USING (listing_id)
            WHERE CAST(:country AS text) IS NULL OR f.origin = :country
        ), whole AS (
            SELECT market, origin, count(*) AS listings FROM each GROUP BY 1, 2
        )
        SELECT market, origin, t.destination, count(*) AS listings,
               count(DISTINCT vendor_id) AS vendors, count(*) * 1.0 / max(w.listings) AS share,
               sum(reviews) AS reviews, sum(eur) AS turnover_eur
        FROM each
        CROSS JOIN LATERAL unnest(
            CASE WHEN places = '{{}}' THEN ARRAY[''] ELSE places END) AS t(destination)
        JOIN whole w USING (market, origin)
        GROUP BY market, origin, t.destination
        ORDER BY market, origin, listings DESC, t.destination
        """,
        {"country": country},
    )
    frame = frame.merge(_shares(study, country), on=["market", "origin", "destination"], how="left")
    silent = count_apart(study, "s_listing", {"silent": "from_countries = '{}'"}, "in_period")
    no_origin = Note.left_out("no_origin", *silent["silent"])
    columns = {
        "market": "The market.",
        "origin": "Country or region that the listing says it ships from; '' if none.",
        "destination": "Country or region (WORLD, EU …) that it says it ships to; '' if none.",
        "listings": "Listings that name both (number).",
        "vendors": "Vendors of these (number).",
        "share": "Part of the origin's listings (0 to 1); of several destinations each counts.",
        "reviews": "Reviews of these listings (number).",
        "turnover_eur": "Turnover by these reviews (EUR).",
    }
    columns = ends(columns, ["share"])
    return Measure(
        name="destinations",
        frame=frame[list(columns)],
        columns=columns,
        assumptions=(Note.of_method("stated_places"),),
        sources=_SOURCES,
        # Without a country they are in the frame, as are those that name no destination.
        notes=() if country is None else (no_origin,),
    )


def exclusions(
    study: Study,
    *,
    country: str | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> Measure:
    """Return which places listings say they do not ship to, a row a market and place.

    `groups` names sets of places, by default ``english_speaking``; a listing counts in a group if
    it excludes one of them. With a `country`, only what ships from it; ValueError if it is no code.
    """
    country = check_country(country)
    chosen = {"english_speaking": ENGLISH_SPEAKING} if groups is None else groups
    names = [name for name, places in chosen.items() for _ in places]
    members = [place for places in chosen.values() for place in places]
    study.prepare()
    frame = study.frame(
        f"""
        {_OFFERED}, whole AS (
            SELECT market, count(*) AS listings, count(DISTINCT vendor_id) AS vendors
            FROM offered GROUP BY 1
        ), each AS (
            SELECT DISTINCT o.listing_id, o.market, o.vendor_id, x.is_group, x.place
            FROM offered o
            CROSS JOIN LATERAL (
                SELECT false AS is_group, place FROM unnest(o.excluded) AS e(place)
                UNION ALL
                SELECT true, g.name
                FROM unnest(CAST(:names AS text[]), CAST(:members AS text[])) AS g(name, place)
                WHERE g.place = ANY(o.excluded)
            ) AS x
        )
        SELECT market, is_group, place, count(DISTINCT e.vendor_id) AS vendors,
               count(DISTINCT e.vendor_id) * 1.0 / nullif(max(w.vendors), 0) AS share_vendors,
               max(w.vendors) AS of_vendors,
               count(*) AS listings, count(*) * 1.0 / max(w.listings) AS share_listings
        FROM each e JOIN whole w USING (market)
        GROUP BY market, is_group, place ORDER BY market, is_group, vendors DESC, place
        """,
        {"country": country, "names": names, "members": members},
    )
    columns = {
        "market": "The market.",
        "is_group": "Whether the place is a group of places.",
        "place": "Country, region or group that is not served.",
        "vendors": "Vendors with a listing that excludes it (number).",
        "share_vendors": "Part of the vendors (0 to 1).",
        "listings": "Listings that exclude it (number).",
        "share_listings": "Part of the listings (0 to 1).",
    }
    # Vendors are the units, and counts of them are plain; listings hang together by vendor.
    low, high = wilson(frame["vendors"], frame["of_vendors"])
    frame = frame.assign(share_vendors_low=low, share_vendors_high=high)
    columns = ends(columns, ["share_vendors"])
    return Measure(
        name="exclusions",
        frame=frame[list(columns)],
        columns=columns,
        assumptions=(Note.of_method("stated_true"),),
        sources=_SOURCES,
    )


def _shares(study: Study, country: str | None) -> pd.DataFrame:
    """Return the ends of intervals of the parts of each market's and origin's listings."""
    sums = study.frame(
        f"""
        {_OFFERED}, each AS (
            SELECT o.listing_id, o.market, coalesce(o.vendor_id, -o.listing_id) AS vendor_id,
                   o.places, f.origin
            FROM offered o
            CROSS JOIN LATERAL unnest(
                CASE WHEN origins = '{{}}' THEN ARRAY[''] ELSE origins END) AS f(origin)
            WHERE CAST(:country AS text) IS NULL OR f.origin = :country
        )
        SELECT market, origin, vendor_id, t.destination, count(*) AS listings
        FROM each
        CROSS JOIN LATERAL unnest(
            CASE WHEN places = '{{}}' THEN ARRAY[''] ELSE places END) AS t(destination)
        GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT market, origin, vendor_id, NULL, count(*) FROM each GROUP BY 1, 2, 3
        """,
        {"country": country},
    )
    made = []
    for (market, origin), rows in sums.groupby(["market", "origin"]):
        table = rows.assign(
            destination=rows["destination"].where(rows["destination"].notna(), _ALL)
        )
        table = table.pivot_table(
            index="vendor_id", columns="destination", values="listings", fill_value=0
        )
        of = table.pop(_ALL).to_numpy(float)
        got = share(table.to_numpy(float), of)
        each = {"destination": table.columns, "share_low": got.low, "share_high": got.high}
        made.append(pd.DataFrame({"market": market, "origin": origin, **each}))
    names = ["market", "origin", "destination", "share_low", "share_high"]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=names)
