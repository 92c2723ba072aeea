"""Ranges of amounts and numbers with a unit, as markets write them."""

from __future__ import annotations

import pytest

from cryptodrug_scraper.reading.quantities import read_range, without_unit


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("1 - 9", (1, 9)),
        ("From qty 100 to 499", (100, 499)),
        ("From qty 500 to unlimited", (500, None)),
        ("From qty 500", (500, None)),
        ("10 +", (10, None)),
        ("10 - ∞ Piece", (10, None)),
        ("≥ 20", (20, None)),
        ("5", (5, 5)),
        ("1'000 - 2.500 Gram", (1000, 2500)),
        ("1 - 9.5", None),
        ("1.5 - 9", None),
        ("some", None),
        ("9" * 200, None),
    ],
)
def test_a_range_is_two_numbers_or_none(text: str, bounds: tuple[int, int | None] | None) -> None:
    assert read_range(text) == bounds


@pytest.mark.parametrize(
    ("text", "number"),
    [("10 Piece", "10"), ("1'250", "1'250"), ("12k", "12k"), ("1.2 Mio", "1.2 Mio"), ("x", "x")],
)
def test_a_unit_is_left_out_and_a_magnitude_is_not(text: str, number: str) -> None:
    assert without_unit(text) == number
