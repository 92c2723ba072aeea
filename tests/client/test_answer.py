"""What an answer is: unpacked within bounds, and known whole or cut short."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.client.answer import Answer, NoAnswer, Refused, answer_of, check_way
from tests.crawl.onions import onion

PAGE = b"<html><body>" + b"".join(b"<p>line %d</p>" % n for n in range(5000)) + b"</body></html>"
RAW = zlib.compressobj(wbits=-15)
PACKED = {
    "gzip": gzip.compress(PAGE),
    "deflate": zlib.compress(PAGE),
    "br": brotli.compress(PAGE),
    "zstd": zstandard.ZstdCompressor().compress(PAGE),
}
HTML = ("Content-Type", "text/html")
MOST = 1 << 20


def made(body: bytes, encoding: str | None = None, *, lost: bool = False) -> Answer:
    headers = [HTML, *([("Content-Encoding", encoding)] if encoding else [])]
    return answer_of(200, headers, body, lost=lost, page_bytes=MOST, seconds=0.1)


@pytest.mark.parametrize("encoding", PACKED)
def test_whole_ones(encoding: str) -> None:
    answer = made(PACKED[encoding], encoding)
    assert (answer.body, answer.cut_short) == (PAGE, None)


def test_deflate_without_its_header() -> None:
    body = RAW.compress(PAGE) + RAW.flush()
    assert made(body, "deflate").body == PAGE
    cut = made(body[: len(body) // 2], "deflate")
    assert cut.cut_short and PAGE.startswith(cut.body) and len(cut.body) > 1000


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("lost", [True, False])
def test_of_a_packed_one_that_ends_early_the_beginning_is_kept(encoding: str, lost: bool) -> None:
    body = PACKED[encoding]
    answer = made(body[: len(body) * 9 // 10], encoding, lost=lost)
    assert answer.cut_short == ("disconnect" if lost else "unspecified")
    assert PAGE.startswith(answer.body)
    assert encoding == "zstd" or len(answer.body) > 1000  # zstd has blocks of 128 KB


def test_plain_ones_that_end_early() -> None:
    assert made(PAGE[:-20]).cut_short == "unspecified"
    assert made(PAGE[:-20], lost=True).cut_short == "disconnect"
    assert made(PAGE, lost=True).cut_short == "disconnect"  # it stated more than came
    other = answer_of(
        200, [("content-type", "text/plain")], b"x", lost=False, page_bytes=9, seconds=0
    )
    assert other.cut_short is None


def test_an_encoding_that_nobody_knows_leaves_nothing() -> None:
    answer = made(b"\x01\x02", "secret")
    assert (answer.body, answer.cut_short) == (b"", "unspecified")


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", None])
def test_too_large(encoding: str | None) -> None:
    bomb = b"\x00" * (MOST * 20)
    packed = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstandard.compress, None: bytes}
    with pytest.raises(NoAnswer, match="too large") as caught:
        made(packed[encoding](bomb), encoding)
    assert caught.value.reason == "too_large"


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*PACKED, "identity", "x", "gzip, br", None]),
    st.data(),
    st.booleans(),
)
def test_nothing_that_comes_is_a_fault_of_ours(
    encoding: str | None, data: st.DataObject, lost: bool
) -> None:
    whole = PACKED.get(encoding or "", PAGE[:3000])
    at = data.draw(st.integers(0, len(whole)))
    body = (
        whole[:at] + data.draw(st.binary(max_size=50)) + whole[at + data.draw(st.integers(0, 9)) :]
    )
    try:
        answer = made(body, encoding, lost=lost)
    except NoAnswer as none:
        assert none.reason == "too_large"
    else:
        assert len(answer.body) <= MOST


def test_where_it_sends_on_to() -> None:
    headers = [("LOCATION", "/a"), ("Location", "/b"), ("Set-Cookie", "a"), ("set-cookie", "b")]
    answer = answer_of(302, headers, b"", lost=False, page_bytes=10, seconds=0)
    assert answer.redirect == "/a"
    assert answer.all("set-cookie") == ["a", "b"]
    assert answer_of(200, headers, b"", lost=False, page_bytes=10, seconds=0).redirect is None


TOR = "socks5h://a:x@127.0.0.1:9050"


@pytest.mark.parametrize(
    ("url", "proxy", "loopback"),
    [
        (f"http://{onion(1)}/", TOR, False),
        (f"http://{onion(1)}/", TOR, True),
        ("http://127.0.0.1:80/", None, True),
        ("http://[::1]:80/", None, True),
    ],
)
def test_ways_that_are_open(url: str, proxy: str | None, loopback: bool) -> None:
    check_way(url, proxy, loopback=loopback)


@pytest.mark.parametrize(
    ("url", "proxy", "loopback"),
    [
        (f"http://{onion(1)}/", None, False),
        (f"http://{onion(1)}/", None, True),  # its name would be looked up outside Tor
        (f"http://{onion(1)}/", "socks5://127.0.0.1:9050", False),  # as here
        (f"http://{onion(1)}/", "http://127.0.0.1:9050", False),
        ("http://127.0.0.1:80/", None, False),
        ("http://127.0.0.1:80/", TOR, False),
        ("http://search.example/", TOR, False),
        ("http://search.example/", None, True),
    ],
)
def test_ways_that_are_closed(url: str, proxy: str | None, loopback: bool) -> None:
    with pytest.raises(Refused):
        check_way(url, proxy, loopback=loopback)
