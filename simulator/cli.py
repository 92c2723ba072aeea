"""``cryptodrug simulate``: a market to try a crawl on, on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from cryptodrug_scraper.cli.errors import EXIT_CODES, Code, Failure
from cryptodrug_scraper.cli.options import guide
from cryptodrug_scraper.common.terminal import say
from simulator.faults import FAULTS, RULES

HELP = guide("""
    Serve a market on this machine, with an invented world behind it, to try a crawl on.

    The markets are gone, but their pages can be served as they were. The world of vendors,
    listings and reviews comes from --seed and is computed as it is asked for, so its size
    costs no memory. Any name and password sign in, and every captcha says “seven”; --cookies
    writes a session that is signed in already.

    It answers on loopback only, until Ctrl+C, and then prints what it served. The control port
    counts (/counters), hands out sessions (POST /session), sets faults and the clock.

    --scenario is a world in which something is known to be true, such as the findings that were
    published: simulator/scenario/NAME.toml has its numbers. With --write nothing is served: the
    crawls of it are written straight to WARC files, for `cryptodrug replay`; --truth then writes
    what is true of each finding, as JSON. That is a quarter of a million pages, and minutes; one
    market with few pages, as in the last example below, is written in half a minute. Interrupted,
    it keeps the crawls that are whole, and the same command writes the others.
