"""The queue on the disk as Scrapy's scheduler: what is due is handed out with a session for it.

A request is leased when it is handed out. The lease ends in one transaction: by :meth:`done`, with
all that its page leads to, or by :meth:`failed`, the errback of what is handed out, which puts it
back or gives it up. What Scrapy or a middleware sends in its place on the way (redirects, repeats)
carries the lease in `meta` and waits here in memory.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from twisted.python.failure import Failure

from cryptodrug_scraper.archive import Written
from cryptodrug_scraper.client.answer import NoAnswer, Refused
from cryptodrug_scraper.common.private import NotUsable
from cryptodrug_scraper.crawl.crawl_run import CrawlRun
from cryptodrug_scraper.crawl.frontier import DONE, FAILED, GONE, Lease
from cryptodrug_scraper.crawl.judge import Judgement, NoPage, Verdict
from cryptodrug_scraper.crawl.request import CrawlRequest

logger = logging.getLogger(__name__)

_ODD = frozenset(("unknown", "other_page", "another"))
_LONGEST_BACKOFF = 60  # times the first one


class FrontierScheduler(BaseScheduler):
    """Scrapy's scheduler of a crawl. Outside a crawl a plain queue in memory."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._run = CrawlRun.of(crawler)
        self._ready: deque[Request] = deque()
        crawler.signals.connect(self.spider_error, signals.spider_error)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it."""
        return cls(crawler)

    def close(self, reason: str) -> None:
        """End the crawl's run: all that was captured is on disk already."""
        self._run.close(reason)

    # -- Scrapy's interface --------------------------------------------------------------------

    def has_pending_requests(self) -> bool:
        """Say whether there is anything left to ask for."""
        run = self._run
        return bool(self._ready) or (run.crawls and run.frontier.waiting > 0 and not run.enough)

    def enqueue_request(self, request: Request) -> bool:
        """Queue a request; False for one that was queued before, at any time of the crawl.

        Raises ValueError for one that the queue cannot keep.
        """
        if not self._run.crawls or isinstance(request.meta.get("lease"), Lease):
            self._ready.append(request)
            return True
        spider = self._crawler.spider
        assert spider is not None
        if not self._is_of_the_market(request):
            return False
        return self._run.frontier.add([CrawlRequest.from_scrapy(request, spider)]) > 0

    def next_request(self) -> Request | None:
        """Return a request that is due with a session that is free, or None for now."""
        if not self._ready:
            return self.lease() if self._run.crawls else None
        request = self._ready.popleft()
        lease = request.meta.get("lease")
        if isinstance(lease, Lease) and not lease.in_use and lease.session is not None:
            self._run.pool.take(lease.session, stateful=lease.request.stateful)
            lease.in_use = True
        return request

    def lease(self) -> Request | None:
        """Hand out what is due; it comes back by :meth:`done` or :meth:`failed`."""
        run, spider = self._run, self._crawler.spider
        free = run.pool.free() if run.may_ask else []
        if not free:
            return None
        try:
            mirror = run.mirrors.current()
            lease = run.frontier.next(stateful=any(not session.stateful for session in free))
        except sqlite3.Error as error:
            run.cannot_write(error)
            return None
        except NotUsable as error:  # the last mirror was taken away
            run.stop("stopped", str(error))
            return None
        if lease is None:
            run.disk.hurry()
            return None
        stateful = lease.request.stateful
        lease.session = next(s for s in free if not (stateful and s.stateful))
        lease.mirror, lease.in_use = mirror, True
        run.pool.take(lease.session, stateful=stateful)
        request = lease.request.to_scrapy(lease.mirror, spider)
        request.meta.update(
            lease=lease,
            download_slot=lease.session.name,
            dont_retry=True,  # it goes back into the queue instead
        )
        callback = request.callback or spider.parse  # type: ignore[union-attr]
        request.callback = to_its_end(lease, callback)
        request.errback = self.failed
        return request

    # -- how a lease ends ----------------------------------------------------------------------

    def done(self, lease: Lease, written: Written, requests: Iterable[Request], kind: str) -> None:
        """End a request with the page that came, and queue what it leads to, in one step."""
        run, spider = self._run, self._crawler.spider
        assert spider is not None and written.page is not None
        wanted = [
            CrawlRequest.from_scrapy(request, spider)
            for request in requests
            if self._is_of_the_market(request) and not self._is_refused(request)
        ]
        with run.frontier.transaction():
            run.frontier.finish(lease, DONE, wanted, written=written)
        run.give_back(lease)
        if lease.request.kind in ("listing", "vendor") and written.page.captured_at is not None:
            run.visited.note(lease.request.key, written.page.captured_at, written.place)
        run.rate.add()
        run.count(f"pages/{kind}")

    def _is_of_the_market(self, request: Request) -> bool:
        """Say whether a request is to a mirror; the queue keeps no host, and refuses all others."""
        if urlsplit(request.url).netloc.lower() in self._run.hosts():
            return True
        self._run.count("refused/other_host")
        logger.warning("Refused: %s is no address of the market's mirrors", request.url[:200])
        return False

    def _is_refused(self, request: Request) -> bool:
        """Send the signal that Scrapy sends before it schedules, and say who refused by it."""
        answers = self._crawler.signals.send_catch_log(
            signals.request_scheduled,
            request=request,
            spider=self._crawler.spider,
            dont_log=IgnoreRequest,
        )
        return any(
            isinstance(answer, Failure) and isinstance(answer.value, IgnoreRequest)
            for _, answer in answers
        )

    async def failed(self, failure: Failure) -> None:
        """Put a request back for which its page did not come, or give it up: the errback."""
        lease = failure.request.meta["lease"]  # type: ignore[attr-defined]
        self._run.give_back(lease)
        if lease.ended:
            return
        error = failure.value
        assert error is not None
        try:
            if isinstance(error, NoPage):
                await self._no_page(lease, error)
            elif isinstance(error.__cause__, NoAnswer):
                cause = error.__cause__
                self._trouble(lease, Judgement(Verdict.TROUBLE, cause.reason, str(cause)))
            elif isinstance(error.__cause__, Refused):
                self._trouble(lease, Judgement(Verdict.TROUBLE, "refused", str(error.__cause__)))
            elif isinstance(error, asyncio.CancelledError):
                self._run.frontier.put_back(lease, "interrupted")
            elif isinstance(error, IgnoreRequest):
                self._give_up(lease, Judgement(Verdict.TROUBLE, "ignored", str(error)))
            else:
                self._defect(lease, error)
        except (OSError, sqlite3.Error) as full:
            self._defect(lease, full)

    def spider_error(self, failure: Failure, response: Any) -> None:
        """Put back what a callback, or a middleware behind it, failed at."""
        meta = response.meta if isinstance(response, Response) and response.request else {}
        lease = meta.get("lease")
        if isinstance(lease, Lease) and not lease.ended and failure.value is not None:
            self._run.give_back(lease)
            self._defect(lease, failure.value)

    def incomplete(self, lease: Lease) -> None:
        """Put back what a callback did not come to its end with."""
        words = "the callback did not come to its end"
        logger.error("%s: %s", lease.request.address[:200], words)
        self._trouble(lease, Judgement(Verdict.TROUBLE, "defect", words))

    async def _no_page(self, lease: Lease, error: NoPage) -> None:
        run, judgement = self._run, error.judgement
        reason, verdict = judgement.reason, judgement.verdict
        if verdict is Verdict.OUT_OF_SCOPE:
            run.frontier.finish(lease, DONE, reason=reason)
            run.count("skipped/out_of_scope")
            return
        if verdict in (Verdict.SIGNED_OUT, Verdict.CHALLENGE):
            run.count(f"put_back/{reason}")
            run.frontier.put_back(lease, reason)
        elif verdict is not Verdict.MISSING:
            self._trouble(lease, judgement)
        else:
            run.count(f"put_back/{reason}")
            lease.count_missing()
            if lease.missing < run.options.missing:
                run.frontier.put_back(lease, reason, after=self._later(lease.missing))
                return
            if error.written is not None:
                await run.disk.reached()
            run.frontier.finish(lease, GONE, reason=reason, written=error.written)
            run.count("gone")

    def _trouble(self, lease: Lease, judgement: Judgement) -> None:
        run, reason = self._run, judgement.reason
        run.count(f"put_back/{reason}")
        if run.stopping or (reason == "no_connection" and run.tor.is_down):
            run.frontier.put_back(lease, reason)  # not the page's fault
            return
        lease.tries += 1
        if reason in _ODD:  # an answer without a fault, which will hardly change
            lease.missing += 1
        if lease.tries > run.options.retries or lease.missing >= run.options.missing:
            self._give_up(lease, judgement)
        else:
            run.frontier.put_back(lease, reason, after=self._later(lease.tries))

    def _give_up(self, lease: Lease, judgement: Judgement) -> None:
        self._run.frontier.finish(lease, FAILED, reason=judgement.reason)
        self._run.count("failed")
        reason = f"{judgement.reason}: {judgement.words}"
        logger.warning("Given up: %s (%s)", lease.request.address[:200], reason[:300])

    def _defect(self, lease: Lease, error: BaseException) -> None:
        """Put back what an error of our own, of somebody's middleware or of the disk ended."""
        words = f"{type(error).__name__}: {error}"
        if isinstance(error, (OSError, sqlite3.Error)):
            self._run.cannot_write(error)
        else:
            logger.error("A defect at %s: %s", lease.request.address[:200], words)
            self._run.count("defects")
        try:
            self._trouble(lease, Judgement(Verdict.TROUBLE, "defect", words))
        except sqlite3.Error:
            logger.debug("It waits in the queue still.")

    def _later(self, times: int) -> float:
        return self._run.options.backoff * min(2.0 ** min(times - 1, 10), _LONGEST_BACKOFF)


def to_its_end(lease: Lease, callback: Callable[..., Any]) -> Callable[..., Any]:
    """Return a callback that notes in the lease that it came to its end.

    A middleware that swallows what a callback raises leaves a part of what the page leads to: that
    must not count as all.
    """

    def call(response: Response, **arguments: Any) -> Any:
        results = callback(response, **arguments)
        if hasattr(results, "__await__") or hasattr(results, "__aiter__"):
            return _async_to_its_end(lease, results)
        return _to_its_end(lease, results)

    return call


def _to_its_end(lease: Lease, results: Iterable[Any] | None) -> Iterator[Any]:
    yield from results or ()
    lease.complete = True


async def _async_to_its_end(lease: Lease, results: Any) -> AsyncIterator[Any]:
    if hasattr(results, "__await__"):
        results = await results
    if hasattr(results, "__aiter__"):
        async for each in results:
            yield each
    else:
        for each in results or ():
            yield each
    lease.complete = True
