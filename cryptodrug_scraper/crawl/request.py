"""What a crawl asks for: one page of a market, as the queue keeps it and as Scrapy sends it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import scrapy

_COLUMNS = frozenset(("kind", "external_id", "series", "stateful"))
_OF_ONE_WAY = frozenset(
    (
        *("lease", "capture", "page", "probe", "proxy", "received_headers", "is_start_request"),
        *("download_slot", "download_latency", "download_timeout", "download_maxsize", "depth"),
        *("dont_retry", "retry_times", "max_retry_times"),
        *("redirect_times", "redirect_ttl", "redirect_urls", "redirect_reasons"),
    )
)
"""Keys of `Request.meta` that belong to one way there and back, and not to the queue."""


@dataclass(slots=True, frozen=True)
class CrawlRequest:
    """One page that a crawl wants.

    ``address`` is the path with its query, without a host: any mirror can answer it. ``body``
    is a form to be posted (``application/x-www-form-urlencoded``). ``kind`` is the kind of page
    that should come (``index``: any of the market). ``series`` names the run of result pages that
    it is one of. A ``stateful`` request changes what the session shows and must have it to
    itself. Higher ``priority`` comes first. ``more`` is JSON of what a spider gave it beside:
    the callback's name, its arguments, and other keys of ``meta``.
    """

    address: str
    kind: str
    external_id: str | None = None
    method: str = "GET"
    body: str = ""
    series: str | None = None
    stateful: bool = False
    priority: int = 0
    more: str | None = None

    @property
    def key(self) -> bytes:
        """What makes two requests the same."""
        text = f"{self.method}\n{self.address}\n{self.body}"
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def to_scrapy(self, root: str, spider: scrapy.Spider | None = None) -> scrapy.Request:
        """Return Scrapy's request to a mirror (``root``, without a path).

        ``kind``, ``external_id``, ``series`` and ``stateful`` stand in its ``meta``. With a
        ``spider`` the callback that ``more`` names is its method.
        """
        meta: dict[str, Any] = {"kind": self.kind}
        if self.external_id is not None:
            meta["external_id"] = self.external_id
        if self.series is not None:
            meta["series"] = self.series
        if self.stateful:
            meta["stateful"] = True
        more = json.loads(self.more) if self.more and spider is not None else {}
        return scrapy.Request(
            root + self.address,
            callback=getattr(spider, more["callback"]) if "callback" in more else None,
            method=self.method,
            body=self.body or None,
            priority=self.priority,
            meta=more.get("meta", {}) | meta,
            cb_kwargs=more.get("cb_kwargs"),
            dont_filter=True,
        )

    @classmethod
    def from_scrapy(cls, request: scrapy.Request, spider: scrapy.Spider) -> CrawlRequest:
        """Return what the queue keeps of a request that a spider or a middleware made.

        Raises ValueError for what it cannot keep: the request would come back another one.
        """
        parts = urlsplit(request.url)
        address = parts.path or "/"
        if parts.query:
            address += f"?{parts.query}"
        meta = request.meta
        return cls(
            address,
            str(meta.get("kind", "index")),
            meta.get("external_id"),
            request.method,
            _text(request),
            meta.get("series"),
            bool(meta.get("stateful")),
            request.priority,
            _more(request, spider),
        )


def _text(request: scrapy.Request) -> str:
    try:
        return request.body.decode("utf-8")
    except UnicodeDecodeError:
        raise _cannot_keep(request, "a body that is no text in UTF-8") from None


def _more(request: scrapy.Request, spider: scrapy.Spider) -> str | None:
    """Return what stands in no column, as JSON; None if there is nothing."""
    kept: dict[str, Any] = {}
    if request.callback is not None and request.callback != getattr(spider, "parse", None):
        name = getattr(request.callback, "__name__", "")
        if getattr(request.callback, "__self__", None) is not spider or not hasattr(spider, name):
            raise _cannot_keep(request, "a callback that is no method of the spider")
        kept["callback"] = name
    if request.errback is not None:
        raise _cannot_keep(request, "an errback: the queue itself tries again what fails")
    if request.headers.keys() - {b"Content-Type"}:
        raise _cannot_keep(request, "headers of its own: the session's are sent")
    if request.cookies:
        raise _cannot_keep(request, "cookies of its own: the session's are sent")
    meta = {k: v for k, v in request.meta.items() if k not in _COLUMNS and k not in _OF_ONE_WAY}
    if meta:
        kept["meta"] = meta
    if request.cb_kwargs:
        kept["cb_kwargs"] = request.cb_kwargs
    if not kept:
        return None
    try:
        text = json.dumps(kept)
    except (TypeError, ValueError):
        text = ""
    if not text or json.loads(text) != kept:
        raise _cannot_keep(request, "values in meta or cb_kwargs that are not JSON")
    return text


def _cannot_keep(request: scrapy.Request, what: str) -> ValueError:
    return ValueError(f"{request} has {what}, which the queue on the disk cannot keep")
