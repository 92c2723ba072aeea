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
from datetime import UTC, datetime
from typing import BinaryIO

from fastwarc.warc import ArchiveIterator, WarcHeader, WarcRecord, WarcRecordType

from .context import Context
from .http import Response, content_kind, sort_of_type, split_response
from .page import Page, Trouble
from .records import PLAIN, Checked, RecordFile
from .responses import Known, page_of
from .source import Source
from .stamp import END_URI, LARGEST, CrawlEnd, CrawlStamp, end_in, stamp_in
from .unpack import ERRORS, Bad
from .when import Moment
from .write import digest_of

_RESPONSE = WarcRecordType.response
_RESOURCE = WarcRecordType.resource
_REVISIT = WarcRecordType.revisit
_WARCINFO = WarcRecordType.warcinfo
_READ = (_RESPONSE, _RESOURCE, _REVISIT)
_SAYS = (_WARCINFO, WarcRecordType.metadata)
_STAMPS = 1_000  # of one file, which may be many joined together
_HEAD = 64 << 10
_NOT_A_PAGE = -1
_PLACE = re.compile(r"#(\d{1,18})(?:\+(\d{1,9}))?")


class _Stuck(Exception):
    """fastwarc reads on and on without coming to a record."""


class _Watched:
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


def read_warc(source: Source, context: Context) -> Iterator[Page | Trouble]:
    """Yield the pages of a WARC file, in its order."""
    return _Warc(source, context).read()


