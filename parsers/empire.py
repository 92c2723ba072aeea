"""Empire Market (2018 to 2020): which pages are its, what kind they are, how they are read."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.links import LOST_LINK, Address, address, mirror_base, read_links
from cryptodrug_scraper.reading.market import Kind, Market
from cryptodrug_scraper.reading.nodes import (
    attribute,
    children,
    class_names,
    elements,
    following,
    links_outside,
    own_text,
    text_before,
    words,
)
from cryptodrug_scraper.reading.panels import CachedPanel
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.reading.walls import not_there, refresh_target, server_page
from cryptodrug_scraper.records import Category, ExchangeRate, Link, ParsedPage
from parsers.empire_listing import category_id, read_cards, read_listing
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
    "Sold by", "Bulk Discount", "Bulk Discounts", "Features", "Purchase price", "Buy price",
    "Description", "Refund policy", "Feedback", "sold since", "Positive", "Neutral", "Negative",
    "Since join", "Positive feedback", "Negative feedback", "Neutral feedback", "Left feedback",
    "Feedback left", "Total disputes", "Total purchases", "Total spendings", "Stealth", "Quality",
    "Value price", "Market positive feedback", "Autoshop positive feedback", "Server time",
    "From qty", "per item", "days", "About", "PGP", "Buyer", "Date", "Exchange rates",
    "Empire Market",
)  # fmt: skip
"""The market's own words: where they are damaged, what stands beside them is not read."""


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
    footer = _footer_of(document)
    if footer is not None and _COPYRIGHT.search(words(footer)):
        return True
    return _LOGIN_PATH.search(refresh_target(document) or "") is not None


def kind_of(document: Document, url: str | None) -> Kind:
    """Tell what a page is, and by what."""
    block = _main_part(document).css_first(_BLOCKS)
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
    if heading is not None and (broken := _BROKEN.search(words(heading))):
        return Kind("error", f"the market's own error page: {broken.group()}", by_absence=True)
    if form is not None:
        return Kind("login", "it has the login form without its password", by_absence=True)
    return None


def _kind_by_frame(document: Document, url: str | None) -> Kind:
    """Tell pages that lack what they are about: empty searches, messages, captchas."""
    path = document.first(".sub_head_inner_header")
    text = words(document.first(".right-content") or document.content)[:600]
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


# -- the frame of a page ---------------------------------------------------------------------

_CLOCK = re.compile(r"server\s+time\s*:\s*([^\n]{0,80}?)\s*(?:\n|copyright|$)", re.I)


def _main_part(document: Document) -> LexborNode:
    """Return the right column, which holds what a page is about; else the whole page.

    The menu beside it makes up most of a page: what is looked for in this part only is
    found many times faster. Where broken nesting has let something out, nothing is left out.
    """
    column = outer = document.first(".right-content")
    while outer is not None and outer.tag != "body":
        if any("footer" not in class_names(beside) for beside in following(outer)):
            column = None
        outer = outer.parent
    return column or document.content


def _footer_of(document: Document) -> LexborNode | None:
    """Return the footer; it mostly ends the page, and is found soonest from its end."""
    blocks = elements(document.content)
    is_last = bool(blocks) and "footer" in class_names(blocks[-1])
    return blocks[-1] if is_last else document.first(".footer")


