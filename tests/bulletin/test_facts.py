"""What a bulletin says of small databases whose answers are known by hand."""

from __future__ import annotations

from datetime import date

import pytest

from cryptodrug_scraper.bulletin import Span
from cryptodrug_scraper.bulletin.pages import page_of
from cryptodrug_scraper.language import CODES
from cryptodrug_scraper.monitor.trackers import Tracker
from tests.bulletin.making import made, number, plain, titled, week_of_offers
from tests.databases import execute
from tests.study.world import World, eur, offer, profile

W10, W11, W12 = "03-06", "03-13", "03-20"
END = "2019-03-24"


@pytest.mark.parametrize(
    ("by", "day", "label", "start", "end"),
    [
        ("week", "2019-03-24", "2019-W12", "2019-03-18", "2019-03-24"),
        ("week", "2019-03-30", "2019-W12", "2019-03-18", "2019-03-24"),
        ("week", "2021-01-03", "2020-W53", "2020-12-28", "2021-01-03"),
        ("month", "2019-03-31", "2019-03", "2019-03-01", "2019-03-31"),
        ("month", "2019-03-30", "2019-02", "2019-02-01", "2019-02-28"),
        ("month", "2020-03-01", "2020-02", "2020-02-01", "2020-02-29"),
    ],
)
def test_periods(by: str, day: str, label: str, start: str, end: str) -> None:
    span = Span.ended(by, date.fromisoformat(day))
    assert (span.label, str(span.start), str(span.end)) == (label, start, end)
    assert Span.of(by, span.end) == span
    assert span.series(date(2001, 1, 1))[-1] == span.start


def test_numbers_of_a_period_and_a_gap_before_it(world: World) -> None:
    week_of_offers(world, W10, "abcdef")
    week_of_offers(world, W12, "abcdefg")
    for vendor in "abcdefg":
        world.sold(vendor, f"dream{vendor}", "03-19", eur(80), seen="03-21")
    world.done()
    facts, _ = made(world.url, END)
    assert [number(facts, "listings", "dream", f"2019-03-{d}")["value"] for d in ("04", "18")] == [
        6, 7,
    ]  # fmt: skip
    gap = number(facts, "listings", "dream", "2019-03-11")
    assert (gap["value"], gap["hidden"]) == (None, False)
    assert number(facts, "reviews", "dream")["value"] == 7
    sold = number(facts, "turnover", "dream")
    assert (sold["low"], sold["value"], sold["high"]) == (560, 560, 560)
    assert number(facts, "offer", "", of="cannabis")["value"] == 7
    price = number(facts, "price", "", of="cannabis g")
    assert (price["low"], price["value"], price["high"]) == (8, 8, 8)
    month, _ = made(world.url, "2019-03-31", by="month")
    assert number(month, "listings", "dream")["value"] == 7
    for code, name in zip(CODES, ("March 2019", "Mars 2019", "Maart 2019"), strict=True):
        assert f"<h1>{name}" in page_of(month, code)


def test_what_came_and_went(world: World) -> None:
    week_of_offers(world, W11, "abcdefghij")
    week_of_offers(world, W12, "fghijklmno")
    facts, _ = made(world.url, END)
    assert [
        (row["of"], row["came"], row["went"], row["gone"], row["since"]) for row in facts["comings"]
    ] == [("vendors", 5, 5, None, "2019-03-11"), ("listings", 5, 5, 0, "2019-03-11")]


def test_few_that_came_hide_those_that_went(world: World) -> None:
    week_of_offers(world, W11, "abcdefghij")
    week_of_offers(world, W12, "fghijkl")
    facts, _ = made(world.url, END)
    assert [(row["came"], row["went"], row["hidden"]) for row in facts["comings"]] == [
        (None, None, True)
    ] * 2


def test_prices_that_changed(world: World) -> None:
    week_of_offers(world, W11, "abcdefghijklmno", price=100)
    week_of_offers(world, W12, "abcde", price=120)
    week_of_offers(world, W12, "fghij", price=80)
    week_of_offers(world, W12, "klmno", price=101)
    facts, _ = made(world.url, END)
    (row,) = facts["price_changes"]
    assert (row["up"], row["down"], row["steady"]) == (5, 5, 5)
    assert row["change"] == pytest.approx(0.01)
    assert row["change_low"] <= row["change"] <= row["change_high"]


