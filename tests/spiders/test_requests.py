"""A market's spider without its site: what the links of its fixtures would be asked as.

Runs over every market of the registry. Nothing is requested.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings

from cryptodrug_scraper.crawl.request import CrawlRequest
from cryptodrug_scraper.crawl.spider import MarketSpider
from cryptodrug_scraper.records import Link, ParsedPage
from parsers import markets
from tests.reading.corpus import Sample, fixture_pages

SPIDERS = SpiderLoader.from_settings(get_project_settings())
PAGES: dict[str, list[Sample]] = {name: [] for name in markets()}
for sample in fixture_pages():
    PAGES[sample.market].append(sample)
by_market = pytest.mark.parametrize("market", markets())


def spider_of(market: str) -> MarketSpider:
    return SPIDERS.load(market)()  # type: ignore[return-value]


def address_of(url: str) -> str:
    """An address without its host: any mirror can answer it."""
    return urlsplit(url)._replace(scheme="", netloc="").geturl() or "/"


def request_of(spider: MarketSpider, link: Link, page: ParsedPage) -> CrawlRequest | None:
    return spider.follow(link, address_of(link.url), page)


def links_of(market: str) -> Iterator[tuple[Link, ParsedPage]]:
    for sample in PAGES[market]:
        page = sample.parsed()
        for link in page.links:
            yield link, page


def reordered(url: str) -> str:
    """The same address with its query's fields in another order, on another mirror."""
    parts = urlsplit(url)
    fields = parse_qsl(parts.query, keep_blank_values=True)[::-1]
    return parts._replace(scheme="http", netloc="mirror.onion", query=urlencode(fields)).geturl()


def test_every_market_that_is_walked_has_a_parser() -> None:
    assert set(SPIDERS.list()) <= set(markets())


@by_market
def test_links_are_asked_for_as_what_they_are(market: str) -> None:
    spider = spider_of(market)
    kinds = set()
    for link, page in links_of(market):
        request = request_of(spider, link, page)
        if request is None:
            continue
        assert request.kind == link.kind, link
        assert request.external_id in (link.external_id, None), link
        assert request.address.startswith("/"), link
        assert not urlsplit(request.address).netloc, link
        assert "#" not in request.address, link
        assert (request.method == "POST") == bool(request.body), link
        kinds.add(request.kind)
    assert kinds == {"listing", "vendor", "search"}


@by_market
def test_no_page_is_asked_for_twice(market: str) -> None:
    spider = spider_of(market)
    for link, page in links_of(market):
        request = request_of(spider, link, page)
        if request is None:
            continue
        other = request_of(spider, link._replace(url=reordered(link.url)), page)
        assert other is not None
        assert other.key == request.key, link
        if request.method == "GET":  # what was asked for is a link to itself
            again = request_of(spider, link._replace(url=request.address), page)
            assert again is not None
            assert astuple(again) == astuple(request), link


@by_market
def test_a_listing_and_a_vendor_named_by_hand_are_the_pages_that_links_lead_to(
    market: str,
) -> None:
    spider = spider_of(market)
    same = set()
    for link, page in links_of(market):
        request = request_of(spider, link, page)
        if request is None or not link.external_id or link.kind == "search":
            continue
        name = link.external_id if link.kind == "vendor" else link.url
        try:
            by_hand = (spider.vendor if link.kind == "vendor" else spider.listing)(name)
        except ValueError:  # the address of a tab, say
            continue
        assert (by_hand.kind, by_hand.external_id) == (link.kind, link.external_id)
        if by_hand.key == request.key:
            same.add(link.kind)
    assert same == {"listing", "vendor"}


@by_market
def test_what_names_no_listing_is_refused(market: str) -> None:
    with pytest.raises(ValueError, match="names no listing"):
        spider_of(market).listing("nothing of the kind")


@by_market
def test_home_is_a_page_that_the_parser_knows_for_who_is_signed_in(market: str) -> None:
    spider = spider_of(market)
    pages = [s.parsed() for s in PAGES[market] if s.url and address_of(s.url) == spider.home]
    kinds = {page.kind for page in pages}
    assert kinds & {"index", "search"}, f"fixtures of {spider.home} read as {kinds or 'nothing'}"
    assert "unknown" not in kinds
    assert spider.drugs
