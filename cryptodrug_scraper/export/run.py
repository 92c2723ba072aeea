"""One export: tables into a folder beside, checked, then moved to its place as a whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2

from cryptodrug_scraper import __version__
from cryptodrug_scraper.common.files import default_mode
from cryptodrug_scraper.common.progress import OnProgress, Progress, ignore_progress
from cryptodrug_scraper.database.invented import Kinds, kinds_of
from cryptodrug_scraper.database.waiting import Waiting, check, settle
from cryptodrug_scraper.export import codebook, package, scope, writing
from cryptodrug_scraper.export.check import Check, HandleCheck, HandleFound, handles_in
from cryptodrug_scraper.export.columns import ExportTable
from cryptodrug_scraper.export.package import About
from cryptodrug_scraper.export.pseudonyms import Pseudonyms
from cryptodrug_scraper.export.scope import ExportScope
from cryptodrug_scraper.export.tables import chosen

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)

FORMAT = "cryptodrug export, version 1"
MANIFEST = "manifest.json"
_ROW_GROUP = 50_000
_SUBJECTS = ("vendors", "listings", "reviews")


class ExportRefused(ValueError):
    """The export cannot be made as asked; the message says what to do."""


class NothingToExport(Exception):
    """Neither a vendor, nor a listing, nor a review is in what was asked for."""


@dataclass
class Export:
    """What was made: ``files`` has each table's ``path``, ``rows``, ``bytes`` and ``sha256``."""

    folder: Path
    files: dict[str, dict[str, Any]]
    left_out: dict[str, int]
    checked: HandleCheck | None = None
    waiting: Waiting = field(default_factory=Waiting)
    """Reviews that were not worked out, in an export of the database as it is."""
    kinds: Kinds = field(default_factory=lambda: Kinds(True, 0))
    """Whether real or invented pages are in it."""


@dataclass(frozen=True)
class ExportOptions:
    """What is asked for. ``allowed`` are words that are no handles although vendors have them.

    ``as_is``: also while reviews wait to be worked out; without it they are worked out first.
    """

    form: str = "csv"
    scope: ExportScope = field(default_factory=ExportScope)
    pseudonyms: Pseudonyms | None = None
    about: About = field(default_factory=About)
    allowed: tuple[str, ...] = ()
    force: bool = False
    as_is: bool = False


