"""Which database is used, and an engine on it that is known to be usable.

The address comes from `--database-url`, else from `CRYPTODRUG_DATABASE_URL` or
`DATABASE_URL`, else it is the embedded server's. The password of `DATABASE_URL` may stand in
a file of its own, `CRYPTODRUG_DATABASE_PASSWORD_FILE`. What is wrong with a database is found
out when it is opened, before anything is written, and said with its address (the password
masked) and a way out:

| the database | the embedded one | another server's |
| --- | --- | --- |
| is empty | the schema is made | the schema is made |
| is at an older migration | upgraded | refused: `cryptodrug db upgrade` |
| is at one this program does not know | refused | refused |
| holds something else | refused | refused |

Facts that this program knows of markets are written anew where they differ (``facts.py``).
"""

from __future__ import annotations

import re
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from cryptodrug_scraper.database.embedded import DatabaseUnavailable, EmbeddedServer
from cryptodrug_scraper.settings import Settings, get_settings

if TYPE_CHECKING:
    from cryptodrug_scraper.database.upgrade import Schema

__all__ = [
    "DatabaseUnavailable",
    "client_url",
    "is_embedded",
    "mask",
    "open_engine",
    "open_server",
    "ready_url",
    "resolve_url",
]

OLDEST_SERVER = 14

# What libpq or the server says (in part), and what to do about it.
_ADVICE = (
    ("password authentication failed", "The user name or the password is wrong."),
    ("no password supplied", "The server wants a password: postgresql://USER:PASSWORD@HOST/NAME."),
    ("could not translate host name", "There is no machine of that name: is it spelt right?"),
    ("connection refused", "No server listens there: is it running, and is the port right?"),
    ("timeout expired", "Nothing answered in time: are host, port and firewall right?"),
    ("no route to host", "That machine cannot be reached from here."),
    ("network is unreachable", "That machine cannot be reached from here."),
    ("invalid response to ssl negotiation", "What listens there is not a PostgreSQL server."),
    ("expected authentication request", "What listens there is not a PostgreSQL server."),
    ("server closed the connection", "What listens there may not be a PostgreSQL server."),
    ("no pg_hba.conf entry", "The server does not let this user in from this machine."),
    ("too many clients", "The server has no connection left: end another program first."),
    ("too many connections", "The server has no connection left: end another program first."),
)


def resolve_url(explicit: str | None, settings: Settings) -> str:
    """Return the SQLAlchemy URL of the database to use; starts the embedded one if it is it."""
    given = (explicit or "").strip() or settings.database_url
    if given is None:
        return EmbeddedServer(settings.data_dir).ensure_running()
    parsed = _parse(given)
    file = settings.database_password_file
    if file is not None and parsed.password is None and given == settings.database_url:
        parsed = parsed.set(password=_password(file))
    return parsed.render_as_string(hide_password=False)


def _password(file: Path) -> str:
    """Return what a file of a secret holds, without the line's end."""
    where = f"The file of the database's password ({file}, CRYPTODRUG_DATABASE_PASSWORD_FILE)"
    try:
        text = file.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise DatabaseUnavailable(f"{where} cannot be read: {why}.") from None
    if not text:
        raise DatabaseUnavailable(f"{where} is empty.")
    return text


def client_url(url: str) -> str:
    """Return a URL as psql, DBeaver and pandas' ADBC want it, without SQLAlchemy's driver."""
    return _parse(url).set(drivername="postgresql").render_as_string(hide_password=False)


def mask(url: str | URL) -> str:
    """Return a URL that may be shown: without its password, even if it is no proper URL."""
    try:
        parsed = make_url(url)
        hidden = {key: "***" for key in parsed.query if "password" in key.lower()}
        parsed = parsed.update_query_dict(hidden)
        if parsed.drivername.startswith("postgres"):
            parsed = parsed.set(drivername="postgresql")
        return parsed.render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return re.sub(r"(?<!//):(?!//).*@", ":***@", str(url))


def open_engine(
    url: str | None = None, *, upgrade: bool | None = None, settings: Settings | None = None
) -> Engine:
    """Connect, check server and schema, and return an engine; or raise DatabaseUnavailable.

    `upgrade` True brings an older schema of any server to the newest, False never changes
    a schema, and None follows the table above. No `url` means the one of the settings.
    """
    settings = settings or get_settings()
    address = _parse(resolve_url(url, settings))
    embedded = is_embedded(address, settings.data_dir)
    engine = _engine(address)
    try:
        _prepare(engine, address, upgrade, EmbeddedServer(settings.data_dir) if embedded else None)
    except BaseException:
        engine.dispose()
        raise
    return engine


def ready_url(database_url: str | None, *, to_load: bool = False) -> str:
    """Return the address, for clients, of a database that is at this program's migration.

    `to_load`: the schema is made where there is none. A question must not make one in another's
    server; the embedded one is ours. Raises DatabaseUnavailable.
    """
    settings = get_settings()
    others = (database_url or settings.database_url) and not to_load
    url = resolve_url(database_url, settings)
    open_engine(url, upgrade=False if others else None).dispose()
    return client_url(url)


def open_server(url: str | None, settings: Settings) -> Engine:
    """Connect and check the server alone, whatever the database holds; raise DatabaseUnavailable.

    For what is done to a database as such; `open_engine` is for working with what is in it.
    """
    address = _parse(resolve_url(url, settings))
    embedded = is_embedded(address, settings.data_dir)
    engine = _engine(address)
    server = EmbeddedServer(settings.data_dir) if embedded else None
    try:
        with _connect(engine, address, server) as connection:
            _check_server(connection, address)
    except BaseException as error:
        engine.dispose()
        if isinstance(error, DBAPIError):
            raise _failure(error, address) from error
        raise
    return engine


