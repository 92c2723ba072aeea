"""Reviews as sales: what each was worth, with bounds (table ``s_review``).

What `price_source` says, and the prices that follow:

- ``review``: the review states what was paid. ``price_eur`` of coins is that at the rate which
  the page shows that stated it, else at the nearest to its capture, since markets convert for the
  reader; of a state's currency, which hardly moves, at the rate nearest the day it was posted.
  Where one is not known, the other counts. Bounds: by both rates; and half a unit of the last
  digit less or more, if the page says "about".
- ``listing``: else the listing's price for one unit, as observed nearest in time. Bounds: the
  lesser and the greater of the last price before the review and the first after it.
- ``vendor``: else ``price_eur`` is null, and the median price of the vendor's listings is the
  upper bound; the lower is 0.
- ``none``: null, and both bounds are 0.

A review that may be another before its words were changed (`edits.py`) is `suspected`, and its
lower bound is 0: lower bounds count the two once. `least_eur` is what it is worth at least if it is
a sale of its own.

It counts on ``posted_on``, the estimate of its day (`days.py`), and was surely posted from
``first_day`` to ``last_day``; `spans` says whether these lie in two months. What can have been
posted in the study's period, and is taken for earlier or later, stands in ``s_review_edge``.

`poor` are those of low rating: the worst of three, or one star of five.

Prices of listings that `prices.py` flags as holding or absurd are not used.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptodrug_scraper.normalise.money import COINS
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.days import build_rounding, posted
from cryptodrug_scraper.study.edits import build_suspected
from cryptodrug_scraper.study.measure import Note
from cryptodrug_scraper.study.rates import RULES, build_rates
from cryptodrug_scraper.study.seen import build_origins, origin_at

ASSUMPTIONS = (
    Note.of_method("one_sale"),
    Note.of_method("dated_by_review"),
    Note.of_method("day_of_age"),
    *RULES,
)

POOR = 0.2
"""Of the most stars that there are, the part up to which a rating is low: one of five."""
_PRICES = """
    CREATE TEMP TABLE {table} AS
    WITH daily AS (  -- of several prices on a day, the least
        SELECT DISTINCT ON (listing_id, day) listing_id, day, CAST(price_eur AS numeric) AS eur
        FROM s_listing_price WHERE {where} ORDER BY listing_id, day, price_eur
    ), each AS (
        SELECT listing_id, day, eur, lag(day) OVER same IS NULL AS first,
               lead(day) OVER same AS next_day, lead(eur) OVER same AS next_eur
        FROM daily WINDOW same AS (PARTITION BY listing_id ORDER BY day)
    )
    SELECT listing_id,
           CASE WHEN before THEN DATE '0001-01-01' ELSE day END AS day,
           CASE WHEN NOT before THEN eur END AS eur,
           CASE WHEN before THEN day ELSE next_day END AS next_day,
           CASE WHEN before THEN eur ELSE next_eur END AS next_eur
    FROM each JOIN (VALUES (true), (false)) AS row(before) ON first OR NOT before
"""
_TYPICAL = """
    CREATE TEMP TABLE s_vendor_typical AS
    WITH typical AS (
        SELECT vendor_id,
               CAST(percentile_disc(0.5) WITHIN GROUP (ORDER BY price_eur) AS numeric) AS price_eur,
               CASE WHEN count(DISTINCT substance) = 1 THEN max(substance) END AS substance
        FROM s_listing WHERE vendor_id IS NOT NULL GROUP BY 1
    ), ever AS (
        SELECT vendor_id, array_agg(DISTINCT place) AS places
        FROM s_listing CROSS JOIN LATERAL unnest(from_countries) AS f(place)
        JOIN place k USING (place)
        WHERE vendor_id IS NOT NULL AND k.kind = 'country' GROUP BY 1
    )
    SELECT * FROM typical LEFT JOIN ever USING (vendor_id)
"""
_SAID = """
    CREATE TEMP TABLE s_said AS
    SELECT l.listing_id, l.substance,
           coalesce(o.places, ARRAY(SELECT p.place FROM place p WHERE p.kind = 'country'
                                    AND p.place = ANY(l.from_countries))) AS places,
           coalesce(o.stretches > 1, false) AS changed
    FROM s_listing l
    LEFT JOIN (
        SELECT listing_id, count(*) AS stretches, max(places) AS places FROM s_origin GROUP BY 1
    ) AS o USING (listing_id)
