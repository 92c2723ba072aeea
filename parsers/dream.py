"""Dream Market (2013-2019): which pages are its own, what kind they are, what all of them share."""

from __future__ import annotations

import re
from datetime import date
from functools import partial
from typing import NamedTuple
from urllib.parse import unquote_plus

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.links import LOST_LINK, Address, address, read_links
from cryptodrug_scraper.reading.market import Kind, Market
from cryptodrug_scraper.reading.nodes import (
    attribute,
    elements,
    inner,
    links_outside,
    preceding,
    words,
)
from cryptodrug_scraper.reading.panels import CachedPanel, PanelContent
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.reading.walls import gateway_error, not_there, refreshes
from cryptodrug_scraper.records import Category, ExchangeRate, Link, ParsedPage
from parsers.dream_offer import IN_TEXTS, NO_ID, OFFER_ID, read_cards, read_listing_page
from parsers.dream_vendor import read_vendor_page

# Marks that vendors cannot write: attributes and the frame of the page. Any one will do.
# One :is() costs a page of another market a third of what ten selectors do.
_MARKS = (
    'link[href$="marketstyle.css"], form[action*="verifyHuman"], '
    "div:is([artumm], .youHaveBeenPhished, #converterForCharacters, "
    ":is(.main, .naviHeader) .headNavitems, .viewProduct .tabularDetails, "
    ".contactMember .profileNotes, .shopItem .oTitle)"
)
_TITLES = ("Dream Market Login", "Dream Market - DDOS Protection", "Dream Market - Featured")


def recognises(document: Document) -> bool:
    """Say whether a page is of Dream Market: its style sheet, decoys, navigation or title."""
    return document.first(_MARKS) is not None or document.title.startswith(_TITLES)


_PHRASES = (
    "Trust?", "Product description", "Terms and conditions", "Rating", "Ratings", "Quantity",
    "Cryptocurrency", "Username", "Profile", "News", "more ratings", "vendor feedback",
    "You have been logged in elsewhere", "logged out", "Newer than", "Older", "month", "months",
    "stars",
)  # fmt: skip
"""The market's own words: where they are damaged, what stands beside them is not read."""

# -- kinds ----------------------------------------------------------------------------------

_LOGGED_OUT = re.compile(
    r"you have been logged (?:in elsewhere|out)|your session (?:has |is )?expired", re.I
)


def kind_of(document: Document, url: str | None) -> Kind:
    """Tell a page's kind from its main block; a page without one is a wall or none of these."""
    block = document.first("div.viewProduct, div.contactMember, div.shop, div.shopItem")
    if block is None:
        return _wall(document)
    name = attribute(block, "class")
    if "shop" in name:
        return _page_of_offers(document, url)
    bare = block.css_first("div.tabularDetails") is None  # what does not exist has no details
    if bare and (title := block.css_first("div.title")) and (gone := not_there([words(title)])):
        return gone
    if "viewProduct" in name:
        return Kind("listing", "it has a div.viewProduct", by_absence=bare)
    return Kind("vendor", "it has a div.contactMember", by_absence=bare)


def _page_of_offers(document: Document, url: str | None) -> Kind:
    """Tell a category or a search from the market's front page, which shows offers too."""
    if re.search(r"[?&](?:category|q|query|page)=\w", f"?{address(url).query}"):
        return Kind("search", "offers, and its address names a category, a search or a page")
    if _has_open_category(document):
        return Kind("search", "offers, and a category is open")
    title = document.first("div.shop > div.title")
    counted = title is not None and re.search(r"\(\d+\)$", words(title))
    if counted or document.title.startswith(("Category", "Search")):
        return Kind("search", "offers, and its heading counts or names them")
    query = document.first(':is(div.offerFilter, div.searchWrap) input[name="q"]')
    if query is not None and attribute(query, "value").strip():
        return Kind("search", "offers, and the search field is filled")
    pages = document.first("ul.pageNav a.activePage")
    if pages is not None and words(pages) != "1":
        return Kind("search", "offers, and it is not the first page of them")
    return Kind("index", "offers, and no category or search is open", by_absence=True)


def _wall(document: Document) -> Kind:
    if document.first('form[action*="verifyHuman"], form div.ddos') is not None:
        return Kind("challenge", "it has the form of the DDOS protection")
    if document.first("div.login") is not None or document.title.startswith("Dream Market Login"):
        return Kind("login", "it has the login form")
    content = document.first("div.content")
    headings = content.css("div.title, h1, h2") if content is not None else ()
    if gone := not_there([*map(words, headings), document.title]):
        return gone
    signed_in = document.first('div.headNavitems :is(a[href*="logout"], .cart)') is not None
    if content is not None and signed_in:
        if document.title == "Welcome" or content.css_first("a.likeSubmit") is not None:
            return Kind("index", "the page before the market, with news and a link that goes on")
        if document.title.startswith("Dream Market"):
            return Kind("index", "signed in, and its title is the market's name", by_absence=True)
        return Kind("unknown", "")
    text = words(document.content)
    if len(text) < 5000 and (message := _LOGGED_OUT.search(text)):
        return Kind("login", f"it says: {message.group()}", by_absence=True)
    if error := gateway_error(document):
        return Kind("error", f"a server's error page: {error}", by_absence=True)
    if refreshes(document):
        return Kind("challenge", "it sends the browser on by a meta refresh", by_absence=True)
    if document.first("img.captcha, input[name*=captcha i]") is not None:
        return Kind("challenge", "it asks for a captcha", by_absence=True)
    return Kind("unknown", "")


