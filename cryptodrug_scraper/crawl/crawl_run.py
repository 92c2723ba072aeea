"""One run of a crawl: the job, the archive, the sessions and the queue, opened and closed together.

An extension of Scrapy's that the other parts find by :meth:`CrawlRun.of`. Where Scrapy does
something else than crawl a market (`scrapy shell`, `fetch` and `parse`), no job is opened: what
is asked then goes through the same gate, handler and sessions, and its captures into the folder of
single pages, but no queue is touched.
"""

from __future__ import annotations

import logging
import platform
import sqlite3
import uuid
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DontCloseSpider

from cryptodrug_scraper import __version__
from cryptodrug_scraper.access.mirrors import Mirrors, MirrorStore
from cryptodrug_scraper.access.sessions import SessionStore
from cryptodrug_scraper.archive import (
    CrawlArchive,
    CrawlEnd,
    CrawlStamp,
    Held,
    Page,
    Written,
    repair,
)
from cryptodrug_scraper.crawl.arguments import explained
from cryptodrug_scraper.crawl.disk import cannot_write, naming
from cryptodrug_scraper.crawl.durable import DiskSync
from cryptodrug_scraper.crawl.from_settings import crawl_options, read_options
from cryptodrug_scraper.crawl.frontier import FAILED, Lease, open_frontier
from cryptodrug_scraper.crawl.identities import Pool, SessionState
from cryptodrug_scraper.crawl.loading import LoadingThread, Target
from cryptodrug_scraper.crawl.logs import keep_log
from cryptodrug_scraper.crawl.memory import Memory
from cryptodrug_scraper.crawl.options import CrawlOptions, read_since
from cryptodrug_scraper.crawl.plan import Job, Jobs
from cryptodrug_scraper.crawl.progress import PageRate, Silent, View
from cryptodrug_scraper.crawl.result import CrawlResult, EarlierRuns, bring_up
from cryptodrug_scraper.crawl.scope import Scope
from cryptodrug_scraper.crawl.single import SinglePages
from cryptodrug_scraper.crawl.spider import MarketSpider
from cryptodrug_scraper.crawl.tor_watch import TorWatch
from cryptodrug_scraper.crawl.visited import Visited
from cryptodrug_scraper.records import ParsedPage
from cryptodrug_scraper.tor.address import is_loopback

logger = logging.getLogger(__name__)


