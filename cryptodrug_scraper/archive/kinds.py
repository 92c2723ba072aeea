"""What a file is: its content says so, and its name only where the content says nothing."""

from __future__ import annotations

import codecs
import re
import struct
import tarfile
from io import BytesIO
from typing import BinaryIO, NamedTuple

from .names import FileKind, is_page_name, kind_of
from .sniff import begins_as_html, looks_like_html
from .table_kinds import TABLES, table_kind
from .unpack import UTF16, Stream, wide_encoding

HEAD = 8 << 10
"""Bytes of a file, packed and unpacked, that are looked at."""


LOOKED_INTO = 2 << 20
"""Bytes of a member of an archive that are needed to see what is packed in it (bzip2's blocks)."""


class Form(NamedTuple):
    """What a file is, and how it is compressed as a whole (``gz``, ``xz`` … or nothing).

    ``format`` is a key of :data:`~.formats.FORMATS`; or one of :data:`UNREAD`, which are named; or
    ``other``, which is passed over; or ``packed``: something else that is compressed as a whole.
    ``certain`` is whether content or name say that it is meant to be read.
    """

    format: str
    packing: str = ""
    certain: bool = True


OTHER = Form("other", certain=False)

UNREAD = {
    "rar": "a RAR archive, which cannot be read here: unpack it first (`unar FILE`)",
    "cab": "a cabinet archive, which cannot be read here: unpack it first (`cabextract FILE`)",
    "cpio": "a cpio archive, which cannot be read here: unpack it first (`cpio -id < FILE`)",
    "lzip": "lzip data, which cannot be read here: unpack it first (`lzip -d FILE`)",
    "lz4": "LZ4 data, which cannot be read here: unpack it first (`lz4 -d FILE`)",
    "compress": "data of `compress`, which cannot be read here: unpack it first (`gunzip FILE`)",
    "lzma": "LZMA data, which cannot be read here: unpack it first (`xz -d FILE`)",
    "part": "a part of an archive that was split: join all parts in order (`cat x.7z.* > x.7z`; "
    "of a zip with .z01: `7z x x.zip`), and read that",
    "wal": "what was last written to an SQLite database, and is not in it yet: have both read as "
    "they lie in a folder, under their own names",
    "iso": "a disk image, which cannot be read here: copy its files into a folder",
}
"""Containers that are known and not read, with what to do."""

PACKINGS = {
    b"\x1f\x8b": "gz",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zst",
}
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # zstd: in WARCs, a dictionary
_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08PK\x03\x04", "zip"),  # begun as one of several parts
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"PAR1", "parquet"),
    (b"MSCF\x00\x00\x00\x00", "cab"),
    (b"070701", "cpio"),
    (b"070707", "cpio"),
    (b"LZIP\x01", "lzip"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x1f\x9d", "compress"),
    (b"\x5d\x00\x00", "lzma"),
    (b"\x37\x7f\x06\x82", "wal"),
    (b"\x37\x7f\x06\x83", "wal"),
)
_BY_NAME = {".rar": "rar", ".7z": "7z", ".cpio": "cpio", ".iso": "iso", ".cab": "cab",
            ".lz": "lzip", ".lz4": "lz4", ".lzma": "lzma", ".arc": "arc",
            ".har": "har", ".mhtml": "mhtml", ".mht": "mhtml",
            ".parquet": "parquet", ".sqlite": "sqlite", ".sqlite3": "sqlite"}  # fmt: skip
