"""``cryptodrug monitor notify`` and ``heartbeat``: who is written to, and if all is alive."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.monitor_config import CONFIG, Config, read
from cryptodrug_scraper.cli.options import guide
from cryptodrug_scraper.common.terminal import say

NOTIFY_HELP = guide("""
    Send a test message to everybody who is to be notified, and say to whom it went.

    Addresses are named by their position in notify.urls and their scheme: what stands in them is
    never shown. It does not wait, and remembers nothing. Exit code 0: all took it; 1: some did not.
""")
NOTIFY_EPILOG = guide("""
    [bold]Example[/]
      cryptodrug monitor notify --test --config monitor.toml
""")
HEARTBEAT_HELP = guide("""
    Say whether `cryptodrug monitor run` is alive and nothing overdue: a dead man's switch.

    For another cron or another machine, which would notice what a dead service cannot tell. It
    reads one file, heartbeat.json, in the data folder's monitor/ or in --folder, where a copy or a
    share of it is. Exit code 0: alive, with when it was last and what is next; 1: silent, overdue,
    or there is no heartbeat that can be read.
""")
HEARTBEAT_EPILOG = guide("""
    [bold]Examples[/]
      cryptodrug monitor heartbeat
      cryptodrug monitor heartbeat --folder /mnt/monitor --patience 3h
""")


def notify(
    test: Annotated[
        bool, typer.Option("--test", help="Send the test message; nothing else is sent.")
    ] = False,
    config: Config = CONFIG,
) -> None:
    """Send a test message."""
    urls = read(config).notify.urls
    if not test:
        raise Failure("Nothing to send: say --test for a test message.", Code.BAD_INPUT)
    if not urls:
        raise Failure(f"{config}: notify.urls is empty, so nobody is notified.", Code.NOTHING_READ)
    from cryptodrug_scraper.monitor.levels import Level
    from cryptodrug_scraper.monitor.notify import check_urls, post, shown

    if problems := check_urls(urls):
        raise Failure("\n".join(f"{config}: {each}" for each in problems), Code.BAD_INPUT)
    title = "cryptodrug: a test message"
    body = "Sent by `cryptodrug monitor notify --test`. If you read it, this way works."
    worked = []
    for position, url in enumerate(urls):
        worked.append(post(url, title, body, Level.FINE))
        typer.echo(f"{shown(position, url)}: {'sent' if worked[-1] else 'not sent'}")
    if not all(worked):
        raise Failure(
            "Not everybody can be reached. Why, Apprise says itself: apprise -vv -b test URL",
            Code.PARTLY_FAILED,
        )


def heartbeat(
    config: Config = CONFIG,
    folder: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where heartbeat.json lies, if it lies elsewhere."),
    ] = None,
    patience: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long it may be silent, or a job late: 2h, 30m.",
            show_default="the file's, else 2h",
        ),
    ] = None,
) -> None:
    """Judge the heartbeat."""
    from cryptodrug_scraper.crawl.options import read_span
    from cryptodrug_scraper.monitor.config import Files
    from cryptodrug_scraper.monitor.heartbeat import judge
    from cryptodrug_scraper.settings import get_settings

    length = Files().patience
    if patience is not None:
        try:
            length = timedelta(seconds=read_span(patience))
        except ValueError as error:
            raise Failure(f"--patience: {error}.", Code.BAD_INPUT) from None
    elif config != CONFIG or config.is_file():
        length = read(config).files.patience
    code, words = judge(folder or get_settings().data_dir / "monitor", length)
    if code is Code.COMPLETE:
        typer.echo(words)
        return
    say(words)
    raise typer.Exit(code)
