"""What the queue keeps of a request is the request, or it is refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
import scrapy
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.crawl.request import CrawlRequest

ROOT = "http://market.onion"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
addresses = st.builds(
    lambda path, query: f"/{quote(path)}{f'?{urlencode(query)}' if query else ''}",
    texts,
    st.dictionaries(texts, texts, max_size=3),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


class Spider(scrapy.Spider):
    name = "any"

    def parse(self, response: Any, **kwargs: Any) -> Any:
        return None

    def other(self, response: Any, **kwargs: Any) -> Any:
        return None


SPIDER = Spider()


@given(
    st.builds(
        CrawlRequest,
        addresses,
        texts,
        st.none() | texts,
        st.sampled_from(["GET", "POST"]),
        texts,
        st.none() | texts,
        st.booleans(),
        st.integers(-100, 100),
    )
)
def test_there_and_back_it_is_the_same(request: CrawlRequest) -> None:
    sent = request.to_scrapy(ROOT, SPIDER)
    assert sent.url == ROOT + request.address
    assert CrawlRequest.from_scrapy(sent, SPIDER) == request
    assert CrawlRequest.from_scrapy(sent, SPIDER).key == request.key


@given(st.dictionaries(texts, values, max_size=3), st.dictionaries(texts, values, max_size=3))
def test_what_a_spider_gave_it_comes_back(meta: dict[str, Any], arguments: dict[str, Any]) -> None:
    given_ = scrapy.Request(
        f"{ROOT}/x", callback=SPIDER.other, meta={"kind": "listing"} | meta, cb_kwargs=arguments
    )
    again = CrawlRequest.from_scrapy(given_, SPIDER).to_scrapy(ROOT, SPIDER)
    assert again.callback == SPIDER.other
    assert again.cb_kwargs == arguments
    assert {k: v for k, v in again.meta.items() if k != "kind"} == {
        k: v for k, v in given_.meta.items() if k != "kind"
    }


def test_what_belongs_to_one_way_does_not_come_back() -> None:
    sent = CrawlRequest("/x", "listing").to_scrapy(ROOT, SPIDER)
    sent.meta.update(lease=object(), download_slot="a", proxy="b", redirect_times=1, page=object())
    assert CrawlRequest.from_scrapy(sent, SPIDER) == CrawlRequest("/x", "listing")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"callback": print}, "a callback that is no method"),
        ({"callback": Spider().other}, "a callback that is no method"),
        ({"errback": SPIDER.other}, "an errback"),
        ({"headers": {"X-Mine": "1"}}, "headers of its own"),
        ({"cookies": {"a": "b"}}, "cookies of its own"),
        ({"meta": {"a": object()}}, "not JSON"),
        ({"meta": {"a": (1, 2)}}, "not JSON"),
        ({"cb_kwargs": {"a": {1: 2}}}, "not JSON"),
        ({"method": "POST", "body": b"\xff"}, "no text in UTF-8"),
    ],
)
def test_what_would_come_back_another_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        CrawlRequest.from_scrapy(scrapy.Request(f"{ROOT}/x", **more), SPIDER)
