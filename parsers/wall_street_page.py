"""Wall Street Market: what its pages share: their parts, the open tab, categories, links.

Results are not addresses: the site posts a form to ``/index``. The url of a link of kind
``search`` is therefore the form's address, and after ``#`` stands what the form posts to get
there: ``/index#menuCatT=3`` for a button of the category tree, ``/index#page=2&catT=3`` for
the pager (with the categories that the filter form holds, where they are not 0 = all).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading import lines
from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.lines import HEADINGS, heading_text
from cryptodrug_scraper.reading.links import (
    Address,
    address,
    mirror_base,
    path_of,
    read_links,
)
from cryptodrug_scraper.reading.memoize import memoized
from cryptodrug_scraper.reading.nodes import attribute, class_names, enclosing, links_outside
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Category, Link, ParsedPage

OFFER_PATH = re.compile(r"/offer/(\d{1,18})(?:/(\w+))?/?(?:\?|$)")
PROFILE_PATH = re.compile(r"/profile/([^/?\s]{1,120}?)(?:/(\w+))?/?(?:\?|$)")
"""What a path leads to, as :func:`path_of` gives it."""
MENUS = 'nav, header, footer, [class*="navbar"]'
TABS = frozenset({"offers", "pgp", "info", "feedback", "ratings"})
"""The tabs of a profile: what can follow a handle in an address that shows something."""

# What is no part of a line: the category tree, and what is pressed. The category of an offer is
# shown as buttons of that tree, which are read.
_SKIPPED: lines.Skip = {
    "ol": lambda node: "tree" in class_names(node),
    "button": lambda node: not attribute(node, "name").startswith("menuCat"),
}
lines_of = partial(lines.lines_of, skip=_SKIPPED)
cell_text = partial(lines.cell_text, skip=_SKIPPED)
inline_text = partial(lines.inline_text, skip=_SKIPPED)


def profile_links(document: Document) -> Iterator[re.Match[str]]:
    """Yield handle and tab of the links to a profile's tabs, outside of menus."""
    for link in links_outside(document.content, MENUS):
        to = PROFILE_PATH.search(path_of(link))
        if to is not None and to[2] in TABS:
            yield to


# -- the parts of a page -------------------------------------------------------------------

_PARTS = "h1, h2, h3, h4, h5, h6, table, #tabcontent, ul.nav, ol.tree"
_NAMED_EXACTLY = frozenset({"info", "information"})
_NAMED_BY = (("prices", "prices"), ("shipping options", "shipping"), ("feedback", "feedback"))
_TAB_NAMES = _NAMED_EXACTLY.union(
    ("description", "refund", "refund policy", "offers", "pgp", "pgp key")
)


@dataclass(slots=True)
class _Part:
    node: LexborNode
    heading: str | None  # its words, if it is a heading
    name: str | None  # info, information, prices, shipping, feedback, or a tab's name
    in_tab: bool

    @property
    def opens_table(self) -> bool:
        """Whether it is the heading of one of the market's own tables."""
        return self.name in ("prices", "shipping", "feedback")


