"""Wall Street Market: a vendor's profile with its tabs, and the feedback of buyers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.normalise.ages import read_age
from cryptodrug_scraper.normalise.dates import read_moment
from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.facts import read_fact
from cryptodrug_scraper.reading.lines import long_text, plain_label
from cryptodrug_scraper.reading.links import address, path_of
from cryptodrug_scraper.reading.nodes import in_menu, tooltips
from cryptodrug_scraper.reading.pgp import read_key
from cryptodrug_scraper.reading.reader import Reader, review_of, states
from cryptodrug_scraper.records import Listing, ParsedPage, Review, Vendor
from parsers.wall_street_offer import LEVEL, read_cards, read_level
from parsers.wall_street_page import (
    OFFER_PATH,
    PROFILE_PATH,
    Sections,
    cell_text,
    inline_text,
    profile_links,
)


def read_vendor(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read a vendor's profile: name and marks, the table of facts, and the open tab."""
    sections = Sections(document)
    vendor = Vendor(banned=reader.by_default(False, "vendor.banned"))
    # The handle that the page's address names, else the one its own tabs name.
    own = PROFILE_PATH.search(address(page.url).place) or next(profile_links(document), None)
    name = vendor.handle = unquote(own[1]) if own is not None else None
    heading = _heading(sections, name)
    if heading is not None:
        words = " ".join(reader.at(heading).text(separator=" ").split())
        vendor.handle = _as_written(heading, words, name)
        _read_marks(vendor, heading, words, reader)
    reader.at(heading)
    reader.note("vendor.handle", name or "", vendor.handle)
    for alert in document.css('[class*="alert"]'):
        if _BANNED.search(text := reader.at(alert).text(separator=" ")):
            vendor.banned = reader.stated("vendor.banned", text, True)
    _read_facts(vendor, sections, heading, reader)
    page.vendors.append(vendor)
    if sections.tab is not None:
        shown = sections.open_tab(document, page.url, PROFILE_PATH)
        _read_tab(vendor, sections.tab, shown, sections, reader)
    feedback = sections.tables("feedback")
    page.reviews += read_reviews(feedback, Listing(vendor=vendor.handle), reader)
    no_offers = {table.mem_id for table in feedback}
    page.listings += read_cards(document, reader, vendor.handle, no_offers)


# -- name and marks ------------------------------------------------------------------------


def _heading(sections: Sections, name: str | None) -> LexborNode | None:
    """Return the ``h2`` with the handle: the one that holds it, else the first."""
    menus: dict[int, bool] = {}
    candidates = [h for h in sections.outside if h.tag == "h2" and not in_menu(h, menus)]
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
TRUSTED = re.compile(
    r"(?P<no>\b(?:not|no|isn't|never)\b[\w\s]{0,20})?\btrusted(?:\s+(?:vendor|seller))?", re.I
)
_BANNED = re.compile(r"\bbanned\b", re.I)
_EARLY = re.compile(r"\b(?:finali[sz]e\s+early|FE)\b(?:\s+enabled)?", re.I)
_MARKS = {"trusted": TRUSTED, "banned": _BANNED, "finalize_early": _EARLY}
_MOST_TIPS = 40  # tooltips beside a name; two or three are usual
_KNOWN_MARK = re.compile(
    r"\b(?:profile|vendor|seller|user|buyer|of|the|a|an|account|has|been|is|was|this|level|exp"
    r"|on(?:line)?|off(?:line)?)\b|\d+|[^\w\s]+",
    re.I,
)


def _read_marks(vendor: Vendor, heading: LexborNode, shown: str, reader: Reader) -> None:
    """Read the marks beside the handle, from their text or from an icon's tooltip."""
    rest = shown.replace(vendor.handle or "", " ", 1)
    tips = dict.fromkeys(tip for node in heading.css("*") for tip in tooltips(node))
    rest = " | ".join([rest, *[tip for tip in islice(tips, _MOST_TIPS) if tip not in rest]])
    for name, mark in _MARKS.items():
        if match := mark.search(rest):
            is_so = not match.groupdict().get("no")
            setattr(vendor, name, reader.stated(f"vendor.{name}", rest, is_so))
            rest = mark.sub(" ", rest)
    if match := LEVEL.search(rest):
        vendor.level = reader.integer("vendor.level", match[1])
        rest = LEVEL.sub(" ", rest)
    if unknown := " ".join(_KNOWN_MARK.sub(" ", rest).split()):
        reader.warn("vendor", "unknown mark", unknown)


# -- the table of facts --------------------------------------------------------------------


