"""The record contract: what every parser yields, whatever the market.

Each record and each field below says what it means, in which unit, and what it is in odd cases.

- Records are closed: setting a field that the contract does not have raises, so a misspelt name
  is an error where it is written and not a lost value.
- A field that the page does not state is ``None`` (a list: empty). Nothing is guessed, and
  nothing is taken over from another page.
- A field that the page states and the parser cannot read is ``None`` as well, and adds a
  :class:`Notice` that names the field and the text.
- Text is kept as the market served it, broken accents included. Bytes that are valid UTF-8 are
  read as UTF-8, whatever the page declares: saved copies declare wrongly. Bytes that are not, in
  a page that otherwise is, become U+FFFD, and one notice counts them.
- Of a page that ends early, values that it states before its end are kept. What it lacks says
  nothing then: marks and switches that are understood from an absence stay ``None``.
- Where an image's file name alone told a value, and the image is inlined or missing, the value
  is ``None`` (a list: empty), with a notice.
"""

# The docstrings are the contract's one text: `reference.py` makes the documentation's page of them.

from __future__ import annotations

from cryptodrug_scraper.records.listing import Listing, PriceTier, ShippingOption
from cryptodrug_scraper.records.page import (
    KIND_MEANINGS,
    KINDS,
    Category,
    ExchangeRate,
    Link,
    Notice,
    ParsedPage,
)
from cryptodrug_scraper.records.review import Review
from cryptodrug_scraper.records.values import (
    CurrencyCode,
    DecimalString,
    Money,
    PlaceCode,
    isoformat,
)
from cryptodrug_scraper.records.vendor import ExternalRating, FeedbackCount, StarRating, Vendor

__all__ = [
    "KINDS",
    "KIND_MEANINGS",
    "Category",
    "CurrencyCode",
    "DecimalString",
    "ExchangeRate",
    "ExternalRating",
    "FeedbackCount",
    "Link",
    "Listing",
    "Money",
    "Notice",
    "ParsedPage",
    "PlaceCode",
    "PriceTier",
    "Review",
    "ShippingOption",
    "StarRating",
    "Vendor",
    "isoformat",
]
