"""Empire Market: what its pages state of a listing, a vendor, a review."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date, datetime

from cryptodrug_scraper.records import (
    ExternalRating,
    FeedbackCount,
    Listing,
    Money,
    PriceTier,
    Review,
    ShippingOption,
    StarRating,
    Vendor,
)
from simulator.facts import Offer, PostedReview, Seller
from simulator.markets.empire_frame import TREE
from simulator.world import World
from simulator.writing import amount, names, where_to

PER_PAGE = 15
REVIEWS_PER_PAGE = 30
PRODUCT_WINDOW = 25
"""Reviews that a listing's feedback tab shows: the newest, without more."""

OTHERS = (("Dream", "dream.png"), ("Wall Street", "wallst.ico"), ("Apollon", "apollon.png"))
TABS = {"p_feedback": "positive", "c_feedback": "neutral", "n_feedback": "negative"}
FACES = {"positive": 1, "neutral": 2, "negative": 3}
PERIODS = (("1 month", 30), ("6 months", 182), ("12 months", 365))


def numbers(world: World, offer: Offer) -> str:
    """Return the three numbers in a listing's address: its own, its category's, its vendor's."""
    return (
        f"{world.number(offer.index)}/{TREE.leaves[offer.leaf].number}/{7000 + offer.seller.index}"
    )


def token(handle: str) -> str:
    """Return how the addresses of a profile's tabs name a vendor."""
    return urlsafe_b64encode(f"u:{handle}".encode()).decode().replace("=", "09")


def handle_in(written: str) -> str:
    """Return the handle in a token, or an empty text."""
    for padding in ("=", "==", ""):
        text = written
        if padding:
            if not written.endswith("09" * len(padding)):
                continue
            text = written[: -2 * len(padding)] + padding
        try:
            post = urlsafe_b64decode(text).decode()
        except ValueError:
            continue
        if token(post[2:]) == written:
            return post[2:]
    return ""


# -- listings --------------------------------------------------------------------------------


def coins(offer: Offer) -> list[str]:
    """Return the coins that a listing can be paid with."""
    return ["BTC", *(("LTC",) if offer.index % 2 else ()), *(("XMR",) if offer.index % 3 else ())]


def price(world: World, offer: Offer, day: date) -> Money:
    """Return the price of one order."""
    return amount(world, world.cents(offer, day), "USD", day)


def coin_price(world: World, cents: int, coin: str, day: date, digits: int = 6) -> Money:
    """Return the price in a coin."""
    return Money(f"{cents / 100 / world.dollars(coin, day):.{digits}f}", coin)


def card(world: World, offer: Offer, day: date) -> Listing:
    """Return what a card of a page of offers shows."""
    spot = TREE.leaves[offer.leaf]
    stock = world.stock(offer, day)
    return Listing(
        external_id=str(world.number(offer.index)),
        title=offer.title,
        vendor=offer.seller.handle,
        category=list(spot.path[1:] or spot.path),
        price=price(world, offer, day),
        price_alternatives=[coin_price(world, world.cents(offer, day), "BTC", day)],
        currencies=coins(offer),
        views=world.views(offer, day),
        sold=world.sold(offer, day),
        stock=stock,
        stock_unlimited=stock is None,
    )


def featured(world: World, offer: Offer, day: date) -> Listing:
    """Return what a card of the home page shows."""
    return Listing(
        external_id=str(world.number(offer.index)),
        title=offer.title,
        vendor=offer.seller.handle,
        category=[TREE.leaves[offer.leaf].name],
        price=price(world, offer, day),
    )


