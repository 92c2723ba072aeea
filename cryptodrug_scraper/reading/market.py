"""What a market's parser is, and the registry through which all code finds one.

A market is found by its module in the package ``parsers``: a module that defines ``MARKET``
is one. Nothing else in the project names a market.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Protocol

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import ParsedPage


class Recognises(Protocol):
    """Say whether a page is of the market, from its own marks."""

    def __call__(self, document: Document) -> bool:
        """See the class."""
        ...


class KindOf(Protocol):
    """Tell what a page is: its kind (``records.KINDS``) and what on the page says so."""

    def __call__(self, document: Document, url: str | None) -> tuple[str, str]:
        """See the class."""
        ...


class Read(Protocol):
    """Fill ``page`` (whose ``kind`` is set) with all that the document states."""

    def __call__(self, document: Document, page: ParsedPage, reader: Reader) -> None:
        """See the class."""
        ...


@dataclass(frozen=True)
class Market:
    """A market and how its pages are read.

    ``name`` is the module's name, the fixtures folder and the database row.
    ``also_called`` are other names that pages give it ("WSM"), for ratings brought from it.
    ``closing_announced_on`` is the day on which it announced its end, if it did.
    ``recognises`` says whether a page is one of this market's (any kind, walls included).
    ``healthy`` gives for a page kind the share of records (0 to 1) in which a field is
    filled on a sound archive: ``{"listing": {"price": 0.99}}``. Below it a run says so.
    """

    name: str
    title: str
    opened_on: date | None
    closed_on: date | None
    recognises: Recognises
    kind_of: KindOf
    read: Read
    closing_announced_on: date | None = None
    also_called: tuple[str, ...] = ()
    healthy: dict[str, dict[str, float]] = field(default_factory=dict)


class UnknownMarket(ValueError):
    """No parser has this name; the message lists those that exist."""


@cache
def markets() -> dict[str, Market]:
    """Return every market by name, in order of name."""
    package = importlib.import_module("parsers")
    found: dict[str, Market] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        market = getattr(importlib.import_module(f"parsers.{module.name}"), "MARKET", None)
        if isinstance(market, Market):
            found[market.name] = market
    return found


def market_named(name: str) -> Market:
    """Return the market of this name. Raises :class:`UnknownMarket`."""
    try:
        return markets()[name]
    except KeyError:
        known = ", ".join(markets())
        raise UnknownMarket(f"Unknown market {name!r}; the markets are: {known}") from None
