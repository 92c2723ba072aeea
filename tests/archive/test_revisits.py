import bz2
import gzip
import io
import os
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zstandard

from cryptodrug_scraper.archive import CrawlArchive, Limits, NotOpened, Page, open_page

from .crawling import NOON, stamp, write
from .making import LITTLE, bytes_read, codes, gz, html, make_zip, read, record

LATER = "2018-11-26T14:05:00Z"
DIGEST = "WARC-Payload-Digest: sha1:AAAA\r\n"
OTHER = "WARC-Payload-Digest: sha1:BBBB\r\n"
NAMED = (
    "WARC-Refers-To-Target-URI: http://market.onion/\r\n"
    "WARC-Refers-To-Date: 2018-11-19T14:05:00Z\r\n"
)
PNG = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"


def revisit(extra: str = DIGEST, url: str = "http://market.onion/again", **more: bytes) -> bytes:
    return record(b"", kind="revisit", date=LATER, url=url, extra=extra, **more)  # type: ignore[arg-type]


def _both(pages: list[Page]) -> bool:
    """Tell whether both captures were read, each with its own time and address."""
    return sorted((page.body, page.url, page.captured_at) for page in pages) == [
        (html("seen"), "http://market.onion/", datetime(2018, 11, 19, 14, 5, tzinfo=UTC)),
        (html("seen"), "http://market.onion/again", datetime(2018, 11, 26, 14, 5, tzinfo=UTC)),
    ]


PACKINGS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "plain": lambda one, two: one + two,
    "a member a record": lambda one, two: gz(one, two),
    "one member": lambda one, two: gzip.compress(record(b"a", kind="metadata") + one + two),
    "zstd frames": lambda one, two: zstandard.compress(one) + zstandard.compress(two),
    "one zstd frame": lambda one, two: zstandard.compress(one + two),
    "bzip2": lambda one, two: bz2.compress(one + two),
}


@pytest.mark.parametrize("packing", list(PACKINGS))
@pytest.mark.parametrize("extra", [DIGEST, NAMED, "WARC-Refers-To: <urn:uuid:0>\r\n"])
def test_before_and_behind_its_original(tmp_path: Path, packing: str, extra: str) -> None:
    original = record(html("seen"), extra=DIGEST)
    pack = PACKINGS[packing]
    path = tmp_path / "a.warc"
    for data in (
        pack(original, revisit(extra)),
        pack(revisit(extra), original),
    ):
        path.write_bytes(data)
        pages, troubles, _ = read(path)
        assert _both(pages)
        assert not troubles


@pytest.mark.parametrize("packing", list(PACKINGS))
def test_in_another_file_and_in_an_archive(tmp_path: Path, packing: str) -> None:
    first = PACKINGS[packing](revisit(), b"") if packing == "plain" else gz(revisit())
    second = PACKINGS[packing](record(html("x")), record(html("seen"), extra=DIGEST))
    (tmp_path / "1").write_bytes(first)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w", method) as archive:
            archive.writestr("archive/a.warc.gz", second)
        make_zip(tmp_path / "2.zip", [("in.zip", inner.getvalue())], method)
        pages, troubles, _ = read(tmp_path)
        assert _both([page for page in pages if page.body == html("seen")])
        assert not troubles
        assert [open_page(page.location) for page in pages] == pages


def test_what_it_names_must_have_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(record(html("new"), extra=OTHER) + revisit(NAMED + DIGEST))
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html("new")]
    assert codes(troubles) == ["no_original"]


def test_revisits_of_what_is_no_page_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(
        b"".join(
            [
                record(html()),
                revisit(),  # its original, an image, comes later
                record(b"\x89PNG", head=PNG, extra=DIGEST),
                revisit(OTHER, head=PNG),  # says so itself
                revisit(OTHER, url="http://market.onion/i/logo.png?v=1", head=b""),
            ]
        )
    )
    pages, troubles, reader = read(path)
    assert len(pages) == 1
    assert not troubles
    assert reader.passed_over == {"images": 1, "revisits of what is no page": 3}


