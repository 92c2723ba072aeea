"""What must not be done before the archive is on the disk, done as soon as it is.

The end of a request in the queue, and a page's rows in the database, must not outlive the page.
So they wait until the archive's bytes were brought to the disk, which is done in another thread
and for all that came meanwhile at once. Requests go on during that: a disk that is slow makes
nothing slower, up to a bound. Where nothing is left that could go on, because what is to be asked
next stands on a page that waits here, the disk is asked at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from cryptodrug_scraper.archive import CrawlArchive

_GATHER = 0.02
_MOST = 64  # that may wait before no more requests go out


class WhenOnDisk:
    """Actions that wait for the disk, done in order in the event loop.

    ``failed`` is called where the disk cannot be written to; what waited is then not done.
    ``done`` is called when some were done. ``gather``: seconds in which more may come before the
    disk is asked.
    """

    def __init__(
        self,
        archive: CrawlArchive,
        failed: Callable[[OSError], None],
        done: Callable[[], None],
        *,
        gather: float = _GATHER,
    ) -> None:
        self._archive = archive
        self._failed = failed
        self._done = done
        self._longest = gather
        self._actions: deque[Callable[[], None]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether so much waits that nothing should be added."""
        return len(self._actions) >= _MOST

    def then(self, action: Callable[[], None]) -> None:
        """Do something when all that is in the archive now is on the disk."""
        self._actions.append(action)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())

    def hurry(self) -> None:
        """Gather no more: there is nothing to be asked before what waits is done."""
        if self._actions:
            self._hurry.set()

    def close(self) -> None:
        """Bring all to the disk and do what waits, now."""
        self._closed = True
        if not self._actions:
            return
        try:
            self._archive.sync()
        except OSError as error:
            self._actions.clear()
            self._failed(error)
        self._do(len(self._actions))

    async def _work(self) -> None:
        while self._actions and not self._closed:
            await self._gather()
            if self._closed:
                return
            count = len(self._actions)
            try:
                await asyncio.to_thread(self._archive.syncing())
            except OSError as error:
                if not self._closed:
                    self._actions.clear()
                    self._failed(error)
                return
            if not self._closed:
                self._do(count)
                self._done()

    async def _gather(self) -> None:
        """Wait for more to come, for a moment, unless nothing can."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), self._longest)
        self._hurry.clear()

    def _do(self, count: int) -> None:
        for _ in range(count):
            self._actions.popleft()()
