"""Tar archives, plain or compressed, read forwards without unpacking anything to disk.

Headers are walked here rather than by ``tarfile``, which reads a long name of any stated size
into memory and takes a damaged header for the end; its parser of a single header is used.

Sidecars usually stand behind their pages in a tar, and ``tar`` writes a folder in no order, so
they are collected first: a first pass over the headers, reading only the small JSON members. The
pass is given up where the first ``SCOUTED`` bytes and members hold no JSON at all; should one turn
up later, behind its page, it is reported (``late_sidecar``).
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .context import Context
from .files import in_path_of, location_of
from .names import Kind, hidden, is_page_name, kind_of, member_parts, shown
from .page import Limits, Page, Trouble
from .sidecar import is_sidecar_name, sidecar_names
from .unpack import Stream
from .when import in_parts

BLOCK = 512
SCOUTED = 64 << 20
SCOUTED_MEMBERS = 20_000
_META_BYTES = 1 << 20
_ZERO = bytes(BLOCK)
_PAX = re.compile(rb"(\d{1,20}) ([^=\n]{1,256})=")
_REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_LINKS = (tarfile.SYMTYPE, tarfile.LNKTYPE)
_NO_DATA = (*_LINKS, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)


class Member(NamedTuple):
    """One member's header."""

    name: str
    size: int
    type: bytes
    at: int  # offset of its header in the unpacked archive
    fits: bool  # its name was whole


class Damage(NamedTuple):
    """Something wrong with the tar itself, at an offset of the unpacked archive."""

    at: int
    code: str
    reason: str


