import io
import json
import os
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from cryptodrug_scraper.archive import Limits
from cryptodrug_scraper.archive import tars as module

from .making import codes, html, in_process, make_tar, read

MODES = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}


@pytest.mark.parametrize("suffix", [*MODES, ".tar.zst"])
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_every_kind(tmp_path: Path, suffix: str, form: int) -> None:
    long = "d" * 90 + "/" + "n" * 80 + ".html"
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w", format=form) as archive:
        for name, data in (
            ("./2018-11-19/b.html", html("b")),
            (long, html("long")),
            ("empty.html", b""),
            ("a.png", b"\x89PNG"),
            ("big.html", html("x" * 900_000)),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    path = tmp_path / f"a{suffix}"
    if suffix == ".tar.zst":
        path.write_bytes(zstandard.compress(inner.getvalue()))
    else:
        import bz2
        import gzip
        import lzma

        pack = {"w": bytes, "w:gz": gzip.compress, "w:bz2": bz2.compress, "w:xz": lzma.compress}
        path.write_bytes(pack[MODES[suffix]](inner.getvalue()))
    pages, troubles, reader = read(path)
    assert [page.body for page in pages] == [html("b"), html("long"), html("x" * 900_000)]
    assert pages[0].captured_at == datetime(2018, 11, 19, tzinfo=UTC)
    assert pages[0].location == f"{path}!/./2018-11-19/b.html"
    assert pages[1].location == f"{path}!/{long}"
    assert codes(troubles) == ["empty"]
    assert reader.passed_over.total() == 1


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_sidecars_in_any_order(tmp_path: Path, suffix: str) -> None:
    at = json.dumps({"captured_at": "2018-11-20T05:00:00Z"}).encode()
    path = make_tar(
        tmp_path / f"dream-2018-11-19{suffix}",
        [
            ("x/a.html", html("a")),
            ("filler.html", html(os.urandom(200_000).hex())),
            ("b.html.json", at),
            ("x/b.json", b"{}"),
            ("b.html", html("b")),
            ("c.html", html("c")),
            ("c.json", b"[]"),
            ("x/a.json", at),
            ("c.expected.json", b"x"),
        ],
        MODES[suffix],
    )
    pages, troubles, reader = read(path)
    by = {page.location[-6]: page for page in pages}
    assert by["a"].captured_at == datetime(2018, 11, 20, 5, tzinfo=UTC)
    assert by["b"].captured_from == "sidecar"
    assert by["c"].captured_at == datetime(2018, 11, 19, tzinfo=UTC)
    assert codes(troubles) == ["bad_sidecar"]
    assert reader.passed_over.total() == 2


def test_late_sidecars_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SCOUTED", 100_000)
    at = json.dumps({"captured_at": "2018-11-20T05:00:00Z"}).encode()
    members = [(f"{n}.html", html("x" * 40_000)) for n in range(6)]
    path = make_tar(
        tmp_path / "a.tar.gz",
        [*members, ("0.json", at), ("9.json", at), ("9.html", html("9"))],
        "w:gz",
    )
    pages, troubles, _ = read(path)
    assert len(pages) == 7
    assert codes(troubles) == ["late_sidecar"]
    assert pages[-1].captured_from == "sidecar"


def _special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


@pytest.mark.parametrize("suffix", [".tar", ".tar.xz"])
def test_hostile_members(tmp_path: Path, suffix: str) -> None:
    path = make_tar(
        tmp_path / f"a{suffix}",
        [
            ("../x.html", html("out")),
            ("/etc/x.html", html("out")),
            ("a/b/../../../x.html", html("out")),
            (_special("s.html", tarfile.SYMTYPE, "/etc/passwd"), b""),
            (_special("h.html", tarfile.LNKTYPE, "../../etc/passwd"), b""),
            (_special("c.html", tarfile.CHRTYPE), b""),
            (_special("p.html", tarfile.FIFOTYPE), b""),
            (_special("../d", tarfile.DIRTYPE), b""),
            (_special("d", tarfile.DIRTYPE), b""),
            ("in.tar.gz", b"\x1f\x8b"),
            ("good.html", html("good")),
            ("good.html", html("twice")),
            (".hidden.html", html("hidden")),
        ],
        MODES[suffix],
    )
    pages, troubles, reader = read(path)
    assert [page.body for page in pages] == [html("good")]
    assert codes(troubles) == [
        *["traversal"] * 3,
        "link",
        "link",
        "special",
        "special",
        "traversal",
        "truncated",
        "duplicate",
    ]
    assert reader.passed_over.total() == 1
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz", ".tar.bz2"])
def test_cut_off_at_any_place(tmp_path: Path, suffix: str) -> None:
    bodies = [html(os.urandom(3000).hex()) for _ in range(6)]
    path = make_tar(
        tmp_path / f"a{suffix}", [(f"{n}.html", b) for n, b in enumerate(bodies)], MODES[suffix]
    )
    data = path.read_bytes()
    for cut in range(1, len(data) - 12_000, 997):
        path.write_bytes(data[:cut])
        pages, troubles, _ = read(path)
        assert [page.body for page in pages] == bodies[: len(pages)]
        assert len(pages) < 6 or suffix == ".tar"
        assert len(troubles) in (1, 2), (cut, troubles)
        if suffix == ".tar":
            whole = cut // (512 + 6656)
            assert len(pages) >= min(6, whole)


def test_a_damaged_header_loses_one_member(tmp_path: Path) -> None:
    members = [(f"{n}.html", html(str(n))) for n in range(4)]
    path = make_tar(tmp_path / "a.tar", members)
    data = bytearray(path.read_bytes())
    data[1024 + 5] ^= 0xFF
    path.write_bytes(data)
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html("0"), html("2"), html("3")]
    assert codes(troubles) == ["broken_record"]
    assert troubles[0].location == f"{path}#1024"


