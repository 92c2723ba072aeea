"""``cryptodrug db backup`` and ``db restore``: a database into one file, and out of it again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cryptodrug_scraper.cli.options import DatabaseUrl, epilog, guide, output_file
from cryptodrug_scraper.common.progress import ProgressView

BACKUP_HELP = guide("""
    Write all that the database holds, as of one moment, into a file.

    Others may go on working with the database meanwhile. The file appears when it is complete, in
    the place of one of that name; only you can read it. The pages themselves are not in it: they
    stay in their archives, of which the database knows the places.
""")
BACKUP_EPILOG = epilog("""
    [bold]Examples[/]
      cryptodrug db backup cryptodrug-2019-11-30.backup
      cryptodrug db backup study.backup --database-url postgresql://me:secret@server/markets
    """)
RESTORE_HELP = guide("""
    Load a file that `db backup` wrote into an empty database.

    The file is checked first: where a byte of it is not as it was written, nothing is loaded. It
    is loaded in one transaction, wholly or not at all. A database that holds something is refused:
    make a new one, or name another data folder for the embedded one (CRYPTODRUG_DATA_DIR).
""")
RESTORE_EPILOG = epilog("""
    [bold]Examples[/]
      CRYPTODRUG_DATA_DIR=/data/restored cryptodrug db restore study.backup
      cryptodrug db restore study.backup --database-url postgresql://me:secret@server/empty
    """)

Written = Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")]
Read = Annotated[Path, typer.Argument(metavar="FILE", help="A file that `db backup` wrote.")]


def backup(file: Written, database_url: DatabaseUrl = None) -> None:
    """Write a backup."""
    from cryptodrug_scraper.database.backup import backup as write
    from cryptodrug_scraper.settings import get_settings

    target = output_file(file, "FILE")
    with ProgressView("backup") as on_progress:
        size = write(database_url, target, settings=get_settings(), on_progress=on_progress)
    typer.echo(f"Written: {file} ({size:,} bytes). `cryptodrug db restore` loads it.")


def restore(file: Read, database_url: DatabaseUrl = None) -> None:
    """Load a backup."""
    from cryptodrug_scraper.database import upgrade as migrations
    from cryptodrug_scraper.database.backup import restore as load
    from cryptodrug_scraper.settings import get_settings

    with ProgressView("restore") as on_progress:
        revision = load(database_url, file, settings=get_settings(), on_progress=on_progress)
    typer.echo(f"Restored {file}. The database is at migration {revision}.")
    if revision != migrations.head():
        typer.echo("`cryptodrug db upgrade` brings it to the newest.")
