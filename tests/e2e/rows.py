"""Whether two databases hold the same: the same rows, or the same listings, vendors and reviews.

``same_rows`` compares tables as they are. Two crawls never agree so far: they captured at other
times, met other faults, asked some pages twice. ``entities`` takes what they say of the market
itself, which for two crawls of a world that stands still must be the same.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)
from psycopg2.sql import SQL, Identifier

from cryptodrug_scraper.database.values import same_words
from tests.e2e.stated import Record, connected, is_stated, markets_in, stated
from tests.e2e.words import told

AGEING = ("vendor.feedback_counts", "vendor.positive_percent")
"""Fields that a market counts from the moment at which it is asked."""
UNCERTAIN = ("review.listing_external_id", "review.listing_title")
"""What is written to a review only where no other could be meant: that depends on the captures."""
FIRST = 5
"""How many differences of a table are told."""

_TABLES = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum),
           (SELECT array_agg(k.attname::text ORDER BY k.attnum) FROM pg_index i
            JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = ANY (i.indkey)
            WHERE i.indrelid = c.oid AND i.indisprimary)
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
    GROUP BY c.oid, c.relname
"""


def same_rows(
    dsn_a: str, dsn_b: str, *, ignore: Collection[str] = (), most: int = FIRST
) -> list[str]:
    """Return how the tables of two databases differ, in words; empty if they do not.

    ``ignore`` names tables (``page``), columns (``page.place``), or columns of any table
    (``.parser_version``). Rows are told apart by their primary key; without one, or if part of it
    is ignored, they are compared as a multiset. ``most`` differences of a table are told. Raises
    ValueError if a name in ``ignore`` is of nothing, or if no table has a row.
    """
    with connected(dsn_a) as a, connected(dsn_b) as b:
        tables_a, tables_b = _tables(a), _tables(b)
        _check(ignore, tables_a | tables_b)
        found: list[str] = []
        total = 0
        for table in sorted(tables_a.keys() | tables_b.keys()):
            if table in ignore:
                continue
            if table not in tables_a or table not in tables_b:
                found.append(
                    f"{table}: only the {'first' if table in tables_a else 'second'} has it"
                )
                continue
            (columns, key), (others, _) = tables_a[table], tables_b[table]
            if columns != others:
                found.append(f"{table}: columns {', '.join(columns)} / {', '.join(others)}")
                continue
            kept = [c for c in columns if f"{table}.{c}" not in ignore and f".{c}" not in ignore]
            if not kept:
                continue
            rows_a, rows_b = _rows(a, table, kept), _rows(b, table, kept)
            total += len(rows_a) + len(rows_b)
            if rows_a != rows_b:
                key = key if set(key) <= set(kept) else []
                found += _told_apart(table, kept, key, rows_a, rows_b, most)
        if not total:
            raise ValueError("Neither database has a row in the tables compared.")
    return found


def entities(dsn: str, *, ignore: Collection[str] = AGEING + UNCERTAIN) -> dict[str, Any]:
    """Return what a database says of each market's listings, vendors and reviews.

    ``{market: {"listings": {id: fields}, "vendors": {handle: fields}, "reviews": [fields, …]},
    …, "digest": SHA-256}``: the stated fields, merged over all pages (``stated.py``), reviews
    sorted, without the times at which they can have been left. It does not depend on which pages
    were captured when, how often, and where they lie, as long as each page was captured at least
    once and its time known.
    ``ignore`` names fields (``listing.views``) to leave out; by default those that are counted
    from the moment of capture, and those that are written only where captures allow it.
    """
    said: dict[str, Any] = {}
    with connected(dsn) as connection:
        for market in sorted(markets_in(connection)):
            of = stated(connection, market)
            said[market] = {
                "listings": {
                    key: _kept("listing", of.listings[key].fields, ignore)
                    for key in sorted(of.listings)
                },
                "vendors": {
                    key: _kept("vendor", of.vendors[key].fields, ignore)
                    for key in sorted(of.vendors)
                },
                "reviews": sorted(
                    (_review(review.fields, ignore) for review in of.reviews), key=_written
                ),
            }
    said["digest"] = hashlib.sha256(_written(said).encode()).hexdigest()
    return said


