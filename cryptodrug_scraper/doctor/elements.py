"""Where an element that the parser read stands in the text that the doctor looks through.

The parser's tree and the doctor's are built by two programs. An element of the one is known in the
other by its text and by how often that text stood before it.
"""

from __future__ import annotations

import re
from itertools import islice

from bs4.element import Tag
from selectolax.lexbor import LexborNode

from cryptodrug_scraper.doctor.pagetext import NO_TEXT, PageText, css_path, squeeze
from cryptodrug_scraper.reading.cuts import WITHIN_A_LINE
from cryptodrug_scraper.reading.lines import walk
from cryptodrug_scraper.reading.nodes import ancestors

_MOST_TAGS = 200  # in an element, of which the attributes are looked through
_NEAR = 200  # characters behind the beginning of a line in which its value is looked for


class ReadElements:
    """The elements of the parser's tree as stretches of the page's text."""

    def __init__(self, text: PageText) -> None:
        self._text = text
        self._stretches: dict[int, tuple[int, int]] = {}
        self._squeezed = ""

    def place(self, node: LexborNode, text: str) -> tuple[int, int] | str | None:
        """Return where in an element a text stands: its stretch, or the path of an attribute.

        Of a text that the element does not hold (a number of stars), that is the element's own
        path; None if the element cannot be told in the page's text.
        """
        stretch = self._stretch(node)
        if stretch is None:
            return None
        start, end = stretch
        inside = self._text.find_between(text, start, end)
        if inside is not None:
            return inside
        tag = self._tag(node, start, end)
        if tag is not None and (path := _attribute_path(tag, text)):
            return path
        # A line is known by its beginning.
        if node.is_text_node or node.tag in WITHIN_A_LINE:
            near = self._text.find_between(text, start, end + _NEAR)
            if near is not None:
                return near
        return css_path(tag) if tag is not None else None

    def _stretch(self, node: LexborNode) -> tuple[int, int] | None:
        if not self._stretches:
            self._measure([node, *ancestors(node)][-1])
        start, end = self._stretches.get(node.mem_id, (-1, -1))
        if start < 0 or self._squeezed == self._text.text:
            return (start, end) if start >= 0 else None
        own = self._squeezed[start:end]
        at = -1
        for _ in range(self._squeezed.count(own, 0, start + len(own)) if own else 0):
            at = self._text.text.find(own, at + 1)
        return (at, at + len(own)) if at >= 0 else None

    def _measure(self, root: LexborNode) -> None:
        """Go through the parser's tree once."""
        parts: list[str] = []
        at = 0
        for node, tag, is_begin in walk(root, skip=NO_TEXT):
            start = at if is_begin else self._stretches[node.mem_id][0]
            if tag == "-text":
                parts.append(squeeze(node.text_content or ""))
                at += len(parts[-1])
            self._stretches[node.mem_id] = (start, at)
        self._squeezed = "".join(parts)

    def _tag(self, node: LexborNode, start: int, end: int) -> Tag | None:
        """Return the element of the doctor's tree; of several in one place, the most alike."""
        if node.is_text_node:
            return self._text.elements[self._text.innermost(start, end)].tag
        tags = [tag for tag in self._text.tags_at(start, end) if tag.name == node.tag]
        stated = {name: " ".join((value or "").split()) for name, value in node.attributes.items()}
        alike = [tag for tag in tags if _attributes(tag) == stated]
        return next(iter((*alike, *tags)), None)


def _attributes(tag: Tag) -> dict[str, str]:
    return {
        name: " ".join(value if isinstance(value, list) else str(value).split())
        for name, value in tag.attrs.items()
    }


def _attribute_path(tag: Tag, text: str) -> str | None:
    """Return the path of an attribute, of an element or of one within, that holds a text."""
    wanted = " ".join(text.split())
    pattern = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)") if wanted else None
    within = (inner for inner in tag.descendants if isinstance(inner, Tag))
    for inner in (tag, *islice(within, _MOST_TAGS)):
        for name, value in _attributes(inner).items():
            if pattern is not None and pattern.search(value):
                return f"{css_path(inner)}@{name}"
    return None
