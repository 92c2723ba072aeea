"""What a currency was worth in EUR on each day, by the rates that markets' own pages showed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptodrug_scraper.study.core import Study

RULE = (
    "A price is turned into EUR by the rate on the page that shows it; else by the median of the "
    "same market's rates of the nearest day, at most {days} days away (the earlier of two); else, "
    "of a market that shows no rates, by those of another market in the same way; else it is "
    "left out."
)


def build_rates(study: Study, *, days: int = 7) -> None:
    """Make TEMP tables of rates.

    - ``s_panel_rate(exchange_panel_id, currency, eur)``: each panel of a market's rates.
    - ``s_rate(market, currency, day, eur, days_away, rate_source)``: a row for every market,
      currency and day for which one is found by the rule `RULE`; ``rate_source`` is ``market`` or
      ``other_market`` (EUR itself: 1, ``market``). One unit of ``currency`` is ``eur`` EUR.
    """
    study.run(
        """
        CREATE TEMP TABLE s_panel_rate AS
        SELECT exchange_panel_id, currency, eur::float8 AS eur FROM exchange_to_eur
        WHERE eur > 0
        """
    )
    study.run("CREATE INDEX ON s_panel_rate (exchange_panel_id, currency); ANALYZE s_panel_rate")
    study.run(
        """
        CREATE TEMP TABLE s_rate_seen AS
        SELECT market, currency, day,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY eur) AS eur
        FROM (SELECT DISTINCT market, observed_at::date AS day, exchange_panel_id FROM page
              WHERE exchange_panel_id IS NOT NULL AND observed_at IS NOT NULL) AS shown
        JOIN s_panel_rate USING (exchange_panel_id)
        GROUP BY market, currency, day
        """
    )
    study.run("CREATE INDEX ON s_rate_seen (currency, market, day); ANALYZE s_rate_seen")
    study.run(
        """
        CREATE TEMP TABLE s_rate AS
        WITH span AS (
            SELECT min(observed_at)::date - :days AS low, max(observed_at)::date + :days AS high
            FROM page
        ), wanted AS (
            SELECT m.market, c.currency, d::date AS day
            FROM unnest(CAST(:markets AS text[])) AS m(market)
            CROSS JOIN (SELECT DISTINCT currency FROM s_rate_seen) AS c, span,
            generate_series(span.low, span.high, interval '1 day') AS d
            WHERE c.currency <> 'EUR'
        )
        SELECT w.market, w.currency, w.day, near.eur, abs(near.day - w.day) AS days_away,
               CASE WHEN near.market = w.market THEN 'market' ELSE 'other_market' END
               AS rate_source
        FROM wanted w
        CROSS JOIN LATERAL (
            SELECT s.market, s.day, s.eur FROM s_rate_seen s
            WHERE s.currency = w.currency AND s.day BETWEEN w.day - :days AND w.day + :days
            ORDER BY s.market <> w.market, abs(s.day - w.day), s.day, s.market LIMIT 1
        ) AS near
        UNION ALL
        SELECT m.market, 'EUR', d::date, 1, 0, 'market'
        FROM unnest(CAST(:markets AS text[])) AS m(market), span,
             generate_series(span.low, span.high, interval '1 day') AS d
        """,
        {"days": days},
    )
    study.run("CREATE UNIQUE INDEX ON s_rate (market, currency, day); ANALYZE s_rate")
