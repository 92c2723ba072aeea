"""``cryptodrug export``: tidy tables with a codebook, for other programs and for sharing."""

from __future__ import annotations

import os
from dataclasses import replace
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
    period,
    place,
)
from cryptodrug_scraper.common.progress import ProgressView
from cryptodrug_scraper.common.terminal import say

if TYPE_CHECKING:
    from cryptodrug_scraper.export import Export, ExportOptions, ExportScope

HELP = guide("""
    Write the database as tidy tables to a folder, for other programs, archives and colleagues.

    Listings (as last stated, and over time), vendors, reviews, places, prices, ways to ship,
    ratings, key fingerprints, exchange rates, pages, crawls, and what pages pointed to; with a
    codebook of every column (CODEBOOK.md, codebook.json), a manifest (hashes, versions, options)
    and datapackage.json, a Frictionless data package that archives accept.

    --country keeps the vendors who were seen to ship from there, with all they offer and all
    their reviews. --from and --to keep what was captured, and reviews posted, on these days.

    --pseudonymise replaces handles, buyers' masked names, ids, addresses and fingerprints by
    keyed hashes and leaves all texts out; then every cell is checked, words against all handles
    of the database, and nothing is left behind if one is found. The key is made once and kept in
    the data folder, mode 0600 (--key-file: another). Pseudonymous is not anonymous: see
    CODEBOOK.md.

    CSV is safe to open in a spreadsheet: a text that it would take for a formula gets an
    apostrophe before it, and control characters are escaped; CODEBOOK.md says how to undo it.
    The folder appears whole or not at all.
""")
EPILOG = epilog("""
    [bold]Examples[/]
      cryptodrug export --out tables
      cryptodrug export --format parquet --out tables --market dream --from 2018-11-01
      cryptodrug export --out belgium --country BE --pseudonymise --licence CC-BY-4.0
      cryptodrug export --out tables --force               replaces an earlier export
      frictionless validate tables/datapackage.json        reads and checks every cell
    """)


class ExportFormat(StrEnum):
    """What files are written."""

    CSV = "csv"
    PARQUET = "parquet"


def export(
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write; new or empty.")],
    form: Annotated[
        ExportFormat, typer.Option("--format", help="What files to write.")
    ] = ExportFormat.CSV,
    country: Annotated[
        str | None, typer.Option(metavar="CODE", help="Vendors seen to ship from there: BE.")
    ] = None,
    first: FirstDay = None,
    last: LastDay = None,
    market: Markets = None,
    pseudonymise: Annotated[
        bool, typer.Option("--pseudonymise", help="Keyed hashes for names; no texts.")
    ] = False,
    key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The key of the pseudonyms: 32 characters or more in a file that only you can "
            "read. Without it, this installation's own.",
        ),
    ] = None,
    allow_word: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD",
            help="An ordinary word that may stand in a pseudonymised export although a vendor "
            "has it for a handle.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The data package's name.")
    ] = None,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The data package's title.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(metavar="ID", help="Its licence, by SPDX: CC-BY-4.0.")
    ] = None,
    contributor: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="Who made it; may be given several times."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an earlier export in DIR.")
    ] = False,
    as_is: AsIs = False,
    invented: Invented = None,
    database_url: DatabaseUrl = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress, no table: only what went wrong.")
    ] = False,
) -> None:
    """Write the database as tidy tables."""
    for option, given in (("--key-file", key_file), ("--allow-word", allow_word)):
        if given and not pseudonymise:
            raise Failure(f"{option} is for --pseudonymise.", Code.BAD_INPUT)
    about = {
        "name": name,
        "title": title,
        "licence": licence,
        "contributors": tuple(contributor or ()) or None,
    }
    from cryptodrug_scraper.export import About, ExportOptions, ExportScope

    scope = ExportScope(
        tuple(markets(market)),
        *period(first, last),
        place(country, regions=True) if country is not None else None,
        invented=invented.value if invented else None,
    )
    try:
        described = About(**{k: v for k, v in about.items() if v is not None})  # type: ignore[arg-type]
    except ValueError as error:
        raise Failure(str(error), Code.BAD_INPUT) from None
    options = ExportOptions(
        form=form.value,
        scope=scope,
        about=described,
        allowed=tuple(allow_word or ()),
        force=force,
        as_is=as_is,
    )
    _check_place(out, force)  # before a server is started for it
    if pseudonymise:
        options = _with_key(options, key_file)
    from cryptodrug_scraper.database.connection import ready_url
    from cryptodrug_scraper.export import export as write
    from cryptodrug_scraper.export.run import NothingToExport

    dsn = ready_url(database_url)
    try:
        with ProgressView("export", quiet=quiet) as progress:
            done = write(dsn, out, options, on_progress=progress)
    except NothingToExport as error:
        raise Failure(_nothing(str(error), dsn, options.scope), Code.NOTHING_READ) from None
    if done.waiting:
        say(f"Warning: {done.waiting.words}")
    if not quiet:
        if words := done.kinds.words:
            say(words)
        _show(done)


