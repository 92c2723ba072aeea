"""Capture times that cannot be: in the future, or when the market was not there.

A page with such a time is read without it, so no age counts from it and no series reaches to
it; what was stated is kept beside it, and a warning says why it is not used.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptodrug_scraper.reading.market import Market
from cryptodrug_scraper.records import Notice, ParsedPage

FIELD = "captured_at"
"""The field of the warning."""

BEFORE = timedelta(days=60)
"""A market's first day is known to about a month, and it is there before it is announced."""
AFTER = timedelta(days=92)
"""Some mirrors answered for weeks after a market's last day; nobody saw a page a season later."""
AHEAD = timedelta(days=1)
"""Clocks and time zones differ by less."""


def why_not(captured_at: datetime, market: Market | None, now: datetime | None = None) -> str:
    """Say why a page of a market cannot have been captured then; empty if it can.

    Without a market, or where its days are not known, only the future cannot be.
    """
    if captured_at > (now or datetime.now(UTC)) + AHEAD:
        return "in the future"
    if market is None:
        return ""
    day = captured_at.date()
    if market.opened_on is not None and day < market.opened_on - BEFORE:
        return f"more than {BEFORE.days} days before {market.title} opened ({market.opened_on})"
    if market.closed_on is not None and day > market.closed_on + AFTER:
        return f"more than {AFTER.days} days after {market.title} closed ({market.closed_on})"
    return ""


def doubt(page: ParsedPage, captured_at: datetime, why: str) -> None:
    """Note on a page, which was read without it, that its stated capture time is not used."""
    page.warnings.insert(0, Notice(FIELD, f"{why}: not used", f"{captured_at:%Y-%m-%dT%H:%M:%SZ}"))


def doubted(page: ParsedPage) -> bool:
    """Whether the capture time that is stated of a page is not to be used."""
    return any(notice.field == FIELD for notice in page.warnings)
