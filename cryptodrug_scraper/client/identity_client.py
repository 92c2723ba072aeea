"""Requests of one identity outside a crawl: with its cookies, its circuit, and redirects.

What a request is made of and how long it may take, `http_client` says, for these as for a crawl;
what an answer is, `answer` does.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urljoin, urlsplit

from cryptodrug_scraper.access.cookies import updated
from cryptodrug_scraper.access.sessions import Identity
from cryptodrug_scraper.client.answer import Answer
from cryptodrug_scraper.client.headers import cookies_set, request_headers
from cryptodrug_scraper.client.http_client import ask
from cryptodrug_scraper.tor.circuits import proxy_url

HOPS = 5
"""Redirects that are followed for one page."""


class LedAway(Exception):
    """A redirect that is not followed: to where no mirror is, or the sixth in a row."""


@dataclass(slots=True)
class AnsweredRequest:
    """A request that went out, and its answer; the moment is that of the whole answer, in UTC."""

    url: str
    method: str
    headers: list[tuple[str, str]] = field(repr=False)
    body: str = field(repr=False)
    at: datetime
    answer: Answer


class Client:
    """Asks as one identity, or (None) as nobody, on a circuit that nobody else has.

    ``socks`` is ``HOST:PORT`` of Tor's SOCKS port; None asks this machine, without Tor.
    ``hosts`` are the market's, with their ports: the identity's cookies go to no other, and
    redirects lead to these or to the host that was asked. ``cookies`` are what the site made of
    them, ``requests`` counts what went out.
    """

    def __init__(
        self,
        market: str | None,
        identity: Identity | None,
        *,
        socks: str | None,
        hosts: Collection[str],
        timeout: float,
        page_bytes: int,
    ) -> None:
        self._identity = identity
        self._hosts = frozenset(host.lower() for host in hosts)
        self._timeout = timeout
        self._page_bytes = page_bytes
        self._loopback = socks is None
        # No session's name begins with a hyphen, so nobody's circuit is never a session's.
        name = identity.name if identity is not None else f"-{secrets.token_hex(4)}"
        self._proxy = None if socks is None else proxy_url(socks, f"{market or 'any'}-{name}")
        self._theirs: dict[str, str] = {}  # what hosts that are none of the market's set
        self.cookies = dict(identity.cookies) if identity is not None else {}
        self.requests = 0

    def ask(self, url: str, method: str = "GET", body: str = "") -> AnsweredRequest:
        """Send one request. Raises NoAnswer and Refused."""
        parts = urlsplit(url)
        known = parts.netloc.lower() in self._hosts
        cookies = self.cookies if known else self._theirs
        headers = request_headers(
            self._identity.user_agent if self._identity is not None and known else None,
            cookies,
            posted_from=f"{parts.scheme}://{parts.netloc}" if method == "POST" else None,
        )
        self.requests += 1
        answer = ask(
            url,
            method=method,
            headers=headers,
            body=body,
            proxy=self._proxy,
            loopback=self._loopback,
            timeout=self._timeout,
            page_bytes=self._page_bytes,
        )
        changed = after(cookies, answer)
        if known:
            self.cookies = changed
        else:
            self._theirs = changed
        return AnsweredRequest(url, method, headers, body, datetime.now(UTC), answer)

    def follow(self, url: str, method: str = "GET", body: str = "") -> Iterator[AnsweredRequest]:
        """Yield the request for a URL and, one by one, those that redirects lead to.

        Raises LedAway for a redirect that is not followed, NoAnswer and Refused.
        """
        for _ in range(HOPS + 1):
            answered = self.ask(url, method, body)
            yield answered
            target = answered.answer.redirect
            if target is None:
                return
            url = self._within(url, target)
            if answered.answer.status not in (307, 308):
                method, body = "GET", ""
        raise LedAway("it sends on for ever")

    def _within(self, url: str, target: str) -> str:
        try:
            led = urljoin(url, target).partition("#")[0]
            parts = urlsplit(led)
        except ValueError:
            raise LedAway("it sends on to no address that can be read") from None
        same = parts.netloc.lower() == urlsplit(url).netloc.lower()
        if parts.scheme not in ("http", "https"):
            raise LedAway(f"it sends on to an address of another kind ({parts.scheme[:20]}:)")
        if not same and parts.netloc.lower() not in self._hosts:
            raise LedAway(f"it sends on to another host ({parts.netloc[:100]})")
        return led


def after(cookies: Mapping[str, str], answer: Answer) -> dict[str, str]:
    """Return cookies after an answer set some or took some away."""
    changes = cookies_set(answer.all("set-cookie"))
    kept = {name: value for name, value in cookies.items() if changes.get(name, "") is not None}
    return updated(kept, [(name, value) for name, value in changes.items() if value is not None])
