"""Running a crawl: from what was asked for to how it ended."""

from __future__ import annotations

import asyncio
import difflib
import gc
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.settings import Settings as ScrapySettings

from cryptodrug_scraper.cli.errors import explain
from cryptodrug_scraper.common.terminal import say
from cryptodrug_scraper.crawl import settings as scrapy_settings
from cryptodrug_scraper.crawl.before import check_addresses, check_plan
from cryptodrug_scraper.crawl.crawl import Crawl, Given
from cryptodrug_scraper.crawl.mirrors import MirrorStore
from cryptodrug_scraper.crawl.options import CrawlOptions, read_since
from cryptodrug_scraper.crawl.plan import CrawlRefused, Plan
from cryptodrug_scraper.crawl.progress import Silent, View
from cryptodrug_scraper.crawl.result import CrawlResult
from cryptodrug_scraper.crawl.spider import MarketSpider
from cryptodrug_scraper.database.connection import client_url, open_engine, resolve_url
from cryptodrug_scraper.settings import get_settings
from cryptodrug_scraper.tor.ready import find_tor

_ARGUMENTS = frozenset(
    ("categories", "exclude", "listings", "vendors", "since", "direct", "invented")
)
_YES = ("1", "true", "yes")
_SCRAPYS = frozenset(("crawler", "settings", "name", "start_urls", "crawl"))
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


def arguments_of(crawler: Crawler, spider: MarketSpider) -> Given:
    """Return what a crawler is to do that Scrapy's own command began.

    ``scrapy crawl NAME -a listings=… -a vendors=… -a categories=… -a exclude=… -a since=…``,
    values parted by commas, with the database, the folder and the Tor of the settings;
    ``-a direct=1`` is for a market on this machine, ``-a invented=1`` for a simulator elsewhere.
    """

    check_arguments(vars(spider))

    def several(name: str) -> tuple[str, ...]:
        told = getattr(spider, name, None) or ""
        return tuple(part.strip() for part in str(told).split(",") if part.strip())

    since = str(getattr(spider, "since", None) or "").strip()
    if since:
        try:
            read_since(since)
        except ValueError as error:
            raise CrawlRefused(f"-a since: {error}") from None
    direct = str(getattr(spider, "direct", "")).lower() in _YES
    plan = Plan(
        spider.name,
        inside=several("categories"),
        outside=several("exclude"),
        listings=several("listings"),
        vendors=several("vendors"),
        since=since or None,
    )
    check_plan(plan)
    settings = get_settings()
    mirrors = MirrorStore(settings.data_dir / "mirrors").all(spider.name)
    if not mirrors:
        raise CrawlRefused(
            f"No mirror of {spider.name} is known: add its address with "
            f"cryptodrug mirror add {spider.name} ADDRESS"
        )
    check_addresses(
        spider.name, [each.address for each in mirrors], direct=direct, option="-a direct=1"
    )
    if not direct:
        find_tor(settings)
    engine = resolve_url(None, settings)
    open_engine(engine).dispose()
    options = CrawlOptions(
        folder=settings.data_dir,
        socks=settings.tor_socks,
        dsn=client_url(engine),
        direct=direct,
        invented=str(getattr(spider, "invented", "")).lower() in _YES,
        each=crawler.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"),
        delay=crawler.settings.getfloat("DOWNLOAD_DELAY"),
    )
    return Given(plan, options, Silent())


def check_arguments(given: Mapping[str, object]) -> None:
    """Refuse arguments of a spider (``-a NAME=VALUE``) that mean nothing. Raises CrawlRefused."""
    unknown = sorted(given.keys() - _ARGUMENTS - _SCRAPYS)
    if not unknown:
        return
    close = difflib.get_close_matches(unknown[0], _ARGUMENTS, 1)
    hint = f" Is {close[0]} meant?" if close else ""
    raise CrawlRefused(
        f"-a {unknown[0][:40]}=… is no argument of a crawl.{hint} "
        f"There are: {', '.join(sorted(_ARGUMENTS))}"
    )


@contextmanager
def explained() -> Iterator[None]:
    """End the process with one sentence and an exit code, as `cryptodrug crawl` would end.

    For Scrapy's own command, which shows a trace of whatever a spider raises.
    """
    try:
        yield
    except Exception as error:
        failure = explain(error)
        if failure is None:
            raise
        say(f"Error: {failure}")
        # The task that ends so is not waited for, and asyncio would show its trace.
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        raise SystemExit(int(failure.code)) from None
