"""The pages that the records of web archives are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from fastwarc.warc import WarcHeader, WarcRecord, WarcRecordType

from .context import ReadContext
from .http import Response, content_kind, sort_of_type, split_response
from .invented import FIELD, says_invented
from .names import shown
from .page import Page, ReadIssue
from .records import RecordCheck, RecordFile
from .responses import KnownCapture, page_of
from .revisits import RecordOffset, Revisit
from .segments import First, Segment
from .source import Source
from .stamp import END_URI, LARGEST, CrawlEnd, CrawlStamp, end_in, stamp_in
from .when import stated
from .write import REFERS_TO_FILE, REFERS_TO_OFFSET, digest_of

_RESPONSE = WarcRecordType.response
_RESOURCE = WarcRecordType.resource
_REVISIT = WarcRecordType.revisit
_WARCINFO = WarcRecordType.warcinfo
_CONTINUATION = WarcRecordType.continuation
_READ = (_RESPONSE, _RESOURCE, _REVISIT, _CONTINUATION)
_SAYS = (_WARCINFO, WarcRecordType.metadata)
_SEGMENT_NUMBER, _SEGMENT_TOTAL = "WARC-Segment-Number", "WARC-Segment-Total-Length"
_KINDS = (*_READ, *_SAYS, WarcRecordType.request, WarcRecordType.conversion)
_STAMPS = 1_000  # of one file, which may be many joined together
_HEAD = 64 << 10
_NOT_A_PAGE = -1
_HTTP = re.compile(r"\s*<?https?:", re.IGNORECASE)
_OFFSET = re.compile(r"[0-9]{1,18}")

Item = tuple[Page | ReadIssue | None, RecordCheck | None]
"""What a record makes, and what is wrong with the record itself."""


class Stored(NamedTuple):
    """A response as an archive has it: where, what the record says of it, and its bytes."""

    place: RecordOffset
    url: str | None
    date: str | None
    response: Response
    content_type: str | None
    crawl: CrawlStamp | None = None
    cut_short: bool = False
    digest: str | None = None
    identity: str | None = None
    split: bool = False
    invented: bool = False


class RecordReader:
    """Makes pages of the records of one source."""

    def __init__(self, source: Source, context: ReadContext) -> None:
        self.source = source
        self.context = context
        self.limits = context.limits
        self.stamps: dict[str, CrawlStamp] = {}  # by the identity of the warcinfo record
        self._undated = 0
        self._date = ""

    def read(self, record: WarcRecord, place: RecordOffset) -> Iterator[Item]:
        """Yield what a record makes: nothing, a page, what is wrong."""
        kind = _kind(record)
        if kind in _READ:
            item, wrong = self._record(record, kind, place)
            yield item, wrong
            cut = record.headers.get(WarcHeader.WARC_TRUNCATED)
            if kind == _REVISIT:
                cut = "once" if isinstance(item, Page) and item.cut_short else None
            if cut is not None:
                reason = f"the crawler kept its start only ({cut[:40]})"
                yield ReadIssue(place.location, reason, "cut_short"), None
        elif kind in _SAYS:
            yield self._stamp(record, place.location), None
        elif kind in (WarcRecordType.no_type, WarcRecordType.unknown):
            yield self._unknown(record, place.location), None
        else:
            if kind == WarcRecordType.conversion:
                self.context.pass_over(place.location, f"{kind} records")
            yield None, None

    def _unknown(self, record: WarcRecord, location: str) -> ReadIssue | None:
        """Name a record whose type is damaged; pass over one of a type that others invented."""
        stated = (record.headers.get("WARC-Type") or "").strip()
        if stated and split_response(record.reader.read(_HEAD)) is None:
            self.context.pass_over(location, "records of unknown types")
            return None
        reason = "the record states no type" if not stated else f"its type {stated[:40]!r} is none"
        return ReadIssue(location, f"{reason}; skipped", "broken_record")

    def page(self, stored: Stored) -> Page | ReadIssue | None:
        """Make a page of a response; remember where it lies, for revisits of it."""
        location = stored.place.location
        captured = self._captured(stored.date, stored.url)
        known = KnownCapture(
            stored.url,
            captured,
            stored.content_type,
            location,
            stored.crawl,
            stored.cut_short,
            stored.invented,
        )
        item = page_of(stored.response, known, self.limits)
        if item is None:
            sort = sort_of_type(stored.content_type, stored.response.status)
            self.context.pass_over(location, sort)
        # A part alone is not the bytes that a revisit means.
        if (item is None or isinstance(item, Page)) and not stored.split:
            digest = stored.digest
            place = stored.place if item is not None else RecordOffset(self.source, _NOT_A_PAGE)
            self.context.revisits.met(
                _key(digest, stored.crawl, stored.cut_short) if digest else None,
                _names(stored.identity, stored.url, stored.date),
                place,
            )
        return item

    def no_http(self, location: str, url: str | None, content_type: str | None) -> ReadIssue | None:
        """Name a response that should be one of HTTP; pass over others, as of DNS."""
        kind = (content_type or "").strip().lower()
        if kind.startswith("application/http") or (not kind and _HTTP.match(url or "")):
            reason = "the response is no HTTP, so it is damaged; skipped"
            return ReadIssue(location, reason, "broken_record")
        self.context.pass_over(location, "responses that are no HTTP")
        return None

    def undated(self) -> Iterator[ReadIssue]:
        """Say how many records stated a time that cannot be used."""
        if self._undated:
            yield ReadIssue(
                self.source.location,
                "the capture time that records state cannot be used, as it is a year or a month "
                f"alone or no date: {self._undated:,} times, first {self._date!r}",
                "bad_date",
            )

    def _captured(
        self, date: str | None, url: str | None
    ) -> tuple[datetime | None, str | None, str | None]:
        moment = stated(date) if date else None
        if moment is None:
            moment = self.source.times.get(url or "")
            if moment is None and date:
                self._undated += 1
                self._date = self._date or shown(date[:40])
        return self.context.when(moment, "warc", self.source.in_path)

    def _record(self, record: WarcRecord, kind: WarcRecordType, place: RecordOffset) -> Item:
        length = _length(record)
        if length > self.limits.block_bytes:
            return self._too_large(record, kind, place.location), None
        block: bytes = record.reader.read()
        if record.content_length < length and not place.inside:  # fastwarc did not know its length
            file = RecordFile(self.source.file, self.source.name)
            block = file.block(place.offset, length) or block
        if len(block) != length:
            reason = f"the record states {length:,} bytes and {len(block):,} are there"
            return None, RecordCheck(place.offset, "truncated", reason)
        headers = record.headers
        if kind == _REVISIT:
            return self._revisit(record, block, place), None
        if kind == _CONTINUATION:
            return self._segment(First(place, kind, headers, None), block), None
        crawl = self.stamps.get(headers.get(WarcHeader.WARC_WARCINFO_ID) or "")
        first = First(place, kind, headers, crawl)
        if headers.get(WarcHeader.WARC_SEGMENT_NUMBER):
            if content_kind(_response(first, block)[1]) is not False:
                return self._segment(first, block), None
            self.context.segments.refuse(headers.get(WarcHeader.WARC_RECORD_ID) or "")
        return self._response(first, block), None

    def _response(
        self, first: First, block: bytes, *, split: bool = False
    ) -> Page | ReadIssue | None:
        """Make a page of a response or resource."""
        headers, place = first.headers, first.place
        response, content_type = _response(first, block)
        if response is None:
            url = headers.get(WarcHeader.WARC_TARGET_URI)
            return self.no_http(place.location, url, headers.get(WarcHeader.CONTENT_TYPE))
        stored = Stored(
            place,
            headers.get(WarcHeader.WARC_TARGET_URI),
            headers.get(WarcHeader.WARC_DATE),
            response,
            content_type,
            first.crawl,
            headers.get(WarcHeader.WARC_TRUNCATED) is not None,
            headers.get(WarcHeader.WARC_PAYLOAD_DIGEST),
            headers.get(WarcHeader.WARC_RECORD_ID),
            split,
            says_invented(headers.get(FIELD)),
        )
        item = self.page(stored)
        if item is None and first.kind == _RESPONSE and b"\x00" in block.partition(b"\r\n\r\n")[0]:
            reason = "the head of the response is damaged (zero bytes); skipped"
            return ReadIssue(place.location, reason, "broken_record")
        return item

    def _segment(self, first: First, block: bytes) -> Page | ReadIssue | None:
        """Take a segment of a record, if it is not damaged; make a page when all are there."""
        headers, place = first.headers, first.place
        names = (WarcHeader.WARC_SEGMENT_ORIGIN_ID, _SEGMENT_NUMBER, _SEGMENT_TOTAL)
        origin, number, total = ((headers.get(name) or "").strip() for name in names)
        begins = first.kind != _CONTINUATION
        if begins:
            origin = headers.get(WarcHeader.WARC_RECORD_ID) or ""
        if not number.isdecimal() or not origin or (int(number) == 1) != begins:
            reason = "a segment of a record that does not state which; skipped"
            return ReadIssue(place.location, reason, "broken_record")
        if (
            not place.inside
            and not RecordFile(self.source.file, self.source.name).check(place.offset).keep
        ):  # which is reported where it was read
            return None
        length = int(total) if total.isdecimal() else None
        segment = Segment(place.location, int(number), block, length)
        result = self.context.segments.add(origin, segment, first if begins else None)
        if result is None or isinstance(result, ReadIssue):
            return result
        return self._response(*result, split=True)

    def _too_large(
        self, record: WarcRecord, kind: WarcRecordType, location: str
    ) -> ReadIssue | None:
        """Report a record that is too large for a page, unless it says that it is none."""
        head = record.reader.read(_HEAD)
        content_type = record.headers.get(WarcHeader.CONTENT_TYPE)
        if kind == _RESPONSE:
            response = split_response(head)
            content_type = None if response is None else response.headers.get("content-type")
        if kind != _REVISIT and content_kind(content_type) is False:
            self.context.pass_over(location, sort_of_type(content_type, None))
            return None
        return ReadIssue(
            location,
            f"{_length(record):,} bytes, more than the {self.limits.page_bytes:,} "
            "a page may have; skipped",
            "too_large",
        )

    def _revisit(
        self, record: WarcRecord, block: bytes, place: RecordOffset
    ) -> Page | ReadIssue | None:
        """Make a page of a revisit: the bytes of another capture, seen again at this time."""
        headers = record.headers
        digest = headers.get(WarcHeader.WARC_PAYLOAD_DIGEST)
        crawl = self.stamps.get(headers.get(WarcHeader.WARC_WARCINFO_ID) or "")
        url = headers.get(WarcHeader.WARC_TARGET_URI)
        names = _names(
            headers.get("WARC-Refers-To"),
            headers.get(WarcHeader.WARC_REFERS_TO_TARGET_URI),
            headers.get(WarcHeader.WARC_REFERS_TO_DATE),
        )
        digests = tuple(
            (_key(digest, run, cut_short), cut_short)
            for run, cut_short in ((crawl, False), (crawl, True), (None, False), (None, True))
            if digest
        )
        captured = self._captured(headers.get(WarcHeader.WARC_DATE), url)
        own = split_response(block)
        lies_at = _lies_at(headers.get(REFERS_TO_FILE), headers.get(REFERS_TO_OFFSET))
        invented = says_invented(headers.get(FIELD))
        revisit = Revisit(
            place.location, url, captured, own, crawl, digest, digests, names, lies_at, invented
        )
        item = self.context.revisits.read(revisit, self.source)
        if isinstance(item, str):
            self.context.pass_over(place.location, item)
            return None
        return item

    def _stamp(self, record: WarcRecord, location: str) -> ReadIssue | None:
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
            return ReadIssue(location, f"the {what} of a crawl is not used: {found}", "bad_stamp")
        return None


def _kind(record: WarcRecord) -> WarcRecordType:
    """Return a record's type; fastwarc knows the field as it is mostly written, in no capitals."""
    kind = record.record_type
    if kind in (WarcRecordType.no_type, WarcRecordType.unknown):
        stated = (record.headers.get("WARC-Type") or "").strip().lower()
        kind = next((known for known in _KINDS if str(known) == stated), kind)
    return kind


