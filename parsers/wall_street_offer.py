"""Wall Street Market: the facts that an offer's page and its card state alike, and the cards."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import replace
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.lines import Icon, Line, joined
from cryptodrug_scraper.reading.links import path_of
from cryptodrug_scraper.reading.payment import read_payment
from cryptodrug_scraper.reading.prices import holds_money, read_prices
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing, Money, Vendor
from parsers.wall_street_page import OFFER_PATH, PROFILE_PATH, cell_text, inline_text, lines_of

# -- the vendor ----------------------------------------------------------------------------

LEVEL = re.compile(r"\bLevel\s*:?\s*([^\s|()\[\];]+(?:\s?[kKmM]\b\+?)?)", re.I)
_EXPERIENCE = re.compile(
    r"(?<!\S)([^\s|()\[\]]+(?:[ \u00a0\u202f]\d{3}(?!\d)){0,6})\s*(?<![^\W\d_])EXP\b", re.I
)


def read_level(vendor: Vendor, text: str, reader: Reader) -> bool:
    """Read ``Level 7`` and ``4521 EXP``; say if either is stated.

    The number is all that stands there, ``10K`` and ``-3`` too.
    """
    level = LEVEL.search(text)
    # Without the level: "Level 1 170 EXP" is not 1170, as "1 170 EXP" alone would be.
    experience = _EXPERIENCE.search(LEVEL.sub(" | ", text))
    if level is not None:
        vendor.level = reader.integer("vendor.level", level[1])
    if experience is not None:
        vendor.experience = reader.integer("vendor.experience", experience[1])
    return level is not None or experience is not None


def handle_of(link: LexborNode) -> str | None:
    """Return the handle that a link to a profile names, spelt as the page shows it.

    The address tells it, since the link's text can hold marks; where the address has no
    handle, it is the text.
    """
    match = PROFILE_PATH.search(path_of(link))
    shown = " ".join(link.text(separator=" ").split())
    if match is None:
        return shown or None
    handle = unquote(match[1])
    return shown if shown.casefold() == handle.casefold() else handle


def profile_link(line: Line) -> LexborNode | None:
    """Return the first link to a profile on a line."""
    return next((a for a in line.links if "profile" in path_of(a)), None)


# -- the lines that an icon tells apart -----------------------------------------------------

_MARKS = frozenset(
    ("ion-log-out", "ion-log-in", "ion-android-share-alt", "ion-ios-monitor-outline")
).union(("ion-android-checkmark-circle",))
_FROM_LABEL = re.compile(r"^(?:(?:ships?|shipping|shipped)\s+from\b\s*:?\s*|:\s*)", re.I)
_TO_LABEL = re.compile(r"^(?:(?:ships?|shipping)\s+to\s*(?::\s*|\s(?=\S))|:\s*)", re.I)
_AUTO_ACCEPT = re.compile(r"$|auto[\s-]*accept", re.I)
_TO_PHRASE = re.compile(r"(?:only\s+)?ships?\s+(?:to|worldwide)\b|worldwide\b", re.I)
_PHYSICAL = re.compile(r"physical(?: good| item| product)?s?", re.I)
_CERTAIN = re.compile(r"only\s+ships?\s+to\s+certain\s+countries\s*[:(]\s*(.*?)\s*\)?", re.I)


def read_marks(
    listing: Listing, lines: list[Line], reader: Reader
) -> tuple[list[Line], list[Line]]:
    """Read the lines that an icon tells apart; return those, and those that are none of them.

    Several can stand on one line, and a text can stand in the block after its icon. Lines
    that lost their icon are known by their words.
    """
    known: list[Line] = []
    others: list[Line] = []
    waiting: Icon | None = None
    for line in _rejoined(lines):
        reader.at(line.start)
        segments = _segments(line)
        if waiting is not None:
            icon, waiting = waiting, None
            _mark(listing, icon, icon.title if segments else line.text, reader)
            if not segments:
                known.append(line)
                continue
        if not segments:
            (known if _mark_by_words(listing, line, reader) else others).append(line)
            continue
        known.append(line)
        before = line.parts[: line.parts.index(segments[0][0])]
        if joined(before):
            others.append(replace(line, parts=before))
        for icon, text in segments:
            if text or icon.title:
                _mark(listing, icon, text or icon.title, reader)
            elif icon.name in _MARKS:
                waiting = icon
    if waiting is not None:
        _mark(listing, waiting, waiting.title, reader)
    return known, others


def _rejoined(lines: list[Line]) -> list[Line]:
    """Join to the line about destinations what a break parted from it: ``(BE,`` and ``NL)``."""
    rejoined: list[Line] = []
    own = -1  # which of these lines is a copy, to which more can be added
    open_brackets: int | None = None  # of the last line, if it is about destinations
    for line in lines:
        text = line.text
        brackets = text.count("(") - text.count(")")
        if open_brackets is not None and (text[:1] == "(" or open_brackets > 0):
            if own != len(rejoined):
                rejoined[-1], own = (
                    replace(rejoined[-1], parts=[*rejoined[-1].parts]),
                    len(rejoined),
                )
            rejoined[-1].parts += [" ", *line.parts]
            open_brackets += brackets
        else:
            rejoined.append(line)
            is_about = text.lower().startswith(("only ships", "ships "))
            open_brackets = brackets if is_about else None
    return rejoined


def _segments(line: Line) -> list[tuple[Icon, str]]:
    """Cut a line at the icons of the first list; empty if it has none of them."""
    segments: list[tuple[Icon, list[str | Icon]]] = []
    for part in line.parts:
        if isinstance(part, Icon) and (part.name in _MARKS or (segments and part.name)):
            segments.append((part, []))
        elif segments:
            segments[-1][1].append(part)
    return [(icon, joined(parts)) for icon, parts in segments]


def _mark(listing: Listing, icon: Icon, text: str, reader: Reader) -> None:
    """Read one line of the first list by its icon."""
    match icon.name:
        case "ion-log-out":
            stated = text if _FROM_LABEL.match(text) else text.partition(":")[2] or text
            reader.ships_from(listing, _FROM_LABEL.sub("", stated, count=1))
        case "ion-log-in":
            _ships_to(listing, text, reader)
        case "ion-android-share-alt":
            read_payment(listing, text, reader)
        case "ion-ios-monitor-outline":
            listing.product_class = reader.stated("listing.product_class", text, "digital")
        case "ion-android-checkmark-circle" if _AUTO_ACCEPT.match(text):
            return
        case name:
            reader.unknown_label("listing", name, text)


def _mark_by_words(listing: Listing, line: Line, reader: Reader) -> bool:
    """Read a line without a known icon by its words; say whether it is one of the first list."""
    text = line.text
    label = _FROM_LABEL.match(text)
    if line.links or not text:
        return False
    if label is not None and label.end() > 5:
        if listing.ships_from_text is None:
            reader.ships_from(listing, text[label.end() :])
    elif _PHYSICAL.fullmatch(text):
        listing.product_class = reader.stated("listing.product_class", text, "physical")
    elif _TO_PHRASE.match(text) and listing.ships_to_text is None:
        _ships_to(listing, text, reader)
    else:
        return False
    return True


def _ships_to(listing: Listing, text: str, reader: Reader) -> None:
    """Set where an offer ships to; the text kept is all that the page states."""
    stated = _TO_LABEL.sub("", text, count=1)
    certain = _CERTAIN.fullmatch(stated)
    reader.ships_to(listing, certain[1] if certain and certain[1] else stated)
    if certain and certain[1]:
        listing.ships_to_text = " ".join(stated.split())


_ARROWS = re.compile(r"\s*[→»›▸►➔➜❯]\s*|\s+>\s+|\s+-+>\s+")


def category_levels(value: list[str | Icon]) -> list[str]:
    """Return the levels of a category: the texts between arrows, icons or letters."""
    text = "".join([part if isinstance(part, str) else "→" for part in value])
    return [name for level in _ARROWS.split(text) if (name := " ".join(level.split()))]


# -- cards and rows of offers ---------------------------------------------------------------


def offer_links(node: LexborNode) -> list[LexborNode]:
    """Return the links to offers' own pages inside an element (not to their tabs)."""
    return [a for a in node.css("a") if (to := OFFER_PATH.search(path_of(a))) and not to[2]]


