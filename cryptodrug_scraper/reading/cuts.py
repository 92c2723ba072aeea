"""Pages that end early: how that is seen, and what was still open where the page breaks off.

A saved page may lack its end: a disk was full, a connection broke. Half of a text is another
text ("12" of "125.00"), and what a page does not hold may have stood in the part that is lost.
"""

from __future__ import annotations

import re
from collections import deque
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

_END = re.compile(r"</html\s*>", re.I)
_END_OF_BODY = re.compile(r"</body\s*>", re.I)
_ROOT = re.compile(r"<html(?=[\s/>])", re.I)
_BODY = re.compile(r"<(?:body|head)(?=[\s/>])", re.I)
_DOCTYPE = re.compile(r"\s*<!doctype\b[^>]*+>?\s*", re.I)
_SINGLE_FILE = re.compile(
    r"\s*(?:<!doctype\b[^>]{0,200}>\s*)?(?:<html\b[^>]{0,2000}>\s*)?"
    r"<!--\s{0,8}Page saved with SingleFile\b",
    re.I,
)
_BEGINS_WITHIN = 65_536  # characters: what stands before a page's first tags
_TAIL = 200  # characters in which nearly every page ends

_TAG = re.compile(r"<[/!?]?[a-zA-Z-](?>[^\"'<>=]+|=\s*\"[^\"]*\"|=\s*'[^']*'|[\"'=<])*+>")
_OPENS = re.compile(r"<[a-zA-Z/!?]")
_FEW = 64  # lone "<" behind the last tag, as in "a < b"
_RAW = re.compile(r"<(script|style|textarea|title|xmp|iframe|noembed|noframes)(?=[\s/>])", re.I)

# Elements whose end may be left out, as HTML has it: open ones are no sign of a cut.
_ROWS = ("tr", "td", "th", "thead", "tbody", "tfoot")
_MAY_STAY_OPEN = frozenset(
    ("html", "head", "body", "p", "li", "dt", "dd", "option", "optgroup", "colgroup", *_ROWS)
)
_MARK = "\ue0c7 end of what is left \ue0c7"  # private letters: no page holds this comment
_MOST_TRIES = 8
_MOST_WITHIN = 8  # elements of a line inside each other

MORE = "7\ue0c7 7\ue0c7"
"""A text as no page has it."""

_MORE_OF = {
    "tr": f"<td>{MORE}</td>",
    "select": f"<option>{MORE}</option>",
    "ul": f"<li>{MORE}</li>",
    "ol": f"<li>{MORE}</li>",
    "dl": f"<dd>{MORE}</dd>",
    **dict.fromkeys(("table", "tbody", "thead"), f"<tr><td>{MORE}</td></tr>"),
}


WITHIN_A_LINE = frozenset(
    ("a", "abbr", "b", "big", "code", "em", "font", "i", "label", "mark", "s", "small", "span")
).union(("strike", "strong", "sub", "sup", "tt", "u"))


def more_of(within: tuple[str, ...]) -> str:
    """Return what may stand next, given the tags of the open elements, the innermost first.

    Any value that was unfinished is changed by it: a text in each element of the open line.
    """
    more = ""
    for tag in within:
        if tag not in WITHIN_A_LINE:
            return more or _MORE_OF.get(tag, MORE)
        more += f"{MORE}</{tag}>{MORE}"
    return more


def says_its_end(source: str) -> bool:
    """Tell whether a page has its ``</html>``, whatever tools have added behind it."""
    return _END.search(source, max(0, len(source) - _TAIL)) is not None or (
        _END.search(source) is not None
    )


def begun_only(source: str) -> bool:
    """Tell a page that has begun as an HTML document does and has not ended so.

    SingleFile leaves out every end that may be left out, that of the document too: of its pages
    only what is open tells (:func:`left_open`).
    """
    if _SINGLE_FILE.match(source):
        return False
    if _ROOT.search(source, 0, _BEGINS_WITHIN) is not None:
        return True
    if _BODY.search(source, 0, _BEGINS_WITHIN) is not None:
        return _END_OF_BODY.search(source) is None
    return _DOCTYPE.fullmatch(source) is not None


def without_loose_end(source: str) -> str:
    """Return the source up to where its last whole tag ends.

    What is left out is half a tag, comment or script, or a text that may go on.
    """
    opened = source.rfind("<!--")
    if opened >= 0 and source.find("-->", opened) < 0:
        source = source[:opened]
    raw = deque(_RAW.finditer(source), maxlen=1)
    if raw:
        closed = re.compile(rf"</{raw[0].group(1)}(?=[\s/>])", re.I)
        if closed.search(source, raw[0].end()) is None:
            source = source[: raw[0].start()]
    start = _last_tag(source)
    if source.startswith("<!--", start):
        return source[: source.find("-->", start) + 3]
    tag = _TAG.match(source, max(start, 0))
    return source[: tag.end() if tag is not None else max(start, 0)]


def _last_tag(source: str) -> int:
    """Return where the last tag begins, whole or not; -1 if there is none."""
    start = len(source)
    for _ in range(_FEW):
        start = source.rfind("<", 0, start)
        if start < 0 or _OPENS.match(source, start) is not None or start == len(source) - 1:
            return start
    return max((tag.start() for tag in _OPENS.finditer(source)), default=-1)


class Remains(NamedTuple):
    """What is left of a page: the source without its loose end, its tree, and what was open.

    ``opened`` holds the ``mem_id`` of each element that had not ended; ``within`` are the tags
    of the innermost ones, from the inside.
    """

    source: str
    tree: LexborHTMLParser
    opened: frozenset[int]
    within: tuple[str, ...]


def parse_open(source: str, then: str = "") -> Remains:
    """Build the tree of a page that was cut off, with ``then`` behind what is left of it."""
    for _ in range(_MOST_TRIES):
        kept = without_loose_end(source)
        tree = LexborHTMLParser(f"{kept}{then}<!--{_MARK}-->")
        mark = _mark(tree)
        if mark is not None:
            opened, within = _around(mark)
            mark.decompose()
            return Remains(kept, tree, opened, within)
        source = kept[: max(kept.rfind("<"), 0)]  # the tag was none: it stood within a value
    tree = LexborHTMLParser(source)
    last = _last(tree.root)
    return Remains(source, tree, *(_around(last) if last is not None else (frozenset(), ())))


def _mark(tree: LexborHTMLParser) -> LexborNode | None:
    """Return the comment that was put where the page ends; in the head, a body follows it."""
    for within in (tree.root, tree.head):
        last = _last(within)
        if last is not None and last.tag == "-comment" and _MARK in (last.comment_content or ""):
            return last
    return None


def _last(node: LexborNode | None) -> LexborNode | None:
    while node is not None and node.last_child is not None:
        node = node.last_child
    return node


def _around(node: LexborNode) -> tuple[frozenset[int], tuple[str, ...]]:
    opened = set()
    within: list[str] = []
    above = node.parent
    while above is not None:
        opened.add(above.mem_id)
        if len(within) < _MOST_WITHIN:
            within.append(above.tag or "")
        above = above.parent
    return frozenset(opened), tuple(within)


def left_open(tree: LexborHTMLParser, opened: frozenset[int]) -> bool:
    """Tell whether an element was open that has an end in any page."""
    node = tree.root
    while node is not None:
        if node.is_element_node and node.mem_id in opened and node.tag not in _MAY_STAY_OPEN:
            return True
        node = node.last_child
    return False
