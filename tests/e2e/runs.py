"""The crawls of ``make e2e``: each of a market that stands still, through a private Tor network."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import make_url

from cryptodrug_scraper.database.connection import client_url, open_engine
from cryptodrug_scraper.database.embedded import EmbeddedServer
from cryptodrug_scraper.replay import replay
from simulator.truth import truth
from tests.crawl.crawling import Ended, Place, place
from tests.crawl.responses import responses
from tests.databases import execute
from tests.e2e.rows import same_rows
from tests.e2e.truth import Comparison, compare
from tests.e2e.watching import Connections, watched
from tests.tor.network import RunningNetwork

ENDS = ("crawl_run.ended_at", "crawl_run.outcome", "crawl_run.counters")
"""What a run that was killed could not write down, and the one that goes on could."""


@dataclass(frozen=True)
class Sizes:
    """How much there is in a world, and how often a crawl of it is killed."""

    listings: int = 1000
    vendors: int = 100
    reviews: int = 5000
    kills: int = 10
    fault_rate: float = 0.05
    seconds: float = 3600.0


@dataclass
class Outcome:
    """What one crawl brought, beside what is true."""

    comparison: Comparison | None = None
    ended: Ended | None = None
    seconds: float = 0.0
    pages: int = 0
    served: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether the crawl finished and everything agrees."""
        return (
            self.ended is not None
            and self.ended.code == 0
            and not self.wrong
            and (self.comparison is None or self.comparison.complete)
        )


class Bench:
    """Where the crawls run: the network, the database server, and a folder."""

    def __init__(self, network: RunningNetwork, server: EmbeddedServer, folder: Path) -> None:
        self.network = network
        self.server = server
        self.folder = folder

    def database(self) -> str:
        """Return the URL of a new database with the schema."""
        name = f"e2e_{uuid4().hex[:10]}"
        execute(self.server.url(), f"CREATE DATABASE {name}")
        url = make_url(self.server.url()).set(database=name)
        text = url.render_as_string(hide_password=False)
        open_engine(text).dispose()
        return text

    @contextmanager
    def market(self, market: str, sizes: Sizes, *faults: str, identities: int) -> Iterator[Place]:
        """Serve a market behind an onion service."""
        folder = Path(tempfile.mkdtemp(prefix=f"{market}-", dir=self.folder))
        hosts: list[str] = []

        def publish(port: int) -> str:
            hosts.append(self.network.publish(port))
            return hosts[-1]

        with place(
            folder,
            market,
            identities=identities,
            listings=sizes.listings,
            vendors=sizes.vendors,
            reviews=sizes.reviews,
            faults=faults,
            patience=1.0,
            publish=publish,
            through=("--socks", self.network.socks, "--invented"),
        ) as here:
            try:
                yield here
            finally:
                for host in hosts:
                    self.network.withdraw(host)


def compared(here: Place, url: str) -> Comparison:
    """Compare a database with the truth."""
    site = here.server.site

    def true_at(moment: datetime) -> Iterator[dict[str, Any]]:
        return truth(site.market_site, site.world, moment)

    at = site.world.reference
    return compare(client_url(url), here.market, true_at(at), at, true_at=true_at)


def finish(here: Place, url: str, ended: Ended, started: float) -> Outcome:
    """Gather what a crawl brought."""
    outcome = Outcome(ended=ended, seconds=time.monotonic() - started)
    outcome.served = here.server.site.snapshot()
    outcome.pages = int(ended.summary.get("requests", {}).get("done", 0))
    if ended.code != 0:
        outcome.wrong.append(f"exit code {ended.code}: {ended.said[-500:]} {ended.errors[-500:]}")
    outcome.comparison = compared(here, url)
    outcome.wrong += outcome.comparison.differences[:5]
    return outcome


def clean(bench: Bench, market: str, sizes: Sizes) -> Outcome:
    """Crawl a market that does nothing wrong, and replay the archive into another database."""
    url, other = bench.database(), bench.database()
    with bench.market(market, sizes, identities=6) as here:
        started = time.monotonic()
        ended = here.crawl(url, "--category", "all", "--each", "3", within=sizes.seconds)
        outcome = finish(here, url, ended, started)
        replay([here.captured], client_url(other))
    outcome.told["replay"] = same_rows(client_url(url), client_url(other))
    return outcome


def with_faults(bench: Bench, market: str, sizes: Sizes, faults: tuple[str, ...] = ()) -> Outcome:
    """Crawl with faults, by default each at a rate and sessions that end; cookies are renewed."""
    url = bench.database()
    faults = faults or (f"all={sizes.fault_rate}", "session_requests=200")
    with bench.market(market, sizes, *faults, identities=12) as here:
        started = time.monotonic()
        options = ("--category", "all", "--each", "3", "--max-page", "1M", "--timeout", "30")
        with here.researcher():
            ended = here.crawl(url, *options, within=sizes.seconds)
        outcome = finish(here, url, ended, started)
        outcome.told["renewed"] = here.renewed
    return outcome


def killed(bench: Bench, market: str, sizes: Sizes) -> Outcome:
    """Crawl, kill at random moments, go on; nothing archived may be gone."""
    url, chance = bench.database(), random.Random(market)
    with bench.market(market, sizes, identities=6) as here:
        started = time.monotonic()
        before: Counter[str] = Counter()
        lost = 0
        options = ("--category", "all", "--each", "3")
        # The crawl takes about so many pages; the kills are spread over them.
        pages = sizes.listings * 2
        for kill in range(sizes.kills):
            process = here.start(url, *options)
            enough = here.server.site.snapshot().get("requests", 0) + chance.randint(
                1, max(pages // (sizes.kills + 2), 2)
            )
            deadline = time.monotonic() + sizes.seconds
            while process.poll() is None and time.monotonic() < deadline:
                if here.server.site.snapshot().get("requests", 0) >= enough:
                    break
                time.sleep(0.01)
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            here.ended(process)
            now = responses(here.warcs())
            lost += sum((before - now).values())
            before = now
            if kill + 1 == sizes.kills:
                break
        ended = here.crawl(url, *options, within=sizes.seconds)
        outcome = finish(here, url, ended, started)
        lost += sum((before - responses(here.warcs())).values())
        outcome.told |= {"lost": lost, "kills": sizes.kills}
        if lost:
            outcome.wrong.append(f"{lost} archived responses are gone")
    return outcome


def hostile(bench: Bench, market: str, sizes: Sizes) -> tuple[Outcome, Connections]:
    """Crawl pages full of links elsewhere, with the process watched from outside."""
    url = bench.database()
    faults = ("clearnet=1", "phishing=1", "redirect_out=0.02", "redirect_phishing=0.02")
    with bench.market(market, sizes, *faults, identities=4) as here:
        started = time.monotonic()
        command = here.command(url, "--category", "all", "--each", "3")
        seen = watched(command, env=here.environment, timeout=sizes.seconds)
        summary = here.read_summary()
        ended = Ended(0 if summary.get("outcome") == "finished" else 1, "", "", summary)
        outcome = finish(here, url, ended, started)
    return outcome, seen


def database_port(bench: Bench) -> str:
    """Return ``HOST:PORT`` of the database server."""
    url = make_url(bench.server.url())
    return f"{url.host}:{url.port}"
