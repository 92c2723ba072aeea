"""Dream Market: an offer's own page."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import Document, block_text
from cryptodrug_scraper.reading.links import Address, address
from cryptodrug_scraper.reading.nodes import attribute, class_names, elements, inner
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing, ParsedPage, ShippingOption, Vendor
from parsers.dream_page import IN_TEXTS, offer_id, read_payment
from parsers.dream_vendor import read_not_shown, read_reviews, read_vendor_line


def read_listing_page(
    document: Document, page: ParsedPage, reader: Reader, category: list[str]
) -> None:
    """Read an offer and the vendor's line on its page, and the product's ratings."""
    product = document.first("div.viewProduct")
    if product is None:
        return
    listing = Listing(category=category)
    vendor = Vendor()
    listing.external_id = _own_id(product, page.url, reader)
    if category:
        reader.note("listing.category", " / ".join(category), category)
    title = product.css_first("div.title")
    named = title.text().strip() if title is not None else ""
    listing.title = reader.text("listing.title", named or reader.by_default(document.title))
    details = product.css_first("div.tabularDetails")
    for row in elements(details) if details is not None else ():
        _row(row, listing, vendor, reader)
    listing.vendor = vendor.handle
    terms: list[str] = []
    boxes: set[int] = set()
    for heading in product.css("div.subtitle, div.newFeature"):
        _block(heading, listing, terms, page, reader, boxes)
    listing.terms = "\n\n".join(terms) or None
    if listing.description is None:
        text = product.css_first("#offerDescription")
        if text is not None:
            listing.description = reader.block("listing.description", block_text(text))
    if reader.unfinished(product):
        listing.terms = None  # of which more may have stood under another heading
    page.listings.append(listing)
    if vendor.handle is not None:
        page.vendors.append(vendor)


def _own_id(product: LexborNode, url: str | None, reader: Reader) -> str | None:
    """Return the offer's id: from the order form, else from a link about it, else from the url.

    Descriptions name other offers ("/viewProduct?offer=…"), so texts do not count.
    """
    field = product.css_first('input[name="offer"]')
    if field is not None:
        stated = offer_id(Address("", "", f"offer={attribute(field, 'value')}", ""), reader)
        if stated is not None:
            return stated
    written = {n.mem_id for n in product.css(f"{IN_TEXTS}, .shop a")}
    for node in product.css('a[href*="offer" i], a[href*="viewProduct"], form[action*="offer"]'):
        if node.mem_id not in written:
            to = address(attribute(node, "href") or attribute(node, "action"))
            stated = offer_id(to, reader)
            if stated is not None:
                return stated
    return offer_id(address(url), reader)


def _row(row: LexborNode, listing: Listing, vendor: Vendor, reader: Reader) -> None:
    """Read one row of the details: a label and a span. Which rows there are varies."""
    label = inner(row, "label")
    value = inner(row, "span")
    if label is None:
        if text := row.text().strip():
            reader.unknown_label("listing", text)
        return
    what = " ".join(label.text().split()).rstrip(":")
    stated = value.text() if value is not None else ""
    match what.casefold():
        case "vendor" | "seller":
            if value is not None:
                read_vendor_line(value, vendor, reader, profile=False)
        case "price":
            reader.price(listing, stated)
        case "ships to":
            reader.ships_to(listing, stated)
        case "ships from":
            reader.ships_from(listing, stated)
        case "escrow":
            read_payment(listing, stated, reader)
        case "trusted vendor" | "trusted seller":
            vendor.trusted = reader.yes_or_no("vendor.trusted", stated)
        case _:
            reader.unknown_label("listing", what, stated)


def _block(
    heading: LexborNode,
    listing: Listing,
    terms: list[str],
    page: ParsedPage,
    reader: Reader,
    boxes: set[int],
) -> None:
    """Read what stands below one heading: a text of the vendor's, a table of the form, ratings.

    ``boxes`` are the elements around headings of ratings that were looked through.
    """
    what = " ".join(heading.text().split())
    word = what.casefold()
    body = _below(heading)
    if word == "product ratings":
        table = _following_table(heading)
        if table is not None:
            read_reviews(table, page, reader, listing.vendor, listing)
        box = heading.parent
        if box is not None and box.mem_id not in boxes:
            boxes.add(box.mem_id)
            more = box.css_first("div.andMoreRatings")
            if more is not None:
                read_not_shown(more, page, reader)
    elif body is None:
        return
    elif word == "product description":
        listing.description = reader.block("listing.description", block_text(body))
    elif word.startswith(("terms and conditions", "refund policy")):
        text = reader.block("listing.terms", block_text(body))
        if text:
            terms.append(text)
    elif word == "shipping options":
        for row in body.css("tr"):
            _shipping_option(row, listing, reader)
    elif word.startswith("cryptocurrenc"):
        if not reader.unfinished(body):
            for row in body.css("tr"):
                _currency(row, listing, reader)
    else:
        reader.unknown_label("listing", what, body.text())


def _below(heading: LexborNode) -> LexborNode | None:
    """Return the text or table that belongs to a heading: the next of those beside it."""
    node = heading.next
    while node is not None:
        if node.is_element_node:
            names = class_names(node)
            if node.tag == "table" or "preformattedNotes" in names:
                return node
            if "newFeature" in names or "subtitle" in names:
                return None
        node = node.next
    return None


def _following_table(heading: LexborNode) -> LexborNode | None:
    body = _below(heading)
    return body if body is not None and body.tag == "table" else None


def _shipping_option(row: LexborNode, listing: Listing, reader: Reader) -> None:
    """Read a row of price, name and button."""
    price = name = None
    for cell in elements(row):
        names = class_names(cell)
        text = cell.text()
        if "coinsNoWrap" in names:
            price = text
        elif cell.css_first("input") is None and text.strip():
            name = text if name is None else f"{name} {text}"
    stated = reader.text("listing.shipping_options", name)
    amounts = reader.money("listing.shipping_options", price)
    if stated is not None:
        listing.shipping_options.append(ShippingOption(stated, amounts[0] if amounts else None))
    elif amounts:
        reader.warn("listing.shipping_options", "a price without a name", price or "")


_COINS = {
    "bitcoin": "BTC",
    "bitcoin cash": "BCH",
    "litecoin": "LTC",
    "monero": "XMR",
}
_COIN = re.compile(r"(.*?)\s*(?:\((\w+)\))?")


def _currency(row: LexborNode, listing: Listing, reader: Reader) -> None:
    """Read a row of the coins: one that cannot be chosen is not accepted."""
    text = " ".join(row.text().split())
    if not text:
        return
    found = _COIN.fullmatch(text)
    name, code = (found.group(1).casefold(), found.group(2)) if found is not None else ("", None)
    coin = code if code in _COINS.values() else _COINS.get(name)
    button = row.css_first("input")
    if coin is None:
        reader.warn("listing.currencies", "unknown coin", text)
    elif button is not None and "disabled" in button.attributes:
        coin = None
    elif coin not in listing.currencies:
        listing.currencies.append(coin)
    reader.note("listing.currencies", text, coin)
