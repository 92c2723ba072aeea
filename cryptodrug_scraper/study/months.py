"""Which calendar months are whole, so that their numbers can be compared."""

from __future__ import annotations

import pandas as pd

from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.seen import build_seen

EDGE_DAYS = 7
"""How many days at either end of a month may pass without a capture; more if crawls are rarer."""
FEW = 0.05
"""Part of what is seen below which it does not count: a page that somebody looked up alone."""

_MONTHS = """
    WITH daily AS (
        SELECT market, day, CAST(date_trunc('month', day) AS date) AS month, count(*) AS sightings
        FROM s_seen GROUP BY 1, 2
    ), edge AS (
        SELECT market, CAST(floor(greatest(
                   :edge, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap)
               )) AS int) AS days
        FROM (
            SELECT market, day - lag(day) OVER (PARTITION BY market ORDER BY day) AS gap FROM daily
        ) AS gaps GROUP BY 1
    ), part AS (
        SELECT market, month, day, sum(sightings) OVER (PARTITION BY market, month ORDER BY day)
                   / sum(sightings) OVER (PARTITION BY market, month) AS until
        FROM daily
    ), seen AS (
        SELECT market, month, min(day) FILTER (WHERE until >= :few) AS early,
               min(day) FILTER (WHERE until >= 1 - :few) AS late
        FROM part GROUP BY 1, 2
    ), few AS (
        SELECT market, percentile_cont(0.5) WITHIN GROUP (ORDER BY listings) * :few AS listings
        FROM (
            SELECT s.market, s.month, count(*) AS listings
            FROM seen s JOIN s_listing l ON l.market = s.market
                AND l.first_seen < s.month + INTERVAL '1 month' AND l.last_seen >= s.month
            GROUP BY 1, 2
        ) AS monthly GROUP BY 1
    ), month AS (
        SELECT *, CAST(month + INTERVAL '1 month' AS date) - 1 AS last FROM (
            SELECT market, month FROM seen UNION SELECT market, month FROM s_review
        ) AS either
    ), first_seen AS (
        SELECT market, first_seen AS day, count(*) AS listings FROM s_listing GROUP BY 1, 2
    ), last_seen AS (
        SELECT market, last_seen AS day, count(*) AS listings FROM s_listing GROUP BY 1, 2
    )
    SELECT m.market, m.month, e.days AS edge,
           coalesce(s.early < m.month + e.days AND s.late > m.last - e.days, false)
               AND r.open AS stock,
           coalesce(m.month >= :start AND m.last <= :end AND f.listings <= (
               SELECT sum(listings) FROM first_seen a
               WHERE a.market = m.market AND a.day < m.month + e.days AND a.day <= m.last
           ) AND f.listings <= (
               SELECT sum(listings) FROM last_seen b
               WHERE b.market = m.market AND b.day >= m.last
           ), false) AND r.open AS flow
    FROM month m
    JOIN market k USING (market)
    CROSS JOIN LATERAL (
        SELECT NOT coalesce(k.opened_on > m.month AND k.opened_on <= m.last, false)
               AND NOT coalesce(k.closed_on >= m.month AND k.closed_on < m.last, false) AS open
    ) AS r
    LEFT JOIN edge e USING (market)
    LEFT JOIN few f USING (market)
    LEFT JOIN seen s USING (market, month)
    ORDER BY 1, 2
"""
# Days of the months in which the period begins and ends on which, outside of it, more was seen.
_CUT = """
    SELECT DISTINCT l.market, CAST(date_trunc('month', o.day) AS date) AS month
    FROM (
        SELECT DISTINCT listing_id, CAST(observed_at AS date) AS day FROM listing_observation
        WHERE observed_at >= date_trunc('month', CAST(:start AS date))
          AND CAST(observed_at AS date) < :start
           OR CAST(observed_at AS date) > :end
          AND observed_at < date_trunc('month', CAST(:end AS date)) + INTERVAL '1 month'
    ) AS o
    JOIN listing l USING (listing_id) WHERE l.market = ANY(:markets)
"""


def complete_months(study: StudySession) -> pd.DataFrame:
    """Return which months are whole: a row a market and month with a listing seen or a review.

    Columns: market, month (its first day), edge (days), and two that are true where the month is
    whole: `stock` for what was on offer (vendors, listings), `flow` for what was sold (reviews,
    turnover). `edge` is `EDGE_DAYS`, or the median number of days from one day with captures of
    the market's listings to the next, if that is more.

    `stock`: of the month's sightings (a listing on a day) the first and the last 5 % reach into
    its first and its last `edge` days, and captures of the month are not cut by the study's
    period. A page alone, or one of no listing, completes no month.

    `flow`: reviews are found later too, so captures in the month itself do not matter. The
    study's period holds the whole month; listings had been seen by the end of its first `edge`
    days (and of the month itself), and some were seen on its last day or later: in both cases,
    within the study's period or not, at least 5 % as many as were on offer in a month of the
    market (the median).

    A month in the middle of which the market opened or closed is neither.
    """
    # Several measures ask, and it takes a look at every day.
    return study.kept("whole_months", lambda: _watched_months(study)).copy()


def _watched_months(study: StudySession) -> pd.DataFrame:
    prepare(study)
    study.ensure_built(build_seen)
    frame = study.frame(_MONTHS, {"edge": EDGE_DAYS, "few": FEW})
    if study.start is not None or study.end is not None:
        cut = set(study.frame(_CUT).itertuples(index=False, name=None))
        there = zip(frame["market"], frame["month"], strict=True)
        frame["stock"] &= pd.Series([each not in cut for each in there], frame.index, dtype=bool)
    return frame.astype({"stock": bool, "flow": bool})


def complete_quarters(months: pd.DataFrame) -> pd.DataFrame:
    """Return which quarters are whole, from `complete_months`: those of three whole months each."""
    first = [day.replace(month=day.month - (day.month - 1) % 3) for day in months["month"]]
    by_quarter = months.assign(month=first).groupby(["market", "month"], as_index=False)
    sums = by_quarter[["stock", "flow"]].sum()
    return sums.assign(stock=sums["stock"] == 3, flow=sums["flow"] == 3)
