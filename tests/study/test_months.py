"""Which months are whole, and the growth of whole months alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text

from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.months import complete_months
from tests.study.world import World, day, eur, offer

StudyOf = Callable[..., Study]


def every(world: World, days: int, first: str, last: str, listings: int = 1) -> None:
    """Capture so many listings every so many days."""
    on = day(first)
    while on <= day(last):
        made = tuple(offer(str(n), f"v{n}") for n in range(listings))
        world.page(on.isoformat(), kind="search", listings=made)
        on += timedelta(days)


def whole(study: Study, kind: str) -> list[int]:
    """The whole months, by number."""
    frame = complete_months(study)
    return [month.month for month in frame.loc[frame[kind], "month"]]


def test_captures_begin_by_the_seventh_and_end_in_the_last_seven_days(
    world: World, study_of: StudyOf
) -> None:
    every(world, 7, "01-07", "03-25")
    assert whole(study_of(), "stock") == [1, 2, 3]
    # Nothing tells of what was sold after 25 March.
    assert whole(study_of(), "flow") == [1, 2]


def test_captures_from_the_eighth_or_to_eight_days_before_the_end(
    world: World, study_of: StudyOf
) -> None:
    for on in ("01-08", "01-16", "01-25", "02-01", "02-08", "02-14", "02-21"):
        world.seen(on, offer("1", "anna"))
    assert set(complete_months(study_of())["edge"]) == {7}
    assert whole(study_of(), "stock") == whole(study_of(), "flow") == []
    world.seen("01-07", offer("1", "anna"))
    world.seen("02-22", offer("1", "anna"))
    assert whole(study_of(), "stock") == [1, 2]
    assert whole(study_of(), "flow") == [1]


def test_what_is_sold_is_found_on_the_last_day_or_later(world: World, study_of: StudyOf) -> None:
    every(world, 1, "01-01", "02-28")
    assert whole(study_of(), "flow") == [1, 2]
    assert whole(study_of(end=date(2019, 2, 28)), "flow") == [1, 2]
    assert whole(study_of(end=date(2019, 2, 27)), "flow") == [1]


def test_a_page_alone_completes_no_month(world: World, study_of: StudyOf) -> None:
    every(world, 7, "01-07", "03-04", listings=25)
    world.page("03-30", kind="login")
    world.page("12-30", kind="login")
    world.seen("03-31", offer("0", "v0"))
    world.seen("2018-12-03", offer("0", "v0"))
    for month in (3, 12):
        world.sold("v0", "0", f"{2019 if month == 3 else 2018}-{month:02d}-02", eur(10))
    world.done()
    assert whole(study_of(), "stock") == [1, 2]
    assert whole(study_of(), "flow") == [1, 2]


def test_the_period_cuts_months(world: World, study_of: StudyOf) -> None:
    every(world, 3, "01-01", "04-10")
    assert whole(study_of(), "stock") == [1, 2, 3]
    assert whole(study_of(), "flow") == [1, 2, 3]
    exactly = study_of(start=date(2019, 1, 1), end=date(2019, 3, 31))
    assert whole(exactly, "stock") == whole(exactly, "flow") == [1, 2, 3]
    cut = study_of(start=date(2019, 1, 2), end=date(2019, 3, 28))
    assert whole(cut, "stock") == whole(cut, "flow") == [2]


def test_a_period_cuts_no_captures_where_there_are_none(world: World, study_of: StudyOf) -> None:
    """So a report does, whose period is that of its captures. Of reviews it leaves some out."""
    every(world, 7, "01-07", "02-25")
    study = study_of(start=date(2019, 1, 7), end=date(2019, 2, 25))
    assert whole(study, "stock") == [1, 2]
    assert whole(study, "flow") == []


def test_where_crawls_are_rare_a_month_has_one(world: World, study_of: StudyOf) -> None:
    for on in ("01-20", "02-12", "03-18", "05-20"):  # 23, 34 and 63 days: 34 in the middle
        world.seen(on, offer("1", "anna"))
    world.sold("anna", "1", "04-10", eur(10), seen="05-20")
    world.done()
    frame = complete_months(study_of())
    assert set(frame["edge"]) == {34}
    assert whole(study_of(), "stock") == [1, 2, 3, 5]
    assert whole(study_of(), "flow") == [1, 2, 3, 4]


def test_a_month_before_all_captures_is_not_whole_however_rare_they_are(
    world: World, study_of: StudyOf
) -> None:
    for on in ("02-01", "04-10", "06-20"):  # 68 and 71 days
        world.seen(on, offer("1", "anna"))
    world.sold("anna", "1", "01-10", eur(10), seen="02-01")
    world.done()
    assert whole(study_of(), "stock") == [2, 4, 6]
    assert whole(study_of(), "flow") == [2, 4]


def test_a_gap_hides_what_was_on_offer_and_not_what_was_sold(
    world: World, study_of: StudyOf
) -> None:
    every(world, 7, "01-07", "01-28")
    every(world, 7, "03-04", "04-01")
    world.sold("v0", "0", "02-10", eur(10))
    world.done()
    assert whole(study_of(), "stock") == [1, 3]
    assert whole(study_of(), "flow") == [1, 2, 3]


def test_the_months_of_an_opening_and_a_closure(
    world: World, study_of: StudyOf, engine: Engine
) -> None:
    def dates(opened: str, closed: str) -> None:
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE market SET opened_on = :opened, closed_on = :closed"),
                {"opened": opened, "closed": closed},
            )

    for on in ("01-02", "01-30", "02-27", "03-27", "04-20"):  # four weeks between them
        world.seen(on, offer("1", "anna"))
    dates("2019-01-02", "2019-04-21")
    assert whole(study_of(), "stock") == [2, 3]
    assert whole(study_of(), "flow") == [2, 3]
    dates("2019-01-01", "2019-04-30")
    assert whole(study_of(), "stock") == [1, 2, 3, 4]
    assert whole(study_of(), "flow") == [1, 2, 3]


def test_what_a_period_cuts_is_no_growth(world: World, study_of: StudyOf) -> None:
    """Forty sales a month, ten of them in its first week."""
    every(world, 3, "01-01", "04-10")
    for month in (1, 2, 3):
        world.sold("v0", "0", f"{month:02d}-05", eur(10), times=10)
        world.sold("v0", "0", f"{month:02d}-20", eur(10), times=30)
    world.done()
    for start, months, rate in ((None, 3, 0), (date(2019, 1, 8), 2, None)):
        told = study_of(start=start, end=date(2019, 3, 31)).growth()
        row = told.frame.set_index("of").loc["reviews"]
        assert row[["months", "first", "last"]].tolist() == [months, 40, 40]
        assert row["monthly"] == pytest.approx(rate) if months > 2 else row.isna()["monthly"]
        assert list(told.left_out.values()) == [3 - months, 3 - months]


def test_of_a_market_without_captures_no_month_is_whole(world: World, study_of: StudyOf) -> None:
    world.sold("anna", None, "01-10", eur(10))
    world.done()
    told = study_of().growth()
    assert told.frame["months"].tolist() == [0, 0, 0, 0]
    assert list(told.left_out.values()) == [0, 1]
    assert study_of(start=date(2020, 1, 1)).growth().frame.empty
