"""Mending what a killed crawl left: cutting off the record that it was writing."""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path
from typing import BinaryIO

from fastwarc.warc import ArchiveIterator, WarcHeader, WarcRecordType

from cryptodrug_scraper.common.locks import try_lock

from .files import location_of
from .held import RecordPlace
from .page import ReadIssue
from .records import GZIP, RecordFile
from .stamp import END_URI, LARGEST, CrawlStamp, stamp_in
from .unpack import ERRORS
from .write import digest_of

_FILE = re.compile(r"([a-z][a-z0-9_]*-\d{8}T\d{6}Z-[0-9a-f]{8})-(\d{5,9})\.warc\.gz")
_TAIL = 256 << 10
_CANDIDATES = 64


def files_of(folder: Path) -> dict[str, list[tuple[int, Path]]]:
    """Return the files of each run in a folder, by the name of its series, in order of number."""
    result: dict[str, list[tuple[int, Path]]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        named = _FILE.fullmatch(path.name)
        if named is not None and path.is_file() and not path.is_symlink():
            result.setdefault(named[1], []).append((int(named[2]), path))
    for files in result.values():
        files.sort()
    return result


def beginning_of(path: Path) -> tuple[str, CrawlStamp] | None:
    """Return the identity and the stamp of the warcinfo record that begins a file of a crawl.

    None if it has no such record, or a damaged one. Raises OSError.
    """
    with path.open("rb", buffering=0) as file:
        return _beginning(file)


def _beginning(file: BinaryIO) -> tuple[str, CrawlStamp] | None:
    file.seek(0)
    try:
        if RecordFile(file.fileno(), "a.warc.gz").check(0).code:
            return None
        for record in ArchiveIterator(file, parse_http=False):
            if record.record_type != WarcRecordType.warcinfo or record.content_length > LARGEST:
                return None
            block: bytes = record.reader.read()
            stamp = stamp_in(block)
            if not isinstance(stamp, CrawlStamp):
                return None
            if record.headers.get(WarcHeader.WARC_BLOCK_DIGEST) != digest_of(block):
                return None
            return record.headers.get(WarcHeader.WARC_RECORD_ID) or "", stamp
    except ERRORS:
        pass
    return None


class Repaired(list[ReadIssue]):
    """What was done, or could not be; ``damaged`` are the stretches that were left as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.damaged: list[RecordPlace] = []


def repair(folder: Path) -> Repaired:
    """Cut a record that is not whole off the end of the files of crawls; say what was done.

    To be called after a crawl was killed, or the power failed, so that every tool can read its
    files. Only the last file of a run can need it (a file is brought to the disk before the next
    is begun), and none that a process writes to is touched. Whole records stay: of a capture
    whose request was cut off, the response. A file without a whole record is removed. Damage that
    whole records follow is left, and reported: readers go on behind it. Raises OSError.
    """
    repaired = Repaired()
    for files in files_of(folder).values():
        path = files[-1][1]
        with path.open("r+b", buffering=0) as file:
            if try_lock(file.fileno()):
                _repair(file, path, repaired)
    return repaired


def _repair(file: BinaryIO, path: Path, repaired: Repaired) -> None:
    fd, where = file.fileno(), location_of(path)
    disk = RecordFile(fd, path.name)
    begun = _beginning(file)
    if begun is None:
        repaired.append(_without_beginning(disk, path, where))
        repaired.damaged += _damaged(disk, path.name)
        return
    identity, stamp = begun
    if _has_ended(fd, disk.size, stamp.run):
        return
    at = whole = 0
    while at < disk.size:
        checked = disk.check(at)
        if not checked.code and not checked.more:
            at = whole = checked.end
            continue
        found = _next_of_ours(disk, at + 1, identity)
        if found == disk.size:
            break
        repaired.damaged.append(RecordPlace(path.name, at, found))
        repaired.append(
            ReadIssue(
                f"{where}#{at}", f"damaged ({checked.reason}); left as it is", "broken_record"
            )
        )
        at = found
    if whole < disk.size:
        cut = disk.size - whole
        os.ftruncate(fd, whole)
        os.fsync(fd)
        repaired.append(
            ReadIssue(
                f"{where}#{whole}", f"{cut:,} bytes of an unfinished record cut off", "truncated"
            )
        )


def _without_beginning(disk: RecordFile, path: Path, where: str) -> ReadIssue:
    """Remove a file in which nothing is whole; leave one whose beginning alone is damaged."""
    if disk.next(1) < disk.size or (disk.size and disk.check(0).code != "truncated"):
        return ReadIssue(where, "its first record is damaged; left as it is", "broken_record")
    path.unlink()
    return ReadIssue(where, f"{disk.size:,} bytes without a whole record; removed", "truncated")


def _damaged(disk: RecordFile, name: str) -> list[RecordPlace]:
    """Return the stretches of a file that are no whole records."""
    result = []
    at = 0
    while at < disk.size:
        checked = disk.check(at)
        if checked.code or checked.more:
            end = disk.next(at + 1)
            result.append(RecordPlace(name, at, end))
        else:
            end = checked.end
        at = end
    return result


def _next_of_ours(disk: RecordFile, at: int, identity: str) -> int:
    """Return where the next whole record of this file begins, the file's size if there is none.

    A page can hold what looks like a record; it cannot know the identity of the file's warcinfo.
    """
    mark = f"WARC-Warcinfo-ID: {identity}\r\n".encode()
    while (at := disk.next(at)) < disk.size:
        head = zlib.decompressobj(31).decompress(disk.pread(32 << 10, at), 32 << 10)
        if mark in head.partition(b"\r\n\r\n")[0] and not disk.check(at).code:
            return at
        at += 1
    return disk.size


def _has_ended(fd: int, size: int, run: str) -> bool:
    """Tell whether the last record is the end of the run: then the file was closed in order."""
    tail = os.pread(fd, _TAIL, max(0, size - _TAIL))
    mark = f"WARC-Target-URI: {END_URI}{run}\r\n".encode()
    at = len(tail)
    for _ in range(_CANDIDATES):
        at = tail.rfind(GZIP, 0, at)
        if at < 0:
            return False
        unit = zlib.decompressobj(31)
        try:
            data = unit.decompress(tail[at:], 2 * LARGEST)
        except ERRORS:
            continue
        if unit.eof and not unit.unused_data and mark in data.partition(b"\r\n\r\n")[0]:
            return True
    return False
