"""Works the reviews of changed groups out of their sightings (``sameness.py`` says how).

A group is the rows of one vendor with the same rating and words; groups that share an edited
review are worked out together (``edits.py``), rows of real and of invented pages apart. Accounts
are worked out first (``accounts.py``), since a group is an account's. Loading
puts the groups that it touches into ``review_due``; :func:`work_out_reviews` takes them from
there, some thousand rows a transaction, and writes the table ``review``. It can be killed at any
moment: what it had not committed is still due.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, NamedTuple

from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)
from psycopg2.extensions import cursor

from cryptodrug_scraper.common.progress import OnProgress, Progress, ignore_progress
from cryptodrug_scraper.database.accounts import work_out_accounts
from cryptodrug_scraper.database.columns import COLUMNS
from cryptodrug_scraper.database.copying import copy_lines, line
from cryptodrug_scraper.database.edits import LINKED, MINUTE, Worded, join_edits
from cryptodrug_scraper.database.ids import key_of
from cryptodrug_scraper.database.locks import LOADING_LOCK
from cryptodrug_scraper.database.sameness import resolve
from cryptodrug_scraper.database.sightings import ALWAYS, Resolved, Sighting

GROUPS_AT_ONCE = 2_000

_TAKE = """
    CREATE TEMP TABLE taken ON COMMIT DROP AS
        WITH gone AS (
            DELETE FROM review_due WHERE (vendor_id, content_id) IN (
                SELECT vendor_id, content_id FROM review_due
                ORDER BY vendor_id, content_id LIMIT %s
            ) RETURNING vendor_id, content_id
        ) SELECT *, 0 AS round FROM gone;
    ALTER TABLE taken ADD PRIMARY KEY (vendor_id, content_id);
    ANALYZE taken
"""
_NOT_DUE = """
    DELETE FROM review_due d USING taken t
    WHERE d.vendor_id = t.vendor_id AND d.content_id = t.content_id AND t.round > 0
"""
_READ = """
    SELECT s.vendor_id, s.content_id, s.page_id, s.ordinal, s.author, s.listing_id,
           extract(epoch FROM s.earliest)::bigint, extract(epoch FROM s.latest)::bigint - 1,
           s.price_amount::float8, s.list_id, s.edge, extract(epoch FROM s.observed_at)::bigint,
           s.listing_title, s.response, s.price_amount::text, s.price_currency,
           s.price_approximate, s.posted_on, s.posted_precision, s.posted_at,
           p.invented
    FROM taken JOIN review_sighting s USING (vendor_id, content_id) JOIN page p USING (page_id)
    ORDER BY s.vendor_id, p.invented, s.content_id, s.page_id, s.ordinal
"""
_WRITE = """
    DELETE FROM review r USING taken t
        WHERE r.vendor_id = t.vendor_id AND r.content_id = t.content_id
          AND r.review_id NOT IN (SELECT review_id FROM stage_review);
    INSERT INTO review ({columns})
        SELECT {values}
        FROM stage_review s JOIN review_content c USING (content_id)
        ON CONFLICT (review_id) DO UPDATE SET ({columns}) = ROW ({excluded})
        WHERE review IS DISTINCT FROM excluded
