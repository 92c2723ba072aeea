"""Reviews as sales: what each was worth, with bounds (table ``s_review``).

What `price_source` says, and the prices that follow:

- ``review``: the review states what was paid. ``price_eur`` is that, at the rate nearest the day
  it was posted. Bounds: also at the rate of the day it was captured, since markets convert for
  the reader; and half a unit of the last digit less or more, if the page says "about".
- ``listing``: else the listing's price for one unit, as observed nearest in time. Bounds: the
  lesser and the greater of the last price before the review and the first after it.
- ``vendor``: else ``price_eur`` is null, and the median price of the vendor's listings is the
  upper bound; the lower is 0.
- ``none``: null, and both bounds are 0.

Prices of a listing that are over `ABSURD` times its typical price, or under one of as many parts
of it, are holding prices or slips (s_listing has the typical price without them) and are not used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptodrug_scraper.normalise.money import COINS
from cryptodrug_scraper.study.rates import RULE, build_rates
from cryptodrug_scraper.study.seen import build_origins, origin_at

if TYPE_CHECKING:
    from cryptodrug_scraper.study.core import Study

ABSURD = 10
"""A listing's price so many times its typical one, up or down, is no price that was paid."""

VALUE_BANDS: tuple[tuple[str, float], ...] = (("retail", 0), ("middle", 200), ("wholesale", 1000))
"""Bands of a sale by value: name, and the EUR from which it begins."""

ASSUMPTIONS = (
    "Each review is one sale of one unit of the listing; sales without a review are not seen, so "
    "the numbers are a lower bound of sales.",
    "The sale is dated by its review, which comes some days to weeks after it.",
    RULE,
)

