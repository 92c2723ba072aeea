"""Dream Market: what all its pages share: sidebars, offer cards, links."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.links import NOWHERE, Address, address
from cryptodrug_scraper.reading.nodes import attribute, class_names, contents, elements, inner
from cryptodrug_scraper.reading.panels import Known, Panel
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.reading.remembered import remembered
from cryptodrug_scraper.records import Category, ExchangeRate, Link, Listing, ParsedPage

OFFER_ID = re.compile(r"\d+\.\d+")

# What the Escrow row and the mark on a card say. "No" is paid at once.
PAYMENT_WORDS = {
    "yes": "escrow",
    "escrow": "escrow",
    "with escrow": "escrow",
    "no": "finalize_early",
    "no escrow": "finalize_early",
    "without escrow": "finalize_early",
    "fe": "finalize_early",
    "finalize early": "finalize_early",
    "50% fe": "partial_escrow",
    "partial": "partial_escrow",
    "partial escrow": "partial_escrow",
    "multisig": "multisig",
    "multisig escrow": "multisig",
}

_BETWEEN_WORDS = re.compile(r"\s*(?:[,/+&]|\band\b|\bor\b)\s*")


# -- the left sidebar: categories -----------------------------------------------------------


@remembered
def _depth(class_names: str) -> int:
    """Return the depth of a category, and -1 for a heading."""
    if "sidebarHeader" in class_names:
        return -1
    found = re.search(r"\bdepth(\d{1,2})\b", class_names)
    return int(found.group(1)) if found else 0


class _Tree(NamedTuple):
    """The category tree: its categories, and the path of the open one."""

    categories: tuple[Category, ...]
    selected: tuple[str, ...]
    is_open: bool


TREE = Panel[_Tree]('<div class="sidebar browse"', "div.sidebar.browse")


def has_open_category(document: Document) -> bool:
    """Say whether a category is open."""
    tree: Known[_Tree] | None = document.known.get(TREE)
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
    categories: list[Category] = []
    seen: set[str] = set()
    levels: list[tuple[int, str]] = []
    selected: tuple[str, ...] = ()
    for node in sidebar.css("div.category, div.sidebarHeader"):
        depth = _depth(attribute(node, "class"))
        if depth < 0:
            levels.clear()
            continue
        link = inner(node, "a")
        name, count = _category_name(link if link is not None else node)
        if not name:
            continue
        while levels and levels[-1][0] >= depth:
            levels.pop()
        levels.append((depth, name))
        path = tuple([level[1] for level in levels])
        if "selected" in class_names(node) and len(path) > len(selected):
            selected = path
        to = address(attribute(link, "href")) if link is not None else NOWHERE
        number = to.get("category")
        if not number and any(to.lost(script) for script in _ROOTS):
            reader.warn("category.external_id", NO_ID, name)
        if not number or number in seen:
            continue
        seen.add(number)
        reader.note("category.name", name, path)
        listed = reader.integer("category.listing_count", count)
        categories.append(Category(number, name, path, listed))
    is_open = sidebar.css_first("div.category.selected") is not None
    return _Tree(tuple(categories), selected, is_open)


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


def read_exchange_rates(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read the panel "฿ Exchange": what one BTC is worth."""
    panel = document.first(RATES.selector)
    header = panel.prev if panel is not None else None  # within the sidebar of categories or beside
    while header is not None and not header.is_element_node:
        header = header.prev
    heading = header.text().strip() if header is not None else ""
    if heading and not re.search(r"^exchange\b|฿|\bBTC\b|\bbitcoin\b", heading, re.I):
        reader.warn("exchange_rate.base", "a base that is not BTC", heading)
        return
    page.exchange_rates += RATES.read(document, reader, lambda p: (_rates(p, reader), True)) or ()


RATES = Panel[tuple[ExchangeRate, ...]](
    '<div class="exchangeRateListing"', "div.exchangeRateListing"
)


def _rates(panel: LexborNode, reader: Reader) -> tuple[ExchangeRate, ...]:
    rates = []
    for row in panel.css("tr"):
        # Newer pages have an empty cell before the code; the chosen currency has no link.
        cells = [text for cell in elements(row) if (text := cell.text().strip())]
        if len(cells) != 2:
            if cells:
                reader.warn("exchange_rate.rate", "not a row of code and rate", " ".join(cells))
            continue
        code, stated = cells
        if code in ("BTC", "mBTC", "mBCH"):
            continue
        if LOST in code:
            reader.warn("exchange_rate.quote", "a code with invalid bytes", " ".join(cells))
            continue
        rate = reader.decimal("exchange_rate.rate", stated)
        if rate is not None:
            rates.append(ExchangeRate("BTC", code, rate))
    return tuple(rates)


# -- cards of offers ------------------------------------------------------------------------


