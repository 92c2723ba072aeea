"""Cookies as browsers write them, and files that are none."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.access.cookies import BadCookies, read_cookies, updated
from simulator.sessions import cookies_txt
from tests.crawl.onions import onion

ONION, OTHER = sorted(onion(n) for n in range(2))
NOW = 1_600_000_000.0


def read(text: str | bytes, hosts: set[str] | None = None) -> tuple[dict[str, str], list[str]]:
    said: list[str] = []
    data = text.encode() if isinstance(text, str) else text
    return read_cookies(data, hosts, warn=said.append, now=NOW), said


def line(name: str, value: str, host: str = ONION, expires: object = 0, path: str = "/") -> str:
    return "\t".join((host, "FALSE", path, "FALSE", str(expires), name, value))


def refused(text: str | bytes, hosts: set[str] | None = None) -> str:
    with pytest.raises(BadCookies) as caught:
        read(text, hosts)
    told = "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in told
    assert "s3cret" not in repr(caught.value.__context__)
    return str(caught.value)


def test_cookies_txt_as_it_comes() -> None:
    text = "\ufeff# Netscape HTTP Cookie File\r\n\r\n# a comment\r\n"
    text += "#HttpOnly_" + line("session", "abc=") + "\r\n"
    text += line("theme", "dark, large", expires=NOW + 10) + "\r\n"
    text += line("gone", "1", expires=int(NOW) - 10) + "\r\n"
    text += line("in_milliseconds", "2", expires=int(NOW + 10) * 1000) + "\r\n"
    text += line("empty", "") + "\r\n"
    found, said = read(text)
    assert found == {
        "session": "abc=",
        "theme": "dark, large",
        "in_milliseconds": "2",
        "empty": "",
    }
    assert said == ["Left out 1 expired cookie."]


def test_the_simulators_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text(cookies_txt("127.0.0.1", {"session": "abc"}))
    assert read_cookies(path, {"127.0.0.1"}) == {"session": "abc"}
    assert read_cookies(str(path), None) == {"session": "abc"}
    with pytest.raises(FileNotFoundError):
        read_cookies(tmp_path / "none.txt", None)


@pytest.mark.parametrize(
    "text",
    [
        "session=abc; theme=a=b",
        "Cookie: session=abc; theme=a=b;\n",
        json.dumps(
            [
                {"name": "session", "value": "abc", "domain": ONION, "session": True},
                {"name": "theme", "value": "a=b", "domain": f".{ONION}", "expirationDate": 2e9},
            ]
        ),
        json.dumps(
            {
                "cookies": [
                    {"name": "session", "value": "abc", "domain": ONION, "expires": -1},
                    {"name": "theme", "value": "a=b", "domain": ONION, "path": "/"},
                ]
            }
        ),
        json.dumps(
            [
                {
                    "Host raw": f"http://.{ONION}/",
                    "Name raw": name,
                    "Path raw": "/",
                    "Content raw": value,
                    "Expires raw": "0",
                }
                for name, value in (("session", "abc"), ("theme", "a=b"))
            ]
        ),
    ],
    ids=["header", "named header", "add-on", "storage state", "raw"],
)
def test_other_forms(text: str) -> None:
    assert read(text, {ONION}) == ({"session": "abc", "theme": "a=b"}, [])


def test_cookies_of_other_hosts_are_left_out_and_counted() -> None:
    text = "\n".join(
        (
            line("session", "ours"),
            line("session", "s3cret", OTHER),
            line("id", "s3cret", ".search.example"),
            line("id2", "s3cret", "search.example"),
            line("id3", "s3cret", f"forum.{ONION}"),
        )
    )
    found, said = read(text, {ONION})
    assert found == {"session": "ours"}
    assert said == [
        "Left out 4 cookies of hosts that are no mirror of this market: "
        f"forum.{ONION} (1), search.example (2), {OTHER} (1)."
    ]


def test_a_cookie_of_the_whole_domain_counts_for_the_host_beneath() -> None:
    whole = line("session", "abc", f".{ONION}")
    assert read(whole, {f"www.{ONION}"})[0] == {"session": "abc"}
    assert "no cookie left" in refused(line("session", "s3cret"), {f"www.{ONION}"})
    assert "no cookie left" in refused(line("session", "s3cret", ".onion"), {ONION})


def test_without_mirrors_all_must_be_of_one_onion_service() -> None:
    assert read(line("a", "1") + "\n" + line("b", "2", f".www.{ONION}"))[0] == {"a": "1", "b": "2"}
    said = refused(line("a", "s3cret1") + "\n" + line("b", "s3cret2", OTHER))
    assert "mirror add" in said
    assert "no cookie left" in refused(line("a", "s3cret", "search.example"))


def test_two_values_of_one_name() -> None:
    both = {ONION, OTHER}
    said = refused(line("session", "s3cret1") + "\n" + line("session", "s3cret2", OTHER), both)
    assert "Line 2" in said and "line 1" in said and "'session'" in said
    same = line("session", "abc") + "\n" + line("session", "abc", OTHER)
    assert read(same, both)[0] == {"session": "abc"}
    deeper = line("session", "forum", path="/forum") + "\n" + line("session", "abc")
    assert read(deeper)[0] == {"session": "abc"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no cookie in it"),
        ("# Netscape HTTP Cookie File\n", "no cookie in it"),
        (line("a", "b") + "\n" + line("c", "s3cret").replace("FALSE\t/", "/"), "no cookie left"),
        (line("a", "b") + "\nx\ts3cret", "Line 2: 2 fields"),
        (line("a", "s3cret", expires="soon"), "Line 1: the expiry"),
        (line("a", "s3cret", expires="9" * 5000), "Line 1: the expiry"),
        (line("a", "s3cret", host="a b"), "Line 1: the cookie's host"),
        (line("a", "s3cret;x"), "'a'"),
        (line("a", "s3cret\x00"), "'a'"),
        (line("a", "s3crét"), "'a'"),
        (line("a;s3cret", "b"), "name"),
        (line("a\x1bs3cret", "b"), "name"),
        ("a=b\nc=s3cret", "Line 2"),
        ("a=b; s3cret", "Line 1, cookie 2"),
        ("a=\x7fs3cret", "'a'"),
        ("<html>s3cret</html>", "Line 1, cookie 1"),
        ('[{"name": "a", "value": "s3cret"', "Line 1: this is no JSON"),
        ('[{"name": "a", "value": "s3cret"}]', "Cookie 1 of the list states no domain"),
        ('[{"name": "a", "value": 5, "domain": "x"}]', "states no value"),
        ('["s3cret"]', "Cookie 1 of the list"),
        ('{"s3cret": "a"}', "no list"),
        ("[" * 100_000, "JSON"),
        ("[NaN]", "Cookie 1"),
        (b"ok=1\n\xff s3cret", "Line 2 is not text"),
        (b"a=" + b"x" * (1 << 20), "larger"),
        ("; ".join(f"n{n}=s3cret" for n in range(200)), "200 cookies"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_refused_and_where(text: str | bytes, told: str) -> None:
    hosts = {ONION} if "no cookie left" in told else None
    if told == "no cookie left":
        text = line("c", "s3cret", OTHER)
    assert told in refused(text, hosts)


def test_what_a_site_sets_is_taken_up_if_it_can_be_sent() -> None:
    before = {"session": "old"}
    changes = [("session", "new"), ("more", "1"), ("bad", "a;b"), ("a b", "c"), ("bad", "a\r\nX:")]
    assert updated(before, changes) == {"session": "new", "more": "1"}
    assert before == {"session": "old"}
    many = updated(before, [(f"n{n}", "1") for n in range(999)])
    assert len(many) == 180


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_give_sendable_cookies_or_one_error(data: bytes) -> None:
    try:
        found, _ = read(data)
    except BadCookies:
        return
    sent = "; ".join(f"{name}={value}" for name, value in found.items())
    assert sent.isprintable() and sent.isascii()
    assert sent.count(";") == len(found) - 1


_FIELDS = st.text(st.sampled_from("ab\t;=\x00\r\n\x1b é\"',{"), max_size=12)


@given(st.lists(_FIELDS, min_size=5, max_size=8), st.booleans())
def test_lines_that_are_nearly_right(fields: list[str], http_only: bool) -> None:
    text = "\t".join([ONION, "TRUE", *fields])
    test_any_bytes_give_sendable_cookies_or_one_error.hypothesis.inner_test(  # type: ignore[attr-defined]
        (("#HttpOnly_" if http_only else "") + text).encode()
    )


_SECRET = st.text(st.sampled_from("XYZ0123456789"), min_size=12, max_size=20)
_NAMES = st.text(st.sampled_from("abc_-."), min_size=1, max_size=8)


@given(st.dictionaries(_NAMES, _SECRET, min_size=1, max_size=5), st.data())
def test_what_was_written_is_read_in_all_forms(
    cookies: dict[str, str], data: st.DataObject
) -> None:
    form = data.draw(st.sampled_from(["netscape", "json", "header"]))
    if form == "netscape":
        text = cookies_txt(ONION, cookies)
    elif form == "json":
        text = json.dumps(
            [{"name": k, "value": v, "domain": ONION} for k, v in cookies.items()], indent=1
        )
    else:
        text = "; ".join(f"{k}={v}" for k, v in cookies.items())
    assert read(text, {ONION}) == (cookies, [])
    # Broken somewhere, it may be refused, and then no value is told.
    at = data.draw(st.integers(0, len(text)))
    broken = text[:at] + data.draw(st.sampled_from(["", "\t", "\n", ";", "\x00", "é", "]"])) + "x"
    said: list[str] = []
    try:
        read_cookies(broken.encode(), {ONION}, warn=said.append, now=NOW)
    except BadCookies as error:
        said.append("".join(traceback.format_exception(error)))
        said.append(repr(error.__context__))
    assert not any(value in told for value in cookies.values() for told in said)
