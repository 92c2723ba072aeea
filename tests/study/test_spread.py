"""Concentration and lifetimes, by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from cryptodrug_scraper.study.core import Study
from cryptodrug_scraper.study.lifetimes import kaplan_meier, median_of
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
    assert told.frame["days"].tolist() == [0, 10, 20]
    assert told.frame["at_risk"].tolist() == [4, 3, 2]
    assert told.frame["survival"].tolist() == pytest.approx([3 / 4, 1 / 2, 1 / 4])
    assert told.frame["median_days"].tolist() == [10, 10, 10]
    # From 1 February to 4 May, which is 28 days before 1 June.
    assert told.frame["watched"].tolist() == [92, 92, 92]
    assert list(told.left_out.values()) == [2]
    belgian = study_of().lifetimes(of="listings", country="BE").frame
    assert belgian["lives"].tolist() == [4, 4, 4]
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
    assert told.frame[["days", "at_risk", "ended"]].values.tolist() == [[0, 5, 2], [20, 2, 1]]
    assert told.frame["survival"].tolist() == pytest.approx([3 / 5, 3 / 10])
    assert told.frame["watched"].tolist() == [33, 33]
    assert list(told.left_out.values()) == [2]


def test_who_was_known_before_the_period_began_before(world: World, study_of: StudyOf) -> None:
    """Listing 1 was seen in January, and again in May: a period from March sees only May."""
    world.seen("01-01", offer("1", "anna"))
    world.seen("03-01", offer("0", "old"))
    world.seen("05-01", offer("1", "anna"), offer("2", "anna"), offer("3", "bob"))
    world.seen("08-01", offer("9", "late"))
    study = study_of(start=date(2019, 3, 1))
    listings = study.lifetimes(of="listings")
    assert listings.frame["lives"].tolist() == [2]
    assert list(listings.left_out.values()) == [3]
    vendors = study.lifetimes()
    assert vendors.frame["lives"].tolist() == [1]
    assert list(vendors.left_out.values()) == [3]


def test_a_vendor_of_a_country_lives_by_all_listings(world: World, study_of: StudyOf) -> None:
    world.seen("01-01", offer("0", "old", come_from="BE"))
    world.seen("02-01", offer("1", "anna", come_from="NL"))
    world.seen("03-01", offer("2", "anna", come_from="BE"))
    world.seen("04-01", offer("1", "anna", come_from="NL"), offer("0", "old"))
    world.seen("08-01", offer("9", "late"))
    vendors = study_of().lifetimes(country="BE").frame
    assert vendors[["days", "lives"]].values.tolist() == [[59, 1]]
    assert study_of().lifetimes(of="listings", country="BE").frame["days"].tolist() == [0]


def test_the_first_and_last_days_are_as_many_as_is_said(world: World, study_of: StudyOf) -> None:
    world.seen("01-01", offer("0", "first"))
    world.seen("01-28", offer("1", "on_day_28"))
    world.seen("01-29", offer("2", "on_day_29"))
    world.seen("07-04", offer("3", "with_28_days_to_follow"))
    world.seen("07-05", offer("4", "with_27_days_to_follow"))
    world.seen("08-01", offer("9", "late"))
    told = study_of().lifetimes()
    assert told.frame["lives"].tolist() == [2]
    assert list(told.left_out.values()) == [4]
