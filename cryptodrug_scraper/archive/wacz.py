"""WACZ: a zip of WARC files with an index, and lists of pages that state when each was captured."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from typing import BinaryIO

from .source import Budget
from .unpack import Bad
from .when import Moment, stated
from .zip_members import unpack_archive

_LONGEST_LINE = 1 << 20
_MOST_PAGES = 500_000


def is_wacz(names: Iterable[str]) -> bool:
    """Tell by the names of its members whether a zip is a WACZ."""
    names = set(names)
    return "datapackage.json" in names and any(map(holds_pages, names))


def holds_pages(name: str) -> bool:
    """Tell whether a member of a WACZ is one of its web archives; the rest describes them."""
    return name.startswith("archive/")


def page_times(
    file: BinaryIO, members: Iterable[zipfile.ZipInfo], budget: Budget
) -> dict[str, Moment]:
    """Return capture times by address, as the lists of pages state them.

    An address that was captured at several times is left out: which is meant is not known.
    """
    times: dict[str, Moment | None] = {}
    for info in members:
        if not info.filename.startswith("pages/") or not info.filename.endswith(".jsonl"):
            continue
        try:
            lines = unpack_archive(file, info, budget).file
        except Bad:
            continue
        while (line := lines.readline(_LONGEST_LINE)) and len(times) < _MOST_PAGES:
            url, moment = _page(line)
            if moment is not None:
                times[url] = moment if times.get(url, moment) == moment else None
    return {url: moment for url, moment in times.items() if moment is not None}


def _page(line: bytes) -> tuple[str, Moment | None]:
    try:
        page = json.loads(line)
    except (ValueError, RecursionError):
        return "", None
    if not isinstance(page, dict):
        return "", None
    url, at = page.get("url"), page.get("ts")
    if not isinstance(url, str) or not isinstance(at, str):
        return "", None
    return url, stated(at)
