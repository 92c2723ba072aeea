"""95 % intervals of numbers that rest on vendors: a bootstrap over vendors, not over reviews.

What intervals mean: the vendors of a market are taken as a sample of clusters from those who might
as well have sold there (a superpopulation); their listings, reviews and prices come with them. An
interval says how far the number could lie off for another such set of as many vendors. It says
nothing of pages that no crawl captured, nor of how a price is read.

How they are made. `DRAWS` times as many vendors as there are are drawn with replacement (a fixed
seed, so that one database gives one report); draws are weights that multiply sums by vendor, so
that the cost goes with vendors and not with reviews. Sales are so unequal that plain percentiles
of the draws hold the truth in 60 to 90 % of cases where 95 are stated; so the draws give the
variance, which is then

- made larger by as much as large vendors pull the estimate to themselves (leverage), and taken with
  Student's t at the degrees of freedom that the vendors' weights leave (Bell & McCaffrey 2002, for
  vendors alike but for their size); more of them where vendors are either-or, whose variance is
  steadier than a normal distribution's (excess kurtosis below 0),
- turned into an interval on a scale that cannot leave the range: Wilson's for shares, with the
  effective number of vendors in place of the number, so that a share of 0 has an upper end too
  (Franco et al. 2019), and logarithms for means.

Draws are taken within each market (stratum), since the markets are chosen and not drawn. Where
all stands on one vendor nothing is known: 0 to 1 for a share, no interval for a mean.
`python -m tests.bench.covering` measures how often such intervals hold the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

SEED = 1951
DRAWS = 1000
_Z = 1.959964
# Student's t at 97.5 % by degrees of freedom; between them logarithms are interpolated in 1/df,
# which is right to 0.4 %.
_T = {
    1.0: 12.7062, 1.1: 10.2768, 1.25: 8.0280, 1.5: 6.0167, 2.0: 4.3027, 2.5: 3.5747, 3.0: 3.1824,
    4.0: 2.7764, 6.0: 2.4469, 10.0: 2.2281, 30.0: 2.0423, np.inf: _Z,
}  # fmt: skip


@dataclass(frozen=True)
class Estimate:
    """Numbers (k) with the ends of their 95 % intervals, and what draws gave (draws × k)."""

    value: Floats
    low: Floats
    high: Floats
    draws: Floats

    def at(self, columns: slice) -> Estimate:
        """Return some of the numbers."""
        return Estimate(
            self.value[columns], self.low[columns], self.high[columns], self.draws[:, columns]
        )

    def under(self, name: str, of: Callable[[Floats], Floats] = np.asarray) -> dict[str, Floats]:
        """Return the numbers and the ends as ``NAME``, ``NAME_low`` and ``NAME_high``.

        `of` makes of each what is to stand there: the exponential of a logarithm, say.
        """
        each = (("", self.value), ("_low", self.low), ("_high", self.high))
        return {f"{name}{end}": of(values) for end, values in each}

    def one(
        self, name: str, n: int = 0, of: Callable[[Floats], Floats] = np.asarray
    ) -> dict[str, float]:
        """Do as `under` for one of the numbers."""
        return {key: float(values[n]) for key, values in self.under(name, of).items()}


def wilson(count: npt.ArrayLike, total: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return Wilson's interval of plain counts: `count` of `total` that do not hang together.

    NaN where the total is 0.
    """
    some, of = np.asarray(count, float), np.asarray(total, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _wilson(some / of, of, np.asarray(_Z))


@lru_cache(maxsize=8)
def weights(vendors: int, stratum: int = 0) -> Floats:
    """Return how often each vendor is in each draw (draws × vendors); always the same."""
    rng = np.random.default_rng([SEED, vendors, stratum])
    drawn = np.zeros((DRAWS, vendors), np.float32)
    if not vendors:
        return drawn
    for draw in drawn:  # six times as fast as to draw each vendor's number from a multinomial
        draw[:] = np.bincount(rng.integers(vendors, size=vendors), minlength=vendors)
    drawn.setflags(write=False)
    return drawn


def share(part: Floats, of: Floats, strata: npt.ArrayLike | None = None) -> Estimate:
    """Return parts of a whole, 0 to 1, with intervals.

    `part` is a row a vendor and a column a share; `of` likewise, or one column for all.
    `strata` says of each vendor to which market it belongs; None is one market.
    """
    got = _Ratio(part, of, strata)
    even = got.value * (1 - got.value)
    inner = (got.variance > 0) & (even > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        # A thing that none of these vendors sells most of seems the same for all: where vendors
        # differ more in all columns together, a quarter of that (a generalised variance).
        alike = even / got.vendors
        common = np.nansum(np.where(inner, got.variance, 0)) / np.nansum(np.where(inner, alike, 0))
        variance = np.fmax(got.variance, 0.75 * got.variance + 0.25 * min(common, 1.0) * alike)
        effective = np.where(inner, even / variance, got.vendors)
        low, high = _wilson(got.value, effective, got.t)
    nothing = got.alone & np.isfinite(got.value)
    low, high = np.where(nothing, 0.0, low), np.where(nothing, 1.0, high)
    return Estimate(got.value, low, high, got.draws)


def mean(total: Floats, number: Floats, strata: npt.ArrayLike | None = None) -> Estimate:
    """Return totals by numbers (EUR a sale, sales a review), above 0, with intervals.

    Shapes as in `share`. NaN ends where one vendor alone is in it.
    """
    got = _Ratio(total, number, strata, np.log)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        times = np.exp(got.t * np.sqrt(got.variance))
        low = np.where(got.alone, np.nan, got.value / times)
        high = np.where(got.alone, np.nan, got.value * times)
    return Estimate(got.value, low, high, got.draws)


def median(values: npt.ArrayLike, vendors: npt.ArrayLike) -> tuple[float, float, float]:
    """Return the median of values and its interval, by that of the part below it (Woodruff 1952).

    `vendors` says of each value whose it is.
    """
    each = np.asarray(values, float)
    middle = float(np.median(each))
    _, at = np.unique(np.asarray(vendors), return_inverse=True)
    # Those that equal it count half, so that the part is a half where many do.
    below = (each < middle) + (each == middle) / 2
    number = np.bincount(at).astype(float)[:, None]
    got = share(np.bincount(at, below).astype(float)[:, None], number)
    shift = 0.5 - float(got.value[0])
    ends = np.clip([got.low[0] + shift, got.high[0] + shift], 0, 1)
    low, high = np.quantile(each, ends)
    return middle, float(low), float(high)


def of_totals(
    totals: Floats, of: Callable[[Floats], Floats], strata: npt.ArrayLike | None = None
) -> Estimate:
    """Return what a function makes of vendors' sums, with intervals: a rate of growth, say.

    `totals` is a row a vendor and a column a sum (a month); `of` takes sums (… × columns), and
    returns numbers (… × k) on a scale on which errors are even: logarithms of a rate.
    """
    each = totals[(totals != 0).any(axis=1)]
    value = of(each.sum(axis=0)[None])[0]
    if len(each) < 2:
        nothing = np.full(value.shape, np.nan)
        return Estimate(value, nothing, nothing, np.empty((0, *value.shape)))
    drawn = of(_draw(each, _kept(totals, strata)))
    size = (each / np.where(each.sum(axis=0) > 0, each.sum(axis=0), 1)).mean(axis=1)
    weight = size / size.sum()
    leverage, freedom = _leverage(weight[:, None])
    half = _student(freedom) * np.sqrt(np.nanvar(drawn, axis=0, ddof=1) * leverage)
    return Estimate(value, value - half, value + half, drawn)


def share_of_each(
    part: Floats, other: Floats, strata: npt.ArrayLike | None = None
) -> tuple[Estimate, Estimate]:
    """Return parts of the sum over all columns, of two tables, from draws of the same vendors."""
    k = part.shape[1]
    each = (np.repeat(sums.sum(axis=1)[:, None], sums.shape[1], axis=1) for sums in (part, other))
    got = share(np.hstack([part, other]), np.hstack(list(each)), strata)
    return got.at(slice(0, k)), got.at(slice(k, None))


def ratio_of_shares(part: Floats, other: Floats, strata: npt.ArrayLike | None = None) -> Estimate:
    """Return how many times larger shares are than those of another table, with intervals.

    Shapes and draws as in `share_of_each`. On the scale of logarithms the ends are those of a
    difference; of a share of 0 the lower end is 0, and the upper end that of a quotient (Donner &
    Zou 2012, in which the former is 0). NaN where the other share is 0.
    """
    one, two = share_of_each(part, other, strata)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = difference(
            *(Estimate(*map(np.log, (e.value, e.low, e.high, e.draws))) for e in (one, two))
        )
        none = one.value == 0
        high = np.where(
            none, one.high / np.sqrt(two.low * (2 * two.value - two.low)), np.exp(logs.high)
        )
        value = np.where(two.value > 0, one.value / two.value, np.nan)
        low = np.where(none, 0.0, np.exp(logs.low))
        return Estimate(
            value,
            np.where(np.isnan(value), np.nan, low),
            np.where(np.isnan(value), np.nan, high),
            one.draws / two.draws,
        )


def difference(one: Estimate, other: Estimate) -> Estimate:
    """Return one less the other, with intervals, from draws of both together.

    Each end is as far from the difference as the ends of the two are from them, less what they
    have in common in the draws (Zou & Donner 2008).
    """
    value = one.value - other.value
    common = _correlation(one.draws, other.draws)

    def off(here: Floats, there: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            return np.sqrt(np.maximum(here**2 + there**2 - 2 * common * here * there, 0))

    low = value - off(one.value - one.low, other.high - other.value)
    high = value + off(one.high - one.value, other.value - other.low)
    return Estimate(value, low, high, one.draws - other.draws)


class _Ratio:
    """Sums by sums: value, variance, Student's t, effective vendors, whether one is alone."""

    def __init__(
        self,
        part: Floats,
        of: Floats,
        strata: npt.ArrayLike | None,
        scale: Callable[[Floats], Floats] = np.asarray,
    ) -> None:
        part = np.asarray(part, float)
        of = np.asarray(of, float).reshape(len(part), -1)
        kept = (of > 0).any(axis=1)
        strata = None if strata is None else np.asarray(strata)[kept]
        part, of = part[kept], of[kept]
        columns = part.shape[1]
        total = of.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.value = part.sum(axis=0) / total
            weight = of / total
            self.vendors = np.broadcast_to(1 / (weight**2).sum(axis=0), (columns,))
            leverage, freedom = _leverage(weight)
            self.draws = _draw(part, strata) / _draw(of, strata)
            each = np.where(of > 0, part / of, np.nan) - self.value
        self.alone = np.broadcast_to(~(leverage < np.inf), (columns,))
        number = (of > 0).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            second, fourth = (np.nansum(each**power, axis=0) / number for power in (2, 4))
            excess = np.where(second > 0, fourth / second**2 - 3, 0.0)
            excess = np.clip(np.nan_to_num(excess), -1.8, 0) * number / (number + 10)
            drawn = scale(self.draws)
            drawn = np.where(np.isfinite(drawn), drawn, np.nan)
            count = np.isfinite(drawn).sum(axis=0)
            middle = np.nansum(drawn, axis=0) / count
            spread = np.nansum((drawn - middle) ** 2, axis=0) / (count - 1)
            self.variance = np.where(self.alone, np.nan, spread * leverage)
        self.t = np.broadcast_to(_student(freedom * 2 / (2 + excess)), (columns,))


def _wilson(value: Floats, number: Floats, t: Floats) -> tuple[Floats, Floats]:
    with np.errstate(invalid="ignore", divide="ignore"):
        square = t**2 / number
        middle = (value + square / 2) / (1 + square)
        half = np.sqrt(square * value * (1 - value) + square**2 / 4) / (1 + square)
        return (
            np.minimum(np.maximum(middle - half, 0), value),
            np.maximum(np.minimum(middle + half, 1), value),
        )


def _leverage(weight: Floats) -> tuple[Floats, Floats]:
    """Return by what a variance is too small, and the degrees of freedom that weights leave.

    `weight` is each vendor's part of a column (sums of 1). Inf and 1 where one vendor is all.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        square = (weight**2).sum(axis=0)
        # What a squared residual of a vendor is of the variance: the mean runs after the large.
        kept = 1 - 2 * weight + square
        too_small = square / (weight**2 * kept).sum(axis=0)
        a = np.where(weight > 0, weight**2 / kept, 0.0)
        plain, first, second = ((a * weight**power).sum(axis=0) for power in (0, 1, 2))
        pairs = square**2 * plain**2 + 2 * second * plain - 4 * square * first * plain
        pairs += 2 * first**2
        own = (a**2 * (kept**2 - (square - 2 * weight) ** 2)).sum(axis=0)
        freedom = square**2 / (pairs + own)
    alone = ~(square < 1 - 1e-9)
    return np.where(alone, np.inf, too_small), np.where(alone, 1.0, freedom)


def _student(freedom: Floats) -> Floats:
    known = 1 / np.array(list(_T))
    logs = np.log(np.array(list(_T.values())))
    at = 1 / np.maximum(freedom + 0.5, 1.0)  # since Satterthwaite's are too few for few
    return np.asarray(np.exp(np.interp(at, known[::-1], logs[::-1])))


def _kept(totals: Floats, strata: npt.ArrayLike | None) -> Floats | None:
    return None if strata is None else np.asarray(strata)[(totals != 0).any(axis=1)]


def _draw(each: Floats, strata: npt.ArrayLike | None) -> Floats:
    """Return sums (draws × columns) of rows as often as they are drawn, within their stratum."""
    values = each.astype(np.float32)
    if strata is None:
        return np.asarray(weights(len(values)) @ values, float)
    total = np.zeros((DRAWS, each.shape[1]))
    names, at = np.unique(np.asarray(strata), return_inverse=True)
    for n in range(len(names)):
        rows = values[at == n]
        total += weights(len(rows), n) @ rows
    return total


def _correlation(one: Floats, other: Floats) -> Floats:
    known = np.isfinite(one) & np.isfinite(other)
    number = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = (np.where(known, each, 0.0) for each in (one, other))
        a, b = (np.where(known, each - each.sum(axis=0) / number, np.nan) for each in (a, b))
        found = np.nansum(a * b, axis=0) / np.sqrt(
            np.nansum(a**2, axis=0) * np.nansum(b**2, axis=0)
        )
    return np.asarray(np.nan_to_num(found))
