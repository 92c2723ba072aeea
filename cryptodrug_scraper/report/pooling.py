"""Places taken together, where those of each are too few: the rest of them, or wider regions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cryptodrug_scraper.normalise.text import words
from cryptodrug_scraper.report.guard import guard_line

REST = "rest"
REGIONS = ("home", "europe", "elsewhere", "WORLD", "")
"""The country itself, the rest of Europe, other places, the whole world, and none stated."""
ABROAD = ("home", "abroad", "")

_EUROPE = words(
    "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT"
    " LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK EU EUROPE"
)


@dataclass(frozen=True)
class Named:
    """Who names a place, with how many listings, and who has listings that do not."""

    vendors: frozenset[int]
    listings: int
    others: frozenset[int]


class Places:
    """Listings with the places that they name (``''`` for none), and their vendors.

    `rows` has a row a listing and place: listing_id, vendor_id, place. Listings that name nothing
    of the kind at all may be missing: `vendors` are those of all listings.
    """

    def __init__(self, rows: pd.DataFrame, vendors: Collection[int]) -> None:
        self.rows, self.vendors = rows, frozenset(vendors) - {None}

    def named(self, places: Collection[str]) -> Named:
        """Return who names any of some places."""
        chosen = self.rows["place"].isin(list(places))
        some = self.rows[chosen]
        left = self.rows[~self.rows["listing_id"].isin(some["listing_id"])]
        return Named(
            frozenset(some["vendor_id"].dropna()),
            int(some["listing_id"].nunique()),
            frozenset(left["vendor_id"].dropna()),
        )

    def may_be_one(self, hidden: Mapping[str, int], threshold: int) -> bool:
        """Whether hidden places may be shown together: enough name one of them, and none.

        `hidden` are the vendors of each. Of few places with as many vendors as there can be, each
        would have one vendor less than the threshold.
        """
        one = self.named(hidden)
        counts = (len(one.vendors), len(self.vendors - one.vendors), len(one.others))
        small = [count for count in hidden.values() if count < threshold]
        most = len(small) * (threshold - 1) if len(small) == len(hidden) else len(self.vendors) + 1
        return (
            len(hidden) > 1
            and len(one.vendors) < most
            and len(one.vendors) >= threshold
            and all(count == 0 or count >= threshold for count in counts)
        )

    def within(self, country: str, cut: Collection[str]) -> Places:
        """Return the same by region of a country's own view: `REGIONS` or `ABROAD`."""
        regions = {place: region_of(place, country, cut) for place in self.rows["place"].unique()}
        rows = self.rows.assign(place=self.rows["place"].map(regions)).drop_duplicates()
        return Places(rows, self.vendors)

    def table(self) -> dict[str, Named]:
        """Return who names each place, those with most listings first."""
        found = {str(place): self.named([place]) for place in self.rows["place"].unique()}
        order = sorted(found, key=lambda p: (-found[p].listings, -len(found[p].vendors), p))
        return {place: found[place] for place in order}

    def hidden(self, threshold: int) -> set[str]:
        """Return the places that must not be shown.

        Of all listings, and those that name a place, follow those that do not.
        """
        table = self.table()
        telling = [place for place, one in table.items() if 0 < len(one.others) < threshold]
        vendors = {place: len(one.vendors) for place, one in table.items()}
        return guard_line(vendors, threshold, telling)


def region_of(place: str, country: str, cut: Collection[str] = REGIONS) -> str:
    """Return the region of a place as seen from a country."""
    if place in ("", country):
        return "home" if place else ""
    if "abroad" in cut:
        return "abroad"
    if place == "WORLD":
        return place
    return "europe" if place in _EUROPE else "elsewhere"


def joined(places: Places, hidden: Mapping[str, int], threshold: int) -> dict[str, Any] | None:
    """Return vendors and listings of hidden places together, if they may be shown."""
    if not places.may_be_one(hidden, threshold):
        return None
    one = places.named(hidden)
    return {"vendors": len(one.vendors), "listings": one.listings}
