"""The pages of Wall Street Market that a crawl captures: their addresses.

Only what a study needs, each page once: all offers through the roots of the category tree, a
listing's page, and of a vendor the tabs with the key and the reviews.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote, urlencode

from simulator.facts import Offer, Seller
from simulator.markets import wall_street_frame
from simulator.world import World

_MOST = 90  # offers on a page


class WallStreetRoutes:
    """Wall Street Market: a form is posted for offers, and reviews are on listings' pages only."""

    def results(self, world: World, at: datetime) -> Iterator[str]:
        """Yield the pages of offers."""
        for root in wall_street_frame.TREE.roots:
            count = world.count_in(root.low, root.high, at)
            for page in range(1, max(-(-count // _MOST), 1) + 1):
                form = {"form[page]": page, "form[limit]": _MOST, "form[catT]": root.number}
                yield f"/index#{urlencode(form)}"

    def listing(self, world: World, offer: Offer) -> Iterator[str]:
        """Yield a listing's page."""
        yield f"/offer/{world.number(offer.index)}"

    def vendor(self, world: World, seller: Seller, at: datetime, unread: int) -> Iterator[str]:
        """Yield a vendor's pages."""
        yield f"/profile/{quote(seller.handle)}/pgp"
