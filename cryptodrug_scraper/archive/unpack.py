"""Unpacking that stops at a bound: whole members here, streams in :class:`Stream`."""

from __future__ import annotations

import bz2
import codecs
import lzma
import os
import re
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import BinaryIO, Protocol

import zstandard

from .page import Limits

CHUNK = 256 << 10
INPUT = 32 << 10
OUTPUT = 8 << 10  # small: what one call makes before it meets damage is lost
WINDOW = 1 << 27
"""Largest window (dictionary) of xz and zstd data: the memory that unpacking may take."""

UTF16 = "utf16"
"""Not compressed, but text in UTF-16, which is read as UTF-8."""

_ZSTD = b"\x28\xb5\x2f\xfd"
SKIPPABLE = tuple(bytes((mark, 0x2A, 0x4D, 0x18)) for mark in range(0x50, 0x60))
"""What zstd's frames without content begin with; their length follows."""

_ZSTD_INPUT = 1 << 10  # 1 KB makes 32 MB at most
_BEHIND = "what stands behind a compressed member is none, and was not read"
_DICTIONARY = b"\x5d\x2a\x4d\x18"
_DICTIONARY_BYTES = 32 << 20

BR_CHUNK = 64 << 10


class Bad(Exception):
    """Data that cannot be unpacked: ``code`` as in :class:`~.page.ReadIssue`, and the reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Decompressor(Protocol):
    """What bz2's and lzma's decompressors are, and :class:`Inflater` makes of zlib's."""

    @property
    def eof(self) -> bool:
        """Whether the member's end was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether it waits for more input."""

    @property
    def unused_data(self) -> bytes:
        """Input behind the member's end."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Unpack, to at most ``max_length`` bytes."""


class Inflater:
    """zlib's decompressor with the interface of bz2's and lzma's."""

    def __init__(self, wbits: int = 31) -> None:
        self._z = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        """Whether the member's end was reached."""
        return self._z.eof

    @property
    def needs_input(self) -> bool:
        """Whether it waits for more input (none is held back)."""
        return not self._z.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """Input behind the member's end."""
        return self._z.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Unpack; input that was held back goes first."""
        tail = self._z.unconsumed_tail
        return self._z.decompress(tail + data if tail else data, max(0, max_length))


def decompressor(method: str) -> Decompressor:
    """Return a decompressor of one gzip, bzip2 or xz member."""
    if method == "gz":
        return Inflater()
    if method == "bz2":
        return bz2.BZ2Decompressor()
    if method == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=WINDOW + (16 << 20))
    raise Bad("unsupported", f"compression {method!r} is not known here")


ERRORS = (zlib.error, OSError, lzma.LZMAError, zstandard.ZstdError, EOFError, ValueError)
"""What the decompressors raise for damaged data."""


_TOOLS = {"xz": "xz -d FILE", "zst": "zstd -d --long=31 FILE"}


def damage(error: Exception, method: str) -> Bad:
    """Say what a decompressor's error means."""
    word = str(error).lower()
    if isinstance(error, MemoryError) or "memory" in word:
        tool = f": unpack it first (`{_TOOLS[method]}`)" if method in _TOOLS else ""
        return Bad("bomb", f"unpacking it takes more memory than is allowed here{tool}")
    if "crc" in word or ("check" in word and "header" not in word):
        return Bad("checksum", f"the checksum is wrong, so some of it is damaged ({error})")
    return Bad("broken_record", f"damaged {method} data ({error})")


def zstd_pieces(
    source: BinaryIO, dictionary: zstandard.ZstdCompressionDict | None = None
) -> Iterator[bytes]:
    """Unpack zstd data, frame after frame, so that what stands before damage is not lost.

    Raises Bad where they are cut off, or what follows a frame is none; and ZstdError.
    """
    made = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=WINDOW)
    data, first = source.read(_ZSTD_INPUT), True
    while data:
        unit = made.decompressobj()
        while not unit.eof:
            try:
                piece = unit.decompress(data)
            except zstandard.ZstdError:
                if not first and not data.startswith((_ZSTD, *SKIPPABLE)):
                    raise Bad("broken_record", _BEHIND) from None
                raise
            if piece:
                yield piece
            if not unit.eof:
                data = source.read(_ZSTD_INPUT)
                if not data:
                    raise Bad("truncated", "the compressed data are cut off")
        data, first = unit.unused_data, False
        while not (data := data.lstrip(b"\x00")):
            data = source.read(_ZSTD_INPUT)
            if not data:
                return


