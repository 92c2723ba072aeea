"""Vendors across markets: three degrees of certainty, and where they went after a closure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Engine, text

from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.measure import Note
from tests.study.world import World, offer, profile

StudyOf = Callable[..., Study]
A, B, C = "A" * 40, "B" * 40, "C" * 40


@pytest.fixture
def two_markets(world: World, engine: Engine) -> None:
    world.page(
        "02-01",
        kind="vendor",
        vendors=(
            profile("anna", fingerprint=A, joined="2018-01-01"),
            profile("bob"),
            profile("cyd"),
            profile("eve", fingerprint=B),
        ),
    )
    world.seen("03-01", *(offer(f"{n}", name) for n, name in enumerate(("anna", "bob", "cyd"))))
    world.page(
        "04-15",
        market="empire",
        kind="vendor",
        vendors=(
            profile("Anna_2", fingerprint=A, joined="04-10"),
            profile("anna"),  # somebody else, or not: the handle alone
            profile("BOB", imported="dream", joined="2018-12-01"),
            profile("cyd", joined="04-01"),
        ),
    )
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE market SET closed_on = '2019-03-31', closing_announced_on = NULL"
                " WHERE market = 'dream'"
            )
        )


@pytest.mark.usefixtures("two_markets")
def test_the_same_vendor_on_two_markets(study_of: StudyOf) -> None:
    told = study_of().same_vendors()
    columns = ["certainty", "market", "vendor", "other_market", "other_vendor", "evidence"]
    assert told.frame[columns].values.tolist() == [
        ["certain", "dream", "anna", "empire", "Anna_2", A],
        ["likely", "empire", "BOB", "dream", "bob", "bob"],
        ["possible", "dream", "anna", "empire", "anna", "anna"],
        ["possible", "dream", "cyd", "empire", "cyd", "cyd"],
    ]
    assert told.caveats == ()
    assert told.frame["first_day"].tolist()[0] == date(2018, 1, 1)
    assert told.frame["other_first_day"].tolist()[0] == date(2019, 4, 10)
    assert list(told.left_out.values()) == [0, 5]


@pytest.mark.usefixtures("two_markets")
def test_migration_after_a_closure(study_of: StudyOf) -> None:
    told = study_of().migration(market="dream")
    columns = ["to_market", "certainty", "vendors", "before", "after"]
    assert told.frame[columns].values.tolist() == [
        ["empire", "certain", 1, 0, 1],
        ["empire", "likely", 1, 1, 0],
        ["empire", "possible", 1, 0, 1],  # anna stands once, with the surest
    ]
    assert told.frame["median_days"].dropna().tolist() == [10, 1]
    assert told.frame["share_after"].tolist() == [0.25, 0, 0.25]
    assert told.frame["active"].tolist() == [4, 4, 4]
    assert told.caveats == (Note("few_active", {"n": 4}, 4, {"market": "dream"}),)
    recent = study_of().migration(market="dream", active_days=31)  # eve was seen before that
    assert recent.frame["active"].tolist() == [3, 3, 3]
    announced = study_of().migration(market="dream", since=date(2019, 4, 5))
    assert announced.frame["after"].tolist() == [1, 0, 0]
    assert announced.caveats[0].values["since"] == date(2019, 4, 5)
    with pytest.raises(ValueError, match="is not studied"):
        study_of(markets=["dream"]).migration(market="empire")


@pytest.mark.usefixtures("two_markets")
def test_an_announced_end_counts_from_its_announcement(study_of: StudyOf, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE market SET closing_announced_on = '2019-04-05', closed_on = '2019-04-30'")
        )
        connection.execute(text("UPDATE market SET closed_on = NULL WHERE market = 'empire'"))
    told = study_of().migration(market="dream")
    assert told.frame["since"].tolist() == [date(2019, 4, 5)] * 3
    assert told.frame["after"].tolist() == [1, 0, 0]
    with engine.begin() as connection:
        connection.execute(text("UPDATE market SET closed_on = '2019-04-29'"))
        connection.execute(
            text("UPDATE market SET closed_on = '2019-04-30' WHERE market = 'dream'")
        )
    assert study_of().migration(market="dream").frame.empty  # nobody goes to what closes before


def test_a_key_that_many_show_is_no_evidence(world: World, study_of: StudyOf) -> None:
    many = tuple(profile(f"v{n}", fingerprint=C) for n in range(6))
    world.page("02-01", kind="vendor", vendors=many)
    world.page("02-01", market="empire", kind="vendor", vendors=(profile("w", fingerprint=C),))
    told = study_of().same_vendors()
    assert len(told) == 0
    assert list(told.left_out.values()) == [1, 0]


def test_without_a_day_of_closure_the_last_capture_stands_for_it(
    world: World, study_of: StudyOf, engine: Engine
) -> None:
    world.seen("03-01", offer("1", "anna"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE market SET closed_on = NULL, closing_announced_on = NULL"))
    told = study_of().migration(market="dream")
    assert told.caveats[0] == Note.of_captures("no_closure", market="dream", day=date(2019, 3, 1))


def test_who_came_or_came_back_only_after_the_end_did_not_leave(
    world: World, study_of: StudyOf
) -> None:
    world.seen("01-10", offer("1", "back"))
    world.seen("03-01", offer("2", "there"))
    world.seen("05-01", offer("1", "back"), offer("2", "there"), offer("3", "new"))
    accounts = tuple(map(profile, ("back", "there", "new")))
    world.page("06-01", market="empire", kind="vendor", vendors=accounts)
    told = study_of().migration(market="dream", since=date(2019, 3, 15), active_days=30)
    assert told.frame[["certainty", "vendors", "active"]].values.tolist() == [
        ["certain", 0, 1], ["possible", 1, 1],
    ]  # fmt: skip


def test_what_is_known_after_the_study_s_end_is_no_evidence(
    world: World, study_of: StudyOf
) -> None:
    world.seen("02-01", offer("1", "bob"))
    world.page("02-02", market="empire", kind="vendor", vendors=(profile("bob"),))
    world.page("06-01", market="empire", kind="vendor", vendors=(profile("bob", imported="dream"),))
    assert study_of().same_vendors().frame["certainty"].tolist() == ["likely"]
    early = study_of(end=date(2019, 3, 1)).same_vendors()
    assert early.frame["certainty"].tolist() == ["possible"]


def test_that_nobody_was_found_again_is_told(world: World, study_of: StudyOf) -> None:
    world.seen("03-01", offer("1", "gone"))
    world.seen("06-01", offer("2", "other"), market="empire")
    told = study_of().migration(market="dream")
    columns = ["to_market", "certainty", "vendors", "before", "after", "active", "share_after"]
    assert told.frame[columns].values.tolist() == [["empire", "certain", 0, 0, 0, 1, 0]]
    assert told.frame["median_days"].isna().all()


def test_accounts_that_differ_in_capitals_alone_are_noted(world: World, study_of: StudyOf) -> None:
    world.page("02-01", kind="vendor", vendors=(profile("Finch", joined="2018-01-01"),))
    world.page("02-02", kind="vendor", vendors=(profile("finch", joined="2018-05-01"),))
    world.page("02-03", market="empire", kind="vendor", vendors=(profile("wren"),))
    world.page("02-04", market="empire", kind="vendor", vendors=(profile("WREN"),))
    world.done()
    told = study_of().same_vendors()
    assert told.caveats == (Note("kept_apart", {"n": 2}, 2),)
    assert study_of(markets=["empire"]).same_vendors().caveats == ()
