"""Taking out of the database what was loaded: an archive, a crawl or a market.

What goes are pages, all that they showed, and what rests on them alone: vendors, listings, texts,
keys, rates and links that no other page names. A page that lies in another archive too stays when
one of them is taken out. Reviews are worked out anew afterwards
(:func:`~.reviews.work_out_reviews`); until then their groups stand in ``review_due``. The files
themselves are not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)
from psycopg2.extensions import cursor

from cryptodrug_scraper.archive.files import location_of
from cryptodrug_scraper.database.accounts import accounts_due, work_out_accounts
from cryptodrug_scraper.database.archives import EVERYWHERE, all_roots
from cryptodrug_scraper.database.locks import LOADING_LOCK
from cryptodrug_scraper.database.sources import sources

_LEAST_KEY = 4  # letters of a key that are enough, if no other begins with them
_AT_WORK = ("cryptodrug replay", "cryptodrug crawl")


class NothingMatches(LookupError):
    """What is to be removed is not in the database, or several things are meant."""


class AtWork(RuntimeError):
    """A replay or crawl is loading: what it knows to be there must not go."""


@dataclass(frozen=True)
class RemovalTarget:
    """What is to be removed: archives, or crawls, or a market; the others are empty."""

    archives: tuple[int, ...] = ()
    crawls: tuple[int, ...] = ()
    market: str | None = None


@dataclass
class Removed:
    """What goes, or went: ``rows`` by table; ``kept_pages`` lie in other archives as well.

    ``reviews`` are those that no other page shows, ``changed_reviews`` those that are worked out
    anew because other pages show them, or words like theirs, too.
    """

    rows: dict[str, int] = field(default_factory=dict)
    kept_pages: int = 0
    reviews: int = 0
    changed_reviews: int = 0


# What pages name, table and key, and the columns that name it.
_NAMED: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("vendor_spelling", "spelling_id"): (
        ("listing_observation", "spelling_id"),
        ("vendor_observation", "spelling_id"),
        ("review_sighting", "spelling_id"),
    ),
    ("vendor", "vendor_id"): (
        ("listing_observation", "vendor_id"),
        ("vendor_observation", "vendor_id"),
        ("review_sighting", "vendor_id"),
    ),
    ("listing", "listing_id"): (
        ("listing_observation", "listing_id"),
        ("review_sighting", "listing_id"),
    ),
    ("long_text", "text_id"): (
        ("listing_observation", "description_id"),
        ("listing_observation", "terms_id"),
        ("vendor_observation", "profile_id"),
        ("vendor_observation", "terms_id"),
    ),
    ("pgp_key", "pgp_key_id"): (("vendor_observation", "pgp_key_id"),),
    ("review_content", "content_id"): (("review_sighting", "content_id"),),
    ("exchange_panel", "exchange_panel_id"): (("page", "exchange_panel_id"),),
    ("category", "category_id"): (("page_category", "category_ids[]"),),
    ("link", "link_id"): (("page_link", "link_ids[]"),),
    ("crawl_run", "crawl_run_id"): (("page", "crawl_run_id"),),
    ("archive", "archive_id"): (("page", "archive_id"), ("page_place", "archive_id")),
}
_GOING = {
    "archives": """
        SELECT page_id FROM (
            SELECT page_id, archive_id FROM page UNION SELECT page_id, archive_id FROM page_place
        ) AS lies GROUP BY page_id HAVING bool_and(archive_id = ANY(%(keys)s))
    """,
    "crawls": "SELECT page_id FROM page WHERE crawl_run_id = ANY(%(keys)s)",
    "market": """
        SELECT page_id FROM page WHERE market = %(market)s
        OR crawl_run_id IN (SELECT crawl_run_id FROM crawl_run WHERE market = %(market)s)
    """,
}
_ALSO_THERE = """
    SELECT page_id FROM (
        SELECT page_id, archive_id FROM page UNION SELECT page_id, archive_id FROM page_place
    ) AS lies
    WHERE page_id NOT IN (SELECT page_id FROM going)
    GROUP BY page_id HAVING bool_or(archive_id = ANY(%(keys)s))
"""
# Of the places that are left the first by name stands in the page's row, as the loader has it.
_PLACES = """
    DELETE FROM page_place WHERE archive_id = ANY(%(keys)s);
    UPDATE page SET archive_id = least.archive_id, place = least.place FROM (
        SELECT DISTINCT ON (p.page_id) p.*,
               (a.paths[1] || CASE WHEN a.kind = 'folder' THEN '/' ELSE '' END || p.place)
                   COLLATE "C" AS location
        FROM page_place p JOIN staying USING (page_id) JOIN archive a USING (archive_id)
        ORDER BY p.page_id, location
    ) AS least WHERE page.page_id = least.page_id;
    DELETE FROM page_place WHERE page_id IN (
        SELECT page_id FROM page_place JOIN staying USING (page_id)
        GROUP BY page_id HAVING count(*) = 1
    )
