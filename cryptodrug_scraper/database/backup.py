"""A database into one file and out of it again, by PostgreSQL's own programs.

A backup is what `pg_dump --format=custom` writes, and a line behind it with the SHA-256 of all
before: so that damage is seen before anything is changed. `pg_restore` itself takes such a file.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import IO

from sqlalchemy import URL, Engine, text

from cryptodrug_scraper.common.files import replacing, writable_file
from cryptodrug_scraper.common.processes import last_lines
from cryptodrug_scraper.common.progress import OnProgress, Progress, ignore_progress
from cryptodrug_scraper.database.connection import mask, open_server
from cryptodrug_scraper.database.programs import MAJOR, DatabaseUnavailable, Programs
from cryptodrug_scraper.database.upgrade import State, inspect_schema, refuse_unusable
from cryptodrug_scraper.settings import Settings

OLDEST_TO_RESTORE = 17  # what pg_restore sets before it begins is unknown to older servers

_LAST = b"\ncryptodrug backup, sha256 %s\n"
_LAST_SIZE = len(_LAST % bytes(64))
_TABLE = re.compile(r'(?:dumping contents of|processing data for) table "public\.(\w+)"')
_PIECE = 1 << 20


class BackupRefused(Exception):
    """A backup cannot be made or restored as things are; nothing was changed."""


def backup(
    url: str | None,
    file: Path,
    *,
    settings: Settings,
    on_progress: OnProgress = ignore_progress,
) -> int:
    """Write all that a database holds, as of one moment, into ``file``; return its bytes.

    Others may go on reading and writing meanwhile. The file appears complete, readable to its
    owner alone, in the place of one that was there. No ``url`` means the database of the settings.
    Raises :class:`BackupRefused`, :class:`DatabaseUnavailable`, NotWritable and OSError.
    """
    target = writable_file(file)
    with closing(_Database(url, settings)) as database:
        database.refuse_to_back_up()
        with replacing(target, 0o600) as written:
            database.run(
                "pg_dump",
                ("--format=custom", "--no-owner", "--no-privileges"),
                "Writing",
                on_progress,
                written,
            )
            size = written.seek(0, os.SEEK_END)
            digest = _digest(written.fileno(), size, "Checking", on_progress)
            written.write(_LAST % digest)
    return size + _LAST_SIZE


def restore(
    url: str | None,
    file: Path,
    *,
    settings: Settings,
    on_progress: OnProgress = ignore_progress,
) -> str:
    """Load a backup into a database that is empty; return the migration that it is then at.

    All is loaded in one transaction, or nothing. Raises :class:`BackupRefused` for a file that is
    none of :func:`backup` or is damaged and for a database that holds something,
    :class:`DatabaseUnavailable`, and OSError.
    """
    _check(file, on_progress)
    with closing(_Database(url, settings)) as database:
        database.refuse_to_restore()
        database.run(
            "pg_restore",
            ("--single-transaction", "--no-owner", "--no-privileges", str(file.absolute())),
            "Loading",
            on_progress,
        )
        on_progress(Progress("Counting for the planner"))
        with database.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
            return inspect_schema(connection).revision or ""


class _Database:
    """A database of any content on a server that can be used."""

    def __init__(self, url: str | None, settings: Settings) -> None:
        self.engine: Engine = open_server(url, settings)
        self.name = mask(self.engine.url)
        self._programs = Programs(settings.data_dir)
        with self.engine.connect() as connection:
            self.schema = inspect_schema(connection)
            version = "SELECT current_setting('server_version_num')::int / 10000"
            self._major = int(connection.execute(text(version)).scalar_one())
            names = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            self._tables = int(connection.execute(text(names)).scalar_one())

    def close(self) -> None:
        self.engine.dispose()

    def refuse_to_back_up(self) -> None:
        if self.schema.state is State.FOREIGN:
            refuse_unusable(self.schema, self.engine)
        if self.schema.state is State.EMPTY:
            raise BackupRefused(f"The database {self.name} is empty: there is nothing to back up.")
        if self._major > MAJOR:
            raise DatabaseUnavailable(
                f"The server of {self.name} is PostgreSQL {self._major}, and the programs that "
                f"come with cryptodrug are of PostgreSQL {MAJOR}: they read servers up to that. "
                f"Use the server's own: pg_dump --format=custom --file=FILE."
            )

    def refuse_to_restore(self) -> None:
        if self.schema.state is not State.EMPTY:
            raise BackupRefused(
                f"The database {self.name} is not empty, and a backup is restored into an empty "
                "one only. Make a new one (createdb), or give the embedded database another "
                "folder with CRYPTODRUG_DATA_DIR. Nothing was changed."
            )
        if self._major < OLDEST_TO_RESTORE:
            raise DatabaseUnavailable(
                f"The server of {self.name} is PostgreSQL {self._major}, and the programs that "
                f"come with cryptodrug restore into PostgreSQL {OLDEST_TO_RESTORE} or newer. "
                "Nothing was changed. Replay the archives into it instead."
            )

    def run(
        self,
        program: str,
        options: Sequence[str],
        task: str,
        on_progress: OnProgress,
        output: IO[bytes] | None = None,
    ) -> None:
        """Run one of PostgreSQL's programs on this database, and tell of each table."""
        address, password = _without_password(self.engine.url)
        command = [
            self._programs.path(program),
            *("--verbose", "--no-password", "--dbname", address),
            *options,
        ]
        environment = os.environ | {"LC_ALL": "C", "PGAPPNAME": "cryptodrug backup"} | password
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=environment,
        )
        errors: list[str] = []
        seen = 0
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if table := _TABLE.search(line):
                    share = seen / self._tables if self._tables else None
                    on_progress(Progress(f"{task} {table[1]}", share=share))
                    seen += 1
                elif "error:" in line or errors:
                    errors.append(line)
            code = process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait()
        if code:
            raise DatabaseUnavailable(
                f"{program} could not do its work on {self.name}. Nothing was changed. It said:\n"
                + last_lines("".join(errors) or f"exit code {code}")
            )


