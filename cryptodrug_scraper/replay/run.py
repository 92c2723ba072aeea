"""One replay: archives are read here, batches go to workers, reviews are worked out last."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    ALL_COMPLETED,
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import ExitStack, closing
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import psycopg2

from cryptodrug_scraper.archive import ANY, ArchiveReader, Columns, Page, Trouble
from cryptodrug_scraper.database.archives import Roots, known_roots
from cryptodrug_scraper.database.crawls import record_crawl
from cryptodrug_scraper.database.reviews import reviews_due, work_out_reviews
from cryptodrug_scraper.replay import work
from cryptodrug_scraper.replay.skipped import SkippedFile
from cryptodrug_scraper.replay.summary import Counts, Summary

BATCH_PAGES = 200
BATCH_BYTES = 6 * 1024 * 1024
_WAITING = 1  # batches ready beside those at work


Batches = Iterable[list[Page]]
Landed = Callable[[Counts], None]


class Progress(Protocol):
    """Is told how a replay goes on."""

    def read(self, size: int) -> None:
        """``size`` more bytes of the archives were read."""

    def done(self, pages: int) -> None:
        """``pages`` more pages were dealt with."""

    def reviews(self, groups: int, total: int) -> None:
        """``groups`` of ``total`` more groups of reviews were worked out."""


class Silent:
    """Progress that nobody looks at."""

    def read(self, size: int) -> None:
        """Do nothing."""

    def done(self, pages: int) -> None:
        """Do nothing."""

    def reviews(self, groups: int, total: int) -> None:
        """Do nothing."""


def replay(
    paths: Sequence[Path],
    dsn: str | None,
    *,
    market: str | None = None,
    captured_at: datetime | date | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    skipped: SkippedFile | None = None,
    columns: Columns = ANY,
) -> Summary:
    """Read archives, parse their pages and load them; return how it went.

    ``dsn`` is a libpq connection string of a database at the current migration, or None for
    a dry run. With one worker all happens in this process. Ctrl-C ends it after the batches
    at work; what was loaded stays, and the same call goes on from there.

    All that was not read is written to ``skipped``.
    ``columns`` says which columns of tables of pages hold what; without it their names tell.

    Raises ``archive.NothingThere`` for a path that does not exist, ``UnknownMarket``, and
    ``psycopg2.Error`` if the database is lost.
    """
    progress = progress or Silent()
    summary = Summary(dry_run=dsn is None)
    started = time.perf_counter()
    reader = ArchiveReader(
        paths,
        captured_at=captured_at,
        on_progress=progress.read,
        on_passed_over=None if skipped is None else skipped.passed_over,
        columns=columns,
    )
    batches = _batches(reader, summary, skipped)
    roots = Roots() if dsn is None else known_roots(dsn, paths)

    def landed(counts: Counts) -> None:
        summary.counts.add(counts)
        progress.done(counts.pages.total())

    try:
        if workers == 1:
            _here(batches, work.Worker(dsn, market, roots), landed)
        else:
            _in_pool(batches, (dsn, market, roots), workers, landed)
    except KeyboardInterrupt:
        summary.interrupted = True
    summary.passed_over = reader.passed_over
    if dsn is not None:
        _crawls(dsn, reader)
        _reviews(dsn, summary, progress)
    summary.seconds = time.perf_counter() - started
    return summary


def _batches(
    pages: Iterable[Page | Trouble], summary: Summary, skipped: SkippedFile | None
) -> Iterator[list[Page]]:
    batch: list[Page] = []
    size = 0
    started = time.perf_counter()
    for item in pages:
        if isinstance(item, Trouble):
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
    """Parse in this thread while the batch before is loaded in another."""
    with ExitStack() as stack:
        stack.callback(worker.close)
        loading = stack.enter_context(ThreadPoolExecutor(1, "loading"))
        pending: Future[Counts] | None = None
        try:
            for batch in batches:
                prepared = worker.prepare(batch)
                if pending is not None:
                    before, pending = pending, None
                    landed(before.result())
                pending = loading.submit(worker.commit, prepared)
        finally:  # also when interrupted: what is being loaded is counted
            if pending is not None:
                landed(pending.result())


def _in_pool(
    batches: Batches,
    options: tuple[str | None, str | None, Roots],
    workers: int,
    landed: Landed,
) -> None:
    """Parse and load in processes of their own, a batch at a time each."""
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        pool = ProcessPoolExecutor(workers, context, work.start, options)
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        flying: set[Future[Counts]] = set()

        def wait_for(when: str) -> None:
            done, still = wait(flying, return_when=when)
            flying.clear()
            flying.update(still)
            for future in done:
                landed(future.result())

        try:
            for batch in batches:
                flying.add(pool.submit(work.work, batch))
                if len(flying) >= workers + _WAITING:
                    wait_for(FIRST_COMPLETED)
        finally:
            wait_for(ALL_COMPLETED)


def _crawls(dsn: str, reader: ArchiveReader) -> None:
    """Write how the crawls whose archives were read ended."""
    if not reader.crawls:
        return
    with closing(psycopg2.connect(dsn, application_name="cryptodrug replay")) as connection:
        for stamp, end in reader.crawls.values():
            record_crawl(connection, stamp, end)


def _reviews(dsn: str, summary: Summary, progress: Progress) -> None:
    started = time.perf_counter()
    with ExitStack() as stack:
        connection = psycopg2.connect(dsn, application_name="cryptodrug reviews")
        stack.callback(connection.close)
        total = reviews_due(connection)
        summary.groups = work_out_reviews(
            connection, lambda groups: progress.reviews(groups, total)
        )
    summary.reviewing = time.perf_counter() - started
