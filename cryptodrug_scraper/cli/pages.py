"""The pages that commands are given: files, archives, one page in an archive, ``-``."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

from cryptodrug_scraper.archive import DEFAULT_LIMITS, Page, ReadIssue, read_pages
from cryptodrug_scraper.archive.sidecar import without_credentials
from cryptodrug_scraper.archive.sniff import problem_of
from cryptodrug_scraper.cli.errors import Code, Failure

STDIN = "-"
_INSIDE = re.compile(r"(.+?)(![/\\].+|#\d+)", re.S)


def pages_of(
    names: Sequence[str], url: str | None, captured_at: datetime | date | None
) -> Iterator[Page | ReadIssue]:
    """Yield the pages of all names, in order.

    What ``url`` and ``captured_at`` say wins over a sidecar or path if there is one page only;
    of several pages, ``captured_at`` fills in where nothing is known, and ``url`` is refused.
    A name may be a location, as summaries print it: ``x.zip!/a.html``, ``x.warc.gz#1234``.
    """
    sources = [_source(name) for name in names]
    items = _read(sources, captured_at)
    held: list[Page | ReadIssue] = []
    pages = 0
    for item in items:
        held.append(item)
        pages += isinstance(item, Page)
        if pages > 1:
            break
    if url is not None and pages > 1:
        raise Failure(
            "--url says where one page came from, but there is more than one. Put the address "
            'into a file beside each page: page.json with {"url": …}.',
            Code.BAD_INPUT,
        )
    for item in held:
        yield (
            _with_options(item, url, captured_at) if pages == 1 and isinstance(item, Page) else item
        )
    yield from items


def _with_options(page: Page, url: str | None, captured_at: datetime | date | None) -> Page:
    if url is not None:
        page = dataclasses.replace(page, url=without_credentials(url))
    if captured_at is not None:
        exact = isinstance(captured_at, datetime)
        page = dataclasses.replace(
            page,
            captured_at=as_moment(captured_at),
            captured_precision="second" if exact else "day",
            captured_from="option",
        )
    return page


def as_moment(value: datetime | date) -> datetime:
    """Return a date or a moment as a moment in UTC."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time(0), tzinfo=UTC)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _source(name: str) -> tuple[Path | None, str]:
    """Return what to read, and which page of it (empty: all); no path is standard input."""
    if name == STDIN:
        return None, ""
    path = Path(name)
    if path.exists():
        return path, ""
    inside = _INSIDE.fullmatch(name)
    if inside and Path(inside.group(1)).is_file():
        return Path(inside.group(1)), inside.group(2)
    raise Failure(f"There is no file or folder {name!r}.", Code.BAD_INPUT)


def _read(
    sources: Iterable[tuple[Path | None, str]], captured_at: datetime | date | None
) -> Iterator[Page | ReadIssue]:
    for path, wanted in sources:
        if path is None:
            yield _standard_input(captured_at)
        elif wanted:
            yield _one(path, wanted, captured_at)
        else:
            yield from read_pages([path], captured_at=captured_at)


def _one(path: Path, wanted: str, captured_at: datetime | date | None) -> Page | ReadIssue:
    for item in read_pages([path], captured_at=captured_at):
        if item.location.endswith(wanted):
            return item
    raise Failure(f"There is no page {wanted.lstrip('!')!r} in {str(path)!r}.", Code.BAD_INPUT)


def _standard_input(captured_at: datetime | date | None) -> Page | ReadIssue:
    location = "<standard input>"
    body = sys.stdin.buffer.read(DEFAULT_LIMITS.page_bytes + 1)
    if len(body) > DEFAULT_LIMITS.page_bytes:
        most = f"more than the {DEFAULT_LIMITS.page_bytes:,} bytes a page may have"
        return ReadIssue(location, f"{most}; skipped", "too_large")
    problem = problem_of(body)
    if problem is not None:
        return ReadIssue(location, f"{problem[1]}; skipped", problem[0])
    at = None if captured_at is None else as_moment(captured_at)
    return Page(body, None, at, None, None, None, None, None, location)
