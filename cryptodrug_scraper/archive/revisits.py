"""Revisit records: captures whose bytes stand in another record, before or behind, here or there.

Where payloads lie is remembered by their digest, and by the address, date and identity of their
record. A revisit whose original is not at hand is held back until all has been read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

from fastwarc.warc import ArchiveIterator, WarcHeader, WarcRecord, WarcRecordType

from .http import Response, content_kind, split_response
from .names import FileKind, kind_of
from .page import Limits, Page, ReadIssue
from .records import RecordFile
from .responses import KnownCapture, page_of
from .source import Source
from .stamp import CrawlStamp
from .unpack import ERRORS, Bad

NO_PAGE = "revisits of what is no page"
"""The sort of revisits that are passed over."""


class RecordOffset(NamedTuple):
    """Where a record lies: its offset, and how many stand before it in its compressed member.

    An offset below zero says that the record was seen, and is no page.
    """

    source: Source
    offset: int
    inside: int = 0

    @property
    def location(self) -> str:
        """The place as a page's location."""
        behind = f"+{self.inside}" if self.inside else ""
        return f"{self.source.location}#{self.offset}{behind}"


Neighbour = Callable[[Source, str], Source | None]
"""Returns the file of a name that lies beside a source, if it is there."""


class Revisit(NamedTuple):
    """What a revisit record says: its own address, time and headers, and what it refers to.

    ``digests`` are the keys of its payload, the surest first, each with whether it means one that
    was cut short; ``names`` are those of the record that it names; ``lies_at`` is the file and
    offset of that record, where it says so (Heritrix, and crawls of this program).
    """

    location: str
    url: str | None
    captured: tuple[datetime | None, str | None, str | None]
    own: Response | None
    crawl: CrawlStamp | None
    digest: str | None
    digests: tuple[tuple[str, bool], ...]
    names: tuple[str, ...]
    lies_at: tuple[str, int] | None = None
    invented: bool = False


