"""Turnover: each way in which a review has a price, and what is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

import pytest

from cryptodrug_scraper.records import Money, Review
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.measure import Note
from tests.study.world import World, day, eur, offer, profile

StudyOf = Callable[..., Study]


def prices(study: Study) -> list[tuple[str, float | None, float, float]]:
    study.prepare()
    frame = study.frame(
        "SELECT price_source, price_eur, low_eur, high_eur FROM s_review ORDER BY posted_on, 2"
    )
    return [tuple(None if x != x else x for x in row) for row in frame.itertuples(index=False)]


def test_coins_are_worth_what_the_page_says_and_the_day_of_posting_is_a_bound(
    world: World, study_of: StudyOf
) -> None:
    world.page("01-01", rates={"EUR": "4000", "USD": "5000"})
    world.page("02-01", rates={"EUR": "3600", "USD": "4500"})
    paid = Money("0.01", "BTC")
    world.sold("anna", None, "01-01", paid, seen="02-01", rates={"EUR": "3000", "USD": "3600"})
    world.sold("anna", None, "01-02", Money("0.0100", "BTC"), seen="02-03", about=True)
    world.sold("anna", None, "01-20", Money("0.03", "BTC"), seen="02-03", about=True)
    world.sold("anna", None, "01-21", Money("25", "USD"), seen="01-21")
    world.sold("anna", None, "01-22", eur("12.50"), seen="01-22")
    world.done()
    assert prices(study_of()) == [
        ("review", 30.0, 30.0, 40.0),  # by the page's own panel; the day's is a bound
        # Of that day's two panels the lesser, and half of the last digit for "about".
        ("review", 30.0, pytest.approx(29.85), pytest.approx(40.2)),
        ("review", 90.0, 75.0, 105.0),  # of the day of posting no rate is known
        ("review", 20.0, 20.0, 20.0),
        ("review", 12.5, 12.5, 12.5),
    ]


def test_no_review_whose_page_shows_a_rate_drops_out(world: World, study_of: StudyOf) -> None:
    for posted in ("2018-02-01", "2018-09-30", "12-29"):
        world.sold("anna", None, posted, Money("0.5", "BTC"), times=3, rates={"EUR": "3000"})
    world.done()
    row = study_of().turnover(by="all").frame.iloc[0]
    assert (row["reviews"], row["priced"], row["turnover_eur"]) == (9, 9, 13_500)


def test_the_rate_is_that_of_the_page_which_states_the_amount(
    world: World, study_of: StudyOf
) -> None:
    when = datetime(2019, 1, 1, 10, tzinfo=UTC)
    row = Review("anna", text="so", posted_on=when.date(), posted_precision="minute")
    row.earliest = row.latest = when
    world.page("01-02", kind="listing", reviews=(row,), rates={"EUR": "9000"})
    priced = replace(row, price=Money("0.01", "BTC"))
    world.page("02-02", kind="vendor", reviews=(priced,), rates={"EUR": "3000"})
    world.page("03-02", kind="vendor", reviews=(priced,), rates={"EUR": "1000"})
    world.done()
    assert prices(study_of()) == [("review", 30.0, 30.0, 90.0)]


def test_coins_without_a_rate_near_are_not_converted_and_a_state_currency_is(
    world: World, study_of: StudyOf
) -> None:
    world.page("01-01", rates={"EUR": "4000", "USD": "5000"})
    world.sold("anna", None, "01-02", Money("0.01", "BTC"), seen="01-31")
    world.sold("anna", None, "01-09", Money("0.01", "BTC"), seen="01-09")
    world.sold("anna", None, "03-01", Money("25", "USD"), seen="03-01")
    world.sold("anna", None, "2018-01-01", Money("50", "USD"), seen="01-02")
    world.done()
    study = study_of()
    assert [row[:2] for row in prices(study)] == [
        ("review", 40.0), ("review", 40.0), ("none", None), ("review", 20.0),
    ]  # fmt: skip
    notes = {note.name: note for note in study.turnover(by="all").caveats}
    for name in ("no_rate", "capture_rate", "posted_rate"):
        assert notes[name].values == {"n": 1, "share": 0.25}
        assert notes[name].vendors == 1


def test_another_market_lends_its_rates(world: World, study_of: StudyOf) -> None:
    world.page("01-01", rates={"EUR": "4000", "USD": "5000"})
    world.sold("bob", None, "01-01", Money("50", "USD"), market="wall_street", seen="01-01")
    world.done()
    study = study_of(markets=["wall_street"])
    assert prices(study) == [("review", 40.0, 40.0, 40.0)]
    assert any(note.name == "other_rate" for note in study.turnover().caveats)


def test_else_the_listing_s_price_nearest_in_time(world: World, study_of: StudyOf) -> None:
    world.seen("01-10", offer("1", "anna", price=eur(20)))
    world.seen("01-20", offer("1", "anna", price=eur(30)))
    world.seen("01-30", offer("1", "anna", price=eur(9999)))  # a holding price
    for posted in ("01-01", "01-12", "01-18", "02-15"):
        world.sold("anna", "1", posted)
    world.done()
    assert prices(study_of()) == [
        ("listing", 20.0, 20.0, 20.0),
        ("listing", 20.0, 20.0, 30.0),
        ("listing", 30.0, 20.0, 30.0),
        ("listing", 30.0, 30.0, 30.0),
    ]


def test_else_the_vendor_s_typical_price_for_the_upper_bound(
    world: World, study_of: StudyOf
) -> None:
    world.seen("01-10", *(offer(str(n), "anna", price=eur(10 * n)) for n in (1, 2, 6)))
    world.sold("anna", None, "01-11")
    world.sold("nobody", None, "01-12")
    world.sold("anna", None, None, eur(5))
    world.done()
    study = study_of()
    assert prices(study) == [("vendor", None, 0.0, 20.0), ("none", None, 0.0, 0.0)]
    told = study.turnover(by="all")
    row = told.frame.iloc[0].to_dict()
    assert (row["reviews"], row["priced"], row["turnover_eur"]) == (2, 0, 0)
    assert (row["low_eur"], row["high_eur"]) == (0, 20)
    assert list(told.left_out.values()) == [1, 1, 1]


def dream_row(author: str, text: str | None, posted: str, days: int = 1) -> Review:
    """A row that says the day, give or take some, and about what was paid."""
    middle = datetime.combine(day(posted), time(12), UTC)
    return Review(
        "anna",
        text=text,
        author=author,
        posted_on=middle.date(),
        posted_precision="day",
        earliest=middle - timedelta(days=days),
        latest=middle + timedelta(days=days),
        price=eur(40),
        price_approximate=False,
    )


def test_reviews_that_may_be_one_count_once_in_the_lower_bound_and_twice_in_the_upper(
    world: World, study_of: StudyOf
) -> None:
    first = [
        dream_row("a…z", "so far", "01-10"),
        dream_row("b…y", None, "01-10"),
        dream_row("b…y", None, "01-10"),
        dream_row("c…x", "good", "01-10"),
    ]
    later = [
        dream_row("a…z", "so far so good", "01-11"),  # may be the first before
        dream_row("b…y", "thanks", "01-11"),  # may be one of the two, and not both
        dream_row("c…x", "bad", "01-11"),  # begins otherwise
    ]
    world.page("01-12", kind="vendor", reviews=tuple(first))
    world.page("01-19", kind="vendor", reviews=tuple(later))
    world.done()
    study = study_of()
    row = study.turnover(by="all").frame.iloc[0]
    assert (row["reviews"], row["low_eur"], row["high_eur"]) == (7, 5 * 40, 7 * 40)
    (edits,) = (n for n in study.turnover().caveats if n.name == "suspected_edits")
    assert edits.values == {"n": 2, "share": 2 / 7}
    early = study_of(end=date(2019, 1, 9)).turnover().caveats
    assert "suspected_edits" not in {note.name for note in early}
    size = study.size(by="all").frame.iloc[0]
    assert (size["low_eur"], size["high_eur"]) == (200, 280)


def test_turnover_by_month_country_and_substance(world: World, study_of: StudyOf) -> None:
    world.seen("01-05", offer("1", "anna", come_from="BE", kind="Cannabis"))
    world.seen("01-05", offer("2", "bob", come_from="BE NL", kind="Cocaine"))
    world.seen("01-05", offer("3", "carl", kind="Cocaine"))
    world.page("01-06", kind="vendor", vendors=(profile("anna", sales=10),))
    world.sold("anna", "1", "01-31", eur(10), times=3)
    world.sold("bob", "2", "02-01", eur(100), times=2)
    world.sold("carl", "3", "02-02", eur(7))
    world.done()
    study = study_of()
    months = study.turnover().frame
    assert months["period"].tolist() == [date(2019, 1, 1), date(2019, 2, 1)]
    assert months["turnover_eur"].tolist() == [30, 207]
    belgian = study.turnover(country="be", by="all", groups=("substance",)).frame
    assert belgian.set_index("substance")["turnover_eur"].to_dict() == {
        "cannabis": 30, "cocaine": 200,
    }  # fmt: skip
    countries = study.turnover(by="all", groups=("country",)).frame.set_index("country")
    assert countries["turnover_eur"].to_dict() == {"": 7, "BE": 230, "NL": 200}
    stated = Note("profile_sales", {"sales": 10, "reviews": 3, "share": 0.3}, 1)
    assert stated in study.turnover().caveats
    part = study_of(start=date(2019, 2, 2))
    assert part.turnover(by="all").frame["turnover_eur"].tolist() == [7]


def test_a_review_belongs_to_where_its_listing_shipped_from_then(
    world: World, study_of: StudyOf
) -> None:
    world.seen("01-01", offer("1", "anna", come_from="NL"))
    world.seen("02-01", offer("1", "anna", come_from="BE"))
    for posted in ("2018-12-01", "01-15", "02-02"):
        world.sold("anna", "1", posted, eur(1))
    world.done()
    frame = study_of().turnover(groups=("country",)).frame
    assert frame["country"].tolist() == ["BE", "NL", "NL"]
    assert frame["period"].tolist() == [date(2019, 2, 1), date(2018, 12, 1), date(2019, 1, 1)]


def test_a_review_whose_listing_no_page_shows_is_its_vendor_s(
    world: World, study_of: StudyOf
) -> None:
    world.seen("01-05", offer("1", "anna", come_from="BE", kind="MDMA"), offer("2", "anna"))
    world.seen("01-05", offer("3", "bob", come_from="NL", kind="MDMA"))
    world.sold("bob", "gone", "01-06", eur(5))  # named, and never captured
    world.sold("bob", None, "01-06", eur(6))
    world.sold("anna", "2", "01-06", eur(7))  # captured, and without an origin
    world.done()
    frame = study_of().turnover(by="all", groups=("country", "substance")).frame
    assert frame[["country", "substance", "turnover_eur"]].values.tolist() == [
        ["", "unknown", 7],
        ["NL", "mdma", 11],
    ]


def test_sales_by_value(world: World, study_of: StudyOf) -> None:
    for price, times in ((20, 6), (199.99, 2), (200, 1), (480, 1)):
        world.sold("anna", None, "01-01", eur(price), times=times)
    world.done()
    frame = study_of().sale_values(edges=(100, 200, 1000)).frame
    assert frame["sales"].tolist() == [6, 2, 2]
    assert frame["share_sales"].tolist() == [0.6, 0.2, 0.2]
    assert frame["from_eur"].tolist() == [0, 100, 200]
    assert frame["value_eur"].tolist() == [120, 399.98, 680]
    assert frame["largest_eur"].tolist() == [20, 199.99, 480]
    bands = study_of().turnover(by="all", groups=("band_value",)).frame.set_index("band_value")
    assert bands["reviews"].to_dict() == {"middle": 2, "retail": 8}


def test_bands_hold_what_a_digit_of_a_coin_leaves_open(world: World, study_of: StudyOf) -> None:
    rates = {"EUR": "3000"}
    for amount, times in (("0.01", 4), ("0.03", 3), ("0.2", 2), ("0.3", 1)):
        paid = Money(amount, "BTC")
        world.sold("anna", None, "12-29", paid, times=times, about=True, rates=rates)
    world.done()
    # 15 to 45, 75 to 105, 450 to 750, 750 to 1,050; at 30, 90, 600 and 900.
    frame = study_of().sale_values(edges=(100, 1000)).frame
    assert frame["from_eur"].tolist() == [0, 100, 1000]
    assert frame["sales"].tolist() == [7, 3, 0]
    assert frame["sales_least"].tolist() == [4, 2, 0]
    assert frame["sales_most"].tolist() == [7, 6, 1]
    assert frame["share_sales_least"].tolist() == [0.4, 0.2, 0]
    assert frame["share_sales_most"].tolist() == [0.7, 0.6, 0.1]
    value = frame.iloc[0]
    assert value["share_value_least"] == pytest.approx(4 * 15 / (4 * 15 + 315 + 1500 + 1050))
    assert value["share_value_most"] == pytest.approx((4 * 45 + 300) / (4 * 45 + 300 + 900 + 750))
    assert study_of().sale_values(edges=(100, 1051)).frame["from_eur"].tolist() == [0, 100]


@pytest.mark.parametrize("seed", range(3))
def test_each_choice_of_readings_is_within_the_bounds_of_shares(
    world: World, study_of: StudyOf, seed: int
) -> None:
    random = Random(seed)
    sales = []
    for _ in range(30):
        amount, digits = random.randint(1, 9), random.choice((2, 3))
        price, half = Decimal(amount).scaleb(-digits), Decimal("0.5").scaleb(-digits)
        sales.append((3000 * max(price - half, Decimal(0)), 3000 * (price + half)))
        world.sold("anna", None, "12-29", Money(str(price), "BTC"), about=True,
                   rates={"EUR": "3000"})  # fmt: skip
    world.done()
    frame = study_of().sale_values(edges=(20, 100), by_market=False).frame
    for _ in range(200):
        true = [float(low) + random.random() * float(high - low) for low, high in sales]
        for row in frame.to_dict("records"):
            end = row["to_eur"] if row["to_eur"] == row["to_eur"] else float("inf")
            within = [value for value in true if row["from_eur"] <= value < end]
            share, value = len(within) / len(true), sum(within) / sum(true)
            assert row["share_sales_least"] - 1e-9 <= share <= row["share_sales_most"] + 1e-9
            assert row["share_value_least"] - 1e-9 <= value <= row["share_value_most"] + 1e-9


def test_what_there_is_not_is_refused(world: World, study_of: StudyOf) -> None:
    study = study_of()
    for wrong in ({"by": "decade"}, {"groups": ("moon",)}, {"country": "Belgium"}):
        with pytest.raises(ValueError, match=r"There is no|not a country"):
            study.turnover(**wrong)
    with pytest.raises(ValueError, match="rise"):
        study.sale_values(edges=(200, 100))


def test_an_empty_database_has_empty_measures(study_of: StudyOf) -> None:
    study = study_of()
    assert len(study.turnover()) == 0
    assert len(study.sale_values()) == 0
