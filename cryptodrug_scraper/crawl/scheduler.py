"""Hands the frontier's requests to Scrapy, each with an identity that is free for it."""

from __future__ import annotations

from collections import deque
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler

from cryptodrug_scraper.crawl.crawl import Crawl
from cryptodrug_scraper.crawl.visit import Visit


class FrontierScheduler:
    """Scrapy's scheduler of a crawl; what is queued and what is done stands on disk."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawl = Crawl.of(crawler)
        self.crawl.hand_out = self._hand_out
        self._standing: deque[Request] = deque()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it."""
        return cls(crawler)

    def close(self, reason: str) -> None:
        """End the crawl's run: all that was captured is on disk already."""
        self.crawl.close(reason)

    def has_pending_requests(self) -> bool:
        """Say whether there is anything left to ask for."""
        waits = self.crawl.frontier.waiting > 0 and not self.crawl.enough
        return bool(self._standing) or waits

    def enqueue_request(self, request: Request) -> bool:
        """Take what the frontier handed out, for :meth:`next_request`; refuse all else."""
        if not isinstance(request.meta.get("visit"), Visit):
            return False
        self._standing.append(request)
        return True

    def next_request(self) -> Request | None:
        """Return a request that is due with an identity that is free, or None for now."""
        return self._standing.popleft() if self._standing else self._hand_out()

    def _hand_out(self) -> Request | None:
        crawl = self.crawl
        if not crawl.may_ask:
            return None
        free = crawl.pool.free()
        if not free:
            return None
        task = crawl.frontier.next(stateful=any(not member.stateful for member in free))
        if task is None:
            crawl.on_disk.hurry()
            return None
        stateful = task.wanted.stateful
        member = next(m for m in free if not (stateful and m.stateful))
        crawl.pool.take(member, stateful=stateful)
        visit = Visit(crawl, task, member, crawl.mirrors.current())
        return Request(
            visit.url,
            method=task.wanted.method,
            dont_filter=True,
            meta={"visit": visit, "download_slot": member.name},
        )
