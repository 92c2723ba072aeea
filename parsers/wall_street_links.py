"""Wall Street Market: the category tree, the pager, and the pages that a page points to.

Results are not addresses: the site posts a form to ``/index``. The url of a link of kind
``search`` is therefore the form's address, and after ``#`` stands what the form posts to get
there: ``/index#menuCatT=3`` for a button of the category tree, ``/index#page=2&catT=3`` for
the pager (with the categories that the filter form holds, where they are not 0 = all).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.links import Address, address, mirror_base
from cryptodrug_scraper.reading.nodes import attribute, class_names, enclosing, in_menu
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.reading.remembered import remembered
from cryptodrug_scraper.records import Category, Link
from parsers.wall_street_offer import OFFER_PATH, PROFILE_PATH, TABS

_LEVELS = ("menuCatT", "menuCatM", "menuCatB")
_FILTERS = ("catT", "catM", "catB")
_NAME_AND_COUNT = re.compile(
    r"(?P<name>.*?)(?:\s\(?|\()(?!\d+[.,]\d{1,2}\)?\s*\Z)"  # "Web 2.0" is all name
    r"(?P<count>\d{1,3}(?:[.,'’\u00a0\u202f]\d{3})+|[~<>-]?\d[\d.,]*\s?[kKmM]?\+?)\)?\s*",
    re.S,
)
_PAGE = re.compile(r"\bpage=(\d+)")


@remembered
def _name_and_count(shown: str) -> tuple[str, str | None]:
    """Part ``Buds 802`` into name and count; a text that is all name has none."""
    folded = " ".join(shown.replace("\u00a0", "\u202f").split(" "))  # 1 234 with NBSP is a count
    match = _NAME_AND_COUNT.fullmatch(folded)
    if match is None or not match["name"].strip():
        return shown, None
    return match["name"], match["count"]


def read_categories(buttons: list[LexborNode], reader: Reader) -> list[Category]:
    """Read the category tree: a button names its level, and the buttons before it its path.

    Ids are kept as the buttons give them; the three levels may number their categories
    apart, and then the length of the path tells two with the same id apart.
    """
    found: list[Category] = []
    seen: set[tuple[str, tuple[str, ...]]] = set()
    path: tuple[str, ...] = ()
    for button in buttons:
        attributes = button.attributes
        number = (attributes.get("value") or "").strip()
        level = _LEVELS.index(attributes.get("name") or "")
        shown, stated = _name_and_count(button.text(separator="\n"))
        name = reader.text("category.name", shown)
        if not number or name is None:
            continue
        path = (*path[:level], name)
        key = (number, path)
        if key not in seen:
            seen.add(key)
            count = reader.integer("category.listing_count", stated)
            if stated is None and LOST in name:
                reader.warn("category.listing_count", "a name or count with invalid bytes", name)
            found.append(Category(number, name, path, count))
    return found


def category_buttons(document: Document) -> list[LexborNode]:
    """Return the buttons of the category tree, in page order."""
    if not document.mentions("menuCat"):
        return []
    return [n for n in document.css('[name^="menuCat"]') if n.attributes.get("name") in _LEVELS]


# -- links ---------------------------------------------------------------------------------


def read_links(
    document: Document,
    url: str | None,
    buttons: list[LexborNode],
    left_out: set[int],
    reader: Reader,
) -> list[Link]:
    """Return the pages that this one points to: offers, profiles, categories, further results.

    ``buttons`` are the category tree's; ``left_out`` are links that are not the market's, such
    as those in a vendor's text.
    """
    root = address(url).origin
    found: dict[str, Link] = {}
    for link in (
        *_anchors(document, url, left_out, reader),
        *_categories(buttons, root),
        *_further(document, root),
    ):
        found.setdefault(link.url, link)
    return list(found.values())


_OWN_HOST = re.compile(r"https?://(?:[^/:]+\.onion|localhost|127\.0\.0\.1)(?::\d+)?", re.I)


def _anchors(
    document: Document, url: str | None, left_out: set[int], reader: Reader
) -> Iterator[Link]:
    if not document.mentions("offer", "profile"):
        return
    root = address(url).origin
    nodes = document.css("a")
    hrefs = [attribute(node, "href") for node in nodes]
    base = mirror_base(hrefs, url, reader)
    own = f"{address(url).script}/" if url else ""
    menus: dict[int, bool] = {}
    for node, href in zip(nodes, hrefs, strict=True):
        to = address(href)
        kind, name, path = _target(to)
        if kind is None and (
            base or (own and href.startswith(own))
        ):  # a mirror's "34.html", beside the page itself
            to = address(href, url)
            kind, name, path = _target(to)
        if kind is None or node.mem_id in left_out or in_menu(node, menus):
            continue
        if to.origin and (to.origin != root if root else not _OWN_HOST.fullmatch(to.origin)):
            continue  # another site, or one of the market's many false copies
        yield Link(kind, name, (to.origin or root) + path)


def _target(to: Address) -> tuple[str | None, str | None, str]:
    """Return kind, id and path from the root of a link to an offer or a profile."""
    page = _PAGE.search(to.query)
    tail = f"?{page.group()}" if page else ""
    offer = OFFER_PATH.search(to.place)
    if offer is not None and offer[2] in (None, "refund"):
        return "listing", offer[1], f"/offer/{offer[1]}{'/refund' if offer[2] else ''}{tail}"
    profile = PROFILE_PATH.search(to.place) if offer is None else None
    if profile is not None and (profile[2] is None or profile[2] in TABS):
        tab = f"/{profile[2]}" if profile[2] else ""
        return "vendor", unquote(profile[1]), f"/profile/{profile[1]}{tab}{tail}"
    return None, None, ""


def _categories(buttons: list[LexborNode], root: str) -> Iterator[Link]:
    """Yield the category tree's buttons, as the form that they post."""
    address = _form_address(buttons[0], root) if buttons else ""
    for button in buttons:
        attributes = button.attributes
        number = (attributes.get("value") or "").strip()
        if number:
            yield Link("search", number, f"{address}#{attributes.get('name')}={number}")


