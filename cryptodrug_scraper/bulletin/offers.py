"""What was offered in each period of a bulletin's series, and how much of it was captured.

``s_offered``: a row a listing and period in which it was seen: `places` it said to ship from,
`seller` (its vendor; a listing of no known vendor is a seller of its own), what it sells, the price
of it and of a unit in that period (medians, EUR, of the amount last stated), `first_seen` ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    WITH each AS (
        SELECT k.market, k.kind, k.thing, {period} AS period, bool_or(k.captured) AS captured
        FROM s_known k JOIN s_crawl c USING (market, nth) WHERE NOT k.gone GROUP BY 1, 2, 3, 4
    ), later AS (
        SELECT *, bool_or(captured) OVER (
                   PARTITION BY market, kind, thing ORDER BY period DESC) AS later
        FROM each
    )
    SELECT market, kind, period, count(*) AS known, count(*) FILTER (WHERE captured) AS captured,
           count(*) FILTER (WHERE later) AS later
    FROM later GROUP BY 1, 2, 3
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


class Coverage:
    """By market (TOTAL: all together) and period: pages, and parts that were captured."""

    def __init__(self, study: Study, by: str) -> None:
        frame = study.frame(_CAPTURED.format(period=bucket(by, "observed_at")))
        self.pages = {(m, as_day(day)): int(n) for m, day, n in frame.itertuples(index=False)}
        """How many pages of offers were captured; no key: none."""
        showing = {(m, kind) for m, kind in study.frame(_SHOWING).itertuples(index=False)}
        rows = study.frame(_COVERED.format(period=bucket(by, "c.day"))).to_dict("records")
        listings = [(row, "captured") for row in rows if row["kind"] == "listing"]
        self.listings = _shares(listings)
        """Of the listings that pages pointed to, those whose own page was captured."""
        self.reviews: dict[tuple[str, Any], Share] = {}
        """Of pages that show reviews those captured then or later: of two kinds, the lesser."""
        for kind in ("listing", "vendor"):
            shown = [(r, "later") for r in rows if (r["market"], r["kind"]) in showing]
            for at, part in _shares([r for r in shown if r[0]["kind"] == kind]).items():
                if at not in self.reviews or part.low < self.reviews[at].low:
                    self.reviews[at] = part


def _shares(rows: list[tuple[Mapping[str, Any], str]]) -> dict[tuple[str, Any], Share]:
    sums: dict[tuple[str, Any], list[int]] = {}
    for row, name in rows:
        for market in (row["market"], TOTAL):
            into = sums.setdefault((market, as_day(row["period"])), [0, 0])
            into[0] += int(row[name])
            into[1] += int(row["known"])
    result = {}
    for key, (some, of) in sums.items():
        low, high = wilson(some, of)
        result[key] = Share(some / of, float(low), float(high))
    return result
