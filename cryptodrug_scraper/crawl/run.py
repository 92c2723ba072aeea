"""Running a crawl: from what was asked for to how it ended."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings as ScrapySettings

from cryptodrug_scraper.crawl import settings as scrapy_settings
from cryptodrug_scraper.crawl.crawl_run import CrawlRun
from cryptodrug_scraper.crawl.options import CrawlOptions
from cryptodrug_scraper.crawl.plan import Plan
from cryptodrug_scraper.crawl.progress import Silent, View
from cryptodrug_scraper.crawl.result import CrawlResult
from cryptodrug_scraper.crawl.spider import CrawlSetup

_COLLECT_AFTER = 10_000  # objects more than before; Python's own is 700


def run_crawl(plan: Plan, options: CrawlOptions, *, view: View | None = None) -> CrawlResult:
    """Crawl in this process until done, stopped, or at a wall; then bring the database up to it.

    Ctrl-C (or SIGTERM) ends it after the requests under way; a second one at once. Raises
    CrawlRefused for what cannot be begun, and KeyError for a market that has no spider.
    """
    settings = ScrapySettings()
    settings.setmodule(scrapy_settings)
    settings.set("LOG_ENABLED", False)
    settings.set("LOG_INSTALL_ROOT_HANDLER", False)
    politely(settings, options)
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(plan.market)
    errors: list[BaseException] = []
    task = process.crawl(crawler, setup=CrawlSetup(plan, options, view or Silent()))
    task.add_done_callback(
        lambda done: errors.append(error) if (error := done.exception()) else None
    )
    with quiet_console(), seldom_collecting():
        process.start()
    if errors:
        raise errors[0]
    run = CrawlRun.of(crawler)
    if not run.closed:  # a second Ctrl-C: as after a kill, the same command goes on
        raise KeyboardInterrupt
    return run.result


@contextmanager
def quiet_console() -> Iterator[None]:
    """Have nothing printed that is logged: the crawl keeps its log, and shows its own progress."""
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Have Python look for reference cycles seldom, and never among what was there before.

    Records of pages are many small objects without cycles: looking through them again and again
    takes a tenth of a crawl's time.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def politely(settings: ScrapySettings, options: CrawlOptions) -> None:
    """Set what Scrapy itself keeps: how many at a time, and how long between two."""
    settings.set("CONCURRENT_REQUESTS_PER_DOMAIN", options.each, "spider")
    settings.set("DOWNLOAD_DELAY", options.delay, "spider")
    settings.set("AUTOTHROTTLE_ENABLED", options.throttle and options.delay > 0, "spider")
    settings.set("AUTOTHROTTLE_START_DELAY", max(options.delay, 0.1), "spider")
    settings.set("DOWNLOAD_TIMEOUT", options.timeout, "spider")
    settings.set("DOWNLOAD_MAXSIZE", options.page_bytes, "spider")
