"""What a look at a market with a session says of the session, and a look at the home page.

For the home page nothing is archived, and no other page (but where it sends on to, on the same
host) is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptodrug_scraper.access.sessions import Identity, SessionStore
from cryptodrug_scraper.client.answer import Answer, NoAnswer, Refused
from cryptodrug_scraper.client.identity_client import AnsweredRequest, Client, LedAway
from cryptodrug_scraper.tor.errors import TorUnavailable
from cryptodrug_scraper.tor.ready import WHERE_TO_GET_ONE

RESULTS = ("signed_in", "login", "challenge", "unreachable", "unclear")
"""``signed_in``: a page of the market came; ``login``: it wants one to sign in; ``challenge``: a
captcha or waiting page stands before it; ``unreachable``: no whole answer, or a gateway's error;
``unclear``: an answer that says none of these."""

_PAGES = ("index", "search", "listing", "vendor")
_LARGEST = 8 << 20
_WAITING = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look found: one of ``RESULTS``, why, and the session's cookies after it.

    ``waits``: what stands before the market is a page that lets one in after a while.
    """

    result: str
    why: str
    requests: int
    cookies: dict[str, str] = field(repr=False)
    waits: bool = False


def mark(store: SessionStore, identity: Identity, finding: Finding, *, by: str) -> bool:
    """Note in the store what a look found; ``by`` says what looked.

    Returns False if the session was replaced or removed meanwhile, and then notes nothing.
    """
    state, why, until = identity.state, identity.why, identity.until
    if finding.result == "signed_in":
        state, why, until = "live", "", None
    elif finding.result == "login":
        state, why, until = "ended", f"{by}: {finding.why}", None
    elif finding.result == "challenge":
        state, why = "resting" if finding.waits else "walled", f"{by}: {finding.why}"
        until = datetime.now(UTC) + _WAITING if finding.waits else None
    cookies = finding.cookies if finding.cookies != identity.cookies else None
    requests = identity.requests + finding.requests
    return store.mark(identity, state, why, until, requests=requests, cookies=cookies or None)


def check_session(
    identity: Identity, address: str, *, tor_socks: str | None, timeout: float = 120.0
) -> Finding:
    """Ask the market at ``address`` (a mirror's) for its home page as this identity.

    ``tor_socks`` is ``HOST:PORT`` of Tor's SOCKS port; the identity has the circuit that it has
    in a crawl. None asks without Tor: for this machine only. ``timeout`` is in seconds, for each
    whole answer. Raises TorUnavailable.
    """
    client = Client(
        identity.market,
        identity,
        socks=tor_socks,
        hosts={urlsplit(address).netloc},
        timeout=timeout,
        page_bytes=_LARGEST,
    )
    result, why, waits = _ask_home(client, identity.market, f"{address}/")
    return Finding(result, why, client.requests, client.cookies, waits)


def _ask_home(client: Client, market: str, url: str) -> tuple[str, str, bool]:
    """Return the result, why, and whether a page of waiting came; asks twice if that may help."""
    result, why, waits = "unclear", "", False
    for _ in range(2):
        try:
            *_, answered = client.follow(url)
        except (LedAway, Refused) as away:
            return "unclear", str(away), False
        except NoAnswer as none:
            if none.tor:
                raise tor_failed(none) from None
            return "unreachable", str(none), False
        if answered.answer.cut_short is not None:
            return "unreachable", "the answer broke off", False
        result, why, passing = _meaning(answered, market)
        waits = result == "challenge" and is_waiting_page(answered.answer)
        if not passing:
            break
        url = answered.url
    if result == "challenge":
        why = "a waiting page" if waits else "a captcha page"
    return result, why, waits


def tor_failed(none: NoAnswer) -> TorUnavailable:
    """Return the error for a request that did not get past the proxy."""
    words = str(none)
    return TorUnavailable(f"{words[:1].upper()}{words[1:]}. {WHERE_TO_GET_ONE}")


def _meaning(answered: AnsweredRequest, market: str) -> tuple[str, str, bool]:
    """Return the result, why, and whether asking once more may tell something else."""
    from parsers import parse_page

    answer = answered.answer
    content_type = answer.header("content-type")
    page = parse_page(answer.body, market=market, url=answered.url, content_type=content_type)
    if page.kind == "login":
        return "login", "the login page", False
    if page.kind == "challenge":
        return "challenge", "", True  # some stand once
    if page.kind == "error" or answer.status >= 500:
        return "unreachable", f"an error page, status {answer.status}", False
    if page.kind in _PAGES and answer.status == 200:
        return "signed_in", f"its {page.kind} page", False
    # A market that lost a session may answer 404 once, and show the login page after that.
    return "unclear", f"a page of kind {page.kind}, status {answer.status}", True


def is_waiting_page(answer: Answer) -> bool:
    """Say whether an answer is a page that loads itself again after a while."""
    from cryptodrug_scraper.reading.document import Document, TooCostly
    from cryptodrug_scraper.reading.walls import refresh_target

    try:
        document = Document(answer.body, answer.header("content-type"))
        return refresh_target(document) is not None
    except TooCostly:
        return False
