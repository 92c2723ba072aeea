import gzip
import zlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import brotli
import pytest
import zstandard

from cryptodrug_scraper.archive import Limits, open_page
from tests.archive.warc_writer import WarcWriter

from .making import codes, gz, html, read, record

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def warc(tmp_path: Path, *records: bytes, suffix: str = ".warc.gz") -> Path:
    path = tmp_path / f"a{suffix}"
    if suffix == ".warc.gz":
        path.write_bytes(gz(*records))
    elif suffix == ".warc.zst":
        path.write_bytes(b"".join(zstandard.compress(one) for one in records))
    else:
        path.write_bytes(b"".join(records))
    return path


@pytest.mark.parametrize("suffix", [".warc", ".warc.gz", ".warc.zst"])
def test_responses(tmp_path: Path, suffix: str) -> None:
    head = (
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html; charset=utf-8\r\n"
        b"Set-Cookie: session=secret\r\nX-A: 1\r\nx-a: 2\r\n\r\n"
    )
    path = warc(
        tmp_path,
        record(b"software: x", kind="warcinfo", head=b"", content_type="application/warc-fields"),
        record(b"", kind="request", head=b"GET / HTTP/1.1\r\nCookie: session=secret\r\n\r\n"),
        record(html("1")),
        record(html("2"), head=head, url="http://me:pw@x.onion/2", date="2018-11-20T01:02:03Z"),
        record(b"\x89PNG", head=b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"),
        record(b"", head=b"HTTP/1.1 302 Found\r\nContent-Type: text/html\r\nLocation: /\r\n\r\n"),
        record(html("3"), kind="resource", head=b"", content_type="text/html"),
        record(b"dns", kind="response", head=b"", content_type="text/dns"),
        suffix=suffix,
    )
    pages, troubles, reader = read(path)
    assert not troubles
    assert [page.body for page in pages] == [html("1"), html("2"), html("3")]
    one, two, three = pages
    assert one.captured_at == datetime(2018, 11, 19, 14, 5, tzinfo=UTC)
    assert one.captured_at.tzinfo is UTC
    assert (one.captured_precision, one.captured_from) == ("second", "warc")
    assert one.status == 200
    assert two.url == "http://x.onion/2"
    assert two.status == 404
    assert two.headers == {"content-type": "text/html; charset=utf-8", "x-a": "1, 2"}
    assert two.content_type == "text/html; charset=utf-8"
    assert three.status is None
    assert three.content_type == "text/html"
    assert reader.passed_over.total() == 3
    assert one.location.startswith(f"{path}#")
    offset = int(one.location.rpartition("#")[2])
    data = path.read_bytes()[offset:]
    if suffix == ".warc.gz":
        data = gzip.decompress(data)
    elif suffix == ".warc.zst":
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    assert data.startswith(b"WARC/1.1")


def _chunked(body: bytes, size: int = 50) -> bytes:
    out = b""
    for at in range(0, len(body), size):
        part = body[at : at + size]
        out += f"{len(part):x};x=y\r\n".encode() + part + b"\r\n"
    return out + b"0\r\nTrailer: x\r\n\r\n"


BODY = html("body " * 200)
RAW = zlib.compressobj(wbits=-15)
ENCODED = {
    b"Content-Encoding: gzip": gzip.compress(BODY),
    b"Content-Encoding: x-gzip": gzip.compress(BODY),
    b"Content-Encoding: deflate": zlib.compress(BODY),
    b"Content-Encoding: DEFLATE": RAW.compress(BODY) + RAW.flush(),
    b"Content-Encoding: br": brotli.compress(BODY),
    b"Content-Encoding: zstd": zstandard.compress(BODY),
    b"Content-Encoding: identity": BODY,
    b"Content-Encoding: deflate, gzip": gzip.compress(zlib.compress(BODY)),
    b"Transfer-Encoding: chunked": _chunked(BODY),
    b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip": _chunked(gzip.compress(BODY)),
    b"X: undone already\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip": BODY,
    b"X: undone already\r\nContent-Encoding: br": BODY,
}


@pytest.mark.parametrize("header", list(ENCODED))
def test_encodings(tmp_path: Path, header: bytes) -> None:
    path = warc(tmp_path, record(ENCODED[header], head=HEAD + header + b"\r\n\r\n"))
    pages, troubles, _ = read(path)
    assert not troubles
    assert [page.body for page in pages] == [BODY]


BOMB = bytes(40 << 20)


@pytest.mark.parametrize(
    ("header", "body", "code"),
    [
        (b"Content-Encoding: gzip", gzip.compress(BOMB), "bomb"),
        (b"Content-Encoding: deflate", zlib.compress(BOMB), "bomb"),
        (b"Content-Encoding: br", brotli.compress(BOMB), "bomb"),
        (b"Content-Encoding: zstd", zstandard.compress(BOMB), "bomb"),
        (b"Content-Encoding: gzip", gzip.compress(BODY)[:-30], "truncated"),
        (b"Content-Encoding: gzip", gzip.compress(BODY)[:10] + b"\xff" * 40, "broken_record"),
        (b"Content-Encoding: br", b"\xff\xff\xff", "broken_record"),
        (b"Content-Encoding: secret", b"\1\2\3", "unsupported"),
        (b"Transfer-Encoding: chunked", b"50\r\n" + b"x" * 0x50 + b"\r\nzz\r\nx", "broken_record"),
        (b"Transfer-Encoding: chunked", b"5\r\n<html\r\n500\r\nx", "truncated"),
        (b"Transfer-Encoding: chunked", b"5\r\n<html\r\n", "truncated"),
        (b"X: y", b"", "empty"),
        (b"X: y", b"\x89PNG\r\n\x1a\n", "not_html"),
    ],
    # gzip writes the time of day, and every worker of pytest-xdist must make the same names.
    ids=[str(n) for n in range(13)],
)
def test_bodies_that_cannot_be_read(tmp_path: Path, header: bytes, body: bytes, code: str) -> None:
    path = warc(tmp_path, record(body, head=HEAD + header + b"\r\n\r\n"), record(html("next")))
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html("next")]
    assert codes(troubles) == [code]


