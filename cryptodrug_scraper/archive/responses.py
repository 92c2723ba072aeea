"""The page that a stored response is: one road for archives that are read and that are written."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from .http import Response, content_kind, decoded_body
from .invented import of_this_machine
from .page import Limits, Page, ReadIssue
from .sidecar import without_credentials
from .sniff import looks_like_html, problem_of
from .stamp import CrawlStamp
from .unpack import Bad

NO_BODY = frozenset((204, 205, 301, 302, 303, 304, 307, 308))


class KnownCapture(NamedTuple):
    """What a record says of its response. ``captured`` is a moment, how exact, and from where."""

    url: str | None
    captured: tuple[datetime | None, str | None, str | None]
    content_type: str | None
    location: str
    crawl: CrawlStamp | None
    cut_short: bool
    invented: bool = False


def page_of(
    stored: Response, known: KnownCapture, limits: Limits, stated: Response | None = None
) -> Page | ReadIssue | None:
    """Make a page of a response; None if it is passed over (an image, an empty redirect).

    ``stated`` is the response that came this time, where ``stored`` is one that had brought the
    same body before (a revisit).
    """
    if stated is None:
        stated = stored
    html = content_kind(known.content_type)
    if html is False:
        return None
    try:
        body = decoded_body(stored, limits)
    except Bad as bad:
        return ReadIssue(known.location, f"{bad.reason}; skipped", bad.code)
    if len(body) > limits.page_bytes:
        return ReadIssue(
            known.location, f"{len(body):,} bytes, more than a page may have; skipped", "too_large"
        )
    if not html and not looks_like_html(body):
        return None
    if not body and stated.status in NO_BODY:
        return None
    problem = problem_of(body)
    if problem is not None:
        return ReadIssue(known.location, f"{problem[1]}; skipped", problem[0])
    url = known.url
    if url is not None:
        url = without_credentials(url.strip("<> ")) or None
    return Page(
        body,
        url,
        *known.captured,
        stated.status,
        stated.headers or None,
        known.content_type,
        known.location,
        known.crawl,
        known.cut_short,
        known.invented
        or (known.crawl is not None and known.crawl.invented)
        or of_this_machine(url),
    )
