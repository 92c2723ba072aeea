"""HTTrack's mirrors. The folder and its own cache (`hts-cache/new.zip`) are one capture.

The cache is preferred: it has the bytes, headers and address as they came, where the mirror's
links are rewritten (`viewProduct?offer=1.2` becomes `viewProduct8f3a.html`, its number lost). The
time of a page stands in the mirror only, in the comment at its start.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .context import ReadContext
from .http import Response, split_response
from .names import member_parts, shown
from .page import Limits, Page, ReadIssue
from .provenance import NONE, Provenance, provenance_of
from .responses import KnownCapture, page_of
from .source import Source
from .unpack import Bad
from .zip_members import LOCAL, unpack_page
from .zips import members_of

FOLDER, NEW, OLD = "hts-cache", "new.zip", "old.zip"
REWRITTEN = "pages that HTTrack's cache holds as they came"
"""The sort of a mirror's pages, which are counted and loaded from the cache."""

_START = 64 << 10
_OWN = frozenset(("x-in-cache", "x-statuscode", "x-statusmessage", "x-size", "x-charset", "x-addr",
                  "x-fil", "x-save"))  # fmt: skip
_STORED_NOT = "0"


class HttrackMirrors:
    """Which files below a folder are the mirror's copies of what its cache holds."""

    def __init__(self, top: Path, limits: Limits) -> None:
        self._top = top
        self.limits = limits
        self._known: dict[Path, frozenset[str]] = {}

    def copies(self, path: Path) -> bool:
        """Tell whether a file is a copy of a page in the cache of a mirror that is read too."""
        for folder in path.parents:
            saved = self._known.get(folder)
            if saved is None:
                saved = self._known[folder] = self._saved(folder)
            if saved and path.relative_to(folder).as_posix() in saved:
                return True
            if folder == self._top:
                break
        return False

    def _saved(self, folder: Path) -> frozenset[str]:
        cache = folder / FOLDER / NEW
        if (folder / FOLDER).is_symlink() or cache.is_symlink() or not cache.is_file():
            return frozenset()
        try:
            with cache.open("rb") as file:
                size = cache.stat().st_size
                members, _ = members_of(file, size, str(cache), self.limits)
                entries = [_entry(file, info) for info in members]
                return frozenset(
                    entry["x-save"]
                    for info, entry in zip(members, entries, strict=True)
                    if info.file_size and entry.get("x-save")
                )
        except OSError:
            return frozenset()


def read_httrack(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the pages of HTTrack's cache (``new.zip!/ADDRESS``)."""
    if source.path is None and f"/{FOLDER}/" in source.location:
        reason = (
            "the cache of HTTrack, in an archive: its pages were read from the mirror, where links "
            "are rewritten; unpack the archive to have them as they came"
        )
        yield ReadIssue(source.location, reason, "nested")
        return
    limits = context.limits
    members, trouble = members_of(source.file, source.size, source.location, limits)
    if trouble is not None:
        yield trouble
    newer = _newer(source, limits)
    for done, info in enumerate(members):
        context.at(source, source.size * done // len(members))
        if (info.filename, info.CRC) in newer:
            continue  # the cache of the run before, and the page has not changed since
        yield from _page(info, source, context)


def _page(
    info: zipfile.ZipInfo, source: Source, context: ReadContext
) -> Iterator[Page | ReadIssue]:
    location = f"{source.location}!/{shown(info.orig_filename)}"
    entry = _entry(source.file, info)
    if not info.file_size and entry.get("x-in-cache", _STORED_NOT) == _STORED_NOT:
        context.pass_over(location, "of other types")  # it lies in the mirror's folder only
        return
    stated, copy = _stated(entry.get("x-save", ""), source, context.limits)
    code = entry.get("x-statuscode", "")
    status = int(code) if len(code) == 3 and code.isascii() and code.isdigit() else None
    content_type = entry.get("content-type")
    if content_type and entry.get("x-charset") and "charset" not in content_type:
        content_type = f"{content_type}; charset={entry['x-charset']}"
    headers = {name: value for name, value in entry.items() if name not in _OWN}
    try:
        body = unpack_page(source.file, info, context.limits)
        source.budget.take(len(body))
    except Bad as bad:
        instead = "has no copy of it" if copy is None else "has a copy, which is read"
        yield ReadIssue(location, f"{bad.reason}; the mirror {instead}", bad.code)
        if copy is None:
            return
        with copy.open("rb") as file:
            body = file.read(context.limits.page_bytes)
        location = shown(str(copy.absolute()))
    known = KnownCapture(
        info.orig_filename if "://" in info.orig_filename else stated.url,
        context.when(stated.moment if source.name == NEW else None, "page", source.in_path),
        content_type,
        location,
        None,
        False,
    )
    page = page_of(Response(status, headers, body), known, context.limits)
    if page is None:
        context.pass_over(location, "of other types")
    else:
        yield page


def _stated(saved: str, source: Source, limits: Limits) -> tuple[Provenance, Path | None]:
    """Return what the mirror's copy of a page states, and where the copy is."""
    parts, wrong, _ = member_parts(saved, limits)
    if source.path is None or wrong:
        return NONE, None
    path = source.path.absolute().parents[1].joinpath(*parts)
    try:
        if path.is_symlink() or not path.is_file():
            return NONE, None
        with path.open("rb") as file:
            return provenance_of(file.read(_START)), path
    except OSError:
        return NONE, None


def _newer(source: Source, limits: Limits) -> frozenset[tuple[str, int]]:
    """Return what the newer cache holds, if this is the older of two."""
    if source.name != OLD or source.path is None:
        return frozenset()
    path = source.path.with_name(NEW)
    try:
        with path.open("rb") as file:
            members, _ = members_of(file, path.stat().st_size, str(path), limits)
    except OSError:
        return frozenset()
    return frozenset((info.filename, info.CRC) for info in members)


def _entry(file: BinaryIO, info: zipfile.ZipInfo) -> dict[str, str]:
    """Return the headers of a page, which stand in front of it in the zip."""
    file.seek(info.header_offset)
    head = file.read(LOCAL.size)
    if len(head) < LOCAL.size or not head.startswith(b"PK\x03\x04"):
        return {}
    fields = LOCAL.unpack(head)
    file.read(fields[9])
    extra = file.read(fields[10])
    response = split_response(bytes(extra).rstrip() + b"\r\n\r\n")
    return {} if response is None else response.headers
