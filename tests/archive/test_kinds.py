"""What a file is, its content says: every container under every name, and inside others."""

import bz2
import gzip
import io
import lzma
import random
import zipfile
from pathlib import Path

import pytest
import zstandard

from cryptodrug_scraper.archive import Limits
from cryptodrug_scraper.archive.kinds import identify_bytes

from .making import arc_records, codes, gz, html, make_tar, make_zip, read, record

BODIES = [html(f"page {n}") for n in range(4)]
RECORDS = [record(body, url=f"http://market.onion/{n}") for n, body in enumerate(BODIES)]
PLAIN = b"".join(RECORDS)
ARC = arc_records(BODIES)
NAMES = ("a.warc", "a", "a.html", "a.1", "a.warc.open", "a.warc.gz", "a.gz", "a.zip", "a.txt")


def _with_dictionary(pack_it: bool) -> bytes:
    made = random.Random(20181119)
    texts = [record(html(made.randbytes(40).hex() + "words of all pages" * 9)) for _ in range(150)]
    dictionary = zstandard.train_dictionary(4_000, texts)
    data = zstandard.compress(dictionary.as_bytes()) if pack_it else dictionary.as_bytes()
    packer = zstandard.ZstdCompressor(dict_data=dictionary)
    frame = b"\x5d\x2a\x4d\x18" + len(data).to_bytes(4, "little") + data
    return frame + b"".join(packer.compress(one) for one in RECORDS)


