"""Zip archives. The index is read by zipfile; members are unpacked here, within bounds.

zipfile's own reader unpacks bzip2 and LZMA members without a bound, trusts nothing to check a
member's ratio, and gives up a whole archive whose index is lost; hence this module.
"""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from bz2 import BZ2Decompressor
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from .context import Context
from .files import in_path_of, location_of
from .names import Kind, hidden, is_page_name, kind_of, member_parts, shown
from .page import Limits, Page, Trouble
from .sidecar import is_sidecar_name, sidecar_names
from .unpack import ERRORS, WINDOW, Bad, Inflater, drain, over, zstd_reader
from .when import in_parts

_LOCAL = struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_STORED, _DEFLATED, _BZIP2, _LZMA, _ZSTD = 0, 8, 12, 14, 93
_LAST_METHODS = (_STORED, _DEFLATED, _BZIP2, _LZMA, _ZSTD, 20)


def read_zip(path: Path, context: Context) -> Iterator[Page | Trouble]:
    """Yield the pages of a zip archive, in the order of its index."""
    where = location_of(path)
    try:
        with path.open("rb") as file:
            yield from _read(file, path, where, context)
    except OSError as error:
        yield Trouble(where, f"cannot be read ({error.strerror or error}); skipped", "unreadable")


def _read(file: BinaryIO, path: Path, where: str, context: Context) -> Iterator[Page | Trouble]:
    limits = context.limits
    size = file.seek(0, 2)
    if not size:
        yield Trouble(where, "the file is empty; skipped", "empty")
        return
    index_bytes, count = _index_size(file, size)
    if index_bytes > limits.zip_index_bytes or count > limits.members:
        yield Trouble(
            where,
            f"its index ({count:,} members, {index_bytes:,} bytes) is larger than is allowed; "
            "skipped",
            "too_many",
        )
        return
    members: list[zipfile.ZipInfo] = []
    try:
        members = zipfile.ZipFile(file).infolist()
        if len(members) < count:  # damage hides members: one's comment swallowed the next
            raise zipfile.BadZipFile(f"it states {count:,} members and holds {len(members):,}")
    except (
        zipfile.BadZipFile,
        ValueError,
        OverflowError,
        struct.error,
        NotImplementedError,
        EOFError,
        MemoryError,
    ) as error:
        members = max(members, list(_salvage(file, size, limits)), key=len)
        yield Trouble(
            where,
            f"the archive's index is lost or damaged ({error}); "
            + (f"read the {len(members):,} members found without it" if members else "skipped"),
            "truncated" if members else "unreadable",
        )
    yield from _members(file, path, where, context, members, size)