def test_content_decides_where_the_type_says_nothing(tmp_path: Path) -> None:
    plain = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
    path = warc(
        tmp_path,
        record(html("1"), head=b"HTTP/1.0 200\n\n"),
        record(html("2"), head=plain),
        record(b"no page", head=plain),
    )
    pages, _, reader = read(path)
    assert [page.body for page in pages] == [html("1"), html("2")]
    assert reader.passed_over.total() == 1
    assert pages[0].status == 200
    assert pages[0].headers is None


def test_dates(tmp_path: Path) -> None:
    folder = tmp_path / "2018-11-18"
    folder.mkdir()
    path = warc(
        folder,
        record(html(), date="2018-11-19T14:05:00.123456Z"),
        record(html(), date="2018-11-19T14:05:00+02:00"),
        record(html(), date="yesterday"),
    )
    pages, _, _ = read(path)
    assert pages[0].captured_at == datetime(2018, 11, 19, 14, 5, 0, 123456, UTC)
    assert pages[1].captured_at == datetime(2018, 11, 19, 12, 5, tzinfo=UTC)
    assert pages[1].captured_at.utcoffset() == timedelta(0)
    assert (pages[2].captured_at, pages[2].captured_from) == (
        datetime(2018, 11, 18, tzinfo=UTC),
        "path",
    )


def test_revisits(tmp_path: Path) -> None:
    digest = "WARC-Payload-Digest: sha1:AAAA\r\n"
    image = "WARC-Payload-Digest: sha1:CCCC\r\n"
    later = "2018-11-26T14:05:00Z"
    png = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"
    (tmp_path / "1.warc.gz").write_bytes(
        gz(
            record(html("x")),
            record(html("seen"), extra=digest),
            record(b"\x89PNG", head=png, extra=image),
        )
    )
    (tmp_path / "2.warc.gz").write_bytes(
        gz(
            record(b"", kind="revisit", date=later, extra=digest, url="http://x.onion/again"),
            record(b"", kind="revisit", date=later, extra="WARC-Payload-Digest: sha1:BBBB\r\n"),
            record(b"", kind="revisit", date=later, extra=image),
            record(b"", kind="revisit", date=later),
            record(b"", kind="revisit", date=later, extra=digest, head=b""),
        )
    )
    pages, troubles, reader = read(tmp_path)
    assert [page.body for page in pages] == [html("x"), *[html("seen")] * 3]
    assert pages[2].captured_at == datetime(2018, 11, 26, 14, 5, tzinfo=UTC)
    assert pages[2].url == "http://x.onion/again"
    assert pages[2].status == 200
    assert len({page.location for page in pages}) == 4  # a revisit's is its own record's
    assert [open_page(page.location) for page in pages] == pages
    assert codes(troubles) == ["no_original", "no_original"]
    assert reader.passed_over.total() == 2


