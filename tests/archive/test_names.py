from datetime import UTC, datetime

import pytest

from cryptodrug_scraper.archive import Limits
from cryptodrug_scraper.archive.names import FileKind, kind_of, member_parts, shown
from cryptodrug_scraper.archive.sidecar import (
    Sidecar,
    read_sidecar,
    sidecar_names,
    without_credentials,
)
from cryptodrug_scraper.archive.sniff import looks_like_html, problem_of
from cryptodrug_scraper.archive.when import from_text, in_name, in_parts


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("page.html", FileKind.PAGE),
        ("PAGE.HTM", FileKind.PAGE),
        ("viewlisting.php?id=7", FileKind.PAGE),
        ("index.html?page=2.5", FileKind.PAGE),
        ("a.aspx", FileKind.PAGE),
        ("page.html.gz", FileKind.PACKED),
        ("style.css.gz", FileKind.OTHER),
        ("style.css?v=3", FileKind.OTHER),
        ("dump.tar.gz", FileKind.ARCHIVE),
        ("2018-11-19.tgz", FileKind.ARCHIVE),
        ("crawl.warc.gz", FileKind.ARCHIVE),
        ("x.json", FileKind.JSON),
        ("README", FileKind.UNKNOWN),
        ("vendor_name.12", FileKind.UNKNOWN),
        ("photo.PNG", FileKind.OTHER),
    ],
)
def test_kind(name: str, kind: FileKind) -> None:
    assert kind_of(name)[0] is kind


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a/b.html", ""),
        ("./a.html", ""),
        ("2018-11-19T14:05:00Z/a.html", ""),
        ("a..b/c...html", ""),
        ("../x.html", "traversal"),
        ("a/../../x.html", "traversal"),
        ("a\\..\\..\\x.html", "traversal"),
        ("/etc/passwd", "traversal"),
        ("\\\\server\\share\\x.html", "traversal"),
        ("C:\\x.html", "traversal"),
        ("c:/x.html", "traversal"),
        ("c:x.html", "traversal"),
        ("", "bad_name"),
        ("a\0b.html", "bad_name"),
        ("a\x1b[2J.html", "bad_name"),
        ("x" * 5000, "bad_name"),
        ("d/" * 100 + "x.html", "bad_name"),
    ],
)
def test_member_names(name: str, code: str) -> None:
    assert member_parts(name, Limits())[1] == code


def test_shown_names_are_fit_to_print() -> None:
    assert shown("a\x1b[31m\udce9.html\u202e") == "a\\x1b[31m\\xe9.html\\x202e"
    assert shown("café.html") == "café.html"
    shown("x\ud800").encode()


@pytest.mark.parametrize(
    ("name", "at", "precision"),
    [
        ("2018-11-19", datetime(2018, 11, 19, tzinfo=UTC), "day"),
        ("dream-2018-11-19.tar.gz", datetime(2018, 11, 19, tzinfo=UTC), "day"),
        ("dream_2018-11-19_full", datetime(2018, 11, 19, tzinfo=UTC), "day"),
        ("2018-11-19T14-05-09", datetime(2018, 11, 19, 14, 5, 9, tzinfo=UTC), "second"),
        ("2018-11-19T14:05:09Z.html", datetime(2018, 11, 19, 14, 5, 9, tzinfo=UTC), "second"),
        ("2018-11-19T14:05:09+02:00", datetime(2018, 11, 19, 12, 5, 9, tzinfo=UTC), "second"),
        ("2018-11-19_14-05-09", datetime(2018, 11, 19, 14, 5, 9, tzinfo=UTC), "second"),
        ("2018-11-19T14-05", datetime(2018, 11, 19, 14, 5, tzinfo=UTC), "second"),
    ],
)
def test_moments_in_names(name: str, at: datetime, precision: str) -> None:
    assert in_name(name) == (at, precision)