"""
# With the words that reviews of changed words had before, or have now.
_CHANGED = """
    CREATE TEMP TABLE shown ON COMMIT DROP AS
        SELECT DISTINCT vendor_id, content_id FROM review_sighting JOIN going USING (page_id);
    ANALYZE shown;
    CREATE TEMP TABLE changed ON COMMIT DROP AS
        SELECT vendor_id, content_id FROM shown
        UNION
        SELECT r.vendor_id, words.content_id FROM review r JOIN shown s
            ON s.vendor_id = r.vendor_id
            AND s.content_id = ANY(r.content_id || r.earlier_content_ids)
        CROSS JOIN LATERAL unnest(r.content_id || r.earlier_content_ids) AS words(content_id)
        WHERE r.earlier_content_ids <> '{}';
    ANALYZE changed
"""
_REVIEWS = """
    SELECT count(*) FILTER (WHERE alone), count(*) FILTER (WHERE NOT alone) FROM (
        SELECT NOT EXISTS (
            SELECT FROM unnest(r.page_ids) AS shown(page_id)
            WHERE shown.page_id NOT IN (SELECT page_id FROM going)
        ) AS alone
        FROM review r JOIN changed USING (vendor_id, content_id)
    ) AS each
"""
_FORGET = f"""
    {accounts_due("SELECT page_id FROM going")};
    INSERT INTO review_due SELECT vendor_id, content_id FROM changed ORDER BY 1, 2
        ON CONFLICT DO NOTHING;
    DELETE FROM page WHERE page_id IN (SELECT page_id FROM going);
    DELETE FROM review r USING changed c
        WHERE r.vendor_id = c.vendor_id AND r.content_id = c.content_id AND NOT EXISTS (
            SELECT FROM review_sighting s
            WHERE s.vendor_id = c.vendor_id AND s.content_id = c.content_id
        );
    DELETE FROM review_due d WHERE NOT EXISTS (
        SELECT FROM review_sighting s
        WHERE s.vendor_id = d.vendor_id AND s.content_id = d.content_id
    ) AND NOT EXISTS (
        SELECT FROM review r WHERE r.vendor_id = d.vendor_id AND r.content_id = d.content_id
    );
    UPDATE review SET listing_id = NULL
        WHERE listing_id IN (SELECT listing_id FROM lone_listing);
    DELETE FROM exchange_rate
        WHERE exchange_panel_id IN (SELECT exchange_panel_id FROM lone_exchange_panel)
