"""Records that were split into segments: joined where all are there, else named."""

from __future__ import annotations

import gzip
import itertools
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from cryptodrug_scraper.archive import Limits, NotOpened, open_page
from tests.archive.making import codes, gz, html, read, record

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
BODY = html("a page in parts " * 40)


def segments(
    block: bytes, *cuts: int, url: str = "http://market.onion/", **more: str
) -> list[bytes]:
    """Split a record's block at these places, as a crawler does for files of limited size."""
    edges = [0, *cuts, len(block)]
    origin = f"<urn:uuid:{url}>"
    out = []
    for number, (start, end) in enumerate(itertools.pairwise(edges), 1):
        extra = f"WARC-Segment-Number: {number}\r\n"
        if number > 1:
            extra += f"WARC-Segment-Origin-ID: {origin}\r\n"
        if number == len(edges) - 1:
            extra += f"WARC-Segment-Total-Length: {len(block)}\r\n"
        kind = more.get("kind", "response") if number == 1 else "continuation"
        one = record(block[start:end], head=b"", kind=kind, url=url, extra=extra)
        identity = origin if number == 1 else f"<urn:uuid:{url}{number}>"
        out.append(one.replace(b"<urn:uuid:0>", identity.encode()))
    return out


PACKINGS: dict[str, Callable[[list[bytes]], bytes]] = {
    "plain": b"".join,
    "a member a record": lambda parts: gz(*parts),
    "one member": lambda parts: gzip.compress(b"".join(parts)),
    "zstd frames": lambda parts: b"".join(map(zstandard.compress, parts)),
}


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
@pytest.mark.parametrize("cuts", [(300,), (10, 60, 61), (len(HEAD),)], ids=["two", "four", "head"])
def test_segments_are_joined_in_whatever_order_they_stand(
    pack: Callable[[list[bytes]], bytes], cuts: tuple[int, ...], tmp_path: Path
) -> None:
    parts = segments(HEAD + BODY, *cuts)
    other = record(html("other"), url="http://market.onion/other")
    for order in range(4):
        mixed = [*parts, other]
        random.Random(order).shuffle(mixed)
        path = tmp_path / f"{order}.warc"
        path.write_bytes(pack(mixed))
        pages, troubles, reader = read(path)
        assert (troubles, reader.passed_over) == ([], {})
        assert sorted(page.body for page in pages) == sorted([BODY, html("other")])
        assert {page.status for page in pages} == {200}
        assert [open_page(page.location) for page in pages] == pages


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)], ids=str)
def test_segments_in_files_of_their_own(order: tuple[int, ...], tmp_path: Path) -> None:
    parts = segments(HEAD + BODY, 100, 200)
    for name, part in zip(order, parts, strict=True):
        (tmp_path / f"{name}.warc.gz").write_bytes(gz(part))
    pages, troubles, _ = read(tmp_path)
    assert troubles == []
    assert [page.body for page in pages] == [BODY]
    assert open_page(pages[0].location) == pages[0]
    (tmp_path / f"{order[1]}.warc.gz").unlink()
    with pytest.raises(NotOpened, match="number 2 is not in what is read"):
        open_page(pages[0].location)


def test_a_resource(tmp_path: Path) -> None:
    parts = segments(BODY, 100, kind="resource")
    parts[0] = parts[0].replace(b"application/http; msgtype=response", b"text/html")
    (tmp_path / "a.warc").write_bytes(b"".join(parts))
    pages, troubles, _ = read(tmp_path)
    assert ([page.body for page in pages], troubles) == ([BODY], [])


@pytest.mark.parametrize("lost", [0, 1, 2], ids=["first", "second", "last"])
def test_a_record_of_which_a_segment_is_missing_is_named(lost: int, tmp_path: Path) -> None:
    parts = segments(HEAD + BODY, 100, 200)
    del parts[lost]
    (tmp_path / "a.warc").write_bytes(b"".join(parts) + record(html("other")))
    pages, troubles, _ = read(tmp_path)
    assert [page.body for page in pages] == [html("other")]
    assert codes(troubles) == ["no_segment"]
    assert f"number {lost + 1} is not" in troubles[0].reason


