"""Wall Street Market: the facts that an offer's page and its card state in the same way."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import takewhile
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.lines import Icon, Line, joined
from cryptodrug_scraper.reading.links import path_of
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing

OFFER_PATH = re.compile(r"/offer/(\d{1,18})(?:/(\w+))?/?(?:\?|$)")
PROFILE_PATH = re.compile(r"/profile/([^/?\s]{1,120}?)(?:/(\w+))?/?(?:\?|$)")
"""What a path leads to, as :func:`path_of` gives it."""
TABS = frozenset({"offers", "pgp", "info", "feedback", "ratings"})
"""The tabs of a profile: what can follow a handle in an address that shows something."""

LEVEL = re.compile(r"\bLevel\s*:?\s*([^\s|()\[\];]+(?:\s?[kKmM]\b\+?)?)", re.I)
EXPERIENCE = re.compile(
    r"(?<!\S)([^\s|()\[\]]+(?:[ \u00a0\u202f]\d{3}(?!\d)){0,6})\s*(?<![^\W\d_])EXP\b", re.I
)
"""A vendor's level and experience; the number is all that stands there, ``10K`` and ``-3`` too."""

SHIPS_FROM = "ion-log-out"
SHIPS_TO = "ion-log-in"
PAYMENT = "ion-android-share-alt"
AUTO_ACCEPT = "ion-android-checkmark-circle"
DIGITAL = "ion-ios-monitor-outline"
MARKS = frozenset({SHIPS_FROM, SHIPS_TO, PAYMENT, AUTO_ACCEPT, DIGITAL})

_FROM_LABEL = re.compile(r"(?:ships?|shipping|shipped)\s+from\b\s*:?\s*|^:\s*", re.I)
_TO_LABEL = re.compile(r"(?:ships?|shipping)\s+to\s*(?::\s*|\s(?=\S))|^:\s*", re.I)
_TO_PHRASE = re.compile(r"(?:only\s+)?ships?\s+(?:to|worldwide)\b|worldwide\b", re.I)
_PHYSICAL = re.compile(r"physical(?: good| item| product)?s?", re.I)
_CERTAIN = re.compile(r"only\s+ships?\s+to\s+certain\s+countries\s*[:(]\s*(.*?)\s*\)?", re.I)

_PAYMENT_WORD = re.compile(
    r"""
    (?P<none>\b(?:no|not|without)\s+(?:escrow|multi-?\s?sig|finali[sz]e[\s-]?early|fe)\b)
  | (?P<share>\d{1,3})\s*%\s*(?P<what>finali[sz]ed?[\s-]*early|fe\b|escrow)
  | (?P<partial>\bpartial(?:ly)?\s+(?:escrow|finali[sz]e[\s-]*early|fe\b))
  | (?P<finalize_early>finali[sz]e[\s-]*early(?:\s*\(FE\))?|\bFE\b)
  | (?P<multisig>(?:\b\d\s*(?:/|of|-of-)\s*\d\s+)?multi-?\s?sig(?:nature)?)
  | (?P<escrow>escrow)
    """,
    re.I | re.X,
)
_PAYMENT_LABEL = re.compile(r"(?:accepted\s+)?payments?(?:\s+(?:methods?|types?))?\s*:", re.I)
_BETWEEN_WORDS = re.compile(r"[\s,;/|&+()·•–-]+|\b(?:and|or)\b", re.I)


def handle_of(link: LexborNode) -> str | None:
    """Return the handle that a link to a profile names, spelt as the page shows it.

    The address tells it, since the link's text can hold marks; where the address has no
    handle, it is the text.
    """
    match = PROFILE_PATH.search(path_of(link))
    shown = " ".join(link.text(separator=" ").split())
    if match is None:
        return shown or None
    handle = unquote(match[1])
    return shown if shown.casefold() == handle.casefold() else handle


def profile_link(line: Line) -> LexborNode | None:
    """Return the first link to a profile on a line."""
    return next((a for a in line.links if "profile" in path_of(a)), None)


def read_marks(
    listing: Listing, lines: list[Line], reader: Reader
) -> tuple[list[Line], list[Line]]:
    """Read the lines that an icon tells apart; return those, and those that are none of them.

    Several can stand on one line, and a text can stand in the block after its icon. Lines
    that lost their icon are known by their words.
    """
    known: list[Line] = []
    others: list[Line] = []
    waiting: Icon | None = None
    for line in _whole_lines(lines):
        segments = _segments(line)
        if waiting is not None:
            icon, waiting = waiting, None
            _mark(listing, icon, icon.title if segments else line.text, reader)
            if not segments:
                known.append(line)
                continue
        if not segments:
            (known if _mark_by_words(listing, line, reader) else others).append(line)
            continue
        known.append(line)
        before = list(takewhile(lambda part: not _is_mark(part), line.parts))
        if joined(before):
            others.append(replace(line, parts=before))
        for icon, text in segments:
            if text or icon.title:
                _mark(listing, icon, text or icon.title, reader)
            elif icon.name in MARKS:
                waiting = icon
    if waiting is not None:
        _mark(listing, waiting, waiting.title, reader)
    return known, others


