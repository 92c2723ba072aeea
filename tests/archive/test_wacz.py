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
    pages, _, _ = read(path)
    assert [(page.url, page.captured_at) for page in pages] == [
        ("http://market.onion/one", datetime(2018, 11, 19, 14, 5, tzinfo=UTC)),
        ("http://market.onion/two", None),
        ("http://market.onion/one", datetime(2019, 1, 1, tzinfo=UTC)),
    ]
