"""HTTrack's folder and its own cache are one capture; what the cache lost, the mirror has."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import py7zr
import pytest

from cryptodrug_scraper.archive import open_page
from tests.archive.making import codes, make_tar, make_zip, read
from tests.conftest import FIXTURES

SAMPLE = FIXTURES / "archives" / "httrack"
PAGES = {page.url: page for page in read(SAMPLE)[0]}


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "mirror"))


def cache_of(mirror: Path) -> Path:
    return mirror / "hts-cache" / "new.zip"


def members(mirror: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(mirror.rglob("*")):
        if path.is_file():
            yield path.relative_to(mirror.parent).as_posix(), path.read_bytes()


def seven(path: Path, held: Iterator[tuple[str, bytes]]) -> Path:
    with py7zr.SevenZipFile(path, "w") as archive:
        for name, data in held:
            archive.writestr(data, name)
    return path


@pytest.mark.parametrize("make", [make_zip, make_tar, seven])
def test_in_an_archive_the_mirror_is_read_and_the_cache_named(
    make: Callable[..., Path], mirror: Path
) -> None:
    path = make(mirror.parent / "packed", members(mirror))
    pages, troubles, _ = read(path)
    assert codes(troubles) == ["nested"]
    assert troubles[0].location == f"{path}!/mirror/hts-cache/new.zip"
    assert {page.url: page.captured_at for page in pages} == {
        page.url: page.captured_at for page in PAGES.values()
    }
    assert len(pages) == len(PAGES)


def cut_in_half(cache: Path) -> None:
    data = cache.read_bytes()
    cache.write_bytes(data[: len(data) // 2])


def without_index(cache: Path) -> None:
    data = cache.read_bytes()
    cache.write_bytes(data[: data.find(b"PK\x01\x02")])


def empty(cache: Path) -> None:
    cache.write_bytes(b"")


def noise(cache: Path) -> None:
    cache.write_bytes(bytes(range(256)) * 40)


def one_page_damaged(cache: Path) -> None:
    with zipfile.ZipFile(cache) as archive:
        info = max(archive.infolist(), key=lambda one: one.compress_size)
    data = bytearray(cache.read_bytes())
    at = data.find(b"X-In-Cache", info.header_offset)
    at = data.find(b"\r\n", at + 300) + 400
    data[at : at + 200] = bytes(200)
    cache.write_bytes(data)


@pytest.mark.parametrize("damage", [cut_in_half, without_index, empty, noise, one_page_damaged])
def test_what_a_damaged_cache_lost_is_read_from_the_mirror(
    damage: Callable[[Path], None], mirror: Path
) -> None:
    damage(cache_of(mirror))
    pages, troubles, _ = read(mirror)
    assert troubles
    assert all(str(cache_of(mirror)) in trouble.location for trouble in troubles)
    assert sorted(str(page.url) for page in pages) == sorted(map(str, PAGES))
    for page in pages:
        known = PAGES[page.url]
        assert page.captured_at == known.captured_at
        assert page.body == known.body or b"by HTTrack" in page.body
        assert open_page(page.location).body == page.body


def test_a_page_that_neither_has_is_named(mirror: Path) -> None:
    one_page_damaged(cache_of(mirror))
    lost = next(t.location for t in read(mirror)[1])
    gone = next(p for p in read(mirror)[0] if ".zip" not in p.location)
    Path(gone.location).unlink()
    pages, troubles, _ = read(mirror)
    assert [t.location for t in troubles] == [lost]
    assert "no copy" in troubles[0].reason
    assert len(pages) == len(PAGES) - 1
