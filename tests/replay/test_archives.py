"""A folder that holds every kind of archive ends with the rows of the plain folder."""

from __future__ import annotations

from sqlalchemy import Engine, text

from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.replay import replay
from tests.archive.test_samples import ARCHIVES, SAME
from tests.replay.rows import all_rows
from tests.replay.test_reviews import dsn_of

WHERE = ("archive_id", "place", "captured_from")
RECORDS = {
    "listing": "SELECT market, external_id FROM listing",
    "vendor": "SELECT market, handle FROM vendor",
    "review": "SELECT v.market, v.handle, r.rating, r.posted_on FROM review r"
    " JOIN vendor v USING (vendor_id)",
}


def rows(engine: Engine) -> dict[str, list[str]]:
    found = all_rows(engine, without=WHERE)
    return {name: lines for name, lines in found.items() if not _is_place(name)}


def _is_place(table: str) -> bool:
    return "archive" in table or table == "locations"


def records(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            name: sorted(tuple(row) for row in connection.execute(text(query)))
            for name, query in RECORDS.items()
        }


def test_every_kind_of_archive_gives_the_rows_of_the_folder(
    engine: Engine, another_migrated_url: str
) -> None:
    other_engine = open_engine(another_migrated_url)
    replay([ARCHIVES / "plain"], dsn_of(engine))
    plain = rows(engine)
    assert len(plain["page"]) == 5
    assert all(plain[name] for name in ("listing", "vendor", "review", "page_link"))

    kept = [ARCHIVES / name for name in SAME]
    done = replay(kept, dsn_of(other_engine))
    assert done.pages_read == 5 * len(kept)
    assert rows(other_engine) == plain  # each page once, whatever it came in

    known = records(engine)
    whole = replay([ARCHIVES], dsn_of(other_engine))
    assert not whole.counts.failed
    assert records(other_engine) == known  # also of pages that a tool rewrote
    other_engine.dispose()