def _read_facts(
    vendor: Vendor, sections: Sections, heading: LexborNode | None, reader: Reader
) -> None:
    """Read the rows of label and value; the two statistics have labels in common.

    They stand in one table with a row as heading, or in tables with headings of their own.
    """
    is_below = heading is None
    section = ""
    tables: list[list[_Fact]] = []
    for part in sections.parts:
        if part.heading is not None:
            is_below = is_below or (heading is not None and part.node.mem_id == heading.mem_id)
            section = _section(part.heading) or section
            continue
        rows = []
        if is_below and not part.in_tab and len(part.node.css("table")) == 1:
            rows = list(_facts(part.node, reader))
        if not rows or (tables and not any(_KNOWN.fullmatch(row.label) for row in rows)):
            continue
        tables.append(rows)
        caption = part.node.css_first("caption")
        section = (_section(caption.text()) if caption is not None else "") or section
        for cell, label, shown, value in rows:
            reader.at(cell)
            if not value:
                section = _section(label) or section
            elif _KNOWN.fullmatch(label):
                _read_fact(vendor, section, label, value, reader)
            else:
                reader.unknown_label("vendor", shown, value)


def _section(text: str) -> str:
    """Return ``buyer`` or ``vendor`` for a statistics heading."""
    words = plain_label(text)
    if "statistic" not in words:
        return ""
    return "buyer" if "buyer" in words else "vendor" if "vendor" in words else "other"


class _Fact(NamedTuple):
    """A row: the cell of its value, its label (plain, and as shown), and its value."""

    cell: LexborNode
    label: str
    shown: str
    value: str


def _facts(table: LexborNode, reader: Reader) -> Iterator[_Fact]:
    """Yield the rows of label and value.

    A row of one text has no value, or one after a colon.
    """
    for cells in reader.rows(table):
        label, *rest = map(cell_text, cells)
        value = " ".join(rest).strip()
        if not value:
            label, _, value = label.partition(":")
        plain = re.sub(r"\s*/\s*", "/", plain_label(label))
        yield _Fact(cells[-1], plain, label.rstrip(" :"), value.strip())


_NUMBER = r"\d[\d.,'’\u00a0\u202f]*"
_TWO_COUNTS = re.compile(rf"({_NUMBER})\s*/\s*({_NUMBER})")
_LEADING_COUNT = re.compile(rf"({_NUMBER})(?:\s*\(.*\))?")
_KNOWN = re.compile(
    r"last online|(?:member|vendor) since|vendor level|average rating|rating of the last.*"
    r"|(?:open/)?completed orders|rated orders|disputes(?: involved(?: as (?:vendor|buyer))?)?"
    r"|.*statistic.*"
)


def _read_fact(vendor: Vendor, section: str, label: str, value: str, reader: Reader) -> None:
    """Read one row. What the buyer's statistics say is of no field, so it is passed over."""
    is_stated = states(value)
    if label == "last online":
        read_fact(vendor, label, value, reader)
    elif label == "member since":
        # When the account was made. A vendor's account can be older than its shop, so
        # "Vendor since" counts only where this row does not stand.
        joined = reader.day("vendor.joined_on", value)
        if joined is not None or reader.has_warned("vendor.joined_on"):
            vendor.joined_on = joined
    elif label == "vendor since":
        if vendor.joined_on is None and not reader.has_warned("vendor.joined_on"):
            # "Member since" may follow.
            vendor.joined_on = reader.by_default(reader.day("vendor.joined_on", value))
    elif label == "average rating":
        vendor.rating = stars("vendor.rating", value, reader)
        vendor.rating_max = "5" if vendor.rating is not None else None
    elif label == "vendor level" and is_stated:
        if not read_level(vendor, value, reader):
            vendor.level = reader.integer("vendor.level", value)
    elif not is_stated or section == "buyer" or label.endswith("as buyer"):
        return
    elif "completed orders" in label and (section == "vendor" or "/" in label):
        both = _TWO_COUNTS.fullmatch(value)  # open and completed ones
        if both is None and "/" in label:
            reader.warn("vendor.sales", "not two counts", value)
        else:
            vendor.sales = reader.integer("vendor.sales", both[2] if both else value)
    elif label == "rated orders" and section == "vendor":
        vendor.rating_count = _first_count("vendor.rating_count", value, reader)
    elif "disputes" in label and (section == "vendor" or label.endswith("as vendor")):
        vendor.disputes = _first_count("vendor.disputes", value, reader)


def _first_count(field: str, value: str, reader: Reader) -> int | None:
    """Return a count, after which a share or a total may stand: ``801 (95%)``, ``801/845``."""
    match = _TWO_COUNTS.fullmatch(value) or _LEADING_COUNT.fullmatch(value)
    return reader.integer(field, match[1] if match else value)


# -- the open tab --------------------------------------------------------------------------


_KEY_ONLY = re.compile(
    r"\s*-----BEGIN PGP PUBLIC KEY BLOCK-----.*-----END PGP PUBLIC KEY BLOCK-----\s*", re.S
)


