"""``cryptodrug replay``: saved pages into the database."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptodrug_scraper.cli.errors import Code, Failure, explain
from cryptodrug_scraper.cli.options import (
    CapturedAt,
    DatabaseUrl,
    Market,
    TableColumns,
    check_market,
    epilog,
    guide,
    moment,
    output_file,
    table_columns,
)
from cryptodrug_scraper.common.progress import ProgressView
from cryptodrug_scraper.common.terminal import program, say

if TYPE_CHECKING:
    from cryptodrug_scraper.replay import Summary

HELP = guide("""
    Read saved pages, parse them and load them into the database.

    PATH is a file, a folder (with all in it), or an archive: zip, tar and 7z; WARC, ARC and
    WACZ; MHTML and HAR; a mirror of wget or HTTrack; Scrapy's HTTP cache; a table of pages
    (CSV, JSON Lines, Parquet, SQLite); packed with gzip, xz, bzip2 or zstd or not, and
    archives in archives, two deep. What a file is, its content says, not its name. What
    cannot be read is named with the reason, and the rest goes on (exit code 1); styles,
    scripts and images are counted, and --list-skipped writes all of them.

    Pages that a simulator served, or that are fixtures, carry a mark of it and are kept apart in
    all numbers; what this machine served is such a page. Pages of a market from a host that is no
    onion address are a warning, which --real or --invented answers.

    When a page was captured comes from the archive, from page.json beside page.html, from
    what a browser, SingleFile or HTTrack wrote into it, from a date in the path
    (2018-11-19/…), or from --captured-at.

    The same page twice changes nothing, so after an interruption, or with more pages in the
    folder, run the same command again: pages loaded before are passed over quickly. After an
    update of the parsers, it reads every page anew.
""")
EPILOG = epilog("""
    [bold]Examples[/]
      cryptodrug replay saved-pages/
      cryptodrug replay dream-2018.tar.xz --market dream --workers 4
      cryptodrug replay page.html --captured-at 2018-11-19 --dry-run
      cryptodrug replay pages.csv --columns "body=raw,url=link,time=seen"
      cryptodrug replay crawl.warc.gz --summary summary.json --quiet
      cryptodrug replay mirror/ --dry-run --list-skipped skipped.jsonl
