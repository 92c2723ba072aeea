"""What a database holds, in few numbers: two bulletins of one state are the same bytes.

A page has no time of loading. So a bulletin keeps how many pages of each period there were, by
the version of the parsers that read them, and the sum of their keys: from that follows later what
came since, what went, and what was read anew.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cryptodrug_scraper import __version__
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.periods import bucket

_PAGES = """
    SELECT market, {period} AS period, parser_version, count(*) AS pages,
           CAST(sum(CAST(page_id AS numeric)) AS text) AS keys
    FROM page
    WHERE market = ANY(:markets) AND (CAST(:until AS timestamptz) IS NULL OR observed_at <= :until)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_LAST = "SELECT max(observed_at) AS last FROM page WHERE market = ANY(:markets)"
_FACTS = """
    SELECT CAST(json_agg(t ORDER BY t.kind, t.key) AS text) AS facts FROM (
        SELECT 'market' AS kind, market AS key, CAST(ROW(m.*) AS text) AS is FROM market m
        UNION ALL
        SELECT 'archive', CAST(archive_id AS text), CAST(paths AS text) FROM archive
    ) AS t
"""


class PageCount(NamedTuple):
    """Pages of a market and period (its first day; None: undated) that a version read."""

    market: str
    period: str | None
    version: str
    pages: int
    keys: str


@dataclass(frozen=True)
class DatabaseState:
    """A state of the database; `as_of` is its last capture, `pages` counts by market and period."""

    digest: str
    as_of: datetime
    pages: Sequence[PageCount]

    @classmethod
    def of(cls, study: Study, by: str) -> DatabaseState:
        """Return the state that a study sees."""
        pages = count_pages(study, by)
        last = study.row(_LAST)["last"]
        facts = study.row(_FACTS)["facts"]
        whole = json.dumps([__version__, by, pages, facts, study.waiting.rows])
        return cls(hashlib.sha256(whole.encode()).hexdigest(), last.astimezone(UTC), pages)


def count_pages(study: Study, by: str, until: datetime | None = None) -> list[PageCount]:
    """Count pages by market, period and parsers; with `until`, those captured by then."""
    frame = study.frame(_PAGES.format(period=bucket(by, "observed_at")), {"until": until})
    return [
        PageCount(market, None if period is None else str(period)[:10], version, int(n), keys)
        for market, period, version, n, keys in frame.astype(object)
        .where(frame.notna(), None)
        .itertuples(index=False)
    ]


def changed(
    then: Iterable[PageCount], now: Iterable[PageCount]
) -> dict[tuple[str, Any], Counter[str]]:
    """Return what became of pages by market and period: `late`, `removed` and `reread` (numbers).

    Both are of pages captured by the same time, so what is there now alone was loaded late. Where
    some went and others came, so many as the numbers leave are counted, at least one of each.
    """
    sides: list[dict[tuple[str, Any], dict[str, PageCount]]] = []
    for counts in (then, now):
        side: dict[tuple[str, Any], dict[str, PageCount]] = {}
        for one in counts:
            side.setdefault((one.market, one.period), {})[one.version] = one
        sides.append(side)
    result: dict[tuple[str, Any], Counter[str]] = {}
    for key in sides[0].keys() | sides[1].keys():
        old, new = (side.get(key, {}) for side in sides)
        if old == new:
            continue
        before, after = (sum(one.pages for one in side.values()) for side in (old, new))
        less = sum(
            max(0, one.pages - (new[version].pages if version in new else 0))
            for version, one in old.items()
        )
        made = Counter(late=max(0, after - before), removed=max(0, before - after))
        made["reread"] = less - made["removed"]
        keys = [sum(int(one.keys) for one in side.values()) for side in (old, new)]
        if before == after and keys[0] != keys[1]:
            made.update(late=1, removed=1)
        result[key] = +made
    return result
