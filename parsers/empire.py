"""Empire Market (2018 to 2020): which pages are its, what kind they are, how they are read."""

from __future__ import annotations

import re
from datetime import date

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.links import address
from cryptodrug_scraper.reading.market import Kind, Market
from cryptodrug_scraper.reading.nodes import class_names, words
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.reading.walls import not_there, refresh_target, server_page
from cryptodrug_scraper.records import ParsedPage
from parsers.empire_listing import read_cards, read_listing
from parsers.empire_page import (
    COUNTRIES,
    MENU,
    footer_of,
    main_part,
    read_categories,
    read_clock,
    read_page_links,
    read_rates,
)
from parsers.empire_vendor import read_profile

_TITLE = re.compile(r"empire market(?:\s+-(?:\s|$)|$)", re.I)
_COPYRIGHT = re.compile(r"copyright\s+(?:©|\(c\))?\s*\d{4}\s+empire market\b", re.I)
_LOGIN_PATH = re.compile(r"/index/login\b", re.I)
_BROKEN = re.compile(r"a database error occurred|an error was encountered|a php error was", re.I)
_WAITING = re.compile(r"ddos|captcha|queue|waiting room|please wait|checking your browser", re.I)
_OFFERS = re.compile(r"/(?:category/categories|home/searchproducts|search|store)(?:[/?]|$)", re.I)


_KINDS = {
    "listDes": Kind("listing", "it has a listing's block of facts"),
    "seth1": Kind("vendor", "it has a user profile's head"),
    "user_info": Kind("vendor", "it has a user profile's head"),
    "col-1search": Kind("search", "it has cards of offers"),
    "feature-listing": Kind("index", "it has the home page's featured listings"),
}
_BLOCKS = "div:is(.listDes, .user_info, .col-1search, .feature-listing), h1.seth1"

_PHRASES = (
    "Sold by", "Bulk Discount", "Bulk Discounts", "Origin country", "Ships to",
    "Product class", "Quantity left", "Ends in", "Features", "Payment", "Escrow", "Multisig",
    "Finalize early", "Never", "Unlimited", "Purchase price", "Buy price", "Physical package",
    "Digital", "Description", "Refund policy", "Feedback", "Views", "Sales", "sold since",
    "Vendor level", "Trust level", "Trusted", "Verified", "Member since", "Last online",
    "Positive", "Neutral", "Negative", "Since join", "Positive feedback", "Negative feedback",
    "Neutral feedback", "Left feedback", "Feedback left", "Total disputes", "Total purchases",
    "Total spendings", "Stealth", "Quality", "Value price", "Market positive feedback",
    "Autoshop positive feedback", "Server time", "Banned", "From qty", "per item", "days",
    "About", "PGP", "Buyer", "Date", "Price", "does not exist", "not found", "Exchange rates",
    "Empire Market",
)  # fmt: skip
"""Words by which pages are read; where they are damaged, what stands beside them is not read."""


def recognises(document: Document) -> bool:
    """Say whether a page is Empire's: by its frame, its title with it, or its login address.

    Marks are looked for in elements only, which no vendor's text can hold.
    """
    if document.first(".sub_head_inner_header") is not None:
        return True
    if _TITLE.match(document.title) and document.first(
        '.body-content, .img-logo, .sm-nav, .footer, .login-page, link[href*="/public/css/"]'
    ):
        return True
    footer = footer_of(document)
    if footer is not None and _COPYRIGHT.search(words(footer)):
        return True
    target = refresh_target(document)
    return target is not None and _LOGIN_PATH.search(target) is not None


def kind_of(document: Document, url: str | None) -> Kind:
    """Tell what a page is, and by what."""
    block = main_part(document).css_first(_BLOCKS)
    for name in class_names(block) if block is not None else ():
        if name in _KINDS:
            return _KINDS[name]
    return _kind_of_wall(document) or _kind_by_frame(document, url)


def _kind_of_wall(document: Document) -> Kind | None:
    form = document.first('form[action*="/index/login"], form[action$="/login"], .login-page form')
    if form is not None and form.css_first('input[type="password" i]') is not None:
        return Kind("login", "it has the login form")
    if (wall := server_page(document)) is not None:
        return wall
    heading = document.first("h1")
    broken = _BROKEN.search(words(heading)) if heading is not None else None
    if broken:
        return Kind("error", f"the market's own error page: {broken.group()}", by_absence=True)
    if form is not None:
        return Kind("login", "it has the login form without its password", by_absence=True)
    return None


def _kind_by_frame(document: Document, url: str | None) -> Kind:
    """Tell pages that lack what they are about: empty searches, messages, captchas."""
    path = document.first(".sub_head_inner_header")
    content = document.first(".right-content") or document.tree.body
    text = words(content)[:600] if content is not None else ""
    if path is not None and path.css_first("i.fa-search-plus, i.fa-search") is not None:
        return Kind("search", "its path is that of a search, without cards", by_absence=True)
    if gone := not_there([text], longest=600):
        return gone
    if path is not None and path.css_first("i.fa-home") is not None:
        return Kind("index", "its path is the home page's", by_absence=True)
    if path is not None and _OFFERS.search(address(url).place):
        return Kind("search", "its address is that of a page of offers", by_absence=True)
    if document.title.casefold() == "empire market - home":
        return Kind("index", "its title is the home page's", by_absence=True)
    captcha = document.first('input[name*="captcha" i], img[src*="captcha" i]') is not None
    waiting = captcha or _WAITING.search(text[:400]) or _WAITING.search(document.title)
    if waiting and document.first(".right-content") is None:
        reason = f"a waiting page or captcha: {(document.title or text)[:80]}"
        return Kind("challenge", reason, by_absence=True)
    return Kind("unknown", "none of the blocks that tell a kind is on it")


def read(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read all that the page states."""
    read_clock(document, page, reader)
    read_rates(document, page, reader)
    read_categories(document, page, reader)
    main = main_part(document)
    if page.kind == "listing":
        read_listing(document, main, page, reader)
    elif page.kind == "vendor":
        read_profile(document, main, page, reader)
    read_cards(main, page, reader)
    read_page_links(document, main, page, reader)
    for countries in COUNTRIES:
        countries.skip(document, reader)


MARKET = Market(
    name="empire",
    title="Empire Market",
    also_called=("EM", "Empire DNM"),
    opened_on=date(2018, 2, 1),
    closed_on=date(2020, 8, 23),
    review_amounts="unknown",  # what was paid; shipping is a surcharge ("USD + 8.00 / order")
    unclosed={"login": ".footer"},
    panels=(MENU, *COUNTRIES),
    recognises=recognises,
    kind_of=kind_of,
    read=read,
    healthy={
        "listing": {
            "external_id": 1.0,
            "title": 0.99,
            "vendor": 0.99,
            "category": 0.95,
            "description": 0.98,
            "price": 0.98,
            "shipping_options": 0.9,
            "ships_from": 0.95,
            "ships_to": 0.95,
            "payment": 0.98,
            "product_class": 0.98,
            "sold": 0.98,
        },
        "vendor": {
            "handle": 1.0,
            "sales": 0.98,
            "trust_level": 0.95,
            "joined_on": 0.98,
            "positive_percent": 0.9,
            "feedback_counts": 0.95,
            "last_active_on": 0.9,
        },
        "search": {"external_id": 1.0, "title": 0.99, "vendor": 0.98, "price": 0.98, "views": 0.95},
        "index": {"external_id": 1.0, "title": 0.99, "price": 0.95},
    },
    phrases=_PHRASES,
)
