"""Pages as they came, beside their copies by `wget -k -K`: one of the two is read."""

from __future__ import annotations

import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import py7zr
import pytest

from cryptodrug_scraper.archive import open_page
from tests.archive.making import codes, html, make_tar, make_zip, read
from tests.archive.test_formats import seven

CAME, COPY = html("as it came"), html("with other links")


def folder(path: Path, members: dict[str, bytes]) -> Path:
    path.mkdir()
    for name, data in members.items():
        (path / name).write_bytes(data)
    return path


def tar(path: Path, members: dict[str, bytes]) -> Path:
    return make_tar(path, members.items(), "w:gz")


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    return make_zip(path, members.items())


DAMAGED = {
    "empty": b"",
    "zeros": b"\0" * 300,
    "noise": os.urandom(300),
    "a few letters": CAME[:5],
    "gzip cut off": gzip.compress(CAME * 9)[:-9],
    "gzip with a wrong checksum": gzip.compress(CAME)[:-8] + bytes(8),
    "gzip of noise": gzip.compress(os.urandom(300)),
    "gzip of nothing": gzip.compress(b""),
}
Make = Callable[[Path, dict[str, bytes]], Path]
KINDS = pytest.mark.parametrize("make", [folder, zipped, tar, seven])
NAMES = pytest.mark.parametrize("names", [("a.html", "a.html.orig"), ("a?n=1.html", "a?n=1.orig")])


@KINDS
@NAMES
@pytest.mark.parametrize("came", [CAME, gzip.compress(CAME, mtime=0)], ids=["plain", "gzip"])
def test_the_page_as_it_came_is_read(
    make: Make, names: tuple[str, str], came: bytes, tmp_path: Path
) -> None:
    pages, troubles, _ = read(make(tmp_path / "a", dict(zip(names, (COPY, came), strict=True))))
    assert [page.body for page in pages] == [CAME]
    assert troubles == []


@KINDS
@NAMES
@pytest.mark.parametrize("came", DAMAGED.values(), ids=DAMAGED)
def test_one_that_is_none_is_named_and_its_copy_read(
    make: Make, names: tuple[str, str], came: bytes, tmp_path: Path
) -> None:
    pages, troubles, _ = read(make(tmp_path / "a", dict(zip(names, (COPY, came), strict=True))))
    assert troubles
    assert all(names[1] in trouble.location for trouble in troubles)
    assert [page.body for page in pages] == [COPY]


@pytest.mark.parametrize("make", [zipped, seven])
@NAMES
def test_one_whose_checksum_is_wrong_is_named_and_its_copy_read(
    make: Make, names: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "a"
    if make is zipped:
        make_zip(path, zip(names, (COPY, CAME), strict=True), zipfile.ZIP_STORED)
    else:
        with py7zr.SevenZipFile(path, "w", filters=[{"id": py7zr.FILTER_COPY}]) as archive:
            archive.writestr(COPY, names[0])
            archive.writestr(CAME, names[1])
    data = path.read_bytes()
    assert data.count(b"as it came") == 1
    path.write_bytes(data.replace(b"as it came", b"as it CAME"))
    pages, troubles, _ = read(path)
    assert codes(troubles)[0] == "checksum"
    assert [page.body for page in pages] == [COPY]
    assert open_page(pages[0].location) == pages[0]


def test_one_of_several_is_damaged(tmp_path: Path) -> None:
    members = {f"{n}.html{end}": html(f"{n}{end}") for n in range(4) for end in ("", ".orig")}
    members["2.html.orig"] = b""
    for make in (folder, zipped, tar, seven):
        pages, troubles, reader = read(make(tmp_path / make.__name__, members))
        assert sorted(page.body for page in pages) == [
            html(text) for text in ("0.orig", "1.orig", "2", "3.orig")
        ]
        assert len(troubles) == 1
        assert reader.passed_over == {"pages whose original is beside them": 3}