def same_entities(one: dict[str, Any], other: dict[str, Any], *, most: int = 50) -> list[str]:
    """Return how two outcomes of ``entities`` differ, in words; empty if they do not.

    Raises ValueError if both are empty.
    """
    found: list[str] = []
    markets = sorted((one.keys() | other.keys()) - {"digest"})
    if not markets:
        raise ValueError("Neither database has a page of a market.")
    nothing: dict[str, Any] = {"listings": {}, "vendors": {}, "reviews": []}
    for market in markets:
        a, b = one.get(market, nothing), other.get(market, nothing)
        for kind in ("listings", "vendors"):
            for key in sorted(a[kind].keys() | b[kind].keys()):
                name = f"{market} {kind[:-1]} {key}"
                if key not in a[kind] or key not in b[kind]:
                    found.append(f"{name}: only in the {'first' if key in a[kind] else 'second'}")
                    continue
                found += _fields_apart(name, a[kind][key], b[kind][key])
        counts_a, counts_b = (
            Counter(map(_written, a["reviews"])),
            Counter(map(_written, b["reviews"])),
        )
        for which, more in (("first", counts_a - counts_b), ("second", counts_b - counts_a)):
            for review, count in sorted(more.items()):
                times = f"{count} times more" if count > 1 else "once more"
                found.append(f"{market} review: {times} in the {which}: {review}")
    if (one["digest"] == other["digest"]) != (not found):  # the digest is of all that is compared
        raise AssertionError("The digests do not say what the fields do.")
    return found[:most] + ([f"… and {len(found) - most} more"] if len(found) > most else [])


def _kept(kind: str, fields: Record, ignore: Collection[str]) -> Record:
    return {
        name: value
        for name, value in fields.items()
        if is_stated(value) and f"{kind}.{name}" not in ignore
    }


def _review(fields: Record, ignore: Collection[str]) -> Record:
    said = {name: value for name, value in fields.items() if not name.startswith("posted_")}
    for name in ("rating", "rating_max"):  # kept as the first page that showed it wrote it
        if said[name] is not None and "." in said[name]:
            said[name] = said[name].rstrip("0").rstrip(".")
    said["text"] = same_words(said["text"])
    return _kept("review", said, ignore)


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _fields_apart(name: str, a: Record, b: Record) -> list[str]:
    return [
        f"{name}: {field} {told(a.get(field), b.get(field))} / {told(b.get(field), a.get(field))}"
        for field in sorted(a.keys() | b.keys())
        if a.get(field) != b.get(field)
    ]


# -- tables ------------------------------------------------------------------------------------

Tables = dict[str, tuple[list[str], list[str]]]
Rows = Counter[tuple[str | None, ...]]


def _tables(connection: Connection) -> Tables:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return {name: (columns, key or []) for name, columns, key in cursor.fetchall()}


def _check(ignore: Collection[str], tables: Tables) -> None:
    known = set(tables)
    for table, (columns, _) in tables.items():
        known |= {f"{table}.{column}" for column in columns} | {f".{c}" for c in columns}
    if unknown := sorted(set(ignore) - known):
        raise ValueError(f"No table or column to ignore is called {', '.join(unknown)}.")


def _rows(connection: Connection, table: str, columns: list[str]) -> Rows:
    chosen = SQL(", ").join(SQL("{}::text").format(Identifier(column)) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(SQL("SELECT {} FROM {}").format(chosen, Identifier(table)))
        return Counter(cursor.fetchall())


def _told_apart(
    table: str, columns: list[str], key: list[str], a: Rows, b: Rows, most: int
) -> list[str]:
    only_a, only_b = a - b, b - a
    places = [columns.index(column) for column in key]
    lines: list[str] = []

    def name(row: tuple[str | None, ...]) -> str:
        if not key:
            return " ".join(f"{c}={told(v)}" for c, v in zip(columns, row, strict=True) if v)[:200]
        return " ".join(f"{column}={row[place]}" for column, place in zip(key, places, strict=True))

    by_key = {tuple(row[place] for place in places): row for row in only_b} if key else {}
    for row in sorted(only_a.elements(), key=str):
        other = by_key.pop(tuple(row[place] for place in places), None) if key else None
        if other is None:
            lines.append(f"{table} {name(row)}: only in the first")
            continue
        lines += [
            f"{table} {name(row)}: {column} {told(mine, its)} / {told(its, mine)}"
            for column, mine, its in zip(columns, row, other, strict=True)
            if mine != its
        ]
    left = by_key.values() if key else only_b.elements()
    lines += [f"{table} {name(row)}: only in the second" for row in sorted(left, key=str)]
    if a.total() != b.total():
        lines.insert(0, f"{table}: {a.total()} rows / {b.total()} rows")
    return lines[:most] + (
        [f"{table}: … and {len(lines) - most} more"] if len(lines) > most else []
    )
