"""What the section of lifetimes reads from a curve, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cryptodrug_scraper.report.sections.lifetimes import still, survival_points
from cryptodrug_scraper.study.lifetimes import kaplan_meier


def curve(watched: int, still_there: int) -> pd.DataFrame:
    """Five of twenty went after 20 days, and after 50 all but those who are still there."""
    made = kaplan_meier(
        np.array([20, 50, watched]),
        np.array([True, True, False]),
        np.array([5, 15 - still_there, still_there]),
    )
    made["watched"] = watched if still_there else 50
    return made


@pytest.mark.parametrize(
    ("days", "part"), [(10, 1.0), (20, 0.75), (90, 0.5), (120, 0.5), (121, None)]
)
def test_what_is_still_there_holds_as_long_as_any_was_watched(
    days: int, part: float | None
) -> None:
    found = still(curve(120, 10), days)
    assert found[f"after{days}"] == part
    low, high = (found.get(f"after{days}_{end}") for end in ("low", "high"))
    # Before the first went there is no interval.
    assert (low is None) is (high is None) is (part in (1.0, None))
    assert low is None or high is None or low < (part or 0) < high


def test_where_all_are_gone_none_is_there_later() -> None:
    assert still(curve(120, 0), 180) == {"after180": 0, "after180_low": 0, "after180_high": None}


def test_the_last_step_is_drawn_out_for_as_long_as_any_was_watched() -> None:
    assert [point[:2] for point in survival_points(curve(120, 10))] == [
        (0, 1), (20, 0.75), (50, 0.5), (120, 0.5),
    ]  # fmt: skip
    assert [point[:2] for point in survival_points(curve(120, 0))] == [(0, 1), (20, 0.75), (50, 0)]
