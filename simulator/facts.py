"""What the world tells of its vendors, listings and reviews."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from simulator.words import Good


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is at the reference."""

    listings: int = 1000
    vendors: int = 100
    reviews: int = 5000


@dataclass(frozen=True, slots=True)
class Seller:
    """A vendor; ``person`` is who it is, the same on every market."""

    index: int
    handle: str
    person: str
    joined: date
    left: date | None  # from this day on there are no listings, and nobody is ever online
    banned: bool  # that day the market did it
    home: str
    second: str | None  # a second country to ship from
    moved: date | None  # from this day on `home` is `later`
    later: str
    key: str
    fingerprint: str
    profile: str
    terms: str
    first: int  # of its listings
    beyond: int

    def gone(self, day: date) -> bool:
        """Say whether the vendor left by this day."""
        return self.left is not None and self.left <= day


@dataclass(frozen=True, slots=True)
class Offer:
    """A listing, as far as it never changes."""

    index: int
    seller: Seller
    leaf: int
    good: Good
    title: str
    quantity: int
    description: str
    terms: str
    listed: date
    gone: date | None
    digital: bool


@dataclass(frozen=True, slots=True)
class PostedReview:
    """A review, as it was left."""

    seller: Seller
    number: int  # of the vendor's, from 0; later ones have higher numbers
    offer: Offer
    posted: datetime  # to the minute
    stars: int
    text: str | None
    buyer: str  # first and last letter
    cents: int
