"""Empire Market: the blocks that surround every page (path, rates, menu, clock, links)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.document import Document, block_text, fold
from cryptodrug_scraper.reading.links import address, mirror_base
from cryptodrug_scraper.reading.nodes import (
    attribute,
    children,
    class_names,
    contents,
    own_text,
    topmost,
    words,
)
from cryptodrug_scraper.reading.panels import Panel
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.reading.remembered import remembered
from cryptodrug_scraper.records import Category, ExchangeRate, Link, ParsedPage

_CATEGORY = re.compile(r"/category/categories/(\d+)(?:[/?]|$)", re.I)
_CODE = re.compile(r"\(\s*([A-Za-z]{3,5})\s*\)\s*$")
_CLOCK = re.compile(r"server\s+time\s*:\s*([^\n]{0,80}?)\s*(?:\n|copyright|$)", re.I)

_TAB = "tab"
# What an address of the market shows. The tabs of listings and profiles are kept in the
# session, and have addresses of their own all the same: a crawl has to visit them.
_ADDRESSES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"/product/(\d+)(?:/\d+)*/?", re.I), "listing"),
    (re.compile(r"/product_list/settab/(\d+)(?:/\w+)*/?", re.I), "listing"),
    (re.compile(r"/u/([^/?#]+)/?", re.I), "vendor"),
    (re.compile(r"/profile/setusertab/\w+/[^/?#]+(?:/\d*)?", re.I), _TAB),
    (re.compile(r"/category/categories/(\d+)(?:/\w*)*", re.I), "search"),
    (re.compile(r"/store/[^/?#]+(?:/\d*)*", re.I), "search"),
    (re.compile(r"/(?:home/searchproducts|search)(?:/[^?#]+|/?\?[^#]*=[^&#].*)", re.I), "search"),
)


def texts_of(node: LexborNode) -> str | None:
    """Return the text of a tab, line breaks kept, without its heading and its tags."""
    found = []
    for child in contents(node):
        tag = child.tag
        if tag == "h3" or (tag == "div" and "tagsDiv" in class_names(child)):
            continue
        text = (child.text_content or "").strip() if tag == "-text" else block_text(child)
        if text:
            found.append(text)
    return "\n".join(found) or None


_SEARCHES = re.compile(r"/(?:home/searchproducts|search)/?[0-9a-f]{4}", re.I)


_FOOTER_DEPTH = 4  # saved copies left one to three elements open around it


def footer_of(document: Document) -> LexborNode | None:
    """Return the footer; it mostly ends the page, and is found soonest from its end."""
    around = document.tree.body
    for _ in range(_FOOTER_DEPTH):
        last = around.last_child if around is not None else None
        while last is not None and not last.is_element_node:
            last = last.prev
        if last is None:
            break
        if "footer" in class_names(last):
            return last
        around = last
    return document.first(".footer")


def main_part(document: Document) -> LexborNode:
    """Return the right column, which holds what a page is about; else the whole page.

    The menu beside it makes up most of a page: what is looked for in this part only is
    found many times faster. Where broken nesting has let something out, nothing is left out.
    """
    column = document.first(".right-content")
    outer = column
    while outer is not None and outer.tag != "body":
        beside = outer.next
        while beside is not None:
            if beside.is_element_node and "footer" not in class_names(beside):
                column = None
            beside = beside.next
        outer = outer.parent
    if column is not None:
        return column
    whole = document.tree.body or document.tree.root
    if whole is None:  # lexbor gives every document one
        raise ValueError("a page without elements")
    return whole


def read_clock(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Set the page's time from the footer's "Server time: Friday, Sep 27, 2019 22:46:36"."""
    footer = footer_of(document)
    text = footer.text()[:2000] if footer is not None else ""
    match = _CLOCK.search(text)
    if match:
        page.page_time = reader.page_clock(match.group(1))
    elif LOST in text:
        reader.warn("page_time", "a footer with invalid bytes", text)