def test_a_damaged_segment_is_not_joined(tmp_path: Path) -> None:
    parts = [bytearray(gz(part)) for part in segments(HEAD + BODY, 100, 200)]
    parts[1][-6] ^= 1
    (tmp_path / "a.warc.gz").write_bytes(b"".join(parts))
    pages, troubles, _ = read(tmp_path)
    assert pages == []
    assert codes(troubles) == ["checksum", "no_segment"]


def test_what_does_not_fit_together_is_named(tmp_path: Path) -> None:
    def write(parts: list[bytes], old: bytes, new: bytes) -> list[str]:
        data = b"".join(parts)
        assert old in data
        (tmp_path / "a.warc").write_bytes(data.replace(old, new))
        pages, troubles, _ = read(tmp_path)
        assert pages == []
        return codes(troubles)

    parts = segments(HEAD + BODY, 100)
    total = b"Total-Length: %d" % len(HEAD + BODY)
    assert write(parts, total, b"Total-Length: 7") == ["broken_record"]
    assert write(parts, total, b"Total-Length: x") == ["no_segment"]
    assert write(parts, b"Number: 2", b"Number: two") == ["broken_record", "no_segment"]
    assert write(parts, b"Number: 2", b"Number: 1") == ["broken_record", "no_segment"]
    assert write(parts, b"Number: 1", b"Number: 5") == ["broken_record", "no_segment"]
    origin = b"WARC-Segment-Origin-ID: <urn:uuid:http://market.onion/>\r\n"
    assert write(parts, origin, b"") == ["broken_record", "no_segment"]
    assert write(parts, origin, origin.replace(b"onion/", b"x")) == ["no_segment"] * 2


def test_split_records_that_are_no_pages_are_counted(tmp_path: Path) -> None:
    head = HEAD.replace(b"text/html", b"image/png")
    (tmp_path / "a.warc").write_bytes(b"".join(segments(head + b"\x89PNG" * 99, 100, 200)))
    pages, troubles, reader = read(tmp_path)
    assert (pages, troubles, reader.passed_over) == ([], [], {"images": 1})


def test_segments_are_held_within_a_bound(tmp_path: Path) -> None:
    limits = Limits(page_bytes=1 << 16)
    large = segments(HEAD + html("x" * (3 << 16)), 1 << 16, 2 << 16)
    (tmp_path / "a.warc").write_bytes(b"".join(large))
    pages, troubles, _ = read(tmp_path, limits=limits)
    assert (pages, codes(troubles)) == ([], ["too_large"])
    many = [
        segments(HEAD + html("x" * 60_000), 50_000, url=f"http://market.onion/{n}")
        for n in range(20)
    ]
    first, second = [b"".join(parts) for parts in zip(*many, strict=True)]
    (tmp_path / "a.warc").write_bytes(first + second)
    pages, troubles, _ = read(tmp_path, limits=limits)
    assert 2 <= len(pages) < 20
    assert len(pages) + len(troubles) == 20


def test_a_revisit_is_not_given_a_part_of_its_page(tmp_path: Path) -> None:
    digest = "WARC-Payload-Digest: sha1:AAAA\r\n"
    parts = [
        part.replace(b"WARC-Segment-N", digest.encode() + b"WARC-Segment-N")
        for part in segments(HEAD + BODY, 100)
    ]
    again = record(b"", kind="revisit", url="http://market.onion/again", extra=digest)
    (tmp_path / "a.warc").write_bytes(b"".join([*parts, again]))
    pages, troubles, _ = read(tmp_path)
    assert ([page.body for page in pages], codes(troubles)) == ([BODY], ["no_original"])
