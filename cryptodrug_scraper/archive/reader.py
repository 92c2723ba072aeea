"""The way in: pages of any mixture of files, folders and archives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

from .columns import ANY, Columns
from .context import PassedOver, ReadContext
from .files import (
    FoundFile,
    is_page_as_it_came,
    is_sidecar,
    location_of,
    open_file,
    open_source,
    walk,
)
from .formats import read_source
from .httrack import REWRITTEN as COPIES
from .httrack import HttrackMirrors
from .names import HIDDEN, REWRITTEN, original_of
from .page import DEFAULT_LIMITS, Limits, NothingThere, Page, ReadIssue
from .stamp import CrawlEnd, CrawlStamp


class ArchiveReader:
    """The pages of files, folders and archives, in order, in bounded memory; counts what it met.

    What cannot be read is yielded as a :class:`ReadIssue`, and reading goes on. ``captured_at`` is
    the capture time of pages for which nothing surer is known. ``on_read`` is called with how many
    more bytes on disk were read; they add up to :func:`total_bytes`. ``on_passed_over`` is called
    with the location and the sort of what is no page. ``columns`` says which columns of tables
    hold what. Raises :class:`NothingThere` at once if a path does not exist.

    ``pages`` and ``troubles`` count what was yielded; ``passed_over`` what was neither, by sort:
    files that are no pages by name and content, such as images and styles.
    """

    def __init__(
        self,
        paths: Iterable[Path],
        *,
        captured_at: datetime | date | None = None,
        on_read: Callable[[int], None] | None = None,
        on_passed_over: PassedOver | None = None,
        limits: Limits = DEFAULT_LIMITS,
        columns: Columns = ANY,
    ) -> None:
        self._paths = _existing(paths)
        self._context = ReadContext(
            limits, captured_at, on_read, on_passed_over, read_source, columns
        )
        self._items = self._read()
        self.pages = 0
        self.troubles = 0

    @property
    def passed_over(self) -> Counter[str]:
        """How many files, members and records were no pages, and not expected to be, by sort."""
        return self._context.passed_over

    @property
    def crawls(self) -> dict[str, tuple[CrawlStamp, CrawlEnd | None]]:
        """The crawl runs met so far, by their id: the stamp, and how it ended, if that was met."""
        return self._context.crawls

    def __iter__(self) -> Iterator[Page | ReadIssue]:
        return self

    def __next__(self) -> Page | ReadIssue:
        item = next(self._items)
        if type(item) is Page:
            self.pages += 1
        else:
            self.troubles += 1
        return item

    def close(self) -> None:
        """Stop reading and close the file that is open."""
        self._items.close()

    def _read(self) -> Generator[Page | ReadIssue, None, None]:
        context = self._context
        for path in self._paths:
            mirrors = HttrackMirrors(path, context.limits)
            for found in walk(path, context.limits.depth, self._hidden):
                if isinstance(found, ReadIssue):
                    yield found
                    continue
                context.begin(found.size)
                sort = _is_copy(found, mirrors)
                if sort:
                    context.pass_over(location_of(found.path), sort)
                else:
                    yield from _read_one(found, context)
                context.end()
        yield from context.segments.rest()
        for location, item in context.revisits.rest():
            if isinstance(item, str):
                context.pass_over(location, item)
            else:
                yield item

    def _hidden(self, path: Path) -> None:
        self._context.pass_over(location_of(path), HIDDEN)


def _is_copy(entry: FoundFile, mirrors: HttrackMirrors) -> str:
    """Tell whether a file is the copy, with other links, of a page that is read beside it."""
    if entry.beside is None:
        return ""
    original = original_of(entry.path.name, entry.beside)
    if original and _is_readable(entry.path.with_name(original), mirrors.limits):
        return REWRITTEN
    return COPIES if mirrors.copies(entry.path) else ""


def _is_readable(path: Path, limits: Limits) -> bool:
    """Tell whether a file is a page, or what may hold one, by its content."""
    try:
        with open_file(path) as file:
            data = file.read(limits.page_bytes + 1)
            return len(data) <= limits.page_bytes and is_page_as_it_came(data, limits)
    except OSError:  # then it is named, and the copy is read
        return False


def _read_one(entry: FoundFile, context: ReadContext) -> Iterator[Page | ReadIssue]:
    if is_sidecar(entry):
        return
    try:
        source = open_source(entry, context.limits)
    except OSError as error:
        yield ReadIssue(
            location_of(entry.path), f"cannot be read ({error.strerror}); skipped", "unreadable"
        )
        return
    with source.file:
        yield from read_source(source, context)


def _existing(paths: Iterable[Path]) -> list[Path]:
    result = [Path(path) for path in paths]
    for path in result:
        if not path.exists():
            raise NothingThere(path)
    return result


read_pages = ArchiveReader


def total_bytes(paths: Iterable[Path], *, limits: Limits = DEFAULT_LIMITS) -> int:
    """Return the bytes on disk that reading the paths goes through."""
    return sum(
        found.size
        for path in _existing(paths)
        for found in walk(path, limits.depth)
        if isinstance(found, FoundFile)
    )
