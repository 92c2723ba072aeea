"""Market size: what was on offer and sold in each period, beside what crawls captured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pandas as pd
import pytest

from cryptodrug_scraper.records import Link, Listing
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.listings import ListingRules
from cryptodrug_scraper.study.measure import Note
from cryptodrug_scraper.study.prices import PriceRule
from tests.study.world import World, eur, offer

StudyOf = Callable[..., Study]


def test_size_a_month_with_the_part_of_a_country(world: World, study_of: StudyOf) -> None:
    world.seen("01-05", offer("1", "anna", come_from="NL"), offer("2", "bob", come_from="FR"))
    world.seen("01-25", offer("1", "anna", come_from="BE"))  # moved in the month
    world.seen("02-05", offer("1", "anna", come_from="BE"), offer("3", "anna", come_from="BE NL"))
    world.seen("02-06", offer("4", "bob"))  # names no origin
    links = tuple(Link("listing", str(n), f"/l/{n}") for n in (1, 3, 4, 5))
    world.page("02-07", kind="search", links=links, listings=(offer("5", "cyd"),))
    world.sold("anna", "1", "02-10", eur(30))
    world.sold("bob", "4", "02-11", eur(10), times=2)
    world.sold("bob", "4", "03-11", eur(10))
    world.done()
    told = study_of().size(country="BE")
    frame = told.frame.set_index("period")
    assert frame["vendors"].tolist()[:2] == [2, 3]
    assert frame["listings"].tolist()[:2] == [2, 4]
    assert frame["listings_country"].tolist()[:2] == [1, 2]
    assert frame["vendors_country"].tolist()[:2] == [1, 1]
    assert frame["reviews"].tolist() == [0, 3, 1]
    assert frame["turnover_eur"].tolist() == [0, 50, 10]
    assert frame["share_turnover"].tolist()[1:] == [0.6, 0]
    assert frame.loc[date(2019, 2, 1), "share_vendors"] == pytest.approx(1 / 3)
    # Of four listings known in February, three were captured.
    assert frame.loc[date(2019, 2, 1), "coverage"] == 0.75
    # No page shows an offer in March: how many there were is not known, and not 0.
    assert pd.isna(frame.loc[date(2019, 3, 1), "listings"])
    assert list(told.left_out.values()) == [1]
    low, changing = told.caveats
    assert (low.name, low.values["low"]) == ("low_coverage", 0.75)
    assert (changing.values["low"], changing.values["high"]) == (0.75, 1)


def test_size_of_the_whole_study_and_without_a_country(world: World, study_of: StudyOf) -> None:
    world.seen("01-05", offer("1", "anna"))
    world.seen("02-05", offer("1", "anna"))
    world.seen("02-05", offer("1", "bob"), market="empire")
    frame = study_of().size(by="all").frame
    assert frame["market"].tolist() == ["dream", "empire"]
    assert frame["listings"].tolist() == [1, 1]
    assert "vendors_country" not in frame
    assert len(study_of(start=date(2020, 1, 1)).size().frame) == 0


def test_what_was_said_before_the_period_holds_in_it(world: World, study_of: StudyOf) -> None:
    world.seen("01-05", offer("1", "anna", come_from="BE"), offer("2", "bob", come_from="NL"))
    cards = (Listing("1", "Offer 1"), Listing("2", "Offer 2"))  # which state neither
    world.page("02-05", kind="search", listings=cards)
    world.seen("03-05", offer("1", "anna", come_from="FR"))
    world.sold("anna", "1", "02-06", eur(10))
    world.done()
    names = ["vendors", "listings", "vendors_country", "listings_country", "reviews_country"]
    whole = study_of().size(country="BE").frame.set_index("period")
    part = study_of(start=date(2019, 2, 1), end=date(2019, 2, 28))
    within = part.size(country="BE").frame
    assert whole.loc[date(2019, 2, 1), names].tolist() == [2, 2, 1, 1, 1]
    assert within[names].values.tolist() == [[2, 2, 1, 1, 1]]
    composed = part.composition(country="BE").frame[names]
    assert composed.sum().tolist() == [2, 2, 1, 1, 1]
    # Where nothing was said by the end of the period, what was said first after it.
    earlier = study_of(end=date(2019, 1, 1), start=date(2018, 12, 1))
    earlier.prepare()
    said = earlier.frame("SELECT external_id, from_countries FROM s_listing ORDER BY 1")
    assert said["from_countries"].tolist() == [["BE"], ["NL"]]


def test_who_names_a_region_names_no_country_any_more(world: World, study_of: StudyOf) -> None:
    world.seen("01-05", offer("1", "anna", come_from="BE"))
    world.seen("02-05", offer("1", "anna", come_from="EU"))
    world.sold("anna", "1", "01-06", eur(10))
    world.sold("anna", "1", "02-06", eur(10))
    world.done()
    monthly = study_of().size(country="BE").frame
    assert monthly["listings_country"].tolist() == [1, 0]
    assert monthly["reviews_country"].tolist() == [1, 0]
    assert study_of().size(country="BE", by="all").frame["listings_country"].tolist() == [0]
    assert study_of().composition(country="BE").frame["listings_country"].sum() == 0


def test_composition(world: World, study_of: StudyOf) -> None:
    world.seen(
        "01-05",
        offer("1", "anna", come_from="BE", kind="MDMA"),
        offer("2", "anna", come_from="BE", kind="Cannabis"),
        offer("3", "bob", come_from="DE", kind="Cannabis"),
        offer("4", "bob", come_from="DE", kind="Cannabis"),
    )
    world.sold("anna", "1", "01-06", eur(30), times=2)
    world.sold("bob", "3", "01-06", eur(20), times=2)
    world.done()
    told = study_of().composition(country="BE")
    frame = told.frame.set_index("substance")
    assert frame["listings"].to_dict() == {"cannabis": 3, "mdma": 1}
    assert frame["share_listings"].to_dict() == {"cannabis": 0.75, "mdma": 0.25}
    assert frame["ratio_listings"].to_dict() == {"cannabis": pytest.approx(2 / 3), "mdma": 2}
    assert frame["share_turnover"].to_dict() == {"cannabis": 0.4, "mdma": 0.6}
    assert frame["turnover_country"].to_dict() == {"cannabis": 0, "mdma": 60}
    assert told.caveats == (Note("few_listings", {"n": 2}, 1, {"country": "BE"}),)
    assert len(study_of().composition(detail=True).frame) == 2


def test_the_listings_themselves(world: World, study_of: StudyOf) -> None:
    world.seen(
        "01-05",
        offer("1", "anna", price=eur(20), come_from="BE", to="NL EU", kind="MDMA"),
        offer("2", "anna", come_from="BE", kind="Cannabis"),
        offer("3", "bob", come_from="NL", kind="Cannabis"),
    )
    study = study_of()
    told = study.listings(country_from="be").frame
    assert told[["external_id", "substance"]].values.tolist() == [["1", "mdma"], ["2", "cannabis"]]
    assert told["price_eur"].tolist()[0] == 20
    assert study.listings(country_to="NL").frame["external_id"].tolist() == ["1"]
    assert study.listings(substance="cannabis").frame["external_id"].tolist() == ["2", "3"]
    assert len(study_of(start=date(2020, 1, 1)).listings()) == 0


def test_other_rules_have_to_come_first(world: World, study_of: StudyOf) -> None:
    world.seen("01-05", offer("1", "anna", price=eur(20), kind="MDMA"))
    world.sold("anna", "1", "01-06")
    world.done()
    study = study_of()
    study.prepare(ListingRules(price=PriceRule(floor=30)))
    assert study.turnover().frame["priced"].tolist() == [0]
    with pytest.raises(ValueError, match="before measuring"):
        study.prepare(ListingRules())


def test_growth_a_month_of_whole_months(world: World, study_of: StudyOf) -> None:
    for week in range(16):  # from Sunday 20 January to Sunday 5 May
        on = date(2019, 1, 20) + timedelta(7 * week)
        world.seen(on.isoformat(), offer("1", "anna", come_from="BE"))
    for month, times in ((1, 1), (2, 3), (3, 6), (4, 12), (5, 1)):
        world.sold("anna", "1", f"{month:02d}-05", eur(2), times=times, seen="05-10")
    world.done()
    told = study_of().growth()
    rows = told.frame.set_index("of")
    # January and May are not whole; reviews double each month between.
    assert rows.loc["reviews", ["months", "first", "last"]].tolist() == [3, 3, 12]
    assert rows.loc["reviews", "monthly"] == pytest.approx(1)
    assert rows.loc["reviews", "fit"] == pytest.approx(1)
    assert rows.loc["vendors", "monthly"] == pytest.approx(0)
    assert rows.loc["turnover", "last"] == 24
    assert list(told.left_out.values()) == [2, 2]
    assert study_of().growth(country="NL").frame["months"].tolist() == [0, 0, 0, 0]


def test_a_crawl_covers_the_months_in_which_it_captured(world: World, study_of: StudyOf) -> None:
    long = world.run("02-01")
    for on in ("02-01", "02-20", "03-10", "03-28"):
        world.page(on, listings=(offer("1", "anna"),), run=long)
    told = study_of().growth()
    assert told.frame.set_index("of").loc["listings", "months"] == 2
    assert list(told.left_out.values()) == [0, 0]
