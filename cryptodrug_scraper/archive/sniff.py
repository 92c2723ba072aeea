"""Telling HTML from other content by its first bytes."""

from __future__ import annotations

import re

HEAD = 2048

_TAGS = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|meta\s[^>]{0,200}http-equiv)(?=[\s>/=\"'])",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:\s|\x00|<\?xml[^>]{0,200}\?>|<!--[^\x00]{0,1500}?-->)*"
    rb"<(?:!doctype\s+html|html|head|body|title)(?=[\s>/=\"'])",
    re.IGNORECASE,
)
_MAGIC = (
    b"\x89PNG\r\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"%PDF-",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"BZh9",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x7fELF",
    b"RIFF",
    b"OggS",
    b"wOFF",
    b"wOF2",
    b"SQLite format 3\x00",
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SPACE = b" \t\r\n\f\v\x00"


def _narrow(head: bytes) -> bytes:
    """Return the start of a page as one byte a character, whatever its width."""
    if head.startswith(_UTF16) or (b"\x00" in head and _wide(head)):
        return head.replace(b"\x00", b"")
    return head


def _wide(head: bytes) -> bool:
    """Tell whether text without a byte order mark is UTF-16: every other byte of ``<...`` is 0."""
    start = head.lstrip(b"\x00")[:16]
    return start[:1] == b"<" and not any(start[1::2]) and len(start) >= 8


def begins_as_html(head: bytes) -> bool:
    """Tell whether the very beginning of a file is that of an HTML page, whatever its name."""
    return _BEGINS.match(_narrow(head[:HEAD])) is not None


def looks_like_html(body: bytes) -> bool:
    """Tell whether bytes of unknown kind are an HTML page."""
    head = _narrow(body[:HEAD])
    if _TAGS.search(head.replace(b"\x00", b"")) is None:
        return False
    return problem_of(body) is None


def problem_of(body: bytes) -> tuple[str, str] | None:
    """Return why bytes that are named a page are none (code, reason), or None if they may be."""
    head = body[:1024]
    if b"\x00" in head and not head.startswith(_UTF16) and not _wide(head):
        if not body.strip(b"\x00"):
            return "empty", "it holds nothing but zero bytes"
        if head.startswith(_MAGIC) or _TAGS.search(body[:HEAD].replace(b"\x00", b"")) is None:
            return "not_html", "the content is binary, not HTML"
    if head.startswith(_MAGIC):
        return "not_html", "the content is an image, an archive or another binary, not HTML"
    if not head.strip(_SPACE) and not body.strip(_SPACE):
        return "empty", "the page is empty"
    return None
