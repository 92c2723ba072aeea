"""What was offered in each period of a bulletin's series, and how much of it was captured.

``s_offered``: a row a listing and period in which it was seen: `places` it said to ship from,
`seller` (its vendor; a listing of no known vendor is a seller of its own), what it sells, the price
of it and of a unit in that period (medians, EUR, of the amount last stated), `first_seen` ever.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

import pandas as pd

from cryptodrug_scraper.report.guard import TOTAL, as_day
from cryptodrug_scraper.report.offer import GROUP
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.coverage import build_known
from cryptodrug_scraper.study.intervals import wilson
from cryptodrug_scraper.study.periods import bucket
from cryptodrug_scraper.study.seen import build_origins, build_seen, origin_at

_OFFERED = """
    CREATE TEMP TABLE s_offered AS
    WITH offered AS (
        SELECT listing_id, market, max(vendor_id) AS vendor_id, {period} AS period,
               max(day) AS day FROM s_seen GROUP BY 1, 2, 4
    ), placed AS (
        SELECT listing_id, count(*) AS changes, max(places) AS places FROM s_origin GROUP BY 1
    ), priced AS (
        SELECT listing_id, {period} AS period,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY price_eur) AS price,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY price_eur / nullif(quantity, 0))
                   AS unit_price
        FROM s_listing_price WHERE held IS NULL AND now AND day BETWEEN :start AND :end
        GROUP BY 1, 2
    )
    SELECT o.listing_id, o.market, o.vendor_id, coalesce(o.vendor_id, -o.listing_id) AS seller,
           o.period, coalesce(CASE WHEN a.changes = 1 THEN a.places
                                   WHEN a.changes > 1 THEN {origin} END, '{{}}') AS places,
           {group} AS substance, l.unit, p.price, p.unit_price, l.first_seen, l.external_id
    FROM offered o
    JOIN s_listing l USING (listing_id)
    LEFT JOIN placed a USING (listing_id)
    LEFT JOIN priced p ON p.listing_id = o.listing_id AND p.period = o.period
"""
_COVERED = """
    SELECT market, period, count(*) AS known, count(*) FILTER (WHERE captured) AS captured FROM (
        SELECT k.market, {period} AS period, bool_or(k.captured) AS captured
        FROM s_known k JOIN s_crawl c USING (market, nth)
        WHERE k.kind = 'listing' AND NOT k.gone GROUP BY k.market, k.thing, 2
    ) AS each GROUP BY 1, 2
"""
# Pages of any time: reviews of a period are seen by later crawls.
_OWN_PAGES = """
    SELECT 'listing' AS kind, o.listing_id AS id, max(CAST(o.observed_at AS date)) AS last_day
    FROM listing_observation o JOIN page p USING (page_id)
    WHERE p.kind = 'listing' AND NOT o.is_card AND p.market = ANY(:markets) GROUP BY 2
    UNION ALL
    SELECT 'vendor', o.vendor_id, max(CAST(o.observed_at AS date))
    FROM vendor_observation o JOIN page p USING (page_id)
    WHERE p.kind = 'vendor' AND o.is_profile AND p.market = ANY(:markets) GROUP BY 2
"""
_SHOWING = """
    SELECT DISTINCT market, p.kind FROM page p
    WHERE market = ANY(:markets) AND kind IN ('listing', 'vendor')
      AND EXISTS (SELECT FROM review_sighting s WHERE s.page_id = p.page_id)
"""
_CAPTURED = """
    SELECT market, {period} AS period, count(*) AS pages FROM page
    WHERE market = ANY(:markets) AND kind IN ('listing', 'vendor', 'search', 'index')
      AND observed_at >= :start AND CAST(observed_at AS date) <= :end
    GROUP BY 1, 2 ORDER BY 1, 2
"""


def build_offered(study: Study, by: str) -> None:
    """Build ``s_offered`` of a study, in its periods."""
    study.prepare()
    study.ensure_built(build_seen, build_origins, build_known)
    origin = origin_at("o.listing_id", "o.day")
    study.run(_OFFERED.format(period=bucket(by, "day"), origin=origin, group=GROUP))
    study.run("CREATE INDEX ON s_offered (period, market); ANALYZE s_offered")


def offers_of(study: Study, country: str) -> pd.DataFrame:
    """Return the rows of ``s_offered`` that said to ship from a country; periods are days."""
    frame = study.frame(
        "SELECT * FROM s_offered WHERE :country = ANY(places) ORDER BY period, listing_id",
        {"country": country},
    )
    return frame.assign(period=[as_day(day) for day in frame["period"]])


@dataclass(frozen=True)
class Share:
    """A part of what was known, with its interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, some: int, all_of: int) -> Share:
        """Return some of all, which are not none, with Wilson's interval."""
        low, high = wilson(some, all_of)
        return cls(some / all_of, float(low), float(high))


class Coverage:
    """By market (TOTAL: all together) and period: pages, and parts that were captured."""

    def __init__(self, study: Study, by: str) -> None:
        frame = study.frame(_CAPTURED.format(period=bucket(by, "observed_at")))
        self.pages = {(m, as_day(day)): int(n) for m, day, n in frame.itertuples(index=False)}
        """How many pages of offers were captured; no key: none."""
        self.listings: dict[tuple[str, Any], Share] = {}
        """Of the listings that pages pointed to, those whose own page was captured."""
        sums = Counter[tuple[str, Any, str]]()
        for row in study.frame(_COVERED.format(period=bucket(by, "c.day"))).to_dict("records"):
            for market, name in product((row["market"], TOTAL), ("captured", "known")):
                sums[market, as_day(row["period"]), name] += int(row[name])
        for market, day, _ in sums:
            share = Share.of(sums[market, day, "captured"], sums[market, day, "known"])
            self.listings[market, day] = share
        self._showing = [(m, kind) for m, kind in study.frame(_SHOWING).itertuples(index=False)]
        self._last = {
            (kind, int(key)): as_day(day)
            for kind, key, day in study.frame(_OWN_PAGES).dropna().itertuples(index=False)
        }

    def seen_since(self, market: str, offers: pd.DataFrame, end: date) -> Share | None:
        """Return of the pages that show a market's reviews the part captured after a day.

        Of the listings and vendors of some offers, whichever pages of the market show reviews; of
        two kinds the lesser part. None where there is no offer, or no page with reviews.
        """
        own = offers[offers["market"] == market]
        parts = []
        for name, kind in self._showing:
            ids = own[f"{kind}_id"].dropna().unique()
            if name == market and len(ids):
                days = [self._last.get((kind, int(key))) for key in ids]
                parts.append(Share.of(sum(day is not None and day > end for day in days), len(ids)))
        return min(parts, key=lambda share: share.value, default=None)
