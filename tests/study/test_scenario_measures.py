"""What findings are where a market has nothing of what is asked: 0 of it, or no value."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cryptodrug_scraper.study import Study
from simulator.scenario.findings import Terms, Values, agree, bears_out
from simulator.scenario.measures import MEASURES, coverage_of_listings
from tests.study.world import World, eur, offer

StudyOf = Callable[..., Study]
TERMS = Terms("BE", "NL", ("US",), 200, ("dream", "empire"))


@pytest.fixture
def one_market(world: World, study_of: StudyOf) -> Study:
    """On Dream two sales and two vendors of several origins; on Empire somebody from France."""
    world.seen(
        "01-05",
        offer("1", "anna", come_from="BE NL", kind="MDMA"),
        offer("2", "bob", come_from="BE FR", kind="Cannabis"),
    )
    world.seen("02-05", offer("1", "anna", come_from="FR"), market="empire")
    world.sold("anna", "1", "01-06", eur(300))
    world.sold("bob", "2", "01-06", eur(100))
    world.done()
    return study_of()


@pytest.mark.parametrize(
    ("measure", "values"),
    [
        ("home_vendors_of_several_origins", {"dream": 2, "empire": 0}),
        ("share_from_neighbour", {"dream": 0.5, "empire": None}),
        (
            "share_of_synthetics",
            {"dream home": 0.5, "dream all": 0.5, "empire home": None, "empire all": None},
        ),
        ("home_share_of_listings", {"dream": 1.0, "empire": 0.0}),
        ("largest_sale", {"all": 300.0}),
        ("value_of_larger_sales", {"all": 0.75}),
        ("share_of_smaller_sales", {"all": 0.5}),
    ],
)
def test_a_market_without(one_market: Study, measure: str, values: Values) -> None:
    assert MEASURES[measure].function(one_market, TERMS) == values


def test_a_database_without_anything(world: World, study_of: StudyOf) -> None:
    world.page("01-05", kind="index")
    study = study_of()
    for name in ("largest_sale", "value_of_larger_sales", "share_of_smaller_sales"):
        assert MEASURES[name].function(study, TERMS) == {"all": None}
    for name in ("home_share_of_listings", "home_share_of_vendors", "share_from_neighbour"):
        assert MEASURES[name].function(study, TERMS) == {"dream": None, "empire": None}
    assert coverage_of_listings(study, TERMS)[0] == {}


def test_no_statement_holds_of_what_has_no_value() -> None:
    values: Values = {"dream": 0.1, "empire": None}
    assert bears_out(values, {"below": 0.5}) == ["there is no value of empire"]
    assert bears_out({"dream": 0.1}, {"below": 0.5}) == []
    assert agree({"dream": 0.1, "empire": None}, values) == []
    assert agree({"dream": 0.1, "empire": 0.2}, values) == ["empire: None instead of 0.2"]
