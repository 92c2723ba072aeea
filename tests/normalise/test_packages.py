from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.normalise.package_words import PIECES, VOLUMES, WEIGHTS
from cryptodrug_scraper.normalise.packages import NOTHING, Package, SoldBy, read_package


def grams(least: str, most: str | None = "") -> Package:
    return Package(Decimal(least), Decimal(most or least) if most is not None else None, "g")


def pieces(count: int, strength: str | None = None) -> Package:
    mg = None if strength is None else Decimal(strength)
    return Package(Decimal(count), Decimal(count), "piece", count, mg)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5g", grams("5")),
        ("5 g", grams("5")),
        ("5 GRAMS", grams("5")),
        ("3,5 g", grams("3.5")),
        (".5g", grams("0.5")),
        ("1 oz", grams("28.349523")),
        ("1/8 oz", grams("3.543690375")),
        ("1⁄8 oz", grams("3.543690375")),
        ("⅛oz", grams("3.543690375")),
        ("1 1/2 oz", grams("42.5242845")),
        ("1½oz", grams("42.5242845")),
        ("half ounce", grams("14.1747615")),
        ("half an ounce", grams("14.1747615")),
        ("half a gram", grams("0.5")),
        ("quarter pound", grams("113.3980925")),
        ("QP", grams("113.3980925")),
        ("8 ball", grams("3.5")),
        ("two grams", grams("2")),
        ("2 kilo", grams("2000")),
        ("1,5kg", grams("1500")),
        ("1,000 g", grams("1000")),
        ("1'000 g", grams("1000")),
        ("𝟑.𝟓𝐠", grams("3.5")),
        ("１４ｇ", grams("14")),
        ("①⓪ g", grams("10")),
        ("5️⃣0️⃣ g", grams("50")),
        ("5 г", grams("5")),
        ("1g - 14g", grams("1", "14")),
        ("1-5gr", grams("1", "5")),
        ("7G-3oz", grams("7", "85.048569")),
        ("from 10 to 50 g", grams("10", "50")),
        ("up to 100g", grams("0", "100")),
        ("10g+", grams("10", None)),
        ("min. 10 g", grams("10", None)),
        ("28g (1oz)", grams("28")),
        ("5 x 1g", Package(Decimal(5), Decimal(5), "g", 5)),
        ("20 x 10ml", Package(Decimal(200), Decimal(200), "ml", 20)),
        ("1ml x 5", Package(Decimal(5), Decimal(5), "ml", 5)),
        ("0.5 litre", Package(Decimal(500), Decimal(500), "ml")),
        ("100x 200µg", pieces(100, "0.2")),
        ("100 x 200 mcg", pieces(100, "0.2")),
        ("10 pills 250mg", pieces(10, "250")),
        ("2mg x100", pieces(100, "2")),
        ("100mcg/h patches x 5", pieces(5, "0.1")),
        ("pack of 5", pieces(5)),
        ("3 blisters of 10", pieces(30)),
        ("10.000 pills", pieces(10000)),
        ("10 caps 0.5g", pieces(10, "500")),
        ("5 – 100 blotters", Package(Decimal(5), Decimal(100), "piece")),
        ("10-100x", Package(Decimal(10), Decimal(100), "piece")),
    ],
)
def test_what_is_said(text: str, expected: Package) -> None:
    assert read_package(text) == expected
    assert read_package(f"★ {text} ★ best quality, free shipping") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hash",
        "Price £190 oz",
        "€5 a gram",
        "1.50 a gram",
        "24eu/gr",
        "50% THC",
        "2019",
        "24/7",
        "28.09.2019",
        "Heroin #4",
        "4-MMC",
        "2C-B",
        "JWH-018",
        "Nr. 3",
        "2-3 days",
        "+ 1g free",
        "1g / 3.5g / 7g",  # which of them is the price for?
        "1/7/14 g",
        "5g coke + 10g weed",
        "1.000 g",  # a gram, or a kilogram?
        "2,500 g",
        "1.500 kg",
        "1⁄0 oz",
        "0 g",
        "9 g - 1 g",
        "100 ug",
        "5000 kg",
        "200 pounds",  # money
    ],
)
def test_what_is_not_said(text: str) -> None:
    assert read_package(text)[:3] == (None, None, None)


