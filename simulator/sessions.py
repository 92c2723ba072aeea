"""Who is signed in: sessions by cookie, and the file that hands one to a crawler."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from simulator.chance import Chance
from simulator.market_site import Session

COOKIE = "session"
PASS = "passed"


@dataclass(slots=True)
class SignedIn:
    """One session: how many requests it made, and whether it must solve a captcha."""

    session: Session
    cookie: str
    requests: int = 0
    stopped: bool = False  # by an anti-DDoS page that stays
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sessions:
    """All sessions. A second one of the same user ends the first: "logged in elsewhere"."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = Chance(seed, "sessions")
        self._lock = threading.Lock()
        self._live: dict[str, SignedIn] = {}
        self._ended: dict[str, str] = {}  # why, until it was told
        self._made = 0

    def make(self, name: str | None = None) -> SignedIn:
        """Sign a user in; return the session."""
        with self._lock:
            self._made += 1
            name = name or f"reader{self._made}"
            for cookie, other in list(self._live.items()):
                if other.session.name == name:
                    del self._live[cookie]
                    self._ended[cookie] = "elsewhere"
            cookie = "".join(f"{self._chance.number(self._made, n):016x}" for n in range(2))
            signed_in = SignedIn(Session(name), cookie)
            self._live[cookie] = signed_in
            return signed_in

    def get(self, cookie: str | None) -> SignedIn | None:
        """Return the session of a cookie."""
        with self._lock:
            return self._live.get(cookie or "")

    def end(self, cookie: str, reason: str = "") -> None:
        """End a session; if there is a reason, its next request is told."""
        with self._lock:
            self._live.pop(cookie, None)
            if reason:
                self._ended[cookie] = reason

    def end_all(self) -> int:
        """End all sessions; return how many there were."""
        with self._lock:
            count = len(self._live)
            self._live.clear()
            return count

    def why_ended(self, cookie: str | None) -> str | None:
        """Return, once, why a session ended."""
        with self._lock:
            return self._ended.pop(cookie or "", None)

    def count(self) -> int:
        """Return how many are signed in."""
        with self._lock:
            return len(self._live)


def cookies_txt(host: str, cookies: dict[str, str]) -> str:
    """Return cookies in Netscape's format, as browsers' add-ons and curl write it."""
    lines = ["# Netscape HTTP Cookie File"]
    for name, value in cookies.items():
        lines.append("\t".join((host, "FALSE", "/", "FALSE", "2147483647", name, value)))
    return "\n".join(lines) + "\n"


def write_cookies(path: Path, host: str, cookies: dict[str, str]) -> None:
    """Write a ``cookies.txt`` that only its owner can read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(cookies_txt(host, cookies), encoding="utf-8")
