from __future__ import annotations

import gzip
import os
import random
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from cryptodrug_scraper.archive import CrawlArchive, CrawlEnd, Written, repair

from .crawling import NAME, NOON, RUN, check_valid, stamp, write
from .making import codes, gz, html, read, record

BODY = html("a page " * 300)
FIRST = f"{NAME}-00000.warc.gz"


def small_archive(folder: Path, end: CrawlEnd | None = None) -> tuple[bytes, list[Written]]:
    """A file of four captures (one a revisit, one that quotes a record); its bytes."""
    quoting = html("x" * 1_100) + gz(record(html("quoted"))) * 2
    with CrawlArchive(folder, stamp()) as archive:
        written = [write(archive, body) for body in (BODY, html("2"), quoting, BODY)]
        archive.close(end)
    return (folder / FIRST).read_bytes(), written


def members(data: bytes) -> list[int]:
    """Where the gzip members of a file end."""
    ends = [0]
    while ends[-1] < len(data):
        unit = zlib.decompressobj(31)
        unit.decompress(data[ends[-1] :])
        ends.append(len(data) - len(unit.unused_data))
    return ends[1:]


def test_cut_off_at_every_byte(tmp_path: Path) -> None:
    data, written = small_archive(tmp_path)
    path = tmp_path / FIRST
    ends = members(data)
    assert len(ends) == 9
    for cut in range(len(data) + 1):
        path.write_bytes(data[:cut])
        troubles = repair(tmp_path)
        whole = [end for end in ends if end <= cut]
        if not whole:
            assert not path.exists()
            assert codes(troubles) == ["truncated"]
            continue
        assert path.read_bytes() == data[: whole[-1]]
        assert codes(troubles) == ([] if whole[-1] == cut else ["truncated"])
        assert repair(tmp_path) == []
        if cut in ends or cut - 1 in ends:  # else as before
            check_valid(tmp_path)
            pages, unread, _ = read(tmp_path)
            responses = len(whole) // 2  # the warcinfo record, then two for each capture
            assert pages == [one.page for one in written[:responses]]
            assert not unread
    assert len(read(tmp_path)[0]) == 4


@pytest.mark.parametrize("junk", [bytes(5_000), b"\x1f\x8b\x08" + bytes(9), os.urandom(300)])
def test_what_a_power_cut_leaves_at_the_end(tmp_path: Path, junk: bytes) -> None:
    data, written = small_archive(tmp_path)
    for end in members(data):
        (tmp_path / FIRST).write_bytes(data[:end] + junk)
        assert codes(repair(tmp_path)) == ["truncated"]
        assert (tmp_path / FIRST).read_bytes() == data[:end]
    assert read(tmp_path)[0] == [one.page for one in written]


def test_damage_that_whole_records_follow_is_left(tmp_path: Path) -> None:
    data, written = small_archive(tmp_path)
    ends = members(data)
    for at in range(ends[0], ends[-2], 7):
        damaged = bytearray(data)
        damaged[at] ^= 0x55
        (tmp_path / FIRST).write_bytes(damaged + data[ends[0] : ends[0] + 100])
        troubles = repair(tmp_path)
        assert (tmp_path / FIRST).read_bytes() == damaged, at
        assert codes(troubles) in (["broken_record", "truncated"], ["truncated"]), at
        # One that is damaged, with what refers to it: and another where its frame was hit.
        assert len(read(tmp_path)[0]) >= len(written) - 2


def test_a_damaged_beginning_is_left(tmp_path: Path) -> None:
    data, _ = small_archive(tmp_path)
    damaged = data[:50] + b"\xff" + data[51:]
    (tmp_path / FIRST).write_bytes(damaged)
    assert codes(repair(tmp_path)) == ["broken_record"]
    assert (tmp_path / FIRST).read_bytes() == damaged


def test_a_record_that_a_page_quotes_is_not_taken_for_one(tmp_path: Path) -> None:
    """Cut off just behind it, the file ends with what looks like a whole record."""
    quoted = gz(record(os.urandom(40)))
    with CrawlArchive(tmp_path, stamp()) as archive:
        first = write(archive, BODY)
        size = (tmp_path / FIRST).stat().st_size
        noise = os.urandom(80_000)
        write(archive, html("x" * 1_100) + noise + quoted + noise)
    data = (tmp_path / FIRST).read_bytes()
    at = data.index(quoted, size)  # as it is: gzip cannot make random bytes smaller
    (tmp_path / FIRST).write_bytes(data[: at + len(quoted)])
    assert codes(repair(tmp_path)) == ["truncated"]
    assert read(tmp_path)[0] == [first.page]


