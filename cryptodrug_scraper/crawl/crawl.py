"""A crawl at work: everything that its parts share, opened together and closed together."""

from __future__ import annotations

import logging
import platform
import sqlite3
import time
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from scrapy import Request
from scrapy.crawler import Crawler

from cryptodrug_scraper import __version__
from cryptodrug_scraper.archive import CrawlArchive, CrawlEnd, CrawlStamp, Held, repair
from cryptodrug_scraper.crawl.disk import cannot_write, naming
from cryptodrug_scraper.crawl.durable import WhenOnDisk
from cryptodrug_scraper.crawl.frontier import FAILED, Wanted, open_frontier
from cryptodrug_scraper.crawl.identities import Pool
from cryptodrug_scraper.crawl.judge import Judgement
from cryptodrug_scraper.crawl.loading import LoadingThread, Target
from cryptodrug_scraper.crawl.logs import keep_log
from cryptodrug_scraper.crawl.mirrors import Mirrors, MirrorStore
from cryptodrug_scraper.crawl.options import CrawlOptions, read_since
from cryptodrug_scraper.crawl.plan import CrawlRefused, Job, Jobs, Plan
from cryptodrug_scraper.crawl.result import Before, CrawlResult, bring_up
from cryptodrug_scraper.crawl.scope import Scope
from cryptodrug_scraper.crawl.sessions import SessionStore
from cryptodrug_scraper.crawl.visited import Visited

if TYPE_CHECKING:
    from cryptodrug_scraper.crawl.progress import View
    from cryptodrug_scraper.crawl.spider import MarketSpider

logger = logging.getLogger(__name__)

_CRAWLS: WeakKeyDictionary[Crawler, Crawl] = WeakKeyDictionary()
_TOR_FAILURES = 5  # attempts in a row that did not even reach the proxy
_TOR_PAUSE = 5.0
_TOR_PATIENCE = 120.0  # seconds that Tor may be gone
_RATE_OVER = 60.0


class Given(NamedTuple):
    """What a crawl is to do, how, and who looks on."""

    plan: Plan
    options: CrawlOptions
    view: View


