"""Empire Market: a listing's own page (any tab), and the cards of listings on other pages."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.document import Document, block_text, fold
from cryptodrug_scraper.reading.facts import read_fact
from cryptodrug_scraper.reading.links import address, image_name, path_of
from cryptodrug_scraper.reading.memoize import memoized
from cryptodrug_scraper.reading.nodes import (
    attribute,
    children,
    class_names,
    elements,
    text_after,
    text_until,
    topmost,
    words,
)
from cryptodrug_scraper.reading.payment import read_coin
from cryptodrug_scraper.reading.prices import read_row_of_prices
from cryptodrug_scraper.reading.quantities import read_range
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing, ParsedPage, PriceTier, ShippingOption, Vendor
from parsers.empire_vendor import marks_of, open_tab, read_feedback, read_mark, tab_text

_CATEGORY = re.compile(r"/category/categories/(\d+)(?:[/?]|$)", re.I)
_LISTING_ID = re.compile(r"/(?:product|product_list/set\w+)/(\d+)", re.I)
_OTHER_ID = re.compile(r"/(?:addfavorite_listing|markalert|reportpage)/(\d+)", re.I)
_SOLD = re.compile(r"(\S.{0,30}?)\s+sold(?:\s+since\s+(.+))?", re.I)
_AUTO = re.compile(r"(?:unlimited|[\d,.]+|no)\s+items?\s+available\s+for\s+auto-?\s?dispatch", re.I)
_NOT_FOR_SALE = re.compile(r"sorry! you could not buy|$", re.I)  # a message to the reader
_COIN = re.compile(r"(?:btnbuy_|/|^)(btc|bch|ltc|xmr)(?:_small\b|$)", re.I)


def read_listing(document: Document, main: LexborNode, page: ParsedPage, reader: Reader) -> None:
    """Read a listing's page: its facts, its vendor's marks, and what the open tab shows."""
    listing, vendor = Listing(), Vendor()
    page.listings.append(listing)
    listing.external_id = _external_id(document, main, page.url, reader)
    path = document.first(".sub_head_inner_header")
    for link in topmost(path, "h3 a") if path is not None else ():
        if category_id(attribute(reader.at(link), "href"), page.url):
            listing.category.append(words(link))
    reader.note("listing.category", " / ".join(listing.category), listing.category)
    head = main.css_first(".listDes")
    if head is not None:
        _head(head, listing, vendor, reader)
        for table in topmost(head, "table"):
            _table(table, listing, reader)
        for select in topmost(head, 'select[name="shippingOption"]'):
            _shipping(select, listing, reader)
        _purchase(head, listing, reader)
    if vendor.handle is not None:
        page.vendors.append(vendor)
    _tab(main, listing, page, reader)


@memoized
def category_id(href: str, url: str | None) -> str | None:
    """Return the number in the address of a category, in a mirror by the page's own."""
    match = _CATEGORY.search(address(href).place)
    if match is None and url:  # a mirror's "30.html", beside the page itself
        match = _CATEGORY.search(address(href, url).place)
    return match[1] if match else None


def _external_id(
    document: Document, main: LexborNode, url: str | None, reader: Reader
) -> str | None:
    """Return the number in the addresses of the tabs, of the order form or of the page."""
    tabs: list[LexborNode | None] = [*main.css(".tablinks"), *main.css("form"), None]
    for tab in tabs:
        written = url if tab is None else attribute(tab, "href") or attribute(tab, "action")
        if match := _LISTING_ID.search(address(written).place):
            reader.at(tab)
            return reader.text("listing.external_id", match[1])
    for link in map(reader.at, document.css(".left-content a")):
        if match := _OTHER_ID.search(path_of(link)):
            return reader.text("listing.external_id", match[1])
    return None


def _head(head: LexborNode, listing: Listing, vendor: Vendor, reader: Reader) -> None:
    """Read the title, and the line "Sold by NAME - 1067 sold since March 22, 2019"."""
    listing.title = reader.text_of("listing.title", head.css_first("h2"))
    for line in topmost(head, "p"):
        text = words(line) if line.id != "desc_prod" else ""
        if text.casefold().startswith("sold by"):
            _sold_by(line, listing, vendor, reader)
        elif "text-danger" in class_names(line) and not _NOT_FOR_SALE.match(text):
            reader.unknown_label("listing", text)


