from __future__ import annotations

import gzip
import os
import random
import resource
import stat
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.archive import (
    CrawlArchive,
    CrawlEnd,
    Limits,
    RecordPlace,
    Written,
    open_page,
    repair,
)

from .crawling import NAME, NOON, RUN, check_valid, stamp, unpacked, write
from .making import html, read

BODY = html("a page " * 300)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "crawls" / "one"
    end = CrawlEnd(RUN, NOON + timedelta(hours=1), "complete", {"pages": 2})
    with CrawlArchive(folder, stamp()) as archive:
        one = write(archive, html("1"), url="http://me:pw@market.onion/1")
        two = write(archive, html("2"), status=502, captured_at=NOON + timedelta(seconds=1))
        archive.close(end)
    pages, troubles, reader = read(folder)
    assert not troubles
    assert pages == [one.page, two.page]
    assert [page.location for page in pages] == [one.location, two.location]
    page = pages[0]
    assert (page.url, page.status, page.captured_at) == ("http://market.onion/1", 200, NOON)
    assert (page.captured_precision, page.captured_from) == ("second", "warc")
    assert (page.crawl, page.cut_short) == (stamp(), False)
    assert pages[1].status == 502
    assert reader.crawls == {RUN: (stamp(), end)}
    assert check_valid(folder) == 6
    assert [path.name for path in folder.iterdir()] == [f"{NAME}-00000.warc.gz"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(next(folder.iterdir()).stat().st_mode) == 0o600


def test_a_request_stands_behind_its_response(tmp_path: Path) -> None:
    with CrawlArchive(tmp_path, stamp()) as archive:
        write(archive, BODY, request_headers=[("Accept", "text/html"), ("X-Odd", "a\r\nCookie: b")])
    with next(tmp_path.iterdir()).open("rb") as file:
        records = [
            (r.headers["WARC-Type"], dict(r.headers), r.reader.read())
            for r in ArchiveIterator(file, parse_http=False)
        ]
    assert [kind for kind, _, _ in records] == ["warcinfo", "response", "request"]
    info, response, request = (headers for _, headers, _ in records)
    assert request["WARC-Concurrent-To"] == response["WARC-Record-ID"]
    assert response["WARC-Warcinfo-ID"] == request["WARC-Warcinfo-ID"] == info["WARC-Record-ID"]
    assert response["WARC-Date"] == request["WARC-Date"] == "2018-11-19T12:00:00.123456Z"
    assert records[2][2] == (
        b"GET /offer?n=1 HTTP/1.1\r\nHost: market.onion\r\nAccept: text/html\r\n"
        b"X-Odd: a Cookie: b\r\n\r\n"
    )
    assert b"isPartOf: dream-" in records[0][2]


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("http://market.onion", b"GET / HTTP/1.1\r\nHost: market.onion\r\n"),
        ("http://market.onion?a=/b#c", b"GET /?a=/b HTTP/1.1\r\nHost: market.onion\r\n"),
        ("http://market.onion:8080/é <x>", b"GET /%C3%A9%20%3Cx%3E HTTP/1.1\r\nHost: market.o"),
    ],
)
def test_request_lines(tmp_path: Path, url: str, line: bytes) -> None:
    with CrawlArchive(tmp_path, stamp()) as archive:
        write(archive, BODY, url=url)
    assert line in unpacked(tmp_path)


