"""Accounts: the spellings of a name on a market, and which of them are one account.

Markets take ``OakHerb`` and ``oakherb`` for one handle, and show whichever the reader's link had.
So a name (the handle in small letters) is one account, under a key of market and name, and its
handle is the spelling that was seen last. Rows of pages refer to that key as they are loaded,
before anybody knows which other spellings there are.

Where spellings contradict each other they are accounts of their own: if both state when they
joined and no day is the same, if both show public keys and none is the same, or if one page shows
both among its offers, or among its vendors. A spelling that contradicts none of an account's
joins it: first one that states the same day or key, else the first. The account of the least
spelling keeps the name's key; each other has a key of its own least spelling, to which its
rows are then moved. Real pages decide where there are any; else the invented ones do.

All follows from the set of rows alone, so the order of loading does not matter. Names of several
spellings whose pages came or went stand in ``account_due``; they are worked out before reviews are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

from cryptodrug_scraper.database.ids import key_of

NAMES_AT_ONCE = 500

_ROWS = ("vendor_observation", "listing_observation", "review_sighting")
_NOTE = """
    INSERT INTO account_due SELECT name_id FROM vendor_spelling WHERE {}
    GROUP BY name_id HAVING count(*) > 1 ORDER BY 1 ON CONFLICT DO NOTHING
"""
_TAKE = """
    DELETE FROM account_due WHERE name_id IN (
        SELECT name_id FROM account_due ORDER BY name_id LIMIT %s
    ) RETURNING name_id
"""
_SPELLINGS = """
    SELECT s.name_id, s.spelling_id, s.market, s.handle, v.folded FROM vendor_spelling s
    JOIN vendor v USING (vendor_id) WHERE s.name_id = ANY(%(names)s)
"""
# All rows of the names: of a name's key, and of those of accounts kept apart.
_OF_NAMES = """
    FROM vendor_spelling s JOIN {table} o ON o.spelling_id = s.spelling_id
        AND o.vendor_id IN (s.name_id, s.vendor_id)
    JOIN page p USING (page_id)
"""
_SEEN = (
    "SELECT spelling_id, invented, max(observed_at), array_agg(DISTINCT joined_on)"
    " FILTER (WHERE joined_on IS NOT NULL), array_agg(DISTINCT key) FILTER (WHERE key IS NOT NULL)"
    " FROM ("
    + " UNION ALL ".join(
        f"SELECT s.spelling_id, p.invented, o.observed_at, {stated}"
        f" {_OF_NAMES.format(table=table)} {keys} WHERE s.name_id = ANY(%(names)s)"
        for table, stated, keys in (
            (
                "vendor_observation",
                "o.joined_on, coalesce(k.fingerprint, encode(k.sha256, 'hex')) AS key",
                "LEFT JOIN pgp_key k USING (pgp_key_id)",
            ),
            ("listing_observation", "NULL, NULL", ""),
            ("review_sighting", "NULL, NULL", ""),
        )
    )
    + ") AS each GROUP BY 1, 2"
)
_ON_ONE_PAGE = " UNION ".join(
    f"SELECT s.spelling_id, t.spelling_id, p.invented {_OF_NAMES.format(table=table)}"
    f" JOIN {table} n ON n.page_id = o.page_id AND n.spelling_id > o.spelling_id"
    " JOIN vendor_spelling t ON t.spelling_id = n.spelling_id AND t.name_id = s.name_id"
    " WHERE s.name_id = ANY(%(names)s)"
    for table in _ROWS[:2]
)
_ACCOUNTS = """
    INSERT INTO vendor (vendor_id, market, handle, folded, apart_because) VALUES %s
    ON CONFLICT (vendor_id) DO UPDATE
    SET handle = excluded.handle, apart_because = excluded.apart_because
"""
_MAP = """
    UPDATE vendor_spelling s SET vendor_id = new.vendor_id
    FROM (VALUES %s) AS new(spelling_id, vendor_id)
    WHERE s.spelling_id = new.spelling_id AND s.vendor_id <> new.vendor_id
"""
_ASTRAY = """
    s.spelling_id = o.spelling_id AND s.name_id = ANY(%(names)s)
    AND o.vendor_id = ANY(%(before)s) AND o.vendor_id <> s.vendor_id
"""
_MOVE = (
    "INSERT INTO review_due SELECT DISTINCT each.vendor_id, o.content_id"
    " FROM review_sighting o, vendor_spelling s,"
    f" LATERAL (VALUES (o.vendor_id), (s.vendor_id)) AS each(vendor_id) WHERE {_ASTRAY}"
    " ORDER BY 1, 2 ON CONFLICT DO NOTHING;"
    + "".join(
        f"UPDATE {table} o SET vendor_id = s.vendor_id FROM vendor_spelling s WHERE {_ASTRAY};"
        for table in _ROWS
    )
    + "DELETE FROM review WHERE vendor_id = ANY(%(gone)s);"
    "DELETE FROM review_due WHERE vendor_id = ANY(%(gone)s);"
    "DELETE FROM vendor WHERE vendor_id = ANY(%(gone)s)"
)

KEPT_APART = (
    "{n:,} of the vendors: only capitals tell them from another, whom they contradict "
    "(view vendor_apart)"
)
"""What is to be said of accounts that are kept apart."""


def kept_apart(work: cursor) -> int:
    """Count the accounts of the database that are kept apart from another of their name."""
    work.execute("SELECT count(*) FROM public.vendor_apart")
    row = work.fetchone()
    assert row is not None
    return int(row[0])


@dataclass(frozen=True)
class Spelling:
    """A spelling, and what the pages that have it state of the vendor."""

    key: int
    handle: str
    last: datetime | None = None
    joined: frozenset[date] = frozenset()
    keys: frozenset[str] = frozenset()
    beside: frozenset[int] = frozenset()
    """Spellings (by key) that one page has as well."""

    def contradicts(self, other: Spelling) -> set[str]:
        """Why it cannot be the other's account; empty if it can."""
        reasons = set()
        if self.joined and other.joined and not self.joined & other.joined:
            reasons.add("joined_on")
        if self.keys and other.keys and not self.keys & other.keys:
            reasons.add("pgp_key")
        if other.key in self.beside or self.key in other.beside:
            reasons.add("one_page")
        return reasons

    def agrees(self, other: Spelling) -> bool:
        """Whether both state the same day or key."""
        return bool(self.joined & other.joined or self.keys & other.keys)


