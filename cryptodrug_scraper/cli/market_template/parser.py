"""Template Market: how its pages are known and read."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import Document, block_text
from cryptodrug_scraper.reading.facts import read_fact
from cryptodrug_scraper.reading.links import Address, address, read_links
from cryptodrug_scraper.reading.market import Kind, Market
from cryptodrug_scraper.reading.nodes import attribute, cells_of, inner, words
from cryptodrug_scraper.reading.reader import Reader, review_of
from cryptodrug_scraper.reading.walls import not_there, server_page
from cryptodrug_scraper.records import Category, Link, Listing, ParsedPage, Review, Vendor

# -- whose page it is, and of which kind --------------------------------------------------------

# Something of the page's frame that every page has, walls included, and that no vendor can write.
_MARKS = 'link[href$="template_market.css"]'


def recognises(document: Document) -> bool:
    """Say whether a page is of this market, by its style sheet."""
    return document.first(_MARKS) is not None


def kind_of(document: Document, url: str | None) -> Kind:
    """Tell a page's kind, by the block that makes it what it is; the reason is for the doctor."""
    if document.first("main.offer") is not None:
        return Kind("listing", "it has a main.offer")
    if document.first("main.offers") is not None:
        if document.first("main.offers > h1.category") is not None:
            return Kind("search", "offers below a category's heading")
        # A kind that rests on what is not there is no kind of a page that was cut off.
        return Kind("index", "offers, and no category's heading", by_absence=True)
    if document.first("form.login") is not None:
        return Kind("login", "it has a form.login")
    message = document.first("p.message")
    gone = not_there([words(message)]) if message is not None else None
    return gone or server_page(document) or Kind("unknown", "")


def read(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Fill the page: what all pages have first, then what those of its kind state."""
    _categories(document, page, reader)
    read_links(document.hrefs(document.css("nav a, main a")), page, reader, _shows)
    if page.kind == "listing":
        _listing(document, page, reader)
    elif page.kind in ("index", "search"):
        # Without a card within which the page was cut off: what it lacks may have come later.
        for card in reader.finished(document.css("article.card")):
            page.listings.append(_card(card, reader))


# -- what all pages have ------------------------------------------------------------------------


def _categories(document: Document, page: ParsedPage, reader: Reader) -> None:
    for link in map(reader.at, reader.finished(document.css("nav.categories a"))):
        to = address(attribute(link, "href"))
        name = words(link).rpartition("(")[0].strip() or words(link)
        listed = words(link).rpartition("(")[2].rstrip(")") if "(" in words(link) else None
        if match := _CATEGORY.fullmatch(to.path):
            count = reader.integer("category.listing_count", listed)
            page.categories.append(Category(match[1], name, (name,), count))


_OFFER = re.compile(r"/offer/(\d+)")
_VENDOR = re.compile(r"/vendor/([\w.-]+)")
_CATEGORY = re.compile(r"/category/(\d+)")


def _shows(to: Address) -> Link | None:
    """Return what an address of the market leads to: its kind, whose it is, and the address."""
    for kind, form in (("listing", _OFFER), ("vendor", _VENDOR), ("search", _CATEGORY)):
        if match := form.fullmatch(to.path):
            return Link(kind, match[1], to.place)
    return None


# -- an offer, on a card and on its own page ----------------------------------------------------


def _card(card: LexborNode, reader: Reader) -> Listing:
    listing = Listing()
    for node in map(reader.at, card.css("h2, .vendor, .price, .route")):  # for the doctor
        match attribute(node, "class"):
            case "vendor":
                listing.vendor = reader.text_of("listing.vendor", node)
            case "price":
                reader.price(listing, node.text())
            case "route":
                reader.route(listing, node.text())
            case _:
                listing.title = reader.text_of("listing.title", node)
                listing.external_id = _id(inner(node, "a"), reader)
    return listing


def _id(link: LexborNode | None, reader: Reader) -> str | None:
    to = address(attribute(link, "href")) if link is not None else address(None)
    match = _OFFER.fullmatch(to.path)
    return reader.stated("listing.external_id", to.place, match[1]) if match else None


def _listing(document: Document, page: ParsedPage, reader: Reader) -> None:
    """Read an offer's own page from top to bottom: heading, rows, description, reviews."""
    listing, vendor = Listing(), Vendor()
    own = address(page.url)
    if match := _OFFER.fullmatch(own.path):
        reader.at(None)  # it stands in no element
        listing.external_id = reader.stated("listing.external_id", own.place, match[1])
    listing.title = reader.text_of("listing.title", document.first("main.offer > h1"))
    for label, _, text in reader.labelled(document.first("table.facts")):  # a <dl> would do, too
        if label.casefold() == "vendor":
            listing.vendor = vendor.handle = reader.text("vendor.handle", text)
        else:  # labels that all markets have; one that nobody knows is a warning, not silence
            read_fact(listing, label, text, reader)
    listing.description = reader.block_of("listing.description", document.first("div.description"))
    page.listings.append(listing)
    if vendor.handle is not None:  # an offer's page states something of its vendor, too
        page.vendors.append(vendor)
    if (table := document.first("table.reviews")) is not None:
        for row in reader.finished(table.css("tbody > tr")):
            page.reviews.append(_review(row, listing, reader))


def _review(row: LexborNode, listing: Listing, reader: Reader) -> Review:
    author, stars, text, age = (*cells_of(row), None, None, None, None)[:4]
    review = review_of(listing)
    review.author = reader.text_of("review.author", author)
    if stars is not None:
        given, _, most = reader.at(stars).text().partition("/")
        review.rating = reader.decimal("review.rating", given)
        review.rating_max = reader.decimal("review.rating_max", most)
    reader.comment(review, block_text(reader.at(text)) if text is not None else None)
    reader.posted(review, reader.at(age).text() if age is not None else None)
    return review


_PHRASES = ("Sold",)
"""The market's own words: where a bad byte damaged one, what it labels is not read."""

MARKET = Market(
    name="template_market",
    title="Template Market",
    also_called=(),  # other names that pages give it, for ratings that vendors brought along
    opened_on=None,  # days before and after which no page of it can have been captured
    closed_on=None,
    review_amounts="none",  # whether reviews state what was paid, and with or without shipping
    recognises=recognises,
    kind_of=kind_of,
    read=read,
    # The share of records of a sound archive that have the field: below it, a run says so.
    healthy={
        "listing": {"external_id": 0.99, "title": 0.99, "vendor": 0.99, "price": 0.98},
        "search": {"external_id": 0.99, "title": 0.99, "price": 0.98},
    },
    phrases=_PHRASES,
)
