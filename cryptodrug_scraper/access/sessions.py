"""The sessions that a researcher signed in with Tor Browser and handed over as cookies.

Each is an identity of a market: a name, its cookies, and whether they can be used. One JSON
file an identity, in a folder of the market, for the owner only (see ``private``). A running
crawl marks what becomes of them, and takes up what the researcher puts there meanwhile.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptodrug_scraper.access.cookies import BadCookies, check_cookies, read_cookies
from cryptodrug_scraper.common.private import (
    NotUsable,
    check_folder,
    locked,
    read_json,
    stamp,
    write_json,
)
from cryptodrug_scraper.records import isoformat

__all__ = [
    "STATES",
    "BadCookies",
    "Identity",
    "SessionStore",
    "UnknownSession",
    "check_name",
    "read_cookies",
]

STATES = ("live", "resting", "walled", "ended")
"""``live``: usable; ``resting``: a wall or trouble, usable again from ``until``; ``walled``: a
captcha page stays until the researcher solves it in the browser; ``ended``: signed out, needs
fresh cookies."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,39}")
_USER_AGENT = re.compile(r"[!-~](?:[ -~]{0,398}[!-~])?")
_LONGEST_WHY = 300
_SHORTEST_SECRET = 6  # shorter values are words that stand everywhere: "1", "en", "true"


class UnknownSession(NotUsable):
    """There is no session of this market and name."""


@dataclass(slots=True)
class Identity:
    """One session: who it is, what is sent, and how it stands. Moments are in UTC.

    ``added_at`` tells it from an earlier one of the same name. ``until`` is when a resting
    one is usable again; ``requests`` were made with these cookies.
    """

    market: str
    name: str
    cookies: dict[str, str] = field(repr=False)
    user_agent: str | None
    added_at: datetime
    state: str = "live"
    why: str = ""
    until: datetime | None = None
    used_at: datetime | None = None
    requests: int = 0

    def usable(self, at: datetime | None = None) -> bool:
        """Say whether it may be used at a moment (now): live, or rested long enough."""
        if self.state == "live":
            return True
        rested = self.until is not None and self.until <= (at or datetime.now(UTC))
        return self.state == "resting" and rested


def check_name(name: str) -> str:
    """Return a session's name if it can be one. Raises NotUsable."""
    if not _NAME.fullmatch(name):
        raise NotUsable(
            f"{name[:50]!r} cannot be a session's name: 1 to 40 letters, digits, -, _ and dots, "
            "not beginning with a dot or -."
        )
    return name


