"""All links of a market, by way of a WARC and the loader, come to its truth and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cryptodrug_scraper.database.connection import client_url
from simulator.facts import Sizes
from simulator.making import make_world
from simulator.market_site import MarketSite, market_sites
from simulator.truth import truth
from tests.e2e.truth import compare
from tests.e2e.walking import walk, walk_into

LOOKS = list(market_sites().values())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_a_walk_through_a_market_is_its_truth(
    look: MarketSite, seed: int, migrated_url: str
) -> None:
    world = make_world(look, seed=seed, sizes=Sizes(220, 18, 700))
    at = world.reference
    dsn = client_url(migrated_url)
    summary = walk_into(dsn, look, world, at)
    assert summary.outcome == "complete"
    assert summary.counts.warnings.total() == 0
    outcome = compare(dsn, look.name, truth(look, world, at), at)
    assert outcome.complete and outcome.percent == 100, str(outcome)


@pytest.mark.parametrize("pace", [0, 2, 180], ids=lambda pace: f"{pace}s")
def test_reviews_that_could_be_one_another_are_told_apart_or_left_open(
    pace: int, migrated_url: str
) -> None:
    """Busy vendors, and pages captured one after the other: no time and no title is a guess."""
    look = next(iter(market_sites().values()))
    world = make_world(look, seed=1, sizes=Sizes(60, 4, 1200))
    at = world.reference
    world.stand_still(at)
    dsn = client_url(migrated_url)
    walk_into(dsn, look, world, at, timedelta(seconds=pace))
    outcome = compare(
        dsn,
        look.name,
        truth(look, world, at),
        at,
        true_at=lambda moment: truth(look, world, moment),
    )
    assert outcome.complete, str(outcome)


def test_each_page_is_captured_after_the_one_before() -> None:
    look = next(iter(market_sites().values()))
    world = make_world(look, seed=1, sizes=Sizes(5, 2, 5))
    at, pace = world.reference, timedelta(seconds=7)
    visited = list(walk(look, world, at, pace))
    assert [page.at for page in visited] == [at + n * pace for n in range(len(visited))]
    assert all(page.page.expected.captured_at == page.at for page in visited)
    assert len({page.url for page in visited}) > 10
