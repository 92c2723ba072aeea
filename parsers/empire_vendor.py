"""Empire Market: a vendor's profile (any tab), and the marks that follow a handle anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import Document, fold
from cryptodrug_scraper.reading.links import image_name, path_of
from cryptodrug_scraper.reading.market_names import known_market
from cryptodrug_scraper.reading.nodes import (
    attribute,
    cells_of,
    children,
    contents,
    own_text,
    topmost,
    words,
)
from cryptodrug_scraper.reading.pgp import read_key
from cryptodrug_scraper.reading.ratings import external_rating
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import FeedbackCount, ParsedPage, StarRating, Vendor
from parsers.empire_page import texts_of
from parsers.empire_reviews import read_left_feedback, read_vendor_reviews

STARS = "5"  # the page draws five at most and names no scale

_SALES = re.compile(r"\(\s*([^()]+?)\s*\)")
_LEVEL = re.compile(r"(vendor|trust)\s+level\s*:?\s*(\S.*)", re.I)
_POSITIVE = re.compile(r"(?:market\s+)?positive\s+feedback.*?:\s*(.*)", re.I)
_MEMBER = re.compile(r"member\s+since\s*:?\s*(.*)", re.I)
_EARLY = re.compile(r"(?:fe|finali[sz]e early)(?:\s+(?:is\s+)?enabled)?(?:\s*:\s*(\w+))?", re.I)
_IMPORTED = re.compile(
    r"verified\s+(?:(?:vendor|seller|account)\s+)?(?:(?:on|at|from|of)\s+)?(?P<market>.+?)"
    r"(?:\s+(?:successful|completed|sales|orders|deals|transactions|positive|feedback|star"
    r"|ratings?|reviews?|vendor|seller|stats|account)\b.*|\s+(?=market$)market)",
    re.I,
)
_TIPS = ("title", "alt", "data-original-title", "aria-label")
_WORDS = ("span", "b", "font", "small")
_A_RATING = re.compile(r"\(?#?[~<>+]?\d[^a-z]*", re.I)
_USER_TAB = re.compile(r"/setusertab/(\w+)/", re.I)
_TABS = {
    "about": "about",
    "positive feedback": "p_feedback",
    "negative feedback": "n_feedback",
    "neutral feedback": "c_feedback",
    "left feedback": "l_feedback",
    "pgp": "pgp",
}
# Known, and no field of the record: numbers of the account as a buyer, another shop's
# rating, and what only a signed-in reader is told.
_BUYER_ROWS = ("total disputes / orders", "total spendings", "feedback left")
_OTHER_LINES = ("autoshop positive feedback", "seller is on vacation", "vacation mode")


def read_profile(document: Document, main: LexborNode, page: ParsedPage, reader: Reader) -> Vendor:
    """Read a profile and what its open tab shows."""
    vendor = Vendor()
    if main.css_first(".user_info") is not None:
        vendor.banned = reader.by_default(False, "vendor.banned")
    page.vendors.append(vendor)
    _headline(main, vendor, reader)
    card = main.css_first(".user_info_mid")
    if card is not None:
        _card(card, vendor, reader)
    if vendor.handle is None:
        link = document.first('.sub_head_inner_header a[href*="/u/"]')
        if link is not None:
            vendor.handle = reader.text("vendor.handle", path_of(link).rstrip("/").split("/")[-1])
    ratings = main.css_first(".seller_rating")
    if ratings is not None:
        _feedback_counts(ratings, vendor, reader)
    bought = main.css_first(".buyer_statistics")
    if bought is not None:
        _buyer_statistics(bought, vendor, reader)
    stars = main.css_first(".rating_star")
    if stars is not None:
        _star_ratings(stars, vendor, reader)
    content = main.css_first(".tabcontent_user_feedback")
    if content is not None:
        _open_tab(main, content, vendor, page, reader)
    return vendor


def _headline(main: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read ``NAME | User Profile (BANNED)``."""
    headline = main.css_first("h1.seth1")
    if headline is None:
        return
    vendor.handle = reader.text("vendor.handle", own_text(headline))
    for mark in children(headline, "span"):
        said = words(mark)
        word = said.strip("()[] ").casefold()
        if word in ("banned", "suspended"):
            vendor.banned = reader.stated("vendor.banned", said, True)
        elif word and "vacation" not in word:
            reader.unknown_label("vendor.banned", said)


