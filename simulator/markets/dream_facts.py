"""Dream Market: what its pages state of a listing, a vendor, a review, and in which words."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from cryptodrug_scraper.records import (
    ExternalRating,
    FeedbackCount,
    Listing,
    Money,
    Review,
    ShippingOption,
    Vendor,
)
from simulator.facts import Offer, PostedReview, Seller
from simulator.market_site import parse_int
from simulator.markets.dream_frame import SIGN, TREE, currency
from simulator.world import World
from simulator.writing import age, amount, average, grouped, names, where_to

WINDOW = 200
"""Ratings that a vendor's tab shows, the newest; it says how many more there are."""
PRODUCT_WINDOW = 20
"""Ratings that a listing's page shows."""

OTHERS = (
    ("alphabay", "Alphabay vendor rating (Positive/neutral/negative)"),
    ("hansa", "Hansa vendor rating (Pos, Neut, Neg Ratings)"),
    ("agora", "Vendor rating on Agora (Deal count, Average Rating out of 5 stars)"),
    ("abraxas", "Abraxas vendor rating (Deals, Stars out of 5)"),
    ("middleEarth", "Middle Earth vendor rating (Deals, Rating out of 10)"),
    ("tradeRoute", "Trade Route vendor rating (Deals, Stars out of 5)"),
)
_WORDS = {"middleEarth": "middle_earth", "tradeRoute": "trade_route"}


def external_id(world: World, index: int) -> str:
    """Return a listing's pair of numbers."""
    return f"{world.number(index)}.{world.chance.between(1000, 999_999, 'pair', index)}"


def index_of(world: World, pair: str) -> int | None:
    """Return the listing of a pair of numbers."""
    first = pair.partition(".")[0]
    index = world.index_of(parse_int(first))
    return index if index is not None and external_id(world, index) == pair else None


def money_text(money: Money) -> str:
    """Return an amount as the market writes it."""
    return SIGN[money.currency] + grouped(money)


def price(world: World, offer: Offer, day: date) -> tuple[Money, list[Money], str]:
    """Return a price, the same in another currency, and both as written."""
    code = currency(world)
    cents = world.cents(offer, day)
    first = amount(world, cents, code, day)
    if code != "BTC" and not world.chance.happens(0.3, "both", offer.index):
        return first, [], money_text(first)
    second = amount(world, cents, "BTC" if code != "BTC" else "USD", day)
    return first, [second], f"{money_text(first)} ({money_text(second)})"


def options(world: World, offer: Offer, day: date) -> list[tuple[ShippingOption, str]]:
    """Return the ways to ship, with the price as written."""
    if offer.digital:
        return []
    found: list[tuple[ShippingOption, str]] = []
    for name, cents in (("Letter, 2 to 5 days", 350), ("Tracked & signed", 1250), ("Pick-up", 0)):
        if len(found) < 1 + offer.index % 3:
            paid = amount(world, cents, currency(world), day)
            found.append((ShippingOption(name, paid), money_text(paid)))
    return found


def terms(offer: Offer) -> str:
    """Return the terms on a listing's page: the vendor's, and some offers' own."""
    return f"{offer.seller.terms}\n\n{offer.terms}" if offer.index % 4 == 0 else offer.seller.terms


def card(world: World, offer: Offer, day: date, *, named: bool = True) -> Listing:
    """Return what a card shows; on a profile it names no places."""
    first, others, _ = price(world, offer, day)
    listing = Listing(
        external_id=external_id(world, offer.index),
        title=offer.title,
        vendor=offer.seller.handle,
        price=first,
        price_alternatives=others,
        payment=[payment(world, offer)],
    )
    if named and not offer.digital:
        origin = world.origin(offer, day)
        served, _, written, _ = where_to(world, offer, codes=True)
        listing.ships_from, listing.ships_from_text = origin, ", ".join(origin)
        listing.ships_to, listing.ships_to_text = served, ", ".join(written)
    return listing


def payment(world: World, offer: Offer) -> str:
    """Return ``escrow`` or ``finalize_early``; only vendors who may take it early do."""
    early = finalizes_early(world, offer.seller) and world.chance.happens(0.5, "fe", offer.index)
    return "finalize_early" if early else "escrow"


def finalizes_early(world: World, seller: Seller) -> bool:
    """Say whether a vendor may be paid at once."""
    return world.chance.happens(0.3, "fe", seller.index)


def listing(world: World, offer: Offer, at: datetime) -> Listing:
    """Return all that a listing's page states."""
    day = at.date()
    found = card(world, offer, day, named=False)
    found.category = list(TREE.leaves[offer.leaf].path)
    found.description = offer.description
    found.terms = terms(offer)
    found.shipping_options = [option for option, _ in options(world, offer, day)]
    if not offer.digital:
        origin = world.origin(offer, day)
        served, excluded, written, unwanted = where_to(world, offer)
        found.ships_from, found.ships_from_text = origin, ", ".join(names(origin))
        found.ships_to, found.ships_to_excluded = served, excluded
        found.ships_to_text = ", ".join(written)
        if unwanted:
            found.ships_to_text += f" except {', '.join(unwanted)}"
    found.currencies = ["BTC", *(["BCH"] if offer.index % 3 == 0 else [])]
    return found


