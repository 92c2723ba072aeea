"""Pages into the database, as they come."""

from __future__ import annotations

from typing import Any, Self

from scrapy.crawler import Crawler

from cryptodrug_scraper.crawl.crawl_run import CrawlRun
from cryptodrug_scraper.crawl.items import CapturedPage


class LoadingPipeline:
    """Hands captured pages to the thread that loads them; other items pass.

    What a pipeline before it drops is read from the archive at the end of the run.
    """

    def __init__(self, run: CrawlRun) -> None:
        self._run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it."""
        return cls(CrawlRun.of(crawler))

    def process_item(self, item: Any) -> Any:
        """Load an item, and return it for the pipelines behind."""
        if isinstance(item, CapturedPage) and item.capture is not None:
            self._run.load_item(item.capture, item)
        return item
