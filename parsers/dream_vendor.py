"""Dream Market: vendors and what buyers left: the vendor's line, the profile, the ratings."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import Document, block_text, fold
from cryptodrug_scraper.reading.market_names import known_market, market_name
from cryptodrug_scraper.reading.nodes import (
    attribute,
    children,
    class_names,
    contents,
    elements,
    inner,
    next_element,
)
from cryptodrug_scraper.reading.pgp import read_key
from cryptodrug_scraper.reading.ratings import external_rating
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.reading.remembered import remembered
from cryptodrug_scraper.records import (
    ExternalRating,
    FeedbackCount,
    Listing,
    ParsedPage,
    Review,
    Vendor,
)
from parsers.dream_page import read_cards

PLACEHOLDER = "Enter your comments here"  # stands where the buyer wrote nothing

# -- the vendor's line: handle (sales) (rating) (ratings elsewhere) and marks ---------------

_RATED = re.compile(r"out of\s+([\d.,' ]+)\s+rating")
_SCALE = re.compile(r"\(\s*1\s*[-–]\s*(\d+)\s+stars?\s*\)", re.I)
_DEEPEST = 4
_NO_RATING = frozenset({"", "-", "–", "--", "n/a", "none", "no rating", "no ratings"})


def read_vendor_line(
    line: LexborNode, vendor: Vendor, reader: Reader, *, profile: bool, within: int = 0
) -> None:
    """Read the line that names a vendor, on a listing page or on top of a profile.

    The marks stand one or two elements deep; ``within`` keeps a hostile page from more.
    """
    for node in contents(line):
        if not node.is_element_node:
            _loose_words(node.text_content or "", vendor, reader, profile=profile)
            continue
        names = class_names(node)
        title = fold(attribute(node, "title"))
        text = node.text()
        if "viewRatings" in names and within < _DEEPEST:
            read_vendor_line(node, vendor, reader, profile=profile, within=within + 1)
        elif "userRating" in names:
            _average(text, title, vendor, reader)
        elif "externalVendorRef" in names or any(n.endswith("LinkedUserRating") for n in names):
            rating = _external(names, title, fold(text), reader)
            if rating is not None:
                vendor.external_ratings.append(rating)
        elif "sellerStatus" in names:
            _status(names, title, vendor, reader)
        elif title.casefold().startswith("successful transaction"):
            vendor.sales = reader.integer("vendor.sales", text.strip().strip("()"))
        elif node.tag == "a" and vendor.handle is None:
            vendor.handle = reader.text("vendor.handle", text)
        elif within < _DEEPEST and not title and node.css_first("span, a") is not None:
            read_vendor_line(node, vendor, reader, profile=profile, within=within + 1)
        elif profile and text.strip("()[] \t\n").casefold() == "banned":
            vendor.banned = reader.stated("vendor.banned", text, True)
        elif text.strip():
            reader.unknown_label("vendor", title or " ".join(names) or node.tag or "", text)


def _loose_words(text: str, vendor: Vendor, reader: Reader, *, profile: bool) -> None:
    """Read what stands between the marks: brackets, and the handle where it is no link."""
    if vendor.handle is None:
        name, _, text = text.partition("(")
        vendor.handle = reader.text("vendor.handle", name)
    words = " ".join(text.split()).strip("() ")
    if not words:
        return
    if profile and words.casefold() == "banned":
        vendor.banned = reader.stated("vendor.banned", text, True)
    else:
        reader.unknown_label("vendor", words)


def _average(text: str, title: str, vendor: Vendor, reader: Reader) -> None:
    if text.strip().casefold() not in _NO_RATING:
        vendor.rating = reader.decimal("vendor.rating", text)
    count = _RATED.search(title)
    scale = _SCALE.search(title)
    if count is not None:
        vendor.rating_count = reader.integer("vendor.rating_count", count.group(1))
    elif title:
        reader.warn("vendor.rating_count", "the words behind a rating are not known", title)
    if vendor.rating is not None and scale is not None:
        vendor.rating_max = scale.group(1)
        reader.note("vendor.rating_max", title, vendor.rating_max)


def _status(names: list[str], title: str, vendor: Vendor, reader: Reader) -> None:
    if "trusted" in names:
        vendor.trusted = True
    elif "untrusted" in names:
        vendor.trusted = False
    else:
        reader.warn("vendor.trusted", "unknown status", title or " ".join(names))
    reader.note("vendor.trusted", title or " ".join(names), vendor.trusted)


_ON_MARKET = re.compile(r"\brating on (.+?)\s*(?:\(|$)", re.I)
_MARKETS_RATING = re.compile(
    r"^(.+?)\s+(?:(?:vendor|user|seller)\s+)?(?:ratings?|feedback|total sales|sales)\b", re.I
)


@remembered
def external_market(class_word: str, title: str) -> str:
    """Return the other market's name from a mark's class (``middleEarth``) and its title.

    The title writes names out ("User rating on Black Market Reloaded (…)", class ``bmr``);
    it counts unless it is only the class's word with more behind it.
    """
    found = _ON_MARKET.search(title) or _MARKETS_RATING.search(title)
    by_title = found.group(1) if found is not None else ""
    for spelling in (by_title, class_word):
        if spelling and (known := known_market(spelling)) is not None:
            return known
    of_class, of_title = market_name(class_word), market_name(by_title)
    if not of_title or (of_class and of_title.startswith(f"{of_class}_")):
        return of_class or of_title
    return of_title


def _external(names: list[str], title: str, text: str, reader: Reader) -> ExternalRating | None:
    word = next((n.removesuffix("LinkedUserRating") for n in names if n.endswith("Rating")), "")
    market = external_market(word, title)
    if not market:
        reader.warn("vendor.external_ratings", "from a market that is not named", title or text)
        return None
    return external_rating(market, text, reader, title=title)


# -- the profile page -----------------------------------------------------------------------


def read_vendor_page(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read a vendor's page: the head, the open tab, and the cards of the vendor's offers."""
    member = document.first("div.contactMember")
    if member is None:
        return
    vendor = Vendor(banned=reader.by_default(False, "vendor.banned"))
    head = member.css_first("div.profileNotes, div.tabularDetails")
    if head is not None:
        for row in elements(head):
            _profile_row(row, vendor, reader)
    notices = member.css(".messageBox, .warningBox, .errorBox, .infoBox")
    above = head.prev if head is not None else None
    while above is not None:  # a notice of any class; vendors' own texts stand below
        if above.is_element_node:
            notices.append(above)
        above = above.prev
    for notice in notices:
        if _BANNED.search(notice.text()):
            vendor.banned = reader.stated("vendor.banned", notice.text(), True)
    if vendor.handle is None and document.title.startswith("Contact "):
        vendor.handle = reader.text("vendor.handle", document.title.removeprefix("Contact "))
    for heading in member.css("div.subtitle"):
        _long_text(heading, vendor, reader)
    totals = member.css_first("#tableOfRatings")
    if totals is not None:
        _feedback_counts(totals, vendor, reader)
    table = member.css_first("table.ratingTable")
    if table is not None:
        read_reviews(table, page, reader, vendor.handle, None)
    more = member.css_first("div.andMoreRatings")
    if more is not None:
        read_not_shown(more, page, reader)
    if vendor.handle is None:
        reader.warn("vendor.handle", "not found on a vendor's page", document.title)
    else:
        page.vendors.append(vendor)
    read_cards(member, page, reader, vendor.handle)


