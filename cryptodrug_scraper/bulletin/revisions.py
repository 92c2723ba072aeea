"""What the numbers of the bulletin before have become since, and why.

For each number that is another one now, everything that can have changed it is counted: pages that
were captured by then and loaded later, pages that went, pages read anew by other parsers, reviews
that no page had shown by then, reviews and listings of which later pages say more. A number for
which none of this is there is said to be unexplained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptodrug_scraper import __version__
from cryptodrug_scraper.bulletin.numbers import Hiding, Row
from cryptodrug_scraper.bulletin.state import PageCount, changed, count_pages
from cryptodrug_scraper.report.guard import TOTAL
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.periods import bucket

_KEY = ("country", "market", "period", "name", "of")
_OF_REVIEWS = ("reviews", "turnover")
# `again`: its days, price or words may be known otherwise by pages captured since.
_REVIEWS = """
    SELECT s.market, {period} AS period, {seen} AS cause, count(*) AS n,
           count(DISTINCT s.vendor_id) AS vendors
    FROM s_review s JOIN review r USING (review_id)
    WHERE :country = ANY(s.from_countries) AND r.last_seen > :until
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_SEEN = """CASE WHEN r.first_seen > :until THEN 'visible'
    WHEN r.earlier_content_ids <> '{}' THEN 'edited' ELSE 'again' END"""
_STATED = """
    WITH first AS (
        SELECT o.listing_id, min(o.observed_at) FILTER (WHERE p.page_id IS NOT NULL) AS placed,
               min(o.observed_at) FILTER (WHERE o.vendor_id IS NOT NULL) AS sold
        FROM listing_observation o
        LEFT JOIN listing_place p ON p.page_id = o.page_id AND p.ordinal = o.ordinal
            AND p.role = 'from' AND p.position = 0
        WHERE o.listing_id IN (SELECT listing_id FROM s_offered WHERE :country = ANY(places))
        GROUP BY 1
    )
    SELECT market, period, count(*) AS n, count(DISTINCT seller) AS vendors
    FROM s_offered JOIN first USING (listing_id)
    WHERE (placed > :until OR sold > :until) AND first_seen <= CAST(:until AS date)
      AND :country = ANY(places)
    GROUP BY 1, 2 ORDER BY 1, 2
"""

Causes = Mapping[tuple[str, str], Counter[str]]
"""Counts by cause, of each market and period; of all periods under ''."""


class Revisions:
    """The numbers of a kept bulletin beside those of now."""

    def __init__(self, study: Study, by: str, kept: Mapping[str, Any], lines: Hiding) -> None:
        self.study, self.by, self.lines = study, by, lines
        self.kept = kept
        self.until = datetime.fromisoformat(kept["as_of"])
        then = [PageCount(*row) for row in kept["pages"]]
        by_then = count_pages(study, by, self.until)
        self._pages: dict[tuple[str, str], Counter[str]] = {}
        for (market, period), counts in changed(
            [one for one in then if one.period], [one for one in by_then if one.period]
        ).items():
            for key in ((market, str(period)), (market, "")):
                self._pages.setdefault(key, Counter()).update(counts)
        self._since = Counter[tuple[str, str]]()
        for side, sign in ((count_pages(study, by), 1), (by_then, -1)):
            for one in side:
                if one.period:
                    self._since[one.market, ""] += sign * one.pages
                    self._since[one.market, one.period] += sign * one.pages

    def rows(self, numbers: list[Row]) -> list[Row]:
        """Return the numbers that changed, each with its causes; none of what is or was hidden."""
        now = {tuple(row[name] for name in _KEY): row for row in numbers}
        made, causes = [], dict[str, tuple[Causes, Causes]]()
        for old in self.kept["numbers"]:
            new = now.get(tuple(old[name] for name in _KEY))
            if new is None or old["hidden"] or new["hidden"] or old["value"] == new["value"]:
                continue
            country = old["country"]
            if country not in causes:
                causes[country] = (self._of_reviews(country), self._of_listings(country))
            why = self._causes(old, *causes[country])
            made.append({
                **{name: old[name] for name in _KEY}, "then": old["value"], "now": new["value"],
                "causes": dict(sorted(why.items())), "explained": bool(why),
            })  # fmt: skip
        return made

    def _causes(self, row: Row, reviews: Causes, listings: Causes) -> Counter[str]:
        """Return what can have changed a number."""
        markets = [row["market"]] if row["market"] != TOTAL else list(self.study.markets)
        why: Counter[str] = Counter()
        for market in markets:
            at = (market, row["period"])
            if row["name"] in _OF_REVIEWS:
                why.update(self._pages.get((market, ""), {}))
                why.update(reviews.get(at, {}))
            else:
                why.update(self._pages.get(at, {}))
                why.update(listings.get(at, {}))
                why["added"] += self._since[at]
            # Prices and days are worked out from all pages: rates, roundings, holding prices.
            if row["name"] not in ("vendors", "listings"):
                why["since"] += self._since[market, ""]
        if self.kept["program"] != __version__:
            why["program"] = 1
        return +why

    def _of_reviews(self, country: str) -> Causes:
        sql = _REVIEWS.format(period=bucket(self.by, "s.posted_on"), seen=_SEEN)
        return self._counted(sql, country)

    def _of_listings(self, country: str) -> Causes:
        return self._counted(_STATED, country)

    def _counted(self, sql: str, country: str) -> Causes:
        """Count by market and period; what rests on few vendors counts, and is not told."""
        result: dict[tuple[str, str], Counter[str]] = {}
        frame = self.study.frame(sql, {"country": country, "until": self.until})
        for row in frame.to_dict("records"):
            cause = row.get("cause", "stated")
            name = f"{cause}_few" if self.lines.few(row["vendors"]) else cause
            number = 1 if name.endswith("_few") else int(row["n"])
            key = (row["market"], str(row["period"])[:10])
            result.setdefault(key, Counter())[name] += number
        return result
