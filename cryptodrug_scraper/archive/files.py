"""Files and folders on disk: in sorted order, links not followed, hidden files passed over."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .context import Context
from .names import (
    PACKED_SUFFIXES,
    PAGE_SUFFIXES,
    Kind,
    hidden,
    is_page_name,
    is_plain_file,
    kind_of,
    shown,
)
from .page import Page, Trouble
from .sidecar import is_sidecar_name, sidecar_names
from .when import Moment, in_parts


class Found(NamedTuple):
    """A file met on disk."""

    path: Path
    size: int
    beside: frozenset[str] | None  # names in the same folder; None: not listed
    named: bool  # given by the user, not met in a folder


def location_of(path: Path) -> str:
    """Return a path as a location: absolute, fit to print."""
    return shown(str(path.absolute()))


def walk(top: Path, depth: int) -> Iterator[Found | Trouble]:
    """Yield the regular files at and below a path, and what was not followed."""
    try:
        status = top.stat()  # a link that the user names is followed
    except OSError as error:
        yield Trouble(location_of(top), f"cannot be read ({error.strerror})", "unreadable")
        return
    if not stat.S_ISDIR(status.st_mode):
        yield from _special_or(Found(top, status.st_size, None, True), status.st_mode)
        return
    pending: list[tuple[Path, int]] = [(top, 0)]
    while pending:
        folder, level = pending.pop()
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 (folders are large: names only)
        except OSError as error:
            yield Trouble(
                location_of(folder), f"cannot be listed ({error.strerror}); skipped", "unreadable"
            )
            continue
        beside = frozenset(names)
        folders: list[tuple[Path, int]] = []
        for name in names:
            if hidden(name):
                continue
            path = folder / name
            try:
                status = path.lstat()
            except OSError as error:
                yield Trouble(
                    location_of(path), f"cannot be read ({error.strerror}); skipped", "unreadable"
                )
                continue
            if stat.S_ISLNK(status.st_mode):
                yield Trouble(location_of(path), "a symbolic link: not followed", "link")
            elif not stat.S_ISDIR(status.st_mode):
                yield from _special_or(Found(path, status.st_size, beside, False), status.st_mode)
            elif level >= depth:
                yield Trouble(
                    location_of(path), f"deeper than {depth} folders: not entered", "bad_name"
                )
            else:
                folders.append((path, level + 1))
        pending.extend(reversed(folders))


def _special_or(found: Found, mode: int) -> Iterator[Found | Trouble]:
    if is_plain_file(mode):
        yield found
    else:
        yield Trouble(
            location_of(found.path),
            "neither a file nor a folder (device, pipe): skipped",
            "special",
        )


def read_bytes(path: Path, limit: int) -> bytes:
    """Read a regular file of at most ``limit`` bytes, ``limit + 1`` bytes of a larger one."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(path, flags), "rb", buffering=0) as file:
        parts: list[bytes] = []
        left = limit + 1
        while left > 0 and (part := file.read(left)):
            parts.append(part)
            left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def in_path_of(path: Path) -> Moment | None:
    """Return the moment in a path as the user gave it (`.` stands for the folder's own name)."""
    parts = list(path.parts)
    if parts[:1] in ([], [".."]) or (not path.is_absolute() and len(parts) == 1):
        parts = [path.absolute().parent.name, *parts]
    return in_parts(parts)


def read_file(found: Found, context: Context) -> Iterator[Page | Trouble]:
    """Read one saved page, if the file is one."""
    kind, packing = kind_of(found.path.name)
    if kind in (Kind.OTHER, Kind.JSON):
        if found.named:
            yield Trouble(location_of(found.path), "not a page, by its name; skipped", "not_html")
        elif not _belongs(found):
            context.passed_over += 1
        return
    location = location_of(found.path)
    limits = context.limits
    if found.size > limits.page_bytes:
        if kind is Kind.UNKNOWN and not found.named:
            context.passed_over += 1
            return
        yield Trouble(
            location,
            f"{found.size:,} bytes, more than the {limits.page_bytes:,} a page may have; skipped",
            "too_large",
        )
        return
    try:
        data = read_bytes(found.path, limits.page_bytes)
    except OSError as error:
        yield Trouble(location, f"cannot be read ({error.strerror}); skipped", "unreadable")
        return
    if len(data) > limits.page_bytes:
        yield Trouble(location, "it grew beyond what a page may have; skipped", "too_large")
        return
    certain = is_page_name(found.path.name)

    def sidecar() -> tuple[bytes, str] | Trouble | None:
        return _sidecar(found, limits.sidecar_bytes)

    before = context.passed_over
    yield from context.saved_page(data, packing, certain, location, in_path_of(found.path), sidecar)
    if found.named and context.passed_over > before:
        context.passed_over = before
        yield Trouble(location, "the content is not HTML; skipped", "not_html")


def _belongs(found: Found) -> bool:
    """Tell whether a JSON file is the sidecar of a page beside it."""
    name = found.path.name
    if found.beside is None or not is_sidecar_name(name):
        return False
    stem = name[: -len(".json")]
    if stem in found.beside:
        return True
    return any(
        stem + suffix + packing in found.beside
        for suffix in PAGE_SUFFIXES
        for packing in ("", *PACKED_SUFFIXES)
    )


def _sidecar(found: Found, limit: int) -> tuple[bytes, str] | Trouble | None:
    for name in sidecar_names(found.path.name):
        if found.beside is not None and name not in found.beside:
            continue
        path = found.path.with_name(name)
        try:
            status = path.lstat()
        except OSError:
            continue
        location = location_of(path)
        if not is_plain_file(status.st_mode):
            return Trouble(
                location, "the sidecar is no file; its page is read without it", "bad_sidecar"
            )
        try:
            data = read_bytes(path, limit)
        except OSError as error:
            return Trouble(
                location,
                f"cannot be read ({error.strerror}); its page is read without it",
                "bad_sidecar",
            )
        if len(data) > limit:
            return Trouble(
                location, "too large for a sidecar; its page is read without it", "bad_sidecar"
            )
        return data, location
    return None
