"""Pages that stand between a reader and a market and look alike on all of them.

A gateway's error page and a bare refresh page carry no mark of the market behind them:
what they are can be told, whose they are cannot.
"""

from __future__ import annotations

import re

from cryptodrug_scraper.reading.document import Document, fold

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
_REFRESH = re.compile(r"^\s*[\d.]*\s*[;,]?\s*url\s*=\s*['\"]?\s*([^'\"]+)", re.I)


def _headlines(document: Document) -> list[str]:
    """Return the title and the first heading of a page short enough to be a server's own."""
    if len(document.source) > _LONGEST_BARE_PAGE:
        return []
    heading = document.first("h1, h2")
    found = [document.title, fold(heading.text())[:200] if heading is not None else ""]
    body = document.tree.body
    if not any(found) and body is not None:
        # A proxy's plain-text answer: "502 Bad Gateway" and nothing else.
        text = fold(body.text())
        if len(text) <= 100:
            found.append(text)
    return [text for text in found if text]


def gateway_error(document: Document) -> str | None:
    """Return the words of a server's or gateway's error page (500, 502, 503, 504), or None."""
    return next((text for text in _headlines(document) if _GATEWAY.search(text)), None)


def server_not_found(document: Document) -> str | None:
    """Return the words of a server's own 404 page, or None."""
    return next((text for text in _headlines(document) if _MISSING.search(text)), None)


def refresh_target(document: Document) -> str | None:
    """Return where a page that is nothing but a meta-refresh leads, or None."""
    if len(document.source) > _LONGEST_BARE_PAGE:
        return None
    for node in document.css("meta"):
        attributes = node.attributes
        if (attributes.get("http-equiv") or "").strip().lower() != "refresh":
            continue
        match = _REFRESH.search(attributes.get("content") or "")
        body = document.tree.body
        if match and (body is None or len(fold(body.text())) <= 200):
            return match.group(1).strip()
    return None