def _check_place(out: Path, force: bool) -> None:
    """Refuse a folder that holds something, or that cannot be made."""
    from cryptodrug_scraper.export.run import check_place

    parent = out.absolute().parent
    try:
        check_place(out, force)
    except OSError as error:
        raise Failure(
            f"--out: {error.filename or out} cannot be looked into: {error.strerror}.",
            Code.BAD_INPUT,
        ) from None
    if not os.access(parent, os.W_OK | os.X_OK):  # it is made beside its place, and moved there
        raise Failure(f"--out: the folder {parent} cannot be written in.", Code.BAD_INPUT)


def _nothing(reason: str, dsn: str, scope: ExportScope) -> str:
    """Say of an empty export whether it is for want of pages, or for what was asked."""
    from cryptodrug_scraper import study
    from cryptodrug_scraper.cli.captured import why_nothing
    from cryptodrug_scraper.report.captures import captures

    try:
        opened = study.open(
            dsn,
            start=scope.first,
            end=scope.last,
            markets=scope.markets,
            as_is=True,
            invented=scope.invented,
        )
    except ValueError as error:  # the database has no such market
        return f"{reason} {error}"
    with opened:
        why = why_nothing(captures(opened), scope.first, scope.last, list(scope.markets))
    if why is None and scope.country:
        why = f"No page asked for says that an offer ships from {scope.country}."
    return f"{reason} {why}" if why else reason


def _with_key(options: ExportOptions, key_file: Path | None) -> ExportOptions:
    from cryptodrug_scraper.export import Pseudonyms, key_from, own_key
    from cryptodrug_scraper.settings import get_settings

    key = key_from(key_file) if key_file is not None else own_key(get_settings().data_dir)
    return replace(options, pseudonyms=Pseudonyms(key))


def _show(done: Export) -> None:
    from cryptodrug_scraper.common.console import count, output, table

    console = output()
    rows = [
        (file["path"], file["rows"], f"{file['bytes'] / 1e6:,.1f}") for file in done.files.values()
    ]
    console.print(table(f"Written to {done.folder}", ("file", "rows", "MB"), rows))
    console.print()
    for reason, left in done.left_out.items():
        if left:
            console.print(f"Left out: {left:,} {reason}, which belong to no period.")
    if done.checked is not None:
        console.print(
            f"Checked: none of {count(done.checked.handles, 'handle')} stands in any of "
            f"{count(done.checked.cells, 'cell')}."
        )
        if done.checked.words_cleared:
            words = ", ".join(sorted(done.checked.words_cleared)[:10])
            console.print(f"Words of the markets that are also handles were kept: {words}.")
        console.print("Pseudonymous is not anonymous: read CODEBOOK.md before you share it.")
    console.print("CODEBOOK.md says what each column means and how to read the files.")
