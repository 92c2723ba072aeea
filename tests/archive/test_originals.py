"""Pages as they came, beside their copies by `wget -k -K`: one of the two is read."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

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
@pytest.mark.parametrize("came", [b"", b"\0" * 300, os.urandom(300), CAME[:5]], ids=range(4))
def test_one_that_is_none_is_named_and_its_copy_read(
    make: Make, names: tuple[str, str], came: bytes, tmp_path: Path
) -> None:
    pages, troubles, _ = read(make(tmp_path / "a", dict(zip(names, (COPY, came), strict=True))))
    assert codes(troubles)
    assert all(names[1] in trouble.location for trouble in troubles)
    if make is not seven or not came:  # of 7z the content is not known before the copy is met
        assert [page.body for page in pages] == [COPY]