def test_nothing_that_signs_in_is_written(tmp_path: Path) -> None:
    secret = "c00kie"
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    with CrawlArchive(tmp_path, stamp(options={"token": secret})) as archive:
        write(
            archive,
            BODY,
            url=f"http://user:{secret}@market.onion/",
            method="POST",
            request_headers=[
                *form.items(),
                ("Authorization", f"Basic {secret}"),
                ("proxy-authorization", secret),
                ("X-CSRF-Token", secret),
                ("X-Session", secret),
                (" COOKIE ", secret),
                ("Referer", f"http://user:{secret}@market.onion/"),
            ],
            request_body=(
                f"q=snow&pass%77ord={secret}&captcha_code={secret}&_token={secret}&user={secret}"
                f"&{secret}&login[email]={secret}"
            ).encode(),
            headers=[
                ("Content-Type", "text/html"),
                ("set-cookie", f"a={secret}"),
                ("SET-COOKIE2", secret),
                ("Location", f"http://user:{secret}@market.onion/"),
            ],
        )
        write(
            archive,
            html("2"),
            request_headers=[("Content-Type", "multipart/form-data; boundary=x")],
            request_body=f"--x\r\nContent-Disposition: form-data\r\n\r\n{secret}".encode(),
        )
        packed = gzip.compress(f"q=1&password={secret}".encode(), 0)
        headers = [*form.items(), ("Content-Encoding", "gzip")]
        write(archive, html("3"), request_headers=headers, request_body=packed)
    data = unpacked(tmp_path)
    assert secret.encode() not in data
    assert b"q=snow&pass%77ord=LEFT-OUT&captcha_code=LEFT-OUT&_token=LEFT-OUT" in data
    check_valid(tmp_path)


def test_a_page_cut_short_says_so(tmp_path: Path) -> None:
    with CrawlArchive(tmp_path, stamp()) as archive:
        cut = write(archive, BODY, cut_short="length")
        whole = [write(archive, BODY), write(archive, BODY)]
    pages, troubles, _ = read(tmp_path)
    assert [trouble.code for trouble in troubles] == ["cut_short"]
    assert pages == [cut.page, *(written.page for written in whole)]
    assert [page.cut_short for page in pages] == [True, False, False]
    # Nothing refers to what was cut short.
    assert [page.location for page in pages[1:]] == [written.location for written in whole]
    assert whole[0].original is None
    assert whole[1].original == whole[0].place
    check_valid(tmp_path)


def test_revisits(tmp_path: Path) -> None:
    with CrawlArchive(tmp_path, stamp()) as archive:
        first = write(archive, BODY)
        again = write(
            archive,
            BODY,
            url="http://market.onion/other",
            status=404,
            captured_at=NOON + timedelta(days=1),
            headers=[("Content-Type", "text/html; charset=utf-8"), ("X-Served-By", "2")],
        )
        other_type = write(archive, BODY, headers=[("Content-Type", "text/html")])
        small = [write(archive, html("small")) for _ in range(2)]
    pages, troubles, _ = read(tmp_path)
    assert not troubles
    assert pages == [written.page for written in (first, again, other_type, *small)]
    assert pages[1].location == again.location != first.location
    assert again.original == first.place
    assert [open_page(page.location) for page in pages] == pages
    assert pages[1].url == "http://market.onion/other"
    assert pages[1].status == 404
    assert pages[1].headers is not None
    assert pages[1].headers["x-served-by"] == "2"
    assert pages[1].captured_at == NOON + timedelta(days=1)
    assert [written.original for written in (other_type, *small)] == [None] * 3
    data = unpacked(tmp_path)
    assert data.count(BODY) == 2
    assert b"WARC-Refers-To-Date: 2018-11-19T12:00:00.123456Z\r\n" in data
    assert b"WARC-Refers-To-Target-URI: http://market.onion/offer?n=1\r\n" in data
    check_valid(tmp_path)


def test_runs_do_not_refer_to_each_other(tmp_path: Path) -> None:
    written = []
    for run in ("1" * 32, "2" * 32):
        with CrawlArchive(tmp_path, stamp(run)) as archive:
            written += [write(archive, BODY), write(archive, BODY)]
    pages, troubles, _ = read(tmp_path)
    assert not troubles
    assert pages == [one.page for one in written]
    assert [one.original for one in written] == [None, written[0].place, None, written[2].place]


def test_as_many_bodies_are_known_again_as_a_reader_finds(tmp_path: Path) -> None:
    rng = random.Random(5)
    bodies = [html(f"{n} " * 600) for n in range(12)] + [html(str(n)) for n in range(3)]
    with CrawlArchive(tmp_path, stamp(), digests_held=10) as archive:
        written = [write(archive, rng.choice(bodies)) for _ in range(400)]
    pages, troubles, _ = read(tmp_path, limits=Limits(digests_held=10))
    assert not troubles
    assert pages == [one.page for one in written]
    assert all(one.page is not None and one.page.location == one.location for one in written)
    assert any(one.original is not None for one in written)