def _sold_by(line: LexborNode, listing: Listing, vendor: Vendor, reader: Reader) -> None:
    vendor.handle = listing.vendor = reader.text_of("listing.vendor", line.css_first("a"))
    for mark in marks_of(line, vendor, reader):
        text = words(reader.at(mark))
        if mark.tag in ("b", "a", "br", "img") or _AUTO.fullmatch(text):
            continue
        if sold := _SOLD.fullmatch(text):
            listing.sold = reader.integer("listing.sold", sold[1])
            listing.sold_since = reader.date("listing.sold_since", sold[2])
        elif text or attribute(mark, "title"):
            read_mark(mark, vendor, reader)


# -- the tables of facts -----------------------------------------------------------------------


def _table(table: LexborNode, listing: Listing, reader: Reader) -> None:
    """Read rows of label and value, two pairs a row, and rows of bulk prices."""
    for row in topmost(table, "tr"):
        cells = list(children(row, "td"))
        if cells and words(cells[0]).casefold() == "bulk discount":
            reader.at(row)
            _tier([words(cell) for cell in cells[1:]], listing, reader)
            continue
        for label, value in zip(cells[::2], cells[1::2], strict=False):
            read_fact(listing, words(label), words(reader.at(value)), reader)
        if len(cells) % 2 and (text := words(cells[-1])):
            reader.unknown_label("listing", text)


def _tier(cells: list[str], listing: Listing, reader: Reader) -> None:
    """Read "From qty 100 to 499", "USD 0.70", "0.00007518 BTC"; the first currency leads."""
    amounts = read_range(cells[0]) if cells else None
    if amounts is None:
        reader.warn("listing.price_tiers", "not a range of quantities", " ".join(cells[:1]))
        return
    price, others = read_row_of_prices("listing.price_tiers", cells[1:], reader)
    if not listing.price_tiers:
        # Until a purchase price is met: a page may state tiers only.
        listing.price, listing.price_alternatives = price, others
    listing.price_tiers.append(PriceTier(*amounts, price))


# -- the order form ------------------------------------------------------------------------------

_OPTION = re.compile(
    r"(?P<name>.*?)(?:\s+-\s+(?P<days>\d+(?:\.\d+)?|\.\d+)\s*days?)?\s+-\s+"
    r"(?P<price>[A-Z]{3,4}\s*\+?\s*[\d.,]+)(?:\s*/\s*(?P<per>\w+))?",
    re.I | re.S,
)


def _shipping(select: LexborNode, listing: Listing, reader: Reader) -> None:
    """Read the options: ``USPS - 3 days - USD + 8.00 / order``.

    An option's value is the vendor's own, often in another currency (``EUR + 4.75``);
    what the page shows is its text.
    """
    field = "listing.shipping_options"
    for option in select.css("option"):
        text = words(reader.at(option))
        if not text:
            continue
        match = _OPTION.fullmatch(f" {text}")  # the name may be empty: "- 3 days - USD + 2.00"
        price = reader.money(field, match["price"].replace("+", " ")) if match else []
        if match is None or not price:
            reader.warn(field, "not an option with a price", text)
            continue
        per = match["per"].lower() if match["per"] else None
        if per not in (None, "order", "item"):
            reader.warn(field, "neither per order nor per item", text)
            per = None
        if LOST in text:
            reader.warn(field, "an option with invalid bytes", text)
        way = ShippingOption(match["name"].strip(), price[0], match["days"], per)
        listing.shipping_options.append(reader.stated(field, text, way))


def _purchase(head: LexborNode, listing: Listing, reader: Reader) -> None:
    """Read the price, the same in coins below it, and the coins that can be paid with."""
    form = head.css_first("form") or head
    stated = False
    for line in topmost(form, "p"):
        text = words(reader.at(line)) if line.id != "desc_prod" else ""
        if text.casefold().startswith("purchase price"):
            price = reader.money("listing.price", text.partition(":")[2])
            listing.price, listing.price_alternatives = price[0] if price else None, price[1:]
            stated = True
        elif text[:1].isdigit() and text[-3:].isalpha():
            for coin in text.split("/"):
                listing.price_alternatives += reader.money("listing.price_alternatives", coin)
    for button in form.css("input"):
        if coin_name := _COIN.search(attribute(reader.at(button), "name")):
            read_coin(listing, coin_name[1], reader)
    if reader.unfinished(form):
        listing.price_alternatives, listing.currencies = [], []
    if reader.unfinished(head) and not stated:
        # A tier's price, and the purchase price may have stood below.
        listing.price, listing.price_alternatives = None, []


# -- the tabs ------------------------------------------------------------------------------------


