"""A page is opened again by its location: the same page, wherever it lies in what."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.archive import NotOpened, Page, open_page
from cryptodrug_scraper.archive.identity import PART, identity_of

from .making import LITTLE, bytes_read, gz, html, make_tar, make_zip, read, record
from .test_properties import BODIES, MAKERS, MEMBERS


def all_again(*paths: Path) -> list[Page]:
    """Read pages, and open each by its location."""
    pages, troubles, _ = read(*paths)
    assert not troubles
    for page in pages:
        assert open_page(page.location, sha256=hashlib.sha256(page.body).digest()) == page
    return pages


def test_every_page_of_every_archive_is_opened_again(tmp_path: Path) -> None:
    for name, make in MAKERS.items():
        make(tmp_path / name)
    make_zip(
        tmp_path / "named.zip", [(f"2018-11-19/{n}!/a#{n}.html", b) for n, b in enumerate(BODIES)]
    )
    assert len(all_again(tmp_path)) == (len(MAKERS) + 1) * len(BODIES)


def test_a_sidecar_is_read_with_its_page(tmp_path: Path) -> None:
    sidecar = b'{"url": "http://market.onion/1", "captured_at": "2018-11-19T14:05:00Z"}'
    members = [("d/1.json", sidecar), ("d/1.html", html("one")), ("d/2.html", html("two"))]
    make_zip(tmp_path / "a.zip", members)
    make_tar(tmp_path / "a.tar", members)
    (tmp_path / "1.html").write_bytes(html("three"))
    (tmp_path / "1.json").write_bytes(sidecar)
    assert sum(page.url == "http://market.onion/1" for page in all_again(tmp_path)) == 3


@pytest.mark.parametrize("inner", [name for name in MAKERS if name != "a.zip"])
def test_archives_in_archives(inner: str, tmp_path: Path) -> None:
    MAKERS[inner](tmp_path / inner)
    data = (tmp_path / inner).read_bytes()
    (tmp_path / inner).unlink()
    make_zip(tmp_path / "outer.zip", [("x/other.html", html("o")), (f"x/{inner}", data)])
    make_tar(tmp_path / "outer.tar", [("x/other.html", html("o")), (f"x/{inner}", data)])
    assert len(all_again(tmp_path)) == 2 * (len(BODIES) + 1)


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(max_size=300), min_size=1, max_size=6),
    packing=st.sampled_from(["plain", "members", "whole", "zip", "tar", "tar.gz"]),
    junk=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_any_pages_in_any_archive(texts: list[str], packing: str, junk: list[bool]) -> None:
    bodies = [html(text + str(n)) for n, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pages"
        if packing in ("plain", "members", "whole"):
            records = []
            for body, more in zip(bodies, junk, strict=False):
                records += [record(body)] + [record(b"", kind="request")] * more
            packed = {
                "plain": b"".join(records),
                "members": gz(*records),
                "whole": gz(b"".join(records)),
            }
            path.write_bytes(packed[packing])
        elif packing == "zip":
            make_zip(path, [(f"{n}.html", body) for n, body in enumerate(bodies)])
        else:
            mode = "w:gz" if packing.endswith("gz") else "w"
            make_tar(path, [(f"{n}.html", body) for n, body in enumerate(bodies)], mode)
        assert [page.body for page in all_again(path)] == bodies


def test_names_that_are_no_text(tmp_path: Path) -> None:
    for name in (b"caf\xe9.html", b"tab\there.html", b"50%#1!/x".replace(b"/", b"_") + b".html"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(html(repr(name)))
    folder = tmp_path / os.fsdecode(b"dossier\xff#3")
    folder.mkdir()
    make_zip(folder / "a#1.zip", MEMBERS)
    assert len(all_again(tmp_path)) == 3 + len(MEMBERS)


def test_what_stands_before_a_page_is_not_read(tmp_path: Path) -> None:
    """Behind a gigabyte (a hole in the file) a page is as near as at the start."""
    path = tmp_path / "large.warc"
    length = 1 << 30
    film = record(b"", head=b"", kind="metadata", length=length).partition(b"\r\n\r\n")[0]
    with path.open("wb") as file:
        file.write(record(html("first")) + film + b"\r\n\r\n")
        file.seek(length, os.SEEK_CUR)
        file.write(b"\r\n\r\n")
        at = file.tell()
        file.write(record(html("last"), url="http://market.onion/last"))
    before = bytes_read()
    page = open_page(f"{path}#{at}")
    assert bytes_read() - before < LITTLE
    assert (page.body, page.url) == (html("last"), "http://market.onion/last")
    before = bytes_read()
    assert identity_of(path).size == path.stat().st_size
    assert bytes_read() - before < LITTLE


def refused(location: str, **options: object) -> NotOpened:
    with pytest.raises(NotOpened) as raised:
        open_page(location, **options)  # type: ignore[arg-type]
    assert location in str(raised.value)
    return raised.value


def test_what_cannot_be_opened_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    MAKERS["a.warc.gz"](path)
    pages, _, _ = read(path)
    last = pages[-1]
    digest = hashlib.sha256(last.body).digest()

    gone = refused(last.location.replace("a.warc", "b.warc"))
    assert (gone.why, "archive roots" in str(gone)) == ("gone", True)
    assert refused(f"{path}#7").why in ("missing", "damaged")
    assert refused(f"{path}!/a.html").why == "missing"
    assert refused(last.location, sha256=bytes(32)).why == "changed"

    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert refused(last.location, sha256=digest).why == "damaged"
    path.write_bytes(gz(*(record(body.replace(b"a", b"b")) for body in BODIES)))
    others, _, _ = read(path)
    assert refused(others[-1].location, sha256=digest).why == "changed"
    path.write_bytes(b"")
    assert refused(last.location, sha256=digest).why in ("missing", "damaged")


def test_only_what_can_be_read_at_its_place(tmp_path: Path) -> None:
    for name, make in MAKERS.items():
        make(tmp_path / name)
    slow = ("a.tar.gz", "a.tar.xz")
    for page in read(tmp_path)[0]:
        if "+" in page.location or any(f"/{name}" in page.location for name in slow):
            assert refused(page.location, seek_only=True).why == "slow"
        else:
            assert open_page(page.location, seek_only=True) == page


def test_what_a_file_is_known_by(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"abc")
    assert identity_of(small) == (3, hashlib.sha256(b"abc").digest())
    parts = [os.urandom(PART), os.urandom(100), os.urandom(PART)]
    large.write_bytes(b"".join(parts))
    stated = parts[0] + (parts[1] + parts[2])[-PART:] + str(2 * PART + 100).encode()
    assert identity_of(large) == (2 * PART + 100, hashlib.sha256(stated).digest())
    before = identity_of(large)
    with large.open("ab") as file:
        file.write(b"more")
    assert identity_of(large, before.size) == before
    assert identity_of(large) != before
    with pytest.raises(OSError, match="only"):
        identity_of(small, 4)


def test_a_zip_whose_index_is_lost(tmp_path: Path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, body in MEMBERS:
            archive.writestr(name, body)
    path = tmp_path / "cut.zip"
    path.write_bytes(held.getvalue()[:-60])
    pages, troubles, _ = read(path)
    assert len(pages) == len(MEMBERS)
    assert troubles
    assert [open_page(page.location) for page in pages] == pages
