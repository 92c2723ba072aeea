"""The page in a cell of a table: as text or bytes, as base64 or hex, compressed or not."""

from __future__ import annotations

import ast
import base64
import binascii
import re
import zlib

from .page import Limits
from .sniff import looks_like_html
from .unpack import Bad, unpack

_SAMPLE = 8 << 10
_LAYERS = 3  # base64 of gzip data, and the like
_BASE64 = re.compile(rb"[A-Za-z0-9+/_=\s-]{24,}")
_DATA = re.compile(rb"data:[a-z0-9/+.;=_ -]{0,200};base64,", re.IGNORECASE)
_HEX = re.compile(rb"\\x[0-9A-Fa-f]{16,}\s{0,8}")  # as PostgreSQL writes bytes
_LITERAL = re.compile(rb"b(?:'.*'|\".*\")\s{0,8}", re.DOTALL)  # as Python prints bytes
_PACKED = {b"\x1f\x8b": "gz", b"\x28\xb5\x2f\xfd": "zst", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz"}
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


def page_bytes(cell: object, limits: Limits) -> bytes:
    """Return the bytes of the page in a cell; nothing where it is empty.

    How it is packed or written is told by what it begins with. Raises :class:`Bad` where it is
    damaged or too large.
    """
    if isinstance(cell, str):
        # Bytes of a file that are no UTF-8 came as surrogates: they become the same bytes.
        try:
            data = cell.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            data = cell.encode("utf-8", "surrogatepass")
    elif isinstance(cell, bytes | bytearray | memoryview):
        data = bytes(cell)
    else:
        return b""
    for _ in range(_LAYERS):
        if len(data) > 3 * limits.page_bytes:
            break
        inner = _unwrapped(data, limits)
        if inner is None:
            break
        data = inner
    if len(data) > limits.page_bytes:
        raise Bad("too_large", f"{len(data):,} bytes, more than a page may have")
    return data


def _unwrapped(data: bytes, limits: Limits) -> bytes | None:
    """Take one layer off; None if there is none."""
    for magic, method in _PACKED.items():
        if data.startswith(magic):
            return unpack(data, method, limits)
    if data.startswith(_ZLIB):
        return unpack(data, "deflate", limits) if _inflates(data) else None
    start = data.lstrip()[:_SAMPLE]
    if start.startswith(b"<"):
        return None
    try:
        if _HEX.fullmatch(data.strip()):
            return bytes.fromhex(data.strip()[2:].decode("ascii"))
        if start.startswith((b"b'", b'b"')) and _LITERAL.fullmatch(data.strip()):
            found = ast.literal_eval(data.strip().decode("utf-8"))
            return found if isinstance(found, bytes) else None
        if match := _DATA.match(start):
            return base64.b64decode(data.lstrip()[match.end() :])
        if _BASE64.fullmatch(start):
            return _from_base64(data)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return None


def _from_base64(data: bytes) -> bytes | None:
    """Decode base64 if what it stands for is a page, or packed data."""
    plain = b"".join(data.split()).translate(bytes.maketrans(b"-_", b"+/"))
    sample = plain[: _SAMPLE // 4 * 4].rstrip(b"=")
    begins = base64.b64decode(sample + b"=" * (-len(sample) % 4))
    if not looks_like_html(begins) and not begins.startswith((*_PACKED, *_ZLIB)):
        return None
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise Bad("broken_record", f"damaged base64 ({error})") from error


def _inflates(data: bytes) -> bool:
    try:
        zlib.decompressobj().decompress(data[:_SAMPLE], _SAMPLE)
    except zlib.error:
        return False
    return True