class Crawl:
    """One run of a crawl: what Scrapy's components and the spider find through :meth:`of`."""

    def __init__(self, crawler: Crawler, spider: MarketSpider, given: Given) -> None:
        self.crawler = crawler
        self.spider = spider
        self.market = spider.name
        self.plan, self.options, self.view = given
        self.feeds = bool(crawler.settings.getdict("FEEDS"))
        self.started_at = datetime.now(UTC)
        self.stop_reason: str | None = None
        self.stop_words = ""
        self.closed = False
        self.tor_down_since: float | None = None
        self.tor_until = 0.0
        self._tor_failures = 0
        self._kept_at: deque[float] = deque(maxlen=10_000)
        self.kept_pages = 0
        self.hand_out: Callable[[], Request | None] = lambda: None
        """What the scheduler gives for now."""
        spider.crawl = self
        self._open()

    @classmethod
    def begin(cls, crawler: Crawler, spider: MarketSpider, given: Given | None) -> None:
        """Open the crawl of a crawler; without ``given`` by Scrapy's own arguments."""
        if given is None:
            from cryptodrug_scraper.crawl.run import arguments_of, explained

            with explained():
                _CRAWLS[crawler] = cls(crawler, spider, arguments_of(crawler, spider))
            return
        _CRAWLS[crawler] = cls(crawler, spider, given)

    @classmethod
    def of(cls, crawler: Crawler) -> Crawl:
        """Return the crawl of a crawler, which its spider has opened."""
        return _CRAWLS[crawler]

    # -- opening and closing -------------------------------------------------------------------

    def _open(self) -> None:
        folder, market = self.options.folder, self.market
        with ExitStack() as stack:
            stack.enter_context(naming(folder / "crawls" / market))
            jobs = Jobs(folder / "crawls", market)
            stack.enter_context(jobs.lock())
            self.mirrors = Mirrors(MirrorStore(folder / "mirrors"), market)
            self.mirrors.current()  # raises where there is none
            self.pool = Pool(
                SessionStore(folder / "sessions"),
                market,
                each=self.options.each,
                rest=self.options.rest,
            )
            self.job: Job = jobs.open(self.plan, new=self.options.new)
            self.resumed = bool(self.job.runs)
            told = self.plan.since
            self.since = read_since(told, self.job.created_at) if told else None
            # A run before this one that was killed, or that could not load all it captured.
            self._was_behind = any(run.get("behind", True) for run in self.job.runs[-1:])
            stack.callback(keep_log(self.job.folder / "crawl.log"))
            self.frontier = open_frontier(self.job)
            stack.callback(self.frontier.close)
            archives = folder / "archive" / market
            self.visited = Visited(jobs.folder / "visited.sqlite", archives, self.job.name)
            stack.callback(self.visited.close)
            inside = self.plan.inside or self.spider.drugs
            self.scope = Scope(inside, self.plan.outside, self.frontier)
            self.warcs = archives / self.job.name
            self.warcs.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.mended = repair(self.warcs)
            held = Held(self.warcs, self.mended.damaged)
            self.lost = self.frontier.ask_again(held)
            self.visited.forget(wanted.key for wanted in self.lost)
            runs = [str(run["run"]) for run in self.job.runs if "run" in run]
            self._before = Before(runs, held, self.frontier.lost())
            self.stamp = CrawlStamp(
                run=uuid.uuid4().hex,
                market=market,
                started_at=self.started_at,
                operator=self.options.operator,
                program_version=__version__,
                options={
                    "plan": {k: v for k, v in asdict(self.plan).items() if v},
                    **self.options.told(),
                    "job": self.job.name,
                    "python": platform.python_version(),
                },
                invented=self.options.direct or self.options.invented,
            )
            self.archive = CrawlArchive(
                self.warcs, self.stamp, rotate_bytes=self.options.rotate_bytes
            )
            stack.callback(self._close_archive)
            self.on_disk = WhenOnDisk(self.archive, self.cannot_write, self.look_for_work)
            self.loader: LoadingThread | None = None
            if self.options.dsn is not None:
                target = Target(self.options.dsn, folder)
                self.loader = LoadingThread(target, self.stamp, self.warcs)
                stack.callback(self.loader.close)
            self.job.runs.append({"run": self.stamp.run, "started_at": self.started_at.isoformat()})
            self.job.save()
            self._begin()
            self._closing = stack.pop_all()

    def _begin(self) -> None:
        """Queue what the crawl begins with, and what had failed in an earlier run."""
        self.frontier.retry_failed()
        try:
            self.frontier.add(self.spider.begin())
        except ValueError as error:
            raise CrawlRefused(str(error)) from None

    def close(self, reason: str) -> None:
        """End the run; ``reason`` is Scrapy's. All that was captured is on disk before."""
        if self.closed:
            return
        self.closed = True
        self.on_disk.close()
        outcome = self._outcome(reason)
        now = datetime.now(UTC)
        self.result = CrawlResult(
            market=self.market,
            outcome=outcome,
            words=self.stop_words,
            resumed=self.resumed,
            pages=self.kept_pages,
            seconds=(now - self.started_at).total_seconds(),
            counters=self._counters(),
            frontier=self.frontier.counts(),
            failed=self.frontier.in_state(FAILED),
            archive=self.warcs,
            stamp=self.stamp,
            mended=self.mended,
            lost=len(self.lost),
            unknown_categories=self.scope.unknown_names(),
        )
        self.end = CrawlEnd(
            run=self.stamp.run, ended_at=now, outcome=outcome, counters=self.result.counters
        )
        try:
            self.pool.save()
            self.mirrors.save(every=0)
        except OSError as error:
            self._could_not_write(error)
        self._closing.close()
        try:
            self._load(now)
        except OSError as error:
            self._could_not_write(error)

    def _could_not_write(self, error: OSError) -> None:
        """Note in the result that the run's end could not be written down."""
        self.cannot_write(error)
        self.result.outcome, self.result.words = "archive", self.stop_words

    def _load(self, now: datetime) -> None:
        """Bring the database up to the archive, and note in the job how this run ended."""
        behind = self._was_behind or self.loader is None or self.loader.behind
        if self.loader is not None:
            self.result.loaded = self.loader.counts
            bring_up(self.result, self.end, self.loader, self._before, behind=behind)
            for words in self.loader.news():
                self.view.say(words)
            behind = self.result.database_error is not None
        if self.result.outcome == "finished":
            self.job.finished_at = now
        self.job.runs[-1] |= {
            "ended_at": now.isoformat(),
            "outcome": self.result.outcome,
            "behind": behind,
        }
        self.job.save()

    def _close_archive(self) -> None:
        end = getattr(self, "end", None)
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
        if self.enough:
            return "limit"
        return {"shutdown": "interrupted", "finished": "stopped"}.get(reason, reason)

    def _counters(self) -> dict[str, Any]:
        stats = self.crawler.stats.get_stats() if self.crawler.stats else {}
        counters = {
            key.removeprefix("cryptodrug/"): value
            for key, value in sorted(stats.items())
            if key.startswith("cryptodrug/")
        }
        counters |= {f"frontier/{name}": n for name, n in self.frontier.counts().items()}
        counters["seconds"] = round((datetime.now(UTC) - self.started_at).total_seconds(), 1)
        return counters

    # -- what the parts ask --------------------------------------------------------------------

    def hosts(self) -> frozenset[str]:
        """Return the hosts (with port) that are the market's."""
        return frozenset(urlsplit(a).netloc.lower() for a in self.mirrors.addresses)

    @property
    def stopping(self) -> bool:
        """Whether the run is to end before all is done."""
        return self.stop_reason is not None

    @property
    def enough(self) -> bool:
        """Whether as many pages came as were asked for, or the time is up."""
        pages, seconds = self.options.pages, self.options.seconds
        if pages is not None and self.kept_pages >= pages:
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
        if self.stopping or self.enough or self.quiet or time.monotonic() < self.tor_until:
            return False
        if self.on_disk.full:
            return False
        pages = self.options.pages
        return pages is None or self.kept_pages + self.frontier.flying < pages

    @property
    def rate(self) -> float:
        """Pages a second over the last minute."""
        now = time.monotonic()
        recent = [at for at in self._kept_at if now - at < _RATE_OVER]
        passed = min(now - recent[0], _RATE_OVER) if recent else 0.0
        return len(recent) / passed if passed > 1 else float(len(recent))

    # -- what the parts tell -------------------------------------------------------------------

    def count(self, *names: str) -> None:
        """Count what happened, by name."""
        if self.crawler.stats is not None:
            for name in names:
                self.crawler.stats.inc_value(f"cryptodrug/{name}")

    def kept(self, kind: str) -> None:
        """Note that a page was captured and ended its request."""
        self.kept_pages += 1
        self._kept_at.append(time.monotonic())
        self.count(f"pages/{kind}")

    def failed(self, wanted: Wanted, judgement: Judgement) -> None:
        """Note a request that is given up."""
        logger.warning("Given up: %s (%s)", wanted.address[:200], judgement.reason)

    def note_latency(self, seconds: float) -> None:
        """Note how long an answer took."""
        if self.crawler.stats is not None:
            self.crawler.stats.max_value("cryptodrug/seconds_longest_answer", round(seconds, 2))

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

    def look_for_work(self) -> None:
        """Have Scrapy's engine look for work: by itself it does when an answer comes."""
        engine = self.crawler.engine
        if engine is None or engine.spider is None or self.closed or engine.needs_backout():
            return
        request = self.hand_out()
        if request is not None:
            engine.crawl(request)  # looks for more, too

    @property
    def tor_is_down(self) -> bool:
        """Whether the last attempts did not even reach the proxy."""
        return self.tor_down_since is not None

    def tor_failed(self, words: str) -> None:
        """Note that the proxy could not be reached; after a while the run ends."""
        self._tor_failures += 1
        if self._tor_failures < _TOR_FAILURES and self.tor_down_since is None:
            return
        now = time.monotonic()
        self.tor_down_since = self.tor_down_since or now
        self.tor_until = now + _TOR_PAUSE
        if now - self.tor_down_since > _TOR_PATIENCE:
            self.stop("tor", f"nothing answers at the SOCKS port {self.options.socks}: {words}")

    def tor_worked(self) -> None:
        """Note that an answer came."""
        self._tor_failures = 0
        self.tor_down_since = None
