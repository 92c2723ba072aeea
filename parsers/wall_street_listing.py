"""Wall Street Market: the page of one offer, in both of its layouts.

With headings, ``<h1>Info</h1>`` opens the first list and ``<h4>Information</h4>`` the second;
without, both stand after the title. They are read alike: a line of the first list is known
by its icon, a line of the second by its label, wherever they stand before the next heading.
"""

from __future__ import annotations

import re
from collections import Counter

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.normalise.numbers import read_int
from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.lines import NO_LIMIT, Icon, Line, joined, long_text, plain_label
from cryptodrug_scraper.reading.links import address, is_mirrored
from cryptodrug_scraper.reading.nodes import ancestors, attribute
from cryptodrug_scraper.reading.prices import holds_money, read_prices
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import (
    Listing,
    Money,
    ParsedPage,
    PriceTier,
    Review,
    ShippingOption,
    Vendor,
)
from parsers.wall_street_lines import cell_text, inline_text, lines_of
from parsers.wall_street_offer import (
    EXPERIENCE,
    LEVEL,
    OFFER_PATH,
    category_levels,
    handle_of,
    profile_link,
    read_marks,
)
from parsers.wall_street_reviews import read_reviews
from parsers.wall_street_tabs import Outline, outline_of, tab_shown

_RANGE = re.compile(
    r"(?:from\s+|≥\s*|>=\s*)?(?P<low>\d[\d.,'’\s]*?)\s*"
    r"(?:(?:-|–|—|to|bis)\s*(?P<high>\d[\d.,'’\s]*?|∞)|(?P<open>\+))?"
    r"\s*(?P<unit>[^\W\d_][^\d]*)?",
    re.I,
)
_LONGEST_RANGE = 100
_DIGIT = re.compile(r"\d")
_UNLIMITED = frozenset({NO_LIMIT, "unlimited", "infinite", "no limit"})
_NOTHING = frozenset({"-", "–", "—", "n/a", "none", "not available"})
_COUNT = re.compile(r"(\d[\d.,'’\u00a0\u202f ]*?)\s*([^\W\d_][^\d]*)?")
# What is behind a number and no unit: ``12k``, ``1.2 Mio``, ``10K+``.
_MAGNITUDE = re.compile(
    r"(?:k+|m{1,2}|mio|mil|million|thousand|tsd|hundred|dozen|bn?|e|x)?\s*(?:\b|$)\W*$|.*[+~<>]",
    re.I,
)
_LABEL_LIKE = re.compile(r"[^\W\d_][\w\s/().'’-]{0,48}")
_LONGEST_LABEL = 200
_SPACES = re.compile(r"\s+")
_VENDOR_LABELS = frozenset({"vendor", "seller", "sold by", "by", "offered by", "vendor name"})
LABELS = frozenset(
    {
        "category",
        "minimum amount per order",
        "maximum amount per order",
        "views",
        "quantity in stock",
        "already sold",
        # Of a digital good, such as an account: its country, and how soon a dead one is replaced.
        # Neither is where an offer ships from or to, and no field of the contract holds them.
        "country",
        "replace time",
    }
)


