"""The files of the embedded server's folder: its settings, who may log in, and its log."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from cryptodrug_scraper.common.processes import HOST, last_lines

ROLE = "cryptodrug"
DATABASE = "cryptodrug"

_LOG_LIMIT = 10_000_000

CONFIGURATION = f"""\
# Written anew by cryptodrug at each start: changes here are lost.
# Put your own settings in local.conf beside this file.
listen_addresses = '{HOST}'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 100

shared_buffers = 128MB
work_mem = 32MB
maintenance_work_mem = 128MB
effective_cache_size = 1GB
random_page_cost = 1.1
jit = off

# Loading comes in bulk: fewer checkpoints. A commit is on disk when it is reported.
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
checkpoint_timeout = 15min

# A client that was killed must not go on holding locks.
client_connection_check_interval = 2s

# Texts of pages never belong into a log.
log_min_error_statement = panic
log_parameter_max_length_on_error = 0
log_error_verbosity = terse
log_checkpoints = off
log_line_prefix = '%m [%p] %a '
log_timezone = 'UTC'
timezone = 'UTC'
lc_messages = 'C'

include_if_exists 'local.conf'
"""

LOCAL = "# Your own settings for the embedded PostgreSQL, such as: shared_buffers = 1GB\n"

HBA = f"host all {ROLE} {HOST}/32 scram-sha-256\n"


def prepare_log(log: Path) -> None:
    """Make the log writable for us and keep one older log when it has become long."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    os.close(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))


def shorten_log(log: Path) -> None:
    """Keep a long log of a running server as the older one, and go on with an empty one."""
    # The running server appends to the open file, so it is copied and emptied in place.
    if log.stat().st_size > 2 * _LOG_LIMIT:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def log_since(log: Path, offset: int) -> str:
    """Return what the log says from an offset on, a megabyte at most."""
    with log.open("rb") as file:
        file.seek(offset)
        return file.read(1_000_000).decode(errors="replace")


def log_tail(log: Path) -> str:
    """Return the log's last lines; nothing if it cannot be read."""
    try:
        return last_lines(log_since(log, max(0, log.stat().st_size - 10_000)))
    except OSError:
        return ""


def full_disk(home: Path, *, sure: bool = False) -> str:
    """Return a sentence that the disk of a folder is full, with what to do; empty if it is not.

    ``sure`` is whether a program has complained already; else less than 32 MB have to be left,
    two pieces of PostgreSQL's journal.
    """
    try:
        free = shutil.disk_usage(home).free
    except OSError:
        return ""
    if not sure and free > 32_000_000:
        return ""
    return (
        f"The database in {home} has no room left on its disk ({free / 1e6:,.0f} MB are free). "
        "Make room there, or choose another folder with CRYPTODRUG_DATA_DIR."
    )