def _read_tab(
    vendor: Vendor, tab: LexborNode, shown: str | None, sections: Sections, reader: Reader
) -> None:
    """Read ``#tabcontent``: a key, or the vendor's own text. Offers and feedback are tables."""
    if shown in ("offers", "feedback", "ratings"):
        return
    text = long_text(reader.at(tab), leave_out=sections.not_of_the_text)
    if text is None:
        return
    if shown == "pgp" or (shown is None and _KEY_ONLY.fullmatch(text)):
        read_key(vendor, text, reader)
        return
    if shown is None and tab.css_first("table, div.card-body") is not None:
        return
    vendor.profile = reader.block("vendor.profile", text)


# -- feedback --------------------------------------------------------------------------

_STARS = re.compile(r"\(\s*(\d{1,2}(?:[.,]\d{1,4})?)\s*(?:/\s*5(?:[.,]0+)?\s*)?\)")
_BARE = re.compile(r"(\d(?:[.,]\d{1,4})?)(?:\s*/\s*5)?(?:\s*stars?)?", re.I)
_MASKED = re.compile(r"\S{0,3}\s?(?:[*•.…]\s?){2,}\S{0,3}|\S{0,3}…\S{0,3}")


def stars(field: str, text: str, reader: Reader) -> str | None:
    """Return a rating out of 5 from a text such as ``★★★★★ (4.91)``; none stated is None."""
    if not states(text):
        return None
    match = _STARS.search(text) or _BARE.fullmatch(text)
    if match is None:
        reader.warn(field, "not a rating", text)
        return None
    value = reader.decimal(field, match[1])
    if value is not None and float(value) > 5:
        reader.warn(field, "more than five stars", text)
        return None
    return value


def read_reviews(tables: list[LexborNode], about: Listing, reader: Reader) -> list[Review]:
    """Read the rows of feedback tables: stars, text, masked buyer, time.

    ``about`` holds what is the same for all of them: the vendor, and the offer if it is one's.
    """
    rows = [cells for table in tables for cells in reader.rows(table)]
    stated = [cells for cells in rows if any(cell.tag != "th" for cell in cells)]
    reviews = [_review(cells, about, reader) for cells in stated]
    return [review for review in reviews if review is not None]


def _review(cells: list[LexborNode], about: Listing, reader: Reader) -> Review | None:
    """Read one row; in a store's feedback it names the offer, too."""
    review = review_of(about)
    rest = []
    for cell in cells:
        links = [(OFFER_PATH.search(path_of(a)), a) for a in cell.css('a[href*="offer/"]')]
        to, link = next(((to, a) for to, a in links if to is not None), (None, cell))
        if to is not None and review.listing_external_id is None:
            review.listing_external_id = to[1]
            review.listing_title = reader.text("review.listing_title", inline_text(reader.at(link)))
        else:
            rest.append(cell)
    texts = [cell_text(cell) for cell in rest]
    rating = _STARS.search(texts[0]) if texts else None
    if len(texts) < 3:
        # "No feedback yet" across the table is no review; a rating without the rest is odd.
        if rating is not None:
            reader.warn("review", "a row of an unknown shape", " | ".join(texts))
        return None
    if rating is None and not texts[0] and not any(texts[1:]):
        return None
    if rating is None and _is_header(texts):
        return None
    reader.at(rest[0])
    review.rating = stars("review.rating", texts[0], reader)
    review.rating_max = "5" if review.rating is not None else None
    when = _which(texts, 2, _is_time, len(texts) - 1)
    author = _which(texts, 1, _MASKED.fullmatch, 2)
    if author == when:
        author = 1 if when == 2 and len(texts) > 3 else -1
    text = next((i for i in (1, 2, 3) if i not in (author, when) and i < len(rest)), -1)
    if text > 0:
        reader.comment(review, long_text(reader.at(rest[text])))
    if author > 0:
        reader.at(rest[author])
        review.author = reader.text("review.author", texts[author])
    reader.at(rest[when])
    reader.posted(review, texts[when])
    return review


def _is_time(text: str) -> bool:
    return read_age(text) is not None or read_moment(text) is not None


def _is_header(texts: list[str]) -> bool:
    """Tell a row of column names that are not ``<th>``: short words, no time among them."""
    return all(t.replace(" ", "").isalpha() and len(t) < 20 for t in texts if t) and not any(
        _is_time(t) or not states(t) for t in texts
    )


def _which(texts: list[str], start: int, test: Callable[[str], object], usual: int) -> int:
    """Return the column that a test holds for: the usual one first, then from the last back."""
    columns = [usual, *range(len(texts) - 1, start - 1, -1)]
    return next((i for i in columns if i < len(texts) and test(texts[i])), usual)
