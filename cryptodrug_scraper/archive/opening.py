"""One page by its location, without going through what stands before it.

The readers find it: they are told what is wanted (:attr:`~.context.Context.wanted`) and pass by
all that does not lead to it. So a WARC's record is read at its offset, a zip's member by the
index, a plain tar's by its headers, whatever lies inside what.

Slow, and bounded as reading is: what was compressed as a whole (``.tar.gz``, ``gzip a.warc``) is
unpacked up to the page. The bytes of a revisit are read where its record says that they lie (as
crawls of this program and Heritrix write); else its file is gone through once, and then the
archives that lie beside it, and where the originals of all its revisits lie is remembered.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from .context import ReadContext
from .files import FoundFile, open_source
from .formats import read_source
from .kinds import identify
from .names import shown
from .page import DEFAULT_LIMITS, Limits, Page, ReadIssue
from .revisits import RecordOffset
from .source import Source

_MARKS = ("#", "!/")  # behind a file's path: an offset, a member
_HOLD_RECORDS = ("warc", "arc", "packed", "zip", "7z", "tar")
_ELSEWHERE = ("no_original", "no_segment")
_REMEMBERED = 8  # files


class _State(NamedTuple):
    """What a file is known by while this process runs."""

    path: Path
    inode: int
    size: int
    changed: int


_originals: dict[_State, dict[str, tuple[RecordOffset, bool]]] = {}  # in order of use


class NotOpened(Exception):
    """A page that cannot be opened; the message says what to do.

    ``why`` is ``gone`` (the file is not there), ``missing`` (it is, without the page), ``damaged``,
    ``changed`` (other bytes than those of the given digest) or ``slow`` (not where ``seek_only``
    was given).
    """

    def __init__(self, location: str, why: str, reason: str) -> None:
        super().__init__(f"{location}: {reason}")
        self.location = location
        self.why = why


def open_page(
    location: str,
    *,
    sha256: bytes | None = None,
    seek_only: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Page:
    """Read the page at a location, as :attr:`~.page.Page.location` has it.

    With ``sha256``, its bytes are those of this digest. With ``seek_only``, what would be slow is
    not tried. Raises :class:`NotOpened`.
    """
    path = holder_of(location)
    if path is None:
        raise NotOpened(
            location,
            "gone",
            "it is not there now. Where an archive of the database was moved to, "
            "`cryptodrug archive roots find FOLDER` finds out, and `cryptodrug archive roots set "
            "OLD NEW` says it.",
        )
    try:
        found = FoundFile(path, path.stat().st_size, None, True)
        source = open_source(found, limits)
    except OSError as error:
        raise NotOpened(location, "gone", f"cannot be read ({error.strerror})") from None
    with source.file:
        state = _state(path, source)
        source.form = identify(source.file, source.size, source.name)
        if seek_only and not _seekable(source, location):
            raise NotOpened(location, "slow", "it cannot be read without what stands before it")
        known = _originals.pop(state, {})
        page, wrong, _ = _read([source], location, limits, known)
        if page is None and not seek_only and source.form.format != "page":
            source.file.seek(0)
            known.clear()
            page, wrong, elsewhere = _read([source], location, limits, known, seek=False)
            if elsewhere and page is None:
                known.clear()
                others = _beside(path, limits)
                page, wrong, _ = _read(others, location, limits, known, seek=False)
    _remember(state, known)
    if page is None and seek_only:
        raise NotOpened(location, "slow", "it cannot be read without what stands before it")
    if page is None and wrong is not None and wrong.code in _ELSEWHERE:
        raise NotOpened(
            location,
            "missing",
            f"{wrong.reason}: neither in its file nor in those beside it, in "
            f"{shown(str(path.parent))}. Does the file with that page lie elsewhere? Put it there.",
        )
    if page is None and wrong is not None:
        raise NotOpened(location, "damaged", f"{wrong.reason}. Is there another copy of it?")
    if page is None:
        raise NotOpened(
            location,
            "missing",
            "the file is there, and no page at this place in it: it is another file, or was "
            "changed. Is the one that was read kept elsewhere (`cryptodrug archive roots find "
            "FOLDER`)?",
        )
    if sha256 is not None and hashlib.sha256(page.body).digest() != sha256:
        raise NotOpened(
            location,
            "changed",
            "a page is there, and its bytes are not those that were loaded (their SHA-256 is "
            "another): the file was changed or replaced. Is the one that was read kept elsewhere "
            "(`cryptodrug archive roots find FOLDER`)?",
        )
    return page


def _read(
    sources: Iterable[Source],
    location: str,
    limits: Limits,
    known: dict[str, tuple[RecordOffset, bool]],
    *,
    seek: bool = True,
) -> tuple[Page | None, ReadIssue | None, bool]:
    """Return the page, what was wrong on the way, and whether bytes of it lie elsewhere.

    With ``seek``, by the shortest way. ``known`` is where originals of revisits lie: without
    ``seek``, and where a revisit is met, the sources are read to their end to fill it.
    """
    context = ReadContext(limits, None, None, None, read_source)
    context.wanted = location if seek else ""
    context.revisits.places = known
    context.revisits.neighbour = partial(_neighbour, limits)
    wrong: ReadIssue | None = None
    page: Page | None = None
    for item in _items(sources, context):
        if page is not None:
            continue
        if isinstance(item, Page):
            if item.location == location:
                page = item
                if location not in known:
                    break
        elif location.startswith(item.location):
            wrong = wrong or item
    elsewhere = wrong is not None and wrong.code in _ELSEWHERE
    return page, wrong, elsewhere


def _items(sources: Iterable[Source], context: ReadContext) -> Iterator[Page | ReadIssue]:
    for source in sources:
        yield from read_source(source, context, source.form)
    if not context.wanted:
        yield from context.segments.rest()
        yield from (item for _, item in context.revisits.rest() if not isinstance(item, str))


def _neighbour(limits: Limits, source: Source, name: str) -> Source | None:
    """Return an archive that lies beside another on disk; it is closed, to be opened anew."""
    if source.path is None or name != Path(name).name:
        return None
    path = source.path.with_name(name)
    try:
        other = open_source(FoundFile(path, path.stat().st_size, None, True), limits)
    except (OSError, ValueError):
        return None
    other.file.close()
    return other


def _state(path: Path, source: Source) -> _State:
    status = os.fstat(source.file.fileno())
    return _State(path.absolute(), status.st_ino, status.st_size, status.st_mtime_ns)


def _remember(state: _State, known: dict[str, tuple[RecordOffset, bool]]) -> None:
    """Keep where originals of a file's revisits lie, for the next page of it."""
    if known:
        _originals[state] = known
        while len(_originals) > _REMEMBERED:
            _originals.pop(next(iter(_originals)), None)


