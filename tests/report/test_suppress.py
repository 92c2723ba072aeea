"""What is suppressed cannot be worked out from what is left."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.report.guard import may_total
from cryptodrug_scraper.report.suppress import small, suppress, suppress_grid


def test_small_cells_go_and_zeros_stay() -> None:
    assert small([0, 1, 4, 5, 60], 5) == [False, True, True, False, False]
    assert small([1, 2], 1) == [False, False]


def test_a_small_cell_takes_one_with_it() -> None:
    # 6 is the smallest that leaves 1 another number: 1 + 6 = 7 = 2 + 5.
    assert suppress([1, 0, 6, 60], 5) == [True, False, True, False]
    # Of 1 + 5 = 6 whoever knows which one is small would learn that it is 1.
    assert suppress([1, 5, 60], 5) == [True, False, True]
    assert suppress([20, 30], 5) == [False, False]


def test_a_line_without_a_partner_goes_as_a_whole() -> None:
    assert suppress([1, 5], 5) == [True, True]
    assert suppress([3], 5) == [True]
    assert suppress([], 5) == []


def test_totals_that_give_nothing_away() -> None:
    assert may_total({"a": 20, "b": 30}, 5)
    assert may_total({"a": 2, "b": 9, "c": 30}, 5)
    assert may_total({"a": 0, "b": 0}, 5)
    assert not may_total({"a": 1, "b": 2}, 5)  # small itself
    assert not may_total({"a": 1, "b": 1}, 2)  # each is one, as everybody could tell


def test_a_table_by_hand() -> None:
    table = [[3, 20, 23], [40, 50, 90], [43, 70, 113]]
    hidden = suppress_grid(table, 5)
    assert hidden == [[True, True, False], [True, True, False], [False, False, False]]


def test_a_total_goes_last() -> None:
    # 4 could go with the total of 15, or with 6: 4 + 6 = 10 = 5 + 5.
    assert suppress_grid([[4, 5, 6, 15], [20, 20, 20, 60], [24, 25, 26, 75]], 5)[0] == [
        True, False, True, False,
    ]  # fmt: skip
    # Where there is nothing else, it goes.
    assert suppress_grid([[4, 0, 1, 5], [20, 30, 40, 90], [24, 30, 41, 95]], 5)[0][3]


@given(st.lists(st.integers(0, 14), min_size=1, max_size=3), st.integers(3, 5))
def test_every_small_cell_could_be_another(cells: list[int], threshold: int) -> None:
    """A reader who knows the total, the rule and which cells are small does not learn them."""
    hidden = suppress(cells, threshold)
    left = [count for count, mark in zip(cells, hidden, strict=True) if mark]
    if not any(count >= threshold for count in left):
        return  # the total is small as well, and shown nowhere
    ranges = [range(1, threshold) if count < threshold else range(threshold, 40) for count in left]
    if all(mark or count == 0 for count, mark in zip(cells, hidden, strict=True)):
        ranges = [range(1, 40)] * len(left)  # of a whole line it is not known which are small
    possible = [guess for guess in product(*ranges) if sum(guess) == sum(left)]
    for n, count in enumerate(left):
        assert count >= threshold or len({guess[n] for guess in possible}) > 1


def tables(most: int) -> st.SearchStrategy[list[list[int]]]:
    return st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.integers(0, most), min_size=width, max_size=width), min_size=1, max_size=4
        )
    )


def with_totals(cells: list[list[int]]) -> list[list[int]]:
    rows = [[*row, sum(row)] for row in cells]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]]


@settings(deadline=None)
@given(tables(30), st.integers(2, 6))
def test_no_cell_of_a_table_follows_from_sums(cells: list[list[int]], threshold: int) -> None:
    table = with_totals(cells)
    hidden = suppress_grid(table, threshold)
    where = [(r, c) for r, row in enumerate(hidden) for c, mark in enumerate(row) if mark]
    for r, row in enumerate(table):
        for c, count in enumerate(row):
            assert hidden[r][c] or not 0 < count < threshold
            assert not (hidden[r][c] and count == 0)
    assert hidden[-1][-1] == (0 < table[-1][-1] < threshold)  # told elsewhere
    if not where:
        return
    equations = []
    for r in range(len(table)):
        signs = [(-1.0 if c == len(table[0]) - 1 else 1.0) * (i == r) for i, c in where]
        equations.append(signs)
    equations += [
        [(-1.0 if r == len(table) - 1 else 1.0) * (j == n) for r, j in where]
        for n in range(len(table[0]))
    ]
    matrix = np.array(equations)
    rank = np.linalg.matrix_rank(matrix)
    for n, (r, c) in enumerate(where):
        if table[r][c] >= threshold:
            continue
        unit = np.zeros((1, len(where)))
        unit[0, n] = 1.0
        # If the cell alone were a combination of the sums, it would add nothing to the rank.
        assert np.linalg.matrix_rank(np.vstack([matrix, unit])) > rank