def _dictionary(file: BinaryIO) -> zstandard.ZstdCompressionDict | None:
    """Read the dictionary that a WARC has in its first frame, which other readers skip.

    The file is left behind it, or where it was if there is none. Raises Bad for a damaged one.
    """
    start = file.tell()
    head = file.read(8)
    size = int.from_bytes(head[4:], "little")
    if head[:4] != _DICTIONARY or size > _DICTIONARY_BYTES:
        file.seek(start)
        return None
    data = file.read(size)
    if len(data) < size:
        raise Bad("truncated", "the compressed data are cut off")
    if data.startswith(_ZSTD):
        data = _at_most(zstd_pieces(BytesIO(data)), _DICTIONARY_BYTES)
    return zstandard.ZstdCompressionDict(data, dict_type=zstandard.DICT_TYPE_AUTO)


def unpack(data: bytes, method: str, limits: Limits) -> bytes:
    """Unpack a compressed file or body (``gz``, ``deflate``, ``br``, ``bz2``, ``xz``, ``zst``).

    Raises :class:`Bad` where it is damaged, cut off or larger than the limits allow; never holds
    more than they allow.
    """
    bound = limits.unpacked(len(data))
    try:
        if method == "br":
            out = _unbrotli(data, bound)
        elif method == "zst":
            out = _at_most(zstd_pieces(BytesIO(data)), bound + 1)
        elif method == "deflate":  # servers send it with and without zlib's header
            try:
                out = drain(Inflater(15), data, bound)
            except zlib.error:
                out = drain(Inflater(-15), data, bound)
        else:
            out = _members(data, method, bound)
    except ERRORS as error:
        raise damage(error, method) from error
    if len(out) > bound:
        raise over(bound, limits)
    return out


def _at_most(pieces: Iterator[bytes], size: int) -> bytes:
    out = bytearray()
    while len(out) < size and (piece := next(pieces, b"")):
        out += piece
    return bytes(out[:size])


def over(bound: int, limits: Limits) -> Bad:
    """Return the error for data that unpacks to more than ``bound`` bytes."""
    if bound < limits.page_bytes:
        return Bad(
            "bomb", f"unpacks to more than {limits.member_ratio} times its size ({bound:,} bytes)"
        )
    return Bad("too_large", f"unpacks to more than {bound:,} bytes, the largest page allowed")


def drain(inflater: Decompressor, data: bytes, bound: int) -> bytes:
    """Unpack one member to at most ``bound + 1`` bytes; cut-off data is an error."""
    out = inflater.decompress(data, bound + 1)
    while not inflater.eof and len(out) <= bound:
        more = inflater.decompress(b"", bound + 1 - len(out))
        if not more and not inflater.eof:
            raise Bad("truncated", "the compressed data are cut off")
        out += more
    return out


def _members(data: bytes, method: str, bound: int) -> bytes:
    out = b""
    while data:
        part = decompressor(method)
        try:
            out += drain(part, data, bound - len(out))
        except ERRORS:
            if out:  # what follows the last member is padding
                break
            raise
        if len(out) > bound:
            break
        data = part.unused_data.lstrip(b"\x00")
    return out


def _unbrotli(data: bytes, bound: int) -> bytes:
    try:
        import brotli  # type: ignore[import-untyped]
    except ImportError as error:
        raise Bad("unsupported", "brotli data cannot be read without the brotli package") from error
    reader = brotli.Decompressor()
    out = bytearray()
    try:
        out += reader.process(data, output_buffer_limit=BR_CHUNK)
        while not reader.is_finished() and len(out) <= bound:
            more = reader.process(b"", output_buffer_limit=BR_CHUNK)
            if not more:
                raise Bad("truncated", "the compressed data are cut off")
            out += more
    except brotli.error as error:
        raise Bad("broken_record", f"damaged br data ({error})") from error
    return bytes(out)


def wide_encoding(head: bytes) -> str:
    """Return the encoding of text in UTF-16 by its start; nothing if it is something else."""
    if head.startswith(codecs.BOM_UTF16_LE) or re.match(rb"[!-~]\x00[\t\n\r -~]\x00", head):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE) or re.match(rb"\x00[!-~]\x00[\t\n\r -~]", head):
        return "utf-16-be"
    return ""