class Sections:
    """A page's headings, tables and ``#tabcontent`` in page order; costs one walk over the tree.

    ``title`` is the heading with an offer's name, ``tab`` the element with an open tab's text.
    """

    def __init__(self, document: Document) -> None:
        self.parts: list[_Part] = []
        self.title: LexborNode | None = None
        self.tab = document.first("#tabcontent")
        self._menus: set[int] = set()
        inside = {node.mem_id for node in self.tab.css(_PARTS)} if self.tab is not None else set()
        for node in document.css(_PARTS):
            in_tab = node.mem_id in inside
            if attribute(node, "id") == "tabcontent":
                continue
            if node.tag in ("ul", "ol"):
                self._menus.add(node.mem_id)
            elif node.tag not in HEADINGS:
                self.parts.append(_Part(node, None, None, in_tab))
            else:
                heading = heading_text(node)
                is_title = "fheading" in class_names(node)
                self.title = self.title or (node if is_title else None)
                name = None if is_title else _name_of(heading, in_tab)
                self.parts.append(_Part(node, heading, name, in_tab))

    @property
    def outside(self) -> list[LexborNode]:
        """The headings that do not stand in the tab's text."""
        return [p.node for p in self.parts if p.heading is not None and not p.in_tab]

    def first(self, name: str) -> LexborNode | None:
        """Return the first heading of this name outside the tab's text."""
        return next((p.node for p in self.parts if p.name == name and not p.in_tab), None)

    def tables(self, name: str) -> list[LexborNode]:
        """Return the first table under each heading of this name."""
        tables = []
        is_under = False
        for part in self.parts:
            if part.heading is not None:
                is_under = part.name == name
            elif is_under:
                tables.append(part.node)
                is_under = False
        return tables

    @cached_property
    def stops(self) -> set[int]:
        """Where the info block ends at the latest: tables, the tab's text, other named headings."""
        stops = {p.node.mem_id for p in self.parts if p.heading is None or p.opens_table}
        return stops | ({self.tab.mem_id} if self.tab is not None else set())

    @cached_property
    def not_of_the_text(self) -> set[int]:
        """What stands in ``#tabcontent`` and is no text of the vendor's: headings, their tables."""
        out = set(self._menus)
        section: _Part | None = None
        for part in self.parts:
            if part.heading is not None:
                section = part if part.opens_table else None
            elif part.in_tab and section is not None:
                out |= {part.node.mem_id, section.node.mem_id}
            # "My prices" without a table is the vendor's own heading.
            if part.in_tab and part.name is not None and not part.opens_table:
                out.add(part.node.mem_id)
        return out

    @cached_property
    def not_of_the_info(self) -> set[int]:
        """What is neither the info block nor around it: the tab's text, named tables, menus."""
        tables = [table for _, name in _NAMED_BY for table in self.tables(name)]
        out = tables if self.tab is None else [self.tab, *tables]
        return self._menus | {node.mem_id for node in out}

    def open_tab(self, document: Document, url: str | None, path: re.Pattern[str]) -> str | None:
        """Return which tab is open (``refund``, ``offers``, ``pgp``, ``info`` …), or None.

        ``path`` is that of an offer or of a profile. The page's address tells it, else the tab
        that is marked as the open one, else a heading in the tab's text.
        """
        first_tab = "description" if path is OFFER_PATH else None
        here = path.search(address(url).place)
        if here is not None and (tab := here[2] or first_tab):
            return tab.lower()
        for node in document.css(_OPEN):
            if node.mem_id in self._menus:
                continue
            link = node if node.tag == "a" else node.css_first("a")
            to = path.search(path_of(link)) if link is not None else None
            tab = (to[2] or first_tab) if to is not None else _tab_word(heading_text(node))
            if tab is not None:
                return tab.lower()
        in_tab = [p.heading for p in self.parts if p.in_tab and p.heading in _TAB_NAMES]
        return _tab_word(in_tab[0] or "") if in_tab else None


def _name_of(heading: str, in_tab: bool) -> str | None:
    if heading in _NAMED_EXACTLY or (in_tab and heading in _TAB_NAMES):
        return heading
    return next((name for word, name in _NAMED_BY if word in heading), None)


_OPEN = '.active, .selected, .current, [aria-selected="true"], [aria-current]'
_TAB_WORDS = re.compile(r"\b(refund|description|pgp|info|information|offers|feedback|ratings)\b")


def _tab_word(text: str) -> str | None:
    word = _TAB_WORDS.search(text) if len(text) < 40 else None
    return word[1] if word is not None else None


# -- categories ----------------------------------------------------------------------------

_LEVELS = ("menuCatT", "menuCatM", "menuCatB")
_NAME_AND_COUNT = re.compile(
    r"(?P<name>.*?)(?:\s\(?|\()(?!\d+[.,]\d{1,2}\)?\s*\Z)"  # "Web 2.0" is all name
    r"(?P<count>\d{1,3}(?:[.,'’\u00a0\u202f]\d{3})+|[~<>-]?\d[\d.,]*\s?[kKmM]?\+?)\)?\s*",
    re.S,
)


@memoized
def _name_and_count(shown: str) -> tuple[str, str | None]:
    """Part ``Buds 802`` into name and count; a text that is all name has none."""
    folded = " ".join(shown.replace("\u00a0", "\u202f").split(" "))  # 1 234 with NBSP is a count
    match = _NAME_AND_COUNT.fullmatch(folded)
    if match is None or not match["name"].strip():
        return shown, None
    return match["name"], match["count"]


def category_buttons(document: Document) -> list[LexborNode]:
    """Return the buttons of the category tree, in page order."""
    if not document.mentions("menuCat"):
        return []
    return [n for n in document.css('[name^="menuCat"]') if attribute(n, "name") in _LEVELS]


