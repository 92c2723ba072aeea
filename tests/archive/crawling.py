"""A crawl's archive, as these tests write it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator
from warcio.cli import main as warcio

from cryptodrug_scraper.archive import CrawlArchive, CrawlStamp, Written

NOON = datetime(2018, 11, 19, 12, 0, 0, 123456, UTC)
RUN = "0123456789abcdef" * 2
NAME = "dream-20181119T120000Z-01234567"


def stamp(
    run: str = RUN, market: str = "dream", options: Mapping[str, Any] | None = None
) -> CrawlStamp:
    return CrawlStamp(run, market, NOON, "A. Researcher", "0.1.0", options or {"delay": 2.5})


def write(archive: CrawlArchive, body: bytes, **changes: Any) -> Written:
    capture: dict[str, Any] = {
        "url": "http://market.onion/offer?n=1",
        "captured_at": NOON,
        "method": "GET",
        "request_headers": [("User-Agent", "Mozilla/5.0"), ("Cookie", "session=c00kie")],
        "request_body": b"",
        "status": 200,
        "headers": [("Content-Type", "text/html; charset=utf-8"), ("Set-Cookie", "s=c00kie")],
        "body": body,
    }
    return archive.write(**{**capture, **changes})


def unpacked(folder: Path) -> bytes:
    return b"".join(gzip.decompress(path.read_bytes()) for path in sorted(folder.iterdir()))


def check_valid(folder: Path) -> int:
    """See two libraries find every file of a folder valid; return the number of records."""
    records = 0
    for path in sorted(folder.iterdir()):
        with pytest.raises(SystemExit) as done:
            warcio(["check", str(path)])
        assert done.value.code == 0, path
        with path.open("rb") as file:
            verified = sum(1 for _ in ArchiveIterator(file, verify_digests=True))
        with path.open("rb") as file:
            assert verified == sum(1 for _ in ArchiveIterator(file, parse_http=False))
        records += verified
    return records
