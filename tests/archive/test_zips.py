import json
import stat
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cryptodrug_scraper.archive import Limits

from .making import codes, html, in_process, make_zip, read


@pytest.mark.parametrize(
    "method",
    [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
)
def test_every_method(tmp_path: Path, method: int) -> None:
    path = make_zip(
        tmp_path / "a.zip",
        [("2018-11-19/b.html", html("b")), ("a.css", b"x"), ("a.html", html("a" * 5000))],
        method,
    )
    pages, troubles, reader = read(path)
    assert not troubles
    assert [page.body for page in pages] == [html("b"), html("a" * 5000)]
    assert pages[0].location == f"{path}!/2018-11-19/b.html"
    assert pages[0].captured_at == datetime(2018, 11, 19, tzinfo=UTC)
    assert pages[0].captured_from == "path"
    assert pages[1].captured_at is None
    assert reader.passed_over.total() == 1


def test_sidecars(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / "dream-2018-11-19.zip",
        [
            ("x/a.html", html("a")),
            ("x/a.json", json.dumps({"captured_at": "2018-11-20T05:00:00Z"}).encode()),
            ("b.html.json", b'{"url": "http://x.onion/b"}'),
            ("b.html", html("b")),
            ("c.html", html("c")),
            ("c.json", b"broken"),
            ("c.expected.json", b"{}"),
            ("other.json", b"{}"),
        ],
    )
    pages, troubles, reader = read(path)
    assert pages[0].captured_at == datetime(2018, 11, 20, 5, tzinfo=UTC)
    assert pages[1].url == "http://x.onion/b"
    assert pages[1].captured_at == datetime(2018, 11, 19, tzinfo=UTC)
    assert codes(troubles) == ["bad_sidecar"]
    assert troubles[0].location.endswith("!/c.json")
    assert len(pages) == 3
    assert reader.passed_over.total() == 2


def _link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def test_hostile_names(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / "a.zip",
        [
            ("../x.html", html("out")),
            ("a/../../x.html", html("out")),
            ("/etc/x.html", html("out")),
            ("C:\\x.html", html("out")),
            ("..\\x.html", html("out")),
            ("bad\x07name.html", html("out")),
            (_link("link.html"), b"/etc/passwd"),
            ("inner.zip", b"PK"),
            ("__MACOSX/._a.html", html("shadow")),
            (".hidden/a.html", html("hidden")),
            ("good.html", html("good")),
            ("dir/", b""),
        ],
    )
    pages, troubles, reader = read(path)
    assert [page.body for page in pages] == [html("good")]
    assert codes(troubles) == [*["traversal"] * 5, "bad_name", "link", "unreadable"]
    assert reader.passed_over.total() == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip"]


def test_a_name_cut_at_nul(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", [("aXb.html", html("x")), ("good.html", html("good"))])
    path.write_bytes(path.read_bytes().replace(b"aXb.html", b"a\0b.html"))
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html("good")]
    assert codes(troubles) == ["bad_name"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_names(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", [("a.html", html("1")), ("a.html", html("2"))])
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html("1")]
    assert codes(troubles) == ["duplicate"]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_bombs(tmp_path: Path, method: int) -> None:
    path = make_zip(
        tmp_path / "a.zip",
        [("bomb.html", bytes(20 << 20)), ("huge.html", bytes(40 << 20)), ("a.html", html())],
        method,
    )
    pages, troubles, _ = read(path)
    assert len(pages) == 1
    assert codes(troubles) == ["bomb", "bomb"]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_bombs_that_state_a_small_size(tmp_path: Path, method: int) -> None:
    size = 100 << 20
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        with archive.open("bomb.html", "w") as file:
            for _ in range(100):
                file.write(bytes(1 << 20))
        archive.writestr("a.html", html())
    lie = path.read_bytes().replace(struct.pack("<L", size), struct.pack("<L", 1000))
    path.write_bytes(lie)
    found, peak = in_process(path)
    assert found in (["bomb", "page"], ["too_large", "page"])
    assert peak < 150_000


def test_sizes_that_lie(tmp_path: Path) -> None:
    body = html("x" * 3000)
    path = make_zip(tmp_path / "a.zip", [("a.html", body), ("b.html", html("b"))])
    size = struct.pack("<L", len(body))
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<L", len(body) - 100)))
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html("b")]
    assert codes(troubles) == ["broken_record"]


def test_many_members_on_the_same_bytes(tmp_path: Path) -> None:
    limits = Limits(archive_free_bytes=1 << 20, archive_ratio=10)
    members = [(f"{n}.html", html("x" * 100_000)) for n in range(100)]
    pages, troubles, _ = read(make_zip(tmp_path / "a.zip", members), limits=limits)
    assert 5 < len(pages) < 20
    assert codes(troubles) == ["bomb"]


def test_damage(tmp_path: Path) -> None:
    path = make_zip(
        tmp_path / "a.zip",
        [("a.html", html("a" * 50)), ("b.html", html("b" * 50)), ("c.html", html("c" * 50))],
        zipfile.ZIP_STORED,
    )
    path.write_bytes(path.read_bytes().replace(b"bbbb", b"bXbb", 1))
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html("a" * 50), html("c" * 50)]
    assert codes(troubles) == ["checksum"]


