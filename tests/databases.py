"""Databases for tests: one embedded server for the whole run, a fresh database for each test.

Fixtures:

- `server`: the run's `EmbeddedServer`, running. Not for tests that stop or kill it.
- `database_url`: the SQLAlchemy URL of a new, empty database, dropped after the test.
- `migrated_url`: the same with the schema in it (copied from a template, some 50 ms).
- `engine`: an engine on a migrated database.
- `own_server`: a server of the test's own that is not started yet; stopped at the end.
- `own_folder`: a folder in which a test may start more servers; they are stopped too.

All workers of pytest-xdist share the server. All servers are stopped, and their folders
removed, by a process that waits for the end of pytest: also when pytest is killed.
While tests run, the user's own database and settings are out of reach.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from sqlalchemy import Engine, make_url

from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.database.embedded import EmbeddedServer
from cryptodrug_scraper.settings import Settings

TEMPLATE = "template_cryptodrug"

_CARETAKER = """
import shutil, sys
from pathlib import Path
sys.stdin.read()  # until pytest ends, however it ends
from cryptodrug_scraper.database.embedded import EmbeddedServer
for file in Path(sys.argv[1]).glob("**/postgres/data/postmaster.pid"):
    EmbeddedServer(file.parents[2]).stop()
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""

_folder = pytest.StashKey[Path]()
_caretaker = pytest.StashKey[subprocess.Popen[bytes]]()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        folder = Path(config.workerinput["cryptodrug_folder"])
    else:
        folder = Path(tempfile.mkdtemp(prefix="cryptodrug-tests-"))
        config.stash[_caretaker] = subprocess.Popen(
            [sys.executable, "-c", _CARETAKER, str(folder)],
            stdin=subprocess.PIPE,
            cwd=Path(__file__).parent.parent,
            start_new_session=True,
        )
    config.stash[_folder] = folder
    os.environ["CRYPTODRUG_DATA_DIR"] = str(folder)
    for name in ("DATABASE_URL", "CRYPTODRUG_DATABASE_URL"):
        os.environ.pop(name, None)
    Settings.model_config["env_file"] = None
    EmbeddedServer.durable = False


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker of pytest-xdist where the server is."""
    node.workerinput["cryptodrug_folder"] = str(node.config.stash[_folder])  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    if caretaker := config.stash.get(_caretaker, None):
        assert caretaker.stdin is not None
        caretaker.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            caretaker.wait(90)


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> EmbeddedServer:
    running = EmbeddedServer(pytestconfig.stash[_folder])
    running.ensure_running()
    return running


@pytest.fixture
def database_url(server: EmbeddedServer) -> Iterator[str]:
    with new_database(server) as url:
        yield url


@pytest.fixture
def migrated_url(server: EmbeddedServer, _template: str) -> Iterator[str]:
    with new_database(server, _template) as url:
        yield url


@pytest.fixture
def another_migrated_url(server: EmbeddedServer, _template: str) -> Iterator[str]:
    with new_database(server, _template) as url:
        yield url


@pytest.fixture
def engine(migrated_url: str) -> Iterator[Engine]:
    opened = open_engine(migrated_url)
    yield opened
    opened.dispose()


@pytest.fixture
def own_server(own_folder: Path) -> EmbeddedServer:
    return EmbeddedServer(own_folder / "data")


@pytest.fixture
def own_folder(pytestconfig: pytest.Config) -> Iterator[Path]:
    folder = pytestconfig.stash[_folder] / f"own-{uuid4().hex[:8]}"
    folder.mkdir()
    yield folder
    for file in folder.glob("**/postgres/data/postmaster.pid"):
        EmbeddedServer(file.parents[2]).stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _template(server: EmbeddedServer) -> str:
    with (server.home.parent / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not execute(server.url(), f"SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE}'"):
            # Under another name until it is complete: a worker may be killed in between.
            name = f"{TEMPLATE}_{uuid4().hex[:8]}"
            execute(server.url(), f"CREATE DATABASE {name}")
            url = make_url(server.url()).set(database=name)
            open_engine(url.render_as_string(hide_password=False)).dispose()
            execute(server.url(), f"ALTER DATABASE {name} RENAME TO {TEMPLATE}")
    return TEMPLATE


@contextlib.contextmanager
def new_database(server: EmbeddedServer, template: str = "template1") -> Iterator[str]:
    name = f"test_{uuid4().hex[:12]}"
    execute(server.url(), f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield make_url(server.url()).set(database=name).render_as_string(hide_password=False)
    finally:
        execute(server.url(), f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    """Run one statement outside a transaction and return its rows."""
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with contextlib.closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []
