"""Taking apart an HTTP response as it is stored in a WARC record."""

from __future__ import annotations

import re
from typing import NamedTuple

from .page import Limits
from .secret import SECRETS
from .sniff import HEAD, begins_as_html
from .unpack import Bad, unpack

HEAD_BYTES = 256 << 10

_ENCODINGS = {"gzip": "gz", "x-gzip": "gz", "deflate": "deflate", "br": "br", "zstd": "zst"}
_CHUNK_LINE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,1024})?\r?\n")
_PASSED = frozenset(("", "text/plain", "application/octet-stream", "unknown/unknown"))


_HEADER = re.compile(rb"(?:content-|date:|server:|set-cookie:|x-|last-modified:)", re.IGNORECASE)
_TYPE = re.compile(r"[a-z0-9]{1,20}/[a-z0-9.+-]{1,60}")
_SORTS = {
    "css": "styles",
    "javascript": "scripts",
    "ecmascript": "scripts",
    "image/": "images",
    "font": "fonts",
    "audio/": "sound and film",
    "video/": "sound and film",
}


class Response(NamedTuple):
    """A stored HTTP response; the body is as stored, encodings not yet undone."""

    status: int | None
    headers: dict[str, str]
    body: bytes


def split_response(block: bytes) -> Response | None:
    """Split a stored response into status, headers (credentials dropped) and body."""
    start = 1  # line of the first header
    if not block.startswith((b"HTTP/", b"HTTP ", b"ICY ")):
        if begins_as_html(block[:HEAD]):  # as HTTP 0.9 answers: nothing but the page
            return Response(None, {}, block)
        if _HEADER.match(block) is None:
            return None
        start = 0
    end = block.find(b"\r\n\r\n", 0, HEAD_BYTES)
    width = 4
    if end < 0:
        end = block.find(b"\n\n", 0, HEAD_BYTES)
        width = 2
        if end < 0:
            if len(block) > HEAD_BYTES:
                return None
            end = len(block)
    lines = block[:end].decode("latin-1").split("\n")
    headers: dict[str, str] = {}
    last = ""
    for line in lines[start:]:
        key, colon, value = line.partition(":")
        if line[:1] in (" ", "\t"):  # an old way to go on with the header above
            if last in headers:
                headers[last] += " " + line.strip()
        elif colon:
            last = key.strip().lower()
            if last not in SECRETS:
                value = value.strip()
                headers[last] = f"{headers[last]}, {value}" if last in headers else value
    words = lines[0].split(None, 2) if start else []
    code = words[1] if len(words) > 1 else ""
    status = int(code) if len(code) == 3 and code.isascii() and code.isdigit() else None
    body = block[end + width :]
    if status is not None and 100 <= status < 200 and body.startswith(b"HTTP/"):
        return split_response(body)  # "100 Continue": the answer itself follows
    return Response(status, headers, body)


def content_kind(content_type: str | None) -> bool | None:
    """Tell from a Content-Type whether a body is a page: yes, no, or None (look at it)."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if "html" in kind:
        return True
    return None if kind in _PASSED else False


def sort_of_type(content_type: str | None, status: int | None) -> str:
    """Return the sort of a response that is no page, to count it (as names of files are)."""
    if status is not None and 300 <= status < 400:
        return "redirects without a page"
    kind = (content_type or "").partition(";")[0].strip().lower()
    for part, sort in _SORTS.items():
        if part in kind:
            return sort
    return kind if _TYPE.fullmatch(kind) else "responses of unknown type"


def decoded_body(response: Response, limits: Limits) -> bytes:
    """Undo transfer and content encodings, within the limits.

    Archives often keep the header of an encoding that the crawler had undone already: a body
    that is visibly not encoded is returned as it is.
    """
    headers, body = response.headers, response.body
    if "transfer-encoding" in headers and "chunked" in headers["transfer-encoding"].lower():
        body = _dechunked(body)
    named = headers.get("content-encoding")
    if named:
        for name in reversed(named.lower().split(",")[:5]):
            name = name.strip()
            if name in ("", "identity", "none", "utf-8") or not body:
                continue
            method = _ENCODINGS.get(name)
            if method is None:
                if body.lstrip()[:1] == b"<":
                    continue
                raise Bad("unsupported", f"content encoding {name[:40]!r} is not known here")
            if method == "gz" and not body.startswith(b"\x1f\x8b"):
                continue
            if method != "gz" and body.lstrip()[:1] == b"<":
                continue
            body = unpack(body, method, limits)
    return body


def _dechunked(body: bytes) -> bytes:
    """Join a chunked body. What is not chunked at all was joined by the crawler."""
    parts: list[bytes] = []
    at = 0
    while True:
        match = _CHUNK_LINE.match(body, at)
        if match is None:
            if not parts and at == 0:
                return body
            if at >= len(body.rstrip()):
                raise Bad("truncated", "the chunked body ends before its last chunk")
            raise Bad("broken_record", "the chunked body is damaged")
        size = int(match[1], 16)
        at = match.end()
        if size == 0:
            return b"".join(parts)
        if at + size > len(body):
            raise Bad("truncated", "the chunked body ends before its last chunk")
        parts.append(body[at : at + size])
        at += size
        if body.startswith(b"\r\n", at):
            at += 2
        elif body.startswith(b"\n", at):
            at += 1
