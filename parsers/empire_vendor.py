"""Empire Market: vendors and what buyers left: a profile, the marks of a handle, feedback."""

from __future__ import annotations

import re
from typing import TypeGuard

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import Document, block_text, fold
from cryptodrug_scraper.reading.facts import read_fact
from cryptodrug_scraper.reading.links import image_name, path_of
from cryptodrug_scraper.reading.market_names import known_market
from cryptodrug_scraper.reading.nodes import (
    attribute,
    cells_of,
    children,
    class_names,
    contents,
    elements,
    headed_rows,
    next_element,
    own_text,
    text_after,
    tooltips,
    topmost,
    words,
)
from cryptodrug_scraper.reading.pgp import read_key
from cryptodrug_scraper.reading.ratings import market_of_title, read_external_rating
from cryptodrug_scraper.reading.reader import Reader, review_of
from cryptodrug_scraper.records import (
    FeedbackCount,
    Listing,
    ParsedPage,
    Review,
    StarRating,
    Vendor,
)

# -- a profile -------------------------------------------------------------------------------


def read_profile(document: Document, main: LexborNode, page: ParsedPage, reader: Reader) -> None:
    """Read a profile and what its open tab shows."""
    vendor = Vendor()
    if main.css_first(".user_info") is not None:
        vendor.banned = reader.by_default(False, "vendor.banned")
    page.vendors.append(vendor)
    for selector, read_block in (
        ("h1.seth1", _headline),
        (".user_info_mid", _card),
        (".seller_rating", _feedback_counts),
        (".buyer_statistics", _buyer_statistics),
        (".rating_star", _star_ratings),
    ):
        if (block := main.css_first(selector)) is not None:
            read_block(block, vendor, reader)
    link = document.first('.sub_head_inner_header a[href*="/u/"]')
    if vendor.handle is None and link is not None:
        handle = path_of(reader.at(link)).rstrip("/").rpartition("/")[2]
        vendor.handle = reader.text("vendor.handle", handle)
    if (content := main.css_first(".tabcontent_user_feedback")) is not None:
        _tab(main, content, page, reader)