def test_a_size_that_lies(tmp_path: Path) -> None:
    members = [(f"{n}.html", html(str(n))) for n in range(4)]
    path = make_tar(tmp_path / "a.tar", members)
    data = bytearray(path.read_bytes())
    info = tarfile.TarInfo("1.html")
    info.size = 1 << 40
    data[1024:1536] = info.tobuf(tarfile.GNU_FORMAT)
    path.write_bytes(data)
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html("0"), html("2"), html("3")]
    assert codes(troubles) == ["truncated"]


def test_joined_tars(tmp_path: Path) -> None:
    one = make_tar(tmp_path / "a.tar", [("a.html", html("a"))]).read_bytes()
    two = make_tar(tmp_path / "b.tar", [("b.html", html("b"))]).read_bytes()
    path = tmp_path / "ab.tar"
    path.write_bytes(one + two)
    pages, troubles, _ = read(path)
    assert [page.body for page in pages] == [html("a"), html("b")]
    assert not troubles


def test_what_is_no_tar(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"")
    (tmp_path / "b.tar").write_bytes(b"no tar" * 1000)
    (tmp_path / "c.tar.gz").write_bytes(b"no tar" * 1000)
    (tmp_path / "d.tar.xz").write_bytes(b"no tar" * 1000)
    (tmp_path / "e.tar.zst").write_bytes(b"no tar" * 1000)
    pages, troubles, _ = read(tmp_path)
    assert not pages
    assert {trouble.location.rpartition("/")[2][:1] for trouble in troubles} == set("abcde")


def test_a_long_name_of_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type = tarfile.GNUTYPE_LONGNAME
    info.size = 400 << 20
    path = tmp_path / "a.tar"
    with path.open("wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.seek(info.size, 1)
        named = tarfile.TarInfo("a.html")
        named.size = 5
        file.write(named.tobuf() + b"<html".ljust(512, b"\0"))
        named = tarfile.TarInfo("b.html")
        named.size = len(html())
        file.write(named.tobuf() + html().ljust(512, b"\0") + bytes(1024))
    found, peak = in_process(path)
    assert found == ["bad_name", "page"]
    assert peak < 150_000


def test_bombs(tmp_path: Path) -> None:
    limits = Limits(page_bytes=1 << 20, archive_free_bytes=8 << 20, archive_ratio=20)
    huge = ("huge.html", bytes(4 << 20))
    path = make_tar(tmp_path / "a.tar.gz", [huge, ("a.html", html())], "w:gz")
    pages, troubles, _ = read(path, limits=limits)
    assert len(pages) == 1
    assert codes(troubles) == ["too_large"]
    path = make_tar(tmp_path / "b.tar.gz", [("a.html", html()), *[huge] * 9], "w:gz")
    pages, troubles, _ = read(path, limits=limits)
    assert len(pages) == 1
    assert codes(troubles)[-1] == "bomb"
    path = make_tar(tmp_path / "c.tar", [(f"{n}.html", html()) for n in range(9)])
    pages, troubles, _ = read(path, limits=Limits(members=5))
    assert len(pages) == 5
    assert codes(troubles) == ["too_many"]


def test_a_sparse_member(tmp_path: Path) -> None:
    info = tarfile.TarInfo("a.html")
    info.type = tarfile.GNUTYPE_SPARSE
    path = make_tar(tmp_path / "a.tar", [(info, b""), ("b.html", html())])
    pages, troubles, _ = read(path)
    assert len(pages) == 1
    assert codes(troubles) == ["special"]


def test_a_checksum_at_the_end(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar.gz", [("a.html", html("a"))], "w:gz")
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(data)
    pages, troubles, _ = read(path)
    assert len(pages) == 1
    assert codes(troubles) == ["checksum"]
