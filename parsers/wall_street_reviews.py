"""Wall Street Market: the feedback table, on an offer's page and wherever else it is shown."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.normalise.ages import read_age
from cryptodrug_scraper.normalise.dates import read_moment
from cryptodrug_scraper.reading.lines import long_text
from cryptodrug_scraper.reading.links import path_of
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Review
from parsers.wall_street_lines import cell_text, inline_text
from parsers.wall_street_offer import OFFER_PATH

STARS = re.compile(r"\(\s*(\d{1,2}(?:[.,]\d{1,4})?)\s*(?:/\s*5(?:[.,]0+)?\s*)?\)")
_BARE = re.compile(r"(\d(?:[.,]\d{1,4})?)(?:\s*/\s*5)?(?:\s*stars?)?", re.I)
_MASKED = re.compile(r"\S{0,3}\s?(?:[*•.…]\s?){2,}\S{0,3}|\S{0,3}…\S{0,3}")
NOT_STATED = frozenset({"not available", "n/a", "-", "–", "never", "unknown"})
"""What stands in place of a value that there is none of."""
_PLACEHOLDERS = frozenset({"enter your comments here", "no feedback comment"})


def stars(field: str, text: str, reader: Reader) -> str | None:
    """Return a rating out of 5 from a text such as ``★★★★★ (4.91)``; none stated is None."""
    if not text or text.casefold() in NOT_STATED:
        return None
    match = STARS.search(text) or _BARE.fullmatch(text)
    if match is None:
        reader.warn(field, "not a rating", text)
        return None
    value = reader.decimal(field, match[1])
    if value is not None and float(value) > 5:
        reader.warn(field, "more than five stars", text)
        return None
    return value


def read_reviews(tables: list[LexborNode], about: Review, reader: Reader) -> list[Review]:
    """Read the rows of feedback tables: stars, text, masked buyer, time.

    ``about`` holds what is the same for all of them: the vendor, and the offer if it is one's.
    """
    reviews = []
    for table in tables:
        linked = table.css_first('a[href*="offer/"]') is not None
        for cells in reader.rows(table):
            if all(cell.tag == "th" for cell in cells):
                continue
            review = _review(cells, about, reader, linked)
            if review is not None:
                reviews.append(review)
    return reviews


def _review(cells: list[LexborNode], about: Review, reader: Reader, linked: bool) -> Review | None:
    """Read one row; ``linked`` says that rows of this table name the offer."""
    review = Review(
        vendor=about.vendor,
        listing_external_id=about.listing_external_id,
        listing_title=about.listing_title,
    )
    rest = []
    for cell in cells:
        link = _offer_link(cell) if linked else None
        if link is not None and review.listing_external_id is None:
            to = OFFER_PATH.search(path_of(link))
            review.listing_external_id = to[1] if to is not None else None
            review.listing_title = reader.text("review.listing_title", inline_text(link))
        else:
            rest.append(cell)
    texts = [cell_text(cell) for cell in rest]
    rating = STARS.search(texts[0]) if texts else None
    if len(texts) < 3:
        # "No feedback yet" across the table is no review; a rating without the rest is odd.
        if rating is not None:
            reader.warn("review", "a row of an unknown shape", " | ".join(texts))
        return None
    if rating is None and not texts[0] and not any(texts[1:]):
        return None
    if rating is None and _is_header(texts):
        return None
    review.rating = stars("review.rating", texts[0], reader)
    review.rating_max = "5" if review.rating is not None else None
    when = _which(texts, 2, _is_time, len(texts) - 1)
    author = _which(texts, 1, lambda t: _MASKED.fullmatch(t) is not None, 2)
    if author == when:
        author = 1 if when == 2 and len(texts) > 3 else -1
    text = next((i for i in (1, 2, 3) if i not in (author, when) and i < len(rest)), -1)
    if text > 0:
        review.text = reader.block("review.text", long_text(rest[text]))
        if review.text is not None and review.text.casefold().rstrip(".") in _PLACEHOLDERS:
            review.text = None
    if author > 0:
        review.author = reader.text("review.author", texts[author])
    if texts[when].casefold() not in NOT_STATED:
        reader.posted(review, texts[when])
    return review


def _offer_link(cell: LexborNode) -> LexborNode | None:
    return next((a for a in cell.css("a") if OFFER_PATH.search(path_of(a))), None)


def _is_time(text: str) -> bool:
    return read_age(text) is not None or read_moment(text) is not None


def _is_header(texts: list[str]) -> bool:
    """Tell a row of column names that are not ``<th>``: short words, no time among them."""
    return all(t.replace(" ", "").isalpha() and len(t) < 20 for t in texts if t) and not any(
        _is_time(t) or t.casefold() in NOT_STATED for t in texts
    )


def _which(texts: list[str], start: int, test: object, usual: int) -> int:
    """Return the column that a test holds for: the usual one first, then from the last back."""
    assert callable(test)
    if usual < len(texts) and test(texts[usual]):
        return usual
    return next((i for i in range(len(texts) - 1, start - 1, -1) if test(texts[i])), usual)
