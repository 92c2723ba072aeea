"""How many there are, by what was caught once and again: estimators with 95 % intervals.

Where all are caught again, the usual variances are 0 and intervals shrink to a point, which says
that the crawls missed nothing for certain. Here, where few are estimated to be unseen, no upper end
is lower than what the part caught again allows by Wilson's interval of it: of 50 marked ones that
were all caught again, up to 7 % could have been missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cryptodrug_scraper.study.intervals import DRAWS, SEED, wilson

_Z = 1.959964
_FEW = 5
"""Unseen ones, by the estimate, of which a variance says too little."""


class Number(NamedTuple):
    """An estimate, and the ends of its interval; never below what was seen."""

    value: float
    low: float
    high: float


def chapman(first: int, second: int, both: int) -> Number:
    """Return Chapman's estimate of a closed population (1951).

    `first` and `second` are caught on two occasions, `both` on both. The interval is log-normal in
    the number that was never seen (Chao 1987); of the smaller catch, the part that was marked
    has Wilson's interval, and where few are unseen the upper end is no lower than this allows.
    """
    number = (first + 1) * (second + 1) / (both + 1) - 1
    variance = float((first + 1) * (second + 1) * (first - both) * (second - both))
    variance /= (both + 1) ** 2 * (both + 2)
    seen = first + second - both
    few, many = sorted((first, second))
    return _around(number, variance, seen, many / _least(both, few))


def jolly_seber(captured: int, marked: int, later: int, skipped: int) -> tuple[Number, Number]:
    """Return how many there were at a crawl, and the part that it captured (Jolly, Seber 1965).

    `captured` are those caught, `marked` of them were caught before and `later` are caught again;
    `skipped` were caught before and later, and not now. The part is one of the marked that were
    known to be there (`marked` and `skipped`), and has Wilson's interval.
    """
    part = marked / (marked + skipped * captured / later)
    low, high = wilson(part * (marked + skipped), marked + skipped)
    coverage = Number(part, min(float(low), part), max(float(high), part))
    return Number(*(captured / end for end in (part, coverage.high, coverage.low))), coverage


def chao(times: Sequence[int]) -> Number:
    """Return Chao's lower bound where some are caught more easily than others (1987).

    `times` is how many were caught once, twice, … in as many crawls (2 or more) as it is long.
    """
    crawls, seen = len(times), sum(times)
    once, twice = times[0], times[1]
    part = (crawls - 1) / crawls
    unseen = part * once * (once - 1) / (2 * (twice + 1))
    ratio = once / max(twice, 1)
    variance = max(twice, 1) * (part / 2 * ratio**2 + part**2 * ratio**3 + part**2 / 4 * ratio**4)
    return _around(seen + unseen, variance, seen, seen / _covered(times))


def sample_coverage(times: Sequence[int]) -> Number:
    """Return the estimate by sample coverage of Chao, Lee and Jeng (1992), `times` as in `chao`.

    Coverage is estimated as by Chao and Jost (2012), which is right for few crawls too.

    Its variance is that of draws from the population that it estimates.
    """
    number, seen = _by_coverage(np.array([times], float))[0], sum(times)
    if not np.isfinite(number):  # all were caught once alone: no part of them is known
        return Number(np.nan, np.nan, np.nan)
    unseen = max(number - seen, 0.0)
    every = np.array([*times, unseen]) / (seen + unseen)
    rng = np.random.default_rng([SEED, seen])
    drawn = rng.multinomial(round(seen + unseen), every, DRAWS)[:, :-1].astype(float)
    estimates = _by_coverage(drawn)
    variance = float(np.nanvar(np.where(np.isfinite(estimates), estimates, np.nan)))
    return _around(float(number), variance, seen, seen / _covered(times))


def _by_coverage(times: np.ndarray) -> np.ndarray:
    crawls = times.shape[1]
    k = np.arange(1, crawls + 1)
    seen, caught = times.sum(axis=1), (times * k).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Of few crawls, what was caught once is more than what is not covered.
        again = (crawls - 1) * times[:, 0]
        again = np.where(again > 0, again / (again + 2 * np.maximum(times[:, 1], 0.5)), 0)
        covered = 1 - times[:, 0] / caught * again
        pairs = (times * k * (k - 1)).sum(axis=1)
        uneven = seen / covered * crawls * pairs / ((crawls - 1) * caught**2) - 1
        found = seen / covered + times[:, 0] * again / covered * np.maximum(uneven, 0)
    return np.asarray(found)


def _covered(times: Sequence[int]) -> float:
    """Return the least part of all that those who were caught make: once caught are news."""
    caught = sum(number * n for n, number in enumerate(times, 1))
    return _least(caught - times[0], caught)


def _least(count: float, of: float) -> float:
    return max(float(wilson(count, of)[0]), 1e-6)


def _around(number: float, variance: float, seen: int, at_least: float) -> Number:
    """Return an interval that is log-normal in the unseen, and reaches `at_least` so high."""
    unseen = max(number - seen, 0.0)
    if unseen <= 0:
        return Number(float(seen), float(seen), max(float(seen), float(np.ceil(at_least))))
    times = float(np.exp(_Z * np.sqrt(np.log1p(variance / unseen**2))))
    high = max(seen + unseen * times, at_least if unseen < _FEW else number)
    # There are whole ones only.
    return Number(number, float(np.floor(seen + unseen / times)), float(np.ceil(high)))
