"""The bulletins of a small scenario against what is true in it, before and after pages came in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from statistics import median
from typing import Any

import pytest

from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.replay import replay
from simulator.scenario.crawls import CrawlCalendar, write_crawls
from simulator.scenario.parameters import read_scenario
from simulator.scenario.truth import MarketTruth
from simulator.scenario.world import scenario_worlds
from simulator.words import GOODS
from tests.bulletin.making import Facts, made, number
from tests.databases import new_database

PLAN = CrawlCalendar(read_scenario("cryptodrug").scaled(0.02, 4), 1)
MARKETS = list(PLAN.parameters.markets)[:2]
SPLIT = date(2019, 3, 3)
"""Until then the crawls of which the first bulletin knows."""
WEEK = timedelta(days=7)
RATES = 4e-3
"""By so much of a sum euros may be off, which no bound covers: the rate is that of the nearest day
with a page, and crawls are four weeks apart; in two weeks a dollar moves by so much."""
_NEXT = SPLIT + 4 * WEEK


@pytest.fixture(scope="module")
def bulletins(
    server: Any, _template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Facts, Facts]]:
    """The bulletin of a week before the second half is loaded, and of a later week after it."""
    folder = tmp_path_factory.mktemp("crawls")
    write_crawls(PLAN, folder, markets=MARKETS)
    crawls = sorted(folder.rglob("*.warc.gz"))
    early = [path for path in crawls if path.name.split("-")[1][:8] <= f"{SPLIT:%Y%m%d}"]
    assert 0 < len(early) < len(crawls)
    with new_database(server, _template) as url:
        replay(early, client_url(url))
        first, _ = made(url, str(SPLIT), threshold=1)
        replay(crawls, client_url(url))
        second, _ = made(url, str(_NEXT), threshold=1)
        yield first, second


@pytest.fixture(scope="module")
def truths() -> dict[str, MarketTruth]:
    worlds = scenario_worlds(PLAN.parameters, PLAN.seed)
    return {name: MarketTruth(worlds[name]) for name in MARKETS}


def home(truth: MarketTruth, day: date) -> dict[int, Any]:
    """The listings that stand on a day and ship from home."""
    country = PLAN.parameters.country
    return {
        item.index: item
        for item in truth.standing(day)
        if country in truth.world.places_from(item, day)
    }


def crawled(truth: MarketTruth, monday: date) -> date:
    (day,) = (day for day in truth.days if monday <= day < monday + WEEK)
    return day


@pytest.mark.parametrize("which", [0, 1], ids=["before", "after"])
def test_size_and_sales(bulletins: Any, truths: Any, which: int) -> None:
    facts = bulletins[which]
    monday = date.fromisoformat(facts["period"]["start"])
    compared = 0
    for name, truth in truths.items():
        for weeks in (0, 4, 8):
            begin = monday - weeks * WEEK
            items = home(truth, crawled(truth, begin))
            assert number(facts, "listings", name, str(begin))["value"] == len(items)
            vendors = {item.account for item in items.values()}
            assert number(facts, "vendors", name, str(begin))["value"] == len(vendors)
        read = truth.world.crawled(max(d for d in truth.days if which or d <= SPLIT))
        for weeks in range(12):
            begin = monday - weeks * WEEK
            sales = [
                euros
                for sale, euros in truth.home_sales()
                if begin <= sale.posted.date() < begin + WEEK and sale.posted <= read
            ]
            reviews = number(facts, "reviews", name, str(begin))
            assert reviews["low"] <= len(sales) <= reviews["high"], (name, begin)
            turnover = number(facts, "turnover", name, str(begin))
            off = RATES * sum(sales)
            assert turnover["low"] - off <= sum(sales) <= turnover["high"] + off
            compared += 2
    assert compared == 48


def test_prices(bulletins: Any, truths: Any) -> None:
    """At least as many of the intervals hold the true median as they state."""
    holds = []
    for facts in bulletins:
        monday = date.fromisoformat(facts["period"]["start"])
        true: dict[str, list[float]] = {}
        for truth in truths.values():
            day = crawled(truth, monday)
            for item in home(truth, day).values():
                group = "heroin" if item.good == "heroin" else truth.group(item)
                if GOODS[item.good].unit == "g":
                    unit_price = truth.world.euros(item, day) / item.quantity
                    true.setdefault(f"{group} g", []).append(unit_price)
        for of, prices in true.items():
            row = number(facts, "price", "", of=of)
            holds.append(row["low"] * 0.999 <= median(prices) <= row["high"] * 1.001)
    assert len(holds) > 8
    assert sum(holds) >= 0.95 * len(holds)


def test_who_came_and_went(bulletins: Any, truths: Any) -> None:
    for facts in bulletins:
        monday = date.fromisoformat(facts["period"]["start"])
        for name, truth in truths.items():
            day, before = crawled(truth, monday), crawled(truth, monday - 4 * WEEK)
            now, then = home(truth, day), home(truth, before)
            earlier = {i.index for d in truth.days if d < day for i in truth.standing(d)}
            standing = {item.index for item in truth.standing(day)}
            (row,) = (r for r in facts["comings"] if (r["market"], r["of"]) == (name, "listings"))
            assert row["came"] == len(now.keys() - earlier)
            assert row["went"] == len(then.keys() - standing)
            assert row["gone"] <= row["went"]


def test_every_revision_is_explained(bulletins: Any) -> None:
    first, second = bulletins
    revisions = second["revisions"]
    assert revisions["period"] == first["period"]
    assert len(revisions["numbers"]) > 3
    assert [row for row in revisions["numbers"] if not row["explained"]] == []
    newest = [
        row
        for row in revisions["numbers"]
        if (row["name"], row["period"]) == ("reviews", first["period"]["start"]) and row["market"]
    ]
    assert newest
    for row in newest:
        # Nothing was loaded late: what no page had shown, and days better known, are all of it.
        assert row["causes"].keys() <= {"visible", "again", "since"}
        assert row["causes"]["visible"] > 0
