"""Dream Market (2013-2019): which pages are its own, what kind they are, what they state."""

from __future__ import annotations

import re
from datetime import date

from cryptodrug_scraper.reading.document import Document, fold
from cryptodrug_scraper.reading.links import address
from cryptodrug_scraper.reading.market import Kind, Market
from cryptodrug_scraper.reading.nodes import attribute
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.reading.walls import refreshes
from cryptodrug_scraper.records import ParsedPage
from parsers.dream_listing import read_listing_page
from parsers.dream_page import (
    RATES,
    TREE,
    has_open_category,
    read_cards,
    read_categories,
    read_exchange_rates,
    read_links,
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

_NOT_FOUND = re.compile(
    r"(?:this |the )?(?:listing|offer|product|item|page|member|vendor|seller|user)"
    r" (?:was |is |has been |could )?(?:not (?:be )?found|(?:does not|doesn't) exist|deleted|"
    r"no longer (?:exists|available))\W*",
    re.I,
)
_LOGGED_OUT = re.compile(
    r"you have been logged (?:in elsewhere|out)|your session (?:has |is )?expired", re.I
)
_GATEWAY = re.compile(
    r"\W*(?:error\s*)?5\d\d\b.{0,80}|.{0,60}\b(?:bad gateway|gateway time-?out"
    r"|internal server error|service (?:temporarily )?unavailable|origin is unreachable"
    r"|web server is down"
    r"|connection timed out)\b.{0,40}",
    re.I,
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
    if bare:
        title = block.css_first("div.title")
        if title is not None and _NOT_FOUND.fullmatch(fold(title.text())):
            return Kind("not_found", f"its heading says: {fold(title.text())}", by_absence=True)
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
    words = fold(title.text()) if title is not None else ""
    if re.search(r"\(\d+\)$", words) or document.title.startswith(("Category", "Search")):
        return Kind("search", f"offers, and its heading counts them: {words}")
    asked = document.first('div.offerFilter input[name="q"], div.searchWrap input[name="q"]')
    if asked is not None and attribute(asked, "value").strip():
        return Kind("search", "offers, and the search field is filled")
    pages = document.first("ul.pageNav a.activePage")
    if pages is not None and pages.text().strip() != "1":
        return Kind("search", "offers, and it is not the first page of them")
    return Kind("index", "offers, and no category or search is open", by_absence=True)


def _wall(document: Document) -> Kind:
    if document.first('form[action*="verifyHuman"], form div.ddos') is not None:
        return Kind("challenge", "it has the form of the DDOS protection")
    if document.first("div.login") is not None or document.title.startswith("Dream Market Login"):
        return Kind("login", "it has the login form")
    content = document.first("div.content")
    for node in content.css("div.title, h1, h2") if content is not None else ():
        if _NOT_FOUND.fullmatch(fold(node.text())):
            return Kind("not_found", f"its heading says: {fold(node.text())}", by_absence=True)
    if _NOT_FOUND.fullmatch(document.title):
        return Kind("not_found", f"its title says: {document.title}", by_absence=True)
    if (
        content is not None
        and document.first('div.headNavitems :is(a[href*="logout"], .cart)') is not None
    ):
        if document.title == "Welcome" or content.css_first("a.likeSubmit") is not None:
            return Kind("index", "the page before the market, with news and a link that goes on")
        if document.title.startswith("Dream Market"):
            return Kind("index", "signed in, and its title is the market's name", by_absence=True)
        return Kind("unknown", "")
    body = document.tree.body
    words = body.text() if body is not None else ""
    if len(words) < 5000 and (said := _LOGGED_OUT.search(fold(words))):
        return Kind("login", f"it says: {said.group()}", by_absence=True)
    heading = document.first("h1")
    for said_above in (document.title, fold(heading.text()) if heading is not None else ""):
        if said_above and _GATEWAY.fullmatch(said_above):
            return Kind("error", f"its heading says: {said_above}", by_absence=True)
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
    read_links(document, page, reader)
    if page.kind == "listing":
        read_listing_page(document, page, reader, category)
    elif page.kind == "vendor":
        read_vendor_page(document, page, reader)
    elif page.kind in ("search", "index"):
        shop = document.first("div.content")
        if shop is None:
            shop = document.first("div.shop")
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
