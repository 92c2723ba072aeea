"""Pages that are built to be slow, known before a tree of them is built.

Lexbor's cost is linear on any page that a market could serve, but not on every page:

========================================  ================================================
what costs                                how much
========================================  ================================================
elements inside each other                tags times open elements, and so does their text
``<b>``, ``<font …>`` … left open         made anew in every paragraph and cell that follows
tags that are ignored within one text     the text is copied for each of them
attributes of one element                 quadratic
options of one select                     quadratic
names of elements, names of attributes    quadratic, if each is another one
========================================  ================================================

Pages of which one of these is more than a page of a market ever has are refused, at a cost
that is linear in their bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cryptodrug_scraper.reading.hidden import markup_of

MAX_BYTES = 16 * 1024 * 1024
"""Pages larger than this are not read. The largest real page met is 0.2 MB."""

MAX_DEPTH = 512
"""Elements open at once; what browsers allow too."""

MAX_INSIDE = 100_000_000
"""Bytes within over 64 elements, times those elements: 200 kB in all 512; takes a second."""

MAX_ATTRIBUTES = 2_000
"""Attributes of one element."""

MAX_OPTIONS = 5_000
"""Options of a page that need no closer look; a search form with two lists of countries has 700."""

MAX_OPTIONS_PASSED = 20_000_000
"""Options passed by where each is put behind those of its select: 6,000 in one; takes 0.3 s."""

MAX_REOPENED = 300_000
"""Elements that are made anew since ``<b>`` and its like were left open; takes 0.3 s.

