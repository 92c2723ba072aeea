"""Pages that end early, one for each kind of what was once concluded from what they lack."""

from __future__ import annotations

import re

import pytest

from cryptodrug_scraper.records import ParsedPage
from tests.reading.corpus import Sample, fixture_pages

PAGES = {sample.name: sample for sample in fixture_pages()}


def cut(name: str, mark: str) -> tuple[ParsedPage, ParsedPage]:
    """Read a page whole, and as far as the end of what a pattern matches."""
    sample: Sample = PAGES[name]
    found = re.search(mark.encode(), sample.body, re.S)
    assert found is not None
    return sample.parsed(), sample.parsed(sample.body[: found.end()])


def is_said(page: ParsedPage) -> bool:
    said = [notice for notice in page.warnings if notice.field == "document"]
    return page.cut_off and any("the page is cut off" in str(notice) for notice in said)


def test_whether_a_vendor_is_banned_is_not_known_before_the_mark() -> None:
    whole, part = cut("dream/vendor_banned.html", r'class="viewRatings"[^<]*<')
    assert whole.vendors[0].banned
    assert is_said(part)
    assert part.kind in ("vendor", "unknown")
    assert all(vendor.banned is not False for vendor in part.vendors)


def test_a_path_of_categories_is_not_shorter_than_it_was() -> None:
    whole, part = cut("wall_street/bare_listing_fe_first.html", r"Category:.*?Drugs\s*<i[^>]*>")
    assert whole.listings[0].category == ["Drugs", "Opiates"]
    assert is_said(part)
    assert part.kind in (whole.kind, "unknown")
    assert all(listing.category == [] for listing in part.listings)


def test_quantity_prices_that_are_left_are_said_not_to_be_all() -> None:
    whole, part = cut("wall_street/bare_listing_exceptions.html", r"<table.*?<tr.*?</tr>.*?</tr>")
    assert len(whole.listings[0].price_tiers) == 3
    assert is_said(part)
    (listing,) = part.listings
    assert 0 < len(listing.price_tiers) < 3
    assert listing.price_tiers == whole.listings[0].price_tiers[: len(listing.price_tiers)]


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("wall_street/listing_plain.html", r"^.*?</form>"),
        ("wall_street/vendor_info.html", r"^.*?</form>"),
        ("wall_street/vendor_info.html", r"^.*?<h2[^>]*>"),
    ],
)
def test_an_offer_or_profile_that_is_lost_does_not_make_a_home_page(name: str, mark: str) -> None:
    whole, part = cut(name, mark)
    assert is_said(part)
    assert part.kind in (whole.kind, "unknown")
