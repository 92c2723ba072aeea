"""Running a crawl: from what was asked for to how it ended."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.settings import Settings as ScrapySettings

from cryptodrug_scraper.crawl import settings as scrapy_settings
from cryptodrug_scraper.crawl.crawl import Crawl, Given
from cryptodrug_scraper.crawl.options import CrawlOptions, read_since
from cryptodrug_scraper.crawl.plan import Plan
from cryptodrug_scraper.crawl.progress import Silent, View
from cryptodrug_scraper.crawl.result import CrawlResult
from cryptodrug_scraper.crawl.spider import MarketSpider
from cryptodrug_scraper.database.connection import client_url, open_engine, resolve_url
from cryptodrug_scraper.settings import get_settings

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
    logging.getLogger("scrapy").setLevel(logging.WARNING)  # until the crawl keeps its log
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(plan.market)
    told: list[BaseException] = []
    task = process.crawl(crawler, given=Given(plan, options, view or Silent()))
    task.add_done_callback(lambda done: told.append(error) if (error := done.exception()) else None)
    with seldom_collecting():
        process.start()
    if told:
        raise told[0]
    return Crawl.of(crawler).result


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


def asked_for(crawler: Crawler, spider: MarketSpider) -> Given:
    """Return what a crawler is to do that Scrapy's own command began.

    ``scrapy crawl NAME -a listings=… -a vendors=… -a categories=… -a exclude=… -a since=…``,
    values parted by commas, with the database, the folder and the Tor of the settings;
    ``-a direct=1`` is for a market on this machine.
    """

    def several(name: str) -> tuple[str, ...]:
        told = getattr(spider, name, None) or ""
        return tuple(part.strip() for part in str(told).split(",") if part.strip())

    since = str(getattr(spider, "since", None) or "").strip()
    if since:
        read_since(since)
    plan = Plan(
        spider.name,
        inside=several("categories"),
        outside=several("exclude"),
        listings=several("listings"),
        vendors=several("vendors"),
        since=since or None,
    )
    settings = get_settings()
    engine = resolve_url(None, settings)
    open_engine(engine).dispose()
    options = CrawlOptions(
        folder=settings.data_dir,
        socks=settings.tor_socks,
        dsn=client_url(engine),
        direct=str(getattr(spider, "direct", "")) in ("1", "true", "yes"),
        each=crawler.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"),
        delay=crawler.settings.getfloat("DOWNLOAD_DELAY"),
    )
    return Given(plan, options, Silent())
