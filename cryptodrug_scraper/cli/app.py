"""The top of the command line: its commands and what they have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cryptodrug_scraper import __version__
from cryptodrug_scraper.cli import (
    archive,
    bulletin,
    crawl,
    db,
    doctor,
    export,
    fetch,
    markets,
    mirror,
    monitor,
    new_market,
    parse,
    replay,
    report,
    session,
    tor,
)
from cryptodrug_scraper.cli.errors import CommandGroup
from cryptodrug_scraper.cli.options import epilog, guide

HELP = guide("""
    Darknet drug markets, captured through Tor or read from saved pages into PostgreSQL, for
    research.

    Start with replay, which reads saved pages into the database, then ask the database with
    db query, or have report write the study of a country. parse and doctor show what single
    pages state and how that was found out.

    Live pages are captured with sessions that you sign in yourself: mirror and session say
    where and as whom.
""")
EPILOG = epilog("""
    [bold]First steps[/]
      cryptodrug replay saved-pages/
      cryptodrug db query "SELECT market, count(*) FROM listing GROUP BY market"
      cryptodrug report --country BE --out report.html
      cryptodrug mirror add dream http://ADDRESS.onion
      cryptodrug session add dream --cookies cookies.txt
      cryptodrug COMMAND --help      teaches one command, with examples

    [bold]Settings[/] (environment, or a file .env where you work)
      CRYPTODRUG_DATA_DIR   where the embedded database, sessions and mirrors lie
      DATABASE_URL          another PostgreSQL server, 14 or newer
      CRYPTODRUG_DATABASE_PASSWORD_FILE  a file with its password
      CRYPTODRUG_TOR_SOCKS, CRYPTODRUG_TOR_CONTROL, CRYPTODRUG_TOR_PASSWORD
                            where Tor is; see cryptodrug tor --help
      NO_COLOR              no colours
    """)

app = typer.Typer(
    name="cryptodrug",
    cls=CommandGroup,
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cryptodrug {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show Python's trace of any error.")
    ] = False,
) -> None:
    """Take the options that stand before the command."""


app.command("crawl", help=crawl.HELP, epilog=crawl.EPILOG)(crawl.crawl)
app.command("fetch", help=fetch.HELP, epilog=fetch.EPILOG)(fetch.fetch)
app.command("replay", help=replay.HELP, epilog=replay.EPILOG)(replay.replay)
app.command("parse", help=parse.HELP, epilog=parse.EPILOG)(parse.parse)
app.command("doctor", help=doctor.HELP, epilog=doctor.EPILOG)(doctor.doctor)
app.command("report", help=report.HELP, epilog=report.EPILOG)(report.report)
app.command("bulletin", help=bulletin.HELP, epilog=bulletin.EPILOG)(bulletin.bulletin)
app.command("markets", help=markets.HELP, epilog=markets.EPILOG)(markets.markets)
app.command("new-market", help=new_market.HELP, epilog=new_market.EPILOG)(new_market.new_market)
app.add_typer(db.app, name="db")
app.add_typer(archive.app, name="archive")
app.command("export", help=export.HELP, epilog=export.EPILOG)(export.export)
app.add_typer(monitor.app, name="monitor")
app.add_typer(mirror.app, name="mirror")
app.add_typer(session.app, name="session")
app.add_typer(tor.app, name="tor")
if (Path(__file__).parents[2] / "simulator" / "cli.py").is_file():  # in a checkout only
    from simulator import cli as simulate

    app.command("simulate", help=simulate.HELP, epilog=simulate.EPILOG)(simulate.simulate)