def _members(
    file: BinaryIO,
    path: Path,
    where: str,
    context: Context,
    members: list[zipfile.ZipInfo],
    size: int,
) -> Iterator[Page | Trouble]:
    limits = context.limits
    outer = in_path_of(path)
    by_name = {info.filename: info for info in members if info.filename[-5:].lower() == ".json"}
    pages: set[str] = set()
    wanted: set[str] = set()
    unpacked, bound = 0, limits.whole(size)
    jsons: list[str] = []
    for done, info in enumerate(members):
        context.at(size * done // len(members))
        location = f"{where}!/{shown(info.orig_filename)}"
        parts, code, reason = member_parts(info.orig_filename, limits)
        if code:
            yield Trouble(location, f"{reason}; skipped", code)
            continue
        mode = info.external_attr >> 16
        if stat.S_ISLNK(mode):
            yield Trouble(location, "a symbolic link: not followed", "link")
            continue
        if info.is_dir() or stat.S_ISDIR(mode):
            continue
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            yield Trouble(location, "not a file (device, pipe): skipped", "special")
            continue
        if any(hidden(part) for part in parts):
            context.passed_over += 1
            continue
        kind, packing = kind_of(parts[-1])
        if kind is Kind.JSON:
            jsons.append(info.filename)
            continue
        if kind is Kind.OTHER:
            context.passed_over += 1
            continue
        if kind is Kind.ARCHIVE:
            yield Trouble(location, "an archive inside an archive: not opened", "nested")
            continue
        if info.filename in pages:
            yield Trouble(
                location, "the archive holds this name twice; the later was skipped", "duplicate"
            )
            continue
        pages.add(info.filename)
        certain = is_page_name(parts[-1])
        try:
            data = _unpacked(file, info, limits, size)
        except Bad as bad:
            if certain or bad.code != "too_large":
                yield Trouble(location, f"{bad.reason}; skipped", bad.code)
            else:
                context.passed_over += 1
            continue
        unpacked += len(data)
        if unpacked > bound:
            yield Trouble(
                where,
                f"it unpacks to more than {bound:,} bytes, far beyond its size: "
                "the rest was not read",
                "bomb",
            )
            return

        def sidecar(name: str = info.filename) -> tuple[bytes, str] | Trouble | None:
            return _sidecar(file, where, name, by_name, wanted, limits, size)

        yield from context.saved_page(
            data, packing, certain, location, in_parts(parts) or outer, sidecar
        )
    context.passed_over += sum(1 for name in jsons if name not in wanted)


def _sidecar(
    file: BinaryIO,
    where: str,
    name: str,
    by_name: dict[str, zipfile.ZipInfo],
    wanted: set[str],
    limits: Limits,
    size: int,
) -> tuple[bytes, str] | Trouble | None:
    folder, slash, base = name.rpartition("/")
    for beside in sidecar_names(base):
        info = by_name.get(folder + slash + beside)
        if info is None or not is_sidecar_name(beside):
            continue
        wanted.add(info.filename)
        location = f"{where}!/{shown(info.orig_filename)}"
        if info.file_size > limits.sidecar_bytes or stat.S_ISLNK(info.external_attr >> 16):
            return Trouble(
                location, "too large for a sidecar; its page is read without it", "bad_sidecar"
            )
        try:
            return _unpacked(file, info, limits, size), location
        except Bad as bad:
            return Trouble(location, f"{bad.reason}; its page is read without it", "bad_sidecar")
    return None


def _unpacked(file: BinaryIO, info: zipfile.ZipInfo, limits: Limits, size: int) -> bytes:
    """Unpack one member, believing neither of the sizes that the archive states."""
    if info.flag_bits & 0x1:
        raise Bad("encrypted", "needs a password")
    if info.compress_type not in _LAST_METHODS:
        raise Bad("unsupported", f"compression method {info.compress_type} is not known here")
    bound = limits.unpacked(info.compress_size)
    if info.file_size > bound:
        raise over(bound, limits)
    if info.compress_size > limits.page_bytes + (1 << 20):
        raise Bad("too_large", f"{info.compress_size:,} bytes packed, more than a page may have")
    file.seek(info.header_offset)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise Bad("broken_record", "the archive's index points to no member")
    fields = _LOCAL.unpack(head)
    name = file.read(fields[9])
    if fields[2] & 0x1:
        raise Bad("encrypted", "needs a password")
    if name != _raw_name(info) and name.decode("utf-8", "replace") != info.orig_filename:
        raise Bad("broken_record", "the member has another name than the archive's index states")
    file.seek(fields[10], 1)
    packed = file.read(info.compress_size)
    if len(packed) < info.compress_size:
        raise Bad("truncated", "the archive ends within this member")
    try:
        data = _by_method(packed, info.compress_type, bound)
    except ERRORS as error:
        raise Bad("broken_record", f"damaged data ({error})") from error
    if len(data) > bound:
        raise over(bound, limits)
    if len(data) != info.file_size:
        raise Bad(
            "broken_record",
            f"it holds {len(data):,} bytes where the archive states {info.file_size:,}",
        )
    if zlib.crc32(data) != info.CRC:
        raise Bad("checksum", "the checksum is wrong, so the page is damaged")
    return data


def _by_method(packed: bytes, method: int, bound: int) -> bytes:
    if method == _STORED:
        return packed
    if method == _DEFLATED:
        return drain(Inflater(-15), packed, bound)
    if method == _BZIP2:
        return drain(BZ2Decompressor(), packed, bound)
    if method == _LZMA:
        return _unlzma(packed, bound)
    return zstd_reader(BytesIO(packed)).read(bound + 1)


def _unlzma(packed: bytes, bound: int) -> bytes:
    """Unpack a zip's LZMA member: two bytes of version, the size of the properties, those."""
    if len(packed) < 9 or packed[2:4] != b"\x05\x00":
        raise Bad("broken_record", "damaged LZMA member")
    value, dictionary = packed[4], int.from_bytes(packed[5:9], "little")
    if value >= 9 * 5 * 5 or dictionary > WINDOW:
        raise Bad("bomb", "unpacking it takes too much memory")
    chain = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": max(dictionary, 4096),
        "lc": value % 9,
        "lp": value // 9 % 5,
        "pb": value // 45,
    }
    reader = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chain])
    out = reader.decompress(packed[9:], bound + 1)
    while not reader.eof and len(out) <= bound:
        more = reader.decompress(b"", bound + 1 - len(out))
        if not more:  # without an end mark, the end of the input is the end
            break
        out += more
    return out


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    try:
        return info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")
    except UnicodeEncodeError:
        return info.orig_filename.encode("utf-8", "surrogateescape")


def _index_size(file: BinaryIO, size: int) -> tuple[int, int]:
    """Return how large a zip's index is and how many members it states, before it is loaded."""
    start = max(0, size - (1 << 16) - _END.size - 76)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return 0, 0
    fields = _END.unpack_from(tail, at)
    count, length = fields[4], fields[5]
    if count == 0xFFFF or length == 0xFFFFFFFF:
        at = tail.rfind(b"PK\x06\x06", 0, at)
        if at >= 0 and len(tail) - at >= _END64.size:
            wide = _END64.unpack_from(tail, at)
            count, length = wide[7], wide[8]
    return length, count


def _salvage(file: BinaryIO, size: int, limits: Limits) -> Iterator[zipfile.ZipInfo]:
    """Yield the members of a zip whose index is lost (a download that was cut), from its start."""
    at = 0
    found = 0
    budget = limits.zip_index_bytes
    while at + _LOCAL.size <= size and found < limits.members and budget > 0:
        file.seek(at)
        head = file.read(_LOCAL.size)
        if not head.startswith(b"PK\x03\x04") or len(head) < _LOCAL.size:
            return
        _, _, flags, method, _, _, crc, packed, unpacked, name_size, extra = _LOCAL.unpack(head)
        raw = file.read(name_size)
        if flags & 0x8 or packed == 0xFFFFFFFF or len(raw) < name_size or not raw:
            return  # its size stands behind it or in a field of zip64: no telling where it ends
        info = zipfile.ZipInfo(raw.decode("utf-8" if flags & 0x800 else "cp437", "replace"))
        info.flag_bits, info.compress_type, info.CRC = flags, method, crc
        info.compress_size, info.file_size, info.header_offset = packed, unpacked, at
        at += _LOCAL.size + name_size + extra + packed
        if at > size:
            return
        found += 1
        budget -= 46 + name_size
        yield info
