"""WACZ: its web archives, and the times of its lists of pages where a record has none."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.archive.making import gz, html, make_zip, read, record

PAGES = [
    {"format": "json-pages-1.0", "id": "pages", "title": "All Pages"},
    {"url": "http://market.onion/one", "ts": "2018-11-19T14:05:00Z", "title": "one"},
    {"url": "http://market.onion/two", "ts": "2018-11-20T14:05:00Z"},
    {"url": "http://market.onion/two", "ts": "2018-11-21T14:05:00Z"},
]


def wacz(path: Path, warc: bytes, method: int, pages: bytes) -> Path:
    return make_zip(
        path,
        [
            ("datapackage.json", b'{"profile": "data-package", "wacz_version": "1.1.1"}'),
            ("archive/data.warc.gz", warc),
            ("indexes/index.cdx.gz", gz(b"onion,market)/one 20181119140500 {}")),
            ("pages/pages.jsonl", pages),
        ],
        method,
    )


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("name", ["a.wacz", "a.zip", "a"])
def test_times_of_records_that_have_none(tmp_path: Path, method: int, name: str) -> None:
    undated = record(html("one"), url="http://market.onion/one").replace(
        b"WARC-Date: 2018-11-19T14:05:00Z\r\n", b""
    )
    doubtful = undated.replace(b"/one", b"/two")
    dated = record(html("three"), url="http://market.onion/one", date="2019-01-01T00:00:00Z")
    lines = "\n".join(map(json.dumps, PAGES)).encode() + b"\nno line of JSON\n"
    path = wacz(tmp_path / name, gz(undated, doubtful, dated), method, lines)
    pages, troubles, _ = read(path)
    assert [(page.url, page.captured_at) for page in pages] == [
        ("http://market.onion/one", datetime(2018, 11, 19, 14, 5, tzinfo=UTC)),
        ("http://market.onion/two", None),
        ("http://market.onion/one", datetime(2019, 1, 1, tzinfo=UTC)),
    ]
    assert [(t.location, t.code) for t in troubles] == [
        (f"{path}!/pages/pages.jsonl", "bad_statement")
    ]
    assert "no JSON" in troubles[0].reason and "line 5" in troubles[0].reason


ONE = b'{"url": "http://market.onion/one", "ts": "2018-11-19T14:05:00Z"}\n'
LISTS = {
    "all is well, with a mark at the start": (b"\xef\xbb\xbf" + ONE + b"\n\r\n", ""),
    "a page without a time": (ONE + b'{"url": "http://market.onion/two"}\n', ""),
    "lines that are none": (ONE + b"{\n{\n", "no JSON, or too long: 2 times, first in line 2"),
    "a line that is no object": (ONE + b"[1]\n", "no JSON object"),
    "a time that is none": (ONE + b'{"url": "http://a.onion/", "ts": "soon"}\n', "time is none"),
    "a time that is a number": (ONE + b'{"url": "http://a.onion/", "ts": 7}\n', "time is none"),
    "no address": (ONE + b'{"ts": "2018-11-19T14:05:00Z"}\n', "without an address"),
    "too long a line": (b'{"text": "%s"}\n' % (b"x" * (3 << 20)) + ONE, "first in line 1"),
    "not UTF-8": (ONE + b'{"url": "\xff\xfe"}\n', "no JSON"),
}


@pytest.mark.parametrize("lines, reason", LISTS.values(), ids=LISTS)
def test_what_of_a_list_of_pages_cannot_be_read_is_named(
    tmp_path: Path, lines: bytes, reason: str
) -> None:
    undated = record(html(), url="http://market.onion/one").replace(
        b"WARC-Date: 2018-11-19T14:05:00Z\r\n", b""
    )
    path = wacz(tmp_path / "a.wacz", gz(undated), zipfile.ZIP_DEFLATED, lines)
    pages, troubles, _ = read(path)
    assert [page.captured_from for page in pages] == ["warc"]
    assert [t.reason for t in troubles if reason not in t.reason] == []
    assert len(troubles) == bool(reason)


@pytest.mark.parametrize("damage", ["bytes", "checksum", "encrypted"])
@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"]
)
def test_a_damaged_list_of_pages_is_named_and_the_pages_are_read(
    tmp_path: Path, damage: str, method: int
) -> None:
    path = wacz(tmp_path / "a.wacz", gz(record(html())), method, ONE)
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("pages/pages.jsonl")
    data = bytearray(path.read_bytes())
    start = info.header_offset + 30 + len(info.filename)
    index = data.rfind(b"PK\x01\x02")
    if damage == "bytes":
        data[start + 10 : start + 30] = bytes(20)
    elif damage == "checksum":
        data[index + 16] ^= 1
    elif damage == "encrypted":
        data[index + 8] |= 1
    path.write_bytes(data)
    pages, troubles, _ = read(path)
    assert len(pages) == 1
    assert {trouble.location for trouble in troubles} == {f"{path}!/pages/pages.jsonl"}
