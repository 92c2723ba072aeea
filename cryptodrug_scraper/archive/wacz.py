"""WACZ: a zip of WARC files with an index, and lists of pages that state when each was captured."""

from __future__ import annotations

import codecs
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import BinaryIO, NamedTuple

from .names import shown
from .page import ReadIssue
from .source import Budget
from .unpack import Bad
from .when import StatedMoment, stated
from .zip_members import unpack_archive

_LONGEST_LINE = 1 << 20
_MOST_PAGES = 500_000
_WITHOUT = "records that state no time are read without what it says of them"


def is_wacz(names: Iterable[str]) -> bool:
    """Tell by the names of its members whether a zip is a WACZ."""
    names = set(names)
    return "datapackage.json" in names and any(map(holds_pages, names))


def holds_pages(name: str) -> bool:
    """Tell whether a member of a WACZ is one of its web archives; the rest describes them."""
    return name.startswith("archive/")


class PageTimes(NamedTuple):
    """Capture times by address, as the lists of pages state them, and what of them is unread."""

    times: dict[str, StatedMoment]
    problems: list[ReadIssue]


def page_times(
    file: BinaryIO, members: Iterable[zipfile.ZipInfo], where: str, budget: Budget
) -> PageTimes:
    """Return what the lists of pages of a WACZ (at ``where``) state.

    An address that was captured at several times is left out: which is meant is not known.
    """
    times: dict[str, StatedMoment | None] = {}
    problems: list[ReadIssue] = []
    for info in members:
        if not info.filename.startswith("pages/") or not info.filename.endswith(".jsonl"):
            continue
        location = f"{where}!/{shown(info.orig_filename)}"
        try:
            unpacked = unpack_archive(file, info, budget)
        except Bad as bad:
            problems.append(ReadIssue(location, f"{bad.reason}; {_WITHOUT}", bad.code))
            continue
        with unpacked.file:
            problems += _list(unpacked.file, location, times)
        if unpacked.problem is not None:
            code, reason = unpacked.problem
            problems.append(ReadIssue(location, f"{reason}; {_WITHOUT}", code))
    known = {url: moment for url, moment in times.items() if moment is not None}
    return PageTimes(known, problems)


def _list(
    lines: BinaryIO, location: str, times: dict[str, StatedMoment | None]
) -> Iterator[ReadIssue]:
    """Read one list into ``times``; yield what is wrong with it."""
    wrong: Counter[str] = Counter()
    first: dict[str, int] = {}
    for number, line in enumerate(iter(partial(_line, lines), b""), 1):
        page = _page(line)
        if isinstance(page, str):
            wrong[page] += 1
            first.setdefault(page, number)
        elif page is None:
            continue
        elif page.url in times or len(times) < _MOST_PAGES:
            times[page.url] = page.at if times.get(page.url, page.at) == page.at else None
        else:
            yield ReadIssue(location, f"more than {_MOST_PAGES:,} pages: {_WITHOUT}", "too_many")
            break
    for reason, count in wrong.items():
        yield ReadIssue(
            location,
            f"{reason}: {count:,} times, first in line {first[reason]:,}; {_WITHOUT}",
            "bad_statement",
        )


def _line(lines: BinaryIO) -> bytes:
    """Return the next line; of one that is too long its start, which is no JSON."""
    line = part = lines.readline(_LONGEST_LINE)
    while len(part) == _LONGEST_LINE and not part.endswith(b"\n"):
        part = lines.readline(_LONGEST_LINE)
    return line


class _Stated(NamedTuple):
    url: str
    at: StatedMoment


def _page(line: bytes) -> _Stated | str | None:
    """Return what a line states: None if it states no time, what is wrong if it is wrong."""
    if not line.strip():
        return None
    try:
        page = json.loads(line.removeprefix(codecs.BOM_UTF8))
    except (ValueError, RecursionError):
        return "a line is no JSON, or too long"
    if not isinstance(page, dict):
        return "a line is no JSON object"
    url, at = page.get("url"), page.get("ts")
    if url is None and at is None:  # the list's own header
        return None
    if not isinstance(url, str):
        return "a page without an address"
    if at is None:
        return None
    moment = stated(at) if isinstance(at, str) else None
    return "a page's time is none" if moment is None else _Stated(url, moment)
