"""Empire Market: tables of feedback, on a profile's tabs and on a listing's."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import block_text, fold
from cryptodrug_scraper.reading.links import image_name, path_of
from cryptodrug_scraper.reading.nodes import (
    cells_of,
    children,
    class_names,
    elements,
    only_content,
    own_text,
    topmost,
    words,
)
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing, ParsedPage, Review, Vendor

PLACEHOLDERS = ("no feedback comment", "no feedback comment.")


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
_COLUMNS = {
    "feedback": ("feedback", "comment", "message"),
    "buyer": ("buyer", "price"),
    "date": ("date", "time"),
}
_PLACES = {"feedback": 1, "buyer": 2, "date": 3}  # where they stand if no heading says so
_BUYER_AND_PRICE = re.compile(r"(\S*\*\*\S*)\s*(.*)")


def read_vendor_reviews(
    content: LexborNode,
    tab: str,
    vendor: Vendor,
    page: ParsedPage,
    reader: Reader,
) -> None:
    """Read one page of a vendor's positive, neutral or negative feedback.

    The list is known by its tab and its stated total, which grows with every review: two
    pages of one list in one state never show a review twice.
    """
    total = _total(content, reader)
    page.review_list = f"{tab}:{total}" if total else None
    for review in _reviews(content, reader):
        review.vendor = vendor.handle
        review.sentiment = review.sentiment or _OF_TAB[tab]
        page.reviews.append(review)


def read_listing_reviews(
    content: LexborNode, listing: Listing, page: ParsedPage, reader: Reader
) -> None:
    """Read one page of a listing's feedback."""
    total = _total(content, reader)
    page.review_list = f"listing {listing.external_id}:{total}" if total else None
    for review in _reviews(content, reader):
        review.vendor = listing.vendor
        if review.sentiment is None:
            reader.warn("review.sentiment", "no image whose name tells it", review.text or "")
        review.listing_external_id = review.listing_external_id or listing.external_id
        review.listing_title = review.listing_title or listing.title
        page.reviews.append(review)


def read_left_feedback(content: LexborNode, reader: Reader) -> None:
    """Say that a vendor's "Left Feedback" tab has rows, and read none of them.

    They are what this account wrote about *other* vendors' goods, and the rows do not
    say about whom: as reviews of this vendor they would be false.
    """
    if any(len(list(children(row, "td"))) > 1 for row in topmost(content, "tr")):
        reader.warn("review", "feedback that this vendor left for others is not read")


def _total(content: LexborNode, reader: Reader) -> str | None:
    """Return the stated number of reviews in the list: "Total positive feedback : 449"."""
    for line in children(content, "p"):
        said = words(line)[:200]
        match = _TOTAL.search(said)
        if match:
            reader.note("review_list", said, match.group(1))
            return re.sub(r"\D", "", match.group(1))
        if said and not _NONE_LEFT.fullmatch(said):
            reader.unknown_label("review", said)
    return None


def _reviews(content: LexborNode, reader: Reader) -> list[Review]:
    """Read the rows of a table of feedback."""
    found = []
    columns: dict[str, int] = {}
    for row in reader.finished(topmost(content, "tr")):
        cells = cells_of(row)
        if cells and all(cell.tag == "th" for cell in cells):
            columns = _columns(cells, reader)
            continue
        if len(cells) < 2:
            text = " ".join(words(cell) for cell in cells)
            if text and not _NONE_LEFT.fullmatch(text):
                reader.unknown_label("review", text)
            continue
        review = _review(cells, columns or _PLACES, reader)
        if review is not None:
            found.append(review)
    return found


def _columns(cells: list[LexborNode], reader: Reader) -> dict[str, int]:
    """Return where a column stands, by its heading: Feedback, Buyer / Price, Date / Time."""
    columns: dict[str, int] = {}
    for index, cell in enumerate(cells):
        heading = words(cell).casefold()
        for name, known in _COLUMNS.items():
            if any(word in heading for word in known):
                columns.setdefault(name, index)
                break
        else:
            if heading and heading not in ("rating", "type"):
                reader.unknown_label("review", words(cell))
    return columns


def _review(cells: list[LexborNode], columns: dict[str, int], reader: Reader) -> Review | None:
    """Read one row; one that states no date is refused, since it would be counted again."""
    places = {name: cells[at] for name, at in columns.items() if at < len(cells)}
    review = Review(sentiment=_sentiment(cells, reader))
    if "feedback" in places:
        _said(places["feedback"], review, reader)
    if "date" not in places or not _dated(places["date"], review, reader):
        reader.warn("review.posted_on", "a row without a date: left out", review.text or "")
        return None
    if "buyer" in places:
        _bought(places["buyer"], review, reader)
    return review


def _sentiment(cells: list[LexborNode], reader: Reader) -> str | None:
    """Read the face: feedback1.png is positive, 2 neutral, 3 negative."""
    for cell in cells:
        for image in children(cell, "img"):
            name = image_name(image.attrs.get("src"))
            face = _FACE.fullmatch(name)
            if face:
                sentiment = _SENTIMENT[face.group(1)]
                reader.note("review.sentiment", name, sentiment)
                return sentiment
            if "feedback" in name:
                reader.warn("review.sentiment", "unknown face", name)
    return None


def _said(cell: LexborNode, review: Review, reader: Reader) -> None:
    """Read the buyer's words, the listing's title as it was then, and an answer if any."""
    lines = list(children(cell, "p")) or [cell]
    message = next((p for p in lines if "feedback_msg" in class_names(p)), lines[0])
    for line in lines:
        if line.mem_id == message.mem_id:
            text = reader.block("review.text", block_text(_innermost(line)))
            review.text = None if text and fold(text).casefold() in PLACEHOLDERS else text
        elif _RESPONSE.match(words(line)):
            review.response = reader.block(
                "review.response", _RESPONSE.sub("", line.text().strip(), count=1)
            )
        elif review.listing_title is None:
            review.listing_title = reader.text("review.listing_title", line.text())
        elif words(line):
            reader.unknown_label("review", words(line))


def _innermost(node: LexborNode) -> LexborNode:
    """Return the element that holds all that a node holds: the ``font`` in a ``p``."""
    only = only_content(node)
    while only is not None and only.is_element_node:
        node, only = only, only_content(only)
    return node


def _bought(cell: LexborNode, review: Review, reader: Reader) -> None:
    """Read the masked buyer and what was paid: ``b***s`` over ``USD 412.50``."""
    line = next(children(cell, "p"), cell)
    buyer = next((part for part in elements(line) if part.tag not in ("br", "p")), None)
    if buyer is not None:
        review.author = reader.text("review.author", buyer.text())
    price = fold(own_text(line))
    bare = _BUYER_AND_PRICE.fullmatch(price) if buyer is None else None
    if bare is not None:
        review.author = reader.text("review.author", bare.group(1))
        price = bare.group(2)
    if price.strip("-"):
        reader.paid(review, price)


def _dated(cell: LexborNode, review: Review, reader: Reader) -> bool:
    """Read the date and the listing that "View items" leads to; say if a date is stated."""
    line = next(children(cell, "p"), cell)
    for link in list(children(line, "a")) or cell.css("a"):
        match = _PRODUCT.search(path_of(link))
        if match:
            review.listing_external_id = match.group(1)
            reader.note("review.listing_external_id", path_of(link), match.group(1))
    date = fold(own_text(line))
    reader.posted(review, date)
    return bool(date)
