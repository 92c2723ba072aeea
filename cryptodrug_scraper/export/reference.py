"""Words that stand in columns of an export whoever the vendors are, and columns made of them."""

from __future__ import annotations

from functools import cache

from cryptodrug_scraper.archive import TIME_SOURCES
from cryptodrug_scraper.export.columns import Variable


@cache
def markets() -> frozenset[str]:
    """Return the names and titles of the markets that have a parser."""
    from cryptodrug_scraper.reading import market

    known = market.markets()
    return frozenset(known) | {each.title for each in known.values()}


@cache
def places() -> frozenset[str]:
    """Return the codes and English names of all places."""
    from cryptodrug_scraper.normalise.place_table import TABLES

    english = TABLES.english
    return frozenset(english) | frozenset(english.values())


@cache
def currencies() -> frozenset[str]:
    """Return all currency codes."""
    import pycountry

    from cryptodrug_scraper.normalise.money import COINS

    return frozenset(c.alpha_3 for c in pycountry.currencies) | COINS


@cache
def versions() -> frozenset[str]:
    """Return this program's version and its parsers'."""
    from cryptodrug_scraper import __version__
    from parsers.version import parser_version

    return frozenset((__version__, parser_version()))


def payments() -> frozenset[str]:
    """Return the ways to pay."""
    return frozenset(("escrow", "finalize_early", "partial_escrow", "multisig"))


def precisions() -> frozenset[str]:
    """Return how exact a time can be."""
    return frozenset(("minute", "hour", "day", "week", "month"))


def sources_of_time() -> frozenset[str]:
    """Return what can tell when a page was captured."""
    return frozenset(TIME_SOURCES)


def reasons_apart() -> frozenset[str]:
    """Return why two spellings of one name can be two accounts (`database/accounts.py`)."""
    return frozenset(("joined_on", "pgp_key", "one_page"))


def outcomes() -> frozenset[str]:
    """Return how a crawl can end."""
    return frozenset(("finished", "limit", "interrupted", "needs_session", "tor", "archive"))


def market_column(origin: str, *, required: bool = True) -> Variable:
    """Return a column of markets."""
    return Variable(
        "market", "word", origin, "The market's name.", required=required, known=markets
    )


def vendor_columns(origin: str, *, required: bool = False) -> tuple[Variable, Variable]:
    """Return a vendor's key and handle."""
    return (
        Variable(
            "vendor_id", "id", origin,
            "The vendor's account: one handle on one market, whatever its capitals.",
            scope="vendor", required=required,
        ),
        Variable(
            "vendor", "name", "vendor.handle", "The vendor's handle, as written last.",
            scope="handle", required=required,
        ),
    )  # fmt: skip


def place_columns(origin: str) -> tuple[Variable, ...]:
    """Return the page and the place on it that an observation, or a part of one, is from."""
    return (
        Variable(
            "page_id", "id", f"{origin}.page_id", "The page that shows it.",
            scope="page", required=True,
        ),
        Variable(
            "ordinal", "integer", f"{origin}.ordinal",
            "Which of the page's listings or vendors, from 0.", required=True,
        ),
    )  # fmt: skip


def money_columns(origin: str, meaning: str = "") -> tuple[Variable, Variable]:
    """Return an amount and its currency."""
    return (
        Variable(
            "price_amount", "number", f"{origin}.price_amount",
            meaning or "The price, in price_currency.", "price_currency",
        ),
        Variable(
            "price_currency", "word", f"{origin}.price_currency",
            "ISO 4217, or BTC, BCH, LTC, XMR.", known=currencies,
        ),
    )  # fmt: skip
