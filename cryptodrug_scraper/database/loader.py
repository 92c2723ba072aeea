"""Pages into the database: a transaction a batch, COPY, and set-based upserts.

Rows that other pages share (vendors, listings, texts, links …) are copied into staging
tables and upserted; a page's own rows are copied straight into their tables once its row in
``page`` has been won, in the same transaction. Since keys are made from what rows are, the
same page twice changes nothing, the order of pages does not matter, and loaders that run at
once write the same rows: upserts go in order of key, so they wait for each other and never
deadlock.

Reviews are worked out afterwards from the sightings (``reviews.py``); groups that wait for
it stand in ``review_due``, so a crash between the two loses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg2
import psycopg2.errors
from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)
from psycopg2.extensions import cursor

from cryptodrug_scraper.database.accounts import accounts_due, note_accounts
from cryptodrug_scraper.database.archives import EVERYWHERE, PagePlace
from cryptodrug_scraper.database.columns import COLUMNS
from cryptodrug_scraper.database.copying import copy_lines, line
from cryptodrug_scraper.database.facts import write_market
from cryptodrug_scraper.database.locks import LOADING, LOADING_LOCK
from cryptodrug_scraper.database.rows import PageRows
from cryptodrug_scraper.normalise.place_table import kind_of
from cryptodrug_scraper.normalise.places import PLACE_NAMES
from cryptodrug_scraper.reading.market import markets

_REMEMBERED = 50_000  # keys of a table that are known to be in the database; some 5 MB

# Shared tables in the order of their references, with what is unique in them beside the key.
_SHARED: dict[str, tuple[str, ...]] = {
    "crawl_run": (),
    "long_text": ("sha256",),
    "pgp_key": ("sha256",),
    "vendor": ("market", "folded"),
    "vendor_spelling": ("market", "handle", "name_id"),
    "listing": ("market", "external_id"),
    "category": ("market", "external_id", "path"),
    "link": (),
    "exchange_panel": (),
    "exchange_rate": (),
    "review_content": (),
}
# Words of reviews that differ in white space only: keep the least, whichever came first.
_ON_CONFLICT = {
    "review_content": "(content_id) DO UPDATE SET text = excluded.text "
    'WHERE excluded.text < review_content.text COLLATE "C"',
}
# What pages' own rows refer to, and its key.
_REFERRED = {
    "long_text": "text_id",
    "pgp_key": "pgp_key_id",
    "vendor": "vendor_id",
    "listing": "listing_id",
    "review_content": "content_id",
}
_OWN = (
    "page_link",
    "page_category",
    "vendor_observation",
    "feedback_count",
    "star_rating",
    "external_rating",
    "listing_observation",
    "listing_place",
    "price_alternative",
    "price_tier",
    "shipping_option",
    "review_sighting",
)


_PATH = "a.paths[1] || CASE WHEN a.kind = 'folder' THEN '/' ELSE '' END"
_NOTE_PLACES = f"""
    INSERT INTO page_place SELECT each.* FROM stage_page_place s JOIN page p USING (page_id)
    CROSS JOIN LATERAL (
        VALUES (s.page_id, s.archive_id, s.place), (p.page_id, p.archive_id, p.place)
    ) AS each
    WHERE (s.archive_id, s.place) <> (p.archive_id, p.place)
    ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING;
    UPDATE page SET archive_id = least.archive_id, place = least.place FROM (
        SELECT DISTINCT ON (s.page_id) s.*, ({_PATH} || s.place) COLLATE "C" AS location
        FROM stage_page_place s JOIN archive a USING (archive_id) ORDER BY s.page_id, location
    ) AS least
    WHERE page.page_id = least.page_id AND least.location
        < (SELECT {_PATH} || page.place FROM archive a WHERE a.archive_id = page.archive_id)