Of a page with more tags, as many as these: one element that is left open makes no more.
"""

MAX_COPIED = 200_000_000
"""Bytes copied where ignored tags stand within one text; takes 0.05 s."""

MAX_NAMES = 5_000
"""Different names of elements, and of attributes."""

_FEW_TAGS = 4_000  # below these two, the worst page costs under a second: not worth a scan
_FEW_UNCLOSED = 600
_MUCH_TEXT = 512 * 1024  # above, even few tags may be around too much of it
_DEEP = 64  # elements open at once; pages of markets have 20
_MANY_TAGS = 12_000  # below, no names can cost much
_SHORT_PAGE = 128 * 1024  # likewise for one element's attributes
_LONGEST_USUAL = 16_000  # bytes between two "<": only longer runs can hold such an element

_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_START_TAG = re.compile(rb"<[a-zA-Z][^\s<>/]*[\s/][^<>]*")
_ELEMENT_NAME = re.compile(rb"<([a-zA-Z][^\s<>/]*)")
_ATTRIBUTE_NAME = re.compile(rb"[\s/]([^\s<>/=\"']+)")
_OF_SELECTS = re.compile(rb"<(select|optgroup|option)(?=[\s/>])")
_QUOTED_VALUE = re.compile(rb"=\s*(?:\"[^\"]*\"|'[^']*')")
# Elements that never stay open, or that the next one like it closes.
_OF_TABLES = frozenset(b"caption col colgroup tbody td tfoot th thead tr".split())
_NEVER_DEEP = _OF_TABLES.union(
    b"area base br embed hr img input link meta source track wbr param p li option dt dd "
    b"script style title textarea".split()
)
_MADE_ANEW = frozenset(b"a b big code em font i nobr s small strike strong tt u".split())
_SINGLE = frozenset(b"body form frame head html".split())
_OF_SELECT = frozenset((b"option", b"optgroup", b"select"))
_MADE_BY_END = frozenset((b"p", b"br"))


def too_costly(body: bytes) -> str | None:
    """Return why a tree of this page must not be built, or None. Linear in the bytes."""
    if len(body) > MAX_BYTES:
        return f"page of {len(body)} bytes, {MAX_BYTES} at most"
    if len(body) > _SHORT_PAGE and _has_many_attributes(body):
        return f"an element with over {MAX_ATTRIBUTES} attributes"
    tags = body.count(b"<")
    few = tags <= _FEW_TAGS and tags - 2 * body.count(b"</") <= _FEW_UNCLOSED
    if few and len(body) <= _MUCH_TEXT:
        return None
    if tags > _MANY_TAGS and _has_many_names(body):
        return f"over {MAX_NAMES} names of elements or attributes"
    reason = _what_builds_up(body.lower())
    if reason is None or (markup := markup_of(body)) is None:
        return reason
    # Tags in comments and scripts make no elements.
    return _what_builds_up(markup, options_passed=_options_passed(markup))


def _what_builds_up(body: bytes, options_passed: int | None = None) -> str | None:
    """Go through the tags as a parser does, and say what of them becomes too much.

    The body is in lower case. ``options_passed`` is known only if it holds nothing but markup;
    else the number of options counts.
    """
    still_open: dict[bytes, int] = {}
    counts = still_open.get
    depth = deepest = options = reopened = to_reopen = 0
    ignored = most_ignored = 0  # tags within one text
    tags = _TAG.findall(body)
    for closing, name in tags:
        count = counts(name, 0)
        # An element of a table outside of one, any other in a select: neither tag of it counts.
        out_of_place = (name in _OF_TABLES and not counts(b"table")) or (
            name not in _OF_SELECT and counts(b"select", 0) > 0
        )
        if closing:
            if count:
                still_open[name] = count - 1
                ignored = ignored + 1 if out_of_place else 0
                most_ignored = max(ignored, most_ignored)
                if name not in _NEVER_DEEP:
                    depth -= 1
                    if name in _MADE_ANEW:
                        to_reopen -= 1
            elif name not in _MADE_BY_END:
                ignored += 1
                most_ignored = max(ignored, most_ignored)
            continue
        still_open[name] = count + 1
        reopened += to_reopen
        if name in _NEVER_DEEP:
            options += name == b"option"
        else:
            out_of_place = out_of_place or (count > 0 and name in _SINGLE)
            depth += 1
            if depth > deepest:
                deepest = depth
                if depth > MAX_DEPTH:
                    return f"elements nested over {MAX_DEPTH} deep"
            if name in _MADE_ANEW:
                to_reopen += 1
        if out_of_place:
            ignored += 1
            most_ignored = max(ignored, most_ignored)
        else:
            ignored = 0
    if deepest > _DEEP and _inside(body) > MAX_INSIDE:
        return f"too much inside elements nested over {_DEEP} deep"
    if options > MAX_OPTIONS if options_passed is None else options_passed > MAX_OPTIONS_PASSED:
        return f"over {MAX_OPTIONS} options to select from"
    if reopened > max(MAX_REOPENED, len(tags)):
        return "too many elements that are left open where a paragraph ends"
    if most_ignored * len(body) > MAX_COPIED:
        return "too many tags that are ignored within one text"
    return None


def _inside(body: bytes) -> int:
    """Return the bytes that many elements are open around, times those elements."""
    still_open: dict[bytes, int] = {}
    depth = times = at = 0
    for tag in _TAG.finditer(body):
        closing, name = tag.groups()
        if name in _NEVER_DEEP:
            continue
        if depth > _DEEP:
            times += (tag.start() - at) * depth
        at = tag.start()
        count = still_open.get(name, 0)
        if not closing:
            still_open[name] = count + 1
            depth += 1
        elif count:
            still_open[name] = count - 1
            depth -= 1
    return times + (len(body) - at) * depth if depth > _DEEP else times


def _options_passed(markup: bytes) -> int:
    """Return how many siblings and groups stand before each option of a select, in all."""
    passed = options = groups = 0
    for name in _OF_SELECTS.findall(markup):
        if name == b"select":
            options = groups = 0
        elif name == b"optgroup":
            options, groups = 0, groups + 1
        else:
            passed += options + groups
            options += 1
    return passed


def _has_many_names(body: bytes) -> bool:
    """Tell whether a page has more names of elements, or of attributes, than any market's."""
    if len(set(_ELEMENT_NAME.findall(body))) > MAX_NAMES:
        return True
    tags = b"\n".join(set(_START_TAG.findall(body)))
    return len(set(_ATTRIBUTE_NAME.findall(_QUOTED_VALUE.sub(b"=", tags)))) > MAX_NAMES


def _long_runs(body: bytes) -> Iterator[bytes]:
    """Yield what stands where no tag begins for long; looks at few of the other bytes."""
    start, end = 0, len(body)
    while end - start > _LONGEST_USUAL:
        last = body.rfind(b"<", start, start + _LONGEST_USUAL)
        if last >= 0:
            start = last + 1
            continue
        following = body.find(b"<", start)
        stop = end if following < 0 else following
        yield body[start:stop]
        start = stop + 1


def _has_many_attributes(body: bytes) -> bool:
    """Tell whether a tag may have more attributes than any page's; text is not taken for one."""
    for piece in _long_runs(body):
        if not piece[:1].isalpha():  # perhaps amid a tag, after a "<" within a value
            piece = piece.partition(b'"')[2] or piece
        tag = _QUOTED_VALUE.sub(b"= ", piece).partition(b">")[0]
        parts = len(tag.split())
        marks = tag.count(b"/") + tag.count(b'"') + tag.count(b"'")  # these part attributes too
        if parts > MAX_ATTRIBUTES or marks > max(MAX_ATTRIBUTES, len(tag) // 16):
            return True
    return False
