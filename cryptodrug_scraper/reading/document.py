"""One page as bytes, text and tree."""

from __future__ import annotations

import re
from functools import cached_property

from bs4.dammit import EncodingDetector, UnicodeDammit
from selectolax.lexbor import LexborHTMLParser, LexborNode

from cryptodrug_scraper.reading.limits import too_costly

_DECLARED_WITHIN = 8_192  # bytes in which a page declares its charset

_UNSEEN = re.compile(r"<(?:script|style)\b", re.I)
# References to the letters, digits and marks that names, classes and addresses are made of.
_SPELT_LETTER = re.compile(
    r"&(?:#0*(?:4[5-9]|5[0-7]|6[5-9]|[78]\d|9[0-57-9]|1[01]\d|12[0-2])(?!\d)"
    r"|#[xX]0*(?:2[dDeEfF]|3\d|[46][1-9a-fA-F]|[57][\daA]|5[bBdDfF])(?![\da-fA-F])"
    r"|(?:sol|period|lowbar|lsqb|lbrack|rsqb|rbrack);)"
)
_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")


class TooCostly(ValueError):
    """The page is built to be slow, or larger than any page of a market; says why."""


def decode(body: bytes, content_type: str | None = None) -> str:
    """Return the page's text: UTF-8 wherever the bytes are valid UTF-8, whatever they declare.

    Saved copies lie about their charset, so a declaration counts only for bytes that are
    not UTF-8. Never raises.
    """
    if not body.startswith(_BOMS[:2]):
        rest = body.removeprefix(_BOMS[2])
        try:
            return rest.decode("utf-8")
        except UnicodeDecodeError as error:
            # A page that was cut within a letter is UTF-8 all the same.
            if error.reason == "unexpected end of data" and not rest[: error.start].isascii():
                return rest[: error.start].decode("utf-8")
    header = re.search(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", content_type or "", re.I)
    declared = EncodingDetector.find_declared_encoding(body[:_DECLARED_WITHIN], is_html=True)
    # Statistics would guess Japanese from one broken accent, and take seconds for it.
    guesses = [declared] if declared else []
    text: str | None = UnicodeDammit(
        body,
        known_definite_encodings=[header.group(1)] if header else [],
        user_encodings=[*guesses, "windows-1252", "iso-8859-1"],
        is_html=True,
    ).unicode_markup
    return text if text is not None else body.decode("utf-8", "replace")


def _without_cut_end(source: str) -> str:
    """Return the source without a text that breaks off: half a price is another price.

    A page that was cut (no ``</html>``, and its last character does not close a tag) loses
    what stands after its last tag.
    """
    # A strip of the whole would copy it, which for pages with emoji is four bytes a letter.
    ending = source[-200:].rstrip() or source.rstrip()
    if ending.endswith(">") or "</html" in source[-2000:].lower():
        return source
    end = source.rfind(">")
    return source[: end + 1] if end >= 0 else source


class Document:
    """A page to be read: ``tree`` by lexbor, ``text`` of its source, and node look-ups.

    Raises :class:`TooCostly` for pages that must not be built into a tree.
    """

    def __init__(self, body: bytes, content_type: str | None = None) -> None:
        reason = too_costly(body)
        if reason:
            raise TooCostly(reason)
        self.body = body
        html: bytes | str = body  # lexbor takes UTF-8 as it is: no need to encode it again
        self.is_utf8 = not body.startswith(_BOMS)
        try:
            self.source = body.decode("utf-8")
        except UnicodeDecodeError:
            self.is_utf8 = False
        if not self.is_utf8:
            html = self.source = decode(body, content_type)
            reason = too_costly(self.source.encode("utf-8", "replace"))  # bytes hid its tags
            if reason:
                raise TooCostly(reason)
        whole = _without_cut_end(self.source)
        self.tree = LexborHTMLParser(html if whole is self.source else whole)
        if _UNSEEN.search(self.source, max(self.source.find("<body"), 0)):
            self.tree.strip_tags(["script", "style"])  # else they are part of a cell's text

    def mentions(self, *words: str) -> bool:
        """Say whether the markup can hold one of these words; False spares a look-up in the tree.

        A page whose attributes are spelt in character references can hold any.
        """
        return any(word in self.source for word in words) or self.spells_letters

    @cached_property
    def spells_letters(self) -> bool:
        """Whether letters, digits or marks of names are spelt in character references."""
        return _SPELT_LETTER.search(self.source) is not None

    @cached_property
    def title(self) -> str:
        """The text of ``<title>``, white space folded."""
        node = self.tree.css_first("title")
        return fold(node.text()) if node is not None else ""

    def css(self, selector: str) -> list[LexborNode]:
        """Return all nodes that match a CSS selector, in page order."""
        return self.tree.css(selector)

    def first(self, selector: str) -> LexborNode | None:
        """Return the first node that matches a CSS selector."""
        return self.tree.css_first(selector)


def fold(text: str) -> str:
    """Return the text on one line: runs of white space (NBSP included) as one space.

    U+0085 is kept: in market pages it is never a line break but a piece of a broken accent.
    """
    if "\x85" in text:
        return " ".join(text.replace("\x85", "\ufdd0").split()).replace("\ufdd0", "\x85")
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
