"""Rows of pages that a crawl captured and its archive lost: they are taken out of the database.

A disk that says it wrote and did not, or an older copy that was put back, can leave the database
with pages of which no bytes are left. Their requests wait again (:meth:`~.frontier.Frontier
.ask_again`), and rows that nothing can be held against do not stay: what the database says is
what the archives say.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)

from cryptodrug_scraper.archive import Held
from cryptodrug_scraper.database.ids import key_of
from cryptodrug_scraper.database.loader import forget_pages
from cryptodrug_scraper.database.locks import LOADING_LOCK


def forget_lost(
    connection: Connection, held: Held, runs: Collection[str], at: Collection[datetime]
) -> int:
    """Take out rows of a crawl's runs whose records are not in its folder; return how many pages.

    ``at`` are the times of captures that are known to be lost: the row of a revisit is of the
    record that it refers to, which may be there still. Pages of which a copy was loaded from
    another folder stay; a run of which no file is left goes with them. Reviews are to be worked
    out after this. Raises ``psycopg2.Error``.
    """
    keys = [key_of("crawl_run", run) for run in runs]
    with connection, connection.cursor() as work:
        work.execute("SELECT pg_advisory_xact_lock_shared(%s)", (LOADING_LOCK,))
        work.execute(
            "SELECT page_id, location, captured_at FROM page p JOIN page_location USING (page_id)"
            " WHERE crawl_run_id = ANY(%s)"
            " AND NOT EXISTS (SELECT FROM page_place o WHERE o.page_id = p.page_id)",
            (keys,),
        )
        lost = [
            page_id
            for page_id, location, captured_at in work.fetchall()
            if (place := held.place_of(location)) is not None
            and (captured_at in at or not held.has(place))
        ]
        if lost:
            forget_pages(work, lost)
        work.execute(
            "DELETE FROM crawl_run r WHERE crawl_run_id = ANY(%s)"
            " AND NOT EXISTS (SELECT FROM page p WHERE p.crawl_run_id = r.crawl_run_id)",
            ([key_of("crawl_run", run) for run in runs if not held.has_files_of(run)],),
        )
        return len(lost)
