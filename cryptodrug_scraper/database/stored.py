"""A page of the database, and its bytes: from wherever one of its archives is now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC

from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)
from psycopg2.extensions import cursor

from cryptodrug_scraper.archive import NotOpened, Page, open_page
from cryptodrug_scraper.database.archives import Root

_MOST_COPIES = 50


class UnknownPage(LookupError):
    """The database has no page of this id."""


def open_stored(connection: Connection, page_id: int) -> Page:
    """Read a page of the database from its archive, or from another that has the same bytes.

    Its bytes are those of the SHA-256 that was loaded; address and time are the page's own, also
    where the bytes are those of an earlier capture (a revisit) or of a copy. Raises
    :class:`UnknownPage`, and ``archive.NotOpened`` with what is wrong where it lies.
    """
    with connection, connection.cursor() as work:
        work.execute(
            "SELECT sha256, url, captured_at, captured_precision, captured_from, status FROM page"
            " WHERE page_id = %s",
            (page_id,),
        )
        row = work.fetchone()
        if row is None:
            raise UnknownPage(
                f"The database has no page {page_id}: `cryptodrug db query "
                '"SELECT page_id, url, captured_at FROM page"` lists them.'
            )
        sha256 = bytes(row[0])
        places = list(_locations(work, page_id, sha256))
    page = _opened(page_id, places, sha256)
    url, captured_at, precision, source, status = row[1:]
    return replace(
        page,
        url=url,
        captured_at=None if captured_at is None else captured_at.astimezone(UTC),
        captured_precision=precision,
        captured_from=source,
        status=status,
    )


def _opened(page_id: int, places: list[str], sha256: bytes) -> Page:
    first: NotOpened | None = None
    slow: list[str] = []
    for location in places:  # what can be read at once, before anything is unpacked for long
        try:
            return open_page(location, sha256=sha256, seek_only=True)
        except NotOpened as error:
            if error.why == "slow":
                slow.append(location)
            elif first is None or (first.why == "gone" and error.why != "gone"):
                first = error
    for location in slow:
        try:
            return open_page(location, sha256=sha256)
        except NotOpened as error:
            first = error
    if first is None:
        raise UnknownPage(f"It is not known where page {page_id} lies.")
    raise first


def _locations(work: cursor, page_id: int, sha256: bytes) -> Iterator[str]:
    """Yield where a page lies, under each path that its archives had; then its copies."""
    work.execute(
        "WITH same AS ("
        " SELECT page_id, page_id <> %(page)s AS other FROM page"
        " WHERE sha256 = %(sha256)s ORDER BY 2, 1 LIMIT %(most)s), lies AS ("
        " SELECT s.other, 0 AS nth, p.archive_id, p.place FROM same s JOIN page p USING (page_id)"
        " UNION SELECT s.other, 1, p.archive_id, p.place"
        " FROM same s JOIN page_place p USING (page_id))"
        " SELECT l.place, a.archive_id, a.kind, a.paths FROM lies l"
        " JOIN archive a USING (archive_id) ORDER BY l.other, l.nth, a.paths, l.place",
        {"page": page_id, "sha256": sha256, "most": _MOST_COPIES},
    )
    seen: set[str] = set()
    for place, archive_id, kind, paths in work.fetchall():
        root = Root(archive_id, kind, paths)
        for path in paths:
            location = root.location(place, path)
            if location not in seen:
                seen.add(location)
                yield location
