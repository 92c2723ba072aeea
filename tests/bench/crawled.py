"""One measured crawl, in a process of its own.

    python -m tests.bench.crawled FOLDER MARKET SOCKS PAGES DSN [--not-to-disk] [PROFILE]

With --not-to-disk nothing waits until its record is on the disk, which shows what that costs.
Prints one line of JSON. Processor time is this process's, of all its threads, from the moment at
which the crawl begins (all is imported) until its end. Where it goes is counted by the thread's
own clock around what does the work; what is left is Scrapy, the HTTP library and the event loop.
With PROFILE, a file, the event loop's thread is profiled too: that makes all numbers larger.
"""

from __future__ import annotations

import asyncio
import cProfile
import functools
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptodrug_scraper.archive import CrawlArchive
from cryptodrug_scraper.crawl import crawl_run, wall
from cryptodrug_scraper.crawl.durable import DiskSync
from cryptodrug_scraper.crawl.loading import LoadingThread
from cryptodrug_scraper.crawl.options import CrawlOptions
from cryptodrug_scraper.crawl.plan import Plan
from cryptodrug_scraper.crawl.run import run_crawl
from cryptodrug_scraper.crawl.scheduler import FrontierScheduler
from cryptodrug_scraper.crawl.watch import Watch

NOT_TO_DISK = "--not-to-disk"
EACH = 2
"""Requests at a time for each session."""

_TIMED: tuple[tuple[str, Any, str], ...] = (
    ("archive", CrawlArchive, "write"),
    ("parse", wall, "parse_page"),
    ("judge and queue", wall, "judge"),
    ("judge and queue", FrontierScheduler, "done"),
    ("hand out", FrontierScheduler, "next_request"),
    ("look after", Watch, "check"),
    ("load", LoadingThread, "_run"),
    ("load", crawl_run, "bring_up"),
    ("begin and end", crawl_run.CrawlRun, "open"),
)

spent: Counter[str] = Counter()


def busy() -> float:
    """Return the processor time of this process so far, in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_bytes() -> int:
    """Return the most memory that this process ever had in use."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says may be its parent's, from before this program
        found = next(x for x in status.read_text("ascii").splitlines() if x.startswith("VmHWM"))
        return int(found.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def timed(*args: Any, **kwargs: Any) -> Any:
        started = time.thread_time()
        try:
            return call(*args, **kwargs)
        finally:
            spent[name] += time.thread_time() - started  # type: ignore[assignment]

    return timed


def at_once(disk: DiskSync) -> asyncio.Future[None]:
    """Return what is done, whatever the disk does."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future


def main() -> None:
    """Measure and print."""
    folder, market, socks, pages, dsn, *more = sys.argv[1:]
    profile = [option for option in more if option != NOT_TO_DISK]
    if NOT_TO_DISK in more:
        DiskSync.then = lambda self, action: action()  # type: ignore[method-assign]
        DiskSync.reached = at_once  # type: ignore[method-assign]
    for name, owner, attribute in _TIMED:
        setattr(owner, attribute, _timed(name, getattr(owner, attribute)))
    options = CrawlOptions(
        folder=Path(folder),
        socks=socks,
        dsn=dsn,
        each=EACH,
        delay=0.0,
        throttle=False,
        retries=2,
        backoff=0.1,
        wait=5.0,
        pages=int(pages),
    )
    plan = Plan(market, inside=("all",))
    profiler = cProfile.Profile() if profile else None
    at_first, started = peak_bytes(), busy()
    if profiler is None:
        result = run_crawl(plan, options)
    else:
        result = profiler.runcall(run_crawl, plan, options)
        profiler.dump_stats(profile[0])
    total = busy() - started
    asked = result.counters["requests"]
    print(
        json.dumps(
            {
                "pages": result.pages,
                "requests": asked,
                "outcome": result.outcome,
                "loaded": result.loaded.new if result.loaded else 0,
                "trouble": result.database_error or "",
                "queued": result.frontier["waiting"],
                "seconds": total,
                "clock": result.seconds,
                "importing": started,
                "spent": dict(spent) | {"fetch": total - sum(spent.values())},
                "first_mb": at_first / 1e6,
                "peak_mb": peak_bytes() / 1e6,
            }
        )
    )


if __name__ == "__main__":
    main()
