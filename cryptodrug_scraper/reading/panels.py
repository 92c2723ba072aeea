"""Panels that stay the same from page to page are read once: menus, sidebars, search forms.

They make up most of a page, and while a crawl goes through a market they are the same to the
letter on page after page. A panel that is known is left out before a page's tree is built, and
what it was read as is taken from memory. In its place stands an empty element of its kind, by
which the tree shows that the panel was one there, and not the text of a comment or a script.

A panel is known by its bytes, is kept only if it reads the same by itself as on its page, and
its value cannot be changed: a page reads the same with and without this.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from selectolax.lexbor import LexborHTMLParser, LexborNode

if TYPE_CHECKING:
    from cryptodrug_scraper.reading.document import Document
    from cryptodrug_scraper.reading.reader import Reader

LONGEST = 128 * 1024
"""Bytes of a panel that is kept."""

MOST = 32
"""Panels of one kind that are kept: a market's menu, with one or another branch open."""

T = TypeVar("T")
Value = TypeVar("Value")

_MARK = f"panel-{secrets.token_hex(8)}"  # no page can hold it
_number = count()
_NAME = re.compile(rb"<([a-zA-Z][a-zA-Z0-9]*)")
_VOID = frozenset(b"br hr img input".split())
# What else a panel holds; elements that may change how the page behind them is read are not here.
_PLAIN = _VOID.union(
    b"a abbr b center div em font form h1 h2 h3 h4 h5 h6 i label li ol option optgroup p select "
    b"small span strong table tbody td tfoot th thead tr u ul".split()
)
# What may be open around a panel, as nothing in it ends these.
_AROUND = frozenset(["html", "body", "div", "center", "main", "nav", "section", "aside", "article"])
_AROUND_LISTS = _AROUND.union(["form", "p", "span", "label"])
_ALONE_IN_TABLES = frozenset(b"option optgroup tbody td tfoot th thead tr".split())


class PanelContent(NamedTuple, Generic[T]):
    """A panel that was read: its value, what its links say, and the panels ``within`` it.

    In the place of its ``markup`` stands ``stand_in``, with a link to ``mark`` if it has any; in
    the tree it is ``shown``.
    """

    value: T
    hrefs: tuple[str, ...]
    within: dict[CachedPanel[Any], PanelContent[Any]]
    markup: bytes
    mark: str
    stand_in: bytes
    shown: str


class CachedPanel(Generic[T]):
    """Panels of one kind: how one begins in the bytes of a page, and the selector of its element.

    Their values must be such that cannot be changed, as pages share them.
    """

    def __init__(self, opening: str, selector: str) -> None:
        self.selector = selector
        self._opening = opening.encode()
        self._kept: dict[bytes, PanelContent[T]] = {}
        self._in_vain = 0  # panels met since one was known
        self._next_try = 1

    def find(self, body: bytes) -> tuple[int, int, PanelContent[T]] | None:
        """Return where a known panel stands in a page, and what it says; None if none does."""
        at = body.find(self._opening) if self._kept else -1
        if at >= 0:
            for markup, known in self._kept.items():
                if body.startswith(markup, at):
                    self._in_vain, self._next_try = 0, 1
                    return at, at + len(markup), known
        return None

    def read(
        self, document: Document, reader: Reader, read: Callable[[LexborNode], tuple[T, bool]]
    ) -> T | None:
        """Return what a page's panel says, or None if it has none.

        ``read`` says beside the value whether that rests on nothing but the panel. If not, and
        where it gave a notice, the panel is read on every page. It must not look into other panels
        within this one, which may be left out of it.
        """
        known: PanelContent[T] | None = document.known.get(self)
        if known is not None:
            return known.value
        node = document.first(self.selector)
        if node is None:
            return None
        notices = len(reader.notices)
        value, alone = read(node)
        plain = reader.is_plain and self in document.panels
        if alone and plain and len(reader.notices) == notices:
            self._learn(document, node, value)
        return value

    def skip(self, document: Document, reader: Reader) -> None:
        """Make a panel known that states nothing."""
        nothing: Any = None
        self.read(document, reader, lambda _: (nothing, True))

    def _learn(self, document: Document, node: LexborNode, value: T) -> None:
        """Keep a panel; the more were kept for nothing, the fewer are."""
        self._in_vain += 1
        if self._in_vain < self._next_try:
            return
        self._next_try = min(2 * self._next_try, 64)
        self._in_vain = 0
        markup = _markup(document.body, self._opening)
        if markup is None or not _is_plain(markup, node, document.known.values()):
            return
        within = {panel: one for panel, one in document.known.items() if one.markup in markup}
        others = [panel for panel in document.panels if panel is not self and panel not in within]
        if any(node.css_first(panel.selector) is not None for panel in others):
            return  # what they state would be lost
        if len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        mark = f"{_MARK}-{next(_number)}"
        hrefs = tuple(document.hrefs(node.css("a")))
        stand_in = _stand_in(markup, mark)
        shown = _alone(stand_in)
        if shown is not None:
            self._kept[markup] = PanelContent(value, hrefs, within, markup, mark, stand_in, shown)