def read_cards(
    document: Document,
    reader: Reader,
    vendor: str | None = None,
    left_out: Container[int] = (),
) -> list[Listing]:
    """Read all cards (``div.card-body``) and table rows that show an offer, in page order.

    ``vendor`` is whose offers they are where they do not name one, as in a store; tables in
    ``left_out`` show something else.
    """
    listings: list[Listing] = []
    for node in document.css("div.card-body, table"):
        inner = node.css("div.card-body, table" if node.tag == "table" else "div.card-body")
        if len(inner) > 1:  # a node's css() finds the node itself too: others are inside
            continue
        if node.mem_id in left_out:
            continue
        if node.tag == "table":
            listings += _table(node, reader, vendor)
        else:
            links = offer_links(node)
            if links and not reader.unfinished(node):
                listings.append(_card(node, links, reader, vendor))
    return listings


def _start(links: list[LexborNode], reader: Reader, vendor: str | None) -> Listing:
    """Return a listing with its id and title: of several links to it, the one with a text."""
    to = OFFER_PATH.search(path_of(links[0]))
    listing = Listing(external_id=to[1] if to is not None else None, vendor=vendor)
    reader.at(links[0])
    reader.note("listing.external_id", path_of(links[0]), listing.external_id)
    for link in links:
        listing.title = reader.text("listing.title", inline_text(reader.at(link)))
        if listing.title:
            break
    return listing


