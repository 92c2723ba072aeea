"""The pages of Dream Market that a crawl captures: their addresses.

Only what a study needs, each page once: all offers through the roots of the category tree, a
listing's page, and of a vendor the tabs with the key and the reviews.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from simulator.facts import Offer, Seller
from simulator.markets import dream_frame, dream_pages
from simulator.markets.dream_facts import external_id
from simulator.world import World


class DreamRoutes:
    """Dream Market."""

    def results(self, world: World, at: datetime) -> Iterator[str]:
        """Yield the pages of offers."""
        for root in dream_frame.TREE.roots:
            yield f"/?category={root.number}"
            count = world.count_in(root.low, root.high, at)
            for page in range(2, -(-count // dream_pages.PER_PAGE) + 1):
                yield f"/?page={page}&category={root.number}"

    def listing(self, world: World, offer: Offer) -> Iterator[str]:
        """Yield a listing's page."""
        yield f"/viewProduct?offer={external_id(world, offer.index)}"

    def vendor(self, world: World, seller: Seller, at: datetime, unread: int) -> Iterator[str]:
        """Yield a vendor's pages."""
        yield f"/contactMember?member={quote(seller.handle)}"
        if world.review_count(seller, at):
            yield f"/contactMember?member={quote(seller.handle)}&tab=ratings"
