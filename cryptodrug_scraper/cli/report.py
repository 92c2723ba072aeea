"""``cryptodrug report``: the study of one country as a report, HTML and PDF."""

from __future__ import annotations

import os
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cryptodrug_scraper.cli.errors import EXIT_CODES, Code, Failure
from cryptodrug_scraper.cli.options import DatabaseUrl, guide
from cryptodrug_scraper.cli.terminal import say

HELP = guide("""
    Write the study of one country as a report that can be read, printed and passed on.

    One HTML file without scripts that opens offline: a summary in sentences, then for each
    question figures, tables, the method and what to be careful about: the markets' size and
    the country's share, what is sold, prices, turnover, where from and where to, vendors on
    several markets, the coverage of the crawls, concentration, lifetimes.

    Numbers that rest on fewer vendors than --threshold are suppressed, and others with them so
    that they cannot be worked out. No vendor is named, unless you ask for it with --name-vendors:
    such a report is for work with the data, not for publication.

    --pdf prints the same with a Chromium, if the machine has one.
""")
EPILOG = (
    guide("""
    [bold]Examples[/]
      cryptodrug report --country BE --out report.html
      cryptodrug report --country BE --from 2018-11-01 --to 2019-11-30 --lang fr \\
          --out rapport.html --pdf rapport.pdf
      cryptodrug report --country NL --market empire --threshold 10 --out empire.html
    """)
    + "\n\n"
    + EXIT_CODES
)


class Lang(StrEnum):
    """The report's languages."""

    EN = "en"
    FR = "fr"
    NL = "nl"


def report(
    country: Annotated[
        str,
        typer.Option(
            metavar="CODE",
            help="The country: ISO 3166-1 code (BE) or name (Belgium).",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="The HTML file to write.", dir_okay=False, show_default=False
        ),
    ],
    pdf: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Print it to a PDF file too.", dir_okay=False, show_default=False
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DATE",
            help="First day: 2018-11-01. Without it, the first with a capture.",
            show_default=False,
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="DATE",
            help="Last day: 2019-11-30. Without it, the last with a capture.",
            show_default=False,
        ),
    ] = None,
    market: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Only this market; can be given again.", show_default=False
        ),
    ] = None,
    lang: Annotated[Lang, typer.Option(help="The report's language.")] = Lang.EN,
    threshold: Annotated[
        int, typer.Option(min=1, metavar="N", help="Suppress what rests on fewer vendors.")
    ] = 5,
    name_vendors: Annotated[
        bool,
        typer.Option(
            "--name-vendors", help="Name vendors seen on several markets. Not for publication."
        ),
    ] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Write the report."""
    code = _country(country)
    first, last = _day(start, "--from"), _day(end, "--to")
    if first and last and first > last:
        raise Failure(f"--from {first} is after --to {last}.", Code.BAD_INPUT)
    _check_folders(out, pdf)
    from cryptodrug_scraper.report import Options, open_study, write_report
    from cryptodrug_scraper.report.pdf import NoBrowser, find_browser, print_pdf

    try:
        opened = open_study(database_url, start=first, end=last, markets=market or ())
    except ValueError as error:
        raise Failure(str(error), Code.BAD_INPUT) from None
    options = Options(code, lang.value, threshold=threshold, name_vendors=name_vendors)
    with opened:
        write_report(opened, options, out)
    say(f"Written: {out}. It opens in any browser, also offline.")
    if pdf is None:
        return
    try:
        print_pdf(out, pdf)
    except NoBrowser as error:
        browser = "" if find_browser() else " The HTML file is complete."
        raise Failure(f"{error}{browser}", Code.PARTLY_FAILED) from None
    say(f"Printed: {pdf}")


def _country(given: str) -> str:
    from cryptodrug_scraper.normalise.place_table import country_of

    try:
        return country_of(given)
    except ValueError as error:
        raise Failure(
            f"--country {error} Write an ISO 3166-1 code, such as BE, or a name in English.",
            Code.BAD_INPUT,
        ) from None


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Failure(f"{option} {text!r} is no date. Write 2018-11-19.", Code.BAD_INPUT) from None


def _check_folders(*files: Path | None) -> None:
    """Refuse before the work what could not be written after it."""
    for file in files:
        if file is None:
            continue
        folder = file.resolve().parent
        if not folder.is_dir():
            raise Failure(f"{file}: there is no folder {folder} to write it in.", Code.BAD_INPUT)
        if not os.access(folder, os.W_OK):
            raise Failure(f"{file}: the folder {folder} cannot be written in.", Code.BAD_INPUT)
