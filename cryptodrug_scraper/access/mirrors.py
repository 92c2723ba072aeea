"""A market's mirrors: the addresses at which it answers, and how well each of them does.

They are stored in one JSON file a market (:class:`MirrorStore`, see ``private``); a crawl uses
them through :class:`Mirrors`, which goes to another one when the current one fails.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptodrug_scraper.common.private import (
    NotUsable,
    check_folder,
    locked,
    read_json,
    stamp,
    write_json,
)
from cryptodrug_scraper.records import isoformat
from cryptodrug_scraper.tor import address as addresses

_LOG = logging.getLogger(__name__)


class BadAddress(NotUsable):
    """This cannot be a mirror's address; the message says why."""


class NoMirror(NotUsable):
    """No mirror of the market is known, or not this one."""


@dataclass(slots=True)
class Mirror:
    """One address of a market (``http://….onion``, no path), and how requests to it went."""

    address: str
    added_at: datetime
    last_ok_at: datetime | None = None
    last_failed_at: datetime | None = None
    failures_in_a_row: int = 0
    ok: int = 0
    failed: int = 0

    @property
    def host(self) -> str:
        """The host name, without a port."""
        return host_of(self.address)

    @property
    def mark(self) -> str:
        """What stands for it in the counters of crawls."""
        return mark(urlsplit(self.address).netloc.lower())


def tidy_address(text: str) -> str:
    """Return an address as mirrors are stored: scheme, host in lower case, port; no path.

    ``http://`` may be left out, and a slash may stand at the end. Raises BadAddress for what
    is neither an onion service nor, with a port, this machine.
    """
    stated = text.strip()
    if "://" not in stated:
        stated = f"http://{stated}"
    parts, host, port = None, "", None
    with suppress(ValueError):
        parts = urlsplit(stated)
        host, port = parts.hostname or "", parts.port
    if parts is None or not host or not stated.isascii() or not stated.isprintable():
        raise BadAddress("A mirror's address looks like http://ADDRESS.onion")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("A mirror's address holds no name and password: leave out all before @.")
    if parts.scheme not in ("http", "https"):
        raise BadAddress(f"{parts.scheme}:// is not how a market is read: http:// or https://.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise BadAddress(f"Only the host of {host}, please: no path, and nothing after it.")
    shown = f"[{host}]" if ":" in host else host
    if addresses.is_loopback(host):
        if port is None:
            raise BadAddress(f"A market on this machine needs its port: http://{shown}:8080")
    elif (why := addresses.may_leave(f"{parts.scheme}://{shown}")) is not None:
        raise BadAddress(f"No mirror can be at {host}: {why}. Nothing but onion services is asked.")
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in (None, usual) else "")


def host_of(address: str) -> str:
    """Return the host name of an address, in lower case and without a port."""
    return urlsplit(address).hostname or ""


def is_loopback(address: str) -> bool:
    """Say whether an address is on this machine."""
    return addresses.is_loopback(host_of(address))


class MirrorStore:
    """The mirrors in a folder (``settings.data_dir / "mirrors"``), a file a market.

    Raises NotUsable for files that are damaged or that others can read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _file(self, market: str) -> Path:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", market):
            raise NotUsable(f"{market[:50]!r} cannot be a market's name.")
        return self.folder / f"{market}.json"

    def add(self, market: str, address: str) -> Mirror:
        """Add a mirror; one that is known stays as it is. Raises BadAddress."""
        mirror = Mirror(tidy_address(address), datetime.now(UTC))
        with locked(self.folder):
            mirrors = self._read(market)
            known = next((m for m in mirrors if m.address == mirror.address), None)
            if known is not None:
                return known
            self._write(market, [*mirrors, mirror])
        return mirror

    def remove(self, market: str, address: str) -> None:
        """Remove a mirror. Raises NoMirror if it is not known."""
        wanted = tidy_address(address)
        with locked(self.folder):
            mirrors = self._read(market)
            kept = [mirror for mirror in mirrors if mirror.address != wanted]
            if len(kept) == len(mirrors):
                raise NoMirror(f"{wanted} is no mirror of {market} that is known.")
            self._write(market, kept)

    def all(self, market: str) -> list[Mirror]:
        """Return a market's mirrors, the best first.

        That is: fewest failures since it last answered, then the one that answered last, then
        the one that was added first.
        """
        with suppress(FileNotFoundError):
            check_folder(self.folder)
        mirrors = sorted(self._read(market), key=lambda mirror: mirror.added_at)
        return sorted(
            mirrors,
            key=lambda m: (m.failures_in_a_row, -(m.last_ok_at.timestamp() if m.last_ok_at else 0)),
        )

    def note(self, market: str, address: str, ok: bool, count: int = 1) -> bool:
        """Count requests to a mirror that went well or failed; False if it is not known."""
        return self.note_all(market, [(address, ok, count)]) == 1

    def note_all(self, market: str, notes: Iterable[tuple[str, bool, int]]) -> int:
        """Count what happened, in its order; return how many notes were of known mirrors."""
        with locked(self.folder):
            mirrors = self._read(market)
            by_address = {mirror.address: mirror for mirror in mirrors}
            counted = 0
            for address, ok, count in notes:
                mirror = by_address.get(address)
                if mirror is not None and count > 0:
                    _count(mirror, ok, count)
                    counted += 1
            if counted:
                self._write(market, mirrors)
        return counted

    def changed(self, market: str) -> object:
        """Return what differs after the market's mirrors were written; one stat call."""
        return stamp(self._file(market))

    def _read(self, market: str) -> list[Mirror]:
        path = self._file(market)
        try:
            stored = read_json(path)
        except FileNotFoundError:
            return []
        mirrors = None
        try:
            mirrors = [_mirror(each) for each in stored["mirrors"]]
        except (KeyError, TypeError, ValueError, OverflowError):
            mirrors = None
        if mirrors is None:
            raise NotUsable(f"{path} is damaged: remove it, and add the mirrors again.")
        return mirrors

    def _write(self, market: str, mirrors: list[Mirror]) -> None:
        write_json(self._file(market), {"mirrors": [_plain(mirror) for mirror in mirrors]})