def _whole_lines(lines: list[Line]) -> list[Line]:
    """Join to the line about destinations what a break parted from it: ``(BE,`` and ``NL)``."""
    whole: list[Line] = []
    joining = False  # the last line is one of our own, to which more can be added
    open_brackets: int | None = None  # of the last line, if it is about destinations
    for line in lines:
        text = line.text
        if open_brackets is not None and (text[:1] == "(" or open_brackets > 0):
            if not joining:
                whole[-1] = replace(whole[-1], parts=list(whole[-1].parts))
                joining = True
            whole[-1].parts += [" ", *line.parts]
            open_brackets += text.count("(") - text.count(")")
            continue
        whole.append(line)
        joining = False
        about = text.lower().startswith(("only ships", "ships "))
        open_brackets = text.count("(") - text.count(")") if about else None
    return whole


def _is_mark(part: str | Icon) -> bool:
    return isinstance(part, Icon) and part.name in MARKS


def _segments(line: Line) -> list[tuple[Icon, str]]:
    """Cut a line at the icons of the first list; empty if it has none of them."""
    found: list[tuple[Icon, list[str | Icon]]] = []
    for part in line.parts:
        if _is_mark(part) or (found and isinstance(part, Icon) and part.name):
            assert isinstance(part, Icon)
            found.append((part, []))
        elif found:
            found[-1][1].append(part)
    return [(icon, joined(parts)) for icon, parts in found]


def _mark(listing: Listing, icon: Icon, text: str, reader: Reader) -> None:
    """Read one line of the first list by its icon."""
    name = icon.name
    if name == SHIPS_FROM:
        label = _FROM_LABEL.match(text)
        stated = text[label.end() :] if label else text.partition(":")[2] or text
        reader.ships_from(listing, stated)
    elif name == SHIPS_TO:
        label = _TO_LABEL.match(text)
        _ships_to(listing, text[label.end() :] if label else text, reader)
    elif name == PAYMENT:
        read_payment(listing, text, reader)
    elif name == DIGITAL:
        listing.product_class = reader.stated("listing.product_class", text or name, "digital")
    elif name == AUTO_ACCEPT:
        words = text.casefold().replace("-", " ").split()
        if text and words[:2] != ["auto", "accept"] and words[:1] != ["autoaccept"]:
            reader.unknown_label("listing", name, text)
    else:
        reader.unknown_label("listing", name, text)


def _mark_by_words(listing: Listing, line: Line, reader: Reader) -> bool:
    """Read a line without a known icon by its words; say whether it is one of the first list."""
    text = line.text
    if line.links or not text:
        return False
    label = _FROM_LABEL.match(text)
    if label is not None and label.end() > 5:
        if listing.ships_from_text is None:
            reader.ships_from(listing, text[label.end() :])
        return True
    if _PHYSICAL.fullmatch(text):
        listing.product_class = reader.stated("listing.product_class", text, "physical")
        return True
    if _TO_PHRASE.match(text) and listing.ships_to_text is None:
        label = _TO_LABEL.match(text)
        _ships_to(listing, text[label.end() :] if label else text, reader)
        return True
    return False


def _ships_to(listing: Listing, text: str, reader: Reader) -> None:
    """Set where an offer ships to; the text kept is all that the page said."""
    certain = _CERTAIN.fullmatch(text)
    if certain and certain[1]:
        reader.ships_to(listing, certain[1])
        listing.ships_to_text = " ".join(text.split())
    else:
        reader.ships_to(listing, text)


def read_payment(listing: Listing, text: str, reader: Reader) -> None:
    """Add the ways to pay that a text names; words that are none of them are a warning.

    "50% Finalize Early" is ``partial_escrow``: part is paid at once, part waits in escrow.
    """
    label = _PAYMENT_LABEL.match(text)
    stated = text[label.end() :] if label else text
    rest: list[str] = []
    at = 0
    for word in _PAYMENT_WORD.finditer(stated):
        rest.append(stated[at : word.start()])
        at = word.end()
        kind = _payment_kind(word)
        if kind is None:
            rest.append(word.group())
        elif kind not in listing.payment:
            listing.payment.append(kind)
    rest.append(stated[at:])
    for piece in rest:
        unknown = " ".join(_BETWEEN_WORDS.sub(" ", piece).split())
        if unknown:
            reader.warn("listing.payment", "unknown payment word", unknown)
    reader.note("listing.payment", text, list(listing.payment))


def _payment_kind(word: re.Match[str]) -> str | None:
    """Return the contract's name of one payment word, None for one that denies."""
    if word["none"]:
        return None
    if word["share"]:
        share = int(word["share"])
        if share == 100:
            return "escrow" if word["what"].lower() == "escrow" else "finalize_early"
        return "partial_escrow" if 0 < share < 100 else None
    if word["partial"]:
        return "partial_escrow"
    return word.lastgroup


_ARROWS = re.compile(r"\s*[→»›▸►➔➜❯]\s*|\s+>\s+|\s+-+>\s+")


def category_levels(value: list[str | Icon]) -> list[str]:
    """Return the levels of a category: the texts between arrow icons."""
    levels: list[list[str | Icon]] = [[]]
    for part in value:
        if isinstance(part, Icon):
            levels.append([])
        else:
            levels[-1].append(part)
    names = [name for level in levels if (name := joined(level))]
    if len(names) == 1:
        names = [name for name in _ARROWS.split(names[0]) if name]
    return names
