"""Dream Market: what all its pages share: sidebars, offer cards, links."""

from __future__ import annotations

import re
from functools import partial
from typing import NamedTuple
from urllib.parse import unquote_plus

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.links import LOST_LINK, NOWHERE, Address, address, read_links
from cryptodrug_scraper.reading.memoize import memoized
from cryptodrug_scraper.reading.nodes import (
    attribute,
    class_names,
    contents,
    elements,
    inner,
    links_outside,
    preceding,
    words,
)
from cryptodrug_scraper.reading.panels import CachedPanel, PanelContent
from cryptodrug_scraper.reading.payment import read_payment
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Category, ExchangeRate, Link, Listing, ParsedPage

# -- the left sidebar: categories -----------------------------------------------------------


class _Tree(NamedTuple):
    """The category tree: its categories, and the path of the open one."""

    categories: tuple[Category, ...]
    selected: tuple[str, ...]
    is_open: bool


TREE = CachedPanel[_Tree]('<div class="sidebar browse"', "div.sidebar.browse")


def has_open_category(document: Document) -> bool:
    """Say whether a category is open."""
    tree: PanelContent[_Tree] | None = document.known.get(TREE)
    if tree is not None and tree.value.is_open:
        return True
    return document.first("div.category.selected") is not None


def read_categories(document: Document, page: ParsedPage, reader: Reader) -> list[str]:
    """Read the category tree; return the path of the open category (``[]`` if none is)."""
    tree = TREE.read(document, reader, lambda sidebar: (_tree(sidebar, reader), True))
    if tree is None:
        return []
    page.categories += tree.categories
    return list(tree.selected)


def _tree(sidebar: LexborNode, reader: Reader) -> _Tree:
    """Read the sidebar of categories.

    The root of the open category comes first with its children; below a blank heading
    all roots follow, this one once more. The repeat gives no second record.
    """
    categories: dict[str, Category] = {}
    levels: list[tuple[int, str]] = []
    selected: tuple[str, ...] = ()
    for node in sidebar.css("div.category, div.sidebarHeader"):
        depth = _depth(attribute(node, "class"))
        if depth is None:
            levels.clear()
            continue
        link = inner(node, "a")
        name, count = _category_name(link if link is not None else node)
        if not name:
            continue
        levels = [*(level for level in levels if level[0] < depth), (depth, name)]
        path = tuple([level[1] for level in levels])
        if "selected" in class_names(node) and len(path) > len(selected):
            selected = path
        to = address(attribute(link, "href")) if link is not None else NOWHERE
        number = to.get("category")
        if not number and any(to.lost(script) for script in _ROOTS):
            reader.warn("category.external_id", NO_ID, name)
        if number and number not in categories:
            reader.at(node)
            reader.note("category.name", name, path)
            listed = reader.integer("category.listing_count", count)
            categories[number] = Category(number, name, path, listed)
    is_open = sidebar.css_first("div.category.selected") is not None
    return _Tree(tuple(categories.values()), selected, is_open)


@memoized
def _depth(classes: str) -> int | None:
    """Return the depth of a category, None of a heading."""
    if "sidebarHeader" in classes:
        return None
    match = re.search(r"\bdepth(\d{1,2})\b", classes)
    return int(match[1]) if match else 0


def _category_name(node: LexborNode) -> tuple[str, str | None]:
    """Return a category's name and the count that stands in a span behind it."""
    name = ""
    count: str | None = None
    for part in contents(node):
        if part.tag == "span" and "amount" in class_names(part):
            count = part.text()
        else:
            name += part.text()
    return " ".join(name.split()), count


# -- the exchange rates ---------------------------------------------------------------------

RATES = CachedPanel[tuple[ExchangeRate, ...]](
    '<div class="exchangeRateListing"', "div.exchangeRateListing"
)


