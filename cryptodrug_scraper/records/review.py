"""Reviews: what buyers left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from cryptodrug_scraper.records.values import DecimalString, Money

NOT_OF_THE_CONTRACT = frozenset({"earliest", "latest", "from_age"})
"""Fields that the database needs, and that the JSON of the contract does not show."""


@dataclass(slots=True)
class Review:
    """What a buyer left; markets say feedback or rating.

    An age ("9d", "1d 22h"; "22:58" is hours and minutes) counts back from the capture, to the
    minute. Without a capture time, and without the market's own clock on the page, an age gives
    nothing, and a notice.
    """

    vendor: str | None = None
    """The handle of who is reviewed."""
    listing_external_id: str | None = None
    """The market's id of the offer that was bought, if the page says which."""
    listing_title: str | None = None
    """That offer's title, likewise; the page may show only one of the two."""
    rating: DecimalString | None = None
    """Stars given, where the market has stars."""
    rating_max: DecimalString | None = None
    """The most stars that could be given."""
    sentiment: str | None = None
    """``positive``, ``neutral`` or ``negative``, where the market has these."""
    text: str | None = None
    """The buyer's words as written. What the market puts in the place of none ("No feedback
    comment") is ``None``."""
    response: str | None = None
    """The vendor's answer, if the page shows one."""
    author: str | None = None
    """The buyer's handle as the market masked it, ``b***s``; never unmasked."""
    posted_on: date | None = None
    """The day of the review: a date of the page's, or the day on which its age ends."""
    posted_precision: str | None = None
    """How exact the time is: ``minute``, ``hour``, ``day``, ``week`` or ``month``; of an age, its
    finest unit."""
    posted_at: datetime | None = None
    """The moment in UTC, only where the page gives a time of day; a market's clock is taken as
    UTC. Never from an age."""
    price: Money | None = None
    """What was paid, if it is shown."""
    price_approximate: bool | None = None
    """True if the page marks that price as rounded (``~``), false if it does not, ``None``
    without a price."""
    earliest: datetime | None = None
    """When it can have been posted at the earliest, by the precision of its age or date. Not of
    the JSON: the database tells reviews apart with it."""
    latest: datetime | None = None
    """The end of the same stretch of time, which is not part of it. Not of the JSON."""
    from_age: bool = False
    """Whether the time was counted back from an age. Not of the JSON."""
