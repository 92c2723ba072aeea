"""Coverage: what was pointed to and not captured, and what capture–recapture makes of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import date, timedelta

import pytest

from cryptodrug_scraper.records import Link
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.measure import Note
from tests.study.world import World, offer, profile

StudyOf = Callable[..., Study]


def links(*numbers: int, host: str = "") -> tuple[Link, ...]:
    return tuple(Link("listing", str(n), f"{host}/l/{n}") for n in numbers)


def test_what_a_crawl_was_pointed_to_and_did_not_capture(world: World, study_of: StudyOf) -> None:
    first, second = world.run("01-01"), world.run("01-02")
    vendor = Link("vendor", "anna", "/v/anna")
    world.page("01-01", kind="search", links=(*links(1, 2, 3, 4), vendor), run=first)
    for n in (1, 2):
        world.page("01-01", listings=(offer(str(n), "anna"),), run=first)
    gone, login = "http://other.onion/l/3", "http://other.onion/l/4"
    world.page("01-01", kind="not_found", url=gone, run=first)
    world.page("01-01", kind="login", url=login, run=first)
    world.page("01-01", kind="vendor", vendors=(profile("anna"),), run=first)
    world.page("01-02", kind="search", links=links(1, 9), run=second)
    world.page("01-02", listings=(offer("1", "anna"),), run=second)
    world.page("01-02", listings=(offer("7", "anna"),), run=second)  # no page points to it
    told = study_of().coverage()
    rows = told.frame[["kind", "known", "captured", "gone", "missed"]].values.tolist()
    assert rows == [
        ["listing", 4, 2, 1, 1],
        ["vendor", 1, 1, 0, 0],
        ["listing", 3, 2, 0, 1],
    ]
    assert told.frame["coverage"].tolist() == pytest.approx([2 / 3, 1, 2 / 3])
    low = told.caveats[0]
    assert (low.name, low.values["low"], low.vendors) == (
        "low_coverage",
        pytest.approx(2 / 3),
        None,
    )


def test_pages_of_no_run_are_taken_by_week(world: World, study_of: StudyOf) -> None:
    world.page("01-06", kind="search", links=links(1, 2))  # a Sunday
    world.page("01-07", kind="search", links=links(2))
    world.seen("01-09", offer("2", "anna"))
    world.page(None, kind="search", links=links(5))
    told = study_of().coverage()
    assert told.frame["crawl"].tolist() == ["week 2019-W01", "week 2019-W02"]
    assert told.frame["coverage"].tolist() == [0, 1]
    assert told.left_out == {"undated_pages": 1}


def load(world: World, weeks: Iterable[Iterable[int]]) -> None:
    for week, caught in enumerate(weeks):
        on = (date(2019, 1, 7) + timedelta(weeks=week)).isoformat()
        run = world.run(on)
        for n in caught:
            world.page(on, listings=(offer(str(n), "anna"),), run=run)


def test_recapture_by_hand(world: World, study_of: StudyOf) -> None:
    # Second crawl: 8 of the first, 2 new; two of the first are missed and caught by the third.
    load(world, [range(10), [*range(8), 10, 11], range(10)])
    told = study_of().recapture()
    second = told.frame.iloc[1].to_dict()
    assert (second["captured_before"], second["captured"], second["again"]) == (10, 10, 8)
    assert second["chapman"] == pytest.approx(11 * 11 / 9 - 1)
    # Marked 8; of the 10 released 8 are caught later; 2 were skipped: 8 + 2·10/8 were there.
    assert second["coverage"] == pytest.approx(8 / 10.5)
    assert second["estimate"] == pytest.approx(10 * 10.5 / 8)
    assert told.frame["coverage"].isna().tolist() == [True, False, True]


def test_coverage_is_found_within_five_points_while_offers_come_and_go(
    world: World, study_of: StudyOf
) -> None:
    chance = random.Random(4)
    there = [range(12 * week, 12 * week + 200) for week in range(5)]  # 6 % come and go a week
    load(world, ([n for n in week if chance.random() < 0.8] for week in there))
    found = study_of().recapture().frame["coverage"].dropna()
    assert len(found) == 3
    assert found.mean() == pytest.approx(0.8, abs=0.05)


def test_too_few_recaptures_give_no_number(world: World, study_of: StudyOf) -> None:
    load(world, [range(3), range(3)])
    told = study_of().recapture()
    assert told.frame["chapman"].isna().all()
    assert list(told.left_out.values()) == [1]
    assert [note.name for note in told.caveats] == ["few_crawls"]
    world.seen("01-21", *(offer(str(n), "anna") for n in range(3)))
    told = study_of().recapture()
    assert len(told.frame) == 3
    assert told.caveats == (Note.of_captures("few_repeats", fewest=7),)
    with pytest.raises(ValueError, match="no kind"):
        study_of().recapture(kind="moon")
