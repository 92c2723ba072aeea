"""``cryptodrug monitor``: markets that are watched, by a calendar."""

from __future__ import annotations

import logging
import signal
import sqlite3
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from cryptodrug_scraper.cli import monitor_health, monitor_install, monitor_notify, monitor_words
from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.monitor_config import CONFIG, Config, read
from cryptodrug_scraper.cli.options import check_market, epilog, guide, output_file
from cryptodrug_scraper.common.console import count, output, table
from cryptodrug_scraper.common.terminal import json_line, program, say

app = typer.Typer(
    help=guide("""
        Watch markets: crawls by a calendar, the health of each, bulletins, messages.

        One file, monitor.toml, says what is watched; `run` does it until it is stopped, and goes
        on after a crash or a night's sleep. Its jobs are ordinary commands, which you can run by
        hand as well.
    """),
    epilog=epilog("""
    [bold]First steps[/]
      cryptodrug monitor init        writes monitor.toml, with comments
      cryptodrug monitor check       says what is wrong in it, and where
      cryptodrug monitor plan        the next seven days
      cryptodrug monitor run         does it
      cryptodrug monitor status      how the markets are
    """),
    no_args_is_help=True,
)


@app.command(
    help=guide("""
        Write a monitor.toml to begin with: every setting is in it, with a comment.

        A file that is there already is left as it is.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug monitor init
      cryptodrug monitor init --market empire --config watch/monitor.toml
    """),
)
def init(
    config: Config = CONFIG,
    market: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The market to begin with.", show_default="the first"),
    ] = None,
) -> None:
    """Write the file."""
    from importlib.resources import files

    from cryptodrug_scraper.common.files import write_atomically
    from cryptodrug_scraper.reading.market import markets

    if market is not None:
        check_market(market)
    if config.exists():
        raise Failure(f"{config} is there already; it was left as it is.", Code.BAD_INPUT)
    example = (files("cryptodrug_scraper.monitor") / "example.toml").read_text("utf-8")
    chosen = market or min(markets())
    # It may come to hold the passwords of messages.
    write_atomically(output_file(config, "--config"), example.replace("@MARKET@", chosen), 0o600)
    say(f"Written: {config}. Say in it what is to be watched, then: {program()} monitor check")


@app.command(
    help=guide("""
        Read monitor.toml, and say what is wrong in it: every place, by its line.

        Says also what a crawl would lack: mirrors and sessions.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug monitor check
      cryptodrug monitor check --config watch/monitor.toml
    """),
)
def check(config: Config = CONFIG) -> None:
    """Check the file."""
    from cryptodrug_scraper.access.mirrors import MirrorStore
    from cryptodrug_scraper.access.sessions import SessionStore
    from cryptodrug_scraper.monitor.config import BadConfig
    from cryptodrug_scraper.monitor.notify import check_urls
    from cryptodrug_scraper.monitor.trackers import read_trackers
    from cryptodrug_scraper.settings import get_settings

    watched = read(config)
    if problems := check_urls(watched.notify.urls):
        raise Failure("\n".join(f"{config}: {each}" for each in problems), Code.BAD_INPUT)
    if watched.words is not None:
        try:
            read_trackers(config.parent / watched.words)
        except BadConfig as error:
            raise Failure(str(error), Code.BAD_INPUT) from None
    data = get_settings().data_dir
    for market in watched.markets:
        if not MirrorStore(data / "mirrors").all(market):
            say(f"No mirror of {market} is known yet: {program()} mirror add {market} ADDRESS")
        sessions = SessionStore(data / "sessions").all(market)
        if not any(session.usable() for session in sessions):
            say(
                f"No session of {market} can be used: {program()} session add {market} "
                "--cookies FILE"
            )
    if not watched.notify.urls:
        say("No messages are sent: [notify] has no urls.")
    markets, bulletins = len(watched.markets), len(watched.bulletins)
    say(f"{config} is good: {count(markets, 'market')}, {count(bulletins, 'bulletin')}.")


@app.command(
    help=guide("""
        Show what is due in the next days, by the zone's clock and in UTC.

        A crawl that is due while the one before still runs begins after it. What is due while no
        monitor runs is run when one does: of several crawls of a market the last, of bulletins
        each.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug monitor plan
      cryptodrug monitor plan --days 31 --json
    """),
)
def plan(
    config: Config = CONFIG,
    days: Annotated[int, typer.Option(min=1, max=366, metavar="N", help="How many days.")] = 7,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
) -> None:
    """Show the plan."""
    from cryptodrug_scraper.monitor.schedule import plan as planned

    watched = read(config)
    dues = planned(watched.triggers(), datetime.now(UTC), days)
    if json:
        for due in dues:
            json_line({"due": due.at.isoformat(), "job": due.job})
        return
    rows = [
        (f"{due.at.astimezone(watched.zone):%a %Y-%m-%d %H:%M}", f"{due.at:%d %H:%M}", due.job)
        for due in dues
    ]
    title = f"The next {count(days, 'day')}: {count(len(rows), 'job')}"
    output().print(table(title, (watched.time_zone, "UTC", "job"), rows))


