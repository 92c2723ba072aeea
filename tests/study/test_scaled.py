"""Turnover scaled by profiles, and wholesale by each definition, by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cryptodrug_scraper.study import Study
from tests.study.world import World, eur, offer, profile

StudyOf = Callable[..., Study]


def test_turnover_scaled_by_profiles(world: World, study_of: StudyOf) -> None:
    for n, sales in enumerate((6, 9, 12)):
        world.page("01-01", kind="vendor", vendors=(profile(f"v{n}", sales=sales),))
        world.sold(f"v{n}", None, "01-02", eur(10 * (n + 1)), times=3)
    world.sold("silent", None, "01-02", eur(100))
    world.page("01-01", kind="vendor", vendors=(profile("west", sales=5),), market="empire")
    world.sold("west", None, "01-02", eur(100), market="empire")
    world.done()
    found = study_of().scaled_turnover().frame.set_index("market")
    row = found.loc["dream"]
    assert (row["vendors"], row["sales"], row["reviews"]) == (3, 27, 9)
    assert (row["factor"], row["turnover_eur"]) == (3, 280)
    assert row["scaled_eur"] == pytest.approx(840)
    assert row["scaled_eur_low"] < 840 < row["scaled_eur_high"]
    assert row["scaled_eur_low"] == pytest.approx(280 * row["factor_low"])
    assert found.loc["", "scaled_eur"] == pytest.approx(840 + 500)
    assert study_of().scaled_turnover(country="BE").frame.empty


def test_wholesale_by_each_definition(world: World, study_of: StudyOf) -> None:
    drugs = {"kind": "Cannabis"}
    world.seen(
        "01-01",
        offer("1", "a", price=eur(2000), come_from="BE", **drugs),
        offer("2", "a", price=eur(20), come_from="BE", **drugs),
        offer("3", "b", price=eur(20), come_from="NL", **drugs),
        offer("4", "c", price=eur(20), come_from="NL", **drugs),
    )
    world.sold("a", "1", "01-02", eur(2000))
    world.sold("a", "2", "01-02", eur(20), times=3)
    world.sold("b", "3", "01-02", eur(20), times=6)
    world.done()
    found = study_of().wholesale(country="BE").frame.set_index("definition")
    assert list(found.index) == ["offers", "sales", "value"]  # no title states an amount
    assert found.loc["offers", ["share", "share_country"]].tolist() == [0.25, 0.5]
    assert found.loc["sales", ["share", "share_country"]].tolist() == [0.1, 0.25]
    assert found.loc["value", "share"] == pytest.approx(2000 / 2180)
    assert found.loc["sales", ["vendors", "vendors_rest", "vendors_others"]].tolist() == [1, 2, 0]
    ends = found.loc["sales", ["share_low", "share_high"]].tolist()
    assert ends[0] < 0.1 < ends[1] <= 1