def test_files_that_need_no_mending_are_left(tmp_path: Path) -> None:
    end = CrawlEnd(RUN, NOON, "complete", {"pages": 1})
    small_archive(tmp_path, end)
    (tmp_path / "notes.txt").write_bytes(b"half a")
    (tmp_path / "other.warc.gz").write_bytes(gz(record(html()))[:-5])
    (tmp_path / f"{NAME}-00007.warc.gz").symlink_to(tmp_path / "other.warc.gz")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert repair(tmp_path) == []
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert repair(tmp_path / "none") == []


def test_a_file_that_is_written_to_is_left(tmp_path: Path) -> None:
    with CrawlArchive(tmp_path, stamp()) as archive:
        written = write(archive, BODY)
        with (tmp_path / FIRST).open("ab") as file:
            file.write(b"\x1f\x8b\x08 being written")
        assert repair(tmp_path) == []
    assert codes(repair(tmp_path)) == ["truncated"]
    assert read(tmp_path)[0] == [written.page]


def test_only_the_last_file_of_each_run_is_looked_at(tmp_path: Path) -> None:
    for run in (RUN, "f" * 32):
        with CrawlArchive(tmp_path, stamp(run), rotate_bytes=1) as archive:
            for n in range(3):
                write(archive, html(str(n)))
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes() + b"junk")
    assert len(repair(tmp_path)) == 2


KILLED = """
import itertools, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.archive.crawling import stamp, write
from tests.archive.making import html
from cryptodrug_scraper.archive import CrawlArchive, repair

folder = Path(sys.argv[2])
repair(folder)
archive = CrawlArchive(folder, stamp(), rotate_bytes=60_000)
for n in itertools.count():
    written = write(archive, html(f"{os.getpid()} {n} " + os.urandom(n % 40 * 200).hex()))
    print(written.location, flush=True)
    if n % 10 == 9:
        archive.take_back(written)
        print("-", flush=True)
"""


def test_killed_again_and_again(tmp_path: Path) -> None:
    folder = tmp_path / "crawl"
    rng = random.Random(4)
    acknowledged: list[str] = []
    torn = 0
    root = str(Path(__file__).parents[2])
    for _ in range(12):
        run = subprocess.Popen(
            [sys.executable, "-c", KILLED, root, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert run.stdout is not None
        try:
            said = [run.stdout.readline() for _ in range(rng.randrange(1, 120))]
        finally:
            os.kill(run.pid, signal.SIGKILL)
            run.wait(10)
        said += run.stdout.readlines()
        run.stdout.close()
        for number, line in enumerate(said):
            if not line.endswith("\n"):
                continue
            last = number == len(said) - 1
            if line == "-\n":
                acknowledged.pop()
            elif not (last and number % 11 == 9):  # it may have been taken back, and not said
                acknowledged.append(line.strip())
        # What was being written is cut short here as a kill within it would.
        newest = max(folder.iterdir())
        with newest.open("ab") as file:
            file.write(gz(record(html("torn")))[: rng.randrange(1, 90)])
        torn += len(repair(folder))
        check_valid(folder)
    pages, troubles, _ = read(folder)
    assert not troubles
    assert torn >= 12
    assert len(acknowledged) > 100
    locations = [page.location for page in pages]
    assert set(acknowledged) <= set(locations)
    # A capture may be there that was not acknowledged: one for each kill.
    assert len(locations) <= len(acknowledged) + 12


def test_a_capture_without_its_request_is_read(tmp_path: Path) -> None:
    data, written = small_archive(tmp_path)
    ends = members(data)
    (tmp_path / FIRST).write_bytes(data[: ends[1] + 10])  # warcinfo, response, 10 bytes
    (trouble,) = repair(tmp_path)
    assert trouble.location == f"{tmp_path / FIRST}#{ends[1]}"
    assert trouble.reason == "10 bytes of an unfinished record cut off"
    assert check_valid(tmp_path) == 2
    assert read(tmp_path)[0] == [written[0].page]
    assert b"WARC-Type: request" not in gzip.decompress((tmp_path / FIRST).read_bytes())
