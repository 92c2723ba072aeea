"""On which days listings were seen, and where they said they ship from.

``s_seen(listing_id, market, vendor_id, day)``: a row a listing and day of the period on which
some page showed it.

``s_seen_span(listing_id, market, vendor_id, first_day, last_day)``: the first and last of these
days, a row a listing and vendor.

``s_origin(listing_id, places, first_day, last_day, before, within)``: the countries that a
listing said it ships from, sorted, a row a stretch of days on which it said the same; `before` is
true for its first stretch. Regions (WORLD, EU …) are no origins: a parcel is posted in some
country; while a listing names only regions, `places` is empty. What it said before and after the
period stands there too, as what it last said holds until it says something else; `within` says
whether a stretch holds on a day of the period.
"""

from __future__ import annotations

from cryptodrug_scraper.study.core import StudySession

_SEEN = """
    CREATE TEMP TABLE s_seen AS
    SELECT o.listing_id, l.market, max(o.vendor_id) AS vendor_id,
           CAST(o.observed_at AS date) AS day
    FROM listing_observation o JOIN listing l USING (listing_id)
    WHERE l.market = ANY(:markets)
      AND o.observed_at >= :start AND CAST(o.observed_at AS date) <= :end
    GROUP BY o.listing_id, l.market, CAST(o.observed_at AS date)
"""
# A card that does not name the vendor: the listing's, as last stated.
_VENDORS = """
    UPDATE s_seen s SET vendor_id = l.vendor_id FROM s_listing l
    WHERE s.vendor_id IS NULL AND l.listing_id = s.listing_id AND l.vendor_id IS NOT NULL
"""
_SPANS = """
    CREATE TEMP TABLE s_seen_span AS
    SELECT listing_id, market, vendor_id, min(day) AS first_day, max(day) AS last_day
    FROM s_seen GROUP BY 1, 2, 3
"""
_ORIGINS = """
    CREATE TEMP TABLE s_origin AS
    WITH captured AS (
        SELECT o.listing_id, o.observed_at, CAST(o.observed_at AS date) AS day,
               array_agg(p.place) FILTER (WHERE k.kind = 'country') AS places
        FROM listing_place p
        JOIN listing_observation o USING (page_id, ordinal)
        JOIN listing l USING (listing_id)
        JOIN place k ON k.place = p.place
        WHERE p.role = 'from' AND l.market = ANY(:markets) AND o.observed_at IS NOT NULL
        GROUP BY 1, 2
    ), sorted AS (
        SELECT listing_id, observed_at, day,
               CASE WHEN cardinality(places) > 1
                    THEN ARRAY(SELECT DISTINCT unnest(places) ORDER BY 1)
                    ELSE coalesce(places, '{}') END AS places,
               lead(day) OVER later AS next_day
        FROM captured WINDOW later AS (PARTITION BY listing_id ORDER BY observed_at)
    ), changed AS (  -- of a day on which it changed, what it said last
        SELECT listing_id, day, places, lag(places) OVER later AS said_before,
               lag(day) OVER later AS until, max(day) OVER (PARTITION BY listing_id) AS last_day
        FROM sorted WHERE next_day IS DISTINCT FROM day
        WINDOW later AS (PARTITION BY listing_id ORDER BY observed_at)
    )
    SELECT listing_id, places, day AS first_day,
           coalesce(lead(until) OVER later, last_day) AS last_day, until IS NULL AS before,
           (until IS NULL OR day <= :end) AND coalesce(lead(day) OVER later > :start, true)
               AS within
    FROM changed WHERE said_before IS DISTINCT FROM places
    WINDOW later AS (PARTITION BY listing_id ORDER BY day)
"""


def build_seen(study: StudySession) -> None:
    """Build `s_seen` from `s_listing` (`listings.py`), and `s_seen_span`."""
    study.run(_SEEN)
    study.run(_VENDORS)
    study.run("CREATE INDEX ON s_seen (listing_id, day)")
    study.run("ANALYZE s_seen")
    study.run(_SPANS)
    study.run("ANALYZE s_seen_span")


def build_origins(study: StudySession) -> None:
    """Build `s_origin`."""
    study.run(_ORIGINS)
    study.run("CREATE INDEX ON s_origin (listing_id, first_day)")
    study.run("ANALYZE s_origin")


def origin_at(listing: str, day: str) -> str:
    """Return SQL for the countries that a listing said on a day: the last said, else the first.

    `listing` and `day` are SQL expressions.
    """
    return (
        f"(SELECT places FROM s_origin a WHERE a.listing_id = {listing}"
        f" AND (a.first_day <= {day} OR a.before) ORDER BY a.first_day DESC LIMIT 1)"
    )
