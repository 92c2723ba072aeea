"""Places: destinations, exclusions, several origins, and moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text

from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.origins import Window, history
from simulator.scenario.findings import Terms
from simulator.scenario.measures import home_vendors_shipping
from tests.study.world import World, eur, offer

StudyOf = Callable[..., Study]


def test_destinations(world: World, study_of: StudyOf) -> None:
    world.seen(
        "01-05",
        offer("1", "anna", come_from="BE NL", to="EU"),
        offer("2", "anna", come_from="BE", to="WORLD EU"),
        offer("3", "bob", come_from="BE"),
        offer("4", "bob", to="WORLD"),
    )
    world.sold("anna", "2", "01-06", eur(10), times=2)
    world.done()
    told = study_of().places()
    rows = told.frame[["origin", "destination", "listings", "vendors"]].values.tolist()
    assert rows == [
        ["", "WORLD", 1, 1],
        ["BE", "EU", 2, 1],
        ["BE", "", 1, 1],
        ["BE", "WORLD", 1, 1],
        ["NL", "EU", 1, 1],
    ]
    assert told.frame["share"].tolist() == pytest.approx([1, 2 / 3, 1 / 3, 1 / 3, 1])
    assert told.frame["turnover_eur"].tolist() == [0, 20, 0, 20, 0]
    assert told.left_out == {}  # both kinds of '' are counted
    dutch = study_of().places(country="NL")
    assert dutch.frame["origin"].tolist() == ["NL"]
    assert list(dutch.left_out.values()) == [1]


def test_exclusions(world: World, study_of: StudyOf) -> None:
    world.seen(
        "01-05",
        offer("1", "anna", come_from="BE", excluded="NL US GB"),
        offer("2", "anna", come_from="BE", excluded="US"),
        offer("3", "bob", come_from="BE"),
        offer("4", "cyd", come_from="FR", excluded="AU"),
    )
    told = study_of().exclusions(country="BE").frame
    assert told[["is_group", "place", "vendors", "listings"]].values.tolist() == [
        [False, "GB", 1, 1],
        [False, "NL", 1, 1],
        [False, "US", 1, 2],
        [True, "english_speaking", 1, 2],
    ]
    assert told["share_vendors"].tolist() == [0.5] * 4
    assert told["share_listings"].tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])
    own = study_of().exclusions(groups={"down_under": ["AU", "NZ"]}).frame
    assert own.loc[own["is_group"], "place"].tolist() == ["down_under"]


def test_an_exclusion_ends_where_the_page_no_longer_states_it(
    world: World, study_of: StudyOf
) -> None:
    world.seen("01-05", *(offer(n, "anna", to="WORLD", excluded="US") for n in "123"))
    world.seen("02-05", offer("1", "anna", to="WORLD"), offer("2", "anna"))
    world.page("02-05", kind="search", listings=(offer("3", "anna", to="WORLD"),))  # a card
    rows = study_of().exclusions().frame.set_index("place")
    assert rows.loc["US", "listings"] == 2
    before = study_of(end=date(2019, 1, 31)).exclusions().frame.set_index("place")
    assert before.loc["US", "listings"] == 3


def test_vendors_who_ship_abroad_are_those_of_the_period(world: World, study_of: StudyOf) -> None:
    world.seen("01-05", offer("1", "anna", come_from="BE", to="EU"))
    world.seen("06-05", offer("2", "bob", come_from="BE", to="EU"))
    terms = Terms("BE", "NL", (), 1000, ("dream",))
    assert home_vendors_shipping(study_of(), terms) == {"dream": 2}
    assert home_vendors_shipping(study_of(end=date(2019, 2, 1)), terms) == {"dream": 1}


def windows(text: str) -> list[Window]:
    """Windows from words: ``NL BE+NL . BE``; a dot is a window without a capture, ! a statement."""
    return [
        (n, date(2019, 1, 7) + timedelta(weeks=n), frozenset(w.strip("!").split("+")), "!" in w)
        for n, w in enumerate(text.split())
        if w != "."
    ]


@pytest.mark.parametrize(
    ("text", "steps", "moved", "at_once"),
    [
        ("NL NL BE BE", ["NL", "BE"], [("NL", "BE", 2)], []),
        ("NL BE+NL BE", ["NL", "BE"], [("NL", "BE", 1)], []),  # while listings are changed
        ("NL BE+NL . BE+NL BE", ["NL", "BE"], [("NL", "BE", 1)], []),
        ("NL BE+NL! BE", ["NL", "BE+NL", "BE"], [], ["BE+NL"]),  # one listing states both
        ("NL BE+NL BE+NL BE+NL BE+NL BE+NL BE", ["NL", "BE+NL", "BE"], [], ["BE+NL"]),
        ("BE+NL", ["BE+NL"], [], ["BE+NL"]),
        ("BE+NL BE", ["BE+NL", "BE"], [], ["BE+NL"]),
        ("BE BE+NL BE", ["BE", "BE+NL", "BE"], [], ["BE+NL"]),
        ("NL . . BE DE", ["NL", "BE", "DE"], [("NL", "BE", 3), ("BE", "DE", 4)], []),
        ("NL BE NL", ["NL", "BE", "NL"], [("NL", "BE", 1), ("BE", "NL", 2)], []),
        ("BE+NL BE+DE", ["BE+NL", "BE+DE"], [("NL", "DE", 1)], ["BE+NL", "BE+DE"]),
    ],
)
def test_history(
    text: str, steps: list[str], moved: list[tuple[str, str, int]], at_once: list[str]
) -> None:
    told = history(windows(text))
    assert ["+".join(sorted(step)) for step in told.steps] == steps
    assert [(a, b, (day - date(2019, 1, 7)).days // 7) for a, b, day in told.moves] == moved
    assert ["+".join(sorted(places)) for places in told.at_once] == at_once


def test_a_listing_that_changes_on_a_day_does_not_say_both(
    world: World, study_of: StudyOf, engine: Engine
) -> None:
    world.seen("01-07", offer("1", "anna", come_from="NL"))
    world.seen("02-05", offer("1", "anna", come_from="NL"), offer("1", "anna", come_from="BE"))
    world.seen("03-05", offer("1", "anna", come_from="BE"))
    with engine.begin() as connection:  # the page with BE came later on the day
        connection.execute(
            text(
                "UPDATE listing_observation o SET observed_at = observed_at + interval '1 hour'"
                " FROM listing_place p WHERE (p.page_id, p.place) = (o.page_id, 'BE')"
            )
        )
    study = study_of()
    assert study.vendor_origins().frame[["at_once", "history"]].values.tolist() == [
        [False, "NL > BE"]
    ]
    assert study.moves().frame["first"].tolist() == [date(2019, 2, 4)]


@pytest.fixture
def vendors(world: World) -> None:
    """Four vendors of Belgium: one from there alone, one at once, two who moved."""
    for week in range(6):
        on = (date(2019, 1, 7) + timedelta(weeks=week)).isoformat()
        early = week < 3
        world.seen(
            on,
            offer("1", "alone", come_from="BE"),
            offer("2", "both", come_from="BE NL"),
            offer("3", "mover", come_from="NL" if early else "BE"),
            offer("4", "mover", come_from="NL" if early else "BE"),
            offer("5", "leaver", come_from="BE" if early else "DE"),
            offer("6", "other", come_from="FR" if early else "ES"),
            offer("7", "nowhere", come_from="EU"),
        )


@pytest.mark.usefixtures("vendors")
def test_vendors_with_several_origins(study_of: StudyOf) -> None:
    told = study_of().vendor_origins(country="BE")
    assert told.frame[["vendor", "at_once", "in_sequence", "history"]].values.tolist() == [
        ["both", True, False, "BE+NL"],
        ["leaver", False, True, "BE > DE"],
        ["mover", False, True, "NL > BE"],
    ]
    assert list(told.left_out.values()) == [1]
    assert len(study_of().vendor_origins().frame) == 4


@pytest.mark.usefixtures("vendors")
def test_of_the_vendors_with_several_origins_so_many_ship_from_the_other(
    study_of: StudyOf,
) -> None:
    columns = ["other", "vendors", "at_once", "in_sequence", "several"]
    either = study_of().several_origins(country="BE").frame
    assert either[columns].values.tolist() == [["NL", 2, 1, 1, 3], ["DE", 1, 0, 1, 3]]
    assert either["share"].tolist() == pytest.approx([2 / 3, 1 / 3])
    at_once = study_of().several_origins(country="BE", how="at_once").frame
    assert at_once[columns].values.tolist() == [["NL", 1, 1, 0, 1]]
    moved = study_of().several_origins(country="BE", how="in_sequence").frame
    assert moved["several"].tolist() == [2, 2]
    with pytest.raises(ValueError, match="sometimes"):
        study_of().several_origins(country="BE", how="sometimes")


@pytest.mark.usefixtures("vendors")
def test_moves_between_countries(study_of: StudyOf) -> None:
    told = study_of().moves(country="BE").frame
    assert told.values.tolist() == [
        ["dream", "BE", "DE", 1, date(2019, 1, 28), date(2019, 1, 28)],
        ["dream", "NL", "BE", 1, date(2019, 1, 28), date(2019, 1, 28)],
    ]
    assert len(study_of().moves().frame) == 3


@pytest.mark.usefixtures("vendors")
def test_a_move_at_the_beginning_of_the_period_is_one(study_of: StudyOf) -> None:
    of_late = study_of(start=date(2019, 1, 27))  # all moved on the day after
    assert of_late.moves(country="BE").frame["vendors"].tolist() == [1, 1]
    assert of_late.vendor_origins(country="BE").frame["history"].tolist() == [
        "BE+NL", "BE > DE", "NL > BE",
    ]  # fmt: skip
    # What was given up before the period, or is said only after it, is no origin within it.
    assert study_of(start=date(2019, 1, 28)).moves().frame.empty
    assert study_of(end=date(2019, 1, 27)).moves().frame.empty
    silent = study_of(end=date(2018, 12, 31)).vendor_origins()
    assert (len(silent.frame), list(silent.left_out.values())) == (0, [0])
