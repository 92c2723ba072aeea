"""Reviews that wait to be worked out: who reads reviews has them worked out first, or is refused.

Loading puts the groups that it touches into ``review_due``; a replay and a crawl work them out
at their end. Until then, and after one that was killed, table ``review`` is not what the pages
show, and may be empty. So whoever counts reviews calls :func:`settle` before, and
:func:`check` within the snapshot that is read.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg2.errors
from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)
from psycopg2.extensions import cursor

from cryptodrug_scraper.common.progress import OnProgress, ignore_progress
from cryptodrug_scraper.database.embedded import DatabaseUnavailable
from cryptodrug_scraper.database.locks import LOADING

"""Is told how many groups were worked out in a transaction, and how many waited in all."""

PATIENCE = 3.0
"""Seconds for which a loader may still seem to be at work: the server notices a kill late."""

_MAY_NOT = (
    psycopg2.errors.InsufficientPrivilege,
    psycopg2.errors.ReadOnlySqlTransaction,
)
_LOADING = """
    SELECT count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid() AND objsubid = 1
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (classid::bigint << 32) | objid::bigint = %s
"""
_WAITING = """
    SELECT count(DISTINCT (vendor_id, content_id)), count(page_id),
           (SELECT count(*) FROM account_due)
    FROM review_due LEFT JOIN review_sighting USING (vendor_id, content_id)
"""


class ReviewsWait(DatabaseUnavailable):
    """Reviews wait to be worked out, and cannot be now; the message says why and what to do."""


@dataclass(frozen=True)
class Waiting:
    """What is not worked out: ``groups`` of reviews, which pages show in so many ``rows``.

    ``accounts`` are names that pages write in several ways, of which pages came or went.
    """

    groups: int = 0
    rows: int = 0
    accounts: int = 0

    def __bool__(self) -> bool:
        return self.groups > 0 or self.accounts > 0

    @property
    def words(self) -> str:
        """What that means for whoever reads the tables."""
        reviews = (
            f"Reviews are missing: {self.rows:,} rows of captured pages that show reviews "
            f"({self.groups:,} groups) were not worked out. What counts reviews is wrong."
        )
        accounts = (
            f"Which accounts there are of {self.accounts:,} handles that pages write in several "
            "ways was not worked out. What counts vendors is wrong."
        )
        return " ".join([reviews] * (self.groups > 0) + [accounts] * (self.accounts > 0))


def settle(connection: Connection, on_progress: OnProgress = ignore_progress) -> bool:
    """Work out the reviews that wait, if any do; return whether none waits any more.

    Nothing is done while others load, who do it at their end, nor where this user may not
    write. The connection is in no transaction, and has had temporary tables afterwards.
    """
    with connection, connection.cursor() as work:
        if not _any_due(work):
            return True
    # Only where some wait: it brings all that reads archives with it, which takes its time.
    from cryptodrug_scraper.database.reviews import work_out_reviews

    until = time.monotonic() + PATIENCE
    while is_loading(connection):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    try:
        work_out_reviews(connection, on_progress)
    except _MAY_NOT:
        return False
    return True


def is_loading(connection: Connection) -> bool:
    """Whether a replay or a crawl, on any machine, is loading into the database now."""
    with connection, connection.cursor() as work:
        return _others_load(work)


def check(work: cursor, *, as_is: bool) -> Waiting:
    """Return what waits in the transaction of a cursor.

    Raises :class:`ReviewsWait` if anything does, unless it is to be read ``as_is``.
    """
    if not _any_due(work):
        return Waiting()
    work.execute(_WAITING)
    waiting = Waiting(*work.fetchone())  # type: ignore[misc]
    if as_is:
        return waiting
    head = (
        f"Reviews wait to be worked out ({waiting.groups:,} groups, which pages show in "
        f"{waiting.rows:,} rows): without them, numbers of reviews, sales and turnover are wrong. "
        if waiting.groups
        else f"Accounts wait to be worked out ({waiting.accounts:,} handles that pages write in "
        "several ways): without them, numbers of vendors and reviews are wrong. "
    )
    if _others_load(work):
        raise ReviewsWait(
            f"{head}A replay or a crawl is loading, and works them out at its end: wait for it. "
            "With --as-is (as_is=True) the database is read as it is, which the result then says."
        )
    raise ReviewsWait(
        f"{head}This user of the database may not do it: as one who may write, run `cryptodrug "
        "replay` of any page that was loaded, or this command. With --as-is (as_is=True) the "
        "database is read as it is, which the result then says."
    )


def _any_due(work: cursor) -> bool:
    work.execute("SELECT EXISTS (SELECT FROM review_due) OR EXISTS (SELECT FROM account_due)")
    return bool(work.fetchone()[0])  # type: ignore[index]


def _others_load(work: cursor) -> bool:
    work.execute(_LOADING, (LOADING,))
    return bool(work.fetchone()[0])  # type: ignore[index]
