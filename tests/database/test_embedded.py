"""The embedded server: found, started, shared, killed, stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import make_url

from cryptodrug_scraper.common.processes import is_alive, wait_for
from cryptodrug_scraper.database import embedded, programs
from cryptodrug_scraper.database.embedded import DatabaseUnavailable, EmbeddedServer
from tests.databases import execute

ROOT = Path(__file__).parents[2]


def connect(url: str) -> psycopg2.extensions.connection:
    return psycopg2.connect(url.replace("postgresql+psycopg2", "postgresql", 1))


def postmaster(server: EmbeddedServer) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def python(code: str, server: EmbeddedServer) -> subprocess.Popen[str]:
    """Start a process of its own in which `server` is the server."""
    preamble = (
        "import sys, time; from pathlib import Path\n"
        "from cryptodrug_scraper.database.embedded import DatabaseUnavailable, EmbeddedServer\n"
        "server = EmbeddedServer(Path(sys.argv[1]))\n"
        "EmbeddedServer.durable = False\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", preamble + code, str(server.home.parent)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_it_is_made_started_and_stopped(own_server: EmbeddedServer) -> None:
    assert not own_server.is_running()
    assert own_server.stop() is False
    with pytest.raises(DatabaseUnavailable, match="no embedded database"):
        own_server.url()

    url = own_server.ensure_running()
    assert own_server.is_running()
    assert own_server.ensure_running() == url == own_server.url()
    execute(url, "CREATE TABLE kept (x int)")

    assert own_server.stop() is True
    assert not own_server.is_running()
    assert own_server.stop() is False
    assert own_server.url() == url

    assert own_server.ensure_running() == url
    assert execute(url, "SELECT * FROM kept") == []


def test_how_it_is_set_up(server: EmbeddedServer) -> None:
    url = server.url()
    # In one query: other tests make databases on this server meanwhile.
    of_each = "SELECT DISTINCT pg_encoding_to_char(encoding), datlocale FROM pg_database"
    assert execute(url, of_each) == [("UTF8", "C.UTF-8")]
    assert execute(url, "SHOW listen_addresses") == [("127.0.0.1",)]
    assert execute(url, "SHOW timezone") == [("UTC",)]
    assert execute(url, "SHOW synchronous_commit") == [("on",)]
    assert execute(
        url, "SELECT current_user::text, rolsuper FROM pg_roles WHERE rolname = user"
    ) == [("cryptodrug", False)]


def test_it_writes_to_disk(own_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmbeddedServer, "durable", True)
    assert execute(own_server.ensure_running(), "SHOW fsync") == [("on",)]


def test_nobody_comes_in_without_the_password(server: EmbeddedServer) -> None:
    url = make_url(server.url())
    for user, password in (("cryptodrug", "wrong"), ("postgres", url.password), ("postgres", None)):
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(
                host=url.host, port=url.port, user=user, password=password, dbname="postgres"
            )
    assert stat.S_IMODE((server.home / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.home.stat().st_mode) in (0o700, 0o711)
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert str(url.password) not in server.log.read_text()


@pytest.mark.parametrize("name", ["with spaces", "a\"quote'$HOME`date`%s", "ünï", "d/" * 60])
def test_any_folder_will_do(own_folder: Path, name: str) -> None:
    own = EmbeddedServer(own_folder / name)
    assert execute(own.ensure_running(), "SELECT 1") == [(1,)]


def test_ten_at_once_in_an_empty_folder(own_server: EmbeddedServer) -> None:
    code = "import psycopg2; u = server.ensure_running(); print(u)\n"
    code += "psycopg2.connect(u.replace('+psycopg2', '')).close()"
    processes = [python(code, own_server) for _ in range(10)]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [error for _, error in answers] == [""] * 10
    assert {output.strip() for output, _ in answers} == {own_server.url()}
    assert not list(own_server.home.glob("data.new-*"))


@pytest.mark.usefixtures("interruptible")
def test_it_outlives_who_started_it_and_ctrl_c(own_server: EmbeddedServer) -> None:
    process = python("print(server.ensure_running(), flush=True); time.sleep(60)", own_server)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    with contextlib.closing(connect(url)):
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=10)
        assert execute(url, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("after", [0.2, 0.35, 0.5, 0.65, 0.8])
def test_a_kill_while_it_is_made(own_server: EmbeddedServer, after: float) -> None:
    process = python("server.ensure_running()", own_server)
    time.sleep(after)
    process.kill()
    process.communicate()
    url = own_server.ensure_running()
    assert execute(url, "SELECT current_database()::text") == [("cryptodrug",)]


def test_a_kill_of_a_client_undoes_its_transaction_and_its_locks(
    own_server: EmbeddedServer,
) -> None:
    url = own_server.ensure_running()
    execute(url, "CREATE TABLE t (x int)")
    process = python(
        "import psycopg2\n"
        "c = psycopg2.connect(server.url().replace('+psycopg2', '')).cursor()\n"
        "c.execute('LOCK TABLE t; INSERT INTO t SELECT generate_series(1, 1000)')\n"
        "print('in', flush=True)\n"
        "c.execute('SELECT pg_sleep(600)')",
        own_server,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    process.kill()
    process.communicate()
    with contextlib.closing(connect(url)) as connection:
        cursor = connection.cursor()
        cursor.execute("SET lock_timeout = '10s'")
        cursor.execute("LOCK TABLE t")
        cursor.execute("SELECT count(*) FROM t")
        assert cursor.fetchone() == (0,)


def test_a_kill_of_the_server_loses_nothing_committed(own_server: EmbeddedServer) -> None:
    url = own_server.ensure_running()
    execute(url, "CREATE TABLE t AS SELECT generate_series(1, 10000) AS x")
    with contextlib.closing(connect(url)) as connection:
        connection.cursor().execute("DELETE FROM t")  # not committed
        pid = postmaster(own_server)
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while own_server.is_running() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (own_server.data / "postmaster.pid").exists()

        assert own_server.ensure_running() == url
    assert postmaster(own_server) != pid
    assert execute(url, "SELECT count(*) FROM t") == [(10000,)]


def test_a_session_that_outlives_the_killed_server_is_ended(own_server: EmbeddedServer) -> None:
    url = own_server.ensure_running()
    busy = python(
        "import psycopg2\n"
        "c = psycopg2.connect(server.url().replace('+psycopg2', '')).cursor()\n"
        "c.execute('SET max_parallel_workers_per_gather = 0')\n"
        "print('in', flush=True)\n"
        "c.execute('SELECT count(*) FROM generate_series(1, 1000000000) a')",
        own_server,
    )
    try:
        assert busy.stdout is not None
        assert busy.stdout.readline() == "in\n"
        time.sleep(0.3)
        os.kill(postmaster(own_server), signal.SIGKILL)
        time.sleep(0.1)
        own_server.ensure_running()
        assert execute(url, "SELECT 1") == [(1,)]
    finally:
        busy.kill()
        busy.communicate()


def test_a_stale_pid_file_that_names_another_program(own_server: EmbeddedServer) -> None:
    own_server.ensure_running()
    lines = (own_server.data / "postmaster.pid").read_text().splitlines()
    own_server.stop()
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        for pid in (os.getpid(), sleeper.pid, 1, 2**22 + 1):
            text = "\n".join([str(pid), *lines[1:]]) + "\n"
            (own_server.data / "postmaster.pid").write_text(text)
            assert not own_server.is_running()
            assert own_server.stop() is False
            assert execute(own_server.ensure_running(), "SELECT 1") == [(1,)]
            own_server.stop()
        assert sleeper.poll() is None
        (own_server.data / "postmaster.pid").write_text("")
        own_server.ensure_running()
    finally:
        sleeper.kill()
        sleeper.wait()


def test_two_folders_do_not_meet(own_server: EmbeddedServer, own_folder: Path) -> None:
    other = EmbeddedServer(own_folder / "other")
    first, second = own_server.ensure_running(), other.ensure_running()
    assert make_url(first).port != make_url(second).port
    own_server.stop()
    assert other.is_running()


def test_a_port_that_was_taken_is_chosen_anew(own_server: EmbeddedServer) -> None:
    port = make_url(own_server.ensure_running()).port
    own_server.stop()
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port or 0))
        squatter.listen()
        url = own_server.ensure_running()
        assert make_url(url).port != port
        assert execute(url, "SELECT 1") == [(1,)]
        assert own_server.url() == url


def test_a_port_that_is_taken_at_the_last_moment(
    own_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = make_url(own_server.ensure_running()).port
    own_server.stop()
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port or 0))
        squatter.listen()
        monkeypatch.setattr(embedded, "is_free", lambda _: True)
        assert make_url(own_server.ensure_running()).port != port


def test_stop_names_and_ends_the_connections(own_server: EmbeddedServer) -> None:
    assert own_server.clients() == []
    url = own_server.ensure_running()
    assert own_server.clients() == []
    with contextlib.closing(connect(url + "?application_name=DBeaver")) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE t (x int)")
        connection.commit()
        cursor.execute("INSERT INTO t VALUES (1)")
        assert [(c.application, c.state) for c in own_server.clients()] == [
            ("DBeaver", "idle in transaction")
        ]
        assert own_server.stop() is True  # while it is connected
        with pytest.raises(psycopg2.Error):
            cursor.execute("SELECT 1")
    assert execute(own_server.ensure_running(), "SELECT * FROM t") == []


def test_starting_and_stopping_at_once(own_server: EmbeddedServer) -> None:
    own_server.ensure_running()
    code = "for _ in range(5): server.ensure_running(); server.stop()"
    processes = [python(code, own_server) for _ in range(4)]
    assert [process.communicate(timeout=60)[1] for process in processes] == [""] * 4
    assert execute(own_server.ensure_running(), "SELECT 1") == [(1,)]


def test_stopping_right_after_a_session_crashed_waits_for_nothing(
    own_server: EmbeddedServer,
) -> None:
    """Asked to stop in an orderly way while it recovers, the server would never do so."""
    url = own_server.ensure_running()
    with contextlib.closing(connect(url)) as connection, connection.cursor() as work:
        work.execute("SELECT pg_backend_pid()")
        row = work.fetchone()
        assert row is not None
        os.kill(int(row[0]), signal.SIGKILL)
        assert wait_for(lambda: not is_alive(int(row[0])), 60)
    assert own_server.stop()
    log = own_server.log.read_text()
    assert not ("received fast" in log and "received immediate" in log)
    assert execute(own_server.ensure_running(), "SELECT 1") == [(1,)]


def test_a_lost_password_is_made_anew(own_server: EmbeddedServer) -> None:
    own_server.ensure_running()
    (own_server.home / "password").unlink()
    with pytest.raises(DatabaseUnavailable, match="db stop"):
        own_server.ensure_running()
    assert own_server.stop()
    assert execute(own_server.ensure_running(), "SELECT 1") == [(1,)]


def test_ones_own_settings(own_server: EmbeddedServer) -> None:
    own_server.ensure_running()
    own_server.stop()
    (own_server.home / "local.conf").write_text("work_mem = '77MB'\n")
    assert execute(own_server.ensure_running(), "SHOW work_mem") == [("77MB",)]
    own_server.stop()
    (own_server.home / "local.conf").write_text("nonsense = 1\n")
    with pytest.raises(DatabaseUnavailable, match=r"(?s)does not start.*nonsense"):
        own_server.ensure_running()


def test_data_of_another_version(own_server: EmbeddedServer) -> None:
    own_server.ensure_running()
    own_server.stop()
    (own_server.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(DatabaseUnavailable, match=r"made by PostgreSQL 17.*brings PostgreSQL 18"):
        own_server.ensure_running()
    (own_server.data / "PG_VERSION").unlink()
    with pytest.raises(DatabaseUnavailable, match="is not a PostgreSQL database"):
        own_server.ensure_running()


def test_broken_data_is_told_with_the_log(own_server: EmbeddedServer) -> None:
    own_server.ensure_running()
    own_server.stop()
    (own_server.data / "global" / "pg_control").write_bytes(b"junk")
    with pytest.raises(DatabaseUnavailable, match=r"(?s)does not start.*pg_control"):
        own_server.ensure_running()


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnavailable, match="CRYPTODRUG_DATA_DIR"):
        EmbeddedServer(tmp_path / "file").ensure_running()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if not mount or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=20m", "tmpfs", disk]).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    own = EmbeddedServer(small_disk)
    with pytest.raises(DatabaseUnavailable, match="No space left on device"):
        own.ensure_running()
    assert not own.data.exists()
    assert not list(own.home.glob("data.new-*"))


def test_no_permission(tmp_path: Path) -> None:
    """As an ordinary user, in a folder that belongs to another."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become another user")
    (tmp_path / "postgres").mkdir(mode=0o700)
    code = (
        "import sys, os; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from cryptodrug_scraper.database.embedded import DatabaseUnavailable, EmbeddedServer\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: EmbeddedServer(Path(sys.argv[1])).ensure_running()\n"
        "except DatabaseUnavailable as e: print(e)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(ROOT)], capture_output=True, text=True
    )
    assert "Permission denied" in done.stdout, done.stderr
    assert "sudo" in done.stdout


def test_the_package_missing(own_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MAJOR", 99)
    with pytest.raises(DatabaseUnavailable, match="not installed"):
        own_server.ensure_running()
