"""Changes of a page's source that mean nothing to a reader: each keeps every word of it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser

from tests.reading.markup import VOID, Change, Token, quoted, tokens, written

Page = tuple[Token, ...]

_COMMENT = Token("other", '<!-- <b class="banned">12k</b> Level 3 /offer/1 $5.00 -->')
_SCRIPT = (
    Token("start", name="script", attributes=(("type", "text/javascript"),)),
    Token("raw", 'var price = "$5.00 Banned"; // <a href="/offer/1">x</a>', within="script"),
    Token("end", name="script"),
)
_STYLE = (
    Token("start", name="style"),
    Token("raw", ".mark { color: red } /* 12 EXP */", within="style"),
    Token("end", name="style"),
)
_NO_SCRIPT_IN = frozenset({"select", "option", "optgroup", "head", "html", "title", "textarea"})
_TABLE_PARTS = frozenset({"table", "thead", "tbody", "tfoot", "tr"})


def _in_body(page: Page) -> Iterator[tuple[Token, bool]]:
    """Yield each token, and whether something may stand behind it that no reader sees."""
    inside = False
    for token in page:
        inside = inside or (token.kind == "start" and token.name.lower() == "body")
        closes = token.kind == "end" and token.name.lower() in ("body", "html")
        yield token, inside and token.kind in ("start", "end") and not closes


def _after_tags(page: Page, added: Callable[[Token], tuple[Token, ...]]) -> str:
    found: list[Token] = []
    raw = False
    for token, allowed in _in_body(page):
        found.append(token)
        if token.kind == "start" and not token.slash:
            raw = token.name.lower() in ("textarea", "title", "script", "style", "noscript")
        elif token.kind == "end":
            raw = False
        if allowed and not raw:
            found.extend(added(token))
    return written(found)


def comments_between_elements(page: Page) -> str:
    """Put a comment behind every tag."""
    return _after_tags(page, lambda tag: (_COMMENT,))


def comments_in_rows(page: Page) -> str:
    """Put comments into tables, between rows and cells."""
    return _after_tags(
        page, lambda tag: (_COMMENT,) if tag.name.lower() in ("tr", "td", "th", "tbody") else ()
    )


def scripts_between_elements(page: Page) -> str:
    """Put a script and a style behind every end tag."""
    return _after_tags(
        page,
        lambda tag: (
            (*_SCRIPT, *_STYLE)
            if tag.kind == "end" and tag.name.lower() not in _NO_SCRIPT_IN
            else ()
        ),
    )


def comments_amid_texts(page: Page) -> str:
    """Part texts by comments, at their spaces."""
    mark = "<!-- 7 -->"
    texts = ((t.kind, re.sub(r"(?<=\S) (?=\S)", f" {mark}", t.text)) for t in page)
    return written(
        [
            replace(token, text=text) if kind == "text" else token
            for token, (kind, text) in zip(page, texts, strict=True)
        ]
    )


def without_comments(page: Page) -> str:
    """Leave out the page's own comments."""
    return written([t for t in page if not t.text.startswith("<!--")])


def _tags(page: Page, change: Callable[[Token], Token]) -> str:
    return written([change(t) if t.kind == "start" else t for t in page])


def attributes_reversed(page: Page) -> str:
    """Turn the order of each tag's attributes round."""
    return _tags(page, lambda tag: replace(tag, attributes=tag.attributes[::-1]))


def attributes_sorted_and_more(page: Page) -> str:
    """Sort the attributes, and add some that mean nothing."""
    more = (("data-reactid", "12"), ("aria-hidden", "false"), ("xmlns:v", "x"))
    return _tags(page, lambda tag: replace(tag, attributes=(*sorted(tag.attributes), *more)))


def in_single_quotes(page: Page) -> str:
    """Write attributes in single quotes."""

    def single(name: str, value: str | None) -> str:
        if value is None:
            return name
        return f"{name}='{value.replace('&', '&amp;').replace(chr(39), '&#39;')}'"

    return written(page, single)


def without_quotes(page: Page) -> str:
    """Write attributes without quotes, where they need none."""

    def bare(name: str, value: str | None) -> str:
        plain = value is not None and re.fullmatch(r"[^\s\"'=<>`&/]+(?:/[^\s\"'=<>`&/]+)*", value)
        return f"{name}={value}" if plain else quoted(name, value)

    return written([replace(t, slash=False) for t in page], bare)


