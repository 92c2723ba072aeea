"""What a market's module in the package ``simulator.markets`` provides, and how it is found.

A module of that package that defines ``SITE`` is one; its name is the market's name.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Protocol, runtime_checkable
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptodrug_scraper.records import Listing, ParsedPage, Review, Vendor
from simulator.facts import Offer, PostedReview, Seller
from simulator.world import World

CAPTCHA = "seven"
"""What every captcha says: its picture is empty, the answer stands beside it as a comment."""


def parse_int(text: str | None, otherwise: int = 0) -> int:
    """Return the whole number that somebody wrote into an address or a form."""
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else otherwise


@dataclass(slots=True)
class Session:
    """What the market remembers of one who is signed in: the open tabs, the filters."""

    name: str = "reader"
    memory: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Request:
    """One request: ``root`` is ``http://host``, ``at`` the world's time."""

    root: str
    address: str
    at: datetime
    form: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    endless: bool = False
    """Pages of results have a next one for ever; beyond the last they show the first ones again."""

    @property
    def path(self) -> str:
        """The path, percent signs resolved."""
        return unquote(urlsplit(self.address).path)

    @property
    def query(self) -> dict[str, str]:
        """The query's values; of a name that stands twice the last."""
        return dict(parse_qsl(urlsplit(self.address).query, keep_blank_values=True))

    @property
    def url(self) -> str:
        """The whole address."""
        return self.root + self.address

    @property
    def day(self) -> date:
        """The world's day."""
        return self.at.date()


@dataclass(slots=True)
class ShownPage:
    """An answer: what is sent, and what a parser must read from it.

    ``location`` makes it a redirect. ``about`` says what was served, for the counters.
    """

    html: str
    expected: ParsedPage
    status: int = 200
    location: str | None = None

    @property
    def about(self) -> str:
        """What was served: the kind of page, or ``redirect``."""
        return "redirect" if self.location else self.expected.kind


def page_of(request: Request, market: str, kind: str, html: str, status: int = 200) -> ShownPage:
    """Return a page that states nothing yet."""
    expected = ParsedPage(market=market, kind=kind, url=request.url, captured_at=request.at)
    return ShownPage(html, expected, status)


def redirect(request: Request, market: str, path: str) -> ShownPage:
    """Return an answer that sends on to another address of the market."""
    page = page_of(request, market, "unknown", "", 302)
    page.location = path
    return page


def request_for(root: str, address: str, at: datetime) -> Request:
    """Return the request of an address; what stands after ``#`` is posted."""
    path, _, posted = address.partition("#")
    form = dict(parse_qsl(posted, keep_blank_values=True))
    return Request(root, path, at, form, "POST" if form else "GET")


@runtime_checkable
class MarketSite(Protocol):
    """A market's pages. All methods are pure but for the session's memory."""

    name: str
    routes: Routes
    goods: tuple[str, ...]
    """What each leaf of the category tree sells, a key of ``words.GOODS``."""
    entrance: str
    """An address that a session must be at before any other; empty if there is none."""
    shows_reviews_on_profiles: bool
    """Whether vendors' profiles show reviews; if not, the pages of listings alone do."""
    profile_reviews_name_listings: bool
    """Whether a review on a profile says what was bought."""

    def answer(self, world: World, request: Request, session: Session) -> ShownPage:
        """Return the page for one who is signed in."""
        ...

    def login(self, world: World, request: Request) -> ShownPage:
        """Return the page with the login form."""
        ...

    def signs_in(self, request: Request) -> bool:
        """Say whether a request posts the login form with the captcha's text."""
        ...

    def home(self) -> str:
        """Return the address that one lands on after signing in."""
        ...

    def dropped(self, world: World, request: Request, reason: str) -> ShownPage:
        """Return what one sees whose session ended: ``expired`` or ``elsewhere``."""
        ...

    def challenge(self, world: World, request: Request) -> ShownPage:
        """Return the page that asks for a captcha before anything else."""
        ...

    def passes(self, request: Request) -> bool:
        """Say whether a request posts that page with the captcha's text."""
        ...

    def refresh(self, world: World, request: Request) -> ShownPage:
        """Return the page that only sends the browser on."""
        ...

    def missing(self, world: World, request: Request) -> ShownPage:
        """Return the market's answer for what is not there."""
        ...

    def closed(self, world: World, request: Request) -> ShownPage:
        """Return what stood there after the market had ended."""
        ...

    def listings(self, world: World, at: datetime) -> Iterator[Listing]:
        """Yield every listing with all that its pages state."""
        ...

    def listing_id(self, world: World, offer: Offer) -> str:
        """Return the id that the market gives a listing."""
        ...

    def vendor(self, world: World, seller: Seller, at: datetime) -> Vendor:
        """Return a vendor with all that the profile's tabs state."""
        ...

    def review(self, world: World, post: PostedReview, at: datetime) -> Review:
        """Return a review with all that the market's pages state of it."""
        ...

    def shown(self, world: World, seller: Seller, at: datetime) -> Iterator[PostedReview]:
        """Yield the vendor's reviews that a page of the site shows."""
        ...

    def examples(self, world: World, at: datetime) -> Iterator[str]:
        """Yield addresses of all kinds of pages, as ``request_for`` takes them."""
        ...


class Routes(Protocol):
    """Which pages of a market a crawl captures: the addresses, as ``request_for`` takes them."""

    def results(self, world: World, at: datetime) -> Iterator[str]:
        """Yield the pages on which all offers stand."""
        ...

    def listing(self, world: World, offer: Offer) -> Iterator[str]:
        """Yield a listing's pages."""
        ...

    def vendor(self, world: World, seller: Seller, at: datetime, unread: int) -> Iterator[str]:
        """Yield a vendor's pages; as many as ``unread`` of the newest reviews are wanted."""
        ...


@cache
def market_sites() -> dict[str, MarketSite]:
    """Return every market that can be served, by name."""
    package = importlib.import_module("simulator.markets")
    found: dict[str, MarketSite] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        market_site = getattr(
            importlib.import_module(f"simulator.markets.{module.name}"), "SITE", None
        )
        if isinstance(market_site, MarketSite):
            found[market_site.name] = market_site
    return found
