"""One page as it was read: its kind, its records, its links, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any, NamedTuple

from cryptodrug_scraper.records.listing import Listing
from cryptodrug_scraper.records.review import NOT_OF_THE_CONTRACT, Review
from cryptodrug_scraper.records.values import DecimalString, Money, isoformat
from cryptodrug_scraper.records.vendor import Vendor

KIND_MEANINGS = {
    "listing": "one offer, any of its tabs: description, feedback, refund policy",
    "vendor": "one vendor's profile, any of its tabs: about, ratings, feedback, PGP",
    "search": "a page of offers: a category, a search, a vendor's store",
    "index": "the market's front page or its index of categories; offers on it are cards",
    "login": "the form to sign in",
    "challenge": "a captcha, or a page that makes visitors wait: against floods, or by a refresh",
    "not_found": "the market says that the offer or the vendor does not exist",
    "error": "an error page of the server, or of a gateway before it",
    "unknown": "none of these: kept and reported, never read",
}
"""The kinds of page, each with its meaning."""

KINDS = tuple(KIND_MEANINGS)
"""The names of the kinds, in that order."""


class Notice(NamedTuple):
    """A warning: something that the page states and the parser could not read."""

    field: str
    """The field that it would have filled, ``listing.price``; ``document`` for the page itself,
    which is how a page that was cut off is known: ``the page is cut off``."""
    reason: str
    """Why it could not be read."""
    text: str
    """The text that the page showed, white space folded and shortened."""

    def __str__(self) -> str:
        return (
            f"{self.field}: {self.reason}: {self.text}"
            if self.text
            else f"{self.field}: {self.reason}"
        )


@dataclass(slots=True, frozen=True)
class ExchangeRate:
    """One pair of a page's panel of exchange rates: one ``base`` is worth ``rate`` ``quote``.

    A currency against itself, and rows of mBTC or mBCH, are left out. Pages that show the same
    panel share the record, which cannot be changed.
    """

    base: str
    """The code of the coin that is priced, as shown."""
    quote: str
    """The code of the currency that it is priced in, as shown."""
    rate: DecimalString
    """How many units of ``quote`` one ``base`` is worth."""


@dataclass(slots=True, frozen=True)
class Category:
    """A category that the page lists with its id; pages of any kind may.

    Pages that show the same list share the record, which cannot be changed.
    """

    external_id: str
    """The market's own id of the category."""
    name: str
    """Its name, as written."""
    path: tuple[str, ...]
    """The names from the root category down, its own included."""
    listing_count: int | None = None
    """How many offers the page says that it has."""


class Link(NamedTuple):
    """A page of the same market to which this page points, and which a crawl could follow.

    Spiders follow them, and an archive can be asked what it missed.
    """

    kind: str
    """What it leads to: ``listing``, ``vendor`` or ``search``."""
    external_id: str | None
    """The market's id of the offer or category, or the vendor's handle, where the address or the
    link tells it."""
    url: str
    """The address, as absolute as the page allows. What has no address but is a form to be sent
    has the form's fields behind ``#``."""


@dataclass(slots=True)
class ParsedPage:
    """All that one page states. :meth:`to_dict` gives the JSON of the contract."""

    market: str | None = None
    """The market's name, that of its parser's module; ``None`` if no parser knows the page."""
    kind: str = "unknown"
    """What the page is; one of the kinds."""
    url: str | None = None
    """The address that it was captured from, if that is known."""
    captured_at: datetime | None = None
    """When it was captured, in UTC, if that is known."""
    listings: list[Listing] = field(default_factory=list)
    """Offers: on an offer's own page that offer first, then those on cards."""
    vendors: list[Vendor] = field(default_factory=list)
    """The vendor of a profile, or of an offer's own page."""
    reviews: list[Review] = field(default_factory=list)
    """Reviews, in page order."""
    categories: list[Category] = field(default_factory=list)
    """Categories that the page lists with their ids."""
    exchange_rates: list[ExchangeRate] = field(default_factory=list)
    """The panel of exchange rates, a pair each."""
    links: list[Link] = field(default_factory=list)
    """Pages of the same market that it points to, without repeats."""
    warnings: list[Notice] = field(default_factory=list)
    """What the page states and the parser could not read."""
    page_time: datetime | None = None
    """The market's own clock, in UTC, where the page shows one; it stands in for ``captured_at``
    where that is not known."""
    reviews_not_shown: int | None = None
    """How many reviews the page admits to keeping back ("And 300 more ratings…")."""
    kind_reason: str = ""
    """What on the page told its kind, for the page doctor. Not of the JSON."""
    review_list: str | None = None
    """For a market that spreads a list of reviews over pages, the state of the list that the page
    is part of: two pages with the same vendor and state never show one review twice. ``None``
    elsewhere. Not of the JSON."""
    cut_off: bool = False
    """Whether the page ends early: what it does not state, the complete page may. Not of the
    JSON, where a notice says so."""

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
        if f.name not in NOT_OF_THE_CONTRACT
    }