""")


def _default_workers() -> int:
    return max(1, min(4, os.cpu_count() or 1))


def replay(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files, folders, archives.")],
    market: Market = None,
    captured_at: CapturedAt = None,
    real: Annotated[
        bool,
        typer.Option(
            "--real",
            help="The pages are a market's own, whatever host served them; not those that a crawl "
            "marked as invented, or that this machine served.",
        ),
    ] = False,
    invented: Annotated[
        bool,
        typer.Option(
            "--invented",
            help="The pages were made to try the program: they are marked, and never counted "
            "together with real ones.",
        ),
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, max=64, metavar="N", help="Processes that parse and load.")
    ] = _default_workers(),
    columns: TableColumns = None,
    any_time: Annotated[
        bool,
        typer.Option(
            "--any-time",
            help="Take capture times as stated, also those in the future or outside of a market's "
            "life. Without it such a page is read without its time, and named.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and parse only; no database is touched.")
    ] = False,
    summary: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the summary as JSON.")
    ] = None,
    list_skipped: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write all that was not read, one JSON object a line."),
    ] = None,
    database_url: DatabaseUrl = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress, no tables: only what went wrong.")
    ] = False,
) -> None:
    """Read pages into the database."""
    when = moment(captured_at)
    check_market(market)
    if real and invented:
        raise Failure("--real and --invented exclude each other.", Code.BAD_INPUT)
    chosen = table_columns(columns)
    for path, option in ((summary, "--summary"), (list_skipped, "--list-skipped")):
        if path is not None:
            output_file(path, option)
    with _failure_noted(summary):
        from cryptodrug_scraper.archive import total_bytes
        from cryptodrug_scraper.database.connection import ready_url

        total_bytes(paths)  # finds paths that do not exist before anything is opened
        dsn = None if dry_run else ready_url(database_url, to_load=True)
        from cryptodrug_scraper.cli.summary import write
        from cryptodrug_scraper.replay import replay as replay_pages
        from cryptodrug_scraper.replay.skipped import SkippedFile

        with contextlib.ExitStack() as stack:
            progress = stack.enter_context(ProgressView("replay", quiet=quiet))
            skipped = stack.enter_context(SkippedFile(list_skipped)) if list_skipped else None
            done = replay_pages(
                paths,
                dsn,
                market=market,
                invented=True if invented else False if real else None,
                captured_at=when,
                columns=chosen,
                any_time=any_time,
                workers=workers,
                on_progress=progress,
                skipped=skipped,
            )
        if summary is not None:
            write(summary, done.to_dict())
        code = code_of(done)
        _show_result(done, code, paths, quiet=quiet)
        if dsn is not None and done.pages_read and not quiet:
            _say_where(dsn, database_url, warned=bool(done.counts.warnings))
    raise typer.Exit(code)


def _show_result(done: Summary, code: Code, paths: list[Path], *, quiet: bool) -> None:
    from cryptodrug_scraper.cli.summary import headline

    if quiet:
        _show_quietly(done)
    else:
        show(done)
    if code is Code.NOTHING_READ:
        named = ", ".join(repr(str(path)) for path in paths[:5])
        say(
            f"Nothing was read: there is no page in {named}. Pages are HTML files, alone or in "
            "folders, in archives and in tables (WARC, zip, CSV …; --help lists them)."
        )
    elif code is not Code.COMPLETE and quiet:
        say(headline(done))


def _show_quietly(summary: Summary) -> None:
    """Print what went wrong on standard error, the same things together."""
    from cryptodrug_scraper.cli import summary as shown
    from cryptodrug_scraper.common.console import errors

    console = errors()
    for drawn in shown.tables_of_trouble(summary):
        console.print(drawn)
        console.print()


def code_of(summary: Summary) -> Code:
    """Return the exit code of a replay."""
    if summary.interrupted:
        return Code.PARTLY_FAILED if summary.pages_read else Code.INTERRUPTED
    outcomes = {"complete": Code.COMPLETE, "nothing read": Code.NOTHING_READ}
    return outcomes.get(summary.outcome, Code.PARTLY_FAILED)


def show(summary: Summary) -> None:
    """Print the tables and the headline of a summary."""
    from cryptodrug_scraper.cli import summary as shown
    from cryptodrug_scraper.common.console import output

    console = output()
    for drawn in shown.tables(summary):
        console.print(drawn)
        console.print()
    console.print(shown.headline(summary))
    if summary.kept_apart:
        from cryptodrug_scraper.database.accounts import KEPT_APART

        console.print(f"Kept apart: {KEPT_APART.format(n=summary.kept_apart)}.")
    if summary.interrupted:
        console.print("What was loaded stays; the same command goes on from there.")


def _say_where(dsn: str, database_url: str | None, *, warned: bool) -> None:
    from cryptodrug_scraper.common.console import output
    from cryptodrug_scraper.database.connection import mask

    ask = f"  {program()} db query{' --database-url …' if database_url else ''}"
    lines = [
        f"The data is in {mask(dsn)}. Try next:",
        f'{ask} "SELECT vendor, title, price_amount, price_currency FROM listing_latest LIMIT 20"',
    ]
    if warned:
        lines.append(
            f'{ask} "SELECT w AS warning, count(*) FROM page, unnest(warnings) AS w'
            ' GROUP BY 1 ORDER BY 2 DESC LIMIT 40"'
        )
    output().print("\n".join(lines), soft_wrap=True)


@contextlib.contextmanager
def _failure_noted(path: Path | None) -> Iterator[None]:
    """Leave no older summary standing where the run has none of its own."""
    try:
        yield
    except Exception as error:
        failure = explain(error)
        expected = isinstance(error, typer.Exit) or (failure and failure.code is Code.BAD_INPUT)
        if path is not None and not expected:
            from cryptodrug_scraper.cli.summary import write

            words = str(failure or f"{type(error).__name__}: {error}")
            with contextlib.suppress(OSError):
                write(path, {"outcome": "failed", "error": words})
        raise
