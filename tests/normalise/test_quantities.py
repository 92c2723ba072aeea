from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.normalise.quantities import Stock, read_days, read_range, read_stock


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 - 9", (1, 9)),
        ("1-9", (1, 9)),
        ("1 – 9", (1, 9)),
        ("1 to 9", (1, 9)),
        ("10 +", (10, None)),
        ("10+", (10, None)),
        ("1'000 +", (1000, None)),
        ("From qty 10000 to 14999", (10000, 14999)),
        ("from 10 to 14", (10, 14)),
        ("1,000 - 4,999", (1000, 4999)),
        ("5 or more", (5, None)),
        ("10 and up", (10, None)),
        ("at least 5", (5, None)),
        ("min 5", (5, None)),
        ("≥10", (10, None)),
        ("> 9", (10, None)),
        ("1-∞", (1, None)),
        ("1 - unlimited", (1, None)),
        ("100", (100, 100)),
        ("up to 5", (1, 5)),
        ("max. 5", (1, 5)),
        ("unlimited", (1, None)),
        ("∞", (1, None)),
        ("1 - 9 pieces", (1, 9)),
        ("10 g +", (10, None)),
        ("one to nine", (1, 9)),
        ("9-1", None),
        ("1.5 - 3", None),
        ("-", None),
        ("", None),
        ("many", None),
        ("0 - 5 - 9", None),
    ],
)
def test_read_range(text: str, expected: tuple[int, int | None] | None) -> None:
    assert read_range(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Unlimited", Stock(None, True)),
        ("∞", Stock(None, True)),
        ("Unlimited items available for auto-dispatch", Stock(None, True)),
        ("Illimité", Stock(None, True)),
        ("12 items available for auto-dispatch", Stock(12, False)),
        ("1 item available for auto-dispatch", Stock(1, False)),
        ("12", Stock(12, False)),
        ("1,067 in stock", Stock(1067, False)),
        ("Only 3 left!", Stock(3, False)),
        ("12 pieces left", Stock(12, False)),
        ("one", Stock(1, False)),
        ("twenty items", Stock(20, False)),
        ("0", Stock(0, False)),
        ("sold out", Stock(0, False)),
        ("Out of stock", Stock(0, False)),
        ("in stock", None),
        ("12 of 15", None),
        ("-1", None),
        ("", None),
    ],
)
def test_read_stock(text: str, expected: Stock | None) -> None:
    assert read_stock(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 days", "3"),
        ("1 day", "1"),
        ("1 days", "1"),
        ("0.02 days", "0.02"),
        ("14.00 days", "14.00"),
        ("0,5 Tage", "0.5"),
        ("two days", "2"),
        ("a day", "1"),
        ("half a day", "0.5"),
        ("3d", "3"),
        ("12 hours", "0.5"),
        ("36 hours", "1.5"),
        ("24h", "1"),
        ("2 weeks", "14"),
        ("1.5 weeks", "10.5"),
        ("1 hour", None),
        ("2-3 days", None),
        ("3", None),
        ("days", None),
        ("", None),
        ("-3 days", None),
    ],
)
def test_read_days(text: str, expected: str | None) -> None:
    assert read_days(text) == expected


@given(st.text(max_size=250) | st.text("0123456789 -+∞.,to", max_size=200))
def test_any_text(text: str) -> None:
    found = read_range(text)
    assert found is None or found[1] is None or 0 <= found[0] <= found[1]
    stock = read_stock(text)
    assert stock is None or stock.unlimited == (stock.quantity is None)
    days = read_days(text)
    assert days is None or float(days) >= 0
    days = read_days(text + " weeks")
    assert days is None or float(days) >= 0
    read_days(text + " hours")


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_round_trip(a: int, b: int) -> None:
    least, most = sorted((a, b))
    for text in (f"{least} - {most}", f"{least}-{most}", f"From qty {least:,} to {most:,}"):
        assert read_range(text) == (least, most)
    assert read_range(f"{least}+") == (least, None)
    assert read_stock(f"{least} items available for auto-dispatch") == Stock(least, False)
