"""What crawls missed, so that growth is not taken for what is better crawling.

``s_crawl(market, nth, of_all, day, last_day, crawl)``: the crawls of a market in order: first and
last day, name, and number among those of all markets. A crawl is a run (table crawl_run) or, of
pages that belong to none, a week that begins on Monday.
``s_known(market, nth, kind, thing, captured, gone)``: a row a crawl, and listing or vendor that
some page of the crawl pointed to or that it captured; `thing` is a hash of its id or handle, `gone`
says that the market answered that it is not there.
"""

from __future__ import annotations

import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import ends
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.intervals import wilson
from cryptodrug_scraper.study.measure import Measure, Note

LOW = 0.9
"""Coverage under which numbers carry a caveat."""
CHANGE = 0.1
"""So too where the coverage of two periods differs by more."""

_PAGES = """
    CREATE TEMP TABLE s_page AS
    WITH each AS (
        SELECT p.page_id, p.market, p.kind, CAST(p.observed_at AS date) AS day,
               coalesce(p.crawl_run_id,
                   CAST(date_trunc('week', p.observed_at) AS date) - DATE '4000-01-01') AS run
        FROM page p
        WHERE p.market = ANY(:markets) AND p.observed_at >= :start
          AND CAST(p.observed_at AS date) <= :end
    ), begun AS (
        SELECT market, run, min(day) AS day, max(day) AS last_day FROM each GROUP BY 1, 2
    ), numbered AS (
        SELECT *, CAST(row_number() OVER (PARTITION BY market ORDER BY day, run) AS int) AS nth,
               CAST(row_number() OVER (ORDER BY market, day, run) AS int) AS of_all
        FROM begun
    )
    SELECT e.page_id, e.market, e.kind, n.nth, n.of_all, n.day, n.last_day, e.run
    FROM each e JOIN numbered n USING (market, run)
"""
# A run's key is never negative; a week is numbered back from the year 4000.
_CRAWLS = """
    CREATE TEMP TABLE s_crawl AS
    SELECT market, nth, of_all, day, last_day, CASE WHEN run >= 0 THEN 'run ' || run
        ELSE to_char(DATE '4000-01-01' + CAST(run AS int), '"week" IYYY-"W"IW') END AS crawl
    FROM s_page GROUP BY market, nth, of_all, day, last_day, run
"""
# Crawls and things are numbers until the end: what is sorted and grouped is as narrow as can be.
_KNOWN = """
    CREATE TEMP TABLE s_known AS
    WITH pointed AS (
        SELECT DISTINCT s.of_all, e.link_id
        FROM s_page s
        JOIN page_link p USING (page_id)
        CROSS JOIN LATERAL unnest(p.link_ids) AS e(link_id)
        WHERE p.kind IN ('listing', 'vendor')
    ), linked AS MATERIALIZED (  -- each once: few pairs are expected above, and there are many
        SELECT l.link_id, l.kind = 'vendor' AS vendor, hashtextextended(
                   CASE l.kind WHEN 'vendor' THEN coalesce(v.folded, lower(l.external_id))
                       ELSE l.external_id END, 0) AS thing
        FROM link l
        LEFT JOIN vendor_spelling w
            ON l.kind = 'vendor' AND w.market = l.market AND w.handle = l.external_id
        LEFT JOIN vendor v USING (vendor_id)
        WHERE l.external_id IS NOT NULL AND l.kind IN ('listing', 'vendor')
          AND l.market = ANY(:markets)
    ), absent AS (
        SELECT DISTINCT s.of_all, l.link_id
        FROM s_page s
        JOIN page p USING (page_id)
        JOIN link l ON l.market = s.market
            AND regexp_replace(l.url, '^[A-Za-z]+://[^/]*', '')
                = regexp_replace(p.url, '^[A-Za-z]+://[^/]*', '')
        WHERE s.kind = 'not_found'
    ), each AS (
        SELECT p.of_all, l.vendor, l.thing, false AS captured, a.link_id IS NOT NULL AS gone
        FROM pointed p
        JOIN linked l USING (link_id)
        LEFT JOIN absent a ON a.of_all = p.of_all AND a.link_id = p.link_id
        UNION ALL
        SELECT s.of_all, false, hashtextextended(l.external_id, 0), true, false
        FROM s_page s
        JOIN listing_observation o USING (page_id)
        JOIN listing l USING (listing_id)
        WHERE s.kind = 'listing' AND NOT o.is_card
        UNION ALL
        SELECT s.of_all, true, hashtextextended(v.folded, 0), true, false
        FROM s_page s
        JOIN vendor_observation o USING (page_id)
        JOIN vendor v USING (vendor_id)
        WHERE s.kind = 'vendor' AND o.is_profile
    ), known AS (
        SELECT of_all, vendor, thing, bool_or(captured) AS captured, bool_or(gone) AS gone
        FROM each GROUP BY of_all, vendor, thing
    )
    SELECT c.market, c.nth, CASE WHEN k.vendor THEN 'vendor' ELSE 'listing' END AS kind, k.thing,
           k.captured, k.gone AND NOT k.captured AS gone
    FROM known k JOIN s_crawl c USING (of_all)
"""


def build_known(study: StudySession) -> None:
    """Build `s_known` and `s_crawl`, and `s_page`: the pages of the study with their crawls."""
    study.run(_PAGES)
    study.run("CREATE INDEX ON s_page (page_id)")
    study.run("ANALYZE s_page")
    study.run(_CRAWLS)
    study.run("ANALYZE s_crawl")
    study.run(_KNOWN)
    study.run("ANALYZE s_known")


def coverage(study: StudySession) -> Measure:
    """Return what each crawl knew of, captured and missed; a row a market, crawl and kind."""
    study.ensure_built(build_known)
    frame = study.frame(
        """
        SELECT market, crawl, day, kind, count(*) AS known,
               count(*) FILTER (WHERE captured) AS captured, count(*) FILTER (WHERE gone) AS gone,
               count(*) FILTER (WHERE NOT captured AND NOT gone) AS missed,
               avg(captured::int) FILTER (WHERE NOT gone) AS coverage
        FROM s_known JOIN s_crawl USING (market, nth)
        GROUP BY market, nth, crawl, day, kind ORDER BY market, nth, kind
        """
    )
    frame["coverage_low"], frame["coverage_high"] = wilson(
        frame["captured"], frame["known"] - frame["gone"]
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
            **ends({"coverage": "captured / (known − gone), 0 to 1."}, ["coverage"]),
        },
        assumptions=(Note.of_method("not_pointed_to"),),
        sources=(lit.CHRISTIN_2013, lit.SOSKA_CHRISTIN_2015, lit.VAN_BUSKIRK_2017),
        notes=(
            Note.of_captures("undated_pages", kind="left_out", n=int(undated)),
            *coverage_notes(listings, of="crawl"),
        ),
    )


def coverage_notes(frame: pd.DataFrame, *, of: str = "period") -> tuple[Note, ...]:
    """Return what a frame with market and coverage, a row a period or crawl, must be read with."""
    found = []
    for market, rows in frame.dropna(subset=["coverage"]).groupby("market", sort=True):
        parts = rows["coverage"].astype(float)
        low, high, mean = float(parts.min()), float(parts.max()), float(parts.mean())
        if low < LOW:
            found.append(Note.of_captures("low_coverage", market=market, of=of, low=low, mean=mean))
        if high - low > CHANGE:
            found.append(Note.of_captures("changing_coverage", market=market, low=low, high=high))
    return tuple(found)