def _without_password(url: URL) -> tuple[str, dict[str, str]]:
    """Return an address that may be seen in a list of processes, and the password beside it."""
    stated = url.password or url.query.get("password")
    address = URL.create(
        "postgresql",
        username=url.username,
        host=url.host,
        port=url.port,
        database=url.database,
        query={name: value for name, value in url.query.items() if name != "password"},
    )
    password = {"PGPASSWORD": str(stated)} if stated else {}
    return address.render_as_string(hide_password=False), password


def _check(file: Path, on_progress: OnProgress) -> None:
    """Refuse a file that is no backup, or not as it was written."""
    with file.open("rb") as opened:
        size = opened.seek(0, os.SEEK_END) - _LAST_SIZE
        last = os.pread(opened.fileno(), _LAST_SIZE, max(size, 0))
        stated = last.split()[-1] if last.split() else b""
        if size < 0 or last != _LAST % stated or not re.fullmatch(rb"[0-9a-f]{64}", stated):
            raise BackupRefused(
                f"{file} is no backup that `cryptodrug db backup` wrote, or its end is missing. "
                "Nothing was changed."
            )
        if _digest(opened.fileno(), size, "Checking", on_progress) != stated:
            raise BackupRefused(
                f"{file} is damaged: its bytes are not those that were written (SHA-256). "
                "Nothing was changed. Is there another copy?"
            )


def _digest(descriptor: int, size: int, task: str, on_progress: OnProgress) -> bytes:
    """Return the SHA-256, in hexadecimal, of the first ``size`` bytes of a file."""
    digest = hashlib.sha256()
    for at in range(0, size, _PIECE):
        digest.update(os.pread(descriptor, min(_PIECE, size - at), at))
        on_progress(Progress(task, at // _PIECE, "MB", at / size))
    return digest.hexdigest().encode()
