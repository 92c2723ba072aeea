"""Intervals over vendors: known values, edges, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.study import intervals
from cryptodrug_scraper.study.unequal import inequality, unequal
from tests.bench.covering import cover


def column(*values: float) -> intervals.Floats:
    return np.array(values, float)[:, None]


def test_wilson_of_plain_counts() -> None:
    low, high = intervals.wilson([0, 5, 10, 0], [10, 10, 10, 0])
    assert low[:3] == pytest.approx([0, 0.2366, 0.7225], abs=1e-4)
    assert high[:3] == pytest.approx([0.2775, 0.7634, 1], abs=1e-4)
    assert np.isnan(low[3]) and np.isnan(high[3])


def test_draws_are_always_the_same_and_as_many_as_vendors() -> None:
    first = intervals.weights(30).copy()
    intervals.weights.cache_clear()
    assert (intervals.weights(30) == first).all()
    assert (first.sum(axis=1) == 30).all() and len(first) == intervals.DRAWS >= 1000
    assert (intervals.weights(30, 1) != first).any()  # another market, other draws


def test_a_vendor_who_sells_much_leaves_less_known() -> None:
    """Of as many reviews: one vendor with most of them, or all alike."""
    rng = np.random.default_rng(3)
    parts = rng.random(50)
    alike, one = np.full(50, 20.0), np.full(50, 10.0)
    one[0] = 510
    widths = []
    for of in (alike, one):
        got = intervals.share((parts * of)[:, None], of[:, None])
        widths.append(got.high[0] - got.low[0])
    assert widths[1] > 2 * widths[0]
    # Reviews as if they did not hang together would have a narrower one by far.
    low, high = intervals.wilson(parts.mean() * 1000, 1000)
    assert widths[0] > 1.2 * float(high - low)


def test_shares_of_nothing_and_of_all_have_an_end_beyond() -> None:
    got = intervals.share(np.array([[0.0, 9]] * 12), column(*[9] * 12))
    assert got.low[0] == 0 and 0.15 < got.high[0] < 0.5
    assert got.high[1] == 1 and 0.5 < got.low[1] < 0.85


def test_one_vendor_says_nothing_of_others() -> None:
    got = intervals.share(column(3, 0), column(9, 0))
    assert (got.value[0], got.low[0], got.high[0]) == (pytest.approx(1 / 3), 0, 1)
    price = intervals.mean(column(300), column(9))
    assert np.isnan(price.low[0]) and np.isnan(price.high[0])
    nobody = intervals.share(column(0, 0), column(0, 0))
    assert np.isnan([nobody.value[0], nobody.low[0], nobody.high[0]]).all()
    assert np.isnan(intervals.of_totals(np.zeros((0, 3)), lambda sums: sums).low).all()


def test_markets_are_drawn_apart() -> None:
    """How many vendors a market has is no matter of chance."""
    of = column(*[1] * 40)
    market = np.repeat(["a", "b"], 20)
    part = of * (market == "a")[:, None]
    assert intervals.share(part, of, market).draws.std() == pytest.approx(0, abs=1e-6)
    assert intervals.share(part, of).draws.std() > 0.05


def test_difference_takes_what_both_have_in_common_into_account() -> None:
    rng = np.random.default_rng(1)
    of = column(*rng.integers(1, 50, 60))
    parts = intervals.share(of * rng.random((60, 1)), of)
    none = intervals.difference(parts, parts)
    assert none.value[0] == 0 and none.high[0] - none.low[0] < 0.02
    here = (np.arange(60) < 30)[:, None]
    one, other = (intervals.share(parts.value * of * at, of * at) for at in (here, ~here))
    off = intervals.difference(one, other)
    assert off.low[0] < 0 < off.high[0]


def test_ratio_of_shares_of_what_is_all_and_of_what_is_none() -> None:
    rng = np.random.default_rng(2)
    of = rng.integers(1, 30, (40, 3)).astype(float)
    same = intervals.ratio_of_shares(of, of)
    assert same.value == pytest.approx(1)
    assert (same.high / same.low < 1.05).all()
    own = of * (np.arange(40) < 12)[:, None]
    own[:, 2] = 0
    of[:, 1] = own[:, 1] = 0
    got = intervals.ratio_of_shares(own, of)
    assert got.low[0] < got.value[0] < got.high[0]
    assert np.isnan([got.value[1], got.low[1], got.high[1]]).all()
    assert got.value[2] == got.low[2] == 0 < got.high[2] < 2


def test_median_lies_between_prices_that_were_asked() -> None:
    prices = [10.0, 11, 12, 13, 14, 15, 16, 17, 18, 19]
    middle, low, high = intervals.median(prices, range(10))
    assert (middle, low < 12.5, high > 16.5) == (14.5, True, True)
    assert min(prices) <= low and high <= max(prices)
    assert intervals.median([5.0] * 10, range(10)) == (5, 5, 5)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=12
    ).filter(lambda pairs: any(of for _, of in pairs))
)
def test_intervals_hold_what_was_found_and_stay_in_range(pairs: list[tuple[int, int]]) -> None:
    of = column(*(max(pair) for pair in pairs))
    got = intervals.share(column(*(min(pair) for pair in pairs)), of)
    assert 0 <= got.low[0] <= got.value[0] <= got.high[0] <= 1
    sales = of[of > 0]
    found, low, high = inequality(sales)
    for value, least, most in zip(found, low, high, strict=True):
        assert -1e-9 <= value[0] <= 1 + 1e-9
        assert np.isnan(least[0]) or 0 <= least[0] <= value[0] <= most[0] <= 1


def test_inequality_of_known_sales() -> None:
    found = unequal([1, 2, 3, 4])
    assert found.gini[0] == pytest.approx(0.25)
    assert (found.top_1[0], found.top_10[0]) == (pytest.approx(0.4), pytest.approx(1))
    assert found.hhi[0] == pytest.approx(0.3)
    _, low, high = inequality([5.0] * 7)
    assert np.isnan(low.gini[0]) and np.isnan(high.hhi[0])  # too few to say


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """In a small simulation; `python -m tests.bench.covering` is the large one."""
    found = cover(studies=30, seed=2, expected_of=30)
    numbers = list(next(iter(found.values())))
    over_all = {what: np.mean([each[what] for each in found.values()]) for what in numbers}
    assert len(numbers) == 16
    assert {what: part for what, part in over_all.items() if part < 0.87} == {}
    assert 0.92 <= np.mean(list(over_all.values())) <= 0.98
