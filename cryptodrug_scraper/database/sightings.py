"""Rows of reviews on pages, and the reviews that they show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

ALWAYS = (-(1 << 62), 1 << 62)
"""The interval of a row whose time is unknown."""

SAME_VISIT = 3_600
"""Seconds within which two pages show what stands at one time."""

Series = tuple[str | None, int | None]
"""A buyer and a listing, as far as the rows of a page show them."""


class Sighting(NamedTuple):
    """A row of reviews on a page. Times are whole seconds since 1970.

    ``earliest`` to ``latest`` (both included) is when it can have been posted;
    ``price`` serves only to tell twins apart. ``list`` names the paged list, in one state,
    of which the page shows a part, ``edge`` is "first" or "last" for the rows at its borders,
    ``observed`` the capture's time.
    """

    page: int
    ordinal: int
    author: str | None
    listing: int | None
    earliest: int
    latest: int
    price: float | None = None
    list: int | None = None
    edge: str | None = None
    observed: int | None = None


@dataclass(slots=True)
class Resolved:
    """One review: the rows that show it, and what they say together.

    ``anchor`` is the row on the page that showed most of the review's twins: if it has
    ``twins``, what could be swapped between them is taken from it. ``earliest`` and ``latest``
    are what all rows leave, ``doubtful`` the (page, ordinal) of rows that may be another's: they
    are counted with it, and say nothing of it.
    """

    author: str | None
    listing: int | None
    earliest: int
    latest: int
    anchor: Sighting
    sightings: list[Sighting] = field(default_factory=list)
    pages: set[int] = field(default_factory=set)
    twins: bool = False
    doubtful: set[tuple[int, int]] = field(default_factory=set)

    @property
    def sure(self) -> list[Sighting]:
        """The rows that can be of no other review, in the order in which they were found."""
        return [row for row in self.sightings if (row.page, row.ordinal) not in self.doubtful]

    def add(self, rows: Iterable[Sighting]) -> None:
        """Count rows as sightings of this review."""
        for row in rows:
            self.sightings.append(row)
            self.pages.add(row.page)
            self.earliest = max(self.earliest, row.earliest)
            self.latest = min(self.latest, row.latest)
