"""What two readings of a page that was cut off or damaged agree in: the rest is uncertain.

The page is read as it is, and once more as if it went on with a text, or with its damaged tags
repaired. A value that this changes came from an element that had not ended or was not what it
seems, so the whole page may say something else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from itertools import takewhile
from typing import Any, TypeVar

from cryptodrug_scraper.reading.damage import LOST
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


def keep_agreed(page: ParsedPage, other: ParsedPage, *, cut: bool = True) -> list[str]:
    """Leave on ``page`` what ``other`` states too; return the names of what was left out.

    Of listings and vendors each field is kept or emptied. Of lists of records what is the same
    up to the first that differs is kept, or with ``cut`` False each that ``other`` has too. A
    listing without id and title, or a vendor without a handle, is none.
    """
    if page.kind != other.kind:
        what = "cut off within" if cut else "damaged in"
        page.kind, page.kind_reason = "unknown", f"the page is {what} what tells its kind"
        other = ParsedPage()
    left_out: list[str] = []
    for name in ("page_time", "reviews_not_shown", "review_list"):
        if getattr(page, name) != getattr(other, name):
            setattr(page, name, None)
            left_out.append(name)
    records_of: list[tuple[str, Sequence[Listing | Vendor], Sequence[Listing | Vendor]]] = [
        ("listing", page.listings, other.listings),
        ("vendor", page.vendors, other.vendors),
    ]
    for record, ours, theirs in records_of:
        differ = [
            f"{record}.{name}"
            for mine, its in zip(ours, theirs, strict=False)
            for name in _empty_what_differs(mine, its, cut=cut)
        ]
        left_out += [record, *differ] if len(ours) != len(theirs) else differ
    page.listings[:] = [
        ours for ours in page.listings[: len(other.listings)] if ours.external_id or ours.title
    ]
    page.vendors[:] = [ours for ours in page.vendors[: len(other.vendors)] if ours.handle]
    for name in ("reviews", "categories", "exchange_rates", "links"):
        records = getattr(page, name)
        agreed = _same(records, getattr(other, name), cut=cut)
        if len(agreed) < max(len(records), len(getattr(other, name))):
            left_out.append(name)
        records[:] = agreed
    return list(dict.fromkeys(left_out))


def _same(ours: Sequence[_T], theirs: Sequence[_T], *, cut: bool) -> list[_T]:
    if not cut:
        known = {repr(its) for its in theirs}
        return [
            mine
            for mine in ours
            if repr(mine) in known or any(_lacks_letters_only(mine, its) for its in theirs)
        ]
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False))
    return [mine for mine, _ in pairs]


def _lacks_letters_only(mine: Any, other: Any) -> bool:
    """Tell whether a value or record is another one, but for the places in it that are no letter.

    A text keeps them: it is read as it stands, and holds U+FFFD there.
    """
    stated = repr(mine)
    if LOST not in stated:
        return False
    pieces = (re.escape(piece) for piece in re.split(f"{LOST}+", stated))
    return re.fullmatch(".{0,4}?".join(pieces), repr(other), re.DOTALL) is not None


def _empty_what_differs(
    ours: Listing | Vendor, theirs: Listing | Vendor, *, cut: bool
) -> list[str]:
    """Empty each field of a record that differs, and return their names."""
    left_out = []
    for field in fields(ours):
        mine, other = getattr(ours, field.name), getattr(theirs, field.name)
        if mine == other or (not cut and _lacks_letters_only(mine, other)):
            continue
        left_out.append(field.name)
        if not isinstance(mine, list):
            setattr(ours, field.name, None)
        elif mine and isinstance(mine[0], _LISTS_OF_RECORDS):
            setattr(ours, field.name, _same(mine, other, cut=cut))
        else:
            setattr(ours, field.name, [])
    return left_out
