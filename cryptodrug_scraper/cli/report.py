"""``cryptodrug report``: the study of one country as a report, HTML and PDF."""

from __future__ import annotations

import sys
import tempfile
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.options import (
    AsIs,
    DatabaseUrl,
    FirstDay,
    Invented,
    LastDay,
    Markets,
    epilog,
    guide,
    markets,
    output_file,
    period,
    place,
)
from cryptodrug_scraper.common.progress import OnProgress, Progress, ProgressView
from cryptodrug_scraper.common.terminal import say

if TYPE_CHECKING:
    from cryptodrug_scraper.report import ReportOptions
    from cryptodrug_scraper.report.captures import Captures
    from cryptodrug_scraper.study import Study

HELP = guide("""
    Write the study of one country as a report that can be read, printed and passed on.

    One HTML file without scripts that opens offline: a summary in sentences, then for each
    question figures, tables, the method and what to be careful about: the markets' size and
    the country's share, what is sold, prices, turnover, where from and where to, vendors on
    several markets, the coverage of the crawls, concentration, lifetimes.

    A report on pages that were invented (a simulator's, a scenario's, the demo's) says so in its
    head and in its file's name: report-invented.html. Real and invented pages are counted
    together only with --invented with.

    Numbers that rest on fewer vendors than --threshold are suppressed, and others with them so
    that they cannot be worked out. What this leaves open stands at the end, with the coarser cut
    that would answer it (quarters instead of months, all markets together, broader groups of
    substances, wider bands or regions); --coarsen auto takes the least coarse one. Do not publish
    reports with different cuts side by side: their difference may give small numbers away.

    No vendor is named, unless you ask for it with --name-vendors: such a report is for work with
    the data, not for publication.

    --pdf prints the same with a Chromium, if the machine has one.

    Where the database has no captures in the period, nothing is written (exit code 3). Pages
    without a date belong to no period: how many there are is said, in the report too.
""")
EPILOG = epilog("""
    [bold]Examples[/]
      cryptodrug report --country BE --out report.html
      cryptodrug report --country BE --from 2018-11-01 --to 2019-11-30 --lang fr \\
          --out rapport.html --pdf rapport.pdf
      cryptodrug report --country NL --market empire --threshold 10 --out empire.html
      cryptodrug report --country BE --with NL --out report.html
      cryptodrug report --country BE --by quarter --coarsen auto --out report.html
    """)


STDOUT = Path("-")


class Lang(StrEnum):
    """The report's languages."""

    EN = "en"
    FR = "fr"
    NL = "nl"


class By(StrEnum):
    """What time is cut into."""

    MONTH = "month"
    QUARTER = "quarter"


class Coarsen(StrEnum):
    """What is done where small numbers leave a question open."""

    NONE = "none"
    AUTO = "auto"


