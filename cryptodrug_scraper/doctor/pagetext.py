"""Where on a page a text stands.

All text of the page is held as one string without white space, and each element and piece of
text as a stretch of it. So a text is found whatever white space, line breaks or tags (a bold
word) the page has inside it, and the innermost element that holds it is found by climbing.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag

NO_TEXT = frozenset({"script", "style", "noscript", "template", "head", "svg", "iframe"})
CONTROLS = frozenset({"button", "select", "option", "textarea", "datalist", "optgroup", "legend"})
_SHORTEST_WITHIN_WORDS = 4
_MUCH_MORE = 40  # characters around a text: a figure in a paragraph is rarely the one
_MOST_PLACES = 300  # of one text that are looked at: "5" may stand in thousands
_MOST_SEARCHES = 200  # through all attributes
_LONGEST_ATTRIBUTE = 2_000
_NAME = re.compile(r"[A-Za-z_-][\w-]{0,39}")


@dataclass(slots=True)
class Element:
    """An element and the stretch of the page's text that it holds."""

    tag: Tag
    parent: int  # index of the element around it, -1 for the outermost
    start: int
    end: int = 0


@dataclass(slots=True)
class Piece:
    """One text node: its text as the page has it, its stretch, the element it stands in."""

    text: str
    start: int
    end: int
    element: int


def squeeze(text: str) -> str:
    """Return a text without its white space."""
    return "".join(text.split())


