"""Values as the tables hold them: numbers that fit, one spelling of what is the same."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

from cryptodrug_scraper.archive import Page
from cryptodrug_scraper.reading.lifetime import doubted
from cryptodrug_scraper.records import Money, ParsedPage

MOST = (1 << 63) - 1
"""The largest number of PostgreSQL's bigint."""


def observed_at(page: Page, parsed: ParsedPage) -> datetime | None:
    """Return when the page was seen: its capture, or the market's clock where that is more exact.

    The market's clock counts if no capture time is known (or one that cannot be), or only the
    day, and it agrees.
    """
    known, page_time = page.captured_at, parsed.page_time
    if doubted(parsed):
        return page_time
    if known is None or page_time is None:
        return known or page_time
    agrees = timedelta(0) <= page_time - known < timedelta(days=1)
    return page_time if page.captured_precision == "day" and agrees else known


def fits_bigint(value: int | None) -> int | None:
    """A number that PostgreSQL's bigint holds; anything larger is no count of anything."""
    return value if value is None or -MOST <= value <= MOST else None


def money(shown: Money | None) -> dict[str, str | None]:
    """Return an amount and its currency as two columns."""
    amount, currency = (None, None) if shown is None else shown
    return {"price_amount": amount, "price_currency": currency}


def same_number(number: str | None) -> str | None:
    """``5`` and ``5.00`` are the same rating."""
    if number is None or "." not in number:
        return number
    return number.rstrip("0").rstrip(".")


def same_words(words: str | None) -> str | None:
    """Saved copies differ in white space and in how they compose accents."""
    if words is None:
        return None
    return unicodedata.normalize("NFC", " ".join(words.split())) or None


def folded(handle: str) -> str:
    """Return a handle as an account is known by on a market, which minds no capitals."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", handle).casefold())


def later(moment: datetime, by: timedelta) -> datetime:
    """Return a later moment, or the last one there is."""
    try:
        return moment + by
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
