"""Scrapy's HTTP cache: a folder a page, with ``meta``, ``response_headers``, ``response_body``.

``pickled_meta`` is not looked at (to unpickle is to run what was pickled); ``meta`` holds the same
as a Python literal, and is read as no more than that.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import Any

from .context import ReadContext
from .http import Response, split_response
from .page import Page, ReadIssue
from .responses import KnownCapture, page_of
from .source import Source
from .timestamps import moment_of
from .unpack import Bad, unpack

BODY = "response_body"
META, PICKLED, HEADERS = "meta", "pickled_meta", "response_headers"
BESIDE = frozenset((META, PICKLED, HEADERS))
"""What stands beside a body, and is read with it."""

_META_BYTES = 64 << 10
_HEADER_BYTES = 256 << 10
_GZIP = b"\x1f\x8b"
_BROKEN = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)


def is_cached(source: Source) -> bool:
    """Tell whether a file is the body of an entry of the cache."""
    if source.name != BODY:
        return False
    return any(source.sibling(name, _META_BYTES) is not None for name in (META, PICKLED))


def read_cached(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the page of one entry of the cache; ``source`` is its body."""
    limits, location = context.limits, source.location
    source.file.seek(0)
    data = source.file.read(limits.page_bytes + 1)
    if len(data) > limits.page_bytes:
        reason = f"more than the {limits.page_bytes:,} bytes a page may have; skipped"
        yield ReadIssue(location, reason, "too_large")
        return
    meta: dict[str, Any] = {}
    found = source.sibling(META, _META_BYTES)
    if isinstance(found, tuple):
        read = _meta(found[0], context)
        if isinstance(read, str):
            yield ReadIssue(found[1], f"{read}; its page is read without it", "bad_sidecar")
        else:
            meta = read
    elif isinstance(found, ReadIssue):
        reason = f"{found.reason}; its page is read without it"
        yield ReadIssue(found.location, reason, "bad_sidecar")
    else:
        reason = f"no `{META}` is beside it: address and time are not known"
        yield ReadIssue(location, reason, "bad_sidecar")
    headers = _headers(source, context)
    if isinstance(headers, ReadIssue):
        yield headers
        headers = {}
    try:
        body = data if _sent_packed(headers, found) else _unpacked(data, context)
    except Bad as bad:
        yield ReadIssue(location, f"{bad.reason}; skipped", bad.code)
        return
    status = meta.get("status")
    if not isinstance(status, int) or not 100 <= status <= 599:
        status = None
    moment = None
    if "timestamp" in meta:
        moment = moment_of(meta["timestamp"])
        if moment is None:
            reason = f"its timestamp {meta['timestamp']!r:.60} is no time; it is read without"
            yield ReadIssue(location, reason, "bad_statement")
    url = meta.get("response_url") or meta.get("url")
    known = KnownCapture(
        url if isinstance(url, str) and url.isprintable() else None,
        context.when(moment, "archive", source.in_path),
        headers.get("content-type"),
        location,
        None,
        False,
    )
    page = page_of(Response(status, headers, body), known, limits)
    if page is None:
        context.pass_over(location, "of other types")
    else:
        yield page


def _meta(data: bytes, context: ReadContext) -> dict[str, Any] | str:
    try:
        data = _unpacked(data, context)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            found = ast.literal_eval(data[:_META_BYTES].decode("utf-8"))
    except Bad as bad:
        return bad.reason
    except _BROKEN:
        return "it is no literal of Python"
    return found if isinstance(found, dict) else "it is no dictionary"


def _sent_packed(headers: dict[str, str], meta: object) -> bool:
    """Tell whether it was the server that compressed a body, and not the cache."""
    cache_packs = isinstance(meta, tuple) and meta[0].startswith(_GZIP)
    return "content-encoding" in headers and not cache_packs


def _unpacked(data: bytes, context: ReadContext) -> bytes:
    """Return a file of the cache, which with ``HTTPCACHE_GZIP`` is compressed. Raises Bad."""
    return unpack(data, "gz", context.limits) if data.startswith(_GZIP) else data


def _headers(source: Source, context: ReadContext) -> dict[str, str] | ReadIssue:
    found = source.sibling(HEADERS, _HEADER_BYTES)
    if found is None:
        return {}
    if isinstance(found, ReadIssue):
        reason = f"{found.reason}; its page is read without it"
        return ReadIssue(found.location, reason, "bad_sidecar")
    data, location = found
    try:
        data = _unpacked(data, context)
    except Bad as bad:
        return ReadIssue(location, f"{bad.reason}; its page is read without it", "bad_sidecar")
    response = split_response(b"HTTP/1.1 200 OK\r\n" + data.strip() + b"\r\n\r\n")
    return {} if response is None else response.headers
