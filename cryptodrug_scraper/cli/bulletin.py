"""``cryptodrug bulletin``: what a week or a month brought, for publication."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.options import (
    AsIs,
    DatabaseUrl,
    Invented,
    Markets,
    day,
    epilog,
    guide,
    markets,
    output_file,
    place,
)
from cryptodrug_scraper.cli.report import Lang
from cryptodrug_scraper.common.progress import OnProgress, Progress, ProgressView
from cryptodrug_scraper.common.terminal import say

if TYPE_CHECKING:
    from cryptodrug_scraper.bulletin import BulletinOptions
    from cryptodrug_scraper.monitor.trackers import Tracker
    from cryptodrug_scraper.study import Study

HELP = guide("""
    Write the bulletin of a week or a month: what ships from one or more countries.

    Size, offer, prices and turnover of the period and of those before it; what is new (vendors
    and listings that came and went, prices that changed, substances and words never seen before,
    vendors who moved, markets that fell silent); how complete it is; and what the numbers of the
    bulletin before have become since, with the reason.

    In the folder of --out it writes a page for each --lang, with --pdf printed too, and the same
    as data: bulletin-BE-2019-W12.en.html, bulletin-BE-2019-W12.json. Numbers that rest on fewer
    vendors than --threshold are in none of them. Bulletins are kept in the database, for the next
    one to be compared with; the same state of the database gives the same files.

    Where the database has no captures in the period, nothing is written (exit code 3).
""")
EPILOG = epilog("""
    [bold]Examples[/]
      cryptodrug bulletin --country BE --out bulletins/
      cryptodrug bulletin --country BE --country NL --period month --ending 2019-03-31 \\
          --lang en --lang fr --lang nl --pdf --out bulletins/
    """)


class Period(StrEnum):
    """What a bulletin is of."""

    WEEK = "week"
    MONTH = "month"


def bulletin(
    country: Annotated[
        list[str],
        typer.Option(metavar="CODE", help="A country, as for report; can be given again."),
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder to write in.")],
    period: Annotated[
        Period, typer.Option(help="An ISO week (Monday to Sunday) or a calendar month.")
    ] = Period.WEEK,
    ending: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            help="The last period that has ended with this day (2019-03-24). Without it, the last "
            "that has ended.",
        ),
    ] = None,
    lang: Annotated[
        list[Lang] | None, typer.Option(help="A language; can be given again. Without it, en.")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print each page to a PDF file too.")] = False,
    market: Markets = None,
    threshold: Annotated[
        int, typer.Option(min=1, metavar="N", help="Hide what rests on fewer vendors.")
    ] = 5,
    no_keep: Annotated[
        bool, typer.Option("--no-keep", help="Do not keep it in the database.")
    ] = False,
    team: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write new words that few vendors use to this JSON file, not for publication.",
        ),
    ] = None,
    watch: Annotated[
        Path | None,
        typer.Option(
            "--words",
            metavar="FILE",
            help="Words to watch, as for monitor hunt: say where they stand.",
        ),
    ] = None,
    as_is: AsIs = False,
    invented: Invented = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write the bulletin."""
    countries = tuple(dict.fromkeys(place(code) for code in country))
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    until = day(ending, "--ending") or yesterday
    chosen = markets(market)
    languages = list(dict.fromkeys(one.value for one in lang or [Lang.EN]))
    if out.exists():
        _make_folder(out)
    if team is not None:
        output_file(team, "--team")
    trackers = None if watch is None else _trackers(watch)
    from cryptodrug_scraper import study as studies
    from cryptodrug_scraper.bulletin import BulletinOptions, Span, paths, write_bulletin
    from cryptodrug_scraper.settings import get_settings

    get_settings()
    span = Span.ended(period.value, until)
    if span.end > yesterday:
        words = f"Nothing was written. {span.label} has not ended yet: it ends with {span.end}."
        raise Failure(words, Code.NOTHING_READ)
    options = BulletinOptions(span, countries, threshold, tuple(chosen))
    problem = None
    with ProgressView("bulletin") as progress:
        try:
            opened = studies.open(
                database_url, markets=chosen, as_is=as_is, on_progress=progress, invented=invented
            )
        except ValueError as error:
            raise Failure(f"Nothing was written. {error}", Code.NOTHING_READ) from None
        with opened:
            facts, few = _facts(opened, options, chosen, trackers, progress)
            _make_folder(out)
            files = paths(out, options, languages, invented=opened.kinds.rests_on_invented)
            pages = [path for code, path in files.items() if code != "json"]
            printed = [page.with_suffix(".pdf") for page in pages] if pdf else []
            for path in (*files.values(), *printed):
                output_file(path, "--out")
            progress(Progress("Writing"))
            write_bulletin(facts, files)
            if team is not None:
                _write_team(team, few)
            scope = options.scope(opened)
        if pdf:
            progress(Progress("Printing"))
            problem = _print(pages)
    for path in files.values():
        say(f"Written: {path}")
    if not no_keep:
        _keep(database_url, scope, facts)
    if problem:
        raise Failure(problem, Code.PARTLY_FAILED)


