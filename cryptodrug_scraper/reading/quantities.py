"""Amounts of goods: ranges for which a price holds, and numbers with a unit behind them."""

from __future__ import annotations

import re
from typing import NamedTuple

from cryptodrug_scraper.normalise.numbers import read_int

_RANGE = re.compile(
    r"(?P<from>from\s+|≥\s*|>=\s*)?(?:qty\s+)?(?P<low>\d[\d.,'’\s]*?)\s*"
    r"(?:(?:-|–|—|to|bis)\s*(?:(?P<high>\d[\d.,'’\s]*?)|∞|unlimited)|(?P<single>(?!\s*\+))|\+)"
    r"\s*(?P<unit>[^\W\d_][^\d]*)?",
    re.I,
)
_LONGEST_RANGE = 100
_WITH_UNIT = re.compile(r"(\d[\d.,'’\u00a0\u202f ]*?)\s*([^\W\d_][^\d]*)?")
# What is behind a number and no unit: ``12k``, ``1.2 Mio``, ``10K+``.
_MAGNITUDE = re.compile(
    r"(?:k+|m{1,2}|mio|mil|million|thousand|tsd|hundred|dozen|bn?|e|x)?\s*(?:\b|$)\W*$|.*[+~<>]",
    re.I,
)


class QuantityRange(NamedTuple):
    """From how many to how many; ``most`` is None for a range without an end."""

    least: int
    most: int | None


def read_range(text: str) -> QuantityRange | None:
    """Return the range of ``1 - 9``, ``From qty 100 to 499``, ``10 +``, ``10 - ∞`` or ``5``.

    None for a text that is none, or of which a number cannot be read.
    """
    text = text.strip()
    match = _RANGE.fullmatch(text) if len(text) <= _LONGEST_RANGE else None
    least = _digits(match["low"]) if match is not None else None
    if match is None or least is None:
        return None
    if match["high"] is not None:
        most = _digits(match["high"])
        return QuantityRange(least, most) if most is not None else None
    is_single = match["single"] is not None and match["from"] is None
    return QuantityRange(least, least if is_single else None)


def _digits(text: str) -> int | None:
    digits = re.sub(r"[.,'’\s](?=\d{3}(?!\d))", "", text.strip())
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def without_unit(text: str) -> str:
    """Return the number of a text in which a unit may follow: ``1'250``, ``10 Piece``.

    A text that is something else is returned as it is.
    """
    match = _WITH_UNIT.fullmatch(text)
    if match is None or _MAGNITUDE.match(match[2] or "") or read_int(match[1]) is None:
        return text
    return match[1]
