"""The work on a batch of pages: which are new, parse them, make rows, load."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from typing import NamedTuple

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)

from cryptodrug_scraper.archive import Page
from cryptodrug_scraper.archive.invented import doubtful_host
from cryptodrug_scraper.database.archives import PagePlace, Roots
from cryptodrug_scraper.database.crawls import crawl_key, least_run
from cryptodrug_scraper.database.loader import Loader, Present, present
from cryptodrug_scraper.database.rows import NO_ROOTS, Capture, PageRows, rows_of
from cryptodrug_scraper.reading.lifetime import doubt, why_not
from cryptodrug_scraper.reading.market import markets
from cryptodrug_scraper.records import ParsedPage
from cryptodrug_scraper.replay.memory import keep_freed_memory
from cryptodrug_scraper.replay.summary import NO_MARKET, Counts
from parsers import parse_page
from parsers.version import parser_version

NO_MARKETS_HOST = "no onion address: say with --real or --invented what these pages are"
"""The warning of a page of a market whose address is neither an onion's nor this machine's."""


class Batch(NamedTuple):
    """Pages, and the roots that they lie in."""

    pages: list[Page]
    roots: Roots


@dataclass(slots=True)
class Prepared:
    """A batch that was parsed: what it gave, its rows, pages that it replaces.

    ``places`` are those of pages that the database has, and which it did not know to lie there.
    """

    counts: Counts
    rows: list[PageRows] = field(default_factory=list)
    replace: list[int] = field(default_factory=list)
    where: dict[int, str] = field(default_factory=dict)
    places: list[tuple[int, PagePlace]] = field(default_factory=list)


class Worker:
    """Parses and loads batches of pages; without a ``dsn`` it only parses (a dry run).

    ``dsn`` is a libpq connection string; ``market`` is the one that all pages are of, else it is
    that of the crawl which captured a page, else what the page's marks say. ``invented`` True marks
    all pages as invented, and False says that those are real whose source does not mark them; with
    None, pages of hosts that no market has are counted among the warnings. A page that the
    database has, read by the same parsers for the same market, is not parsed again, unless this
    time it is known which crawl captured it, or whether it was invented, and was not before. A
    page is read without a capture time that cannot be (``reading/lifetime.py``), unless
    ``any_time`` says to take all as stated.
    ``roots`` are those that the pages lie in. :meth:`prepare` and :meth:`commit` use a connection
    each, so that one batch can be parsed while another is loaded.
    """

    def __init__(
        self,
        dsn: str | None,
        market: str | None,
        any_time: bool = False,
        invented: bool | None = None,
        *,
        roots: Roots = NO_ROOTS,
    ) -> None:
        keep_freed_memory()
        self.any_time = any_time
        self.market = market
        self.invented = invented
        self.roots = roots
        self.version = parser_version()
        self.loader: Loader | None = None
        if dsn is not None:
            with ExitStack() as stack:
                self.lookup = psycopg2.connect(dsn, application_name="cryptodrug replay")
                stack.callback(self.lookup.close)
                self.loading = psycopg2.connect(dsn, application_name="cryptodrug replay")
                stack.callback(self.loading.close)
                self.loader = Loader(self.loading)
                stack.pop_all()

    def close(self) -> None:
        """Close the connections."""
        if self.loader is not None:
            self.lookup.close()
            self.loading.close()

    def prepare(
        self, pages: Sequence[Page], parsed: Sequence[ParsedPage | None] | None = None
    ) -> Prepared:
        """Parse those pages of a batch that the database does not have, and make their rows.

        ``parsed`` has, for each page, what the caller read from it, or None. Raises
        ``psycopg2.OperationalError`` if the connection is lost: this worker is then of no more
        use, and the batch goes to a new one.
        """
        batch = Prepared(Counts())
        counts = batch.counts
        if self.invented:
            pages = [replace(page, invented=True) for page in pages]
        captures = [Capture.of(page, self.roots) for page in pages]
        known: dict[int, Present] = {}
        if self.loader is not None:
            with _lost_is_operational(self.lookup):
                known = present(self.lookup, [capture.page_id for capture in captures])
        done = [None] * len(captures) if parsed is None else parsed
        for capture, read in zip(captures, done, strict=True):
            key, page = capture.page_id, capture.page
            market, run = self._market_of(page), crawl_key(page.crawl)
            before = known.get(key)
            known_run = None
            if before is not None:
                same_parsers = before.parser_version == self.version
                same = same_parsers and market in (None, before.market)
                same = same and not (self.any_time and before.doubt)
                # That a page is real is only known if it is stated: its source may not know.
                if page.invented != before.invented and (page.invented or self.invented is False):
                    same = False
                known_run = before.crawl_run
                if same and least_run(known_run, run) == known_run:
                    counts.pages[before.market or NO_MARKET, before.kind] += 1
                    counts.had += 1
                    if before.market is not None:
                        self._warn_of_host(page, before.market, counts)
                    if before.cut_off:
                        counts.cut(before.market, page.location, "loaded before")
                    if before.doubt:
                        counts.doubt(before.market, page.location, before.doubt)
                    if not before.lies_at(capture.place):
                        batch.places.append((key, capture.place))
                    continue
                if not same:
                    batch.replace.append(key)
                if before.invented and self.invented is not False:
                    capture = capture._replace(page=replace(page, invented=True))
            started = time.perf_counter()
            found = self._read(page, market, read)
            counts.parsing += time.perf_counter() - started
            counts.count(found, page.location)
            if found.market is not None:
                self._warn_of_host(page, found.market, counts)
            if self.loader is not None:
                started = time.perf_counter()
                batch.rows.append(rows_of(capture, found, self.version, known_run))
                batch.where[key] = page.location
                counts.making_rows += time.perf_counter() - started
        return batch

    def _warn_of_host(self, page: Page, market: str, counts: Counts) -> None:
        """Count a page of a market whose host is none that a market has, if nobody says why."""
        if self.invented is None and not page.invented and doubtful_host(page.url) is not None:
            counts.warn(market, "page.url", NO_MARKETS_HOST, page.location)

    def _market_of(self, page: Page) -> str | None:
        """The market that a page is of, if that is known: as told, or that of its crawl."""
        if self.market is not None or page.crawl is None or page.crawl.market not in markets():
            return self.market
        return page.crawl.market

    def _read(self, page: Page, market: str | None, read: ParsedPage | None) -> ParsedPage:
        result = self._parsed(page, market, page.captured_at, read)
        if page.captured_at is None or self.any_time:
            return result
        # Our own crawl's clock dates its pages; so those of a simulated market may be of today.
        known = None if page.crawl is not None else markets().get(result.market or "")
        if why := why_not(page.captured_at, known):
            result = self._parsed(page, result.market, None, None)
            doubt(result, page.captured_at, why)
        return result

    def _parsed(
        self,
        page: Page,
        market: str | None,
        captured_at: datetime | None,
        read: ParsedPage | None,
    ) -> ParsedPage:
        if page.cut_short:  # half a page gives wrong values
            return ParsedPage(
                market=market,
                kind="error",
                url=page.url,
                captured_at=captured_at,
                kind_reason="cut short",
                cut_off=True,
            )
        if read is not None:
            return read
        return parse_page(
            page.body,
            market=market,
            url=page.url,
            captured_at=captured_at,
            content_type=page.content_type,
        )

    def commit(self, batch: Prepared) -> Counts:
        """Load a prepared batch, in one transaction; return all that it gave.

        Raises ``psycopg2.OperationalError`` if the connection is lost. The batch can be loaded
        again, by another worker: what was loaded already changes nothing.
        """
        counts = batch.counts
        if self.loader is not None and (batch.rows or batch.places):
            started = time.perf_counter()
            with _lost_is_operational(self.loading):
                loaded = self.loader.load(batch.rows, replace=batch.replace)
                if batch.places:
                    self.loader.note_places(batch.places)
            counts.loading += time.perf_counter() - started
            counts.new += loaded.new
            counts.had += loaded.had
            counts.failed += [(batch.where[key], reason) for key, reason in loaded.refused]
        return counts


@contextmanager
def _lost_is_operational(connection: Connection) -> Iterator[None]:
    """Raise one error for a connection that is lost: psycopg2 has another once it noticed."""
    try:
        yield
    except psycopg2.InterfaceError as error:
        if connection.closed:
            raise psycopg2.OperationalError("the connection to the database is lost") from error
        raise


class Overlapping:
    """A worker that parses a batch while the one before is loaded in another thread."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._thread = ThreadPoolExecutor(1, "loading")
        self._loading: Future[Counts] | None = None

    def put(self, batch: Batch) -> Counts | None:
        """Parse a batch and begin to load it; return what the batch before gave."""
        self.worker.roots = batch.roots
        prepared = self.worker.prepare(batch.pages)
        before = self.finish()
        self._loading = self._thread.submit(self.worker.commit, prepared)
        return before

    def finish(self) -> Counts | None:
        """Wait for the batch that is being loaded, if any; return what it gave."""
        if self._loading is None:
            return None
        before, self._loading = self._loading, None
        return before.result()

    def close(self) -> None:
        """End the thread, and close the connections."""
        self._thread.shutdown()
        self.worker.close()


Options = tuple[str | None, str | None, bool, bool | None]
"""What a :class:`Worker` is made from."""
Answer = tuple[Counts | None, Exception | None, bool]
"""What a batch gave, what was raised, and whether there is more to come."""


def serve(pipe: Pipe, options: Options) -> None:
    """Work on the batches that come through a pipe until None comes, or the pipe is closed.

    Sends an :data:`Answer` before the first batch, after each (what the one before it gave: it
    itself is still being loaded), and at the end. Ends at once when its parent does.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError), pipe:
        try:
            with closing(Overlapping(Worker(*options))) as line:
                answer: Answer = (None, None, True)
                while True:
                    pipe.send(answer)
                    if (batch := pipe.recv()) is None:
                        break
                    answer = (line.put(batch), None, True)
                answer = (line.finish(), None, False)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            answer = (None, _portable(error), False)
        pipe.send(answer)


def _end_with_parent() -> None:
    """End this process, and with it its connections, when its parent is gone, killed even."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _portable(error: Exception) -> Exception:
    """Return an error as it can be sent through a pipe."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