def test_a_revisit_whose_original_is_gone(tmp_path: Path) -> None:
    digest = "WARC-Payload-Digest: sha1:AAAA\r\n"
    first, second = tmp_path / "1.warc.gz", tmp_path / "2.warc.gz"
    first.write_bytes(gz(record(html("seen"), extra=digest)))
    second.write_bytes(gz(record(b"", kind="revisit", extra=digest)))
    from cryptodrug_scraper.archive import read_pages

    reader = read_pages([first, second])
    next(reader)
    first.unlink()
    assert codes(list(reader)) == ["no_original"]  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".warc", ".warc.gz", ".warc.zst"])
def test_damaged_records_are_passed(tmp_path: Path, suffix: str) -> None:
    broken = {
        "version": record(html("bad")).replace(b"WARC/1.1", b"WORC/1.1"),
        "too long": record(html("bad"), length=len(html()) + 5000),
        "endless": record(html("bad"), length=10**14),
        "too short": record(html("bad") + b"tail" * 90, length=40),
        "negative": record(html("bad"), length=-5),
        "no length": record(html("bad")).replace(b"Content-Length", b"Content-Langth"),
        "header": b"WARC/1.1\r\n" + b"A" * 300_000 + b"\r\n\r\n",
        "junk": b"junk" * 2000 + b"\r\n",
    }
    for what, bad in broken.items():
        path = warc(tmp_path, record(html("1")), bad, record(html("2")), record(html("3")),
                    suffix=suffix)  # fmt: skip
        pages, troubles, _ = read(path)
        bodies = [page.body for page in pages]
        assert [b for b in bodies if b"bad" not in b] == [html("1"), html("2"), html("3")], what
        assert troubles, what
        assert len(bodies) == 3 or what == "too short", what


def test_a_member_with_a_flipped_bit_is_not_let_through(tmp_path: Path) -> None:
    records = [gz(record(html(str(n) * 300))) for n in range(3)]
    whole = b"".join(records)
    start = len(records[0])
    path = tmp_path / "a.warc.gz"
    for at in range(start, start + len(records[1])):
        data = bytearray(whole)
        data[at] ^= 0x10
        path.write_bytes(data)
        pages, troubles, _ = read(path)
        bodies = [page.body for page in pages]
        assert bodies[0] == html("0" * 300)
        assert bodies[-1] == html("2" * 300)
        assert bodies[1:-1] in ([], [html("1" * 300)]), at  # some bits of gzip's header say nothing
        assert len(bodies) == 3 or len(troubles) == 1


@pytest.mark.parametrize("suffix", [".warc", ".warc.gz", ".warc.zst"])
def test_cut_off_at_every_byte(tmp_path: Path, suffix: str) -> None:
    whole = [record(html(f"{n} body")) for n in range(3)]
    path = warc(tmp_path, *whole, suffix=suffix)
    data = path.read_bytes()
    ends = [len(warc(tmp_path, *whole[:n], suffix=suffix).read_bytes()) for n in (1, 2, 3)]
    for cut in range(1, len(data)):
        path.write_bytes(data[:cut])
        pages, troubles, _ = read(path)
        done = sum(end <= cut for end in ends)
        bodies = [page.body for page in pages]
        assert bodies == [html(f"{n} body") for n in range(len(bodies))]
        assert len(bodies) >= done
        if cut in ends or (suffix == ".warc" and len(bodies) > done):
            assert not troubles
        else:
            assert len(troubles) in (1, 2), (cut, troubles)
            assert "truncated" in codes(troubles) or cut < 20, (cut, troubles)


