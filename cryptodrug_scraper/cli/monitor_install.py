"""``cryptodrug monitor install``: have the machine's service manager run it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.monitor_config import CONFIG, Config, read
from cryptodrug_scraper.cli.options import guide
from cryptodrug_scraper.common.terminal import safe, say

HELP = guide("""
    Write the files by which systemd (or launchd, on macOS) runs the monitor for you.

    They are your own user's; nobody needs to be root. They are shown, and written when you agree.
    What to call then is printed; nothing is started. Settings of now are written into them
    (CRYPTODRUG_…), but none that may be a password: those belong in a file .env in the folder
    where you call this, which the service works in.

    With --timers systemd keeps the calendar itself and starts a crawl and its health for each
    market, also those that the machine slept through; bulletins, the inbox, waiting for sessions
    and messages want the service. Cron words that systemd cannot keep exactly are refused.
""")
EPILOG = guide("""
    [bold]Examples[/]
      cryptodrug monitor install
      cryptodrug monitor install --print --timers
      cryptodrug monitor install --remove
""")


def install(
    config: Config = CONFIG,
    show: Annotated[bool, typer.Option("--print", help="Show the files; write nothing.")] = False,
    launchd: Annotated[
        bool | None,
        typer.Option("--launchd/--systemd", help="For which.", show_default="the system's"),
    ] = None,
    timers: Annotated[
        bool, typer.Option("--timers", help="A timer for each market instead of a service.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove what was written before, and write nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without a question.")] = False,
) -> None:
    """Write the files, or remove them."""
    from cryptodrug_scraper.common.files import write_atomically
    from cryptodrug_scraper.monitor import install as files
    from cryptodrug_scraper.settings import get_settings

    for_launchd = sys.platform == "darwin" if launchd is None else launchd
    if for_launchd and timers:
        raise Failure("--timers is for systemd: launchd knows no time zones.", Code.BAD_INPUT)
    new: list[files.UnitFile] = []
    if not remove:
        watched = read(config)
        kept = files.settings_to_keep(get_settings().data_dir, os.environ)
        made = files.Installation(config.absolute(), watched, Path.cwd(), kept)
        try:
            new = made.agent() if for_launchd else made.timers() if timers else made.service()
        except ValueError as error:
            raise Failure(f"{config}: {error}.", Code.BAD_INPUT) from None
    for each in new:
        typer.echo(f"--- {safe(each.path)}\n{each.content.decode()}")
        if each.path.exists() and not files.is_ours(each.path):
            raise Failure(f"{each.path} is not ours: move it away.", Code.BAD_INPUT)
    if show:
        return
    old = [path for path in files.installed() if path not in {each.path for each in new}]
    if not new and not old:
        raise Failure("Nothing is installed.", Code.NOTHING_READ)
    for path in old:
        typer.echo(f"--- {safe(path)} is removed")
    if not yes and not (sys.stdin.isatty() and typer.confirm("Do this?")):
        raise Failure("Nothing was done; --yes does it without a question.", Code.BAD_INPUT)
    for path in old:
        files.remove(path)
    for each in new:
        each.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(each.path, each.content, 0o644)
    say("Done. Now call:")
    commands = [
        *files.commands_to_stop(old),
        *(files.commands_to_start(new) if new else []),
    ]
    for command in commands:
        say(f"  {command}")
    for name in files.SECRET:
        if new and os.environ.get(name):
            say(f"{name} is not written: it may hold a password. Put it into {Path.cwd()}/.env")
