"""What a page that was cut off may say: what the whole page says, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from cryptodrug_scraper.records import Listing, ParsedPage, Review, Vendor
from tests.reading.corpus import Sample

# Lists whose elements are records of their own: the first of them are right, if they are equal.
_MAY_BE_SHORTER = frozenset(
    {
        "price_tiers",
        "shipping_options",
        "external_ratings",
        "feedback_counts",
        "star_ratings",
    }
)


def differences(cut: ParsedPage, full: ParsedPage) -> Iterator[str]:
    """Yield each thing that a cut page says and the whole page does not."""
    if cut.kind not in (full.kind, "unknown"):
        yield f"kind {cut.kind}, not {full.kind}"
    if not cut.cut_off:
        yield "cut_off is not set"
    if not any(str(w).startswith("document: the page is cut off: ") for w in cut.warnings):
        yield "no warning"
    for name in ("page_time", "reviews_not_shown"):
        mine = getattr(cut, name)
        if mine is not None and mine != getattr(full, name):
            yield f"{name} {mine}, not {getattr(full, name)}"
    for name in ("reviews", "categories", "exchange_rates", "links"):
        yield from _not_in(name, getattr(cut, name), getattr(full, name))
    for name, key in (("listings", ("external_id", "title")), ("vendors", ("handle",))):
        theirs = getattr(full, name)
        for at, mine in enumerate(getattr(cut, name)):
            if at >= len(theirs):
                yield f"{name}: one more than there are: {mine}"
                continue
            if all(getattr(mine, part) is None for part in key):
                yield f"{name}: a record without {' and '.join(key)}"
            yield from (f"{name}.{said}" for said in _fields(mine, theirs[at]))


def _not_in(name: str, mine: list[Any], theirs: list[Any]) -> Iterator[str]:
    for record in mine:
        if record not in theirs:
            yield f"{name}: {record} is not on the whole page"
    if len(mine) > len(theirs):
        yield f"{name}: more than there are"


def _fields(mine: Listing | Vendor | Review, theirs: object) -> Iterator[str]:
    for field in fields(mine):
        ours, whole = getattr(mine, field.name), getattr(theirs, field.name)
        if ours is None or ours == [] or ours == whole:
            continue
        if field.name in _MAY_BE_SHORTER and len(ours) <= len(whole):
            pairs = zip(ours, whole, strict=False)
            if all(_states(one, other) for one, other in pairs):
                continue
        yield f"{field.name} {ours!r}, not {whole!r}"


def _states(one: object, other: object) -> bool:
    """Tell whether each value of a part is the other's."""
    assert is_dataclass(one)
    return all(getattr(one, f.name) in (None, getattr(other, f.name)) for f in fields(one))


def cut_behind(sample: Sample, mark: str) -> tuple[ParsedPage, ParsedPage]:
    """Read a page complete, and as far as the end of what a pattern matches, which is cut off."""
    end = re.search(mark.encode(), sample.body, re.S)
    assert end is not None
    cut = sample.parsed(sample.body[: end.end()])
    assert cut.cut_off
    assert any(str(w).startswith("document: the page is cut off") for w in cut.warnings)
    return sample.parsed(), cut
