"""The table of listings, on data whose answers are known by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from cryptodrug_scraper.language import language
from cryptodrug_scraper.records import Listing, Money, PriceTier, ShippingOption
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.bands import Band, BandsError, read_bands
from cryptodrug_scraper.study.listings import COLUMNS, ListingRules, build_listings
from cryptodrug_scraper.study.literature import ALDRIDGE_2016
from cryptodrug_scraper.study.prices import PriceRule
from tests.study.world import World, eur

COCAINE = ["Drugs", "Stimulants", "Cocaine"]
PILLS = ["Drugs", "Ecstasy", "Pills"]


@pytest.fixture
def build(engine: Engine) -> Iterator[Callable[[], Study]]:
    """Open a study, which sees what is there by then, and build its table of listings."""
    with ExitStack() as studies:

        def opened() -> Study:
            study = studies.enter_context(Study(engine))
            build_listings(study)
            return study

        yield opened


def listing(
    external_id: str,
    title: str,
    price: Money | None = None,
    category: list[str] | None = None,
    **more: Any,
) -> Listing:
    return Listing(external_id, title, "anna", category or [], price=price, **more)


def row(study: Study, external_id: str) -> dict[str, Any]:
    return study.row("SELECT * FROM s_listing WHERE external_id = :id", {"id": external_id})


def held(study: Study, external_id: str) -> list[str | None]:
    frame = study.frame(
        "SELECT p.held FROM s_listing_price p JOIN s_listing USING (listing_id)"
        " WHERE external_id = :id ORDER BY day, p.price_eur",
        {"id": external_id},
    )
    return [None if value is None or value != value else value for value in frame["held"]]


def test_a_listing_has_all_that_was_last_stated(world: World, build: Callable[[], Study]) -> None:
    world.seen(
        "01-01", listing("1", "Snow 1g", eur(80), ["Cocaine"], ships_from=["NL"], ships_to=["EU"])
    )
    world.seen(
        "02-01",
        listing("1", "Snow 2g", eur(100), COCAINE, ships_from=["BE", "NL"],
                ships_to=["WORLD"], ships_to_excluded=["GB", "US"]),
    )  # fmt: skip
    world.seen("03-01", listing("1", "Snow 2g", eur(110)))  # a card, which says less
    opened = build()
    found = row(opened, "1")
    assert list(found) == list(COLUMNS)
    assert found | {"listing_id": 0, "vendor_id": 0} == {
        "listing_id": 0, "market": "dream", "external_id": "1", "vendor_id": 0, "vendor": "anna",
        "title": "Snow 2g", "category": COCAINE, "substance": "cocaine",
        "substance_detail": "cocaine", "substance_source": "category", "quantity": 2,
        "quantity_low": 2, "quantity_high": 2, "unit": "g", "pieces": None, "strength_mg": None,
        "quantity_source": "title", "price_eur": 105, "holding": False, "prices": 3,
        "prices_held": 0, "price_per_unit": 52.5, "min_order": 1, "band_value": "retail",
        "band_amount": "retail", "from_countries": ["BE", "NL"], "to_places": ["WORLD"],
        "excluded": ["GB", "US"], "first_seen": date(2019, 1, 1), "last_seen": date(2019, 3, 1),
        "in_period": True,
    }  # fmt: skip


def test_what_is_not_stated_is_null(world: World, build: Callable[[], Study]) -> None:
    world.seen("01-01", listing("1", "Custom order"))
    world.page(None, listings=(listing("2", "Netflix account x1", eur(3)),))
    opened = build()
    found = row(opened, "1")
    assert (found["substance"], found["substance_source"]) == ("unknown", "none")
    assert (found["quantity"], found["unit"], found["price_eur"], found["band_value"]) == (
        None, None, None, None,
    )  # fmt: skip
    assert (found["category"], found["from_countries"], found["excluded"]) == ([], [], [])
    undated = row(opened, "2")
    assert (undated["substance"], undated["quantity"]) == ("not_drugs", None)
    assert (undated["first_seen"], undated["price_eur"], undated["in_period"]) == (
        None, None, False,
    )  # fmt: skip
    counts = opened.notes["listings"]
    assert (counts["listings"], counts["without_a_date"], counts["substance_unknown"]) == (2, 1, 1)
    assert counts["without_a_price_in_eur"] == 2


def test_amounts_give_prices_per_unit(world: World, build: Callable[[], Study]) -> None:
    for n, (title, category) in enumerate(
        [
            ("10 pills 250mg", PILLS),
            ("20 x 10ml Ketamine", []),
            ("1g - 14g flake", COCAINE),
            ("Oxycodone 80mg", []),
            ("DMT 500mg", []),
            ("10g+ MDMA", []),
        ]
    ):
        world.seen("01-01", listing(str(n), title, eur(100), category))
    opened = build()
    columns = ("quantity", "quantity_low", "quantity_high", "unit", "pieces", "price_per_unit")
    found = [tuple(row(opened, str(n))[c] for c in columns) for n in range(6)]
    assert [tuple(None if v is None else v if v in ("g", "ml", "piece") else float(v) for v in f)
            for f in found] == [
        (10, 10, 10, "piece", 10, 10),
        (200, 200, 200, "ml", 20, 0.5),
        (None, 1, 14, "g", None, None),
        (None, None, None, None, None, None),
        (0.5, 0.5, 0.5, "g", None, 200),
        (None, 10, None, "g", None, None),
    ]  # fmt: skip
    assert row(opened, "0")["strength_mg"] == 250
    assert row(opened, "3")["strength_mg"] == 80


def test_prices_are_in_euro_by_the_rates_of_their_time(
    world: World, build: Callable[[], Study]
) -> None:
    world.page("01-01", listings=(listing("1", "5g hash", Money("0.01", "BTC")),),
               rates={"EUR": "3000", "USD": "3300"})  # fmt: skip
    world.page("06-01", listings=(listing("1", "5g hash", Money("0.01", "BTC")),),
               rates={"EUR": "8000", "USD": "9000"})  # fmt: skip
    world.seen("06-02", listing("2", "5g hash", Money("90", "USD")))  # the day after a rate
    world.page("06-03", market="wall_street",
               listings=(listing("3", "5g hash", Money("45", "USD")),))  # fmt: skip
    world.seen("12-01", listing("4", "5g hash", Money("1", "BTC")))  # none near
    opened = build()
    assert row(opened, "1")["price_eur"] == 55  # the median of 30 and 80
    assert row(opened, "2")["price_eur"] == 80
    assert row(opened, "3")["price_eur"] == 40  # another market's rates: its own shows none
    assert row(opened, "4")["price_eur"] is None


def test_a_holding_price_is_taken_out_by_the_listings_own_median(
    world: World, build: Callable[[], Study]
) -> None:
    for month, price in enumerate([50, 52, 520.5, 5000, 48, 4.9], start=1):
        world.seen(f"0{month}-01", listing("1", "Custom stuff", eur(price)))
    for month, price in enumerate([5000, 50], start=1):
        world.seen(f"0{month}-01", listing("2", "Custom stuff", eur(price)))
    for month, price in enumerate([60, 50, 1000, 1000], start=1):
        world.seen(f"0{month}-01", listing("3", "Custom stuff", eur(price)))
    opened = build()
    # The lower middle of all six is 50: 520.5 is over ten times that, 5,000 too, 4.9 under a tenth.
    assert held(opened, "1") == [None, None, "own", "own", None, "own"]
    found = row(opened, "1")
    assert (found["price_eur"], found["holding"], found["prices_held"]) == (50, True, 3)
    # Of two, or of two and two, the lower ones are believed: between them lies no price at all.
    assert held(opened, "2") == ["own", None]
    assert row(opened, "2")["price_eur"] == 50
    assert held(opened, "3") == [None, None, "own", "own"]
    assert row(opened, "3")["price_eur"] == 55


def test_a_price_is_of_the_amount_that_stood_beside_it(
    world: World, build: Callable[[], Study]
) -> None:
    for n in range(10):
        world.seen("01-01", listing(f"g{n}", "1g flake", eur(60 + n), COCAINE))
    for day in ("01-01", "01-08", "01-15"):
        world.seen(day, listing("more", "1g flake", eur(60), COCAINE))
        world.seen(day, listing("less", "100g flake", eur(5000), COCAINE))
        world.seen(day, listing("told", "Flake", eur(60), COCAINE))
    world.seen("01-22", listing("more", "5g flake", eur(250), COCAINE))
    world.page("01-29", kind="search", listings=(listing("more", None, eur(300)),))  # a bare card
    world.seen("01-22", listing("less", "1g SAMPLE flake", eur(60), COCAINE))
    world.seen("01-29", listing("less", "1g SAMPLE flake", eur(6000), COCAINE))  # out of stock
    world.seen("01-22", listing("told", "2g flake", None, COCAINE))
    opened = build()
    found = {name: row(opened, name) for name in ("more", "less", "told")}
    assert [(f["price_eur"], f["price_per_unit"], f["prices"]) for f in found.values()] == [
        (275, 55, 5), (60, 60, 5), (None, None, 3),
    ]  # fmt: skip
    assert held(opened, "more") == [None] * 5
    assert held(opened, "less") == [None] * 4 + ["group"]
    assert found["less"]["band_amount"] == "retail"


def test_a_lasting_holding_price_is_taken_out_by_like_listings(
    world: World, build: Callable[[], Study]
) -> None:
    for n in range(12):
        world.seen("01-01", listing(f"like{n}", "1g flake", eur(60 + 2 * n), COCAINE))
    for month in range(1, 5):
        world.seen(f"0{month}-01", listing("held", "1g flake", eur(999), COCAINE))
    world.seen("05-01", listing("held", "1g flake", eur(75), COCAINE))
    world.seen("01-01", listing("always", "2g flake", eur(9999), COCAINE))
    world.seen("01-01", listing("bulk", "1kg flake", eur(35000), COCAINE))  # 35 a gram: fair
    world.seen("01-01", listing("other", "1g hash", eur(700)))  # no ten listings of hash
    opened = build()
    assert held(opened, "held") == ["group"] * 4 + [None]
    assert row(opened, "held")["price_eur"] == 75
    assert (row(opened, "always")["price_eur"], row(opened, "always")["holding"]) == (None, True)
    assert held(opened, "bulk") == held(opened, "other") == [None]
    counts = opened.notes["listings"]
    assert (counts["with_holding_prices"], counts["only_holding_prices"]) == (2, 1)


def test_absurd_prices_have_bounds_and_parameters(world: World, engine: Engine) -> None:
    world.seen("01-01", listing("1", "1g hash", eur("0.01")), listing("2", "1g hash", eur(200000)))
    world.seen("01-01", listing("3", "1g hash", eur(0)), listing("4", "1g hash", eur("0.06")))
    with Study(engine) as study:
        build_listings(study)
        assert [held(study, n) for n in "1234"] == [["floor"], ["ceiling"], ["floor"], [None]]
    with Study(engine) as study:
        build_listings(study, ListingRules(price=PriceRule(floor=0, ceiling=10**6)))
        assert [held(study, n) for n in "1234"] == [[None], [None], ["floor"], [None]]
    with pytest.raises(ValueError, match="no sense"):
        PriceRule(factor=1)


def test_the_rule_says_its_numbers() -> None:
    words = PriceRule(factor=20, mads=4.5, floor=0.5).note.words(language("en"))
    assert "0.5 EUR" in words
    assert "100,000 EUR" in words
    assert "20 times" in words
    assert "4.5 median absolute deviations" in words


def test_bands_are_of_the_least_order(world: World, build: Callable[[], Study]) -> None:
    for external_id, title, price, more in (
        ("1", "1g flake", 199.99, {}),
        ("2", "1g flake", 200, {}),
        ("3", "9g flake", 999, {}),
        ("4", "10g flake", 1000, {}),
        ("5", "1g flake", 70, {"min_order": 100}),
        ("6", "100g flake", None, {}),
        ("7", "30ml flake", 10, {}),  # no threshold of cocaine by volume
        ("8", "1g flake", 70, {"price_tiers": [PriceTier(100, None, eur(70))]}),  # tiers alone
        ("9", "1g flake", 70, {"price_tiers": [PriceTier(100, None, eur(60))]}),
    ):
        paid = None if price is None else eur(price)
        world.seen("01-01", listing(external_id, title, paid, COCAINE, **more))
    opened = build()
    found = {n: (row(opened, n)["band_value"], row(opened, n)["band_amount"]) for n in "123456789"}
    assert found == {
        "1": ("retail", "retail"),
        "2": ("middle", "retail"),
        "3": ("middle", "retail"),
        "4": ("wholesale", "middle"),
        "5": ("wholesale", "wholesale"),
        "6": (None, "wholesale"),
        "7": ("retail", None),
        "8": ("wholesale", "wholesale"),
        "9": ("retail", "retail"),
    }
    assert opened.notes["value_bands"] == (("retail", 0), ("middle", 200), ("wholesale", 1000))


def test_bands_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "bands.toml"
    file.write_text(
        "[value]\nmiddle = 100\nwholesale = 500\n[amount.tea]\ng = { middle = 1, wholesale = 2 }\n"
    )
    mine = read_bands(file)
    assert read_bands().value.wholesale_source == ALDRIDGE_2016
    assert not any(band.wholesale_source for band in read_bands().amount.values())
    assert (mine.value, mine.amount) == (Band(100, 500), {("tea", "g"): Band(1, 2)})
    for wrong in ("", "[value]\nmiddle = 5\nwholesale = 1\n[amount]\n", "[value", "value = 1"):
        file.write_text(wrong)
        with pytest.raises(BandsError, match=r"bands\.toml"):
            read_bands(file)


def test_an_amount_may_stand_in_the_options(world: World, build: Callable[[], Study]) -> None:
    def options(*each: tuple[str, float]) -> list[ShippingOption]:
        return [ShippingOption(name, eur(price), None, "order") for name, price in each]

    ladder = options(("Letter", 0.0), ("3.5g + NDD", 200), ("1g + NDD", 65), ("7 g", 380))
    postal = options(("Parcel up to 2kg", 9), ("Letter 20 g", 3), ("Letter 50 g", 2))
    world.seen(
        "01-01",
        listing("1", "0.5G - 7G Flakes", eur("0.01"), COCAINE, shipping_options=ladder),
        listing("2", "0.5G - 7G Flakes", eur(60), COCAINE, shipping_options=ladder),
        listing("3", "0.5G - 7G Flakes", eur("0.01"), COCAINE, shipping_options=postal),
        listing("4", "1g Flakes", eur("0.01"), COCAINE, shipping_options=ladder),
    )
    opened = build()
    found = row(opened, "1")
    assert (found["quantity"], found["unit"], found["quantity_source"]) == (1, "g", "option")
    assert (float(found["price_eur"]), found["holding"]) == (65.01, False)
    assert [row(opened, n)["quantity_source"] for n in "234"] == ["title"] * 3
    assert [row(opened, n)["quantity"] for n in "23"] == [None, None]
    assert [row(opened, n)["price_eur"] for n in "34"] == [None, None]


def test_an_option_adds_to_a_price_that_is_none(world: World, build: Callable[[], Study]) -> None:
    ladder = [ShippingOption("1g", eur(50)), ShippingOption("5g", eur(200))]
    world.seen("01-01", listing("1", "Flakes", eur("0.01"), COCAINE, shipping_options=ladder))
    for day in ("02-01", "02-08"):
        world.seen(day, listing("1", "Flakes", eur(50), COCAINE))
    found = row(build(), "1")
    assert (found["quantity"], found["prices"], found["price_eur"]) == (1, 3, 50)


def test_what_is_delivered_as_data_is_no_drug(world: World, build: Callable[[], Study]) -> None:
    world.seen(
        "01-01",
        listing("1", "LSD, the story", eur(5), ["Other"], product_class="digital"),
        listing("2", "LSD, the tabs", eur(5), ["Other"], product_class="physical"),
    )
    opened = build()
    assert row(opened, "1")["substance"] == "not_drugs"
    assert row(opened, "2")["substance"] == "hallucinogens"


def test_the_period_and_the_markets(world: World, engine: Engine) -> None:
    world.seen("01-01", listing("1", "1g hash", eur(5)))
    world.seen("06-01", listing("2", "1g hash", eur(5)))
    world.seen("06-01", listing("3", "1g hash", eur(5)), market="empire")
    with Study(engine, start=date(2019, 5, 1), markets=["dream"]) as study:
        study.prepare()
        found = study.frame("SELECT external_id, in_period FROM s_listing ORDER BY 1")
        assert found.values.tolist() == [["1", False], ["2", True]]


def test_last_stated_is_what_was_said_by_the_end_of_the_period(
    world: World, engine: Engine
) -> None:
    world.seen(
        "01-05",
        listing("1", "1g hash", eur(10), ["Hash"], min_order=5, ships_from=["NL"],
                ships_to=["EU"], ships_to_excluded=["US"]),
        listing("2", "1g hash", ships_from=["NL"]),
    )  # fmt: skip
    world.seen(
        "06-05",
        listing("1", "2g hash", eur(40), ["Hash"], min_order=1, ships_from=["BE"],
                ships_to=["WORLD"], ships_to_excluded=["GB"]),
        listing("2", "1g hash", eur(7)),
    )  # fmt: skip
    columns = ("title", "price_eur", "min_order", "from_countries", "to_places", "excluded")
    for given, told, other in (
        ({"end": date(2019, 1, 31)}, ("1g hash", 10, 5, ["NL"], ["EU"], ["US"]), 7),
        ({"start": date(2019, 2, 1)}, ("2g hash", 40, 1, ["BE"], ["WORLD"], ["GB"]), 7),
        ({}, ("2g hash", 40, 1, ["BE"], ["WORLD"], ["GB"]), 7),
    ):
        with Study(engine, **given) as study:  # type: ignore[arg-type]
            build_listings(study)
            assert tuple(row(study, "1")[c] for c in columns) == told
            # Where nothing was said by then, what was said first after it.
            assert (row(study, "2")["price_eur"], row(study, "2")["from_countries"]) == (
                other, ["NL"],
            )  # fmt: skip


def test_prices_per_gram(world: World, engine: Engine) -> None:
    for n, price in enumerate([50, 60, 70, 80]):
        world.seen("01-01", listing(str(n), "1g flake", eur(price), COCAINE))
    for n, price in enumerate([3000, 5000], start=4):  # 30 and 50 a gram
        world.seen("01-01", listing(str(n), "100g flake", eur(price), COCAINE))
    world.seen("01-01", listing("6", "flake", eur(60), COCAINE), listing("7", "1g hash", eur(9)))
    world.seen("01-01", listing("8", "1g flake", None, COCAINE), listing("9", "1g tea", eur(1)))
    world.seen("01-01", listing("10", "1g flake", eur("0.01"), COCAINE))
    with Study(engine) as study:
        found = study.unit_prices(least=2)
        assert found.frame.drop(columns=["market", "substance_detail", "vendors"]).to_dict(
            "list"
        ) == {
            "substance": ["cocaine", "cocaine"],
            "unit": ["g", "g"],
            "band_amount": ["retail", "wholesale"],
            "listings": [4, 2],
            "lower_quartile": [57.5, 35.0],
            "median": [65.0, 40.0],
            "median_low": [50.0, 30.0],
            "median_high": [80.0, 50.0],
            "upper_quartile": [72.5, 45.0],
        }
        assert found.left_out == {
            "no_one_amount": 1,
            "no_price_in_euros": 1,
            "held_prices_only": 1,
            "small_groups": 1,
        }
        assert study.unit_prices(least=1, substance="hash").frame["median"].tolist() == [9]
        assert study.unit_prices(least=1, country_from="be").frame.empty
        with pytest.raises(ValueError, match="no substance 'coffee'"):
            study.unit_prices(substance="coffee")
        with pytest.raises(ValueError, match="code"):
            study.unit_prices(country_from="Belgium")


def test_what_the_rule_of_prices_says_is_what_is_done(
    world: World, build: Callable[[], Study]
) -> None:
    for n in range(10):
        world.seen("01-01", listing(f"g{n}", "1g flake", eur(60 + n), COCAINE))
    # No ten listings of kilograms: all amounts are compared, and 1 EUR a gram is too little.
    world.seen("01-01", listing("kilo", "1kg flake", eur(1000), COCAINE))
    for month, price in enumerate([1, 1, 20, 20], start=1):
        world.seen(f"0{month}-01", listing("own", "Custom stuff", eur(price)))
    opened = build()
    assert held(opened, "kilo") == ["group"]
    assert held(opened, "own") == [None, None, "own", "own"]