def test_one_gzip_member_for_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    digest = "WARC-Payload-Digest: sha1:AAAA\r\n"
    whole = b"".join(record(html(str(n)), extra=digest) for n in range(5))
    path.write_bytes(gzip.compress(whole))
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html(str(n)) for n in range(5)]
    assert not troubles
    assert len({page.location for page in pages}) == 5

    path.write_bytes(gzip.compress(whole)[:-4])
    pages, troubles, _ = read(path)
    assert len(pages) == 5
    assert codes(troubles) == ["truncated"]

    damaged = whole.replace(b"WARC/1.1", b"WORC/1.1").replace(b"WORC/1.1", b"WARC/1.1", 2)
    path.write_bytes(gzip.compress(damaged) + gz(record(html("next"))))
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html("0"), html("1"), html("next")]
    assert codes(troubles) == ["broken_record"]


def test_records_too_large(tmp_path: Path) -> None:
    path = warc(
        tmp_path,
        record(html("x" * 3_000_000)),
        record(html("1")),
        record(bytes(3_000_000), head=b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n"),
        record(html("2")),
    )
    pages, troubles, reader = read(path, limits=Limits(page_bytes=1 << 20))
    assert [page.body for page in pages] == [html("1"), html("2")]
    assert codes(troubles) == ["too_large"]
    assert reader.passed_over.total() == 1


def test_a_flood_of_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    flood = gzip.compress(b"\r\n" * 50_000_000, 1)  # more than one reading of 64 KB
    path.write_bytes(gz(record(html("1"))) + flood + gz(record(html("2"))))
    pages, troubles, _ = read(path, limits=Limits(silent_seconds=0.01))
    assert [page.body for page in pages] == [html("1"), html("2")]
    assert codes(troubles) == ["bomb"]


def test_what_is_no_warc(tmp_path: Path) -> None:
    (tmp_path / "a.warc").write_bytes(b"")
    (tmp_path / "b.warc").write_bytes(b"no record " * 99)
    (tmp_path / "c.warc.gz").write_bytes(gzip.compress(b"no record " * 99))
    (tmp_path / "d.warc.gz").write_bytes(b"\x1f\x8b")
    pages, troubles, _ = read(tmp_path)
    assert not pages
    assert {trouble.location[len(str(tmp_path)) + 1] for trouble in troubles} == set("abcd")
    assert "empty" in codes(troubles)
    assert codes(troubles).count("unreadable") == 3


def test_a_page_that_the_crawler_cut(tmp_path: Path) -> None:
    path = warc(tmp_path, record(html("1"), extra="WARC-Truncated: length\r\n"))
    pages, troubles, _ = read(path)
    assert len(pages) == 1
    assert codes(troubles) == ["cut_short"]


def test_a_page_that_quotes_a_record(tmp_path: Path) -> None:
    body = html() + b"\r\n" + record(html("quoted"))
    for suffix in (".warc", ".warc.gz"):
        pages, troubles, _ = read(warc(tmp_path, record(body), suffix=suffix))
        assert [page.body for page in pages] == [body]
        assert not troubles


def test_writing_and_reading(tmp_path: Path) -> None:
    zone = timezone(timedelta(hours=2))
    for name in ("a.warc.gz", "a.warc"):
        path = tmp_path / name
        with WarcWriter(path) as writer:
            first = writer.write_response(
                "http://u:p@x.onion/1",
                datetime(2018, 11, 19, 14, 5, 1, 250000, tzinfo=zone),
                502,
                {"Content-Type": "text/html", "Set-Cookie": "a=b", "Content-Encoding": "gzip"},
                html("1"),
            )
        with WarcWriter(path, append=True) as writer:
            second = writer.write_response(
                "http://x.onion/2",
                datetime(2018, 11, 20, tzinfo=UTC),
                200,
                [("Content-Type", "text/html; charset=utf-8"), ("Transfer-Encoding", "chunked")],
                "pagé".encode(),
            )
            writer.flush()
        pages, troubles, _ = read(path)
        assert not troubles
        assert [page.location for page in pages] == [f"{path}#{first}", f"{path}#{second}"]
        assert pages[0].captured_at == datetime(2018, 11, 19, 12, 5, 1, 250000, tzinfo=UTC)
        assert pages[0].status == 502
        assert pages[0].url == "http://x.onion/1"
        assert pages[0].headers == {
            "content-type": "text/html",
            "content-length": str(len(html("1"))),
        }
        assert pages[1].body == "pagé".encode()
    with WarcWriter(path) as writer, pytest.raises(ValueError, match="time zone"):
        writer.write_response("http://x.onion/", datetime(2018, 1, 1), 200, {}, b"")
