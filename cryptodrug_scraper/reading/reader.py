"""Turns a page's texts into values, and keeps what could not be turned.

Every field of a record is read through a :class:`Reader`: it cleans, normalises, and
where the page states something that is not understood it leaves None and a notice with
the field and the text. With tracing on, it also keeps the text that each value came from,
which is what ``cryptodrug doctor`` shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, TypeVar

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.normalise.ages import posted, read_age
from cryptodrug_scraper.normalise.dates import read_date, read_moment
from cryptodrug_scraper.normalise.money import read_money
from cryptodrug_scraper.normalise.numbers import read_decimal, read_int
from cryptodrug_scraper.normalise.places import read_places
from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.document import Document, block_text, fold, lines
from cryptodrug_scraper.reading.memoize import memoized
from cryptodrug_scraper.reading.nodes import cells_of, labelled
from cryptodrug_scraper.records import Listing, Money, Notice, Review

CUT_OFF = "the page is cut off"
"""The reason of the notice of a page that ends early."""

_LONGEST_NOTICE = 200
_T = TypeVar("_T")
_Node = TypeVar("_Node", LexborNode, LexborNode | None)
_Day = date  # within the class `date` is a method


_NOTHING = re.compile(r"[-–—\s]*|n/a|none|never|unknown|not available|no ratings?", re.I)


def states(text: str) -> bool:
    """Say whether a text states anything: a dash, ``n/a`` and ``Not available`` do not."""
    return _NOTHING.fullmatch(text.strip()) is None


_short_decimal = memoized(read_decimal)  # panels and ratings repeat


class Reading(NamedTuple):
    """One reading, for the page doctor: the field, the page's text, the value it gave.

    ``node`` is the element (or text) that was read last, as the parser told by :meth:`Reader.at`.
    """

    field: str
    text: str
    value: object
    node: LexborNode | None = None


class Reader:
    """Reads the texts of one page.

    ``captured_at`` is the capture time (aware, UTC) from which ages count, or None.
    Notices go to ``notices``; with ``trace=True`` readings go to ``readings``.
    """

    __slots__ = ("_document", "_kept", "_node", "captured_at", "notices", "readings")

    def __init__(
        self, captured_at: datetime | None, notices: list[Notice], *, trace: bool = False
    ) -> None:
        self.captured_at = captured_at
        self.notices = notices
        self._kept = set(notices)  # a hostile page may give a notice for each of its rows
        self.readings: list[Reading] | None = [] if trace else None
        self._document: Document | None = None
        self._node: LexborNode | None = None

    def warn(self, field: str, reason: str, text: str = "") -> None:
        """Keep a notice that ``field`` could not be read; equal notices are kept once."""
        notice = Notice(field, reason, fold(text[: 4 * _LONGEST_NOTICE])[:_LONGEST_NOTICE])
        if notice not in self._kept:
            self._kept.add(notice)
            self.notices.append(notice)

    def _unread(self, field: str, reason: str, text: str) -> None:
        """Keep a notice of a text that could not be read, unless it says that there is nothing."""
        if states(text):
            self.warn(field, reason, text)

    def has_warned(self, field: str) -> bool:
        """Tell whether a notice names ``field``: what stands for it is there, and unreadable."""
        return any(notice.field == field for notice in self.notices)

    def unknown_label(self, record: str, label: str, value: str = "") -> None:
        """Keep a notice of a label that the parser does not know."""
        self.warn(record, "unknown label", f"{label}: {value}" if value else label)

    def at(self, node: _Node) -> _Node:
        """Set the element that the next texts are read from (None: none), and return it."""
        self._node = node
        return node

    def note(self, field: str, text: str, value: object) -> None:
        """Keep, when tracing, the text that a value came from, and the element it stands in."""
        if self.readings is not None:
            self.readings.append(Reading(field, text, value, self._node))

    def stated(self, field: str, text: str, value: _T) -> _T:
        """Return the value that a text of the page means, kept as :meth:`note` does."""
        self.note(field, text, value)
        return value

    # -- pages that were cut off or damaged -----------------------------------------------

    def open_page(self, document: Document) -> None:
        """Set the page that is read: of one that was cut off or damaged, absences say nothing."""
        self._document = document if document.cut_off or document.damaged_markup else None
        if document.invalid_bytes:
            self.warn("document", f"{document.invalid_bytes} invalid bytes")
        elif document.guessed_charset:
            reason = f"read as {document.guessed_charset}, which the page does not declare"
            self.warn("document", reason)

    @property
    def is_plain(self) -> bool:
        """Whether a text says the same as on any other page: no trace is kept, nothing was lost."""
        return self.readings is None and self._document is None

    def warn_of_cut(self) -> None:
        """Keep a notice that the page was cut off, with the last that is left of it."""
        if self._document is not None:
            self.warn("document", CUT_OFF, self._document.last_words)

    def by_default(self, value: _T, field: str = "") -> _T | None:
        """Return what it means that something is absent; None where it may be in a lost part.

        Of a page whose tags are damaged a notice then names the field.
        """
        if self._document is None:
            return value
        if field and self._document.damaged_markup:
            self.warn(field, "is not stated, but a tag holds invalid bytes")
        return None

    def unfinished(self, node: LexborNode) -> bool:
        """Tell whether more of an element may have followed where the page was cut off."""
        return self._document is not None and self._document.unfinished(node)

    def finished(self, nodes: list[LexborNode]) -> list[LexborNode]:
        """Return rows or cards without the one within which the page was cut off."""
        if self._document is None:
            return nodes
        return [node for node in nodes if not self._document.unfinished(node)]

    def rows(self, table: LexborNode) -> list[list[LexborNode]]:
        """Return a table's rows as lists of cells, ``<tbody>`` or not.

        Left out are rows without cells, and one within which the page was cut off.
        """
        rows = (cells_of(row) for row in self.finished(table.css("tr")))
        return [cells for cells in rows if cells]

    def labelled(self, block: LexborNode | None) -> Iterator[tuple[str, LexborNode | None, str]]:
        """Yield label, value and the value's text of each row (:func:`.nodes.labelled`)."""
        for label, value in labelled(block):
            yield label, self.at(value), value.text() if value is not None else ""

    # -- plain texts ---------------------------------------------------------------------

    def text(self, field: str, text: str | None) -> str | None:
        """Return the text with white space folded, or None if it is empty."""
        folded = fold(text) if text else ""
        if self.readings is not None and text:
            self.note(field, text, folded)
        return folded or None

    def block(self, field: str, text: str | None) -> str | None:
        """Return a long text with its line breaks, or None if it is empty."""
        value = lines(text) if text else None
        if self.readings is not None and text:
            self.note(field, text, value)
        return value

    def text_of(self, field: str, node: LexborNode | None) -> str | None:
        """Return an element's text with white space folded; None without it, or if it is empty."""
        return self.text(field, self.at(node).text()) if node is not None else None

    def block_of(self, field: str, node: LexborNode | None) -> str | None:
        """Return an element's long text with its line breaks; None as of :meth:`text_of`."""
        return self.block(field, block_text(self.at(node))) if node is not None else None

    def comment(self, review: Review, text: str | None) -> None:
        """Set a review's words; what a market shows where the buyer wrote nothing is none."""
        is_none = text is not None and fold(text).casefold().rstrip(".") in _NO_COMMENT
        review.text = self.block("review.text", None if is_none else text)

    def yes_or_no(self, field: str, text: str) -> bool | None:
        """Return what a text says that is Yes or No; other words are a warning."""
        word = text.strip().casefold()
        value = {"yes": True, "no": False}.get(word)
        if value is None and word:
            self.warn(field, "neither Yes nor No", text)
        return self.stated(field, text, value)

    # -- numbers -------------------------------------------------------------------------

    def integer(self, field: str, text: str | None) -> int | None:
        """Return a whole number (thousands separators allowed); empty text is not stated."""
        if text is None or not (digits := text.strip()):
            return None
        if len(digits) < 16 and digits.isascii() and digits.isdigit():
            value: int | None = int(digits)
        else:
            value = read_int(text)
            if value is None and digits.strip("-–—"):
                self.warn(field, "not a whole number", text)
        if self.readings is not None:
            self.note(field, text, value)
        return value

    def decimal(self, field: str, text: str | None) -> str | None:
        """Return a decimal string with the digits shown; empty text is not stated."""
        if text is None or not (stated := text.strip()):
            return None
        value = _short_decimal(stated) if len(stated) < 32 else read_decimal(text)
        if value is None:
            self._unread(field, "not a number", text)
        if self.readings is not None:
            self.note(field, text, value)
        return value

    # -- money ---------------------------------------------------------------------------

    def money(self, field: str, text: str | None, currency: str | None = None) -> list[Money]:
        """Return the amounts that a text states, in order: the first is the price."""
        if text is None or not text.strip():
            return []
        value = read_money(text, currency) if LOST not in text else None
        if value is None:
            self._unread(field, "not an amount of money", text)
        self.note(field, text, value)
        return list(value.amounts) if value is not None else []

    def price(self, listing: Listing, text: str) -> None:
        """Set a price and, behind it or in brackets, the same in other currencies."""
        amounts = self.money("listing.price", text)
        if amounts:
            listing.price, listing.price_alternatives = amounts[0], amounts[1:]

    def paid(self, review: Review, text: str | None, currency: str | None = None) -> None:
        """Set a review's ``price`` and ``price_approximate`` from the page's text."""
        if text is None or not text.strip():
            return
        value = read_money(text, currency) if LOST not in text else None
        self.note("review.price", text, value)
        if value is None:
            self._unread("review.price", "not an amount of money", text)
            return
        review.price = value.amounts[0]
        review.price_approximate = value.approximate

    # -- stock ---------------------------------------------------------------------------

    def stock(self, listing: Listing, text: str) -> None:
        """Set ``stock`` and ``stock_unlimited`` from a number or a word such as ``Unlimited``."""
        word = text.strip().casefold()
        if _UNLIMITED.fullmatch(word):
            listing.stock_unlimited = self.stated("listing.stock_unlimited", text, True)
            return
        is_sold_out = word in ("out of stock", "sold out", "none")
        listing.stock = self.integer("listing.stock", "0" if is_sold_out else text)
        listing.stock_unlimited = False if listing.stock is not None else None

    def limit(self, field: str, text: str) -> int | None:
        """Return a number of pieces; a word such as ``Unlimited`` sets none."""
        return None if _UNLIMITED.fullmatch(text.strip().casefold()) else self.integer(field, text)

    # -- places --------------------------------------------------------------------------

    def ships_from(self, listing: Listing, text: str | None) -> None:
        """Set ``ships_from`` and ``ships_from_text``."""
        stated = fold(text) if text else ""
        if not stated:
            return
        listing.ships_from_text = stated
        read = read_places(stated)
        for unknown in read.unknown:
            self.warn("listing.ships_from", "unknown place", unknown)
        if read.excluded:
            self.warn("listing.ships_from", "an exclusion, which an origin cannot have", stated)
        listing.ships_from = list(read.served)
        self.note("listing.ships_from", stated, listing.ships_from)

    def ships_to(self, listing: Listing, text: str | None) -> None:
        """Set ``ships_to``, ``ships_to_excluded`` and ``ships_to_text``."""
        stated = fold(text) if text else ""
        if not stated:
            return
        listing.ships_to_text = stated
        read = read_places(stated)
        for unknown in read.unknown:
            self.warn("listing.ships_to", "unknown place", unknown)
        listing.ships_to = list(read.served)
        listing.ships_to_excluded = list(read.excluded)
        self.note("listing.ships_to", stated, listing.ships_to)

    def route(self, listing: Listing, text: str) -> None:
        """Set where an offer ships from and to, of ``US → WW, EU``; either side may be empty."""
        origin, arrow, target = text.partition("→")
        if not arrow and text.strip():
            self.warn("listing.ships_from", "no arrow between from and to", text)
            return
        self.ships_from(listing, origin)
        self.ships_to(listing, target)

    # -- times ---------------------------------------------------------------------------

    def date(self, field: str, text: str | None) -> date | None:
        """Return a date; one without a year is the latest not after the capture."""
        if text is None or not text.strip():
            return None
        latest = self.captured_at.date() if self.captured_at else None
        value = read_date(text, latest) if LOST not in text else None
        if value is None:
            self._unread(field, "not a date", text)
        self.note(field, text, value)
        return value

    def day_of_age(self, field: str, text: str | None) -> _Day | None:
        """Return the date on which an age such as ``about 3 hours ago`` ends."""
        if text is None or not text.strip():
            return None
        stated = "now" if _ONLINE.fullmatch(text.strip()) else text
        age = read_age(stated) if LOST not in text else None
        value = None
        if age is None:
            self._unread(field, "not an age", text)
        elif self.captured_at is None:
            self.warn(field, "an age, and the capture time is unknown", text)
        else:
            value = posted(age, self.captured_at).on
        self.note(field, text, value)
        return value

    def day(self, field: str, text: str) -> _Day | None:
        """Return the day that a date or an age such as ``today`` or ``online`` tells."""
        stated = text.strip()
        is_age = _AGE.search(stated) or _ONLINE.fullmatch(stated) or read_age(stated) is not None
        return (self.day_of_age if is_age else self.date)(field, text)

    def _latest(self) -> datetime | None:
        """The end of the capture: of one at midnight, which is a mere date, the day's end."""
        at = self.captured_at
        if at is not None and (at.hour, at.minute, at.second) == (0, 0, 0) and at < _LAST_DAY:
            return at + timedelta(days=1, seconds=-1)
        return at

    def posted(self, review: Review, text: str | None) -> None:
        """Set when a review was posted, from an age or from a date with or without a time."""
        if text is None or not text.strip():
            return
        field = "review.posted_on"
        age = read_age(text) if LOST not in text else None
        if age is not None:
            if self.captured_at is None:
                self.warn(field, "an age, and the capture time is unknown", text)
            else:
                at = posted(age, self.captured_at)
                review.posted_on, review.posted_precision = at.on, at.precision
                review.earliest, review.latest = at.earliest, at.latest
                review.from_age = True
            self.note(field, text, review.posted_on)
            return
        moment = read_moment(text, self._latest()) if LOST not in text else None
        if moment is None:
            self._unread(field, "neither an age nor a date", text)
            self.note(field, text, None)
            return
        review.posted_on, review.posted_precision = moment.on, moment.precision
        review.posted_at = moment.at
        start = moment.at or datetime(moment.on.year, moment.on.month, moment.on.day, tzinfo=UTC)
        review.earliest = start
        try:
            review.latest = start + (_LENGTHS[moment.precision] if moment.at is None else _EXACT)
        except OverflowError:
            review.latest = start
        self.note(field, text, moment.at or moment.on)

    def page_clock(self, text: str | None) -> datetime | None:
        """Return the market's own clock; it stands in for a capture time that is unknown."""
        if text is None or not text.strip():
            return None
        moment = read_moment(text) if LOST not in text else None
        value = moment.at if moment is not None else None
        if value is None:
            self.warn("page_time", "not a moment", text)
        self.note("page_time", text, value)
        if value is not None and self.captured_at is None:
            self.captured_at = value
        return value


_UNLIMITED = re.compile(r"(?:∞|unlimited|infinite|no limit)(?:\s*[^\d\s\ufffd][^\d\ufffd]*)?")
_AGE = re.compile(r"\bago$", re.I)
_ONLINE = re.compile(r"(?:currently |now )?online(?: now)?", re.I)
_NO_COMMENT = frozenset({"enter your comments here", "no feedback comment"})
_LAST_DAY = datetime(9999, 12, 31, tzinfo=UTC)
_EXACT = timedelta(minutes=1)
_LENGTHS = {
    "minute": _EXACT,
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=31),
}


def review_of(listing: Listing) -> Review:
    """Return a review that states nothing yet but whose and of what it is."""
    return Review(
        vendor=listing.vendor,
        listing_external_id=listing.external_id,
        listing_title=listing.title,
    )