@app.command(
    help=guide("""
        Run what is due, until it is stopped.

        Each job is a process of its own: a crawl for each market that is due, never two of one
        market; then its health, and messages; bulletins; archives of the inbox. A crawl that
        stopped at a wall goes on when fresh cookies come (session add), one that failed is tried
        again, later each time. Killed at any moment, the next monitor run goes on.

        Ctrl-C asks the jobs to end and waits for them; they go on with the next monitor run.
        A changed monitor.toml is read when it begins again.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug monitor run
      cryptodrug monitor run --once       what is due now, then end: for a timer or cron
      cryptodrug monitor install          let the system run it
    """),
)
def run(
    config: Config = CONFIG,
    only_due: Annotated[
        bool, typer.Option("--once", help="Run what is due now and what follows from it, then end.")
    ] = False,
    tick: Annotated[
        float,
        typer.Option(
            min=0.05,
            metavar="SECONDS",
            help="Between two looks at jobs, cookies and the inbox.",
        ),
    ] = 2.0,
) -> None:
    """Run the monitor."""
    from cryptodrug_scraper.common.locks import LockTaken, file_lock
    from cryptodrug_scraper.monitor.jobs import JobRoom
    from cryptodrug_scraper.monitor.ledger import Ledger
    from cryptodrug_scraper.monitor.news import News
    from cryptodrug_scraper.monitor.service import Service
    from cryptodrug_scraper.settings import get_settings

    watched = read(config)
    room = JobRoom(watched, config.absolute(), get_settings().data_dir)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s", force=True
    )
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    try:
        with (
            file_lock(room.folder / "lock"),
            Ledger(room.folder / "ledger.sqlite") as ledger,
        ):
            service = Service(room, ledger, News(room, ledger), tick=tick)
            stopped: list[int] = []

            def stop(number: int, _: object) -> None:
                stopped.append(number)
                service.stop()

            signal.signal(signal.SIGINT, stop)
            signal.signal(signal.SIGTERM, stop)
            service.run(until_idle=only_due)
    except LockTaken:
        raise Failure(
            f"A monitor runs already on {room.folder}; stop it first.", Code.BAD_INPUT
        ) from None
    except sqlite3.DatabaseError as error:
        raise Failure(f"{room.folder / 'ledger.sqlite'}: {error}.", Code.PARTLY_FAILED) from None
    if signal.SIGINT in stopped:
        raise typer.Exit(Code.INTERRUPTED)


@app.command(
    help=guide("""
        Show what was run: when it was due, how it ended, how often it was tried.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug monitor runs
      cryptodrug monitor runs --last 200 --json
    """),
)
def runs(
    last: Annotated[int, typer.Option(min=1, metavar="N", help="How many.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
) -> None:
    """Show the runs."""
    from dataclasses import asdict

    from cryptodrug_scraper.monitor.jobs import when
    from cryptodrug_scraper.monitor.ledger import Ledger
    from cryptodrug_scraper.settings import get_settings

    file = get_settings().data_dir / "monitor" / "ledger.sqlite"
    if not file.is_file():
        raise Failure("Nothing was run yet: see monitor run.", Code.NOTHING_READ)
    with Ledger(file) as ledger:
        found = ledger.runs(last=last)
    if json:
        for each in found:
            json_line(asdict(each))
        return
    rows = [
        (
            each.job,
            when(each.due),
            when(each.started_at),
            when(each.ended_at),
            each.state,
            each.outcome,
            each.attempts,
        )
        for each in found
    ]
    columns = ("job", "due (UTC)", "begun", "ended", "state", "outcome", "tries")
    output().print(table(f"The last {count(len(rows), 'run')}", columns, rows))


app.command("notify", help=monitor_notify.NOTIFY_HELP, epilog=monitor_notify.NOTIFY_EPILOG)(
    monitor_notify.notify
)
app.command(
    "heartbeat", help=monitor_notify.HEARTBEAT_HELP, epilog=monitor_notify.HEARTBEAT_EPILOG
)(monitor_notify.heartbeat)
app.command("install", help=monitor_install.HELP, epilog=monitor_install.EPILOG)(
    monitor_install.install
)
app.command("hunt", help=monitor_words.HELP, epilog=monitor_words.EPILOG)(monitor_words.hunt)
app.command("health", help=monitor_health.HEALTH_HELP, epilog=monitor_health.HEALTH_EPILOG)(
    monitor_health.health
)
app.command("status", help=monitor_health.STATUS_HELP, epilog=monitor_health.STATUS_EPILOG)(
    monitor_health.status
)
