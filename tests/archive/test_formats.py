"""Archives that are damaged, hostile or unlike the samples: read right, or named."""

from __future__ import annotations

import base64
import gzip
import io
import json
import shutil
import sqlite3
import subprocess
from itertools import product
from pathlib import Path

import py7zr
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.archive import Columns, Limits, parse_columns, read_pages
from cryptodrug_scraper.archive.page import CODES, Page, ReadIssue
from cryptodrug_scraper.archive.timestamps import moment_of
from tests.archive.making import codes, html, make_tar, make_zip, read
from tests.archive.test_samples import ARCHIVES

NOON = "2018-11-19 12:00:00+00:00"


def har(*entries: dict[str, object]) -> bytes:
    return json.dumps({"log": {"version": "1.2", "pages": [], "entries": entries}}).encode()


def entry(
    content: dict[str, object], url: str = "http://u:p@market.onion/a#b"
) -> dict[str, object]:
    return {
        "startedDateTime": "2018-11-19T13:00:00.000+01:00",
        "request": {"url": "http://u:p@market.onion/a#b"},
        "response": {
            "status": 200,
            "headers": [{"name": "Set-Cookie", "value": "s=1"}, {"name": "X", "value": "y"}],
            "content": {"mimeType": "text/html", **content},
        },
    }


def test_what_a_browser_did_not_keep_is_named(tmp_path: Path) -> None:
    body = html("page").decode()
    path = tmp_path / "session.har"
    path.write_bytes(
        har(
            entry({"text": body, "size": len(body)}),
            entry({"comment": "Response bodies are not included.", "size": 900}),
            entry({"text": body, "size": 2_000_000}),
            entry({"text": base64.b64encode(body.encode()).decode(), "encoding": "base64"}),
            entry({"mimeType": "image/png", "text": ""}),
        )
    )
    pages, troubles, reader = read(path)
    assert [page.body for page in pages] == [body.encode()] * 3
    assert [page.cut_short for page in pages] == [False, True, False]
    assert codes(troubles) == ["not_kept", "cut_short"]
    assert str(pages[0].captured_at) == NOON
    assert pages[0].url == "http://market.onion/a"
    assert dict(pages[0].headers or {}) == {"x": "y"}
    assert reader.passed_over.total() == 1


def test_a_har_that_was_cut_off_gives_the_entries_before_that(tmp_path: Path) -> None:
    path = tmp_path / "session.har"
    body = html("page").decode()
    path.write_bytes(har(entry({"text": body}), entry({"text": body}))[:-90])
    pages, troubles, _ = read(path)
    assert len(pages) == 1
    assert codes(troubles) == ["truncated"]


MHT = """From: <Saved by Windows Internet Explorer 8>
Subject: =?utf-8?B?w6k=?=
Date: Mon, 19 Nov 2018 13:00:00 +0100
MIME-Version: 1.0
Content-Type: multipart/related; type="text/html"; boundary="XX"

--XX
Content-Type: text/html; charset="windows-1252"
Content-Transfer-Encoding: {encoding}
Content-Location: http://market.onion/offer?a=1

{body}
--XX
Content-Type: image/gif
Content-Transfer-Encoding: base64
Content-Location: http://market.onion/x.gif

R0lGODlhAQABAAAAACw=

--XX
Content-Type: text/html
Content-Transfer-Encoding: 8bit
Content-Location: frame.html

<html><body>frame</body></html>
{end}
"""


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
def test_mhtml_of_old_browsers(tmp_path: Path, encoding: str) -> None:
    page = "<html><body>10 € = x</body></html>".encode("cp1252")
    coded = {
        "base64": base64.encodebytes(page),
        "quoted-printable": page.replace(b"=", b"=3D").replace(b"\x80", b"=80"),
        "8bit": page,
    }[encoding]
    text = MHT.format(encoding=encoding, body="BODY", end="--XX--").encode()
    path = tmp_path / "offer.mht"
    path.write_bytes(text.replace(b"BODY", coded))
    pages, troubles, _ = read(path)
    assert troubles == []
    assert [page.url for page in pages] == [
        "http://market.onion/offer?a=1",
        "http://market.onion/frame.html",
    ]
    assert pages[0].body.strip() == page
    assert pages[0].content_type == "text/html; charset=windows-1252"
    assert str(pages[0].captured_at) == NOON


