"""Amounts are read out of texts that say more than an amount."""

from __future__ import annotations

import pytest

from cryptodrug_scraper.reading.prices import holds_money, read_prices
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Money


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("$25.00 / Piece", [Money("25.00", "USD")]),
        ("from 0.01 BTC or 50,5 EUR each", [Money("0.01", "BTC"), Money("50.5", "EUR")]),
        ("€12 per 5 pieces", [Money("12", "EUR")]),
        ("$5 now, $6 later", [Money("5", "USD")]),
    ],
)
def test_each_currency_counts_once_and_in_order(text: str, amounts: list[Money]) -> None:
    reader = Reader(None, [])
    assert holds_money(text)
    assert read_prices("listing.price", text, reader) == amounts
    assert reader.notices == []


@pytest.mark.parametrize("text", ["five pieces", "10 - 20", "$2\ufffd5.00"])
def test_what_is_no_amount_is_named(text: str) -> None:
    reader = Reader(None, [])
    assert read_prices("listing.price", text, reader) == []
    assert [notice.field for notice in reader.notices] == ["listing.price"]


def test_nothing_is_no_price() -> None:
    reader = Reader(None, [])
    assert not holds_money("") and read_prices("listing.price", "", reader) == []
    assert reader.notices == []