@pytest.mark.parametrize(
    ("text", "sold_by", "expected"),
    [
        ("500mg", "weight", grams("0.5")),
        ("500mg", "piece", Package(strength_mg=Decimal(500))),
        ("500mg", None, Package(strength_mg=Decimal(500))),
        ("500mg powder", "piece", grams("0.5")),
        ("250mg pills", "weight", Package(strength_mg=Decimal(250))),
        ("1g powder", "piece", grams("1")),
        ("5 x 500mg", "weight", Package(Decimal("2.5"), Decimal("2.5"), "g", 5)),
        ("5 x 500mg", "piece", pieces(5, "500")),
        ("100 Blue ones 50mg", "piece", pieces(100, "50")),
        ("100 Blue ones 50mg", "weight", grams("0.05")),
        ("10k", "piece", pieces(10000)),
        ("10k", "weight", NOTHING),
        ("1000ug", "weight", Package(strength_mg=Decimal(1))),
        ("min order 10", "piece", Package(Decimal(10), None, "piece")),
    ],
)
def test_milligrams_are_a_strength_or_an_amount(
    text: str, sold_by: SoldBy | None, expected: Package
) -> None:
    assert read_package(text, sold_by) == expected


SOLD: st.SearchStrategy[SoldBy | None] = st.sampled_from((None, "weight", "piece", "volume"))
FRAGMENTS = st.sampled_from(
    [*WEIGHTS, *VOLUMES, *PIECES, "x", "*", "-", "/", "+", "1", "10", "1.000", "½", "⁄", "free",
     "€5", "of", "pack", "to", "from", "k", "#", "(", ")", "5️⃣", "µg", "half", "2,5", "٥"]
)  # fmt: skip
HOSTILE = st.text(max_size=200) | st.lists(FRAGMENTS, max_size=25).flatmap(
    lambda parts: st.sampled_from(("", " ")).map(lambda mark: mark.join(parts))
)


@given(HOSTILE, SOLD)
def test_any_text(text: str, sold_by: SoldBy | None) -> None:
    found = read_package(text, sold_by)
    assert (found.least is None) == (found.unit is None)
    if found.least is not None:
        assert re.search(
            r"\d|[^\x00-\x7f]|half|ball|[qh]p|zip|one|an?\b|two|hundred|dozen|gram|oz|ounce|kilo|lb|pound|unze|eighth",
            text.lower(),
        )
        assert 0 <= found.least < 10**12
        assert found.most is None or found.least <= found.most
        assert found.least == 0 or found.least >= Decimal("0.000001")
    else:
        assert found.most is None
    assert found.strength_mg is None or found.strength_mg >= 0


@given(st.text("0 .,'⁄x-*g", min_size=400, max_size=600))
def test_a_long_text_costs_little(text: str) -> None:  # hypothesis allows 0.2 s
    found = read_package(text)
    assert len(text) <= 500 or found == NOTHING


AMOUNTS = st.decimals("0.01", "999", places=2)


@given(AMOUNTS, st.sampled_from(sorted(u for u, f in WEIGHTS.items() if f >= 1)), st.booleans())
def test_round_trip_of_weights(amount: Decimal, unit: str, comma: bool) -> None:
    if unit in ("pound", "pounds") and amount * WEIGHTS[unit] > 5000:
        return
    shown = str(amount).replace(".", ",") if comma else str(amount)
    expected = amount * WEIGHTS[unit]
    found = read_package(f"Title {shown} {unit} more")
    if expected <= 200_000:
        assert found.single == expected
        assert read_package(f"{shown}{unit}").single == expected
    else:
        assert found == NOTHING


@given(st.integers(1, 9999), st.integers(1, 999), st.sampled_from(("mg", "µg", "mcg")))
def test_round_trip_of_pieces(count: int, strength: int, unit: str) -> None:
    mg = Decimal(strength) / (1 if unit == "mg" else 1000)
    for text in (
        f"{count} pills {strength}{unit}",
        f"{count}x {strength} {unit}",
        f"Title {strength}{unit} x {count}",
        f"{strength}{unit} - {count} tabs",
    ):
        assert read_package(text, "piece") == pieces(count, str(mg)), text


@given(AMOUNTS, AMOUNTS)
def test_round_trip_of_ranges(a: Decimal, b: Decimal) -> None:
    low, high = sorted((a, b))
    for text in (f"{low}g-{high}g", f"{low} - {high} gram", f"from {low}g to {high}g"):
        found = read_package(text)
        assert (found.least, found.most, found.unit) == (low, high, "g")


@given(st.integers(1, 999), st.integers(1, 999))
def test_amounts_that_contradict_say_nothing(a: int, b: int) -> None:
    found = read_package(f"{a}g coke {b}g weed")
    if not 0.9 < a / b < 1.1:
        assert found == NOTHING
