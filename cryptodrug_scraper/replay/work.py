"""The work on a batch of pages: which are new, parse them, make rows, load."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg2

from cryptodrug_scraper.archive import Page
from cryptodrug_scraper.database.loader import Loader, present
from cryptodrug_scraper.database.rows import Capture, PageRows, rows_of
from cryptodrug_scraper.replay.memory import keep_freed_memory
from cryptodrug_scraper.replay.summary import NO_MARKET, Counts
from parsers import parse_page
from parsers.version import parser_version


@dataclass(slots=True)
class Prepared:
    """A batch that was parsed: what it gave, its rows, and pages that it replaces."""

    counts: Counts
    rows: list[PageRows] = field(default_factory=list)
    replace: list[int] = field(default_factory=list)
    where: dict[int, str] = field(default_factory=dict)


class Worker:
    """Parses and loads batches of pages; without a ``dsn`` it only parses (a dry run).

    ``dsn`` is a libpq connection string. A page that the database has, read by the same
    parsers for the same market, is not parsed again. :meth:`prepare` and :meth:`commit` use
    a connection each, so that one batch can be parsed while another is loaded.
    """

    def __init__(self, dsn: str | None, market: str | None) -> None:
        keep_freed_memory()
        self.market = market
        self.version = parser_version()
        self.loader: Loader | None = None
        if dsn is not None:
            self.asking = psycopg2.connect(dsn, application_name="cryptodrug replay")
            self.loading = psycopg2.connect(dsn, application_name="cryptodrug replay")
            self.loader = Loader(self.loading)

    def close(self) -> None:
        """Close the connections."""
        if self.loader is not None:
            self.asking.close()
            self.loading.close()

    def prepare(self, pages: Sequence[Page]) -> Prepared:
        """Parse those pages of a batch that the database does not have, and make their rows."""
        batch = Prepared(Counts())
        counts = batch.counts
        captures = [Capture.of(page) for page in pages]
        known = (
            present(self.asking, [capture.page_id for capture in captures])
            if self.loader is not None
            else {}
        )
        for capture in captures:
            key, page = capture.page_id, capture.page
            before = known.get(key)
            if before is not None:
                same = before.parser_version == self.version and (
                    self.market in (None, before.market)
                )
                if same and before.location <= page.location:
                    counts.pages[before.market or NO_MARKET, before.kind] += 1
                    counts.had += 1
                    continue
                if not same:
                    batch.replace.append(key)
            started = time.perf_counter()
            parsed = parse_page(
                page.body,
                market=self.market,
                url=page.url,
                captured_at=page.captured_at,
                content_type=page.content_type,
            )
            counts.parsing += time.perf_counter() - started
            counts.count(parsed, page.location)
            if self.loader is not None:
                started = time.perf_counter()
                batch.rows.append(rows_of(capture, parsed, self.version))
                batch.where[key] = page.location
                counts.making_rows += time.perf_counter() - started
        return batch

    def commit(self, batch: Prepared) -> Counts:
        """Load a prepared batch, in one transaction; return all that it gave."""
        counts = batch.counts
        if self.loader is not None and batch.rows:
            started = time.perf_counter()
            loaded = self.loader.load(batch.rows, replace=batch.replace)
            counts.loading += time.perf_counter() - started
            counts.new += loaded.new
            counts.had += loaded.had
            counts.failed += [(batch.where[key], reason) for key, reason in loaded.refused]
        return counts


_worker: Worker | None = None


def start(dsn: str | None, market: str | None) -> None:
    """Set up this process as a worker (for a process pool)."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    _worker = Worker(dsn, market)


def work(pages: Sequence[Page]) -> Counts:
    """Do a batch in a process that :func:`start` set up."""
    if _worker is None:
        raise RuntimeError("this process was not set up as a worker")
    return _worker.commit(_worker.prepare(pages))