def _further(document: Document, root: str) -> Iterator[Link]:
    """Yield the pager's buttons, as the form that they post."""
    if not document.mentions("pagination"):
        return
    buttons = document.css('.pagination button[name="page"]')
    address = _form_address(buttons[0], root) if buttons else ""
    category, filters = _open_category(document)
    for button in buttons:
        attributes = button.attributes
        page = (attributes.get("value") or "").strip()
        if page.isdigit() and "disabled" not in attributes and not _disabled(button):
            yield Link("search", category, f"{address}#{'&'.join([f'page={page}', *filters])}")


def _disabled(button: LexborNode) -> bool:
    """Tell the pager's button of the page that is shown."""
    item = enclosing(button, "li", "ul", "form")
    classes = class_names(item) if item is not None else []
    return "disabled" in classes or "active" in classes


def _form_address(button: LexborNode, root: str) -> str:
    """Return where a button's form is posted to; ``/index`` where the form does not say."""
    form = enclosing(button, "form")
    action = attribute(form, "action").strip() if form is not None else ""
    to = address(action)
    path = to.path if to.path != "/" else ""
    if to.origin and to.origin != root:
        path = ""  # another site's
    return root + (path or "/index")


def _open_category(document: Document) -> tuple[str | None, list[str]]:
    """Return the id of the deepest category that the filter form holds, and its fields."""
    held: dict[str, str | None] = {}
    for node in document.css("select, input"):
        name = (node.attributes.get("name") or "").removeprefix("form[").removesuffix("]")
        if name in _FILTERS and name not in held:
            held[name] = _held(node)
    fields = [(name, value) for name in _FILTERS if (value := held.get(name)) and value != "0"]
    return fields[-1][1] if fields else None, [f"{name}={value}" for name, value in fields]


def _held(node: LexborNode) -> str | None:
    """Return what a form's field holds: an input's value, or a select's chosen option."""
    if node.tag == "select":
        chosen = node.css_first("option[selected]")
        return chosen.attributes.get("value") if chosen is not None else None
    return node.attributes.get("value")
