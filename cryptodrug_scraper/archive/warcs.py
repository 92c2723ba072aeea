"""WARC files, plain, gzip or zstd, through fastwarc.

fastwarc stops at the first damage and ends without a word where a file is cut off. So a page is
held back until the next record begins (a gzip member's checksum stands behind its content), the
file's end is checked, and after damage the next record is looked for (:mod:`.records`).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from fastwarc.warc import ArchiveIterator, WarcHeader, WarcRecord

from .context import ReadContext
from .packed import read_packed
from .page import Page, ReadIssue
from .records import GZIP, PLAIN, RecordCheck, RecordFile
from .revisits import RecordOffset
from .source import Source
from .unpack import ERRORS
from .warc_pages import RecordReader

_MARKS = (WarcHeader.WARC_RECORD_ID, WarcHeader.WARC_TARGET_URI, WarcHeader.WARC_DATE)
_PLACE = re.compile(r"#(\d{1,18})(?:\+(\d{1,9}))?")


class _Stuck(Exception):
    """fastwarc reads on and on without coming to a record."""


class _CountedStream:
    """The file as fastwarc reads it."""

    def __init__(self, file: BinaryIO, end: int, seconds: float) -> None:
        self._file = file
        self._end = end
        self._seconds = seconds
        self._at = file.tell()
        self.reset()

    def reset(self) -> None:
        """Begin to count anew: the caller has its record."""
        self._until = time.thread_time() + self._seconds

    def read(self, size: int = -1) -> bytes:
        """Read from the file."""
        if time.thread_time() > self._until:
            raise _Stuck
        left = max(0, self._end - self._at)
        self._file.seek(self._at)  # others read from it as well
        data = self._file.read(left if size < 0 or size > left else size)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to an offset."""
        self._at = self._file.seek(
            offset + (self._at if whence == os.SEEK_CUR else 0),
            os.SEEK_END if whence == os.SEEK_END else os.SEEK_SET,
        )
        return self._at

    def tell(self) -> int:
        """Return the offset."""
        return self._at

    def close(self) -> None:
        """Leave the file open: it is read again after damage."""