def test_a_substance_named_for_the_first_time(world: World) -> None:
    """One vendor's, retitled: it is told with its first page, its count is not."""
    week_of_offers(world, W10, "abcdef")
    week_of_offers(world, W11, "abcdef")
    week_of_offers(world, W12, "abcde")
    world.seen(W12, titled(offer("dreamf", "f", come_from="BE"), "Etizolam 1mg x 100"))
    page = world.pages
    week_of_offers(world, "03-27", "abcde")
    facts, _ = made(world.url, END)
    (row,) = (row for row in facts["substances"] if not row["market"] and not row["country"])
    assert (row["substance"], row["first_on"], row["day"]) == ("etizolam", "dream", "2019-03-20")
    assert row["vendors"] is None
    places = execute(plain(world.url), f"SELECT place FROM page WHERE page_id = {row['page']}")
    assert places == [(f"p/{page}",)]
    assert row["place"] is None  # the name of a file could name a vendor
    for code in CODES:
        page = page_of(facts, code)
        assert "etizolam" in page
        assert str(row["page"]) in page
    assert made(world.url, "2019-03-31")[0]["substances"] == []
    assert made(world.url, "2019-03-17")[0]["substances"] == []


def test_words_of_few_and_of_handles_are_for_the_team_alone(world: World) -> None:
    week_of_offers(world, W11, "abcdef")
    for n, title in enumerate(["Quirkle weed", "Quirkle hash", "Oakmoss best", "Smurfcake fine"]):
        for vendor in "abcdef" if n < 2 else "abcde" if n == 2 else "ab":
            world.seen(W12, titled(offer(f"{n}{vendor}", vendor, come_from="BE"), title))
    world.seen(W12, titled(offer("x", "OakMoss"), "Weed 10g"))
    facts, few = made(world.url, END)
    shown = {row["word"]: row["vendors"] for row in facts["words"]}
    assert shown["quirkle"] == 6
    assert {row["word"] for row in few} == {"oakmoss", "smurfcake", "fine"}
    assert not {"oakmoss", "smurfcake", "fine"} & shown.keys()


def test_who_moved_and_who_fell_silent(world: World) -> None:
    for on, market, vendors in ((W11, "dream", "abcdef"), (W12, "empire", "abcdef")):
        for n, vendor in enumerate(vendors):
            made_of = profile(vendor, fingerprint=f"{n:040X}")
            world.page(on, market=market, kind="vendor", vendors=(made_of,))
        week_of_offers(world, on, vendors, market=market)
    facts, _ = made(world.url, END)
    (row,) = facts["movers"]
    assert (row["market"], row["to_market"], row["vendors"], row["went"]) == (
        "dream", "empire", 6, 6,
    )  # fmt: skip
    assert facts["silences"] == [{"market": "dream", "why": "not_captured", "day": "2019-03-11"}]
    assert {row["market"] for row in facts["markets"] if row["pages"]} == {"empire"}


def test_words_that_are_watched(world: World) -> None:
    week_of_offers(world, W11, "abcdef", title="Snowflake 10g")
    week_of_offers(world, W12, "abcdef", title="Weed 10g")
    world.seen(W12, titled(offer("1", "smith", come_from="BE"), "Snowflake 5g"))
    page = world.pages
    trackers = [Tracker(word, (word,)) for word in ("weed", "snowflake", "smith", "absent")]
    facts, _ = made(world.url, END, trackers=trackers)
    watched = facts["watched"]
    assert [(r["tracker"], r["kind"], r["count"], r["vendors"]) for r in watched["hits"]] == [
        ("snowflake", "title", None, None), ("weed", "title", 6, 6),
    ]  # fmt: skip
    key = watched["hits"][0]["page"]
    places = execute(plain(world.url), f"SELECT place FROM page WHERE page_id = {key}")
    assert places == [(f"p/{page}",)]
    assert (watched["unseen"], watched["left_out"]) == (["absent"], 1)
    for code in CODES:
        text = page_of(facts, code)
        assert "snowflake" in text
        assert "smith" not in text