def _facts(
    opened: Study,
    options: BulletinOptions,
    chosen: list[str],
    trackers: Sequence[Tracker] | None,
    progress: OnProgress,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the bulletin's data, or say why there is nothing to say."""
    from cryptodrug_scraper.bulletin import facts_of, narrow_to
    from cryptodrug_scraper.cli.captured import why_nothing
    from cryptodrug_scraper.report.captures import captures

    span = options.span
    opened.start, opened.end = span.start, span.end
    if why := why_nothing(captures(opened), span.start, span.end, chosen):
        kinds = opened.kinds
        why = f"{why} {kinds.words if kinds.condition else ''}".rstrip()
        raise Failure(f"Nothing was written. {why} --ending chooses the period.", Code.NOTHING_READ)
    narrow_to(opened, span)
    return facts_of(opened, options, progress, trackers)


def _trackers(path: Path) -> Sequence[Tracker]:
    from cryptodrug_scraper.monitor.config import BadConfig
    from cryptodrug_scraper.monitor.trackers import read_trackers

    try:
        return read_trackers(path)
    except BadConfig as error:
        raise Failure(f"--words: {error}", Code.BAD_INPUT) from None
    except OSError as error:
        raise Failure(
            f"--words: {path} cannot be read: {error.strerror}.", Code.BAD_INPUT
        ) from None


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"--out: {out} is no folder: {error.strerror}.", Code.BAD_INPUT) from None


def _write_team(path: Path, few: list[dict[str, Any]]) -> None:
    from cryptodrug_scraper.bulletin import as_json
    from cryptodrug_scraper.common.files import writable_file, write_atomically

    write_atomically(writable_file(path), as_json({"not_for_publication": True, "words": few}))


def _keep(database_url: str | None, scope: str, facts: dict[str, Any]) -> None:
    from sqlalchemy.exc import DBAPIError

    from cryptodrug_scraper.bulletin import keep
    from cryptodrug_scraper.database.connection import open_engine
    from cryptodrug_scraper.settings import get_settings

    engine = open_engine(database_url, upgrade=False, settings=get_settings())
    try:
        keep(engine, scope, facts)
    except DBAPIError as error:
        raise Failure(
            f"The bulletin is written, and could not be kept ({error.orig}). With --no-keep it is "
            "not kept, and the next one cannot be compared with it.",
            Code.PARTLY_FAILED,
        ) from None
    finally:
        engine.dispose()


def _print(pages: list[Path]) -> str | None:
    """Print pages beside their files; return why they could not be printed."""
    from cryptodrug_scraper.report.pdf import NoBrowser, print_pdf

    try:
        for page in pages:
            print_pdf(page, page.with_suffix(".pdf"))
    except NoBrowser as error:
        return str(error)
    return None