_PART = re.compile(
    r"\.(?:7z|zip|rar|tar|tgz|txz|warc|gz|xz|bz2|zst)\.\d{2,4}$|\.z\d\d$|\.r\d\d$", re.IGNORECASE
)
_WEB_ARCHIVE = re.compile(r"\.(w?arc)(?:\.(?:gz|zst|xz|bz2|open))?$", re.IGNORECASE)
_WARC = re.compile(rb"\s{0,16}WARC/\d\.\d\r?\n")
_ARC_LINE = rb":\S{0,1000} \S{1,100} \d{8,14} \S{1,100}(?: \S{1,1000}){0,5} \d{1,10}\r?\n"
_ARC = re.compile(rb"\s{0,16}filedesc" + _ARC_LINE)
_WARC_WITHIN = re.compile(rb"\nWARC/\d\.\d\r?\n[A-Za-z-]{1,80}:")
_ARC_WITHIN = re.compile(rb"\nhttps?" + _ARC_LINE)
_MAIL = re.compile(
    rb"\A\s{0,16}(?:[A-Za-z][A-Za-z0-9-]{0,60}:[^\n]{0,2000}\r?\n(?:[ \t][^\n]{0,2000}\r?\n){0,20})"
    rb"{1,40}"
)
_RELATED = re.compile(rb"^content-type:\s{0,8}multipart/related\b", re.IGNORECASE | re.MULTILINE)
_OTHER_MAIL = re.compile(
    rb"^content-type:\s{0,8}(?:multipart/|text/html|application/xhtml)",
    re.IGNORECASE | re.MULTILINE,
)
_MIME = re.compile(rb"^(?:mime-version|content-transfer-encoding):", re.IGNORECASE | re.MULTILINE)
_HAR = re.compile(
    rb'\A(?:\xef\xbb\xbf)?\s{0,64}\{\s{0,64}(?:"[^"\\]{0,64}"\s{0,64}:\s{0,64}(?:"[^"\\]{0,1024}"|'
    rb'[\w.+-]{1,32})\s{0,64},\s{0,64}){0,8}"log"\s{0,64}:\s{0,64}\{'
)
_LOCAL = struct.Struct("<4s5H3L2H")
_HTTRACK = re.compile(rb"PK\x03\x04.{26}https?://[^\0]{1,4096}?X-In-Cache:", re.DOTALL)
_DOCUMENT = re.compile(rb"PK\x03\x04.{26}(?:mimetype|\[Content_Types\]\.xml|_rels/)", re.DOTALL)


def identify(file: BinaryIO, size: int, name: str) -> Form:
    """Tell what an open file is, from its start; leave it at its start.

    ``name`` is its base name. Nothing is unpacked beyond a few kilobytes (of bzip2: a block).
    Raises OSError where the file cannot be read.
    """
    file.seek(0)
    head = file.read(HEAD)
    packing = packing_of(head)
    inner, damaged = b"", False
    if packing:
        file.seek(0)
        stream = Stream(file, packing, size)
        inner = stream.read(HEAD)
        damaged = len(inner) < HEAD and stream.problem is not None
    file.seek(0)
    form = form_of(head, inner, name)
    if damaged and form.format == "other":
        return Form("packed", packing, certain=False)  # too little is left to see what it was
    return form


def identify_bytes(data: bytes, name: str) -> Form:
    """Tell what a file is whose bytes (or the first megabyte of them) are at hand."""
    return identify(BytesIO(data), len(data), name)


def packing_of(head: bytes) -> str:
    """Return how data are compressed, by what they begin with; nothing if they are not."""
    for magic, packing in PACKINGS.items():
        if head.startswith(magic):
            return packing
    return "zst" if _SKIPPABLE.match(head) else ""


def form_of(head: bytes, inner: bytes, name: str) -> Form:
    """Tell what a file is from its start, and from the start of what is packed in it."""
    packing = packing_of(head)
    if not packing:
        return Form("packed", UTF16) if _is_wide(head, name) else _plain(head, name)
    if not inner:  # damaged from the start on, or nothing in it
        return _damaged(name, packing)
    if packing_of(inner) or _is_wide(inner, name):
        return Form("packed", packing)
    plain_name = name
    if kind_of(name)[0] is FileKind.PACKED:
        plain_name = name.rpartition(".")[0]
    form = _plain(inner, plain_name)
    if form.format in ("page", "tar", "other"):
        return form._replace(packing=packing)
    if form.format == "warc" and packing in ("gz", "zst") and not _SKIPPABLE.match(head):
        return Form("warc", packing)  # its records can be found without unpacking all of it
    return Form("packed", packing)


def _is_wide(head: bytes, name: str) -> bool:
    """Tell whether this is text in UTF-16 that is read as UTF-8: pages and CSV are read as such."""
    encoding = wide_encoding(head)
    if not encoding:
        return False
    text = head.decode(encoding, "replace").removeprefix("\ufeff").encode("utf-8", "replace")
    return _plain(text, name).format in ("har", "json", "jsonl", "mhtml")


