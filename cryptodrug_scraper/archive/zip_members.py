"""Members of a zip: unpacked within bounds, believing neither of the sizes that the zip states.

zipfile's own reader unpacks bzip2 and LZMA members without a bound, and trusts nothing to check a
member's ratio.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from bz2 import BZ2Decompressor
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO, NamedTuple

from .kinds import HEAD, LOOKED_INTO, packing_of
from .page import Limits
from .source import Budget, Source, spooled, windowed
from .unpack import (
    CHUNK,
    ERRORS,
    INPUT,
    WINDOW,
    Bad,
    Decompressor,
    Inflater,
    damage,
    over,
    zstd_pieces,
)

LOCAL = struct.Struct("<4s5H3L2H")
"""The header that stands before a member's bytes."""

_STORED, _DEFLATED, _BZIP2, _LZMA, _ZSTD = 0, 8, 12, 14, 93
_METHODS = (_STORED, _DEFLATED, _BZIP2, _LZMA, _ZSTD, 20)
_NAMES = {1: "Shrink", 6: "Implode", 9: "Deflate64", 95: "xz", 96: "JPEG", 98: "PPMd"}


class Unpacked(NamedTuple):
    """A member that was unpacked as far as it goes, and what is wrong with it."""

    file: BinaryIO
    size: int
    problem: tuple[str, str] | None


def start_of(file: BinaryIO, info: zipfile.ZipInfo) -> bytes:
    """Return the first bytes of a member, to see what it is. Raises Bad."""
    pieces = _pieces(_packed(file, info), info.compress_type)
    head = _first(pieces, HEAD)
    return head + _first(pieces, LOOKED_INTO) if packing_of(head) else head


def unpack_page(file: BinaryIO, info: zipfile.ZipInfo, limits: Limits) -> bytes:
    """Unpack a member that is no larger than a page may be. Raises Bad."""
    bound = limits.unpacked(info.compress_size)
    packed = _packed(file, info)
    if info.file_size > bound:
        raise over(bound, limits)
    if info.compress_size > limits.page_bytes + (1 << 20):
        raise Bad("too_large", f"{info.compress_size:,} bytes packed, more than a page may have")
    data = _first(_pieces(packed, info.compress_type), bound + 1)
    if len(data) > bound:
        raise over(bound, limits)
    problem = _problem(info, len(data), zlib.crc32(data))
    if problem is not None:
        raise Bad(*problem)
    return data


def unpack_archive(file: BinaryIO, info: zipfile.ZipInfo, budget: Budget) -> Unpacked:
    """Unpack a member that is an archive; what is only stored is not copied. Raises Bad."""
    packed = _packed(file, info)
    pieces = _pieces(packed, info.compress_type)
    wrong: tuple[str, str] | None = None
    size = crc = 0

    def read(_: int) -> bytes:
        nonlocal wrong, size, crc
        try:
            piece = next(pieces, b"")
        except Bad as bad:
            wrong = bad.code, bad.reason
            return b""
        size, crc = size + len(piece), zlib.crc32(piece, crc)
        return piece

    if info.compress_type == _STORED:
        while read(CHUNK):
            pass
        unpacked = packed
        unpacked.seek(0)
    else:
        unpacked, _ = spooled(read, budget)
    return Unpacked(unpacked, size, wrong or _problem(info, size, crc))


def open_member(source: Source, info: zipfile.ZipInfo) -> BinaryIO:
    """Open a member of a zip anew. Raises OSError, and Bad where it cannot be unpacked."""
    with ExitStack() as stack:
        file = stack.enter_context(source.reopen())
        if info.compress_type == _STORED:
            window = windowed(file, _data_at(file, info), info.compress_size, owns=True)
            stack.pop_all()  # the window closes it
            return window
        return unpack_archive(file, info, Budget(source.budget.bound)).file


def _problem(info: zipfile.ZipInfo, size: int, crc: int) -> tuple[str, str] | None:
    if size != info.file_size:
        return (
            "broken_record" if size > info.file_size else "truncated",
            f"it holds {size:,} bytes where the archive states {info.file_size:,}",
        )
    if crc != info.CRC:
        return "checksum", "the checksum is wrong, so it is damaged"
    return None


def _packed(file: BinaryIO, info: zipfile.ZipInfo) -> BinaryIO:
    return windowed(file, _data_at(file, info), info.compress_size)


def _data_at(file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Return where the packed bytes of a member begin. Raises Bad if it cannot be read."""
    if info.flag_bits & 0x1:
        raise Bad("encrypted", "needs a password")
    if info.compress_type not in _METHODS:
        method = _NAMES.get(info.compress_type, str(info.compress_type))
        raise Bad(
            "unsupported",
            f"its compression method ({method}) is not known here: unpack the archive first "
            "(`7z x FILE`)",
        )
    file.seek(info.header_offset)
    head = file.read(LOCAL.size)
    if len(head) < LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise Bad("broken_record", "the archive's index points to no member")
    fields = LOCAL.unpack(head)
    name = file.read(fields[9])
    if fields[2] & 0x1:
        raise Bad("encrypted", "needs a password")
    if name != _raw_name(info) and name.decode("utf-8", "replace") != info.orig_filename:
        raise Bad("broken_record", "the member has another name than the archive's index states")
    return info.header_offset + LOCAL.size + len(name) + int(fields[10])


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    try:
        return info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")
    except UnicodeEncodeError:
        return info.orig_filename.encode("utf-8", "surrogateescape")


def _first(pieces: Iterator[bytes], size: int) -> bytes:
    parts: list[bytes] = []
    have = 0
    while have < size and (piece := next(pieces, b"")):
        parts.append(piece)
        have += len(piece)
    return b"".join(parts)  # the last piece may go beyond


def _pieces(packed: BinaryIO, method: int) -> Iterator[bytes]:
    """Yield what is packed, piece by piece. Raises Bad where it is damaged or cut off."""
    try:
        if method in (_ZSTD, 20):
            yield from zstd_pieces(packed)
            return
        if method == _STORED:
            while piece := packed.read(CHUNK):
                yield piece
            return
        unit = _unit(packed, method)
        data = packed.read(INPUT)
        while not unit.eof:
            piece = unit.decompress(data, CHUNK)
            data = b""
            if piece:
                yield piece
            elif unit.needs_input and not unit.eof:
                data = packed.read(INPUT)
                if not data:
                    if method == _LZMA:  # without an end mark, the end of the input is the end
                        return
                    raise Bad("truncated", "the compressed data are cut off")
    except ERRORS as error:
        raise damage(error, "zip") from error


def _unit(packed: BinaryIO, method: int) -> Decompressor:
    if method == _DEFLATED:
        return Inflater(-15)
    if method == _BZIP2:
        return BZ2Decompressor()
    head = packed.read(9)  # two bytes of version, the size of the properties, those
    if len(head) < 9 or head[2:4] != b"\x05\x00":
        raise Bad("broken_record", "damaged LZMA member")
    value, dictionary = head[4], int.from_bytes(head[5:9], "little")
    if value >= 9 * 5 * 5 or dictionary > WINDOW:
        raise Bad("bomb", "unpacking it takes too much memory")
    chain = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": max(dictionary, 4096),
        "lc": value % 9,
        "lp": value // 9 % 5,
        "pb": value // 45,
    }
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chain])
