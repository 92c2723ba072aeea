"""``cryptodrug tor``: whether Tor can be used, a Tor of our own, new circuits."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.options import epilog, guide
from cryptodrug_scraper.common.progress import ProgressView
from cryptodrug_scraper.common.terminal import safe, say

if TYPE_CHECKING:
    from cryptodrug_scraper.settings import Settings

app = typer.Typer(
    help=guide("""
        Tor: whether it can be used, a Tor of our own where none runs, new circuits.

        Crawls go through the SOCKS port that CRYPTODRUG_TOR_SOCKS names (127.0.0.1:9050 without
        it). The control port, CRYPTODRUG_TOR_CONTROL, only tells how Tor is.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug tor status         is there a Tor, and is it connected?
      cryptodrug tor run            start one, and keep it until Ctrl-C
      cryptodrug tor new-identity   new circuits for all that comes

    [bold]Settings[/] (environment, or a file .env where you work)
      CRYPTODRUG_TOR_SOCKS     HOST:PORT of the SOCKS port
      CRYPTODRUG_TOR_CONTROL   HOST:PORT of the control port, or the path of its socket
      CRYPTODRUG_TOR_PASSWORD  its password, where it asks for one
      CRYPTODRUG_TOR_COMMAND   the program that run starts
    """),
    no_args_is_help=True,
)


@app.command(
    help=guide("""
        Tell whether Tor can be used: its SOCKS port, its connection to the network, its circuits.

        Nothing is requested through it. Exit code 0: ready; 5: not there, or not connected yet;
        1: the SOCKS port answers, but the control port does not let us ask whether Tor is
        connected.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug tor status
      until cryptodrug tor status; do sleep 5; done
      CRYPTODRUG_TOR_SOCKS=127.0.0.1:9150 cryptodrug tor status     Tor Browser's
    """),
)
def status() -> None:
    """Tell whether Tor can be used."""
    from cryptodrug_scraper.common.console import count
    from cryptodrug_scraper.settings import get_settings
    from cryptodrug_scraper.tor.control import TorControl
    from cryptodrug_scraper.tor.errors import TorUnavailable
    from cryptodrug_scraper.tor.ready import find_tor

    settings = get_settings()
    socks = find_tor(settings)
    typer.echo(f"SOCKS port    {socks} answers")
    try:
        with TorControl(settings.tor_control, settings.tor_password) as control:
            now = control.status()
    except TorUnavailable as error:
        raise Failure(
            f"{error}\nSo it is not known whether Tor is connected; a crawl can try.",
            Code.PARTLY_FAILED,
        ) from None
    typer.echo(f"Control port  {settings.tor_control}: Tor {safe(now.version)}")
    others = [address for address in now.socks if address != socks]
    if socks not in now.socks:
        say(
            f"The control port is perhaps of another Tor: its SOCKS ports are "
            f"{safe(', '.join(others)) or 'none'}."
        )
    typer.echo(f"Connected     {now.percent}% ({safe(now.summary)})")
    typer.echo(f"Network       {'can be reached' if now.live else 'cannot be reached'}")
    typer.echo(f"Circuits      {count(now.circuits, 'circuit')} built")
    typer.echo(f"Traffic       {now.read:,} bytes read, {now.written:,} bytes written")
    if not now.ready:
        from cryptodrug_scraper.tor.stalls import standing

        words = safe(standing(now, settings.data_dir / "tor"), lines=True)
        raise Failure(f"Tor is not ready. {words}", Code.TOR)
    typer.echo("Tor is ready.")


@app.command(
    "new-identity",
    help=guide("""
        Let Tor use new circuits for all that comes, for everybody who uses it.

        Tor does this once in ten seconds; the command waits until it has. Crawls do not need
        it: each identity has circuits of its own, and takes new ones by itself.
    """),
    epilog=epilog("""
    [bold]Example[/]
      cryptodrug tor new-identity
    """),
)
def new_identity() -> None:
    """Let Tor use new circuits."""
    from cryptodrug_scraper.settings import get_settings
    from cryptodrug_scraper.tor.control import TorControl

    settings = get_settings()
    with TorControl(settings.tor_control, settings.tor_password) as control:
        control.new_identity(
            lambda most: say(f"Tor does this once in ten seconds: waiting up to {most:.0f} s …")
        )
    typer.echo("Tor uses new circuits from now on.")


@app.command(
    help=guide("""
        Start a Tor of our own and keep it until Ctrl-C.

        It needs the program tor (Debian and Ubuntu: sudo apt install tor), and is a client only.
        It listens where CRYPTODRUG_TOR_SOCKS and CRYPTODRUG_TOR_CONTROL say if they are free, and
        on free ports otherwise; the lines for the environment are printed when it is connected.
        Its files are in the data folder. It ends with this command, however that ends.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug tor run
      cryptodrug tor run --socks-port 9060 --control-port 9061
      cryptodrug tor run --torrc bridges.txt     with the lines: UseBridges 1, Bridge …
    """),
)
def run(
    socks_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The SOCKS port; 0 takes a free one.")
    ] = None,
    control_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The control port; 0 takes a free one.")
    ] = None,
    torrc: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Lines to add to its configuration, as bridges are."),
    ] = None,
) -> None:
    """Start a Tor of our own and keep it until Ctrl-C."""
    from cryptodrug_scraper.settings import get_settings
    from cryptodrug_scraper.tor.process import OwnTor

    settings = get_settings()
    own = OwnTor(
        settings.data_dir / "tor",
        tor_command=settings.tor_command,
        socks_port=_usual(settings.tor_socks) if socks_port is None else socks_port,
        control_port=_usual(settings.tor_control) if control_port is None else control_port,
        extra_config=_lines(torrc) if torrc else None,
    )
    with own, _ends_in_order():
        say("Starting Tor; the first time takes a minute or two.")
        with ProgressView("tor", every=0) as progress:
            own.start(progress, on_stall=lambda words: say(safe(words, lines=True)))
        say("Tor is connected. In another terminal, or in a file .env:")
        for line in _environment(own.socks, own.control, settings):
            typer.echo(line)
        say("Ctrl-C ends it.")
        while True:
            own.check()
            time.sleep(0.5)


def _environment(socks: str, control: str, settings: Settings) -> list[str]:
    """Return the lines that let other commands use it."""
    lines = [f"CRYPTODRUG_TOR_SOCKS={socks}", f"CRYPTODRUG_TOR_CONTROL={control}"]
    if settings.tor_password is not None:
        lines.append("CRYPTODRUG_TOR_PASSWORD=")
    return [f"export {line}" for line in lines]


def _usual(address: str) -> int:
    """Return the port of a setting, or 0 where it is not of this machine or not free."""
    from cryptodrug_scraper.common.processes import is_free
    from cryptodrug_scraper.tor.address import host_and_port, is_loopback

    try:
        host, port = host_and_port(address)
    except ValueError:
        return 0
    return port if is_loopback(host) and is_free(port) else 0


def _lines(file: Path) -> dict[str, list[str]]:
    """Read the lines of a torrc: ``NAME VALUE``, comments and empty lines left out."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text in UTF-8"
        raise Failure(f"--torrc {file}: {reason}", Code.BAD_INPUT) from None
    result: dict[str, list[str]] = {}
    for row in text.splitlines():
        name, _, value = row.strip().partition(" ")
        if name and not name.startswith("#"):
            result.setdefault(name, []).append(value.strip())
    return result


@contextlib.contextmanager
def _ends_in_order() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does: with Tor stopped first."""
    import signal

    def interrupted(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
