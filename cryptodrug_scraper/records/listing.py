"""Offers: listings, their quantity prices, and the ways in which they are shipped."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from cryptodrug_scraper.records.values import CurrencyCode, DecimalString, Money, PlaceCode


@dataclass(slots=True)
class PriceTier:
    """A quantity price: what one unit costs in an order of so many."""

    min_quantity: int
    """The smallest number of units to which the price applies."""
    max_quantity: int | None
    """The largest such number; ``None`` for "5 or more", also where "10 or more" comes next."""
    price: Money | None
    """The price of one unit, in the currency that the row leads with."""


@dataclass(slots=True)
class ShippingOption:
    """One way to have an order shipped."""

    name: str
    """What the page calls it, as written."""
    price: Money | None
    """What it costs; of several currencies the first. ``None`` if none is stated."""
    days: DecimalString | None = None
    """How many days it takes. Pages state fractions, down to ``0.02``."""
    per: str | None = None
    """``order`` or ``item``: what the price is paid for each of; ``None`` if not stated."""


@dataclass(slots=True)
class Listing:
    """One offer, from a page of its own or from a card.

    A card is the short form of an offer on a page of results, a vendor's profile or the market's
    front page: it is a listing with the fields that the card shows, and nothing for the rest.
    Any tab of an offer's page (description, feedback, refund policy) is a page of that listing.
    """

    external_id: str | None = None
    """The market's own id of the offer, as its addresses write it: a number, or a pair of numbers
    with the mark between them, ``332845.853310``. Of an address with several numbers it is the
    one that is the offer's own, not its category's or vendor's."""
    title: str | None = None
    """The offer's title: white space folded, otherwise as written (Unicode kept)."""
    vendor: str | None = None
    """The handle of who sells it, as written on this page."""
    category: list[str] = field(default_factory=list)
    """The names of the categories from the root down. Empty if the page does not say. A card may
    show the last levels only; the heading of the page around it is not taken over."""
    description: str | None = None
    """The vendor's text on the offer, with its line breaks."""
    terms: str | None = None
    """Refund policy or terms that the offer's page shows, the vendor's general terms included."""
    price: Money | None = None
    """The price in the currency that the page leads with. Where a page states quantity prices
    only, that of the first of them."""
    price_alternatives: list[Money] = field(default_factory=list)
    """The same price in the other currencies that the page shows beside it."""
    price_tiers: list[PriceTier] = field(default_factory=list)
    """Quantity prices, in page order."""
    shipping_options: list[ShippingOption] = field(default_factory=list)
    """The ways to ship that the page offers, in page order."""
    ships_from: list[PlaceCode] = field(default_factory=list)
    """Where it is shipped from; in page order, without repeats."""
    ships_to: list[PlaceCode] = field(default_factory=list)
    """Where it is shipped to; in page order, without repeats."""
    ships_to_excluded: list[PlaceCode] = field(default_factory=list)
    """Places that the page's own fields except from ``ships_to``. What the vendor's prose says
    about places does not count."""
    ships_from_text: str | None = None
    """The page's words that ``ships_from`` was read from, white space folded."""
    ships_to_text: str | None = None
    """The page's words that ``ships_to`` was read from, white space folded."""
    payment: list[str] = field(default_factory=list)
    """How the vendor is paid, any of ``escrow`` (the market holds the money), ``finalize_early``
    (it is paid at once), ``partial_escrow`` (half of it is), ``multisig``. A page that says only
    that there is no escrow says ``finalize_early``."""
    currencies: list[CurrencyCode] = field(default_factory=list)
    """The coins that are accepted."""
    product_class: str | None = None
    """``physical`` or ``digital``."""
    stock: int | None = None
    """Units left; ``None`` if they are unlimited or not stated."""
    stock_unlimited: bool | None = None
    """True if the page says that the stock has no limit, false if it states a number of units,
    ``None`` if it says neither."""
    sold: int | None = None
    """Orders of this offer so far, as the page counts them."""
    sold_since: date | None = None
    """The day since which ``sold`` counts, if the page states it."""
    views: int | None = None
    """How often the offer was looked at, as the page counts."""
    ends: str | None = None
    """When the offer ends, in the page's words: ``Never``, or whatever it says."""
    min_order: int | None = None
    """The fewest units in an order, where the page states them as text. The bounds of a form's
    field are no statement."""
    max_order: int | None = None
    """The most units in an order, likewise."""