"""
_COLUMNS = (
    "review_id", "vendor_id", "listing_id", "sentiment", "rating", "rating_max", "price_amount",
    "price_currency", "price_approximate", "price_page_id", "first_seen",
)  # fmt: skip
_REVIEWS = f"""
    CREATE TEMP TABLE s_review AS
    SELECT r.review_id, r.market, r.vendor_id, r.listing_id, r.posted_on,
           r.first_day, r.last_day,
           r.last_day - CAST(date_part('day', r.last_day) AS int) >= r.first_day AS spans,
           r.posted_on + 1 - CAST(date_part('day', r.posted_on) AS int) AS month,
           round(r.price_eur, 4) AS price_eur,
           CASE WHEN e.review_id IS NULL THEN round(r.low_eur, 4) ELSE 0 END AS low_eur,
           round(r.low_eur, 4) AS least_eur, round(r.high_eur, 4) AS high_eur,
           r.price_source, r.away, r.rate, r.stated, r.in_coin, r.poor,
           e.review_id IS NOT NULL AS suspected,
           coalesce(l.substance, CASE WHEN l.listing_id IS NULL THEN typical_substance END,
               'unknown') AS substance,
           CASE {{bands}} END AS band_value,
           coalesce(
               CASE WHEN l.changed THEN {origin_at("r.listing_id", "r.posted_on")}
                    WHEN l.listing_id IS NULL THEN typical_places ELSE l.places END,
               '{{{{}}}}'
           ) AS from_countries
    FROM (
        SELECT p.*, t.substance AS typical_substance, t.places AS typical_places, a.*,
               coalesce(p.paid, CASE WHEN near.after THEN a.next_eur ELSE a.eur END) AS price_eur,
               CASE WHEN p.paid IS NOT NULL THEN p.paid_low
                    ELSE coalesce(least(a.eur, a.next_eur), 0) END AS low_eur,
               CASE WHEN p.paid IS NOT NULL THEN p.paid_high
                    ELSE coalesce(greatest(a.eur, a.next_eur), t.price_eur, 0) END AS high_eur,
               CASE WHEN p.paid IS NOT NULL THEN 'review' WHEN a.day IS NOT NULL THEN 'listing'
                    WHEN t.price_eur IS NOT NULL THEN 'vendor' ELSE 'none' END AS price_source,
               CASE WHEN p.paid IS NOT NULL THEN 0
                    WHEN near.after THEN a.next_day - p.posted_on
                    ELSE p.posted_on - a.day END AS away
        FROM (
            SELECT r.review_id, r.market, r.vendor_id, r.listing_id, r.first_day, r.last_day,
                   r.posted_on, r.stated, r.in_coin, r.poor,
                   r.price_amount * CASE WHEN in_coin THEN coalesce(shown, p_eur)
                                         ELSE coalesce(p_eur, shown) END AS paid,
                   greatest(r.price_amount - half, 0) * least(p_eur, shown) AS paid_low,
                   (r.price_amount + half) * greatest(p_eur, shown) AS paid_high,
                   CASE WHEN in_coin AND o_eur IS NOT NULL THEN 'page'
                        WHEN in_coin AND f_eur IS NULL AND p_eur IS NOT NULL THEN 'posted'
                        WHEN NOT in_coin AND p_eur IS NULL AND shown IS NOT NULL THEN 'capture'
                        WHEN CASE WHEN in_coin THEN f_own ELSE p_own END THEN 'near'
                        WHEN r.price_amount * coalesce(shown, p_eur) IS NOT NULL
                            THEN 'other' END AS rate
            FROM (
                SELECT r.*, p.eur AS p_eur, p.own AS p_own, o.eur AS o_eur,
                       f.eur AS f_eur, f.own AS f_own, coalesce(o.eur, f.eur) AS shown
                FROM (
                    SELECT r.*, r.price_amount IS NOT NULL AS stated,
                           coalesce(r.price_currency = ANY(:coins), false) AS in_coin,
                           coalesce(r.sentiment = 'negative',
                                    r.rating <= {POOR} * r.rating_max, false) AS poor,
                           CASE WHEN r.price_approximate
                                THEN 0.5 * CAST(10 AS numeric) ^ (-scale(r.price_amount))
                                ELSE 0 END AS half,
                           g.exchange_panel_id,
                           CAST(coalesce(g.observed_at, r.first_seen) AS date) AS shown_on
                    FROM ({posted(_COLUMNS)}) AS r
                    LEFT JOIN page g ON g.page_id = r.price_page_id
                    WHERE r.last_day >= :start AND r.first_day <= :end OFFSET 0
                ) AS r
                LEFT JOIN s_rate_near p
                    ON p.market = r.market AND p.currency = r.price_currency
                    AND p.day = r.posted_on
                LEFT JOIN s_panel o ON o.exchange_panel_id = r.exchange_panel_id
                    AND o.currency = r.price_currency
                LEFT JOIN s_rate_near f
                    ON f.market = r.market AND f.currency = r.price_currency
                    AND f.day = r.shown_on
                OFFSET 0
            ) AS r
            OFFSET 0  -- worked out once, and not for each column
        ) AS p
        LEFT JOIN s_vendor_typical t USING (vendor_id)
        LEFT JOIN LATERAL (
            SELECT s.day, s.eur, s.next_day, s.next_eur FROM s_price s
            WHERE p.paid IS NULL AND s.listing_id = p.listing_id AND s.day <= p.posted_on
            ORDER BY s.day DESC LIMIT 1
        ) AS a ON true
        CROSS JOIN LATERAL (
            SELECT a.eur IS NULL OR coalesce(a.next_day - p.posted_on < p.posted_on - a.day, false)
                AS after
        ) AS near
    ) AS r
    LEFT JOIN s_said l ON l.listing_id = r.listing_id
    LEFT JOIN s_suspected e ON e.review_id = r.review_id
