"""The pages of each market that a crawl captures: addresses, as ``look.asked`` takes them.

Only what a study needs, each page once: all offers through the roots of the category tree, a
listing's page, and of a vendor the tabs with the key and the reviews.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote, urlencode

from cryptodrug_scraper.simulator.facts import Offer, Seller
from cryptodrug_scraper.simulator.look import Routes
from cryptodrug_scraper.simulator.world import World
from simulators import dream_frame, dream_pages, empire_facts, empire_frame, wall_street_frame
from simulators.dream_facts import external_id

_MOST = 90  # offers on a page of Wall Street's


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
        given = [empire_facts.sentiment(said) for said in world.reviews(seller, at)]
        for tab, name in empire_facts.TABS.items():
            count = min(given.count(name), unread)
            for offset in range(0, count, empire_facts.REVIEWS_PER_PAGE):
                tail = f"/{offset}" if offset else ""
                yield f"/profile/setUserTab/{tab}/{token}{tail}"


ROUTES: dict[str, Routes] = {
    "dream": DreamRoutes(),
    "wall_street": WallStreetRoutes(),
    "empire": EmpireRoutes(),
}
