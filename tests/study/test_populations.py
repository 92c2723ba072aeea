"""Capture–recapture: by hand, where all were caught again, and how often intervals hold."""

from __future__ import annotations

import numpy as np
import pytest

from cryptodrug_scraper.study.populations import chao, chapman, jolly_seber, sample_coverage


def test_chapman_by_hand() -> None:
    found = chapman(10, 15, 5)
    assert found.value == pytest.approx(11 * 16 / 6 - 1)
    # Log-normal in the unseen: variance 11·16·5·10 / (6²·7), of 8⅓ beyond the 20 seen.
    times = np.exp(1.959964 * np.sqrt(np.log1p(8800 / 252 / (25 / 3) ** 2)))
    assert found.low == np.floor(20 + 25 / 3 / times)
    assert found.high == np.ceil(20 + 25 / 3 * times)


@pytest.mark.parametrize("number", [10, 50, 1000])
def test_where_all_were_caught_again_some_may_still_be_missed(number: int) -> None:
    for found in (
        chapman(number, number, number),
        chao([0, 0, number]),
        sample_coverage([0, 0, number]),
        jolly_seber(number, number, number, 0)[0],
    ):
        assert found.value == found.low == pytest.approx(number)
        assert found.high > number
    assert jolly_seber(number, number, number, 0)[1].low < 1


def test_chao_by_hand() -> None:
    # 2/3 · 12 · 11 / (2 · 9)
    assert chao([12, 8, 30]).value == pytest.approx(50 + 2 / 3 * 132 / 18)
    assert np.isnan(sample_coverage([5, 0, 0]).value) or sample_coverage([5, 0, 0]).high > 5


def test_they_hold_what_there_was_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    held: dict[str, list[bool]] = {}
    below: list[float] = []
    for number, part in ((60, 0.3), (60, 0.7), (600, 0.4), (600, 0.95)):
        for _ in range(60):
            caught = rng.random((3, number)) < part
            times = np.bincount(caught.sum(axis=0), minlength=4)[1:].tolist()
            first, second = int(caught[0].sum()), int(caught[1].sum())
            for name, found in (
                ("chapman", chapman(first, second, int((caught[0] & caught[1]).sum()))),
                ("chao", chao(times)),
                ("sample coverage", sample_coverage(times)),
            ):
                held.setdefault(name, []).append(found.low <= number <= found.high)
    for name, each in held.items():
        assert np.mean(each) >= 0.92, name
    # Where some are caught more easily, Chapman's estimate is too low, Chao's less so.
    for _ in range(40):
        chances = rng.beta(1, 2, 500)
        caught = rng.random((3, 500)) < chances
        times = np.bincount(caught.sum(axis=0), minlength=4)[1:].tolist()
        first, second = int(caught[0].sum()), int(caught[1].sum())
        closed = chapman(first, second, int((caught[0] & caught[1]).sum())).value
        assert closed < chao(times).value < 500
        below.append(closed)
    assert np.mean(below) < 350
