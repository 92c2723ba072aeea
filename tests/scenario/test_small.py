"""Every finding is found in a small scenario, through WARC, parsers, database and study."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cryptodrug_scraper.replay.summary import Summary
from simulator.scenario.crawls import CrawlCalendar
from simulator.scenario.parameters import read_scenario
from tests.databases import new_database
from tests.scenario.holding import Held, far_below
from tests.scenario.running import Compared, examined, loaded

SMALL = CrawlCalendar(read_scenario("cryptodrug").scaled(0.02, 4), 1)
"""Few vendors beside the Belgian ones, and a crawl every four weeks."""
IDS = [finding.id for finding in SMALL.parameters.findings]


@pytest.fixture(scope="module")
def studied(
    server: Any, _template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Summary, dict[str, Compared], list[Held]]]:
    with new_database(server, _template) as url:
        summary = loaded(SMALL, tmp_path_factory.mktemp("scenario") / "crawls", url)
        rows, numbers = examined(SMALL, url)
        yield summary, {row.finding.id: row for row in rows}, numbers


def test_every_page_is_read_without_a_warning(studied: Any) -> None:
    told = studied[0].to_dict()
    assert told["outcome"] == "complete"
    assert told["warnings"] == told["unknown_pages"] == told["failed_pages"] == []
    assert told["pages"]["read"] > 2000


@pytest.mark.parametrize("name", [*IDS, "coverage"])
def test_what_is_true_is_found(studied: Any, name: str) -> None:
    row = studied[1][name]
    assert row.wrong == []
    assert row.found


def test_intervals_hold_the_truth_of_what_was_captured(studied: Any) -> None:
    numbers = studied[2]
    assert [one for one in numbers if not one.holds] == []
    assert sum(not one.bounds for one in numbers) > 100
    assert sum(one.bounds for one in numbers) > 15


def test_too_few_that_hold_are_more_than_chance() -> None:
    assert not far_below(95, 100) and not far_below(89, 100) and not far_below(0, 0)
    assert far_below(86, 100) and far_below(3, 6)


def test_missing_pages_are_noticed_and_do_not_bend_shares(
    server: Any, _template: str, tmp_path: Path
) -> None:
    plan = CrawlCalendar(SMALL.parameters, 1, missing=0.2)
    with new_database(server, _template) as url:
        loaded(plan, tmp_path / "crawls", url)
        rows, numbers = examined(plan, url)
    assert {row.finding.id: row.wrong for row in rows if row.wrong} == {}
    holding = [one.holds for one in numbers]
    assert len(holding) > 100
    assert not far_below(sum(holding), len(holding)), [one for one in numbers if not one.holds]