"""


@dataclass(slots=True)
class Loaded:
    """What a batch did: pages new to the database, pages it had, and pages refused by it."""

    new: int = 0
    had: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


class Present(NamedTuple):
    """What the database has of a page that was loaded before."""

    parser_version: str
    market: str | None
    kind: str
    cut_off: bool
    doubt: str | None
    """Why its capture time is not used, if it is not."""
    crawl_run: int | None
    invented: bool
    place: PagePlace
    others: list[str]

    def lies_at(self, place: PagePlace) -> bool:
        """Whether it is known to lie at a place."""
        return place == self.place or f"{place.archive_id} {place.place}" in self.others


def present(connection: Connection, page_ids: Sequence[int]) -> dict[int, Present]:
    """Return what the database has of these pages."""
    with connection, connection.cursor() as work:
        work.execute(
            "SELECT page_id, parser_version, market, kind, cut_off,"
            " (SELECT w FROM unnest(warnings) AS w WHERE w LIKE 'captured_at: %%' LIMIT 1),"
            " crawl_run_id, invented, archive_id, place,"
            " ARRAY(SELECT archive_id || ' ' || place FROM page_place"
            " WHERE page_id = page.page_id) FROM page WHERE page_id = ANY(%s)",
            (list(page_ids),),
        )
        return {
            row[0]: Present(*row[1:8], PagePlace(*row[8:10]), row[10])  # type: ignore[call-arg]
            for row in work
        }


def forget_pages(work: cursor, page_ids: Iterable[int]) -> None:
    """Take out pages with all that hangs on them, in the caller's transaction.

    The caller holds :data:`LOADING_LOCK`. What reviews and accounts they had a part in is worked
    out anew later.
    """
    work.execute(
        accounts_due("SELECT page_id FROM page WHERE page_id = ANY(%(pages)s)") + ";"
        "INSERT INTO review_due SELECT DISTINCT vendor_id, content_id FROM review_sighting"
        " WHERE page_id = ANY(%(pages)s) ORDER BY 1, 2 ON CONFLICT DO NOTHING;"
        "DELETE FROM page WHERE page_id = ANY(%(pages)s)",
        {"pages": sorted(page_ids)},
    )


class Loader:
    """Writes batches of pages over one connection (of psycopg2), which it owns meanwhile."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._known: dict[str, dict[int, None]] = defaultdict(dict)  # in order of arrival
        with connection, connection.cursor() as work:
            work.execute(
                "SET client_encoding TO 'UTF8'; SELECT pg_advisory_lock_shared(%s)", (LOADING,)
            )
            for table in (*_SHARED, "page", "page_place", "review_due", "place"):
                # Emptied at a commit: TRUNCATE would make new files for each table and batch.
                work.execute(
                    f'CREATE TEMP TABLE "stage_{table}" (LIKE "{table}") ON COMMIT DELETE ROWS'
                )
            _seed(work)
        self._checks = _may_check(connection)

    def load(self, pages: Iterable[PageRows], *, replace: Sequence[int] = ()) -> Loaded:
        """Write pages in one transaction; ``replace`` are pages to be read anew.

        Their archives have been written before (:func:`~.archives.register`).
        A page that the database refuses (which no page should bring about) does not take
        the others with it: the batch is then written page by page, and the refused ones are
        named. Raises ``psycopg2.OperationalError`` if the connection is lost.
        """
        batch, others = _unique(pages)
        done = Loaded()
        try:
            self._transaction(batch, others, replace, done)
        except psycopg2.DataError as error:
            if len(batch) == 1 and not others:
                done.refused.append((batch[0].page_id, str(error).strip()))
                return done
            for rows in [*batch, *others]:
                one = self.load([rows], replace=[p for p in replace if p == rows.page_id])
                done.new, done.had = done.new + one.new, done.had + one.had
                done.refused += one.refused
        return done

    def _transaction(
        self,
        batch: list[PageRows],
        others: list[PageRows],
        replace: Sequence[int],
        done: Loaded,
    ) -> None:
        with self.connection, self.connection.cursor() as work:
            work.execute("SELECT pg_advisory_xact_lock_shared(%s)", (LOADING_LOCK,))
            known = self._forget(work, replace) if replace else []
            learned = [(table, self._share(work, table, batch)) for table in _SHARED]
            fresh, changed = self._win_pages(work, batch)
            known += [(rows.page_id, rows.place) for rows in batch if rows.page_id not in fresh]
            while others:  # what they say of captures in the batch
                work.execute("DELETE FROM stage_page")
                again, others = _unique(others)
                known += [(rows.page_id, rows.place) for rows in again]
                changed |= self._win_pages(work, again)[1]
            self._note_places(work, known)
            mine = [rows for rows in batch if rows.page_id in fresh]
            with self._references_checked(work, mine):
                for table in _OWN:
                    lines = [text for rows in mine if table in rows.own for text in rows.own[table]]
                    if lines:
                        copy_lines(work, table, COLUMNS[table], lines)
            due = [rows for rows in batch if rows.page_id in fresh | changed]
            note_accounts(work, {key for rows in due for key in rows.shared.get("vendor", ())})
            self._due(work, {group for rows in due for group in rows.groups})
        done.new += len(mine)
        done.had += len(batch) - len(mine)
        for table, keys in learned:
            self._remember(table, keys)

    def _remember(self, table: str, keys: list[int]) -> None:
        """Note keys that are in the database now."""
        known = self._known[table]
        known.update(dict.fromkeys(keys))
        if len(known) > _REMEMBERED:  # the older half goes
            self._known[table] = dict.fromkeys(list(known)[len(known) // 2 :])

    def note_places(self, places: Iterable[tuple[int, PagePlace]]) -> None:
        """Write where else pages of the database lie, in one transaction."""
        places = sorted(places)
        with self.connection, self.connection.cursor() as work:
            work.execute(
                "SELECT FROM page WHERE page_id = ANY(%s) ORDER BY page_id FOR NO KEY UPDATE",
                ([page_id for page_id, _ in places],),
            )
            self._note_places(work, places)

    def _note_places(self, work: cursor, places: Sequence[tuple[int, PagePlace]]) -> None:
        """Write places of pages that are locked: the first by name stands in the page's row."""
        if not places:
            return
        lines = [line((page_id, *place)) for page_id, place in places]
        copy_lines(work, "stage_page_place", COLUMNS["page_place"], lines)
        work.execute(_NOTE_PLACES)

    def _forget(self, work: cursor, page_ids: Sequence[int]) -> list[tuple[int, PagePlace]]:
        """Take out pages that are read anew, with all that hangs on them; return their places."""
        work.execute(
            "SELECT page_id, archive_id, place FROM page WHERE page_id = ANY(%(pages)s) UNION"
            " SELECT page_id, archive_id, place FROM page_place WHERE page_id = ANY(%(pages)s)",
            {"pages": sorted(page_ids)},
        )
        places = [(row[0], PagePlace(row[1], row[2])) for row in work.fetchall()]
        forget_pages(work, page_ids)
        return places

    def _share(self, work: cursor, table: str, batch: list[PageRows]) -> list[int]:
        """Upsert the shared rows of a batch; return the keys that were not known."""
        rows: dict[int, Any] = {}
        for page in batch:
            if table in page.shared:
                rows.update(page.shared[table])
        unknown = sorted(rows.keys() - self._known[table].keys())
        if not unknown:
            return []
        columns = COLUMNS[table]
        copy_lines(work, f"stage_{table}", columns, _lines(map(rows.__getitem__, unknown)))
        names = ", ".join(columns)
        # Without a target: a row that another loader writes at this moment may be met first in
        # any of the table's unique indexes, and only those that are a target wait for it.
        work.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM stage_{table} ORDER BY 1"
            f" ON CONFLICT {_ON_CONFLICT.get(table, 'DO NOTHING')}"
        )
        if _SHARED[table] and work.rowcount < len(unknown):
            _check_same(work, table, columns[0], _SHARED[table])
        return unknown

    def _win_pages(self, work: cursor, batch: list[PageRows]) -> tuple[set[int], set[int]]:
        """Insert the pages' own rows; return those that were not there, and those that changed.

        All are locked then. Of a capture that lies in two places the run is kept that captured
        it, whichever place knows that; of two runs, the lesser key. If one of the places says that
        it was invented, it was.
        """
        columns = COLUMNS["page"]
        copy_lines(work, "stage_page", columns, [rows.page for rows in batch])
        names = ", ".join(columns)
        work.execute(
            f"INSERT INTO page ({names}) SELECT {names} FROM stage_page ORDER BY page_id"
            " ON CONFLICT (page_id) DO UPDATE SET"
            " crawl_run_id = least(page.crawl_run_id, excluded.crawl_run_id),"
            " invented = page.invented OR excluded.invented"
            " WHERE excluded.invented > page.invented OR page.crawl_run_id"
            " IS DISTINCT FROM least(page.crawl_run_id, excluded.crawl_run_id)"
            " RETURNING page_id, xmax = 0"
        )
        won = work.fetchall()
        return {page for page, new in won if new}, {page for page, new in won if not new}

    @contextmanager
    def _references_checked(self, work: cursor, pages: list[PageRows]) -> Iterator[None]:
        """Check what pages' own rows refer to at once, where the server lets us; else it does.

        The server asks for each row and key by itself, some seventy times a page and half of
        all its work. The same rows are locked here, once each. That a page's own rows refer to
        its own observations is how they were made, and the page's row stands already.
        """
        if not self._checks or not pages:
            yield
            return
        work.execute("SET LOCAL session_replication_role = replica")
        yield
        work.execute("SET LOCAL session_replication_role = origin")
        for table, key in _REFERRED.items():
            keys = {key for rows in pages if table in rows.shared for key in rows.shared[table]}
            if keys:
                _check(work, table, key, sorted(keys))
        places = {place for rows in pages for place in rows.places}
        if places:
            _check(work, "place", "place", sorted(places))

    def _due(self, work: cursor, groups: set[tuple[int, int]]) -> None:
        if not groups:
            return
        copy_lines(work, "stage_review_due", COLUMNS["review_due"], map(line, groups))
        work.execute(
            "INSERT INTO review_due SELECT vendor_id, content_id FROM stage_review_due"
            " ORDER BY 1, 2 ON CONFLICT DO NOTHING"
        )


def _check(work: cursor, table: str, column: str, keys: Sequence[Any]) -> None:
    """Hold rows as a foreign key would; raise ``psycopg2.IntegrityError`` if one is not there."""
    work.execute(
        f"SELECT count(*) FROM"
        f" (SELECT FROM {table} WHERE {column} = ANY(%s) ORDER BY {column} FOR KEY SHARE) AS held",
        (keys,),
    )
    held = work.fetchone()
    if held is None or held[0] != len(keys):
        raise psycopg2.IntegrityError(
            f"rows of table {table} that a page refers to were deleted while it was loaded"
        )


def _check_same(work: cursor, table: str, key: str, natural: tuple[str, ...]) -> None:
    """See that rows that stood there under their keys are the same rows.

    Raises ``psycopg2.IntegrityError``: of two things that share a key, one would be the other's.
    """
    same = " AND ".join(f"t.{name} = s.{name}" for name in natural)
    work.execute(
        f"SELECT s.{key} FROM stage_{table} s WHERE NOT EXISTS"
        f" (SELECT FROM {table} t WHERE t.{key} = s.{key} AND {same}) LIMIT 1"
    )
    other = work.fetchone()
    if other is not None:
        raise psycopg2.IntegrityError(
            f"two rows of table {table} are different and share a key ({other[0]}), or are the "
            "same and have two: nothing of the batch was loaded"
        )


def _may_check(connection: Connection) -> bool:
    """Say whether this user may leave the server's own checks out (``_references_checked``)."""
    try:
        with connection, connection.cursor() as work:
            work.execute("SET LOCAL session_replication_role = replica")
    except psycopg2.errors.InsufficientPrivilege:
        return False
    return True


def _lines(rows: Iterable[Any]) -> Iterator[str]:
    """Turn shared rows into lines; a panel's rates come as a list of rows."""
    for values in rows:
        if isinstance(values, list):
            yield from map(line, values)
        else:
            yield line(values)


def _unique(pages: Iterable[PageRows]) -> tuple[list[PageRows], list[PageRows]]:
    """Return each capture once, in order of key, and the rest.

    Of two, the one whose run is known (which tells its market); else the first by name.
    """
    unique: dict[int, PageRows] = {}
    others: list[PageRows] = []
    for rows in pages:
        other = unique.setdefault(rows.page_id, rows)
        if other is rows:
            continue
        if _surer(rows) < _surer(other):
            unique[rows.page_id], rows = rows, other
        others.append(rows)
    return [unique[key] for key in sorted(unique)], others


def _surer(rows: PageRows) -> tuple[bool, int, str]:
    return rows.crawl_run is None, rows.crawl_run or 0, rows.page


def _seed(work: cursor) -> None:
    """Write the markets that have a parser and the places that are understood."""
    work.execute("SELECT pg_advisory_xact_lock_shared(%s)", (LOADING_LOCK,))
    work.execute(
        "INSERT INTO archive (archive_id, kind, paths) VALUES (%s, 'folder', '{\"\"}')"
        " ON CONFLICT DO NOTHING",
        (EVERYWHERE,),
    )
    for market in markets().values():
        write_market(work, market)
    copy_lines(
        work,
        "stage_place",
        COLUMNS["place"],
        [line((place, name, kind_of(place))) for place, name in PLACE_NAMES.items()],
    )
    work.execute(
        "INSERT INTO place SELECT * FROM stage_place ORDER BY place ON CONFLICT DO NOTHING"
    )
