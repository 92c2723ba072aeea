"""Dream Market: an offer's own page."""

from __future__ import annotations

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.facts import read_fact
from cryptodrug_scraper.reading.links import address
from cryptodrug_scraper.reading.nodes import (
    attribute,
    class_names,
    elements,
    following,
    labelled,
    words,
)
from cryptodrug_scraper.reading.payment import read_coin, read_payment
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing, ParsedPage, ShippingOption, Vendor
from parsers.dream_page import IN_TEXTS, offer_id
from parsers.dream_vendor import read_not_shown, read_reviews, read_vendor_line


def read_listing_page(
    document: Document, page: ParsedPage, reader: Reader, category: list[str]
) -> None:
    """Read an offer and the vendor's line on its page, and the product's ratings."""
    product = document.first("div.viewProduct")
    if product is None:
        return
    listing, vendor = Listing(category=category), Vendor()
    if category:
        reader.at(document.first("div.category.selected"))
        reader.note("listing.category", " / ".join(category), category)
    listing.external_id = _own_id(product, page.url, reader)
    listing.title = reader.text_of("listing.title", product.css_first("div.title"))
    if listing.title is None:
        listing.title = reader.text("listing.title", reader.by_default(document.title))
    for label, value in labelled(product.css_first("div.tabularDetails")):
        _detail(label, value, listing, vendor, reader)
    listing.vendor = vendor.handle
    for heading in product.css("div.subtitle, div.newFeature"):
        _block(heading, listing, page, reader)
    if listing.description is None:
        text = product.css_first("#offerDescription")
        listing.description = reader.block_of("listing.description", text)
    if reader.unfinished(product):
        listing.terms = None  # of which more may have stood under another heading
    read_not_shown(product, page, reader)
    page.listings.append(listing)
    if vendor.handle is not None:
        page.vendors.append(vendor)


def _own_id(product: LexborNode, url: str | None, reader: Reader) -> str | None:
    """Return the offer's id: from the order form, else from a link about it, else from the url.

    Descriptions name other offers ("/viewProduct?offer=…"), so texts do not count.
    """
    texts = {node.mem_id for node in product.css(f":is({IN_TEXTS}, .shop) a")}
    form = product.css('input[name="offer"]')[:1]
    links = product.css('a[href*="offer" i], a[href*="viewProduct"], form[action*="offer"]')
    for node in (*form, *[link for link in links if link.mem_id not in texts]):
        written = attribute(reader.at(node), "href") or attribute(node, "action")
        written = written or f"?offer={attribute(node, 'value')}"
        if (number := offer_id(address(written), reader)) is not None:
            return number
    reader.at(None)
    return offer_id(address(url), reader)


def _detail(
    label: str, value: LexborNode | None, listing: Listing, vendor: Vendor, reader: Reader
) -> None:
    """Read a row of label and value. Which rows there are varies."""
    stated = value.text() if reader.at(value) is not None else ""
    match label.casefold():
        case "vendor" | "seller":
            read_vendor_line(value, vendor, reader)
        case "escrow":
            read_payment(listing, stated, reader, without_escrow="finalize_early")
        case "trusted vendor" | "trusted seller":
            read_fact(vendor, label, stated, reader)
        case _:
            read_fact(listing, label, stated, reader)


def _block(heading: LexborNode, listing: Listing, page: ParsedPage, reader: Reader) -> None:
    """Read what stands below one heading: a text of the vendor's, a table of the form, ratings."""
    body = reader.at(_below(heading))
    if body is None:
        return
    word = words(heading).casefold()
    if word == "product ratings":
        if body.tag == "table":
            read_reviews(body, page, reader, listing.vendor, listing)
    elif word == "product description":
        listing.description = reader.block_of("listing.description", body)
    elif word.startswith(("terms and conditions", "refund policy")):
        if text := reader.block_of("listing.terms", body):
            listing.terms = f"{listing.terms}\n\n{text}" if listing.terms else text
    elif word == "shipping options":
        for row in body.css("tr"):
            _shipping_option(row, listing, reader)
    elif word.startswith("cryptocurrenc"):
        for row in body.css("tr") if not reader.unfinished(body) else ():
            if text := words(reader.at(row)):  # a coin that cannot be chosen is not accepted
                button = row.css_first("input[disabled]")
                read_coin(listing, text, reader, accepted=button is None)
    else:
        reader.unknown_label("listing", words(heading), body.text())


def _below(heading: LexborNode) -> LexborNode | None:
    """Return the text or table that belongs to a heading: the next of those beside it."""
    for node in following(heading):
        names = class_names(node)
        if node.tag == "table" or "preformattedNotes" in names:
            return node
        if "newFeature" in names or "subtitle" in names:
            break
    return None


def _shipping_option(row: LexborNode, listing: Listing, reader: Reader) -> None:
    """Read a row of price, name and button."""
    price, names = None, []
    for cell in elements(reader.at(row)):
        if "coinsNoWrap" in class_names(cell):
            price = cell.text()
        elif cell.css_first("input") is None:
            names.append(cell.text())
    name = reader.text("listing.shipping_options", " ".join(names))
    amounts = reader.money("listing.shipping_options", price)
    if name is not None:
        listing.shipping_options.append(ShippingOption(name, amounts[0] if amounts else None))
    elif amounts:
        reader.warn("listing.shipping_options", "a price without a name", price or "")
