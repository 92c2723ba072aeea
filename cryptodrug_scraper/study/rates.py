"""What a currency was worth in EUR on a day, by the markets' own pages.

``s_panel(exchange_panel_id, currency, eur)``: by one panel.
``s_rate(market, currency, day, eur)``: the median of the panels that a market showed on a day.
``s_rate_near(market, currency, day, eur, own, away)``: for each day on which a price can have been
meant in a currency, the rate of the nearest day, of the market itself (`own`) or, where it
shows none near, of another market; `away` in days. EUR stands in it as 1.
"""

from __future__ import annotations

from cryptodrug_scraper.normalise.money import COINS
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.measure import Note

COIN_DAYS = 7
"""A coin's rate holds for prices of so many days before and after. Coins move by tens of
percent a month."""
FIAT_DAYS = 92
"""So too for a state's currency, which moves by a few percent in three months."""

RULES = (
    Note.of_method("rates", coin_days=COIN_DAYS, fiat_days=FIAT_DAYS),
    Note.of_method("shown_rates"),
)
"""What a method that converts amounts assumes: of all amounts, and of those that reviews state."""

_PANELS = """
    CREATE TEMP TABLE s_panel AS
    SELECT exchange_panel_id, currency, eur FROM exchange_to_eur WHERE currency <> 'EUR'
"""
_RATES = """
    CREATE TEMP TABLE s_rate AS
    SELECT p.market, x.currency, p.day,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY x.eur) AS eur
    FROM (
        SELECT DISTINCT market, exchange_panel_id, CAST(observed_at AS date) AS day
        FROM page
        WHERE exchange_panel_id IS NOT NULL AND observed_at IS NOT NULL AND market IS NOT NULL
    ) AS p
    JOIN s_panel x USING (exchange_panel_id)
    GROUP BY 1, 2, 3
"""
_NEAR = """
    CREATE TEMP TABLE s_rate_near AS
    WITH stated AS (
        SELECT v.market, r.price_currency AS currency,
               least(min(posted_on), CAST(least(min(earliest), min(first_seen)) AS date)) AS first,
               greatest(max(posted_on), CAST(greatest(max(latest), max(last_seen)) AS date)) AS last
        FROM review r JOIN vendor v USING (vendor_id)
        WHERE r.price_currency IS NOT NULL GROUP BY 1, 2
    ), shown AS (
        SELECT min(day) - CAST(:fiat_days AS int) AS first,
               max(day) + CAST(:fiat_days AS int) AS last FROM s_rate
    ), priced AS (
        SELECT market, currency, CAST(generate_series(
                   CASE WHEN currency = 'EUR' THEN s.first ELSE greatest(s.first, w.first) END,
                   CASE WHEN currency = 'EUR' THEN s.last ELSE least(s.last, w.last) END,
                   INTERVAL '1 day') AS date) AS day
        FROM stated s CROSS JOIN shown w
        UNION
        SELECT l.market, o.price_currency, CAST(o.observed_at AS date)
        FROM listing_observation o JOIN listing l USING (listing_id)
        WHERE o.price_currency IS NOT NULL
    )
    SELECT p.market, p.currency, p.day, n.eur, n.own, n.away
    FROM priced p
    CROSS JOIN LATERAL (
        SELECT * FROM (
            SELECT r.eur, r.market = p.market AS own, abs(r.day - p.day) AS away, r.day, r.market
            FROM s_rate r
            WHERE r.currency = p.currency AND abs(r.day - p.day)
                <= CASE WHEN p.currency = ANY(:coins) THEN :coin_days ELSE :fiat_days END
            UNION ALL
            SELECT 1, true, 0, p.day, p.market WHERE p.currency = 'EUR'
        ) AS candidate ORDER BY own DESC, away, day, market LIMIT 1
    ) AS n
    WHERE p.day IS NOT NULL
"""


def build_rates(study: StudySession) -> None:
    """Build `s_panel`, `s_rate` and `s_rate_near`, for all markets of the database."""
    study.run(_PANELS)
    study.run("CREATE UNIQUE INDEX ON s_panel (exchange_panel_id, currency); ANALYZE s_panel")
    study.run(_RATES)
    study.run("CREATE INDEX ON s_rate (currency, day)")
    study.run("ANALYZE s_rate")
    limits = {"coins": sorted(COINS), "coin_days": COIN_DAYS, "fiat_days": FIAT_DAYS}
    study.run(_NEAR, limits)
    study.run("CREATE INDEX ON s_rate_near (market, currency, day)")
    study.run("ANALYZE s_rate_near")