def rows() -> list[dict[str, object]]:
    return [
        {"url": f"http://market.onion/{n}", "time": "20181119120000", "html": html(f"{n}").decode()}
        for n in range(3)
    ]


def write_jsonl(path: Path, found: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in found))
    return path


def test_rows_that_are_damaged_are_named_and_the_others_read(tmp_path: Path) -> None:
    found = rows()
    found[1]["time"] = "yesterday"
    found.append({"url": "http://market.onion/9", "html": None})
    path = write_jsonl(tmp_path / "crawl.jsonl", found)
    with path.open("a") as file:
        file.write('{"url": "http://market.onion/cut", "html": "<html>')
    pages, troubles, _ = read(path)
    assert len(pages) == 3
    assert codes(troubles) == ["bad_statement", "empty", "truncated"]
    assert [str(page.captured_at) for page in pages] == [NOON, "None", NOON]
    assert troubles[2].location == f"{path}#5"


def test_columns_are_named_by_the_user_or_it_is_said_what_there_is(tmp_path: Path) -> None:
    renamed = [{"a": r["url"], "b": r["html"], "seen": 1542628800} for r in rows()]
    path = write_jsonl(tmp_path / "crawl.jsonl", renamed)  # type: ignore[arg-type]
    _, troubles, _ = read(path)
    assert codes(troubles) == ["no_column"]
    assert "a, b, seen" in troubles[0].reason
    found = list(read_pages([path], columns=parse_columns("body=b, url=a,time=seen")))
    assert [p.url for p in found if isinstance(p, Page)] == [r["url"] for r in rows()]
    wrong = list(read_pages([path], columns=Columns(body="c")))
    assert [t.code for t in wrong if isinstance(t, ReadIssue)] == ["no_column"]


@pytest.mark.parametrize("text", ["raw", "body=", "page=x", "body=a,body=b"])
def test_columns_that_are_not_understood(text: str) -> None:
    with pytest.raises(ValueError, match=r"understood|twice"):
        parse_columns(text)


@pytest.mark.parametrize(
    "cell",
    [
        html("x"),
        gzip.compress(html("x"), mtime=0),
        base64.b64encode(html("x")),
        base64.urlsafe_b64encode(gzip.compress(html("x"), mtime=0)),
        b"\\x" + html("x").hex().encode(),
        repr(html("x")).encode(),
    ],
)
def test_a_page_in_a_cell_however_it_is_written(tmp_path: Path, cell: bytes) -> None:
    path = tmp_path / "crawl.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE "a b" (address TEXT, body BLOB, ts REAL)')
        connection.execute('INSERT INTO "a b" VALUES (?, ?, ?)', ("http://m.onion/", cell, 1.5e9))
    connection.close()
    pages, troubles, _ = read(path)
    assert troubles == []
    assert [page.body for page in pages] == [html("x")]
    assert pages[0].location == f"{path}#a b/1"
    zipped = make_zip(tmp_path / "a.zip", [("deep/crawl.db", path.read_bytes())])
    assert [page.body for page in read(zipped)[0]] == [html("x")]


def test_rows_that_a_stopped_program_left_beside_its_database_are_read(tmp_path: Path) -> None:
    live = sqlite3.connect(tmp_path / "live.sqlite")
    live.execute("PRAGMA journal_mode = WAL")
    live.execute("CREATE TABLE page (url TEXT, html TEXT)")
    live.execute("INSERT INTO page VALUES ('http://m.onion/', ?)", (html("x").decode(),))
    live.commit()
    left = tmp_path / "left"
    left.mkdir()
    for name in ("live.sqlite", "live.sqlite-wal"):
        shutil.copy(tmp_path / name, left / name)
    live.close()
    pages, troubles, _ = read(left)
    assert troubles == []
    assert [page.body for page in pages] == [html("x")]
    assert sorted(p.name for p in left.iterdir()) == ["live.sqlite", "live.sqlite-wal"]