def test_one_without_original_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(record(html()) + revisit() * 3)
    assert codes(read(path)[1]) == ["no_original"] * 3
    assert codes(read(path, limits=Limits(revisits_held=1))[1]) == ["no_original"] * 3


def test_the_time_of_one_is_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    undated = revisit().replace(LATER.encode(), b"some day in the past")
    path.write_bytes(record(html("seen"), extra=DIGEST) + undated)
    pages, troubles, _ = read(path)
    assert [page.captured_at is None for page in pages] == [False, True]
    assert codes(troubles) == ["bad_date"]


def test_one_is_opened_as_long_as_its_original_lies_beside_it(tmp_path: Path) -> None:
    one, other = tmp_path / "1.warc.gz", tmp_path / "2.warc.gz"
    one.write_bytes(gz(record(html("x")), record(html("seen"), extra=DIGEST)))
    other.write_bytes(gz(record(html("y")), revisit()))
    pages, _, _ = read(tmp_path)
    again = next(page for page in pages if page.url == "http://market.onion/again")
    assert again.location == f"{other}#{len(gz(record(html('y'))))}"
    with pytest.raises(NotOpened) as raised:
        open_page(again.location, seek_only=True)
    assert raised.value.why == "slow"
    assert open_page(again.location) == again
    assert open_page(again.location, seek_only=True) == again  # it is known now where it lies
    one.rename(tmp_path / "0")
    assert open_page(again.location) == again
    (tmp_path / "0").unlink()
    with pytest.raises(NotOpened, match="neither in its file nor in those beside it") as raised:
        open_page(again.location)
    assert raised.value.why == "missing"


def _named(name: str, offset: object) -> str:
    return f"WARC-Refers-To-Filename: {name}\r\nWARC-Refers-To-File-Offset: {offset}\r\n{DIGEST}"


def test_one_is_read_where_it_says_that_its_original_lies(tmp_path: Path) -> None:
    """Behind a gigabyte (a hole in the file) both are as near as at the start."""
    path, length = tmp_path / "large.warc", 1 << 30
    film = record(b"", head=b"", kind="metadata", length=length).partition(b"\r\n\r\n")[0]
    original = record(html("first")), record(html("seen"), extra=DIGEST)
    with path.open("wb") as file:
        file.write(b"".join(original) + film + b"\r\n\r\n")
        file.seek(length, os.SEEK_CUR)
        file.write(b"\r\n\r\n")
        at = file.tell()
        file.write(revisit(_named(path.name, len(original[0]))))
    before = bytes_read()
    page = open_page(f"{path}#{at}", seek_only=True)
    assert bytes_read() - before < LITTLE
    assert (page.body, page.url) == (html("seen"), "http://market.onion/again")


@pytest.mark.parametrize(
    "name, offset",
    [("1.warc", 0), ("1.warc", "7"), ("1.warc", 10**17), ("1.warc", "-1"), ("1.warc", "x"),
     ("3.warc", 0), ("../1.warc", 0), ("..", 0), ("", 0), ("a" * 5000, 0), ("1\t.warc", 0)],
    ids=["other", "within", "behind", "below", "word", "gone", "up", "folder", "none", "long",
         "tab"],
)  # fmt: skip
def test_a_wrong_place_of_an_original_is_not_believed(
    tmp_path: Path, name: str, offset: object
) -> None:
    (tmp_path / "1.warc").write_bytes(record(html("x")) + record(html("seen"), extra=DIGEST))
    (tmp_path / "2.warc").write_bytes(revisit(_named(name, offset)))
    pages, troubles, _ = read(tmp_path)
    assert (len(pages), troubles) == (3, [])
    for _ in range(2):
        assert [open_page(page.location) for page in pages] == pages


def test_the_revisits_of_a_crawl_need_no_search(tmp_path: Path) -> None:
    body = html("the same " * 400)
    with CrawlArchive(tmp_path, stamp(), rotate_bytes=1) as archive:
        places = [write(archive, body, captured_at=NOON + timedelta(n)).location for n in range(3)]
    assert len({place.partition("#")[0] for place in places}) == 3
    for n, place in enumerate(places):
        page = open_page(place, seek_only=True)
        assert (page.body, page.captured_at) == (body, NOON + timedelta(n))
