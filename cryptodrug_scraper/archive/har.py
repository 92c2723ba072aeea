"""HAR: what the network tools of a browser (Tor Browser, Firefox, Chromium) saw, as JSON."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from .context import ReadContext
from .http import Response, content_kind
from .json_items import json_items
from .page import Page, ReadIssue
from .responses import NO_BODY, KnownCapture, page_of
from .secret import public_headers
from .source import Source
from .timestamps import moment_of
from .unpack import Bad

_ENCODED = frozenset(("content-encoding", "transfer-encoding"))  # the browser has undone them
_GROWN = 3  # JSON's escapes and base64 make a page so much larger, at most
_BOM = 3
_REQUEST = re.compile(rb'"request"\s*:\s*\{')


def read_har(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the pages of a HAR file, in its order (``file#ENTRY``, from 1)."""
    source.file.seek(0)
    most = _GROWN * context.limits.page_bytes
    number = 0
    for number, entry in enumerate(json_items(source.file, ("log", "entries"), most), 1):
        context.at(source, source.file.tell())
        location = f"{source.location}#{number}"
        if isinstance(entry, Bad):
            yield ReadIssue(location, f"{entry.reason}; skipped", entry.code)
        else:
            yield from _entry(entry, location, source, context)
    if not number and _REQUEST.search(source.head(most)):
        reason = "damaged: the list of requests in it cannot be found"
        yield ReadIssue(source.location, reason, "broken_record")
    elif not number:
        yield ReadIssue(source.location, "no request was recorded in it", "empty")


def _entry(
    entry: dict[str, Any], location: str, source: Source, context: ReadContext
) -> Iterator[Page | ReadIssue]:
    request, response = _object(entry, "request"), _object(entry, "response")
    content = _object(response, "content")
    headers = _headers(response.get("headers"))
    kind = _text(content.get("mimeType")) or headers.get("content-type") or ""
    if content_kind(kind) is False:
        context.pass_over(location, "of other types")
        return
    status = response.get("status")
    if not isinstance(status, int) or not 100 <= status <= 599:
        status = None  # 0: the browser got no answer
    body = _body(content)
    if isinstance(body, Bad):
        yield ReadIssue(location, f"{body.reason}; skipped", body.code)
        return
    if not body:
        comment = _text(content.get("comment"))
        if status not in NO_BODY and (comment or content_kind(kind) or content.get("size") != 0):
            reason = comment or "the browser kept no content of it"
            yield ReadIssue(location, f"no page: {reason[:200]}", "not_kept")
        else:
            context.pass_over(location, "without content")
        return
    moment = moment_of(entry.get("startedDateTime"))
    if moment is None:
        reason = f"its time {entry.get('startedDateTime')!r:.80} is none; it is read without"
        yield ReadIssue(location, reason, "bad_statement")
    captured = context.when(moment, "archive", source.in_path)
    cut_short = _cut_short(content, body)
    # The text has been decoded: it is UTF-8 now, whatever it was.
    plain = kind.partition(";")[0].strip()
    as_sent = _text(content.get("encoding")).strip().lower() == "base64"
    kind = kind if as_sent else f"{plain}; charset=utf-8"
    stated = Response(status, headers, b"")
    stored = Response(status, {k: v for k, v in headers.items() if k not in _ENCODED}, body)
    url = _text(request.get("url")).partition("#")[0] or None
    known = KnownCapture(url, captured, kind, location, None, cut_short)
    page = page_of(stored, known, context.limits, stated)
    if page is None:
        context.pass_over(location, "of other types")
        return
    yield page
    if cut_short and isinstance(page, Page):
        yield ReadIssue(location, "the browser kept its start only", "cut_short")


def _body(content: dict[str, Any]) -> bytes | Bad:
    text = content.get("text")
    if not isinstance(text, str):
        return b""
    encoding = _text(content.get("encoding")).strip().lower()
    if encoding not in ("", "base64", "utf-8", "utf8"):
        return Bad("unsupported", f"its encoding {encoding[:40]!r} is not known here")
    if encoding != "base64":
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        return Bad("broken_record", f"damaged base64 ({error})")


def _cut_short(content: dict[str, Any], body: bytes) -> bool:
    """Tell whether the browser kept the start of a body only (Firefox: of long ones)."""
    if "truncat" in _text(content.get("comment")).lower():
        return True
    size = content.get("size")
    if not isinstance(size, int) or isinstance(size, bool):
        return False
    wide = "utf-16" in _text(content.get("mimeType")).lower()
    return size > len(body) + _BOM and not wide


def _object(holder: dict[str, Any], key: str) -> dict[str, Any]:
    found = holder.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _headers(headers: object) -> dict[str, str]:
    pairs = [
        (_text(line.get("name")), _text(line.get("value")))
        for line in (headers if isinstance(headers, list) else [])
        if isinstance(line, dict)
    ]
    return {name.lower(): value for name, value in public_headers(pairs)}
