"""What is usual, learned from the runs before, and how far from it is too far.

A value is compared on a scale on which its spread hardly depends on its size: shares as
asin(sqrt(p)), numbers as logarithms (Anscombe 1948, "The transformation of Poisson, binomial and
negative-binomial data"). There the usual is the median of the last runs, and the spread their
median absolute deviation from it, times 1.4826 so that it estimates a standard deviation: both
withstand that up to half of the past was odd (Hampel 1974, "The influence curve and its role in
robust estimation"; Iglewicz & Hoaglin 1993, "How to detect and handle outliers"). To it come

- a least spread, so that the growth of a market and a week that is a third smaller never count,
- how uncertain the median of so few runs is, and
- the chance of the draw: the variance of a share of so many observations. Those of one page are
  alike, so they count for fewer (Kish 1965, "Survey sampling"; see ``measures.py``).

Limits lie `LIMIT` spreads from the usual; twice as far off is broken. What was broken in a run is
no part of the past: a loss that lasts does not become usual until `WINDOW` runs have passed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal, NamedTuple

from cryptodrug_scraper.monitor.levels import Level

LIMIT = 4.5
"""Spreads between the usual and a limit."""
LEAST_RUNS = 4
"""With fewer runs before, nothing is usual yet."""
RUNS = 12
"""The last so many are compared with."""
WINDOW = 52
"""How many runs back they are looked for."""
LEAST_NUMBER = 8
"""Shares of fewer observations are not judged."""
_FLOOR = 2.0  # standard deviations by which chance may lie below the floor of a share
_PART = 3.0  # how much wider the least spread is of a part of a crawl: its pages are a selection


@dataclass(frozen=True)
class Scale:
    """A scale: the way there (from value and observations) and back, and the variance of chance."""

    there: Callable[[float, float], float]
    back: Callable[[float], float]
    chance: Callable[[float], float]


SHARE = Scale(
    lambda share, number: math.asin(math.sqrt((share * number + 3 / 8) / (number + 3 / 4))),
    lambda x: math.sin(min(max(x, 0.0), math.pi / 2)) ** 2,
    lambda number: 1 / (4 * number + 2),
)
NUMBER = Scale(
    lambda value, _: math.log1p(value),
    lambda x: max(math.expm1(x), 0.0),
    lambda number: 1 / (number + 1),
)


class Rule(NamedTuple):
    """How values are judged: scale, least spread, which way is bad, and the worst level.

    ``of_all``: of a finished crawl only; of a part of one such a value says nothing.
    """

    scale: Scale
    spread: float
    bad: Literal["falls", "rises", "changes"]
    worst: Level = Level.BROKEN
    of_all: bool = False


class Value(NamedTuple):
    """A value, and the number of independent observations that it rests on, about."""

    value: float
    number: float


@dataclass(frozen=True)
class Standing:
    """The level and why, and what the value was held against; limits on the bad side alone.

    ``reason``: ``usual``, ``below`` or ``above`` (a limit), ``floor``, ``few_runs``, ``few`` (too
    few observations), or ``part`` (of a crawl that was not finished).
    """

    level: Level
    reason: str
    usual: float | None = None
    low: float | None = None
    high: float | None = None
    floor: float | None = None
    runs: int = 0


def judge(
    rule: Rule,
    now: Value,
    past: Sequence[Value],
    *,
    floor: float | None = None,
    complete: bool = True,
) -> Standing:
    """Hold a value against its past (the latest first) and its floor.

    ``complete``: the crawl was finished.
    """
    if rule.of_all and not complete:
        return Standing(Level.FINE, "part", floor=floor)
    is_share = rule.scale is SHARE
    past = [each for each in past if each.number >= LEAST_NUMBER or not is_share][:RUNS]
    if is_share and now.number < LEAST_NUMBER:
        verdict = Standing(Level.FINE, "few", runs=len(past))
    elif len(past) < LEAST_RUNS:
        verdict = Standing(Level.FINE, "few_runs", runs=len(past))
    else:
        verdict = _compared(rule, now, past, complete)
    if floor is not None and _is_under(rule.scale, now, floor):
        verdict = replace(verdict, level=Level.BROKEN, reason="floor")
    return replace(verdict, floor=floor)


def _is_under(scale: Scale, now: Value, floor: float) -> bool:
    if scale is not SHARE:
        return now.value < floor
    by_chance = _FLOOR * math.sqrt(scale.chance(now.number))
    return now.value < floor and scale.there(*now) < scale.there(floor, now.number) - by_chance


def _compared(rule: Rule, now: Value, past: Sequence[Value], complete: bool) -> Standing:
    scale, runs = rule.scale, len(past)
    each = [scale.there(*value) for value in past]
    middle = median(each)
    spread = max(
        1.4826 * median(abs(x - middle) for x in each),
        rule.spread * (1.0 if complete else _PART),
    )
    number = now.number if scale is SHARE else median(value.number for value in past)
    reach = LIMIT * math.sqrt(spread**2 * (1 + math.pi / 2 / runs) + scale.chance(number))
    off = scale.there(*now) - middle
    level, reason = Level.FINE, "usual"
    if off < -reach and rule.bad != "rises":
        level, reason = (Level.BROKEN if off < -2 * reach else Level.LOOK), "below"
    elif off > reach and rule.bad != "falls":
        grave = off > 2 * reach and rule.bad == "rises"  # growth, however fast, is no loss
        level, reason = (Level.BROKEN if grave else Level.LOOK), "above"
    return Standing(
        min(level, rule.worst, key=lambda level: level.rank),
        reason,
        usual=median(value.value for value in past),
        low=scale.back(middle - reach) if rule.bad != "rises" else None,
        high=scale.back(middle + reach) if rule.bad != "falls" else None,
        runs=runs,
    )
