"""Where trackers' words stand: in titles, descriptions and reviews, in PostgreSQL's full text.

Texts are folded as `normalise.text.fold` does, and parted into words without a language's endings
(configuration ``simple``). No index is kept for it: the texts of a period are parted once for all
trackers. Near spellings are picked from the list of all distinct words, so no extension is needed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from cryptodrug_scraper.common.progress import OnProgress, Progress, ignore_progress
from cryptodrug_scraper.monitor.trackers import (
    Tracker,
    folded,
    near_spellings,
    postgres_pattern,
)

_log = logging.getLogger(__name__)
_TIMEOUT = 120
"""Seconds that one tracker may take."""
_LONGEST = 100_000
"""Characters of a text that are parted into words: PostgreSQL takes no more for sure."""

_GONE = r"[\u0300-\u036f''`´ʼ’‘\u00ad\u200b-\u200f\u2060\ufeff]+"
FOLDED = f"""
    regexp_replace(translate(replace(replace(replace(replace(replace(
        regexp_replace(lower(normalize(replace(text, '.', ' '), NFKD)),
            '{_GONE}', '', 'g'),
        '&', ' and '), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'øłđðı', 'olddi'),
        '[^[:alnum:]]+', ' ', 'g')
"""
_OFFERED = """
    listing_observation o JOIN listing l USING (listing_id)
    WHERE (%(start)s::date IS NULL OR o.observed_at >= %(start)s::date)
      AND (%(end)s::date IS NULL OR o.observed_at < %(end)s::date + 1)
      AND (%(markets)s::text[] = '{}' OR l.market = ANY (%(markets)s::text[]))
"""
_REVIEWED = """
    review r JOIN vendor v USING (vendor_id)
    WHERE (%(start)s::date IS NULL OR r.first_seen >= %(start)s::date)
      AND (%(end)s::date IS NULL OR r.first_seen < %(end)s::date + 1)
      AND (%(markets)s::text[] = '{}' OR v.market = ANY (%(markets)s::text[]))
"""
_COLLECT = f"""
    CREATE TEMP TABLE hunted AS
    SELECT kind, text_id, text, to_tsvector('simple', left({FOLDED}, {_LONGEST})) AS vector FROM (
        SELECT DISTINCT 'title' AS kind, 0 AS text_id, o.title AS text
        FROM {_OFFERED} AND o.title IS NOT NULL
        UNION ALL
        SELECT 'description', text_id, content FROM long_text
        WHERE text_id IN (SELECT o.description_id FROM {_OFFERED})
        UNION ALL
        SELECT DISTINCT 'review', r.content_id, r.text FROM {_REVIEWED} AND r.text IS NOT NULL
    ) AS each
"""
_HITS = f"""
    WITH matched AS MATERIALIZED (SELECT kind, text_id, text FROM hunted WHERE @CONDITION@),
    seen AS (
        SELECT 'title' AS kind, l.market, o.listing_id AS of, o.vendor_id, o.observed_at AS at,
               o.page_id
        FROM {_OFFERED} AND o.title IN (SELECT text FROM matched WHERE kind = 'title')
        UNION ALL
        SELECT 'description', l.market, o.listing_id, o.vendor_id, o.observed_at, o.page_id
        FROM {_OFFERED}
          AND o.description_id IN (SELECT text_id FROM matched WHERE kind = 'description')
        UNION ALL
        SELECT 'review', v.market, r.review_id, r.vendor_id, r.first_seen, r.page_ids[1]
        FROM {_REVIEWED} AND r.content_id IN (SELECT text_id FROM matched WHERE kind = 'review')
    )
    SELECT s.*, a.paths[1] AS archive, p.place
    FROM (SELECT kind, market, count(DISTINCT of) AS count, count(DISTINCT vendor_id) AS vendors,
                 min(at) AS first, max(at) AS last,
                 (array_agg(page_id ORDER BY at, page_id))[1] AS page_id
          FROM seen GROUP BY 1, 2) AS s
    JOIN page p USING (page_id) JOIN archive a USING (archive_id)
    ORDER BY s.first, s.kind, s.market
"""
_TOO_LONG = f"SELECT count(*) FROM hunted WHERE length(text) > {_LONGEST}"
_LEXEMES = "SELECT word FROM ts_stat('SELECT vector FROM hunted')"


@dataclass(frozen=True)
class Hit:
    """Where a tracker's words stand on a market.

    ``kind`` is title, description or review; ``count`` how many listings (or reviews) have them,
    of so many ``vendors``; ``first`` and ``last`` are captures of the period, ``page_id`` the
    first page, at ``place`` of ``archive``. ``spellings`` are those that were hunted.
    """

    tracker: str
    market: str
    kind: str
    count: int
    vendors: int
    first: datetime | None
    last: datetime | None
    page_id: int
    archive: str
    place: str
    spellings: tuple[str, ...]


def hits(
    connection: Connection,
    trackers: Sequence[Tracker],
    start: date | None = None,
    end: date | None = None,
    *,
    markets: Sequence[str] = (),
    on_progress: OnProgress = ignore_progress,
    on_problem: Callable[[str], None] = _log.warning,
) -> list[Hit]:
    """Return where trackers' words stand in what was captured from a day to another, included.

    A tracker that cannot be worked out is told to ``on_problem`` and stops no other. The
    database is left as it was. Undated pages count only where both days are open.
    """
    days = {"start": start, "end": end, "markets": list(markets)}
    result: list[Hit] = []
    everything = connection.begin_nested()
    try:
        on_progress(Progress("Reading titles, descriptions and reviews"))
        connection.exec_driver_sql(_COLLECT, days)
        connection.exec_driver_sql("ANALYZE hunted")
        if too_long := connection.exec_driver_sql(_TOO_LONG).scalar():
            on_problem(f"Of {too_long} long texts only the first {_LONGEST:,} characters were read")
        lexemes: list[str] = []
        if any(tracker.near for tracker in trackers):
            on_progress(Progress("Reading distinct words"))
            lexemes = [word for (word,) in connection.exec_driver_sql(_LEXEMES)]
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{_TIMEOUT}s'")
        for done, tracker in enumerate(trackers, 1):
            try:
                with connection.begin_nested():
                    result += _of_one(connection, tracker, lexemes, days)
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise
                reason = str(error.orig).strip().splitlines()[0]
                on_problem(f"{tracker.name!r} could not be hunted: {reason}")
            on_progress(Progress("Hunting", done, "trackers", done / len(trackers)))
    finally:
        everything.rollback()
    return result


def _of_one(
    connection: Connection, tracker: Tracker, lexemes: Iterable[str], days: dict[str, Any]
) -> list[Hit]:
    if tracker.pattern is not None:
        spellings: tuple[str, ...] = (tracker.pattern,)
        condition, sought = "text ~* %(sought)s", postgres_pattern(tracker.pattern)
    else:
        sought, spellings = _query(tracker, lexemes)
        condition = "vector @@ %(sought)s::tsquery"
    rows = connection.exec_driver_sql(
        _HITS.replace("@CONDITION@", condition), {**days, "sought": sought}
    )
    return [Hit(tracker.name, spellings=spellings, **row) for row in rows.mappings()]


def _query(tracker: Tracker, lexemes: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """Return what is sought as a tsquery, and the spellings that it stands for."""
    phrases: dict[str, None] = {}
    spellings: dict[str, None] = {}
    for spelling in tracker.spellings:
        words = folded(spelling)
        each = [[word] for word in words]
        if tracker.near:
            each = [[word, *near_spellings(word, lexemes)] for word in words]
            joined = "".join(words)
            glued = [joined, *near_spellings(joined, lexemes)] if len(words) > 1 else []
            phrases |= dict.fromkeys(map(_lexeme, glued))
            if 3 <= len(joined) <= 12:
                phrases[" <-> ".join(map(_lexeme, joined))] = None
            spellings |= dict.fromkeys(glued)
        phrases[" <-> ".join(f"({' | '.join(map(_lexeme, some))})" for some in each)] = None
        spellings |= dict.fromkeys(each[0] if len(words) == 1 else [" ".join(words)])
    return " | ".join(f"({phrase})" for phrase in phrases), tuple(spellings)


def _lexeme(word: str) -> str:
    return f"'{word}'"