def test_encrypted(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", [("a.html", html("a")), ("b.html", html("b"))])
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html("b")]
    assert codes(troubles) == ["encrypted"]


def test_a_method_that_is_not_known(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", [("a.html", html("a")), ("b.html", html("b"))])
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 10
    data[at : at + 2] = b"\x09\x00"
    path.write_bytes(data)
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html("b")]
    assert codes(troubles) == ["unsupported"]


def test_zip64(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with (
        zipfile.ZipFile(path, "w") as archive,
        archive.open("a.html", "w", force_zip64=True) as file,
    ):
        file.write(html("a"))
    assert [page.body for page in read(path)[0]] == [html("a")]


def test_what_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"")
    (tmp_path / "b.zip").write_bytes(b"no zip at all" * 99)
    pages, troubles, _ = read(tmp_path)
    assert not pages
    assert codes(troubles) == ["empty", "unreadable"]
    make_zip(tmp_path / "c.zip", [])
    assert read(tmp_path / "c.zip")[:2] == ([], [])


def test_a_download_that_was_cut_keeps_its_whole_members(tmp_path: Path) -> None:
    members = [(f"{n}.html", html(str(n) * 500)) for n in range(5)]
    path = make_zip(tmp_path / "a.zip", members)
    data = path.read_bytes()
    last = data.index(b"4.html")
    path.write_bytes(data[: last + 10])
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [body for _, body in members[:4]]
    assert codes(troubles) == ["truncated"]


def test_an_index_that_is_too_large(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", [(f"{n}.html", html()) for n in range(50)])
    pages, troubles, _ = read(path, limits=Limits(zip_index_bytes=1000))
    assert not pages
    assert codes(troubles) == ["too_many"]
    assert codes(read(path, limits=Limits(members=10))[1]) == ["too_many"]


def test_the_end_of_a_zip_within_is_not_taken_for_its_own(tmp_path: Path) -> None:
    inner = make_zip(tmp_path / "inner.zip", [(f"i{n}.html", html(f"i{n}")) for n in range(3)])
    outer = tmp_path / "outer.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        for n in range(4):
            archive.writestr(f"o{n}.html", html(f"o{n}"))
        archive.write(inner, "inner.zip")
        archive.writestr("o9.html", html("o9"))
    data = bytearray(outer.read_bytes())
    data[data.rindex(b"PK\x05\x06") + 2] ^= 0xFF
    outer.write_bytes(data)
    pages, troubles, _ = read(outer)
    assert {html(f"o{n}") for n in (0, 1, 2, 3, 9)} <= {page.body for page in pages}
    assert "truncated" in codes(troubles)