def _tab(main: LexborNode, listing: Listing, page: ParsedPage, reader: Reader) -> None:
    """Read the open tab; the description also stands, shortened by style only, at the top."""
    content = main.css_first(".tabcontent")
    text = block_text(reader.at(summary)) if (summary := main.css_first("#desc_prod")) else None
    if content is None:
        text = reader.by_default(text)  # the tab's own text counts, and may have followed
    else:
        match open_tab(main) or _tab_by_content(content, listing.title):
            case "desc":
                text = tab_text(reader.at(content)) or text
            case "refund":
                listing.terms = reader.block("listing.terms", tab_text(reader.at(content)))
            case "feedback":
                name = f"listing {listing.external_id}"
                read_feedback(content, name, listing, page, reader)
            case tab:
                reader.unknown_label("listing", f"tab {tab}", words(content)[:80])
    listing.description = reader.block("listing.description", text)


def _tab_by_content(content: LexborNode, title: str | None) -> str:
    if content.css_first("table") is not None:
        return "feedback"
    heading = content.css_first("h3")
    return "desc" if heading is None or words(heading) == title else "refund"


# -- cards ---------------------------------------------------------------------------------------

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
    for link in topmost(card, "a"):
        target = path_of(reader.at(link))
        if match := _LISTING_ID.search(target):
            if listing.external_id is None:
                listing.external_id = reader.text("listing.external_id", match[1])
            parts = target.rstrip("/").split("/")  # /product/LISTING/CATEGORY/VENDOR
            leaf = leaf or (names.get(parts[-2]) if len(parts) > 2 else None)
            if listing.title is None and link.css_first("img, p") is None:
                listing.title = reader.text("listing.title", reader.at(link).text())
        elif "/u/" in target and listing.vendor is None:
            listing.vendor = reader.text("listing.vendor", reader.at(link).text())
    prices = filter(None, (_card_line(p, leaf, listing, reader) for p in topmost(card, "p")))
    price, others = read_row_of_prices("listing.price", prices, reader)
    listing.price, listing.price_alternatives = price, others
    if (head := card.css_first(".head")) is not None:
        _card_facts(head, listing, reader)
    _card_coins(card, listing, reader)
    return listing


def _card_line(line: LexborNode, leaf: str | None, listing: Listing, reader: Reader) -> str:
    """Read "Item # 5003 - Drugs / Benzos - " before the vendor's link, or return a price."""
    text = words(reader.at(line))
    if text[:6].casefold() == "item #" and (stated := fold(text_until(line, "a"))):
        if item := _ITEM.fullmatch(stated):
            listing.external_id = listing.external_id or item[1]
            levels = _levels(item[2], leaf)
            listing.category = reader.stated("listing.category", stated, levels)
        else:
            reader.unknown_label("listing", text)
        return ""
    price = _BUY_PRICE.sub("", text, count=1).strip("() ")
    is_price = text.startswith("(") or _BUY_PRICE.match(text) or "bold" in class_names(line)
    return price if is_price else ""


def _levels(path: str, leaf: str | None) -> list[str]:
    """Split "Psychedelics / DMA / DOX" into its levels; names may hold a stroke too."""
    if leaf and path.endswith(leaf):
        above = path[: -len(leaf)].strip().rstrip("/").strip()
        return [above, leaf] if above else [leaf]
    return [level for level in (part.strip() for part in path.split(" / ", 1)) if level]


def _card_facts(head: LexborNode, listing: Listing, reader: Reader) -> None:
    """Read ``<b>Views:</b> 18829 / <b>Sales:</b> 199`` and marks such as ``[sticky]``."""
    for part in map(reader.at, elements(head)):
        if part.tag == "b":
            read_fact(listing, words(part), fold(text_after(part)).strip(" /"), reader)
        elif part.tag not in ("a", "p", "br", "img"):
            mark = words(part)
            if mark and mark.casefold() not in _KNOWN_MARKS and not _AUTO.fullmatch(mark):
                reader.unknown_label("listing", mark)


def _card_coins(card: LexborNode, listing: Listing, reader: Reader) -> None:
    """Read the coins below a card's price, which their images' file names alone tell."""
    lost = 0
    linked = {image.mem_id for image in card.css("a img")}  # as the goods' pictures are
    for image in card.css("img"):
        name = image_name(attribute(reader.at(image), "src"))
        if match := _COIN.search(name):
            read_coin(listing, match[1], reader)
        elif not name and image.mem_id not in linked:
            lost += 1
    if lost:
        listing.currencies = []
        reader.warn("listing.currencies", "images without their names", f"{lost} of a card")
