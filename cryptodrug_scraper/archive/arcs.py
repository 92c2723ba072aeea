"""ARC files, what web archives were before WARC: records behind one another, a line before each.

A line states address, IP address, date (14 digits), type and length; in version 2, more between.
Compressed ones are unpacked first (:mod:`.packed`). After damage the next line is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .context import ReadContext
from .http import content_kind, sort_of_type, split_response
from .page import Page, ReadIssue
from .revisits import RecordOffset
from .source import Source
from .warc_pages import RecordReader, Stored

_LINE = re.compile(
    rb"(?P<url>[A-Za-z][A-Za-z0-9+.-]{1,20}:[^\r\n]{0,8192}?) (?P<ip>[^ \r\n]{1,100}) "
    rb"(?P<date>\d{4,14}) (?P<type>[^ \r\n]{1,200})(?: [^ \r\n]{1,1000}){0,5} "
    rb"(?P<length>\d{1,12})\r?\n"
)
_NEXT = re.compile(rb"(?<=\n)" + _LINE.pattern)
_HEAD = 16 << 10
_SCAN = 1 << 20
_LINE_ENDS = (b"\r", b"\n")
_PADDING = b"\r\n\x00"
_FILE = "filedesc:"
_NO_PAGES = (_FILE, "dns:", "warcinfo:", "metadata:")


class _Record(NamedTuple):
    """A record's line: where it begins and ends, what it says, and where its content ends."""

    at: int
    url: str
    date: str
    content_type: str | None
    start: int
    end: int


def read_arc(source: Source, context: ReadContext) -> Iterator[Page | ReadIssue]:
    """Yield the pages of an ARC file, in its order."""
    return _Arc(source, context).read()


class _Arc:
    """One ARC file being read."""

    def __init__(self, source: Source, context: ReadContext) -> None:
        self.source = source
        self.context = context
        self.records = RecordReader(source, context)

    def read(self) -> Iterator[Page | ReadIssue]:
        """Read record after record, going on behind what is damaged."""
        at, size, where = 0, self.source.size, self.source.location
        found = False
        wanted = self.context.wanted.removeprefix(f"{where}#")
        if wanted.isdecimal() and len(wanted) < 19:
            record = self._line(int(wanted))
            item = self._page(record) if record is not None and record.end <= size else None
            if item is not None:
                yield item
            return
        while at < size:
            self.context.at(self.source, at)
            at = self._past_padding(at)
            record = self._line(at)
            if at >= size:
                break
            if record is None:
                wrong = "broken_record", "no record begins where one should"
            elif record.end > size:
                wrong = "truncated", "the file ends within this record"
            elif not self._ends_well(record.end):
                wrong = "broken_record", "the record's length is wrong"
            else:
                if not found and not record.url.startswith(_FILE):
                    yield ReadIssue(
                        where,
                        "it does not begin as an ARC does, with what file it is: records before "
                        "the first may be lost",
                        "truncated",
                    )
                found = True
                item = self._page(record)
                if item is not None:
                    yield item
                at = record.end
                continue
            reason = f"{wrong[1]}; went on with the next record"
            yield ReadIssue(f"{where}#{at}", reason, wrong[0])
            at = self._next(at + 1)
        if not found:
            yield ReadIssue(where, "no ARC record was found in it", "unreadable")
        yield from self.records.undated()

    def _page(self, record: _Record) -> Page | ReadIssue | None:
        place = RecordOffset(self.source, record.at)
        limits, size = self.context.limits, record.end - record.start
        if record.url.startswith(_NO_PAGES):
            return None
        if size > limits.block_bytes:
            if content_kind(record.content_type) is False:
                self.context.pass_over(place.location, sort_of_type(record.content_type, None))
                return None
            return ReadIssue(
                place.location,
                f"{size:,} bytes, more than the {limits.page_bytes:,} a page may have; skipped",
                "too_large",
            )
        block = self._read(record.start, size)
        response = split_response(block)
        if response is None:
            return self.records.no_http(place.location, record.url, None)
        content_type = response.headers.get("content-type", record.content_type)
        return self.records.page(Stored(place, record.url, record.date, response, content_type))

    def _line(self, at: int) -> _Record | None:
        match = _LINE.match(self._read(at, _HEAD))
        if match is None:
            return None
        kind = match["type"].decode("latin-1")
        start = at + match.end()
        return _Record(
            at,
            match["url"].decode("utf-8", "replace"),
            match["date"].decode(),
            None if kind.lower() in ("no-type", "-", "unk") else kind,
            start,
            start + int(match["length"]),
        )

    def _ends_well(self, end: int) -> bool:
        """Tell whether a line ends, or the file, where a record ends by what it states."""
        return end >= self.source.size or self._read(end, 1) in _LINE_ENDS

    def _past_padding(self, at: int) -> int:
        while part := self._read(at, _HEAD):
            rest = part.lstrip(_PADDING)
            at += len(part) - len(rest)
            if rest:
                break
        return at

    def _next(self, at: int) -> int:
        """Return where the next line of a record begins; the file's size if none does."""
        while at < self.source.size:
            part = self._read(at - 1, _SCAN)
            match = _NEXT.search(part)
            if match is not None:
                return at - 1 + match.start()
            if len(part) < _SCAN:
                break
            at += len(part) - _HEAD
        return self.source.size

    def _read(self, at: int, size: int) -> bytes:
        self.source.file.seek(at)
        return self.source.file.read(size)
