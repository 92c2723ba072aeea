"""Wall Street Market: a vendor's profile, with its tabs offers, pgp, info and others."""

from __future__ import annotations

import re
from datetime import date
from itertools import islice
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.normalise.ages import read_age
from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.lines import long_text, plain_label
from cryptodrug_scraper.reading.links import address, path_of
from cryptodrug_scraper.reading.nodes import in_menu
from cryptodrug_scraper.reading.pgp import read_key
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import ParsedPage, Review, Vendor
from parsers.wall_street_cards import read_cards
from parsers.wall_street_lines import cell_text
from parsers.wall_street_offer import EXPERIENCE, LEVEL, PROFILE_PATH, TABS
from parsers.wall_street_reviews import NOT_STATED, read_reviews, stars
from parsers.wall_street_tabs import Outline, outline_of, tab_shown

_KEY_ONLY = re.compile(
    r"\s*-----BEGIN PGP PUBLIC KEY BLOCK-----.*-----END PGP PUBLIC KEY BLOCK-----\s*", re.S
)
_NO_KEY = re.compile(r"\b(?:no|not|none|without|hasn't|has not)\b", re.I)
_ONLINE = re.compile(r"(?:currently |now )?online(?: now)?", re.I)
_NUMBER = r"\d[\d.,'’\u00a0\u202f]*"
_TWO_COUNTS = re.compile(rf"({_NUMBER})\s*/\s*({_NUMBER})")
_LEADING_COUNT = re.compile(rf"({_NUMBER})(?:\s*\(.*\))?")


