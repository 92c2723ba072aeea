"""Empire Market: the blocks that surround every page (path, rates, menu, clock, links)."""

from __future__ import annotations

import re
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.document import Document, block_text
from cryptodrug_scraper.reading.links import (
    LOST_LINK,
    Address,
    address,
    mirror_base,
    path_of,
    read_links,
)
from cryptodrug_scraper.reading.memoize import memoized
from cryptodrug_scraper.reading.nodes import (
    attribute,
    children,
    class_names,
    contents,
    elements,
    following,
    links_outside,
    own_text,
    text_before,
    topmost,
    words,
)
from cryptodrug_scraper.reading.panels import CachedPanel
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Category, ExchangeRate, Link, ParsedPage

# -- the main part ---------------------------------------------------------------------------


def main_part(document: Document) -> LexborNode:
    """Return the right column, which holds what a page is about; else the whole page.

    The menu beside it makes up most of a page: what is looked for in this part only is
    found many times faster. Where broken nesting has let something out, nothing is left out.
    """
    column = outer = document.first(".right-content")
    while outer is not None and outer.tag != "body":
        if any("footer" not in class_names(beside) for beside in following(outer)):
            column = None
        outer = outer.parent
    main = column or document.tree.body or document.tree.root
    if main is None:  # lexbor gives every document one
        raise ValueError("a page without elements")
    return main


def read_path(document: Document, url: str | None) -> list[tuple[str | None, str]]:
    """Return the page's path (category id or None, name): "Drugs", "Benzos", "Pills"."""
    head = document.first(".sub_head_inner_header")
    links = topmost(head, "h3 a") if head is not None else []
    return [(_category_id(attribute(link, "href"), url), words(link)) for link in links]


_TAB = re.compile(r"/(?:settab/\d+(?:/\d+)*|setusertab)/([a-z_]+)", re.I)
_TABS = {
    "description": "desc",
    "refund policy": "refund",
    "positive feedback": "p_feedback",
    "negative feedback": "n_feedback",
    "neutral feedback": "c_feedback",
    "left feedback": "l_feedback",
}


def open_tab(main: LexborNode) -> str | None:
    """Return the open tab of a listing or a profile, by its link's address or words."""
    link = main.css_first(".tablinks.focus")
    if link is None:
        return None
    match, name = _TAB.search(path_of(link)), words(link).casefold()
    return match[1].lower() if match else _TABS.get(name, name)


def tab_text(content: LexborNode) -> str | None:
    """Return the text of a tab, line breaks kept, without its heading and its tags."""
    texts = []
    for child in contents(content):
        if child.tag != "h3" and "tagsDiv" not in class_names(child):
            text = child.text().strip() if child.is_text_node else block_text(child)
            texts += [text] if text else []
    return "\n".join(texts) or None


# -- the footer ------------------------------------------------------------------------------

_CLOCK = re.compile(r"server\s+time\s*:\s*([^\n]{0,80}?)\s*(?:\n|copyright|$)", re.I)


def footer_of(document: Document) -> LexborNode | None:
    """Return the footer; it mostly ends the page, and is found soonest from its end."""
    blocks = elements(document.tree.body) if document.tree.body is not None else []
    is_last = bool(blocks) and "footer" in class_names(blocks[-1])
    return blocks[-1] if is_last else document.first(".footer")


def read_clock(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Set the page's time from the footer's "Server time: Friday, Sep 27, 2019 22:46:36"."""
    footer = footer_of(document)
    text = reader.at(footer).text()[:2000] if footer is not None else ""
    if match := _CLOCK.search(text):
        page.page_time = reader.page_clock(match[1])
    elif LOST in text:
        reader.warn("page_time", "a footer with invalid bytes", text)


# -- exchange rates --------------------------------------------------------------------------

_CODE = re.compile(r"\(\s*([A-Za-z]{3,5})\s*\)\s*$")


def read_rates(document: Document, page: ParsedPage, reader: Reader) -> None:
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

_CATEGORY = re.compile(r"/category/categories/(\d+)(?:[/?]|$)", re.I)
MENU = CachedPanel[tuple[Category, ...]]('<ul class="mainmenu"', "ul.mainmenu")
# The search form lists all countries twice: a third of a page's elements, which state nothing.
COUNTRIES = tuple(
    CachedPanel[None](f'<select style="width:75%" name="{name}"', f'select[name="{name}"]')
    for name in ("origin", "ship")
)


def read_categories(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read the category menu of the left column: ids, names, counts, up to three levels."""
    page.categories += MENU.read(document, reader, lambda menu: _menu(menu, page.url, reader)) or ()


def _menu(menu: LexborNode, url: str | None, reader: Reader) -> tuple[tuple[Category, ...], bool]:
    """Read the menu; say whether its links tell by themselves where they lead.

    In a mirror, the page's own address tells that: such a menu is no other page's.
    """
    categories = []
    alone = True
    paths: dict[int, tuple[str, ...]] = {}  # of the items before, by the ``li`` that holds them
    for link in menu.css("a"):
        href = attribute(reader.at(link), "href")
        alone = alone and _category_id(href, None) is not None
        number = _category_id(href, url)
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


@memoized
def _category_id(href: str, url: str | None) -> str | None:
    match = _CATEGORY.search(address(href).place)
    if match is None and url:  # a mirror's "30.html", beside the page itself
        match = _CATEGORY.search(address(href, url).place)
    return match[1] if match else None


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


def read_page_links(document: Document, main: LexborNode, page: ParsedPage, reader: Reader) -> None:
    """Read the links to listings, vendors and pages of offers, without those in vendors' words.

    The addresses of a profile's tabs do not name the vendor whose they are.
    """
    root = document.tree.root
    style = document.first('link[href*="/public/css/"]') or document.first('a[href$="/home"]')
    own = address(attribute(style, "href")).origin if style is not None else ""
    hrefs = document.hrefs(links_outside(root, _VENDORS_WORDS) if root is not None else [])
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