def _prepare(
    engine: Engine, address: URL, upgrade: bool | None, embedded: EmbeddedServer | None
) -> None:
    # Alembic is slow to import, and not everybody who imports this module opens a database.
    from cryptodrug_scraper.database import upgrade as migrations
    from cryptodrug_scraper.database.facts import renew_facts

    try:
        with _connect(engine, address, embedded) as connection:
            _check_server(connection, address)
            schema = migrations.inspect_schema(connection)
    except DBAPIError as error:
        raise _failure(error, address) from error
    if schema.state is not migrations.State.CURRENT:
        _upgrade(engine, address, upgrade, embedded, schema)
    with closing(engine.raw_connection()) as pooled:
        renew_facts(pooled.dbapi_connection)  # type: ignore[arg-type]


def _upgrade(
    engine: Engine,
    address: URL,
    upgrade: bool | None,
    embedded: EmbeddedServer | None,
    schema: Schema,
) -> None:
    from cryptodrug_scraper.database import upgrade as migrations

    migrations.refuse_unusable(schema, engine)
    if upgrade is None:
        upgrade = embedded is not None or schema.state is migrations.State.EMPTY
    if not upgrade:
        at = f"at migration {schema.revision}" if schema.revision else "still empty"
        raise DatabaseUnavailable(
            f"The database {mask(address)} is {at}, and this version of cryptodrug needs "
            f"{migrations.head()}. Run `cryptodrug db upgrade` (after a backup, if others use "
            "it too). Nothing was changed."
        )
    migrations.upgrade(engine)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseUnavailable(
            f"{mask(url)!r} is not the address of a database. It should look like "
            "postgresql://USER:PASSWORD@HOST:5432/NAME"
        ) from None
    if "@" in (parsed.host or ""):
        raise DatabaseUnavailable(
            "The password in the address of the database holds an @, which has to be written "
            "as %40 (and / as %2F, : as %3A)."
        )
    kind = parsed.drivername.split("+")[0]
    if kind not in ("postgres", "postgresql"):
        raise DatabaseUnavailable(
            f"{mask(url)!r} is an address of kind {kind!r}, and cryptodrug works with "
            "PostgreSQL: postgresql://USER:PASSWORD@HOST:5432/NAME"
        )
    return parsed.set(drivername="postgresql+psycopg2")


def is_embedded(url: str | URL, data_dir: Path) -> bool:
    """Say whether an address is that of the embedded server of a data folder."""
    address = make_url(url)
    try:
        ours = make_url(EmbeddedServer(data_dir).url())
    except DatabaseUnavailable:
        return False
    return (address.host, address.port, address.database) == (ours.host, ours.port, ours.database)


def _engine(address: URL) -> Engine:
    defaults = {"connect_timeout": 10, "application_name": "cryptodrug", "client_encoding": "utf8"}
    engine = create_engine(
        address,
        pool_pre_ping=True,
        connect_args={k: v for k, v in defaults.items() if k not in address.query},
    )

    @event.listens_for(engine, "connect")
    def _same_everywhere(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        """Whatever the server's or the user's defaults are: one schema, one time zone."""
        cursor = connection.cursor()
        cursor.execute("SET search_path = public; SET timezone = 'UTC'; SET datestyle = 'ISO'")
        cursor.close()
        connection.commit()

    return engine


def _connect(engine: Engine, address: URL, embedded: EmbeddedServer | None) -> Connection:
    """Connect; the embedded server may just be stopping for another process, so try again."""
    attempts = 5 if embedded else 1
    while True:
        attempts -= 1
        try:
            return engine.connect()
        except OperationalError as error:
            if embedded is None or attempts <= 0:
                raise _failure(error, address) from error
            time.sleep(0.2)
            embedded.ensure_running()


def _check_server(connection: Connection, address: URL) -> None:
    version, encoding = connection.exec_driver_sql(
        "SELECT current_setting('server_version_num')::int,"
        " pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
    ).one()
    if version < OLDEST_SERVER * 10000:
        raise DatabaseUnavailable(
            f"The server of {mask(address)} is PostgreSQL {version // 10000}; cryptodrug "
            f"needs {OLDEST_SERVER} or newer."
        )
    if encoding != "UTF8":
        raise DatabaseUnavailable(
            f"The database {mask(address)} is encoded in {encoding}; texts of markets need "
            "UTF8: CREATE DATABASE cryptodrug ENCODING 'UTF8' TEMPLATE template0."
        )


def _failure(error: DBAPIError, address: URL) -> DatabaseUnavailable:
    words = re.sub(r"\s*Is the server running (?:on|locally)[^?]*\?", "\n", str(error.orig))
    reason = re.sub(r"\s+", " ", re.sub(r"\s*\n\s*(?=connection to)", "; ", words.strip()))
    lowered = reason.lower()
    advice = "Is the address right?"
    if re.search(r'database "[^"]*" does not exist', lowered):
        advice = f"Make it with: createdb {address.database}"
    elif re.search(r'role "[^"]*" does not exist', lowered):
        advice = "The server knows no user of that name."
    else:
        advice = next((hint for words, hint in _ADVICE if words in lowered), advice)
    return DatabaseUnavailable(
        f"The database {mask(address)} cannot be used: {reason.rstrip('.')}. {advice}"
    )
