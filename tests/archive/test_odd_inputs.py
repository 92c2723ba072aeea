"""Archives as odd tools write them, and odd damage: read right, or named with the reason."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import lzma
import quopri
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest
import zstandard

from cryptodrug_scraper.archive import Page, ReadIssue, open_page
from tests.archive.making import codes, gz, html, make_zip, read, record

URL = "http://market.onion/"
PAGE = html("caf\u00e9 " * 3)
LATIN = PAGE.decode().encode("latin-1")


def one(path: Path, data: bytes) -> tuple[list[Page], list[ReadIssue]]:
    """Read a file that lies in a folder: nothing is passed over in silence."""
    path.write_bytes(data)
    pages, troubles, reader = read(path.parent)
    assert pages or troubles, reader.passed_over
    assert [open_page(page.location) for page in pages] == pages
    path.unlink()
    return pages, troubles


# -- text in UTF-16 ---------------------------------------------------------------------------


def entry(text: object = PAGE.decode(), **more: Any) -> dict[str, Any]:
    content = {"mimeType": "text/html; charset=iso-8859-1", "text": text, "size": 1, **more}
    return {
        "startedDateTime": "2018-11-19T14:05:00Z",
        "request": {"url": URL},
        "response": {"status": 200, "headers": [], "content": content},
    }


def har(*entries: dict[str, Any], **before: object) -> str:
    return json.dumps({**before, "log": {"version": "1.2", "entries": entries}})


def mail(part: str, body: bytes, kind: str = "multipart/related") -> bytes:
    head = f"Snapshot-Content-Location: {URL}\r\nMIME-Version: 1.0\r\nContent-Type: {kind};\r\n"
    return (
        f'{head}\tboundary="--=_B"\r\n\r\n----=_B\r\nContent-Type: text/html{part}\r\n\r\n'.encode()
        + body
        + b"\r\n----=_B--\r\n"
    )


ROW = {"url": URL, "html": PAGE.decode(), "captured_at": "2018-11-19T14:05:00Z"}
TEXTS = {
    "a.har": har(entry()),
    "a.jsonl": json.dumps(ROW, ensure_ascii=False) + "\n",
    "a.json": json.dumps([ROW], ensure_ascii=False),
    "a.mhtml": mail("; charset=utf-8\r\nContent-Transfer-Encoding: 8bit", PAGE).decode(),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_in_whatever_width(name: str, encoding: str, tmp_path: Path) -> None:
    data = TEXTS[name].encode(encoding)
    for packed in (data, gzip.compress(data)):
        pages, troubles = one(tmp_path / name, packed)
        assert [(page.url, page.body) for page in pages] == [(URL, PAGE)]
        assert troubles == []


def test_text_in_utf_16_that_ends_within_a_character(tmp_path: Path) -> None:
    pages, troubles = one(tmp_path / "a.jsonl", TEXTS["a.jsonl"].encode("utf-16")[:-1])
    assert ([page.body for page in pages], codes(troubles)) == ([PAGE], ["truncated"])


# -- HAR --------------------------------------------------------------------------------------

HARS: dict[str, tuple[str, str]] = {
    "something stands before the log": (har(entry(), comment="x", version=1.5, ok=True), ""),
    "bytes in base64": (
        har(entry(base64.b64encode(PAGE).decode(), encoding="base64", size=len(PAGE))),
        "",
    ),
    "base64 that is none": (har(entry("<html>", encoding="base64")), "broken_record"),
    "an encoding that nobody knows": (har(entry(encoding="rot13")), "unsupported"),
    "no content": (har(entry(None)), "not_kept"),
    "no request": (har({"response": None}), "not_kept"),
    "no entries": ('{"log": {"entries": {}}}', "empty"),
    "another object": ('{"entries": []}', "empty"),
    "no JSON": ("nothing", "truncated"),
}


@pytest.mark.parametrize("text, code", HARS.values(), ids=HARS)
def test_har(text: str, code: str, tmp_path: Path) -> None:
    pages, troubles = one(tmp_path / "a.har", text.encode())
    assert code in ("", *codes(troubles))
    assert [page.body for page in pages] == [PAGE] * (not code)


# -- MHTML ------------------------------------------------------------------------------------

QUOTED = quopri.encodestring(LATIN).replace(b"\n", b"\r\n")
SINGLE = (
    b"From: <Saved by a browser>\r\nMIME-Version: 1.0\r\nContent-Type: text/html;\r\n"
    b"\tcharset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n"
    b"Content-Location: http://market.onion/\r\n\r\n" + QUOTED
)
CHARSET = "; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
MAILS: dict[str, tuple[bytes, str]] = {
    "quoted-printable": (mail(CHARSET + "quoted-printable", QUOTED), ""),
    "binary": (mail(CHARSET + "binary", LATIN), ""),
    "8bit": (mail(CHARSET + "8BIT", LATIN), ""),
    "base64": (mail(CHARSET + "base64", base64.encodebytes(LATIN)), ""),
    "no encoding": (mail("; charset=iso-8859-1", LATIN), ""),
    "lines that end in LF": (mail(CHARSET + "base64", b"%s" % base64.encodebytes(LATIN))
                             .replace(b"\r\n", b"\n"), ""),
    "a mark at its start": (b"\xef\xbb\xbf" + mail(CHARSET + "binary", LATIN), ""),
    "of one part": (SINGLE, ""),
    "alternatives": (mail(CHARSET + "binary", LATIN, "multipart/alternative"), ""),
    "base64 that is none": (mail(CHARSET + "base64", b"@@ <html> @@"), "broken_record"),
    "base64 with other letters": (
        mail(CHARSET + "base64", base64.encodebytes(LATIN)[:9] + b"\x80@@"), "broken_record"),
    "an encoding that nobody knows": (mail(CHARSET + "x-rot13", LATIN), "unsupported"),
    "no boundary": (b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n" + LATIN,
                    "not_html"),
}  # fmt: skip


@pytest.mark.parametrize("data, code", MAILS.values(), ids=MAILS)
@pytest.mark.parametrize("name", ["a.mhtml", "a.mht", "a"])
def test_mhtml(name: str, data: bytes, code: str, tmp_path: Path) -> None:
    pages, troubles = one(tmp_path / name, data)
    assert codes(troubles) == [code] * bool(code)
    found = [(page.url, page.body.rstrip()) for page in pages]
    assert found == [(URL, LATIN)] * (not code)


# -- tables -----------------------------------------------------------------------------------


def table(rows: list[list[str]], **how: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, **how).writerows(rows)
    return text.getvalue().encode()


CELLS = [["url", "html"], [URL, PAGE.decode()]]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"], ids=["CRLF", "LF", "CR"])
@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "\ufeffSEP=;", ""])
def test_csv_that_says_how_it_is_separated(first: str, end: str, tmp_path: Path) -> None:
    data = table(CELLS, delimiter=";", lineterminator=end)
    start = f"{first}{end}".encode() if first else b""
    pages, troubles = one(tmp_path / "a.csv", start + data)
    assert ([(page.url, page.body) for page in pages], troubles) == ([(URL, PAGE)], [])


def test_columns_of_the_same_name_are_named(tmp_path: Path) -> None:
    data = table([["url", "html", "html"], [URL, PAGE.decode(), html("another").decode()]])
    pages, troubles = one(tmp_path / "a.csv", data)
    assert ([page.body for page in pages], codes(troubles)) == ([PAGE], ["no_column"])
    assert "columns of the same name (html)" in troubles[0].reason


def test_lines_of_arrays_are_no_csv(tmp_path: Path) -> None:
    data = b"".join(json.dumps(row).encode() + b"\n" for row in CELLS)
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    pages, troubles, _ = read(path)
    assert (pages, set(codes(troubles))) == ([], {"empty", "broken_record"})


def test_what_sqlite_had_not_yet_written_into_the_database(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE pages (url TEXT, html TEXT)")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("INSERT INTO pages VALUES (?, ?)", (URL, PAGE.decode()))
        connection.commit()
        files = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    connection.close()
    folder = tmp_path / "kept"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    pages, troubles, _ = read(folder)
    assert ([page.body for page in pages], troubles) == ([PAGE], [])
    packed = make_zip(tmp_path / "kept.zip", files.items())
    pages, troubles, _ = read(packed)
    assert (pages, codes(troubles)) == ([], ["unsupported"])
    assert troubles[0].location == f"{packed}!/a.sqlite-wal"


# -- what is compressed -----------------------------------------------------------------------

RECORDS = [record(html(f"page {n}"), url=f"{URL}{n}") for n in range(4)]
SKIP = b"\x51\x2a\x4d\x18\x05\0\0\0hello"
FRAMES = [zstandard.compress(one) for one in RECORDS]
WHOLE = {
    "frames without content between records": SKIP.join(FRAMES),
    "frames without content at the end": b"".join(FRAMES) + 2 * SKIP,
    "frames without content at the start": SKIP + b"".join(FRAMES),
    "several records a frame": SKIP.join(zstandard.compress(b"".join(RECORDS[n : n + 2]))
                                         for n in (0, 2)),
    "records split between frames": SKIP.join(
        zstandard.compress(part) for part in (b"".join(RECORDS)[:700], b"".join(RECORDS)[700:])),
}  # fmt: skip


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_zstd_frames(data: bytes, tmp_path: Path) -> None:
    pages, troubles = one(tmp_path / "a.warc.zst", data)
    assert [page.url for page in pages] == [f"{URL}{n}" for n in range(4)]
    assert troubles == []


@pytest.mark.parametrize("method", ["gz", "bz2", "xz", "zst"])
def test_cut_off_where_a_line_ends(method: str, tmp_path: Path) -> None:
    """What there is looks whole: that more is missing is known by the compression only."""
    import bz2

    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress,
            "zst": zstandard.compress}[method]  # fmt: skip
    lines = [json.dumps({"url": URL, "html": html(f"{n}" * 300).decode()}) for n in range(2)]
    for name, data in (("a.jsonl", "\n".join([*lines, ""]).encode()), ("a.html", PAGE)):
        for lost in (1, 3):
            pages, troubles = one(tmp_path / f"{name}.{method}", pack(data)[:-lost])
            assert set(codes(troubles)) <= {"truncated", "broken_record"} and troubles
            assert len(pages) <= 2


@pytest.mark.parametrize("method", ["gz", "bz2", "zst"])
def test_what_stands_behind_compressed_data_costs_nothing_before_it(
    method: str, tmp_path: Path
) -> None:
    import bz2

    pack = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zstandard.compress}[method]
    pages, troubles = one(tmp_path / f"a.jsonl.{method}", pack(TEXTS["a.jsonl"].encode()) + b"junk")
    assert ([page.body for page in pages], codes(troubles)) == ([PAGE], ["broken_record"])


def _window(data: bytes) -> bytes:
    wide = zstandard.ZstdCompressionParameters.from_level(3, window_log=28)
    unit = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    return unit.compress(data) + unit.flush()


def _dictionary(data: bytes) -> bytes:
    return lzma.compress(data, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 512 << 20}])


@pytest.mark.parametrize("name", ["a.warc", "a.html", "a.jsonl"])
@pytest.mark.parametrize("packing", ["zst", "xz"])
def test_what_takes_too_much_memory_says_how_to_unpack_it(
    name: str, packing: str, tmp_path: Path
) -> None:
    data = {"a.warc": b"".join(RECORDS), "a.html": PAGE, "a.jsonl": TEXTS["a.jsonl"].encode()}
    packed = {"zst": _window, "xz": _dictionary}[packing](data[name])
    pages, troubles = one(tmp_path / f"{name}.{packing}", packed)
    assert pages == []
    assert troubles[0].code == "bomb"
    assert "unpack it first" in troubles[0].reason


@pytest.mark.parametrize(
    "name", ["a.7z.002", "a.zip.002", "a.z01", "a.r00", "a.tar.gz.01", "a.warc.gz.003"]
)
def test_a_part_of_an_archive_is_named(name: str, tmp_path: Path) -> None:
    pages, troubles = one(tmp_path / name, bytes(range(256)) * 4)
    assert (pages, codes(troubles)) == ([], ["unsupported"])
    assert "join all parts" in troubles[0].reason
    # Its content goes before its name.
    assert one(tmp_path / name, PAGE)[0][0].body == PAGE
    assert len(one(tmp_path / name, gz(*RECORDS))[0]) == 4


@pytest.mark.parametrize("method, name", [(9, "Deflate64"), (98, "PPMd"), (77, "77")])
def test_a_zip_with_a_method_that_is_not_known(method: int, name: str, tmp_path: Path) -> None:
    data = bytearray(make_zip(tmp_path / "a", [("a.html", PAGE)], zipfile.ZIP_STORED).read_bytes())
    data[8], data[data.rfind(b"PK\x01\x02") + 10] = method, method
    (tmp_path / "a").unlink()
    pages, troubles = one(tmp_path / "a.zip", bytes(data))
    assert (pages, codes(troubles)) == ([], ["unsupported"])
    assert f"({name})" in troubles[0].reason and "unpack" in troubles[0].reason


ENDS = """html html.gz warc warc.gz warc.xz warc.bz2 warc.zst warc.open arc arc.gz wacz zip 7z tar
    tar.gz tgz rar har mhtml jsonl ndjson.gz csv.gz parquet sqlite gz xz zst bz2"""
NAMES = [f"a.{end}" for end in ENDS.split()]
JUNK = {
    "letters": b"nothing to be seen here\n" * 200,
    "bytes": bytes((7 * n + 13) % 251 for n in range(4000)),
    "zeros": bytes(4000),
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
@pytest.mark.parametrize("name", NAMES)
def test_what_its_name_says_is_an_archive_or_a_page_and_is_none_is_named(
    name: str, junk: bytes, tmp_path: Path
) -> None:
    packed = make_zip(tmp_path / "z", [(name, junk)]).read_bytes()
    (tmp_path / "z").unlink()
    for path, data in ((tmp_path / name, junk), (tmp_path / "in.zip", packed)):
        pages, troubles = one(path, data)
        if name == "a.html" and b"see" in junk:
            assert [page.body for page in pages] == [junk]
        else:
            assert troubles and not pages


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in NAMES
        if name[1:]
        in (
            ".html",
            ".warc",
            ".warc.gz",
            ".arc",
            ".wacz",
            ".zip",
            ".7z",
            ".tar",
            ".tar.gz",
            ".har",
            ".mhtml",
            ".parquet",
            ".warc.open",
        )
    ],
)
def test_one_that_is_empty_is_named(name: str, tmp_path: Path) -> None:
    assert len(one(tmp_path / name, b"")[1]) == 1


def _lower(data: bytes) -> bytes:
    """Write the fields of records as the library of Rust does."""
    for name in (b"WARC-Type", b"WARC-Target-URI", b"WARC-Date", b"Content-Length", b"WARC-Record"):
        data = data.replace(name, name.lower())
    return data


@pytest.mark.parametrize("packing", ["plain", "members", "zstd"])
def test_fields_of_records_in_small_letters(packing: str, tmp_path: Path) -> None:
    records = [_lower(one) for one in [*RECORDS, record(html("x" * 300_000), url=URL + "long")]]
    frames = b"".join(map(zstandard.compress, records))
    data = {"plain": b"".join(records), "members": gz(*records), "zstd": frames}[packing]
    pages, troubles = one(tmp_path / "a.warc", data)
    assert [page.url for page in pages] == [*(f"{URL}{n}" for n in range(4)), URL + "long"]
    assert {str(page.captured_at) for page in pages} == {"2018-11-19 14:05:00+00:00"}
    assert troubles == []


def test_an_answer_that_stands_behind_another(tmp_path: Path) -> None:
    head = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    pages, troubles = one(tmp_path / "a.warc", record(PAGE, head=head))
    assert [(page.status, page.body) for page in pages] == [(200, PAGE)]
    assert troubles == []