def _utf8(file: BinaryIO) -> Iterator[bytes]:
    """Yield text in UTF-16 as UTF-8; halves of pairs that stand alone are kept."""
    data = file.read(INPUT)
    decoder = codecs.getincrementaldecoder(wide_encoding(data))("surrogatepass")
    text = decoder.decode(data).removeprefix("\ufeff")
    while data:
        if text:
            yield text.encode("utf-8", "surrogatepass")
        data = file.read(INPUT)
        text = decoder.decode(data)
    if decoder.getstate()[0]:
        raise Bad("truncated", "the text ends within a character")


class Stream:
    """A compressed file read forwards, with an account of what it unpacks to.

    Reading never raises: at damaged data, at the end of a file that is cut off and at the bound
    on what it may unpack to, it ends, and ``problem`` says why (``code``, ``reason``).
    """

    def __init__(
        self, file: BinaryIO, method: str, size: int, take: Callable[[int], None] | None = None
    ) -> None:
        """Read a file of ``size`` bytes; ``take`` is called with what is unpacked, and may
        raise Bad."""
        self.file = file
        self.size = size
        self.problem: tuple[str, str] | None = None
        self.position = 0  # in the unpacked data, as read by the caller
        self.member = 0  # where the member that is being unpacked begins in the file
        self._method = method
        self._take = take
        self._chunk = b""
        self._at = 0
        self._source = self._open()

    @property
    def consumed(self) -> int:
        """Bytes of the file on disk that were taken."""
        return min(self.size, self.file.tell())

    @property
    def plain(self) -> bool:
        """Whether the data are not compressed, so that what is left of them is known."""
        return not self._method

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes, fewer only at the end."""
        if self.plain:
            data = self.file.read(size)
            self.position += len(data)
            return data
        end = self._at + size
        if end <= len(self._chunk):
            data = self._chunk[self._at : end]
            self._at = end
            self.position += size
            return data
        parts = [self._chunk[self._at :]]
        have = len(parts[0])
        self._chunk, self._at = b"", 0
        while have < size:
            chunk = self._next()
            if not chunk:
                break
            if have + len(chunk) > size:
                self._chunk, self._at = chunk, size - have
                chunk = chunk[: self._at]
            parts.append(chunk)
            have += len(chunk)
        self.position += have
        return b"".join(parts)

    def skip(self, size: int) -> int:
        """Pass over ``size`` bytes; return how many there were."""
        if self.plain:
            size = min(size, max(0, self.size - self.file.tell()))
            self.file.seek(size, os.SEEK_CUR)
            self.position += size
            return size
        done = 0
        while done < size:
            got = len(self.read(min(CHUNK, size - done)))
            if not got:
                break
            done += got
        return done

    def _next(self) -> bytes:
        if self.problem is not None:
            return b""
        try:
            chunk = next(self._source, b"")
            if self._take is not None:
                self._take(len(chunk))
        except Bad as bad:
            self.problem = (bad.code, bad.reason)
            return b""
        except (MemoryError, *ERRORS) as error:
            wrong = damage(error, self._method)
            self.problem = (wrong.code, wrong.reason)
            return b""
        return chunk

    def _open(self) -> Iterator[bytes]:
        if not self._method:
            return iter(())
        if self._method == "zst":
            return zstd_pieces(self.file, _dictionary(self.file))
        if self._method == UTF16:
            return _utf8(self.file)
        return self._members()

    def _members(self) -> Iterator[bytes]:
        data = self.file.read(INPUT)
        first = True
        while data:
            self.member = self.file.tell() - len(data)
            part = decompressor(self._method)
            while not part.eof:
                try:
                    chunk = part.decompress(data, OUTPUT)
                except ERRORS:
                    if not first and not self._looks_packed(data):
                        raise Bad("broken_record", _BEHIND) from None
                    raise
                data = b""
                if chunk:
                    yield chunk
                elif part.needs_input and not part.eof:
                    data = self.file.read(INPUT)
                    if not data:
                        raise Bad("truncated", "the compressed data are cut off")
            data = part.unused_data
            first = False
            while True:  # zero bytes pad members, on tapes
                data = data.lstrip(b"\x00")
                if data:
                    break
                data = self.file.read(INPUT)
                if not data:
                    return

    def _looks_packed(self, data: bytes) -> bool:
        magic = {"gz": b"\x1f\x8b\x08", "bz2": b"BZh", "xz": b"\xfd7zXZ"}[self._method]
        return not data or data.startswith(magic[: len(data)])
