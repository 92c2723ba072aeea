"""No repetition makes a page of twice the size cost more than two and a half times as much.

A part of what ``python -m tests.reading.growth`` tries: in every place of every page of every
market another piece of the catalogue, and each piece somewhere.
"""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable

import pytest

from cryptodrug_scraper import normalise
from parsers import markets
from tests.reading.corpus import Sample, fixture_pages
from tests.reading.growth import MOST, Trial, grows_too_much, places, trials
from tests.reading.growth_pieces import PIECES, TEXTS, repeated

TRIALS = 40
"""How many are made for a market, so that all take a quarter of a minute."""


def some_trials(market: str) -> list[Trial]:
    """Return places spread evenly over a market's pages, each with another piece."""
    samples = [sample for sample in fixture_pages() if sample.market == market]
    possible = list(trials(samples))
    found = []
    for n in range(TRIALS):
        sample, place, pieces = possible[n * len(possible) // TRIALS]
        piece, pattern = list(pieces.items())[n * 37 % len(pieces)]
        found.append(Trial(sample, place, piece, pattern))
    return found


@pytest.mark.parametrize("market", markets())
def test_the_cost_of_a_page_grows_with_its_size(market: str) -> None:
    growing = {
        str(trial): ratio
        for trial in some_trials(market)
        if (ratio := grows_too_much(trial.cost, 10_000))
    }
    assert growing == {}


PATTERNS = ("digits", "thousands", "commas", "stars apart", "NEL", "key begins", "verified")
"""Texts that a pattern may go over again and again."""


@pytest.mark.parametrize("market", markets())
def test_the_cost_of_a_page_grows_with_any_of_its_texts(market: str) -> None:
    samples = [sample for sample in fixture_pages() if sample.market == market]
    by_where = {place.where: (sample, place) for sample, place, _ in trials(samples)}
    growing = {
        str(trial): ratio
        for sample, place in by_where.values()
        if place.where.startswith("text") and place.where.endswith("end")
        for trial in [Trial(sample, place, name, TEXTS[name]) for name in PATTERNS]
        if (ratio := grows_too_much(trial.cost, 2_500))
    }
    assert growing == {}


INSIDE = {
    name: PIECES[name]
    for name in ("links to offers", "links to profiles", "images inlined", "icons", "headings")
}
FAR = b"<div>" * 200
MOST_FAR = 6
"""How many times as much it may cost: selectors look at what is around, quickly."""


@pytest.mark.parametrize("market", markets())
def test_what_stands_far_inside_costs_no_more(market: str) -> None:
    kinds: dict[str, Sample] = {}
    for sample in fixture_pages():
        if sample.market == market:
            kinds.setdefault(sample.parsed().kind, sample)
    costly = {}
    for kind, sample in kinds.items():
        within = [place for place in places(sample.body) if place.role == "element"]
        for place in within[:: len(within) // 4 + 1]:
            for piece, pattern in INSIDE.items():
                trial = Trial(sample, place, piece, pattern)
                ratio = 0.0
                for rounds in (1, 3, 5):
                    ratio = min(
                        min(trial.cost(20_000, FAR) for _ in range(rounds))
                        / min(trial.cost(20_000) for _ in range(rounds)),
                        ratio or 99,
                    )
                    if ratio <= MOST_FAR:
                        break
                else:
                    costly[f"{kind} {trial}"] = ratio
    assert costly == {}


def timed(call: Callable[[str], object], pattern: str) -> Callable[[int], float]:
    """Return what tells the seconds that a function takes for a pattern of some size."""

    def cost(size: int) -> float:
        text = repeated(pattern, size).decode()
        started = time.thread_time()
        call(text)
        return time.thread_time() - started

    return cost


READERS = [
    reader
    for module in pkgutil.iter_modules(normalise.__path__)
    for name, reader in vars(importlib.import_module(f"{normalise.__name__}.{module.name}")).items()
    if name.startswith("read_") and reader.__module__.endswith(module.name)
]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_the_cost_of_a_value_grows_with_its_text(reader: Callable[[str], object]) -> None:
    growing = {
        name: ratio
        for name, pattern in TEXTS.items()
        if (ratio := grows_too_much(timed(reader, pattern), 20_000))
    }
    assert growing == {}


def test_what_is_quadratic_is_found() -> None:
    def among_all(text: str) -> int:
        words = text.split()
        return sum(word not in words[:n] for n, word in enumerate(words))

    assert grows_too_much(timed(among_all, "x№ "), 3_000) > MOST
    assert not grows_too_much(timed(str.split, "x№ "), 100_000)
