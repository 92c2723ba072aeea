"""How often nominal 95 % intervals hold the truth, in simulated studies with heavy-tailed vendors.

python -m tests.bench.covering [--studies 200] [--seed 1]

Each study has 20 to 400 vendors (as many small ones as large ones, on a logarithmic scale) of a
population whose numbers are known: sales that are log-normal or Pareto, vendors who sell mostly
one substance, prices that a vendor has, growth that a vendor has. Intervals are those that the
measures give.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from cryptodrug_scraper.study import intervals
from cryptodrug_scraper.study.intervals import Floats
from cryptodrug_scraper.study.unequal import Inequality, inequality, unequal

LOW, HIGH = 0.92, 0.98
_MONTHS = 6
_PARTS = np.array([0.45, 0.3, 0.15, 0.1])

Sizes = Callable[[np.random.Generator, int], Floats]


def log_normal(spread: float, rng: np.random.Generator, number: int) -> Floats:
    """Sales that are expected of vendors; a spread of 1.5 gives a Gini coefficient of 0.71."""
    return np.asarray(20 * np.exp(spread * rng.standard_normal(number)))


def pareto(exponent: float, rng: np.random.Generator, number: int) -> Floats:
    """The same with a heavier tail."""
    return np.asarray(8 * (rng.pareto(exponent, number) + 1))


POPULATIONS: dict[str, Sizes] = {
    "log-normal 1.2": partial(log_normal, 1.2),
    "log-normal 1.6": partial(log_normal, 1.6),
    "Pareto 1.5": partial(pareto, 1.5),
}


class Vendors:
    """Some vendors: sales by month, by substance, and their value."""

    def __init__(self, rng: np.random.Generator, sizes: Sizes, number: int) -> None:
        growth = rng.normal(0.08, 0.12, number)[:, None] * np.arange(_MONTHS)
        expected = sizes(rng, number)[:, None] * np.exp(growth) / _MONTHS
        self.months = rng.poisson(expected).astype(float)
        self.months[:, 0] += 1  # all have a sale
        self.sales = self.months.sum(axis=1)
        main = rng.choice(len(_PARTS), number, p=_PARTS)
        parts = 0.85 * np.eye(len(_PARTS))[main] + 0.15 * _PARTS
        self.kinds = rng.multinomial(self.sales.astype(int), parts).astype(float)
        self.price = 60 * np.exp(0.7 * rng.standard_normal(number))
        noise = np.exp(0.5 * rng.standard_normal(number) / np.sqrt(self.sales))
        self.value = self.sales * self.price * noise
        self.stated = self.sales * (1 + rng.gamma(2.0, 0.35, number))

    def truth(self) -> dict[str, float]:
        """Return what is true of the population that these many vendors are."""
        kinds = self.kinds.sum(axis=0) / self.sales.sum()
        return {
            "share of sales, common": kinds[0],
            "share of sales, rare": kinds[3],
            "share of value": float((self.value * self.kinds[:, 1] / self.sales).sum())
            / float(self.value.sum()),
            "EUR a sale": float(self.value.sum() / self.sales.sum()),
            "stated sales by reviews": float(self.stated.sum() / self.sales.sum()),
            "growth a month": float(slope(self.months.sum(axis=0)[None])[0, 0]),
            "difference of shares": 0.0,
            "ratio of shares": 1.0,
            "median price": 60.0,
            "share of vendors": 0.3,
        }


def slope(months: Floats) -> Floats:
    """Return the slope of logarithms of months (… × months), as the measure of growth fits it."""
    t = np.arange(months.shape[-1]) - (months.shape[-1] - 1) / 2
    logs = np.log(np.maximum(months, 0.5))
    return np.asarray((logs * t).sum(axis=-1, keepdims=True) / (t**2).sum())


def study(rng: np.random.Generator, some: Vendors) -> Iterator[tuple[str, float, float]]:
    """Give name, low and high of each interval of a study."""
    sales = some.sales[:, None]
    kinds = intervals.share(some.kinds, sales)
    yield "share of sales, common", kinds.low[0], kinds.high[0]
    yield "share of sales, rare", kinds.low[3], kinds.high[3]
    worth = some.value[:, None] * some.kinds[:, 1:2] / sales
    value = intervals.share(worth, some.value[:, None])
    yield "share of value", value.low[0], value.high[0]
    price = intervals.mean(some.value[:, None], sales)
    yield "EUR a sale", price.low[0], price.high[0]
    stated = intervals.mean(some.stated[:, None], sales)
    yield "stated sales by reviews", stated.low[0], stated.high[0]
    growth = intervals.of_totals(some.months, slope)
    yield "growth a month", growth.low[0], growth.high[0]
    here = rng.random(len(sales)) < 0.3
    both = [
        intervals.share(some.kinds[:, :1] * part[:, None], sales * part[:, None])
        for part in (here, ~here)
    ]
    off = intervals.difference(*both)
    yield "difference of shares", off.low[0], off.high[0]
    times = intervals.ratio_of_shares(some.kinds * here[:, None], some.kinds)
    yield "ratio of shares", times.low[1], times.high[1]
    listings = 1 + rng.poisson(np.sqrt(some.sales))
    vendor = np.repeat(np.arange(len(listings)), listings)
    prices = some.price[vendor] * np.exp(0.3 * rng.standard_normal(len(vendor)))
    yield ("median price", *intervals.median(prices, vendor)[1:])
    low, high = intervals.wilson(here.sum(), len(here))
    yield "share of vendors", float(low), float(high)


def cover(studies: int, seed: int, expected_of: int = 150) -> dict[str, dict[str, float]]:
    """Return how often the truth was held (0 to 1), by population and number.

    Inequality that is true of so many vendors is the mean of `expected_of` markets of them.
    """
    found: dict[str, dict[str, float]] = {}
    for name, sizes in POPULATIONS.items():
        rng = np.random.default_rng(seed)
        truth = Vendors(rng, sizes, 5000 * studies).truth()
        held: dict[str, list[bool]] = {}
        for _ in range(studies):
            number = round(np.exp(rng.uniform(np.log(20), np.log(400))))
            some = Vendors(rng, sizes, number)
            for what, low, high in study(rng, some):
                held.setdefault(what, []).append(bool(low <= truth[what] <= high))
            _, lows, highs = inequality(some.sales)
            for what, value in expected(rng, sizes, number, expected_of)._asdict().items():
                low, high = (float(getattr(ends, what)[0]) for ends in (lows, highs))
                held.setdefault(what, []).append(low <= value <= high or value > 1 - 1e-9)
        found[name] = {what: float(np.mean(each)) for what, each in held.items()}
    return found


def expected(rng: np.random.Generator, sizes: Sizes, number: int, times: int) -> Inequality:
    """Return the inequality that markets of so many vendors have on average."""
    each = [unequal(Vendors(rng, sizes, number).sales) for _ in range(times)]
    return Inequality(*(np.mean(column) for column in zip(*each, strict=True)))


def main() -> int:
    """Print a table; 1 if a number, over all populations, lies outside of the aim."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--studies", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    found = cover(options.studies, options.seed)
    names = list(found)
    print(f"{options.studies} studies each; aim {LOW:.0%} to {HIGH:.0%}")
    print(f"{'':26}" + "".join(f"{name:>16}" for name in names) + f"{'all':>8}")
    missed = 0
    for what in found[names[0]]:
        each = [found[name][what] for name in names]
        every = float(np.mean(each))
        missed += not LOW <= every <= HIGH
        print(f"{what:26}" + "".join(f"{part:16.1%}" for part in each) + f"{every:8.1%}")
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
