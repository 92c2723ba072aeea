"""Order quantity ranges, stock and delivery days."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from cryptodrug_scraper.normalise.numbers import in_words, read_decimal, read_int, shift
from cryptodrug_scraper.normalise.text import fold, short, words


class Stock(NamedTuple):
    """What is left: ``quantity`` units, or ``unlimited`` (then ``quantity`` is None)."""

    quantity: int | None
    unlimited: bool


_UNLIMITED = words(
    "unlimited unlimitiert unbegrenzt unbeschrankt illimite illimitee illimites onbeperkt"
    " ilimitado ilimitada infinite infinity ∞ endless"
)
_NONE_LEFT = frozenset(
    ("out of stock", "sold out", "none", "none left", "ausverkauft", "uitverkocht", "agotado")
)
_N = r"([0-9][0-9,.'’ ]*|[a-z][a-z -]*?)"
_RANGE = re.compile(
    rf"(?:from )?(?:qty |quantity )?:? ?{_N} ?(?:-|–|—|−|\.\.+|…|to|till|until|through|bis|à|tot)"
    rf" ?([0-9][0-9,.'’ ]*|[a-z][a-z -]*|∞)"
)
_OPEN = re.compile(
    r"(?:from |at least |min(?:imum)?\.? |ab |(?P<sign>[≥>]=?) ?)?(?:qty |quantity )?:? ?"
    r"(?P<n>[0-9][0-9,.'’ ]*|[a-z][a-z -]*?) ?"
    r"(?P<tail>\+|(?:or|and|&) (?:more|above|over|up|higher|greater)|(?:and )?up(?:wards?)?"
    r"|\+ ?(?:or more|more)|oder mehr|et plus|ou plus|of meer|o más)?"
)
_UP_TO = re.compile(
    r"(?:up to|max(?:imum)?\.?:?|at most|no more than|bis(?: zu)?|tot|hasta|jusqu'à|[≤]|<=) ?(.+)"
)
_UNIT = re.compile(r"(?<=[0-9+∞]) ?(?!e[0-9])[^\W\d_]{1,20}\.?(?:\([sn]\))?")
_SPAN_WORDS = re.compile(r"(?:to|till|until|through|bis|à|tot|or|and|up|more|oder|et|ou|of|o)\b")


def _count(text: str) -> int | None:
    text = text.strip()
    found = read_int(text)
    return in_words(text) if found is None else found


@lru_cache(maxsize=8192)
def _range(text: str) -> tuple[int, int | None] | None:
    text = text.lower()
    if text in _UNLIMITED or fold(text) in _UNLIMITED or text in ("any", "any quantity"):
        return 1, None
    text = _drop_units(text)
    if match := _UP_TO.fullmatch(text):
        most = _count(match[1])
        if most is not None:
            return (1, most) if most >= 1 else None
        return (1, None) if match[1] in _UNLIMITED else None
    if (match := _RANGE.fullmatch(text)) and (least := _count(match[1])) is not None:
        if match[2].strip() in _UNLIMITED:
            return least, None
        most = _count(match[2])
        if most is not None:
            return (least, most) if least <= most else None
    match = _OPEN.fullmatch(text)
    if not match or (least := _count(match["n"])) is None:
        return None
    if match["sign"] == ">":
        return least + 1, None
    opened = match["tail"] or not text.startswith(("qty", "quantity", match["n"]))
    return least, None if opened else least


def _drop_units(text: str) -> str:
    """Leave out the unit after a number (``1 - 9 pieces``, ``10 g +``)."""

    def unless_word(match: re.Match[str]) -> str:
        return match[0] if _SPAN_WORDS.match(match[0].strip()) else ""

    return _UNIT.sub(unless_word, text).strip()


def read_range(text: str) -> tuple[int, int | None] | None:
    """Read an order quantity range as ``(least, most)``; ``most`` is None if it is open.

    ``1 - 9``, ``10 +``, ``From qty 10000 to 14999``, ``5 or more``, ``1-∞``, ``up to 5``
    (from 1), ``unlimited`` (``(1, None)``). A number alone, ``100``, is exactly that many:
    ``(100, 100)``. A unit after a number is passed over; a range that runs down is None.
    """
    cleaned = short(text)
    return _range(cleaned) if cleaned else None


_STOCK = re.compile(
    r"(?:(?:only|quantity|qty|stock|in stock|left):? )?(?P<n>.+?)"
    r"(?: (?:items?|pieces?|units?|pcs?|stück|orders?|offers?))?"
    r"(?: (?:are |is )?(?:left|available|in stock|remaining|on stock|auf lager|en stock))?"
    r"(?: for (?:auto|instant|automatic)[- ]?(?:dispatch|delivery))?(?: (?:left|in stock))?[.!]?"
)


@lru_cache(maxsize=8192)
def _stock(text: str) -> Stock | None:
    text = text.lower()
    if text in _NONE_LEFT:
        return Stock(0, False)
    match = _STOCK.fullmatch(text)
    if not match:
        return None
    if match["n"] in _UNLIMITED or fold(match["n"]) in _UNLIMITED:
        return Stock(None, True)
    quantity = _count(match["n"])
    return None if quantity is None else Stock(quantity, False)


def read_stock(text: str) -> Stock | None:
    """Read the quantity left: ``Unlimited``, ``12``, ``one``, ``12 items available for
    auto-dispatch``, ``sold out`` (0). Anything else is None.
    """
    cleaned = short(text)
    return _stock(cleaned) if cleaned else None


_DAYS = re.compile(
    r"(?P<n>.+?) ?-?(?P<unit>days?|d|tage?n?|jours?|dag(?:en)?|d[ií]as?"
    r"|hours?|hrs?|h|weeks?|w)(?:\(s\))?"
)


@lru_cache(maxsize=8192)
def _days(text: str) -> str | None:
    match = _DAYS.fullmatch(text.lower())
    if not match:
        return None
    shown = match["n"]
    if shown in ("half", "half a", "half an"):
        number: str | None = "0.5"
    else:
        number = read_decimal(shown)
        if number is None:
            count = in_words(shown)
            number = None if count is None else str(count)
    if number is None or match["unit"][0] not in "hw":
        return number
    return _in_days(number, week=match["unit"][0] == "w")


def _in_days(number: str, *, week: bool) -> str | None:
    """Turn weeks or hours into days, if that comes out exactly within six digits."""
    whole, _, fraction = number.partition(".")
    scaled = int(whole + fraction) * (7 if week else 1)
    if not week:
        scaled, rest = divmod(scaled * 10**6, 24)
        if rest:
            return None
    places = len(fraction) + (0 if week else 6)
    shown = shift(str(scaled), -places)
    return shown if week or "." not in shown else shown.rstrip("0").rstrip(".")


def read_days(text: str) -> str | None:
    """Read a delivery time as a decimal string of days: ``3 days``, ``0.02 days``, ``two days``.

    Weeks, and hours that come out exactly (``12 hours`` is ``0.5``), are turned into days;
    ``half a day`` is ``0.5``. A range ("2-3 days") and a bare number are None.
    """
    cleaned = short(text)
    return _days(cleaned) if cleaned else None
