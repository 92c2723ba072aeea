"""Crawls of simulated markets on this machine, by the program itself, as a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptodrug_scraper.access.mirrors import MirrorStore
from cryptodrug_scraper.access.sessions import SessionStore
from simulator.command import Running, simulation
from simulator.server import Server
from simulator.sessions import COOKIE
from tests.cli.running import PROGRAM
from tests.conftest import ROOT

HASTY = ("--delay", "0", "--rest", "0.1", "--backoff", "0.1", "--retries", "60")
"""Without the politeness that a real market needs."""


@dataclass
class Ended:
    """How a crawl's process ended."""

    code: int
    said: str
    errors: str
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def complaints(self) -> list[str]:
        """What it said on standard error, but for how far it was, which it says at times."""
        return [line for line in self.errors.splitlines() if not line.startswith("crawl ")]


@dataclass
class Place:
    """A data folder, and a market that can be crawled from there."""

    folder: Path
    market: str
    server: Server
    running: Running
    through: tuple[str, ...] = ("--direct",)
    cookies: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    renewed: int = 0

    @property
    def store(self) -> SessionStore:
        """The sessions."""
        return SessionStore(self.folder / "sessions")

    def sign_in(self, *names: str) -> None:
        """Sign in, and hand the cookies over."""
        for name in names:
            cookie = self.running.cookie(self.market, f"reader-{name}")
            self.cookies.append(cookie)
            self.store.add(self.market, name, {COOKIE: cookie})

    @contextlib.contextmanager
    def researcher(self, every: float = 0.1) -> Iterator[None]:
        """Somebody who renews each session as soon as it needs it."""

        def renew() -> None:
            while not self.stopped.wait(every):
                for identity in self.store.all(self.market):
                    if identity.state in ("ended", "walled"):
                        self.renewed += 1
                        self.sign_in(identity.name)

        self.stopped.clear()
        thread = threading.Thread(target=renew)
        thread.start()
        try:
            yield
        finally:
            self.stopped.set()
            thread.join()

    def command(self, dsn: str | None, *options: str) -> list[str]:
        """Return how a crawl is started."""
        loading = ("--database-url", dsn) if dsn else ("--no-load",)
        summary = ("--summary", str(self.folder / "summary.json"))
        given = (*self.through, *HASTY, *loading, *summary, *options)
        return [*PROGRAM, "crawl", self.market, *given]

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment in which it is started."""
        return os.environ | {"CRYPTODRUG_DATA_DIR": str(self.folder)}

    def start(self, dsn: str | None, *options: str) -> subprocess.Popen[str]:
        """Start a crawl."""
        return subprocess.Popen(
            self.command(dsn, *options),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env=self.environment,
        )

    def read_summary(self) -> dict[str, Any]:
        """Return the summary that the last crawl wrote, and take it away."""
        file = self.folder / "summary.json"
        summary = json.loads(file.read_text("utf-8")) if file.exists() else {}
        file.unlink(missing_ok=True)
        return dict(summary)

    def ended(self, process: subprocess.Popen[str], within: float = 240) -> Ended:
        """Wait for a crawl's end."""
        try:
            said, errors = process.communicate(timeout=within)
        finally:
            process.kill()
            process.wait()
        return Ended(process.returncode, said, errors, self.read_summary())

    def crawl(self, dsn: str | None, *options: str, within: float = 240) -> Ended:
        """Crawl to the end."""
        return self.ended(self.start(dsn, *options), within)

    @property
    def archive(self) -> Path:
        """Where the WARC files are."""
        return self.folder / "archive"

    @property
    def captured(self) -> Path:
        """Where those of the last crawl are: the folder that it loads from."""
        return self.warcs()[-1].parent

    def warcs(self) -> list[Path]:
        """All WARC files, in order."""
        return sorted(self.archive.rglob("*.warc.gz"))


@contextlib.contextmanager
def place(
    folder: Path,
    market: str,
    *,
    identities: int = 2,
    listings: int = 60,
    vendors: int = 6,
    reviews: int = 200,
    seed: int = 1,
    faults: tuple[str, ...] = (),
    patience: float = 0.3,
    publish: Callable[[int], str] | None = None,
    through: tuple[str, ...] = ("--direct",),
) -> Iterator[Place]:
    """Serve a market that stands still, with its address and signed-in sessions in a folder.

    ``publish`` makes an onion service of a port and returns its host name; ``through`` are the
    options that lead a crawl there.
    """
    with simulation(
        [market],
        seed=seed,
        listings=listings,
        vendors=vendors,
        reviews=reviews,
        date="now",
        still=True,
        faults=faults,
        patience=patience,
    ) as running:
        server = running.servers[market]
        here = Place(folder, market, server, running, through)
        address = f"http://{publish(server.port)}" if publish else server.address
        MirrorStore(folder / "mirrors").add(market, address)
        here.sign_in(*(f"id{number}" for number in range(identities)))
        yield here
