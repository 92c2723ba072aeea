"""A page cut into lines of text and icons, whatever elements hold them.

For markets whose wrappers are not known or change: a line ends at ``<br>`` or at any block
element, and a value may stand beside its label or in the next block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import lines as tidy
from cryptodrug_scraper.reading.memoize import memoized
from cryptodrug_scraper.reading.nodes import only_content

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = HEADINGS.union(
    ("address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "fieldset"),
    ("figure", "form", "li", "main", "ol", "p", "pre", "section", "table", "tbody", "tfoot"),
    ("thead", "tr", "ul"),
)
_CELLS = frozenset({"td", "th"})
_NOT_READ = frozenset({"head", "title", "header", "footer", "nav"}).union(
    ("input", "select", "textarea"), ("noscript", "script", "style", "template")
)
_ICON_TAGS = frozenset({"i", "img", "svg"})
NO_LIMIT = "∞"
"""What the icon ``ion-ios-infinite`` is read as."""

Skip = Mapping[str, Callable[[LexborNode], bool]]
"""For a tag, which of its elements are passed over with all that is in them."""

BUTTONS: Skip = {"button": lambda _: True}
"""Something to do, not something stated."""


@dataclass(slots=True, frozen=True)
class Icon:
    """An icon: its ``ion-…`` class (empty for other icons) and its tooltip."""

    name: str
    title: str


@dataclass(slots=True)
class Line:
    """One line: texts and icons in page order, and the links on it.

    ``block`` and ``around`` tell which element holds the line, and which one that element:
    lines of one list share one of them. ``rules`` counts the ``<hr>`` before the line;
    ``heading`` says that it stands in a heading; ``start`` is the first text or element of it.
    """

    start: LexborNode
    block: int
    around: int
    rules: int
    heading: bool
    parts: list[str | Icon] = field(default_factory=list)
    links: list[LexborNode] = field(default_factory=list)
    _text: str | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The line's text, white space folded; ``parts`` do not change once it was asked for."""
        if self._text is None:
            self._text = joined(self.parts)
        return self._text

    @property
    def icons(self) -> list[Icon]:
        """The line's icons."""
        return [part for part in self.parts if isinstance(part, Icon)]


def joined(parts: list[str | Icon]) -> str:
    """Return the texts of a line's parts as one, white space folded."""
    if len(parts) == 1:
        only = parts[0]
        return " ".join(only.split()) if isinstance(only, str) else ""
    return " ".join("".join([p if isinstance(p, str) else " " for p in parts]).split())


@memoized
def icon_name(classes: str) -> str:
    """Return the ``ion-…`` class among an element's classes, or an empty text."""
    return next((c for c in classes.split() if c.startswith("ion-")), "")


def icon_of(node: LexborNode, tag: str) -> Icon | None:
    """Return the icon that an element is, or None for any other element.

    Icons are ``<i>`` without text, images, and whatever has a class ``ion-…``.
    """
    if tag not in _ICON_TAGS and tag != "span":
        return None
    attributes = node.attributes
    name = icon_name(attributes.get("class") or "")
    if not name and (tag == "span" or (tag == "i" and node.text().strip())):
        return None
    title = attributes.get("title") or attributes.get("data-original-title")
    return Icon(name, title or attributes.get("alt") or "")


def walk(
    root: LexborNode,
    *,
    after: bool = False,
    stops: Container[int] = (),
    skip: Container[str] = (),
    leave_out: Container[int] = (),
) -> Iterator[tuple[LexborNode, str, bool]]:
    """Yield ``(node, tag, entering)`` in page order, without recursion.

    Walks what is inside ``root``, or with ``after`` all that follows it on the page, and ends
    at a node whose ``mem_id`` is in ``stops``. Elements whose tag is in ``skip``, or whose
    ``mem_id`` is in ``leave_out``, are passed over with all that is in them; elements (not
    texts) are yielded a second time when they end.
    """
    top = None if after else root.mem_id
    node: LexborNode | None = root if after else root.child
    entering = not after
    while node is not None:
        if entering:
            if stops and node.mem_id in stops:
                return
            tag = node.tag or ""
            if tag not in skip and not (leave_out and node.mem_id in leave_out):
                yield node, tag, True
                child = node.child
                if child is not None:
                    node = child
                    continue
                if tag != "-text":
                    yield node, tag, False
        following = node.next
        if following is not None:
            node, entering = following, True
            continue
        node = node.parent
        if node is None or node.mem_id == top:
            return
        yield node, node.tag or "", False
        entering = False


