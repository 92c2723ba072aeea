"""Migrations: forwards, back, once only, all or nothing, and never into somebody's database."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

from cryptodrug_scraper.database import upgrade as migrations
from cryptodrug_scraper.database.embedded import DatabaseUnavailable
from cryptodrug_scraper.database.ids import key_of
from cryptodrug_scraper.database.models import Base
from cryptodrug_scraper.database.upgrade import State
from tests.databases import execute

REVISION = """
from alembic import op
revision, down_revision, branch_labels, depends_on = {this!r}, {before!r}, None, None
def upgrade():
    op.execute("CREATE TABLE {this} (x int)")
    {extra}
def downgrade():
    op.execute("DROP TABLE {this}")
"""

WriteRevision = Callable[..., None]


@pytest.fixture
def write_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WriteRevision]:
    """Work on other migrations than the project's, written by the test."""
    folder = tmp_path / "100% other"
    (folder / "versions").mkdir(parents=True)
    shutil.copy(migrations.MIGRATIONS / "env.py", folder)
    monkeypatch.setattr(migrations, "MIGRATIONS", folder)

    def write(this: str, before: str | None = None, extra: str = "") -> None:
        body = REVISION.format(this=this, before=before, extra=extra)
        (folder / "versions" / f"{this}.py").write_text(body)
        migrations._scripts.cache_clear()

    yield write
    migrations._scripts.cache_clear()


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def state(engine: Engine) -> State:
    with engine.connect() as connection:
        return migrations.inspect_schema(connection).state


def everything(engine: Engine) -> list[str]:
    """List all that a schema consists of, so that two can be compared."""
    query = """
        SELECT 'relation ' || relname || ' ' || relkind::text FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type
            || ' ' || is_nullable || ' ' || coalesce(column_default, '')
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'function ' || proname FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'type ' || typname FROM pg_type
        WHERE typnamespace = 'public'::regnamespace
        UNION ALL SELECT 'comment ' || objoid::regclass || ' ' || objsubid || ' ' || description
        FROM pg_description JOIN pg_class c ON c.oid = objoid
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT 'view ' || viewname || ' ' || definition
        FROM pg_views WHERE schemaname = 'public'
        ORDER BY 1
    """
    with engine.connect() as connection:
        return list(connection.execute(text(query)).scalars())


def test_there_and_back_again(empty: Engine) -> None:
    assert state(empty) is State.EMPTY
    assert migrations.current(empty) is None
    bare = everything(empty)

    assert migrations.upgrade(empty) == (None, migrations.head())
    assert state(empty) is State.CURRENT
    assert migrations.current(empty) == migrations.head()
    made = everything(empty)
    assert migrations.upgrade(empty) == (migrations.head(), migrations.head())

    assert migrations.downgrade(empty, "base") == (migrations.head(), None)
    assert state(empty) is State.EMPTY
    assert [line for line in everything(empty) if "alembic_version" not in line] == bare

    migrations.upgrade(empty)
    assert everything(empty) == made


def test_each_step_can_be_undone(empty: Engine) -> None:
    revisions = [s.revision for s in migrations._scripts().walk_revisions()][::-1]
    for before, revision in zip(["base", *revisions], revisions, strict=False):
        migrations.upgrade(empty)
        migrations.downgrade(empty, revision)
        migrations.downgrade(empty, before)
    migrations.upgrade(empty)


def test_models_and_migrations_agree(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_an_older_database_is_known_and_upgraded(
    empty: Engine, write_revision: WriteRevision
) -> None:
    write_revision("one")
    migrations.upgrade(empty)
    write_revision("two", "one")
    assert state(empty) is State.OLDER
    assert migrations.upgrade(empty) == ("one", "two")
    assert state(empty) is State.CURRENT
    assert migrations.downgrade(empty, "-1") == ("two", "one")
    assert state(empty) is State.OLDER


def test_a_newer_database_is_refused(empty: Engine, write_revision: WriteRevision) -> None:
    write_revision("one")
    migrations.upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'zukunft'"))
    assert state(empty) is State.NEWER
    before = everything(empty)
    for change in (migrations.upgrade, lambda engine: migrations.downgrade(engine, "base")):
        with pytest.raises(DatabaseUnavailable, match=r"zukunft.*update cryptodrug"):
            change(empty)
    assert everything(empty) == before
    assert migrations.current(empty) == "zukunft"


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TABLE customers (x int)",
        "CREATE VIEW customers AS SELECT 1",
        "CREATE SCHEMA shop; CREATE TABLE shop.customers (x int)",
        "CREATE TABLE customers (x int); CREATE TABLE alembic_version (version_num varchar(32))",
    ],
)
def test_a_database_with_something_else_is_refused(empty: Engine, made: str) -> None:
    with empty.begin() as connection:
        connection.execute(text(made))
    assert state(empty) is State.FOREIGN
    before = everything(empty)
    with pytest.raises(DatabaseUnavailable, match=r"something else \(.*customers\)"):
        migrations.upgrade(empty)
    assert everything(empty) == before


def test_a_migration_that_fails_changes_nothing(
    empty: Engine, write_revision: WriteRevision
) -> None:
    write_revision("one")
    migrations.upgrade(empty)
    write_revision("two", "one")
    write_revision("three", "two", extra='op.execute("SELECT 1/0")')
    before = everything(empty)
    with pytest.raises(DatabaseUnavailable, match=r"division by zero.*Nothing was changed"):
        migrations.upgrade(empty)
    assert everything(empty) == before
    assert migrations.current(empty) == "one"