def _set_vendor(listing: Listing, link: LexborNode, reader: Reader) -> None:
    listing.vendor = handle_of(link)
    reader.note("listing.vendor", reader.at(link).text(), listing.vendor)


def _card(card: LexborNode, links: list[LexborNode], reader: Reader, vendor: str | None) -> Listing:
    """Read a card: title, rule, vendor, rule, price with its unit, icons with places."""
    title = card.css_first(".card-title")
    listing = _start((offer_links(title) if title is not None else []) or links, reader, vendor)
    lines = lines_of(card)
    for line in lines:
        link = profile_link(line)
        if link is not None:
            _set_vendor(listing, link, reader)
            break
    _, others = read_marks(listing, [x for x in lines if not _of_offer(x)], reader)
    _card_price(listing, [x for x in others if profile_link(x) is None or x.rules > 1], reader)
    return listing


def _of_offer(line: Line) -> bool:
    """Tell a line that holds nothing but the title's link."""
    linked = "".join([a.text() for a in line.links if OFFER_PATH.search(path_of(a))])
    return bool(linked) and "".join(linked.split()) == line.text.replace(" ", "")


def _card_price(listing: Listing, lines: list[Line], reader: Reader) -> None:
    """Read the price: the first line with an amount, after the second rule if there are two."""
    after = [line for line in lines if line.rules > 1]
    for line in after or lines:
        reader.at(line.start)
        text = _before_icons(line)
        if holds_money(text):
            prices = read_prices("listing.price", text, reader)
            if prices:
                listing.price, listing.price_alternatives = prices[0], prices[1:]
            return
    for line in after:
        reader.at(line.start)
        text = _before_icons(line)
        if any(ch.isdigit() for ch in text):
            reader.money("listing.price", text)
            return


def _before_icons(line: Line) -> str:
    """Return a line's text up to the first of its icons that a text follows."""
    parts: list[str | Icon] = []
    stated = False
    for part in line.parts:
        if isinstance(part, str):
            stated = stated or bool(part.strip())
        elif part.name and stated:
            break
        parts.append(part)
    return joined(parts)


def _table(table: LexborNode, reader: Reader, vendor: str | None) -> list[Listing]:
    """Read a table of offers: columns #, Title, Vendor with level, Price on a results page.

    In a store, a row without a link is the category of the rows below it.
    """
    if not offer_links(table):
        return []
    listings: list[Listing] = []
    category: list[str] = []
    category_cell: LexborNode | None = None
    price_column = len(table.css("td, th"))  # none is called so yet
    for cells in reader.rows(table):
        links = [link for cell in cells for link in offer_links(cell)]
        if not links:
            names = [cell_text(cell).casefold() for cell in cells]
            stated = [i for i, name in enumerate(names) if name]
            if "price" in names:
                price_column = names.index("price")
            elif len(stated) == 1 or (stated and listings and cells[0].tag == "td"):
                category_cell = cells[stated[0]]
                category = category_levels(_parts(category_cell))
            continue
        listing = _start(links, reader, vendor)
        listing.category = list(category)
        reader.at(category_cell)
        reader.note("listing.category", " / ".join(category), listing.category)
        for cell in cells:
            link = next((a for a in cell.css("a") if "profile" in path_of(a)), None)
            if link is not None:
                _set_vendor(listing, link, reader)
        for cell in cells:
            if cell.css_first('[class*="ion-"]') is not None:
                read_marks(listing, [x for x in lines_of(cell) if not _of_offer(x)], reader)
        _row_price(listing, cells, price_column, reader)
        listings.append(listing)
    return listings


def _parts(cell: LexborNode) -> list[str | Icon]:
    return [part for line in lines_of(cell) for part in line.parts]


def _row_price(listing: Listing, cells: list[LexborNode], column: int, reader: Reader) -> None:
    """Read a row's price: in the column of that name, else in the first cell with an amount.

    The same price in another currency may stand in another cell.
    """
    prices: dict[str, Money] = {}
    stated = [(cell, cell_text(cell)) for cell in cells[column : column + 1]]
    for cell in (*cells[:column], *cells[column + 1 :]):
        is_linked = offer_links(cell) or cell.css_first('a[href*="profile"]') is not None
        if not is_linked and holds_money(text := cell_text(cell)):
            stated.append((cell, text))
    for cell, text in stated:
        reader.at(cell)
        for money in read_prices("listing.price", text, reader):
            prices.setdefault(money.currency, money)
    if prices:
        listing.price, *listing.price_alternatives = prices.values()
