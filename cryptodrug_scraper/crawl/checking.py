"""One look at a market's home page with a session: is it still signed in?

Nothing is archived, and no page but the home page (and where it sends on to, on the same
host) is asked for.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import requests
import socks  # type: ignore[import-untyped]

from cryptodrug_scraper.crawl.cookies import updated
from cryptodrug_scraper.crawl.private import NotUsable
from cryptodrug_scraper.crawl.sessions import Identity

USER_AGENT = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
"""Tor Browser's, for a session that was added without one."""

RESULTS = ("signed_in", "login", "challenge", "unreachable", "unclear")
"""``signed_in``: a page of the market came; ``login``: it wants one to sign in; ``challenge``: a
captcha or waiting page stands before it; ``unreachable``: no whole answer, or a gateway's error;
``unclear``: an answer that says none of these."""

_PAGES = ("index", "search", "listing", "vendor")
_MOST_REQUESTS = 6
_LARGEST = 8 << 20
_REDIRECTS = (301, 302, 303, 307, 308)


class TorUnusable(Exception):
    """Tor does not answer at its SOCKS port, or what answers there is not Tor."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look found: one of ``RESULTS``, why, and the session's cookies after it."""

    result: str
    why: str
    requests: int
    cookies: dict[str, str] = field(repr=False)


@dataclass(slots=True)
class _Answer:
    status: int
    location: str | None
    body: bytes
    content_type: str | None


def check_tor(tor_socks: str) -> None:
    """Refuse to begin where nothing listens at ``HOST:PORT``. Raises TorUnusable, NotUsable."""
    host, _, port = tor_socks.strip().rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise NotUsable(
            f"CRYPTODRUG_TOR_SOCKS is {tor_socks!r}, and should be HOST:PORT, such as "
            "127.0.0.1:9050."
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), 10).close()
    except OSError as error:
        raise TorUnusable(
            f"Tor does not answer at {tor_socks} ({error.strerror or error}). Start it, or set "
            "CRYPTODRUG_TOR_SOCKS to where its SOCKS port is (Tor Browser's is 127.0.0.1:9150)."
        ) from None


def check_session(
    identity: Identity, address: str, *, tor_socks: str | None, timeout: float = 60.0
) -> Finding:
    """Ask the market at ``address`` (a mirror's) for its home page as this identity.

    ``tor_socks`` is ``HOST:PORT`` of Tor's SOCKS port; the identity's name is the SOCKS user
    name, so it has a circuit of its own. None asks without Tor: for this machine only.
    ``timeout`` is in seconds for each step; a whole answer may take twice that. Raises
    TorUnusable.
    """
    with requests.Session() as http:
        http.trust_env = False  # no proxy of the environment, no password of a .netrc
        if tor_socks is not None:
            proxy = f"socks5h://{identity.name}:x@{tor_socks.strip()}"
            http.proxies = {"http": proxy, "https": proxy}
        http.headers.update(
            {
                "User-Agent": identity.user_agent or USER_AGENT,
                "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                "Accept-Language": "en-US,en;q=0.5",
                "Accept-Encoding": "gzip, deflate",
            }
        )
        return _look(http, identity, f"{address}/", timeout)


def _look(http: requests.Session, identity: Identity, url: str, timeout: float) -> Finding:
    """Follow redirects on the host, and ask once more where an answer may be a passing one."""
    cookies = dict(identity.cookies)
    origin = urlsplit(url)[:2]
    result, why, asked_again = "unclear", "", False
    for asked in range(1, _MOST_REQUESTS + 1):
        try:
            answer = _ask(http, url, cookies, timeout)
        except requests.RequestException as error:
            return Finding("unreachable", _why_not(error), asked, cookies)
        cookies = updated(cookies, [(c.name, c.value or "") for c in http.cookies])
        http.cookies.clear()
        if answer.location is not None:
            try:
                url = urljoin(url, answer.location)
                elsewhere = urlsplit(url)[:2] != origin
            except ValueError:
                elsewhere = True
            if elsewhere:
                return Finding("unclear", "it sends on to another host", asked, cookies)
            result, why = "unclear", "it sends on for ever"
            continue
        result, why, passing = _meaning(answer, identity.market, url)
        if not passing or asked_again:
            return Finding(result, why, asked, cookies)
        asked_again = True
    return Finding(result, why, _MOST_REQUESTS, cookies)


def _ask(http: requests.Session, url: str, cookies: dict[str, str], timeout: float) -> _Answer:
    sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
    late = time.monotonic() + 2 * timeout
    body = bytearray()
    with http.get(
        url, headers={"Cookie": sent}, timeout=timeout, allow_redirects=False, stream=True
    ) as response:
        location = response.headers.get("Location") if response.status_code in _REDIRECTS else None
        if location is None:
            for piece in response.iter_content(1 << 16):
                body += piece
                if len(body) > _LARGEST:
                    raise requests.RequestException("the page is too large")
                if time.monotonic() > late:
                    raise requests.Timeout("the page came too slowly")
        return _Answer(
            response.status_code, location, bytes(body), response.headers.get("Content-Type")
        )


def _meaning(answer: _Answer, market: str, url: str) -> tuple[str, str, bool]:
    """Return the result, why, and whether asking once more may tell something else."""
    from cryptodrug_scraper.reading.document import Document, TooCostly
    from cryptodrug_scraper.reading.walls import refresh_target
    from parsers import parse_page

    page = parse_page(answer.body, market=market, url=url, content_type=answer.content_type)
    if page.kind == "login":
        return "login", "the login page", False
    if page.kind == "challenge":
        try:
            waits = refresh_target(Document(answer.body, answer.content_type)) is not None
        except TooCostly:
            waits = False
        # Some stand once, and the page is there when it is asked for again.
        return "challenge", "a waiting page" if waits else "a captcha page", True
    if page.kind == "error" or answer.status >= 500:
        return "unreachable", f"an error page, status {answer.status}", False
    if page.kind in _PAGES and answer.status == 200:
        return "signed_in", f"its {page.kind} page", False
    # A market that lost a session may answer 404 once, and show the login page after that.
    return "unclear", f"a page of kind {page.kind}, status {answer.status}", True


def _why_not(error: requests.RequestException) -> str:
    """Return in a few words why no answer came. Raises TorUnusable if that is Tor's doing."""
    seen: list[BaseException] = []
    queue: list[object] = [error]
    while queue and len(seen) < 30:
        at = queue.pop()
        if not isinstance(at, BaseException) or at in seen:
            continue
        seen.append(at)
        queue += [at.__cause__, at.__context__, *at.args]
        queue += [getattr(at, "reason", None), getattr(at, "socket_err", None)]
    # PySocks wraps what Tor answered into a general error, so that is looked for first.
    for at in seen:
        if isinstance(at, socks.SOCKS5Error):
            return f"Tor could not reach it ({at.msg.strip()})"
    slow = any(isinstance(at, TimeoutError) for at in seen)
    if not slow and any(isinstance(at, socks.ProxyError) for at in seen):
        raise TorUnusable("What listens at Tor's SOCKS port did not answer as Tor does.") from None
    if slow or isinstance(error, requests.Timeout):
        return "it did not answer in time"
    if isinstance(error, requests.ConnectionError):
        refused = any(isinstance(at, ConnectionRefusedError) for at in seen)
        return "it refused the connection" if refused else "the connection was lost"
    if type(error) is requests.RequestException:
        return str(error)
    return "the answer broke off or was malformed"
