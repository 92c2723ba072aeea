"""What a request tells of who asks: what Tor Browser tells, and the identity's cookies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from cryptodrug_scraper.access.cookies import can_be_sent

if TYPE_CHECKING:
    from scrapy.http import Headers

TOR_BROWSER = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
"""The user agent of Tor Browser 15 on every desktop; an identity may have another."""

_HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def request_headers(
    user_agent: str | None, cookies: Mapping[str, str], *, posted_from: str | None = None
) -> list[tuple[str, str]]:
    """Return the headers of a page's request, in the order of Tor Browser.

    ``posted_from`` is the root (``http://….onion``) of the page whose form is posted.
    """
    headers = [
        ("User-Agent", user_agent or TOR_BROWSER),
        ("Accept", _HTML),
        ("Accept-Language", "en-US,en;q=0.5"),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ]
    if posted_from is not None:
        headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        headers.append(("Origin", posted_from))
    headers.append(("Connection", "keep-alive"))
    if cookies:
        headers.append(("Cookie", "; ".join(f"{k}={v}" for k, v in cookies.items())))
    headers += [
        ("Upgrade-Insecure-Requests", "1"),
        ("Sec-Fetch-Dest", "document"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Site", "same-origin" if posted_from else "none"),
        ("Sec-Fetch-User", "?1"),
        ("Priority", "u=0, i"),
    ]
    return headers


_NAMES = frozenset(name.lower() for name, _ in request_headers(None, {"a": "b"}, posted_from="-"))


def added_by_others(headers: Headers) -> list[tuple[str, str]]:
    """Return the headers of a request that the browser never sends: others added them.

    A request that a redirect led to has those of the one before still, such as the origin of a
    form, which must not be sent again.
    """
    return [(name, value) for name, value in as_text(headers) if name.lower() not in _NAMES]


def as_text(headers: Headers) -> list[tuple[str, str]]:
    """Return Scrapy's headers as text that stands for bytes (latin-1)."""
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in headers.items()
        for value in values
    ]


def cookies_set(values: Iterable[str]) -> dict[str, str | None]:
    """Read ``Set-Cookie`` headers: names with their new values, None for those taken away.

    A cookie that could not stand in a request's header is passed over.
    """
    changes: dict[str, str | None] = {}
    for value in values:
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(value[:8192])
        except CookieError:
            continue
        for name, morsel in list(jar.items())[:1]:
            gone = morsel["max-age"].strip().startswith(("0", "-")) or "1970" in morsel["expires"]
            kept = None if gone or not morsel.value else morsel.coded_value
            if len(changes) < 50 and can_be_sent(name, kept or ""):
                changes[name] = kept
    return changes
