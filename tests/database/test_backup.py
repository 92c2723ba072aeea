"""A backup and what is restored from it: all rows, or nothing at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url

from cryptodrug_scraper.common.files import NotWritable
from cryptodrug_scraper.common.progress import Progress
from cryptodrug_scraper.database import upgrade as migrations
from cryptodrug_scraper.database.backup import BackupRefused, backup, restore
from cryptodrug_scraper.database.connection import client_url, open_engine
from cryptodrug_scraper.database.embedded import DatabaseUnavailable
from cryptodrug_scraper.database.models import Base
from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.settings import get_settings
from tests.conftest import FIXTURES, ROOT
from tests.databases import execute

TABLES = sorted([*Base.metadata.tables, "alembic_version"])
RELATIONS = (
    "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
)
SCHEMA = (
    RELATIONS,
    "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod),"
    " col_description(c.oid, a.attnum), obj_description(c.oid, 'pg_class')"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
    " WHERE c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped ORDER BY 1, 2",
    "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
)


def save(url: str, file: Path, **options: Any) -> int:
    return backup(url, file, settings=get_settings(), **options)


def load(url: str, file: Path, **options: Any) -> str:
    return restore(url, file, settings=get_settings(), **options)


def contents(url: str) -> list[list[tuple[object, ...]]]:
    """All rows of all tables and views, and the schema with its comments."""
    views = execute(url, "SELECT viewname FROM pg_views WHERE schemaname = 'public' ORDER BY 1")
    assert len(views) > 5
    names = [*TABLES, *(str(name) for (name,) in views)]
    rows = [execute(url, f"SELECT t::text FROM {name} t ORDER BY 1") for name in names]
    return rows + [execute(url, query) for query in SCHEMA]


@pytest.fixture
def study(migrated_url: str) -> str:
    """The address of a database that holds the bundled study."""
    replay([FIXTURES / "study"], client_url(migrated_url))
    return migrated_url


def test_all_rows_come_back(study: str, database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "study.backup"
    seen: list[Progress] = []
    size = save(study, file, on_progress=seen.append)
    assert (file.stat().st_size, file.stat().st_mode & 0o777) == (size, 0o600)
    assert list(tmp_path.iterdir()) == [file]
    before = contents(study)
    assert sum(map(len, before)) > 1_000
    assert load(database_url, file, on_progress=seen.append) == migrations.head()
    assert contents(database_url) == before
    tasks = {progress.task for progress in seen}
    assert {f"{task} {name}" for task in ("Writing", "Loading") for name in TABLES} <= tasks
    assert all(0 <= (progress.share or 0) <= 1 for progress in seen)
    # What was restored is worked with as any other, and is not restored into again.
    summary = replay([FIXTURES / "study"], client_url(database_url))
    assert (summary.counts.pages.total(), summary.to_dict()["pages"]["new"]) == (44, 0)
    with pytest.raises(BackupRefused, match=r"not empty.*Nothing was changed"):
        load(database_url, file)
    assert contents(database_url) == before


@pytest.mark.parametrize(
    ("at", "flipped", "why"),
    [
        (0, 0, "its end is missing"),
        (0.5, 0, "its end is missing"),
        (0.9999, 0, "its end is missing"),
        (1, 40, "is damaged"),
        (1, 0.5, "is damaged"),
        (1, 0.9999, "damaged|its end is missing"),
    ],
    ids=["nothing", "half", "cut", "bit of the head", "bit amid", "bit of the sum"],
)
def test_a_damaged_file_changes_nothing(
    migrated_url: str, database_url: str, tmp_path: Path, at: float, flipped: float, why: str
) -> None:
    file = tmp_path / "backup"
    save(migrated_url, file)
    data = bytearray(file.read_bytes())
    if flipped:
        data[int(flipped if flipped > 1 else len(data) * flipped)] ^= 1
    file.write_bytes(data[: int(len(data) * at)])
    with pytest.raises(BackupRefused, match=why):
        load(database_url, file)
    assert execute(database_url, RELATIONS) == []


def test_what_fails_at_its_end_is_undone(study: str, database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    save(study, file)
    # The database counts as empty, and an index, made after all rows are loaded, has no name.
    execute(database_url, "CREATE SEQUENCE ix_vendor_handle")
    before = execute(database_url, RELATIONS)
    with pytest.raises(DatabaseUnavailable, match=r"(?s)Nothing was changed.*already exists"):
        load(database_url, file)
    assert execute(database_url, RELATIONS) == before


def test_what_cannot_be_backed_up(migrated_url: str, database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    with pytest.raises(BackupRefused, match="is empty"):
        save(database_url, file)
    execute(database_url, "CREATE TABLE somebody (x int)")
    with pytest.raises(DatabaseUnavailable, match="holds something else"):
        save(database_url, file)
    with pytest.raises(NotWritable, match="there is no folder"):
        save(migrated_url, tmp_path / "none" / "backup")
    nowhere = make_url(migrated_url).set(port=1).render_as_string(hide_password=False)
    with pytest.raises(DatabaseUnavailable, match="No server listens there"):
        save(nowhere, file)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        load(database_url, file)


def test_a_kill_leaves_the_file_that_was_there(migrated_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_bytes(b"the one before")
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from cryptodrug_scraper.database.backup import backup\n"
        "from cryptodrug_scraper.settings import get_settings\n"
        "kill = lambda progress: os.kill(os.getpid(), signal.SIGKILL)\n"
        "backup(sys.argv[1], Path(sys.argv[2]), settings=get_settings(), on_progress=kill)\n"
    )
    command = [sys.executable, "-c", code, migrated_url, str(file)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert file.read_bytes() == b"the one before"
    save(migrated_url, file)
    assert file.stat().st_size > 10_000


def test_no_list_of_processes_shows_the_password(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    popen = subprocess.Popen

    def watched(command: list[str], **options: Any) -> Any:
        seen.extend(command)
        return popen(command, **options)

    monkeypatch.setattr(subprocess, "Popen", watched)
    save(migrated_url, tmp_path / "backup")
    password = str(create_engine(migrated_url).url.password)
    assert len(password) > 8
    assert "--format=custom" in seen and password not in " ".join(seen)


def test_a_backup_of_an_older_schema_is_upgraded(
    migrated_url: str, database_url: str, tmp_path: Path
) -> None:
    engine = open_engine(migrated_url)
    migrations.downgrade(engine, "-1")
    engine.dispose()
    save(migrated_url, tmp_path / "backup")
    assert load(database_url, tmp_path / "backup") < str(migrations.head())
    engine = open_engine(database_url, upgrade=True)
    assert migrations.current(engine) == migrations.head()
    engine.dispose()