def export(
    dsn: str,
    out: Path,
    options: ExportOptions | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Export:
    """Write the tables of a database to a folder.

    ``dsn`` is a libpq connection string of a database at the current migration. The folder
    appears whole or not at all. Raises :class:`ExportRefused` if it is there already and not
    empty (``force`` replaces an earlier export, and nothing else), :class:`NothingToExport`,
    ``ReviewsWait`` if reviews wait and cannot be worked out, ``HandleFound`` if a pseudonymised
    export would tell a handle, ``psycopg2.Error`` and ``OSError``.
    """
    options = options or ExportOptions()
    if options.form not in writing.FORMATS:
        raise ExportRefused(f"There is no format {options.form!r}: {' or '.join(writing.FORMATS)}.")
    check_place(out, options.force)
    if not options.as_is:
        with closing(psycopg2.connect(dsn, application_name="cryptodrug reviews")) as connection:
            settle(connection, on_progress)
    with _beside(out, options.force) as folder, scope.reading(dsn) as connection:
        begun = datetime.now(UTC)
        with connection.cursor() as work:
            waiting = check(work, as_is=options.as_is)
        on_progress(Progress("Choosing rows"))
        with connection.cursor() as work:
            kinds = kinds_of(work, options.scope.invented)
        left_out = scope.prepare(connection, options.scope, kinds)
        comments = codebook.comments_of(connection)
        tables = chosen(options.pseudonyms is not None)
        files = {
            table.name: _write_table(connection, table, folder, options, comments, on_progress)
            for table in tables
        }
        if not any(files[name]["rows"] for name in _SUBJECTS):
            raise NothingToExport(
                "No vendor, listing or review is in what was asked for: nothing was written."
                f" {kinds.words if kinds.condition else ''}".rstrip()
            )
        done = Export(out, files, left_out, waiting=waiting, kinds=kinds)
        _describe(folder, tables, done, comments, options, begun)
        if options.pseudonyms is not None:
            done.checked = _check(connection, tables, folder, options, on_progress)
        _write_json(folder / MANIFEST, _manifest(connection, dsn, folder, done, options, begun))
    return done


def check_place(out: Path, force: bool) -> None:
    """Refuse a folder that holds something. Raises :class:`ExportRefused`."""
    if not out.exists() and not out.is_symlink():
        if not out.absolute().parent.is_dir():
            raise ExportRefused(f"There is no folder {out.absolute().parent} to put {out.name} in.")
        return
    if out.is_symlink() or not out.is_dir():
        raise ExportRefused(f"{out} is there already and is no folder: give another --out.")
    held = {path.name for path in out.iterdir()}
    if not held:
        return
    if not force:
        raise ExportRefused(
            f"{out} is not empty. Give another --out, or --force if it is an earlier export that "
            "may be replaced."
        )
    if strange := sorted(held - _own_files(out)):
        raise ExportRefused(
            f"{out} holds what no export wrote ({', '.join(strange[:3])}): nothing was removed. "
            "--force replaces only an earlier export."
        )


def _own_files(folder: Path) -> set[str]:
    """Return the names of the files that an earlier export put into a folder."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        if manifest["format"] == FORMAT:
            return {MANIFEST, *manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return set()


@contextmanager
def _beside(out: Path, force: bool) -> Iterator[Path]:
    """Give a folder beside ``out`` to fill; it becomes ``out``, or nothing is left of it."""
    out = out.absolute()
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.partial-", dir=out.parent))
    old = folder.with_name(folder.name.replace(".partial-", ".old-"))
    try:
        yield folder
        for path in folder.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        folder.chmod(default_mode(0o777))
        check_place(out, force)  # somebody may have written there meanwhile
        if out.exists():
            out.rename(old)
        folder.rename(out)
    except BaseException:
        if old.exists() and not out.exists():
            old.rename(out)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write_table(
    connection: Connection,
    table: ExportTable,
    folder: Path,
    options: ExportOptions,
    comments: dict[str, str],
    on_progress: OnProgress,
) -> dict[str, Any]:
    pseudonyms = options.pseudonyms
    columns = table.shared(pseudonyms is not None)
    path = folder / f"{table.name}.{options.form}"
    turn = writing.shared_columns(table, pseudonyms)
    rows: Iterable[list[tuple[Any, ...]]] = writing.rows_of(connection, table, pseudonyms)
    count = 0
    on_progress(Progress(f"Writing {table.name}", count, "rows"))
    if options.form == "csv":
        writer: writing.CsvWriter | writing.ParquetWriter = writing.CsvWriter(path, columns)
    else:
        meanings = [codebook.meaning_of(c, comments, pseudonyms is not None) for c in columns]
        writer = writing.ParquetWriter(path, columns, meanings)
        rows = writing.batches(rows, _ROW_GROUP)
    with writer:
        for batch in rows:
            writer.write(turn(batch))
            count += len(batch)
            on_progress(Progress(f"Writing {table.name}", count, "rows"))
    return {"path": path.name, "rows": count, **_file(path)}


def _file(path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _describe(
    folder: Path,
    tables: tuple[ExportTable, ...],
    done: Export,
    comments: dict[str, str],
    options: ExportOptions,
    begun: datetime,
) -> None:
    hidden = options.pseudonyms is not None
    book = codebook.entries(tables, comments, hidden)
    warnings = [done.waiting.words if done.waiting else "", done.kinds.words]
    warning = " ".join(words for words in warnings if words)
    noted = {"warning": warning} if warning else {}
    _write_json(folder / "codebook.json", {"format": FORMAT, **noted, "tables": book})
    key_name = options.pseudonyms.name if options.pseudonyms else None
    (folder / "CODEBOOK.md").write_text(
        codebook.as_markdown(
            book,
            title=options.about.title,
            selection=options.scope.words,
            warning=warning,
            form=options.form,
            key_name=key_name,
        ),
        "utf-8",
    )
    described = package.describe(
        options.about,
        tables,
        done.files,
        comments,
        form=options.form,
        pseudonymised=hidden,
        made_at=_second(begun),
        warning=warning,
    )
    _write_json(folder / "datapackage.json", described)
    if faults := package.faults_of(described, folder):
        raise RuntimeError(f"the data package is not sound: {'; '.join(faults[:5])}")


def _check(
    connection: Connection,
    tables: tuple[ExportTable, ...],
    folder: Path,
    options: ExportOptions,
    on_progress: OnProgress,
) -> HandleCheck:
    check = Check(connection, handles_in(connection), options.allowed)
    for table in tables:
        on_progress(Progress(f"Looking for handles in {table.name}"))
        check.table(table, folder / f"{table.name}.{options.form}", options.form)
    return check.result


def _manifest(
    connection: Connection,
    dsn: str,
    folder: Path,
    done: Export,
    options: ExportOptions,
    begun: datetime,
) -> dict[str, Any]:
    """Say what the files are, and what they were made with and from; no credentials."""
    from parsers.version import parser_version

    wanted, pseudonyms = options.scope, options.pseudonyms
    with connection.cursor() as work:
        ask = _asker(work)
        versions = ask("SELECT parser_version, count(*) FROM page GROUP BY 1 ORDER BY 1")
        migration = ask("SELECT version_num FROM public.alembic_version")
        server = ask("SHOW server_version")[0][0]
        database = ask("SELECT current_database()")[0][0]
        seen = ask("SELECT min(observed_at), max(observed_at) FROM page")[0]
        invented = ask("SELECT count(*) FROM page WHERE invented")[0][0]
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "program": {"name": "cryptodrug-scraper", "version": __version__},
        "parsers": {"now": parser_version(), "that_read_the_pages": dict(versions)},
        "migration": ", ".join(row[0] for row in migration),
        "started_at": _second(begun),
        "ended_at": _second(datetime.now(UTC)),
        "database": {"server": f"PostgreSQL {server}", "name": database},
        "captured": {
            "first": writing.moment(seen[0]) if seen[0] else None,
            "last": writing.moment(seen[1]) if seen[1] else None,
        },
        "options": {
            "format": options.form,
            "country": wanted.country,
            "from": wanted.first.isoformat() if wanted.first else None,
            "to": wanted.last.isoformat() if wanted.last else None,
            "markets": list(wanted.markets),
            "pseudonymise": pseudonyms is not None,
            "invented": wanted.invented,
        },
        "invented": {"counted": done.kinds.name, "pages": invented},
        "left_out": done.left_out,
        "reviews_waiting": {"groups": done.waiting.groups, "rows": done.waiting.rows},
        "rows": {name: file["rows"] for name, file in done.files.items()},
        "files": {path.name: _file(path) for path in sorted(folder.iterdir())},
    }
    if pseudonyms is None:
        manifest["database"]["host"] = _host(dsn)
    else:
        manifest["pseudonyms"] = {
            "method": "HMAC-SHA256, 128 bits",
            "key_name": pseudonyms.name,
        }
    if done.checked is not None:
        manifest["check"] = {
            "cells": done.checked.cells,
            "handles": done.checked.handles,
            "found": 0,
        }
    return manifest


def _asker(work: Any) -> Callable[[str], list[tuple[Any, ...]]]:
    def ask(sql: str) -> list[tuple[Any, ...]]:
        work.execute(sql)
        return list(work.fetchall())

    return ask


def _host(dsn: str) -> str:
    """Return the host and port of a database, or that it is on this machine."""
    from psycopg2.extensions import parse_dsn

    parts = parse_dsn(dsn)
    host = parts.get("host") or "localhost"
    if host.startswith("/"):  # a socket's folder would tell the user's name
        return "this machine"
    return f"{host}:{parts.get('port') or 5432}"


def _second(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


__all__ = [
    "Export",
    "ExportOptions",
    "ExportRefused",
    "HandleFound",
    "NothingToExport",
    "check_place",
    "export",
]