class SessionStore:
    """The sessions in a folder (``settings.data_dir / "sessions"``), by market and name.

    Several processes may use it at once. A file that is damaged, or that others can read, is
    told to ``warn`` (the log, if none is given) and passed over. Raises NotUsable for a folder
    that others can look into.
    """

    def __init__(self, folder: Path, *, warn: Callable[[str], None] | None = None) -> None:
        self.folder = folder
        self._warn = warn or logging.getLogger(__name__).warning

    def _of(self, market: str) -> Path:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", market):
            raise NotUsable(f"{market[:50]!r} cannot be a market's name.")
        return self.folder / market

    def _file(self, market: str, name: str) -> Path:
        return self._of(market) / f"{check_name(name)}.json"

    def _check(self, market: str) -> None:
        """Refuse folders that others can look into; those that are not there yet are fine."""
        for folder in (self.folder, self._of(market)):
            with suppress(FileNotFoundError):
                check_folder(folder)

    def add(
        self, market: str, name: str, cookies: dict[str, str], user_agent: str | None = None
    ) -> Identity:
        """Store a session, live and unused; one of this name is replaced. Raises NotUsable."""
        path = self._file(market, name)
        check_cookies(cookies, f"Session {name}")
        if not cookies:
            raise BadCookies("A session needs a cookie at least.")
        if user_agent is not None and not _USER_AGENT.fullmatch(user_agent):
            raise NotUsable("The user agent must be one line of ASCII, 400 characters at most.")
        self._check(market)
        with locked(path.parent):
            added_at = datetime.now(UTC)
            before = self._stored(path)
            if before is not None:  # two of one name are always told apart
                added_at = max(added_at, before.added_at + timedelta(microseconds=1))
            identity = Identity(market, name, dict(cookies), user_agent, added_at)
            write_json(path, _plain(identity))
        return identity

    def all(self, market: str | None = None) -> list[Identity]:
        """Return the sessions of a market, or of all, in order of market and name."""
        if market is None:
            try:
                names = sorted(entry.name for entry in os.scandir(self.folder) if entry.is_dir())
            except FileNotFoundError:
                return []
            markets = [name for name in names if not name.startswith(".")]
            return [identity for name in markets for identity in self.all(name)]
        self._check(market)
        stored = (self._stored(path) for path in sorted(self._of(market).glob("[!.]*.json")))
        return [identity for identity in stored if identity is not None]

    def get(self, market: str, name: str) -> Identity:
        """Return a session. Raises UnknownSession, or NotUsable for one that is damaged."""
        path = self._file(market, name)
        self._check(market)
        try:
            return _identity(path, read_json(path))
        except FileNotFoundError:
            pass
        raise UnknownSession(f"There is no session {name} of {market}.")

    def remove(self, market: str, name: str) -> None:
        """Remove a session, also one that is damaged. Raises UnknownSession."""
        path = self._file(market, name)
        self._check(market)
        if path.parent.is_dir():
            with locked(path.parent):
                if path.exists():
                    path.unlink()
                    return
        raise UnknownSession(f"There is no session {name} of {market}.")

    def mark(
        self,
        identity: Identity,
        state: str,
        why: str = "",
        until: datetime | None = None,
        *,
        requests: int | None = None,
        cookies: dict[str, str] | None = None,
    ) -> bool:
        """Write how a session stands; ``identity`` is brought to the same.

        ``requests`` is how many were made with these cookies in all (it also says that the
        session was used now); ``cookies`` are all of them, after the site changed one (if it
        took all away, those that were stored stay: a session has one at least). Returns False,
        and writes nothing, if the stored session is another than that of
        ``identity.added_at``: the researcher replaced or removed it meanwhile. Raises
        ValueError for a state that there is not, or a moment without a time zone.
        """
        if state not in STATES:
            raise ValueError(f"{state!r} is no state of a session")
        if until is not None and until.tzinfo is None:
            raise ValueError("until needs a time zone")
        if cookies is not None:
            check_cookies(cookies, f"Session {identity.name}")
        path = self._file(identity.market, identity.name)
        self._check(identity.market)
        if not path.parent.is_dir():
            return False
        with locked(path.parent):
            stored = self._stored(path)
            if stored is None or stored.added_at != identity.added_at:
                return False
            stored.state = state
            stored.until = until
            if cookies:
                stored.cookies = dict(cookies)
            stored.why = _without_secrets(why, stored.cookies | identity.cookies)
            if requests is not None:
                stored.requests = requests
                stored.used_at = datetime.now(UTC)
            write_json(path, _plain(stored))
        for each in dataclasses.fields(Identity):
            setattr(identity, each.name, getattr(stored, each.name))
        return True

    def changed(self, market: str) -> object:
        """Return what differs (``!=``) after anything of the market was written.

        Cheap enough to be asked several times a second: it looks at the files' times only.
        """
        folder = self._of(market)
        try:
            names = sorted(entry.name for entry in os.scandir(folder))
        except OSError:
            return ()
        kept = (name for name in names if name.endswith(".json") and not name.startswith("."))
        return tuple((name, stamp(folder / name)) for name in kept)

    def _stored(self, path: Path) -> Identity | None:
        """Return what a file holds; None if it is gone, or damaged (which is told)."""
        try:
            return _identity(path, read_json(path))
        except FileNotFoundError:
            return None
        except NotUsable as error:
            self._warn(f"Session {path.parent.name}/{path.stem} is passed over. {error}")
            return None


def _without_secrets(text: str, cookies: dict[str, str]) -> str:
    """Return a reason in one line, without any cookie's value that may stand in it."""
    for value in sorted(cookies.values(), key=len, reverse=True):
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "***")
    return " ".join(text.split())[:_LONGEST_WHY]


def _plain(identity: Identity) -> dict[str, Any]:
    plain = dataclasses.asdict(identity)
    for key, value in plain.items():
        if isinstance(value, datetime):
            plain[key] = isoformat(value)
    return plain


def _identity(path: Path, stored: Any) -> Identity:
    """Return the identity that a file holds. Raises NotUsable, without a word of what it holds."""
    identity = None
    if isinstance(stored, dict):
        try:
            identity = _read(stored)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            identity = None
    if identity is None or (identity.market, identity.name) != (path.parent.name, path.stem):
        raise NotUsable(
            f"{path} is damaged: it is no session of this name. Add the session again, or remove "
            "it."
        )
    return identity


def _read(stored: dict[str, Any]) -> Identity:
    cookies, agent, requests = stored["cookies"], stored["user_agent"], stored["requests"]
    check_cookies(cookies)
    if agent is not None and not _USER_AGENT.fullmatch(agent):
        raise ValueError
    if stored["state"] not in STATES or type(requests) is not int or requests < 0 or not cookies:
        raise ValueError
    return Identity(
        market=stored["market"],
        name=stored["name"],
        cookies=dict(cookies),
        user_agent=agent,
        added_at=_moment(stored["added_at"]),
        state=stored["state"],
        why=_without_secrets(stored["why"], cookies),
        until=None if stored["until"] is None else _moment(stored["until"]),
        used_at=None if stored["used_at"] is None else _moment(stored["used_at"]),
        requests=requests,
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)
