"""Dream Market (2013-2019): which pages are its own, what kind they are, what they state."""

from __future__ import annotations

import re
from datetime import date

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.links import address
from cryptodrug_scraper.reading.market import Kind, Market
from cryptodrug_scraper.reading.nodes import attribute, words
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.reading.walls import gateway_error, not_there, refreshes
from cryptodrug_scraper.records import ParsedPage
from parsers.dream_listing import read_listing_page
from parsers.dream_page import (
    RATES,
    TREE,
    has_open_category,
    read_cards,
    read_categories,
    read_exchange_rates,
    read_page_links,
)
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
    "Vendor", "Price", "Escrow", "No escrow", "Ships to", "Ships from", "Join date",
    "Last active", "Trusted", "Trust?", "FE enabled", "Product description",
    "Terms and conditions", "Rating", "Ratings", "Yes", "Today", "Verified", "Worldwide",
    "Quantity", "Cryptocurrency", "Banned", "Suspended", "Username", "Profile", "News",
    "Maintenance", "rating on", "total sales", "satisfaction", "more ratings",
    "You have been logged in elsewhere", "logged out", "not found", "does not exist", "out of",
    "stars", "vendor feedback", "Newer than", "Older", "month", "months",
)  # fmt: skip
"""Words by which pages are read; where they are damaged, what stands beside them is not read."""

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
    if has_open_category(document):
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
    text = words(document.tree.body) if document.tree.body is not None else ""
    if len(text) < 5000 and (message := _LOGGED_OUT.search(text)):
        return Kind("login", f"it says: {message.group()}", by_absence=True)
    if error := gateway_error(document):
        return Kind("error", f"a server's error page: {error}", by_absence=True)
    if refreshes(document):
        return Kind("challenge", "it sends the browser on by a meta refresh", by_absence=True)
    if document.first("img.captcha, input[name*=captcha i]") is not None:
        return Kind("challenge", "it asks for a captcha", by_absence=True)
    return Kind("unknown", "")


# -- records --------------------------------------------------------------------------------


def read(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Fill the page: the sidebars, which most pages have, then what its kind states."""
    if page.kind in ("login", "challenge", "error"):
        return
    category = read_categories(document, page, reader)
    read_exchange_rates(document, page, reader)
    read_page_links(document, page, reader)
    if page.kind == "listing":
        read_listing_page(document, page, reader, category)
    elif page.kind == "vendor":
        read_vendor_page(document, page, reader)
    elif page.kind in ("search", "index"):
        shop = document.first("div.content") or document.first("div.shop")
        if shop is not None:
            read_cards(shop, page, reader, None)


MARKET = Market(
    name="dream",
    title="Dream Market",
    also_called=("DM", "Dream Marketplace"),
    opened_on=date(2013, 11, 1),
    closed_on=date(2019, 4, 30),
    closing_announced_on=date(2019, 3, 26),
    review_amounts="unknown",  # "~" and an amount; no page says if it holds shipping
    panels=(TREE, RATES),
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