def with_spaces_in_tags(page: Page) -> str:
    """Put line ends and spaces around the attributes."""
    return written(page, lambda n, v: "\n\t " + quoted(n, v).replace("=", " = ", v is not None))


def capitals(page: Page) -> str:
    """Write the names of tags and attributes in capitals."""
    page = tuple(replace(token, name=token.name.upper()) for token in page)
    return written(page, lambda name, value: quoted(name.upper(), value))


def line_ends_of_dos(page: Page) -> str:
    """End lines by carriage return and line feed."""
    return re.sub(r"\r\n?|\n", "\r\n", written(page))


def line_ends_of_old_macs(page: Page) -> str:
    """End lines by a carriage return alone."""
    return re.sub(r"\r\n?|\n", "\r", written(page))


def _texts(page: Page, change: Callable[[str], str]) -> list[Token]:
    """Change the texts that a reader sees, titles too."""
    seen = []
    for token in page:
        readable = token.kind == "text" or token.within in ("title", "textarea")
        seen.append(replace(token, text=change(token.text)) if readable else token)
    return seen


def _referred(text: str, form: str) -> str:
    """Write letters as references but white space, and what HTML reads as windows-1252."""
    return "".join(
        [c if c.isspace() or 0x7F <= ord(c) < 0xA0 else form.format(ord(c)) for c in _plain(text)]
    )


def _plain(text: str) -> str:
    return text if "&" not in text else html.unescape(text)


def _decimal(text: str) -> str:
    return _referred(text, "&#{};")


def _hexadecimal(text: str) -> str:
    return _referred(text, "&#x{:X};")


def decimal_references(page: Page) -> str:
    """Write every letter of the texts as a decimal reference."""
    return written(_texts(page, _decimal))


def hexadecimal_references(page: Page) -> str:
    """Write every letter of the texts as a hexadecimal reference."""
    return written(_texts(page, _hexadecimal))


def references_in_attributes(page: Page) -> str:
    """Write every letter of the attributes' values as a reference, addresses included."""

    def encoded(name: str, value: str | None) -> str:
        return name if value is None else f'{name}="{_decimal(html.escape(value))}"'

    return written(page, encoded)


def references_for_what_is_not_ascii(page: Page) -> str:
    """Write all letters beyond ASCII as references."""
    return re.sub(r"[^\x00-\x9f]+", lambda m: _decimal(m[0]), written(page))


def named_references(page: Page) -> str:
    """Write letters and marks by their names, where HTML has one."""
    names = {
        chr(number): f"&{name};"
        for name, number in html.entities.name2codepoint.items()
        if name not in ("lt", "gt", "amp", "quot")
    } | {"/": "&sol;", ":": "&colon;", "(": "&lpar;", ".": "&period;", "$": "&dollar;"}

    def named(text: str) -> str:
        plain = html.escape(html.unescape(text), quote=False)
        return re.sub(r"[^\w\s&;]|[^\x00-\x7f]", lambda m: names.get(m[0], m[0]), plain)

    return written(_texts(page, named))


def added_tbody(page: Page) -> str:
    """Open a table body in every table that has none."""
    found: list[Token] = []
    page = tokens(without_tbody(page))
    for at, token in enumerate(page):
        name = token.name.lower()
        if token.kind == "end" and name == "table" and token.name != "-":
            found.append(Token("end", name="tbody"))
        found.append(token)
        if token.kind == "start" and name == "table":
            following = next((t for t in page[at + 1 :] if t.kind == "start"), None)
            if following is not None and following.name.lower() == "tr":
                found.append(Token("start", name="tbody"))
    return written(found)


def without_tbody(page: Page) -> str:
    """Leave out table bodies."""
    return written([t for t in page if t.name.lower() != "tbody"])


_OPTIONAL_END = {
    "li": ("li", "/ul", "/ol"),
    "td": ("td", "th", "/tr"),
    "th": ("td", "th", "/tr"),
    "tr": ("tr", "/tbody", "/table"),
    "option": ("option", "/select"),
    "tbody": ("/table",),
    "p": ("p", "div", "ul", "ol", "form", "h1", "h2", "h3", "h4", "hr", "pre"),
}


def without_optional_tags(page: Page) -> str:
    """Leave out the end tags that a browser adds, and ``html``, ``head`` and ``body``."""
    found: list[Token] = []
    for at, token in enumerate(page):
        name = token.name.lower()
        if token.kind == "start" and name in ("html", "head") and not token.attributes:
            continue
        if token.kind == "end" and name in _OPTIONAL_END:
            ahead = at + 1
            while ahead < len(page) and page[ahead].kind == "text" and page[ahead].text.isspace():
                ahead += 1
            following = page[ahead] if ahead < len(page) else token
            mark = "/" if following.kind == "end" else ""
            if mark + following.name.lower() in _OPTIONAL_END[name]:
                continue
        found.append(token)
    return written(found)


