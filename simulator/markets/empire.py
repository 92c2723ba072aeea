"""Empire Market, as it stood from 2018 to 2020: which address shows what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from cryptodrug_scraper.records import Listing, Review, Vendor
from simulator.facts import Offer, PostedReview, Seller
from simulator.market_site import CAPTCHA, Request, Session, ShownPage, parse_int, redirect
from simulator.markets import empire_facts as facts
from simulator.markets import empire_frame as walls
from simulator.markets import empire_pages as pages
from simulator.markets import empire_vendor as vendors
from simulator.markets.empire_frame import NAME, TREE
from simulator.markets.empire_routes import EmpireRoutes
from simulator.world import World

_PRODUCT = re.compile(r"/product/(\d+)(?:/\d+)*/?")
_TAB = re.compile(r"/Product_List/setTab/(\d+)/(?:\d+/)*(desc|feedback|refund)/?", re.I)
_USER = re.compile(r"/u/([^/]+)/?")
_USER_TAB = re.compile(r"/profile/setUserTab/(\w+)/([^/]+)(?:/(\d*))?", re.I)
_CATEGORY = re.compile(r"/category/categories/(\d+)(?:/(\w*))?/?")
_STORE = re.compile(r"/store/([^/]+)(?:/(\d*))?/?")


class Empire:
    """The market's pages."""

    name = NAME
    routes = EmpireRoutes()
    goods = tuple(TREE.goods)
    entrance = ""
    shows_reviews_on_profiles = True
    profile_reviews_name_listings = True

    def answer(self, world: World, request: Request, session: Session) -> ShownPage:
        """Return the page for one who is signed in."""
        path = request.path
        if path in ("/", "/home", "/login", "/index/login"):
            return pages.home(world, request)
        if match := _CATEGORY.fullmatch(path):
            spot = TREE.by_number.get(match[1])
            if spot is not None:
                return pages.category(world, request, spot, parse_int(match[2]))
        elif match := _PRODUCT.fullmatch(path):
            return self._listing(world, request, session, match[1])
        elif match := _TAB.fullmatch(path):
            return self._set_tab(world, request, session, match)
        elif match := _USER.fullmatch(path):
            seller = world.seller_named(match[1], request.at)
            if seller is not None:
                tab, offset = self._open_tab(session, seller)
                return vendors.profile(world, request, seller, tab, offset)
        elif match := _USER_TAB.fullmatch(path):
            return self._set_user_tab(world, request, session, match)
        elif match := _STORE.fullmatch(path):
            seller = world.seller_named(match[1], request.at)
            if seller is not None:
                return pages.store(world, request, seller, parse_int(match[2]))
        elif path == "/home/searchProducts":
            return pages.search(world, request, request.query.get("searchText", ""))
        return walls.missing(request)

    def _listing(self, world: World, request: Request, session: Session, number: str) -> ShownPage:
        index = world.index_of(parse_int(number))
        offer = world.offered(index, request.at) if index is not None else None
        if offer is None:
            if index is not None and index % 2:
                return redirect(request, NAME, "/home")  # so it often did with what was removed
            return walls.missing(request)
        whose, _, tab = session.memory.get("listing", "").partition(":")
        return pages.listing(world, request, offer, tab if whose == number else "desc")

    def _set_tab(
        self, world: World, request: Request, session: Session, match: re.Match[str]
    ) -> ShownPage:
        """Keep the tab in the session, and show the listing."""
        index = world.index_of(parse_int(match[1]))
        offer = world.offered(index, request.at) if index is not None else None
        if offer is None:
            return walls.missing(request)
        session.memory["listing"] = f"{match[1]}:{match[2].lower()}"
        return redirect(request, NAME, f"/product/{facts.numbers(world, offer)}")

    def _open_tab(self, session: Session, seller: Seller) -> tuple[str, int]:
        """Return the tab that the session has open, if it is this vendor's."""
        whose, _, rest = session.memory.get("profile", "").partition(":")
        if whose != seller.handle:
            return "about", 0
        tab, _, offset = rest.partition(":")
        return tab, int(offset)

    def _set_user_tab(
        self, world: World, request: Request, session: Session, match: re.Match[str]
    ) -> ShownPage:
        """Keep the tab in the session, and show the profile."""
        seller = world.seller_named(facts.handle_in(match[2]), request.at)
        if seller is None or match[1] not in vendors.TABS:
            return walls.missing(request)
        session.memory["profile"] = f"{seller.handle}:{match[1]}:{parse_int(match[3])}"
        return redirect(request, NAME, f"/u/{quote(seller.handle)}")

    def home(self) -> str:
        """Return where one lands after signing in."""
        return "/home"

    def login(self, world: World, request: Request) -> ShownPage:
        """Return the login form."""
        return walls.login(request)

    def signs_in(self, request: Request) -> bool:
        """Say whether the form is filled in."""
        filled = [value for value in request.form.values() if value]
        return request.path == "/index/login" and CAPTCHA in filled and len(filled) >= 4

    def dropped(self, world: World, request: Request, reason: str) -> ShownPage:
        """Send to the login page, or show it."""
        return redirect(request, NAME, "/login") if reason == "expired" else walls.login(request)

    def challenge(self, world: World, request: Request) -> ShownPage:
        """Return the page that keeps machines waiting."""
        return walls.challenge(request)

    def passes(self, request: Request) -> bool:
        """Say whether that page's form is filled in."""
        return request.path == "/index/human" and request.form.get("captcha") == CAPTCHA

    def refresh(self, world: World, request: Request) -> ShownPage:
        """Return the page that only sends the browser on."""
        return walls.refresh(request)

    def missing(self, world: World, request: Request) -> ShownPage:
        """Return the 404 page."""
        return walls.missing(request)

    def closed(self, world: World, request: Request) -> ShownPage:
        """Return what stood there after the end."""
        return walls.closed(request)

    # -- what is true ------------------------------------------------------------------------

    def listings(self, world: World, at: datetime) -> Iterator[Listing]:
        """Yield every listing; how often one was looked at stands on its card."""
        for seller in world.sellers(at):
            for offer in world.offers_of(seller, at):
                listing = facts.listing(world, offer, at)
                listing.views = world.views(offer, at.date())
                yield listing

    def listing_id(self, world: World, offer: Offer) -> str:
        """Return a listing's id."""
        return str(world.number(offer.index))

    def vendor(self, world: World, seller: Seller, at: datetime) -> Vendor:
        """Return a vendor with all that the tabs state."""
        return facts.full_vendor(world, seller, at)

    def review(self, world: World, post: PostedReview, at: datetime) -> Review:
        """Return a review."""
        return facts.review(world, post)

    def shown(self, world: World, seller: Seller, at: datetime) -> Iterator[PostedReview]:
        """Yield all reviews: the profile's tabs have them all, page by page."""
        return world.reviews(seller, at)

    def examples(self, world: World, at: datetime) -> Iterator[str]:
        """Yield addresses of all kinds of pages."""
        yield from ("/home", "/home/searchProducts?searchText=kush", "/nowhere", "/product/1/2/3")
        yield from ("/home/searchProducts?searchText=nothing+at+all", "/u/nobody")
        for spot in TREE.spots:
            count = world.count_in(spot.low, spot.high, at)
            yield f"/category/categories/{spot.number}/0"
            yield f"/category/categories/{spot.number}/{count // 15 * 15}"
        for seller in world.sellers(at):
            yield from (f"/u/{quote(seller.handle)}", f"/store/{quote(seller.handle)}")
            for tab in vendors.TABS:
                yield f"/Profile/setUserTab/{tab}/{facts.token(seller.handle)}"
            yield f"/profile/setUserTab/p_feedback/{facts.token(seller.handle)}/30"
            for offer in world.offers_of(seller, at):
                numbers = facts.numbers(world, offer)
                yield f"/product/{numbers}"
                tab = ("feedback", "refund", "desc")[offer.index % 3]
                yield f"/Product_List/setTab/{numbers}/{tab}"


SITE = Empire()
