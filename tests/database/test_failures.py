"""A database that is lost while it is in use says why, and what to do."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import psycopg2.errors
import pytest

from cryptodrug_scraper.common.processes import wait_for
from cryptodrug_scraper.database.connection import client_url, open_engine
from cryptodrug_scraper.database.embedded import EmbeddedServer
from cryptodrug_scraper.database.failures import DatabaseLost, losses_named


@pytest.fixture
def used(own_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server of the test's own, which is the one of the settings."""
    yield from address_of(own_server, monkeypatch)


def address_of(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("CRYPTODRUG_DATA_DIR", str(server.home.parent))
    url = server.ensure_running()
    open_engine(url, upgrade=True).dispose()
    yield client_url(url)


def test_a_server_that_was_killed_is_named_with_its_log(
    used: str, own_server: EmbeddedServer
) -> None:
    connection = psycopg2.connect(used)
    with pytest.raises(DatabaseLost) as caught, losses_named(used):
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        connection.cursor().execute("SELECT pg_sleep(20)")
    words = str(caught.value)
    assert str(own_server.home) in words
    assert "terminated by signal 9" in words
    assert "same command goes on" in words
    assert wait_for(own_server.is_running, 60)  # it comes back by itself


def test_errors_of_statements_are_left_as_they_are(used: str) -> None:
    connection = psycopg2.connect(used)
    with pytest.raises(psycopg2.errors.UndefinedTable), losses_named(used):
        connection.cursor().execute("SELECT * FROM nothing_of_that_name")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 120 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk here")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    tmp_path.chmod(0o755)
    folder.chmod(0o755)
    yield folder
    EmbeddedServer(folder).stop()
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_one_sentence_with_the_folder(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedServer(small_disk)
    for dsn in address_of(server, monkeypatch):
        connection = psycopg2.connect(dsn)
        with pytest.raises(DatabaseLost) as caught, losses_named(dsn):
            connection.cursor().execute(
                "CREATE TABLE filling AS SELECT repeat(md5(n::text), 20) AS words"
                " FROM generate_series(1, 1000000) AS n"
            )
        words = str(caught.value)
        assert "has no room left on its disk" in words
        assert str(server.home) in words
        assert "\n" not in words