def read_warc(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the pages of a WARC file, in its order."""
    return _Warc(source, context).read()


class _Warc:
    """One WARC file being read."""

    def __init__(self, source: Source, context: ReadContext) -> None:
        self.source = source
        self.file = source.file
        self.where = source.location
        self.context = context
        self.limits = context.limits
        self.records = RecordReader(source, context)
        self.on_disk = RecordFile(source.file, source.name)
        self.packed = self.on_disk.magic != PLAIN
        self.any_record = False
        # fastwarc reads heads that end in LF alone only where it passes over damage in silence.
        self.lenient = self.on_disk.head_ends_in_lf(0)
        self.member = 0  # start of the member that the last record stands in
        self.inside = 0  # records in that member before the last one

    def read(self) -> Iterator[Page | ReadIssue]:
        """Read record after record, going on behind what is damaged."""
        disk = self.on_disk
        if not disk.size:
            yield ReadIssue(self.where, "the file is empty; skipped", "empty")
            return
        wanted = _PLACE.fullmatch(self.context.wanted.removeprefix(self.where))
        if wanted is not None:
            yield from self._one(int(wanted[1]), int(wanted[2] or 0))
            return
        if disk.splits_records():
            form = self.source.form
            packing = "gz" if disk.magic == GZIP else "zst"
            unpacked = replace(self.source, form=form._replace(format="packed", packing=packing))
            yield from read_packed(unpacked, self.context)
            return
        start = 0
        while start < disk.size:
            if self.packed and disk.holds_many(start):
                checked = disk.check(start)
                end = self._end_of(start, checked)
                yield from self._batch(start, end, checked)
                start = end
                continue
            held: Page | ReadIssue | None = None
            at = -1
            wrong: RecordCheck | None = None
            error: str | None = None
            try:
                for at, item, wrong in self._records(start, disk.size):  # noqa: B007 (used below)
                    if held is not None:
                        yield held
                    held = item
                    if wrong is not None:
                        break
            except _Stuck:
                error = "it unpacks to far more than its size and holds no record"
            except ERRORS as raised:
                error = str(raised)
            if at < 0:
                if error is None and disk.only_padding(start):
                    break
                if not self.lenient and disk.head_ends_in_lf(start):
                    self.lenient = True
                    continue
                yield self._damage(start, error)
                start = disk.next(start + 1)
                continue
            checked = disk.check(at)
            if held is not None and (checked.keep or self.inside):
                yield held
            if wrong is None and not checked.code:
                if checked.more and (error is not None or not self.inside):
                    yield ReadIssue(
                        f"{self.where}#{at}",
                        f"damaged behind record {self.inside + 1} of this compressed member "
                        f"({error or 'it ends within a record'}); its rest was skipped",
                        "broken_record",
                    )
                start = checked.end
                continue
            if wrong is None:
                wrong = checked
            yield ReadIssue(
                f"{self.where}#{at}", f"{wrong.reason}; went on with the next record", wrong.code
            )
            start = checked.end if self.inside and not checked.code else disk.next(at + 1)
        if not self.any_record:
            yield ReadIssue(self.where, "no WARC record was found in it", "unreadable")
        yield from self.records.undated()

    def _one(self, at: int, inside: int) -> Iterator[Page | ReadIssue]:
        """Read one record, and the stamp of the file: the record at an offset, or behind it."""
        disk = self.on_disk
        try:
            if at and not (self.packed and disk.holds_many(0)):
                next(self._records(0, disk.size), None)
            many = self.packed and disk.holds_many(at)
            for _, item, wrong in self._records(at, disk.size, batch=many):
                if self.inside < inside:
                    continue
                checked = wrong or disk.check(self.member)
                if item is not None and (not checked.code or many or checked.keep):
                    yield item
                elif checked.code:
                    yield ReadIssue(self.context.wanted, checked.reason, checked.code)
                return
        except _Stuck:
            yield self._damage(at, "it unpacks to far more than its size and holds no record")
        except ERRORS as error:
            yield self._damage(at, str(error))

    def _damage(self, at: int, error: str | None) -> ReadIssue:
        """Report that no record can be read at an offset."""
        location = f"{self.where}#{at}"
        if error is not None and error.startswith("it unpacks"):
            return ReadIssue(location, f"{error}; went on with the next record", "bomb")
        checked = self.on_disk.check(at)
        if error is None or checked.code == "truncated":
            return ReadIssue(
                location, "the file ends within this record; the record was skipped", "truncated"
            )
        if checked.code == "bomb":
            return ReadIssue(location, f"{checked.reason}; went on with the next record", "bomb")
        code = "checksum" if checked.code == "checksum" else "broken_record"
        return ReadIssue(location, f"damaged ({error}); went on with the next record", code)

    def _end_of(self, start: int, checked: RecordCheck) -> int:
        if not checked.code:
            return checked.end
        # Too large to be checked to its end: most likely all of the file, compressed as one.
        return self.on_disk.size if checked.code == "bomb" else self.on_disk.next(start + 1)

    def _batch(self, start: int, end: int, checked: RecordCheck) -> Iterator[Page | ReadIssue]:
        """Read a compressed member that holds many records, as `gzip crawl.warc` makes it.

        Its checksum stands at its very end, so what is read before is yielded before.
        """
        error: str | None = None
        wrong: RecordCheck | None = None
        try:
            for _, item, wrong in self._records(start, end, batch=True):
                if item is not None:
                    yield item
                if wrong is not None:
                    break
        except _Stuck:
            error = "it unpacks to far more than its size and holds no record"
        except ERRORS as raised:
            error = str(raised)
        if checked.code and checked.code != "bomb":
            yield ReadIssue(
                f"{self.where}#{start}",
                f"{checked.reason}; the records before that were read",
                checked.code,
            )
        elif wrong is not None or error is not None:
            reason = wrong.reason if wrong is not None else f"damaged ({error})"
            yield ReadIssue(
                f"{self.where}#{start}+{self.inside + (wrong is None)}",
                f"{reason}; the rest of this compressed member was skipped",
                wrong.code if wrong is not None else "broken_record",
            )

    def _records(
        self, start: int, end: int, *, batch: bool = False
    ) -> Iterator[tuple[int, Page | ReadIssue | None, RecordCheck | None]]:
        """Yield each record from an offset on: where it stands, what it makes, what is wrong."""
        self.file.seek(start)
        self.member, self.inside = start, -1
        behind = start  # where the last record ended: fastwarc passes over damage in silence
        watched = _CountedStream(self.file, end, self.limits.silent_seconds)
        for record in ArchiveIterator(watched, parse_http=False, quirks_mode=self.lenient):
            watched.reset()
            self.any_record = True
            at = record.stream_pos
            wrong: RecordCheck | None = None
            if batch or (self.inside >= 0 and self.packed and not self._begins(record)):
                self.inside += 1
                at = self.member
            else:
                if self.packed and self.lenient and self.inside >= 0:
                    behind = max(behind, self.on_disk.check(self.member).end)
                silent = self.lenient or not self.packed
                if silent and behind < at and not self.on_disk.only_padding(behind, at):
                    reason = "damaged; went on with the next record"
                    yield at, ReadIssue(f"{self.where}#{behind}", reason, "broken_record"), None
                self.member, self.inside = at, 0
                if not self.packed:
                    wrong = self.on_disk.check(at)
                    behind = wrong.end
            self.context.at(self.source, record.stream_pos)
            if wrong is not None and wrong.code:
                yield at, None, wrong
                return
            place = RecordOffset(self.source, at, self.inside)
            yield from ((at, item, wrong) for item, wrong in self.records.read(record, place))

    def _begins(self, record: WarcRecord) -> bool:
        """Tell whether a record is the first of its compressed member."""
        if record.stream_pos == self.member:
            return False
        headers = record.headers
        marks = [headers.get(name) for name in _MARKS]
        return self.on_disk.begins_with(
            record.stream_pos, [mark.encode("utf-8", "replace") for mark in marks if mark]
        )
