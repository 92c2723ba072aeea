"""The identities that a running crawl uses: who is free, who rests, who needs fresh cookies.

An identity is a session that the researcher signed in with Tor Browser. It has a circuit of its
own, and what happens to it stands in the store at once, so that `session list` tells the truth
while a crawl runs and the next crawl begins where this one stood.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptodrug_scraper.access.cookies import updated
from cryptodrug_scraper.access.mirrors import mark
from cryptodrug_scraper.access.sessions import Identity, SessionStore

_SAVED_EVERY = 20  # requests between two notes of how many an identity has made
_CHALLENGES = 4  # captcha pages in a row after which only the researcher helps
_BAD_CIRCUIT = 3  # failures of the way in a row after which another circuit is taken
_LONGEST_REST = 600.0


@dataclass(slots=True)
class SessionState:
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
        self.sessions: dict[str, SessionState] = {}
        self.counters: Counter[str] = Counter()
        """What came of each session's requests, by its mark: ok, or failed."""
        self._token: object = None
        self.refresh()

    def refresh(self) -> bool:
        """Take in what was added, renewed or removed since; return whether anything was."""
        token = self.store.changed(self.market)
        if token == self._token:
            return False
        self._token = token
        stored = {identity.name: identity for identity in self.store.all(self.market)}
        changed = False
        for name in [name for name in self.sessions if name not in stored]:
            del self.sessions[name]
            changed = True
        for name, identity in stored.items():
            known = self.sessions.get(name)
            if known is not None and known.identity.added_at == identity.added_at:
                continue
            session = SessionState(
                identity, cookies=dict(identity.cookies), requests=identity.requests
            )
            if known is not None:  # requests on the way come back to the old one
                session.circuit = known.circuit
            if identity.state == "resting":
                left = 0.0
                if identity.until is not None:
                    left = (identity.until - datetime.now(UTC)).total_seconds()
                session.until = self.clock() + max(left, 0.0)
            elif identity.state == "walled":
                session.challenges = _CHALLENGES
                session.until = self.clock() + self.rest * 2**_CHALLENGES
            self.sessions[name] = session
            changed = True
        return changed

    # -- who can be asked ----------------------------------------------------------------------

    def free(self, *, stateful: bool | None = None) -> list[SessionState]:
        """Return who can take a request now, the least busy first.

        ``stateful``: only who can take one that changes what the session shows.
        """
        now = self.clock()
        free = [
            session
            for session in self.sessions.values()
            if session.state != "ended"
            and session.flying < (1 if session.challenges else self.each)
            and session.until <= now
            and not (stateful and session.stateful)
        ]
        return sorted(free, key=lambda session: (session.flying, session.requests))

    def take(self, session: SessionState, *, stateful: bool) -> None:
        """Note that a request goes out."""
        session.flying += 1
        session.stateful = session.stateful or stateful

    def give_back(self, session: SessionState, *, stateful: bool) -> None:
        """Note that a request came back."""
        session.flying -= 1
        if stateful:
            session.stateful = False

    @property
    def usable(self) -> int:
        """How many can be asked, now or after a rest that ends by itself."""
        return sum(session.state in ("live", "resting") for session in self.sessions.values())

    # -- what happened -------------------------------------------------------------------------

    def made(self, session: SessionState) -> None:
        """Count a request."""
        session.requests += 1
        session.unsaved += 1
        if session.unsaved >= _SAVED_EVERY:
            self._save(session, session.state, session.identity.why, session.identity.until)

    def good(self, session: SessionState) -> None:
        """Note that a page of the market came."""
        self._count(session, "ok")
        session.failures = session.challenges = 0
        if session.state in ("resting", "walled") and session.flying <= self.each:
            self._save(session, "live", "", None)

    def ended(self, session: SessionState, why: str) -> None:
        """Note that the session is signed out."""
        self._count(session, "failed")
        if session.state != "ended":
            self._save(session, "ended", why, None)

    def challenged(self, session: SessionState, why: str) -> None:
        """Let it rest at a captcha or waiting page: longer each time, then until it is solved."""
        self._count(session, "failed")
        if session.until > self.clock() or session.state == "ended":
            return  # one that went out together with the one that is known
        session.challenges += 1
        rest = min(self.rest * 2 ** (session.challenges - 1), _LONGEST_REST)
        session.until = self.clock() + rest
        state = "walled" if session.challenges >= _CHALLENGES else "resting"
        self._save(session, state, why, datetime.now(UTC) + timedelta(seconds=rest))

    def failed(self, session: SessionState) -> bool:
        """Note that the way failed; return whether another circuit is taken for it."""
        self._count(session, "failed")
        session.failures += 1
        if session.failures % _BAD_CIRCUIT:
            return False
        session.circuit += 1
        return True

    def _count(self, session: SessionState, how: str) -> None:
        self.counters[f"session/{mark(session.name)}/{how}"] += 1

    def set_cookies(self, session: SessionState, cookies: dict[str, str | None]) -> None:
        """Keep cookies that the site set anew (None: took away)."""
        changed = {k: value for k, value in cookies.items() if session.cookies.get(k) != value}
        if not changed:
            return
        for name in changed:
            session.cookies.pop(name, None)
        kept = ((name, value) for name, value in changed.items() if value is not None)
        session.cookies = updated(session.cookies, kept)
        self._save(
            session, session.state, session.identity.why, session.identity.until, cookies=True
        )

    def save(self) -> None:
        """Write down what is not written yet."""
        for session in self.sessions.values():
            if session.unsaved:
                self._save(session, session.state, session.identity.why, session.identity.until)

    def _save(
        self,
        session: SessionState,
        state: str,
        why: str,
        until: datetime | None,
        *,
        cookies: bool = False,
    ) -> None:
        session.unsaved = 0
        session.identity.state, session.identity.why, session.identity.until = state, why, until
        self.store.mark(
            session.identity,
            state,
            why,
            until,
            requests=session.requests,
            cookies=dict(session.cookies) if cookies else None,
        )