class Walker:
    """Walks a tar's headers; a member's bytes are read, or passed over by the next step."""

    def __init__(self, stream: Stream, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._left = 0
        self._padding = 0

    def read(self, size: int) -> bytes:
        """Read the current member's bytes (fewer only if the archive ends)."""
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        return data

    def __iter__(self) -> Iterator[Member | Damage]:
        stream = self._stream
        name: str | None = None
        size: int | None = None
        fits, sparse = True, False
        lost, ended, cut = False, False, False
        while True:
            rest = self._left + self._padding
            if rest:
                self._left = self._padding = 0
                if stream.skip(rest) < rest:
                    yield self._end("the archive ends within a member")
                    return
            at = stream.position
            block = stream.read(BLOCK)
            if len(block) < BLOCK:
                if not block and at == 0 and stream.problem is None:
                    yield Damage(0, "empty", "the archive is empty")
                elif stream.problem is not None or not (ended or cut):
                    yield self._end("the archive has no end mark: it was cut off")
                return
            if block == _ZERO:
                ended = True
                continue
            if lost and block[257:262] != b"ustar":
                continue
            try:
                info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
                if info.size < 0:
                    raise ValueError("its size is negative")
            except (tarfile.HeaderError, ValueError, OverflowError, IndexError) as error:
                if not lost and not ended:
                    yield Damage(
                        at, "broken_record", f"a damaged header ({error}): looking for the next"
                    )
                    lost = True
                name = size = None
                fits, sparse = True, False
                continue
            lost = ended = cut = False
            kind = info.type
            if kind in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
                text = self._meta(info.size)
                if kind == tarfile.GNUTYPE_LONGNAME:
                    if text is None:
                        fits = False
                    else:
                        name = text.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
                continue
            if kind in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
                text = self._meta(info.size)
                if text is None:
                    fits = False
                else:
                    fields = _pax(text)
                    if b"path" in fields:
                        name = fields[b"path"].decode("utf-8", "surrogateescape")
                    if fields.get(b"size", b"").isdigit():
                        size = int(fields[b"size"])
                    sparse = any(key.startswith(b"GNU.sparse") for key in fields)
                continue
            length = info.size if size is None else size
            if kind == tarfile.XGLTYPE:
                self._left, self._padding = info.size, -info.size % BLOCK
                continue
            if kind == tarfile.GNUTYPE_SPARSE:
                more = block[482:483] != b"\0"
                while more:
                    extension = stream.read(BLOCK)
                    more = len(extension) == BLOCK and extension[504:505] != b"\0"
            if kind not in _NO_DATA and not (kind in _REGULAR and info.isdir()):
                if stream.plain and length > stream.size - stream.position:
                    yield Damage(
                        at,
                        "truncated",
                        f"{shown(name or info.name)}: the archive ends before the {length:,} bytes "
                        "that it states; looking for the next",
                    )
                    lost = cut = True
                    name = size = None
                    fits, sparse = True, False
                    continue
                self._left, self._padding = length, -length % BLOCK
            if sparse:
                kind = tarfile.GNUTYPE_SPARSE
            yield Member(name if name is not None else info.name, length, kind, at, fits)
            name = size = None
            fits, sparse = True, False

    def _meta(self, size: int) -> bytes | None:
        """Read a long name or a set of pax fields; None if it is too large to be one."""
        self._left, self._padding = size, -size % BLOCK
        return None if size > _META_BYTES else self.read(size)

    def _end(self, reason: str) -> Damage:
        code, why = self._stream.problem or ("truncated", reason)
        return Damage(self._stream.position, code, why)


def _pax(text: bytes) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    at = 0
    while match := _PAX.match(text, at):
        end = at + int(match[1])
        if end <= match.end() or end > len(text):
            break
        fields[match[2]] = text[match.end() : end - 1]
        at = end
    return fields


def read_tar(path: Path, method: str, context: Context) -> Iterator[Page | Trouble]:
    """Yield the pages of a tar archive, in its order."""
    where = location_of(path)
    try:
        sidecars, whole = _scout(path, method, context.limits)
        with path.open("rb") as file:
            stream = Stream(file, method, context.limits)
            yield from _Reader(path, where, context, stream, sidecars, whole)
    except OSError as error:
        yield Trouble(where, f"cannot be read ({error.strerror or error}); skipped", "unreadable")


def _scout(path: Path, method: str, limits: Limits) -> tuple[dict[str, bytes | None], bool]:
    """Collect the sidecars of a tar; also return whether all of it was looked through."""
    found: dict[str, bytes | None] = {}
    with path.open("rb") as file:
        stream = Stream(file, method, limits)
        walker = Walker(stream, limits)
        any_json = False
        for count, member in enumerate(walker):
            if not any_json and (
                count >= SCOUTED_MEMBERS or (not stream.plain and stream.position > SCOUTED)
            ):
                return found, False
            if isinstance(member, Damage) or member.type not in _REGULAR or not member.fits:
                continue
            if member.name[-5:].lower() != ".json" or not is_sidecar_name(member.name):
                continue
            any_json = True
            if len(found) >= limits.sidecars_held or count >= limits.members:
                return found, False
            parts, code, _ = member_parts(member.name, limits)
            if code:
                continue
            key = "/".join(parts)
            if member.size > limits.sidecar_bytes:
                found.setdefault(key, None)
            else:
                data = walker.read(member.size)
                if len(data) == member.size:
                    found.setdefault(key, data)
    return found, True


class _Reader:
    """Makes pages of the members of one tar."""

    def __init__(
        self,
        path: Path,
        where: str,
        context: Context,
        stream: Stream,
        sidecars: dict[str, bytes | None],
        whole: bool,
    ) -> None:
        self.where = where
        self.context = context
        self.stream = stream
        self.walker = Walker(stream, context.limits)
        self.outer = in_path_of(path)
        self.sidecars = sidecars
        self.whole = whole
        self.seen: set[int] = set()
        self.awaited: set[int] = set()
        self.jsons = 0
        self.used: set[str] = set()

    def __iter__(self) -> Iterator[Page | Trouble]:
        context = self.context
        for count, member in enumerate(self.walker):
            context.at(self.stream.consumed)
            if count >= context.limits.members:
                yield Trouble(
                    self.where,
                    f"more than {context.limits.members:,} members: the rest was not read",
                    "too_many",
                )
                break
            if isinstance(member, Damage):
                at = f"#{member.at}" if member.at else ""
                yield Trouble(f"{self.where}{at}", member.reason, member.code)
            else:
                yield from self._member(member)
        context.passed_over += max(0, self.jsons - len(self.used))

    def _member(self, member: Member) -> Iterator[Page | Trouble]:
        context, limits = self.context, self.context.limits
        location = f"{self.where}!/{shown(member.name)}"
        parts, code, reason = member_parts(member.name, limits)
        if not member.fits:
            code, reason = "bad_name", "the name is longer than a name may be"
        if member.type == tarfile.DIRTYPE and code == "bad_name" and not parts:
            return  # the folder that was packed, `./`
        if code:
            yield Trouble(location, f"{reason}; skipped", code)
            return
        if member.type == tarfile.DIRTYPE or member.name.endswith("/"):
            return
        if member.type in _LINKS:
            yield Trouble(location, "a link: not followed", "link")
            return
        if member.type not in _REGULAR:
            yield Trouble(location, "not an ordinary file (device, pipe): skipped", "special")
            return
        if any(hidden(part) for part in parts):
            context.passed_over += 1
            return
        kind, packing = kind_of(parts[-1])
        name = "/".join(parts)
        if kind is Kind.JSON:
            yield from self._json(name, location)
            return
        if kind is Kind.OTHER:
            context.passed_over += 1
            return
        if kind is Kind.ARCHIVE:
            yield Trouble(location, "an archive inside an archive: not opened", "nested")
            return
        if hash(name) in self.seen:
            yield Trouble(
                location, "the archive holds this name twice; the later was skipped", "duplicate"
            )
            return
        if len(self.seen) < limits.names_held:
            self.seen.add(hash(name))
        certain = is_page_name(parts[-1])
        if member.size > limits.page_bytes:
            if certain:
                yield Trouble(
                    location,
                    f"{member.size:,} bytes, more than the {limits.page_bytes:,} "
                    "a page may have; skipped",
                    "too_large",
                )
            else:
                context.passed_over += 1
            return
        data = self.walker.read(member.size)
        if len(data) < member.size:
            code, why = self.stream.problem or ("truncated", "the archive ends within this member")
            yield Trouble(location, f"{why}; skipped", code)
            return

        def sidecar() -> tuple[bytes, str] | Trouble | None:
            return self._sidecar(parts)

        yield from context.saved_page(
            data, packing, certain, location, in_parts(parts) or self.outer, sidecar
        )

    def _json(self, name: str, location: str) -> Iterator[Trouble]:
        self.jsons += 1
        if hash(name) in self.awaited and name not in self.sidecars:
            yield Trouble(
                location,
                "this sidecar stands too far behind its page, which was read without it",
                "late_sidecar",
            )
        elif (
            not self.whole
            and is_sidecar_name(name)
            and name not in self.sidecars
            and len(self.sidecars) < self.context.limits.sidecars_held
        ):  # for a page still to come
            data = self.walker.read(self.context.limits.sidecar_bytes + 1)
            small = len(data) <= self.context.limits.sidecar_bytes
            self.sidecars[name] = data if small else None

    def _sidecar(self, parts: list[str]) -> tuple[bytes, str] | Trouble | None:
        folder = "/".join(parts[:-1])
        for beside in sidecar_names(parts[-1]):
            name = f"{folder}/{beside}" if folder else beside
            if name not in self.sidecars:
                if not self.whole and len(self.awaited) < self.context.limits.names_held:
                    self.awaited.add(hash(name))
                continue
            data = self.sidecars[name]
            location = f"{self.where}!/{shown(name)}"
            self.used.add(name)
            if data is None:
                return Trouble(
                    location, "too large for a sidecar; its page is read without it", "bad_sidecar"
                )
            return data, location
        return None
