"""Bad input, as the issue lists it: each is made in a folder and replayed."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.conftest import FIXTURES

PAGE = (FIXTURES / "dream" / "listing_new.html").read_bytes()


def empty_file(folder: Path) -> Path:
    path = folder / "empty.html"
    path.write_bytes(b"")
    return path


def png_named_html(folder: Path) -> Path:
    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    path = folder / "picture.html"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )
    return path


def zip_bomb(folder: Path) -> Path:
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.html", b"<html>" + b" " * (24 << 20))
    return path


def tar_that_climbs(folder: Path) -> Path:
    path = folder / "climbs.tar"
    with tarfile.open(path, "w") as file:
        for name in ("../above.html", "../../etc/above.html", "/abs.html"):
            member = tarfile.TarInfo(name)
            member.size = len(PAGE)
            file.addfile(member, io.BytesIO(PAGE))
    return path


def truncated_warc(folder: Path) -> Path:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(PAGE)}\r\n\r\n"
    body = head.encode() + PAGE
    record = (
        "WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: http://x.onion/\r\n"
        "WARC-Date: 2018-11-19T12:00:00Z\r\n"
        "WARC-Record-ID: <urn:uuid:12345678-1234-1234-1234-123456789012>\r\n"
        f"Content-Type: application/http;msgtype=response\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    path = folder / "cut.warc.gz"
    whole = gzip.compress(record + b"\r\n\r\n")
    path.write_bytes(whole[: len(whole) // 2])
    return path


def huge_page(folder: Path) -> Path:
    path = folder / "huge.html"
    with path.open("wb") as file:
        file.write(b"<html>")
        file.truncate(200 << 20)  # sparse: takes no room
    return path


def no_pages(folder: Path) -> Path:
    path = folder / "nothing"
    path.mkdir()
    (path / "notes.txt").write_text("no page here")
    return path


BAD: dict[str, tuple[Callable[[Path], Path], int, str]] = {
    "an empty file": (empty_file, 3, "empty"),
    "a PNG named .html": (png_named_html, 3, "not HTML"),
    "a zip bomb": (zip_bomb, 3, "bomb"),
    "a tar with ../ members": (tar_that_climbs, 3, "traversal"),
    "a truncated .warc.gz": (truncated_warc, 3, "truncated"),
    "a page of 200 MB": (huge_page, 3, "more than the"),
    "a folder without pages": (no_pages, 3, "no page in"),
}
