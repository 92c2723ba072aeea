"""Wall Street Market: what stands where on an offer's or a vendor's page, and which tab is open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.lines import HEADINGS, heading_text
from cryptodrug_scraper.reading.links import address, path_of
from parsers.wall_street_offer import OFFER_PATH, PROFILE_PATH

_OUTLINE = "h1, h2, h3, h4, h5, h6, table, #tabcontent, ul.nav, ol.tree"
_NAMED_EXACTLY = frozenset({"info", "information"})
_NAMED_BY = (("prices", "prices"), ("shipping options", "shipping"), ("feedback", "feedback"))
_TAB_NAMES = frozenset(
    {"description", "refund", "refund policy", "info", "information", "offers", "pgp", "pgp key"}
)


@dataclass(slots=True)
class _Part:
    node: LexborNode
    heading: str | None  # its words, if it is a heading
    name: str | None  # info, information, prices, shipping, feedback, or a tab's name
    in_tab: bool


class Outline:
    """A page's headings, tables and ``#tabcontent`` in page order."""

    def __init__(self, document: Document) -> None:
        self.parts: list[_Part] = []
        self.tab: LexborNode | None = None
        self.navs: list[LexborNode] = []
        inside: set[int] = set()
        for node in document.css(_OUTLINE):
            tag = node.tag or ""
            if node.attributes.get("id") == "tabcontent":
                if self.tab is None:
                    self.tab = node
                    inside = {n.mem_id for n in node.css(_OUTLINE)} - {node.mem_id}
            elif tag in ("ul", "ol"):
                self.navs.append(node)
            elif tag in HEADINGS:
                words = heading_text(node)
                is_title = "fheading" in (node.attributes.get("class") or "").split()
                name = None if is_title else _name_of(words, node.mem_id in inside)
                self.parts.append(_Part(node, words, name, node.mem_id in inside))
            else:
                self.parts.append(_Part(node, None, None, node.mem_id in inside))

    @property
    def headings(self) -> list[LexborNode]:
        """All headings, in page order."""
        return [part.node for part in self.parts if part.heading is not None]

    @property
    def outside(self) -> list[LexborNode]:
        """The headings that do not stand in the tab's text."""
        return [p.node for p in self.parts if p.heading is not None and not p.in_tab]

    def first(self, name: str) -> LexborNode | None:
        """Return the first heading of this name outside the tab's text."""
        return next((p.node for p in self.parts if p.name == name and not p.in_tab), None)

    def table_under(self, name: str) -> LexborNode | None:
        """Return the table between the first heading of this name and the next heading."""
        under = False
        for part in self.parts:
            if part.heading is not None:
                under = part.name == name
            elif under:
                return part.node
        return None

    def tables(self, name: str) -> list[LexborNode]:
        """Return all tables under headings of this name, one a heading."""
        found = []
        under = False
        for part in self.parts:
            if part.heading is not None:
                under = part.name == name
            elif under:
                found.append(part.node)
                under = False
        return found

    @cached_property
    def stops(self) -> set[int]:
        """Where the info block ends at the latest: tables, the tab's text, other named headings."""
        stops = {p.node.mem_id for p in self.parts if p.heading is None}
        stops |= {p.node.mem_id for p in self.parts if p.name in ("prices", "shipping", "feedback")}
        if self.tab is not None:
            stops.add(self.tab.mem_id)
        return stops

    @cached_property
    def not_of_the_text(self) -> set[int]:
        """What stands in ``#tabcontent`` and is no text of the vendor's: headings, their tables."""
        out = {nav.mem_id for nav in self.navs}
        section: _Part | None = None
        for part in self.parts:
            named = part.name in ("prices", "shipping", "feedback")
            if part.heading is not None:
                section = part if named else None
            elif part.in_tab and section is not None:
                out |= {part.node.mem_id, section.node.mem_id}
            # "My prices" without a table is the vendor's own heading.
            if part.in_tab and part.name is not None and not named:
                out.add(part.node.mem_id)
        return out

    @cached_property
    def not_of_the_info(self) -> set[int]:
        """What is neither the info block nor around it: the tab's text, named tables, menus."""
        out = {nav.mem_id for nav in self.navs}
        if self.tab is not None:
            out.add(self.tab.mem_id)
        for name in ("prices", "shipping", "feedback"):
            out |= {table.mem_id for table in self.tables(name)}
        return out

    def tab_heading(self) -> str | None:
        """Return the name of the tab as a heading in ``#tabcontent`` states it."""
        return next((p.heading for p in self.parts if p.in_tab and p.heading in _TAB_NAMES), None)


def _name_of(words: str, in_tab: bool) -> str | None:
    if words in _NAMED_EXACTLY or (in_tab and words in _TAB_NAMES):
        return words
    return next((name for word, name in _NAMED_BY if word in words), None)


def outline_of(document: Document) -> Outline:
    """Return the page's outline, which costs one walk over the tree."""
    return Outline(document)


_ACTIVE = '.active, .selected, .current, [aria-selected="true"], [aria-current]'
_WORDS = re.compile(r"\b(refund|description|pgp|info|information|offers|feedback|ratings)\b")


def tab_shown(document: Document, url: str | None, kind: str, outline: Outline) -> str | None:
    """Return which tab is open (``refund``, ``offers``, ``pgp``, ``info`` …), or None.

    ``kind`` is ``offer`` or ``profile``. The page's address says it, else the tab that is
    marked as the open one, else a heading in the tab's text.
    """
    path = OFFER_PATH if kind == "offer" else PROFILE_PATH
    here = path.search(address(url).place)
    if here is not None and (here[2] or kind == "offer"):
        return here[2].lower() if here[2] else "description"
    navs = {nav.mem_id for nav in outline.navs}
    for node in document.css(_ACTIVE):
        if node.mem_id in navs:
            continue
        link = node if node.tag == "a" else node.css_first("a")
        to = path.search(path_of(link)) if link is not None else None
        if to is not None:
            if to[2] or kind == "offer":
                return to[2].lower() if to[2] else "description"
            continue
        text = node.text(separator=" ").strip()
        word = _WORDS.search(text.casefold()) if len(text) < 40 else None
        if word is not None:
            return word[1]
    heading = outline.tab_heading()
    word = _WORDS.search(heading) if heading else None
    return word[1] if word is not None else None