def read_categories(buttons: list[LexborNode], reader: Reader) -> list[Category]:
    """Read the category tree: a button names its level, and the buttons before it its path.

    Ids are kept as the buttons give them; the three levels may number their categories
    apart, and then the length of the path tells two with the same id apart.
    """
    categories: dict[tuple[str, tuple[str, ...]], Category] = {}
    path: tuple[str, ...] = ()
    for button in buttons:
        number = attribute(button, "value").strip()
        shown, stated = _name_and_count(reader.at(button).text(separator="\n"))
        name = reader.text("category.name", shown)
        if not number or name is None:
            continue
        path = (*path[: _LEVELS.index(attribute(button, "name"))], name)
        if (number, path) not in categories:
            count = reader.integer("category.listing_count", stated)
            if stated is None and LOST in name:
                reader.warn("category.listing_count", "a name or count with invalid bytes", name)
            categories[number, path] = Category(number, name, path, count)
    return list(categories.values())


# -- links ---------------------------------------------------------------------------------

_FILTERS = ("catT", "catM", "catB")
_PAGE = re.compile(r"\bpage=(\d+)")


def read_page_links(
    document: Document, page: ParsedPage, buttons: list[LexborNode], texts: str, reader: Reader
) -> None:
    """Read the pages that this one points to: offers, profiles, categories, further results.

    ``buttons`` are the category tree's; ``texts`` is the selector of what people wrote, of which
    the links are not the market's.
    """
    links = links_outside(document.content, f"{MENUS}, {texts}")
    hrefs = document.hrefs(links)
    base = None
    if document.mentions("../", ".htm"):
        base = mirror_base(document.hrefs(document.css("a")), page.url, reader)
    own = f"{address(page.url).script}/"
    if page.url and any(href.startswith(own) for href in hrefs):  # "34/refund", beside /offer/34
        base = page.url
    read_links(hrefs, page, reader, _shows, base=base)
    origin = address(page.url).origin
    page.links += dict.fromkeys((*_categories(buttons, origin), *_further(document, origin)))


def _shows(to: Address) -> Link | None:
    """Return what an address shows: an offer or a profile, a tab of it, a page of a list."""
    page = _PAGE.search(to.query)
    tail = f"?{page.group()}" if page else ""
    offer = OFFER_PATH.search(to.place)
    if offer is not None and offer[2] in (None, "refund"):
        tab = "/refund" if offer[2] else ""
        return Link("listing", offer[1], f"/offer/{offer[1]}{tab}{tail}")
    profile = PROFILE_PATH.search(to.place) if offer is None else None
    if profile is not None and (profile[2] is None or profile[2] in TABS):
        tab = f"/{profile[2]}" if profile[2] else ""
        return Link("vendor", unquote(profile[1]), f"/profile/{profile[1]}{tab}{tail}")
    return None


def _categories(buttons: list[LexborNode], root: str) -> Iterator[Link]:
    """Yield the category tree's buttons, as the form that they post."""
    form = _form_address(buttons[0], root) if buttons else ""
    for button in buttons:
        if number := attribute(button, "value").strip():
            yield Link("search", number, f"{form}#{attribute(button, 'name')}={number}")


def _further(document: Document, root: str) -> Iterator[Link]:
    """Yield the pager's buttons, as the form that they post."""
    if not document.mentions("pagination"):
        return
    buttons = document.css('.pagination button[name="page"]:not([disabled])')
    form = _form_address(buttons[0], root) if buttons else ""
    fields = _open_category(document) if buttons else {}
    posted = "".join([f"&{name}={value}" for name, value in fields.items()])
    for button in buttons:
        page = attribute(button, "value").strip()
        item = enclosing(button, "li", "ul", "form")  # of the page that is shown, or of none
        is_off = item is not None and {"disabled", "active"} & {*class_names(item)}
        if page.isdigit() and not is_off:
            category = list(fields.values())[-1] if fields else None
            yield Link("search", category, f"{form}#page={page}{posted}")


def _form_address(button: LexborNode, root: str) -> str:
    """Return where a button's form is posted to; ``/index`` where the form does not say."""
    form = enclosing(button, "form")
    to = address(attribute(form, "action").strip() if form is not None else "")
    is_own = not to.origin or to.origin == root
    return root + (to.path if is_own and to.path not in ("", "/") else "/index")


def _open_category(document: Document) -> dict[str, str]:
    """Return the filter form's fields of categories that are chosen, the deepest last."""
    chosen: dict[str, str] = {}
    for node in document.css("select, input"):
        name = attribute(node, "name").removeprefix("form[").removesuffix("]")
        if name in _FILTERS and name not in chosen:
            option = node.css_first("option[selected]") if node.tag == "select" else node
            chosen[name] = attribute(option, "value") if option is not None else ""
    return {name: chosen[name] for name in _FILTERS if chosen.get(name, "0") not in ("", "0")}
