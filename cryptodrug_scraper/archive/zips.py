"""Zip archives. The index is read by zipfile; members are unpacked by :mod:`.zip_members`.

zipfile gives up a whole archive whose index is lost; its members are then found without it.
"""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from .context import ReadContext
from .httpcache import BESIDE
from .kinds import Form, identify_bytes
from .names import (
    HIDDEN,
    ORIGINAL,
    REWRITTEN,
    FileKind,
    hidden,
    kind_of,
    member_parts,
    original_of,
    shown,
    what_it_is,
)
from .page import Limits, Page, ReadIssue
from .source import Source
from .unpack import Bad
from .wacz import holds_pages, is_wacz, page_times
from .when import StatedMoment, in_parts
from .zip_members import LOCAL, Unpacked, open_member, start_of, unpack_archive, unpack_page

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_BROKEN = (
    zipfile.BadZipFile,
    ValueError,
    OverflowError,
    struct.error,
    NotImplementedError,
    EOFError,
    MemoryError,
)


def read_zip(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the pages of a zip archive, in the order of its index."""
    where = source.location
    members, trouble = members_of(source.file, source.size, where, context.limits)
    if trouble is not None:
        yield trouble
    try:
        yield from _ZipReader(source, context, members)
    except Bad as bad:  # the budget is spent
        yield ReadIssue(where, bad.reason, bad.code)


def members_of(
    file: BinaryIO, size: int, where: str, limits: Limits
) -> tuple[list[zipfile.ZipInfo], ReadIssue | None]:
    """Return the members of a zip, by its index or without it, and what is wrong with that."""
    if not size:
        return [], ReadIssue(where, "the file is empty; skipped", "empty")
    index_bytes, count, outer = _index_size(file, size)
    if index_bytes > limits.zip_index_bytes or count > limits.members:
        reason = f"its index ({count:,} members, {index_bytes:,} bytes) is larger than is allowed"
        return [], ReadIssue(where, f"{reason}; skipped", "too_many")
    members: list[zipfile.ZipInfo] = []
    try:
        if outer:
            raise zipfile.BadZipFile("its end is lost, and what was found is that of a zip in it")
        members = zipfile.ZipFile(file).infolist()
        if len(members) < count:  # damage hides members: one's comment swallowed the next
            raise zipfile.BadZipFile(f"it states {count:,} members and holds {len(members):,}")
    except _BROKEN as error:
        members = max(members, list(_salvage(file, size, limits)), key=len)
        return members, ReadIssue(
            where,
            f"the archive's index is lost or damaged ({error}); "
            + (f"read the {len(members):,} members found without it" if members else "skipped"),
            "truncated" if members else "unreadable",
        )
    return members, None


class _ZipReader:
    """Makes pages of the members of one zip."""

    def __init__(
        self, source: Source, context: ReadContext, members: list[zipfile.ZipInfo]
    ) -> None:
        self.source = source
        self.context = context
        self.members = members
        self.by_name = {
            info.filename: info
            for info in members
            if info.filename[-5:].lower() == ".json" or info.filename.rpartition("/")[2] in BESIDE
        }
        self.wacz = is_wacz(info.filename for info in members)
        self.times: dict[str, StatedMoment] = {}
        self.originals = {info.filename for info in members if info.filename.endswith(ORIGINAL)}
        self.copies: list[tuple[str, zipfile.ZipInfo]] = []  # with the names of their originals
        self.as_they_came: set[str] = set()  # originals that are pages
        self.seen: set[str] = set()
        self.wanted: set[str] = set()  # sidecars of pages

    def __iter__(self) -> Iterator[Page | ReadIssue]:
        jsons: list[zipfile.ZipInfo] = []
        if self.wacz:
            found = page_times(
                self.source.file, self.members, self.source.location, self.source.budget
            )
            self.times = found.times
            yield from found.problems
        for done, info in enumerate(self.members):
            self.context.at(self.source, self.source.size * done // len(self.members))
            yield from self._member(info, jsons)
        for info in jsons:
            if info.filename not in self.wanted:
                yield from self._file(info)
        for original, info in self.copies:
            if original in self.as_they_came:
                self.context.pass_over(self._location(info), REWRITTEN)
            else:
                yield from self._file(info)

    def _member(
        self, info: zipfile.ZipInfo, jsons: list[zipfile.ZipInfo]
    ) -> Iterator[Page | ReadIssue]:
        location = self._location(info)
        if self.context.skips(location):
            return
        parts, code, reason = member_parts(info.orig_filename, self.context.limits)
        if code:
            yield ReadIssue(location, f"{reason}; skipped", code)
            return
        mode = info.external_attr >> 16
        if stat.S_ISLNK(mode):
            yield ReadIssue(location, "a symbolic link: not followed", "link")
            return
        if info.is_dir() or stat.S_ISDIR(mode):
            return
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            yield ReadIssue(location, "not a file (device, pipe): skipped", "special")
            return
        if any(hidden(part) for part in parts):
            self.context.pass_over(location, HIDDEN)
            return
        if self.wacz and not holds_pages(info.filename):
            self.context.pass_over(location, what_it_is(parts[-1]))
            return
        original = original_of(info.filename, self.originals) if self.originals else ""
        if original:
            self.copies.append((original, info))
            return
        if kind_of(parts[-1])[0] is FileKind.JSON:  # a page may want it
            jsons.append(info)
            return
        yield from self._file(info)

    def _file(self, info: zipfile.ZipInfo) -> Iterator[Page | ReadIssue]:
        """Yield what is in one member: a page, or an archive."""
        location, file = self._location(info), self.source.file
        parts = member_parts(info.orig_filename, self.context.limits)[0]
        form: Form | None = None
        try:
            form = identify_bytes(start_of(file, info), parts[-1])
            if form.format == "other":
                yield from self.context.no_page(location, parts[-1])
                return
            if info.filename in self.seen:
                reason = "the archive holds this name twice; the later was skipped"
                yield ReadIssue(location, reason, "duplicate")
                return
            self.seen.add(info.filename)
            if form.format == "page":
                data = unpack_page(file, info, self.context.limits)
                unpacked = Unpacked(BytesIO(data), len(data), None)
            else:
                unpacked = unpack_archive(file, info, self.source.budget)
        except Bad as bad:
            if self.source.budget.left < 0:
                raise
            if form is None and kind_of(parts[-1])[0] in (FileKind.OTHER, FileKind.JSON):
                self.context.pass_over(location, what_it_is(parts[-1]))
            else:
                yield ReadIssue(location, f"{bad.reason}; skipped", bad.code)
            return
        if form.format == "page":
            self.source.budget.take(unpacked.size)

        def reopen() -> BinaryIO:
            return open_member(self.source, info)

        def sibling(name: str, limit: int) -> tuple[bytes, str] | ReadIssue | None:
            return self._sibling(info, name, limit)

        with unpacked.file:
            member = Source(
                unpacked.file,
                parts[-1],
                location,
                unpacked.size,
                in_parts(parts) or self.source.in_path,
                self.source.budget,
                reopen,
                self.source.depth + 1,
                times=self.times,
                sibling=sibling,
            )
            for item in self.context.read(member, form):
                if isinstance(item, Page) and info.filename in self.originals:
                    self.as_they_came.add(info.filename)
                yield item
        if unpacked.problem is not None:
            code, reason = unpacked.problem
            yield ReadIssue(location, f"{reason}; what could be was read", code)

    def _sibling(
        self, page: zipfile.ZipInfo, name: str, limit: int
    ) -> tuple[bytes, str] | ReadIssue | None:
        folder, slash, _ = page.filename.rpartition("/")
        info = self.by_name.get(folder + slash + name)
        if info is None:
            return None
        self.wanted.add(info.filename)
        location = self._location(info)
        if info.file_size > limit or stat.S_ISLNK(info.external_attr >> 16):
            return ReadIssue(location, f"it is no file of at most {limit:,} bytes", "too_large")
        try:
            return unpack_page(self.source.file, info, self.context.limits), location
        except Bad as bad:
            return ReadIssue(location, bad.reason, bad.code)

    def _location(self, info: zipfile.ZipInfo) -> str:
        return f"{self.source.location}!/{shown(info.orig_filename)}"


def _index_size(file: BinaryIO, size: int) -> tuple[int, int, bool]:
    """Return how large a zip's index is and how many members it states, before it is loaded.

    With it goes whether more of an index stands behind: then the end found is a member's own.
    """
    start = max(0, size - (1 << 16) - _END.size - 76)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return 0, 0, False
    fields = _END.unpack_from(tail, at)
    count, length = fields[4], fields[5]
    end = at + _END.size + fields[7]
    if count == 0xFFFF or length == 0xFFFFFFFF:
        at = tail.rfind(b"PK\x06\x06", 0, at)
        if at >= 0 and len(tail) - at >= _END64.size:
            wide = _END64.unpack_from(tail, at)
            count, length = wide[7], wide[8]
    return length, count, tail.find(b"PK\x01\x02", end) >= 0


def _salvage(file: BinaryIO, size: int, limits: Limits) -> Iterator[zipfile.ZipInfo]:
    """Yield the members of a zip whose index is lost (a download that was cut), from its start."""
    at = 0
    found = 0
    budget = limits.zip_index_bytes
    while at + LOCAL.size <= size and found < limits.members and budget > 0:
        file.seek(at)
        head = file.read(LOCAL.size)
        if not head.startswith(b"PK\x03\x04") or len(head) < LOCAL.size:
            return
        _, _, flags, method, _, _, crc, packed, unpacked, name_size, extra = LOCAL.unpack(head)
        raw = file.read(name_size)
        if flags & 0x8 or packed == 0xFFFFFFFF or len(raw) < name_size or not raw:
            return  # its size stands behind it or in a field of zip64: no telling where it ends
        info = zipfile.ZipInfo(raw.decode("utf-8" if flags & 0x800 else "cp437", "replace"))
        info.flag_bits, info.compress_type, info.CRC = flags, method, crc
        info.compress_size, info.file_size, info.header_offset = packed, unpacked, at
        at += LOCAL.size + name_size + extra + packed
        if at > size:
            return
        found += 1
        budget -= 46 + name_size
        yield info