def read_vendor(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read a vendor's profile: name and marks, the table of facts, and the open tab."""
    outline = outline_of(document)
    vendor = Vendor(banned=reader.by_default(False, "vendor.banned"))
    name = _handle(document, page.url, outline)
    heading = _heading(outline, name)
    if heading is not None:
        words = " ".join(heading.text(separator=" ").split())
        vendor.handle = _as_written(heading, words, name)
        _read_marks(vendor, heading, words, reader)
    else:
        vendor.handle = name
    reader.note("vendor.handle", name or "", vendor.handle)
    for alert in document.css('[class*="alert"]'):
        if _BANNED.search(text := alert.text(separator=" ")):
            vendor.banned = reader.stated("vendor.banned", text, True)
    _read_facts(vendor, outline, heading, reader)
    page.vendors.append(vendor)
    if outline.tab is not None:
        shown = tab_shown(document, page.url, "profile", outline)
        _read_tab(vendor, outline.tab, shown, outline, reader)
    feedback = outline.tables("feedback")
    page.reviews.extend(read_reviews(feedback, Review(vendor=vendor.handle), reader))
    no_offers = {table.mem_id for table in feedback}
    page.listings.extend(read_cards(document, reader, vendor.handle, no_offers))


# -- name and marks ------------------------------------------------------------------------


def _handle(document: Document, url: str | None, outline: Outline) -> str | None:
    """Return the handle that the page's address names, else the one its own tabs name."""
    here = PROFILE_PATH.search(address(url).place)
    if here is not None:
        return unquote(here[1])
    menus: dict[int, bool] = {}
    for link in document.css('a[href*="profile/"]'):
        to = PROFILE_PATH.search(path_of(link))
        if to is not None and to[2] in TABS and not in_menu(link, menus):
            return unquote(to[1])
    return None


def _heading(outline: Outline, name: str | None) -> LexborNode | None:
    """Return the ``h2`` with the handle: the one that holds it, else the first."""
    menus: dict[int, bool] = {}
    candidates = [h for h in outline.outside if h.tag == "h2" and not in_menu(h, menus)]
    if name is not None:
        for heading in candidates:
            if name.casefold() in " ".join(heading.text(separator=" ").split()).casefold():
                return heading
    return candidates[0] if candidates else None


def _as_written(heading: LexborNode, shown: str, name: str | None) -> str | None:
    """Return the handle as the heading spells it."""
    if name is not None:
        at = shown.casefold().find(name.casefold())
        same = at >= 0 and len(shown.casefold()) == len(shown)
        return shown[at : at + len(name)] if same else name
    for node in heading.traverse(include_text=True):
        if node.tag == "-text" and (text := " ".join((node.text_content or "").split())):
            return _MARKS_AFTER.sub("", text).strip(" -–|•·,:") or None
    return None


_MARKS_AFTER = re.compile(r"\s*\(?\b(?:not a |no )?trusted vendor\b.*|\s*\(.*", re.I)
_TRUSTED = re.compile(
    r"(?P<no>\b(?:not|no|isn't|never)\b[\w\s]{0,20})?\btrusted(?:\s+(?:vendor|seller))?", re.I
)
_BANNED = re.compile(r"\bbanned\b", re.I)
_MOST_TIPS = 40  # tooltips beside a name; two or three are usual
_KNOWN_MARK = re.compile(
    r"\b(?:profile|vendor|seller|user|buyer|of|the|a|an|account|has|been|is|was|this|level|exp"
    r"|on(?:line)?|off(?:line)?)\b|\d+|[^\w\s]+",
    re.I,
)


def _read_marks(vendor: Vendor, heading: LexborNode, shown: str, reader: Reader) -> None:
    """Read the marks beside the handle, from their text or from an icon's tooltip."""
    rest = shown
    if vendor.handle:
        rest = shown.replace(vendor.handle, " ", 1)
    tips: dict[str, None] = {}
    for node in heading.css("[title], [alt], [data-original-title], [aria-label]"):
        attributes = node.attributes
        for key in ("title", "alt", "data-original-title", "aria-label"):
            if tip := attributes.get(key):
                tips[tip] = None
    rest = " | ".join([rest, *[tip for tip in islice(tips, _MOST_TIPS) if tip not in rest]])
    if match := _TRUSTED.search(rest):
        vendor.trusted = match["no"] is None
        reader.note("vendor.trusted", rest, vendor.trusted)
        rest = _TRUSTED.sub(" ", rest)
    if _BANNED.search(rest):
        vendor.banned = reader.stated("vendor.banned", rest, True)
        rest = _BANNED.sub(" ", rest)
    if match := LEVEL.search(rest):
        vendor.level = reader.integer("vendor.level", match[1])
        rest = LEVEL.sub(" ", rest)
    if match := re.search(r"\b(?:finali[sz]e\s+early|FE)\b(?:\s+enabled)?", rest, re.I):
        vendor.finalize_early = reader.stated("vendor.finalize_early", rest, True)
        rest = rest.replace(match.group(), " ")
    unknown = " ".join(_KNOWN_MARK.sub(" ", rest).split())
    if unknown:
        reader.warn("vendor", "unknown mark", unknown)


# -- the table of facts --------------------------------------------------------------------


def _read_facts(
    vendor: Vendor, outline: Outline, heading: LexborNode | None, reader: Reader
) -> None:
    """Read the rows of label and value; the two statistics have labels in common.

    They stand in one table with a row as heading, or in tables with headings of their own.
    """
    begun = heading is None
    section = ""
    read_one = False
    for part in outline.parts:
        if part.heading is not None:
            begun = begun or (heading is not None and part.node.mem_id == heading.mem_id)
            section = _section(part.heading) or section
            continue
        if not begun or part.in_tab or len(part.node.css("table")) > 1:
            continue
        rows = _facts(part.node, reader)
        if read_one and not any(_is_known(label) for label, _, _ in rows):
            continue
        read_one = True
        caption = part.node.css_first("caption")
        section = (_section(caption.text()) if caption is not None else "") or section
        for label, label_shown, value in rows:
            if not value and (found := _section(label)):
                section = found
            elif value:
                if _is_known(label):
                    _read_fact(vendor, section, label, value, reader)
                else:
                    reader.unknown_label("vendor", label_shown, value)


def _section(text: str) -> str:
    """Return ``buyer`` or ``vendor`` for a statistics heading."""
    words = plain_label(text)
    if "statistic" not in words:
        return ""
    return "buyer" if "buyer" in words else "vendor" if "vendor" in words else "other"


def _facts(table: LexborNode, reader: Reader) -> list[tuple[str, str, str]]:
    """Return label (plain, and as shown) and value of each row.

    A row of one text has no value, or one after a colon.
    """
    facts: list[tuple[str, str, str]] = []
    for cells in reader.rows(table):
        texts = [cell_text(cell) for cell in cells]
        label, value = texts[0], " ".join(texts[1:]).strip()
        if not value and ":" in label:
            before, _, after = label.partition(":")
            label, value = before, after.strip()
        facts.append((re.sub(r"\s*/\s*", "/", plain_label(label)), label.rstrip(" :"), value))
    return facts


_BUYERS = frozenset({"disputes involved as buyer", "rated orders", "completed orders"})
_FACTS = frozenset(
    {
        "last online",
        "member since",
        "vendor since",
        "vendor level",
        "average rating",
        "open/completed orders",
        "disputes involved as vendor",
        "disputes involved",
        "disputes",
    }
)


def _is_known(label: str) -> bool:
    return (
        label in _FACTS
        or label in _BUYERS
        or label.startswith("rating of the last")
        or bool(_section(label))
    )


def _read_fact(vendor: Vendor, section: str, label: str, value: str, reader: Reader) -> None:
    """Read one row. What the buyer's statistics say is of no field, so it is passed over."""
    if label == "last online":
        vendor.last_active_on = _day("vendor.last_active_on", value, reader)
    elif label == "member since":
        # When the account was made. A vendor's account can be older than its shop, so
        # "Vendor since" counts only where this row does not stand.
        joined = _day("vendor.joined_on", value, reader)
        if joined is not None or reader.has_warned("vendor.joined_on"):
            vendor.joined_on = joined
    elif label == "vendor since":
        if vendor.joined_on is None and not reader.has_warned("vendor.joined_on"):
            # "Member since" may follow.
            vendor.joined_on = reader.by_default(_day("vendor.joined_on", value, reader))
    elif label == "vendor level":
        _level(vendor, value, reader)
    elif label == "average rating":
        vendor.rating = stars("vendor.rating", value, reader)
        vendor.rating_max = "5" if vendor.rating is not None else None
    elif section == "buyer" or label.endswith("as buyer") or label.startswith("rating of"):
        return
    elif label == "open/completed orders" or (label == "completed orders" and section == "vendor"):
        vendor.sales = _completed("vendor.sales", label, value, reader)
    elif label == "rated orders" and section == "vendor":
        vendor.rating_count = _first_count("vendor.rating_count", value, reader)
    elif label == "disputes involved as vendor" or (section == "vendor" and "disputes" in label):
        vendor.disputes = _first_count("vendor.disputes", value, reader)


def _day(field: str, value: str, reader: Reader) -> date | None:
    """Return the day of a date, an age, or "online"; "Not available" is None."""
    if value.casefold() in NOT_STATED:
        return None
    if _ONLINE.fullmatch(value):
        if reader.captured_at is None:
            reader.warn(field, "an age, and the capture time is unknown", value)
            return None
        day = reader.captured_at.date()
        reader.note(field, value, day)
        return day
    if read_age(value) is not None:
        return reader.day_of_age(field, value)
    return reader.date(field, value)


def _level(vendor: Vendor, value: str, reader: Reader) -> None:
    """Read ``Level 7`` and ``4521 EXP``, each in a badge of its own."""
    if value.casefold() in NOT_STATED:
        return
    named = LEVEL.search(value)
    # Without the level: "Level 1 170 EXP" is not 1170, as "1 170 EXP" alone would be.
    experience = EXPERIENCE.search(LEVEL.sub(" | ", value))
    if experience:
        vendor.experience = reader.integer("vendor.experience", experience[1])
    if named:
        vendor.level = reader.integer("vendor.level", named[1])
    elif not experience:
        vendor.level = reader.integer("vendor.level", value)


def _completed(field: str, label: str, value: str, reader: Reader) -> int | None:
    """Return the second of ``12/845``, open and completed orders, or the one number."""
    if value.casefold() in NOT_STATED:
        return None
    both = _TWO_COUNTS.fullmatch(value)
    if both is None and "/" in label:
        reader.warn(field, "not two counts", value)
        return None
    return reader.integer(field, both[2] if both else value)


def _first_count(field: str, value: str, reader: Reader) -> int | None:
    """Return a count, after which a share or a total may stand: ``801 (95%)``, ``801/845``."""
    if value.casefold() in NOT_STATED:
        return None
    match = _TWO_COUNTS.fullmatch(value) or _LEADING_COUNT.fullmatch(value)
    return reader.integer(field, match[1] if match else value)


# -- the open tab --------------------------------------------------------------------------


def _read_tab(
    vendor: Vendor, tab: LexborNode, shown: str | None, outline: Outline, reader: Reader
) -> None:
    """Read ``#tabcontent``: a key, or the vendor's own text. Offers and feedback are tables."""
    if shown in ("offers", "feedback", "ratings"):
        return
    text = long_text(tab, leave_out=outline.not_of_the_text)
    if text is None:
        return
    if shown == "pgp" or (shown is None and _KEY_ONLY.fullmatch(text)):
        if "-----BEGIN" in text or not _NO_KEY.search(text):
            read_key(vendor, text, reader)
        return
    if shown is None and tab.css_first("table, div.card-body") is not None:
        return
    vendor.profile = reader.block("vendor.profile", text)
