"""Worker processes of a replay: a batch at a time each, and what happens when one dies.

Each worker has a pipe of its own and asks for a batch when it is ready for one, so it is known
whose batches are lost with it. They are done again in a new process, and page by page if that
dies too: a page that ends whoever reads it is named, and the others are loaded.

Workers are forked by a server that has imported what they need (a second start costs
milliseconds), and end by themselves when this process does (``work.serve``).
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait

from cryptodrug_scraper.archive import Page, ReadIssue
from cryptodrug_scraper.replay import work
from cryptodrug_scraper.replay.summary import Counts
from cryptodrug_scraper.replay.work import Batch

logger = logging.getLogger(__name__)

Landed = Callable[[Counts], None]

_MOST_DEATHS = 10  # of workers in a row, none of which finished anything
_PATIENCE = 20.0  # seconds that a worker has to end after its last batch


class WorkerPool:
    """Workers for batches of pages; to be used as a context.

    ``landed`` is told what each batch gave, and ``lost`` of pages that no worker survives.
    """

    def __init__(
        self,
        options: work.Options,
        workers: int,
        landed: Landed,
        lost: Callable[[ReadIssue], None],
    ) -> None:
        self._options = options
        self._landed, self._lost = landed, lost
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([work.__name__])
        self._deaths = 0
        self._workers = [self._start() for _ in range(workers)]

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()

    def work(self, batches: Iterable[Batch]) -> None:
        """Do all batches. What raises in a worker is raised here, after what is being loaded.

        Raises ``BrokenProcessPool`` when workers die again and again.
        """
        try:
            for batch in batches:
                self._ready().give(batch)
        finally:  # also when interrupted: what is at work is counted
            for worker in self._workers:
                worker.give(None)
            while self._workers:
                self._hear(self._workers)

    def _start(self) -> _Worker:
        return _Worker(self._context, self._options)

    def _ready(self) -> _Worker:
        """Wait for a worker that asks for a batch."""
        while True:
            for worker in self._workers:
                if worker.ready:
                    return worker
            self._hear(self._workers)

    def _hear(self, workers: list[_Worker]) -> None:
        """Take what the next worker has to tell, and start another for one that died."""
        spoke = wait([worker.pipe for worker in workers])
        for worker in [worker for worker in workers if worker.pipe in spoke]:
            try:
                counts, error, more = worker.hear()
            except (EOFError, OSError):
                self._bury(workers, worker)
                continue
            if counts is not None:
                self._deaths = 0
                self._landed(counts)
            if error is not None:
                self._dismiss(workers, worker)
                raise error
            if not more:
                self._dismiss(workers, worker)

    def _dismiss(self, workers: list[_Worker], worker: _Worker) -> None:
        workers.remove(worker)
        worker.end()

    def _bury(self, workers: list[_Worker], worker: _Worker) -> None:
        """Do a dead worker's batches again, and put another in its place."""
        why = self._died(worker)
        place = workers.index(worker)
        if worker.finishing:
            del workers[place]
        else:
            workers[place] = self._start()
        logger.warning("%s; its pages are read again by another.", why)
        for batch in worker.batches:
            self._again(batch)

    def _died(self, worker: _Worker) -> str:
        why = worker.end()
        self._deaths += 1
        if self._deaths > _MOST_DEATHS:
            raise BrokenProcessPool(why)
        return why

    def _again(self, batch: Batch) -> None:
        """Do a batch that a worker died over in a process of its own, then each of its pages."""
        why = self._alone(batch)
        if why is None:
            return
        pages, roots = batch
        for page in pages if len(pages) > 1 else []:
            if (why := self._alone(Batch([page], roots))) is not None:
                self._name(page, why)
        if len(pages) == 1:
            self._name(pages[0], why or "")

    def _name(self, page: Page, why: str) -> None:
        self._lost(ReadIssue(page.location, f"{why} twice over this page", "worker_died"))

    def _alone(self, batch: Batch) -> str | None:
        """Do a batch in a new process; return why that died, if it did."""
        workers = [worker := self._start()]
        try:
            while not worker.ready:
                worker.hear()
            worker.give(batch)
            worker.give(None)
            while workers:
                counts, error, more = worker.hear()
                if counts is not None:
                    self._deaths = 0
                    self._landed(counts)
                if error is not None:
                    raise error
                if not more:
                    self._dismiss(workers, worker)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return self._died(worker)
        finally:
            worker.end()
        return None


class _Worker:
    """A process, the pipe to it, and the batches that it has not yet accounted for."""

    def __init__(
        self,
        context: multiprocessing.context.ForkServerContext,
        options: work.Options,
    ) -> None:
        self.pipe, theirs = context.Pipe()
        self.batches: list[Batch] = []
        self.ready = self.finishing = False
        with theirs, _no_interrupt():
            self.process = context.Process(target=work.serve, args=(theirs, options), daemon=True)
            self.process.start()

    def give(self, batch: Batch | None) -> None:
        """Hand it a batch, or None: there are no more."""
        self.ready = False
        if batch is None:
            self.finishing = True
        else:
            self.batches.append(batch)
        # It may have died, which is heard of next.
        with suppress(BrokenPipeError, ConnectionResetError), _interrupted_after():
            self.pipe.send(batch)

    def hear(self) -> tuple[Counts | None, Exception | None, bool]:
        """Return what a batch gave, what was raised, and whether there will be more to hear.

        Raises EOFError, or another OSError, when the worker is dead.
        """
        wait([self.pipe])
        with _interrupted_after():
            counts, error, more = self.pipe.recv()
        if counts is not None:
            del self.batches[0]
        self.ready = more and not self.finishing
        return counts, error, more

    def end(self) -> str:
        """See that the process is gone, and return how it ended."""
        self.pipe.close()  # which it takes for the end of its work
        self.process.join(_PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        code = self.process.exitcode or 0
        if code >= 0:
            return f"a worker process ended with code {code}"
        with suppress(ValueError):
            return f"a worker process was ended by {signal.Signals(-code).name}"
        return f"a worker process was ended by signal {-code}"


@contextmanager
def _interrupted_after() -> Iterator[None]:
    """Answer Ctrl-C after what is done here: half a message would spoil a pipe."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Ctrl-C is this process's to answer: what is started here never gets it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
