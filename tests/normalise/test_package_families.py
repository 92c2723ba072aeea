"""Amounts by family: each way of stating one, over many numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.normalise.packages import NOTHING, Package, SoldBy, read_package

GRAMS = st.sampled_from(("1", "2", "3.5", "7", "14", "28", "100", "250"))
COUNTS = st.integers(5, 900)
MG = st.sampled_from((2, 5, 10, 18, 30, 80, 200))


def of(
    least: str | Decimal, unit: str, pieces: int | None = None, mg: int | None = None
) -> Package:
    amount = Decimal(least)
    strength = None if mg is None else Decimal(mg)
    return Package(amount, amount, unit, pieces, strength)  # type: ignore[arg-type]


@given(GRAMS, st.sampled_from((" - ", " / ", " (", " = ")))
def test_one_weight_written_twice_is_one(grams: str, mark: str) -> None:
    ounces = {"3.5": "1/8 oz", "7": "1/4 oz", "14": "1/2 oz", "28": "1 oz"}.get(grams)
    if ounces is not None:
        assert read_package(f"{grams}g{mark}{ounces}", "weight").single == Decimal(grams)


@given(GRAMS, st.integers(2, 100), st.sampled_from(("extract", "Extract", "extrakt")))
def test_how_strong_an_extract_is_counts_nothing(grams: str, times: int, word: str) -> None:
    for text in (f"{grams}g – Salvia, {word} {times}x", f"Salvia {times}x {word} {grams}g",
                 f"{grams} g {times}x {word} of leaves"):  # fmt: skip
        assert read_package(text, "weight") == of(grams, "g"), text


@given(COUNTS, MG)
def test_a_strength_that_stands_apart_is_of_each_piece(count: int, mg: int) -> None:
    text = f"{count} x 2C-B – Red Planet – {mg}mg"
    assert read_package(text, "weight") == of(Decimal(count), "piece", count, mg)
    each = read_package(f"{count} x {mg}mg", "weight")
    assert each == of(Decimal(count * mg) / 1000, "g", count)


@given(COUNTS, MG, st.integers(20, 900))
def test_slugs_are_read_as_their_titles(count: int, mg: int, price: int) -> None:
    for text in (f"oxycodone-{mg}mg-{count}-pills-{price}-eur", f"{count}-bars-xanax-{mg}mg"):
        assert read_package(text, "piece") == of(Decimal(count), "piece", count, mg), text


@given(GRAMS, st.integers(20, 900))
def test_slugs_of_weights(grams: str, price: int) -> None:
    slug = grams.replace(".", "-")
    assert read_package(f"some-hash-{slug}g-{price}-eur", "weight") == of(grams, "g")


@given(COUNTS, st.integers(1, 9), MG)
def test_gifts_are_no_part_of_an_amount(count: int, gift: int, mg: int) -> None:
    expected = of(Decimal(count), "piece", count, mg)
    for text in (f"buy {count} get {gift} free XTC {mg}mg", f"{count} + {gift} free pills {mg}mg",
                 f"{count} pills {mg}mg + {gift} bonus"):  # fmt: skip
        assert read_package(text, "piece") == expected, text


@pytest.mark.parametrize(
    "text", ["€9/tab (FE for 4x)", "$3 per pill (fe on 10x+)", "2€/pc, FE over 50", "5 eur per tab"]
)
def test_a_price_and_a_condition_state_no_amount(text: str) -> None:
    assert read_package(text, "piece") == NOTHING


@given(st.integers(2, 12), st.integers(5, 50))
def test_packs_of_pieces_are_multiplied(packs: int, each: int) -> None:
    total = packs * each
    for text in (f"{packs}x{each} tabs", f"{packs} strips of {each}", f"{packs} boxes of {each}",
                 f"{packs} blisters x {each} pills", f"1 box ({total} tabs)"):  # fmt: skip
        assert read_package(f"Zolpidem {text}", "piece").single == total, text


@given(st.integers(2, 9), GRAMS)
def test_parts_of_a_total_are_not_added_to_it(parts: int, grams: str) -> None:
    total = parts * Decimal(grams)
    for text in (f"{total}g hash ({parts}x{grams}g)", f"{parts} x {grams}g = {total}g hash"):
        assert read_package(text, "weight") == of(total, "g", parts), text


@given(st.integers(1, 999))
def test_thousands_are_grouped_by_any_mark(thousands: int) -> None:
    for text in (f"{thousands},000 pills", f"{thousands}.000 pills", f"{thousands}k pills"):
        assert read_package(text, "piece").single == thousands * 1000, text


@pytest.mark.parametrize(
    ("text", "sold_by", "expected"),
    [
        ("two 8 balls", "weight", of("7", "g")),
        ("half an 8ball", "weight", of("1.75", "g")),
        ("HP outdoor", "weight", of("226.796185", "g")),
        ("2 QP", "weight", of("226.796185", "g")),
        ("an eighth of buds", "weight", of("3.543690375", "g")),
        ("1/8th buds", "weight", of("3.543690375", "g")),
        ("Ounce of buds", "weight", of("28.349523", "g")),
        ("buds, kilo", "weight", NOTHING),
        ("price per ounce of buds", "weight", NOTHING),
        ("half a dozen pills", "piece", of("6", "piece", 6)),
        ("2 dozen pills", "piece", of("24", "piece", 24)),
        ("10er XTC", "piece", of("10", "piece", 10)),
        ("25 Stück XTC 200 mg", "piece", of("25", "piece", 25, 200)),
        ("10 000 pills", "piece", of("10000", "piece", 10_000)),
        ("syrup 16 oz", "piece", NOTHING),
        ("nine bar hash 250g", "weight", of("250", "g")),
        ("510 thread cart 0.5g", "weight", of("0.5", "g")),
        ("X4nax 2mg 20x", "piece", of("20", "piece", 20, 2)),
        ("10 2C-B pills", "weight", of("10", "piece", 10)),
        ("4 AcO DMT caps 20mg", "weight", NOTHING._replace(strength_mg=Decimal(20))),
        ("8/2 strips x 30", "piece", of("30", "piece", 30)),
        ("1,000 Xanax 2mg", "piece", of("1000", "piece", 1000, 2)),
        ("[10] Oxycodone 30mg", "piece", of("10", "piece", 10, 30)),
        ("Gummies 500mg (10 x 50mg)", "piece", of("10", "piece", 10, 50)),
        ("Blotter 2014 - 200 mics x 10", "piece",
         of("10", "piece", 10)._replace(strength_mg=Decimal("0.2"))),
        ("30 pack Valium 10mg", "piece", of("30", "piece", 30, 10)),
        ("Top 10 pills", "piece", NOTHING),
        ("250mg+ 10 pills", "piece", of("10", "piece", 10, 250)),
    ],
)  # fmt: skip
def test_single_kinds(text: str, sold_by: SoldBy, expected: Package) -> None:
    assert read_package(text, sold_by) == expected
