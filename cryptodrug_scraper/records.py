"""The record contract: what every parser yields, whatever the market.

Records are closed: setting a field that the contract does not have raises, so a
misspelt name is an error where it is written and not a lost value. A field that a
page does not state is ``None`` (a list: empty); a field that a page states and the
parser cannot read is ``None`` and adds a :class:`Notice` that names it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

KINDS = (
    "listing",
    "vendor",
    "search",
    "index",
    "login",
    "challenge",
    "not_found",
    "error",
    "unknown",
)


class Money(NamedTuple):
    """An amount exactly as shown (plain decimal string) and its currency code."""

    amount: str
    currency: str


class Notice(NamedTuple):
    """A warning: the field that could not be read, why, and the text that the page showed."""

    field: str
    reason: str
    text: str

    def __str__(self) -> str:
        return (
            f"{self.field}: {self.reason}: {self.text}"
            if self.text
            else (f"{self.field}: {self.reason}")
        )


@dataclass(slots=True)
class PriceTier:
    """A quantity price: unit price for orders of ``min_quantity`` to ``max_quantity`` units."""

    min_quantity: int
    max_quantity: int | None
    price: Money | None


@dataclass(slots=True)
class ShippingOption:
    """A way to ship; ``days`` is a decimal string, ``per`` is ``order``, ``item`` or None."""

    name: str
    price: Money | None
    days: str | None = None
    per: str | None = None


@dataclass(slots=True)
class Listing:
    """One offer, from its own page or from a card that shows part of it."""

    external_id: str | None = None
    title: str | None = None
    vendor: str | None = None
    category: list[str] = field(default_factory=list)
    description: str | None = None
    terms: str | None = None
    price: Money | None = None
    price_alternatives: list[Money] = field(default_factory=list)
    price_tiers: list[PriceTier] = field(default_factory=list)
    shipping_options: list[ShippingOption] = field(default_factory=list)
    ships_from: list[str] = field(default_factory=list)
    ships_to: list[str] = field(default_factory=list)
    ships_to_excluded: list[str] = field(default_factory=list)
    ships_from_text: str | None = None
    ships_to_text: str | None = None
    payment: list[str] = field(default_factory=list)
    currencies: list[str] = field(default_factory=list)
    product_class: str | None = None
    stock: int | None = None
    stock_unlimited: bool | None = None
    sold: int | None = None
    sold_since: date | None = None
    views: int | None = None
    ends: str | None = None
    min_order: int | None = None
    max_order: int | None = None


@dataclass(slots=True)
class FeedbackCount:
    """Feedback totals over a period (the page's own words, lower case)."""

    period: str
    positive: int | None = None
    neutral: int | None = None
    negative: int | None = None
    stars: list[int] | None = None


@dataclass(slots=True)
class StarRating:
    """A named star rating, such as Empire's stealth, quality and value price."""

    name: str
    rating: str | None
    rating_max: str | None


@dataclass(slots=True)
class ExternalRating:
    """A rating that a vendor brought from another market (``market`` as in ``middle_earth``)."""

    market: str
    sales: str | None = None
    rating: str | None = None
    rating_max: str | None = None
    positive: int | None = None
    neutral: int | None = None
    negative: int | None = None


@dataclass(slots=True)
class Vendor:
    """What a page shows of one vendor."""

    handle: str | None = None
    sales: int | None = None
    rating: str | None = None
    rating_max: str | None = None
    rating_count: int | None = None
    positive_percent: str | None = None
    feedback_counts: list[FeedbackCount] = field(default_factory=list)
    level: int | None = None
    trust_level: int | None = None
    experience: int | None = None
    joined_on: date | None = None
    last_active_on: date | None = None
    finalize_early: bool | None = None
    trusted: bool | None = None
    banned: bool | None = None
    star_ratings: list[StarRating] = field(default_factory=list)
    disputes: int | None = None
    external_ratings: list[ExternalRating] = field(default_factory=list)
    profile: str | None = None
    terms: str | None = None
    pgp_key: str | None = None
    pgp_fingerprint: str | None = None


@dataclass(slots=True)
class Review:
    """What a buyer left (the markets say feedback or rating).

    ``posted_at`` is set only where the page gives a time of day; ``posted_precision``
    says how exact the time is (minute, hour, day, week, month).
    """

    vendor: str | None = None
    listing_external_id: str | None = None
    listing_title: str | None = None
    rating: str | None = None
    rating_max: str | None = None
    sentiment: str | None = None
    text: str | None = None
    response: str | None = None
    author: str | None = None
    posted_on: date | None = None
    posted_precision: str | None = None
    posted_at: datetime | None = None
    price: Money | None = None
    price_approximate: bool | None = None
    # Not of the contract: when the review can have been posted at all, from the age's or
    # date's precision; `latest` is not included. The database tells reviews apart with it.
    earliest: datetime | None = None
    latest: datetime | None = None
    from_age: bool = False


@dataclass(slots=True, frozen=True)
class ExchangeRate:
    """One ``base`` is worth ``rate`` (decimal string) ``quote``. Pages may share one."""

    base: str
    quote: str
    rate: str


@dataclass(slots=True, frozen=True)
class Category:
    """A category that the page lists with its id. Pages may share one: it cannot be changed."""

    external_id: str
    name: str
    path: tuple[str, ...]
    listing_count: int | None = None


class Link(NamedTuple):
    """A page of the same market that this page points to (kind: listing, vendor, search)."""

    kind: str
    external_id: str | None
    url: str


@dataclass(slots=True)
class ParsedPage:
    """All that one page states. :meth:`to_dict` gives the JSON of the contract.

    ``kind_reason`` says what told the kind. ``review_list`` names, for a market that
    spreads a list of reviews over pages, the state of the list that the page is part of
    (None elsewhere): two pages with the same vendor and state never show a review twice.
    ``cut_off`` says that the page ends early: what it does not state, the whole page may.
    """

    market: str | None = None
    kind: str = "unknown"
    url: str | None = None
    captured_at: datetime | None = None
    listings: list[Listing] = field(default_factory=list)
    vendors: list[Vendor] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    exchange_rates: list[ExchangeRate] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)
    page_time: datetime | None = None
    reviews_not_shown: int | None = None
    kind_reason: str = ""
    review_list: str | None = None
    cut_off: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the page as JSON-ready dicts, lists, strings and numbers."""
        return {
            "market": self.market,
            "kind": self.kind,
            "url": self.url,
            "captured_at": _plain(self.captured_at),
            "listings": [_plain(r) for r in self.listings],
            "vendors": [_plain(r) for r in self.vendors],
            "reviews": [_plain(r) for r in self.reviews],
            "categories": [_plain(r) for r in self.categories],
            "exchange_rates": [_plain(r) for r in self.exchange_rates],
            "links": [_plain(r) for r in self.links],
            "warnings": [str(w) for w in self.warnings],
            "page_time": _plain(self.page_time),
            "reviews_not_shown": self.reviews_not_shown,
        }


def isoformat(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC, ``2018-11-19T12:00:00Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


_NOT_OF_THE_CONTRACT = {"earliest", "latest", "from_age"}


def _plain(value: Any) -> Any:
    """Turn a record into JSON-ready values."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, datetime):
        return isoformat(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list) or type(value) is tuple:
        return [_plain(item) for item in value]
    if isinstance(value, (Money, Link)):
        return value._asdict()
    return {
        f.name: _plain(getattr(value, f.name))
        for f in fields(value)
        if f.name not in _NOT_OF_THE_CONTRACT
    }