def report(
    country: Annotated[
        str,
        typer.Option(metavar="CODE", help="The country: ISO 3166-1 code (BE) or name (Belgium)."),
    ],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The HTML file to write; - is standard output.")
    ],
    other: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="CODE",
            help="Another country, with which it is compared in a section of its own.",
        ),
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Print it to a PDF file too.")
    ] = None,
    start: FirstDay = None,
    end: LastDay = None,
    market: Markets = None,
    lang: Annotated[Lang, typer.Option(help="The report's language.")] = Lang.EN,
    threshold: Annotated[
        int, typer.Option(min=1, metavar="N", help="Suppress what rests on fewer vendors.")
    ] = 5,
    by: Annotated[
        By, typer.Option(help="Whether what goes by time goes by month or by quarter.")
    ] = By.MONTH,
    coarsen: Annotated[
        Coarsen,
        typer.Option(
            help="What to do where small numbers leave a question open: none lists it with the "
            "coarser cut that would answer it; auto takes the least coarse cut that does."
        ),
    ] = Coarsen.NONE,
    name_vendors: Annotated[
        bool,
        typer.Option(
            "--name-vendors", help="Name vendors seen on several markets. Not for publication."
        ),
    ] = False,
    as_is: AsIs = False,
    invented: Invented = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write the report."""
    code = place(country)
    beside = place(other, "--with") if other else ""
    if beside == code:
        raise Failure(f"--with {other} is the report's own country.", Code.BAD_INPUT)
    days = period(start, end)
    chosen = markets(market)
    _check_places(out, pdf)
    from cryptodrug_scraper.report import ReportOptions
    from cryptodrug_scraper.settings import get_settings

    get_settings()  # a wrong one is no wrong market
    options = ReportOptions(
        code,
        lang.value,
        threshold=threshold,
        name_vendors=name_vendors,
        by=by.value,
        coarsen=coarsen is Coarsen.AUTO,
        other=beside,
    )
    with ProgressView("report") as progress:
        page, notices, rests_on_invented = _page(
            database_url,
            days,
            chosen,
            options,
            progress,
            as_is=as_is,
            invented=invented,
        )
        if rests_on_invented:
            out, pdf = _marked(out, "--out"), pdf and _marked(pdf, "--pdf")
        problem = _put(page, out, pdf, progress)
    for notice in notices:
        say(notice)
    if out == STDOUT:
        sys.stdout.write(page)  # not within: a bar on the terminal would take it
    else:
        say(f"Written: {out}. It opens in any browser, also offline.")
    if problem:
        raise Failure(problem, Code.PARTLY_FAILED)
    if pdf is not None:
        say(f"Printed: {pdf}")


def _page(
    database_url: str | None,
    days: tuple[date | None, date | None],
    markets: list[str],
    options: ReportOptions,
    on_progress: OnProgress,
    *,
    as_is: bool,
    invented: str | None,
) -> tuple[str, list[str], bool]:
    """Return the report as HTML, what is to be said of it, and if it rests on invented pages."""
    from cryptodrug_scraper.cli.captured import why_nothing
    from cryptodrug_scraper.report import open_study, render_report
    from cryptodrug_scraper.report.captures import captures

    try:
        opened = open_study(
            database_url,
            start=days[0],
            end=days[1],
            markets=markets,
            as_is=as_is,
            on_progress=on_progress,
            invented=invented,
        )
    except ValueError as error:
        # A market that this program knows, and the database does not.
        raise Failure(f"Nothing was written. {error}", Code.NOTHING_READ) from None
    with opened:
        found = captures(opened)
        if why := why_nothing(found, *days, markets):
            kinds = opened.kinds
            why = f"{why} {kinds.words if kinds.condition else ''}".rstrip()
            raise Failure(f"Nothing was written. {why}", Code.NOTHING_READ)
        page = render_report(opened, options, on_progress)
        return page, _notices(opened, found, options.country), opened.kinds.rests_on_invented


def _notices(study: Study, captured: Captures, country: str) -> list[str]:
    from cryptodrug_scraper.language import language
    from cryptodrug_scraper.report.captures import kinds_words, ships_from, undated_words

    english = language("en")
    notices = [
        kinds_words(study.kinds, english),
        english.text("about.waiting", rows=study.waiting.rows) if study.waiting else "",
        undated_words(captured, english),
    ]
    if not ships_from(study, country):
        notices.append(
            f"No listing of the period ships from {english.the(country)}; the report says little "
            "else."
        )
    return [notice for notice in notices if notice]


def _put(page: str, out: Path, pdf: Path | None, on_progress: OnProgress) -> str | None:
    """Write the page to its file, and print it; return why it could not be printed."""
    from cryptodrug_scraper.common.files import writable_file, write_atomically
    from cryptodrug_scraper.report.pdf import NoBrowser, find_browser, print_pdf

    with tempfile.TemporaryDirectory(prefix="cryptodrug-report-") as folder:
        file = out
        if out == STDOUT:
            file = Path(folder) / "report.html"
        write_atomically(writable_file(file), page)
        if pdf is None:
            return None
        on_progress(Progress("Printing the PDF file"))
        try:
            print_pdf(file, pdf)
        except NoBrowser as error:
            return str(error) if find_browser() else f"{error} The HTML file is complete."
    return None


def _marked(path: Path, option: str) -> Path:
    """Return where a report that rests on invented pages is written: its name says so."""
    from cryptodrug_scraper.report import marked_name

    if path == STDOUT:
        return path
    marked = marked_name(path)
    output_file(marked, option)
    return marked


def _check_places(out: Path, pdf: Path | None) -> None:
    """Refuse before the work what could not be written after it."""
    if pdf == STDOUT:
        raise Failure("--pdf: a PDF file is not written to standard output.", Code.BAD_INPUT)
    places = [
        output_file(path, option)
        for option, path in (("--out", out), ("--pdf", pdf))
        if path is not None and path != STDOUT
    ]
    if len(set(places)) < len(places):
        raise Failure(f"--out and --pdf are the same file: {places[0]}.", Code.BAD_INPUT)