_BANNED = re.compile(
    r"\b(?:vendor|seller|user|member|account)\b[^.]{0,40}\b(?:banned|suspended)\b", re.I
)


def _profile_row(row: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read one row of the head: a label, and a span that stands beside it or in the next cell."""
    label = inner(row, "label")
    if label is None:
        if text := row.text().strip():
            reader.unknown_label("vendor", text)
        return
    value = inner(row, "span")
    stated = value.text() if value is not None else ""
    what = " ".join(label.text().split()).rstrip(":")
    match what.casefold():
        case "username" | "user name" | "vendor":
            if value is not None:
                read_vendor_line(value, vendor, reader, profile=True)
        case "fe enabled" | "fe":
            vendor.finalize_early = reader.yes_or_no("vendor.finalize_early", stated)
        case "join date" | "joined" | "member since":
            vendor.joined_on = reader.date("vendor.joined_on", _without_brackets(stated))
        case "last active" | "last seen":
            when = _without_brackets(stated).strip() or stated.strip("() \t\n")
            read = reader.day_of_age if _AGE_WORDS.search(when) else reader.date
            vendor.last_active_on = read("vendor.last_active_on", when)
        case "trusted vendor" | "trusted seller" | "trusted":
            vendor.trusted = reader.yes_or_no("vendor.trusted", stated)
        case "banned":
            vendor.banned = reader.yes_or_no("vendor.banned", stated)
        case _:
            reader.unknown_label("vendor", what, stated)


_AGE_WORDS = re.compile(r"^(?:today|yesterday|now)$|\bago$", re.I)  # without a date beside them


def _without_brackets(text: str) -> str:
    """Return ``18/11/2018`` of ``18/11/2018 (today)``."""
    return text.partition("(")[0]


def _long_text(heading: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read the text below one heading of the Profile tab."""
    what = " ".join(heading.text().split())
    word = what.casefold()
    if word.startswith("leave a message"):
        return
    text = next_element(heading)
    if text is None:
        return
    if word.startswith("terms"):
        vendor.terms = reader.block("vendor.terms", block_text(text))
    elif "pgp" in word:
        read_key(vendor, block_text(text), reader)
    elif word in ("profile", "description", "about", "about me", "about us"):
        vendor.profile = reader.block("vendor.profile", block_text(text))
    else:
        reader.unknown_label("vendor", what, text.text())


# -- ratings --------------------------------------------------------------------------------


def _feedback_counts(table: LexborNode, vendor: Vendor, reader: Reader) -> None:
    """Read the table of ratings by age and stars; the columns are named above."""
    columns: list[int] = []  # for each column the stars it counts, 0 for others
    for row in table.css("tr"):
        cells = [" ".join(cell.text().split()) for cell in elements(row)]
        if not cells:
            continue
        if cells[0].casefold() == "age":
            columns = [_stars_of(cell, reader) for cell in cells]
            continue
        count = FeedbackCount(cells[0].casefold())
        stars: dict[int, int] = {}
        for column, cell in zip(columns, cells, strict=False):
            if column:
                number = reader.integer("vendor.feedback_counts", cell)
                if number is not None:
                    stars[column] = number
        if stars.keys() == {1, 2, 3, 4, 5}:
            count.stars = [stars[n] for n in range(1, 6)]
            reader.note("vendor.feedback_counts", " ".join(cells), count)
            vendor.feedback_counts.append(count)
        else:
            reader.warn("vendor.feedback_counts", "not counts of 1 to 5 stars", " ".join(cells))


_STAR_COLUMN = re.compile(r"([1-5]) stars?", re.I)


def _stars_of(heading: str, reader: Reader) -> int:
    found = _STAR_COLUMN.fullmatch(heading)
    if found is not None:
        return int(found.group(1))
    if heading.casefold() not in ("age", "rating", ""):
        reader.unknown_label("vendor.feedback_counts", heading)
    return 0


_NOT_SHOWN = re.compile(r"\band ([\d.,' ]+) more ratings?\b", re.I)


def read_not_shown(node: LexborNode, page: ParsedPage, reader: Reader) -> None:
    """Read "And 300 more ratings..."."""
    text = fold(node.text())
    found = _NOT_SHOWN.search(text)
    if found is not None:
        page.reviews_not_shown = reader.integer("reviews_not_shown", found.group(1))
    elif text.strip():
        reader.warn("reviews_not_shown", "words that are not known", text)


def read_reviews(
    table: LexborNode, page: ParsedPage, reader: Reader, vendor: str | None, listing: Listing | None
) -> None:
    """Read a table of ratings: age, stars, text and, on a profile, buyer and amount."""
    for row in reader.finished(table.css("tr")):
        cells = list(children(row, "td"))
        if not cells:
            continue
        if len(cells) not in (3, 5):
            if len(cells) > 1 or not _NO_RATINGS.match(row.text()):
                reader.warn("review", f"a row of {len(cells)} cells", row.text())
            continue
        review = Review(vendor=vendor)
        if listing is not None:
            review.listing_external_id = listing.external_id
            review.listing_title = listing.title
        reader.posted(review, cells[0].text())
        _stars(cells[1], review, reader)
        text = cells[2].text()
        if " ".join(text.split()) != PLACEHOLDER:
            review.text = reader.block("review.text", block_text(cells[2]))
        if len(cells) == 5:
            review.author = reader.text("review.author", cells[3].text())
            reader.paid(review, cells[4].text())
        page.reviews.append(review)


_NO_RATINGS = re.compile(
    r"\s*(?:(?:there are )?no (?:ratings?|feedback)\b|no .{0,20}ratings?\b|$)", re.I
)


def _stars(cell: LexborNode, review: Review, reader: Reader) -> None:
    """Count the gold stars of five."""
    drawn = cell.inner_html or ""
    gold, grey = drawn.count(' alt="gold"'), drawn.count(' alt="grey"')
    if gold + grey == 5 == drawn.count("<img ") and reader.readings is None:
        review.rating, review.rating_max = str(gold), "5"
        return
    gold = grey = 0
    for image in elements(cell):
        kind = attribute(image, "alt") or attribute(image, "src")
        if "gold" in kind:
            gold += 1
        elif "grey" in kind or "gray" in kind:
            grey += 1
        else:
            reader.warn("review.rating", "an unknown star", kind or image.tag or "")
            return
    if gold + grey == 5:
        review.rating, review.rating_max = str(gold), "5"
    elif gold or grey or cell.text().strip():
        reader.warn("review.rating", "not five stars", f"{gold} gold, {grey} grey {cell.text()}")
    reader.note("review.rating", f"{gold} gold, {grey} grey", review.rating)
