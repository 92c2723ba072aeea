"""What to say where there is nothing to report or to export: is it the database, or the period?"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from cryptodrug_scraper.common.terminal import program

if TYPE_CHECKING:
    from cryptodrug_scraper.report.captures import Captures


def why_nothing(
    captures: Captures, first: date | None, last: date | None, markets: list[str]
) -> str | None:
    """Return why a period has no page, and what to do; None if it has some."""
    if captures.in_period:
        return None
    of = f" of {', '.join(markets)}" if markets else ""
    if not captures.pages:
        return (
            f"The database has no captures{of}. Read pages into it first: "
            f"{program()} replay saved-pages/"
        )
    if captures.first is None or captures.last is None:
        return (
            f"The database has no captures{of} of which the date is known: none of its "
            f"{captures.pages:,} pages has one. Give them one: "
            f"{program()} replay saved-pages/ --captured-at 2018-11-19"
        )
    return (
        f"The database has no captures{of} {_between(first, last)}: they run from {captures.first} "
        f"to {captures.last}."
    )


def _between(first: date | None, last: date | None) -> str:
    if first and last:
        return f"between {first} and {last}"
    return f"from {first} on" if first else f"until {last}"
