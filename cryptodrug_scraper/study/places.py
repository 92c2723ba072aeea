"""Where listings ship to from where, and where they expressly do not ship to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import EVERY, ends, overlapping
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.counting import count_apart
from cryptodrug_scraper.study.intervals import wilson
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.sales import build_sold

ENGLISH_SPEAKING = ("AU", "CA", "GB", "IE", "NZ", "US")
"""Countries whose people mostly speak English, of those that listings name."""

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


_EACH = """
    each AS (
        SELECT o.listing_id, {market} AS of_market, o.market, o.vendor_id, o.places, f.origin
        FROM offered o
        CROSS JOIN LATERAL unnest(
            CASE WHEN origins = '{{}}' THEN ARRAY[''] ELSE origins END) AS f(origin)
        WHERE CAST(:country AS text) IS NULL OR f.origin = :country
    )
"""
_TO = (
    "CROSS JOIN LATERAL unnest("
    "CASE WHEN places = '{}' THEN ARRAY[''] ELSE places END) AS t(destination)"
)


def origin_pairs(
    study: StudySession, *, country: str | None = None, together: bool = False
) -> pd.DataFrame:
    """Return listings, vendors, reviews and turnover by market, origin and destination.

    As `destinations`, whose numbers these are, without intervals.
    """
    prepare(study)
    study.ensure_built(build_sold)
    return study.frame(
        f"""
        {_OFFERED}, {_each(together)}, every AS (
            SELECT of_market, origin, count(*) AS listings FROM each GROUP BY 1, 2
        )
        SELECT e.of_market AS market, e.origin, t.destination, count(*) AS listings,
               count(DISTINCT vendor_id) AS vendors, count(*) * 1.0 / max(w.listings) AS share,
               coalesce(sum(s.reviews), 0) AS reviews,
               coalesce(sum(s.turnover_eur), 0) AS turnover_eur
        FROM each e {_TO}
        JOIN every w USING (of_market, origin)
        LEFT JOIN s_sold s USING (listing_id)
        GROUP BY e.of_market, e.origin, t.destination
        ORDER BY e.of_market, e.origin, listings DESC, t.destination
        """,
        {"country": country},
    )


def destinations(
    study: StudySession, *, country: str | None = None, together: bool = False
) -> Measure:
    """Return the matrix of origins and destinations, a row a market, origin and destination.

    With a `country`, only what ships from it; with `together`, of all markets as one (market is
    ''). Raises ValueError for a country that is no code.
    """
    country = check_country(country)
    frame = origin_pairs(study, country=country, together=together)
    sums = study.frame(
        f"""
        {_OFFERED}, {_each(together)}
        SELECT of_market, market, origin, coalesce(vendor_id, -listing_id) AS vendor_id,
               t.destination, count(*) AS n
        FROM each {_TO} GROUP BY 1, 2, 3, 4, 5
        UNION ALL
        SELECT of_market, market, origin, coalesce(vendor_id, -listing_id), NULL, count(*)
        FROM each GROUP BY 1, 2, 3, 4
        """,
        {"country": country},
    )
    found = overlapping(sums, ["of_market", "origin"], "destination")
    found = found.rename(columns={"of_market": "market"})
    frame = frame.merge(found, on=["market", "origin", "destination"], how="left")
    silent = count_apart(study, "s_listing", {"silent": "from_countries = '{}'"}, "in_period")
    no_origin = Note.left_out("no_origin", *silent["silent"])
    columns = {
        "market": "The market; '' if all are taken together.",
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
    study: StudySession,
    *,
    country: str | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    together: bool = False,
) -> Measure:
    """Return which places listings say they do not ship to, a row a market and place.

    `groups` names sets of places, by default ``english_speaking``; a listing counts in a group if
    it excludes one of them. With a `country`, only what ships from it; with `together`, of all
    markets as one (market is ''). Raises ValueError for a country that is no code.
    """
    country = check_country(country)
    chosen = {"english_speaking": ENGLISH_SPEAKING} if groups is None else groups
    names = [name for name, places in chosen.items() for _ in places]
    members = [place for places in chosen.values() for place in places]
    prepare(study)
    given = {"country": country, "names": names, "members": members}
    excluding = f"""
        {_OFFERED}, each AS (
            SELECT DISTINCT o.listing_id, {_market(together)} AS of_market, o.market, o.vendor_id,
                   x.is_group, x.place
            FROM offered o
            CROSS JOIN LATERAL (
                SELECT false AS is_group, place FROM unnest(o.excluded) AS e(place)
                UNION ALL
                SELECT true, g.name
                FROM unnest(CAST(:names AS text[]), CAST(:members AS text[])) AS g(name, place)
                WHERE g.place = ANY(o.excluded)
            ) AS x
        )
    """
    frame = study.frame(
        f"""
        {excluding}, every AS (
            SELECT {_market(together)} AS of_market, count(*) AS listings,
                   count(DISTINCT vendor_id) AS vendors
            FROM offered GROUP BY 1
        )
        SELECT of_market AS market, is_group, place, count(DISTINCT e.vendor_id) AS vendors,
               count(DISTINCT e.vendor_id) * 1.0 / nullif(max(w.vendors), 0) AS share_vendors,
               max(w.vendors) AS of_vendors,
               count(*) AS listings, count(*) * 1.0 / max(w.listings) AS share_listings
        FROM each e JOIN every w USING (of_market)
        GROUP BY of_market, is_group, place ORDER BY of_market, is_group, vendors DESC, place
        """,
        given,
    )
    sums = study.frame(
        f"""
        {excluding}
        SELECT of_market, market, coalesce(vendor_id, -listing_id) AS vendor_id,
               CASE WHEN is_group THEN 'group ' ELSE '' END || place AS at, count(*) AS n
        FROM each GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT {_market(together)}, market, coalesce(vendor_id, -listing_id), NULL, count(*)
        FROM offered GROUP BY 1, 2, 3
        """,
        given,
    )
    found = overlapping(sums, ["of_market"], "at").rename(
        columns={
            "of_market": "market",
            "share_low": "share_listings_low",
            "share_high": "share_listings_high",
        }
    )
    place = frame["place"].where(~frame["is_group"].astype(bool), "group " + frame["place"])
    frame = frame.assign(at=place).merge(found, on=["market", "at"], how="left")
    columns = {
        "market": "The market; '' if all are taken together.",
        "is_group": "Whether the place is a group of places.",
        "place": "Country, region or group that is not served.",
        "vendors": "Vendors with a listing that excludes it (number).",
        "share_vendors": "Part of the vendors (0 to 1).",
        "listings": "Listings that exclude it (number).",
        "share_listings": "Part of the listings (0 to 1).",
    }
    # Vendors are the units, and counts of them are plain.
    low, high = wilson(frame["vendors"], frame["of_vendors"])
    frame = frame.assign(share_vendors_low=low, share_vendors_high=high)
    columns = ends(columns, ["share_vendors", "share_listings"])
    return Measure(
        name="exclusions",
        frame=frame[list(columns)],
        columns=columns,
        assumptions=(Note.of_method("stated_true"),),
        sources=_SOURCES,
    )


def _market(together: bool) -> str:
    return f"CAST('{EVERY}' AS text)" if together else "market"


def _each(together: bool) -> str:
    return _EACH.format(market=_market(together))
