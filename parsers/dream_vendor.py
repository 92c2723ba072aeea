"""Dream Market: vendors and what buyers left: the vendor's line, the profile, the ratings."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import Document, block_text, fold
from cryptodrug_scraper.reading.facts import read_fact
from cryptodrug_scraper.reading.market_names import known_market, market_name
from cryptodrug_scraper.reading.memoize import memoized
from cryptodrug_scraper.reading.nodes import (
    attribute,
    children,
    class_names,
    contents,
    next_element,
    preceding,
    words,
)
from cryptodrug_scraper.reading.pgp import read_key
from cryptodrug_scraper.reading.ratings import market_of_title, read_external_rating
from cryptodrug_scraper.reading.reader import Reader, review_of
from cryptodrug_scraper.records import FeedbackCount, Listing, ParsedPage, Review, Vendor

# -- the vendor's line: handle (sales) (rating) (ratings elsewhere) and marks ---------------

_RATED = re.compile(r"out of\s+([\d.,' ]+)\s+rating")
_SCALE = re.compile(r"\(\s*1\s*[-–]\s*(\d+)\s+stars?\s*\)", re.I)
_DEEPEST = 4  # the marks stand one or two elements deep; a hostile page may have more


def read_vendor_line(
    line: LexborNode | None, vendor: Vendor, reader: Reader, depth: int = 0
) -> None:
    """Read the line that names a vendor, on a listing page or on top of a profile."""
    for node in contents(line) if line is not None else ():
        names, text = class_names(reader.at(node)), node.text()
        title = fold(attribute(node, "title"))
        if node.is_text_node and vendor.handle is None:
            name, _, text = text.partition("(")
            vendor.handle = reader.text("vendor.handle", name)
        if "viewRatings" in names and depth < _DEEPEST:
            read_vendor_line(node, vendor, reader, depth + 1)
        elif "userRating" in names:
            _average(text, title, vendor, reader)
        elif "externalVendorRef" in names or any(n.endswith("LinkedUserRating") for n in names):
            word = next((n for n in names if n.endswith("Rating")), "")
            market = external_market(word.removesuffix("LinkedUserRating"), title)
            read_external_rating(vendor, market, text, reader, title=title)
        elif "sellerStatus" in names:
            _status(names, title, vendor, reader)
        elif title.casefold().startswith("successful transaction"):
            vendor.sales = reader.integer("vendor.sales", text.strip().strip("()"))
        elif node.tag == "a" and vendor.handle is None:
            vendor.handle = reader.text("vendor.handle", text)
        elif not title and depth < _DEEPEST and node.css_first("span, a"):
            read_vendor_line(node, vendor, reader, depth + 1)
        elif mark := fold(text).strip("() "):
            if mark.strip("[] ").casefold() == "banned":
                vendor.banned = reader.stated("vendor.banned", text, True)
            elif node.is_text_node:
                reader.unknown_label("vendor", mark)
            else:
                reader.unknown_label("vendor", title or " ".join(names) or node.tag or "", mark)


def _status(names: list[str], title: str, vendor: Vendor, reader: Reader) -> None:
    shown = title or " ".join(names)
    vendor.trusted = True if "trusted" in names else False if "untrusted" in names else None
    reader.note("vendor.trusted", shown, vendor.trusted)
    if vendor.trusted is None:
        reader.warn("vendor.trusted", "unknown status", shown)


def _average(text: str, title: str, vendor: Vendor, reader: Reader) -> None:
    vendor.rating = reader.decimal("vendor.rating", text)
    if count := _RATED.search(title):
        vendor.rating_count = reader.integer("vendor.rating_count", count[1])
    elif title:
        reader.warn("vendor.rating_count", "the words behind a rating are not known", title)
    if vendor.rating is not None and (scale := _SCALE.search(title)):
        vendor.rating_max = reader.stated("vendor.rating_max", title, scale[1])


@memoized
def external_market(class_word: str, title: str) -> str:
    """Return the other market's name from a mark's class (``middleEarth``) and its title.

    The title writes names out ("User rating on Black Market Reloaded (…)", class ``bmr``);
    it counts unless it is only the class's word with more behind it.
    """
    by_title = market_of_title(title)
    for spelling in (by_title, class_word):
        if spelling and (known := known_market(spelling)) is not None:
            return known
    of_class, of_title = market_name(class_word), market_name(by_title)
    is_class_only = of_class and of_title.startswith(f"{of_class}_")
    return of_title if of_title and not is_class_only else of_class


# -- the profile page -----------------------------------------------------------------------

_BANNED = re.compile(
    r"\b(?:vendor|seller|user|member|account)\b[^.]{0,40}\b(?:banned|suspended)\b", re.I
)


def read_vendor_page(
    document: Document, member: LexborNode, page: ParsedPage, reader: Reader
) -> str | None:
    """Read a vendor's page, its head and the open tab, and return the handle."""
    vendor = Vendor(banned=reader.by_default(False, "vendor.banned"))
    notices = member.css(".messageBox, .warningBox, .errorBox, .infoBox")
    if head := member.css_first("div.profileNotes, div.tabularDetails"):
        notices += preceding(head)  # of any class; vendors' own texts stand below
    for label, value, stated in reader.labelled(head):
        if label.casefold() in ("username", "user name", "vendor"):
            read_vendor_line(value, vendor, reader)
        else:
            read_fact(vendor, label, stated, reader)
    for notice in notices:
        if _BANNED.search(notice.text()):
            vendor.banned = reader.stated("vendor.banned", reader.at(notice).text(), True)
    if vendor.handle is None and document.title.startswith("Contact "):
        reader.at(None)
        vendor.handle = reader.text("vendor.handle", document.title.removeprefix("Contact "))
    for heading in member.css("div.subtitle"):
        _long_text(heading, vendor, reader)
    if totals := member.css_first("#tableOfRatings"):
        _feedback_counts(totals, vendor, reader)
    if table := member.css_first("table.ratingTable"):
        read_reviews(table, Listing(vendor=vendor.handle), page, reader)
    read_not_shown(member, page, reader)
    if vendor.handle is None:
        reader.warn("vendor.handle", "not found on a vendor's page", document.title)
    else:
        page.vendors.append(vendor)
    return vendor.handle