def _count(mirror: Mirror, ok: bool, count: int) -> None:
    now = datetime.now(UTC)
    if ok:
        mirror.ok += count
        mirror.last_ok_at = now
        mirror.failures_in_a_row = 0
    else:
        mirror.failed += count
        mirror.last_failed_at = now
        mirror.failures_in_a_row += count


def _plain(mirror: Mirror) -> dict[str, Any]:
    return {k: isoformat(v) if isinstance(v, datetime) else v for k, v in asdict(mirror).items()}


def _mirror(stored: dict[str, Any]) -> Mirror:
    counts = [stored[name] for name in ("failures_in_a_row", "ok", "failed")]
    if any(type(count) is not int or count < 0 for count in counts):
        raise ValueError
    return Mirror(
        tidy_address(stored["address"]),
        datetime.fromisoformat(stored["added_at"]).astimezone(UTC),
        _moment(stored["last_ok_at"]),
        _moment(stored["last_failed_at"]),
        *counts,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def mark(secret: str) -> str:
    """Return what stands for a mirror's host or a session's name in counters, which name none."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


class Mirrors:
    """A market's mirrors while a crawl runs: which one to ask now.

    After ``patience`` failures in a row the next best one is taken, and the one that failed
    rests for ``rest`` seconds; if all rest, the one that has rested longest is taken. What
    happened is written by :meth:`save`, which also takes up what the researcher added or
    removed. Not for several threads.
    """

    def __init__(
        self,
        store: MirrorStore,
        market: str,
        *,
        patience: int = 5,
        rest: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._market = market
        self._patience = patience
        self._rest = rest
        self._clock = clock
        self._failures: dict[str, int] = {}
        self._rests_since: dict[str, float] = {}
        self._notes: list[tuple[str, bool, int]] = []
        self._counts: Counter[str] = Counter()
        self._saved_at = clock()
        self._seen: object = None
        self._addresses: list[str] = []
        self.hosts: frozenset[str] = frozenset()
        """The hosts of all mirrors, in lower case and with their ports."""
        self._current: str | None = None
        self._load()

    def _load(self) -> None:
        self._seen = self._store.changed(self._market)
        self._addresses = [mirror.address for mirror in self._store.all(self._market)]
        self.hosts = frozenset(urlsplit(address).netloc.lower() for address in self._addresses)
        if self._current not in self._addresses:
            self._current = None

    def current(self) -> str:
        """Return the address to ask. Raises NoMirror if the market has none."""
        if self._current is None:
            self._current = self._best()
        return self._current

    def _best(self) -> str:
        if not self._addresses:
            raise NoMirror(
                f"No mirror of {self._market} is known: add its address with `cryptodrug mirror "
                f"add {self._market} ADDRESS`."
            )
        now = self._clock()
        ready = [a for a in self._addresses if self._is_ready(a, now)]
        if ready:
            best = min(ready, key=lambda address: self._failures.get(address, 0))
        else:
            best = min(self._addresses, key=lambda address: self._rests_since[address])
        self._failures[best] = 0  # it may have failed others who still asked it
        return best

    def _is_ready(self, address: str, now: float) -> bool:
        since = self._rests_since.get(address)
        return since is None or now >= since + self._rest

    def ok(self, address: str) -> None:
        """Note that a mirror answered."""
        self._note(address, True)
        self._failures.pop(address, None)
        self._rests_since.pop(address, None)

    def failed(self, address: str, why: str) -> bool:
        """Note that a mirror did not answer; return whether another one is the current one now."""
        self._note(address, False)
        failures = self._failures[address] = self._failures.get(address, 0) + 1
        if address != self._current or failures < self._patience:
            return False
        self._rests_since[address] = self._clock()
        self._current = self._best()
        changed = self._current != address
        _LOG.warning(
            "mirror %s failed %d times in a row (%s); %s",
            address,
            failures,
            why,
            f"going on with {self._current}" if changed else "there is no other",
        )
        return changed

    def counters(self) -> dict[str, int]:
        """Return how requests to each mirror went (by its mark), and how many failed last."""
        return {
            f"mirror/{mark(host)}/{how}": self._counts[f"{host} {how}"]
            for host in sorted(self.hosts)
            for how in ("ok", "failed", "in_a_row")
        }

    def _note(self, address: str, ok: bool) -> None:
        host = urlsplit(address).netloc.lower()
        self._counts[f"{host} {'ok' if ok else 'failed'}"] += 1
        self._counts[f"{host} in_a_row"] = 0 if ok else self._counts[f"{host} in_a_row"] + 1
        if self._notes and self._notes[-1][:2] == (address, ok):
            self._notes[-1] = (address, ok, self._notes[-1][2] + 1)
        else:
            self._notes.append((address, ok, 1))

    def save(self, *, every: float = 5.0) -> None:
        """Write what happened, if the last time is ``every`` seconds ago (0: in any case)."""
        now = self._clock()
        if now < self._saved_at + every:
            return
        self._saved_at = now
        if self._notes:
            self._store.note_all(self._market, self._notes)
            self._notes.clear()
        if self._store.changed(self._market) != self._seen:
            self._load()
