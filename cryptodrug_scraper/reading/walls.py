"""Pages that stand between a reader and a market and look alike on all of them.

A gateway's error page and a bare refresh page carry no mark of the market behind them:
what they are can be told, whose they are cannot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cryptodrug_scraper.reading.document import Document, fold
from cryptodrug_scraper.reading.links import address
from cryptodrug_scraper.reading.market import Kind
from cryptodrug_scraper.reading.nodes import attribute

_LONGEST_BARE_PAGE = 16 * 1024  # Cloudflare's error pages have 8 KB

_GATEWAY = re.compile(
    r"\b(?:HTTP )?(?:500|502|503|504|52\d)\b.{0,40}\b(?:error|gateway|unavailable|time-?d? ?-?out|"
    r"unreachable|unknown|refused|down|failed)"
    r"|^(?:error )?(?:500|502|503|504|52\d)(?: error)?$"
    r"|^(?:bad gateway|gateway time-?out|internal server error"
    r"|service (?:temporarily )?unavailable)$",
    re.I,
)
_MISSING = re.compile(r"^(?:error |http )?404\b|^(?:page )?not found$", re.I)
_SHORT_TEXT = 200  # characters on a page that is nothing but a refresh


def _headlines(document: Document) -> list[str]:
    """Return the title and the first heading of a page short enough to be a server's own."""
    if len(document.source) > _LONGEST_BARE_PAGE:
        return []
    heading = document.first("h1, h2")
    headlines = [document.title, fold(heading.text())[:200] if heading is not None else ""]
    body = document.tree.body
    if not any(headlines) and body is not None:
        # A proxy's plain-text answer: "502 Bad Gateway" and nothing else.
        text = fold(body.text())
        if len(text) <= 100:
            headlines.append(text)
    return [text for text in headlines if text]


def gateway_error(document: Document) -> str | None:
    """Return the words of a server's or gateway's error page (500, 502, 503, 504), or None."""
    return next((text for text in _headlines(document) if _GATEWAY.search(text)), None)


def server_not_found(document: Document) -> str | None:
    """Return the words of a server's own 404 page, or None."""
    return next((text for text in _headlines(document) if _MISSING.search(text)), None)


_NOT_THERE = re.compile(
    r"\b(?:offer|listing|product|item|user|member|vendor|seller|profile|page)\b[^.!?]{0,40}?"
    r"(?:\bnot\s+(?:be\s+)?found\b|\b(?:does|do|did)(?:\s?not|n['’]t)\s+exist"
    r"|\bno\s+longer\s+(?:exists?|available|active|online)\b"
    r"|\b(?:removed|deleted)\b|\bnot\s+(?:exist|available)\b)"
    r"|\b(?:no\s+such|unknown|invalid)\s+(?:offer|listing|product|item|user|vendor|profile)\b"
    r"|\bno\s+(?:offer|listing|product|user|vendor|profile)\s+(?:with|by|of|under)\b[^.!?]{0,20}"
    r"\b(?:id|name|number|address)\b"
    r"|\b(?:offer|listing|product|user|vendor|profile)\s+(?:is\s+)?unavailable\b"
    r"|\b(?:could|can)\s?not\s+find\s+(?:this|that|the)\s+(?:offer|listing|user|vendor|profile)\b"
    r"|\b404\b\W{0,3}\s*(?:page\s+)?not\s+found\b",
    re.I,
)


def not_there(texts: Iterable[str], longest: int = 100) -> Kind | None:
    """Tell a page of which a message says that there is no such offer, vendor or page."""
    for text in texts:
        if len(text) <= longest and _NOT_THERE.search(text):
            return Kind("not_found", f"it says: {text[:80]}", by_absence=True)
    return None


def server_page(document: Document) -> Kind | None:
    """Tell a page that a server or gateway made: an error, a refresh, a page that is missing."""
    if error := gateway_error(document):
        return Kind("error", f"a server's error page: {error}", by_absence=True)
    if is_bare_refresh(document):
        target = refresh_target(document) or "itself"
        return Kind("challenge", f"nothing but a refresh to {target[:100]}", by_absence=True)
    if missing := server_not_found(document):
        return Kind("not_found", f"a 404 page: {missing}", by_absence=True)
    return None


def _refreshes(document: Document) -> list[str]:
    """Return what the page's meta-refreshes hold."""
    if not document.mentions("refresh", "Refresh", "REFRESH"):
        return []
    return [
        attribute(node, "content")
        for node in document.css("meta[http-equiv]")
        if attribute(node, "http-equiv").strip().lower() == "refresh"
    ]


def refreshes(document: Document) -> bool:
    """Say whether a page loads itself or another by a meta-refresh, at once or later."""
    return any(_REFRESH.fullmatch(content) for content in _refreshes(document))


def is_bare_refresh(document: Document) -> bool:
    """Say whether a page is nothing but a meta-refresh, with a line of text at most."""
    if len(document.source) > _LONGEST_BARE_PAGE or not refreshes(document):
        return False
    body = document.tree.body
    return body is None or len(fold(body.text())) <= _SHORT_TEXT


def refresh_target(document: Document, url: str | None = None) -> str | None:
    """Return where a page that is nothing but a meta-refresh leads, as the page writes it.

    None for a page that loads itself again: without an address, or with ``url``, its own.
    """
    if not is_bare_refresh(document):
        return None
    targets = [target for c in _refreshes(document) if (target := refresh_address(c))]
    if not targets or (url and address(targets[0], url)[:3] == address(url)[:3]):
        return None
    return targets[0]


_WHITE = r"[\t\n\f\r ]*"
_REFRESH = re.compile(
    rf"{_WHITE}(?:\d[\d.]*|\.[\d.]*)(?:\Z|(?=[;,\t\n\f\r ]){_WHITE}[;,]?{_WHITE})"
    rf"(?:url{_WHITE}={_WHITE})?(?P<address>.*)",
    re.I | re.S,
)


def refresh_address(content: str) -> str | None:
    """Return the address in a meta-refresh's ``content``; None if it loads its own page again.

    As the HTML standard has it (shared declarative refresh steps): ``2; /login``,
    ``0;URL='/x'``, ``0,url=/x``. A quoted address ends at its quote; what is no refresh,
    such as ``soon; /x``, leads nowhere.
    """
    match = _REFRESH.fullmatch(content)
    target = match["address"] if match is not None else ""
    if target[:1] in ("'", '"') and target:
        target = target[1:].partition(target[0])[0]
    return target.strip() or None