class _Index:
    """Places by key. Bounded: of two generations the older goes when the younger is full."""

    def __init__(self, held: int) -> None:
        self._half = max(1, held // 2)
        self._young: dict[int, RecordOffset] = {}
        self._old: dict[int, RecordOffset] = {}

    def add(self, key: str, place: RecordOffset) -> None:
        """Remember a place: of several the last, which is the one that a crawler means."""
        hashed = hash(key)
        if hashed not in self._young and len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[hashed] = place

    def find(self, key: str) -> RecordOffset | None:
        """Return a place."""
        place = self._young.get(hash(key)) or self._old.get(hash(key))
        if place is not None:
            self.add(key, place)
        return place


class Revisits:
    """The payloads that were met, and the revisits that wait for theirs."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._digests = _Index(limits.digests_held)
        self._names = _Index(2 * limits.digests_held)
        self._held: list[Revisit] = []
        self.places: dict[str, tuple[RecordOffset, bool]] | None = None
        """Where the original of each revisit lies, by the revisit's location, and whether it was
        cut short: kept where single pages are opened, and looked at first."""
        self.neighbour: Neighbour | None = None
        """Finds the file that a revisit names: set where single pages are opened."""

    @property
    def waiting(self) -> bool:
        """Whether there are revisits whose original was not met yet."""
        return bool(self._held)

    def met(self, digest: str | None, names: tuple[str, ...], place: RecordOffset) -> None:
        """Remember where the payload of a record lies."""
        if digest is not None:
            self._digests.add(digest, place)
        for name in names:
            self._names.add(name, place)

    def read(self, revisit: Revisit, source: Source) -> Page | ReadIssue | str | None:
        """Make a page of a revisit that is met in ``source``; a sort if it is passed over.

        None: its original was not met so far, or cannot be read now; it is held back.
        """
        known = self._known(revisit, source)
        place, cut_short = known or self._find(revisit)
        if place is not None and place.offset < 0:
            return NO_PAGE
        same = place is not None and place.source is source
        at_once = known is not None or (
            place is not None and not place.inside and (same or place.source.path is not None)
        )
        if place is None or not at_once:
            if len(self._held) >= self._limits.revisits_held:
                return _no_original(revisit, "more revisits wait for their page than may")
            self._held.append(revisit)
            return None
        try:
            if same:
                original = next(_originals(source.file, source, [place], self._limits))
            else:
                with place.source.reopen() as file:
                    original = next(_originals(file, place.source, [place], self._limits))
        except (OSError, Bad):
            original = None
        if known is not None and (original is None or original.digest != revisit.digest):
            self._held.append(revisit)  # it lies elsewhere now
            return None
        self._note(revisit, place, cut_short)
        return _page(revisit, place, original, cut_short, self._limits)

    def _known(self, revisit: Revisit, source: Source) -> tuple[RecordOffset, bool] | None:
        """Return where an original lies without its having been met: it was before, or is named."""
        result = self.places.get(revisit.location) if self.places is not None else None
        if result is not None or revisit.lies_at is None or self.neighbour is None:
            return result
        name, offset = revisit.lies_at
        other = source if name == source.name else self.neighbour(source, name)
        return None if other is None else (RecordOffset(other, offset), False)

    def _note(self, revisit: Revisit, place: RecordOffset, cut_short: bool) -> None:
        if self.places is not None and len(self.places) < self._limits.revisits_held:
            self.places[revisit.location] = place, cut_short

    def rest(self) -> Iterator[tuple[str, Page | ReadIssue | str]]:
        """Yield what becomes of the revisits that were held back, with their locations."""
        waiting: dict[int, list[tuple[RecordOffset, bool, Revisit]]] = {}
        held, self._held = self._held, []
        for revisit in held:
            place, cut_short = self._find(revisit)
            if place is not None and place.offset >= 0:
                self._note(revisit, place, cut_short)
                waiting.setdefault(id(place.source), []).append((place, cut_short, revisit))
            elif place is not None or _is_no_page(revisit):
                yield revisit.location, NO_PAGE
            else:
                yield revisit.location, _no_original(revisit, "its page is not in what is read")
        for group in waiting.values():
            group.sort(key=lambda one: one[0][1:])
            yield from self._of_one_source(group)

    def _of_one_source(
        self, group: list[tuple[RecordOffset, bool, Revisit]]
    ) -> Iterator[tuple[str, Page | ReadIssue | str]]:
        source = group[0][0].source
        places = sorted({place for place, _, _ in group}, key=lambda place: place[1:])
        done = 0
        try:
            with source.reopen() as file:
                originals = zip(places, _originals(file, source, places, self._limits), strict=True)
                at, original = next(originals)
                for place, cut_short, revisit in group:
                    while at != place:
                        at, original = next(originals)
                    done += 1
                    yield (
                        revisit.location,
                        _page(revisit, place, original, cut_short, self._limits) or NO_PAGE,
                    )
        except (OSError, Bad):
            for place, cut_short, revisit in group[done:]:
                item = _page(revisit, place, None, cut_short, self._limits)
                yield revisit.location, item or NO_PAGE

    def _find(self, revisit: Revisit) -> tuple[RecordOffset | None, bool]:
        for key, cut_short in revisit.digests:
            place = self._digests.find(key)
            if place is not None:
                return place, cut_short
        for name in revisit.names:
            place = self._names.find(name)
            if place is not None:
                return place, False
        return None, False


class _SeenOriginal(NamedTuple):
    """A record that was read again."""

    response: Response
    content_type: str | None
    digest: str | None
    truncated: bool


def _originals(
    file: BinaryIO, source: Source, places: list[RecordOffset], limits: Limits
) -> Iterator[_SeenOriginal | None]:
    """Read records of one file again, in their order; None for one that cannot be read."""
    records: Iterator[WarcRecord] = iter(())
    at, count = -1, 0
    for place in places:
        found: _SeenOriginal | None = None
        try:
            if place.offset != at:
                at, count = place.offset, 0
                if not place.inside and not RecordFile(file, source.name).check(at).keep:
                    yield None
                    at = -1
                    continue
                file.seek(at)
                records = iter(ArchiveIterator(file, parse_http=False, quirks_mode=True))
            record = None
            while count <= place.inside:
                record = next(records, None)
                count += 1
            found = None if record is None else _read(record, limits)
        except ERRORS:
            at = -1
        yield found


def _read(record: WarcRecord, limits: Limits) -> _SeenOriginal | None:
    if record.content_length > limits.block_bytes:
        return None
    block: bytes = record.reader.read()
    if len(block) != record.content_length:
        return None
    headers = record.headers
    if record.record_type == WarcRecordType.resource:
        response: Response | None = Response(None, {}, block)
        content_type = headers.get(WarcHeader.CONTENT_TYPE)
    else:
        response = split_response(block)
        content_type = None if response is None else response.headers.get("content-type")
    if response is None:
        return None
    digest = headers.get(WarcHeader.WARC_PAYLOAD_DIGEST)
    truncated = headers.get(WarcHeader.WARC_TRUNCATED) is not None
    return _SeenOriginal(response, content_type, digest, truncated)


def _page(
    revisit: Revisit,
    place: RecordOffset,
    original: _SeenOriginal | None,
    cut_short: bool,
    limits: Limits,
) -> Page | ReadIssue | None:
    """Make a page of a revisit: the bytes of another capture, seen at this time."""
    if original is None:
        return _no_original(revisit, f"its page cannot be read again ({place.location})")
    if _differ(revisit.digest, original.digest):
        return _no_original(revisit, f"the page that it names has other bytes ({place.location})")
    stored, content_type = original.response, original.content_type
    stated, own = stored, revisit.own
    if own is not None and own.status != 304:
        stated = Response(own.status, own.headers or stored.headers, b"")
        content_type = own.headers.get("content-type", content_type)
    # WARC-Truncated of the revisit itself says that its block leaves the body out.
    known = KnownCapture(
        revisit.url,
        revisit.captured,
        content_type,
        revisit.location,
        revisit.crawl,
        cut_short or original.truncated,
        revisit.invented,
    )
    return page_of(stored, known, limits, stated)


def _differ(one: str | None, other: str | None) -> bool:
    """Tell whether two digests of the same kind are those of different bytes."""
    if one is None or other is None:
        return False
    kinds = [text.strip().lower().partition(":") for text in (one, other)]
    return kinds[0][0] == kinds[1][0] and kinds[0][2] != kinds[1][2]


def _no_original(revisit: Revisit, why: str) -> ReadIssue:
    return ReadIssue(revisit.location, f"a revisit of a page, but {why}; skipped", "no_original")


def _is_no_page(revisit: Revisit) -> bool:
    """Tell whether a revisit says by its own type or address that it is no page."""
    kind = content_kind(revisit.own.headers.get("content-type")) if revisit.own else None
    if kind is None and revisit.url:
        try:
            name = urlsplit(revisit.url).path.rpartition("/")[2]
        except ValueError:
            return False
        return kind_of(name)[0] is FileKind.OTHER
    return kind is False
