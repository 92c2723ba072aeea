"""What a crawl knows of pages: which were queued, captured lately, or shown before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cryptodrug_scraper.crawl.frontier import Frontier
from cryptodrug_scraper.crawl.request import CrawlRequest
from cryptodrug_scraper.crawl.visited import Visited
from cryptodrug_scraper.records import ParsedPage


class Memory:
    """What a spider asks before it yields a request. ``since``: what is recent; None: nothing."""

    def __init__(
        self,
        frontier: Frontier,
        visited: Visited,
        since: datetime | None,
        count: Callable[[str], None],
    ) -> None:
        self._frontier = frontier
        self._visited = visited
        self._since = since
        self._count = count

    def knows(self, request: CrawlRequest) -> bool:
        """Say whether a request was queued at any time: to build it once more would be in vain."""
        return self._frontier.has(request.key)

    def is_recent(self, request: CrawlRequest) -> bool:
        """Say whether another crawl captured the page since the moment that the plan names."""
        if self._since is None or not self._visited.since(request.key, self._since):
            return False
        self._count("skipped/recent")
        return True

    def repeats(self, page: ParsedPage, request: CrawlRequest) -> bool:
        """Say whether a page of results shows only what other pages of its series had shown.

        Some pagers go on for ever and begin anew behind their end.
        """
        shown = {listing.external_id for listing in page.listings if listing.external_id}
        if request.series is None or not shown:
            return False
        if self._frontier.learn_series(request.series, shown, request.key):
            return False
        self._count("paging/repeated")
        return True

    def refused(self) -> None:
        """Note a link to a host that is none of the market's."""
        self._count("refused/other_host")
