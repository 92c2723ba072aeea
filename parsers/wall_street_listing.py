"""Wall Street Market: the page of one offer, in both of its layouts.

With headings, ``<h1>Info</h1>`` opens the first list and ``<h4>Information</h4>`` the second;
without, both stand after the title. They are read alike: a line of the first list is known
by its icon, a line of the second by its label, wherever they stand before the next heading.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import Document
from cryptodrug_scraper.reading.facts import read_fact
from cryptodrug_scraper.reading.lines import NO_LIMIT, Icon, Line, joined, long_text, plain_label
from cryptodrug_scraper.reading.links import address, is_mirrored
from cryptodrug_scraper.reading.nodes import ancestors, attribute, in_menu
from cryptodrug_scraper.reading.prices import holds_money, read_row_of_prices
from cryptodrug_scraper.reading.quantities import read_range, without_unit
from cryptodrug_scraper.reading.reader import Reader, states
from cryptodrug_scraper.records import (
    Listing,
    ParsedPage,
    PriceTier,
    ShippingOption,
    Vendor,
)
from parsers.wall_street_offer import (
    category_levels,
    handle_of,
    profile_link,
    read_level,
    read_marks,
)
from parsers.wall_street_page import (
    OFFER_PATH,
    Sections,
    cell_text,
    inline_text,
    lines_of,
)
from parsers.wall_street_vendor import TRUSTED, read_reviews


def read_listing(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read an offer's page: the offer, what it shows of its vendor, and its feedback."""
    sections = Sections(document)
    listing = Listing(external_id=_listing_id(document, page, reader))
    page.listings.append(listing)
    if sections.title is not None:
        listing.title = reader.text("listing.title", inline_text(reader.at(sections.title)))
    lines = _info_lines(sections)
    link = next((a for line in lines if (a := profile_link(line)) is not None), None)
    if link is None:
        link = reader.by_default(_profile_link_elsewhere(document, sections))
    if link is not None:
        vendor = Vendor(
            handle=reader.stated("listing.vendor", reader.at(link).text(), handle_of(link))
        )
        listing.vendor = vendor.handle
        page.vendors.append(vendor)
        _vendor_marks(vendor, lines, reader)
    _read_rows(listing, lines, reader)
    for table in sections.tables("prices")[:1]:
        _prices(listing, table, reader)
    for table in sections.tables("shipping")[:1]:
        _shipping(listing, table, reader)
    if sections.tab is not None:
        text = long_text(reader.at(sections.tab), leave_out=sections.not_of_the_text)
        if sections.open_tab(document, page.url, OFFER_PATH) == "refund":
            listing.terms = reader.block("listing.terms", text)
        else:
            listing.description = reader.block("listing.description", text)
    page.reviews += read_reviews(sections.tables("feedback"), listing, reader)


def _listing_id(document: Document, page: ParsedPage, reader: Reader) -> str | None:
    """Return the offer's number: from the page's own tabs and forms, else from its address.

    Links to other offers can stand on the page too, so a plain ``/offer/N`` counts only if
    there is no other, and the page's address goes before it.
    """
    field = "listing.external_id"
    plain: dict[str, None] = {}
    for node in document.css('[href*="offer/"], [action*="offer/"]'):
        action = attribute(node, "action")
        match = OFFER_PATH.search(address(attribute(node, "href") or action).place)
        if match is not None and (match[2] == "refund" or action):
            reader.at(node)
            return reader.stated(field, match.group(), match[1])
        if match is not None:
            plain[match[1]] = None
    own = OFFER_PATH.search(address(page.url).place)
    number = own[1] if own else reader.by_default(next(iter(plain)) if len(plain) == 1 else None)
    if number is None and is_mirrored(attribute(link, "href") for link in document.css("a")):
        reader.warn(field, "neither its links nor its address tell it")
    reader.at(None)
    return reader.stated(field, page.url or "", number)


# -- the info block ------------------------------------------------------------------------


def _info_lines(sections: Sections) -> list[Line]:
    """Return the lines of the info block, up to the first heading that opens something else."""
    lines: list[Line] = []
    for start in (sections.first("info") or sections.title, sections.first("information")):
        known = {line.block for line in lines}
        if start is not None and start.mem_id not in known:
            following = lines_of(start, after=True, stops=sections.stops)
            lines += [line for line in following if line.block not in known]
    return lines


def _profile_link_elsewhere(document: Document, sections: Sections) -> LexborNode | None:
    """Return the link to a profile nearest around the title, the first of several.

    Menus, the tab's text and the feedback are passed over.
    """
    around = ancestors(sections.title) if sections.title is not None else ()
    far = {node.mem_id: n for n, node in enumerate(around)}  # from the title, of each element met

    def distance(link: LexborNode) -> int:
        met: list[int] = []
        at = len(far)
        for node in ancestors(link):
            if node.mem_id in far:
                at = far[node.mem_id]
                break
            met.append(node.mem_id)
        far.update(dict.fromkeys(met, at))
        return at

    left_out = dict.fromkeys(sections.not_of_the_info, True)
    links = [a for a in document.css('a[href*="profile"]') if not in_menu(a, left_out)]
    return min(links, key=distance, default=None)


