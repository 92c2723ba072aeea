"""Stretches of time and groups by which measures count."""

from __future__ import annotations

import re

PERIODS = ("day", "week", "month", "quarter", "year")
"""Calendar periods; weeks begin on Monday. `all` is the whole of the study."""

PERIOD = "First day of the period; nothing if the whole study is one."


def bucket(by: str, day: str) -> str:
    """Return SQL for the first day of the period that a day (an SQL expression) lies in.

    Raises ValueError for a period that there is not.
    """
    if by == "all":
        return "CAST(NULL AS date)"
    if by not in PERIODS:
        raise ValueError(f"There is no period {by!r}; there are {', '.join(PERIODS)} and all.")
    return f"CAST(date_trunc('{by}', {day}) AS date)"


def check_country(country: str | None) -> str | None:
    """Return the code in capitals; ValueError if it is not of two letters (BE, NL, …)."""
    if country is None:
        return None
    code = country.strip().upper()
    if not re.fullmatch(r"[A-Z]{2}", code):
        raise ValueError(f"{country!r} is not a country's code: BE, NL, DE … (ISO 3166-1 alpha-2).")
    return code
