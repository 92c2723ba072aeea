"""Writes the crawls of a scenario straight to WARC files: no server, no network.

Every crawl has all pages of offers. A listing's own pages are captured in the first crawl in which
it stands, then in every ``listing_weeks``-th (in which of them is drawn by chance for each), and in
the market's last; a vendor's pages likewise, by ``vendor_weeks``. So none is favoured.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from multiprocessing.connection import wait
from multiprocessing.resource_tracker import ensure_running
from multiprocessing.synchronize import Event
from pathlib import Path

from cryptodrug_scraper.archive import CrawlArchive, CrawlEnd, CrawlStamp
from simulator.chance import Chance
from simulator.market_site import MarketSite, Session, ShownPage, market_sites, request_for
from simulator.scenario.folder import PART, bring_out, complete_crawls, opened
from simulator.scenario.parameters import Parameters
from simulator.scenario.world import ScenarioWorld, scenario_worlds

_LONGEST = timedelta(hours=3)
_HEADERS = (("Content-Type", "text/html; charset=utf-8"),)
_ONE_FILE = 1 << 62


class Stopped(Exception):
    """The crawl that is being written is not wanted any more."""


def _plain(value: object) -> object:
    """Return what JSON lacks: sets have another order in each process."""
    return sorted(value) if isinstance(value, frozenset) else str(value)


@dataclass(frozen=True, slots=True)
class CrawlCalendar:
    """What is to be written: all of it follows from these."""

    parameters: Parameters
    seed: int
    missing: float = 0.0

    def as_text(self) -> str:
        """Return a line that tells the crawls of this plan from those of another."""
        values = json.dumps(asdict(self.parameters), default=_plain)
        digest = hashlib.sha256(values.encode()).hexdigest()
        return f"{self.parameters.name} {digest}, seed {self.seed}, missing {self.missing:g}\n"

    def run(self, market: str, number: int) -> str:
        """Return the identity of a crawl."""
        named = f"{self.parameters.name}|{self.seed}|{market}|{number}"
        return hashlib.blake2b(named.encode(), digest_size=16).hexdigest()

    def crawls(self, markets: Sequence[str] = ()) -> list[tuple[str, int]]:
        """Return market and number of all crawls, or of those of some markets."""
        stated = self.parameters.markets
        names = [name for name in stated if not markets or name in markets]
        return [(name, number) for name in names for number in range(len(stated[name].crawls()))]


@dataclass(frozen=True, slots=True)
class PlannedCrawl:
    """One crawl that was written."""

    market: str
    number: int
    began: datetime
    pages: int
    left_out: int
    size: int  # bytes of its files


class Crawler:
    """Crawls of one market of a scenario."""

    def __init__(self, plan: CrawlCalendar, world: ScenarioWorld) -> None:
        self.plan, self.world, self.name = plan, world, world.market
        self.market_site: MarketSite = market_sites()[self.name]
        self.routes = self.market_site.routes
        self.days = world.market_parameters.crawls()
        self.chance = Chance(plan.seed, plan.parameters.name, self.name, "crawls")

    def addresses(self, number: int) -> Iterator[str]:
        """Yield what the crawl of this number (from 0) captures."""
        world = self.world
        at = world.crawled(self.days[number])
        yield from self.routes.results(world, at)
        for index, item in enumerate(world.items):
            if item.stands(at.date()) and self._due("listing", index, number, item.listed):
                yield from self.routes.listing(world, world.offer(index))
        seen: set[int] = set()
        for item in world.items:
            if not item.stands(at.date()) or item.account in seen:
                continue
            seen.add(item.account)
            account = world.accounts[item.account]
            if self._due("vendor", item.account, number, account.joined):
                seller = world.seller(item.account)
                unread = self._unread(item.account, number)
                yield from self.routes.vendor(world, seller, at, unread)

    def _due(self, kind: str, index: int, number: int, begun: object) -> bool:
        """Say whether a listing's or a vendor's pages are captured in a crawl where they stand."""
        if number in (0, len(self.days) - 1):
            return True
        parameters = self.plan.parameters
        every = parameters.listing_weeks if kind == "listing" else parameters.vendor_weeks
        turn = self.chance.below(every, kind, index) == number % every
        return turn or self.days[number - 1] < begun  # type: ignore[operator]

    def is_missing(self, number: int, address: str) -> bool:
        """Say whether an address is one of the pages that a crawl does not have."""
        return self.chance.happens(self.plan.missing, "missing", number, address)

    def coverage(self, number: int) -> float:
        """Return the part of the listings that stand at a crawl whose own page it captures."""
        at = self.world.crawled(self.days[number])
        standing = captured = 0
        for index, item in enumerate(self.world.items):
            if item.stands(at.date()):
                standing += 1
                if self._due("listing", index, number, item.listed):
                    pages = self.routes.listing(self.world, self.world.offer(index))
                    captured += not all(self.is_missing(number, page) for page in pages)
        return captured / standing

    def _unread(self, account: int, number: int) -> int:
        """Return how many reviews may be new since all were captured: in two rounds, and more."""
        seller = self.world.seller(account)
        back = number - 2 * self.plan.parameters.vendor_weeks - 1
        then = (
            self.world.crawled(self.days[back])
            if back >= 0
            else self.world.crawled(self.days[0]) - timedelta(days=4000)
        )
        now = self.world.crawled(self.days[number])
        return self.world.review_count(seller, now) - self.world.review_count(seller, then)

    def write(
        self, folder: Path, number: int, stopped: Callable[[], bool] = lambda: False
    ) -> PlannedCrawl:
        """Write a crawl into a file of its own in a scenario's folder, where it appears whole.

        Raises OSError, and Stopped as soon as ``stopped`` says so.
        """
        plan, name = self.plan, self.name
        began = self.world.crawled(self.days[number])
        wanted = list(self.addresses(number))
        pace = min(timedelta(seconds=5), _LONGEST / max(len(wanted), 1))
        stamp = CrawlStamp(
            run=plan.run(name, number),
            market=name,
            started_at=began,
            operator=f"scenario {plan.parameters.name}",
            program_version=version("cryptodrug-scraper"),
            options={
                "seed": plan.seed,
                "listing_weeks": plan.parameters.listing_weeks,
                "vendor_weeks": plan.parameters.vendor_weeks,
            },
            invented=True,
        )
        counters: Counter[str] = Counter()
        session, at, left_out = Session(), began, 0
        self._visit("/?proceed", at, session)  # a welcome page may stand before the first
        part = folder / PART / name
        with CrawlArchive(part, stamp, rotate_bytes=_ONE_FILE) as archive:
            for address in wanted:
                if stopped():
                    raise Stopped
                at = (at + pace).replace(microsecond=0)
                if self.is_missing(number, address):
                    left_out += 1
                    continue
                final, page = self._visit(address, at, session)
                path, _, posted = final.partition("#")
                counters[f"pages/{page.expected.kind}"] += 1
                archive.write(
                    url=f"http://{self.world.market_parameters.host}{path}",
                    captured_at=at,
                    method="POST" if posted else "GET",
                    request_headers=(("Host", self.world.market_parameters.host),),
                    request_body=posted.encode(),
                    status=page.status,
                    headers=_HEADERS,
                    body=page.html.encode(),
                )
            stated = {"responses": counters.total(), **counters}
            archive.close(CrawlEnd(stamp.run, at, "finished", stated))
        size = bring_out(folder, name, archive.name)
        return PlannedCrawl(name, number, began, counters.total(), left_out, size)

    def _visit(self, address: str, at: datetime, session: Session) -> tuple[str, ShownPage]:
        """Return a page, and the address that it was sent on to."""
        root = f"http://{self.world.market_parameters.host}"
        page = self.market_site.answer(self.world, request_for(root, address, at), session)
        while page.location:
            address = page.location
            page = self.market_site.answer(self.world, request_for(root, address, at), session)
        return address, page


def write_crawls(
    plan: CrawlCalendar,
    folder: Path,
    *,
    markets: Sequence[str] = (),
    workers: int = 1,
    on_crawl: Callable[[PlannedCrawl, int], None] | None = None,
) -> list[PlannedCrawl]:
    """Write the crawls of a scenario into a folder for each market; return them in order.

    Crawls that are there already, of a run that was ended, stay and are not written again.
    ``on_crawl`` is told each crawl as it is written, and how many there will be. The same plan
    writes the same pages, whatever the number of ``workers`` (processes). Ended by an exception
    (KeyboardInterrupt), it leaves whole crawls alone. Raises OSError, and NotThisPlan if the
    folder has something else than crawls of this plan.
    """
    found: list[PlannedCrawl] = []
    with opened(folder, plan.as_text()):
        there = {name: complete_crawls(folder, name) for name in plan.parameters.markets}
        tasks = [
            (name, number)
            for name, number in plan.crawls(markets)
            if plan.run(name, number)[:8] not in there[name]
        ]
        tasks.sort(key=lambda task: -task[1])  # later ones are larger: they go first
        written = _in_turn if workers == 1 or not tasks else _at_once
        with contextlib.closing(written(plan, folder, tasks, workers)) as crawls:
            for crawl in crawls:
                found.append(crawl)
                if on_crawl is not None:
                    on_crawl(crawl, len(tasks))
    return sorted(found, key=lambda crawl: (crawl.began, crawl.market))


def count_complete(
    plan: CrawlCalendar, folder: Path, markets: Sequence[str] = ()
) -> tuple[int, int]:
    """Return how many crawls of a plan are in its folder, and how many there will be."""
    there = {name: complete_crawls(folder, name) for name in plan.parameters.markets}
    wanted = plan.crawls(markets)
    return sum(plan.run(name, n)[:8] in there[name] for name, n in wanted), len(wanted)


def _in_turn(
    plan: CrawlCalendar, folder: Path, tasks: Sequence[tuple[str, int]], workers: int
) -> Generator[PlannedCrawl, None, None]:
    crawlers = _crawlers_of(plan) if tasks else {}
    for name, number in tasks:
        yield crawlers[name].write(folder, number)


def _at_once(
    plan: CrawlCalendar, folder: Path, tasks: Sequence[tuple[str, int]], workers: int
) -> Generator[PlannedCrawl, None, None]:
    """Write in processes, which stop with the page that they are at when this is closed."""
    ensure_running()  # now: it would let through again what is blocked below
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(
        min(workers, len(tasks)), context, _start, (plan, folder, stop)
    ) as pool:
        try:
            with _signals_wait():
                futures = [pool.submit(_write, task) for task in tasks]
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


@contextlib.contextmanager
def _signals_wait() -> Iterator[None]:
    """Let what ends this process wait while it starts others.

    Half started, they would complain, and a pool of which one dies while another is started
    waits for ever. They begin with these signals blocked, too; see :func:`_start`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    ends = (signal.SIGINT, signal.SIGTERM)
    before = {sign: signal.signal(sign, lambda number, _: came.append(number)) for sign in ends}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # new processes inherit it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for sign, handler in before.items():
            signal.signal(sign, handler or signal.SIG_DFL)
        if came:
            signal.raise_signal(came[0])


# -- in a process of its own -----------------------------------------------------------------

_crawlers: dict[str, Crawler] = {}
_folder = Path()
_stop: Event | None = None


def _crawlers_of(plan: CrawlCalendar) -> dict[str, Crawler]:
    worlds = scenario_worlds(plan.parameters, plan.seed)
    return {name: Crawler(plan, world) for name, world in worlds.items()}


def _start(plan: CrawlCalendar, folder: Path, stop: Event) -> None:
    global _folder, _stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # goes to all of a terminal; the parent answers
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    _folder, _stop = folder, stop
    if not stop.is_set():
        _crawlers.update(_crawlers_of(plan))


def _end_with_the_parent() -> None:
    """End this process when the one that started it is killed and cannot say so."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _write(task: tuple[str, int]) -> PlannedCrawl:
    name, number = task
    if _stop is None or _stop.is_set():
        raise Stopped
    return _crawlers[name].write(_folder, number, _stop.is_set)
