"""What makes a Scrapy project a crawl of hidden markets: one add-on, in front of what a user sets.

    ADDONS = {"cryptodrug_scraper.crawl.addon.CrawlAddon": 100}

It sets components and settings as defaults: what a project, a spider or ``-s NAME=VALUE`` sets
goes before, and components of others stand beside these by their numbers. What cannot be honoured
is refused by name, and not passed over.
"""

from __future__ import annotations

from typing import Any

from scrapy.settings import SETTINGS_PRIORITIES, BaseSettings
from scrapy.utils.misc import load_object

from cryptodrug_scraper.crawl.arguments import explained
from cryptodrug_scraper.crawl.items import adapt_pages
from cryptodrug_scraper.crawl.plan import CrawlRefused

_HERE = "cryptodrug_scraper.crawl"

COMPONENTS: dict[str, dict[str, int | None]] = {
    "EXTENSIONS": {
        f"{_HERE}.crawl_run.CrawlRun": 0,
        f"{_HERE}.watch.Watch": 10,
        "scrapy.extensions.telnet.TelnetConsole": None,
    },
    "DOWNLOADER_MIDDLEWARES": {
        # Engine side
        f"{_HERE}.onion_only.OnionOnlyMiddleware": 50,
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
        "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": None,
        "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": None,
        # 550: Scrapy's RetryMiddleware, for what a redirect led to
        f"{_HERE}.redirects.MarketRedirectMiddleware": 580,
        "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
        "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
        f"{_HERE}.wall.WallMiddleware": 585,
        f"{_HERE}.session_middleware.SessionMiddleware": 700,
        f"{_HERE}.way.MirrorMiddleware": 800,
        # 850: Scrapy's DownloaderStats
        f"{_HERE}.archiving.ArchiveMiddleware": 995,
        # Downloader side
    },
    "SPIDER_MIDDLEWARES": {
        f"{_HERE}.ack.AckMiddleware": 10,  # nearest the engine
        "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
        # 700: Scrapy's RefererMiddleware, which sends none
    },
    "ITEM_PIPELINES": {f"{_HERE}.pipeline.LoadingPipeline": 300},
}
"""Each with one subject, in the order in which a request passes; None: Scrapy's own that is off."""

SETTINGS: dict[str, Any] = {
    "SCHEDULER": f"{_HERE}.scheduler.FrontierScheduler",
    "REMOTE_CONTROL_ENABLED": False,  # a server on this machine that runs what it is sent
    "ROBOTSTXT_OBEY": False,  # a market has none, and asking for it would be one request more
    "COOKIES_ENABLED": False,  # they are the session's
    "COMPRESSION_ENABLED": False,  # undone by the handler, within the bounds of a page
    "HTTPPROXY_ENABLED": False,  # a circuit is the session's
    "HTTPERROR_ALLOW_ALL": True,  # the wall judges
    "RETRY_HTTP_CODES": [],
    "RETRY_EXCEPTIONS": [
        "scrapy.exceptions.DownloadCancelledError",  # too large
        "scrapy.exceptions.DownloadTimeoutError",
        "scrapy.exceptions.DownloadFailedError",
    ],
    "RETRY_TIMES": 10,
    "REDIRECT_MAX_TIMES": 5,
    "REFERRER_POLICY": "scrapy.spidermiddlewares.referer.NoReferrerPolicy",
    "URLLENGTH_LIMIT": 0,
    "WARN_ON_GENERATOR_RETURN_VALUE": False,  # it reads the source of each request's callback
    "CONCURRENT_REQUESTS": 32,
    "CONCURRENT_ITEMS": 1,  # Scrapy makes so many tasks for each page, which yields one item
    "CONCURRENT_REQUESTS_PER_DOMAIN": 2,  # a session
    "DOWNLOAD_DELAY": 3.0,  # more or less, at random
    "DOWNLOAD_TIMEOUT": 120,
    "DOWNLOAD_MAXSIZE": 8 << 20,
    "DOWNLOAD_WARNSIZE": 0,
    "AUTOTHROTTLE_ENABLED": True,
    "AUTOTHROTTLE_MAX_DELAY": 60.0,
    "SCRAPER_SLOT_MAX_ACTIVE_SIZE": 64 << 20,  # pages that wait for the disk count among these
}

HANDLERS = dict.fromkeys(("data", "file", "ftp", "s3")) | dict.fromkeys(
    ("http", "https"), f"{_HERE}.handler.OnionHandler"
)

REFUSED = {
    "DOWNLOAD_HANDLERS": "nothing but the onion handler opens a connection",
    "JOBDIR": "a crawl's queue is always on the disk, in the data folder, and goes on by itself",
    "HTTPCACHE_ENABLED": "a page from a cache is no capture; replay reads what was captured",
    "DEPTH_LIMIT": "the queue keeps no depth; use categories, exclude, listings or vendors",
    "DEPTH_PRIORITY": "the queue keeps no depth: a request's own priority orders it",
    "DEPTH_STATS_VERBOSE": "the queue keeps no depth",
    "COOKIES_ENABLED": "cookies are those of the sessions that were added",
    "COMPRESSION_ENABLED": "bodies come unpacked from the handler, within DOWNLOAD_MAXSIZE",
    "HTTPPROXY_ENABLED": "each session has a circuit of Tor of its own",
    "METAREFRESH_ENABLED": "a page that refreshes itself is a page",
    "ROBOTSTXT_OBEY": "asking for robots.txt would be one request more, and no market has one",
    "REFERER_ENABLED": "Tor Browser's headers are sent",
    "SCHEDULER": "the queue on the disk is what a crawl goes on from",
    "DUPEFILTER_CLASS": "the queue knows what was asked for",
    "DOWNLOADER": "the sessions rest on Scrapy's own",
    "CONCURRENT_REQUESTS_PER_IP": "a session is the slot: CONCURRENT_REQUESTS_PER_DOMAIN",
    "DOWNLOAD_BIND_ADDRESS": "all goes through Tor",
    "USER_AGENT": "a session has its own: cryptodrug session add --user-agent",
    "DEFAULT_REQUEST_HEADERS": "Tor Browser's headers are sent",
    "RETRY_HTTP_CODES": "what fails goes back into the queue, RETRY_TIMES times",
}
"""Settings that a crawl cannot honour, and why."""


class CrawlAddon:
    """Sets what a crawl needs. Raises CrawlRefused for a setting that it cannot honour."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Set components and settings where the user set nothing else."""
        with explained():
            check_settings(settings)
        for name, value in SETTINGS.items():
            settings.set(name, value, "addon")
        # Of add-ons' priority Scrapy takes its own handlers before these.
        settings.set("DOWNLOAD_HANDLERS", HANDLERS, "project")
        for name, components in COMPONENTS.items():
            for path, order in components.items():
                settings.setdefault_in_component_priority_dict(name, load_object(path), order)
        adapt_pages()


def check_settings(settings: BaseSettings) -> None:
    """Refuse what somebody set for his crawl and the crawl cannot do. Raises CrawlRefused."""
    for name, why in REFUSED.items():
        priority = settings.getpriority(name) or 0
        if priority <= SETTINGS_PRIORITIES["addon"]:
            continue
        value, usual = settings[name], SETTINGS.get(name)
        if value and value != usual and str(value).lower() not in ("0", "false", "none"):
            raise CrawlRefused(f"The setting {name} cannot be honoured: {why}. Leave it out")
