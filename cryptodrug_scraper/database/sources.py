"""What was loaded: a row an archive, crawl, market and kind of pages."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from psycopg2.extensions import cursor

from cryptodrug_scraper.database.archives import EVERYWHERE


class PageSource(NamedTuple):
    """Pages of one archive that one crawl captured of one market, all real or all invented.

    ``archive_id`` and ``crawl_run_id`` are keys of the database, ``path`` where the archive was
    last seen (empty: pages that lie in no known archive), ``first`` and ``last`` the days of the
    first and the last capture, ``days`` how many days have one.
    """

    archive_id: int
    path: str
    crawl_run_id: int | None
    started_at: datetime | None
    market: str | None
    first: date | None
    last: date | None
    days: int
    pages: int
    invented: bool

    @property
    def archive(self) -> str:
        """The archive's key as commands take it."""
        return f"{self.archive_id:016x}"

    @property
    def crawl(self) -> str | None:
        """The crawl's key as commands take it."""
        return None if self.crawl_run_id is None else f"{self.crawl_run_id:016x}"


_SOURCES = """
    WITH lies AS (
        SELECT page_id, archive_id FROM page UNION SELECT page_id, archive_id FROM page_place
    )
    SELECT l.archive_id, CASE WHEN l.archive_id = %(everywhere)s THEN '' ELSE a.paths[1] END,
           p.crawl_run_id, c.started_at, p.market,
           min((p.observed_at AT TIME ZONE 'UTC')::date),
           max((p.observed_at AT TIME ZONE 'UTC')::date),
           count(DISTINCT (p.observed_at AT TIME ZONE 'UTC')::date), count(*), p.invented
    FROM lies l
    JOIN page p USING (page_id)
    JOIN archive a ON a.archive_id = l.archive_id
    LEFT JOIN crawl_run c ON c.crawl_run_id = p.crawl_run_id
    GROUP BY l.archive_id, a.paths, p.crawl_run_id, c.started_at, p.market, p.invented
    ORDER BY 2, c.started_at NULLS FIRST, p.market NULLS LAST, p.invented, 3
"""


def sources(work: cursor) -> list[PageSource]:
    """Return what was loaded; a page that lies in several archives counts in each."""
    work.execute(_SOURCES, {"everywhere": EVERYWHERE})
    return [PageSource(*row) for row in work.fetchall()]
