"""What is usual: learned from the past, withstanding odd runs, sparing small ones."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.monitor.levels import Level
from cryptodrug_scraper.monitor.norms import LEAST_RUNS, NUMBER, SHARE, Rule, Value, judge

FILL = Rule(SHARE, 0.03, "falls")
BAD = Rule(SHARE, 0.03, "rises")
SIZE = Rule(NUMBER, 0.25, "changes", of_all=True)
USUAL = [Value(0.97, 500.0)] * 8


def sizes(*numbers: float) -> list[Value]:
    return [Value(number, number) for number in numbers]


def test_a_share_that_falls_is_unusual_and_one_that_is_lost_is_broken() -> None:
    assert judge(FILL, Value(0.95, 500), USUAL).reason == "usual"
    fallen = judge(FILL, Value(0.80, 500), USUAL)
    assert (fallen.level, fallen.reason) == (Level.LOOK, "below")
    assert fallen.low is not None and 0.80 < fallen.low < 0.97 and fallen.high is None
    assert judge(FILL, Value(0.0, 500), USUAL).level is Level.BROKEN
    assert judge(FILL, Value(1.0, 500), USUAL).level is Level.FINE


def test_a_share_that_rises_is_unusual_where_that_is_bad() -> None:
    past = [Value(0.0, 500.0)] * 5
    assert judge(BAD, Value(0.01, 500), past).level is Level.FINE
    assert judge(BAD, Value(0.08, 500), past).reason == "above"
    assert judge(BAD, Value(0.9, 500), past).level is Level.BROKEN
    assert judge(BAD._replace(worst=Level.LOOK), Value(0.9, 500), past).level is Level.LOOK


def test_a_small_run_may_differ_by_chance() -> None:
    assert judge(FILL, Value(0.80, 20), USUAL).level is Level.FINE
    assert judge(FILL, Value(0.0, 20), USUAL).level is Level.BROKEN
    assert judge(FILL, Value(0.0, 5), USUAL).reason == "few"


def test_half_a_past_of_odd_runs_changes_little() -> None:
    odd = [*USUAL, *[Value(0.1, 500.0)] * 4]
    random.Random(1).shuffle(odd)
    assert judge(FILL, Value(0.3, 500), odd).level is not Level.FINE


def test_numbers_may_grow_and_vary_but_not_collapse() -> None:
    past = sizes(1000, 1300, 700, 1100, 900)
    for number in (600, 1000, 1700):
        assert judge(SIZE, *sizes(number), past).level is Level.FINE
    assert judge(SIZE, *sizes(150), past).reason == "below"
    assert judge(SIZE, *sizes(0), past).level is Level.BROKEN
    grown = judge(SIZE, *sizes(1_000_000), past)
    assert (grown.level, grown.reason) == (Level.LOOK, "above")


def test_nothing_is_usual_before_some_runs_nor_of_a_part() -> None:
    few = judge(FILL, Value(0.0, 500), USUAL[: LEAST_RUNS - 1])
    assert (few.level, few.reason, few.runs) == (Level.FINE, "few_runs", LEAST_RUNS - 1)
    part = judge(SIZE, *sizes(1), sizes(900, 900, 900, 900), complete=False)
    assert (part.level, part.reason) == (Level.FINE, "part")
    assert judge(FILL, Value(0.75, 500), USUAL, complete=False).level is Level.FINE
    assert judge(FILL, Value(0.10, 500), USUAL, complete=False).level is Level.BROKEN


@pytest.mark.parametrize("past", [[], USUAL], ids=["no past", "a past"])
def test_a_floor_counts_with_and_without_a_past(past: list[Value]) -> None:
    under = judge(FILL, Value(0.93, 5000), past, floor=0.96)
    assert (under.level, under.reason, under.floor) == (Level.BROKEN, "floor", 0.96)
    assert judge(FILL, Value(0.93, 30), past, floor=0.96).level is Level.FINE  # by chance
    assert judge(SIZE, *sizes(90), [], floor=100).reason == "floor"
    assert judge(SIZE, *sizes(90), [], floor=100, complete=False).reason == "part"


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e9)), max_size=20),
    st.tuples(st.floats(0, 1), st.floats(0, 1e9)),
    st.sampled_from([FILL, BAD, SIZE]),
    st.none() | st.floats(0, 1),
    st.booleans(),
)
def test_any_numbers_are_judged(
    past: list[tuple[float, float]],
    now: tuple[float, float],
    rule: Rule,
    floor: float | None,
    complete: bool,
) -> None:
    known = [Value(*each) for each in past]
    verdict = judge(rule, Value(*now), known, floor=floor, complete=complete)
    if verdict.low is not None and verdict.usual is not None and now[0] > verdict.low:
        assert verdict.reason != "below"
    assert judge(rule, Value(*now), known, complete=complete).reason != "floor"
