"""``cryptodrug archive``: where the pages of the database lie, and a page's bytes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cryptodrug_scraper.cli.errors import Code, Failure
from cryptodrug_scraper.cli.options import DatabaseUrl, epilog, guide
from cryptodrug_scraper.cli.query import connected
from cryptodrug_scraper.common.progress import ProgressView
from cryptodrug_scraper.common.terminal import json_line, safe, say

if TYPE_CHECKING:
    from cryptodrug_scraper.database.moved import Move

app = typer.Typer(
    help=guide("""
        The archives in which the pages of the database lie, and a page's bytes out of them.

        The database holds what was read, not the pages themselves: these stay where they were
        replayed from. Of each folder and archive file it knows the path; what was moved is
        found again by its content, or is given its new path.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug archive roots
      cryptodrug archive roots find /media/usb --yes
      cryptodrug archive roots set /old/pages /new/pages
      cryptodrug archive page 4611686018427387904 --out page.html
    """),
    no_args_is_help=True,
)
roots_app = typer.Typer(
    help=guide("""
        List the folders and archive files in which pages lie, and whether they are there now.

        A root is a folder that was replayed (with all below it), an archive file that was
        replayed by itself, or the folder of a crawl. set and find say where one is now.
    """),
    epilog=epilog("""
    [bold]Examples[/]
      cryptodrug archive roots
      cryptodrug archive roots --json | jq -r 'select(.there | not).path'
      cryptodrug archive roots find /media/usb
    """),
    invoke_without_command=True,
)
app.add_typer(roots_app, name="roots")


@roots_app.callback()
def roots(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """List the archives."""
    if ctx.invoked_subcommand is not None:
        return
    from cryptodrug_scraper.database.moved import roots_with_pages

    with connected(database_url) as connection:
        known = roots_with_pages(connection)
    rows = []
    for root, pages in known:
        now = root.path_now()
        path = (root.paths[0] if now is None else now) or "/"
        if as_json:
            json_line(
                {
                    "archive_id": root.archive_id,
                    "kind": root.kind,
                    "path": path,
                    "other_paths": [other for other in root.paths if other not in ("", path)],
                    "pages": pages,
                    "size": root.size,
                    "sha256": None if root.sha256 is None else root.sha256.hex(),
                    "there": now is not None,
                }
            )
        rows.append(
            (
                path,
                root.kind,
                pages,
                "" if root.size is None else f"{root.size:,}",
                "there" if now is not None else "gone",
                str(root.archive_id),
            )
        )
    if as_json:
        return
    if not rows:
        say("No page was loaded so far: cryptodrug replay PATH")
        return
    from cryptodrug_scraper.common.console import count, output, table

    columns = ("path", "kind", "pages", "bytes", "now", "id")
    output().print(table(count(len(rows), "root"), columns, rows, fold="path"))
    if any(row[4] == "gone" for row in rows):
        say(
            "What is gone was moved, perhaps: cryptodrug archive roots find FOLDER looks for it; "
            "cryptodrug archive roots set OLD NEW says where it is."
        )


@roots_app.command(
    "set",
    help=guide("""
        Say where an archive is now.

        OLD is a root's path or id as cryptodrug archive roots lists it, a folder in which
        several roots lie (all of them get new paths), or something in a root that was moved
        out of it. NEW must hold what was read: that is checked by size and SHA-256, of a
        folder by some of its pages; --force does without.
    """),
    epilog=guide("""
    [bold]Examples[/]
      cryptodrug archive roots set /old/dream-2018.tar.xz /archive/dream-2018.tar.xz
      cryptodrug archive roots set /home/me/pages /media/usb/pages
    """),
)
def set_(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A root's path or id, or above it.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Where that is now.")],
    force: Annotated[
        bool, typer.Option("--force", help="Also if something else seems to lie there.")
    ] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Give roots new paths."""
    from cryptodrug_scraper.database import moved

    if not new.exists():
        raise Failure(f"There is no file or folder {str(new)!r}.", Code.BAD_INPUT)
    with connected(database_url) as connection:
        try:
            moves = moved.moves_to(connection, old, new, check=not force)
        except moved.UnknownRoot as error:
            raise Failure(
                f"{error} `cryptodrug archive roots` lists what is known.", Code.BAD_INPUT
            ) from None
        except moved.NotTheSame as error:
            raise Failure(
                f"{error} Nothing was changed. If it is right nevertheless, give --force.",
                Code.BAD_INPUT,
            ) from None
        moved.move(connection, moves)
    _show(moves)