def read_path(document: Document, url: str | None) -> list[tuple[str | None, str]]:
    """Return the page's path (category id or None, name): "Drugs", "Benzos", "Pills"."""
    head = document.first(".sub_head_inner_header")
    if head is None:
        return []
    links = topmost(head, "h3 a")
    return [(_category_id(attribute(link, "href"), url), words(link)) for link in links]


# -- exchange rates --------------------------------------------------------------------------


def read_rates(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read the left column's rates, a block for each coin.

    The strip at the top (``.sm-nav``) repeats the bitcoin block without naming a coin; pages
    with the search form in the left column have the strip only, and state no pair.
    """
    for block in document.css("div.statistics"):
        heading = next(children(block, "h3"), None)
        coin = _CODE.search(own_text(heading)) if heading is not None else None
        if coin is None and heading is not None and LOST in own_text(heading):
            reader.warn("exchange_rate.base", "a coin with invalid bytes", own_text(heading))
        if coin is None:
            continue  # statistics of the buyer; the note on how the rates are made
        for row in children(block, "p"):
            code = _CODE.search(own_text(row).strip())
            figure = next(children(row, "span"), None)
            if code is not None and figure is not None:
                _rate(coin.group(1), code.group(1), figure.text(), page, reader)
            elif figure is not None and LOST in own_text(row):
                reader.warn("exchange_rate.quote", "a code with invalid bytes", row.text())


def _rate(base: str, quote: str, text: str, page: ParsedPage, reader: Reader) -> None:
    rate = reader.decimal("exchange_rate.rate", text)
    if rate is not None and base.upper() != quote.upper():
        page.exchange_rates.append(ExchangeRate(base, quote, rate))


# -- categories ------------------------------------------------------------------------------


MENU = Panel[tuple[Category, ...]]('<ul class="mainmenu"', "ul.mainmenu")
# The search form lists all countries twice: a third of a page's elements, which state nothing.
COUNTRIES = tuple(
    Panel[None](f'<select style="width:75%" name="{name}"', f'select[name="{name}"]')
    for name in ("origin", "ship")
)


def read_categories(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read the category menu of the left column: ids, names, counts, up to three levels."""
    page.categories += MENU.read(document, reader, lambda menu: _menu(menu, page.url, reader)) or ()


def _menu(node: LexborNode, url: str | None, reader: Reader) -> tuple[tuple[Category, ...], bool]:
    links = node.css("a")
    hrefs = [attribute(link, "href") for link in links]
    categories = tuple(_read_menu(links, hrefs, url, reader))
    # In a mirror, the page's own address tells where links lead: such a menu is no other's.
    return categories, all(_category_id(href, None) for href in hrefs)


def _read_menu(
    links: list[LexborNode], hrefs: list[str], url: str | None, reader: Reader
) -> Iterator[Category]:
    paths: dict[int, tuple[str, ...]] = {}  # of the items before, by the ``li`` that holds them
    quick = reader.readings is None  # the menu is long, and the same on page after page
    for link, href in zip(links, hrefs, strict=True):
        number = _category_id(href, url)
        # An item is a box, the name and a span with the count.
        count = link.last_child
        before = count.prev if count is not None and count.tag == "span" else None
        box = before.prev if before is not None and before.is_text_node else None
        if before is not None and box is not None and box.is_element_node:
            stated = before.text_content or ""
        else:
            stated = link.text(deep=False)
            while count is not None and count.tag != "span":
                count = count.prev
        if number is None:
            reader.unknown_label("category.external_id", stated)
            continue
        name = _menu_name(stated) if quick else reader.text("category.name", stated)
        item = link.parent
        if not name or item is None:
            continue
        above = paths.get(_holder(item)) if paths else None
        path = (*above, name) if above else (name,)
        paths[item.mem_id] = path
        figure = count.child if count is not None else None
        alone = figure is not None and figure.next is None
        shown = (figure.text_content or "") if figure is not None and alone else ""
        if quick and shown.isdecimal() and shown.isascii() and len(shown) < 10:
            yield Category(number, name, path, int(shown))
        else:
            shown = count.text() if count is not None else ""
            listed = reader.integer("category.listing_count", shown)
            yield Category(number, name, path, listed)


@remembered
def _menu_name(stated: str) -> str:
    return fold(stated)


def _holder(item: LexborNode) -> int:
    """Return the id of the item whose list this item stands in, 0 at the top."""
    menu = item.parent
    above = menu.parent if menu is not None else None
    return above.mem_id if above is not None else 0


@remembered
def _category_id(href: str, url: str | None) -> str | None:
    match = _CATEGORY.search(address(href).place)
    if match is None and url:  # a mirror's "30.html", beside the page itself
        match = _CATEGORY.search(address(href, url).place)
    return match.group(1) if match else None


# -- links -----------------------------------------------------------------------------------


_VENDORS_WORDS = (
    ":is(#desc_prod, .tabcontent > p, .feedback_msg, .tabcontent_user_feedback > :is(p, pre)) a"
)


def read_links(
    document: Document,
    main: LexborNode,
    page: ParsedPage,
    handle: str | None,
    reader: Reader,
) -> None:
    """Collect the links to listings, vendors and pages of offers on this market's host.

    Menus, cards, tabs, pagers and tags count; links in a vendor's own words do not.
    ``handle`` is the vendor whose profile this is: the tabs' addresses do not name him.
    """
    root, hosts = _hosts(document, page.url)
    nodes = document.css("a")
    foreign = {link.mem_id for link in main.css(_VENDORS_WORDS)}
    if foreign:
        nodes = [node for node in nodes if node.mem_id not in foreign]
    hrefs = document.hrefs(nodes)
    base = mirror_base(hrefs, page.url, reader)
    found: dict[str, Link] = {}
    for written, (host, link) in zip(hrefs, map(_links_from(root, base), hrefs), strict=True):
        if link is None:
            if _SEARCHES.fullmatch(address(written).path):
                reader.warn("links", _LOST_SEARCH, written)
        elif not host or not hosts or host in hosts:
            found[link.url] = link
    page.links += [
        link if link.kind != _TAB else Link("vendor", handle, link.url) for link in found.values()
    ]


_LOST_SEARCH = "a search's link was rewritten, and has lost its words"


@lru_cache(8)
def _links_from(root: str, base: str | None = None) -> Callable[[str], tuple[str, Link | None]]:
    """Return what tells the host that an address names, and the link if it leads anywhere.

    ``root`` is that of the page's own address. With ``base`` links are read that say nothing by
    themselves, as a mirror's ``30.html``.
    """

    @remembered
    def link(written: str) -> tuple[str, Link | None]:
        to = address(written)
        kind, external_id = _shows(to.place)
        if kind is None and base:
            to = address(written, base)
            kind, external_id = _shows(to.place)
        if kind is None:
            return _host(to.origin), None
        return _host(to.origin), Link(kind, external_id, f"{to.origin or root}{to.place}")

    return link


def _host(origin: str) -> str:
    return origin.partition("//")[2]


def _hosts(document: Document, url: str | None) -> tuple[str, frozenset[str]]:
    """Return the root of the page's own address ("" if unknown) and the market's hosts on it."""
    root = address(url).origin
    style = document.first('link[href*="/public/css/"]') or document.first('a[href$="/home"]')
    own = address(attribute(style, "href")).origin if style is not None else ""
    return root, frozenset([_host(origin) for origin in (root, own) if origin])


def _shows(path: str) -> tuple[str | None, str | None]:
    """Return what a path shows (listing, vendor, a vendor's tab, search) and the id in it."""
    for pattern, kind in _ADDRESSES:
        match = pattern.fullmatch(path)
        if match:
            found = match.group(1) if pattern.groups else None
            return kind, unquote(found) if found and kind == "vendor" else found
    return None, None
