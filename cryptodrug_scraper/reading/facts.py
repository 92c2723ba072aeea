"""Rows of a label and a value, which all markets have: what the labels mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptodrug_scraper.reading.document import fold
from cryptodrug_scraper.reading.payment import read_payment
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing, Vendor

_Fact = Callable[[Reader, Any, str], None]

_CLASSES = {
    "physical": "physical",
    "physical package": "physical",
    "digital": "digital",
    "digital goods": "digital",
    "auto dispatch": "digital",
}


def _field(field: str, read: Callable[[Reader, str, str], object]) -> _Fact:
    """Return what sets ``listing.views`` or the like from a value that tells nothing else."""
    name = field.partition(".")[2]
    return lambda reader, record, text: setattr(record, name, read(reader, field, text))


def _payment(reader: Reader, listing: Listing, text: str) -> None:
    read_payment(listing, text, reader)


def _product_class(reader: Reader, field: str, text: str) -> str | None:
    product_class = _CLASSES.get(fold(text).casefold())
    if text and product_class is None:
        reader.warn(field, "unknown class", text)
    return reader.stated(field, text, product_class)


def _day(reader: Reader, field: str, text: str) -> object:
    """Read the day of ``18/11/2018 (today)``, or one that stands in brackets itself."""
    return reader.day(field, text.partition("(")[0].strip() or text.strip("() \t\n"))


_FACTS: dict[str, dict[str, _Fact]] = {
    "listing": {
        "price": Reader.price,
        "ships from": Reader.ships_from,
        "origin country": Reader.ships_from,
        "ships to": Reader.ships_to,
        "payment": _payment,
        "product class": _field("listing.product_class", _product_class),
        "quantity left": Reader.stock,
        "quantity in stock": Reader.stock,
        "minimum amount per order": _field("listing.min_order", Reader.limit),
        "maximum amount per order": _field("listing.max_order", Reader.limit),
        "ends in": _field("listing.ends", Reader.text),
        "views": _field("listing.views", Reader.integer),
        "sales": _field("listing.sold", Reader.integer),
        "sold": _field("listing.sold", Reader.integer),
        "already sold": _field("listing.sold", Reader.integer),
    },
    "vendor": {
        "join date": _field("vendor.joined_on", _day),
        "joined": _field("vendor.joined_on", _day),
        "member since": _field("vendor.joined_on", _day),
        "last active": _field("vendor.last_active_on", _day),
        "last seen": _field("vendor.last_active_on", _day),
        "last online": _field("vendor.last_active_on", _day),
        "fe": _field("vendor.finalize_early", Reader.yes_or_no),
        "fe enabled": _field("vendor.finalize_early", Reader.yes_or_no),
        "trusted": _field("vendor.trusted", Reader.yes_or_no),
        "trusted vendor": _field("vendor.trusted", Reader.yes_or_no),
        "trusted seller": _field("vendor.trusted", Reader.yes_or_no),
        "banned": _field("vendor.banned", Reader.yes_or_no),
        "vendor level": _field("vendor.level", Reader.integer),
        "trust level": _field("vendor.trust_level", Reader.integer),
    },
}


def read_fact(record: Listing | Vendor, label: str, text: str, reader: Reader) -> None:
    """Set the field that a label names, in any market; an unknown label is a warning.

    Labels that one market alone has are for its parser to read before.
    """
    record_name = "listing" if isinstance(record, Listing) else "vendor"
    name = label.strip(" :")
    fact = _FACTS[record_name].get(name.casefold())
    if fact is not None:
        fact(reader, record, text)
    elif name or text:
        reader.unknown_label(record_name, name, text)


_SHORT = 4  # letters: without one of them, "sold" is "gold" and "bold" too

PHRASES = (
    *(label for facts in _FACTS.values() for label in facts if len(label) > _SHORT),
    "Vendor", "Escrow", "No escrow", "Multisig", "Finalize early", "Physical", "Digital",
    "Unlimited", "Worldwide", "Yes", "Today", "Never", "Not available", "minutes ago", "hours ago",
    "days ago", "months ago", "years ago", "Suspended", "Maintenance", "does not exist",
    "not found", "no longer available", "rating on", "out of", "total sales",
    "satisfaction", "Verified",
)  # fmt: skip
"""Words by which pages of all markets are read; each market has its own besides."""
