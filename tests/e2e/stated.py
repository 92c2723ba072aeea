"""What a database states of a market: its observations merged, in the record contract's form.

A listing's pages each show a part. Merged, a field is what the listing's own pages say before
what cards say, and of these the latest that says anything (a vendor's: the profile before
listings' pages). Lists are fields like others: they are taken whole, from one page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)

Record = dict[str, Any]
Parts = dict[tuple[int, int], list[Any]]

_LISTINGS = """
    SELECT l.external_id, o.page_id, o.ordinal, o.observed_at, NOT o.is_card,
           o.title, v.handle, o.category_path, d.content, t.content,
           o.price_amount::text, o.price_currency, o.ships_from_text, o.ships_to_text,
           o.payment, o.currencies, o.product_class, o.stock, o.stock_unlimited, o.sold,
           o.sold_since::text, o.views, o.ends, o.min_order, o.max_order
    FROM listing_observation o JOIN listing l USING (listing_id)
    LEFT JOIN vendor v USING (vendor_id)
    LEFT JOIN long_text d ON d.text_id = o.description_id
    LEFT JOIN long_text t ON t.text_id = o.terms_id
    WHERE l.market = %s
    ORDER BY o.is_card, o.observed_at DESC NULLS LAST, o.page_id, o.ordinal
"""
_VENDORS = """
    SELECT v.handle, o.page_id, o.ordinal, o.observed_at, o.is_profile,
           o.sales, o.rating::text, o.rating_max::text, o.rating_count, o.positive_percent::text,
           o.level, o.trust_level, o.experience, o.joined_on::text, o.last_active_on::text,
           o.finalize_early, o.trusted, o.banned, o.disputes, p.content, t.content,
           k.armoured, k.fingerprint
    FROM vendor_observation o JOIN vendor v USING (vendor_id)
    LEFT JOIN long_text p ON p.text_id = o.profile_id
    LEFT JOIN long_text t ON t.text_id = o.terms_id
    LEFT JOIN pgp_key k USING (pgp_key_id)
    WHERE v.market = %s
    ORDER BY o.is_profile DESC, o.observed_at DESC NULLS LAST, o.page_id, o.ordinal
"""
_REVIEWS = """
    SELECT v.handle, l.external_id, r.listing_title, r.rating::text, r.rating_max::text,
           r.sentiment, r.text, r.response, r.author, r.posted_on, r.posted_precision,
           r.posted_at, r.price_amount::text, r.price_currency, r.price_approximate,
           r.earliest, r.latest, r.first_seen, r.last_seen
    FROM review r JOIN vendor v USING (vendor_id) LEFT JOIN listing l USING (listing_id)
    WHERE v.market = %s ORDER BY r.review_id
"""


# The columns after those that are not the record's fields as they are, in the queries' order.
_AFTER_PLACES = (
    "payment", "currencies", "product_class", "stock", "stock_unlimited", "sold", "sold_since",
    "views", "ends", "min_order", "max_order",
)  # fmt: skip
_OF_VENDORS = (
    "sales", "rating", "rating_max", "rating_count", "positive_percent", "level", "trust_level",
    "experience", "joined_on", "last_active_on", "finalize_early", "trusted", "banned", "disputes",
    "profile", "terms", "pgp_key", "pgp_fingerprint",
)  # fmt: skip
_OF_REVIEWS = (
    "vendor", "listing_external_id", "listing_title", "rating", "rating_max", "sentiment", "text",
    "response", "author", "posted_on", "posted_precision", "posted_at",
)  # fmt: skip


@dataclass
class Merged:
    """A listing or vendor: ``fields`` by the contract, ``at`` when each field was stated.

    ``own`` counts its own pages, ``cards`` the others that mention it.
    """

    fields: Record = field(default_factory=dict)
    at: dict[str, datetime | None] = field(default_factory=dict)
    own: int = 0
    cards: int = 0

    def add(self, seen: Record, at: datetime | None, *, own: bool) -> None:
        """Add an observation; they come in the order in which they count."""
        self.own += own
        self.cards += not own
        unlimited = is_stated(self.fields.get("stock_unlimited"))
        for name, value in seen.items():
            if name == "stock" and unlimited:
                continue  # an earlier one said that there is no limit
            if is_stated(value) and not is_stated(self.fields.get(name)):
                self.fields[name], self.at[name] = value, at
            else:
                self.fields.setdefault(name, value)


@dataclass(frozen=True)
class SeenReview:
    """A row of table ``review``: ``fields`` by the contract, and when it can have been left."""

    fields: Record
    earliest: datetime | None
    latest: datetime | None
    first_seen: datetime | None
    last_seen: datetime | None


@dataclass
class Stated:
    """All that a database states of one market.

    ``mentioned`` are listings that reviews name and no page shows, ``named`` all handles,
    ``pages`` the captures by kind, ``due`` the groups of reviews not worked out yet.
    """

    listings: dict[str, Merged]
    vendors: dict[str, Merged]
    reviews: list[SeenReview]
    mentioned: set[str]
    named: set[str]
    pages: dict[str, int]
    due: int


def is_stated(value: Any) -> bool:
    """Say whether a field's value is a statement: neither null nor an empty list."""
    return value is not None and value != []


@contextmanager
def connected(dsn: str) -> Iterator[Connection]:
    """Open a connection that only reads, at one state of the database; ``dsn`` is libpq's."""
    with closing(psycopg2.connect(dsn)) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        yield connection