def _long_text(heading: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read the text below one heading of the Profile tab."""
    word = words(heading).casefold()
    text = reader.at(next_element(heading))
    if text is None or word.startswith("leave a message"):
        return
    if word.startswith("terms"):
        vendor.terms = reader.block_of("vendor.terms", text)
    elif "pgp" in word:
        read_key(vendor, block_text(text), reader)
    elif word in ("profile", "description", "about", "about me", "about us"):
        vendor.profile = reader.block_of("vendor.profile", text)
    else:
        reader.unknown_label("vendor", words(heading), text.text())


# -- ratings --------------------------------------------------------------------------------

_STAR_COLUMN = re.compile(r"([1-5]) stars?", re.I)
_NOT_SHOWN = re.compile(r"\band ([\d.,' ]+) more ratings?\b", re.I)
_NO_RATINGS = re.compile(
    r"\s*(?:(?:there are )?no (?:ratings?|feedback)\b|no .{0,20}ratings?\b|$)", re.I
)


def _feedback_counts(table: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read the table of ratings by age and stars; the columns are named above."""
    field = "vendor.feedback_counts"
    columns: list[re.Match[str] | None] = []
    for row in reader.rows(table):
        reader.at(row[0].parent)
        cells = [words(cell) for cell in row]
        if cells[0].casefold() == "age":
            columns = [_STAR_COLUMN.fullmatch(cell) for cell in cells]
            for cell, stars in zip(cells, columns, strict=True):
                if stars is None and cell.casefold() not in ("age", "rating", ""):
                    reader.unknown_label(field, cell)
            continue
        numbers = {
            stars[1]: reader.integer(field, cell)
            for stars, cell in zip(columns, cells, strict=False)
            if stars is not None
        }
        counts = [count for n in "12345" if (count := numbers.get(n)) is not None]
        if len(counts) == 5:
            by_stars = FeedbackCount(cells[0].casefold(), stars=counts)
            vendor.feedback_counts.append(reader.stated(field, " ".join(cells), by_stars))
        else:
            reader.warn(field, "not counts of 1 to 5 stars", " ".join(cells))


def read_not_shown(block: LexborNode, page: ParsedPage, reader: Reader) -> None:
    """Read "And 300 more ratings..."."""
    node = block.css_first("div.andMoreRatings")
    text = words(reader.at(node)) if node is not None else ""
    if match := _NOT_SHOWN.search(text):
        page.reviews_not_shown = reader.integer("reviews_not_shown", match[1])
    elif text:
        reader.warn("reviews_not_shown", "words that are not known", text)


def read_reviews(table: LexborNode, about: Listing, page: ParsedPage, reader: Reader) -> None:
    """Read a table of ratings: age, stars, text and, on a profile, buyer and amount."""
    for row in reader.finished(table.css("tr")):
        cells = list(children(row, "td"))
        if len(cells) not in (3, 5):
            if len(cells) > 1 or (cells and not _NO_RATINGS.match(row.text())):
                reader.warn("review", f"a row of {len(cells)} cells", row.text())
            continue
        review = review_of(about)
        reader.posted(review, reader.at(cells[0]).text())
        _stars(cells[1], review, reader)
        reader.comment(review, block_text(reader.at(cells[2])))
        if len(cells) == 5:
            review.author = reader.text_of("review.author", cells[3])
            reader.paid(review, reader.at(cells[4]).text())
        page.reviews.append(review)


def _stars(cell: LexborNode, review: Review, reader: Reader) -> None:
    """Count the gold stars of five."""
    gold, grey, drawn = _drawn(reader.at(cell).inner_html or "")
    if gold + grey == drawn == 5:
        review.rating, review.rating_max = str(gold), "5"
    elif drawn or words(cell):
        reason = "an unknown star" if gold + grey < drawn else "not five stars"
        reader.warn("review.rating", reason, f"{gold} gold of {drawn} {cell.text()}")
    reader.note("review.rating", f"{gold} gold, {grey} grey", review.rating)


@memoized
def _drawn(markup: str) -> tuple[int, int, int]:
    """Return how many gold and grey stars are drawn, and how many images."""
    images = re.findall(r"<img\b[^>]*", markup)
    gold = sum(["gold" in image for image in images])
    return gold, sum(["grey" in image or "gray" in image for image in images]), len(images)
