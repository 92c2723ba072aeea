"""Empire Market: the cards of listings, on pages of offers and on the home page."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.document import fold
from cryptodrug_scraper.reading.links import image_name, path_of
from cryptodrug_scraper.reading.nodes import class_names, contents, own_text, topmost, words
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing, Money, ParsedPage
from parsers.empire_listing import AUTO, COIN, LISTING_ID, add_coin, fact

_ITEM = re.compile(r"item\s*#\s*(\d+)\s+-\s+(.*?)(?:\s+-)?", re.I)
_BUY_PRICE = re.compile(r"buy(?:\s+price)?\s*:?\s*", re.I)
_KNOWN_MARKS = ("[sticky]", "[featured]", "[new]", "[hot]")


def read_cards(main: LexborNode, page: ParsedPage, reader: Reader) -> None:
    """Read the cards of a page of offers, and the featured offers of the home page."""
    cards = topmost(main, ".col-1search") + topmost(main, ".feature-listing .col-2")
    names = {category.external_id: category.name for category in page.categories} if cards else {}
    for card in reader.finished(cards):
        page.listings.append(_card(card, names, reader))


def _card(card: LexborNode, names: dict[str, str], reader: Reader) -> Listing:
    listing = Listing()
    leaf = None
    for link in _within(card, "a"):
        target = path_of(link)
        match = LISTING_ID.search(target)
        if match:
            if listing.external_id is None:
                listing.external_id = reader.text("listing.external_id", match.group(1))
            leaf = leaf or _leaf(target, names)
            if listing.title is None and link.css_first("img, p") is None:
                listing.title = reader.text("listing.title", link.text())
        elif "/u/" in target and listing.vendor is None:
            listing.vendor = reader.text("listing.vendor", link.text())
    prices: list[list[Money]] = []
    for line in _within(card, "p"):
        _card_line(line, leaf, listing, prices, reader)
    if prices and prices[0]:  # a first line that could not be read has hidden the price
        listing.price = prices[0].pop(0)
    listing.price_alternatives += [amount for amounts in prices for amount in amounts]
    head = card.css_first(".head")
    if head is not None:
        _card_facts(head, listing, reader)
    _card_coins(card, listing, reader)
    return listing


def _card_coins(card: LexborNode, listing: Listing, reader: Reader) -> None:
    """Read the coins below a card's price, which their images' file names alone tell."""
    lost = 0
    linked = {image.mem_id for image in card.css("a img")}  # as the goods' pictures are
    for image in card.css("img"):
        name = image_name(image.attrs.get("src"))
        match = COIN.search(name)
        if match:
            add_coin(match.group(1), listing, reader)
        elif not name and image.mem_id not in linked:
            lost += 1
    if lost:
        listing.currencies = []
        reader.warn("listing.currencies", "images without their names", f"{lost} of a card")


_USUAL_PARTS = 12  # links or lines of a card; so few can cost little even inside each other


def _within(card: LexborNode, tag: str) -> list[LexborNode]:
    """Return a card's links or lines."""
    nodes = card.css(tag)
    return nodes if len(nodes) <= _USUAL_PARTS else topmost(card, tag)


def _leaf(href: str, names: dict[str, str]) -> str | None:
    """Return the name of the category in ``/product/LISTING/CATEGORY/VENDOR``."""
    numbers = href.rstrip("/").split("/")
    return names.get(numbers[-2]) if len(numbers) > 2 else None


def _card_line(
    line: LexborNode,
    leaf: str | None,
    listing: Listing,
    prices: list[list[Money]],
    reader: Reader,
) -> None:
    said = words(line)
    if said[:6].casefold() == "item #" and fold(own_text(line))[:6].casefold() == "item #":
        before_vendor = fold(_before_link(line))
        item = _ITEM.fullmatch(before_vendor)
        if item is None:
            reader.unknown_label("listing", said)
            return
        listing.external_id = listing.external_id or item.group(1)
        listing.category = _levels(item.group(2), leaf)
        reader.note("listing.category", before_vendor, listing.category)
    elif said.startswith("(") or _BUY_PRICE.match(said) or "bold" in class_names(line):
        text = _BUY_PRICE.sub("", said, count=1).strip("() ")
        if text:
            prices.append(reader.money("listing.price", text))


def _before_link(line: LexborNode) -> str:
    """Return the text of a line up to its first link."""
    found = []
    for child in contents(line):
        if child.tag == "a":
            break
        found.append(child.text_content or "" if child.tag == "-text" else child.text())
    return "".join(found)


def _levels(said: str, leaf: str | None) -> list[str]:
    """Split "Psychedelics / DMA / DOX" into its levels; names may hold a stroke too."""
    if leaf and said.endswith(leaf):
        above = said[: -len(leaf)].strip().rstrip("/").strip()
        return [above, leaf] if above else [leaf]
    return [level for level in (part.strip() for part in said.split(" / ", 1)) if level]


def _card_facts(head: LexborNode, listing: Listing, reader: Reader) -> None:
    """Read ``<b>Views:</b> 18829 / <b>Sales:</b> 199`` and marks such as ``[sticky]``."""
    label, value = "", ""
    for part in contents(head):
        tag = part.tag
        if tag == "-text":
            value += part.text_content or ""
        elif tag == "b":
            if label:
                fact(label, fold(value).strip(" /"), listing, reader)
            label, value = words(part), ""
        elif tag not in ("a", "p", "br", "img"):
            mark = words(part)
            if mark and mark.casefold() not in _KNOWN_MARKS and not AUTO.fullmatch(mark):
                reader.unknown_label("listing", mark)
    if label:
        fact(label, fold(value).strip(" /"), listing, reader)