def read_exchange_rates(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read the panel "฿ Exchange": what one BTC is worth."""
    panel = document.first(RATES.selector)
    header = next(preceding(panel), None) if panel is not None else None
    heading = words(header) if header is not None else ""
    if heading and not re.search(r"^exchange\b|฿|\bBTC\b|\bbitcoin\b", heading, re.I):
        reader.warn("exchange_rate.base", "a base that is not BTC", heading)
        return
    page.exchange_rates += RATES.read(document, reader, lambda p: (_rates(p, reader), True)) or ()


def _rates(panel: LexborNode, reader: Reader) -> tuple[ExchangeRate, ...]:
    rates = []
    for row in panel.css("tr"):
        # Newer pages have an empty cell before the code; the chosen currency has no link.
        cells = [text for cell in elements(reader.at(row)) if (text := cell.text().strip())]
        if len(cells) != 2:
            if cells:
                reader.warn("exchange_rate.rate", "not a row of code and rate", " ".join(cells))
        elif cells[0] in ("BTC", "mBTC", "mBCH"):
            continue
        elif LOST in cells[0]:
            reader.warn("exchange_rate.quote", "a code with invalid bytes", " ".join(cells))
        elif rate := reader.decimal("exchange_rate.rate", cells[1]):
            rates.append(ExchangeRate("BTC", cells[0], rate))
    return tuple(rates)


# -- cards of offers ------------------------------------------------------------------------


def read_cards(shop: LexborNode, page: ParsedPage, reader: Reader, vendor: str | None) -> None:
    """Read the cards of offers below a node; ``vendor`` is whose they are, on a profile."""
    listing = Listing()
    card = None
    # One walk for all cards: nodes come in page order, so each belongs to the card before it.
    for node in shop.css(".shopItem, .oTitle, .escrowBox, .oOfTextDetail"):
        names = reader.at(node).attrs.get("class") or ""
        if "shopItem" in names:
            card, listing = node, Listing(vendor=vendor)
            page.listings.append(listing)
        elif card is None:
            continue
        elif "oTitle" in names:
            listing.title = reader.text_of("listing.title", node)
            link = inner(node, "a")
            if link is not None:
                listing.external_id = offer_id(address(attribute(link, "href")), reader)
        elif "escrowBox" in names:
            read_payment(listing, node.text(), reader, without_escrow="finalize_early")
        else:
            for block in elements(node):
                _card_detail(block, listing, reader)
    if card is not None and reader.unfinished(card):
        page.listings.pop()


def _card_detail(block: LexborNode, listing: Listing, reader: Reader) -> None:
    names = reader.at(block).attrs.get("class") or ""
    if "oPrice" in names:
        reader.price(listing, block.text())
    elif "oVendor" in names:
        link = inner(block, "a")  # a deleted vendor's handle is no link
        handle = block.text().partition("(")[0] if link is None else link.text()
        listing.vendor = reader.text("listing.vendor", handle)
    elif "oShips" in names:
        reader.route(listing, block.text())
    elif "oOrderButton" not in names and (text := words(block)):
        reader.unknown_label("listing", names or block.tag or "", text)


# -- links ----------------------------------------------------------------------------------

_OFFER_ID = re.compile(r"\d+\.\d+")
_ROOTS = ("index", "listings", "login_page")  # what copies call the address ``/?…``
NO_ID = "its link was rewritten, and has lost the id"
IN_TEXTS = "pre, .preformattedNotes, .ratingText"  # what vendors and buyers wrote

# Addresses that change something, or that hold for one session only.
_ACTIONS = re.compile(r"[?&](?:action|selectCurrency|logout|daymode|\w*[Tt]oken)\b")
_SESSION = re.compile(r"(?<=[?&])(?:ks|transaction|version)=[^&]*&?")


def offer_id(to: Address, reader: Reader) -> str | None:
    """Return the pair of numbers that an address gives as ``offer``."""
    stated = to.get("offer").strip()
    if to.lost("viewProduct"):
        reader.warn("listing.external_id", NO_ID, to.place)
    if not stated:
        return None
    if _OFFER_ID.fullmatch(stated) is None:
        reader.warn("listing.external_id", "not a pair of numbers", stated)
        return None
    return reader.stated("listing.external_id", to.place, stated)


def read_page_links(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read the links to offers, vendors and categories, without those in texts of people.

    The decoys for copies of the site stand before ``div.main``.
    """
    main = document.first("div.main") or document.first("div.content")
    if main is not None:
        hrefs = document.hrefs(links_outside(main, IN_TEXTS))
        read_links(hrefs, page, reader, _SHOWS_ON_PROFILE if page.kind == "vendor" else _shows)


def _shows(to: Address, *, profile: bool = False) -> Link | None:
    """Return what an address shows; saved copies wrote ``../listings?…`` for ``/?…``."""
    if to.lost("viewProduct") or to.lost("contactMember"):
        return Link(LOST_LINK, None, to.place)
    query = f"?{to.query}"
    if not to.query or _ACTIONS.search(query) or to.fragment == "conversation":
        return None
    query = _SESSION.sub("", query).rstrip("&")
    script, member = to.script, to.get("member")
    if script == "viewProduct" and _OFFER_ID.fullmatch(to.get("offer")):
        return Link("listing", to.get("offer"), f"/viewProduct{query}")
    if member and (script == "contactMember" or (not script and profile)):
        return Link("vendor", unquote_plus(member), f"/contactMember{query}")
    if category := to.get("category"):
        return Link("search", unquote_plus(category), f"/{query}")
    if script in ("", "listings") and any(to.has(name) for name in ("q", "query", "page")):
        return Link("search", None, f"/{query}")
    return None


_SHOWS_ON_PROFILE = partial(_shows, profile=True)