def _headline(headline: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read ``NAME | User Profile (BANNED)``."""
    vendor.handle = reader.text("vendor.handle", own_text(reader.at(headline)))
    for mark in map(words, children(headline, "span")):
        word = mark.strip("()[] ").casefold()
        if word in ("banned", "suspended"):
            vendor.banned = reader.stated("vendor.banned", mark, True)
        elif word and "vacation" not in word:
            reader.unknown_label("vendor.banned", mark)


_SALES = re.compile(r"\(\s*([^()]+?)\s*\)")
_POSITIVE = re.compile(r"(?:market\s+)?positive\s+feedback.*?:\s*(.*?)[%\s]*", re.I)
_MEMBER = re.compile(r"member\s+since\s*:?\s*(.*)", re.I)
# Known, and no field of the record: of a buyer, of another shop, and of the reader alone.
_BUYER_ROWS = ("total disputes / orders", "total spendings", "feedback left")
_OTHER_LINES = ("autoshop positive feedback", "seller is on vacation", "vacation mode")


def _card(card: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read handle, sales in brackets, levels, imported ratings, percentage and join date."""
    head = next(children(card, "h3"), None)
    if head is not None:
        handle = reader.text("vendor.handle", own_text(reader.at(head)))
        vendor.handle = vendor.handle or handle
        for span in children(head, "span"):
            if (sales := _SALES.fullmatch(words(reader.at(span)))) is None:
                read_mark(span, vendor, reader)
            elif vendor.sales is None:
                vendor.sales = reader.integer("vendor.sales", sales[1])
    for box in children(card, "div"):
        for line in marks_of(box, vendor, reader):
            if line.tag == "p":
                _line(words(reader.at(line)), vendor, reader)
            elif line.tag not in ("br", "img"):
                read_mark(line, vendor, reader)


def _line(text: str, vendor: Vendor, reader: Reader) -> None:
    if not text or text.casefold().startswith(_OTHER_LINES):
        return
    if positive := _POSITIVE.fullmatch(text):
        vendor.positive_percent = reader.decimal("vendor.positive_percent", positive[1])
    elif member := _MEMBER.fullmatch(text):
        vendor.joined_on = reader.date("vendor.joined_on", member[1])
    elif not _finalize_early(text, vendor, reader):
        reader.unknown_label("vendor", text)


def _feedback_counts(block: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read the table of positive, neutral and negative ratings by period."""
    counts: dict[str, FeedbackCount] = {}
    for headings, cells in headed_rows(block):
        name = words(cells[0])
        if name.casefold() not in ("positive", "neutral", "negative"):
            reader.unknown_label("vendor.feedback_counts", name)
            continue
        for period, cell in zip(headings[1:], cells[1:], strict=False):
            count = counts.setdefault(period, FeedbackCount(period.lower()))
            number = reader.integer("vendor.feedback_counts", words(reader.at(cell)))
            setattr(count, name.casefold(), number)
    vendor.feedback_counts = [count for period, count in counts.items() if period]


def _buyer_statistics(block: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read "Last online"; the rest tells of the account as a buyer, disputes included."""
    for _, (label, *values) in headed_rows(block):
        if words(label).casefold() not in _BUYER_ROWS:
            value = " ".join([words(reader.at(value)) for value in values])
            read_fact(vendor, words(label), value, reader)


def _star_ratings(block: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Count the golden stars under Stealth, Quality and Value Price."""
    for names, cells in headed_rows(block):
        for name, cell in zip(names, cells, strict=False):
            stars = _stars(reader.at(cell)) if not reader.unfinished(cell) else None
            if name and stars is not None:
                # The page draws five at most, and names no scale.
                rating = StarRating(name.lower(), stars, "5")
                vendor.star_ratings.append(reader.stated("vendor.star_ratings", name, rating))
            elif name and words(cell).strip("-"):
                reader.warn("vendor.star_ratings", f"no stars under {name.lower()}", words(cell))


def _stars(cell: LexborNode) -> str | None:
    """Return the rating drawn in a cell, a half star counting ``.5``, or None without stars."""
    full = halves = stars = 0
    for icon in cell.css('i[class*="fa-star"]'):
        stars += 1
        names = class_names(icon)
        if "fa-star-half" in names or "fa-star-half-o" in names:
            halves += 1
        elif "fa-star" in names and "gold" in attribute(icon, "style").lower():
            full += 1
    return f"{full + halves // 2}{'.5' if halves % 2 else ''}" if stars else None


# -- the marks that follow a handle anywhere ---------------------------------------------------

_LEVEL = re.compile(r"(vendor level|trust level)\s*:?\s*(\S.*)", re.I)
_EARLY = re.compile(r"(?:fe|finali[sz]e early)(?:\s+(?:is\s+)?enabled)?(?:\s*:\s*(\w+))?", re.I)
_SEPARATORS = " -|,;·"
_RATING = re.compile(r"\(?#?[~<>+]?\d[^a-z]*", re.I)


def marks_of(line: LexborNode, vendor: Vendor, reader: Reader) -> list[LexborNode]:
    """Return the elements of a line of marks, and read the ratings that follow a mere image.

    Such an image says "Verified Dream Market …" itself, or its name is the market's; the
    rating is the text behind it, ``(310) (4.87)``, perhaps in an element of its own.
    """
    marks = []
    of_image = None  # the element that holds the rating of the image before it
    for node in map(reader.at, elements(line)):
        title = _imported_tip(node) if node.tag == "img" else ""
        if not title:
            marks += [node] if node != of_image else []
            continue
        text = fold(text_after(node)).strip(_SEPARATORS)
        if not text and _is_plain_rating(beside := next_element(node)):
            of_image = beside
            text = fold(f"{words(beside)} {text_after(beside)}").strip(_SEPARATORS)
        # An image without words of its own may be something else.
        if _RATING.fullmatch(text) or not title.islower():
            read_external_rating(vendor, market_of_title(title), text, reader, title=title)
    return marks


def _is_plain_rating(node: LexborNode | None) -> TypeGuard[LexborNode]:
    if node is None or node.tag not in ("span", "b", "font", "small") or any(tooltips(node)):
        return False
    return node.css_first("img[title], img[alt]") is None and bool(_RATING.fullmatch(words(node)))


def _imported_tip(image: LexborNode) -> str:
    """Return an image's words about an imported rating, in small letters if its name is all."""
    tip = next(tooltips(image), "")
    if tip.casefold().startswith("verified"):
        return tip
    name = image_name(attribute(image, "src")).partition(".")[0]
    known = known_market(name) if name and not tip else None
    return f"verified {known} market" if known else ""


def read_mark(mark: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read a mark beside a handle: a level, an imported rating, FE."""
    images = mark.css("img")
    title = next(tooltips(mark), "") or next(filter(None, map(_imported_tip, images)), "")
    text = words(reader.at(mark))
    if level := _LEVEL.fullmatch(text):
        read_fact(vendor, level[1], level[2], reader)
    elif title.casefold().startswith("verified"):
        read_external_rating(vendor, market_of_title(title), text, reader, title=title)
    elif images and _RATING.fullmatch(text):
        reader.warn("vendor.external_ratings", "from a market that is not named", text)
    elif text and not _finalize_early(text, vendor, reader):
        reader.unknown_label("vendor", title or text, text if title else "")


def _finalize_early(text: str, vendor: Vendor, reader: Reader) -> bool:
    match = _EARLY.fullmatch(text)
    if match is not None:
        is_allowed = (match[1] or "yes").casefold() not in ("no", "disabled", "off")
        vendor.finalize_early = reader.stated("vendor.finalize_early", text, is_allowed)
    return match is not None


# -- the tabs of a profile ---------------------------------------------------------------------


_TAB = re.compile(r"/(?:settab/\d+(?:/\d+)*|setusertab)/([a-z_]+)", re.I)
_TABS = {
    "description": "desc",
    "refund": "refund",
    "negative": "n_feedback",
    "neutral": "c_feedback",
    "left": "l_feedback",
    "positive": "p_feedback",
}


def open_tab(main: LexborNode) -> str | None:
    """Return the open tab of a listing or a profile, by its link's address or words."""
    link = main.css_first(".tablinks.focus")
    if link is None:
        return None
    match, name = _TAB.search(path_of(link)), words(link).casefold()
    return match[1].lower() if match else _tab_of(name) or name


def _tab_of(name: str) -> str:
    return next((tab for word, tab in _TABS.items() if word in name), "")


def tab_text(content: LexborNode) -> str | None:
    """Return the text of a tab, line breaks kept, without its heading and its tags."""
    texts = []
    for child in contents(content):
        if child.tag != "h3" and "tagsDiv" not in class_names(child):
            text = child.text().strip() if child.is_text_node else block_text(child)
            texts += [text] if text else []
    return "\n".join(texts) or None


def _tab(main: LexborNode, content: LexborNode, page: ParsedPage, reader: Reader) -> None:
    (vendor,) = page.vendors
    match open_tab(main) or _tab_by_content(content):
        case "about":
            vendor.profile = reader.block("vendor.profile", tab_text(reader.at(content)))
        case "pgp":
            read_key(vendor, tab_text(reader.at(content)), reader)
        case "l_feedback":
            # What this account wrote about others' goods, without their names: as reviews of
            # this vendor the rows would be false.
            if any(len(list(children(row, "td"))) > 1 for row in topmost(content, "tr")):
                reader.warn("review", "feedback that this vendor left for others is not read")
        case "p_feedback" | "n_feedback" | "c_feedback" as tab:
            read_feedback(content, tab, Listing(vendor=vendor.handle), page, reader)
        case tab:
            reader.unknown_label("vendor", f"tab {tab}", words(content)[:80])


def _tab_by_content(content: LexborNode) -> str:
    is_list = content.css_first("table") is not None
    heading = content.css_first(".boldstats" if is_list else "h3")
    title = words(heading).casefold() if heading is not None else ""
    if is_list:
        return _tab_of(title) or "p_feedback"
    return "pgp" if title == "pgp" else "about"


# -- feedback ----------------------------------------------------------------------------------

_FACE = re.compile(r"feedback([123])(?:[-_.]\w+|\s?\(\d+\))?\.\w+")  # "(1)" by browsers
_SENTIMENT = {"1": "positive", "2": "neutral", "3": "negative"}
_OF_TAB = {"p_feedback": "positive", "c_feedback": "neutral", "n_feedback": "negative"}
_PRODUCT = re.compile(r"/product/(\d+)", re.I)
_TOTAL = re.compile(r"total\b.*?:\s*([\d,.]+)", re.I)
_NONE_LEFT = re.compile(
    r"(?:there (?:is|are) )?no\b.*(?:feedback|records?|results?|data)\b.*", re.I
)
_RESPONSE = re.compile(
    r"(?:seller|vendor)(?:'s)?\s+(?:response|reply|answer|comment)\s*:?\s*", re.I
)
_COLUMN = re.compile(
    "(?P<feedback>feedback|comment|message)|(?P<buyer>buyer|price)|(?P<date>date|time)", re.I
)
_USUAL_COLUMNS = ["", "feedback", "buyer", "date"]  # where no heading says which they are
_BUYER_AND_PRICE = re.compile(r"(\S*\*\*\S*)\s*(.*)")


def read_feedback(
    content: LexborNode, list_name: str, about: Listing, page: ParsedPage, reader: Reader
) -> None:
    """Read one page of feedback about a listing; on a profile, one of which the vendor is known.

    The list is known by its name and its stated total, which grows with every review: two
    pages of one list in one state never show a review twice.
    """
    total = _total(content, reader)
    page.review_list = f"{list_name}:{total}" if total else None
    columns = _USUAL_COLUMNS
    for row in reader.finished(topmost(content, "tr")):
        cells = cells_of(row)
        if cells and all(cell.tag == "th" for cell in cells):
            named = [_column(words(cell), reader) for cell in cells]
            columns = named if any(named) else _USUAL_COLUMNS
        elif len(cells) > 1:
            review = review_of(about)
            review.sentiment = _sentiment(cells, reader) or _OF_TAB.get(list_name)
            _review(dict(zip(columns, cells, strict=False)), review, page, reader)
        elif (text := " ".join(map(words, cells))) and not _NONE_LEFT.fullmatch(text):
            reader.unknown_label("review", text)


def _total(content: LexborNode, reader: Reader) -> str | None:
    """Return the stated number of reviews in the list: "Total positive feedback : 449"."""
    for line in children(content, "p"):
        text = words(reader.at(line))[:200]
        if match := _TOTAL.search(text):
            reader.note("review_list", text, match[1])
            return re.sub(r"\D", "", match[1])
        if text and not _NONE_LEFT.fullmatch(text):
            reader.unknown_label("review", text)
    return None


def _column(heading: str, reader: Reader) -> str:
    """Return what a column holds, by its heading: Feedback, Buyer / Price, Date / Time."""
    if column := _COLUMN.search(heading):
        return column.lastgroup or ""
    if heading.casefold() not in ("", "rating", "type"):
        reader.unknown_label("review", heading)
    return ""


def _review(cells: dict[str, LexborNode], review: Review, page: ParsedPage, reader: Reader) -> None:
    """Read a row of feedback; one without a date would be counted again."""
    if "feedback" in cells:
        _text(cells["feedback"], review, reader)
    if "date" not in cells or not _date(cells["date"], review, reader):
        reader.warn("review.posted_on", "a row without a date: left out", review.text or "")
        return
    if "buyer" in cells:
        _buyer_and_price(cells["buyer"], review, reader)
    if review.sentiment is None:
        reader.warn("review.sentiment", "no image whose name tells it", review.text or "")
    page.reviews.append(review)


def _sentiment(cells: list[LexborNode], reader: Reader) -> str | None:
    """Read the face: feedback1.png is positive, 2 neutral, 3 negative."""
    for cell in cells:
        for image in children(cell, "img"):
            name = image_name(attribute(reader.at(image), "src"))
            if face := _FACE.fullmatch(name):
                return reader.stated("review.sentiment", name, _SENTIMENT[face[1]])
            if "feedback" in name:
                reader.warn("review.sentiment", "unknown face", name)
    return None


def _text(cell: LexborNode, review: Review, reader: Reader) -> None:
    """Read the buyer's words, the listing's title as it was then, and an answer if any."""
    lines = list(children(cell, "p")) or [cell]
    message = next((p for p in lines if "feedback_msg" in class_names(p)), lines[0])
    title: str | None = None
    for line in map(reader.at, lines):
        if line.mem_id == message.mem_id:
            reader.comment(review, block_text(line))
        elif _RESPONSE.match(words(line)):
            text = _RESPONSE.sub("", line.text().strip(), count=1)
            review.response = reader.block("review.response", text)
        elif title is None:
            title = reader.text_of("review.listing_title", line)
        elif words(line):
            reader.unknown_label("review", words(line))
    review.listing_title = title or review.listing_title


def _buyer_and_price(cell: LexborNode, review: Review, reader: Reader) -> None:
    """Read the masked buyer and what was paid: ``b***s`` over ``USD 412.50``."""
    line = next(children(cell, "p"), cell)
    buyer = next((part for part in elements(line) if part.tag not in ("br", "p")), None)
    price = fold(own_text(reader.at(line)))
    if buyer is not None:
        review.author = reader.text("review.author", reader.at(buyer).text())
    elif bare := _BUYER_AND_PRICE.fullmatch(price):
        review.author = reader.text("review.author", bare[1])
        price = bare[2]
    reader.paid(review, price)


def _date(cell: LexborNode, review: Review, reader: Reader) -> bool:
    """Read the date and the listing that "View items" leads to; say if a date is stated."""
    line = next(children(cell, "p"), cell)
    for link in list(children(line, "a")) or cell.css("a"):
        if match := _PRODUCT.search(path_of(reader.at(link))):
            review.listing_external_id = reader.text("review.listing_external_id", match[1])
    date = fold(own_text(reader.at(line)))
    reader.posted(review, date)
    return bool(date)
