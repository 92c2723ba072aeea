"""Wall Street Market: offers as cards and as table rows, on results pages and in stores."""

from __future__ import annotations

from collections.abc import Container

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.lines import Icon, Line, joined
from cryptodrug_scraper.reading.links import path_of
from cryptodrug_scraper.reading.prices import holds_money, read_prices
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing
from parsers.wall_street_lines import cell_text, inline_text, lines_of
from parsers.wall_street_offer import (
    OFFER_PATH,
    category_levels,
    handle_of,
    profile_link,
    read_marks,
)


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
    found: list[Listing] = []
    for node in document.css("div.card-body, table"):
        inner = node.css("div.card-body, table" if node.tag == "table" else "div.card-body")
        if len(inner) > 1:  # a node's css() finds the node itself too: others are inside
            continue
        if node.mem_id in left_out:
            continue
        if node.tag == "table":
            found += _table(node, reader, vendor)
        else:
            links = offer_links(node)
            if links and not reader.unfinished(node):
                found.append(_card(node, links, reader, vendor))
    return found


def _start(links: list[LexborNode], reader: Reader, vendor: str | None) -> Listing:
    """Return a listing with its id and title: of several links to it, the one with a text."""
    to = OFFER_PATH.search(path_of(links[0]))
    listing = Listing(external_id=to[1] if to is not None else None, vendor=vendor)
    reader.note("listing.external_id", path_of(links[0]), listing.external_id)
    for link in links:
        listing.title = reader.text("listing.title", inline_text(link))
        if listing.title:
            break
    return listing


def _set_vendor(listing: Listing, link: LexborNode, reader: Reader) -> None:
    listing.vendor = handle_of(link)
    reader.note("listing.vendor", link.text(), listing.vendor)


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
        text = _before_icons(line)
        if holds_money(text):
            prices = read_prices("listing.price", text, reader)
            if prices:
                listing.price, listing.price_alternatives = prices[0], prices[1:]
            return
    for line in after:
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
    found: list[Listing] = []
    category: list[str] = []
    price_column: int | None = None
    for cells in reader.rows(table):
        links = [link for cell in cells for link in offer_links(cell)]
        if not links:
            names = [cell_text(cell).casefold() for cell in cells]
            stated = [i for i, name in enumerate(names) if name]
            if "price" in names:
                price_column = names.index("price")
            elif len(stated) == 1 or (stated and found and cells[0].tag == "td"):
                category = category_levels(_parts(cells[stated[0]]))
            continue
        listing = _start(links, reader, vendor)
        listing.category = list(category)
        reader.note("listing.category", " / ".join(category), listing.category)
        for cell in cells:
            link = next((a for a in cell.css("a") if "profile" in path_of(a)), None)
            if link is not None:
                _set_vendor(listing, link, reader)
        plain = [
            cell
            for cell in cells
            if not offer_links(cell) and cell.css_first('a[href*="profile"]') is None
        ]
        for cell in cells:
            if cell.css_first('[class*="ion-"]') is not None:
                read_marks(listing, [x for x in lines_of(cell) if not _of_offer(x)], reader)
        _row_price(listing, cells, plain, price_column, reader)
        found.append(listing)
    return found


def _parts(cell: LexborNode) -> list[str | Icon]:
    return [part for line in lines_of(cell) for part in line.parts]


def _row_price(
    listing: Listing,
    cells: list[LexborNode],
    plain: list[LexborNode],
    column: int | None,
    reader: Reader,
) -> None:
    """Read a row's price: in the column of that name, else in the first cell with an amount.

    The same price in another currency may stand in another cell.
    """
    if column is not None and column < len(cells):
        texts = [cell_text(cells[column])]
        extra = plain
    else:
        texts = [text for cell in plain if holds_money(text := cell_text(cell))]
        extra = []
    for cell in extra:
        text = cell_text(cell)
        if cell.mem_id != cells[column or 0].mem_id and holds_money(text):
            texts.append(text)
    for text in texts:
        for money in read_prices("listing.price", text, reader):
            if listing.price is None:
                listing.price = money
            elif money.currency not in (listing.price.currency, *_codes(listing)):
                listing.price_alternatives.append(money)


def _codes(listing: Listing) -> list[str]:
    return [money.currency for money in listing.price_alternatives]
