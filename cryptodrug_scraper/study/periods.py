"""Stretches of time and groups by which measures count."""

from __future__ import annotations

from cryptodrug_scraper.normalise.place_table import TABLES, country_of

PERIODS = ("day", "week", "month", "quarter", "year")
"""Calendar periods; weeks begin on Monday. `all` is the whole of the study."""

PERIOD = "First day of the period; nothing if the whole study is one."

OF_COUNTRY = "(CAST(:country AS text) IS NULL OR :country = ANY(from_countries))"
"""SQL for whether a row of `s_listing` or `s_review` is of ``:country``; of null, all are."""


def bucket(by: str, day: str) -> str:
    """Return SQL for the first day of the period that a day (an SQL expression) lies in.

    Raises ValueError for a period that there is not.
    """
    if by == "all":
        return "CAST(NULL AS date)"
    if by not in PERIODS:
        raise ValueError(f"There is no period {by!r}; there are {', '.join(PERIODS)} and all.")
    # Of a date alone it would be that of a time with a zone, which takes longer.
    return f"CAST(date_trunc('{by}', CAST({day} AS timestamp)) AS date)"


def check_country(country: str | None) -> str | None:
    """Return the code in capitals: ISO 3166-1 alpha-2 (BE, NL, GB …), or XK.

    Raises ValueError for all else. That of a name, or of another code (UK, BEL), says which code
    is meant, and that of a region (EU, WORLD) that it is one.
    """
    if country is None:
        return None
    code = country_of(country)
    if code != country.strip().upper():
        raise ValueError(
            f"{country!r} is not a country's code; that of {TABLES.english[code]} is {code}."
        )
    return code
