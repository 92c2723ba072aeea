"""One replay: archives are read here, batches go to workers, reviews are worked out last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext
from datetime import date, datetime
from pathlib import Path

import psycopg2

from cryptodrug_scraper.archive import ANY, ArchiveReader, Columns, Page, ReadIssue, total_bytes
from cryptodrug_scraper.common.progress import OnProgress, Progress, ignore_progress
from cryptodrug_scraper.database.accounts import kept_apart
from cryptodrug_scraper.database.archives import RootsMet
from cryptodrug_scraper.database.crawls import record_crawl
from cryptodrug_scraper.database.failures import losses_named
from cryptodrug_scraper.database.reviews import work_out_reviews
from cryptodrug_scraper.replay import work
from cryptodrug_scraper.replay.pool import WorkerPool
from cryptodrug_scraper.replay.skipped import SkippedFile
from cryptodrug_scraper.replay.summary import Counts, Summary

BATCH_PAGES = 200
BATCH_BYTES = 6 * 1024 * 1024

Batches = Iterable[work.Batch]
Landed = Callable[[Counts], None]


def replay(
    paths: Sequence[Path],
    dsn: str | None,
    *,
    market: str | None = None,
    invented: bool | None = None,
    captured_at: datetime | date | None = None,
    workers: int = 1,
    on_progress: OnProgress = ignore_progress,
    skipped: SkippedFile | None = None,
    columns: Columns = ANY,
    any_time: bool = False,
) -> Summary:
    """Read archives, parse their pages and load them; return how it went.

    ``dsn`` is a libpq connection string of a database at the current migration, or None for
    a dry run. With one worker all happens in this process. Ctrl-C ends it after the batches
    at work; what was loaded stays, and the same call goes on from there.

    All that was not read is written to ``skipped``. ``invented`` says whether the pages were
    invented, where their source does not (see :class:`~.work.Worker`).
    ``any_time``: times of capture are taken as stated, those that cannot be too.
    ``columns`` says which columns of tables of pages hold what; without it their names tell.

    Raises ``archive.NothingThere`` for a path that does not exist, ``UnknownMarket``, and
    ``DatabaseLost`` (of psycopg2's OperationalError) if the database is lost.
    """
    summary = Summary(dry_run=dsn is None)
    started = time.perf_counter()
    reading = _Reading(paths, on_progress)
    reader = ArchiveReader(
        paths,
        captured_at=captured_at,
        on_read=reading.read,
        on_passed_over=None if skipped is None else skipped.passed_over,
        columns=columns,
    )
    roots = RootsMet(dsn, paths)
    batches = (
        work.Batch(pages, roots.holding(pages)) for pages in _batches(reader, summary, skipped)
    )

    def landed(counts: Counts) -> None:
        summary.counts.add(counts)
        reading.done(counts.pages.total())

    with nullcontext() if dsn is None else losses_named(dsn):
        try:
            if workers == 1:
                _here(batches, work.Worker(dsn, market, any_time, invented), landed)
            else:
                options = dsn, market, any_time, invented
                with WorkerPool(options, workers, landed, summary.trouble) as pool:
                    pool.work(batches)
        except KeyboardInterrupt:
            summary.interrupted = True
        summary.passed_over = reader.passed_over
        if dsn is not None:
            _crawls(dsn, reader)
            _reviews(dsn, summary, on_progress)
    summary.seconds = time.perf_counter() - started
    return summary


class _Reading:
    """How far the archives are read: pages, and the share of the bytes."""

    def __init__(self, paths: Sequence[Path], on_progress: OnProgress) -> None:
        self._total = total_bytes(paths)
        self._bytes = self._pages = 0
        self._on_progress = on_progress

    def read(self, size: int) -> None:
        """Count bytes that were read."""
        self._bytes += size
        self._report()

    def done(self, pages: int) -> None:
        """Count pages that were dealt with."""
        self._pages += pages
        self._report()

    def _report(self) -> None:
        share = min(self._bytes / self._total, 1.0) if self._total else None
        self._on_progress(Progress("Reading", self._pages, "pages", share))


def _batches(
    pages: Iterable[Page | ReadIssue], summary: Summary, skipped: SkippedFile | None
) -> Iterator[list[Page]]:
    batch: list[Page] = []
    size = 0
    started = time.perf_counter()
    for item in pages:
        if isinstance(item, ReadIssue):
            summary.trouble(item)
            if skipped is not None:
                skipped.trouble(item)
            continue
        batch.append(item)
        size += item.size
        if len(batch) >= BATCH_PAGES or size >= BATCH_BYTES:
            summary.reading += time.perf_counter() - started
            yield batch
            batch, size = [], 0
            started = time.perf_counter()
    summary.reading += time.perf_counter() - started
    if batch:
        yield batch


def _here(batches: Batches, worker: work.Worker, landed: Landed) -> None:
    """Do all in this process."""
    with closing(work.Overlapping(worker)) as line:
        try:
            for batch in batches:
                if (counts := line.put(batch)) is not None:
                    landed(counts)
        finally:  # also when interrupted: what is being loaded is counted
            if (counts := line.finish()) is not None:
                landed(counts)


def _crawls(dsn: str, reader: ArchiveReader) -> None:
    """Write how the crawls whose archives were read ended."""
    if not reader.crawls:
        return
    with closing(psycopg2.connect(dsn, application_name="cryptodrug replay")) as connection:
        for stamp, end in reader.crawls.values():
            record_crawl(connection, stamp, end)


def _reviews(dsn: str, summary: Summary, on_progress: OnProgress) -> None:
    started = time.perf_counter()
    with ExitStack() as stack:
        connection = psycopg2.connect(dsn, application_name="cryptodrug reviews")
        stack.callback(connection.close)
        summary.groups = work_out_reviews(connection, on_progress)
        with connection, connection.cursor() as ask:
            summary.kept_apart = kept_apart(ask)
    summary.reviewing = time.perf_counter() - started
