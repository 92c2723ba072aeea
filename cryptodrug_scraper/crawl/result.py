"""How a run of a crawl ended, and the last step: the database brought up to the archive."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2

from cryptodrug_scraper.archive import CrawlEnd, CrawlStamp, Held, ReadIssue
from cryptodrug_scraper.crawl.loading import LoadingThread
from cryptodrug_scraper.crawl.lost import forget_lost
from cryptodrug_scraper.crawl.request import CrawlRequest
from cryptodrug_scraper.database.crawls import record_crawl
from cryptodrug_scraper.database.embedded import DatabaseUnavailable
from cryptodrug_scraper.database.reviews import work_out_reviews
from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.replay.summary import Counts

_PAUSES = (1.0, 5.0, 0.0)  # seconds after each attempt that failed


@dataclass(slots=True)
class CrawlResult:
    """How a run ended.

    ``outcome`` is ``finished``, ``limit``, ``interrupted``, ``needs_session``, ``tor`` or
    ``archive``, and ``words`` say more. ``frontier`` counts requests by state, ``failed`` are
    those given up with the last reason. ``lost`` counts pages that were asked for again since the
    archive had lost them, ``forgotten`` those whose rows were taken out of the database for that.
    ``loaded`` counts what went into the database, None
    where nothing was to; ``database_error`` says why it could not.
    """

    market: str
    outcome: str
    words: str
    resumed: bool
    pages: int
    seconds: float
    counters: dict[str, Any]
    frontier: dict[str, int]
    failed: list[tuple[CrawlRequest, str | None]]
    archive: Path
    stamp: CrawlStamp
    repaired: list[ReadIssue] = field(default_factory=list)
    lost: int = 0
    forgotten: int = 0
    unknown_categories: list[str] = field(default_factory=list)
    loaded: Counts | None = None
    database_error: str | None = None


class EarlierRuns(NamedTuple):
    """What the runs before left: their ids, what their files hold, and captures that are lost."""

    runs: list[str]
    held: Held
    lost: set[datetime]


def bring_up(
    result: CrawlResult,
    end: CrawlEnd,
    loader: LoadingThread,
    earlier: EarlierRuns,
    *,
    read: bool,
) -> None:
    """Work out reviews and note the run's end; if ``read``, read the archive before.

    Rows of captures that the archive lost are taken out first. Where the database is lost it is
    tried again, then the error is noted in the result: the archive has everything.
    """
    for pause in _PAUSES:
        try:
            loader.revive()
            _bring_up(result, end, loader.target.dsn, earlier, read=read)
        except (psycopg2.Error, DatabaseUnavailable) as error:
            result.database_error = " ".join(str(error).split())[:300]
            read = True
            time.sleep(pause)
        else:
            result.database_error = None
            return


def _bring_up(
    result: CrawlResult, end: CrawlEnd, dsn: str, earlier: EarlierRuns, *, read: bool
) -> None:
    connection = psycopg2.connect(dsn, application_name="cryptodrug crawl")
    try:
        if earlier.runs and (read or earlier.lost or result.repaired):
            result.forgotten += forget_lost(connection, earlier.held, earlier.runs, earlier.lost)
        if read:
            result.loaded = replay([result.archive], dsn).counts
        else:
            work_out_reviews(connection)
        record_crawl(connection, result.stamp, end)
    finally:
        connection.close()
