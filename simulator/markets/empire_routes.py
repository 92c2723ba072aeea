"""The pages of Empire Market that a crawl captures: their addresses.

Only what a study needs, each page once: all offers through the roots of the category tree, a
listing's page, and of a vendor the tabs with the key and the reviews.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from simulator.facts import Offer, Seller
from simulator.markets import empire_facts, empire_frame
from simulator.world import World


class EmpireRoutes:
    """Empire Market: a profile's tabs live in the session, one after the other."""

    def results(self, world: World, at: datetime) -> Iterator[str]:
        """Yield the pages of offers."""
        for root in empire_frame.TREE.roots:
            count = world.count_in(root.low, root.high, at)
            for offset in range(0, max(count, 1), empire_facts.PER_PAGE):
                yield f"/category/categories/{root.number}/{offset}"

    def listing(self, world: World, offer: Offer) -> Iterator[str]:
        """Yield a listing's page."""
        yield f"/product/{empire_facts.numbers(world, offer)}"

    def vendor(self, world: World, seller: Seller, at: datetime, unread: int) -> Iterator[str]:
        """Yield a vendor's pages: of the reviews as many as may be new."""
        token = empire_facts.token(seller.handle)
        yield f"/Profile/setUserTab/pgp/{token}"
        given = [empire_facts.sentiment(post) for post in world.reviews(seller, at)]
        for tab, name in empire_facts.TABS.items():
            count = min(given.count(name), unread)
            for offset in range(0, count, empire_facts.REVIEWS_PER_PAGE):
                tail = f"/{offset}" if offset else ""
                yield f"/profile/setUserTab/{tab}/{token}{tail}"
