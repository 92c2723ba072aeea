"""How a crawl that Scrapy's own command began goes about it, by the settings of both programs."""

from __future__ import annotations

from scrapy.crawler import Crawler
from scrapy.settings import BaseSettings

from cryptodrug_scraper.access.mirrors import MirrorStore
from cryptodrug_scraper.crawl.options import CrawlOptions
from cryptodrug_scraper.crawl.plan import CrawlRefused
from cryptodrug_scraper.crawl.preflight import check_addresses
from cryptodrug_scraper.crawl.spider import MarketSpider
from cryptodrug_scraper.database.connection import client_url, open_engine, resolve_url
from cryptodrug_scraper.settings import Settings, get_settings
from cryptodrug_scraper.tor.ready import find_tor

_YES = ("1", "true", "yes")


def crawl_options(crawler: Crawler, spider: MarketSpider) -> CrawlOptions:
    """Return how a crawl goes about it that Scrapy's own command began. Raises CrawlRefused."""
    settings, market = get_settings(), spider.market
    direct = str(getattr(spider, "direct", "")).lower() in _YES
    mirrors = MirrorStore(settings.data_dir / "mirrors").all(market)
    if not mirrors:
        raise CrawlRefused(
            f"No mirror of {market} is known: add its address with "
            f"cryptodrug mirror add {market} ADDRESS"
        )
    addresses = [each.address for each in mirrors]
    check_addresses(market, addresses, direct=direct, option="-a direct=1")
    if not direct:
        find_tor(settings)
    engine = resolve_url(None, settings)
    open_engine(engine).dispose()
    try:
        return _options(crawler.settings, settings, client_url(engine), spider, direct=direct)
    except ValueError as error:
        raise CrawlRefused(f"A setting of Scrapy's cannot be read: {error}") from None


def _options(
    of_scrapy: BaseSettings, settings: Settings, dsn: str, spider: MarketSpider, *, direct: bool
) -> CrawlOptions:
    each = of_scrapy.getint("CONCURRENT_REQUESTS_PER_DOMAIN")
    delay = of_scrapy.getfloat("DOWNLOAD_DELAY")
    if each < 1:
        raise CrawlRefused("CONCURRENT_REQUESTS_PER_DOMAIN, of a session, must be 1 at least")
    if delay < 0:
        raise CrawlRefused("DOWNLOAD_DELAY cannot be less than 0")
    return CrawlOptions(
        folder=settings.data_dir,
        socks=settings.tor_socks,
        dsn=dsn,
        direct=direct,
        invented=str(getattr(spider, "invented", "")).lower() in _YES,
        each=each,
        delay=delay,
        throttle=of_scrapy.getbool("AUTOTHROTTLE_ENABLED"),
        timeout=of_scrapy.getfloat("DOWNLOAD_TIMEOUT"),
        retries=of_scrapy.getint("RETRY_TIMES"),
        page_bytes=of_scrapy.getint("DOWNLOAD_MAXSIZE"),
    )


def read_options() -> CrawlOptions:
    """Return what holds outside a crawl: where things are, and Tor's SOCKS port."""
    settings = get_settings()
    return CrawlOptions(folder=settings.data_dir, socks=settings.tor_socks)
