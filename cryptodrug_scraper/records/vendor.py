"""Vendors, and what profiles count and compare."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from cryptodrug_scraper.records.values import DecimalString


@dataclass(slots=True)
class FeedbackCount:
    """How much feedback of each sort a vendor had in a period."""

    period: str
    """The period in the page's own words, in lower case: ``1 month``, ``total``."""
    positive: int | None = None
    """Positive ones; ``None`` where the page counts stars."""
    neutral: int | None = None
    """Neutral ones, likewise."""
    negative: int | None = None
    """Negative ones, likewise."""
    stars: list[int] | None = None
    """Five numbers: reviews with one star, two, up to five. ``None`` where the page counts
    positive, neutral and negative ones."""


@dataclass(slots=True)
class StarRating:
    """An average of stars with a name, where a market has buyers rate several things apart."""

    name: str
    """What was rated, in lower case: ``stealth``, ``quality``, ``value price``."""
    rating: DecimalString | None
    """The average number of stars."""
    rating_max: DecimalString | None
    """The most that could be given."""


@dataclass(slots=True)
class ExternalRating:
    """A rating that a vendor brought along from another market.

    A mark of such a rating that cannot be read is a notice.
    """

    market: str
    """The other market's name in lower case, its words joined by ``_``: ``middle_earth``,
    ``black_market_reloaded``. One name a market, however pages spell or shorten it."""
    sales: str | None = None
    """Sales there, as written: pages say ``200~500`` or ``#19``."""
    rating: DecimalString | None = None
    """The average rating there."""
    rating_max: DecimalString | None = None
    """The scale of that rating."""
    positive: int | None = None
    """Positive feedback there."""
    neutral: int | None = None
    """Neutral feedback there."""
    negative: int | None = None
    """Negative feedback there."""


@dataclass(slots=True)
class Vendor:
    """What one page shows of one vendor.

    A profile (any of its tabs) gives one, and so does an offer's own page, with the fields that it
    shows of its vendor. Cards give none.
    """

    handle: str | None = None
    """The name of the account, as written on this page. Whether two spellings are one account is
    decided in the database."""
    sales: int | None = None
    """Completed sales, as the page states them under whatever name: transactions, orders, the
    number in brackets beside the handle."""
    rating: DecimalString | None = None
    """The average rating. ``None`` where the page has only averages of named stars, or shares."""
    rating_max: DecimalString | None = None
    """The scale of ``rating``, mostly ``5``."""
    rating_count: int | None = None
    """How many ratings ``rating`` is the average of."""
    positive_percent: DecimalString | None = None
    """The share of positive feedback, in percent, where the page states it."""
    feedback_counts: list[FeedbackCount] = field(default_factory=list)
    """Feedback by period, in page order."""
    level: int | None = None
    """The vendor's level, where the market has levels."""
    trust_level: int | None = None
    """The vendor's level of trust, where the market has one beside the other."""
    experience: int | None = None
    """Points of experience, where the market gives such."""
    joined_on: date | None = None
    """The day on which the account was made."""
    last_active_on: date | None = None
    """The day on which it was last seen. An inexact statement that is understood, "within the
    last 3 days", is ``None`` without a notice."""
    finalize_early: bool | None = None
    """Whether the vendor may be paid before the buyer has the goods."""
    trusted: bool | None = None
    """True with the market's mark of trust, false where the page says that there is none, else
    ``None``."""
    banned: bool | None = None
    """On a profile true if it says so, else false; elsewhere ``None``."""
    star_ratings: list[StarRating] = field(default_factory=list)
    """Averages of stars by name."""
    disputes: int | None = None
    """Disputes as a vendor; where won and lost ones are stated apart, their sum. Those that the
    account had as a buyer do not count."""
    external_ratings: list[ExternalRating] = field(default_factory=list)
    """Ratings brought from other markets, in page order."""
    profile: str | None = None
    """The vendor's own text, with its line breaks."""
    terms: str | None = None
    """The vendor's terms and conditions, with their line breaks."""
    pgp_key: str | None = None
    """The public key with its armour, from ``-----BEGIN`` to ``END PGP PUBLIC KEY BLOCK-----``,
    line breaks kept."""
    pgp_fingerprint: str | None = None
    """The key's fingerprint in upper-case hexadecimal, computed from the key; ``None``, with a
    notice, if the key cannot be read."""
