"""MHTML, as browsers save a page with all it shows (``.mhtml``, ``.mht``): a mail of many parts."""

from __future__ import annotations

import codecs
import email
import email.errors
import email.policy
from collections.abc import Iterator
from email.message import Message
from urllib.parse import urljoin

from .context import ReadContext
from .http import Response
from .page import Page, ReadIssue
from .responses import KnownCapture, page_of
from .source import Source
from .timestamps import moment_of
from .unpack import Bad

_TIMES = 4  # a page with its images may be so many times as large as a page alone
_PARTS = 10_000
_ENCODINGS = frozenset(
    ("", "7bit", "8bit", "binary", "quoted-printable", "base64", "x-uuencode", "uuencode")
)
_BASE64 = (
    email.errors.InvalidBase64CharactersDefect,
    email.errors.InvalidBase64LengthDefect,
    email.errors.InvalidBase64PaddingDefect,
)
_HTML = ("text/html", "application/xhtml+xml")
_BROKEN = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
    MemoryError,
    email.errors.MessageError,
)


def read_mhtml(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the page of an MHTML file, and the pages of its frames (``file#PART``)."""
    most = _TIMES * context.limits.page_bytes
    if source.size > most:
        reason = f"{source.size:,} bytes, more than the {most:,} that are read of MHTML; skipped"
        yield ReadIssue(source.location, reason, "too_large")
        return
    source.file.seek(0)
    try:
        yield from _pages(source, context, source.file.read(most))
    except _BROKEN as error:
        yield ReadIssue(source.location, f"damaged MHTML ({error}); skipped", "broken_record")


def _pages(source: Source, context: ReadContext, data: bytes) -> Iterator[Page | ReadIssue]:
    message = email.message_from_bytes(
        data.removeprefix(codecs.BOM_UTF8), policy=email.policy.compat32
    )
    base = _header(message, "Snapshot-Content-Location") or _header(message, "Content-Location")
    stated = _header(message, "Date")
    moment = moment_of(stated) if stated else None
    if stated and moment is None:
        reason = f"its date {stated[:60]!r} is no time; the page is read without it"
        yield ReadIssue(source.location, reason, "bad_statement")
    captured = context.when(moment, "archive", source.in_path)
    root = _root(message)
    if not base and root is not None:
        base = _header(root, "Content-Location")
    found = 0
    for number, part in enumerate(message.walk()):
        if number >= _PARTS:
            yield ReadIssue(
                source.location, "it has too many parts; the rest is skipped", "too_many"
            )
            return
        kind = part.get_content_type()
        if part.is_multipart() or (kind not in _HTML and part is not root):
            continue
        location = f"{source.location}#{number}"
        if _cut(part, message):
            reason = "the file ends within this part: what is there of it is read"
            yield ReadIssue(source.location, reason, "truncated")
        url = _header(part, "Content-Location")
        if url and base and "://" in base:
            url = urljoin(base, url)
        elif not url and part is root:
            url = base
        body = part.get_payload(decode=True)
        wrong = _wrong(part)
        if wrong is not None:
            yield ReadIssue(location, f"{wrong.reason}; skipped", wrong.code)
            found += 1
            continue
        if not isinstance(body, bytes):
            continue
        known = KnownCapture(_address(url), captured, _content_type(part), location, None, False)
        page = page_of(Response(None, {}, body), known, context.limits)
        if page is not None:
            found += 1
            yield page
    if not found:
        yield ReadIssue(source.location, "no page is in it; skipped", "not_html")


def _wrong(part: Message) -> Bad | None:
    """Return why the bytes of a part that was decoded are not to be trusted."""
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding not in _ENCODINGS:
        return Bad("unsupported", f"its transfer encoding {encoding[:40]!r} is not known here")
    if any(isinstance(defect, _BASE64) for defect in part.defects):
        return Bad("broken_record", "damaged base64")
    return None


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    # A long address is folded where it has no space.
    return "" if value is None else "".join(str(value).split("\r\n")).replace("\n", "").strip()


def _content_type(part: Message) -> str:
    charset = part.get_content_charset()
    return part.get_content_type() + (f"; charset={charset}" if charset else "")


def _address(url: str | None) -> str | None:
    """Return an address that a page was fetched from; parts of mails have others (``cid:``)."""
    if url is None or not url.lower().startswith(("http://", "https://", "ftp://")):
        return None
    return "".join(url.split())


def _root(message: Message) -> Message | None:
    """Return the part that is the page itself."""
    start = message.get_param("start")
    parts = [part for part in message.walk() if not part.is_multipart()]
    if isinstance(start, str):
        for part in parts:
            if _header(part, "Content-ID") == start.strip():
                return part
    return next((part for part in parts if part.get_content_type() in _HTML), None)


def _cut(part: Message, message: Message) -> bool:
    """Tell whether the mail ends before its end, within this part."""
    if not any(isinstance(d, email.errors.CloseBoundaryNotFoundDefect) for d in message.defects):
        return False
    payload = message.get_payload()
    return isinstance(payload, list) and bool(payload) and payload[-1] is part
