"""What a crawl itself costs: processor time a page beside Scrapy's own, and memory.

A simulated market of 100,000 listings answers in one process, a SOCKS proxy in another, the
database server in others: none of that is counted. The crawl goes through the proxy to an onion
address, with delays off, loads into PostgreSQL, and has 100,000 requests queued when it begins,
mixed as the market's own pages are. Another crawl of the same does not wait for the disk, which
shows what that costs. Then Scrapy asks for the same addresses. The market renders
each page anew and is slower than who asks, so processor time is measured and not the clock.
"""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

import psycopg2

from cryptodrug_scraper.access.mirrors import MirrorStore
from cryptodrug_scraper.access.sessions import SessionStore
from cryptodrug_scraper.crawl.frontier import Frontier
from cryptodrug_scraper.crawl.plan import Jobs, Plan
from cryptodrug_scraper.crawl.request import CrawlRequest
from cryptodrug_scraper.crawl.spider import RESULTS
from cryptodrug_scraper.database.connection import client_url, open_engine
from cryptodrug_scraper.database.embedded import EmbeddedServer
from simulator.facts import Sizes
from simulator.making import make_world
from simulator.market_site import market_sites
from simulator.markets.dream_frame import TREE
from simulator.markets.dream_pages import PER_PAGE
from simulator.sessions import COOKIE
from tests.bench.crawled import NOT_TO_DISK
from tests.conftest import ROOT
from tests.crawl.onions import onion

MARKET = "dream"
LISTINGS, VENDORS, REVIEWS = 100_000, 10_000, 500_000
QUEUED = 100_000
PAGES = 2_000
SESSIONS = 2
_LONGEST = 900.0  # seconds for a crawl; four times that for what serves it


@dataclass(frozen=True)
class Crawling:
    """The best round (of least processor time) of each: lines that the processes printed."""

    ours: dict[str, Any]
    bare: dict[str, Any]
    usual: dict[str, Any]
    waiting: float
    """How much longer a crawl takes by the clock since it waits for the disk; 0.1 is a tenth."""
    waiting_busy: float
    """The same by processor time."""

    @property
    def rate(self) -> float:
        """Pages a second of processor time."""
        return float(self.ours["pages"] / self.ours["seconds"])

    def times(self, baseline: dict[str, Any]) -> float:
        """Return how many times as much a page of ours costs."""
        return float(baseline["pages"] / baseline["seconds"] / self.rate)


def measure_crawling(
    *, pages: int = PAGES, rounds: int = 2, queued: int = QUEUED, profile: Path | None = None
) -> Crawling:
    """Crawl, and ask for the same by Scrapy, turn by turn. Raises SystemExit if one fails.

    With ``profile`` one more crawl is profiled, into that file.
    """
    runs: dict[str, list[dict[str, Any]]] = {"ours": [], "unsure": [], "bare": [], "usual": []}
    with tempfile.TemporaryDirectory(prefix="cryptodrug-bench-") as temporary:
        folder = Path(temporary)
        started_at = datetime.now(UTC).replace(microsecond=0)
        requests = the_queue(queued, started_at)
        with the_market(started_at) as (port, cookies), the_proxy(port) as socks:
            for number in range(rounds + (profile is not None)):
                data = folder / f"round-{number}"
                prepare(data, requests, cookies)
                if number == rounds:
                    crawl(data, socks, pages, str(profile))
                    break
                runs["ours"].append(crawl(data, socks, pages))
                unsure = folder / f"unsure-{number}"
                prepare(unsure, requests, cookies)
                runs["unsure"].append(crawl(unsure, socks, pages, NOT_TO_DISK))
                addresses = data / "addresses.txt"
                asked = addresses_asked(data)
                addresses.write_text("\n".join(asked) + "\n", "utf-8")
                for kind in ("bare", "usual"):
                    line = run("scraped", kind, str(addresses), socks, *cookies)
                    if line["pages"] != len(asked):
                        raise SystemExit(f"Scrapy got {line['pages']} of {len(asked)} pages")
                    runs[kind].append(line)
    best = {k: min(r, key=lambda line: line["seconds"]) for k, r in runs.items() if k != "unsure"}
    return Crawling(**best, waiting=longer(runs, "clock"), waiting_busy=longer(runs, "seconds"))


def longer(runs: dict[str, list[dict[str, Any]]], by: str) -> float:
    """Return how much longer a page took with the disk waited for, best round to best round."""
    sure, unsure = (
        min(line[by] / line["pages"] for line in runs[kind]) for kind in ("ours", "unsure")
    )
    return float(sure / unsure - 1)