def _length(record: WarcRecord) -> int:
    """Return the length that a record states (see :func:`_kind`)."""
    stated = (record.headers.get(WarcHeader.CONTENT_LENGTH) or "").strip()
    return int(stated) if stated.isdecimal() and len(stated) < 19 else record.content_length


def _response(first: First, block: bytes) -> tuple[Response | None, str | None]:
    """Return the response that a block is, or begins with, and its type."""
    if first.kind == _RESOURCE:
        return Response(None, {}, block), first.headers.get(WarcHeader.CONTENT_TYPE)
    response = split_response(block)
    return response, None if response is None else response.headers.get("content-type")


def _key(digest: str, crawl: CrawlStamp | None, cut_short: bool) -> str:
    """A payload's key: runs do not refer to each other's, nor to one that was cut short."""
    return f"{digest} {crawl.run if crawl is not None else ''}{' cut' if cut_short else ''}"


def _lies_at(name: str | None, offset: str | None) -> tuple[str, int] | None:
    """Return where a revisit says that its original lies, if that can be."""
    if not name or not offset or "/" in name or not _OFFSET.fullmatch(offset.strip()):
        return None
    return name, int(offset)


def _names(identity: str | None, url: str | None, date: str | None) -> tuple[str, ...]:
    """Return what names a record: its identity, and its address with its date to the second."""
    names = [identity] if identity else []
    moment = stated(date) if url and date else None
    if moment is not None:
        names.append(f"{moment.at:%Y%m%d%H%M%S} {(url or '').strip('<> ')}")
    return tuple(names)
