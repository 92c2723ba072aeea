"""Two databases hold the same rows, or say the same of a market; or it is told how they differ."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.replay import replay
from simulator.facts import Sizes
from simulator.making import make_world
from simulator.market_site import MarketSite, market_sites
from tests.conftest import FIXTURES
from tests.databases import execute
from tests.e2e.rows import entities, same_entities, same_rows
from tests.e2e.walking import walk_into

LOOKS = list(market_sites().values())
PAGES = FIXTURES / "study"


@pytest.fixture
def two(migrated_url: str, another_migrated_url: str) -> tuple[str, str]:
    return client_url(migrated_url), client_url(another_migrated_url)


def test_the_same_pages_are_the_same_rows(two: tuple[str, str]) -> None:
    for dsn in two:
        replay([PAGES], dsn)
    assert same_rows(*two) == []
    assert same_entities(entities(two[0]), entities(two[1])) == []


def test_differences_of_rows_are_told(two: tuple[str, str]) -> None:
    for dsn in two:
        replay([PAGES], dsn)
    execute(two[1], "UPDATE page SET place = 'elsewhere', parser_version = 'other'")
    execute(two[1], "DELETE FROM price_alternative")
    execute(two[0], "DELETE FROM exchange_rate WHERE base = 'BTC'")
    found = same_rows(*two, most=3)
    assert any("parser_version" in told and " / 'other'" in told for told in found)
    assert any(
        told.startswith("price_alternative: ") and " rows / 0 rows" in told for told in found
    )
    assert any("only in the first" in told for told in found)
    assert any(
        told.startswith("exchange_rate base=BTC") or "only in the second" in told for told in found
    )
    assert any("… and " in told for told in found)
    assert (
        same_rows(
            *two, ignore=["page.place", ".parser_version", "price_alternative", "exchange_rate"]
        )
        == []
    )


def test_rows_whose_key_is_ignored_are_a_multiset(two: tuple[str, str]) -> None:
    for dsn in two:
        replay([PAGES], dsn)
    execute(two[1], "UPDATE star_rating SET position = position + 7")
    execute(two[1], "UPDATE feedback_count SET position = position + 7")
    assert same_rows(*two)
    assert same_rows(*two, ignore=["star_rating.position", "feedback_count.position"]) == []
    execute(two[1], "UPDATE feedback_count SET period = 'never'")
    ignored = ["star_rating.position", "feedback_count.position"]
    found = same_rows(*two, ignore=ignored, most=1000)
    assert any("period='never'" in told and "only in the second" in told for told in found)


def test_tables_and_columns_that_only_one_has_are_told(two: tuple[str, str]) -> None:
    for dsn in two:
        replay([PAGES], dsn)
    execute(two[0], "CREATE TABLE extra (a int)")
    execute(two[1], "ALTER TABLE place ADD COLUMN extra int")
    found = same_rows(*two)
    assert "extra: only the first has it" in found
    assert any(told.startswith("place: columns ") for told in found)


def test_nothing_compared_is_an_error(two: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="called nothing"):
        same_rows(*two, ignore=["nothing"])
    with pytest.raises(ValueError, match="Neither database has a page"):
        same_entities(entities(two[0]), entities(two[1]))
    for dsn in two:
        execute(dsn, "TRUNCATE market, place, archive, alembic_version CASCADE")
    with pytest.raises(ValueError, match="Neither database has a row"):
        same_rows(*two)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_two_crawls_of_a_world_that_stands_still_find_the_same(
    look: MarketSite, two: tuple[str, str]
) -> None:
    """The second one hours later and slower, and another is loaded over it."""
    world = make_world(look, seed=1, sizes=Sizes(120, 9, 500))
    at = world.reference
    world.stand_still(at)
    walk_into(two[0], look, world, at)
    later = at + timedelta(hours=3)
    walk_into(two[1], look, world, later, timedelta(seconds=3))
    walk_into(two[1], look, world, later + timedelta(hours=2), timedelta(seconds=1))
    assert same_rows(*two) != []
    one, other = entities(two[0]), entities(two[1])
    assert same_entities(one, other) == []
    assert one["digest"] == other["digest"]
    assert len(one[look.name]["listings"]) > 100 and len(one[look.name]["reviews"]) > 300


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE listing_observation SET title = title || '!'", "title"),
        ("UPDATE shipping_option SET days = 77", "shipping_options"),
        ("UPDATE vendor_observation SET sales = 1", "sales 1"),
        ("DELETE FROM review WHERE review_id = (SELECT min(review_id) FROM review)", "once more"),
        ("UPDATE review SET author = 'x'", "in the second"),
        ("UPDATE listing SET external_id = external_id || '0'", "only in the second"),
    ],
)
def test_differences_of_what_is_said_are_told(
    change: str, told: str, two: tuple[str, str], tmp_path: Path
) -> None:
    look = LOOKS[0]
    world = make_world(look, seed=1, sizes=Sizes(12, 3, 20))
    for dsn in two:
        walk_into(dsn, look, world, world.reference)
    execute(two[1], change)
    found = same_entities(entities(two[0]), entities(two[1]))
    assert found and any(told in words for words in found), found
