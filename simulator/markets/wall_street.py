"""Wall Street Market, as it stood from 2016 to 2019: which address, and which form, shows what.

Results have no address: a form is posted to ``/index``. What is in the examples after ``#`` is
what is posted, as in the links that the parser gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from cryptodrug_scraper.records import Listing, Review, Vendor
from simulator.facts import Offer, PostedReview, Seller
from simulator.market_site import CAPTCHA, Request, Session, ShownPage, parse_int, redirect
from simulator.markets import wall_street_facts as facts
from simulator.markets import wall_street_frame as walls
from simulator.markets import wall_street_pages as pages
from simulator.markets.wall_street_frame import FILTERS, LEVELS, NAME, TREE
from simulator.markets.wall_street_routes import WallStreetRoutes
from simulator.tree import Spot
from simulator.world import World

_OFFER = re.compile(r"/offer/(\d+)(/refund)?/?")
_PROFILE = re.compile(r"/profile/([^/]+)(?:/(offers|pgp|info))?/?")


class WallStreet:
    """The market's pages."""

    name = NAME
    routes = WallStreetRoutes()
    goods = tuple(TREE.goods)
    entrance = ""
    shows_reviews_on_profiles = False
    profile_reviews_name_listings = True

    def answer(self, world: World, request: Request, session: Session) -> ShownPage:
        """Return the page for one who is signed in."""
        path = request.path
        if path in ("/", "/index", "/login"):
            if request.form and path == "/index":
                return self._results(world, request, session)
            return pages.home(world, request)
        if found := _OFFER.fullmatch(path):
            index = world.index_of(parse_int(found[1]))
            offer = world.offered(index, request.at) if index is not None else None
            if offer is None:
                return walls.missing(world, request, "offer")
            return pages.listing(world, request, offer, refund=bool(found[2]))
        if found := _PROFILE.fullmatch(path):
            seller = world.seller_named(found[1], request.at)
            if seller is None:
                return walls.missing(world, request, "user")
            return pages.profile(world, request, seller, found[2] or "offers")
        return walls.missing(world, request)

    def _results(self, world: World, request: Request, session: Session) -> ShownPage:
        """Show what a form asks for: a category of the tree, a filter, or another page."""
        form = request.form
        page = form.get("page") or form.get("form[page]") or "1"
        limit = form.get("form[limit]", session.memory.get("limit", ""))
        chosen = next((form[name] for name in LEVELS if name in form), None)
        filtered = [v for name in FILTERS if (v := form.get(f"form[{name}]")) and v != "0"]
        if chosen is None and any(f"form[{name}]" in form for name in FILTERS):
            chosen = filtered[-1] if filtered else "0"
        elif chosen is not None:
            page = "1"
        if chosen is not None:
            session.memory["category"] = chosen
        if 0 < parse_int(limit) <= 90:
            session.memory["limit"] = limit
        spot: Spot | None = TREE.by_number.get(session.memory.get("category", "0"))
        empty = "page" in form and form.get("dofilter") != "0"
        return pages.results(
            world,
            request,
            spot,
            max(parse_int(page, 1), 1),
            int(session.memory.get("limit", facts.PER_PAGE)),
            empty=empty,
        )

    def home(self) -> str:
        """Return where one lands after signing in."""
        return "/index"

    def login(self, world: World, request: Request) -> ShownPage:
        """Return the login form."""
        return walls.login(request)

    def signs_in(self, request: Request) -> bool:
        """Say whether the form is filled in."""
        form = request.form
        named = form.get("form[username]") and form.get("form[password]")
        return bool(named) and form.get("form[captcha]") == CAPTCHA

    def dropped(self, world: World, request: Request, reason: str) -> ShownPage:
        """Send to the login page, or show it."""
        return redirect(request, NAME, "/login") if reason == "expired" else walls.login(request)

    def challenge(self, world: World, request: Request) -> ShownPage:
        """Return the security check."""
        return walls.challenge(request)

    def passes(self, request: Request) -> bool:
        """Say whether the security check is filled in."""
        form = request.form
        return "form[username]" not in form and form.get("form[captcha]") == CAPTCHA

    def refresh(self, world: World, request: Request) -> ShownPage:
        """Return a page that loads itself again."""
        return walls.refresh(request)

    def missing(self, world: World, request: Request) -> ShownPage:
        """Return the page for what is not there."""
        return walls.missing(world, request)

    def closed(self, world: World, request: Request) -> ShownPage:
        """Return the banner of those who seized it."""
        return walls.closed(request)

    # -- what is true ------------------------------------------------------------------------

    def listings(self, world: World, at: datetime) -> Iterator[Listing]:
        """Yield every listing."""
        for seller in world.sellers(at):
            for offer in world.offers_of(seller, at):
                yield facts.listing(world, offer, at)

    def listing_id(self, world: World, offer: Offer) -> str:
        """Return a listing's id."""
        return str(world.number(offer.index))

    def vendor(self, world: World, seller: Seller, at: datetime) -> Vendor:
        """Return a vendor with all that the tabs state."""
        return facts.full_vendor(world, seller, at)

    def review(self, world: World, post: PostedReview, at: datetime) -> Review:
        """Return a review."""
        return facts.review(world, post, at)

    def shown(self, world: World, seller: Seller, at: datetime) -> Iterator[PostedReview]:
        """Yield the reviews of listings that stand: they are on no other page."""
        for post in world.reviews(seller, at):
            if world.offered(post.offer.index, at) is not None:
                yield post

    def examples(self, world: World, at: datetime) -> Iterator[str]:
        """Yield addresses of all kinds of pages; after ``#`` is what is posted."""
        yield from ("/index", "/offer/1", "/offer/99999999", "/profile/nobody", "/nowhere")
        for spot in TREE.spots:
            yield f"/index#{LEVELS[spot.depth]}={spot.number}"
            last = max(-(-world.count_in(spot.low, spot.high, at) // facts.PER_PAGE), 1)
            yield f"/index#page={last}&dofilter=0"
            yield f"/index#form[page]={last}&form[limit]=30&form[catT]={spot.numbers[0]}"
            yield f"/index#page={last}"
        for seller in world.sellers(at):
            profile = f"/profile/{quote(seller.handle)}"
            yield from (profile, f"{profile}/offers", f"{profile}/pgp", f"{profile}/info")
            for offer in world.offers_of(seller, at):
                yield f"/offer/{world.number(offer.index)}"
                yield f"/offer/{world.number(offer.index)}/refund"


SITE = WallStreet()
