"""A database that an older program made tells the same after the upgrade as one loaded now."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import Engine, text

from cryptodrug_scraper.database import upgrade as migrations
from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.reading.market import markets
from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.report import ReportOptions, open_study, render_report
from tests.conftest import FIXTURES
from tests.databases import execute
from tests.replay.rows import all_rows
from tests.replay.test_reviews import dsn_of

OLDER = [s.revision for s in migrations._scripts().walk_revisions()][:0:-1]
FACTS = "SELECT market, title, opened_on, closed_on, closing_announced_on FROM market ORDER BY 1"


def reported(url: str) -> str:
    """The whole report of a database, without the moment of its making."""
    with open_study(url) as study:
        page = render_report(study, ReportOptions("BE", threshold=1))
    return re.sub(r"<[^>]*>", "\n", page.partition("</style>")[2])


@pytest.mark.slow
def test_an_upgrade_from_any_older_revision_changes_no_number(
    engine: Engine, migrated_url: str
) -> None:
    replay([FIXTURES / "study"], dsn_of(engine))
    with engine.begin() as connection:  # an older program knew no mark: all was real to it
        for table in ("page", "review"):
            connection.execute(text(f"UPDATE {table} SET invented = false"))
    rows, report = all_rows(engine), reported(migrated_url)
    assert "announced" in report
    assert len(OLDER) > 4
    for revision in OLDER:
        migrations.downgrade(engine, revision)
        assert migrations.current(engine) == revision
        engine.dispose()  # as another program would find it
        open_engine(migrated_url, upgrade=True).dispose()
        # The study works out what an upgrade made due.
        assert reported(migrated_url) == report, revision
        assert all_rows(engine) == rows, revision


def test_facts_of_markets_are_those_of_the_program_whoever_opens(
    engine: Engine, migrated_url: str
) -> None:
    replay([FIXTURES / "study"], dsn_of(engine))
    facts = execute(migrated_url, FACTS)
    assert facts == [
        (m.name, m.title, m.opened_on, m.closed_on, m.closing_announced_on)
        for m in markets().values()
    ]
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE market SET title = 'X', opened_on = NULL, closing_announced_on = :day"),
            {"day": date(2020, 1, 1)},
        )
        connection.execute(text("UPDATE market SET closed_on = NULL WHERE market < 'e'"))
        connection.execute(text("INSERT INTO market VALUES ('zz', 'Another program''s')"))
    open_engine(migrated_url, upgrade=False).dispose()
    others = ("zz", "Another program's", None, None, None)
    assert execute(migrated_url, FACTS) == [*facts, others]


def test_who_may_not_write_facts_is_warned(
    engine: Engine, migrated_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    replay([FIXTURES / "study"], dsn_of(engine))
    reader = f"{migrated_url}?options=-c%20default_transaction_read_only%3Don"
    open_engine(reader).dispose()
    assert caplog.text == ""
    with engine.begin() as connection:
        connection.execute(text("UPDATE market SET closed_on = NULL WHERE market = 'empire'"))
    open_engine(reader).dispose()
    assert f"other facts (title, first and last day) of {markets()['empire'].title} " in caplog.text


def test_opening_an_empty_database_writes_no_market(migrated_url: str) -> None:
    open_engine(migrated_url).dispose()
    assert execute(migrated_url, FACTS) == []
