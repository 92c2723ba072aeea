"""Table crawl_run: which crawl captured a page, and how it ended.

A run's key is made from its id, so whoever loads a page of it can write its row first. Of two
stamps of one run, which no crawl writes, the one that was there first stays. An end is never
replaced by none; of two ends the later stays.
"""

from __future__ import annotations

import json

from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)

from cryptodrug_scraper.archive import CrawlEnd, CrawlStamp
from cryptodrug_scraper.database.columns import row_of
from cryptodrug_scraper.database.facts import write_market
from cryptodrug_scraper.database.ids import key_of
from cryptodrug_scraper.reading.market import market_named, markets

_END = """
    UPDATE crawl_run SET ended_at = %(ended_at)s, outcome = %(outcome)s, counters = %(counters)s
    WHERE crawl_run_id = %(key)s AND (
        ended_at IS NULL
        OR (ended_at, outcome COLLATE "C", counters)
            < (%(ended_at)s, %(outcome)s COLLATE "C", %(counters)s::jsonb)
    )
"""


def crawl_key(stamp: CrawlStamp | None) -> int | None:
    """Return the key of a run's row; None for no run, and for one of a market not known here."""
    if stamp is None or stamp.market not in markets():
        return None
    return key_of("crawl_run", stamp.run)


def least_run(one: int | None, other: int | None) -> int | None:
    """Of two runs that captured one page, the one that is kept: some run, then the least key."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def crawl_row(key: int, stamp: CrawlStamp) -> tuple[object, ...]:
    """Return the row of a run, in the order of the table's columns, its end not known."""
    return row_of(
        "crawl_run",
        crawl_run_id=key,
        options=json.dumps(stamp.options),
        ended_at=None,
        outcome=None,
        counters=None,
        market=stamp.market,
        started_at=stamp.started_at,
        operator=stamp.operator,
        program_version=stamp.program_version,
        invented=stamp.invented,
    )


def record_crawl(connection: Connection, stamp: CrawlStamp, end: CrawlEnd | None = None) -> None:
    """Write a run's row, in a transaction of its own, and its end if it is given.

    To be called when a crawl begins, and when it ends. Raises ``UnknownMarket``,
    ``psycopg2.OperationalError`` if the connection is lost, and ValueError for the end of
    another run.
    """
    if end is not None and end.run != stamp.run:
        raise ValueError("this is the end of another run")
    market = market_named(stamp.market)
    key = key_of("crawl_run", stamp.run)
    with connection, connection.cursor() as work:
        write_market(work, market)
        work.execute(
            "INSERT INTO crawl_run VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (crawl_run_id) DO NOTHING",
            crawl_row(key, stamp),
        )
        if end is not None:
            values = {
                "key": key,
                "ended_at": end.ended_at,
                "outcome": end.outcome,
                "counters": json.dumps(end.counters),
            }
            work.execute(_END, values)
