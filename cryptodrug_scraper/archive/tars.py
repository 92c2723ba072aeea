"""Tar archives, plain or compressed, read forwards without unpacking anything to disk.

Headers are walked here rather than by ``tarfile``, which reads a long name of any stated size
into memory and takes a damaged header for the end; its parser of a single header is used.

Sidecars stand anywhere in a tar, so they are collected first, by a pass over the headers that reads
only small JSON members and Scrapy's ``meta``. It is given up where the first ``SCOUTED`` bytes and
members hold none; one that turns up later, behind its page, is reported (``late_sidecar``).
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, NamedTuple

from .context import Context
from .httpcache import BESIDE
from .kinds import HEAD, LOOKED_INTO, Form, identify_bytes, packing_of
from .names import (
    HIDDEN,
    ORIGINAL,
    REWRITTEN,
    Kind,
    hidden,
    is_rewritten,
    kind_of,
    member_parts,
    shown,
    what_it_is,
)
from .page import Limits, Page, Trouble
from .sidecar import is_sidecar_name
from .source import Budget, Source, spooled
from .unpack import Bad, Stream
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
    data_at: int  # offset of its bytes in the unpacked archive


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
            yield Member(
                name if name is not None else info.name, length, kind, at, fits, stream.position
            )
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


def read_tar(source: Source, context: Context) -> Iterator[Page | Trouble]:
    """Yield the pages of a tar archive, in its order."""
    originals: set[str] = set()
    sidecars, whole = _scout(source, context.limits, originals)
    source.file.seek(0)
    stream = Stream(source.file, source.form.packing, source.size, source.budget.take)
    yield from _Reader(source, context, stream, sidecars, whole, originals)


def open_member(source: Source, start: int, size: int) -> BinaryIO:
    """Open a member of a tar anew, by where its bytes begin in the unpacked archive.

    Raises OSError, and Bad where the archive cannot be unpacked so far.
    """
    file = source.reopen()
    with file:
        budget = Budget(source.budget.bound)
        stream = Stream(file, source.form.packing, source.size, budget.take)
        stream.skip(start)
        left = size

        def read(most: int) -> bytes:
            nonlocal left
            data = stream.read(min(most, left))
            left -= len(data)
            return data

        member, found = spooled(read, budget)
    if found < size:
        member.close()
        raise Bad(*(stream.problem or ("truncated", "the archive ends within this member")))
    return member


def _scout(
    source: Source, limits: Limits, originals: set[str]
) -> tuple[dict[str, bytes | None], bool]:
    """Collect what stands beside pages, and the names of ``originals``; return whether of all."""
    found: dict[str, bytes | None] = {}
    budget = Budget(source.budget.left)
    stream = Stream(source.file, source.form.packing, source.size, budget.take)
    walker = Walker(stream, limits)
    any_json = False
    for count, member in enumerate(walker):
        if not any_json and (
            count >= SCOUTED_MEMBERS or (not stream.plain and stream.position > SCOUTED)
        ):
            return found, False
        if isinstance(member, Damage) or member.type not in _REGULAR or not member.fits:
            continue
        if member.name.endswith(ORIGINAL) and len(originals) < limits.sidecars_held:
            originals.add("/".join(member_parts(member.name, limits)[0]))
        base = member.name.rpartition("/")[2]
        if base not in BESIDE and not (base[-5:].lower() == ".json" and is_sidecar_name(base)):
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
        source: Source,
        context: Context,
        stream: Stream,
        sidecars: dict[str, bytes | None],
        whole: bool,
        originals: set[str],
    ) -> None:
        self.originals = originals
        self.source = source
        self.where = source.location
        self.context = context
        self.stream = stream
        self.walker = Walker(stream, context.limits)
        self.sidecars = sidecars
        self.whole = whole
        self.seen: set[int] = set()
        self.awaited: set[int] = set()
        self.jsons: dict[str, str] = {}  # their locations, as long as no page used them
        self.used: set[str] = set()

    def __iter__(self) -> Iterator[Page | Trouble]:
        context = self.context
        for count, member in enumerate(self.walker):
            context.at(self.source, self.stream.consumed)
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
        for name, location in self.jsons.items():
            if name not in self.used:
                context.pass_over(location, what_it_is(name))

    def _member(self, member: Member) -> Iterator[Page | Trouble]:
        context, limits = self.context, self.context.limits
        location = f"{self.where}!/{shown(member.name)}"
        if context.skips(location) and not is_sidecar_name(member.name):
            return
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
            context.pass_over(location, HIDDEN)
            return
        name = "/".join(parts)
        if self.originals and is_rewritten(name, self.originals):
            context.pass_over(location, REWRITTEN)
            return
        start = self.walker.read(HEAD)
        if packing_of(start):
            start += self.walker.read(LOOKED_INTO)
        form = identify_bytes(start, parts[-1])
        if form.format == "other":
            if kind_of(parts[-1])[0] is Kind.JSON:
                yield from self._json(member, start, name, location)
            else:
                context.pass_over(location, what_it_is(parts[-1]))
            return
        if hash(name) in self.seen:
            yield Trouble(
                location, "the archive holds this name twice; the later was skipped", "duplicate"
            )
            return
        if len(self.seen) < limits.names_held:
            self.seen.add(hash(name))
        yield from self._file(member, form, start, parts, location)

    def _file(
        self, member: Member, form: Form, start: bytes, parts: list[str], location: str
    ) -> Iterator[Page | Trouble]:
        """Yield what is in one member: a page, or an archive."""
        source, limits = self.source, self.context.limits
        problem: tuple[str, str] | None = None
        file: BinaryIO
        if form.format == "page":
            if member.size > limits.page_bytes:
                reason = (
                    f"{member.size:,} bytes, more than the {limits.page_bytes:,} a page may have"
                )
                yield Trouble(location, f"{reason}; skipped", "too_large")
                return
            data = start + self.walker.read(member.size)
            file, size = BytesIO(data), len(data)
        else:
            pieces = [start]

            def read(most: int) -> bytes:
                return pieces.pop() if pieces else self.walker.read(most)

            try:
                file, size = spooled(read, source.budget)
            except Bad as bad:
                yield Trouble(location, bad.reason, bad.code)
                return
        if size < member.size:
            problem = self.stream.problem or ("truncated", "the archive ends within this member")
            if form.format == "page":
                yield Trouble(location, f"{problem[1]}; skipped", problem[0])
                return

        def reopen() -> BinaryIO:
            return open_member(source, member.data_at, member.size)

        def sibling(name: str, limit: int) -> tuple[bytes, str] | Trouble | None:
            return self._sibling(parts, name, limit)

        with file:
            inner = Source(
                file,
                parts[-1],
                location,
                size,
                in_parts(parts) or source.in_path,
                source.budget,
                reopen,
                source.depth + 1,
                sibling=sibling,
            )
            yield from self.context.read(inner, form)
        if problem is not None:
            yield Trouble(location, f"{problem[1]}; what was before that was read", problem[0])

    def _json(
        self, member: Member, start: bytes, name: str, location: str
    ) -> Iterator[Page | Trouble]:
        limits = self.context.limits
        if len(self.jsons) < limits.names_held:
            self.jsons[name] = location
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
            and len(self.sidecars) < limits.sidecars_held
        ):  # for a page still to come
            data = start + self.walker.read(limits.sidecar_bytes + 1)
            self.sidecars[name] = data if member.size <= limits.sidecar_bytes else None

    def _sibling(
        self, parts: list[str], beside: str, limit: int
    ) -> tuple[bytes, str] | Trouble | None:
        name = "/".join([*parts[:-1], beside])
        if name not in self.sidecars:
            if not self.whole and len(self.awaited) < self.context.limits.names_held:
                self.awaited.add(hash(name))
            return None
        data = self.sidecars[name]
        location = f"{self.where}!/{shown(name)}"
        self.used.add(name)
        if data is None or len(data) > limit:
            return Trouble(location, f"it is larger than {limit:,} bytes", "too_large")
        return data, location