def markets_in(connection: Connection) -> list[str]:
    """Return the markets of which there are pages."""
    return [
        row[0]
        for row in _all(connection, "SELECT DISTINCT market FROM page WHERE market IS NOT NULL")
    ]


def stated(connection: Connection, market: str) -> Stated:
    """Read and merge all that the database has of a market."""
    listings = _listings(connection, market)
    known = _all(connection, "SELECT external_id FROM listing WHERE market = %s", market)
    named = _all(connection, "SELECT handle FROM vendor WHERE market = %s", market)
    by_kind = "SELECT kind, count(*) FROM page WHERE market = %s GROUP BY kind"
    due = "SELECT count(*) FROM review_due JOIN vendor USING (vendor_id) WHERE market = %s"
    return Stated(
        listings=listings,
        vendors=_vendors(connection, market),
        reviews=[_review(row) for row in _all(connection, _REVIEWS, market)],
        mentioned={row[0] for row in known} - set(listings),
        named={row[0] for row in named},
        pages=dict(_all(connection, by_kind, market)),
        due=_all(connection, due, market)[0][0],
    )


def money(amount: str | None, currency: str | None) -> Record | None:
    """Return an amount and its currency as the contract has them."""
    return None if amount is None else {"amount": amount, "currency": currency}


def _listings(connection: Connection, market: str) -> dict[str, Merged]:
    of = "JOIN listing_observation o USING (page_id, ordinal) JOIN listing l USING (listing_id)"
    where = f"{of} WHERE l.market = %s ORDER BY p.page_id, p.ordinal"
    price = "p.price_amount::text, p.price_currency"

    def parts(table: str, columns: str, position: str = "p.position") -> Parts:
        query = f"SELECT p.page_id, p.ordinal, {columns} FROM {table} p {where}, {position}"
        return _by_observation(_all(connection, query, market))

    alternatives = parts("price_alternative", price)
    tiers = parts("price_tier", f"p.min_quantity, p.max_quantity, {price}")
    options = parts("shipping_option", f"p.name, {price}, p.days::text, p.per")
    places = parts("listing_place", "p.role, p.place")
    found: dict[str, Merged] = defaultdict(Merged)
    for external_id, page, ordinal, at, own, *told in _all(connection, _LISTINGS, market):
        key = page, ordinal
        title, vendor, category, description, terms, amount, currency, *texts = told[:9]
        by_role: dict[str, list[str]] = {"from": [], "to": [], "excluded": []}
        for role, place in places.get(key, []):
            by_role[role].append(place)
        seen = {
            "external_id": external_id,
            "title": title,
            "vendor": vendor,
            "category": category,
            "description": description,
            "terms": terms,
            "price": money(amount, currency),
            "price_alternatives": [money(*each) for each in alternatives.get(key, [])],
            "price_tiers": [
                {"min_quantity": low, "max_quantity": high, "price": money(*each)}
                for low, high, *each in tiers.get(key, [])
            ],
            "shipping_options": [
                {"name": name, "price": money(paid, code), "days": days, "per": per}
                for name, paid, code, days, per in options.get(key, [])
            ],
            "ships_from": by_role["from"],
            "ships_to": by_role["to"],
            "ships_to_excluded": by_role["excluded"],
            "ships_from_text": texts[0],
            "ships_to_text": texts[1],
            **dict(zip(_AFTER_PLACES, told[9:], strict=True)),
        }
        found[external_id].add(seen, at, own=own)
    return dict(found)


def _vendors(connection: Connection, market: str) -> dict[str, Merged]:
    of = "JOIN vendor_observation o USING (page_id, ordinal) JOIN vendor v USING (vendor_id)"
    where = f"{of} WHERE v.market = %s ORDER BY p.page_id, p.ordinal, p.position"

    def parts(table: str, columns: dict[str, str]) -> Parts:
        chosen = ", ".join(f"p.{column}" for column in columns.values())
        query = f"SELECT p.page_id, p.ordinal, {chosen} FROM {table} p {where}"
        rows = _by_observation(_all(connection, query, market))
        return {
            key: [dict(zip(columns, row, strict=True)) for row in several]
            for key, several in rows.items()
        }

    counts = {name: name for name in ("positive", "neutral", "negative")}
    rated = {"rating": "rating::text", "rating_max": "rating_max::text"}
    lists = {
        "feedback_counts": parts(
            "feedback_count", {"period": "period", **counts, "stars": "stars"}
        ),
        "star_ratings": parts("star_rating", {"name": "name", **rated}),
        "external_ratings": parts(
            "external_rating", {"market": "from_market", "sales": "sales", **rated, **counts}
        ),
    }
    found: dict[str, Merged] = defaultdict(Merged)
    for handle, page, ordinal, at, own, *told in _all(connection, _VENDORS, market):
        seen = {"handle": handle, **dict(zip(_OF_VENDORS, told, strict=True))}
        seen |= {name: rows.get((page, ordinal), []) for name, rows in lists.items()}
        found[handle].add(seen, at, own=own)
    return dict(found)


def _review(row: tuple[Any, ...]) -> SeenReview:
    fields = dict(zip(_OF_REVIEWS, row[:12], strict=True))
    fields |= {"price": money(*row[12:14]), "price_approximate": row[14]}
    return SeenReview(fields, *row[15:])


def _by_observation(rows: list[tuple[Any, ...]]) -> Parts:
    parts: Parts = defaultdict(list)
    for page, ordinal, *values in rows:
        parts[page, ordinal].append(values)
    return parts


def _all(connection: Connection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return cursor.fetchall()
