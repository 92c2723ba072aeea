"""Labels mean the same on any market's pages."""

from __future__ import annotations

from datetime import UTC, date, datetime

from cryptodrug_scraper.reading.facts import read_fact
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing, Vendor

NOON = datetime(2019, 3, 1, 12, tzinfo=UTC)


def test_an_offers_labels() -> None:
    reader, listing = Reader(NOON, []), Listing()
    for label, text in {
        "Price": "$5.00",
        "Origin country": "NL",
        "SHIPS TO": "World",
        "Payment": "Escrow",
        "Product class": " Physical  package ",
        "Quantity left": "Unlimited",
        "Minimum amount per order": "2",
        "Ends in": "Never",
        "Already sold": "1,200",
    }.items():
        read_fact(listing, label, text, reader)
    assert listing.price is not None and listing.price.amount == "5.00"
    assert (listing.ships_from, listing.ships_to_text) == (["NL"], "World")
    assert (listing.payment, listing.product_class) == (["escrow"], "physical")
    assert (listing.stock_unlimited, listing.min_order, listing.sold) == (True, 2, 1200)
    assert listing.ends == "Never" and reader.notices == []


def test_a_vendors_labels() -> None:
    reader, vendor = Reader(NOON, []), Vendor()
    read_fact(vendor, "Join date", "18/11/2018 (3 months ago)", reader)
    read_fact(vendor, "Last seen", "(yesterday)", reader)
    read_fact(vendor, "Trusted seller", "no", reader)
    assert (vendor.joined_on, vendor.last_active_on) == (date(2018, 11, 18), date(2019, 2, 28))
    assert vendor.trusted is False and reader.notices == []


def test_what_is_not_known_is_a_warning() -> None:
    reader = Reader(NOON, [])
    read_fact(Listing(), "Shoe size", "44", reader)
    read_fact(Vendor(), "Price", "$5", reader)
    read_fact(Listing(), "Product class", "cloudy", reader)
    assert [str(notice) for notice in reader.notices] == [
        "listing: unknown label: Shoe size: 44",
        "vendor: unknown label: Price: $5",
        "listing.product_class: unknown class: cloudy",
    ]
