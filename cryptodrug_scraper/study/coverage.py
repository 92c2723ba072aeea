"""What crawls missed, so that growth is not taken for what is better crawling.

``s_known(market, crawl, kind, external_id, day, captured, gone)``: a row a crawl, and listing or
vendor that some page of the crawl pointed to or that it captured. A crawl is a run (table
crawl_run) or, of pages that belong to none, a week that begins on Monday. ``day`` is the first
day of the crawl; `gone`, that the market answered that it is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.measure import Measure

if TYPE_CHECKING:
    from cryptodrug_scraper.study.core import Study

LOW = 0.9
"""Coverage under which numbers carry a caveat."""
CHANGE = 0.1
"""So too where the coverage of two periods differs by more."""

_CRAWLS = """
    CREATE TEMP TABLE s_page AS
    SELECT p.page_id, p.market, p.kind,
           regexp_replace(p.url, '^[A-Za-z]+://[^/]*', '') AS path,
           coalesce('run ' || p.crawl_run_id, 'week ' || to_char(p.observed_at, 'IYYY-"W"IW'))
               AS crawl,
           CAST(p.observed_at AS date) AS day
    FROM page p
    WHERE p.market = ANY(:markets) AND p.observed_at >= :start
      AND CAST(p.observed_at AS date) <= :end
"""
_KNOWN = """
    CREATE TEMP TABLE s_known AS
    WITH begun AS (
        SELECT market, crawl, min(day) AS day FROM s_page GROUP BY 1, 2
    ), pointed AS (
        SELECT DISTINCT s.market, s.crawl, e.link_id
        FROM s_page s
        JOIN page_link p USING (page_id)
        CROSS JOIN LATERAL unnest(p.link_ids) AS e(link_id)
        WHERE p.kind IN ('listing', 'vendor')
    ), absent AS (
        SELECT DISTINCT market, crawl, path FROM s_page WHERE kind = 'not_found'
    ), each AS (
        SELECT p.market, p.crawl, l.kind, l.external_id, false AS captured,
               a.path IS NOT NULL AS gone
        FROM pointed p
        JOIN link l USING (link_id)
        LEFT JOIN absent a ON a.market = p.market AND a.crawl = p.crawl
            AND a.path = regexp_replace(l.url, '^[A-Za-z]+://[^/]*', '')
        WHERE l.external_id IS NOT NULL
        UNION ALL
        SELECT s.market, s.crawl, 'listing', l.external_id, true, false
        FROM s_page s
        JOIN listing_observation o USING (page_id)
        JOIN listing l USING (listing_id)
        WHERE s.kind = 'listing' AND NOT o.is_card
        UNION ALL
        SELECT s.market, s.crawl, 'vendor', v.handle, true, false
        FROM s_page s
        JOIN vendor_observation o USING (page_id)
        JOIN vendor v USING (vendor_id)
        WHERE s.kind = 'vendor' AND o.is_profile
    )
    SELECT market, crawl, kind, external_id, begun.day, bool_or(captured) AS captured,
           bool_or(gone) AND NOT bool_or(captured) AS gone
    FROM each JOIN begun USING (market, crawl)
    GROUP BY market, crawl, kind, external_id, begun.day
"""


def build_known(study: Study) -> None:
    """Build `s_known` (and `s_page`, the pages of the study with their crawls)."""
    study.run(_CRAWLS)
    study.run("CREATE INDEX ON s_page (page_id)")
    study.run("ANALYZE s_page")
    study.run(_KNOWN)
    study.run("CREATE INDEX ON s_known (market, kind, external_id)")
    study.run("ANALYZE s_known")


def coverage(study: Study) -> Measure:
    """Return what each crawl knew of, captured and missed; a row a market, crawl and kind."""
    study.once(build_known)
    frame = study.frame(
        """
        SELECT market, crawl, day, kind, count(*) AS known,
               count(*) FILTER (WHERE captured) AS captured, count(*) FILTER (WHERE gone) AS gone,
               count(*) FILTER (WHERE NOT captured AND NOT gone) AS missed,
               avg(captured::int) FILTER (WHERE NOT gone) AS coverage
        FROM s_known GROUP BY 1, 2, 3, 4 ORDER BY 1, 3, 2, 4
        """
    )
    undated = study.row(
        "SELECT count(*) AS n FROM page WHERE market = ANY(:markets) AND observed_at IS NULL"
    )["n"]
    listings = frame[frame["kind"] == "listing"]
    return Measure(
        name="coverage",
        frame=frame,
        columns={
            "market": "The market.",
            "crawl": "The crawl's run, or the week of captures that belong to no run.",
            "day": "Its first day.",
            "kind": "listing or vendor.",
            "known": "Listings or vendors that pages of the crawl pointed to or were of (number).",
            "captured": "Of these, those whose own page was captured (number).",
            "gone": "Of these, those that the market answered are not there (number).",
            "missed": "Of these, those of which there is no answer (number).",
            "coverage": "captured / (known − gone), 0 to 1.",
        },
        definition="Coverage of a crawl is the part of the listings (vendors) known in it, by "
        "pages that pointed to them, whose own page was captured in it.",
        assumptions=("An offer that no captured page points to is not known, and not counted.",),
        uncertainty="An upper bound of the true coverage: where the pages that point to offers "
        "were missed too, those offers are not known at all. Measure recapture estimates these.",
        sources=(lit.CHRISTIN_2013, lit.SOSKA_CHRISTIN_2015, lit.VAN_BUSKIRK_2017),
        left_out={"pages without a date": int(undated)},
        caveats=coverage_caveats(listings.rename(columns={"day": "period"})),
    )


def coverage_caveats(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return what a frame with market, period and coverage must be read with."""
    found = []
    for market, rows in frame.dropna(subset=["coverage"]).groupby("market", sort=True):
        parts = rows["coverage"].astype(float)
        low, high = parts.min(), parts.max()
        if low < LOW:
            found.append(
                f"{market}: in the poorest period only {low:.0%} of the listings known were "
                f"captured (on average {parts.mean():.0%})."
            )
        if high - low > CHANGE:
            found.append(
                f"{market}: coverage lies between {low:.0%} and {high:.0%}, so that part of a "
                "growth or fall can be that of the crawls."
            )
    return tuple(found)
