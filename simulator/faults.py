"""What can go wrong between a reader and a market: each thing has a name and a rate.

A fault strikes by chance that depends on the seed and on the number of the request only, so
the same requests in the same order meet the same faults, and one that is asked again does not
meet the same fault for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from simulator.chance import Chance

FAULTS: dict[str, str] = {
    # walls
    "login": "the session is gone: the login page stands at every address",
    "expired": "the market says that the session has expired; it is gone",
    "elsewhere": "the market says that one has logged in elsewhere; the session is gone",
    "lost_404": "the session is gone, and the market answers 404",
    "challenge": "the anti-DDoS page once; asked again, the page is there",
    "challenge_stays": "the anti-DDoS page, until its captcha is solved in this session",
    "refresh": "a page that does nothing but load itself again, once",
    # a market in trouble
    "missing": "the market says that there is no such page: once of each, with a rate of 1 always",
    "server_error": "500",
    "bad_gateway": "502",
    "unavailable": "503",
    "gateway_timeout": "504",
    "redirect_loop": "a redirect that leads to itself for ever",
    "redirect_out": "a redirect to a host outside the Tor network",
    "redirect_phishing": "a redirect to another onion address that looks alike",
    # on the way
    "timeout": "no answer, until the server gives up",
    "reset": "the connection is closed without an answer",
    "slow": "the body comes in small pieces with pauses",
    "cut_off": "the body ends before its stated length",
    "cut_off_silently": "the body ends early, and no length was stated",
    "length_short": "the stated length is shorter than the body",
    "length_long": "the stated length is longer than the body",
    "gzip": "the body is compressed, if the reader takes it",
    "gzip_cut": "the compressed body ends early",
    "chunked": "the body comes in chunks (no fault, if the reader knows HTTP)",
    # hostile pages
    "huge": "a page of 50 MB",
    "bomb": "a page of 50 MB that is compressed to 50 KB",
    "clearnet": "links, images and scripts on hosts outside the Tor network",
    "phishing": "links to onion addresses that look alike, with the market's own paths",
    "endless": "pages of results that always have a next one",
}
"""All faults by name, and what they do."""

RULES: dict[str, str] = {
    "session_requests": "a session ends after so many requests (0: never)",
    "refresh_first": "1: who has no cookie gets the meta-refresh page first",
    "challenge_first": "1: the anti-DDoS page stands before the login page",
}
"""What is switched on by a number and not by chance."""


class UnknownFault(ValueError):
    """No fault has this name; the message lists those that exist."""


def parse_faults(settings: Iterable[str]) -> dict[str, float]:
    """Read ``NAME=RATE`` (0.05, or 5%); ``all=RATE`` is every fault. Raises UnknownFault."""
    rates: dict[str, float] = {}
    for setting in settings:
        name, equals, post = setting.partition("=")
        name = name.strip().replace("-", "_")
        try:
            rate = float(post.removesuffix("%")) / (100 if post.endswith("%") else 1)
        except ValueError:
            raise UnknownFault(f"{setting!r} is not NAME=RATE, such as cut_off=0.05") from None
        if not equals or rate < 0 or (name not in RULES and rate > 1):
            raise UnknownFault(f"{setting!r} is not NAME=RATE with a rate from 0 to 1")
        if name == "all":
            rates |= dict.fromkeys(FAULTS, rate)
        elif name in FAULTS or name in RULES:
            rates[name] = rate
        else:
            known = ", ".join((*FAULTS, *RULES, "all"))
            raise UnknownFault(f"Unknown fault {name!r}; there are: {known}")
    return rates


class Faults:
    """Says of each request which faults strike it."""

    def __init__(self, rates: Mapping[str, float] | None = None, seed: int = 1) -> None:
        self.rates = dict(rates or {})
        self._chance = Chance(seed, "faults")
        self._lock = threading.Lock()
        self._count = 0

    def next_request(self) -> int:
        """Return the number of the request that came in."""
        with self._lock:
            self._count += 1
            return self._count

    def strikes(self, name: str, request: int) -> bool:
        """Say whether a fault strikes this request."""
        rate = self.rates.get(name, 0.0)
        return rate > 0 and self._chance.happens(rate, name, request)

    def first_of(self, names: Iterable[str], request: int) -> str | None:
        """Return the first of these that strikes, or None; where it begins depends on chance.

        So that with all of them often, each has its turn.
        """
        struck = [name for name in names if self.strikes(name, request)]
        return self._chance.pick(struck, "which", request) if struck else None

    def rule(self, name: str) -> int:
        """Return a rule's number, 0 if it is off."""
        return int(self.rates.get(name, 0))
