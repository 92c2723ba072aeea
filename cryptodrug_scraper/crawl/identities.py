"""The identities that a running crawl uses: who is free, who rests, who needs fresh cookies.

An identity is a session that the researcher signed in with Tor Browser. It has a circuit of its
own, and what happens to it stands in the store at once, so that `session list` tells the truth
while a crawl runs and the next crawl begins where this one stood.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptodrug_scraper.crawl.cookies import updated
from cryptodrug_scraper.crawl.sessions import Identity, SessionStore

_SAVED_EVERY = 20  # requests between two notes of how many an identity has made
_CHALLENGES = 4  # captcha pages in a row after which only the researcher helps
_BAD_CIRCUIT = 3  # failures of the way in a row after which another circuit is taken
_LONGEST_REST = 600.0


@dataclass(slots=True)
class Member:
    """An identity at work. ``until`` is on the clock of :func:`time.monotonic`."""

    identity: Identity
    flying: int = 0
    stateful: bool = False
    until: float = 0.0
    challenges: int = 0
    failures: int = 0
    circuit: int = 0
    requests: int = 0
    unsaved: int = 0
    cookies: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """What the researcher called it."""
        return self.identity.name

    @property
    def state(self) -> str:
        """``live``, ``resting``, ``walled`` or ``ended``; see the session store."""
        return self.identity.state


class Pool:
    """All identities of a market, for one crawl."""

    def __init__(
        self,
        store: SessionStore,
        market: str,
        *,
        each: int = 1,
        rest: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.market = market
        self.each = each
        self.rest = rest
        self.clock = clock
        self.members: dict[str, Member] = {}
        self._token: object = None
        self.refresh()

    def refresh(self) -> bool:
        """Take in what was added, renewed or removed since; return whether anything was."""
        token = self.store.changed(self.market)
        if token == self._token:
            return False
        self._token = token
        found = {identity.name: identity for identity in self.store.all(self.market)}
        changed = False
        for name in [name for name in self.members if name not in found]:
            del self.members[name]
            changed = True
        for name, identity in found.items():
            known = self.members.get(name)
            if known is not None and known.identity.added_at == identity.added_at:
                continue
            member = Member(identity, cookies=dict(identity.cookies), requests=identity.requests)
            if known is not None:  # requests on the way come back to the old one
                member.circuit = known.circuit
            if identity.state == "resting":
                left = 0.0
                if identity.until is not None:
                    left = (identity.until - datetime.now(UTC)).total_seconds()
                member.until = self.clock() + max(left, 0.0)
            elif identity.state == "walled":
                member.challenges = _CHALLENGES
                member.until = self.clock() + self.rest * 2**_CHALLENGES
            self.members[name] = member
            changed = True
        return changed

    # -- who can be asked ----------------------------------------------------------------------

    def free(self, *, stateful: bool | None = None) -> list[Member]:
        """Return who can take a request now, the least busy first.

        ``stateful``: only who can take one that changes what the session shows.
        """
        now = self.clock()
        free = [
            member
            for member in self.members.values()
            if member.state != "ended"
            and member.flying < (1 if member.challenges else self.each)
            and member.until <= now
            and not (stateful and member.stateful)
        ]
        return sorted(free, key=lambda member: (member.flying, member.requests))

    def take(self, member: Member, *, stateful: bool) -> None:
        """Note that a request goes out."""
        member.flying += 1
        member.stateful = member.stateful or stateful

    def give_back(self, member: Member, *, stateful: bool) -> None:
        """Note that a request came back."""
        member.flying -= 1
        if stateful:
            member.stateful = False

    @property
    def usable(self) -> int:
        """How many can be asked, now or after a rest that ends by itself."""
        return sum(member.state in ("live", "resting") for member in self.members.values())

    # -- what happened -------------------------------------------------------------------------

    def made(self, member: Member) -> None:
        """Count a request."""
        member.requests += 1
        member.unsaved += 1
        if member.unsaved >= _SAVED_EVERY:
            self._save(member, member.state, member.identity.why, member.identity.until)

    def good(self, member: Member) -> None:
        """Note that a page of the market came."""
        member.failures = member.challenges = 0
        if member.state in ("resting", "walled") and member.flying <= self.each:
            self._save(member, "live", "", None)

    def ended(self, member: Member, why: str) -> None:
        """Note that the session is signed out."""
        if member.state != "ended":
            self._save(member, "ended", why, None)

    def challenged(self, member: Member, why: str) -> None:
        """Let it rest at a captcha or waiting page: longer each time, then until it is solved."""
        if member.until > self.clock() or member.state == "ended":
            return  # one that went out together with the one that is known
        member.challenges += 1
        rest = min(self.rest * 2 ** (member.challenges - 1), _LONGEST_REST)
        member.until = self.clock() + rest
        state = "walled" if member.challenges >= _CHALLENGES else "resting"
        self._save(member, state, why, datetime.now(UTC) + timedelta(seconds=rest))

    def failed(self, member: Member) -> bool:
        """Note that the way failed; return whether another circuit is taken for it."""
        member.failures += 1
        if member.failures % _BAD_CIRCUIT:
            return False
        member.circuit += 1
        return True

    def set_cookies(self, member: Member, cookies: dict[str, str | None]) -> None:
        """Keep cookies that the site set anew (None: took away)."""
        changed = {k: value for k, value in cookies.items() if member.cookies.get(k) != value}
        if not changed:
            return
        for name in changed:
            member.cookies.pop(name, None)
        kept = ((name, value) for name, value in changed.items() if value is not None)
        member.cookies = updated(member.cookies, kept)
        self._save(member, member.state, member.identity.why, member.identity.until, cookies=True)

    def save(self) -> None:
        """Write down what is not written yet."""
        for member in self.members.values():
            if member.unsaved:
                self._save(member, member.state, member.identity.why, member.identity.until)

    def _save(
        self,
        member: Member,
        state: str,
        why: str,
        until: datetime | None,
        *,
        cookies: bool = False,
    ) -> None:
        member.unsaved = 0
        member.identity.state, member.identity.why, member.identity.until = state, why, until
        self.store.mark(
            member.identity,
            state,
            why,
            until,
            requests=member.requests,
            cookies=dict(member.cookies) if cookies else None,
        )
