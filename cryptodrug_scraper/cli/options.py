"""Options that several commands have, and what their values must be."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptodrug_scraper.cli.errors import EXIT_CODES, Code, Failure

if TYPE_CHECKING:
    from cryptodrug_scraper.archive import Columns

Market = Annotated[
    str | None,
    typer.Option(
        "--market",
        metavar="NAME",
        help="The market whose parser reads the pages (see `cryptodrug markets`). "
        "Without it each page's own marks tell.",
    ),
]
Url = Annotated[str | None, typer.Option(metavar="URL", help="The page's address, if known.")]
CapturedAt = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        help="When the pages were saved: 2018-11-19 or 2018-11-19T12:00:00Z (UTC if no zone "
        "is given). Ages such as “4d” count back from it.",
    ),
]
TableColumns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="WHAT=NAME,…",
        help="Which columns of a table of pages hold what, where their names do not tell: "
        "`body=raw,url=link,time=seen`; also status and content_type.",
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Another PostgreSQL: postgresql://USER:PASSWORD@HOST/NAME. Without it DATABASE_URL "
        "counts, and without that the embedded server.",
    ),
]
AsIs = Annotated[
    bool,
    typer.Option(
        "--as-is",
        help="Read the database as it is, also while reviews wait to be worked out (which the "
        "result then says). Without it they are worked out first, or it is refused.",
    ),
]


class InventedChoice(StrEnum):
    """What is counted of pages that were invented."""

    ONLY = "only"
    WITH = "with"


Invented = Annotated[
    InventedChoice | None,
    typer.Option(
        "--invented",
        help="Count the pages that were invented (of a simulator, a scenario, a demo): only these, "
        "or real pages with them. Without it they are counted only where there are no others.",
    ),
]
FirstDay = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="DAY",
        help="First day (UTC): 2018-11-01. Without it, the first with a capture.",
    ),
]
LastDay = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="DAY",
        help="Last day (UTC), included: 2019-11-30. Without it, the last with a capture.",
    ),
]
Markets = Annotated[
    list[str] | None,
    typer.Option("--market", metavar="NAME", help="Only this market; can be given again."),
]
WAY = "On the way"
"""Heading of the options that say how a market is reached."""
Socks = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="Tor's SOCKS port; else CRYPTODRUG_TOR_SOCKS.",
        show_default="127.0.0.1:9050",
        rich_help_panel=WAY,
    ),
]
Direct = Annotated[
    bool,
    typer.Option(
        "--direct",
        help="Without Tor: only for a market on this machine (cryptodrug simulate).",
        rich_help_panel=WAY,
    ),
]


def guide(text: str) -> str:
    """Prepare help: paragraphs are joined for the terminal to fold, indented lines are kept."""
    paragraphs = []
    for paragraph in textwrap.dedent(text).strip().split("\n\n"):
        kept = any(line.startswith(" ") for line in paragraph.splitlines())
        paragraphs.append(paragraph if kept else " ".join(paragraph.splitlines()))
    return "\n\n".join(paragraphs)


def epilog(text: str) -> str:
    """Prepare what stands below the options: examples, and the exit codes."""
    return f"{guide(text)}\n\n{EXIT_CODES}"


def moment(text: str | None) -> datetime | date | None:
    """Read ``--captured-at``: a date stays a date, so that it is known to be no more exact."""
    if text is None:
        return None
    from cryptodrug_scraper.archive.when import in_range, why_none

    stated = text.strip()
    try:
        value = date.fromisoformat(stated) if len(stated) <= 10 else datetime.fromisoformat(stated)
    except ValueError:
        value = None
    if value is None or not in_range(value):
        raise Failure(
            f"--captured-at {text!r} is {why_none(text)}. Write 2018-11-19 or "
            "2018-11-19T12:00:00Z.",
            Code.BAD_INPUT,
        )
    return value


def day(text: str | None, option: str) -> date | None:
    """Read an option that is a day."""
    if text is None:
        return None
    from cryptodrug_scraper.archive.when import in_range, why_none

    try:
        value = date.fromisoformat(text.strip())
    except ValueError:
        value = None
    if value is None or not in_range(value):
        raise Failure(f"{option} {text!r} is {why_none(text)}. Write 2018-11-19.", Code.BAD_INPUT)
    return value


def period(first: str | None, last: str | None) -> tuple[date | None, date | None]:
    """Read ``--from`` and ``--to``: the first and the last day, both included."""
    start, end = day(first, "--from"), day(last, "--to")
    if start and end and start > end:
        raise Failure(f"--from {start} is after --to {end}: no day is in between.", Code.BAD_INPUT)
    return start, end


def place(text: str, option: str = "--country", *, regions: bool = False) -> str:
    """Return the code of the country (or region, where these are taken) that an option names."""
    from cryptodrug_scraper.normalise.place_table import TABLES, country_of, kind_of

    stated = text.strip().upper()
    if regions and kind_of(stated) == "region" and stated in TABLES.english:
        return stated
    try:
        return country_of(text)
    except ValueError as error:
        also = " or a region such as EU," if regions else ""
        raise Failure(
            f"{option}: {error} Write an ISO 3166-1 code, such as BE,{also} or a name in English.",
            Code.BAD_INPUT,
        ) from None


def markets(names: Sequence[str] | None) -> list[str]:
    """Read ``--market``, given once or again: each market by its name, without repetitions."""
    chosen = list(dict.fromkeys(names or ()))
    for name in chosen:
        check_market(name)
    return chosen


def output_file(path: Path, option: str) -> Path:
    """Return the plain file that an option names, before an hour of work for nothing."""
    from cryptodrug_scraper.common.files import NotWritable, writable_file

    try:
        return writable_file(path)
    except NotWritable as error:
        raise Failure(f"{option}: {error}", Code.BAD_INPUT) from None


def check_market(name: str | None) -> None:
    """Refuse a market that has no parser, and say which was perhaps meant."""
    if name is None:
        return
    import difflib

    from cryptodrug_scraper.reading.market import UnknownMarket, market_named, markets

    try:
        market_named(name)
    except UnknownMarket as error:
        spelt = name.strip().lower().replace(" ", "_").replace("-", "_")
        close = difflib.get_close_matches(spelt, markets(), 1, 0.6)
        meant = f" Did you mean {close[0]}?" if close else ""
        raise Failure(f"{error}.{meant}", Code.BAD_INPUT) from None


def tor_at(socks: str | None) -> str:
    """Return ``HOST:PORT`` of Tor's SOCKS port, of ``--socks`` or the settings; it answers.

    Raises Failure for what is no address, and TorUnavailable.
    """
    from cryptodrug_scraper.settings import get_settings
    from cryptodrug_scraper.tor.address import host_and_port
    from cryptodrug_scraper.tor.ready import find_tor

    settings = get_settings()
    if socks is None:
        return find_tor(settings)
    try:
        host_and_port(socks)
    except ValueError as error:
        raise Failure(f"--socks: {error}.", Code.BAD_INPUT) from None
    return find_tor(settings.model_copy(update={"tor_socks": socks}))


def table_columns(text: str | None) -> Columns:
    """Read ``--columns``. Raises Failure where it is not understood."""
    from cryptodrug_scraper.archive import ANY, parse_columns

    if text is None:
        return ANY
    try:
        return parse_columns(text)
    except ValueError as error:
        raise Failure(f"--columns: {error}.", Code.BAD_INPUT) from error
