"""Empire Market: what was read by eye on real pages."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cryptodrug_scraper.records import ParsedPage
from parsers import parse_page

# -- real pages: facts read by eye ---------------------------------------------------------------


def digest(text: str | None) -> str:
    return hashlib.sha256((text or "").encode()).hexdigest()[:12]


def real(folder: Path, name: str) -> ParsedPage:
    return parse_page((folder / "empire" / f"{name}.html").read_bytes())


KINDS = {
    "category_index_0": ("index", 8, 0, 0, 127, 15),
    "feedback_0": ("vendor", 0, 1, 30, 0, 15),
    "listing_0": ("listing", 1, 1, 0, 127, 0),
    "listing_10": ("listing", 1, 1, 0, 127, 0),
    "listing_13": ("listing", 1, 1, 0, 0, 15),
    "listing_2": ("listing", 1, 1, 0, 127, 0),
    "listing_4": ("listing", 1, 1, 0, 127, 0),
    "listing_6": ("listing", 1, 1, 0, 127, 0),
    "listing_9": ("listing", 1, 1, 0, 127, 0),
    "login_page_0": ("login", 0, 0, 0, 0, 0),
    "meta_refresh_0": ("challenge", 0, 0, 0, 0, 0),
    "pgp_0": ("vendor", 0, 1, 0, 0, 15),
    "search_result_0": ("search", 15, 0, 0, 127, 15),
    "search_result_2": ("search", 15, 0, 0, 127, 15),
    "user_0": ("vendor", 0, 1, 0, 0, 15),
    "user_1": ("vendor", 0, 1, 0, 0, 15),
    "user_2": ("vendor", 0, 1, 0, 0, 15),
}


@pytest.mark.parametrize("name", KINDS)
def test_real_page_kinds_and_counts(name: str, real_pages: Path) -> None:
    got = real(real_pages, name)
    counts = (got.listings, got.vendors, got.reviews, got.categories, got.exchange_rates)
    assert (got.market, got.kind, *map(len, counts)) == ("empire", *KINDS[name])
    assert got.warnings == []
    hosts = {link.url.split("/")[2] for link in got.links}
    assert len(hosts) <= 1
    assert len({link.url for link in got.links}) == len(got.links)


def test_real_listing_with_bulk_prices(real_pages: Path) -> None:
    got = real(real_pages, "listing_4").listings[0]
    assert (got.external_id, got.price) == ("111230", ("3750.00", "USD"))
    assert got.price_alternatives == [
        ("0.402752", "BTC"), ("59.222994", "LTC"), ("58.657907", "XMR")
    ]  # fmt: skip
    assert [(t.min_quantity, t.max_quantity, t.price) for t in got.price_tiers] == [
        (10000, 14999, ("0.70", "USD")),
        (15000, 19000, ("0.60", "USD")),
        (20000, 30000, ("0.50", "USD")),
    ]
    assert (got.ships_from, got.ships_to, got.payment) == (["US"], ["US"], ["escrow"])
    assert (got.sold, str(got.sold_since), got.ends) == (0, "2019-09-24", "Never")


def test_real_listing_in_german(real_pages: Path) -> None:
    page_ = real(real_pages, "listing_9")
    got = page_.listings[0]
    assert got.ships_to == ["AT", "BE", "FI", "FR", "DE"]
    assert [(o.price, o.days, o.per) for o in got.shipping_options] == [
        (("5.23", "USD"), "2", "order"),
        (("16.40", "USD"), "2", "order"),
        (("9.35", "USD"), "10", "order"),
        (("0.01", "USD"), "2", "order"),
    ]
    assert (page_.vendors[0].level, page_.vendors[0].trust_level) == (6, 6)
    assert len(got.description or "") == 3738


def test_real_digital_listings(real_pages: Path) -> None:
    got = real(real_pages, "listing_0")
    assert (got.listings[0].product_class, got.listings[0].sold) == ("digital", 1067)
    assert str(got.listings[0].sold_since) == "2019-03-22"
    assert got.listings[0].currencies == ["BTC", "XMR"]
    rating = got.vendors[0].external_ratings[0]
    assert (rating.market, rating.sales, rating.rating, rating.rating_max) == (
        "dream", "1900", "4.85", "5",
    )  # fmt: skip
    assert real(real_pages, "listing_6").listings[0].stock_unlimited is True
    assert real(real_pages, "listing_10").listings[0].ships_to == [
        "WORLD", "US", "ASIA", "AFRICA", "AQ",
    ]  # fmt: skip


def test_real_feedback(real_pages: Path) -> None:
    got = real(real_pages, "feedback_0")
    assert got.review_list == "p_feedback:449"
    assert sum(r.text is None for r in got.reviews) == 9
    assert {r.sentiment for r in got.reviews} == {"positive"}
    assert all(r.posted_at and r.listing_external_id and r.listing_title for r in got.reviews)
    first, last = got.reviews[0], got.reviews[-1]
    assert (first.author, first.price) == ("b***s", ("412.50", "USD"))
    assert first.posted_at == datetime(2019, 9, 27, 20, 49, tzinfo=UTC)
    assert (last.listing_external_id, last.price) == ("98993", ("362.50", "USD"))
    assert got.reviews[11].price == ("1312.50", "USD")
    assert got.vendors[0].feedback_counts[1].positive == 449


def test_real_profiles(real_pages: Path) -> None:
    vendor = real(real_pages, "user_1").vendors[0]
    assert (vendor.banned, vendor.level, vendor.trust_level, vendor.sales) == (True, None, 3, 37)
    assert str(vendor.last_active_on) == "2019-10-23"
    vendor = real(real_pages, "user_0").vendors[0]
    assert [(r.market, r.sales, r.rating) for r in vendor.external_ratings] == [
        ("dream", "138", "5.0"),
        ("wall_street", "89", "4.95"),
    ]
    assert [(s.name, s.rating) for s in vendor.star_ratings] == [
        ("stealth", "5"), ("quality", "5"), ("value price", "5"),
    ]  # fmt: skip
    assert (vendor.disputes, vendor.rating) == (None, None)
    assert real(real_pages, "user_2").vendors[0].feedback_counts[0].negative == 33


def test_real_key(real_pages: Path) -> None:
    vendor = real(real_pages, "pgp_0").vendors[0]
    assert digest(vendor.pgp_fingerprint) == "fd04fec31691"
    assert (vendor.pgp_key or "").endswith("-----END PGP PUBLIC KEY BLOCK-----")


def test_real_cards(real_pages: Path) -> None:
    cards = real(real_pages, "search_result_0").listings
    assert all(c.title and c.vendor and c.price and len(c.category) == 2 for c in cards)
    assert (cards[0].external_id, cards[0].views, cards[0].sold) == ("35791", 18829, 199)
    assert (cards[9].stock, cards[9].stock_unlimited) == (8, False)
    assert cards[2].currencies == ["BTC", "LTC", "XMR"]
    featured = real(real_pages, "category_index_0").listings
    assert [c.price for c in featured][-1] == ("1000.00", "USD")
    assert all(c.title and c.vendor and len(c.category) == 1 for c in featured)