def _read_clock(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Set the page's time from the footer's "Server time: Friday, Sep 27, 2019 22:46:36"."""
    footer = _footer_of(document)
    text = reader.at(footer).text()[:2000] if footer is not None else ""
    if match := _CLOCK.search(text):
        page.page_time = reader.page_clock(match[1])
    elif LOST in text:
        reader.warn("page_time", "a footer with invalid bytes", text)


# -- exchange rates --------------------------------------------------------------------------

_CODE = re.compile(r"\(\s*([A-Za-z]{3,5})\s*\)\s*$")


def _read_rates(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read the left column's rates, a block for each coin.

    The strip at the top (``.sm-nav``) repeats the bitcoin block without naming a coin; pages
    with the search form in the left column have the strip only, and state no pair.
    """
    for block in document.css("div.statistics"):
        heading = next(children(block, "h3"), None)
        name = own_text(heading) if heading is not None else ""
        base = _CODE.search(name)
        if base is None:  # statistics of the buyer; the note on how the rates are made
            if LOST in name:
                reader.warn("exchange_rate.base", "a coin with invalid bytes", name)
            continue
        for row in children(block, "p"):
            quote = _CODE.search(own_text(row).strip())
            figure = next(children(row, "span"), None)
            if quote is not None and figure is not None:
                rate = reader.decimal("exchange_rate.rate", reader.at(figure).text())
                if rate is not None and base[1].upper() != quote[1].upper():
                    page.exchange_rates.append(ExchangeRate(base[1], quote[1], rate))
            elif figure is not None and LOST in own_text(row):
                reader.warn("exchange_rate.quote", "a code with invalid bytes", row.text())


# -- categories ------------------------------------------------------------------------------

_MENU = CachedPanel[tuple[Category, ...]]('<ul class="mainmenu"', "ul.mainmenu")
# The search form lists all countries twice: a third of a page's elements, which state nothing.
_COUNTRIES = tuple(
    CachedPanel[None](f'<select style="width:75%" name="{name}"', f'select[name="{name}"]')
    for name in ("origin", "ship")
)


def _categories(
    menu: LexborNode, url: str | None, reader: Reader
) -> tuple[tuple[Category, ...], bool]:
    """Read the menu of the left column; say whether its links tell by themselves where they lead.

    In a mirror, the page's own address tells that: such a menu is no other page's.
    """
    categories = []
    alone = True
    paths: dict[int, tuple[str, ...]] = {}  # of the items before, by the ``li`` that holds them
    for link in menu.css("a"):
        href = attribute(reader.at(link), "href")
        alone = alone and category_id(href, None) is not None
        number = category_id(href, url)
        counts = list(children(link, "span"))[-1:]
        stated = text_before(counts[0]) if counts else own_text(link)
        if number is None:
            reader.unknown_label("category.external_id", stated)
            continue
        name = reader.text("category.name", stated)
        item = link.parent
        if name is None or item is None:
            continue
        around = item.parent.parent if item.parent is not None else None
        path = (*paths.get(around.mem_id if around is not None else 0, ()), name)
        paths[item.mem_id] = path
        listed = reader.integer("category.listing_count", "".join(map(words, counts)))
        categories.append(Category(number, name, path, listed))
    return tuple(categories), alone


# -- links -----------------------------------------------------------------------------------

# What an address of the market shows. The tabs of listings and profiles are kept in the
# session, and have addresses of their own all the same: a crawl has to visit them.
_ADDRESSES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"/product/(\d+)(?:/\d+)*/?", re.I), "listing"),
    (re.compile(r"/product_list/settab/(\d+)(?:/\w+)*/?", re.I), "listing"),
    (re.compile(r"/u/([^/?#]+)/?", re.I), "vendor"),
    (re.compile(r"/profile/setusertab/\w+/[^/?#]+(?:/\d*)?()", re.I), "vendor"),
    (re.compile(r"/category/categories/(\d+)(?:/\w*)*", re.I), "search"),
    (re.compile(r"/store/[^/?#]+(?:/\d*)*()", re.I), "search"),
    (re.compile(r"/(?:home/searchproducts|search)(?:/[^?#]+|/?\?[^#]*=[^&#].*)()", re.I), "search"),
)
_LOST_SEARCH = re.compile(r"/(?:home/searchproducts|search)/?[0-9a-f]{4}", re.I)
_VENDORS_WORDS = (
    "#desc_prod, .tabcontent > p, .feedback_msg, .tabcontent_user_feedback > :is(p, pre)"
)


def _read_links(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read the links to listings, vendors and pages of offers, without those in vendors' words.

    The addresses of a profile's tabs do not name the vendor whose they are.
    """
    style = document.first('link[href*="/public/css/"]') or document.first('a[href$="/home"]')
    own = address(attribute(style, "href")).origin if style is not None else ""
    hrefs = document.hrefs(links_outside(document.content, _VENDORS_WORDS))
    base = mirror_base(hrefs, page.url, reader)
    read_links(hrefs, page, reader, _shows, base=base, other_host=own.partition("//")[2])
    for at, link in enumerate(page.links) if page.kind == "vendor" else ():
        if link.kind == "vendor" and not link.external_id:
            page.links[at] = link._replace(external_id=page.vendors[0].handle)


def _shows(to: Address) -> Link | None:
    """Return what an address shows: a listing, a vendor, a vendor's tab, a page of offers."""
    for pattern, kind in _ADDRESSES:
        if match := pattern.fullmatch(to.place):
            return Link(kind, unquote(match[1]) or None, to.place)
    return Link(LOST_LINK, None, to.place) if _LOST_SEARCH.fullmatch(to.path) else None


# -- reading ---------------------------------------------------------------------------------


def read(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read all that the page states."""
    _read_clock(document, page, reader)
    _read_rates(document, page, reader)
    menu = _MENU.read(document, reader, lambda menu: _categories(menu, page.url, reader))
    page.categories += menu or ()
    main = _main_part(document)
    if page.kind == "listing":
        read_listing(document, main, page, reader)
    elif page.kind == "vendor":
        read_profile(document, main, page, reader)
    read_cards(main, page, reader)
    _read_links(document, page, reader)
    for countries in _COUNTRIES:
        countries.skip(document, reader)


MARKET = Market(
    name="empire",
    title="Empire Market",
    also_called=("EM", "Empire DNM"),
    opened_on=date(2018, 2, 1),
    closed_on=date(2020, 8, 23),
    review_amounts="unknown",  # what was paid; shipping is a surcharge ("USD + 8.00 / order")
    unclosed={"login": ".footer"},
    panels=(_MENU, *_COUNTRIES),
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