@dataclass
class Account:
    """Spellings that are one account, and why others of the name are not."""

    spellings: list[Spelling]
    apart_because: set[str] = field(default_factory=set)

    @property
    def handle(self) -> str:
        """As seen last."""
        latest = max(s.last or _NEVER for s in self.spellings)
        return min(s.handle for s in self.spellings if (s.last or _NEVER) == latest)


_NEVER = datetime.min.replace(tzinfo=UTC)


def accounts_of(spellings: Iterable[Spelling]) -> list[Account]:
    """Part the spellings of a name into accounts; the first has the least spelling."""
    accounts: list[Account] = []
    for one in sorted(spellings, key=lambda each: each.handle):
        fit = [a for a in accounts if not any(one.contradicts(other) for other in a.spellings)]
        if fit:
            sure = [a for a in fit if any(one.agrees(other) for other in a.spellings)]
            (sure or fit)[0].spellings.append(one)
        else:
            accounts.append(Account([one]))
    for account in accounts:
        for other in accounts:
            if other is not account:
                for one in account.spellings:
                    for theirs in other.spellings:
                        account.apart_because |= one.contradicts(theirs)
    return accounts


def accounts_due(pages: str) -> str:
    """Return SQL that notes the names of several spellings that pages (of a query) show."""
    shown = " UNION ".join(
        f"SELECT spelling_id FROM {table} WHERE page_id IN ({pages})" for table in _ROWS
    )
    names = f"SELECT name_id FROM vendor_spelling WHERE spelling_id IN ({shown})"
    return _NOTE.format(f"name_id IN ({names})")


def note_accounts(work: cursor, names: set[int]) -> None:
    """Note those of the names that have several spellings: pages that show them were loaded."""
    if names:
        work.execute(_NOTE.format("name_id = ANY(%s)"), (sorted(names),))


def work_out_accounts(work: cursor) -> None:
    """Work out the names that are due, in the transaction of a cursor, and note their reviews.

    The caller holds :data:`~.locks.LOADING_LOCK` for itself.
    """
    while True:
        work.execute(_TAKE, (NAMES_AT_ONCE,))
        names = [int(row[0]) for row in work.fetchall()]
        if not names:
            return
        _work_out(work, names)


def _work_out(work: cursor, names: list[int]) -> None:
    work.execute(
        "SELECT vendor_id FROM vendor_spelling WHERE name_id = ANY(%(names)s)"
        " UNION SELECT vendor_id FROM vendor WHERE vendor_id = ANY(%(names)s)",
        {"names": names},
    )
    before = {int(row[0]) for row in work.fetchall()}
    accounts: list[tuple[int, str, str, str, list[str]]] = []
    spelled: list[tuple[int, int]] = []
    for name in _names(work, names):
        for nth, account in enumerate(accounts_of(name.seen)):
            key = name.key
            if nth:
                key = key_of("vendor apart", name.market, account.spellings[0].handle)
            because = sorted(account.apart_because)
            accounts.append((key, name.market, account.handle, name.folded, because))
            spelled += [(spelling.key, key) for spelling in account.spellings]
        spelled += [(key, name.key) for key in name.unseen]
    if accounts:
        execute_values(work, _ACCOUNTS, sorted(accounts), template="(%s, %s, %s, %s, %s::text[])")
    if spelled:
        execute_values(work, _MAP, sorted(spelled))
    after = {*names, *(key for _, key in spelled)}
    work.execute(_MOVE, {"names": names, "before": sorted(before), "gone": sorted(before - after)})


@dataclass
class _Name:
    """A name, the spellings that pages show, and the keys of those that none does any more."""

    key: int
    market: str
    folded: str
    seen: list[Spelling] = field(default_factory=list)
    unseen: list[int] = field(default_factory=list)


def _names(work: cursor, keys: Sequence[int]) -> Iterable[_Name]:
    """Read names with what pages state of each spelling: of real pages, where there are any."""
    values = {"names": list(keys)}
    work.execute(_ON_ONE_PAGE, values)
    beside: dict[tuple[int, bool], set[int]] = defaultdict(set)
    for one, other, invented in work.fetchall():
        beside[one, invented].add(other)
    work.execute(_SEEN, values)
    stated = {(row[0], row[1]): row[2:] for row in work.fetchall()}
    work.execute(_SPELLINGS, values)
    names: dict[int, _Name] = {}
    rows = work.fetchall()
    real = {name for name, key, *_ in rows if (key, False) in stated}
    for name, key, market, handle, folded in rows:
        into = names.setdefault(name, _Name(name, market, folded))
        if (key, True) not in stated and (key, False) not in stated:
            into.unseen.append(key)
            continue
        kind = name not in real
        last, joined, shown = stated.get((key, kind), (None, None, None))
        into.seen.append(
            Spelling(
                key,
                handle,
                last,
                frozenset(joined or ()),
                frozenset(shown or ()),
                frozenset(beside[key, kind]),
            )
        )
    return names.values()
