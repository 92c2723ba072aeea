"""What two readings of a page that was cut off agree in: the rest was unfinished.

The page is read as it is, and once more as if it went on with a text. A value that this text
changes came from an element that had not ended, so the whole page may say something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from itertools import takewhile
from typing import TypeVar

from cryptodrug_scraper.records import (
    ExternalRating,
    FeedbackCount,
    Listing,
    ParsedPage,
    PriceTier,
    ShippingOption,
    StarRating,
    Vendor,
)

_T = TypeVar("_T")
_LISTS_OF_RECORDS = (PriceTier, ShippingOption, FeedbackCount, StarRating, ExternalRating)


def keep_agreed(page: ParsedPage, other: ParsedPage) -> None:
    """Leave on ``page`` what ``other`` states too.

    Of listings and vendors each field is kept or emptied; of lists of records what is the same
    up to the first that differs. A listing without id and title, or a vendor without a handle,
    is none.
    """
    if page.kind != other.kind:
        page.kind, page.kind_reason = "unknown", "the page is cut off within what tells its kind"
        other = ParsedPage()
    page.page_time = page.page_time if page.page_time == other.page_time else None
    if page.reviews_not_shown != other.reviews_not_shown:
        page.reviews_not_shown = None
    if page.review_list != other.review_list:
        page.review_list = None
    page.listings[:] = [
        ours
        for ours, theirs in zip(page.listings, other.listings, strict=False)
        if _agree(ours, theirs) and (ours.external_id or ours.title)
    ]
    page.vendors[:] = [
        ours
        for ours, theirs in zip(page.vendors, other.vendors, strict=False)
        if _agree(ours, theirs) and ours.handle
    ]
    page.reviews[:] = _same(page.reviews, other.reviews)
    page.categories[:] = _same(page.categories, other.categories)
    page.exchange_rates[:] = _same(page.exchange_rates, other.exchange_rates)
    page.links[:] = _same(page.links, other.links)


def _same(ours: Sequence[_T], theirs: Sequence[_T]) -> list[_T]:
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False))
    return [mine for mine, _ in pairs]


def _agree(ours: Listing | Vendor, theirs: Listing | Vendor) -> bool:
    """Empty each field of a record that differs; always True, for use in a condition."""
    for field in fields(ours):
        mine, other = getattr(ours, field.name), getattr(theirs, field.name)
        if mine == other:
            continue
        if not isinstance(mine, list):
            setattr(ours, field.name, None)
        elif mine and isinstance(mine[0], _LISTS_OF_RECORDS):
            setattr(ours, field.name, _same(mine, other))
        else:
            setattr(ours, field.name, [])
    return True
