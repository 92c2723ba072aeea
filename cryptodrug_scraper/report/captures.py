"""What a database holds to report on: pages of when, and pages of no known time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cryptodrug_scraper.database.invented import Kinds
from cryptodrug_scraper.language import Language
from cryptodrug_scraper.report.guard import as_day
from cryptodrug_scraper.study import Study

_PAGES = """
    SELECT m.title, p.market, count(*) AS pages,
           count(*) FILTER (
               WHERE observed_at >= :start AND CAST(observed_at AS date) <= :end
           ) AS in_period,
           count(*) FILTER (WHERE observed_at IS NULL) AS undated,
           CAST(min(observed_at) AS date) AS first, CAST(max(observed_at) AS date) AS last
    FROM page p JOIN market m USING (market)
    WHERE p.market = ANY(:markets) AND kind IN ('listing', 'vendor', 'search', 'index')
    GROUP BY m.title, p.market ORDER BY array_position(CAST(:markets AS text[]), p.market)
"""
# The same page, read again with a date given, is there with it as well.
_DATED_SINCE = """
    SELECT market, count(*) AS pages FROM page u
    WHERE market = ANY(:markets) AND kind IN ('listing', 'vendor', 'search', 'index')
      AND observed_at IS NULL
      AND EXISTS (
          SELECT FROM page d
          WHERE d.market = u.market AND d.sha256 = u.sha256 AND d.observed_at IS NOT NULL
      )
    GROUP BY market
"""
_SHIPS = """
    SELECT EXISTS (SELECT FROM s_listing WHERE in_period AND :country = ANY(from_countries))
        OR EXISTS (SELECT FROM s_review WHERE :country = ANY(from_countries)) AS ships
"""


@dataclass(frozen=True)
class Captures:
    """The pages of some markets that a study can be made of, and those without a date."""

    markets: Sequence[str]
    """Titles of the markets that have pages."""
    pages: int
    in_period: int
    first: date | None
    last: date | None
    """The days of the first and the last page, in the period or not."""
    undated: Sequence[tuple[str, int, int]]
    """Of each market with pages without a date: its title, how many, of how many pages."""


def captures(study: Study) -> Captures:
    """Count the pages of a study's markets."""
    rows = study.frame(_PAGES).to_dict("records")
    since: dict[str, int] = {}
    if any(row["undated"] for row in rows):
        since = {
            row["market"]: row["pages"] for row in study.frame(_DATED_SINCE).to_dict("records")
        }
    undated, total = [], 0
    for row in rows:
        twice = int(since.get(row["market"], 0))
        pages, without = int(row["pages"]) - twice, int(row["undated"]) - twice
        total += pages
        if without:
            undated.append((str(row["title"]), without, pages))
    days = [as_day(row[end]) for row in rows for end in ("first", "last")]
    known = [day for day in days if day is not None]
    return Captures(
        markets=[str(row["title"]) for row in rows],
        pages=total,
        in_period=sum(int(row["in_period"]) for row in rows),
        first=min(known, default=None),
        last=max(known, default=None),
        undated=undated,
    )


def ships_from(study: Study, country: str) -> bool:
    """Whether anything in the period says that it ships from a country."""
    study.prepare()
    return bool(study.row(_SHIPS, {"country": country})["ships"])


def kinds_words(kinds: Kinds, lang: Language) -> str:
    """Say whether pages that were invented are counted, or left out; nothing if there are none."""
    if not kinds.invented:
        return ""
    names = {"real": "left_out", "both": "invented_too", "invented": "invented"}
    return lang.text(f"about.{names[kinds.name]}", n=kinds.invented)


def undated_words(counted: Captures, lang: Language) -> str:
    """Say which pages have no date, and so are in no report; nothing if all have one."""
    if not counted.undated:
        return ""
    each = [
        lang.text("caveat.undated_market", market=title, n=n, of=of)
        for title, n, of in counted.undated
    ]
    without = sum(n for _, n, _ in counted.undated)
    return lang.text("caveat.undated", n=without, of=counted.pages, markets=each)