# -- the left sidebar: categories -----------------------------------------------------------


class _Tree(NamedTuple):
    """The category tree: its categories, and the path of the open one."""

    categories: tuple[Category, ...]
    selected: tuple[str, ...]
    is_open: bool


_DEPTH = re.compile(r"\bdepth(\d{1,2})\b")
_ROOTS = ("index", "listings", "login_page")  # what copies call the address ``/?…``
_TREE = CachedPanel[_Tree]('<div class="sidebar browse"', "div.sidebar.browse")


def _has_open_category(document: Document) -> bool:
    """Say whether a category is open."""
    tree: PanelContent[_Tree] | None = document.known.get(_TREE)
    if tree is not None and tree.value.is_open:
        return True
    return document.first("div.category.selected") is not None


def _read_categories(document: Document, page: ParsedPage, reader: Reader) -> list[str]:
    """Read the category tree; return the path of the open category (``[]`` if none is)."""
    tree = _TREE.read(document, reader, lambda sidebar: (_tree(sidebar, reader), True))
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
        names = attribute(node, "class")
        if "sidebarHeader" in names:
            levels.clear()
            continue
        shown = inner(node, "a") or node
        amount = shown.css_first("span.amount")
        count = words(amount) if amount is not None else ""
        name = words(shown).removesuffix(count).rstrip()
        if not name:
            continue
        match = _DEPTH.search(names)
        depth = int(match[1]) if match else 0
        levels = [*(level for level in levels if level[0] < depth), (depth, name)]
        path = tuple([level[1] for level in levels])
        if "selected" in names.split() and len(path) > len(selected):
            selected = path
        to = address(attribute(shown, "href"))
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


# -- the exchange rates ---------------------------------------------------------------------

_RATES = CachedPanel[tuple[ExchangeRate, ...]](
    '<div class="exchangeRateListing"', "div.exchangeRateListing"
)


def _read_exchange_rates(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read the panel "฿ Exchange": what one BTC is worth."""
    panel = document.first(_RATES.selector)
    header = next(preceding(panel), None) if panel is not None else None
    heading = words(header) if header is not None else ""
    if heading and not re.search(r"^exchange\b|฿|\bBTC\b|\bbitcoin\b", heading, re.I):
        reader.warn("exchange_rate.base", "a base that is not BTC", heading)
        return
    page.exchange_rates += _RATES.read(document, reader, lambda p: (_rates(p, reader), True)) or ()


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


# -- links ----------------------------------------------------------------------------------


# Addresses that change something, or that hold for one session only.
_ACTIONS = re.compile(r"[?&](?:action|selectCurrency|logout|daymode|\w*[Tt]oken)\b")
_SESSION = re.compile(r"(?<=[?&])(?:ks|transaction|version)=[^&]*&?")


def _read_page_links(document: Document, page: ParsedPage, reader: Reader) -> None:
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
    if script == "viewProduct" and OFFER_ID.fullmatch(to.get("offer")):
        return Link("listing", to.get("offer"), f"/viewProduct{query}")
    if member and (script == "contactMember" or (not script and profile)):
        return Link("vendor", unquote_plus(member), f"/contactMember{query}")
    if category := to.get("category"):
        return Link("search", unquote_plus(category), f"/{query}")
    if script in ("", "listings") and any(to.has(name) for name in ("q", "query", "page")):
        return Link("search", None, f"/{query}")
    return None


_SHOWS_ON_PROFILE = partial(_shows, profile=True)


# -- records --------------------------------------------------------------------------------


def read(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Fill the page: the sidebars, which most pages have, then what its kind states."""
    if page.kind in ("login", "challenge", "error"):
        return
    category = _read_categories(document, page, reader)
    _read_exchange_rates(document, page, reader)
    _read_page_links(document, page, reader)
    if page.kind == "listing" and (product := document.first("div.viewProduct")):
        read_listing_page(document, product, page, reader, category)
    elif page.kind == "vendor" and (member := document.first("div.contactMember")):
        handle = read_vendor_page(document, member, page, reader)
        read_cards(member, page, reader, handle)
    elif page.kind in ("search", "index"):
        read_cards(document.first("div.content") or document.first("div.shop"), page, reader)


MARKET = Market(
    name="dream",
    title="Dream Market",
    also_called=("DM", "Dream Marketplace"),
    opened_on=date(2013, 11, 1),
    closed_on=date(2019, 4, 30),
    closing_announced_on=date(2019, 3, 26),
    review_amounts="unknown",  # "~" and an amount; no page says if it holds shipping
    panels=(_TREE, _RATES),
    recognises=recognises,
    kind_of=kind_of,
    read=read,
    healthy={
        "listing": {
            "external_id": 0.99,
            "title": 0.99,
            "vendor": 0.99,
            "price": 0.98,
            "ships_from": 0.9,
            "ships_to": 0.9,
            "payment": 0.98,
            "description": 0.95,
            "category": 0.95,
        },
        "vendor": {"handle": 1.0, "sales": 0.9, "joined_on": 0.95, "last_active_on": 0.95},
        "search": {"external_id": 0.99, "title": 0.99, "price": 0.98, "vendor": 0.9},
    },
    phrases=_PHRASES,
)