_PAID = """
    CREATE TEMP TABLE s_paid AS
    SELECT r.review_id, v.market, r.vendor_id, r.listing_id, r.posted_on,
           r.price_amount IS NOT NULL AS stated,
           r.price_amount * coalesce(p.eur, f.eur) AS price,
           greatest(r.price_amount - slack.half, 0) * least(p.eur, f.eur) AS low,
           (r.price_amount + slack.half) * greatest(p.eur, f.eur) AS high,
           CASE WHEN p.own THEN 'near' WHEN NOT p.own THEN 'other' WHEN f.own IS NOT NULL
                THEN 'capture' END AS rate
    FROM review r
    JOIN vendor v USING (vendor_id)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN r.price_approximate
                    THEN 0.5 * CAST(10 AS numeric) ^ (-scale(r.price_amount)) ELSE 0 END AS half
    ) AS slack
    LEFT JOIN s_rate_near p
        ON p.market = v.market AND p.currency = r.price_currency AND p.day = r.posted_on
    LEFT JOIN s_rate_near f
        ON (p.day IS NOT NULL OR r.price_currency <> ALL(:coins))
        AND f.market = v.market AND f.currency = r.price_currency
        AND f.day = CAST(r.first_seen AS date)
    WHERE v.market = ANY(:markets) AND r.posted_on BETWEEN :start AND :end
"""
_PRICES = """
    CREATE TEMP TABLE s_price AS
    WITH wanted AS (
        SELECT DISTINCT listing_id FROM s_paid WHERE price IS NULL AND listing_id IS NOT NULL
    ), daily AS (
        SELECT DISTINCT ON (o.listing_id, CAST(o.observed_at AS date))
               o.listing_id, CAST(o.observed_at AS date) AS day, o.price_amount * n.eur AS eur
        FROM wanted
        JOIN listing_observation o USING (listing_id)
        JOIN listing l USING (listing_id)
        JOIN s_rate_near n ON n.market = l.market AND n.currency = o.price_currency
            AND n.day = CAST(o.observed_at AS date)
        JOIN s_listing s ON s.listing_id = o.listing_id
        WHERE o.price_amount > 0 AND o.price_amount * n.eur
            BETWEEN s.price_eur / :absurd AND s.price_eur * :absurd
        ORDER BY o.listing_id, CAST(o.observed_at AS date), o.is_card, o.observed_at, o.page_id
    ), each AS (
        SELECT listing_id, day, eur FROM daily
        UNION ALL
        SELECT DISTINCT listing_id, DATE '0001-01-01', CAST(NULL AS numeric) FROM daily
    )
    SELECT listing_id, day, eur, lead(day) OVER later AS next_day, lead(eur) OVER later AS next_eur
    FROM each WINDOW later AS (PARTITION BY listing_id ORDER BY day)
"""
_TYPICAL = """
    CREATE TEMP TABLE s_vendor_typical AS
    SELECT vendor_id,
           CAST(percentile_disc(0.5) WITHIN GROUP (ORDER BY price_eur) AS numeric) AS price_eur,
           CASE WHEN count(DISTINCT substance) = 1 THEN max(substance) END AS substance
    FROM s_listing WHERE vendor_id IS NOT NULL GROUP BY 1
"""
_VENDOR_PLACES = """
    CREATE TEMP TABLE s_vendor_places AS
    SELECT vendor_id, array_agg(DISTINCT place) AS places
    FROM s_listing CROSS JOIN LATERAL unnest(from_countries) AS place
    WHERE vendor_id IS NOT NULL GROUP BY 1
"""
# OFFSET 0: the look-up is made only for reviews that need it.
_REVIEWS = f"""
    CREATE TEMP TABLE s_review AS
    SELECT r.review_id, r.market, r.vendor_id, r.listing_id, r.posted_on,
           CAST(date_trunc('month', r.posted_on) AS date) AS month,
           round(r.price_eur, 4) AS price_eur, round(r.low_eur, 4) AS low_eur,
           round(r.high_eur, 4) AS high_eur, r.price_source, r.away, r.rate, r.stated,
           coalesce(l.substance, CASE WHEN r.listing_id IS NULL THEN t.substance END, 'unknown')
               AS substance,
           CASE {{bands}} END AS band_value,
           coalesce(
               CASE WHEN o.changes = 1 THEN o.places
                    WHEN o.changes > 1 THEN {origin_at("r.listing_id", "r.posted_on")} END,
               CASE WHEN r.listing_id IS NULL THEN vp.places ELSE l.from_countries END, '{{{{}}}}'
           ) AS from_countries
    FROM (
        SELECT p.review_id, p.market, p.vendor_id, p.listing_id, p.posted_on, p.price AS price_eur,
               p.low AS low_eur, p.high AS high_eur, 'review' AS price_source, 0 AS away,
               p.rate, p.stated
        FROM s_paid p WHERE p.price IS NOT NULL
        UNION ALL
        SELECT p.review_id, p.market, p.vendor_id, p.listing_id, p.posted_on,
               CASE WHEN near.after THEN a.next_eur ELSE a.eur END,
               coalesce(least(a.eur, a.next_eur), 0),
               coalesce(greatest(a.eur, a.next_eur), t.price_eur, 0),
               CASE WHEN a.listing_id IS NOT NULL THEN 'listing'
                    WHEN t.price_eur IS NOT NULL THEN 'vendor' ELSE 'none' END,
               CASE WHEN near.after THEN a.next_day - p.posted_on ELSE p.posted_on - a.day END,
               CAST(NULL AS text), p.stated
        FROM s_paid p
        LEFT JOIN LATERAL (
            SELECT * FROM s_price s
            WHERE s.listing_id = p.listing_id AND s.day <= p.posted_on
            ORDER BY s.day DESC LIMIT 1
        ) AS a ON true
        CROSS JOIN LATERAL (
            SELECT a.eur IS NULL OR coalesce(a.next_day - p.posted_on < p.posted_on - a.day, false)
                AS after
        ) AS near
        LEFT JOIN s_vendor_typical t USING (vendor_id)
        WHERE p.price IS NULL
    ) AS r
    LEFT JOIN s_listing l ON l.listing_id = r.listing_id
    LEFT JOIN s_vendor_typical t ON t.vendor_id = r.vendor_id
    LEFT JOIN s_vendor_places vp ON vp.vendor_id = r.vendor_id
    LEFT JOIN (
        SELECT listing_id, count(*) AS changes, max(places) AS places FROM s_origin GROUP BY 1
    ) AS o ON o.listing_id = r.listing_id
"""


def build_reviews(study: Study) -> None:
    """Build `s_review` (and `s_price`, the listings' prices a day) from `s_listing`."""
    study.once(build_rates, build_origins)
    bands = study.notes.setdefault("value_bands", VALUE_BANDS)
    study.run(_PAID, {"coins": sorted(COINS)})
    study.run("CREATE INDEX ON s_paid (listing_id) WHERE price IS NULL")
    study.run("ANALYZE s_paid")
    study.run(_PRICES, {"absurd": ABSURD})
    study.run("CREATE INDEX ON s_price (listing_id, day)")
    study.run("ANALYZE s_price")
    study.run(_TYPICAL)
    study.run(_VENDOR_PLACES)
    study.run("ANALYZE s_vendor_typical")
    study.run("ANALYZE s_vendor_places")
    cases = " ".join(
        f"WHEN r.price_eur >= {float(least)!r} THEN '{name}'"
        for name, least in sorted(bands, key=lambda band: -band[1])
    )
    study.run(_REVIEWS.format(bands=cases))
    study.run("CREATE INDEX ON s_review (vendor_id)")
    study.run("ANALYZE s_review")
    study.run("DROP TABLE s_paid")