def test_tables_without_pages_are_passed_over_in_folders(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("date,price\n2018-11-19,4\n")
    (tmp_path / "notes.jsonl").write_text('{"text": "no page", "date": "2018-11-19"}\n')
    pages, troubles, reader = read(tmp_path)
    assert (pages, troubles) == ([], [])
    assert reader.passed_over.total() == 2


def test_csv_keeps_the_bytes_of_a_page_and_names_a_row_that_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "crawl.csv"
    page = b"<html><body>a\xff\n, b</body></html>"
    path.write_bytes(b'url;html\nhttp://m.onion/;"' + page + b'"\nhttp://m.onion/2;"<html>')
    pages, troubles, _ = read(path)
    assert [p.body for p in pages] == [page]
    assert codes(troubles) == ["truncated"]


def seven(path: Path, members: dict[str, bytes], **options: object) -> Path:
    with py7zr.SevenZipFile(path, "w", **options) as archive:
        for name, data in members.items():
            archive.writef(io.BytesIO(data), name)
    return path


def test_a_7z_with_a_password_names_that(tmp_path: Path) -> None:
    for name, options in (("a", {}), ("b", {"header_encryption": True})):
        path = seven(tmp_path / f"{name}.7z", {"a.html": html()}, password="x", **options)
        pages, troubles, _ = read(path)
        assert pages == []
        assert codes(troubles) == ["encrypted"]


def test_a_7z_that_unpacks_to_too_much_stops(tmp_path: Path) -> None:
    path = seven(tmp_path / "a.7z", {"a.html": html(), "b.html": html("x") + bytes(40 << 20)})
    limits = Limits(archive_free_bytes=1 << 20, archive_ratio=10)
    pages, troubles, _ = read(path, limits=limits)
    assert [page.body for page in pages] == [html()]
    assert codes(troubles) == ["bomb"]


def test_a_damaged_block_of_a_7z_costs_its_own_members(tmp_path: Path) -> None:
    for n in range(4):
        (tmp_path / f"{n}.html").write_bytes(html(f"{n}" * 500))
    subprocess.run(
        ["7z", "a", "-ms=off", "-mx0", "a.7z", "0.html", "1.html", "2.html", "3.html"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    path = tmp_path / "a.7z"
    data = bytearray(path.read_bytes())
    data[data.index(b"1111") + 9] ^= 1
    path.write_bytes(data)
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html(f"{n}" * 500) for n in (0, 2, 3)]
    assert codes(troubles) == ["checksum"]


def test_scrapys_cache_inside_archives(tmp_path: Path) -> None:
    folder = ARCHIVES / "scrapy" / "plain"
    members = [
        (str(p.relative_to(folder)), p.read_bytes())
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    ]
    plain = sorted((p.url, p.captured_at, p.body) for p in read(folder)[0])
    for path in (
        make_zip(tmp_path / "a.zip", members),
        make_tar(tmp_path / "a.tar", members),
        seven(tmp_path / "a.7z", dict(members)),
    ):
        pages, troubles, _ = read(path)
        assert troubles == []
        assert sorted((p.url, p.captured_at, p.body) for p in pages) == plain


# Without a compressed meta, a body that the server compressed too is taken for the server's.
PACKED = [f for f in product((False, True), repeat=4) if f[0] or not (f[2] and f[3])]


@pytest.mark.parametrize("files", PACKED)
def test_whichever_of_its_files_a_cache_compressed(tmp_path: Path, files: tuple[bool, ...]) -> None:
    meta, headers, body, sent = files
    page = html("as it was served")
    stated = b"Content-Type: text/html" + (b"\r\nContent-Encoding: gzip" if sent else b"")
    served = gzip.compress(page) if sent else page
    for name, data, packed in (
        ("meta", b"{'url': 'http://m.onion/a', 'timestamp': 1542628800.0}", meta),
        ("response_headers", stated, headers),
        ("response_body", served, body or (sent and meta)),
    ):
        (tmp_path / name).write_bytes(gzip.compress(data) if packed else data)
    pages, troubles, _ = read(tmp_path)
    assert [(p.url, str(p.captured_at), p.body) for p in pages] == [
        ("http://m.onion/a", NOON, page)
    ]
    assert troubles == []


def test_meta_is_a_literal_and_nothing_else(tmp_path: Path) -> None:
    for n, meta in enumerate((b"__import__('os').getcwd()", b"{'url': 1" + b"(" * 5000, b"[]")):
        entry_folder = tmp_path / str(n)
        entry_folder.mkdir()
        (entry_folder / "meta").write_bytes(meta)
        (entry_folder / "response_body").write_bytes(html())
    pages, troubles, _ = read(tmp_path)
    assert [page.url for page in pages] == [None] * 3
    assert codes(troubles) == ["bad_sidecar"] * 3


@pytest.mark.parametrize(
    ("text", "url", "at"),
    [
        ("<!DOCTYPE html>\n<!-- saved from url=(0016)http://m.onion/ -->", "http://m.onion/", None),
        ("<!-- saved from url=(0014)about:internet -->", None, None),
        ("<html><body><!-- saved from url=(0016)http://m.onion/a -->", None, None),
        (
            "<!DOCTYPE html> <html><!--\n Page saved with SingleFile \n url: http://m.onion/ \n"
            " saved date: Mon Nov 19 2018 13:00:00 GMT+0100 (CET)\n-->",
            "http://m.onion/", NOON,
        ),
        (
            "<html>\n\n<!-- Mirrored from m.onion/a?b=1 by HTTrack Website Copier/3.x [XR&CO'2014],"
            " Mon, 19 Nov 2018 12:00:00 GMT -->",
            "http://m.onion/a?b=1", NOON,
        ),
    ],
)  # fmt: skip
def test_what_tools_write_into_pages(
    tmp_path: Path, text: str, url: str | None, at: str | None
) -> None:
    path = tmp_path / "a.html"
    path.write_text(text + "<title>x</title><p>text")
    pages, _, _ = read(path)
    assert pages[0].url == url
    assert (str(pages[0].captured_at) if pages[0].captured_at else None) == at


def test_a_time_that_is_none_is_said_and_not_used(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(
        "<html><!--\n Page saved with SingleFile \n url: http://m.onion/\n"
        " saved date: Mon Nov 19 9018 13:00:00 GMT+0100 (CET)\n--><title>x</title>"
    )
    pages, troubles, _ = read(path)
    assert pages[0].captured_at is None
    assert codes(troubles) == ["bad_statement"]


@pytest.mark.parametrize(
    "value", [1542628800, "1542628800", 1542628800_000, "20181119120000", "2018-11-19T12:00:00Z",
              "Mon, 19 Nov 2018 12:00:00 GMT", "2018-11-19 13:00:00+01:00", 1542628800_000_000_000]
)  # fmt: skip
def test_times_however_they_are_written(value: object) -> None:
    moment = moment_of(value)
    assert moment is not None
    assert str(moment.at) == NOON


SEEDS = [
    "har/session.har",
    "mhtml/page-2.mhtml",
    "packed/pages.7z",
    "tables/packed.tsv",
    "tables/pages.parquet",
    "tables/pages.sqlite",
    "httrack/hts-cache/new.zip",
]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damage_never_raises_and_invents_nothing(data: st.DataObject, tmp_path: Path) -> None:
    name = data.draw(st.sampled_from(SEEDS))
    seed = bytearray((ARCHIVES / name).read_bytes())
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(seed) - 1))
        seed[at] = data.draw(st.integers(0, 255))
    path = tmp_path / Path(name).name
    path.write_bytes(seed[: data.draw(st.integers(1, len(seed)))])
    pages, troubles, _ = read(path)
    assert pages or troubles
    assert all(trouble.code in CODES for trouble in troubles)
