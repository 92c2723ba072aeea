"""Crawls through every fault, and crawls that are killed: the same rows, and nothing lost."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.replay import replay
from simulator.faults import FAULTS
from simulator.market_site import market_sites
from tests.crawl.crawling import place
from tests.crawl.responses import responses
from tests.crawl.test_crawl import compared, count
from tests.e2e.rows import same_rows

each_market = pytest.mark.parametrize("market", list(market_sites()))


@pytest.mark.slow
@each_market
def test_every_fault_at_once_changes_nothing(
    market: str, tmp_path: Path, migrated_url: str, another_migrated_url: str
) -> None:
    faults = ("all=0.03", "session_requests=200")
    sizes = {"listings": 30, "vendors": 3, "reviews": 80}
    with place(tmp_path, market, identities=8, faults=faults, **sizes) as here:
        with here.researcher():
            ended = here.crawl(
                migrated_url, "--category", "all", "--max-page", "1M", "--timeout", "4", within=400
            )
        assert ended.code == 0, ended.said + ended.errors
        counters = ended.summary["counters"]
        assert "defects" not in counters and ended.summary["requests"]["gone"] == 0
        struck = {name for name in FAULTS if f"fault/{name}" in here.server.site.snapshot()}
        assert len(struck) > 20
        found = compared(here, migrated_url)
        assert found.complete, found.differences
    replay([here.captured], client_url(another_migrated_url))
    assert same_rows(client_url(migrated_url), client_url(another_migrated_url)) == []
    assert count(migrated_url, "SELECT count(*) FROM page WHERE kind = 'error'") > 0


def test_killed_ten_times_it_loses_nothing(
    tmp_path: Path, migrated_url: str, another_migrated_url: str
) -> None:
    chance = random.Random(1)
    with place(tmp_path, "empire") as here:
        before: Counter[str] = Counter()
        for _ in range(10):
            process = here.start(migrated_url, "--category", "all", "--delay", "0.05")
            deadline = time.monotonic() + 240
            start = len(here.warcs())
            while len(here.warcs()) == start and process.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.4))
            os.kill(process.pid, signal.SIGKILL)
            here.ended(process)
            now = responses(here.warcs())
            assert not before - now  # nothing that was archived is gone
            before = now
        ended = here.crawl(migrated_url, "--category", "all", within=300)
        assert ended.code == 0 and ended.summary["resumed"]
        now = responses(here.warcs())
        assert not before - now
        found = compared(here, migrated_url)
        assert found.complete, found.differences
        done, requests = ended.summary["requests"]["done"], here.server.site.snapshot()["requests"]
        redirects = here.server.site.snapshot().get("served/redirect", 0)
        # At most what was under way at a kill, for each of two sessions, came twice.
        assert requests - redirects <= done + 10 * 2 * 2
    replay([here.captured], client_url(another_migrated_url))
    ignored = ("crawl_run.ended_at", "crawl_run.outcome", "crawl_run.counters")
    assert (
        same_rows(client_url(migrated_url), client_url(another_migrated_url), ignore=ignored) == []
    )