def test_files_are_changed_between_captures(tmp_path: Path) -> None:
    bodies = [os.urandom(3_000).hex().encode() for _ in range(6)]
    with CrawlArchive(tmp_path, stamp(), rotate_bytes=6_000) as archive:
        written = [write(archive, html(body.decode())) for body in bodies]
        written.append(write(archive, html(bodies[0].decode())))
        archive.close(CrawlEnd(RUN, NOON, "complete", {}))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"{NAME}-{n:05}.warc.gz" for n in range(len(names))]
    assert len(names) > 2
    pages, troubles, reader = read(tmp_path)
    assert not troubles
    assert pages == [one.page for one in written]
    assert written[-1].original == written[0].place  # in another file
    assert open_page(pages[-1].location) == pages[-1]
    assert len(reader.crawls) == 1
    assert all(page.crawl is pages[0].crawl for page in pages)
    check_valid(tmp_path)
    assert repair(tmp_path) == []


def test_a_run_goes_on_with_the_next_file(tmp_path: Path) -> None:
    written = []
    for _ in range(3):
        with CrawlArchive(tmp_path, stamp()) as archive:
            written += [write(archive, BODY), write(archive, BODY)]
    assert len(list(tmp_path.iterdir())) == 3
    pages, troubles, _ = read(tmp_path)
    assert not troubles
    assert pages == [one.page for one in written]
    with pytest.raises(ValueError, match="another stamp"):
        CrawlArchive(tmp_path, stamp(options={"other": True}))
    assert len(list(tmp_path.iterdir())) == 3


def test_taking_back(tmp_path: Path) -> None:
    with CrawlArchive(tmp_path, stamp(), rotate_bytes=1) as archive:
        with pytest.raises(ValueError, match="taken back"):
            archive.take_back(Written("", None, RecordPlace("", 0, 0)))
        first = write(archive, BODY)
        other = write(archive, html("other " * 300))
        with pytest.raises(ValueError, match="taken back"):
            archive.take_back(first)
        archive.take_back(other)
        with pytest.raises(ValueError, match="taken back"):
            archive.take_back(other)
        revisit = write(archive, BODY)
        archive.take_back(revisit)
        again = [write(archive, html("other " * 300)), write(archive, BODY)]
    pages, troubles, _ = read(tmp_path)
    assert not troubles
    assert pages == [first.page, *(one.page for one in again)]
    assert again[0].original is None  # not a revisit of what was taken back
    assert again[1].original == first.place
    check_valid(tmp_path)
    with pytest.raises(ValueError, match="closed"):
        archive.take_back(again[1])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"captured_at": datetime(2018, 1, 1)}, "time zone"),
        ({"captured_at": datetime(1018, 1, 1, tzinfo=UTC)}, "1990"),
        ({"cut_short": "tired"}, "cut_short"),
        ({"url": " "}, "address"),
        ({"url": "about:blank"}, "address"),
        ({"url": "http://x.onion/" + "a" * 9_000}, "address"),
        ({"method": "GET / HTTP/1.1\r\nCookie: a"}, "method"),
    ],
    ids=range(7),
)
def test_calls_that_make_no_record(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    with CrawlArchive(tmp_path, stamp()) as archive:
        with pytest.raises(ValueError, match=message):
            write(archive, BODY, **wrong)
        written = write(archive, BODY)
        with pytest.raises(ValueError, match="another run"):
            archive.close(CrawlEnd("f" * 32, NOON, "complete", {}))
    with pytest.raises(ValueError, match="closed"):
        write(archive, BODY)
    assert read(tmp_path)[0] == [written.page]


HEADER = st.tuples(
    st.sampled_from(
        ["Content-Type", "content-type", "Content-Encoding", "Transfer-Encoding", "Location",
         "Content-Length", "Set-Cookie", "X-A", "x-a", "WARC-Type", "HTTP/1.1 200 OK"]
    ) | st.text(max_size=12),
    st.sampled_from(
        ["text/html", "text/html; charset=windows-1252", "image/png", "text/plain", "gzip", "br",
         "chunked", "/", "a=b"]
    ) | st.text(max_size=40),
)  # fmt: skip
BODIES = st.one_of(
    st.sampled_from([b"", BODY, html("a"), b"\x89PNG\r\n", bytes(2000), gzip.compress(BODY),
                     b"5\r\n<html\r\n0\r\n\r\n", b"<" * 3000, b"WARC/1.1\r\n", b"\xff\xfe<\0h\0"]),
    st.binary(max_size=2_000),
    st.binary(max_size=300).map(lambda data: html() + data + bytes(1000)),
)  # fmt: skip
CAPTURE = st.fixed_dictionaries(
    {
        "url": st.sampled_from(
            ["http://market.onion/", "http://u:p@market.onion/é?a=<b>#c", "HTTP://x"]
        )
        | st.text().map(lambda rest: f"http://{rest}"),
        "captured_at": st.datetimes(
            datetime(1990, 1, 2),
            datetime(2099, 12, 30),
            timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]),
        ),
        "status": st.sampled_from([200, 302, 304, 404, 502, 42, 1000]) | st.integers(100, 599),
        "headers": st.lists(HEADER, max_size=6),
        "body": BODIES,
        "cut_short": st.sampled_from([None, None, "length", "disconnect"]),
        "request_headers": st.lists(HEADER, max_size=3),
        "request_body": st.binary(max_size=60),
        "method": st.sampled_from(["GET", "POST"]),
    }
)


