"""How unequal vendors are, with intervals: Gini, Herfindahl–Hirschman, the parts of the largest.

Draws from the vendors that there are never hold one larger than the largest, and intervals made
of them are too narrow by far: a 95 % interval of the Herfindahl–Hirschman index holds the truth in
half of the cases. So vendors are drawn as `intervals` does but for the largest, the square root of
their number: these are drawn from a Pareto distribution that continues the others, with the
exponent that Hill's estimator gives (Cowell & Flachaire 2007; Davidson & Flachaire 2007). The
spread of the draws' logits is taken around what was found.

What intervals are of: the value that markets of as many vendors of this kind have on average.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cryptodrug_scraper.study.intervals import DRAWS, SEED, Floats

_Z = 1.959964
_FEWEST = 4
"""Vendors that make a tail, at least; fewer than twice as many vendors have no interval."""
_AT_ONCE = 100


class Inequality(NamedTuple):
    """Numbers from 0 to 1, or what draws made of them."""

    gini: Floats
    top_1: Floats
    top_10: Floats
    top_1_percent: Floats
    top_10_percent: Floats
    hhi: Floats


def unequal(sales: npt.ArrayLike) -> Inequality:
    """Return the numbers of vendors' sales (above 0), each an array of one."""
    x = np.sort(np.asarray(sales, float))[::-1]
    return _measure(x[None], np.ones((1, len(x))))


def inequality(sales: npt.ArrayLike) -> tuple[Inequality, Inequality, Inequality]:
    """Return the numbers of vendors' sales (above 0), and the lower and upper ends of intervals.

    Each an array of one. Ends are NaN for fewer than 8 vendors, and for a number that can but be
    what it is (all of the sales, of ten vendors or fewer).
    """
    x = np.sort(np.asarray(sales, float))[::-1]
    found = unequal(x)
    if len(x) < 2 * _FEWEST:
        nothing = Inequality(*(np.full(1, np.nan) for _ in found))
        return found, nothing, nothing
    drawn = _drawn(x)
    low, high = [], []
    for name, value, draws in zip(found._fields, found, drawn, strict=True):
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            inner = (value > 0) & (value < 1 - 1e-12)
            middle = np.log(value / (1 - value))
            each = np.clip(draws, 1e-9, 1 - 1e-9)
            half = _Z * np.log(each / (1 - each)).std(ddof=1)
            ends = [1 / (1 + np.exp(sign * half - middle)) for sign in (1, -1)]
        if name == "hhi":  # of squares, so that logits of its draws are askew
            ends[1] = np.maximum(ends[1], np.quantile(draws, 0.975))
        low.append(np.where(inner, ends[0], np.nan))
        high.append(np.where(inner, ends[1], np.nan))
    return found, Inequality(*low), Inequality(*high)


def _drawn(x: Floats) -> Inequality:
    """Draw as many vendors as there are, the largest from a Pareto distribution."""
    number = len(x)
    tail = max(_FEWEST, int(np.ceil(np.sqrt(number))))
    start, body = x[tail], x[tail:]
    logs = float(np.log(x[:tail] / start).sum())
    exponent = min((tail - 1) / logs, 50.0) if logs > 0 else 50.0
    rng = np.random.default_rng([SEED, number])
    parts = []
    for _ in range(0, DRAWS, _AT_ONCE):
        large = rng.binomial(number, tail / number, _AT_ONCE)
        most = int(large.max())
        there = np.arange(most) < large[:, None]
        values = start * rng.random((_AT_ONCE, most)) ** (-1 / exponent)
        values = -np.sort(-np.where(there, values, 0.0), axis=1)
        times = rng.multinomial(number - large, np.full(len(body), 1 / len(body)))
        every = np.concatenate([values, np.broadcast_to(body, (_AT_ONCE, len(body)))], axis=1)
        parts.append(_measure(every, np.concatenate([there, times], axis=1).astype(float)))
    return Inequality(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _measure(x: Floats, times: Floats) -> Inequality:
    """Measure rows of sales, the largest first, each as many times as said."""
    value = times * x
    total = value.sum(axis=1)
    last = times.cumsum(axis=1)
    first = last - times
    number = last[:, -1]
    # Ranks from the smallest; those of equals are their mean.
    rank = number[:, None] - (first + last + 1) / 2 + 1
    gini = 2 * (rank * value).sum(axis=1) / (number * total) - (number + 1) / number

    def top(count: Floats) -> Floats:
        return np.asarray(
            (np.clip(count[:, None] - first, 0, times) * x).sum(axis=1) / total, float
        )

    return Inequality(
        gini,
        top(np.ones_like(number)),
        top(np.full_like(number, 10)),
        top(np.ceil(number * 0.01)),
        top(np.ceil(number * 0.1)),
        (value * x).sum(axis=1) / total**2,
    )
