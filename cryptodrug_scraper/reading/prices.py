"""Amounts of money within a text that says more: ``$25.00 / Piece``, ``from 0.01 BTC (50 EUR)``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cryptodrug_scraper.normalise.money import CURRENCY_CODES, read_money
from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.memoize import memoized
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Money

_CURRENCY = (
    rf"(?:(?<![^\W\d_])[A-Z]{{0,4}}[$€£¥₽₹₺₩₪₴₱₫฿₿Ƀ]"
    rf"|(?<![^\W\d_])m?(?:{'|'.join(sorted(CURRENCY_CODES))})\b|zł|Kč)"
)
_NUMBER = r"\d(?:[\d.,'’\u00a0\u202f]|\ (?=\d{3}\b))*+"
# A number without a currency matches too, and is passed over: no search begins within one.
_AMOUNT = re.compile(
    rf"[~≈]?\s*(?P<amount>{_CURRENCY}\s*{_NUMBER}|{_NUMBER}\s*{_CURRENCY})|{_NUMBER}"
)


@memoized
def _amounts(text: str) -> tuple[str, ...]:
    """Return the pieces of a text that are amounts of money, each as it stands there."""
    if read_money(text) is not None:
        return (text,)
    return tuple(
        match.group()
        for match in _AMOUNT.finditer(text)
        if match["amount"] and read_money(match.group()) is not None
    )


def holds_money(text: str) -> bool:
    """Tell whether a text holds an amount of money."""
    return bool(_amounts(text))


def read_prices(field: str, text: str, reader: Reader) -> list[Money]:
    """Return the amounts in a text such as ``$25.00 / Piece``, each currency once, in order."""
    amounts: dict[str, Money] = {}
    pieces = _amounts(text) if LOST not in text else ()  # which one is lost, cannot be told
    for piece in pieces or ((text,) if text else ()):
        for money in reader.money(field, piece):
            amounts.setdefault(money.currency, money)
    return list(amounts.values())


def read_row_of_prices(
    field: str, texts: Iterable[str], reader: Reader
) -> tuple[Money | None, list[Money]]:
    """Return the price that the first text states, and the same in other currencies.

    Where the first text cannot be read there is no price, and what follows is an alternative.
    """
    price: Money | None = None
    others: dict[str, Money] = {}
    for index, text in enumerate(texts):
        for money in read_prices(field, text, reader):
            if price is None and not index:
                price = money
            elif price is None or money.currency != price.currency:
                others.setdefault(money.currency, money)
    return price, list(others.values())
