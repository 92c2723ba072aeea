"""Dream Market, as it stood from 2013 to 2019: which address shows what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from cryptodrug_scraper.records import Listing, Review, Vendor
from simulator.facts import Offer, PostedReview, Seller
from simulator.market_site import CAPTCHA, Request, Session, ShownPage, parse_int
from simulator.markets import dream_facts as facts
from simulator.markets import dream_frame as walls
from simulator.markets import dream_pages as pages
from simulator.markets.dream_frame import NAME, TREE
from simulator.markets.dream_routes import DreamRoutes
from simulator.world import World


class Dream:
    """The market's pages."""

    name = NAME
    routes = DreamRoutes()
    goods = tuple(TREE.goods)
    entrance = "/?proceed"  # past the news
    shows_reviews_on_profiles = True
    profile_reviews_name_listings = False

    def answer(self, world: World, request: Request, session: Session) -> ShownPage:
        """Return the page for one who is signed in."""
        query, script = request.query, request.path.strip("/")
        page = max(parse_int(query.get("page"), 1), 1)
        if script == "viewProduct":
            index = facts.index_of(world, query.get("offer", ""))
            offer = world.offered(index, request.at) if index is not None else None
            if offer is None:
                return pages.missing(world, request)
            return pages.listing(world, request, offer)
        if script == "contactMember":
            seller = world.seller_named(query.get("member", ""), request.at)
            if seller is None:
                return pages.missing(world, request, "Member")
            tab = "ratings" if query.get("tab") == "ratings" else "profile"
            return pages.vendor(world, request, seller, tab, page)
        if script:
            return pages.missing(world, request, "Page")
        if "proceed" in query:
            session.memory["proceeded"] = "yes"
        if query.get("category") in TREE.by_number:
            return pages.category(world, request, TREE.by_number[query["category"]], page)
        words = query.get("query") or query.get("q")
        if words:
            return pages.search(world, request, words)
        if "proceeded" not in session.memory:
            return pages.welcome(world, request)
        return pages.front(world, request)

    def home(self) -> str:
        """Return where one lands after signing in."""
        return "/"

    def login(self, world: World, request: Request) -> ShownPage:
        """Return the login form."""
        return walls.login(request)

    def signs_in(self, request: Request) -> bool:
        """Say whether the form is filled in, and its decoys are as they were."""
        form = request.form
        decoys = form.get("1a") == "decoy" and form.get("3c") == "decoy"
        return decoys and bool(form.get("2b") and form.get("4d")) and form.get("5e") == CAPTCHA

    def dropped(self, world: World, request: Request, reason: str) -> ShownPage:
        """Return the page after a session has ended."""
        return walls.dropped(request, reason)

    def challenge(self, world: World, request: Request) -> ShownPage:
        """Return the anti-DDoS page."""
        return walls.challenge(request)

    def passes(self, request: Request) -> bool:
        """Say whether the anti-DDoS form is filled in."""
        return "verifyHuman" in request.path and request.form.get("captcha") == CAPTCHA

    def refresh(self, world: World, request: Request) -> ShownPage:
        """Return the page that loads itself again."""
        return walls.refresh(request)

    def missing(self, world: World, request: Request) -> ShownPage:
        """Return the page for what is not there."""
        return pages.missing(world, request)

    def closed(self, world: World, request: Request) -> ShownPage:
        """Return what stood there after the end."""
        return walls.closed(request)

    # -- what is true ------------------------------------------------------------------------

    def listings(self, world: World, at: datetime) -> Iterator[Listing]:
        """Yield every listing."""
        for seller in world.sellers(at):
            for offer in world.offers_of(seller, at):
                yield facts.listing(world, offer, at)

    def listing_id(self, world: World, offer: Offer) -> str:
        """Return a listing's id."""
        return facts.external_id(world, offer.index)

    def vendor(self, world: World, seller: Seller, at: datetime) -> Vendor:
        """Return a vendor with all that the tabs state."""
        return facts.full_vendor(world, seller, at)

    def review(self, world: World, post: PostedReview, at: datetime) -> Review:
        """Return a rating as the profile shows it, or the listing's page where only that does."""
        beyond = world.review_count(post.seller, at) - post.number > facts.WINDOW
        return facts.review(world, post, at, on_listing=beyond)

    def shown(self, world: World, seller: Seller, at: datetime) -> Iterator[PostedReview]:
        """Yield the ratings in the profile's window, and in those of listings that stand."""
        total = world.review_count(seller, at)
        on_listing: dict[int, int] = {}
        for post in world.reviews(seller, at):
            index = post.offer.index
            on_listing[index] = on_listing.get(index, 0) + 1
            stands = on_listing[index] <= facts.PRODUCT_WINDOW and (
                world.offered(index, at) is not None
            )
            if total - post.number <= facts.WINDOW or stands:
                yield post

    def examples(self, world: World, at: datetime) -> Iterator[str]:
        """Yield addresses of all kinds of pages."""
        yield from ("/", "/?proceed", "/", "/?q=kush", "/?q=nothing+at+all")
        yield from ("/viewProduct?offer=1.1", "/contactMember?member=nobody", "/nowhere")
        for spot in TREE.spots:
            last = -(-world.count_in(spot.low, spot.high, at) // pages.PER_PAGE)
            yield f"/?category={spot.number}"
            yield f"/?page={max(last, 1)}&category={spot.number}"
            yield f"/?page={last + 3}&category={spot.number}"
        for seller in world.sellers(at):
            member = f"/contactMember?member={quote(seller.handle)}"
            yield from (member, f"{member}&tab=ratings", f"{member}&page=2")
            for offer in world.offers_of(seller, at):
                yield f"/viewProduct?offer={facts.external_id(world, offer.index)}"


SITE = Dream()
