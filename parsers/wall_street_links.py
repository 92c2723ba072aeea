"""Wall Street Market: the category tree, the pager, and the pages that a page points to.

Results are not addresses: the site posts a form to ``/index``. The url of a link of kind
``search`` is therefore the form's address, and after ``#`` stands what the form posts to get
there: ``/index#menuCatT=3`` for a button of the category tree, ``/index#page=2&catT=3`` for
the pager (with the categories that the filter form holds, where they are not 0 = all).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Category, Link
from parsers.wall_street_offer import OFFER_PATH, PROFILE_PATH, TABS, in_menu, link_path

_LEVELS = ("menuCatT", "menuCatM", "menuCatB")
_FILTERS = ("catT", "catM", "catB")
_NAME_AND_COUNT = re.compile(
    r"(?P<name>.*?)(?:\s\(?|\()(?P<count>\d{1,3}(?:[.,'’\u00a0\u202f]\d{3})+|\d+)\)?\s*", re.S
)
_OTHER_SCHEME = re.compile(r"(?!file:)[a-z]+:", re.I)
_PAGE = re.compile(r"\bpage=(\d+)")


@lru_cache(maxsize=4096)
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
    path: list[str] = []
    for button in buttons:
        attributes = button.attributes
        number = (attributes.get("value") or "").strip()
        level = _LEVELS.index(attributes.get("name") or "")
        shown, stated = _name_and_count(button.text(separator="\n"))
        name = reader.text("category.name", shown)
        if not number or name is None:
            continue
        path = [*path[:level], name]
        key = (number, tuple(path))
        if key not in seen:
            seen.add(key)
            count = reader.integer("category.listing_count", stated)
            found.append(Category(number, name, path, count))
    return found


def category_buttons(document: Document) -> list[LexborNode]:
    """Return the buttons of the category tree, in page order."""
    if not document.mentions("menuCat"):
        return []
    return [n for n in document.css('[name^="menuCat"]') if n.attributes.get("name") in _LEVELS]


# -- links ---------------------------------------------------------------------------------


def read_links(
    document: Document, url: str | None, buttons: list[LexborNode], left_out: set[int]
) -> list[Link]:
    """Return the pages that this one points to: offers, profiles, categories, further results.

    ``buttons`` are the category tree's; ``left_out`` are links that are not the market's, such
    as those in a vendor's text.
    """
    here = _host(url) if url else None
    root = f"{here[0]}://{here[1]}" if here else ""
    found: dict[str, Link] = {}
    for link in (
        *_anchors(document, root, left_out),
        *_categories(buttons, root),
        *_further(document, root),
    ):
        found.setdefault(link.url, link)
    return list(found.values())


def _host(url: str) -> tuple[str, str] | None:
    """Return scheme and host of an address on the web, or None."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    return parts.scheme, parts.netloc


def _anchors(document: Document, root: str, left_out: set[int]) -> Iterator[Link]:
    if not document.mentions("offer/", "profile/"):
        return
    for node in document.css("a"):
        href = link_path(node)
        if "offer/" not in href and "profile/" not in href:
            continue
        there = _host(href) if ":" in href else None
        if there is None and (href.startswith("//") or _OTHER_SCHEME.match(href)):
            continue
        if there is not None:
            onion = there[1].partition(":")[0].endswith((".onion", "localhost", "127.0.0.1"))
            if (not root.endswith(f"//{there[1]}")) if root else not onion:
                continue  # another site, or one of the market's many false copies
        kind, name, path = _target(href)
        if kind is None or node.mem_id in left_out or in_menu(node):
            continue
        if there is not None:
            yield Link(kind, name, f"{there[0]}://{there[1]}{path}")
        else:
            yield Link(kind, name, root + path)


def _target(href: str) -> tuple[str | None, str | None, str]:
    """Return kind, id and path from the root of a link to an offer or a profile."""
    page = _PAGE.search(href.partition("#")[0])
    tail = f"?{page.group()}" if page else ""
    offer = OFFER_PATH.search(href)
    if offer is not None and offer[2] in (None, "refund"):
        return "listing", offer[1], f"/offer/{offer[1]}{'/refund' if offer[2] else ''}{tail}"
    profile = PROFILE_PATH.search(href) if offer is None else None
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
    item = button.parent
    while item is not None and item.tag not in ("li", "ul", "form"):
        item = item.parent
    classes = (item.attributes.get("class") or "").split() if item is not None else []
    return "disabled" in classes or "active" in classes


def _form_address(button: LexborNode, root: str) -> str:
    """Return where a button's form is posted to; ``/index`` where the form does not say."""
    form = button.parent
    while form is not None and form.tag != "form":
        form = form.parent
    action = (form.attributes.get("action") or "").strip() if form is not None else ""
    path = action.partition("#")[0].partition("?")[0]
    if not path.startswith("/") or path.startswith("//"):
        path = "/index"  # no address, a saved copy's ``./../index``, or another site's
    return root + path


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