class _Warc:
    """One WARC file being read."""

    def __init__(self, source: Source, context: Context) -> None:
        self.source = source
        self.file = source.file
        self.where = source.location
        self.context = context
        self.limits = context.limits
        self.on_disk = RecordFile(source.file, source.name)
        self.packed = self.on_disk.magic != PLAIN
        self.block_bytes = self.limits.page_bytes + _HEAD
        self.found = False
        self.member = 0  # start of the member that the last record stands in
        self.batch = False  # the member is known to hold many
        self.stamps: dict[str, CrawlStamp] = {}  # by the identity of the warcinfo record
        self.inside = 0  # records in that member before the last one

    def read(self) -> Iterator[Page | Trouble]:
        """Read record after record, going on behind what is damaged."""
        disk = self.on_disk
        if not disk.size:
            yield Trouble(self.where, "the file is empty; skipped", "empty")
            return
        wanted = _PLACE.fullmatch(self.context.wanted.removeprefix(self.where))
        if wanted is not None:
            yield from self._one(int(wanted[1]), int(wanted[2] or 0))
            return
        start = 0
        while start < disk.size:
            if self.packed and disk.holds_many(start):
                checked = disk.check(start)
                end = self._end_of(start, checked)
                yield from self._batch(start, end, checked)
                start = end
                continue
            held: Page | Trouble | None = None
            at = -1
            wrong: Checked | None = None
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
                yield self._damage(start, error)
                start = disk.next(start + 1)
                continue
            checked = disk.check(at)
            if held is not None and (checked.keep or self.inside):
                yield held
            if wrong is None and not checked.code:
                if checked.more and (error is not None or not self.inside):
                    yield Trouble(
                        f"{self.where}#{at}",
                        f"damaged behind record {self.inside + 1} of this compressed member "
                        f"({error or 'it ends within a record'}); its rest was skipped",
                        "broken_record",
                    )
                start = checked.end
                continue
            if wrong is None:
                wrong = checked
            yield Trouble(
                f"{self.where}#{at}", f"{wrong.reason}; went on with the next record", wrong.code
            )
            start = checked.end if self.inside and not checked.code else disk.next(at + 1)
        if not self.found:
            yield Trouble(self.where, "no WARC record was found in it", "unreadable")

    def _one(self, at: int, inside: int) -> Iterator[Page | Trouble]:
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
                    yield Trouble(self.context.wanted, checked.reason, checked.code)
                return
        except _Stuck:
            yield self._damage(at, "it unpacks to far more than its size and holds no record")
        except ERRORS as error:
            yield self._damage(at, str(error))

    def _damage(self, at: int, error: str | None) -> Trouble:
        """Report that no record can be read at an offset."""
        location = f"{self.where}#{at}"
        if error is not None and error.startswith("it unpacks"):
            return Trouble(location, f"{error}; went on with the next record", "bomb")
        checked = self.on_disk.check(at)
        if error is None or checked.code == "truncated":
            return Trouble(
                location, "the file ends within this record; the record was skipped", "truncated"
            )
        code = "checksum" if checked.code == "checksum" else "broken_record"
        return Trouble(location, f"damaged ({error}); went on with the next record", code)

    def _end_of(self, start: int, checked: Checked) -> int:
        if not checked.code:
            return checked.end
        # Too large to be checked to its end: most likely all of the file, compressed as one.
        return self.on_disk.size if checked.code == "bomb" else self.on_disk.next(start + 1)

    def _batch(self, start: int, end: int, checked: Checked) -> Iterator[Page | Trouble]:
        """Read a compressed member that holds many records, as `gzip crawl.warc` makes it.

        Its checksum stands at its very end, so what is read before is yielded before.
        """
        error: str | None = None
        wrong: Checked | None = None
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
            yield Trouble(
                f"{self.where}#{start}",
                f"{checked.reason}; the records before that were read",
                checked.code,
            )
        elif wrong is not None or error is not None:
            reason = wrong.reason if wrong is not None else f"damaged ({error})"
            yield Trouble(
                f"{self.where}#{start}+{self.inside + (wrong is None)}",
                f"{reason}; the rest of this compressed member was skipped",
                wrong.code if wrong is not None else "broken_record",
            )

    def _records(
        self, start: int, end: int, *, batch: bool = False
    ) -> Iterator[tuple[int, Page | Trouble | None, Checked | None]]:
        """Yield each record from an offset on: where it stands, what it makes, what is wrong."""
        self.file.seek(start)
        self.member, self.inside, self.batch = start, -1, batch
        watched = _Watched(self.file, end, self.limits.silent_seconds)
        for record in ArchiveIterator(watched, parse_http=False):
            watched.reset()
            self.found = True
            at = record.stream_pos
            if batch or (self.packed and self.inside >= 0 and not self.on_disk.begins(at)):
                self.inside += 1
                location = f"{self.where}#{self.member}+{self.inside}"
                at = self.member
            else:
                self.member, self.inside = at, 0
                location = f"{self.where}#{at}"
            self.context.at(self.source, record.stream_pos)
            kind = record.record_type
            if kind in _READ:
                read = self._record(record, kind, at, location)
                yield read
                cut = record.headers.get(WarcHeader.WARC_TRUNCATED)
                if kind == _REVISIT:
                    cut = "once" if isinstance(read[1], Page) and read[1].cut_short else None
                if cut is not None:
                    reason = f"the crawler kept its start only ({cut[:40]})"
                    yield at, Trouble(location, reason, "cut_short"), None
            elif kind in _SAYS:
                yield at, self._stamp(record, location), None
            else:
                yield at, None, None

    def _record(
        self, record: WarcRecord, kind: WarcRecordType, at: int, location: str
    ) -> tuple[int, Page | Trouble | None, Checked | None]:
        length = record.content_length
        if length > self.block_bytes:
            return at, self._too_large(record, kind, location), None
        block: bytes = record.reader.read()
        if len(block) != length:
            return (
                at,
                None,
                Checked(
                    at,
                    "truncated",
                    f"the record states {length:,} bytes and {len(block):,} are there",
                ),
            )
        if kind == _REVISIT:
            return at, self._revisit(record, block, location), None
        headers = record.headers
        if kind == _RESOURCE:
            content_type = headers.get(WarcHeader.CONTENT_TYPE)
            response = Response(None, {}, block)
        else:
            split = split_response(block)
            if split is None:  # a DNS answer, or no HTTP at all
                self.context.pass_over(location, "responses that are no HTTP")
                return at, None, None
            response = split
            content_type = response.headers.get("content-type")
        cut = headers.get(WarcHeader.WARC_TRUNCATED) is not None
        known = self._known(record, content_type, location, cut)
        item = self._counted(page_of(response, known, self.limits), known, response)
        digest = headers.get(WarcHeader.WARC_PAYLOAD_DIGEST)
        if digest and not self.inside and not self.batch:
            place = at if isinstance(item, Page) else _NOT_A_PAGE
            if place == at or item is None:
                key = _key(digest, known.crawl, cut)
                self.context.payloads.add(key, self.source, place)
        return at, item, None

    def _known(
        self, record: WarcRecord, content_type: str | None, location: str, cut_short: bool
    ) -> Known:
        captured = self.context.when(_moment(record.record_date), "warc", self.source.in_path)
        headers = record.headers
        crawl = self.stamps.get(headers.get(WarcHeader.WARC_WARCINFO_ID) or "")
        url = headers.get(WarcHeader.WARC_TARGET_URI)
        return Known(url, captured, content_type, location, crawl, cut_short)

    def _counted(
        self, item: Page | Trouble | None, known: Known, response: Response
    ) -> Page | Trouble | None:
        if item is None:
            sort = sort_of_type(known.content_type, response.status)
            self.context.pass_over(known.location, sort)
        return item

    def _too_large(self, record: WarcRecord, kind: WarcRecordType, location: str) -> Trouble | None:
        """Report a record that is too large for a page, unless it says that it is none."""
        head = record.reader.read(_HEAD)
        content_type = record.headers.get(WarcHeader.CONTENT_TYPE)
        if kind == _RESPONSE:
            response = split_response(head)
            content_type = None if response is None else response.headers.get("content-type")
        if kind != _REVISIT and content_kind(content_type) is False:
            self.context.pass_over(location, sort_of_type(content_type, None))
            return None
        return Trouble(
            location,
            f"{record.content_length:,} bytes, more than the {self.limits.page_bytes:,} "
            "a page may have; skipped",
            "too_large",
        )

    def _revisit(self, record: WarcRecord, block: bytes, location: str) -> Page | Trouble | None:
        """Make a page of a revisit: the bytes of the earlier capture, seen again at this time."""
        digest = record.headers.get(WarcHeader.WARC_PAYLOAD_DIGEST)
        crawl = self.stamps.get(record.headers.get(WarcHeader.WARC_WARCINFO_ID) or "")
        cut_short = False
        place = None
        for run, cut_short in ((crawl, False), (crawl, True), (None, False), (None, True)):
            place = self.context.payloads.find(_key(digest, run, cut_short)) if digest else None
            if place is not None:
                break
        if place is None:
            return Trouble(
                location,
                "a revisit of a page that was not met before it in what is read; skipped",
                "no_original",
            )
        source, offset = place
        if offset == _NOT_A_PAGE:
            self.context.pass_over(location, "revisits of what is no page")
            return None
        original = _original(source, offset, self.block_bytes)
        if original is None:
            return Trouble(
                location,
                f"a revisit of a page that cannot be read again ({source.location}#{offset}); "
                "skipped",
                "no_original",
            )
        stored, content_type = original
        stated = stored
        own = split_response(block)
        if own is not None and own.status != 304:
            stated = Response(own.status, own.headers or stored.headers, b"")
            content_type = own.headers.get("content-type", content_type)
        # WARC-Truncated of the revisit itself says that its block leaves the body out.
        known = self._known(record, content_type, f"{source.location}#{offset}", cut_short)
        return self._counted(page_of(stored, known, self.limits, stated), known, stated)

    def _stamp(self, record: WarcRecord, location: str) -> Trouble | None:
        """Take note of the stamp or the end of a crawl run of this program, if it is one."""
        headers = record.headers
        begins = record.record_type == _WARCINFO
        if not begins and not (headers.get(WarcHeader.WARC_TARGET_URI) or "").startswith(END_URI):
            return None
        block: bytes = record.reader.read(LARGEST + 1)
        if len(block) < min(record.content_length, LARGEST + 1):
            return None  # cut off, which is reported as such
        found: CrawlStamp | CrawlEnd | str | None = stamp_in(block) if begins else end_in(block)
        if found is None:
            return None
        if headers.get(WarcHeader.WARC_BLOCK_DIGEST) != digest_of(block):
            found = "its digest is missing or wrong"
        if isinstance(found, CrawlEnd):
            found = self.context.ended(found)
        elif isinstance(found, CrawlStamp):
            found = self.context.began(found)
        if isinstance(found, CrawlStamp):
            while len(self.stamps) >= _STAMPS:
                del self.stamps[next(iter(self.stamps))]
            self.stamps[headers.get(WarcHeader.WARC_RECORD_ID) or ""] = found
        elif found:
            what = "stamp" if begins else "end"
            return Trouble(location, f"the {what} of a crawl is not used: {found}", "bad_stamp")
        return None


def _key(digest: str, crawl: CrawlStamp | None, cut_short: bool) -> str:
    """A payload's key: runs do not refer to each other's, nor to one that was cut short."""
    return f"{digest} {crawl.run if crawl is not None else ''}{' cut' if cut_short else ''}"


def _moment(at: datetime | None) -> Moment | None:
    if at is None or not 1990 <= at.year <= 2200:
        return None
    return Moment(at if at.tzinfo is UTC else at.astimezone(UTC), "second")


def _original(source: Source, offset: int, limit: int) -> tuple[Response, str | None] | None:
    """Read the record at an offset again: its response and content type."""
    try:
        with source.reopen() as file:
            if RecordFile(file, source.name).check(offset).code:
                return None
            file.seek(offset)
            record = next(iter(ArchiveIterator(file, parse_http=False)), None)
            if record is None or record.content_length > limit:
                return None
            block: bytes = record.reader.read()
            if len(block) != record.content_length:
                return None
            if record.record_type == _RESOURCE:
                return Response(None, {}, block), record.headers.get(WarcHeader.CONTENT_TYPE)
            response = split_response(block)
            if response is None:
                return None
            return response, response.headers.get("content-type")
    except (*ERRORS, Bad):
        return None
