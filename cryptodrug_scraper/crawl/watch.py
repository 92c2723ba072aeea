"""Looks after a crawl several times a second: fresh cookies, limits, rests that end, progress."""

from __future__ import annotations

import asyncio
import time
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.utils.asyncio import AsyncioLoopingCall, create_looping_call
from twisted.internet.task import LoopingCall

from cryptodrug_scraper.common.private import NotUsable
from cryptodrug_scraper.crawl.crawl_run import CrawlRun
from cryptodrug_scraper.crawl.progress import Silent, View, show
from cryptodrug_scraper.crawl.scheduler import FrontierScheduler

_EVERY = 0.2
_SHOWN_EVERY = 0.5


class Watch:
    """A Scrapy extension. Scrapy itself looks for work only when an answer comes."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.crawl: CrawlRun | None = None
        self.view: View = Silent()
        self.waiting_since: float | None = None
        self._shown_at = 0.0
        self._last_error = ""
        self._closing: asyncio.Future[None] | None = None
        self._loop: AsyncioLoopingCall | LoopingCall | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect it."""
        watch = cls(crawler)
        crawler.signals.connect(watch.opened, signals.spider_opened)
        crawler.signals.connect(watch.stopped, signals.engine_stopped)
        return watch

    def opened(self) -> None:
        """Begin to look."""
        run = CrawlRun.of(self.crawler)
        if run.crawls:
            self.crawl, self.view = run, run.view
            self._loop = create_looping_call(self.check)
            self._loop.start(_EVERY, now=False)

    def stopped(self) -> None:
        """Stop looking."""
        if self._loop is not None and self._loop.running:
            self._loop.stop()

    def check(self) -> None:
        """Do what is due; what cannot be done now is tried again the next time."""
        crawl = self.crawl
        if crawl is None or crawl.closed:
            return
        try:
            self._check(crawl)
        except (NotUsable, OSError) as error:  # a file that somebody changed meanwhile
            if str(error) != self._last_error:
                self._last_error = str(error)
                self.view.say(str(error))

    def _check(self, crawl: CrawlRun) -> None:
        crawl.pool.refresh()
        self._wait_for_cookies(crawl)
        crawl.mirrors.save()
        if crawl.loader is not None:
            for words in crawl.loader.news():
                self.view.say(words)
        if self._is_over():
            self._end(crawl)
        elif crawl.may_ask and crawl.frontier.waiting and crawl.pool.free():
            self._look_for_work()
        now = time.monotonic()
        if now - self._shown_at >= _SHOWN_EVERY:
            self._shown_at = now
            self.view.update(show(crawl, self._left(crawl)))

    def _look_for_work(self) -> None:
        """Hand out what has become due: by itself Scrapy looks when an answer comes."""
        engine = self.crawler.engine
        if engine.spider is None or engine.needs_backout():
            return
        scheduler = engine.scheduler
        request = scheduler.lease() if isinstance(scheduler, FrontierScheduler) else None
        if request is not None:
            engine.crawl(request)  # looks for more, too

    def _is_over(self) -> bool:
        crawl = self.crawl
        return crawl is not None and (crawl.stopping or crawl.enough)

    def _end(self, crawl: CrawlRun) -> None:
        if crawl.enough:
            crawl.stop("limit", "the limit of pages or time is reached")
        engine = self.crawler.engine
        if self._closing is None and engine is not None and engine.spider is not None:
            self._closing = asyncio.ensure_future(
                engine.close_spider_async(reason=crawl.stop_reason or "stopped")
            )

    def _wait_for_cookies(self, crawl: CrawlRun) -> None:
        """With no identity left, wait for the researcher, up to the limit."""
        if crawl.pool.usable or not crawl.frontier.waiting:
            self.waiting_since = None
            return
        now = time.monotonic()
        if self.waiting_since is None:
            self.waiting_since = now
            self.view.say(needs(crawl))
        if now - self.waiting_since >= crawl.options.wait:
            crawl.stop("needs_session", needs(crawl, still=False))

    def _left(self, crawl: CrawlRun) -> float | None:
        if self.waiting_since is None:
            return None
        return crawl.options.wait - (time.monotonic() - self.waiting_since)


def needs(crawl: CrawlRun, *, still: bool = True) -> str:
    """Say what the researcher has to do for the crawl to go on."""
    market = crawl.market
    sessions = crawl.pool.sessions.values()
    states = [f"  {m.name}: {m.state} ({m.identity.why})" for m in sessions]
    walled = any(session.state == "walled" for session in sessions)
    lines = [f"No session of {market} can be used now:" if states else f"No session of {market}."]
    lines += states
    lines.append("Sign in with Tor Browser, save the cookies, and give them to this crawl:")
    name = next((session.name for session in sessions), "default")
    lines.append(f"  cryptodrug session add {market} --cookies cookies.txt --name {name}")
    if walled:
        lines.append("(At a captcha: solving it in the browser is enough, if it has this session.)")
    if still and crawl.options.wait > 0:
        minutes = crawl.options.wait / 60
        lines.append(f"The crawl goes on by itself then; it waits {minutes:.0f} min.")
    else:
        lines.append(f"Then run `cryptodrug crawl {market}` again: it goes on where it stopped.")
    return "\n".join(lines)
