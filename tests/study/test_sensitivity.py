"""How the headline numbers move with choices, in worlds whose answers are known by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from cryptodrug_scraper.reading.market import ReviewAmounts
from cryptodrug_scraper.records import Money, Review, ShippingOption
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.listings import ListingRules
from cryptodrug_scraper.study.prices import PriceRule
from cryptodrug_scraper.study.sensitivity import shipping_applies
from tests.study.world import World, day, eur, offer

StudyOf = Callable[..., Study]


def rows_of(study: Study) -> dict[tuple[str, str], dict[str, Any]]:
    frame = study.sensitivity(country="BE").frame
    return {(row["choice"], str(row["setting"])): row for row in frame.to_dict("records")}


def fill(world: World) -> None:
    for on in ("01-02", "01-20", "02-02", "02-20", "03-02", "03-20", "04-02", "04-20", "05-02"):
        price = eur(2000) if on == "03-20" else eur(30)  # nobody is to buy
        world.seen(on, offer("1", "anna", price=price, come_from="BE", kind="MDMA"))
        world.seen(on, offer("2", "bob", price=eur(1200), come_from="BE", kind="MDMA"))
        world.seen(on, offer("3", "cyd", price=eur(70), come_from="NL", kind="MDMA"))
    for month, times in ((2, 2), (3, 4), (4, 8)):
        world.sold("anna", "1", f"{month:02d}-19", times=times)
    world.sold("bob", "2", "03-05", eur(1200), times=1)
    world.sold("cyd", "3", "03-05", times=5)


def test_each_choice_changes_what_it_is_about(world: World, study_of: StudyOf) -> None:
    fill(world)
    stars = {"rating": "1", "rating_max": "5"}
    when = day("04-10")
    poor = Review("anna", "1", text="bad", posted_on=when, price=eur(400), **stars)
    world.page("12-30", kind="vendor", reviews=(poor,))
    world.done()
    rows = rows_of(study_of())
    main = rows["main", ""]
    assert main["main"] is True
    assert (main["reviews"], main["turnover_eur"]) == (16, 14 * 30 + 1200 + 400)
    assert (main["listings"], main["vendors"], main["behind"]) == (2, 2, 2)
    assert main["larger_share"] == pytest.approx(1200 / 2020)
    assert main["growth"] == pytest.approx((9 / 2) ** 0.5 - 1)
    # The four of 19 March are nearest to the price of the 20th.
    held = rows["holding_prices", "used"]
    assert held["turnover_eur"] == 10 * 30 + 4 * 2000 + 1200 + 400
    assert held["larger_share"] == pytest.approx(9200 / 9900)
    assert (held["reviews"], held["behind"]) == (16, 1)
    out = rows["low_ratings", "out"]
    assert (out["reviews"], out["turnover_eur"], out["behind"]) == (15, 1620, 1)
    assert out["growth"] == pytest.approx(1)
    assert rows["edits", "once"] == {**main, "choice": "edits", "setting": "once", "main": False,
                                     "behind": 0}  # fmt: skip
    assert rows["larger_from", "200 EUR"]["larger_share"] == pytest.approx(1600 / 2020)
    assert rows["larger_from", "500 EUR"]["larger_share"] == pytest.approx(1200 / 2020)
    assert rows["grace_days", "14"]["moves"] == main["moves"] == 0


def test_prices_without_the_rule_are_those_of_a_study_without_it(
    world: World, study_of: StudyOf
) -> None:
    fill(world)
    world.done()
    got = rows_of(study_of())["holding_prices", "used"]
    study = study_of()
    rule = PriceRule(floor=0, ceiling=1e9, factor=1e9, mads=1e9)
    study.prepare(ListingRules(price=rule))
    without = rows_of(study)["main", ""]
    same = ["reviews", "turnover_eur", "larger_share", "growth", "listings", "vendors"]
    assert {name: got[name] for name in same} == {name: without[name] for name in same}


def test_coins_by_rates_of_more_or_fewer_days(world: World, study_of: StudyOf) -> None:
    fill(world)
    world.page("11-20", kind="index", rates={"EUR": "5000"})
    world.sold("anna", "1", "06-01", Money("0.1", "BTC"), seen="11-25")
    world.sold("anna", "1", "06-01", Money("0.2", "BTC"), seen="11-30")
    world.sold("anna", "1", "06-01", Money("0.4", "BTC"), seen="12-30")
    world.done()
    rows = rows_of(study_of())
    main = rows["main", ""]["turnover_eur"]
    # One by the rate of five days before, two by the price of the listing.
    assert main == 14 * 30 + 1200 + 500 + 30 + 30
    assert rows["coin_days", "3"]["turnover_eur"] == main - 500 + 30
    assert rows["coin_days", "14"]["turnover_eur"] == main - 30 + 1000
    assert rows["coin_days", "30"]["turnover_eur"] == main - 30 + 1000


def test_shipping_taken_off_and_added(world: World, study_of: StudyOf) -> None:
    fill(world)
    sent = offer("2", "bob", price=eur(1200), come_from="BE", kind="MDMA")
    sent.shipping_options = [ShippingOption("post", eur(20)), ShippingOption("fast", eur(50))]
    world.seen("05-03", sent)
    world.done()
    rows = rows_of(study_of())
    main = rows["main", ""]["turnover_eur"]
    assert rows["shipping", "taken_off"]["turnover_eur"] == main - 20
    assert rows["shipping", "added"]["turnover_eur"] == main
    assert rows["shipping", "taken_off"]["behind"] == 1


def test_shipping_by_what_is_known_of_amounts() -> None:
    facts: dict[str, ReviewAmounts] = {"a": "without_shipping", "b": "unknown", "c": "none"}
    stated = "s.price_source = 'review'"
    assert shipping_applies("taken_off", facts) == f"{stated} AND NOT s.market IN ('a')"
    assert f"{stated} AND s.market IN ('a')" in shipping_applies("added", facts)
    assert shipping_applies("added", {"b": "with_shipping"}).endswith(f"{stated} AND false)")


def test_of_a_country_without_listings_nothing_moves(world: World, study_of: StudyOf) -> None:
    fill(world)
    world.done()
    frame = study_of().sensitivity(country="FR").frame
    assert frame["reviews"].tolist() == [0] * len(frame)
    assert frame["turnover_eur"].tolist() == [0] * len(frame)
    assert pd.isna(frame["larger_share"]).all()


def test_stays_are_those_of_lifetimes(world: World, study_of: StudyOf) -> None:
    for n, last in enumerate((3, 5, 6, 9, 12, 12)):
        for week in range(n, n + last):
            on = (day("03-05") + timedelta(7 * week)).isoformat()
            world.seen(on, offer(str(n), f"v{n}", come_from="BE"))
    world.seen("09-20", offer("0", "v0", come_from="BE"))
    world.sold("v1", "1", "03-20")
    world.seen("01-01", offer("9", "v9", come_from="NL"))
    world.done()
    study = study_of()
    rows = rows_of(study)
    for choice, days in (
        (("main", ""), 28),
        (("grace_days", "14"), 14),
        (("grace_days", "56"), 56),
    ):
        curve = study.lifetimes(country="BE", grace_days=days).frame
        assert rows[choice]["stay_days"] == curve["median_days"].iloc[0]
        assert rows[choice]["stay_behind"] == curve["vendors"].iloc[0]