def _card(card: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read handle, sales in brackets, levels, imported ratings, percentage and join date."""
    head = next(children(card, "h3"), None)
    if head is not None:
        if vendor.handle is None:
            vendor.handle = reader.text("vendor.handle", own_text(head))
        for span in children(head, "span"):
            sales = _SALES.fullmatch(words(span))
            if sales is None:
                read_mark(span, vendor, reader)
            elif vendor.sales is None:
                vendor.sales = reader.integer("vendor.sales", sales.group(1))
    for box in children(card, "div"):
        for line in with_imported(box, vendor, reader):
            if line.tag == "p":
                _line(words(line), vendor, reader)
            elif line.tag not in ("br", "img"):
                read_mark(line, vendor, reader)


def with_imported(around: LexborNode, vendor: Vendor, reader: Reader) -> Iterator[LexborNode]:
    """Yield the elements of a line of marks, and read the ratings that follow a mere image.

    Such an image says "Verified Dream Market …" itself, or its name is the market's; the
    rating is the text behind it, ``(310) (4.87)``.
    """
    title: str | None = None
    behind: list[str] = []
    for node in [*contents(around), None]:
        tip = _imported_tip(node) if node is not None and node.tag == "img" else ""
        if node is not None and node.is_text_node:
            behind.append(node.text_content or "")
            continue
        said = fold(" ".join(behind)).strip(" -|,;·")
        if title and node is not None and not said and node.tag in _WORDS:
            # The rating may stand in an element of its own.
            plain = not _tip(node) and node.css_first("img[title], img[alt]") is None
            if plain and _A_RATING.fullmatch(words(node)):
                behind.append(node.text())
                continue
        if title is not None and (tip or node is None or said or node.tag != "img"):
            if _A_RATING.fullmatch(said) or not title.islower():
                _imported_rating(title, said, vendor, reader)
            title = None
        behind.clear()
        if tip:
            title = tip
        elif node is not None:
            yield node


def _tip(node: LexborNode) -> str:
    """Return what an element says of itself when it is pointed at."""
    return next((tip for name in _TIPS if (tip := fold(attribute(node, name)))), "")


def _imported_tip(image: LexborNode) -> str:
    """Return an image's words about an imported rating, in small letters if its name is all.

    An image whose file is named like a market may be something else, without a rating behind.
    """
    tip = _tip(image)
    if tip.casefold().startswith("verified"):
        return tip
    name = image_name(attribute(image, "src")).partition(".")[0]
    known = known_market(name) if name and not tip else None
    return f"verified {known} market" if known else ""


def _line(text: str, vendor: Vendor, reader: Reader) -> None:
    known = text.casefold()
    if not text or known.startswith(_OTHER_LINES):
        return
    positive = _POSITIVE.fullmatch(text)
    member = _MEMBER.fullmatch(text)
    if positive:
        percent = positive.group(1).rstrip("% ")
        if percent.strip("- "):
            vendor.positive_percent = reader.decimal("vendor.positive_percent", percent)
    elif member:
        vendor.joined_on = reader.date("vendor.joined_on", member.group(1))
    elif not _finalize_early(text, vendor, reader):
        reader.unknown_label("vendor", text)


def read_mark(mark: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read a mark beside a handle: a level, an imported rating, FE."""
    images = mark.css("img")
    tips = (_tip(mark), *(_imported_tip(image) for image in images))
    title = next((tip for tip in tips if tip), "")
    said = words(mark)
    if level := _LEVEL.fullmatch(said):
        name = "level" if level.group(1).lower() == "vendor" else "trust_level"
        setattr(vendor, name, reader.integer(f"vendor.{name}", level.group(2)))
    elif title.casefold().startswith("verified"):
        _imported_rating(title, said, vendor, reader)
    elif images and _A_RATING.fullmatch(said):
        reader.warn("vendor.external_ratings", "from a market that is not named", said)
    elif said and not _finalize_early(said, vendor, reader):
        reader.unknown_label("vendor", title or said, said if title else "")


def _imported_rating(title: str, said: str, vendor: Vendor, reader: Reader) -> None:
    """Read "Verified Dream Market successful sales and star rating 1-5": ``138 (5.0)``."""
    match = _IMPORTED.fullmatch(title)
    if match is None:
        reader.unknown_label("vendor.external_ratings", title, said)
        return
    rating = external_rating(match["market"], said, reader, title=title)
    if rating is not None:
        vendor.external_ratings.append(rating)


def _finalize_early(text: str, vendor: Vendor, reader: Reader) -> bool:
    match = _EARLY.fullmatch(text)
    if match is None:
        return False
    vendor.finalize_early = (match.group(1) or "yes").casefold() not in ("no", "disabled", "off")
    reader.note("vendor.finalize_early", text, vendor.finalize_early)
    return True


def _rows(block: LexborNode) -> list[list[LexborNode]]:
    """Return the cells of a block's table rows, whether or not it has a ``tbody``."""
    rows = topmost(block, "tr")
    return [cells_of(row) for row in rows]


def _feedback_counts(block: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read the table of positive, neutral and negative ratings by period."""
    counts: list[FeedbackCount] = []
    for cells in _rows(block):
        if not cells:
            continue
        if cells[0].tag == "th":
            counts = [FeedbackCount(words(cell).lower()) for cell in cells[1:]]
            continue
        name = words(cells[0]).casefold()
        if name not in ("positive", "neutral", "negative"):
            reader.unknown_label("vendor.feedback_counts", words(cells[0]))
            continue
        for count, cell in zip(counts, cells[1:], strict=False):
            text = words(cell)
            if text.strip("-"):
                setattr(count, name, reader.integer("vendor.feedback_counts", text))
    vendor.feedback_counts = [count for count in counts if count.period]


def _buyer_statistics(block: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read "Last online"; the rest tells of the account as a buyer, disputes included."""
    for cells in _rows(block):
        label = words(cells[0]) if cells else ""
        known = label.casefold()
        if not label or cells[0].tag == "th" or known in _BUYER_ROWS:
            continue
        value = words(cells[1]) if len(cells) > 1 else ""
        if known == "last online":
            if value.strip("-"):
                vendor.last_active_on = reader.date("vendor.last_active_on", value)
        else:
            reader.unknown_label("vendor", label, value)


def _star_ratings(block: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Count the golden stars under Stealth, Quality and Value Price."""
    names: list[str] = []
    for cells in _rows(block):
        if cells and cells[0].tag == "th":
            names = [words(cell).lower() for cell in cells]
            continue
        for name, cell in zip(names, cells, strict=False):
            if not name:
                continue
            drawn = stars(cell) if not reader.unfinished(cell) else None
            if drawn is not None:
                vendor.star_ratings.append(StarRating(name, drawn, STARS))
                reader.note("vendor.star_ratings", name, drawn)
            elif words(cell).strip("-"):
                reader.warn("vendor.star_ratings", f"no stars under {name}", words(cell))


def stars(cell: LexborNode) -> str | None:
    """Return the rating drawn in a cell, a half star counting ``.5``, or None without stars."""
    whole, halves, drawn = 0, 0, 0
    for icon in cell.css("i"):
        attributes = icon.attributes
        names = (attributes.get("class") or "").split()
        if "fa-star" not in (attributes.get("class") or ""):
            continue
        drawn += 1
        golden = "gold" in (attributes.get("style") or "").lower()
        if "fa-star-half" in names or "fa-star-half-o" in names:
            halves += 1
        elif golden and "fa-star" in names:
            whole += 1
    if not drawn:
        return None
    return f"{whole + halves // 2}{'.5' if halves % 2 else ''}"


def _open_tab(
    main: LexborNode,
    content: LexborNode,
    vendor: Vendor,
    page: ParsedPage,
    reader: Reader,
) -> None:
    tab = _tab_name(main, content)
    if tab == "about":
        vendor.profile = reader.block("vendor.profile", texts_of(content))
    elif tab == "pgp":
        key = texts_of(content)
        if key and "-----" not in key and re.match(r"no\b", key, re.I):
            return  # "No PGP key": nothing is stated
        read_key(vendor, key, reader)
    elif tab == "l_feedback":
        read_left_feedback(content, reader)
    elif tab in ("p_feedback", "n_feedback", "c_feedback"):
        read_vendor_reviews(content, tab, vendor, page, reader)
    else:
        reader.unknown_label("vendor", f"tab {tab}", words(content)[:80])


def _tab_name(main: LexborNode, content: LexborNode) -> str:
    """Return the open tab by its link's address or words, else by what it holds."""
    link = main.css_first(".tablinks.focus")
    if link is not None:
        match = _USER_TAB.search(path_of(link))
        said = words(link).casefold()
        return match.group(1).lower() if match else _TABS.get(said, said)
    if content.css_first("table") is not None:
        heading = content.css_first(".boldstats")
        said = words(heading).casefold() if heading is not None else ""
        for name, tab in _TABS.items():
            if name.removesuffix(" feedback") in said:
                return tab
        return "p_feedback"
    heading = content.css_first("h3")
    return "pgp" if heading is not None and words(heading).casefold() == "pgp" else "about"