"""
# Reviews that can have been posted in the period, and are taken for earlier or later ones.
_EDGE = """
    WITH outside AS (
        DELETE FROM s_review WHERE posted_on NOT BETWEEN :start AND :end RETURNING *
    ) INSERT INTO s_review_edge SELECT * FROM outside
"""
_SOLD = """
    CREATE TEMP TABLE s_sold AS
    SELECT listing_id, count(*) AS reviews, coalesce(sum(price_eur), 0) AS turnover_eur
    FROM s_review WHERE listing_id IS NOT NULL GROUP BY 1
"""


def build_reviews(study: StudySession) -> None:
    """Build `s_review` from the tables of `listings.build_listings`.

    Beside it, `s_price`: what listings cost on the days on which a price was seen.
    """
    study.ensure_built(build_rounding, build_rates, build_origins, build_suspected)
    bands: Sequence[tuple[str, float]] = study.notes["value_bands"]
    study.run(price_steps("s_price", "held IS NULL"))
    study.run("CREATE INDEX ON s_price (listing_id, day)")
    study.run("ANALYZE s_price")
    study.run(_TYPICAL)
    study.run(_SAID)
    study.run("ANALYZE s_vendor_typical")
    study.run("ANALYZE s_said")
    cases = " ".join(
        f"WHEN r.price_eur >= {float(least)!r} THEN '{name}'"
        for name, least in sorted(bands, key=lambda band: -band[1])
    )
    study.run(_REVIEWS.format(bands=cases), {"coins": sorted(COINS)})
    study.run("CREATE TEMP TABLE s_review_edge (LIKE s_review)")
    if study.start is not None or study.end is not None:
        study.run(_EDGE)
    study.run("ANALYZE s_review")
    study.run("DROP TABLE s_said")


def price_steps(table: str, where: str) -> str:
    """Return SQL that makes a table of what listings cost from one day to the next.

    `where` chooses among the rows of ``s_listing_price``. Columns: listing_id; day and eur, null
    before the first; next_day, next_eur.
    """
    return _PRICES.format(table=table, where=where)


def build_sold(study: StudySession) -> None:
    """Build `s_sold` from `s_review`: reviews and turnover a listing."""
    study.run(_SOLD)
    study.run("ANALYZE s_sold")