def the_queue(count: int, at: datetime) -> list[CrawlRequest]:
    """Return requests of a market as it is at a moment, in the proportions that it has them."""
    look = market_sites()[MARKET]
    world = make_world(look, sizes=Sizes(LISTINGS, VENDORS, REVIEWS), reference=at)
    world.stand_still(world.reference)
    at = world.reference
    found: list[CrawlRequest] = []

    def want(address: str, kind: str, key: str, series: str | None = None) -> None:
        found.append(CrawlRequest(address, kind, key, series=series, priority=RESULTS + 1))

    for spot in TREE.spots:
        number = str(spot.number)
        for page in range(-(-world.count_in(spot.low, spot.high, at) // PER_PAGE)):
            more = f"&page={page + 1}" if page else ""
            want(f"/?category={number}{more}", "search", number, f"category {number}")
    for seller in world.sellers(at):
        member = f"/contactMember?member={quote(seller.handle)}"
        want(member, "vendor", seller.handle)
        want(f"{member}&tab=ratings", "vendor", seller.handle)
        for offer in world.offers_of(seller, at):
            number = look.listing_id(world, offer)
            want(f"/viewProduct?offer={number}", "listing", number)
    random.Random(1).shuffle(found)
    return found[:count]


def prepare(data: Path, requests: list[CrawlRequest], cookies: list[str]) -> None:
    """Make a data folder: a mirror, sessions, and a crawl with these requests queued."""
    MirrorStore(data / "mirrors").add(MARKET, f"http://{onion(1)}")
    for number, cookie in enumerate(cookies):
        SessionStore(data / "sessions").add(MARKET, f"bench-{number}", {COOKIE: cookie})
    job = Jobs(data / "crawls", MARKET).open(Plan(MARKET, inside=("all",)))
    frontier = Frontier(job.folder / "frontier.sqlite")
    try:
        frontier.add(requests)
    finally:
        frontier.close()


def addresses_asked(data: Path) -> list[str]:
    """Return the addresses, with their host, of all pages that a crawl captured, in its order."""
    file = next((data / "crawls" / MARKET).glob("*/frontier.sqlite"))
    with contextlib.closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT address FROM request WHERE state = 1 ORDER BY ended_at")
        return [f"http://{onion(1)}{address}" for (address,) in rows]


def crawl(data: Path, socks: str, pages: int, *more: str) -> dict[str, Any]:
    """Crawl into a database of its own; return what the process printed."""
    server = EmbeddedServer(data)
    try:
        url = server.ensure_running()
        open_engine(url, upgrade=True).dispose()
        dsn = client_url(url)
        line = run("crawled", str(data), MARKET, socks, str(pages), dsn, *more)
        with contextlib.closing(psycopg2.connect(dsn)) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT count(*) FROM page")
            loaded = (cursor.fetchone() or (0,))[0]
    finally:
        server.stop()
    if line["pages"] < pages or loaded < pages or line["trouble"]:
        raise SystemExit(f"the crawl did not do what was asked: {loaded} pages loaded, {line}")
    return line


def run(module: str, *arguments: str) -> dict[str, Any]:
    """Run a module of this package to its end; return the JSON that it printed last."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"tests.bench.{module}", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            text=True,
            encoding="utf-8",
            timeout=_LONGEST,
            cwd=ROOT,
        )
    except subprocess.CalledProcessError as error:
        raise SystemExit(error.stderr) from None
    line: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return line


@contextlib.contextmanager
def the_market(at: datetime) -> Iterator[tuple[int, list[str]]]:
    """Serve the market; yield its port, and cookies of sessions that are signed in."""
    told = {"listings": LISTINGS, "vendors": VENDORS, "reviews": REVIEWS, "port": 0}
    options = [f"--{name}={value}" for name, value in told.items()]
    program = [sys.executable, "-m", "cryptodrug_scraper.cli", "simulate", "--market", MARKET]
    with started([*program, *options, f"--date={at.isoformat()}", "--still"]) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        addresses = [line.split()[1] for line in lines if " http://" in line]
        if len(addresses) != 2:
            raise SystemExit(f"the market cannot be served: {lines}")
        port = int(addresses[0].split("/")[2].rpartition(":")[2])
        control = addresses[1].removesuffix("/counters")
        yield port, [sign_in(control, f"reader-{number}") for number in range(SESSIONS)]


def sign_in(control: str, name: str) -> str:
    """Sign a reader in; return the cookie's value."""
    opener = build_opener(ProxyHandler({}))
    request = Request(f"{control}/session?name={name}", method="POST")
    with opener.open(request, timeout=30) as answer:
        return str(json.load(answer)[MARKET]["value"])


@contextlib.contextmanager
def the_proxy(port: int) -> Iterator[str]:
    """Run the SOCKS proxy; yield its address."""
    with started([sys.executable, "-m", "tests.bench.socks", str(port)]) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


@contextlib.contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a process as long as the context lasts."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    longest = threading.Timer(4 * _LONGEST, process.kill)
    longest.daemon = True
    longest.start()
    try:
        yield process
    finally:
        longest.cancel()
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