""")


def _list(names: dict[str, str]) -> str:
    return "\n".join(f"  {name:18} {does}" for name, does in names.items())


EPILOG = (
    guide("""
    [bold]Examples[/]
      cryptodrug simulate --market dream --cookies cookies.txt
      cryptodrug simulate --market dream --fault cut_off=5% --fault challenge=0.01
      cryptodrug simulate --listings 20000 --date now --still --truth truth.jsonl
      cryptodrug simulate --scenario cryptodrug --write crawls --truth true.json
      cryptodrug simulate --scenario cryptodrug --write less --missing 0.2
      cryptodrug simulate --scenario cryptodrug --write few \\
        --market wall_street --missing 0.9
    then, for a crawl of the first
      export CRYPTODRUG_DATA_DIR=$PWD/trial      apart from a study's
      cryptodrug mirror add dream 127.0.0.1:8080
      cryptodrug session add dream --cookies cookies.txt
      cryptodrug session check dream --direct
    """)
    + f"\n\n[bold]Faults[/] (--fault NAME=RATE: 0.05 or 5%; all=RATE is every one)\n{_list(FAULTS)}"
    + f"\n\n[bold]Rules[/] (--fault NAME=NUMBER)\n{_list(RULES)}\n\n"
    + EXIT_CODES
)


_SIZES = ("listings", "vendors", "reviews")
_SERVED = (
    "port", "control_port", "date", "clock_rate", "still", "fault", "mirror", "patience",
    "cookies", "host", "log",
)  # fmt: skip
_WRITTEN = ("missing", "workers")


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _check(given: set[str], scenario: str | None, write: bool, serve: bool) -> None:
    """Refuse options that were given and would do nothing."""

    def refuse(names: tuple[str, ...], why: str) -> None:
        without = [f"--{name.replace('_', '-')}" for name in names if name in given]
        if without:
            verb = "has" if len(without) == 1 else "have"
            raise Failure(f"{', '.join(without)} {verb} no meaning {why}", Code.BAD_INPUT)

    if scenario is None:
        if write:
            raise Failure("--write needs a --scenario.", Code.BAD_INPUT)
        refuse(_WRITTEN, "without --scenario and --write: no crawls are written.")
        return
    refuse(
        _SIZES,
        f"with --scenario: simulator/scenario/{scenario}.toml says how large its markets are. "
        "For less, name one --market, or leave pages out with --missing.",
    )
    if write or not serve:
        why = "--write" if write else "--no-serve"
        refuse(_SERVED, f"with --scenario and {why}: nothing is served.")
    if not write:
        refuse(_WRITTEN, "without --write: no crawls are written.")


def _check_files(files: dict[str, Path | None]) -> None:
    """Refuse files that cannot be made, before anything else is."""
    for option, path in files.items():
        if path is not None and path.is_dir():
            raise Failure(f"{option} {path} is a folder; name a file.", Code.BAD_INPUT)
        if path is not None and not path.parent.is_dir():
            raise Failure(f"{option} {path}: there is no folder {path.parent}.", Code.BAD_INPUT)
        if path is not None and not os.access(path if path.exists() else path.parent, os.W_OK):
            raise Failure(f"{option} {path} must not be written to by you.", Code.BAD_INPUT)


@contextlib.contextmanager
def _ends_in_order() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does."""

    def interrupted(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def simulate(
    context: typer.Context,
    market: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Which; again for more.", show_default="all"),
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help="Of the first market; the others follow. 0: any free ones."
        ),
    ] = 8080,
    control_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the counters; 0: any free one.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Another seed is another world.")] = 1,
    listings: Annotated[int, typer.Option(help="Listings in the world.")] = 1000,
    vendors: Annotated[int, typer.Option(help="Vendors in the world.")] = 100,
    reviews: Annotated[int, typer.Option(help="Reviews in the world.")] = 5000,
    date: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="The world's time at the start; “now” moves the market's life to the present.",
            show_default="when the market was at its height",
        ),
    ] = None,
    clock_rate: Annotated[
        float, typer.Option(help="Seconds of the world in one of ours; 0: it stands.")
    ] = 1.0,
    still: Annotated[
        bool, typer.Option("--still", help="Nothing new happens, though the clock goes on.")
    ] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=RATE", help="What goes wrong, and how often; below."),
    ] = None,
    mirror: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST[=DATE]", help="A host, and until when it lives."),
    ] = None,
    patience: Annotated[float, typer.Option(help="Seconds that a fault keeps one waiting.")] = 60.0,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write what a crawl of every link finds: one record a line."
        ),
    ] = None,
    cookies: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a signed-in session as cookies.txt (of several markets one each).",
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Whose cookies these are.")] = "127.0.0.1",
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a line of JSON a request.")
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A world with markets and sizes of its own: cryptodrug."),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write the scenario's crawls there, a folder a market, and end."
        ),
    ] = None,
    missing: Annotated[
        float, typer.Option(help="Share of pages to leave out of each crawl written, by chance.")
    ] = 0.0,
    workers: Annotated[int, typer.Option(min=1, help="Processes that write crawls.")] = 2,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Only write the truth, and end.")
    ] = False,
) -> None:
    """Serve markets."""
    from simulator.command import Interrupted, write_scenario
    from simulator.command import simulate as serve

    given = {name for name in context.params if _is_given(context, name)}
    _check(given, scenario, write is not None, not no_serve)
    _check_files({"--truth": truth, "--cookies": cookies, "--log": log})
    if scenario is not None and (write is not None or no_serve):
        try:
            with _ends_in_order():
                write_scenario(
                    scenario,
                    folder=write,
                    truth=truth,
                    markets=market or (),
                    seed=seed,
                    missing=missing,
                    workers=workers,
                )
        except Interrupted as interrupted:
            say(str(interrupted))
            raise typer.Exit(Code.INTERRUPTED) from None
        return
    stop = threading.Event()
    before = None
    if threading.current_thread() is threading.main_thread():
        before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        serve(
            market or (),
            port=port,
            control_port=control_port,
            seed=seed,
            listings=listings,
            vendors=vendors,
            reviews=reviews,
            date=date,
            clock_rate=clock_rate,
            still=still,
            faults=fault or (),
            mirrors=mirror or (),
            patience=patience,
            truth=truth,
            cookies=cookies,
            host=host,
            log=log,
            serve=not no_serve,
            stop=stop,
            scenario=scenario,
        )
    except BrokenPipeError:
        raise
    except OSError as error:  # a port that is taken, a file that cannot be written
        where = f"{error.filename}: " if error.filename else ""
        raise Failure(f"{where}{error.strerror or error}.", Code.BAD_INPUT) from None
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)
