"""Writes the crawls of a scenario straight to WARC files: no server, no network.

Every crawl has all pages of offers. A listing's own pages are captured in the first crawl in which
it stands, then in every ``listing_weeks``-th (in which of them is drawn by chance for each), and in
the market's last; a vendor's pages likewise, by ``vendor_weeks``. So none is favoured.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

from cryptodrug_scraper.archive import CrawlArchive, CrawlEnd, CrawlStamp
from cryptodrug_scraper.simulator.chance import Chance
from cryptodrug_scraper.simulator.look import Look, Page, Session, asked, looks, routes
from cryptodrug_scraper.simulator.scenario.parameters import Parameters
from cryptodrug_scraper.simulator.scenario.world import ScenarioWorld, scenario_worlds

_LONGEST = timedelta(hours=3)
_HEADERS = (("Content-Type", "text/html; charset=utf-8"),)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written: all of it follows from these."""

    parameters: Parameters
    seed: int
    missing: float = 0.0


@dataclass(frozen=True, slots=True)
class Crawl:
    """One crawl that was written."""

    market: str
    number: int
    began: datetime
    pages: int
    left_out: int
    size: int  # bytes of its files


class Crawler:
    """Crawls of one market of a scenario."""

    def __init__(self, plan: Plan, world: ScenarioWorld) -> None:
        self.plan, self.world, self.name = plan, world, world.market
        self.look: Look = looks()[self.name]
        self.routes = routes()[self.name]
        self.days = world.told.crawls()
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

    def write(self, folder: Path, number: int) -> Crawl:
        """Write a crawl into files of its own in a folder. Raises OSError."""
        plan, name = self.plan, self.name
        began = self.world.crawled(self.days[number])
        wanted = list(self.addresses(number))
        pace = min(timedelta(seconds=5), _LONGEST / max(len(wanted), 1))
        stamp = CrawlStamp(
            run=blake2b(
                f"{plan.parameters.name}|{plan.seed}|{name}|{number}".encode(), digest_size=16
            ).hexdigest(),
            market=name,
            started_at=began,
            operator=f"scenario {plan.parameters.name}",
            program_version=version("cryptodrug-scraper"),
            options={
                "seed": plan.seed,
                "listing_weeks": plan.parameters.listing_weeks,
                "vendor_weeks": plan.parameters.vendor_weeks,
            },
        )
        counters: Counter[str] = Counter()
        session, at, left_out = Session(), began, 0
        self._visit("/?proceed", at, session)  # a welcome page may stand before the first
        with CrawlArchive(folder, stamp) as archive:
            for address in wanted:
                at = (at + pace).replace(microsecond=0)
                if self.is_missing(number, address):
                    left_out += 1
                    continue
                final, page = self._visit(address, at, session)
                path, _, posted = final.partition("#")
                counters[f"pages/{page.expected.kind}"] += 1
                archive.write(
                    url=f"http://{self.world.told.host}{path}",
                    captured_at=at,
                    method="POST" if posted else "GET",
                    request_headers=(("Host", self.world.told.host),),
                    request_body=posted.encode(),
                    status=page.status,
                    headers=_HEADERS,
                    body=page.html.encode(),
                )
            told = {"responses": counters.total(), **counters}
            archive.close(CrawlEnd(stamp.run, at, "finished", told))
            size = sum(p.stat().st_size for p in folder.glob(f"{archive.name}-*"))
        return Crawl(name, number, began, counters.total(), left_out, size)

    def _visit(self, address: str, at: datetime, session: Session) -> tuple[str, Page]:
        """Return a page, and the address that it was sent on to."""
        root = f"http://{self.world.told.host}"
        page = self.look.answer(self.world, asked(root, address, at), session)
        while page.location:
            address = page.location
            page = self.look.answer(self.world, asked(root, address, at), session)
        return address, page


def write_crawls(
    plan: Plan,
    folder: Path,
    *,
    markets: Sequence[str] = (),
    workers: int = 1,
    on_crawl: Callable[[Crawl, int], None] | None = None,
) -> list[Crawl]:
    """Write all crawls of a scenario into a folder for each market; return them in order.

    ``on_crawl`` is told each crawl as it is written, and how many there will be. The same plan
    writes the same pages, whatever the number of ``workers`` (processes). Raises OSError, and
    ValueError if the folder has crawls of another plan.
    """
    parameters = plan.parameters
    names = [name for name in parameters.markets if not markets or name in markets]
    tasks = [(name, n) for name in names for n in range(len(parameters.markets[name].crawls()))]
    tasks.sort(key=lambda task: -task[1])  # later ones are larger: they go first
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
    found: list[Crawl] = []

    def written(crawl: Crawl) -> None:
        found.append(crawl)
        if on_crawl is not None:
            on_crawl(crawl, len(tasks))

    if workers == 1:
        _start(plan, folder)
        for task in tasks:
            written(_write(task))
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, context, _start, (plan, folder)) as pool:
            try:
                for future in as_completed([pool.submit(_write, task) for task in tasks]):
                    written(future.result())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return sorted(found, key=lambda crawl: (crawl.began, crawl.market))


_crawlers: dict[str, Crawler] = {}
_folder = Path()


def _start(plan: Plan, folder: Path) -> None:
    global _folder
    _folder = folder
    _crawlers.clear()
    worlds = scenario_worlds(plan.parameters, plan.seed)
    _crawlers.update({name: Crawler(plan, world) for name, world in worlds.items()})


def _write(task: tuple[str, int]) -> Crawl:
    name, number = task
    return _crawlers[name].write(_folder / name, number)