"""
_FROM_CONTENT = ("rating", "rating_max", "sentiment", "text")
_STAGED = tuple(c for c in COLUMNS["review"] if c not in _FROM_CONTENT)


class _Detail(NamedTuple):
    """What a sighting says beyond what tells reviews apart."""

    page: int
    listing_title: str | None
    response: str | None
    price_amount: str | None
    price_currency: str | None
    price_approximate: bool | None
    posted_on: Any
    posted_precision: str | None
    posted_at: datetime | None


def work_out_reviews(connection: Connection, on_progress: OnProgress = ignore_progress) -> int:
    """Bring accounts and table ``review`` up to date; return how many groups were worked out.

    Several processes may call it at once; each takes groups that no other has.
    """
    total, due = 0, reviews_due(connection)
    while True:
        with connection, connection.cursor() as work:
            work.execute("SELECT pg_advisory_xact_lock(%s)", (LOADING_LOCK,))
            work_out_accounts(work)
            work.execute(_TAKE, (GROUPS_AT_ONCE,))
            work.execute("SELECT count(*) FROM taken")
            taken = int(work.fetchone()[0])  # type: ignore[index]
            if taken:
                _work_out(work)
        if not taken:
            return total
        total += taken
        share = total / due if 0 < total <= due else None
        on_progress(Progress("Working out reviews", total, "groups", share))


def reviews_due(connection: Connection) -> int:
    """Return how many groups, and accounts with groups, wait to be worked out."""
    with connection, connection.cursor() as work:
        work.execute(
            "SELECT (SELECT count(*) FROM review_due) + (SELECT count(*) FROM account_due)"
        )
        return int(work.fetchone()[0])  # type: ignore[index]


def _work_out(work: cursor) -> None:
    added, linked = 1, 0
    while added:
        linked += 1
        work.execute(LINKED, {"round": linked})
        added = work.rowcount
    if linked > 1:
        work.execute(_NOT_DUE)
    work.execute(_READ)
    reviews: list[str] = []
    for (vendor, invented), groups in groupby(_rows(work), key=lambda row: (row[0], row[-1])):
        details: dict[tuple[int, int], _Detail] = {}
        identity: dict[tuple[int, int], Hashable] = {}
        resolved: list[tuple[int, Resolved]] = []
        for content, rows in groupby(groups, key=lambda row: row[1]):
            group: list[Sighting] = []
            for row in rows:
                sighting = _sighting(row)
                where = sighting.page, sighting.ordinal
                details[where] = detail = _Detail(sighting.page, *row[12:-1])
                group.append(sighting)
                if _names_its_review(sighting, detail):
                    identity[where] = (*sighting[2:5], sighting.price, detail.price_currency)
            resolved += [(content, review) for review in resolve(group)]
        worded = join_edits(resolved, identity)
        reviews += [_review_line(vendor, invented, one, details) for one in worded]
    work.execute(
        "CREATE TEMP TABLE stage_review (LIKE review) ON COMMIT DROP;"
        + "".join(f"ALTER TABLE stage_review DROP COLUMN {c};" for c in _FROM_CONTENT)
    )
    copy_lines(work, "stage_review", _STAGED, reviews)
    work.execute("ANALYZE stage_review")
    work.execute(
        _WRITE.format(
            columns=", ".join(COLUMNS["review"]),
            values=", ".join(
                f"{'c' if c in _FROM_CONTENT else 's'}.{c}" for c in COLUMNS["review"]
            ),
            excluded=", ".join(f"excluded.{c}" for c in COLUMNS["review"]),
        )
    )


def _sighting(row: tuple[Any, ...]) -> Sighting:
    page, ordinal, author, listing, earliest, latest, price, state, edge, observed = row[2:12]
    dated = earliest is not None and latest is not None
    return Sighting(
        page,
        ordinal,
        author,
        listing,
        earliest if dated else ALWAYS[0],
        max(latest, earliest) if dated else ALWAYS[1],
        price=price,
        list=state,
        edge=edge,
        observed=observed,
    )


def _names_its_review(row: Sighting, detail: _Detail) -> bool:
    """As ``edits.DECIDABLE``."""
    return (
        row.author is not None
        and row.listing is not None
        and row.price is not None
        and detail.price_approximate is not True
        and row.latest - row.earliest < MINUTE
    )


def _rows(work: cursor) -> Iterator[tuple[Any, ...]]:
    while rows := work.fetchmany(5_000):
        yield from rows


def _review_key(vendor: int, content: int, review: Resolved) -> int:
    """A review's key: its vendor, words, buyer, and its first row in order of key."""
    first = min((seen.page, seen.ordinal) for seen in review.sightings)
    return key_of("review", str(vendor), str(content), str(first[0]), str(first[1]))


def _review_line(
    vendor: int, invented: bool, one: Worded, details: dict[tuple[int, int], _Detail]
) -> str:
    """The review as a line for the staging table."""
    review = one.review
    seen, sure = sorted(review.sightings, key=_when), sorted(review.sure, key=_when)
    stated = [details[s.page, s.ordinal] for s in sure]
    # A listing's title goes with the listing: where several could be meant, so could their titles.
    titles = [details[s.page, s.ordinal] for s in seen if s.listing in (None, review.listing)]
    # The most exact time; of equally exact ones, the first seen.
    exact = min(sure, key=lambda s: s.latest - s.earliest)
    time = details[exact.page, exact.ordinal]
    anchor = details[review.anchor.page, review.anchor.ordinal]
    priced = [d for d in stated if d.price_amount is not None]
    first_priced = priced[0] if priced else anchor
    price = anchor if review.twins and anchor.price_amount is not None else first_priced
    observed = [s.observed for s in seen if s.observed is not None]
    values = {
        "review_id": _review_key(vendor, one.content, review),
        "vendor_id": vendor,
        "listing_id": review.listing,
        "listing_title": next((d.listing_title for d in reversed(titles) if d.listing_title), None),
        "content_id": one.content,
        "earlier_content_ids": one.earlier,
        "response": next((d.response for d in reversed(stated) if d.response), None),
        "author": review.author,
        "posted_on": time.posted_on,
        "posted_precision": time.posted_precision,
        "posted_at": time.posted_at,
        "earliest": _moment(max(s.earliest for s in sure)),
        "latest": _moment(min(s.latest for s in sure)),
        "price_amount": price.price_amount,
        "price_currency": price.price_currency,
        "price_page_id": None if price.price_amount is None else price.page,
        "price_approximate": price.price_approximate,
        "first_seen": _moment(observed[0]) if observed else None,
        "last_seen": _moment(observed[-1]) if observed else None,
        "sightings": len(seen),
        "page_ids": [s.page for s in seen],
        "ordinals": [s.ordinal for s in seen],
        "invented": invented,
    }
    return line([values[column] for column in _STAGED])


def _when(seen: Sighting) -> tuple[bool, int, int, int]:
    return seen.observed is None, seen.observed or 0, seen.page, seen.ordinal


def _moment(seconds: int) -> datetime | None:
    return None if seconds in ALWAYS else datetime.fromtimestamp(seconds, UTC)
