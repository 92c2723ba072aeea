"""One page as bytes, text and tree."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterable
from copy import copy
from functools import cached_property
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cryptodrug_scraper.reading.cuts import (
    MORE,
    Remains,
    begun_only,
    left_open,
    more_of,
    parse_open,
    says_its_end,
)
from cryptodrug_scraper.reading.damage import LOST, damaged, repaired, rephrased
from cryptodrug_scraper.reading.encoding import decode
from cryptodrug_scraper.reading.limits import too_costly
from cryptodrug_scraper.reading.panels import CachedPanel, PanelContent, WithoutPanels, hrefs_of

# References to the letters, digits and marks that names, classes and addresses are made of.
_SPELT_LETTER = re.compile(
    r"&(?:#0*(?:4[5-9]|5[0-7]|6[5-9]|[78]\d|9[0-57-9]|1[01]\d|12[0-2])(?!\d)"
    r"|#[xX]0*(?:2[dDeEfF]|3\d|[46][1-9a-fA-F]|[57][\daA]|5[bBdDfF])(?![\da-fA-F])"
    r"|(?:sol|period|lowbar|lsqb|lbrack|rsqb|rbrack);)"
)
_LAST_WORDS = 80  # characters that show where a page was cut off
_TAG_BEGUN = re.compile(r"<(?:[a-zA-Z/!?]|\Z)")


class TooCostly(ValueError):
    """The page is built to be slow, or larger than any page of a market; says why."""


class Document:
    """A page to be read: ``tree`` by lexbor, ``source`` as text, and node look-ups.

    ``invalid_bytes`` counts the places that are no letter, each U+FFFD in the source;
    ``guessed_charset`` is one that the page does not declare. ``cut_off`` says that the page ends
    early (``last_words`` is what its end shows): its source and tree then end where its last
    whole tag does. ``known`` are those of ``panels`` that were read on other pages: they are not
    in the tree.

    Raises :class:`TooCostly` for pages that must not be built into a tree.
    """

    def __init__(
        self, body: bytes, content_type: str | None = None, panels: Iterable[CachedPanel[Any]] = ()
    ) -> None:
        self.body = body
        read = decode(body, content_type)
        self.source = read.text
        self.invalid_bytes = read.invalid
        self.guessed_charset = read.guessed
        # Lexbor takes UTF-8 as it is: no need to encode it again.
        self.is_utf8 = not read.invalid and read.charset == "utf-8" and body[:3] != BOM_UTF8
        self.cut_off = False
        self.last_words = ""
        self.panels = tuple(panels)
        self.known: dict[CachedPanel[Any], PanelContent[Any]] = {}
        self._firsts: dict[str, LexborNode | None] = {}
        self._open: frozenset[int] = frozenset()
        self._within: tuple[str, ...] = ()
        if not (self.is_utf8 and says_its_end(self.source) and self._read_shortened()):
            _refuse(body)
            if read.charset != "utf-8":
                _refuse(self.source.encode("utf-8", "replace"))  # bytes hid its tags
            if says_its_end(self.source):
                self.tree = LexborHTMLParser(body if self.is_utf8 else self.source)
            else:
                self._read_without_end()
        self._leave_out_what_is_not_seen()

    def _leave_out_what_is_not_seen(self) -> None:
        body = self.tree.body
        if body is not None and body.css_first("script, style") is not None:
            self.tree.strip_tags(["script", "style"])  # else they are part of a cell's text

    def _read_shortened(self) -> bool:
        """Build the tree without known panels, if there are any; False if that cannot be done."""
        short = WithoutPanels(self.body, self.panels)
        if not short.known:
            return False
        _refuse(short.body)
        self.tree, self.known = LexborHTMLParser(short.body), short.known
        if not short.holds(self.tree):
            self.known = {}
        return bool(self.known)

    def _read_without_end(self) -> None:
        """Build the tree of a page that does not end as documents do: cut off, or a mere piece."""
        left = parse_open(self.source)
        half = _TAG_BEGUN.search(self.source, len(left.source)) is not None
        self.cut_off = half or begun_only(self.source) or left_open(left.tree, left.opened)
        if self.cut_off:
            self.last_words = fold(self.source[-_LAST_WORDS:])
            self._take(left)
        else:
            self.tree = LexborHTMLParser(self.source)

    def continued(self) -> Document:
        """Return this page, which was cut off, as if it went on with a text.

        What is read of it otherwise than of the page itself was unfinished.
        """
        other = copy(self)
        other.__dict__.pop("title", None)
        other._firsts = {}
        other._take(parse_open(self.source, more_of(self._within)))
        other._leave_out_what_is_not_seen()
        return other

    def repaired(self, phrases: Iterable[str] = ()) -> list[Document]:
        """Return this page with what is damaged in it repaired by guess: none, one, or two pages.

        Damaged are tags, and these ``phrases`` where they lost letters; where tags are, it is
        repaired once more with texts beside them. What is read of them otherwise than of the page
        itself rests on the damage. Raises :class:`TooCostly` as the class does.
        """
        if LOST not in self.source:
            return []
        source = rephrased(self.source, phrases)
        if self.damaged_markup:
            return [self._of(repaired(source, beside)) for beside in ("", MORE)]
        return [self._of(source)] if source != self.source else []

    def _of(self, source: str) -> Document:
        _refuse(source.encode("utf-8", "replace"))
        other = copy(self)
        other.__dict__.pop("title", None)
        other._firsts, other.known, other.source = {}, {}, source
        if self.cut_off:
            other._take(parse_open(source))
        else:
            other.tree = LexborHTMLParser(source)
        other._leave_out_what_is_not_seen()
        return other

    @cached_property
    def damaged_markup(self) -> bool:
        """Whether a tag holds bad places: what the page lacks may have stood in such a one."""
        return damaged(self.source)

    def _take(self, left: Remains) -> None:
        self.source, self.tree, self._open, self._within = left

    def unfinished(self, node: LexborNode) -> bool:
        """Tell whether an element had not ended where the page was cut off: more may follow."""
        return node.mem_id in self._open

    def mentions(self, *words: str) -> bool:
        """Say whether the markup can hold one of these words; False spares a look-up in the tree.

        A page whose attributes are spelt in character references can hold any.
        """
        return any(word in self.source for word in words) or self.spells_letters

    def holds(self, selector: str, *words: str) -> bool:
        """Say whether an element matches, whose markup must hold one of these words."""
        return self.mentions(*words) and self.first(selector) is not None

    @cached_property
    def spells_letters(self) -> bool:
        """Whether letters, digits or marks of names are spelt in character references."""
        return _SPELT_LETTER.search(self.source) is not None

    @cached_property
    def title(self) -> str:
        """The text of ``<title>``, white space folded."""
        node = self.tree.css_first("title")
        return fold(node.text()) if node is not None else ""

    @property
    def content(self) -> LexborNode:
        """The ``<body>``, or where a page has none its root."""
        content = self.tree.body or self.tree.root
        if content is None:  # lexbor gives every document one
            raise ValueError("a page without elements")
        return content

    def css(self, selector: str) -> list[LexborNode]:
        """Return all nodes that match a CSS selector, in page order."""
        return self.tree.css(selector)

    def hrefs(self, nodes: Iterable[LexborNode]) -> list[str]:
        """Return what links say, each once, with those of known panels in their place."""
        return hrefs_of(nodes, self.known.values())

    def first(self, selector: str) -> LexborNode | None:
        """Return the first node that matches a CSS selector; one looked for again is known."""
        try:
            return self._firsts[selector]
        except KeyError:
            node = self._firsts[selector] = self.tree.css_first(selector)
            return node


def _refuse(body: bytes) -> None:
    reason = too_costly(body)
    if reason:
        raise TooCostly(reason)


_MANY_NEL = re.compile(r"\x85(?:[^\S\x85]*\x85){8,}")


def fold(text: str) -> str:
    """Return the text on one line: runs of white space (NBSP included) as one space.

    U+0085 is kept: in market pages it is never a line break but a piece of a broken accent.
    Many in a row are none, and white space: patterns go over a run of it again and again.
    """
    if "\x85" in text:
        kept = _MANY_NEL.sub(" ", text).replace("\x85", "\ufdd0")
        return " ".join(kept.split()).replace("\ufdd0", "\x85")
    return " ".join(text.split())


def lines(text: str) -> str | None:
    """Return a long text with its line breaks as ``\\n``, its ends trimmed, or None if empty."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.strip() or None


_BREAKS = frozenset({"br"})
_BLOCKS = frozenset({"p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "ul", "ol"})


def block_text(node: LexborNode) -> str | None:
    """Return a node's text with line breaks where it has ``<br>`` or block elements.

    White space is kept as the market served it (these texts stand in ``<pre>`` or
    ``white-space: pre-wrap``); ends are trimmed.
    """
    only = node.child
    if only is None or (only.next is None and only.is_text_node):
        return lines(node.text())
    if node.css_first("br, p, div, li") is None:
        return lines(node.text())
    parts: list[str] = []
    for inner in node.traverse(include_text=True):
        tag = inner.tag
        if tag == "-text":
            parts.append(inner.text_content or "")
        elif tag in _BREAKS or (tag in _BLOCKS and parts and not parts[-1].endswith("\n")):
            parts.append("\n")
    return lines("".join(parts))