@pytest.mark.parametrize(
    "name",
    ["2018-02-31", "2018-13-01", "12018-11-19", "2018-11-190", "555-2018-11-19", "20181119", "a"],
)
def test_no_moment(name: str) -> None:
    assert in_name(name) is None


def test_the_deepest_moment_wins() -> None:
    found = in_parts(["2018-11-19", "x", "2018-11-20", "page.html"])
    assert found == (datetime(2018, 11, 20, tzinfo=UTC), "day")
    found = in_parts(["2018-11-19T14-05-00", "page-2018-11-19.html"])
    assert found == (datetime(2018, 11, 19, 14, 5, tzinfo=UTC), "second")
    found = in_parts(["2018-11-19T14-05-00", "2018-11-20"])
    assert found == (datetime(2018, 11, 20, tzinfo=UTC), "day")
    assert in_parts([]) is None


def test_sidecar_names() -> None:
    assert list(sidecar_names("page.html")) == ["page.html.json", "page.json"]
    assert list(sidecar_names("page.html.gz")) == [
        "page.html.gz.json",
        "page.html.json",
        "page.json",
    ]
    assert list(sidecar_names("page")) == ["page.json"]
    assert list(sidecar_names("page.expected.html")) == ["page.expected.html.json"]


def test_sidecars() -> None:
    assert read_sidecar(b"{}") == Sidecar()
    read = read_sidecar(
        b'\xef\xbb\xbf{"url": "http://u:p@x.onion/a", "captured_at": "2018-11-19T12:00:00+01:00",'
        b' "status": 404, "note": 1}'
    )
    assert read == Sidecar(
        "http://x.onion/a", (datetime(2018, 11, 19, 11, tzinfo=UTC), "second"), 404
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b"\xff\xfe{",
        b'{"url": 1}',
        b'{"url": "a\\u0000b"}',
        b'{"captured_at": "yesterday"}',
        b'{"captured_at": 1542628800}',
        b'{"captured_at": "0001-01-01T00:00:00+09:00"}',
        b'{"status": "ok"}',
        b'{"status": true}',
        b'{"status": 7}',
        b'{"status": ' + b"9" * 6000 + b"}",
    ],
)
def test_wrong_sidecars(data: bytes) -> None:
    assert isinstance(read_sidecar(data), str)


def test_credentials_are_taken_out_of_addresses() -> None:
    assert without_credentials("http://me:secret@x.onion/a@b?c=d@e") == "http://x.onion/a@b?c=d@e"
    assert without_credentials("http://x.onion/user@home") == "http://x.onion/user@home"


def test_from_text() -> None:
    assert from_text("2018-11-19") == (datetime(2018, 11, 19, tzinfo=UTC), "day")
    assert from_text("2018-11-19T12:00:00") == (datetime(2018, 11, 19, 12, tzinfo=UTC), "second")
    assert from_text("noon") is None


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html>x",
        b"\xef\xbb\xbf\r\n  <HTML lang=en>",
        "\ufeff<html><body>x".encode("utf-16-le"),
        "<html><body>no mark".encode("utf-16-le"),
        b'<meta content="0; URL=/x" http-equiv="Refresh"/>',
        b"<body>",
    ],
)
def test_html_is_recognised(body: bytes) -> None:
    assert looks_like_html(body)
    assert problem_of(body) is None


@pytest.mark.parametrize(
    "body", [b"", b"plain text", b"{}", b"<svg>", b"\x89PNG\r\n\x1a\n<html>", b"# <htmlx>"]
)
def test_other_content_is_not_html(body: bytes) -> None:
    assert not looks_like_html(body)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"\0" * 3000, "empty"),
        (b"\x89PNG\r\n\x1a\n", "not_html"),
        (b"\x1f\x8b\x08\0", "not_html"),
        (b"text\0more", "not_html"),
    ],
)
def test_what_is_no_page(body: bytes, code: str) -> None:
    problem = problem_of(body)
    assert problem is not None
    assert problem[0] == code
