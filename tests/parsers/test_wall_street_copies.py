"""Wall Street Market: pages that were cut off or made to cost much."""

from __future__ import annotations

import time

import pytest

from cryptodrug_scraper.reading.market_names import market_name
from cryptodrug_scraper.records import ParsedPage
from tests.reading.corpus import Sample, fixture_pages
from tests.reading.cutting import cut_behind
from tests.reading.growth import grows_too_much

PAGES = {
    sample.name.removeprefix("wall_street/"): sample
    for sample in fixture_pages()
    if sample.market == "wall_street"
}


def cut(name: str, mark: str) -> tuple[ParsedPage, ParsedPage]:
    return cut_behind(PAGES[f"{name}.html"], mark)


def test_a_path_of_categories_is_not_shorter_than_it_was() -> None:
    full, part = cut("bare_listing_fe_first", r"Category:.*?Drugs\s*<i[^>]*>")
    assert full.listings[0].category == ["Drugs", "Opiates"]
    assert part.kind in (full.kind, "unknown")
    assert all(listing.category == [] for listing in part.listings)


def test_quantity_prices_that_are_left_are_said_not_to_be_all() -> None:
    full, part = cut("bare_listing_exceptions", r"<table.*?<tr.*?</tr>.*?</tr>")
    assert len(full.listings[0].price_tiers) == 3
    (listing,) = part.listings
    assert 0 < len(listing.price_tiers) < 3
    assert listing.price_tiers == full.listings[0].price_tiers[: len(listing.price_tiers)]


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("listing_plain", r"^.*?</form>"),
        ("vendor_info", r"^.*?</form>"),
        ("vendor_info", r"^.*?<h2[^>]*>"),
    ],
)
def test_an_offer_or_profile_that_is_lost_does_not_make_a_home_page(name: str, mark: str) -> None:
    full, part = cut(name, mark)
    assert part.kind in (full.kind, "unknown")


@pytest.mark.parametrize("spelling", ["Wall Street", "WallStreet", "WSM", "Wall St Market"])
def test_each_spelling_gives_the_name(spelling: str) -> None:
    assert market_name(spelling) == "wall_street"


def test_a_line_that_may_be_broken_anywhere_is_read_as_fast_as_any() -> None:
    for sample in PAGES.values():
        if b"</p>" not in sample.body:
            continue

        def cost(size: int, sample: Sample = sample) -> float:
            text = b"</p><p>Category: " + b"a<wbr>" * (size // 6) + b"</p>"
            body = sample.body.replace(b"</p>", text, 1)
            started = time.thread_time()
            sample.parsed(body)
            return time.thread_time() - started

        assert not grows_too_much(cost, 50_000), sample.name