def _plain(head: bytes, name: str) -> Form:
    for magic, form in _MAGIC:
        if head.startswith(magic):
            if _DOCUMENT.match(head):
                return OTHER  # of an office program; an e-book
            if _HTTRACK.match(head):
                return Form("httrack")
            if magic != _MAGIC[0][0] or _is_zip(head):
                return Form(form)
    if _WARC.match(head):
        return Form("warc")
    if _ARC.match(head):
        return Form("arc")
    if _is_tar(head):
        return Form("tar")
    if begins_as_html(head):
        return Form("page")
    if _is_mail(head):
        return Form("mhtml")
    if _HAR.match(head):
        return Form("har")
    table = table_kind(head, name)
    if table:
        return Form(table, certain=False)
    return _by_name(head, name)


def archive_within(data: bytes) -> Form | None:
    """Tell whether what would be taken for one page is an archive whose beginning is damaged."""
    if _WARC_WITHIN.search(data):
        return Form("warc")
    if _ARC_WITHIN.search(data):
        return Form("arc")
    end = data.rfind(b"PK\x05\x06")
    if not begins_as_html(data) and 0 < data.find(b"PK\x01\x02") < end:
        return Form("zip")
    return None


def _by_name(head: bytes, name: str) -> Form:
    """Decide by the name, where the content says nothing for certain."""
    kind, packing = kind_of(name)
    if is_page_name(name):
        return Form("page", packing if kind is FileKind.PACKED else "")
    if kind is FileKind.ARCHIVE:
        form, _, method = packing.partition(":")
        return Form(form, method)
    suffix = "." + name.lower().rpartition(".")[2]
    if _PART.search(name):
        return Form("part")
    if suffix in _BY_NAME:
        return Form(_BY_NAME[suffix])
    web_archive = _WEB_ARCHIVE.search(name)
    if web_archive is not None:
        return Form(web_archive[1].lower())
    if kind is FileKind.PACKED and packing == "br":
        return Form("page", packing, certain=False)
    if kind in (FileKind.OTHER, FileKind.JSON) or not looks_like_html(head):
        if head and packing in PACKINGS.values() and (kind is FileKind.PACKED or _is_known(name)):
            return Form("packed", packing)  # it is not what its name says
        return _spoilt(head)
    if _WARC_WITHIN.search(head):  # an archive of pages whose beginning is damaged
        return Form("warc")
    return Form("arc") if _ARC_WITHIN.search(head) else Form("page", certain=False)


def _spoilt(head: bytes) -> Form:
    """Tell what begins as a zip and goes on as none: its members may be in its index."""
    begins = head.startswith(_MAGIC[0][0]) and not _DOCUMENT.match(head)
    binary = any(byte < 8 for byte in head[4 : _LOCAL.size + 10]) or len(head) < _LOCAL.size
    return Form("zip") if begins and binary else OTHER


def _damaged(name: str, packing: str) -> Form:
    kind, stated = kind_of(name)
    if kind is FileKind.ARCHIVE:
        form, _, _ = stated.partition(":")
        return Form(form, packing)
    if _is_known(name):
        return Form("packed", packing)  # whose reader says what is wrong
    if kind is FileKind.OTHER:
        return OTHER
    return Form("page", packing, certain=is_page_name(name))


def _is_known(name: str) -> bool:
    """Tell whether a name, that of its packing left out, is one of tables and archives."""
    lower = name.lower()
    return any(stem.endswith((*_BY_NAME, *TABLES)) for stem in (lower, lower.rpartition(".")[0]))


def _is_mail(head: bytes) -> bool:
    """Tell whether this is a page as browsers save it in the form of a mail, of parts or of one."""
    mail = _MAIL.match(head.removeprefix(codecs.BOM_UTF8))
    if mail is None:
        return False
    if _RELATED.search(mail[0]):
        return True
    return all(one.search(mail[0]) for one in (_OTHER_MAIL, _MIME)) and b"text/html" in head.lower()


def _is_zip(head: bytes) -> bool:
    """Tell whether a member's header is one: four bytes alone may be damage to something else."""
    if len(head) < _LOCAL.size:
        return True
    fields = _LOCAL.unpack_from(head)
    return bool(fields[1] & 0xFF < 100 and fields[3] < 100 and 0 < fields[9] <= 4096)


def _is_tar(head: bytes) -> bool:
    block = head[: tarfile.BLOCKSIZE]
    if len(block) < tarfile.BLOCKSIZE or not block[0]:
        return False
    if block[257:262] == b"ustar":
        return True
    try:  # tar of before 1988: the checksum of the header is all there is
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError, OverflowError, IndexError):
        return False
    return True