# -- vendors ---------------------------------------------------------------------------------


def imported(world: World, seller: Seller) -> list[tuple[str, str, str, ExternalRating]]:
    """Return the ratings brought along: class, title, words, record."""
    found = []
    for n, (word, title) in enumerate(OTHERS):
        if not world.chance.happens(0.15, "imported", seller.index, word):
            continue
        deals = world.chance.between(3, 3000, "deals", seller.index, word)
        rating = ExternalRating(_WORDS.get(word, word))
        stars = f"4.{world.chance.between(10, 99, 'stars', seller.index, word)}"
        if n < 2:
            rating.positive, rating.neutral, rating.negative = deals, deals // 60, deals // 40
            words = f"{deals}/{deals // 60}/{deals // 40}"
        elif n == 5:
            rating.sales, rating.rating, rating.rating_max = str(deals), stars, "5"
            words = f"{deals} ({stars})"
        else:
            rating.sales = (str(deals), f"{deals}~{deals + 200}", f"#{deals % 90 + 1}")[n - 2]
            rating.rating, rating.rating_max = stars, "10" if n == 4 else "5"
            words = f"{rating.sales}, {rating.rating}/{rating.rating_max}"
        found.append((word, title, words, rating))
    return found


def vendor_line(world: World, seller: Seller, at: datetime) -> Vendor:
    """Return what the line of a vendor's name states."""
    stars = world.stars(seller, at)
    found = Vendor(handle=seller.handle, sales=world.sales(seller, at))
    found.rating = average(stars)
    if found.rating is not None:
        found.rating_max, found.rating_count = "5", sum(stars)
    found.trusted = world.chance.happens(0.3, "trusted", seller.index)
    found.external_ratings = [rating for *_, rating in imported(world, seller)]
    return found


def profile(world: World, seller: Seller, at: datetime) -> Vendor:
    """Return what stands on any tab of a profile."""
    found = vendor_line(world, seller, at)
    found.banned = seller.banned and seller.gone(at.date())
    found.finalize_early = finalizes_early(world, seller)
    found.joined_on = seller.joined
    found.last_active_on = world.online(seller, at)
    return found


def feedback_counts(world: World, seller: Seller, at: datetime) -> list[FeedbackCount]:
    """Return the table of ratings by age and stars."""
    counts = [
        FeedbackCount(name, stars=[0] * 5)
        for name in ("newer than 1 month", "newer than 3 months", "older")
    ]
    for post in world.reviews(seller, at):
        days = (at - post.posted).days
        stars = counts[0 if days < 30 else 1 if days < 90 else 2].stars
        assert stars is not None
        stars[post.stars - 1] += 1
    return [count for count in counts if any(count.stars or ())]


def full_vendor(world: World, seller: Seller, at: datetime) -> Vendor:
    """Return what all tabs of a profile state."""
    found = profile(world, seller, at)
    found.feedback_counts = feedback_counts(world, seller, at)
    found.terms = seller.terms
    found.pgp_key, found.pgp_fingerprint = seller.key, seller.fingerprint
    return found


# -- reviews ---------------------------------------------------------------------------------


def age_text(at: datetime, posted: datetime) -> tuple[str, str, timedelta]:
    """Return an age as written, its precision, and what it says: ``22:58``, ``1d 22h``, ``9d``."""
    days, hours, minutes = age(at, posted)
    if not days:
        return f"{hours:02d}:{minutes:02d}", "minute", timedelta(hours=hours, minutes=minutes)
    if days < 3:
        return f"{days}d {hours}h", "hour", timedelta(days=days, hours=hours)
    return f"{days}d", "day", timedelta(days=days)


def review(world: World, post: PostedReview, at: datetime, *, on_listing: bool) -> Review:
    """Return a rating: a listing's page does not say who left it, a profile not of what."""
    _, precision, ago = age_text(at, post.posted)
    found = Review(
        vendor=post.seller.handle,
        rating=str(post.stars),
        rating_max="5",
        text=post.text,
        posted_on=(at - ago).date(),
        posted_precision=precision,
    )
    if on_listing:
        found.listing_external_id = external_id(world, post.offer.index)
        found.listing_title = post.offer.title
    else:
        found.author = f"{post.buyer[0]} . . . {post.buyer[1]}"
        found.price, found.price_approximate = paid(world, post, at.date()), True
    return found


def paid(world: World, post: PostedReview, day: date) -> Money:
    """Return about what was paid, in the currency of the account, at the rate of the day shown."""
    money = amount(world, post.cents, currency(world), day)
    if money.currency == "BTC":
        return Money(f"{float(money.amount):.4f}", "BTC")
    return Money(f"{float(money.amount):.0f}", money.currency)
