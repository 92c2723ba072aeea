"""Wall Street Market: what its pages state of a listing, a vendor, a review."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from cryptodrug_scraper.records import Listing, Money, PriceTier, Review, ShippingOption, Vendor
from simulator.facts import Offer, PostedReview, Seller
from simulator.markets.wall_street_frame import TREE, in_german
from simulator.world import World
from simulator.writing import age, amount, average, grouped, names, where_to

PER_PAGE = 30
EU = ["BE", "NL", "DE", "FR", "ES"]  # the site knows countries only


def currency(world: World) -> str:
    """Return the account's currency."""
    return "EUR" if in_german(world) else world.chance.pick(("USD", "EUR"), "currency")


def money_text(world: World, money: Money) -> str:
    """Return an amount as the account's language writes it."""
    sign = "€" if money.currency == "EUR" else "$"
    if in_german(world):
        whole, _, part = grouped(money, ".").rpartition(".")
        return f"{sign}{whole},{part}"
    return sign + grouped(money, "'")


def coin_text(money: Money) -> str:
    """Return an amount of bitcoin."""
    return f"{money.amount} BTC"


def in_coins(world: World, cents: int, day: date) -> Money:
    """Return US cents in bitcoin."""
    return Money(f"{cents / 100 / world.dollars('BTC', day):.5f}", "BTC")


def price(world: World, offer: Offer, day: date) -> Money:
    """Return the price of one."""
    return amount(world, world.cents(offer, day), currency(world), day)


def ships_to(world: World, offer: Offer) -> tuple[list[str], list[str], str]:
    """Return where to, where not, and both as written: with names or with codes."""
    served, excluded, _, _ = where_to(world, offer)
    served = EU if served == ["EU"] else served
    spelt = names if offer.index % 2 else list
    if served == ["WORLD"] and excluded:
        return served, excluded, f"Ships Worldwide with Exceptions ({', '.join(spelt(excluded))})"
    if served == ["WORLD"]:
        return served, [], "Ships Worldwide"
    return served, [], f"Only ships to certain countries ({', '.join(spelt(served))})"


def places(world: World, offer: Offer, day: date, listing: Listing) -> None:
    """Fill in where a listing ships from and to, or that it is not sent at all."""
    if offer.digital:
        listing.product_class = "digital"
        return
    origin = world.origin(offer, day)
    listing.ships_from, listing.ships_from_text = origin, ", ".join(names(origin))
    listing.ships_to, listing.ships_to_excluded, listing.ships_to_text = ships_to(world, offer)


def start(world: World, offer: Offer, day: date) -> Listing:
    """Return what every mention of a listing states."""
    return Listing(
        external_id=str(world.number(offer.index)),
        title=offer.title,
        vendor=offer.seller.handle,
        price=price(world, offer, day),
    )


def card(world: World, offer: Offer, day: date, *, table: bool = False) -> Listing:
    """Return what a card shows; a row of the table layout has no places."""
    listing = start(world, offer, day)
    if not table:
        places(world, offer, day, listing)
    return listing


def in_store(world: World, offer: Offer, day: date) -> Listing:
    """Return what a row of a vendor's store shows."""
    listing = start(world, offer, day)
    listing.category = list(TREE.leaves[offer.leaf].path)
    return listing


PAYMENT = (
    ("Escrow", ["escrow"]),
    ("Escrow, Multisig", ["escrow", "multisig"]),
    ("Finalize Early", ["finalize_early"]),
)