def lines_of(
    root: LexborNode, *, after: bool = False, stops: Container[int] = (), skip: Skip = BUTTONS
) -> list[Line]:
    """Return the lines inside an element, or with ``after`` those that follow it on the page.

    Menus, fields, scripts and what ``skip`` names are left out. An infinity icon is a text.
    """
    lines: list[Line] = []
    start = root.parent if after else root
    blocks = [start.mem_id if start is not None else 0]
    line: Line | None = None
    passed: LexborNode | None = None
    rules = headings = 0
    for node, tag, entering in walk(root, after=after, stops=stops, skip=_NOT_READ):
        if not entering:
            if passed is not None:
                if passed.mem_id == node.mem_id:
                    passed = None
                continue
            if tag in _BLOCKS:
                line = None
                if tag in HEADINGS and headings:
                    headings -= 1
                if len(blocks) > 1:
                    blocks.pop()
                elif node.parent is not None:
                    blocks[0] = node.parent.mem_id
            continue
        if passed is not None or (tag[:1] == "-" and tag != "-text"):
            continue
        if tag in _BLOCKS or tag in ("br", "hr"):
            line = None
            if tag in _BLOCKS:
                if tag in skip and skip[tag](node):
                    passed = node
                    continue
                blocks.append(node.mem_id)
                headings += tag in HEADINGS
            rules += tag == "hr"
            continue
        if tag in skip and skip[tag](node):
            passed = node
            continue
        if line is None:
            if tag == "-text" and (node.text_content or "").isspace():
                continue
            around = blocks[-2] if len(blocks) > 1 else 0
            line = Line(node, blocks[-1], around, rules, headings > 0)
            lines.append(line)
        if tag == "-text":
            line.parts.append(node.text_content or "")
        elif tag == "a":
            line.links.append(node)
        elif tag in _CELLS:
            line.parts.append(" ")
        else:
            mark = icon_of(node, tag)
            if mark is not None:
                passed = node
                line.parts.append(NO_LIMIT if mark.name.endswith("infinite") else mark)
    return [line for line in lines if line.parts]


def cell_text(node: LexborNode, *, skip: Skip = BUTTONS) -> str:
    """Return an element's text on one line, its pieces parted by spaces, infinity as ``∞``."""
    text = " ".join(node.text(separator=" ").split())
    if text and text[-1] not in "-–—":  # where "1 -" ends, or nothing stands, an icon may
        return text
    if node.css_first('[class*="infinite"]') is None:
        return text
    return " ".join(line.text for line in lines_of(node, skip=skip))


def inline_text(node: LexborNode, *, skip: Skip = BUTTONS) -> str:
    """Return an element's text as a browser shows it on one line: ``<b>`` parts no words."""
    if _is_plain(node):
        return " ".join(node.text().split())
    return " ".join(line.text for line in lines_of(node, skip=skip))


def _is_plain(node: LexborNode) -> bool:
    """Tell an element that holds one text and nothing else, as most do."""
    only = only_content(node)
    return only is not None and only.is_text_node


def heading_text(node: LexborNode) -> str:
    """Return a heading's words in lower case, without what stands around them."""
    return " ".join(node.text(separator=" ").split()).strip(" :-–—•").casefold()


def plain_label(text: str) -> str:
    """Return a label in lower case, hyphens as spaces, without its colon."""
    return " ".join(text.replace("-", " ").split()).rstrip(" :").casefold()


_BREAKS = _BLOCKS | {"br", "hr"}
_KEPT_SPACE = frozenset({"pre", "textarea"})


def long_text(node: LexborNode, *, leave_out: Container[int] = ()) -> str | None:
    """Return a long text with its line breaks; elements in ``leave_out`` are passed over.

    Where the page marks breaks (``<br>``, several blocks), those count and white space in the
    source does not, as in a browser; otherwise the source's own line breaks are the text's.
    """
    if _is_plain(node):
        return tidy(node.text())
    blocks = int(_has_own_text(node))
    for inner in node.css("br, p, div, li"):
        if inner.mem_id not in leave_out and inner.mem_id != node.mem_id:
            tag = inner.tag
            blocks += 2 if tag == "br" else int(tag != "div" or _has_own_text(inner))
    flows = blocks > 1
    parts: list[str] = []
    kept = int(node.tag in _KEPT_SPACE)
    skip = _NOT_READ - {"textarea", "header", "footer"}
    for inner, tag, entering in walk(node, skip=skip, leave_out=leave_out):
        if tag in _KEPT_SPACE:
            kept += 1 if entering else -1
        if entering and tag == "-text":
            text = inner.text_content or ""
            if flows and not kept:
                text = _SOURCE_BREAK.sub(" ", text)
                if not parts or parts[-1][-1:].isspace():
                    text = text.lstrip()
            if text:
                parts.append(text)
        elif tag == "br":
            if entering:
                parts.append("\n")
        elif tag in _BREAKS and parts and not parts[-1].endswith("\n"):
            parts.append("\n")
        elif entering and tag in _CELLS and parts and not parts[-1][-1:].isspace():
            parts.append(" ")
    text = "".join(parts)
    return tidy(_BLANKS_BEFORE_BREAK.sub("\n", text)) if text.strip() else None


def _has_own_text(node: LexborNode) -> bool:
    """Tell whether an element holds text itself, so is more than a wrapper."""
    return any(
        inner.tag == "-text" and (inner.text_content or "").strip()
        for inner in node.iter(include_text=True)
    )


_SOURCE_BREAK = re.compile(r"[ \t\r]*\n\s*")
_BLANKS_BEFORE_BREAK = re.compile(r"[ \t]+\n")
