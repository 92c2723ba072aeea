"""Table archive: the folders and files in which pages lie, and where these are now.

A root is a folder that was given to be read, or an archive file. A page's place is relative to
its root, so that a root which was moved needs its new path only. A file is known again by its
size and digest, wherever it lies; a folder by its path, and where that is gone, by the pages in
it. What lies in a root that is known belongs to that, whichever path was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)
from psycopg2.extensions import cursor

from cryptodrug_scraper.archive import Page
from cryptodrug_scraper.archive.files import location_of, open_file
from cryptodrug_scraper.archive.identity import FileIdentity, identity_of
from cryptodrug_scraper.archive.kinds import identify
from cryptodrug_scraper.archive.opening import NotOpened, open_page
from cryptodrug_scraper.database.ids import key_of

EVERYWHERE = 0
"""The archive of what lies in no known root: its path is empty, places are absolute paths."""

LOCK = 0x63647303
"""Advisory lock of those who change the table."""
_MOST_PATHS = 16
_SAMPLE = 8  # pages by which a folder is known again


class PagePlace(NamedTuple):
    """Where a page lies: in which archive, and where in that."""

    archive_id: int
    place: str


@dataclass(slots=True)
class Root:
    """An archive: ``paths`` has those under which it was seen, the latest first."""

    archive_id: int
    kind: str
    paths: list[str]
    size: int | None = None
    sha256: bytes | None = None

    @property
    def is_folder(self) -> bool:
        """Whether places in it are paths of files."""
        return self.kind == "folder"

    def location(self, place: str, path: str | None = None) -> str:
        """Return a place in it as a location, under its latest path or another."""
        base = self.paths[0] if path is None else path
        return f"{base}/{place}" if self.is_folder else base + place

    def path_now(self) -> str | None:
        """Return the path under which it is there now; None if it is gone."""
        for path in self.paths:
            there = Path(path or "/")
            if there.is_dir() if self.is_folder else there.is_file():
                return path
        return None


@dataclass(frozen=True, slots=True)
class Roots:
    """The roots that are known, by path, for finding the place of a location."""

    by_path: Mapping[str, tuple[int, bool]] = field(default_factory=dict)

    def place_of(self, location: str) -> PagePlace:
        """Return the place of a location: in the innermost root that it lies in."""
        path = self.root_of(location)
        if path is None:
            return PagePlace(EVERYWHERE, location.removeprefix("/"))
        key, is_folder = self.by_path[path]
        return PagePlace(key, location[len(path) + is_folder :])

    def root_of(self, location: str) -> str | None:
        """Return the path of the innermost root that a location lies in."""
        known = self.by_path
        if location in known and not known[location][1]:
            return location
        end = len(location)
        while end > 0:
            end = max(location.rfind(mark, 0, end) for mark in "/#!")
            root = known.get(location[:end]) if end > 0 else None
            if root is None:
                continue
            if location[end] == "/" if root[1] else location.startswith(("#", "!/"), end):
                return location[:end]
        return None


def all_roots(work: cursor) -> list[Root]:
    """Return all archives, in order of path."""
    work.execute(
        "SELECT archive_id, kind, paths, size, sha256 FROM archive"
        " WHERE archive_id <> %s ORDER BY paths, archive_id",
        (EVERYWHERE,),
    )
    return [
        Root(key, kind, paths, size, None if sha256 is None else bytes(sha256))
        for key, kind, paths, size, sha256 in work.fetchall()
    ]


def known_roots(dsn: str, paths: Sequence[Path]) -> Roots:
    """Take note of paths that are about to be read; return the roots that there are.

    Raises ``psycopg2.Error`` if the database is lost.
    """
    with closing(psycopg2.connect(dsn, application_name="cryptodrug archives")) as connection:
        return register(connection, paths)


class RootsMet:
    """The roots of paths that are read, each written when the first page of it was met.

    So a path in which there is no page leaves nothing in the database. Without a ``dsn`` nothing
    is written.
    """

    def __init__(self, dsn: str | None, paths: Sequence[Path]) -> None:
        self._dsn = dsn
        self._waiting = {} if dsn is None else {location_of(path): path for path in paths}
        self._given = Roots(
            {where: (nth, path.is_dir()) for nth, (where, path) in enumerate(self._waiting.items())}
        )
        self._roots = Roots()

    def holding(self, pages: Iterable[Page]) -> Roots:
        """Return the roots that there are, those that hold the pages among them.

        Raises ``psycopg2.Error`` if the database is lost.
        """
        if self._dsn is None or not self._waiting:
            return self._roots
        met = {self._given.root_of(page.location) for page in pages}
        now = [where for where in self._waiting if where in met]
        if now:
            self._roots = known_roots(self._dsn, [self._waiting.pop(where) for where in now])
        return self._roots


def register(connection: Connection, paths: Sequence[Path]) -> Roots:
    """Write the roots of paths that are about to be read, in a transaction of its own."""
    with connection, connection.cursor() as work:
        work.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        roots = all_roots(work)
        by_path = {path: root for root in roots for path in reversed(root.paths)}
        for path in paths:
            _register(work, path, roots, by_path)
    return Roots({path: (root.archive_id, root.is_folder) for path, root in by_path.items()})


def _register(work: cursor, path: Path, roots: list[Root], by_path: dict[str, Root]) -> None:
    if path.is_file() and not _is_archive(path):
        path = path.absolute().parent  # one saved page: its folder
    where = location_of(path)
    covering = _covering(where, by_path)
    if covering is not None and covering.is_folder != (path.is_dir() or where not in by_path):
        covering = None  # a file stands now where a folder was, or a folder where a file was
    if covering is not None and covering.is_folder:
        if where in covering.paths[1:]:
            write_root(work, covering, where)
        return
    root = _moved_folder(work, where, roots) if path.is_dir() else None
    try:
        if root is None and covering is not None and is_grown(path, covering):
            root = covering
            root.size, root.sha256 = identity_of(path)
        made = root or new_root(path)
    except OSError:  # reading it will say what is wrong
        return
    root = root or next((root for root in roots if root.archive_id == made.archive_id), None)
    if root is None:
        root = made
        roots.append(root)
    write_root(work, root, where)
    by_path[where] = root


def new_root(path: Path) -> Root:
    """Return the root of a folder or an archive file that is not known. Raises OSError."""
    where = location_of(path)
    if path.is_dir():
        return Root(key_of("archive", "folder", where), "folder", [where])
    identity = identity_of(path)
    return Root(key_of("archive", "file", identity.sha256.hex()), "file", [where], *identity)


def _is_archive(path: Path) -> bool:
    try:
        with open_file(path) as file:
            return identify(file, path.stat().st_size, path.name).format not in ("page", "other")
    except OSError:  # reading it will say what is wrong
        return False


def _covering(where: str, by_path: Mapping[str, Root]) -> Root | None:
    """Return the innermost known root in which a path lies, itself included."""
    path = where
    while path:
        root = by_path.get(path)
        if root is not None and (root.is_folder or path == where):
            return root
        path = path.rpartition("/")[0]
    return None


def is_grown(path: Path, root: Root) -> bool:
    """Tell whether a file is what its root is known by, with more behind it perhaps."""
    if root.size is None or root.sha256 is None:
        return True  # of an older database, which knew its path only
    try:
        return identity_of(path, root.size) == FileIdentity(root.size, root.sha256)
    except OSError:
        return False


def write_root(work: cursor, root: Root, where: str) -> None:
    """Write a root, with the path where it is now."""
    root.paths = [where, *(path for path in root.paths if path != where)][:_MOST_PATHS]
    work.execute(
        "INSERT INTO archive VALUES (%(key)s, %(kind)s, %(paths)s, %(size)s, %(sha256)s)"
        " ON CONFLICT (archive_id) DO UPDATE SET paths = excluded.paths,"
        " size = excluded.size, sha256 = excluded.sha256",
        {
            "key": root.archive_id,
            "kind": root.kind,
            "paths": root.paths,
            "size": root.size,
            "sha256": root.sha256,
        },
    )


def _moved_folder(work: cursor, where: str, roots: Iterable[Root]) -> Root | None:
    """Return the folder that is gone from its path and is what lies at another."""
    for root in roots:
        if root.is_folder and root.path_now() is None and lies_at(work, root, where):
            return root
    return None


def lies_at(work: cursor, root: Root, path: str, part: str = "") -> bool:
    """Tell whether a path holds what a root (or a part of it) held, by some of its pages."""
    work.execute(
        "SELECT place, sha256 FROM page WHERE archive_id = %s AND starts_with(place, %s) LIMIT %s",
        (root.archive_id, part, _SAMPLE),
    )
    sample = work.fetchall()
    there = 0
    for place, sha256 in sample:
        location = path + place[len(part) :] if part else root.location(place, path)
        try:
            open_page(location, sha256=bytes(sha256), seek_only=True)
        except NotOpened as error:
            there += error.why == "slow"  # a file of that name, which is enough
        else:
            there += 1
    return 2 * there > len(sample)


def first_names(work: cursor, root: Root) -> frozenset[str]:
    """Return names that stand in a folder, of those in which some of its pages lie."""
    work.execute(
        "SELECT place FROM page WHERE archive_id = %s LIMIT %s", (root.archive_id, _SAMPLE)
    )
    names = [place.partition("/")[0] for (place,) in work.fetchall()]
    # A file's name may itself hold what ends it in a place.
    return frozenset(part for name in names for part in (name, *_heads(name)))


def _heads(name: str) -> Iterator[str]:
    for at, letter in enumerate(name):
        if letter in "#!":
            yield name[:at]
