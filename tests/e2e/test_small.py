"""What ``make e2e`` shows at full size, at a size for every run of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from cryptodrug_scraper.database.embedded import EmbeddedServer
from simulator.market_site import market_sites
from tests.e2e import runs
from tests.e2e.__main__ import of_hostile
from tests.e2e.runs import Bench, Sizes
from tests.tor.network import RunningNetwork

SIZES = Sizes(listings=40, vendors=5, reviews=120, kills=3, fault_rate=0.02, seconds=400.0)
MARKETS = list(market_sites())
each_market = pytest.mark.parametrize("market", MARKETS)


@pytest.fixture
def bench(tor_network: RunningNetwork, server: EmbeddedServer, tmp_path: Path) -> Bench:
    return Bench(tor_network, server, tmp_path)


@each_market
def test_a_crawl_through_tor_finds_the_truth(bench: Bench, market: str) -> None:
    outcome = runs.clean(bench, market, SIZES)
    assert outcome.good, outcome.wrong
    assert outcome.told["replay"] == []


def test_with_every_fault_through_tor(bench: Bench) -> None:
    outcome = runs.with_faults(bench, MARKETS[1 % len(MARKETS)], SIZES)
    assert outcome.good, outcome.wrong
    assert sum(name.startswith("fault/") for name in outcome.served) > 15


def test_killed_and_resumed_through_tor(bench: Bench) -> None:
    outcome = runs.killed(bench, MARKETS[-1], SIZES)
    assert outcome.good, outcome.wrong


def test_nothing_but_tor_and_the_database_is_connected_to(bench: Bench) -> None:
    aim = of_hostile(bench, MARKETS[0])
    assert aim.ok, aim.measured
