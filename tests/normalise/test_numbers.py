from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.normalise.numbers import in_words, read_decimal, read_int, shift
from cryptodrug_scraper.normalise.text import words


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("0", 0),
        ("007", 7),
        ("1,067", 1067),
        ("1.067", 1067),
        ("1'067", 1067),
        ("1’067", 1067),
        ("1 067", 1067),
        ("1\xa0067", 1067),
        ("1\u202f067", 1067),
        (" 12\n", 12),
        ("1,067,000", 1067000),
        ("+5", 5),
        ("1.5", None),
        ("0.067", None),
        ("1,06,700", None),
        ("1,067.000", None),
        ("-3", None),
        ("", None),
        ("twelve", None),
        ("12a", None),
        ("²", None),
        ("٣", None),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
    ],
)
def test_read_int(text: str, value: int | None) -> None:
    assert read_int(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4.97", "4.97"),
        ("5.00", "5.00"),
        ("5", "5"),
        ("0,5", "0.5"),
        (".5", "0.5"),
        ("6829.4", "6829.4"),
        ("1,067.50", "1067.50"),
        ("1.067,50", "1067.50"),
        ("1,067", "1067"),
        ("1.067", "1.067"),
        ("0.067", "0.067"),
        ("0,067", "0.067"),
        ("1.5e3", "1500"),
        ("-1", None),
        ("1.2.3", None),
        ("", None),
        (".", None),
        ("NaN", None),
    ],
)
def test_read_decimal(text: str, value: str | None) -> None:
    assert read_decimal(text) == value


@pytest.mark.parametrize(
    ("amount", "places", "value"),
    [
        ("3.2", -3, "0.0032"),
        ("1250", -3, "1.250"),
        ("1250.0", -3, "1.2500"),
        ("0", -3, "0.000"),
        ("1.5", 3, "1500"),
        ("0.00012345", 3, "0.12345"),
        ("7", 0, "7"),
    ],
)
def test_shift(amount: str, places: int, value: str) -> None:
    assert shift(amount, places) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("zero", 0),
        ("one", 1),
        ("A", 1),
        ("an", 1),
        ("Two", 2),
        ("twelve", 12),
        ("twenty-one", 21),
        ("twenty one", 21),
        ("a dozen", 12),
        ("two dozen", 24),
        ("two dozens", 24),
        ("half a dozen", 6),
        ("a couple", 2),
        ("hundred", 100),
        ("a hundred and five", 105),
        ("nine hundred ninety-nine", 999),
        ("two thousand five hundred and six", 2506),
        ("three hundred thousand", 300000),
        ("half", None),
        ("dozens", None),
        ("and", None),
        ("two and", None),
        ("five twenty", None),
        ("twenty eleven", None),
        ("hundred hundred", None),
        ("thousand thousand", None),
        ("two dozen three", None),
        ("12", None),
        ("many", None),
        ("", None),
    ],
)
def test_in_words(text: str, value: int | None) -> None:
    assert in_words(text) == value


@given(st.text(max_size=250) | st.text("0123456789.,'’ eE+-", max_size=60))
def test_any_text(text: str) -> None:
    number = read_int(text)
    assert number is None or number >= 0
    decimal = read_decimal(text)
    assert decimal is None or float(decimal) >= 0
    in_words(text)


_SCALE = sorted(words("a and an dozen hundred thousand one two eleven twenty fifty zero half"))


@given(st.lists(st.sampled_from(_SCALE), max_size=9))
def test_any_words(chosen: list[str]) -> None:
    value = in_words(" ".join(chosen))
    assert value is None or 0 <= value < 10**7


@given(st.integers(0, 10**17))
def test_round_trip(number: int) -> None:
    for mark in (",", ".", "'", " ", "\xa0"):
        assert read_int(f"{number:,}".replace(",", mark)) == number
    assert read_int(str(number)) == number
    assert read_decimal(f"{number}.50") == f"{number}.50"
