"""Files and folders on disk: in sorted order, links not followed, hidden files passed over."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .context import ReadContext
from .http import decoded_body
from .invented import of_this_machine
from .kinds import archive_within, identify_bytes
from .names import PACKED_SUFFIXES, PAGE_SUFFIXES, hidden, is_page_name, is_plain_file, shown
from .page import Limits, Page, ReadIssue
from .provenance import made_by_httrack, provenance_of, saved_response
from .sidecar import Sidecar, is_sidecar_name, read_sidecar, sidecar_names
from .sniff import looks_like_html, problem_of
from .source import Source, unpacking_budget
from .unpack import Bad, unpack
from .when import StatedMoment, in_parts


class FoundFile(NamedTuple):
    """A file met on disk."""

    path: Path
    size: int
    beside: frozenset[str] | None  # names in the same folder; None: not listed
    named: bool  # given by the user, not met in a folder


def location_of(path: Path) -> str:
    """Return a path as a location: absolute, fit to print."""
    return shown(str(path.absolute()))


def walk(
    top: Path, depth: int, on_hidden: Callable[[Path], None] | None = None
) -> Iterator[FoundFile | ReadIssue]:
    """Yield the regular files at and below a path, and what was not followed.

    ``on_hidden`` is called with each hidden file and folder, which are passed by.
    """
    try:
        status = top.stat()  # a link that the user names is followed
    except OSError as error:
        yield ReadIssue(location_of(top), f"cannot be read ({error.strerror})", "unreadable")
        return
    if not stat.S_ISDIR(status.st_mode):
        yield from _special_or(FoundFile(top, status.st_size, None, True), status.st_mode)
        return
    pending: list[tuple[Path, int]] = [(top, 0)]
    while pending:
        folder, level = pending.pop()
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 (folders are large: names only)
        except OSError as error:
            yield ReadIssue(
                location_of(folder), f"cannot be listed ({error.strerror}); skipped", "unreadable"
            )
            continue
        beside = frozenset(names)
        folders: list[tuple[Path, int]] = []
        for name in names:
            path = folder / name
            if hidden(name):
                if on_hidden is not None:
                    on_hidden(path)
                continue
            try:
                status = path.lstat()
            except OSError as error:
                yield ReadIssue(
                    location_of(path), f"cannot be read ({error.strerror}); skipped", "unreadable"
                )
                continue
            if stat.S_ISLNK(status.st_mode):
                yield ReadIssue(location_of(path), "a symbolic link: not followed", "link")
            elif not stat.S_ISDIR(status.st_mode):
                yield from _special_or(
                    FoundFile(path, status.st_size, beside, False), status.st_mode
                )
            elif level >= depth:
                yield ReadIssue(
                    location_of(path), f"deeper than {depth} folders: not entered", "bad_name"
                )
            else:
                folders.append((path, level + 1))
        pending.extend(reversed(folders))


def _special_or(entry: FoundFile, mode: int) -> Iterator[FoundFile | ReadIssue]:
    if is_plain_file(mode):
        yield entry
    else:
        yield ReadIssue(
            location_of(entry.path),
            "neither a file nor a folder (device, pipe): skipped",
            "special",
        )


def in_path_of(path: Path) -> StatedMoment | None:
    """Return the moment in a path as the user gave it (`.` stands for the folder's own name)."""
    parts = list(path.parts)
    if parts[:1] in ([], [".."]) or (not path.is_absolute() and len(parts) == 1):
        parts = [path.absolute().parent.name, *parts]
    return in_parts(parts)


def open_file(path: Path) -> BinaryIO:
    """Open a file that is to be read, without waiting for the other end of a pipe."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.fdopen(os.open(path, flags), "rb")


def open_source(entry: FoundFile, limits: Limits) -> Source:
    """Open a file met on disk. Raises OSError."""
    path = entry.path

    def reopen() -> BinaryIO:
        return open_file(path)

    def sibling(name: str, limit: int) -> tuple[bytes, str] | ReadIssue | None:
        if entry.beside is not None and name not in entry.beside:
            return None
        return _beside(path.with_name(name), limit)

    return Source(
        open_file(path),
        path.name,
        location_of(path),
        entry.size,
        in_path_of(path),
        unpacking_budget(limits, entry.size),
        reopen,
        named=entry.named,
        path=path,
        beside=entry.beside,
        sibling=sibling,
    )


def read_file(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Read one saved page."""
    limits, location, packing = context.limits, source.location, source.form.packing
    data = b""
    if source.size <= limits.page_bytes:
        data = source.file.read(limits.page_bytes + 1)
    size = max(source.size, len(data))
    if size > limits.page_bytes:
        reason = f"{size:,} bytes, more than the {limits.page_bytes:,} a page may have; skipped"
        yield ReadIssue(location, reason, "too_large")
        return
    if packing:
        try:
            data = unpack(data, packing, limits)
        except Bad as bad:
            yield ReadIssue(location, f"{bad.reason}; skipped", bad.code)
            return
    archive = None if packing or is_page_name(source.name) else archive_within(data)
    if archive is not None:
        reason = "an archive whose beginning is damaged; what could be was read"
        yield ReadIssue(location, reason, "broken_record")
        source.file.seek(0)
        yield from context.read(source, archive)
        return
    saved = saved_response(data)
    if saved is not None:
        try:
            data = decoded_body(saved, limits)
        except Bad as bad:
            yield ReadIssue(location, f"{bad.reason}; skipped", bad.code)
            return
    if source.form.certain:
        problem = problem_of(data)
        if problem is not None:
            yield ReadIssue(location, f"{problem[1]}; skipped", problem[0])
            return
    elif not looks_like_html(data):
        if source.named:
            yield ReadIssue(location, "the content is not HTML; skipped", "not_html")
        else:
            yield from context.no_page(location, source.name)
        return
    if made_by_httrack(data):
        context.pass_over(location, "pages of HTTrack itself")
        return
    beside = Sidecar()
    found = sidecar_of(source, limits)
    if isinstance(found, ReadIssue):
        yield found
    elif found is not None:
        read = read_sidecar(found[0])
        if isinstance(read, Sidecar):
            beside = read
        else:
            yield ReadIssue(found[1], f"{read}; its page is read without it", "bad_sidecar")
    stated = provenance_of(data, saved)
    if stated.problem:
        yield ReadIssue(location, f"{stated.problem}; that is not used", "bad_statement")
    moment, origin = beside.moment, "sidecar"
    if moment is None:
        moment, origin = stated.moment, "page"
    url = beside.url or stated.url
    yield Page(
        data,
        url,
        *context.when(moment, origin, source.in_path),
        beside.status or stated.status,
        stated.headers or None,
        stated.headers.get("content-type"),
        location,
        invented=beside.invented or of_this_machine(url),
    )


def is_page_as_it_came(data: bytes, limits: Limits) -> bool:
    """Tell whether a file that was kept as it came is a page, or what may hold one: not damaged."""
    form = identify_bytes(data, "")
    if form.format != "page" or not form.packing:
        return form.format != "other" and (form.certain or form.format != "packed")
    try:
        return problem_of(unpack(data, form.packing, limits)) is None
    except Bad:
        return False


def is_sidecar(entry: FoundFile) -> bool:
    """Tell whether a JSON file is the sidecar of a page beside it."""
    name = entry.path.name
    if entry.beside is None or not is_sidecar_name(name):
        return False
    stem = name[: -len(".json")]
    if stem in entry.beside:
        return True
    return any(
        stem + suffix + packing in entry.beside
        for suffix in PAGE_SUFFIXES
        for packing in ("", *PACKED_SUFFIXES)
    )


def sidecar_of(source: Source, limits: Limits) -> tuple[bytes, str] | ReadIssue | None:
    """Return the sidecar of a page: its bytes and location, or what is wrong with it, or None."""
    for name in sidecar_names(source.name):
        result = source.sibling(name, limits.sidecar_bytes)
        if result is None:
            continue
        if isinstance(result, ReadIssue):
            return ReadIssue(
                result.location, f"{result.reason}; its page is read without it", "bad_sidecar"
            )
        return result
    return None


def _beside(path: Path, limit: int) -> tuple[bytes, str] | ReadIssue | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    location = location_of(path)
    if not is_plain_file(status.st_mode):
        return ReadIssue(location, "it is no file", "special")
    try:
        with open_file(path) as file:
            data = file.read(limit + 1)
    except OSError as error:
        return ReadIssue(location, f"cannot be read ({error.strerror})", "unreadable")
    if len(data) > limit:
        return ReadIssue(location, f"it is larger than {limit:,} bytes", "too_large")
    return data, location