def tiers(world: World, offer: Offer, day: date) -> list[tuple[str, PriceTier, Money]]:
    """Return the quantity prices: range as written, record, bitcoin."""
    code, cents = currency(world), world.cents(offer, day)
    rows: list[tuple[int, int | None, str, int]] = [(1, None, "1 +", 100)]
    if not offer.digital:
        rows = [(1, 9, "1 - 9", 100), (10, 49, "10 - 49", 95), (50, None, "50 +", 90)]
        rows = rows[: 2 + offer.index % 2]
    found = []
    for low, high, words, percent in rows:
        part = max(cents * percent // 100, 1)
        tier = PriceTier(low, high, amount(world, part, code, day))
        found.append((words, tier, in_coins(world, part, day)))
    return found


def options(world: World, offer: Offer, day: date) -> list[tuple[ShippingOption, Money]]:
    """Return the ways to ship, with their price in bitcoin."""
    code = currency(world)
    ways = [("Letter (2-6 days)", 400), ("Letter with tracking", 950), ("Parcel & insurance", 0)]
    ways = [("Message", 0)] if offer.digital else ways[: 1 + offer.index % 3]
    return [
        (ShippingOption(name, amount(world, cents, code, day)), in_coins(world, cents, day))
        for name, cents in ways
    ]


def listing(world: World, offer: Offer, at: datetime) -> Listing:
    """Return all that a listing's page and its refund tab state."""
    day = at.date()
    found = start(world, offer, day)
    places(world, offer, day, found)
    found.category = list(TREE.leaves[offer.leaf].path)
    found.description, found.terms = offer.description, offer.terms
    prices = tiers(world, offer, day)
    found.price_tiers = [tier for _, tier, _ in prices]
    found.price, found.price_alternatives = prices[0][1].price, [prices[0][2]]
    found.shipping_options = [option for option, _ in options(world, offer, day)]
    found.payment = list(PAYMENT[offer.index % 3][1])
    found.stock = world.stock(offer, day)
    found.stock_unlimited = found.stock is None
    found.sold = world.sold(offer, day)
    found.views = world.views(offer, day)
    found.min_order, found.max_order = 1 + offer.index % 2, 1000 if offer.index % 3 else None
    return found


# -- vendors ---------------------------------------------------------------------------------


def level(world: World, seller: Seller, at: datetime) -> int:
    """Return a vendor's level."""
    return min(1 + world.sales(seller, at) // 30, 20)


def profile(world: World, seller: Seller, at: datetime) -> Vendor:
    """Return what a profile states whatever its open tab."""
    stars = world.stars(seller, at)
    found = Vendor(
        handle=seller.handle,
        sales=world.sales(seller, at),
        rating=average(stars),
        rating_count=sum(stars),
        level=level(world, seller, at),
        experience=world.sales(seller, at) * 5 + 120,
        joined_on=seller.joined,
        last_active_on=world.online(seller, at),
        banned=seller.banned and seller.gone(at.date()),
        disputes=world.sales(seller, at) // 60,
    )
    found.rating_max = "5" if found.rating is not None else None
    if found.level is not None and found.level > 6:
        found.trusted = True
    return found


def full_vendor(world: World, seller: Seller, at: datetime) -> Vendor:
    """Return what all tabs of a profile state."""
    found = profile(world, seller, at)
    found.profile = seller.profile
    found.pgp_key, found.pgp_fingerprint = seller.key, seller.fingerprint
    return found


# -- reviews ---------------------------------------------------------------------------------


def when(at: datetime, posted: datetime) -> tuple[str, str, timedelta | None]:
    """Return a time as written, its precision, and the age that it says; None for a date."""
    days, hours, minutes = age(at, posted)
    if not days and not hours:
        minutes = max(minutes, 1)
        words = "1 minute ago" if minutes == 1 else f"{minutes} minutes ago"
        return words, "minute", timedelta(minutes=minutes)
    if not days:
        words = "about 1 hour ago" if hours == 1 else f"about {hours} hours ago"
        return words, "hour", timedelta(hours=hours)
    if days < 7:
        return "1 day ago" if days == 1 else f"{days} days ago", "day", timedelta(days=days)
    if days < 14:
        return "1 week ago", "week", timedelta(days=7)
    year = "" if posted.year == at.year else f", {posted.year}"
    return f"{posted:%b} {posted.day}{year} {posted:%H:%M} UTC", "minute", None


def review(world: World, post: PostedReview, at: datetime) -> Review:
    """Return a review, which stands on the listing's page only."""
    _, precision, ago = when(at, post.posted)
    return Review(
        vendor=post.seller.handle,
        listing_external_id=str(world.number(post.offer.index)),
        listing_title=post.offer.title,
        rating=f"{post.stars}.00",
        rating_max="5",
        text=post.text,
        author=f"{post.buyer[0]}***{post.buyer[1]}",
        posted_on=(at - ago).date() if ago is not None else post.posted.date(),
        posted_precision=precision,
        posted_at=post.posted if ago is None else None,
    )
