"""Archives that were moved: which are there, giving one its new path, finding it by content."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)
from psycopg2.extensions import cursor

from cryptodrug_scraper.archive.files import location_of
from cryptodrug_scraper.archive.identity import identity_of
from cryptodrug_scraper.common.progress import OnProgress, Progress, ignore_progress
from cryptodrug_scraper.database.archives import (
    EVERYWHERE,
    LOCK,
    Root,
    all_roots,
    first_names,
    is_grown,
    lies_at,
    new_root,
    write_root,
)

MOST_FILES = 5_000_000
"""Files and folders that are looked at when archives are looked for."""


class UnknownRoot(ValueError):
    """No archive is known by this id or path."""


class NotTheSame(ValueError):
    """What lies at the new path is not what the archive was."""


class Move(NamedTuple):
    """A root, and the path that it is to have. ``part`` is what of the root lies there."""

    root: Root
    path: str
    part: str = ""


@dataclass(slots=True)
class Search:
    """What a search for archives that are gone found, and did not."""

    moves: list[Move] = field(default_factory=list)
    missing: list[Root] = field(default_factory=list)
    looked_at: int = 0
    stopped: bool = False


def roots_with_pages(connection: Connection) -> list[tuple[Root, int]]:
    """Return all archives in order of path, and how many pages lie in each."""
    with connection, connection.cursor() as work:
        work.execute(
            "SELECT archive_id, count(DISTINCT page_id) FROM ("
            "SELECT archive_id, page_id FROM page UNION ALL"
            " SELECT archive_id, page_id FROM page_place) AS lies GROUP BY 1"
        )
        pages = dict(work.fetchall())
        roots = all_roots(work)
    if pages.get(EVERYWHERE):
        roots.insert(0, Root(EVERYWHERE, "folder", [""]))
    return [(root, pages.get(root.archive_id, 0)) for root in roots]


def moves_to(connection: Connection, old: str, new: Path, *, check: bool = True) -> list[Move]:
    """Work out what is to be changed if what lay at ``old`` lies at ``new`` now.

    ``old`` is an archive's id, one of its paths, a folder in which archives lie, or what lies in
    an archive that is a folder. Nothing is changed. With ``check``, raises :class:`NotTheSame` if
    something else lies at the new path. Raises :class:`UnknownRoot` and OSError.
    """
    where = location_of(new)
    with connection, connection.cursor() as work:
        moves = list(_moves(all_roots(work), old, where))
        if not moves:
            raise UnknownRoot(f"No archive of the database lies, or lay, at {old}.")
        for move in moves if check else ():
            _check(work, move)
    return moves


def _moves(roots: list[Root], old: str, where: str) -> Iterator[Move]:
    path = location_of(Path(old))
    same = [root for root in roots if old == str(root.archive_id)]
    same = same or [root for root in roots if path in root.paths]
    if same:
        yield from (Move(root, where) for root in same)
        return
    inside = [root for root in roots if root.paths[0].startswith(f"{path}/")]
    if inside:
        for root in inside:
            yield Move(root, where + root.paths[0][len(path) :])
        return
    around = [
        (len(outer), root, path[len(outer) + 1 :])
        for root in roots
        if root.is_folder
        for outer in root.paths
        if path.startswith(f"{outer}/")
    ]
    if around:
        _, root, part = max(around, key=lambda one: one[0])
        yield Move(root, where, part)


def _check(work: cursor, move: Move) -> None:
    """Raise unless the path holds what the root holds."""
    root, path = move.root, Path(move.path)
    if not path.exists():
        raise NotTheSame(f"There is no file or folder {move.path}.")
    if not move.part and path.is_dir() != root.is_folder:
        kinds = ("a file", "a folder") if root.is_folder else ("a folder", "a file")
        raise NotTheSame(f"{move.path} is {kinds[0]}, and the archive is {kinds[1]}.")
    if not root.is_folder and root.sha256 is not None:
        same = is_grown(path, root)
    else:
        same = lies_at(work, root, move.path, move.part)
    if not same:
        raise NotTheSame(
            f"{move.path} does not hold what {root.paths[0]} held: "
            + (
                "its pages are not there, or have other bytes."
                if root.is_folder
                else "its size or content (SHA-256) is another."
            )
        )


def move(connection: Connection, moves: Iterable[Move]) -> int:
    """Write new paths, in one transaction; return how many archives have one."""
    done = 0
    with connection, connection.cursor() as work:
        work.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        for each in moves:
            if each.part:
                _take_out(work, each)
            else:
                write_root(work, each.root, each.path)
            done += 1
    return done


def _take_out(work: cursor, move: Move) -> None:
    """Make an archive of its own of what lay in a folder and lies elsewhere now."""
    path, part = Path(move.path), move.part
    root = new_root(path)
    write_root(work, root, move.path)
    marks = ("/",) if root.is_folder else ("", "#", "!/")
    values = {
        "old": move.root.archive_id,
        "new": root.archive_id,
        "begins": [part + mark for mark in marks],
        "cut": len(part) + (2 if root.is_folder else 1),
    }
    lies = (
        "archive_id = %(old)s AND EXISTS (SELECT FROM unnest(%(begins)s) AS b WHERE"
        " CASE WHEN right(b, 1) IN ('/', '#') THEN starts_with(place, b) ELSE place = b END)"
    )
    work.execute(
        f"UPDATE page SET archive_id = %(new)s, place = substr(place, %(cut)s) WHERE {lies};"
        "INSERT INTO page_place SELECT page_id, %(new)s, substr(place, %(cut)s) FROM page_place"
        f" WHERE {lies} ON CONFLICT DO NOTHING;"
        f"DELETE FROM page_place WHERE {lies}",
        values,
    )


def find(
    connection: Connection,
    folders: Iterable[Path],
    on_progress: OnProgress = ignore_progress,
) -> Search:
    """Look in folders for the archives that are gone from their paths. Nothing is changed.

    Files are known by size and digest, folders (and files that an older database knew by path
    only) by the pages in them. After ``MOST_FILES`` files and folders it stops.
    """
    with connection, connection.cursor() as work:
        missing = [root for root in all_roots(work) if root.path_now() is None]
        found: dict[int, Move] = {}
        search = Search()
        if missing:
            for move in _search(work, missing, folders, search, on_progress):
                if move.root.archive_id not in found:
                    found[move.root.archive_id] = move
                if len(found) == len(missing):
                    break
    search.moves = list(found.values())
    search.missing = [root for root in missing if root.archive_id not in found]
    return search


def _search(
    work: cursor,
    missing: list[Root],
    folders: Iterable[Path],
    search: Search,
    on_progress: OnProgress,
) -> Iterator[Move]:
    by_size: dict[int, list[Root]] = defaultdict(list)
    by_name: dict[str, list[Root]] = defaultdict(list)
    for root in missing:
        if root.size is not None:
            by_size[root.size].append(root)
        elif not root.is_folder:
            by_name[root.paths[0].rpartition("/")[2]].append(root)
    folded = [(root, first_names(work, root)) for root in missing if root.is_folder]
    for top in folders:
        for folder, names, files in os.walk(top.absolute()):
            names.sort()
            inside = {*names, *files}
            for root, first in folded:
                if not inside.isdisjoint(first) and lies_at(work, root, folder):
                    yield Move(root, location_of(Path(folder)))
            for name in sorted(files):
                path = Path(folder, name)
                for root in _candidates(path, by_size):
                    yield Move(root, location_of(path))
                for root in by_name.get(name, ()):
                    if lies_at(work, root, str(path)):
                        yield Move(root, location_of(path))
            search.looked_at += 1 + len(files)
            on_progress(Progress("Looking", search.looked_at, "files and folders"))
            if search.looked_at >= MOST_FILES:
                search.stopped = True
                return


def _candidates(path: Path, by_size: dict[int, list[Root]]) -> list[Root]:
    """Return the archives that a file is, by size and then by digest."""
    try:
        roots = by_size.get(path.stat().st_size)
        identity = identity_of(path) if roots else None
    except OSError:
        return []
    return [root for root in roots or () if (root.size, root.sha256) == identity]
