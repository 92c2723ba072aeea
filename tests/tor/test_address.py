"""What may be requested: hostile URLs never reach a host that is not an onion service."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests
import scrapy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from urllib3.util import parse_url

from cryptodrug_scraper.tor.address import (
    LONGEST_URL,
    as_address,
    host_and_port,
    is_loopback,
    is_onion,
    may_leave,
)
from tests.tor.onions import onion_of

# The Tor Project's own site, so that the checksum is not only tested against ourselves.
KNOWN = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
ONION = onion_of(bytes(range(32)))
WRONG = ("a" if ONION[0] != "a" else "b") + ONION[1:]


@pytest.mark.parametrize("host", [KNOWN, KNOWN.upper(), f"www.{KNOWN}", f"a.b-c.x_1.{ONION}"])
def test_onion_hosts(host: str) -> None:
    assert is_onion(host)
    assert may_leave(f"http://{host}/a?b#c") is None
    assert may_leave(f"HTTPS://{host}:8443") is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "onion",
        ".onion",
        "example.org",
        f"{ONION}.",
        f".{ONION}",
        f"a..{ONION}",
        f"-a.{ONION}",
        f"{'a' * 64}.{ONION}",
        f"{'a.' * 120}{ONION}",
        f"{ONION}.example.org",
        f"{ONION}\n",
        f" {ONION}",
        f"x@{ONION}",
        WRONG,
        onion_of(version=4),
        onion_of().replace("d.onion", "1.onion"),
        ONION[1:],
        "a" + ONION,
        ONION.replace(".onion", "。onion"),
        ONION.replace(".onion", ".onıon"),
        ONION.replace(".onion", ".ｏnion"),
        "aaaaaaaaaaaaaaaa.onion",
    ],
)
def test_no_onion_hosts(host: str) -> None:
    assert not is_onion(host)
    assert not is_onion(f"{ONION}:80")
    assert may_leave(f"http://{host}/") is not None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://phishing00234567.onion/", "malformed"),
        ("http://aaaaaaaaaaaaaaaa.onion/", "version 2"),
        (f"http://{WRONG}/", "checksum"),
        (f"http://{onion_of(version=2)}/", "unknown version"),
        ("http://example.org/", "no onion service"),
        ("http://127.0.0.1/", "no onion service"),
        (f"ftp://{ONION}/", "scheme"),
        ("javascript:alert(1)", "absolute"),
        (f"//{ONION}/", "absolute"),
        ("/relative", "absolute"),
        ("", "absolute"),
        ("http:///path", "malformed"),
        (f"http://{ONION}@example.org/", "credentials"),
        (f"http://me:secret@{ONION}/", "credentials"),
        (f"http://{ONION}:0/", "malformed"),
        (f"http://{ONION}:080/", "malformed"),
        (f"http://{ONION}:/", "malformed"),
        (f"http://{ONION}:65536/", "out of range"),
        (f"http://{ONION}:٨٠/", "characters in its host"),
        (f"http://example.org\\.{ONION}/", "characters in its host"),
        (f"http://example.org%2f.{ONION}/", "characters in its host"),
        (f"http://{ONION}/\r\nHost: example.org", "control"),
        (f"http://{ONION}\t/", "control"),
        (f" http://{ONION}/", "control"),
        (f"http://{ONION}/\udc80", "control"),
        (f"http://[::ffff:127.0.0.1].{ONION}/", "malformed"),
        (f"http://{ONION}/" + "a" * LONGEST_URL, "longer"),
    ],
)
def test_reasons_say_what_is_wrong_and_never_the_url(url: str, said: str) -> None:
    for loopback in (False, True):
        if loopback and "127.0.0.1/" in url:
            continue
        reason = may_leave(url, loopback=loopback)
        assert reason is not None
        assert said in reason
        assert "secret" not in reason
        assert ONION not in reason


@pytest.mark.parametrize("host", ["127.0.0.1", "127.255.3.4", "localhost", "LocalHost", "[::1]"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)
    url = f"http://{host}:8080/a"
    assert may_leave(url) is not None
    assert may_leave(url, loopback=True) is None


@pytest.mark.parametrize(
    "host",
    [
        *(
            "",
            "0.0.0.0",
            "128.0.0.1",
            "10.0.0.1",
            "127.1",
            "127.0.0.01",
            "0177.0.0.1",
            "2130706433",
        ),
        *("0x7f.0.0.1", "127.0.0.1.", "127.0.0.1.example.org", "localhost.", "[::1", "::2"),
        *("[::ffff:127.0.0.1]", "127.0.0.١", "ⓛocalhost", "localhost.example.org"),
    ],
)
def test_no_loopback(host: str) -> None:
    assert not is_loopback(host)
    assert may_leave(f"http://{host}/", loopback=True) is not None


def seen_hosts(url: str) -> set[tuple[str, int | None]]:
    """Return host and port as each program that could send a request sees them."""
    split = urlsplit(url)
    prepared = requests.Request("GET", url).prepare().url
    assert prepared is not None
    pooled = parse_url(prepared)
    crawled = urlsplit(scrapy.Request(url).url)
    assert split.username is None
    assert split.password is None
    assert pooled.auth is None
    assert crawled.username is None
    assert {split.scheme, pooled.scheme, crawled.scheme} <= {"http", "https"}
    usual = {"http": 80, "https": 443}[split.scheme]
    return {
        (split.hostname or "", split.port or usual),
        ((pooled.host or "").strip("[]"), pooled.port or usual),
        (crawled.hostname or "", crawled.port or usual),
    }


NASTY = st.sampled_from(
    [
        *"@:/\\?#%[]. \t\r\n\x00\x7f-_&=+;|^`{}<>\"'",
        *("%00", "%2e", "%2F", "%40", "%5c", "//", "..", "::1", "[::1]", "127.0.0.1", "localhost"),
        *("example.org", "evil", ".onion", ONION, WRONG, KNOWN.upper(), "xn--", "xn--a", "www."),
        *(
            "。",
            "．",
            "｡",
            "ｏ",
            "İ",
            "ß",
            "\u200d",
            "\u00ad",
            "\u202e",
            "١",
            "⑧",
            "\u2100",
            "\ufeff",
        ),
        *("http:", "https://", "HTTP://", "ftp://", "80", ":80", ":99999", ":-1", "@example.org"),
    ]
)
PARTS = st.lists(st.one_of(NASTY, st.text(max_size=3)), max_size=8).map("".join)
SCHEMES = st.sampled_from(
    ["http://", "https://", "HTTP://", "hTTps://", "http:/", "//", "http:", ""]
)
URLS = st.builds(
    lambda scheme, before, host, after: scheme + before + host + after,
    SCHEMES,
    st.one_of(st.just(""), PARTS),
    st.sampled_from([ONION, KNOWN.upper(), "127.0.0.1", "[::1]", "localhost", "example.org", ""]),
    st.one_of(PARTS, PARTS.map(lambda rest: "/" + rest)),
)


@settings(max_examples=1500, deadline=None)
@given(URLS)
@example(f"http://{ONION}\\@example.org/")
@example(f"http://example.org#@{ONION}/")
@example(f"http://example.org\\@{ONION}/")
@example(f"http://{ONION}:80@example.org/")
@example(f"http://{ONION}?@example.org/")
@example(f"http://{ONION}#@example.org/")
def test_whatever_passes_is_an_onion_service_to_everybody(url: str) -> None:
    if may_leave(url) is None:
        hosts = seen_hosts(url)
        assert len(hosts) == 1
        assert all(is_onion(host) for host, _ in hosts)
    if may_leave(url, loopback=True) is None:
        hosts = seen_hosts(url)
        assert len(hosts) == 1
        assert all(is_onion(host) or is_loopback(host) for host, _ in hosts)


@settings(max_examples=300, deadline=None)
@given(
    st.binary(min_size=32, max_size=32),
    st.text("abcdefghijklmnopqrstuvwxyzABC0123456789/?&=%~-._!$'()*+,;:@äß✓", max_size=40),
)
def test_plain_urls_pass(key: bytes, rest: str) -> None:
    url = f"http://{onion_of(key)}/{rest}"
    assert may_leave(url) is None
    assert {host for host, _ in seen_hosts(url)} == {onion_of(key)}


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    may_leave(text, loopback=True)
    assert not (is_onion(text) and is_loopback(text))


def test_addresses() -> None:
    for address in ("127.0.0.1:9050", "[::1]:9050", "tor:1"):
        assert as_address(*host_and_port(address)) == address
    for wrong in ("", "9050", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "::1:9050", "a b:1"):
        with pytest.raises(ValueError, match=r"address|port"):
            host_and_port(wrong)
