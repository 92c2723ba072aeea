"""Dream Market: offers, on the cards of other pages and on their own page."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.facts import read_fact
from cryptodrug_scraper.reading.links import Address, address
from cryptodrug_scraper.reading.nodes import (
    attribute,
    class_names,
    elements,
    following,
    inner,
    words,
)
from cryptodrug_scraper.reading.payment import read_coin, read_payment
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing, ParsedPage, ShippingOption, Vendor
from parsers.dream_vendor import read_not_shown, read_reviews, read_vendor_line

OFFER_ID = re.compile(r"\d+\.\d+")
NO_ID = "its link was rewritten, and has lost the id"
IN_TEXTS = "pre, .preformattedNotes, .ratingText"  # what vendors and buyers wrote


def offer_id(to: Address, reader: Reader) -> str | None:
    """Return the pair of numbers that an address gives as ``offer``."""
    stated = to.get("offer").strip()
    if to.lost("viewProduct"):
        reader.warn("listing.external_id", NO_ID, to.place)
    if not stated:
        return None
    if OFFER_ID.fullmatch(stated) is None:
        reader.warn("listing.external_id", "not a pair of numbers", stated)
        return None
    return reader.stated("listing.external_id", to.place, stated)


# -- cards of offers ------------------------------------------------------------------------


def read_cards(
    shop: LexborNode | None, page: ParsedPage, reader: Reader, vendor: str | None = None
) -> None:
    """Read the cards of offers below a node; ``vendor`` is whose they are, on a profile."""
    listing = Listing()
    card = None
    # One walk for all cards: nodes come in page order, so each belongs to the card before it.
    selector = ".shopItem, .oTitle, .escrowBox, .oOfTextDetail > *"
    for node in shop.css(selector) if shop is not None else ():
        names = reader.at(node).attrs.get("class") or ""
        if "shopItem" in names:
            card, listing = node, Listing(vendor=vendor)
            page.listings.append(listing)
        elif card is None:
            continue
        elif "oTitle" in names:
            listing.title = reader.text_of("listing.title", node)
            if (link := inner(node, "a")) is not None:
                listing.external_id = offer_id(address(attribute(link, "href")), reader)
        elif "escrowBox" in names:
            read_payment(listing, node.text(), reader, without_escrow="finalize_early")
        elif "oPrice" in names:
            reader.price(listing, node.text())
        elif "oVendor" in names:
            link = inner(node, "a")  # a deleted vendor's handle is no link
            handle = node.text().partition("(")[0] if link is None else link.text()
            listing.vendor = reader.text("listing.vendor", handle)
        elif "oShips" in names:
            reader.route(listing, node.text())
        elif "oOrderButton" not in names and (text := words(node)):
            reader.unknown_label("listing", names or node.tag or "", text)
    if card is not None and reader.unfinished(card):
        page.listings.pop()


# -- the page of an offer -------------------------------------------------------------------


def read_listing_page(
    document: Document,
    product: LexborNode,
    page: ParsedPage,
    reader: Reader,
    category: list[str],
) -> None:
    """Read an offer and the vendor's line on its page, and the product's ratings."""
    listing, vendor = Listing(category=category), Vendor()
    if category:
        reader.at(document.first("div.category.selected"))
        reader.note("listing.category", " / ".join(category), category)
    listing.external_id = _own_id(product, page.url, reader)
    listing.title = reader.text_of("listing.title", product.css_first("div.title"))
    if listing.title is None:
        listing.title = reader.text("listing.title", reader.by_default(document.title))
    for label, value, stated in reader.labelled(product.css_first("div.tabularDetails")):
        match label.casefold():
            case "vendor" | "seller":
                read_vendor_line(value, vendor, reader)
            case "escrow":
                read_payment(listing, stated, reader, without_escrow="finalize_early")
            case "trusted vendor" | "trusted seller":
                read_fact(vendor, label, stated, reader)
            case _:
                read_fact(listing, label, stated, reader)
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


def _block(heading: LexborNode, listing: Listing, page: ParsedPage, reader: Reader) -> None:
    """Read what stands below one heading: a text of the vendor's, a table of the form, ratings."""
    body = reader.at(_below(heading))
    if body is None:
        return
    word = words(heading).casefold()
    if word == "product ratings":
        if body.tag == "table":
            read_reviews(body, listing, page, reader)
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