@roots_app.command(
    help=guide("""
        Look in folders for the archives that are gone, and give them their new paths.

        Files are known again by their size and SHA-256, whatever their name is now; folders by
        some of the pages in them. What would be changed is shown; --yes changes it.
    """),
    epilog=guide("""
    [bold]Examples[/]
      cryptodrug archive roots find /media/usb /archive
      cryptodrug archive roots find /media/usb --yes
    """),
)
def find(
    folders: Annotated[
        list[Path], typer.Argument(metavar="FOLDER", help="Where to look, with all below.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Change it, not only show it.")] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Find archives that were moved."""
    from cryptodrug_scraper.common.console import count
    from cryptodrug_scraper.database import moved

    for folder in folders:
        if not folder.is_dir():
            raise Failure(f"There is no folder {str(folder)!r}.", Code.BAD_INPUT)
    with connected(database_url) as connection:
        with ProgressView("archive roots find") as progress:
            search = moved.find(connection, folders, progress)
        if yes:
            moved.move(connection, search.moves)
    if not search.moves and not search.missing:
        typer.echo("All archives are where the database has them.")
        return
    _show(search.moves)
    for root in search.missing:
        say(f"Not found: {safe(root.paths[0])} ({root.kind})")
    if search.stopped:
        say(f"Stopped after {search.looked_at:,} files: name a smaller folder.")
    if search.moves and not yes:
        say(f"Nothing was changed so far; --yes changes {count(len(search.moves), 'path')}.")
    if search.missing:
        raise typer.Exit(Code.PARTLY_FAILED)


def _show(moves: list[Move]) -> None:
    for move in moves:
        before = move.root.location(move.part) if move.part else move.root.paths[-1]
        before = next((path for path in move.root.paths if path != move.path), before)
        typer.echo(f"{safe(before)} -> {safe(move.path)}")


@app.command(
    help=guide("""
        Print a page's bytes, as they were captured, or write them to a file.

        ID is page_id of the database (table page). The bytes come from the archive in which the
        page lies, or from another that holds the same; their SHA-256 is checked. On a terminal,
        control characters are shown and not sent.
    """),
    epilog=guide("""
    [bold]Examples[/]
      cryptodrug archive page 4611686018427387904 --out page.html
      cryptodrug archive page 4611686018427387904 | cryptodrug parse -
    """),
)
def page(
    page_id: Annotated[int, typer.Argument(metavar="ID", help="page_id of the database.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="A new file to write.")
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print a page's bytes."""
    from cryptodrug_scraper.archive import NotOpened
    from cryptodrug_scraper.database.stored import UnknownPage, open_stored

    with connected(database_url) as connection:
        try:
            stored = open_stored(connection, page_id)
        except UnknownPage as error:
            raise Failure(str(error), Code.BAD_INPUT) from None
        except NotOpened as error:
            raise Failure(safe(str(error)), Code.PARTLY_FAILED) from None
    if out is not None:
        try:
            with out.open("xb") as file:
                file.write(stored.body)
        except FileExistsError:
            raise Failure(f"--out: {out} is there already.", Code.BAD_INPUT) from None
        say(f"{len(stored.body):,} bytes from {safe(stored.location)}")
    elif sys.stdout.isatty():
        typer.echo(safe(stored.body.decode("utf-8", "replace"), lines=True))
    else:
        sys.stdout.buffer.write(stored.body)
        sys.stdout.flush()