def _vendor_marks(vendor: Vendor, lines: list[Line], reader: Reader) -> None:
    """Read what stands beside the vendor's link: level, experience, rating, trusted mark."""
    line = next((line for line in lines if profile_link(line) is not None), None)
    if line is None:
        return
    reader.at(line.start)
    read_level(vendor, line.text, reader)
    if match := _RATING.search(line.text):
        vendor.rating = reader.decimal("vendor.rating", match[1])
        vendor.rating_max = "5" if vendor.rating is not None else None
    if match := TRUSTED.search(line.text):
        vendor.trusted = reader.stated("vendor.trusted", line.text, match["no"] is None)


_RATING = re.compile(r"\((\d(?:[.,]\d+)?)\)")
_LABEL_LIKE = re.compile(r"[^\W\d_][\w\s/().'’-]{0,48}")
_LONGEST_LABEL = 200
_VENDOR_LABELS = frozenset({"vendor", "seller", "sold by", "by", "offered by", "vendor name"})
# Of a digital good, such as an account: its country, and how soon a dead one is replaced.
# Neither is where an offer ships from or to, and no field of the contract holds them.
_OF_NO_FIELD = ("country", "replace time")
LABELS = frozenset(_OF_NO_FIELD).union(
    ("category", "minimum amount per order", "maximum amount per order"),
    ("views", "quantity in stock", "already sold"),
)


def _read_rows(listing: Listing, lines: list[Line], reader: Reader) -> None:
    """Read both lists; what is not known and stands in a list with what is, is a warning."""
    known, rest = read_marks(listing, lines, reader)
    unknown: list[tuple[Line, str, str]] = []
    at = 0
    while at < len(rest):
        line = rest[at]
        at += 1
        reader.at(line.start)
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
        label = " ".join(f"{label}{before}.".split())[:-1]
        if len(label) > _LONGEST_LABEL:
            return ("", []) if ":" in line.text else _label_of_words(line.text)
        name = plain_label(label)
        rest: list[str | Icon] = [after, *line.parts[index + 1 :]]
        if colon:
            is_label = _LABEL_LIKE.fullmatch(name) is not None
            return (name, [p for p in rest if p]) if is_label else ("", [])
        if name in LABELS:
            value = [p for p in rest if isinstance(p, Icon) or p.strip()]
            if value and isinstance(first := value[0], str):
                value[0] = first.lstrip().removeprefix(":")
            return name, [p for p in value if isinstance(p, Icon) or p.strip()]
    return _label_of_words(line.text)


def _label_of_words(text: str) -> tuple[str, list[str | Icon]]:
    """Return the known label that a text begins with, and what follows it."""
    label = next((name for name in LABELS if plain_label(text[: len(name) + 1]) == name), "")
    return label, [text[len(label) :]] if label else []


def _read_row(listing: Listing, label: str, value: list[str | Icon], reader: Reader) -> None:
    """Read one line of the second list."""
    text = joined(value)
    if label == "category":
        listing.category = reader.stated("listing.category", text, category_levels(value))
    elif label not in _OF_NO_FIELD and states(text):
        read_fact(listing, label, without_unit(text), reader)


# -- the tables ----------------------------------------------------------------------------

_NUMBER = re.compile(rf"\d|{NO_LIMIT}")
_COLUMN_NAMES = frozenset(
    ("amount", "quantity", "range", "price", "price per unit", "unit price", "btc", "bitcoin")
).union(("name", "shipping", "option", "method", "cost", "costs", "usd", "eur"))


def _stated_rows(table: LexborNode, reader: Reader) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the texts of each row, and those after the first that are stated, not pressed.

    Rows of column names are left out, and one that says that there is nothing.
    """
    for index, cells in enumerate(reader.rows(table)):
        texts = [cell_text(cell) for cell in cells]
        reader.at(cells[0].parent)
        is_named = not index and any(text.casefold() in _COLUMN_NAMES for text in texts)
        is_none = len(texts) == 1 and texts[0].casefold().startswith("no ")
        is_stated = any(map(_NUMBER.search, texts)) or not (is_named or is_none)
        if is_stated and any(texts) and any(cell.tag != "th" for cell in cells):
            buttons = [cell.css_first("button, input, select, a") is not None for cell in cells]
            after = list(zip(texts, buttons, strict=True))[1:]
            yield texts, [t for t, button in after if t and (re.search(r"\d", t) or not button)]


def _prices(listing: Listing, table: LexborNode, reader: Reader) -> None:
    """Read the quantity prices; the offer's price is the first one's."""
    for index, (texts, stated) in enumerate(_stated_rows(table, reader)):
        row = " | ".join(texts)
        price, others = read_row_of_prices("listing.price_tiers", stated, reader)
        if not index:
            listing.price, listing.price_alternatives = price, others
            reader.note("listing.price", row, price)
        if (amounts := read_range(texts[0])) is None:
            reader.warn("listing.price_tiers", "not an amount range", row)
        else:
            listing.price_tiers.append(PriceTier(*amounts, price))


def _shipping(listing: Listing, table: LexborNode, reader: Reader) -> None:
    """Read the ways to ship: name, amount range (which no field holds), price, BTC price."""
    for texts, stated in _stated_rows(table, reader):
        prices = [text for text in stated if not _is_amounts(text)]
        price, _ = read_row_of_prices("listing.shipping_options", prices, reader)
        if not prices:
            reader.warn("listing.shipping_options", "a row without a price", " | ".join(texts))
        listing.shipping_options.append(ShippingOption(texts[0], price))
        reader.note("listing.shipping_options", " | ".join(texts), texts[0])


def _is_amounts(text: str) -> bool:
    """Tell an amount range, which may be no limit at all."""
    return text == NO_LIMIT or (not holds_money(text) and read_range(text) is not None)