def read_listing(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read an offer's page: the offer, what it shows of its vendor, and its feedback."""
    outline = outline_of(document)
    listing = Listing(external_id=_listing_id(document, page, reader))
    title = next((h for h in outline.headings if _is_title(h)), None)
    if title is not None:
        listing.title = reader.text("listing.title", inline_text(title))
    lines = _info_lines(outline, title)
    link = next((a for line in lines if (a := profile_link(line)) is not None), None)
    if link is None:
        link = reader.by_default(_profile_link_elsewhere(document, outline, title))
    vendor = Vendor(handle=handle_of(link)) if link is not None else None
    if vendor is not None:
        listing.vendor = vendor.handle
        reader.note("listing.vendor", link.text() if link is not None else "", vendor.handle)
        page.vendors.append(vendor)
    if vendor is not None:
        _vendor_marks(vendor, lines, reader)
    _read_rows(listing, lines, reader)
    _prices(listing, outline.table_under("prices"), reader)
    _shipping(listing, outline.table_under("shipping"), reader)
    if outline.tab is not None:
        shown = tab_shown(document, page.url, "offer", outline)
        text = long_text(outline.tab, leave_out=outline.not_of_the_text)
        if shown == "refund":
            listing.terms = reader.block("listing.terms", text)
        else:
            listing.description = reader.block("listing.description", text)
    page.listings.append(listing)
    page.reviews.extend(
        read_reviews(
            outline.tables("feedback"),
            Review(
                vendor=listing.vendor,
                listing_external_id=listing.external_id,
                listing_title=listing.title,
            ),
            reader,
        )
    )


def _is_title(heading: LexborNode) -> bool:
    return "fheading" in (heading.attributes.get("class") or "").split()


def _listing_id(document: Document, page: ParsedPage, reader: Reader) -> str | None:
    """Return the offer's number: from the page's own tabs and forms, else from its address.

    Links to other offers can stand on the page too, so a plain ``/offer/N`` counts only if
    there is no other, and the page's address goes before it.
    """
    plain: dict[str, None] = {}
    for node in document.css('[href*="offer/"], [action*="offer/"]'):
        attributes = node.attributes
        match = OFFER_PATH.search(address(attributes.get("href") or attributes.get("action")).place)
        if match is None:
            continue
        if match[2] == "refund" or "action" in attributes:
            reader.note("listing.external_id", match.group(), match[1])
            return match[1]
        plain[match[1]] = None
    own = OFFER_PATH.search(address(page.url).place)
    found = own[1] if own else reader.by_default(next(iter(plain)) if len(plain) == 1 else None)
    if found is None and is_mirrored(attribute(link, "href") for link in document.css("a")):
        reader.warn("listing.external_id", "neither its links nor its address tell it")
    reader.note("listing.external_id", page.url or "", found)
    return found


# -- the info block ------------------------------------------------------------------------


def _info_lines(outline: Outline, title: LexborNode | None) -> list[Line]:
    """Return the lines of the info block, up to the first heading that opens something else."""
    info = outline.first("info")
    information = outline.first("information")
    stops = outline.stops
    lines: list[Line] = []
    start = info if info is not None else title
    if start is not None:
        lines = lines_of(start, after=True, stops=stops)
    known = {line.block for line in lines}
    if information is not None and information.mem_id not in known:
        lines += [
            line
            for line in lines_of(information, after=True, stops=stops)
            if line.block not in known
        ]
    return lines


_MENUS = ("nav", "header", "footer")


def _profile_link_elsewhere(
    document: Document, outline: Outline, title: LexborNode | None
) -> LexborNode | None:
    """Return the link to a profile nearest around the title, the first of several.

    Menus, the tab's text and the feedback are passed over.
    """
    inside = outline.not_of_the_info
    own = {node.mem_id: n for n, node in enumerate(ancestors(title) if title is not None else ())}
    far: dict[int, int | None] = {}  # from the title, of each element met; None: passed over

    def distance(link: LexborNode) -> int | None:
        met = []
        at: int | None = len(own)
        for node in ancestors(link):
            if node.mem_id in far:
                at = far[node.mem_id]
                break
            met.append(node)
        for node in reversed(met):
            if node.mem_id in inside or node.tag in _MENUS:
                at = None
            far[node.mem_id] = at = None if at is None else own.get(node.mem_id, at)
        return at

    links = [(distance(link), link) for link in document.css('a[href*="profile"]')]
    near = [(at, link) for at, link in links if at is not None]
    return min(near, key=lambda pair: pair[0])[1] if near else None


_STARS = re.compile(r"\((\d(?:[.,]\d+)?)\)")


def _vendor_marks(vendor: Vendor, lines: list[Line], reader: Reader) -> None:
    """Read what stands beside the vendor's link: level, experience, rating, trusted mark."""
    line = next((line for line in lines if profile_link(line) is not None), None)
    if line is None:
        return
    text = line.text
    if match := LEVEL.search(text):
        vendor.level = reader.integer("vendor.level", match[1])
    if match := EXPERIENCE.search(LEVEL.sub(" | ", text)):
        vendor.experience = reader.integer("vendor.experience", match[1])
    if match := _STARS.search(text):
        vendor.rating = reader.decimal("vendor.rating", match[1])
        vendor.rating_max = "5" if vendor.rating is not None else None
    if re.search(r"\btrusted\s+vendor\b", text, re.I):
        vendor.trusted = not re.search(r"\b(?:not|no)\b[\w\s]{0,12}\btrusted\b", text, re.I)
        reader.note("vendor.trusted", text, vendor.trusted)


def _read_rows(listing: Listing, lines: list[Line], reader: Reader) -> None:
    """Read both lists; what is not known and stands in a list with what is, is a warning."""
    known, rest = read_marks(listing, lines, reader)
    unknown: list[tuple[Line, str, str]] = []
    at = 0
    while at < len(rest):
        line = rest[at]
        at += 1
        label, value = _label_and_value(line)
        if label in LABELS:
            if not value and at < len(rest) and not _label_and_value(rest[at])[0]:
                value = rest[at].parts  # in the block after its label
                at += 1
            _read_row(listing, label, value, reader)
            known.append(line)
        elif profile_link(line) is not None or label in _VENDOR_LABELS:
            known.append(line)
        elif line.heading:
            continue
        elif label:
            unknown.append((line, line.text.partition(":")[0], joined(value)))
        elif line.text and not line.links and any(icon.name for icon in line.icons):
            unknown.append((line, line.icons[0].name, line.text))
    size = Counter(line.block for line in lines)
    known_lists = {_list_of(line, size) for line in known}
    for line, label, text in unknown:
        if _list_of(line, size) in known_lists:
            reader.unknown_label("listing", label, text)


def _list_of(line: Line, size: Counter[int]) -> int:
    """Return which list a line is of: lines in one element, or elements of a line side by side."""
    return line.block if size[line.block] > 1 else line.around


def _label_and_value(line: Line) -> tuple[str, list[str | Icon]]:
    """Return a line's label (lower case, without its colon) and the parts after it.

    The label ends at the first colon; a known one may also end where its words do.
    """
    label = ""
    for index, part in enumerate(line.parts):
        before, colon, after = (part if isinstance(part, str) else " ").partition(":")
        label = _SPACES.sub(" ", label + before)
        if len(label) > _LONGEST_LABEL:
            if ":" in line.text:
                return "", []
            break
        name = plain_label(label)
        rest: list[str | Icon] = line.parts[index + 1 :] if colon or name in LABELS else []
        if colon and _LABEL_LIKE.fullmatch(name) is None:
            return "", []
        if colon:
            return name, [p for p in [after, *rest] if p]
        if name in LABELS:
            first = next((i for i, p in enumerate(rest) if isinstance(p, Icon) or p.strip()), None)
            if first is not None and isinstance(stated := rest[first], str):
                rest = [stated.lstrip().removeprefix(":"), *rest[first + 1 :]]
            return name, [p for p in rest if isinstance(p, Icon) or p.strip()]
    text = line.text
    for name in LABELS:
        if plain_label(text[: len(name) + 1]) == name:
            return name, [text[len(name) :]]
    return "", []


def _read_row(listing: Listing, label: str, value: list[str | Icon], reader: Reader) -> None:
    """Read one line of the second list."""
    text = joined(value)
    low = text.casefold()
    if label == "category":
        listing.category = category_levels(value)
        reader.note("listing.category", text, listing.category)
    elif label in ("country", "replace time") or low in _NOTHING:
        return
    elif label == "minimum amount per order":
        listing.min_order = None if low in _UNLIMITED else _count("listing.min_order", text, reader)
    elif label == "maximum amount per order":
        listing.max_order = None if low in _UNLIMITED else _count("listing.max_order", text, reader)
    elif label == "views":
        listing.views = _count("listing.views", text, reader)
    elif label == "already sold":
        listing.sold = _count("listing.sold", text, reader)
    elif label == "quantity in stock":
        if low in _UNLIMITED or low.startswith((NO_LIMIT, "unlimited")):
            listing.stock_unlimited = reader.stated("listing.stock_unlimited", text, True)
        else:
            listing.stock = _count("listing.stock", text, reader)
            listing.stock_unlimited = False if listing.stock is not None else None


def _count(field: str, text: str, reader: Reader) -> int | None:
    """Return a whole number that a unit may follow: ``1'250``, ``10 Piece``."""
    match = _COUNT.fullmatch(text)
    if match is None or _MAGNITUDE.match(match[2] or "") or read_int(match[1]) is None:
        return reader.integer(field, text)
    return reader.integer(field, match[1])


# -- the tables ----------------------------------------------------------------------------


def _read_range(text: str) -> tuple[int | None, int | None] | None:
    """Return the bounds of an amount range (``1 - 9``, ``10 +``, ``10 - ∞``); None if it is none.

    The low bound is None if its number cannot be read.
    """
    text = text.strip()
    match = _RANGE.fullmatch(text) if len(text) <= _LONGEST_RANGE else None
    if match is None:
        return None
    low = _whole(match["low"])
    high = match["high"]
    if high is None:
        return low, None if match["open"] or text[:1] in "≥>" or text[:4].lower() == "from" else low
    return low, None if high == NO_LIMIT else _whole(high)


def _whole(text: str) -> int | None:
    digits = re.sub(r"[.,'’\s](?=\d{3}(?!\d))", "", text.strip())
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


_COLUMN_NAMES = frozenset(
    ("amount", "quantity", "range", "price", "price per unit", "unit price", "btc", "bitcoin")
).union(("name", "shipping", "option", "method", "cost", "costs", "usd", "eur"))


def _is_header(index: int, cells: list[LexborNode], texts: list[str]) -> bool:
    """Tell a row of column names, or a row that says that there is nothing."""
    if all(cell.tag == "th" for cell in cells) or not any(texts):
        return True
    if any(_DIGIT.search(text) or NO_LIMIT in text for text in texts):
        return False
    if len(texts) == 1:
        return texts[0].casefold().startswith("no ")
    return index == 0 and any(text.casefold() in _COLUMN_NAMES for text in texts)


def _prices(listing: Listing, table: LexborNode | None, reader: Reader) -> None:
    """Read the quantity prices; the offer's price is the first one's."""
    if table is None:
        return
    first = True
    for index, cells in enumerate(reader.rows(table)):
        texts = [cell_text(cell) for cell in cells]
        if _is_header(index, cells, texts):
            continue
        price, others = _row_prices("listing.price_tiers", _stated(cells, texts), reader)
        if first:
            listing.price, listing.price_alternatives = price, others
            reader.note("listing.price", " | ".join(texts), price)
            first = False
        bounds = _read_range(texts[0])
        if bounds is None or bounds[0] is None:
            reader.warn("listing.price_tiers", "not an amount range", " | ".join(texts))
            continue
        listing.price_tiers.append(PriceTier(bounds[0], bounds[1], price))


def _row_prices(field: str, texts: list[str], reader: Reader) -> tuple[Money | None, list[Money]]:
    """Return a row's price and the same in other currencies; a text that is none is a warning.

    Where the first text cannot be read there is no price, and what follows stays an alternative.
    """
    price: Money | None = None
    others: dict[str, Money] = {}
    for index, text in enumerate(texts):
        for money in read_prices(field, text, reader):
            if price is None and not index:
                price = money
            elif price is None or money.currency != price.currency:
                others.setdefault(money.currency, money)
    return price, list(others.values())


def _stated(cells: list[LexborNode], texts: list[str]) -> list[str]:
    """Return the texts of a row's cells after the first, without empty ones and buttons."""
    stated = []
    for cell, text in zip(cells[1:], texts[1:], strict=True):
        if text and (_DIGIT.search(text) or cell.css_first("button, input, select, a") is None):
            stated.append(text)
    return stated


def _shipping(listing: Listing, table: LexborNode | None, reader: Reader) -> None:
    """Read the ways to ship: name, amount range (which no field holds), price, BTC price."""
    if table is None:
        return
    for index, cells in enumerate(reader.rows(table)):
        texts = [cell_text(cell) for cell in cells]
        if _is_header(index, cells, texts):
            continue
        stated = [text for text in _stated(cells, texts) if not _is_amounts(text)]
        price, _ = _row_prices("listing.shipping_options", stated, reader)
        if not stated:
            reader.warn("listing.shipping_options", "a row without a price", " | ".join(texts))
        listing.shipping_options.append(ShippingOption(texts[0], price))
        reader.note("listing.shipping_options", " | ".join(texts), texts[0])


def _is_amounts(text: str) -> bool:
    """Tell an amount range, which may be no limit at all."""
    return text == NO_LIMIT or (not holds_money(text) and _read_range(text) is not None)
