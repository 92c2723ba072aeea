"""Why a database was lost while it was in use, said in a sentence, with what to do."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2
from sqlalchemy import make_url

from cryptodrug_scraper.database.connection import mask
from cryptodrug_scraper.database.embedded import DatabaseUnavailable, EmbeddedServer
from cryptodrug_scraper.database.serverfiles import full_disk, log_since
from cryptodrug_scraper.settings import get_settings

AGAIN = "What was loaded stays, and the same command goes on from there."
_NO_SPACE = ("No space left on device", "Disk quota exceeded", "File too large")
_GRAVE = re.compile(r"PANIC|FATAL|by signal|No space left|could not (?:write|extend)")
_LOG_BYTES = 20_000


class DatabaseLost(psycopg2.OperationalError):
    """The database failed while it was in use; the message says why, and what to do."""


@contextmanager
def losses_named(dsn: str) -> Iterator[None]:
    """Raise :class:`DatabaseLost` for what is not an error of a statement's.

    ``dsn`` is the libpq address in use. Of the embedded server, its log and the space on its disk
    are looked at too.
    """
    server = _embedded(dsn)
    log_size = _size(server)
    try:
        yield
    except DatabaseLost:
        raise
    except psycopg2.Error as error:
        if not (
            isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
            or type(error) is psycopg2.DatabaseError
        ):
            raise
        raise DatabaseLost(_why(error, dsn, server, log_size)) from error


def _why(error: psycopg2.Error, dsn: str, server: EmbeddedServer | None, log_size: int) -> str:
    message = " ".join(str(error).split())
    code = error.pgcode or ""
    where = f"The database in {server.home}" if server else f"The database {mask(dsn)}"
    log = ""
    for _ in range(20):  # a client hears of an end before the server has written why
        if server is None or (log := _last_grave(server, log_size)):
            break
        time.sleep(0.1)
    full = code == "53100" or any(words in message + log for words in _NO_SPACE)
    if server is not None and (note := full_disk(server.home, sure=full)):
        return f"{note} {AGAIN}"
    if full:
        return f"{where} has no room left on its disk ({message}). Make room there. {AGAIN}"
    if code == "53200":
        return f"{where} ran out of memory ({message}). Use fewer --workers. {AGAIN}"
    if code == "53300" or "too many clients" in message:
        return (
            f"{where} has no connection left ({message}). End another program that uses it, or use "
            f"fewer --workers. {AGAIN}"
        )
    if server is not None and not code.startswith(("57", "58", "XX")):
        state = "its connections ended" if server.is_running() else "it is no longer running"
        reason = f"its log says last: {log}" if log else f"the connection says: {message}"
        return (
            f"{where} failed while it was in use: {state}; {reason} (all of it in {server.log}). "
            f"It is started anew when it is needed. {AGAIN}"
        )
    return (
        f"{where} failed, or the connection to it was lost: {message}. "
        f"Look with `cryptodrug db status`. {AGAIN}"
    )


def _embedded(dsn: str) -> EmbeddedServer | None:
    """Return the embedded server, if the address is its."""
    server = EmbeddedServer(get_settings().data_dir)
    try:
        ours, given = make_url(server.url()), make_url(dsn)
    except (DatabaseUnavailable, ValueError):
        return None
    return server if (ours.host, ours.port) == (given.host, given.port) else None


def _size(server: EmbeddedServer | None) -> int:
    with suppress(OSError):
        return server.log.stat().st_size if server else 0
    return 0


def _last_grave(server: EmbeddedServer, log_size: int) -> str:
    """Return what the server's log said last that may tell why it failed, of this use."""
    try:
        offset = max(log_size, server.log.stat().st_size - _LOG_BYTES)
        lines = log_since(server.log, offset).splitlines()
    except OSError:
        return ""
    grave = [line for line in lines if _GRAVE.search(line)]
    # Of all that follows, the first PANIC or signal is the cause.
    cause = [
        line for line in grave if "PANIC" in line or "No space left" in line or "signal" in line
    ]
    return (cause or grave[::-1] or [""])[0].strip()[:300]
