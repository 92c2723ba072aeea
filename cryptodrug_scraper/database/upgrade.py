"""Which migration a database is at, and bringing it to another.

A change of the schema is one transaction, under a lock that all processes agree on: it is
done once, or not at all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from cryptodrug_scraper.database.embedded import DatabaseUnavailable

# Beside the package, in a checkout as in site-packages.
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

_LOCK = 0x6372_7970_746F  # "crypto"; any number would do that nobody else takes

# All tables, views and sequences that a person made: not the system's, not an extension's.
_RELATIONS = text(
    """
    SELECT n.nspname || '.' || c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND NOT (n.nspname = 'public' AND c.relname = 'alembic_version')
      AND NOT EXISTS (
          SELECT FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      )
    ORDER BY n.nspname <> 'public', 1
    LIMIT 4
    """
)


class State(Enum):
    """How the schema of a database stands to the one that this program knows."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"
    FOREIGN = "foreign"


@dataclass(frozen=True)
class Schema:
    """The state of a database, the revision it is at, and (if foreign) some of its tables."""

    state: State
    revision: str | None = None
    tables: tuple[str, ...] = ()


def inspect_schema(connection: Connection) -> Schema:
    """Find out which schema a database holds; nothing is changed."""
    heads = _migrated_to(connection)
    if not heads:
        tables = tuple(connection.execute(_RELATIONS).scalars())
        return Schema(State.FOREIGN, None, tables) if tables else Schema(State.EMPTY)
    revision = ", ".join(heads)
    if revision == head():
        return Schema(State.CURRENT, revision)
    known = {script.revision for script in _scripts().walk_revisions()}
    return Schema(State.OLDER if revision in known else State.NEWER, revision)


def head() -> str | None:
    """Return the newest revision that this program knows."""
    return _scripts().get_current_head()


def current(engine: Engine) -> str | None:
    """Return the revision that a database is at, None if it is at none."""
    with engine.connect() as connection:
        return ", ".join(_migrated_to(connection)) or None


def upgrade(engine: Engine) -> tuple[str | None, str | None]:
    """Bring a database to the newest revision; return the one it was at and the one it is at.

    Refuses a database that a newer program made, or that holds something else.
    """
    with _changing(engine, "upgraded") as connection:
        schema = inspect_schema(connection)
        refuse_unusable(schema, engine)
        if schema.state is not State.CURRENT:
            command.upgrade(_configuration(connection), "head")
        return schema.revision, head()


def downgrade(engine: Engine, revision: str) -> tuple[str | None, str | None]:
    """Take a database back to a revision (`base`: to none, all tables are dropped)."""
    with _changing(engine, "taken back") as connection:
        schema = inspect_schema(connection)
        refuse_unusable(schema, engine)
        try:
            command.downgrade(_configuration(connection), revision)
        except CommandError as error:
            raise DatabaseUnavailable(
                f"The database {masked(engine)} cannot be taken back to {revision}: {error}"
            ) from error
        return schema.revision, ", ".join(_migrated_to(connection)) or None


def refuse_unusable(schema: Schema, engine: Engine) -> None:
    """Raise if the database is of a newer program or holds something else."""
    if schema.state is State.NEWER:
        raise DatabaseUnavailable(
            f"The database {masked(engine)} is at migration {schema.revision}, which this "
            f"version of cryptodrug does not know (its newest is {head()}). A newer version "
            "made it: update cryptodrug, or use another database. Nothing was changed."
        )
    if schema.state is State.FOREIGN:
        tables = ", ".join(schema.tables[:3]) + (", …" if len(schema.tables) > 3 else "")
        raise DatabaseUnavailable(
            f"The database {masked(engine)} holds something else ({tables}) and was not made "
            "by cryptodrug. Give cryptodrug an empty database of its own (CREATE DATABASE "
            "cryptodrug). Nothing was changed."
        )


def masked(engine: Engine) -> str:
    """Return the address of an engine's database without its password."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=True)


@contextlib.contextmanager
def _changing(engine: Engine, what: str) -> Iterator[Connection]:
    """Hold a transaction in which only this process changes the schema."""
    try:
        with engine.begin() as connection:
            # Neither another upgrade nor a reader of a table is waited for without end.
            connection.execute(text("SET LOCAL lock_timeout = '120s'"))
            connection.execute(text("SET LOCAL search_path = public"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield connection
    except DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        hint = ""
        if "permission denied" in reason:
            hint = " Its owner has to let this user create tables (GRANT CREATE ON SCHEMA public)."
        elif "lock timeout" in reason:
            hint = " Another program is using it: end that one first."
        raise DatabaseUnavailable(
            f"The database {masked(engine)} could not be {what}: {reason}.{hint} "
            "Nothing was changed."
        ) from error


def _migrated_to(connection: Connection) -> list[str]:
    # In schema public, whatever the search path of the user who asks.
    context = MigrationContext.configure(connection, opts={"version_table_schema": "public"})
    return sorted(context.get_current_heads())


def _configuration(connection: Connection | None = None) -> Config:
    config = Config()
    # Alembic's options are interpolated: a percent sign in a path has to be doubled.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_configuration())