"""


def target_of(
    work: cursor, *, source: str | None = None, crawl: str | None = None, market: str | None = None
) -> RemovalTarget:
    """Find what is meant: by path or key as :func:`~.sources.sources` has them, or by name.

    A path means the archives at and below it; of a key its first letters are enough. Exactly one
    of the three is given. Raises :class:`NothingMatches`.
    """
    known = sources(work)
    if source is not None:
        path = location_of(_path(source))
        inside = {
            root.archive_id
            for root in all_roots(work)
            for other in root.paths[:1]
            if other == path or other.startswith(path.rstrip("/") + "/")
        }
        keys = inside or _by_key(source, {(s.archive, s.archive_id) for s in known}, "archive")
        return RemovalTarget(archives=tuple(sorted(keys)))
    if crawl is not None:
        work.execute("SELECT crawl_run_id FROM crawl_run")
        runs = {(f"{key:016x}", int(key)) for (key,) in work.fetchall()}
        return RemovalTarget(crawls=tuple(_by_key(crawl, runs, "crawl")))
    if market not in {s.market for s in known}:
        raise NothingMatches(f"The database has no pages of {market}.")
    return RemovalTarget(market=market)


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _by_key(text: str, known: set[tuple[str, int]], what: str) -> set[int]:
    """Return the key that begins so."""
    begins = text.strip().lower()
    result = {key for name, key in known if len(begins) >= _LEAST_KEY and name.startswith(begins)}
    if not result:
        raise NothingMatches(f"The database knows no {what} {text!r}.")
    if len(result) > 1:
        raise NothingMatches(
            f"{len(result)} keys of {what}s begin with {text!r}: write more of it."
        )
    return result


def remove(connection: Connection, target: RemovalTarget, *, dry_run: bool) -> Removed:
    """Work out what goes, and take it out unless it is a dry run; in one transaction.

    Reviews are to be worked out afterwards. Raises :class:`AtWork` while a replay or crawl is
    connected, and ``psycopg2.Error``.
    """
    with connection, connection.cursor() as work:
        if not dry_run:
            _refuse_while_loading(work)
            work.execute("SELECT pg_advisory_xact_lock(%s)", (LOADING_LOCK,))
            work_out_accounts(work)
        removed = _work_out(work, target)
        if not dry_run:
            _take_out(work, target)
        else:
            connection.rollback()
    return removed


def _refuse_while_loading(work: cursor) -> None:
    work.execute(
        "SELECT application_name, pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = ANY(%s) ORDER BY 1 LIMIT 1",
        (list(_AT_WORK),),
    )
    found = work.fetchone()
    if found is not None:
        raise AtWork(
            f"{found[0]} (process {found[1]} of the server) is at work in the database. Nothing "
            "was removed: wait until it is done, or end it."
        )


def _work_out(work: cursor, target: RemovalTarget) -> Removed:
    """Fill temporary tables: pages that go or stay, groups that change, what is named by none."""
    kind = "archives" if target.archives else "crawls" if target.crawls else "market"
    values = {"keys": list(target.archives or target.crawls), "market": target.market}
    work.execute(f"CREATE TEMP TABLE going ON COMMIT DROP AS {_GOING[kind]}", values)
    work.execute("CREATE UNIQUE INDEX ON going (page_id); ANALYZE going")
    also = _ALSO_THERE if kind == "archives" else "SELECT page_id FROM going WHERE false"
    work.execute(f"CREATE TEMP TABLE staying ON COMMIT DROP AS {also}", values)
    work.execute(_CHANGED)
    removed = Removed(rows={"page": _count(work, "going")}, kept_pages=_count(work, "staying"))
    work.execute(_REVIEWS)
    row = work.fetchone()
    assert row is not None
    removed.reviews, removed.changed_reviews = int(row[0]), int(row[1])
    for table in ("listing_observation", "vendor_observation", "review_sighting"):
        work.execute(f"SELECT count(*) FROM {table} JOIN going USING (page_id)")
        removed.rows[table] = _first(work)
    for (table, key), columns in _NAMED.items():
        work.execute(_alone(table, key, columns), {**values, "everywhere": EVERYWHERE})
        removed.rows[table] = _count(work, f"lone_{table}")
    if target.archives:
        _add(work, removed, "archive", target.archives)
    if target.crawls:
        _add(work, removed, "crawl_run", target.crawls)
    if target.market is not None:
        work.execute("SELECT crawl_run_id FROM crawl_run WHERE market = %s", (target.market,))
        _add(work, removed, "crawl_run", [key for (key,) in work.fetchall()])
    return removed


def _alone(table: str, key: str, columns: Sequence[tuple[str, str]]) -> str:
    """Return SQL that makes a table of what only pages that go name."""

    def named(condition: str) -> str:
        each = []
        for other, column in columns:
            shown = f"unnest({column[:-2]})" if column.endswith("[]") else column
            each.append(f"SELECT {shown} AS {key} FROM {other} WHERE page_id {condition}")
        return " UNION ".join(each)

    going = "(SELECT page_id FROM going)"
    spared = f" AND {key} <> %(everywhere)s" if table == "archive" else ""
    return (
        f"CREATE TEMP TABLE lone_{table} ON COMMIT DROP AS SELECT {key} FROM"
        f" ({named(f'IN {going}')} EXCEPT ({named(f'NOT IN {going}')})) AS alone"
        f" WHERE {key} IS NOT NULL{spared}"
    )


def _add(work: cursor, removed: Removed, table: str, keys: Sequence[int]) -> None:
    """Count rows among what goes that pages do not have to name: a crawl without any."""
    key = f"{table}_id"
    work.execute(
        f"INSERT INTO lone_{table} SELECT {key} FROM {table} WHERE {key} = ANY(%s) AND {key} <> %s"
        f" AND {key} NOT IN (SELECT {key} FROM lone_{table})",
        (list(keys), EVERYWHERE),
    )
    removed.rows[table] = _count(work, f"lone_{table}")


def _take_out(work: cursor, target: RemovalTarget) -> None:
    if target.archives:
        work.execute(_PLACES, {"keys": list(target.archives)})
    work.execute(_FORGET)
    for table, key in _NAMED:
        work.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM lone_{table})")


def _count(work: cursor, table: str) -> int:
    work.execute(f"SELECT count(*) FROM {table}")
    return _first(work)


def _first(work: cursor) -> int:
    row = work.fetchone()
    assert row is not None
    return int(row[0])
