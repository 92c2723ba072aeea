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
from typing import Any, Literal, NamedTuple, Protocol

from cryptodrug_scraper.reading.agreement import keep_agreed
from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.facts import PHRASES
from cryptodrug_scraper.reading.panels import CachedPanel
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import ParsedPage


class Recognises(Protocol):
    """Say whether a page is of the market, from its own marks."""

    def __call__(self, document: Document) -> bool:
        """See the class."""
        ...


class Kind(NamedTuple):
    """What a page is (``records.KINDS``), and what on the page says so.

    ``by_absence`` says that it rests on what the page lacks too: of a page that was cut off
    or has damaged tags, such a kind is not concluded.
    """

    name: str
    reason: str
    by_absence: bool = False


class KindOf(Protocol):
    """Tell what a page is."""

    def __call__(self, document: Document, url: str | None) -> Kind:
        """See the class."""
        ...


class Read(Protocol):
    """Fill ``page`` (whose ``kind`` is set) with all that the document states."""

    def __call__(self, document: Document, page: ParsedPage, reader: Reader) -> None:
        """See the class."""
        ...


ReviewAmounts = Literal["none", "unknown", "with_shipping", "without_shipping"]
"""What the amounts in a market's reviews are: whether they hold shipping, if that is documented."""


@dataclass(frozen=True)
class Market:
    """A market and how its pages are read.

    ``name`` is the module's name, the fixtures folder and the database row.
    ``also_called`` are other names that pages give it ("WSM"), for ratings brought from it.
    ``closing_announced_on`` is the day on which it announced its end, if it did.
    ``review_amounts`` says if its reviews state amounts, and whether these hold shipping.
    ``recognises`` says whether a page is one of this market's (any kind, walls included).
    ``healthy`` gives for a page kind the share of records (0 to 1) in which a field is
    filled on a sound archive: ``{"listing": {"price": 0.99}}``. Below it a run says so.
    ``unclosed`` gives for a kind whose pages the market never closes (no ``</html>``) the
    selector of the block that ends them: with it they are not cut off.
    ``panels`` are blocks that many pages show alike, to be read once.
    ``phrases`` are words by which its pages alone are read, and which tell nothing if they are
    damaged; those that all markets have are ``facts.PHRASES``.
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
    review_amounts: ReviewAmounts = "unknown"
    healthy: dict[str, dict[str, float]] = field(default_factory=dict)
    unclosed: dict[str, str] = field(default_factory=dict)
    panels: tuple[CachedPanel[Any], ...] = ()
    phrases: tuple[str, ...] = ()

    def read_page(self, document: Document, page: ParsedPage, reader: Reader) -> None:
        """Set the page's kind and all that it states.

        Of a page that was cut off, what was unfinished is left out: it is read twice, the
        second time as if it went on with a text, and what that changes does not count. One whose
        tags or phrases are damaged is read once more with these repaired, likewise.
        """
        repaired = document.repaired((*self.phrases, *PHRASES))
        self._read(document, page, reader)
        page.cut_off = document.cut_off
        if page.cut_off:
            reader.warn_of_cut()
            if page.kind != "unknown":
                keep_agreed(page, self._again(document.continued(), page))
        for other in repaired if page.kind != "unknown" else ():
            other.cut_off = document.cut_off
            for name in keep_agreed(page, self._again(other, page), cut=False):
                reader.warn(name, "rests on a tag or a phrase that holds invalid bytes")

    def _again(self, document: Document, page: ParsedPage) -> ParsedPage:
        """Return what another form of a page states."""
        again = ParsedPage(page.market, url=page.url, captured_at=page.captured_at)
        reader = Reader(page.captured_at, again.warnings)
        reader.open_page(document)
        self._read(document, again, reader)
        return again

    def _read(self, document: Document, page: ParsedPage, reader: Reader) -> None:
        kind = self.kind_of(document, page.url)
        ending = self.unclosed.get(kind.name) if document.cut_off else None
        if ending and (block := document.first(ending)) and not document.unfinished(block):
            document.cut_off = False
            reader.open_page(document)
        page.kind, page.kind_reason = kind.name, kind.reason
        if kind.by_absence and (document.cut_off or document.damaged_markup):
            what = "is cut off" if document.cut_off else "has damaged tags"
            page.kind, page.kind_reason = "unknown", f"the page {what}, and may be of many kinds"
        if page.kind == "unknown":
            reader.warn("kind", "not a kind of page that the parser knows", document.title)
        else:
            self.read(document, page, reader)


class UnknownMarket(ValueError):
    """No parser has this name; the message lists those that exist."""


@cache
def markets() -> dict[str, Market]:
    """Return every market by name, in order of name."""
    package = importlib.import_module("parsers")
    by_name: dict[str, Market] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        market = getattr(importlib.import_module(f"parsers.{module.name}"), "MARKET", None)
        if isinstance(market, Market):
            by_name[market.name] = market
    return by_name


def market_named(name: str) -> Market:
    """Return the market of this name. Raises :class:`UnknownMarket`."""
    try:
        return markets()[name]
    except KeyError:
        known = ", ".join(markets())
        raise UnknownMarket(f"Unknown market {name!r}; the markets are: {known}") from None
