"""Small archives for these tests, good and bad."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import psutil
import pytest

from cryptodrug_scraper.archive import ArchiveReader, Limits, Page, ReadIssue, read_pages

LITTLE = 1 << 24
"""Bytes that are few beside a gigabyte, whatever Python itself reads meanwhile."""


def bytes_read() -> int:
    """How many bytes this process has read so far: what work costs, however busy the machine is."""
    counters = getattr(psutil.Process(), "io_counters", None)
    if counters is None:
        pytest.skip("this system does not count what a process reads")
    return int(counters().read_chars)


def html(text: str = "hello") -> bytes:
    return f"<!DOCTYPE html><html><head><title>t</title></head><body>{text}</body></html>".encode()


def read(
    *paths: Path, limits: Limits | None = None, captured_at: datetime | date | None = None
) -> tuple[list[Page], list[ReadIssue], ArchiveReader]:
    reader = read_pages(list(paths), limits=limits or Limits(), captured_at=captured_at)
    pages: list[Page] = []
    troubles: list[ReadIssue] = []
    for item in reader:
        (pages if isinstance(item, Page) else troubles).append(item)  # type: ignore[arg-type]
    return pages, troubles, reader


def codes(troubles: Iterable[ReadIssue]) -> list[str]:
    return [trouble.code for trouble in troubles]


def make_zip(
    path: Path,
    members: Iterable[tuple[str | zipfile.ZipInfo, bytes]],
    method: int = zipfile.ZIP_DEFLATED,
) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def make_tar(
    path: Path, members: Iterable[tuple[str | tarfile.TarInfo, bytes]], mode: str = "w"
) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            if info.isreg():
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def record(
    body: bytes,
    *,
    head: bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
    kind: str = "response",
    url: str = "http://market.onion/",
    date: str = "2018-11-19T14:05:00Z",
    length: int | None = None,
    extra: str = "",
    content_type: str = "application/http; msgtype=response",
) -> bytes:
    block = head + body
    return (
        (
            f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: {date}\r\n"
            f"WARC-Record-ID: <urn:uuid:0>\r\nContent-Type: {content_type}\r\n{extra}"
            f"Content-Length: {len(block) if length is None else length}\r\n\r\n"
        ).encode()
        + block
        + b"\r\n\r\n"
    )


def arc_records(
    bodies: Iterable[bytes], *, date: str = "20181119140500", version: int = 1
) -> list[bytes]:
    """The records of an ARC file, as crawlers wrote them before WARC."""
    fields = "URL IP-address Archive-date Content-type Archive-length"
    if version == 2:
        fields = (
            "URL IP-address Archive-date Content-type Result-code Checksum Location Offset "
            "Filename Archive-length"
        )
    about = f"{version} 0 Invented\n{fields}\n".encode()
    more = "" if version == 1 else " 200 - - 0 a.arc"
    out = [
        f"filedesc://a.arc 0.0.0.0 {date} text/plain{more} {len(about)}\n".encode() + about + b"\n"
    ]
    for number, body in enumerate(bodies):
        block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
        line = f"http://market.onion/{number} 127.0.0.1 {date} text/html{more} {len(block)}\n"
        out.append(line.encode() + block + b"\n")
    return out


def gz(*records: bytes) -> bytes:
    return b"".join(gzip.compress(one, 6, mtime=0) for one in records)


_SCRIPT = """
import json, sys
from pathlib import Path
from cryptodrug_scraper.archive import read_pages
items = [getattr(item, "code", "page") for item in read_pages([Path(sys.argv[1])])]
status = Path("/proc/self/status")
peak = 0
if status.exists():
    peak = next(int(l.split()[1]) for l in status.read_text().splitlines() if "VmHWM" in l)
print(json.dumps([items, peak]))
"""


def in_process(path: Path) -> tuple[list[str], int]:
    """Read in a process of its own; return what was found and its peak memory (KB, Linux)."""
    out = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(path)], capture_output=True, text=True, check=True
    ).stdout
    found, peak = json.loads(out)
    return found, peak