def _tar(*members: tuple[str, bytes]) -> bytes:
    import tarfile

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _zip(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


PAGES = [(f"{n}.html", body) for n, body in enumerate(BODIES)]
FORMS = {
    "warc": PLAIN,
    "warc, a member a record": gz(*RECORDS),
    "warc, one member": gzip.compress(PLAIN),
    "warc, both": gz(RECORDS[0]) + gzip.compress(RECORDS[1] + RECORDS[2]) + gz(RECORDS[3]),
    "warc, members that cut records": b"".join(
        gzip.compress(PLAIN[at : at + 700]) for at in range(0, len(PLAIN), 700)
    ),
    "warc, zstd frames": b"".join(map(zstandard.compress, RECORDS)),
    "warc, one zstd frame": zstandard.compress(PLAIN),
    "warc, zstd dictionary": _with_dictionary(False),
    "warc, packed zstd dictionary": _with_dictionary(True),
    "warc, xz": lzma.compress(PLAIN),
    "warc, bzip2": bz2.compress(PLAIN),
    "warc, heads that end in LF": b"".join(
        one.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n") + b"\n\n"
        + one.partition(b"\r\n\r\n")[2]
        for one in RECORDS
    ),
    "arc": b"".join(ARC),
    "arc, a member a record": gz(*ARC),
    "arc, one member": gzip.compress(b"".join(ARC)),
    "arc, xz": lzma.compress(b"".join(ARC)),
    "tar": _tar(*PAGES),
    "zip": _zip(*PAGES),
    "zip in xz": lzma.compress(_zip(*PAGES)),
}  # fmt: skip


@pytest.mark.parametrize("form", list(FORMS))
def test_under_any_name_and_inside_others(tmp_path: Path, form: str) -> None:
    data = FORMS[form]
    inside = {
        "zip": _zip(("x", data)),
        "stored in zip": _zip(("x", data), method=zipfile.ZIP_STORED),
        "tar": _tar(("x", data)),
        "two deep": _tar(("y", _zip(("x.bin", data)))),
        "two deep, stored": _zip(
            ("y", _zip(("x", data), method=zipfile.ZIP_STORED)), method=zipfile.ZIP_STORED
        ),
    }
    for name, content in [*((name, data) for name in NAMES), *inside.items()]:
        path = tmp_path / name
        path.write_bytes(content)
        pages, troubles, _ = read(path)
        assert [page.body for page in pages] == BODIES, name
        assert not troubles, name
        assert len({page.location for page in pages}) == 4
        path.unlink()
    path = tmp_path / "three deep"
    path.write_bytes(_zip(("z", inside["two deep"])))
    pages, troubles, _ = read(path)
    assert not pages
    assert codes(troubles) == ["nested"]


@pytest.mark.parametrize("name", ["a.html", "a.warc", "a.zip", "a.tar.gz", "a", "a.css", "a.7"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_page_under_any_name(tmp_path: Path, name: str, pack: object) -> None:
    body = html("page")
    (tmp_path / name).write_bytes(pack(body))  # type: ignore[operator]
    pages, troubles, _ = read(tmp_path)
    assert [page.body for page in pages] == [body]
    assert not troubles


@pytest.mark.parametrize(
    ("start", "word"),
    [
        (b"Rar!\x1a\x07\x01\x00", "unar"),
        (b"Rar!\x1a\x07\x00", "unar"),
        (b"LZIP\x01", "lzip"),
        (b"\x04\x22\x4d\x18", "lz4"),
        (b"MSCF\0\0\0\0", "cabextract"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_to_do(
    tmp_path: Path, start: bytes, word: str
) -> None:
    data = start + bytes(range(256))
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b.html").write_bytes(data)
    make_zip(tmp_path / "c.zip", [("in/it.bin", data), ("p.html", html())])
    make_tar(tmp_path / "d.tar", [("it", data)])
    pages, troubles, _ = read(tmp_path)
    assert len(pages) == 1
    assert codes(troubles) == ["unsupported"] * 4
    assert all(word in trouble.reason for trouble in troubles)


def test_what_is_passed_over_is_counted_by_sort(tmp_path: Path) -> None:
    for name, data in {
        "a.css": b"body {}",
        "b.js": b"var x = '<html>';",
        "c.png": b"\x89PNG\r\n\x1a\n",
        "d.jpg": b"\xff\xd8\xff",
        "e.woff2": b"wOF2",
        "f.pdf": b"%PDF-1.4",
        "g.txt": b"words",
        "h": b"words",
        "i.docx": _zip(("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")),
        "style.css?v=3": b"body {}",
    }.items():
        (tmp_path / name).write_bytes(data)
    _, troubles, reader = read(tmp_path)
    assert not troubles
    assert reader.passed_over == {
        "styles": 2, "scripts": 1, "images": 2, "fonts": 1, ".pdf": 1, ".txt": 1, "no suffix": 1,
        ".docx": 1,
    }  # fmt: skip


def test_bombs_in_bombs_are_held_to_one_bound(tmp_path: Path) -> None:
    inner = _zip(*((f"{n}.html", html("x" * 90_000)) for n in range(20)))
    path = tmp_path / "a.zip"
    path.write_bytes(_zip(*((f"{n}", inner) for n in range(20))))
    limits = Limits(archive_free_bytes=1 << 20, archive_ratio=10)
    pages, troubles, _ = read(path, limits=limits)
    assert 5 < len(pages) < 15
    assert set(codes(troubles)) == {"bomb"}


def test_a_gzip_that_unpacks_to_itself_ends(tmp_path: Path) -> None:
    data = html()
    for _ in range(9):
        data = gzip.compress(data)
    (tmp_path / "a.gz").write_bytes(data)
    pages, troubles, _ = read(tmp_path)
    assert len(pages) + len(troubles) == 1


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b'From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\t'
         b'type="text/html";\r\n', "mhtml"),
        (b'{\n  "log": {\n    "version": "1.2",', "har"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z"),
        (b"SQLite format 3\0", "sqlite"),
        (b"PAR1\x15\x04", "parquet"),
        (b"PK\x03\x04 is how zips begin", "other"),
    ],
)  # fmt: skip
def test_forms_that_other_readers_read(head: bytes, form: str) -> None:
    assert identify_bytes(head + b" " * 100, "a").format == form
