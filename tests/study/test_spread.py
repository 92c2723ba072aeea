"""Concentration and lifetimes, by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest

from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.lifetimes import curve_of, kaplan_meier, median_of
from tests.study.world import World, eur, offer

StudyOf = Callable[..., Study]


def test_gini_and_largest_by_hand(world: World, study_of: StudyOf) -> None:
    for vendor, price in (("a", 10), ("b", 20), ("c", 30), ("d", 40)):
        world.sold(vendor, None, "01-01", eur(price))
    world.sold("poor", None, "01-01")
    world.done()
    told = study_of().concentration()
    row = told.frame.iloc[0].to_dict()
    # 2·(1·10 + 2·20 + 3·30 + 4·40) / (4·100) − 5/4
    assert row["gini"] == pytest.approx(0.25)
    assert row["top_1"] == pytest.approx(0.4)
    assert row["top_10_percent"] == pytest.approx(0.4)
    assert row["top_10"] == 1
    assert row["hhi"] == pytest.approx(0.3)
    assert row["vendors"] == 4
    assert list(told.left_out.values()) == [1]
    assert told.caveats[0].terms == {"limit": 30}
    reviews = study_of().concentration(of="reviews").frame.iloc[0]
    assert reviews["gini"] == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="no concentration"):
        study_of().concentration(of="luck")


def test_kaplan_meier_by_hand() -> None:
    # Lives of 1, 3, 3, 5 days that ended, and of 2 and 5 that went on.
    curve = kaplan_meier(
        np.array([1, 3, 5, 2, 5]), np.array([True] * 3 + [False] * 2), np.array([1, 2, 1, 1, 1])
    )
    assert curve["days"].tolist() == [1, 3, 5]
    assert curve["at_risk"].tolist() == [6, 4, 2]
    assert curve["ended"].tolist() == [1, 2, 1]
    assert curve["survival"].tolist() == pytest.approx([5 / 6, 5 / 12, 5 / 24])
    assert median_of(curve) == 3
    # Greenwood at 3 days: 1/(6·5) + 2/(4·2) = 17/60; log(-log) interval.
    half = 1.96 * (17 / 60) ** 0.5 / abs(np.log(5 / 12))
    assert curve["low"].tolist()[1] == pytest.approx((5 / 12) ** np.exp(half))
    assert curve["high"].tolist()[1] == pytest.approx((5 / 12) ** np.exp(-half))
    nobody = kaplan_meier(np.array([4]), np.array([False]), np.array([3]))
    assert len(nobody) == 0
    assert median_of(nobody) is None


def seen_to_end(frame: pd.DataFrame) -> pd.DataFrame:
    """The lengths from first to last day seen at which lives ended."""
    return frame[frame["ended"] > 0]


def lives_of(length: np.ndarray, vendors: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Lives of true lengths, seen by a crawl a week; none is still there."""
    began = rng.uniform(0, 300, len(length))
    first, last = np.ceil(began / 7) * 7, np.floor((began + length) / 7) * 7
    kept = last >= first
    return pd.DataFrame({
        "days": (last - first)[kept], "most": (last - first)[kept] + 14, "ended": True, "n": 1,
        "vendor_id": vendors[kept], "true": length[kept],
    })  # fmt: skip


def test_the_true_curve_lies_between_its_bounds() -> None:
    rng = np.random.default_rng(7)
    lives = lives_of(rng.exponential(60, 800), rng.integers(0, 40, 800), rng)
    curve = curve_of(lives)
    true = np.array([(lives["true"] > day).mean() for day in curve["days"]])
    assert (curve["survival_low"] <= true + 1e-9).all()
    assert (true <= curve["survival_high"] + 1e-9).all()
    assert np.abs(curve["survival"] - true).max() < 0.06
    assert (curve["low"] <= curve["survival_low"] + 1e-9).all()


def test_intervals_rest_on_vendors_and_not_on_listings() -> None:
    """All offers of a vendor go together: 20 vendors are 20 lives, however many offers."""
    rng = np.random.default_rng(3)
    length, vendors = rng.exponential(80, 20), np.arange(20)
    few = lives_of(length, vendors, np.random.default_rng(5))
    many = few.assign(n=30)
    narrow = few.loc[few.index.repeat(30)].assign(vendor_id=np.arange(30 * len(few)))
    widths = []
    for lives in (few, many, narrow):
        curve = curve_of(lives)
        middle = curve[(curve["survival_low"] > 0.3) & (curve["survival_high"] < 0.9)]
        widths.append(float((middle["survival_low"] - middle["low"]).mean()))
    assert widths[1] == pytest.approx(widths[0], rel=0.15)
    assert widths[2] < widths[1] / 3
    alone = curve_of(few.assign(vendor_id=1))
    assert alone["low"].tolist()[0] == 0