def self_closing(page: Page) -> str:
    """Close the elements that have no end tag by a slash."""
    return _tags(page, lambda t: replace(t, slash=True) if t.name.lower() in VOID else t)


def without_slashes(page: Page) -> str:
    """Leave out the slashes of elements that have no end tag."""
    return _tags(page, lambda tag: replace(tag, slash=False))


def hard_spaces(page: Page) -> str:
    """Write every space in the texts as one that does not break, by its letter."""
    return written(_texts(page, lambda text: text.replace(" ", "\xa0")))


def hard_spaces_by_name(page: Page) -> str:
    """Write every space between words as ``&nbsp;``, those in titles of icons too."""
    seen = _texts(page, lambda text: re.sub(r"(?<=\S) (?=\S)", "&nbsp;", text))
    return written(
        seen,
        lambda n, v: quoted(n, v.replace(" ", "\xa0") if v and n in ("title", "alt") else v),
    )


def hard_spaces_around_texts(page: Page) -> str:
    """Put spaces that do not break around every text."""
    return written(_texts(page, lambda text: f"&nbsp;{text}\xa0" if text.strip() else text))


_BLOCKS = frozenset(
    ("html", "head", "body", "meta", "link", "title", "div", "p", "form", "select", "option"),
).union(
    ("table", "thead", "tbody", "tr", "td", "th", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5"),
    ("h6", "hr", "fieldset", "nav", "footer", "header", "section"),
)


def _between_blocks(page: Page, space: str) -> str:
    """Put white space between tags of blocks, in place of what stands there."""
    found: list[Token] = []
    kept = 0
    for at, token in enumerate(page):
        name = token.name.lower()
        if name in ("pre", "textarea"):
            kept += 1 if token.kind == "start" else -1
        before = next((t for t in reversed(found) if not _is_space(t)), None)
        beside = token
        if _is_space(token) and at + 1 < len(page):
            beside = page[at + 1]
        free = before is not None and _is_block(before) and _is_block(beside) and kept <= 0
        if _is_space(token):
            if not free:
                found.append(token)
            continue
        if free and token.kind != "text":
            found.append(Token("text", space))
        found.append(token)
    return written(found)


def _is_space(token: Token) -> bool:
    return token.kind == "text" and token.text.isspace()


def _is_block(token: Token) -> bool:
    return token.kind in ("start", "end") and token.name.lower() in _BLOCKS


def indented(page: Page) -> str:
    """Put every block on a line of its own, deep to the right."""
    return _between_blocks(page, "\n\n\t\t    \t ")


def without_indentation(page: Page) -> str:
    """Leave out the white space between blocks."""
    return _between_blocks(page, "")


def as_lxml_writes(page: Page) -> str:
    """Write the page as Beautiful Soup does with lxml."""
    return str(BeautifulSoup(written(page), "lxml"))


def as_html_parser_writes(page: Page) -> str:
    """Write the page as Beautiful Soup does with Python's own parser, entities named."""
    return BeautifulSoup(written(page), "html.parser").decode(formatter="html")


def as_a_browser_writes(page: Page) -> str:
    """Write the page as a browser's tree is written."""
    return LexborHTMLParser(written(page)).html or ""


def unchanged(page: Page) -> str:
    """Write the page again as it is."""
    return written(page)


CHANGES: tuple[Change, ...] = (
    unchanged,
    comments_between_elements,
    comments_in_rows,
    scripts_between_elements,
    comments_amid_texts,
    without_comments,
    attributes_reversed,
    attributes_sorted_and_more,
    in_single_quotes,
    without_quotes,
    with_spaces_in_tags,
    capitals,
    line_ends_of_dos,
    line_ends_of_old_macs,
    decimal_references,
    hexadecimal_references,
    references_in_attributes,
    references_for_what_is_not_ascii,
    named_references,
    added_tbody,
    without_tbody,
    without_optional_tags,
    self_closing,
    without_slashes,
    hard_spaces,
    hard_spaces_by_name,
    hard_spaces_around_texts,
    indented,
    without_indentation,
    as_lxml_writes,
    as_html_parser_writes,
    as_a_browser_writes,
)