@settings(max_examples=150, deadline=None)
@given(st.lists(CAPTURE, min_size=1, max_size=6), st.integers(1, 4_000))
def test_any_response_is_read_as_it_was_written(captures: list[dict[str, Any]], size: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with CrawlArchive(folder, stamp(), rotate_bytes=size) as archive:
            written = [archive.write(**capture) for capture in captures]
        pages, troubles, _ = read(folder)
        assert pages == [one.page for one in written if one.page is not None]
        assert all(
            page.captured_at == capture["captured_at"]
            for page, capture in zip((one.page for one in written), captures, strict=True)
            if page is not None
        )
        cut = sum(one.page is None or one.page.cut_short for one in written)
        assert len(troubles) <= 2 * cut
        assert b"Set-Cookie:" not in unpacked(folder)
        check_valid(folder)


def test_a_page_larger_than_pages_may_be(tmp_path: Path) -> None:
    with CrawlArchive(tmp_path, stamp()) as archive:
        large = write(archive, html("x" * (33 << 20)))
        small = write(archive, html())
    pages, troubles, _ = read(tmp_path)
    assert large.page is None
    assert [trouble.code for trouble in troubles] == ["too_large"]
    assert pages == [small.page]


def test_a_full_disk_leaves_whole_records(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    rng = random.Random(1)
    written: list[Written] = []
    failed = 0
    with CrawlArchive(tmp_path, stamp()) as archive:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))
        try:
            for _ in range(40):
                try:
                    written.append(write(archive, html(rng.randbytes(rng.randrange(4_000)).hex())))
                except OSError:
                    failed += 1
                    check_valid(tmp_path)
            with pytest.raises(OSError, match="large"):
                write(archive, html(rng.randbytes(40_000).hex()))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        written.append(write(archive, BODY))  # there is room again
    pages, troubles, _ = read(tmp_path)
    assert failed > 3
    assert not troubles
    assert pages == [one.page for one in written]
    check_valid(tmp_path)


def test_no_room_for_the_next_file_or_the_end(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    archive = CrawlArchive(tmp_path, stamp(), rotate_bytes=1)
    one = write(archive, BODY)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(OSError, match="large"):
            write(archive, html("2"))
        with pytest.raises(OSError, match="large"):
            CrawlArchive(tmp_path, stamp("f" * 32))
        with pytest.raises(OSError, match="large"):
            archive.close(CrawlEnd(RUN, NOON, "complete", {}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    archive.close()
    assert len(list(tmp_path.iterdir())) == 1
    assert read(tmp_path)[0] == [one.page]
    check_valid(tmp_path)
