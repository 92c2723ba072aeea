"""What Scrapy itself costs: a spider that asks for given addresses and follows nothing.

    python -m tests.bench.scraped bare|usual ADDRESSES SOCKS COOKIE…

ADDRESSES is a file of one a line. It goes through the same SOCKS proxy as the crawl, by the same
HTTP client, with the same headers and as many requests at a time; each COOKIE
is a session with a circuit of its own. ``bare`` has no middleware, no extension and no log and
drops what comes: less can nobody do with Scrapy. ``usual`` has Scrapy's own middlewares and
settings, which log each page. Prints one line of JSON.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response
from scrapy.settings import Settings

from cryptodrug_scraper.client.headers import request_headers
from cryptodrug_scraper.tor.circuits import proxy_url
from simulator.sessions import COOKIE
from tests.bench.crawled import EACH, busy, peak_bytes

_HANDLER = "cryptodrug_scraper.crawl.handler.OnionHandler"


class Plain(scrapy.Spider):
    """Asks for what it is told; counts what comes."""

    name = "plain"
    addresses: list[str]
    proxies: list[tuple[str, dict[str, str]]]
    bare: bool
    came = 0

    async def start(self) -> AsyncIterator[Any]:
        """Yield all requests."""
        for address, (proxy, cookies) in zip(self.addresses, cycle(self.proxies), strict=False):
            yield scrapy.Request(
                address,
                headers=request_headers(None, cookies if self.bare else {}),
                cookies=None if self.bare else cookies,
                dont_filter=self.bare,
                meta={"proxy": proxy, "download_slot": proxy, "download_timeout": 120},
            )

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Any]:
        """Count it."""
        type(self).came += response.status == 200 and len(response.body) > 0
        return iter(())


def settings_of(bare: bool, sessions: int) -> Settings:
    """Return Scrapy's settings for one of the two."""
    settings = Settings()
    settings.update(
        {
            "DOWNLOAD_HANDLERS": {"http": _HANDLER},
            "TWISTED_REACTOR_ENABLED": False,  # as in a crawl: its loop is asyncio's own
            "TELNETCONSOLE_ENABLED": False,  # which needs the other loop
            "CONCURRENT_REQUESTS": EACH * sessions,
            "CONCURRENT_REQUESTS_PER_DOMAIN": EACH,
        }
    )
    if bare:
        settings.update(
            {
                "DOWNLOADER_MIDDLEWARES_BASE": {},
                "SPIDER_MIDDLEWARES_BASE": {},
                "EXTENSIONS_BASE": {},
                "CONCURRENT_ITEMS": 1,  # tasks for each page, of which none yields any
                "LOG_ENABLED": False,
                "LOG_INSTALL_ROOT_HANDLER": False,
            }
        )
        logging.getLogger("scrapy").setLevel(logging.WARNING)
    else:
        settings.update({"LOG_FILE": os.devnull})
    return settings


def main() -> None:
    """Measure and print."""
    kind, file, socks, *cookies = sys.argv[1:]
    bare = kind == "bare"
    addresses = Path(file).read_text("utf-8").split()
    proxies = [
        (proxy_url(socks, f"plain-{number}"), {COOKIE: cookie})
        for number, cookie in enumerate(cookies)
    ]
    process = AsyncCrawlerProcess(settings_of(bare, len(cookies)))
    started = busy()
    process.crawl(Plain, addresses=addresses, proxies=proxies, bare=bare)
    process.start()
    print(
        json.dumps(
            {
                "pages": Plain.came,
                "asked": len(addresses),
                "seconds": busy() - started,
                "peak_mb": peak_bytes() / 1e6,
            }
        )
    )


if __name__ == "__main__":
    main()
