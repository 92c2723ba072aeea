"""The headers of a tar, one after the other.

They are walked here rather than by ``tarfile``, which reads a long name of any stated size into
memory and takes a damaged header for the end; its parser of a single header is used.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from typing import NamedTuple

from .names import shown
from .page import Limits
from .unpack import Stream

BLOCK = 512
REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
LINKS = (tarfile.SYMTYPE, tarfile.LNKTYPE)
_META_BYTES = 1 << 20
_ZERO = bytes(BLOCK)
_PAX = re.compile(rb"(\d{1,20}) ([^=\n]{1,256})=")
_NO_DATA = (*LINKS, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)


class TarMember(NamedTuple):
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

    def __iter__(self) -> Iterator[TarMember | Damage]:
        stream = self._stream
        name: str | None = None
        size: int | None = None
        fits, sparse = True, False
        lost, ended, cut, met = False, False, False, False
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
                elif not met:
                    yield Damage(0, "empty", "nothing but zero bytes is in it")
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
            met = True
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
            if kind not in _NO_DATA and not (kind in REGULAR and info.isdir()):
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
            yield TarMember(
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