class PageText:
    """The text of a page with its elements. Building it and every look-up are bounded."""

    def __init__(self, source: str) -> None:
        self.soup = BeautifulSoup(source.replace("\0", "\ufffd"), "lxml")
        self.elements: list[Element] = []
        self.pieces: list[Piece] = []
        self.unread_scripts = 0
        self._edges: set[int] = set()
        self._searches = _MOST_SEARCHES
        parts: list[str] = []
        self._build(parts)
        self.text = "".join(parts)
        self._starts = [piece.start for piece in self.pieces]
        self._places_of: dict[str, list[tuple[int, int]]] = {}

    def _build(self, parts: list[str]) -> None:
        """Walk the tree without recursion: a hostile page may be five hundred deep."""
        at = 0
        stack: list[tuple[int, Iterator[object]]] = [(-1, iter(self.soup.contents))]
        while stack:
            index, children = stack[-1]
            node = next(children, None)
            if node is None:
                stack.pop()
                if index >= 0:
                    self.elements[index].end = at
            elif isinstance(node, Tag):
                if node.name in NO_TEXT:
                    self.unread_scripts += node.name != "head"
                    continue
                self.elements.append(Element(node, index, at))
                stack.append((len(self.elements) - 1, iter(node.contents)))
            elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
                words = node.split()
                if not words:
                    continue
                start = at
                for word in words:
                    self._edges.add(at)
                    at += len(word)
                    self._edges.add(at)
                parts.extend(words)
                self.pieces.append(Piece(str(node), start, at, index))

    # -- looking up ---------------------------------------------------------------------

    def find(self, text: str, after: int = 0, *, alone: bool = True) -> tuple[int, int] | None:
        """Return the stretch where a text most likely stands, or None.

        Best is an element that holds this text and nothing else, then whole words; those in
        a form's controls come last. Of equally good ones it is the nearest to ``after``;
        where records of a kind are many (not ``alone``), the first that is not before it.
        """
        needle = squeeze(text)
        if not needle:
            return None
        best: tuple[int, int] | None = None
        best_cost = (99, 0)
        for start, end in self._places(needle):
            index = self.innermost(start, end)
            element = self.elements[index]
            if element.start == start and element.end == end:
                cost = 0
            elif self._edge(start - 1, start) and self._edge(end - 1, end):
                long = end - start + _MUCH_MORE < element.end - element.start
                cost = 7 if long else 4
            elif len(needle) < _SHORTEST_WITHIN_WORDS:
                continue  # a figure or a word in the middle of others is chance
            else:
                cost = 8
            if start < after and not alone:
                cost += 6
            if element.tag.name in CONTROLS:
                cost += 5
            if (cost, abs(start - after)) < best_cost:
                best, best_cost = (start, end), (cost, abs(start - after))
        return best

    def find_between(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Return the first stretch between two places where a text stands as words of its own.

        A longer text may stand there in the middle of words, too.
        """
        needle = squeeze(text)
        within = None
        at = self.text.find(needle, start, end) if needle else -1
        while at >= 0:
            stretch = (at, at + len(needle))
            if self._edge(at - 1, at) and self._edge(stretch[1] - 1, stretch[1]):
                return stretch
            within = within or stretch
            at = self.text.find(needle, at + 1, end)
        return within if len(needle) >= _SHORTEST_WITHIN_WORDS else None

    def tags_at(self, start: int, end: int) -> list[Tag]:
        """Return the elements that hold this stretch and nothing else, the outermost first."""
        return self._tags.get((start, end), [])

    @cached_property
    def _tags(self) -> dict[tuple[int, int], list[Tag]]:
        tags: dict[tuple[int, int], list[Tag]] = {}
        for element in self.elements:
            tags.setdefault((element.start, element.end), []).append(element.tag)
        return tags

    def _places(self, needle: str) -> list[tuple[int, int]]:
        places = self._places_of.get(needle)
        if places is None:
            places = []
            at = self.text.find(needle)
            while at >= 0 and len(places) < _MOST_PLACES:
                places.append((at, at + len(needle)))
                at = self.text.find(needle, at + 1)
            if not places and len(needle) > 4 and needle.lower() in self._lower:
                at = self._lower.find(needle.lower())  # the parser may have noted it folded
                places.append((at, at + len(needle)))
            self._places_of[needle] = places
        return places

    @cached_property
    def _lower(self) -> str:
        lower = self.text.lower()
        return lower if len(lower) == len(self.text) else ""

    def _edge(self, left: int, right: int) -> bool:
        """Say whether a word begins or ends between two characters."""
        if right in self._edges or left < 0 or right >= len(self.text):
            return True
        return not (self.text[left].isalnum() and self.text[right].isalnum())

    def innermost(self, start: int, end: int) -> int:
        """Return the index of the innermost element that holds a stretch."""
        piece = self.pieces[max(0, bisect_right(self._starts, start) - 1)]
        index = piece.element
        while index > 0 and self.elements[index].end < end:
            index = self.elements[index].parent
        return index

    def pieces_in(self, start: int, end: int) -> list[Piece]:
        """Return the pieces of text that lie within a stretch."""
        return self.pieces[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def count_in(self, start: int, end: int) -> int:
        """Return how many pieces of text lie within a stretch."""
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    @cached_property
    def _attributes(self) -> dict[str, tuple[Tag, str]]:
        by_value: dict[str, tuple[Tag, str]] = {}
        for tag in self.soup.find_all(True):
            for name, value in tag.attrs.items():
                stated = " ".join(value) if isinstance(value, list) else str(value)
                if 0 < len(stated) <= _LONGEST_ATTRIBUTE:
                    by_value.setdefault(stated.strip(), (tag, name))
        return by_value

    def attribute(self, text: str) -> str | None:
        """Return the path of the attribute that has this value or holds it, ``a.title@href``."""
        wanted = text.strip()
        attribute = self._attributes.get(wanted)
        if attribute is None and len(wanted) >= 3 and self._searches > 0:
            self._searches -= 1
            pattern = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
            attribute = next(
                (at for stated, at in self._attributes.items() if pattern.search(stated)), None
            )
        if attribute is None:
            return None
        tag, name = attribute
        return f"{css_path(tag)}@{name}"

    # -- naming --------------------------------------------------------------------------

    def path(self, start: int, end: int) -> str:
        """Return a short CSS-like path of the innermost element that holds a stretch."""
        return css_path(self.elements[self.innermost(start, end)].tag)


def css_path(tag: Tag, *, numbered: bool = True, longest: int = 4) -> str:
    """Return how to find an element: at most four steps, from the nearest one with an id.

    ``numbered`` adds ``:nth-of-type(n)`` to rows, cells and items, which mostly have no class.
    """
    steps: list[str] = []
    at: Tag | None = tag
    while at is not None and at.name not in ("[document]", "html", "body"):
        step = _step(at, numbered)
        steps.append(step)
        if "#" in step or len(steps) >= longest:
            break
        at = at.parent
    return " > ".join(reversed(steps)) or tag.name


def _step(tag: Tag, numbered: bool) -> str:
    name = tag.name[:20]
    own = tag.get("id")
    if isinstance(own, str) and _NAME.fullmatch(own):
        return f"{name}#{own}"
    classes = tag.get("class")
    words = [w for w in (classes if isinstance(classes, list) else []) if _NAME.fullmatch(w)]
    step = ".".join([name, *words[:2]])
    if numbered and not words and name in ("tr", "td", "th", "li", "dd", "dt", "p"):
        place, sibling = 1, tag.previous_sibling
        while sibling is not None and place < 1_000:
            place += isinstance(sibling, Tag) and sibling.name == tag.name
            sibling = sibling.previous_sibling
        if place > 1:
            step += f":nth-of-type({place})"
    return step
