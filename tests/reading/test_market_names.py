"""A market has one name, however a page spells it."""

from __future__ import annotations

import pytest

from cryptodrug_scraper.reading.market_names import known_market, market_name
from cryptodrug_scraper.reading.ratings import read_external_rating
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Notice, Vendor
from parsers import markets

SPELLINGS = {
    "alphabay": "AlphaBay|Alphabay Market|AB|Alpha Bay",
    "black_market_reloaded": "BMR|Black Market Reloaded|blackMarketReloaded",
    "silk_road": "Silk Road|SilkRoad|SR|Silk Road 1",
    "silk_road_2": "sr2|Silk Road 2.0|SilkRoad2",
    "silk_road_3": "Silk Road 3|SR3",
    "middle_earth": "middleEarth|Middle Earth Marketplace|MIDDLE  EARTH",
    "trade_route": "traderoute|Trade Route|TR",
    "valhalla": "Silkkitie|Valhalla (Silkkitie)",
    "tochka": "Point|Tochka Free Market|The Tochka Market",
    "cloud_9": "Cloud9|Cloud 9 Market",
    "evolution": "Evo|Evolution Marketplace",
    "tor_market": "Tor Market|TorMarket",
    "some_new": "Some New Market|someNew|some-new",
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_each_spelling_gives_the_name(name: str) -> None:
    for spelling in SPELLINGS[name].split("|"):
        assert market_name(spelling) == name, spelling


def test_every_market_of_this_project_has_the_name_of_its_module() -> None:
    for market in markets().values():
        for stated in (market.name, market.title, *market.also_called):
            for spelling in (stated, stated.upper(), f"The {stated}", stated.replace(" ", "")):
                assert known_market(spelling) == market.name, spelling


@pytest.mark.parametrize(
    ("text", "title", "expected"),
    [
        ("800/27/96", "", (None, None, None, 800, 27, 96)),
        ("+1,012/-3", "", (None, None, None, 1012, None, 3)),
        ("3000, 4.825/5", "", ("3000", "4.825", "5", None, None, None)),
        ("200~500, 4.89/5", "", ("200~500", "4.89", "5", None, None, None)),
        ("#19, 9.79/10", "", ("#19", "9.79", "10", None, None, None)),
        ("(310) (4.87)", "star rating 1-5", ("310", "4.87", "5", None, None, None)),
        ("138 (5.0)", "Average rating out of 5 stars", ("138", "5.0", "5", None, None, None)),
        ("120 (98.5%)", "", ("120", "98.5", "100", None, None, None)),
        ("97%", "", (None, "97", "100", None, None, None)),
        ("3/98", "total sales, satisfaction", ("3", "98", None, None, None, None)),
        ("45", "", ("45", None, None, None, None, None)),
    ],
)
def test_forms_of_imported_ratings(text: str, title: str, expected: tuple[object, ...]) -> None:
    notices: list[Notice] = []
    vendor = Vendor()
    read_external_rating(vendor, "Hansa Market", text, Reader(None, notices), title=title)
    (rating,) = vendor.external_ratings
    assert rating.market == "hansa" and notices == []
    assert expected == (
        rating.sales,
        rating.rating,
        rating.rating_max,
        rating.positive,
        rating.neutral,
        rating.negative,
    )


@pytest.mark.parametrize("text", ["", "a lot", "12k (5.0)", "4.9 of 5", "1/2/3/4", "--", "10k/2/3"])
def test_other_forms_are_a_warning(text: str) -> None:
    notices: list[Notice] = []
    vendor = Vendor()
    read_external_rating(vendor, "Hansa", text, Reader(None, notices))
    assert vendor.external_ratings == []
    assert [notice.field for notice in notices] == ["vendor.external_ratings"]
