"""Finding and checking WARC records in a file, whatever damage stands around them."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import PurePath
from typing import BinaryIO, Protocol

import zstandard

from .unpack import ERRORS, SKIPPABLE, WINDOW, Inflater, damage

GZIP = b"\x1f\x8b\x08"
ZSTD = b"\x28\xb5\x2f\xfd"
PLAIN = b"WARC/"

_START = re.compile(rb"(?:\A|(?<=\n))WARC/1\.\d\r?\n[A-Za-z][A-Za-z0-9_-]{0,80}:")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,15})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_IDENTITY = re.compile(rb"^warc-record-id:", re.IGNORECASE | re.MULTILINE)
_JOINED = re.compile(rb"\x00|\n(?:WARC|HTTP)/\d")  # zeros, or another head, where its end is lost
_VERSION = re.compile(rb"WARC/\d\.\d")
_HEADS = (4 << 10, 64 << 10)  # few are longer than the first
_HEAD = _HEADS[-1]
_SCAN = 1 << 20
_TAIL = 16  # enough of what follows a record to tell another from junk
_OVERLAP = 128
_PIECE = 256 << 10
_ZSTD_INPUT = 1 << 10  # its objects have no bound on output: 1 KB makes 32 MB at most
_FIRST = 16 << 20  # of the first member, packed
_CHECKED = 2 << 30  # most that the check of one member unpacks; nothing of it is kept


class RecordCheck:
    """The check of one record: where it ends, what is wrong, and what of it may be kept.

    ``keep`` is whether the record's own content is whole; ``more`` whether its compressed member
    goes on behind it.
    """

    __slots__ = ("code", "end", "keep", "more", "reason")

    def __init__(
        self, end: int, code: str = "", reason: str = "", *, keep: bool = True, more: bool = False
    ) -> None:
        self.end = end
        self.code = code
        self.reason = reason
        self.keep = keep
        self.more = more


class _Piecewise(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes) -> bytes: ...


class RecordFile:
    """Random access to the records of an open WARC file: a file, or its descriptor.

    The position of a file is changed by it.
    """

    def __init__(self, file: BinaryIO | int, name: str) -> None:
        if isinstance(file, int):
            self.size = os.fstat(file).st_size
            self.pread = partial(os.pread, file)
        else:
            self.size = file.seek(0, os.SEEK_END)
            self.pread = partial(_pread, file)
        start = self.pread(4, 0)
        self.magic = self._kind(start, PurePath(name).suffix.lower())

    def _kind(self, start: bytes, suffix: str) -> bytes:
        """Return what records of the file begin with: as it does, unless its start is damaged."""
        begun = {GZIP[:2]: GZIP, ZSTD[:2]: ZSTD, PLAIN[:2]: PLAIN}
        stated = begun.get(start[:2])
        named = {".gz": GZIP, ".zst": ZSTD}.get(suffix, PLAIN)
        if stated is None or stated == named:
            return named
        self.magic = stated
        if self._within(self.pread(_SCAN, 0), 0, 0) == 0:
            return stated
        self.magic = named  # neither is certain: what the name says, if there is a record so
        return named if self.next(0) < self.size else stated

    def begins(self, at: int) -> bool:
        """Tell whether a member (or, in a plain file, a record) begins at an offset."""
        return self.pread(len(self.magic), at) == self.magic

    def begins_with(self, at: int, marks: Sequence[bytes]) -> bool:
        """Tell whether a member begins at an offset, and with the record that has these marks.

        Readers say of a record that is not the first of its member where the next member begins.
        """
        if not self.begins(at):
            return False
        try:
            for size in (1 << 10, _HEAD):
                head = self._start_of(at, size).lstrip(b"\r\n")
                end = _HEAD_END.search(head)
                if end is not None:
                    return all(mark in head[: end.start()] for mark in marks)
        except ERRORS:
            pass
        return False

    def head_ends_in_lf(self, at: int) -> bool:
        """Tell whether lines of a record's head end in LF alone, as some tools write them."""
        try:
            head = self.pread(_HEAD, at) if self.magic == PLAIN else self._start_of(at, _HEAD)
        except ERRORS:
            return False
        head = head.lstrip(b"\r\n")
        end = _HEAD_END.search(head)
        if not head.startswith(b"WARC/") or end is None:
            return False
        return head.count(b"\n", 0, end.end()) != head.count(b"\r\n", 0, end.end())

    def block(self, at: int, length: int) -> bytes | None:
        """Return the block of the first record at an offset, if it has this length."""
        for size in (_HEAD, _HEAD + length):
            data = self.pread(size, at) if self.magic == PLAIN else self._start_of(at, size)
            data = data.lstrip(b"\r\n")
            need, end = _needed(data), _HEAD_END.search(data)
            if need is None or end is None or need - end.end() != length:
                return None
            if len(data) >= need:
                return data[end.end() : need]
        return None

    def only_padding(self, at: int, end: int | None = None) -> bool:
        """Tell whether what follows (up to ``end``) is nothing but line ends and zero bytes."""
        end = self.size if end is None else end
        while part := self.pread(min(_SCAN, end - at), at):
            if part.strip(b"\r\n\x00"):
                return False
            at += len(part)
        return True

    def next(self, at: int) -> int:
        """Return where the first record at or after an offset begins; the file's size if none."""
        while at < self.size:
            part = self.pread(_SCAN, max(0, at - 1))
            skip = min(at, 1)
            result = self._within(part, skip, max(0, at - 1))
            if result is not None:
                return result
            if len(part) < _SCAN:
                break
            at += len(part) - skip - _OVERLAP
        return self.size

    def _within(self, part: bytes, at: int, base: int) -> int | None:
        if self.magic == PLAIN:
            for match in _START.finditer(part):
                if match.start() >= at and (base + match.start() == 0 or match.start() > 0):
                    return base + match.start()
            return None
        at = part.find(self.magic, at)
        while at >= 0:
            if self._is_record(base + at):
                return base + at
            at = part.find(self.magic, at + 1)
        return None

    def _is_record(self, at: int) -> bool:
        try:
            head = self._start_of(at)
        except ERRORS:
            return False
        return _START.match(head.lstrip(b"\r\n")) is not None

    def _piecewise(self) -> _Piecewise:
        made: _Piecewise = zstandard.ZstdDecompressor(max_window_size=WINDOW).decompressobj()
        return made

    def check(self, at: int) -> RecordCheck:
        """Check the record at an offset."""
        if self.magic == PLAIN:
            return self._check_plain(at)
        return self._check_member(at)

    def holds_many(self, at: int) -> bool:
        """Tell whether a compressed member goes on behind its first record (`gzip a.warc`)."""
        if self.magic == PLAIN:
            return False
        unit: Inflater | _Piecewise = Inflater() if self.magic == GZIP else self._piecewise()
        step = _PIECE if self.magic == GZIP else _ZSTD_INPUT
        head, tail, need, made = b"", b"", None, 0
        data, position = b"", at
        try:
            while not unit.eof and made <= _CHECKED:
                if not isinstance(unit, Inflater) or unit.needs_input:
                    data = self.pread(step, position)
                    position += len(data)
                    if not data:
                        return False
                if isinstance(unit, Inflater):
                    piece = unit.decompress(data, _PIECE)
                else:
                    piece = unit.decompress(data)
                data = b""
                made += len(piece)
                if need is None:
                    head += piece
                    need = _needed(head)
                    if need is None:
                        if len(head) > _HEAD * 8:
                            return False
                        continue
                    piece = head
                    head = b""
                tail = (tail + piece[max(0, need - made + len(piece)) :][:_TAIL])[: 2 * _TAIL]
                behind = tail.lstrip(b"\r\n")
                if len(behind) >= len(PLAIN):
                    return behind.startswith(PLAIN)
                if len(tail) > _TAIL:
                    return False
        except ERRORS:
            return False
        return False

    def splits_records(self) -> bool:
        """Tell whether members were cut without regard to records (`bgzip`, pieces joined).

        Looked at are the first member, if it is not large, and the start of the second.
        """
        if self.magic == PLAIN:
            return False
        unit: Inflater | _Piecewise = Inflater() if self.magic == GZIP else self._piecewise()
        step = _PIECE if self.magic == GZIP else _ZSTD_INPUT
        position, data = 0, b""
        try:
            while not unit.eof and position <= _FIRST:
                if not isinstance(unit, Inflater) or unit.needs_input:
                    data = self.pread(step, position)
                    position += len(data)
                    if not data:
                        return False
                if isinstance(unit, Inflater):
                    unit.decompress(data, _PIECE)
                else:
                    unit.decompress(data)
                data = b""
            second = self._past_skippable(position - len(unit.unused_data))
            if not unit.eof or not self.begins(second):
                return False
            head = self._start_of(second)
        except ERRORS:
            return False
        head = head.lstrip(b"\r\n\x00")
        return bool(head) and _START.match(head) is None

    def _start_of(self, at: int, size: int = 512) -> bytes:
        """Unpack the first bytes of a member."""
        data = self.pread(4096 + size, at)
        if self.magic == GZIP:
            return zlib.decompressobj(31).decompress(data, size)
        unit, head = self._piecewise(), b""
        for start in range(0, len(data), _ZSTD_INPUT):
            head += unit.decompress(data[start : start + _ZSTD_INPUT])
            if len(head) >= size or unit.eof:
                break
        return head[:size]

    def _check_plain(self, at: int) -> RecordCheck:
        for size in _HEADS:
            head = self.pread(size, at)
            need = _needed(head)
            if need is not None:
                break
        if need is None:
            if at + len(head) >= self.size and _HEAD_END.search(head) is None:
                return RecordCheck(at, "truncated", "the file ends within this record", keep=False)
            return RecordCheck(at, "broken_record", "the record's header is damaged", keep=False)
        end = at + need
        if end > self.size:
            return RecordCheck(at, "truncated", "the file ends within this record", keep=False)
        after = self.pread(len(PLAIN), end)
        padding = len(after) - len(after.lstrip(b"\r\n"))
        if after and not padding and after != PLAIN:
            return RecordCheck(at, "broken_record", "the record's length is wrong", keep=False)
        return RecordCheck(end + padding)

    def _check_member(self, at: int) -> RecordCheck:
        unit: Inflater | _Piecewise = Inflater() if self.magic == GZIP else self._piecewise()
        step = _PIECE if self.magic == GZIP else _ZSTD_INPUT
        head, tail = b"", b""
        need: int | None = None
        made, position = 0, at
        code, reason = "", ""
        data = b""
        while not unit.eof:
            if not data and (not isinstance(unit, Inflater) or unit.needs_input):
                data = self.pread(step, position)
                position += len(data)
                if not data:
                    code, reason = "truncated", "the file ends within this record"
                    break
            try:
                if isinstance(unit, Inflater):
                    piece = unit.decompress(data, _PIECE)
                else:
                    piece = unit.decompress(data)
            except ERRORS as error:
                bad = damage(error, "gz" if self.magic == GZIP else "zst")
                code, reason = bad.code, bad.reason
                break
            data = b""
            if need is None:
                head += piece
                need = _needed(head) if len(head) <= _HEAD * 8 else 0
            if need is not None and made + len(piece) > need and len(tail) < _TAIL:
                tail += piece[max(0, need - made) :][:_TAIL]
            made += len(piece)
            if made > _CHECKED:
                code, reason = "bomb", "it unpacks to far more than a record may"
                break
        whole = need is not None and made >= need
        behind = tail.lstrip(b"\r\n")
        more = behind.startswith(PLAIN)
        if not code and not whole:
            code, reason = "truncated", "the record is shorter than it states"
        if behind and not more:
            return RecordCheck(
                at, code or "broken_record", "the record's length is wrong", keep=False
            )
        if code:
            keep = whole and more  # without its checksum, one record is not to be trusted
            return RecordCheck(at, code, reason, keep=keep, more=more)
        return RecordCheck(self._past_skippable(position - len(unit.unused_data)), more=more)

    def _past_skippable(self, at: int) -> int:
        """Return where what stands behind zstd's frames without content begins."""
        while self.magic == ZSTD:
            head = self.pread(8, at)
            if len(head) < 8 or not head.startswith(SKIPPABLE):
                break
            at += len(head) + int.from_bytes(head[4:], "little")
        return min(at, self.size)


def _pread(file: BinaryIO, size: int, at: int) -> bytes:
    file.seek(at)
    return file.read(size)


def _needed(head: bytes) -> int | None:
    """Return the length of a record, header included, by its header."""
    padding = len(head) - len(head.lstrip(b"\r\n"))
    if _VERSION.match(head, padding) is None:
        return None
    end = _HEAD_END.search(head, padding)
    if end is None:
        return None
    lengths = _LENGTH.findall(head, padding, end.end())
    identities = _IDENTITY.findall(head, padding, end.end())
    if len(lengths) != 1 or len(identities) > 1 or _JOINED.search(head, padding, end.end()):
        return None
    return end.end() + int(lengths[0])
