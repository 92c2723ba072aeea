"""Facts of the registry (``parsers/NAME.py``) in the database: each market's title and days.

Measures read them from table ``market``, so they are the program's own whenever a database is
opened: also in one that an older program made, whose pages are not loaded anew.
"""

from __future__ import annotations

import logging

import psycopg2.errors
from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)
from psycopg2.extensions import cursor

from cryptodrug_scraper.reading.market import Market, markets

logger = logging.getLogger(__name__)

_COLUMNS = ("title", "opened_on", "closed_on", "closing_announced_on")
_VALUES = "%s, %s::date, %s::date, %s::date"
_HELD = f"SELECT market, {', '.join(_COLUMNS)} FROM market"
_MAY_NOT = (
    psycopg2.errors.InsufficientPrivilege,
    psycopg2.errors.ReadOnlySqlTransaction,
)


def write_market(work: cursor, market: Market) -> None:
    """Write a market's row, which runs, pages and all else refer to."""
    work.execute(
        f"INSERT INTO market (market, {', '.join(_COLUMNS)}) VALUES (%s, {_VALUES})"
        " ON CONFLICT (market) DO NOTHING",
        (market.name, *_facts(market)),
    )
    _renew(work, market)


def renew_facts(connection: Connection) -> None:
    """Bring the rows of markets that a database has to what this program knows of them.

    A user who may not write is warned (in the log) where they differ.
    """
    differ: list[Market] = []
    try:
        with connection, connection.cursor() as work:
            work.execute("SELECT to_regclass('public.market') IS NOT NULL")
            held = {}
            if work.fetchone()[0]:  # type: ignore[index]
                work.execute(_HELD)
                held = {name: tuple(facts) for name, *facts in work.fetchall()}
            known = markets() if held else {}
            there = [known[name] for name in sorted(held.keys() & known.keys())]
            differ = [market for market in there if held[market.name] != _facts(market)]
            for market in differ:
                _renew(work, market)
    except _MAY_NOT:
        if differ:
            logger.warning(
                "The database has other facts (title, first and last day) of %s than this program,"
                " and this user may not write them: let one who may run `cryptodrug db upgrade`.",
                ", ".join(market.title for market in differ),
            )


def _facts(market: Market) -> tuple[object, ...]:
    return tuple(getattr(market, name) for name in _COLUMNS)


def _renew(work: cursor, market: Market) -> None:
    # A row that is as it should be is not touched: loaders at once would wait for each other.
    work.execute(
        f"UPDATE market SET ({', '.join(_COLUMNS)}) = ({_VALUES})"
        f" WHERE market = %s AND ({', '.join(_COLUMNS)}) IS DISTINCT FROM ({_VALUES})",
        (*_facts(market), market.name, *_facts(market)),
    )
