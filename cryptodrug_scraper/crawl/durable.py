"""What must not be done before the archive is on the disk waits here until it is.

The end of a request in the queue, and a page's rows in the database, must not outlive the page.
So they wait until the archive's bytes were brought to the disk, which is done in another thread
and for all that came meanwhile at once. Requests go on during that: a disk that is slow makes
nothing slower, up to a bound. Where nothing is left that could go on, because what is to be asked
next stands on a page that waits here, the disk is asked at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from cryptodrug_scraper.archive import CrawlArchive

_GATHER = 0.02
_MOST = 64  # that may wait before no more requests go out


class DiskSync:
    """Brings an archive to the disk for all who wait for that, in the event loop.

    ``failed`` is called where the disk cannot be written to; who waits gets the OSError, too.
    ``gather``: seconds in which more may come before the disk is asked.
    """

    def __init__(
        self, archive: CrawlArchive, failed: Callable[[OSError], None], *, gather: float = _GATHER
    ) -> None:
        self._archive = archive
        self._failed = failed
        self._longest = gather
        self._waiting: list[Callable[[OSError | None], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether so much waits that nothing should be added."""
        return len(self._waiting) >= _MOST

    def then(self, action: Callable[[], None]) -> None:
        """Do something when all that is in the archive now is on the disk; else never."""
        self._add(lambda error: action() if error is None else None)

    def reached(self) -> asyncio.Future[None]:
        """Return what is done when all that is in the archive now is on the disk.

        What waits is done in order. Has the OSError if the disk cannot be written to.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def end(error: OSError | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self._add(end)
        return future

    def _add(self, end: Callable[[OSError | None], None]) -> None:
        self._waiting.append(end)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())

    def hurry(self) -> None:
        """Gather no more: there is nothing to be asked before what waits is done."""
        if self._waiting:
            self._hurry.set()

    def close(self) -> None:
        """Bring all to the disk and do what waits, now."""
        self._closed = True
        if not self._waiting:
            return
        try:
            self._archive.sync()
        except OSError as error:
            self._end(error)
        else:
            self._end()

    async def _work(self) -> None:
        while self._waiting and not self._closed:
            await self._gather()
            count = len(self._waiting)
            if self._closed:
                return
            failed: OSError | None = None
            try:
                await asyncio.to_thread(self._archive.syncing())
            except OSError as error:
                failed = error
            if not self._closed:
                self._end(failed, None if failed else count)

    def _end(self, error: OSError | None = None, count: int | None = None) -> None:
        """Tell those that wait, the first ``count`` of them (None: all)."""
        count = len(self._waiting) if count is None else count
        ready, self._waiting = self._waiting[:count], self._waiting[count:]
        if error is not None:
            self._failed(error)
        for end in ready:
            end(error)

    async def _gather(self) -> None:
        """Wait for more to come, for a moment, unless nothing can."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), self._longest)
        self._hurry.clear()