def read_cards(shop: LexborNode, page: ParsedPage, reader: Reader, vendor: str | None) -> None:
    """Read the cards of offers below a node; ``vendor`` is whose they are, on a profile."""
    listing = Listing()
    card = None
    # One walk for all cards: nodes come in page order, so each belongs to the card before it.
    for node in shop.css(".shopItem, .oTitle, .escrowBox, .oOfTextDetail"):
        names = node.attrs.get("class") or ""
        if "shopItem" in names:
            card, listing = node, Listing(vendor=vendor)
            page.listings.append(listing)
        elif card is None:
            continue
        elif "oTitle" in names:
            listing.title = reader.text("listing.title", node.text())
            link = inner(node, "a")
            if link is not None:
                listing.external_id = offer_id(address(attribute(link, "href")), reader)
        elif "escrowBox" in names:
            read_payment(listing, node.text(), reader)
        else:
            for block in elements(node):
                _card_detail(block, listing, reader)
    if card is not None and reader.unfinished(card):
        page.listings.pop()


def _card_detail(block: LexborNode, listing: Listing, reader: Reader) -> None:
    names = block.attrs.get("class") or ""
    if "oPrice" in names:
        reader.price(listing, block.text())
    elif "oVendor" in names:
        link = inner(block, "a")  # a deleted vendor's handle is no link
        handle = block.text().partition("(")[0] if link is None else link.text()
        listing.vendor = reader.text("listing.vendor", handle)
    elif "oShips" in names:
        reader.route(listing, block.text())
    elif "oOrderButton" not in names and (text := block.text().strip()):
        reader.unknown_label("listing", names or block.tag or "", text)


def read_payment(listing: Listing, text: str, reader: Reader) -> None:
    """Set ``payment`` from the words of the Escrow row or of a card's mark."""
    words = " ".join(text.split())
    if not words:
        return
    whole = words.casefold()
    for word in [whole] if whole in PAYMENT_WORDS else _BETWEEN_WORDS.split(whole):
        payment = PAYMENT_WORDS.get(word)
        if payment is None:
            reader.warn("listing.payment", "unknown payment word", words)
        elif payment not in listing.payment:
            listing.payment.append(payment)
        reader.note("listing.payment", words, payment)


_ROOTS = ("index", "listings", "login_page")  # what copies call the address ``/?…``
NO_ID = "its link was rewritten, and has lost the id"


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
    reader.note("listing.external_id", to.place, stated)
    return stated


# -- links ----------------------------------------------------------------------------------

MEMBER = "contactMember"
IN_TEXTS = ":is(pre, .preformattedNotes, .ratingText) a"  # what vendors and buyers wrote

# Addresses that change something, or that hold for one session only.
_ACTIONS = re.compile(r"[?&](?:action|selectCurrency|logout|daymode|\w*[Tt]oken)\b")
_SESSION = re.compile(r"(?<=[?&])(?:ks|transaction|version)=[^&]*&?")


def read_links(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Collect the pages of offers, vendors and categories that this page points to.

    What stands in texts of vendors and buyers is no link of the market's; the decoys for
    copies of the site stand before ``div.main``.
    """
    main = document.first("div.main")
    if main is None:
        main = document.first("div.content")
    if main is None:
        return
    nodes = main.css("a")
    in_texts = {node.mem_id for node in main.css(IN_TEXTS)}
    if in_texts:
        nodes = [node for node in nodes if node.mem_id not in in_texts]
    hrefs = document.hrefs(nodes)
    origin = address(page.url).origin
    found = dict.fromkeys(map(_links_from(page.kind, origin), hrefs))
    page.links.extend([link for link in found if isinstance(link, Link)])
    lost = [place for place in found if isinstance(place, str)]
    if lost:
        reader.warn("links", f"{len(lost)} were rewritten, and have lost their ids", min(lost))


@lru_cache(8)
def _links_from(kind: str, origin: str) -> Callable[[str], Link | str | None]:
    """Return what tells where an address leads that stands on a page of this kind and origin."""

    @remembered
    def link(href: str) -> Link | str | None:
        return _link(href, kind, origin)

    return link


def _link(href: str, kind: str, origin: str) -> Link | str | None:
    """Return what an address leads to, or None; it is absolute where the link or the page is.

    Saved copies wrote ``../listings?…`` or ``../login_page?…`` for ``/?…``. A link that has
    lost its id gives its place.
    """
    to = address(href)
    if to.lost("viewProduct") or to.lost(MEMBER):
        return to.place
    asked = f"?{to.query}"
    if not to.query or _ACTIONS.search(asked) or to.fragment == "conversation":
        return None
    if to.origin and origin and to.origin != origin:
        return None
    query = _SESSION.sub("", asked)[1:].rstrip("&")
    script, category = to.script, to.get("category")
    member = to.get("member")
    if script == "viewProduct" and OFFER_ID.fullmatch(to.get("offer")):
        what, external_id = "listing", to.get("offer")
    elif member and (script == MEMBER or (not script and kind == "vendor")):
        what, external_id, script = "vendor", unquote_plus(member), MEMBER
    elif category:
        what, external_id, script = "search", unquote_plus(category), ""
    elif script in ("", "listings") and any(to.has(name) for name in ("q", "query", "page")):
        return Link("search", None, f"{to.origin or origin}/?{query}")
    else:
        return None
    return Link(what, external_id, f"{to.origin or origin}/{script}?{query}")