class CrawlRun:
    """What the parts of a crawl share; see the module.

    ``options`` is None where no job is opened. ``job``, ``frontier``, ``scope``, ``archive``,
    ``pool``, ``mirrors`` and ``visited`` are there in a crawl only.
    """

    def __init__(self, crawler: Crawler, options: CrawlOptions | None, view: View) -> None:
        self.crawler = crawler
        self.options = options or read_options()
        self.crawls = options is not None
        self.view = view
        self.single = SinglePages(self.options.folder)
        self.started_at = datetime.now(UTC)
        self.stop_reason: str | None = None
        self.stop_words = ""
        self.closed = False
        self.tor = TorWatch(self._tor_gave_up)
        self.rate = PageRate()
        self.loader: LoadingThread | None = None
        self._handed = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Open the job of a market's spider; of anything else none. Raises CrawlRefused."""
        spider = crawler.spider
        if not isinstance(spider, MarketSpider) or not spider.begins_crawl:
            run = cls(crawler, None, Silent())
        elif spider.setup is not None:
            run = cls(crawler, spider.setup.options, spider.setup.view)
            run.open(spider)
        else:
            with explained():
                run = cls(crawler, crawl_options(crawler, spider), Silent())
                run.open(spider)
        crawler.signals.connect(run.spider_idle, signals.spider_idle)
        crawler.signals.connect(run.spider_closed, signals.spider_closed)
        return run

    @classmethod
    def of(cls, crawler: Crawler) -> CrawlRun:
        """Return the run of a crawler. Raises RuntimeError for one without the add-on."""
        run = crawler.get_extension(cls)
        if run is None:
            raise RuntimeError(f"{cls.__name__} is not among the extensions: see the add-on")
        return run

    # -- opening and closing -------------------------------------------------------------------

    def open(self, spider: MarketSpider) -> None:
        """Open the job of the spider's plan, or go on with it. Raises CrawlRefused and OSError."""
        self.market, self.home, self.plan = spider.market, spider.home, spider.plan
        folder, market = self.options.folder, self.market
        with ExitStack() as stack:
            stack.enter_context(naming(folder / "crawls" / market))
            jobs = Jobs(folder / "crawls", market)
            stack.enter_context(jobs.lock())
            self.mirrors = Mirrors(MirrorStore(folder / "mirrors"), market)
            spider.root = self.mirrors.current()  # raises where there is none
            self.pool = Pool(
                SessionStore(folder / "sessions"),
                market,
                each=self.options.each,
                rest=self.options.rest,
            )
            self.job: Job = jobs.open(self.plan, new=self.options.new)
            self.resumed = bool(self.job.runs)
            # A run before this one that was killed, or that could not load all it captured.
            self._was_lagging = any(run.get("behind", True) for run in self.job.runs[-1:])
            stack.callback(keep_log(self.job.folder / "crawl.log"))
            self.frontier = open_frontier(self.job)
            stack.callback(self.frontier.close)
            archives = folder / "archive" / market
            self.visited = Visited(jobs.folder / "visited.sqlite", archives, self.job.name)
            stack.callback(self.visited.close)
            self.scope = Scope(self.plan.inside or spider.drugs, self.plan.outside, self.frontier)
            self.warcs = archives / self.job.name
            self.warcs.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.repaired = repair(self.warcs)
            held = Held(self.warcs, self.repaired.damaged)
            self.lost = self.frontier.ask_again(held)
            self.visited.forget(request.key for request in self.lost)
            runs = [str(run["run"]) for run in self.job.runs if "run" in run]
            self._earlier = EarlierRuns(runs, held, self.frontier.lost())
            self.stamp = self._stamp()
            self.archive = CrawlArchive(
                self.warcs, self.stamp, rotate_bytes=self.options.rotate_bytes
            )
            stack.callback(self._close_archive)
            self.disk = DiskSync(self.archive, self.cannot_write)
            if self.options.dsn is not None:
                target = Target(self.options.dsn, folder)
                self.loader = LoadingThread(target, self.stamp, self.warcs)
                stack.callback(self.loader.close)
            self.job.runs.append({"run": self.stamp.run, "started_at": self.started_at.isoformat()})
            self.job.save()
            self.frontier.retry_failed()
            spider.join(self.scope, self.hosts, self._memory())
            self._closing = stack.pop_all()

    def _stamp(self) -> CrawlStamp:
        return CrawlStamp(
            run=uuid.uuid4().hex,
            market=self.market,
            started_at=self.started_at,
            operator=self.options.operator,
            program_version=__version__,
            options={
                "plan": {k: v for k, v in asdict(self.plan).items() if v},
                **self.options.as_record(),
                "job": self.job.name,
                "python": platform.python_version(),
            },
            invented=self.options.direct or self.options.invented,
        )

    def _memory(self) -> Memory:
        since = self.plan.since
        moment = read_since(since, self.job.created_at) if since else None
        return Memory(self.frontier, self.visited, moment, self.count)

    def spider_idle(self) -> None:
        """Keep Scrapy from ending while something is put off."""
        if self.crawls and self.frontier.waiting and not (self.stopping or self.enough):
            raise DontCloseSpider

    def spider_closed(self) -> None:
        """Close what single pages opened; a crawl's run is closed by its scheduler."""
        self.single.close()

    def close(self, reason: str) -> None:
        """End the run; ``reason`` is Scrapy's. All that was captured is on disk before."""
        if self.closed or not self.crawls:
            return
        self.closed = True
        self.disk.close()
        now = datetime.now(UTC)
        self.result = CrawlResult(
            market=self.market,
            outcome=self._outcome(reason),
            words=self.stop_words,
            resumed=self.resumed,
            pages=self.rate.pages,
            seconds=(now - self.started_at).total_seconds(),
            counters=self._counters(),
            frontier=self.frontier.counts(),
            failed=self.frontier.in_state(FAILED),
            archive=self.warcs,
            stamp=self.stamp,
            repaired=self.repaired,
            lost=len(self.lost),
            unknown_categories=self.scope.unknown_names(),
        )
        for name in self.result.unknown_categories:
            logger.warning("No category of %s is called %r", self.market, name)
        self._end = CrawlEnd(self.stamp.run, now, self.result.outcome, self.result.counters)
        try:
            self.pool.save()
            self.mirrors.save(every=0)
        except OSError as error:
            self._could_not_write(error)
        self._closing.close()
        try:
            self._bring_up(now)
        except OSError as error:
            self._could_not_write(error)

    def _could_not_write(self, error: OSError) -> None:
        """Note in the result that the run's end could not be written down."""
        self.cannot_write(error)
        self.result.outcome, self.result.words = "archive", self.stop_words

    def _bring_up(self, now: datetime) -> None:
        """Bring the database up to the archive, and note in the job how this run ended."""
        lagging = self._was_lagging or self.loader is None or self.loader.lagging
        lagging = lagging or self._handed < self.rate.pages  # items that reached no pipeline
        if self.loader is not None:
            self.result.loaded = self.loader.counts
            bring_up(self.result, self._end, self.loader, self._earlier, read=lagging)
            for words in self.loader.news():
                self.view.say(words)
            lagging = self.result.database_error is not None
        if self.result.outcome == "finished":
            self.job.finished_at = now
        self.job.runs[-1] |= {
            "ended_at": now.isoformat(),
            "outcome": self.result.outcome,
            "behind": lagging,
        }
        self.job.save()

    def _close_archive(self) -> None:
        end = getattr(self, "_end", None)
        try:
            self.archive.close(end)
        except OSError as error:
            if end is None:
                raise
            self._could_not_write(error)

    def _outcome(self, reason: str) -> str:
        if self.stop_reason is not None:
            return self.stop_reason
        if reason == "finished" and not self.frontier.waiting:
            return "finished"
        if self.enough or reason.startswith("closespider_"):
            return "limit"
        return {"shutdown": "interrupted", "finished": "stopped"}.get(reason, reason)

    def _counters(self) -> dict[str, Any]:
        counters = {
            key.removeprefix("cryptodrug/"): value
            for key, value in sorted(self.crawler.stats.get_stats().items())
            if key.startswith("cryptodrug/")
        }
        counters |= {f"frontier/{name}": n for name, n in self.frontier.counts().items()}
        counters |= self.mirrors.counters() | self.pool.counters
        counters["seconds"] = round((datetime.now(UTC) - self.started_at).total_seconds(), 1)
        return counters

    # -- who asks, and where it goes -----------------------------------------------------------

    @property
    def direct(self) -> bool:
        """Whether an address of this machine may be asked: a simulator, or outside a crawl."""
        return self.options.direct or not self.crawls

    def hosts(self) -> frozenset[str]:
        """Return the hosts (with port) that are the market's; outside a crawl of all markets."""
        if not self.crawls:
            return frozenset().union(*(hosts for _, hosts in self.single.markets()))
        return self.mirrors.hosts

    def session_of(self, request: Request) -> tuple[Pool, SessionState] | None:
        """Return who sends a request, and among whom; None if nobody is signed in."""
        lease = request.meta.get("lease")
        if isinstance(lease, Lease):
            assert lease.session is not None
            return self.pool, lease.session
        return self.single.session_of(request.url)

    def proxy_of(self, request: Request) -> str | None:
        """Return the SOCKS port through which a request goes; None to ask this machine."""
        if is_loopback(urlsplit(request.url).hostname or "") and self.direct:
            return None
        return self.options.socks

    def archive_of(self, request: Request) -> CrawlArchive | None:
        """Return where the answer to a request is archived; None if it is of no market."""
        if isinstance(request.meta.get("lease"), Lease):
            return self.archive
        return self.single.archive_of(request.url, direct=self.proxy_of(request) is None)

    def give_back(self, lease: Lease) -> None:
        """Let another request have the session of this one; done already is fine."""
        if lease.in_use and lease.session is not None:
            lease.in_use = False
            self.pool.give_back(lease.session, stateful=lease.request.stateful)

    # -- whether to go on ----------------------------------------------------------------------

    @property
    def stopping(self) -> bool:
        """Whether the run is to end before all is done."""
        return self.stop_reason is not None

    @property
    def enough(self) -> bool:
        """Whether as many pages came as were asked for, or the time is up."""
        pages, seconds = self.options.pages, self.options.seconds
        if pages is not None and self.rate.pages >= pages:
            return True
        passed = (datetime.now(UTC) - self.started_at).total_seconds()
        return seconds is not None and passed >= seconds

    @property
    def quiet(self) -> bool:
        """Whether it is one of the hours in which nothing is asked."""
        hours = self.options.quiet
        return hours is not None and hours.contains(datetime.now())

    @property
    def may_ask(self) -> bool:
        """Whether a request may go out now."""
        if self.stopping or self.enough or self.quiet or self.tor.pauses or self.disk.full:
            return False
        pages = self.options.pages
        return pages is None or self.rate.pages + self.frontier.flying < pages

    def stop(self, reason: str, words: str) -> None:
        """End the run as soon as what is under way has come back."""
        if self.stop_reason is None:
            self.stop_reason, self.stop_words = reason, words
            logger.warning("Stopping: %s", words)

    def cannot_write(self, error: OSError | sqlite3.Error) -> None:
        """End the run: the archive, the queue or what else stands on the disk takes no more."""
        where = self.warcs if isinstance(error, OSError) else self.job.folder
        words = cannot_write(error, where)
        self.stop("archive", f"{words}, then run the same command again: it goes on from there")

    def _tor_gave_up(self, why: str) -> None:
        self.stop("tor", f"nothing answers at the SOCKS port {self.options.socks}: {why}")

    # -- what happened -------------------------------------------------------------------------

    def count(self, *names: str) -> None:
        """Count what happened, by name, among Scrapy's stats."""
        for name in names:
            self.crawler.stats.inc_value(f"cryptodrug/{name}")

    def note_latency(self, seconds: float) -> None:
        """Note how long an answer took."""
        self.crawler.stats.max_value("cryptodrug/seconds_longest_answer", round(seconds, 2))

    def load_item(self, page: Page, parsed: ParsedPage) -> None:
        """Load a page that ended its request; it is on the disk."""
        self._handed += 1
        if self.loader is not None:
            self.loader.put(page, parsed)

    def load(self, written: Written, parsed: ParsedPage | None) -> None:
        """Load an answer that does not end its request, once it is on the disk."""
        page, loader = written.page, self.loader
        if page is None or loader is None:
            return

        shown = None if page.cut_short else parsed
        self.disk.then(lambda: loader.put(page, shown))

    def take_back(self, written: Written, parsed: ParsedPage) -> None:
        """Take a page that is out of scope out of the archive.

        Where another was written after it, it stays, and is loaded as what it is.
        """
        try:
            self.archive.take_back(written)
        except ValueError:
            self.load(written, parsed)