def tiers(world: World, offer: Offer, day: date) -> list[tuple[PriceTier, Money]]:
    """Return the bulk prices, in dollars and in bitcoin; two in three listings have some."""
    found = []
    cents = world.cents(offer, day)
    for low, high, percent in ((5, 9, 95), (10, 100, 90)):
        if offer.index % 3:
            part = max(cents * percent // 100, 1)
            money = amount(world, part, "USD", day)
            found.append((PriceTier(low, high, money), coin_price(world, part, "BTC", day, 8)))
    return found


def options(offer: Offer) -> list[ShippingOption]:
    """Return the ways to ship."""
    if offer.digital:
        return [ShippingOption("default", Money("0.00", "USD"), "0.02", None)]
    ways = [
        ShippingOption("Letter", Money("4.00", "USD"), "3", "order"),
        ShippingOption("Letter - registered", Money("9.50", "USD"), "4.5", "order"),
        ShippingOption("Parcel & insured", Money("0.00", "USD"), None, "item"),
    ]
    return ways[: 1 + offer.index % 3]


PAYMENT = (
    ("Escrow", ["escrow"]),
    ("Escrow", ["escrow"]),
    ("Escrow, MultiSig", ["escrow", "multisig"]),
    ("FE Listing 100%", ["finalize_early"]),
    ("FE Listing 50%", ["partial_escrow"]),
)


def payment(offer: Offer) -> tuple[str, list[str]]:
    """Return how a listing is paid, as written and as read."""
    return PAYMENT[offer.index % 7 % len(PAYMENT)]


def listing(world: World, offer: Offer, at: datetime) -> Listing:
    """Return what a listing's tabs state together."""
    day = at.date()
    found = card(world, offer, day)
    found.category = list(TREE.leaves[offer.leaf].path)
    found.views = None
    cents = world.cents(offer, day)
    found.price_alternatives = [coin_price(world, cents, coin, day) for coin in coins(offer)]
    found.description = offer.description
    found.terms = offer.terms
    found.price_tiers = [tier for tier, _ in tiers(world, offer, day)]
    found.shipping_options = options(offer)
    found.product_class = "digital" if offer.digital else "physical"
    if not offer.digital:
        origin = world.origin(offer, day)
        served, _, written, _ = where_to(world, offer)
        found.ships_from, found.ships_from_text = origin, ", ".join(names(origin))
        if offer.index % 11 == 0 and served != ["WORLD"]:  # a continent, marked as one
            served, written = [*served, "OCEANIA"], [*written, "Australia(c)"]
        found.ships_to, found.ships_to_text = served, ", ".join(written)
    found.payment = list(payment(offer)[1])
    found.ends = "Never"
    found.sold_since = offer.listed
    return found


# -- vendors ---------------------------------------------------------------------------------


def levels(world: World, seller: Seller, at: datetime) -> tuple[int, int]:
    """Return a vendor's level and trust level."""
    sales = world.sales(seller, at)
    return min(1 + sales // 40, 10), 1 + world.chance.below(8, "trust", seller.index)


def imported(world: World, seller: Seller) -> list[tuple[str, str, str, ExternalRating]]:
    """Return the ratings brought along: market, icon, words, record."""
    found = []
    for market, icon in OTHERS:
        if world.chance.happens(0.2, "imported", seller.index, market):
            deals = world.chance.between(3, 900, "deals", seller.index, market)
            stars = f"4.{world.chance.between(10, 99, 'stars', seller.index, market)}"
            word = market.casefold().replace(" ", "_")
            rating = ExternalRating(word, sales=str(deals), rating=stars, rating_max="5")
            found.append((market, icon, f"{deals} ({stars})", rating))
    return found


def marks(world: World, seller: Seller, at: datetime) -> Vendor:
    """Return what follows a handle on a listing's page."""
    level, trust = levels(world, seller, at)
    return Vendor(
        handle=seller.handle,
        level=level,
        trust_level=trust,
        external_ratings=[rating for *_, rating in imported(world, seller)],
    )


def stars_of(world: World, seller: Seller) -> list[str]:
    """Return the ratings drawn as stars: whole and half ones."""
    names_of = ("stealth", "quality", "value price")
    return [world.chance.pick(("5", "4.5", "4", "3.5"), "drawn", seller.index, n) for n in names_of]


def profile(world: World, seller: Seller, at: datetime) -> Vendor:
    """Return what a profile states whatever its open tab."""
    found = marks(world, seller, at)
    found.sales = world.sales(seller, at)
    found.banned = seller.banned and seller.gone(at.date())
    found.joined_on = seller.joined
    found.last_active_on = world.online(seller, at)
    counts = [FeedbackCount(name, 0, 0, 0) for name, _ in PERIODS]
    for post in world.reviews(seller, at):
        days = (at - post.posted).days
        for count, (_, most) in zip(counts, PERIODS, strict=True):
            if days < most:
                word = sentiment(post)
                setattr(count, word, getattr(count, word) + 1)
        if days >= 365:
            break
    found.feedback_counts = counts
    year = counts[-1]
    good, bad = year.positive or 0, year.negative or 0
    if good + bad:
        found.positive_percent = f"{100 * good / (good + bad):.2f}"
    found.star_ratings = [
        StarRating(name, rating, "5")
        for name, rating in zip(
            ("stealth", "quality", "value price"), stars_of(world, seller), strict=True
        )
    ]
    return found


def full_vendor(world: World, seller: Seller, at: datetime) -> Vendor:
    """Return what all tabs of a profile state."""
    found = profile(world, seller, at)
    found.profile = seller.profile
    found.pgp_key, found.pgp_fingerprint = seller.key, seller.fingerprint
    return found


# -- reviews ---------------------------------------------------------------------------------


def sentiment(post: PostedReview) -> str:
    """Return what a buyer chose of the three faces."""
    return "positive" if post.stars > 3 else "neutral" if post.stars == 3 else "negative"


def review(world: World, post: PostedReview) -> Review:
    """Return a review, the same on the profile and on the listing's page."""
    return Review(
        vendor=post.seller.handle,
        listing_external_id=str(world.number(post.offer.index)),
        listing_title=post.offer.title,
        sentiment=sentiment(post),
        text=post.text,
        author=f"{post.buyer[0]}***{post.buyer[1]}",
        posted_on=post.posted.date(),
        posted_precision="minute",
        posted_at=post.posted,
        price=Money(f"{post.cents / 100:.2f}", "USD"),
        price_approximate=False,
    )