def test_who_is_still_there_is_censored_and_who_was_there_before_left_out(
    world: World, study_of: StudyOf
) -> None:
    world.seen("01-01", offer("0", "old", come_from="BE"))
    world.seen("02-01", *(offer(f"{n}", f"v{n}", come_from="BE") for n in range(1, 5)))
    world.seen("02-11", offer("2", "v2"), offer("3", "v3"))
    world.seen("02-21", offer("3", "v3"))
    world.seen("06-01", offer("4", "v4"), offer("9", "late"))
    told = study_of().lifetimes()
    # Ended: v1 after 0 days, v2 after 10, v3 after 20. v4 is still there; old and late left out.
    last_seen = seen_to_end(told.frame)
    assert last_seen["days"].tolist() == [0, 10, 20]
    assert last_seen["at_risk"].tolist() == [4, 3, 2]
    assert last_seen["survival_low"].tolist() == pytest.approx([3 / 4, 1 / 2, 1 / 4])
    # They began after 1 January, and ended by the next capture: after 41, 51 and 151 days.
    by_day = told.frame.set_index("days")
    assert by_day.loc[[41, 51, 151], "survival_high"].tolist() == pytest.approx(
        [3 / 4, 1 / 2, 1 / 4]
    )
    # In the middle: 20, 30 and 85.
    assert by_day.loc[[20, 30, 85], "survival"].tolist() == pytest.approx([3 / 4, 1 / 2, 1 / 4])
    assert set(told.frame["median_days"]) == {30}
    # From 1 February to 4 May, which is 28 days before 1 June.
    assert set(told.frame["watched"]) == {92}
    assert list(told.left_out.values()) == [2]
    # Two were watched for 20 days, one for longer.
    early = study_of().lifetimes(fewest_at_risk=2, together=True).frame
    assert early["days"].tolist() == [0, 10, 20]
    assert early[["market", "watched", "cut"]].drop_duplicates().values.tolist() == [["", 20, True]]
    assert study_of().lifetimes(fewest_at_risk=4).frame["days"].tolist() == [0]
    belgian = study_of().lifetimes(of="listings", country="BE").frame
    assert set(belgian["lives"]) == {4}
    with pytest.raises(ValueError, match="no lifetimes"):
        study_of().lifetimes(of="buyers")


def test_nobody_is_watched_on_days_on_which_none_could_end(world: World, study_of: StudyOf) -> None:
    """Two of three who came on 1 March went; whoever came in April is watched until 3 April."""
    world.seen("01-01", offer("0", "old"))
    world.seen("03-01", *(offer(f"{n}", f"v{n}") for n in range(1, 4)))
    world.seen("03-21", offer("2", "v2"), offer("3", "v3"))
    world.seen("04-03", *(offer(f"{n}", f"v{n}") for n in (3, 4, 5)))
    world.seen("04-04", offer("6", "v6"))
    world.seen("05-01", *(offer(f"{n}", f"v{n}") for n in (3, 5, 6)))
    told = study_of().lifetimes()
    # On 3 April v4 went after 0 days, as v1 had; v5 was watched for no day, v3 for 33.
    # v6, seen first on the day after, could not have been seen to go.
    last_seen = seen_to_end(told.frame)
    assert last_seen[["days", "at_risk", "ended"]].values.tolist() == [[0, 5, 2], [20, 2, 1]]
    assert last_seen["survival_low"].tolist() == pytest.approx([3 / 5, 3 / 10])
    assert set(told.frame["watched"]) == {33}
    assert list(told.left_out.values()) == [2]


def test_who_was_known_before_the_period_began_before(world: World, study_of: StudyOf) -> None:
    """Listing 1 was seen in January, and again in May: a period from March sees only May."""
    world.seen("01-01", offer("1", "anna"))
    world.seen("03-01", offer("0", "old"))
    world.seen("05-01", offer("1", "anna"), offer("2", "anna"), offer("3", "bob"))
    world.seen("08-01", offer("9", "late"))
    study = study_of(start=date(2019, 3, 1))
    listings = study.lifetimes(of="listings")
    assert set(listings.frame["lives"]) == {2}
    assert list(listings.left_out.values()) == [3]
    vendors = study.lifetimes()
    assert set(vendors.frame["lives"]) == {1}
    assert list(vendors.left_out.values()) == [3]


def test_a_vendor_of_a_country_lives_by_all_listings(world: World, study_of: StudyOf) -> None:
    world.seen("01-01", offer("0", "old", come_from="BE"))
    world.seen("02-01", offer("1", "anna", come_from="NL"))
    world.seen("03-01", offer("2", "anna", come_from="BE"))
    world.seen("04-01", offer("1", "anna", come_from="NL"), offer("0", "old"))
    world.seen("08-01", offer("9", "late"))
    vendors = study_of().lifetimes(country="BE").frame
    assert seen_to_end(vendors)[["days", "lives"]].values.tolist() == [[59, 1]]
    listings = study_of().lifetimes(of="listings", country="BE").frame
    assert seen_to_end(listings)["days"].tolist() == [0]


def test_the_first_and_last_days_are_as_many_as_is_said(world: World, study_of: StudyOf) -> None:
    world.seen("01-01", offer("0", "first"))
    world.seen("01-28", offer("1", "on_day_28"))
    world.seen("01-29", offer("2", "on_day_29"))
    world.seen("07-04", offer("3", "with_28_days_to_follow"))
    world.seen("07-05", offer("4", "with_27_days_to_follow"))
    world.seen("08-01", offer("9", "late"))
    told = study_of().lifetimes()
    assert set(told.frame["lives"]) == {2}
    assert list(told.left_out.values()) == [4]
