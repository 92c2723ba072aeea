"""One measured replay, in a process of its own.

    python -m tests.bench.replaying WARC WORKERS DATA

Prints one line of JSON. `of_parse` is the rate of the whole replay over the rate at which as
many processes only parse the same pages, their bytes already in memory.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import threading
import time
from itertools import islice
from pathlib import Path

import psutil

from cryptodrug_scraper.archive import Page, read_pages
from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.database.embedded import EmbeddedServer
from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.replay.memory import keep_freed_memory
from parsers import parse_page

SAMPLE = 1_000


class Memory(threading.Thread):
    """Watches the memory of this process and its workers, and of the database server."""

    def __init__(self, server: Path) -> None:
        super().__init__(daemon=True)
        self.ours = self.theirs = 0
        self.server = server
        self.over = threading.Event()

    def run(self) -> None:
        """Sample until told to stop."""
        me = psutil.Process()
        while not self.over.wait(0.2):
            try:
                family = [me, *me.children(recursive=True)]
                ours = [p for p in family if "postgres" not in p.name()]
                self.ours = max(self.ours, sum(_share(p) for p in ours))
                servers = [p for p in psutil.process_iter(["name"]) if p.info["name"] == "postgres"]
                self.theirs = max(self.theirs, sum(_own(p) for p in servers))
            except psutil.Error:
                continue


def _share(process: psutil.Process) -> int:
    """Return a process's memory; what workers share since they were forked counts once for all."""
    info = process.memory_full_info()
    return int(getattr(info, "pss", info.rss))


def _own(process: psutil.Process) -> int:
    info = process.memory_info()
    return int(info.rss - getattr(info, "shared", 0))


def parse_alone(warc: Path) -> float:
    """Return the seconds a page that parsing takes when the bytes are already in memory."""
    keep_freed_memory()  # as a replay does
    pages = [p for p in islice(read_pages([warc]), SAMPLE) if isinstance(p, Page)]
    best = float("inf")
    for _ in range(2):
        started = time.perf_counter()
        for page in pages:
            parse_page(page.body, url=page.url, captured_at=page.captured_at)
        best = min(best, time.perf_counter() - started)
    return best / len(pages)


def main() -> None:
    """Measure and print."""
    warc, workers, data = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    url = EmbeddedServer(data).ensure_running()
    engine = open_engine(url, upgrade=True)
    engine.dispose()
    dsn = url.replace("postgresql+psycopg2://", "postgresql://")
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        alone = sum(pool.map(parse_alone, [warc] * workers, chunksize=1)) / workers**2
    memory = Memory(data)
    memory.start()
    summary = replay([warc], dsn, workers=workers)
    memory.over.set()
    memory.join()
    read = summary.pages_read
    print(
        json.dumps(
            {
                "seconds": summary.seconds,
                "reading": summary.reading,
                "parsing": summary.counts.parsing,
                "making_rows": summary.counts.making_rows,
                "loading": summary.counts.loading,
                "reviews": summary.reviewing,
                "of_parse": alone / (summary.seconds / read),
                "peak_mb": memory.ours / 1e6,
                "server_mb": memory.theirs / 1e6,
            }
        )
    )


if __name__ == "__main__":
    main()
