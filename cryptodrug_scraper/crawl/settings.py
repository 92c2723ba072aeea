"""Scrapy's settings for every crawl; `scrapy crawl` from a checkout finds them by scrapy.cfg.

What a crawl does differently from Scrapy's own middlewares (redirects, cookies, retries,
compression) it does in one place, the visit, so those are off.
"""

BOT_NAME = "cryptodrug"
SPIDER_MODULES = ["spiders"]
NEWSPIDER_MODULE = "spiders"

SCHEDULER = "cryptodrug_scraper.crawl.scheduler.FrontierScheduler"
DOWNLOAD_HANDLERS: dict[str, str | None] = dict.fromkeys(("data", "file", "ftp", "s3")) | {
    "http": "cryptodrug_scraper.crawl.handler.VisitHandler",
    "https": "cryptodrug_scraper.crawl.handler.VisitHandler",
}
DOWNLOADER_MIDDLEWARES_BASE: dict[str, int] = {}
SPIDER_MIDDLEWARES_BASE: dict[str, int] = {}
EXTENSIONS_BASE = {
    "scrapy.extensions.corestats.CoreStats": 0,
    "scrapy.extensions.throttle.AutoThrottle": 0,
    "scrapy.extensions.feedexport.FeedExporter": 0,
}
EXTENSIONS = {"cryptodrug_scraper.crawl.watch.Watch": 0}
ITEM_PIPELINES: dict[str, int] = {}

TWISTED_REACTOR_ENABLED = False
TELNETCONSOLE_ENABLED = False
ROBOTSTXT_OBEY = False  # a market has none, and asking for it would be one request more
COOKIES_ENABLED = False
REDIRECT_ENABLED = False
RETRY_ENABLED = False
COMPRESSION_ENABLED = False
HTTPPROXY_ENABLED = False

CONCURRENT_REQUESTS = 32
CONCURRENT_ITEMS = 1  # Scrapy makes so many tasks for each page; a page yields one item at most
CONCURRENT_REQUESTS_PER_DOMAIN = 2  # a session
DOWNLOAD_DELAY = 3.0  # more or less, at random
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_MAX_DELAY = 60.0
DOWNLOAD_WARNSIZE = 0
LOG_LEVEL = "INFO"