def _markup(body: bytes, opening: bytes) -> bytes | None:
    """Return the bytes of the element that begins so, up to its end tag."""
    at = body.find(opening)
    if at < 0:
        return None
    depth = 0
    name = _NAME.match(opening)
    tags = re.compile(rb"<(/?)%s(?=[\s/>])[^>]*>" % name[1], re.I) if name else _NAME
    for tag in tags.finditer(body, at, at + LONGEST):
        depth += -1 if tag[1] else 1
        if depth <= 0:
            return body[at : tag.end()]
    return None


def _is_plain(markup: bytes, node: LexborNode, within: Iterable[PanelContent[Any]]) -> bool:
    """Say whether a panel is by itself what it is on its page, and changes nothing behind it.

    ``within`` are panels of the page that are left out of its tree, and perhaps of the node.
    """
    if not _PLAIN.issuperset(name.lower() for name in _NAME.findall(markup)):
        return False
    for inner in within:
        markup = markup.replace(inner.markup, inner.stand_in)
    return _alone(markup) == node.html and _is_surrounded_well(node)


def _alone(markup: bytes) -> str | None:
    """Return the element that the markup makes, as it is serialised; None if it makes more."""
    body = LexborHTMLParser(b"<!doctype html><body>" + markup + b"x<hr>").body
    first = body.child if body is not None else None
    text = first.next if first is not None else None
    rule = text.next if text is not None else None
    if first is None or text is None or rule is None or rule.next is not None:
        return None
    return first.html if text.text_content == "x" and rule.tag == "hr" else None


def _stand_in(markup: bytes, mark: str) -> bytes:
    """Return what is put in a panel's place.

    It holds one of each element that the panel does: an element that is open before the panel and
    ends with the first ``<a>``, ``<form>`` … in it ends there too.
    """
    names = list(dict.fromkeys(name.lower() for name in _NAME.findall(markup)))
    start = markup[: markup.index(b">")].rstrip(b"/")
    inner = [
        b"<%s>" % name if name in _VOID else b"<%s></%s>" % (name, name)
        for name in names[1:]
        if name not in _ALONE_IN_TABLES and name != b"a"
    ]
    link = b'<a href="%s"></a>' % mark.encode() if b"a" in names else b""
    return b"%s %s>%s%s</%s>" % (start, _MARK.encode(), b"".join(inner), link, names[0])


class WithoutPanels:
    """A page without its known panels: its ``body``, and what these say."""

    def __init__(self, body: bytes, panels: Iterable[CachedPanel[Any]]) -> None:
        places = [(*place, panel) for panel in panels if (place := panel.find(body)) is not None]
        places.sort(key=lambda place: place[0])
        parts: list[bytes] = []
        at = 0
        self._left_out: dict[CachedPanel[Any], PanelContent[Any]] = {}
        self._within: dict[CachedPanel[Any], PanelContent[Any]] = {}
        for start, end, known, panel in places:
            if start >= at:
                parts += (body[at:start], known.stand_in)
                at = end
                self._left_out[panel] = known
                self._within |= known.within
        self.body = b"".join([*parts, body[at:]]) if places else body
        self.known = self._within | self._left_out

    def holds(self, tree: LexborHTMLParser) -> bool:
        """Say whether the tree shows that the panels were such, and ended nothing around them."""
        for panel, known in self._left_out.items():
            node = tree.css_first(panel.selector)
            if node is None or node.html != known.shown or not _is_surrounded_well(node):
                return False
        return all(tree.css_first(panel.selector) is None for panel in self._within)


def _is_surrounded_well(node: LexborNode) -> bool:
    """Say whether no element is open around a panel that one in the panel could end."""
    above = node.parent
    around = _AROUND if node.tag != "select" else _AROUND_LISTS
    while above is not None and above.tag in around:
        above = above.parent
    return above is None or above.parent is None


def hrefs_of(nodes: Iterable[LexborNode], known: Iterable[PanelContent[Any]]) -> list[str]:
    """Return what links say, each once, in page order, with those of panels that are left out."""
    panels = {panel.mark: panel.hrefs for panel in known}
    hrefs: dict[str | None, None] = {}
    for node in nodes:
        href = node.attrs.get("href")
        if href in panels:
            hrefs.update(dict.fromkeys(panels[href]))
        else:
            hrefs[href] = None
    return [href for href in hrefs if href]