def test_locations_are_carried_over_and_back(empty: Engine, database_url: str) -> None:
    migrations.upgrade(empty)
    migrations.downgrade(empty, "0003")
    locations = [
        "/home/ann/pages/2018-11-19/a.html",
        "/home/ann/pages/2018-11-20/x/b#3.html",
        "/home/ann/pages/2018-11-20/wsm.zip!/in/c.html",
        "/home/ann/other.warc.gz#12",
        "/home/ann/other.warc.gz#0+7",
        "/media/usb/d.html",
        "/media/usb/deep/e.html",
        "/f.html",
        "/media/usb/caf\\xe9 (1)/g.tar.xz!/h!/i.html",
    ]
    with empty.begin() as connection:
        for n, location in enumerate(locations):
            connection.execute(
                text(
                    "INSERT INTO page (page_id, kind, outcome, sha256, size, location,"
                    " parser_version, warnings) VALUES (:n, 'unknown', 'unknown', '', 1,"
                    " :location, 'v', '{}')"
                ),
                {"n": n, "location": location},
            )
    migrations.upgrade(empty)
    query = "SELECT location FROM page_location ORDER BY page_id"
    assert execute(database_url, query) == [(location,) for location in locations]
    roots = execute(
        database_url,
        "SELECT archive.kind, paths[1] FROM archive JOIN page USING (archive_id) GROUP BY 1, 2",
    )
    assert sorted(roots) == [
        ("file", "/home/ann/other.warc.gz"),
        ("file", "/home/ann/pages/2018-11-20/wsm.zip"),
        ("file", "/media/usb/caf\\xe9 (1)/g.tar.xz"),
        ("folder", ""),
        ("folder", "/home/ann/pages"),
        ("folder", "/media/usb"),
    ]
    migrations.downgrade(empty, "0003")
    query = "SELECT location FROM page ORDER BY page_id"
    assert execute(database_url, query) == [(location,) for location in locations]


def test_many_at_once_upgrade_once(empty: Engine, write_revision: WriteRevision) -> None:
    write_revision("one", extra='op.execute("SELECT pg_sleep(0.3)")')
    together = threading.Barrier(5)

    def go(_: int) -> tuple[str | None, str | None]:
        engine = create_engine(empty.url)
        together.wait()
        try:
            return migrations.upgrade(engine)
        finally:
            engine.dispose()

    with ThreadPoolExecutor(5) as pool:
        done = list(pool.map(go, range(5)))
    assert sorted(done, key=str) == [("one", "one")] * 4 + [(None, "one")]


def test_a_revision_that_is_none(engine: Engine) -> None:
    with pytest.raises(DatabaseUnavailable, match="cannot be taken back to nonsense"):
        migrations.downgrade(engine, "nonsense")


def test_the_schema_is_public_whatever_the_users_path(empty: Engine, database_url: str) -> None:
    execute(database_url, "CREATE SCHEMA cryptodrug")  # of the user's name: first on its path
    migrations.upgrade(empty)
    assert execute(
        database_url,
        "SELECT DISTINCT schemaname::text FROM pg_tables"
        " WHERE schemaname IN ('public', 'cryptodrug')",
    ) == [("public",)]


def test_pages_of_this_machine_are_marked(empty: Engine, database_url: str) -> None:
    migrations.upgrade(empty)
    migrations.downgrade(empty, "0008")
    key = key_of("vendor", "m", "v")
    urls = {
        1: "http://127.0.0.1:8080/a",
        2: "http://abcdefghijklmn23.onion/a?u=http://127.0.0.1/",
        3: None,
        4: "https://LOCALHOST",
        5: "http://127.0.0.1.example.org/",
    }
    with empty.begin() as connection:
        connection.execute(text("INSERT INTO archive VALUES (1, 'folder', '{/a}')"))
        connection.execute(text("INSERT INTO market VALUES ('m', 'M')"))
        connection.execute(text("INSERT INTO vendor VALUES (:key, 'm', 'v')"), {"key": key})
        connection.execute(text("INSERT INTO review_content VALUES (1), (2)"))
        for page, url in urls.items():
            connection.execute(
                text(
                    "INSERT INTO page (page_id, kind, outcome, sha256, size, archive_id, place,"
                    " parser_version, warnings, url, cut_off) VALUES (:page, 'unknown',"
                    " 'unknown', '', 1, 1, :page, 'v', '{}', :url, false)"
                ),
                {"page": page, "url": url},
            )
        for review, content, pages in ((1, 1, [1, 4]), (2, 1, [2, 1]), (3, 2, [1]), (4, 2, [4])):
            connection.execute(
                text(
                    "INSERT INTO review (review_id, vendor_id, content_id, sightings, page_ids,"
                    " ordinals) VALUES (:review, :key, :content, :n, :pages, :pages)"
                ),
                {"review": review, "content": content, "n": len(pages), "pages": pages, "key": key},
            )
    migrations.upgrade(empty)
    marked = "SELECT page_id FROM page WHERE invented ORDER BY page_id"
    assert execute(database_url, marked) == [(1,), (4,)]
    marked = "SELECT review_id FROM review WHERE invented ORDER BY review_id"
    assert execute(database_url, marked) == [(1,), (3,), (4,)]
    # One was thought to be on a real page and on an invented one: it is to be worked out again.
    assert execute(database_url, "SELECT vendor_id, content_id FROM review_due") == [(key, 1)]
