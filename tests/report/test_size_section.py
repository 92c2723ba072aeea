"""How a report says that a market grew: from whole months."""

from __future__ import annotations

from datetime import date, timedelta

from cryptodrug_scraper.report import ReportOptions, open_study
from cryptodrug_scraper.report.build import build
from tests.report.test_report import words
from tests.study.world import World, offer


def steady(world: World, weeks: int) -> None:
    """Eight listings stand on each Monday from 7 January 2019; two of them are new each week."""
    for week in range(weeks):
        on = date(2019, 1, 7) + timedelta(7 * week)
        live = (offer(str(n), f"v{n % 6}", come_from="BE") for n in range(2 * week, 2 * week + 8))
        world.page(on.isoformat(), kind="search", listings=tuple(live))


def said(world: World) -> str:
    with open_study(world.url) as study:
        return words(build(study, ReportOptions("BE", threshold=1)))


def test_a_month_of_one_crawl_is_no_fall(world: World) -> None:
    """Of January and February 14 listings were seen each, of March's first Monday 8."""
    steady(world, 9)
    told = said(world)
    assert "was the same in January 2019 and in February 2019: 14." in told
    assert "March 2019:" not in told
    assert "fell from" not in told


def test_of_one_whole_month_nothing_is_said(world: World) -> None:
    steady(world, 7)  # to 18 February
    told = said(world)
    assert "number of listings from Belgium" not in told
    assert "In the whole period" in told