def _beside(path: Path, limits: Limits) -> Iterator[Source]:
    """Yield the archives of a file's folder, itself included, in which its records may refer."""
    for other in sorted(path.parent.iterdir()):
        try:
            if not other.is_file():
                continue
            source = open_source(FoundFile(other, other.stat().st_size, None, True), limits)
        except OSError:
            continue
        with source.file:
            source.form = identify(source.file, source.size, source.name)
            if other == path or source.form.format in _HOLD_RECORDS:
                yield source


def _seekable(source: Source, location: str) -> bool:
    """Tell whether a page can be read at its place."""
    form, inner = source.form, location[len(source.location) :]
    if form.format == "warc":
        return form.packing in ("", "gz", "zst") and "+" not in inner
    if form.format == "tar" and form.packing:
        return False
    return form.format in ("page", "zip", "tar", "arc")


def holder_of(location: str) -> Path | None:
    """Return the file on disk that a location lies in; None if it is not there."""
    end = len(location)
    while end > 0:
        path = _on_disk(location[:end])
        if path is not None:
            return path
        end = max(location.rfind(mark, 0, end) for mark in _MARKS)
    return None


def _on_disk(name: str) -> Path | None:
    """Return the file of a name as locations show it (see :func:`~.names.shown`)."""
    path = Path(name)
    try:
        if path.is_file():
            return path
    except (OSError, ValueError):
        return None
    if "\\x" not in name:
        return None
    path = Path("/")
    for part in name.removeprefix("/").split("/"):
        following = path / part
        if "\\x" in part and not following.exists():
            try:
                same = [entry for entry in path.iterdir() if shown(entry.name) == part]
            except OSError:
                return None
            if len(same) != 1:
                return None
            following = same[0]
        path = following
    return path if path.is_file() else None
