"""Empire Market: a listing's own page (any tab) and the cards of listings on other pages."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.document import Document, block_text
from cryptodrug_scraper.reading.links import address, path_of
from cryptodrug_scraper.reading.nodes import attribute, children, class_names, topmost, words
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing, ParsedPage, PriceTier, ShippingOption, Vendor
from parsers.empire_page import read_path, texts_of
from parsers.empire_reviews import read_listing_reviews
from parsers.empire_vendor import read_mark, with_imported

LISTING_ID = re.compile(r"/(?:product|product_list/set\w+)/(\d+)", re.I)
_OTHER_ID = re.compile(r"/(?:addfavorite_listing|markalert|reportpage)/(\d+)", re.I)
_SOLD = re.compile(r"(\S.{0,30}?)\s+sold(?:\s+since\s+(.+))?", re.I)
AUTO = re.compile(r"(?:unlimited|[\d,.]+|no)\s+items?\s+available\s+for\s+auto-?\s?dispatch", re.I)
_QUANTITY = re.compile(
    r"(?:from\s+)?(?:qty\s+)?(\d[\d,.]*)(?:\s*(?:to|-|–)\s*(\d[\d,.]*|unlimited|∞)|\s*\+)?", re.I
)
_OPTION = re.compile(
    r"(?P<name>.*?)(?:\s+-\s+(?P<days>\d+(?:\.\d+)?|\.\d+)\s*days?)?\s+-\s+"
    r"(?P<price>[A-Z]{3,4}\s*\+?\s*[\d.,]+)(?:\s*/\s*(?P<per>\w+))?",
    re.I | re.S,
)
COIN = re.compile(r"(?:btnbuy_|/|^)(btc|bch|ltc|xmr)(?:_small\b|$)", re.I)
_EARLY = re.compile(
    r"(?:(\d+)\s*%\s*|full\s+)?(?:fe|finali[sz]e early)(?:\s+listing)?(?:\s*\(?(\d+)\s*%\)?)?", re.I
)
_SHARES = re.compile(r"\(?\b2\s*(?:/|-?of-?|\s+of\s+)\s*3\b\)?", re.I)  # MultiSig's keys
_LISTING_TAB = re.compile(r"/settab/\d+(?:/\d+)*/([a-z]+)", re.I)
_CLASSES = {
    "physical package": "physical",
    "physical": "physical",
    "digital": "digital",
    "digital goods": "digital",
    "auto dispatch": "digital",
}
_TABS = {"description": "desc", "feedback": "feedback", "refund policy": "refund"}
_NOT_FOR_SALE = "sorry! you could not buy"  # on vacation, blocked: told to the reader


def read_listing(document: Document, main: LexborNode, page: ParsedPage, reader: Reader) -> None:
    """Read a listing's page: its facts, its vendor's marks, and what the open tab shows."""
    listing, vendor = Listing(), Vendor()
    page.listings.append(listing)
    listing.external_id = _external_id(document, main, page.url, reader)
    levels = read_path(document, page.url)
    listing.category = [name for number, name in levels if number is not None]
    if listing.category:
        reader.note("listing.category", " / ".join(listing.category), listing.category)
    head = main.css_first(".listDes")
    summary = main.css_first("#desc_prod")
    if head is not None:
        _head(head, listing, vendor, reader)
        for table in topmost(head, "table"):
            _table(table, listing, reader)
        for select in topmost(head, 'select[name="shippingOption"]'):
            _shipping(select, listing, reader)
        _purchase(head, listing, reader)
    if vendor.handle is not None:
        page.vendors.append(vendor)
    _tab(main, summary, listing, page, reader)


def _external_id(
    document: Document, main: LexborNode, url: str | None, reader: Reader
) -> str | None:
    """Return the number in the addresses of the tabs, of the order form or of the page."""
    for selector, name in ((".tablinks", "href"), ("form", "action")):
        for node in main.css(selector):
            match = LISTING_ID.search(address(node.attributes.get(name)).place)
            if match:
                return reader.text("listing.external_id", match.group(1))
    match = LISTING_ID.search(address(url).place)
    if match is None:
        for link in document.css(".left-content a"):
            match = _OTHER_ID.search(path_of(link))
            if match:
                break
    return reader.text("listing.external_id", match.group(1)) if match else None


def _head(head: LexborNode, listing: Listing, vendor: Vendor, reader: Reader) -> None:
    """Read the title, and the line "Sold by NAME - 1067 sold since March 22, 2019"."""
    title = head.css_first("h2")
    if title is not None:
        listing.title = reader.text("listing.title", title.text())
    for line in topmost(head, "p"):
        if line.id == "desc_prod":
            continue
        said = words(line)
        if said.casefold().startswith("sold by"):
            _sold_by(line, listing, vendor, reader)
        elif "text-danger" in class_names(line) and not said.casefold().startswith(_NOT_FOR_SALE):
            reader.unknown_label("listing", said)


def _sold_by(line: LexborNode, listing: Listing, vendor: Vendor, reader: Reader) -> None:
    link = line.css_first("a")
    if link is not None:
        vendor.handle = listing.vendor = reader.text("listing.vendor", link.text())
    for mark in with_imported(line, vendor, reader):
        said = words(mark)
        if mark.tag in ("b", "a", "br", "img") or AUTO.fullmatch(said):
            continue
        if not said and not attribute(mark, "title"):
            continue
        sold = _SOLD.fullmatch(said)
        if sold is None:
            read_mark(mark, vendor, reader)
            continue
        listing.sold = reader.integer("listing.sold", sold.group(1))
        listing.sold_since = reader.date("listing.sold_since", sold.group(2))


# -- the tables of facts -----------------------------------------------------------------------


def _table(table: LexborNode, listing: Listing, reader: Reader) -> None:
    """Read rows of label and value, two pairs a row, and rows of bulk prices."""
    for row in topmost(table, "tr"):
        cells = list(children(row, "td"))
        if not cells:
            continue
        if words(cells[0]).casefold() == "bulk discount":
            _tier(cells, listing, reader)
            continue
        for label, value in zip(cells[::2], cells[1::2], strict=False):
            fact(words(label), words(value), listing, reader)
        if len(cells) % 2 and words(cells[-1]):
            reader.unknown_label("listing", words(cells[-1]))


def _tier(cells: list[LexborNode], listing: Listing, reader: Reader) -> None:
    """Read "From qty 100 to 499", "USD 0.70", "0.00007518 BTC"; the first currency leads."""
    field = "listing.price_tiers"
    said = words(cells[1]) if len(cells) > 1 else ""
    quantity = _QUANTITY.fullmatch(said)
    if quantity is None:
        reader.warn(field, "not a range of quantities", said)
        return
    low, high = quantity.groups()
    first = reader.integer(field, low)
    last = reader.integer(field, high) if high and high[0].isdigit() else None
    amounts = [reader.money(field, text) for cell in cells[2:] if (text := words(cell))]
    prices = [price for stated in amounts for price in stated]
    if first is None:
        return
    price = amounts[0][0] if amounts and amounts[0] else None  # the first may be unreadable
    if not listing.price_tiers:
        # Until a purchase price is met: a page may state tiers only.
        listing.price = price
        listing.price_alternatives = prices[1:] if price else prices
    listing.price_tiers.append(PriceTier(first, last, price))


def fact(label: str, value: str, listing: Listing, reader: Reader) -> None:
    """Set the field that a label names; the labels of the facts and of the cards."""
    name = label.strip(" :").casefold()
    if not name and not value:
        return
    if name == "product class":
        listing.product_class = _CLASSES.get(value.casefold())
        reader.note("listing.product_class", value, listing.product_class)
        if value and listing.product_class is None:
            reader.warn("listing.product_class", "unknown class", value)
    elif name in ("origin country", "ships from"):
        reader.ships_from(listing, value)
    elif name == "ships to":
        reader.ships_to(listing, value)
    elif name == "quantity left":
        _stock(value, listing, reader)
    elif name == "ends in":
        listing.ends = reader.text("listing.ends", value)
    elif name == "payment":
        _payment(value, listing, reader)
    elif name == "views":
        listing.views = reader.integer("listing.views", value)
    elif name == "sales":
        listing.sold = reader.integer("listing.sold", value)
    else:
        reader.unknown_label("listing", label.strip(" :"), value)


def _stock(value: str, listing: Listing, reader: Reader) -> None:
    if value.casefold() == "unlimited":
        listing.stock_unlimited = reader.stated("listing.stock_unlimited", value, True)
        return
    none_left = value.casefold() in ("out of stock", "sold out", "none")
    listing.stock = reader.integer("listing.stock", "0" if none_left else value)
    listing.stock_unlimited = False if listing.stock is not None else None


def _payment(value: str, listing: Listing, reader: Reader) -> None:
    """Read "Escrow", "Escrow, MultiSig", "FE Listing 100%"; less than all is partial escrow."""
    for word in re.split(r"[,/&+;]|\band\b|\bor\b", _SHARES.sub("", value), maxsplit=20):
        said = word.strip(" .")
        plain = said.casefold().replace("-", "").replace(" ", "")
        if not plain:
            continue
        early = _EARLY.fullmatch(said)
        if early:
            share = int(early.group(1) or early.group(2) or 100)
            way = "finalize_early" if share >= 100 else "partial_escrow" if share else "escrow"
        elif plain in ("escrow", "fullescrow", "normalescrow", "escrow100%", "100%escrow"):
            way = "escrow"
        elif plain in ("multisig", "multisignature", "multisigescrow"):
            way = "multisig"
        elif plain in ("partialescrow", "50%escrow", "escrow50%"):
            way = "partial_escrow"
        else:
            reader.warn("listing.payment", "unknown way of payment", said)
            continue
        if way not in listing.payment:
            listing.payment.append(way)
    reader.note("listing.payment", value, list(listing.payment))


# -- the order form ------------------------------------------------------------------------------


def _shipping(select: LexborNode, listing: Listing, reader: Reader) -> None:
    """Read the options: ``USPS - 3 days - USD + 8.00 / order``.

    An option's value is the vendor's own, often in another currency (``EUR + 4.75``);
    what the page shows is its text.
    """
    field = "listing.shipping_options"
    for option in select.css("option"):
        said = words(option)
        if not said:
            continue
        match = _OPTION.fullmatch(f" {said}")  # the name may be empty: "- 3 days - USD + 2.00"
        price = reader.money(field, match.group("price").replace("+", " ")) if match else []
        if match is None or not price:
            reader.warn(field, "not an option with a price", said)
            continue
        per = (match.group("per") or "").lower() or None
        if per not in (None, "order", "item"):
            reader.warn(field, "neither per order nor per item", said)
            per = None
        if LOST in said:
            reader.warn(field, "an option with invalid bytes", said)
        found = ShippingOption(match.group("name").strip(), price[0], match.group("days"), per)
        listing.shipping_options.append(found)
        reader.note(field, said, found)


def _purchase(head: LexborNode, listing: Listing, reader: Reader) -> None:
    """Read the price, the same in coins below it, and the coins that can be paid with."""
    form = head.css_first("form") or head
    stated = False
    for line in topmost(form, "p"):
        if line.id == "desc_prod":
            continue
        said = words(line)
        if said.casefold().startswith("purchase price"):
            price = reader.money("listing.price", said.partition(":")[2])
            listing.price = price[0] if price else None
            listing.price_alternatives = price[1:]
            stated = True
        elif said[:1].isdigit() and said[-3:].isalpha():
            for coin in said.split("/"):
                listing.price_alternatives += reader.money("listing.price_alternatives", coin)
    for button in form.css("input"):
        match = COIN.search(button.attributes.get("name") or "")
        if match:
            add_coin(match.group(1), listing, reader)
    if reader.unfinished(form):
        listing.price_alternatives, listing.currencies = [], []
    if reader.unfinished(head) and not stated:
        # A tier's price, and the purchase price may have stood below.
        listing.price, listing.price_alternatives = None, []


def add_coin(said: str, listing: Listing, reader: Reader) -> None:
    """Add a coin that can be paid with: ``btc``."""
    coin = said.upper()
    if coin not in listing.currencies:
        listing.currencies.append(coin)
        reader.note("listing.currencies", said, coin)


# -- the tabs ------------------------------------------------------------------------------------


def _tab(
    main: LexborNode,
    summary: LexborNode | None,
    listing: Listing,
    page: ParsedPage,
    reader: Reader,
) -> None:
    """Read the open tab; the description also stands, shortened by style only, at the top."""
    content = main.css_first(".tabcontent")
    tab = _tab_name(main, content, listing.title)
    text = None
    if content is not None and tab == "desc":
        text = texts_of(content)
    elif content is not None and tab == "refund":
        listing.terms = reader.block("listing.terms", texts_of(content))
    elif content is not None and tab == "feedback":
        read_listing_reviews(content, listing, page, reader)
    elif content is not None:
        reader.unknown_label("listing", f"tab {tab}", words(content)[:80])
    if text is None and summary is not None:
        text = block_text(summary)
        if content is None:
            text = reader.by_default(text)  # the tab's own text counts, and may have followed
    listing.description = reader.block("listing.description", text)


def _tab_name(main: LexborNode, content: LexborNode | None, title: str | None) -> str:
    """Return the open tab by its link's address or words, else by what it holds."""
    link = main.css_first(".tablinks.focus")
    if link is not None:
        match = _LISTING_TAB.search(path_of(link))
        said = words(link).casefold()
        return match.group(1).lower() if match else _TABS.get(said, said)
    if content is None:
        return ""
    if content.css_first("table") is not None:
        return "feedback"
    heading = content.css_first("h3")
    return "desc" if heading is None or words(heading) == title else "refund"
