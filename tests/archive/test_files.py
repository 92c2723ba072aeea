import gzip
import json
import os
import pickle
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import cryptodrug_scraper.archive as package
from cryptodrug_scraper.archive import (
    CODES,
    Limits,
    NothingThere,
    Page,
    read_pages,
    total_bytes,
)

from .making import codes, html, make_tar, make_zip, read


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(html())
    pages, troubles, _ = read(path)
    assert not troubles
    assert pages == [Page(html(), None, None, None, None, None, None, None, str(path))]
    assert pages[0].size == len(html())


def test_a_folder_in_order_with_what_is_passed_over(tmp_path: Path) -> None:
    for name in ("b/2.html", "b/1.html", "a/9.htm", "c.html", "a/x/y.php"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(html(name))
    (tmp_path / "README.md").write_text("How to read <html>: no page")
    (tmp_path / "LICENSE").write_text("no page")
    (tmp_path / "saved").write_bytes(html("without suffix"))
    (tmp_path / ".hidden.html").write_bytes(html("hidden"))
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.html").write_bytes(html("hidden"))
    pages, troubles, reader = read(tmp_path)
    assert not troubles
    assert [Path(page.location).relative_to(tmp_path).as_posix() for page in pages] == [
        "c.html",
        "saved",
        "a/9.htm",
        "a/x/y.php",
        "b/1.html",
        "b/2.html",
    ]
    assert reader.passed_over == {".md": 1, "no suffix": 1, "hidden": 2}
    assert reader.pages == 6
    assert reader.troubles == 0


def test_links_are_not_followed(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "out.html").write_bytes(html())
    (inside / "link.html").symlink_to(tmp_path / "out.html")
    (inside / "loop").symlink_to(inside)
    pages, troubles, _ = read(inside)
    assert not pages
    assert codes(troubles) == ["link", "link"]
    assert len(read(inside / "link.html")[0]) == 1  # named by the user


def test_devices_and_pipes_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.html")
    pages, troubles, _ = read(tmp_path)
    assert not pages
    assert codes(troubles) == ["special"]
    assert codes(read(Path("/dev/zero"))[1]) == ["special"]


def test_what_is_no_page(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(b"")
    (tmp_path / "b.html").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 99)
    (tmp_path / "c.html").write_bytes(b"502 Bad Gateway")
    pages, troubles, _ = read(tmp_path)
    assert codes(troubles) == ["empty", "not_html"]
    assert [page.body for page in pages] == [b"502 Bad Gateway"]


def test_a_named_file_that_is_no_page_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")
    (tmp_path / "b").write_bytes(b"x")
    _, troubles, reader = read(tmp_path / "a.txt", tmp_path / "b")
    assert codes(troubles) == ["not_html", "not_html"]
    assert reader.passed_over.total() == 0


def test_a_huge_page_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.html"
    with path.open("wb") as file:
        file.truncate(200 << 20)
    pages, troubles, _ = read(path)
    assert not pages
    assert codes(troubles) == ["too_large"]


def test_compressed_pages(tmp_path: Path) -> None:
    (tmp_path / "a.html.gz").write_bytes(gzip.compress(html("a")) + gzip.compress(b"more"))
    (tmp_path / "b.html.gz").write_bytes(gzip.compress(html("b" * 999))[:-20])
    (tmp_path / "c.html.gz").write_bytes(gzip.compress(bytes(100 << 20)))
    (tmp_path / "d.html.gz").write_bytes(b"not gzip")
    (tmp_path / "e.gz").write_bytes(gzip.compress(html("e")))
    (tmp_path / "f.gz").write_bytes(gzip.compress(b"no page"))
    pages, troubles, reader = read(tmp_path)
    assert [page.body for page in pages] == [html("a") + b"more", html("e")]
    assert codes(troubles) == ["truncated", "bomb", "broken_record"]
    assert reader.passed_over.total() == 1


def test_capture_times(tmp_path: Path) -> None:
    folder = tmp_path / "2018-11-19"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.html").write_bytes(html(name))
    (folder / "a.html.json").write_text(
        json.dumps(
            {"url": "http://x.onion/a", "captured_at": "2018-11-20T01:02:03Z", "status": 404}
        )
    )
    (folder / "b.json").write_text(json.dumps({"url": "http://x.onion/b"}))
    (folder / "b.expected.json").write_text("no sidecar")
    (folder / "c.expected.json").write_text("no sidecar")
    (tmp_path / "d.html").write_bytes(html("d"))
    pages, troubles, reader = read(tmp_path, captured_at=date(2017, 1, 1))
    assert not troubles
    by = {page.location[-6]: page for page in pages}
    assert by["a"].captured_at == datetime(2018, 11, 20, 1, 2, 3, tzinfo=UTC)
    assert (by["a"].captured_precision, by["a"].captured_from) == ("second", "sidecar")
    assert (by["a"].url, by["a"].status) == ("http://x.onion/a", 404)
    assert by["b"].captured_at == datetime(2018, 11, 19, tzinfo=UTC)
    assert (by["b"].captured_precision, by["b"].captured_from) == ("day", "path")
    assert by["b"].url == "http://x.onion/b"
    assert by["c"].captured_from == "path"
    assert by["d"].captured_at == datetime(2017, 1, 1, tzinfo=UTC)
    assert (by["d"].captured_precision, by["d"].captured_from) == ("day", "option")
    assert reader.passed_over.total() == 2

    page = read(tmp_path / "d.html", captured_at=datetime(2017, 1, 1, 5, tzinfo=UTC))[0][0]
    assert (page.captured_precision, page.captured_from) == ("second", "option")
    page = read(folder / "a.html")[0][0]
    assert page.captured_from == "sidecar"


def test_the_folder_one_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "2018-11-19"
    folder.mkdir()
    (folder / "a.html").write_bytes(html())
    monkeypatch.chdir(folder)
    for path in (".", "a.html", "./a.html"):
        page = read(Path(path))[0][0]
        assert page.captured_at == datetime(2018, 11, 19, tzinfo=UTC), path
        assert page.location == str(folder / "a.html")


def test_a_wrong_sidecar_is_reported_and_the_page_read(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(html())
    (tmp_path / "a.json").write_text('{"captured_at": "soon"}')
    (tmp_path / "b.html").write_bytes(html())
    (tmp_path / "b.json").symlink_to("/etc/passwd")
    (tmp_path / "c.html").write_bytes(html())
    (tmp_path / "c.json").write_text(" " * (1 << 20))
    (tmp_path / "d.html").write_bytes(html())
    (tmp_path / "d.json").mkdir()
    pages, troubles, _ = read(tmp_path)
    assert len(pages) == 4
    assert codes(troubles).count("bad_sidecar") == 4
    assert {page.captured_at for page in pages} == {None}


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(NothingThere, match="No such file"):
        read_pages([tmp_path / "missing"])
    with pytest.raises(FileNotFoundError):
        total_bytes([tmp_path / "missing"])


def test_progress_adds_up(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.html").write_bytes(html("x" * 200_000))
    (tmp_path / "x.css").write_bytes(b"x" * 1000)
    make_zip(tmp_path / "a.zip", [(f"{n}.html", html(os.urandom(300_000).hex())) for n in range(5)])
    make_tar(tmp_path / "b.tar.gz", [("a.html", html(os.urandom(900_000).hex()))], "w:gz")
    make_tar(tmp_path / "c.tar", [("a.html", html("x" * 900_000))])
    steps: list[int] = []
    items = list(read_pages([tmp_path], on_read=steps.append))
    assert len(items) == 12
    assert all(step > 0 for step in steps)
    assert sum(steps) == total_bytes([tmp_path])
    assert len(steps) > 9


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.html")).write_bytes(html())
    pages, troubles, _ = read(tmp_path)
    assert not troubles
    assert pages[0].location.endswith("caf\\xe9.html")
    pages[0].location.encode()


def test_folders_too_deep(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c" / "x.html").write_bytes(html())
    _, troubles, _ = read(tmp_path, limits=Limits(depth=2))
    assert codes(troubles) == ["bad_name"]


def test_every_code_is_explained() -> None:
    used: set[str] = set()
    archive = Path(package.__file__).parent
    for path in [*archive.glob("*.py"), *(archive.parent / "replay").glob("*.py")]:
        text = path.read_text()
        used |= {code for code in CODES if f'"{code}"' in text and path.name != "page.py"}
        for code in re.findall(r'(?:Bad\(|RecordCheck\([a-z]+, )\s*"([a-z_]+)"', text):
            assert code in CODES
    assert used >= set(CODES)


def test_pages_travel_between_processes(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(html())
    page = read(tmp_path)[0][0]
    assert pickle.loads(pickle.dumps(page)) == page
