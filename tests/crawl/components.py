"""Components that users of Scrapy would write beside ours: they are run in processes of Scrapy."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from itemadapter import ItemAdapter
from scrapy import Request, signals
from scrapy.exceptions import DropItem, IgnoreRequest

from spiders.dream import DreamSpider


class Mine(DreamSpider):
    """A subclass under a name of its own, which takes the title of each listing."""

    name = "mine"

    def parse(self, response, **kwargs):
        yield from super().parse(response, **kwargs)
        if response.meta["kind"] == "listing":
            yield {"title": response.css("title::text").get(""), "url": response.url}


class Keeps(DreamSpider):
    """Yields requests with a callback and arguments of its own."""

    name = "keeps"

    def parse(self, response, **kwargs):
        for each in super().parse(response, **kwargs):
            if isinstance(each, Request) and each.meta["kind"] == "listing":
                more = {"callback": self.offer, "cb_kwargs": {"n": 1}}
                each = each.replace(**more, meta=each.meta | {"a": [1]})
            yield each

    def offer(self, response, n):
        yield {"offer": response.url, "n": n, "a": response.meta["a"]}


class Ignores:
    """Refuses vendors' pages."""

    def process_request(self, request, spider=None):
        if "contactMember" in request.url:
            raise IgnoreRequest("not of interest")


class Swallows:
    """Hides what callbacks raise, as some middlewares do."""

    def process_spider_exception(self, response, exception, spider=None):
        return []


class Breaks(DreamSpider):
    name = "breaks"

    def parse(self, response, **kwargs):
        for number, each in enumerate(super().parse(response, **kwargs)):
            if response.meta["kind"] == "search" and number == 3:
                raise ValueError("a callback that breaks")
            yield each


class Adds:
    """A spider middleware that adds a request of its own to each page of results."""

    async def process_spider_output(self, response, result, spider=None):
        async for each in result:
            yield each
        if response.meta["kind"] == "index":
            yield response.follow("/?category=0&added=1", meta={"kind": "search"})


class Fails:
    """A pipeline that raises."""

    def process_item(self, item):
        raise RuntimeError("a pipeline that fails")


class Drops:
    """A pipeline that drops each second item."""

    seen = 0

    def process_item(self, item):
        self.seen += 1
        if self.seen % 2:
            raise DropItem("not of interest")
        return item


class Wanders(DreamSpider):
    """Yields requests to other hosts."""

    name = "wanders"

    async def start(self):
        async for each in super().start():
            yield each
        yield Request("http://127.0.0.1:9/other", meta={"kind": "index"})

    def parse(self, response, **kwargs):
        yield from super().parse(response, **kwargs)
        yield Request("http://example.com/secret", meta={"kind": "index"})


class Collects:
    """A pipeline that writes down what it sees."""

    def process_item(self, item):
        with Path("seen.txt").open("a") as file:
            file.write(f"{ItemAdapter(item).get('kind')}\n")
        return item


class Watches:
    """An extension that counts signals."""

    def __init__(self, crawler):
        self.counts = Counter()
        self.crawler = crawler
        for name in (
            "request_scheduled",
            "request_dropped",
            "item_scraped",
            "response_received",
            "request_reached_downloader",
        ):
            crawler.signals.connect(getattr(self, name), getattr(signals, name))
        crawler.signals.connect(self.closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def request_scheduled(self):
        self.counts["request_scheduled"] += 1

    def request_dropped(self):
        self.counts["request_dropped"] += 1

    def item_scraped(self):
        self.counts["item_scraped"] += 1

    def response_received(self):
        self.counts["response_received"] += 1

    def request_reached_downloader(self):
        self.counts["request_reached_downloader"] += 1

    def closed(self):
        with Path("signals.json").open("w") as file:
            json.dump(dict(self.counts), file)
