"""``cryptodrug monitor hunt``: where a word stands in all that was captured."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
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
    guide,
    markets,
    period,
)
from cryptodrug_scraper.common.progress import ProgressView
from cryptodrug_scraper.common.terminal import json_line, say

if TYPE_CHECKING:
    from cryptodrug_scraper.monitor.words import Hit

HELP = guide("""
    Look for a word, or a phrase, in the titles, descriptions and reviews of the whole past.

    Says for each market since when and until when it stood there, in how many listings or reviews
    of how many vendors, and the first page that shows it. Capitals, accents and punctuation do not
    matter. --near takes near spellings too, and says which there are; --regex takes a regular
    expression. Words that are always watched for stand in a file, of which monitor.toml says where
    it is. Exit code 3: it stands nowhere.
""")
EPILOG = guide("""
    [bold]Examples[/]
      cryptodrug monitor hunt fentanyl --near
      cryptodrug monitor hunt "china white" --from 2019-01-01 --market dream
      cryptodrug monitor hunt 'u.?47.?700' --regex --json
""")


def hunt(
    word: Annotated[str, typer.Argument(metavar="WORD", help="The word, phrase or pattern.")],
    near: Annotated[bool, typer.Option("--near", help="Near spellings too.")] = False,
    regex: Annotated[
        bool, typer.Option("--regex", help="WORD is a regular expression, without case.")
    ] = False,
    start: FirstDay = None,
    end: LastDay = None,
    market: Markets = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    as_is: AsIs = False,
    invented: Invented = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Hunt a word."""
    from cryptodrug_scraper.monitor.trackers import Tracker

    days, chosen = period(start, end), markets(market)
    if near and regex:
        raise Failure("--near goes with words, not with --regex.", Code.BAD_INPUT)
    try:
        tracker = Tracker(word, () if regex else (word,), word if regex else None, near)
    except ValueError as error:
        raise Failure(f"{error}.", Code.BAD_INPUT) from None
    from cryptodrug_scraper.database.connection import open_engine
    from cryptodrug_scraper.monitor.words import hits
    from cryptodrug_scraper.study.core import StudySession

    problems: list[str] = []
    with ProgressView("hunt") as progress:
        try:
            study = StudySession(
                open_engine(database_url),
                markets=chosen,
                as_is=as_is,
                on_progress=progress,
                invented=invented,
            )
        except ValueError as error:
            raise Failure(str(error), Code.NOTHING_READ) from None
        with study:
            found = hits(
                study.connection,
                [tracker],
                *days,
                markets=chosen,
                on_progress=progress,
                on_problem=problems.append,
            )
            kinds = study.kinds.words
    if kinds:
        say(kinds)
    for problem in problems:
        say(f"{problem}.")
    if as_json:
        for hit in found:
            days_seen = {"first": _moment(hit.first), "last": _moment(hit.last)}
            json_line(asdict(hit) | days_seen)
    elif found:
        _show(word, found)
    if problems:
        raise typer.Exit(Code.PARTLY_FAILED)
    if not found:
        raise Failure(f"{word!r} stands nowhere in what was captured then.", Code.NOTHING_READ)


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _show(word: str, hits: list[Hit]) -> None:
    from cryptodrug_scraper.common.console import output, table

    columns = ("in", "market", "how many", "vendors", "first", "last", "first page", "archive")
    rows = [
        (
            hit.kind,
            hit.market,
            hit.count,
            hit.vendors,
            "" if hit.first is None else f"{hit.first:%Y-%m-%d}",
            "" if hit.last is None else f"{hit.last:%Y-%m-%d}",
            hit.place,
            hit.archive,
        )
        for hit in hits
    ]
    output().print(table(word, columns, rows, fold="archive"))
    if len(hits[0].spellings) > 1:
        say(f"Spelt: {', '.join(hits[0].spellings)}")
