"""Our own samples of archives, damaged: read on, and never a page less without a word."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import re
import signal
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cryptodrug_scraper.archive import Limits, Page, ReadIssue, formats
from tests.archive.making import codes, html, read
from tests.conftest import FIXTURES

ARCHIVES = FIXTURES / "archives"
SAMPLES = sorted(
    str(path.relative_to(ARCHIVES))
    for folder in ("har", "mhtml", "packed", "tables", "warc")
    for path in (ARCHIVES / folder).iterdir()
    if path.is_file()
)
SECONDS = 60


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Fail where reading does not come to its end."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt("it reads on and on")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def damaged(path: Path, data: bytes) -> tuple[list[Page], list[ReadIssue]]:
    path.write_bytes(data)
    with at_most(SECONDS):
        pages, troubles, _ = read(path, limits=Limits(silent_seconds=2))
    return pages, troubles


@pytest.mark.parametrize("name", SAMPLES)
def test_bytes_changed_anywhere_end_no_run(name: str, tmp_path: Path) -> None:
    chance = random.Random(name)
    data = (ARCHIVES / name).read_bytes()
    for _ in range(12):
        other = bytearray(data)
        for at in chance.choices(range(len(data)), k=3):
            other[at] ^= 0x55
        damaged(tmp_path / Path(name).name, bytes(other))


def test_a_member_that_is_longer_than_its_archive_does_not_hang(tmp_path: Path) -> None:
    data = bytearray((ARCHIVES / "warc/crawl.wacz").read_bytes())
    for at in (4146, 9075, 14201):
        data[at] ^= 0x55
    pages, troubles = damaged(tmp_path / "a.wacz", bytes(data))
    assert len(pages) >= 3
    assert troubles


def test_a_schema_of_a_database_that_is_no_text_is_named(tmp_path: Path) -> None:
    data = (ARCHIVES / "tables/pages.sqlite").read_bytes()
    begins = data.index(b"CREATE TABLE")
    found = []
    for at in range(begins - 60, begins + 100):
        pages, troubles = damaged(tmp_path / "a.sqlite", data[:at] + b"\xef" + data[at + 1 :])
        assert pages or troubles, at
        found += [trouble.reason for trouble in troubles]
    assert any("can't decode" in reason for reason in found)


def test_what_a_reader_raises_names_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reader(*_: object) -> Iterator[Page]:
        raise LookupError("unforeseen\nof a library")
        yield

    monkeypatch.setitem(formats.FORMATS, "sqlite", reader)
    _, troubles = damaged(tmp_path / "a.sqlite", (ARCHIVES / "tables/pages.sqlite").read_bytes())
    assert codes(troubles) == ["unreadable"]
    assert "LookupError: unforeseen of a library" in troubles[0].reason


def test_no_record_of_a_plain_warc_is_lost_in_silence(tmp_path: Path) -> None:
    chance = random.Random(5)
    data = bz2.decompress((ARCHIVES / "warc/crawl.warc.bz2").read_bytes())
    whole = damaged(tmp_path / "a.warc", data)
    assert (len(whole[0]), whole[1]) == (5, [])
    heads = [match.start() for match in re.finditer(rb"WARC/1\.\d\r\n", data)]
    places = [start + chance.randrange(500) for start in heads for _ in range(6)]
    places += [start + byte for start in heads for byte in range(10)]
    for at in places:
        for other in (
            data[:at] + data[at + 100 :],
            data[:at] + bytes(512) + data[at + 512 :],
            data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :],
        ):
            pages, troubles = damaged(tmp_path / "a.warc", other)
            assert len(pages) == 5 or troubles, at


@pytest.mark.parametrize("name", ["packed/pages.zip", "warc/old.arc", "warc/crawl.warc.bz2"])
def test_an_archive_whose_beginning_is_damaged_is_not_one_page(name: str, tmp_path: Path) -> None:
    data = (ARCHIVES / name).read_bytes()
    data = bz2.decompress(data) if name.endswith(".bz2") else data
    whole = len(damaged(tmp_path / "a", data)[0])
    for at in range(9):
        other = data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]
        pages, troubles = damaged(tmp_path / "a", other)
        assert len(pages) == whole or troubles, at
        assert not any(page.location == str(tmp_path / "a") for page in pages)


def _packed_samples() -> dict[str, tuple[int, bytes]]:
    """Archives and compressed pages, with how many of their first bytes say what they are."""
    page = html("y" * 9_000 + random.Random(3).randbytes(9_000).hex())
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.html", page)
    return {
        "gzip": (2, gzip.compress(page)),
        "bzip2": (3, bz2.compress(page)),
        "xz": (6, lzma.compress(page)),
        "zip": (4, made.getvalue()),
    }


@pytest.mark.parametrize("sort", ["gzip", "bzip2", "xz", "zip"])
def test_what_begins_as_an_archive_is_named_where_it_is_damaged(sort: str, tmp_path: Path) -> None:
    """Without a suffix, in a folder: cut off anywhere, or changed right after its mark."""
    begins, data = _packed_samples()[sort]
    folder = tmp_path / "saved"
    folder.mkdir()
    cuts = (begins, begins + 1, 12, 24, 30, 40, 60, 300, len(data) // 2, len(data) - 5)
    spoilt = {f"cut-{at}": data[:at] for at in cuts}
    for at in (begins, begins + 2, begins + 6, 20):
        changed = bytes(byte ^ 0x5A for byte in data[at : at + 12])
        spoilt[f"changed-{at}"] = data[:at] + changed + data[at + 12 :]
    for name, content in spoilt.items():
        (folder / name).write_bytes(content)
    pages, troubles, _ = read(folder)
    heard = [*(p.location for p in pages), *(t.location for t in troubles)]
    for name in spoilt:
        assert any(str(folder / name) in location for location in heard), name
