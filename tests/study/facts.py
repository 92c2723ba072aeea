"""Facts of small worlds: what their pages say, apart from any page and any database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cryptodrug_scraper.records import Money

Key = tuple[str, str]
"""A market, and its own id of a listing."""


@dataclass(frozen=True)
class Sighting:
    """A listing on a page: its own page, or a `card` among others.

    `grams` is what its title says; a card that is not `titled` shows no title.
    """

    market: str
    listing: str
    day: date
    kind: str
    card: bool = False
    titled: bool = True
    vendor: str | None = None
    grams: Decimal | None = None
    price: Money | None = None
    origins: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        return self.market, self.listing


@dataclass(frozen=True)
class Panel:
    """What a market said on a day that 1 BTC is worth."""

    market: str
    day: date
    eur: Decimal
    usd: Decimal


@dataclass(frozen=True)
class Review:
    """A review, and the day on which a page showed it first; `about` if its price is rounded.

    `panel` is what that page itself shows of rates.
    """

    market: str
    vendor: str
    listing: str | None
    day: date
    captured: date
    price: Money | None = None
    about: bool = False
    panel: Panel | None = None


@dataclass(frozen=True)
class Facts:
    """All that pages say."""

    sightings: tuple[Sighting, ...]
    panels: tuple[Panel, ...]
    reviews: tuple[Review, ...]

    @property
    def all_panels(self) -> list[Panel]:
        """Those of pages of their own, and those on pages of reviews."""
        return [*self.panels, *(review.panel for review in self.reviews if review.panel)]

    def listings(self) -> dict[Key, list[Sighting]]:
        """Each listing's sightings, oldest first."""
        found: dict[Key, list[Sighting]] = defaultdict(list)
        for sighting in sorted(self.sightings, key=lambda each: each.day):
            found[sighting.key].append(sighting)
        return found


@dataclass(frozen=True)
class Period:
    """The first and the last day of a study."""

    start: date = date.min
    end: date = date.max

    def holds(self, day: date) -> bool:
        return self.start <= day <= self.end
