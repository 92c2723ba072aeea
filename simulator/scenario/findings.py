"""Findings that were published: each a statement, and the measure whose value must bear it out.

A scenario's file lists them, ``found`` measures them in a study. Values are by name
("MARKET", "MARKET MONTH", "MARKET home"): a whole number is a count and must be found
exactly, a number with a fraction within five per cent, a list in its order. None is a value that
there is not, such as a share of nothing; no statement about it holds.

"Home" is the country studied. A listing is from home if it says that it ships from it, alone or
among others; where it changed, the last time in question counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import log
from typing import Any

Value = int | float | list[str] | None
Values = dict[str, Value]

CLOSE = 0.05


@dataclass(frozen=True, slots=True)
class Terms:
    """What the findings speak of: the country, its neighbour, and from which price a sale is large.

    ``markets`` are in the order in which values are given.
    """

    country: str
    neighbour: str
    english_speaking: tuple[str, ...]
    larger_from_eur: float
    markets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaperFinding:
    """A published statement; ``holds`` are conditions on the values of ``measure``."""

    id: str
    published: str
    measure: str
    holds: Mapping[str, Any]
    markets: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def terms(self, terms: Terms) -> Terms:
        """Return the terms for the markets that it speaks of."""
        chosen = tuple(m for m in terms.markets if not self.markets or m in self.markets)
        return Terms(
            terms.country,
            terms.neighbour,
            terms.english_speaking,
            terms.larger_from_eur,
            chosen,
        )


def fitted(name: str, points: Iterable[tuple[float, float]]) -> Values:
    """Return the growth a week of the exponential through points (week, number), and its R²."""
    pairs = [(week, log(number)) for week, number in points if number > 0]
    count = len(pairs)
    if count < 3:
        return {}
    mean_x = sum(x for x, _ in pairs) / count
    mean_y = sum(y for _, y in pairs) / count
    xx = sum((x - mean_x) ** 2 for x, _ in pairs)
    yy = sum((y - mean_y) ** 2 for _, y in pairs)
    xy = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
    return {name: xy / xx, f"{name} straight": xy**2 / (xx * yy) if yy else 1.0}


# -- comparing -------------------------------------------------------------------------------


def agree(true: Values, values: Values, close: float = CLOSE) -> list[str]:
    """Return what differs: counts and lists must be equal, other numbers within a share."""
    wrong = []
    for name in dict.fromkeys([*true, *values]):
        here, there = true.get(name), values.get(name)
        if isinstance(here, float) and isinstance(there, (int, float)):
            same = abs(here - there) <= close * abs(here)
        else:
            same = here == there
        if not same:
            wrong.append(f"{name}: {there} instead of {here}")
    return wrong


def bears_out(values: Values, holds: Mapping[str, Any]) -> list[str]:
    """Return which conditions of a statement values do not meet."""
    wrong = [
        f"{word} {wanted}" for word, wanted in holds.items() if not _meets(values, word, wanted)
    ]
    wrong += [f"there is no value of {name}" for name, value in values.items() if value is None]
    return wrong if values else ["there is no value"]


def _meets(values: Values, word: str, wanted: Any) -> bool:
    plain = {k: v for k, v in values.items() if isinstance(v, (int, float))}
    numbers = [v for k, v in plain.items() if not k.endswith(" straight")]
    match word:
        case "below":
            return all(n < wanted for n in numbers)
        case "above":
            return all(n > wanted for n in numbers)
        case "from":
            return all(n >= wanted for n in numbers)
        case "to":
            return all(n <= wanted for n in numbers)
        case "straight":
            return all(v >= wanted for k, v in plain.items() if k.endswith(" straight"))
        case "grows_to_at_least":
            return all(last >= wanted * first for first, last in _ends(plain))
        case "grows_to_at_most":
            return all(last <= wanted * first for first, last in _ends(plain))
        case "rises":  # that share of the months, of all markets, is not below the one before
            steps = [b >= a for months in _series(plain) for a, b in pairwise(months)]
            return bool(sum(steps) >= wanted * len(steps))
        case "all_but":
            return all(everyone - home <= wanted for home, everyone in _pairs(plain))
        case "home_above_all":
            return all(home > everyone for home, everyone in _pairs(plain))
        case "starts_with":
            lists = [v for v in values.values() if isinstance(v, list)]
            return all(found[: len(wanted)] == wanted for found in lists)
    raise ValueError(f"nothing is known of the condition {word!r}")


def _series(values: Mapping[str, int | float]) -> list[list[float]]:
    """Return the values of each market's months."""
    months: dict[str, list[float]] = {}
    for name in sorted(values):
        months.setdefault(name.split()[0], []).append(values[name])
    return list(months.values())


def _ends(values: Mapping[str, int | float]) -> list[tuple[float, float]]:
    """Return the first and the last month of each market; a market of one month has no growth."""
    return [(months[0], months[-1]) for months in _series(values) if len(months) > 1]


def _pairs(values: Mapping[str, int | float]) -> list[tuple[float, float]]:
    names = [name.removesuffix(" home") for name in values if name.endswith(" home")]
    return [(values[f"{name} home"], values[f"{name} all"]) for name in names]
