"""What a request tells of who asks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import Headers

from cryptodrug_scraper.client.headers import (
    TOR_BROWSER,
    added_by_others,
    cookies_set,
    request_headers,
)


def test_headers_are_tor_browsers() -> None:
    headers = dict(request_headers(None, {"a": "1", "b": "2"}))
    assert headers["User-Agent"] == TOR_BROWSER
    assert headers["Cookie"] == "a=1; b=2"
    assert "Content-Type" not in headers and "Referer" not in headers
    posted = dict(request_headers("Mine/1", {}, posted_from="http://x.onion"))
    assert posted["User-Agent"] == "Mine/1" and posted["Origin"] == "http://x.onion"
    assert posted["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Cookie" not in posted


def test_what_others_added_is_told_from_what_the_browser_sends() -> None:
    before = Headers(request_headers(None, {"a": "1"}, posted_from="http://x.onion"))
    before.appendlist("X-Mine", b"caf\xe9")
    before.appendlist("X-Mine", b"2")
    assert added_by_others(before) == [("X-Mine", "caf\xe9"), ("X-Mine", "2")]


def test_cookies_that_are_set_and_taken_away() -> None:
    told = [
        "session=abc; Path=/; HttpOnly",
        "old=; Max-Age=0",
        "older=x; expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "half",
        "bad name=1",
    ]
    assert cookies_set(told) == {"session": "abc", "old": None, "older": None}


@given(st.lists(st.text(max_size=200), max_size=60))
def test_nothing_that_a_site_sets_can_break_a_header(told: list[str]) -> None:
    for name, value in cookies_set(told).items():
        line = f"{name}={value}"
        assert "\r" not in line and "\n" not in line and ";" not in name
