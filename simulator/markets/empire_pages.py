"""Empire Market: its pages of offers and its listings, for one who is signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from urllib.parse import quote, quote_plus

from simulator.facts import Offer, PostedReview, Seller
from simulator.market_site import Request, ShownPage
from simulator.markets import empire_facts as facts
from simulator.markets.empire_frame import (
    NAME,
    TREE,
    category_link,
    frame,
    menu,
    path_of,
    path_to,
    rates,
)
from simulator.tree import Spot
from simulator.world import World
from simulator.writing import Writer, grouped

# -- what several pages show -----------------------------------------------------------------


def product_link(writer: Writer, offer: Offer) -> str:
    """Return a listing's address, and note it."""
    path = f"/product/{facts.numbers(writer.world, offer)}"
    number = str(writer.world.number(offer.index))
    return writer.link("listing", number, writer.request.root + path, path)


def user_link(writer: Writer, seller: Seller) -> str:
    """Return a profile's address, and note it."""
    path = f"/u/{quote(seller.handle)}"
    return writer.link("vendor", seller.handle, writer.request.root + path, path)


def marks(writer: Writer, seller: Seller, name: str) -> tuple[str, str]:
    """Return what follows a handle: levels, and ratings brought from another market."""
    level, trust = facts.levels(writer.world, seller, writer.at)
    word = "Vendor Level" if name == "levelSet" else "Vendor level"
    root = writer.request.root
    levels = f"""<span class="{name} level-{level}">{word} {level}</span>
<span class="{name} level-{trust}">Trust level {trust}</span>
"""
    imported = "".join(
        f'<span title="Verified {market} Market successful sales and star rating 1-5"> '
        f'<img src="{root}/public/image/{icon}" height="25" width="25">{words}</span>\n'
        for market, icon, words, _ in facts.imported(writer.world, seller)
    )
    return levels, imported


def pager(page: int, pages: int, href: Callable[[int], str]) -> str:
    """Return the pager; ``href`` gives the address of a page, counted from 0."""
    if pages < 2:
        return ""
    items = ""
    if page > 1:
        items += f'<li><a href="{href(page - 2)}" rel="prev"><<</a></li>'
    for number in range(1, pages + 1):
        if number == page:
            items += f"<strong>{number}</strong>"
        elif abs(number - page) < 4 or number in (1, pages):
            items += (
                f'<li><a href="{href(number - 1)}" data-ci-pagination-page="{number}">'
                f"{number}</a></li>"
            )
    if page < pages:
        items += f'<li><a href="{href(page)}" rel="next">>></a></li>'
    return f'<ul class="pagination">{items}</ul>\n'


def feedback(writer: Writer, reviews: Iterable[PostedReview]) -> str:
    """Return a table of reviews, and note them."""
    root, rows = writer.request.root, ""
    for post in reviews:
        record = facts.review(writer.world, post)
        writer.page.reviews.append(record)
        assert record.price is not None and record.sentiment is not None
        rows += f"""<tr>
 <td>
 <img src="{root}/public/image/feedback{facts.FACES[record.sentiment]}.png">
 </td>
 <td style="width: 75%; word-wrap: break-word; padding: 10px;">
 <p class="setp1 bold1 feedback_msg"><font style="font-size: 14px; font-weight: 700;">\
{escape(post.text or "No feedback comment")}</font></p>
 <p class="setp1 c_424648" style="color:gray;">{escape(post.offer.title)}</p>
 </td>
 <td>
 <p class="setp1 c_424648"><font style="color:#dc6831;">{record.author}</font><br>
 USD {grouped(record.price)}</p>
 </td>
 <td style="text-align: right;">
 <p class="setp1 bold1">{post.posted:%b %d, %Y %H:%M}<br>
 <a href="{product_link(writer, post.offer)}">View items</a></p>
 </td>
 </tr>
"""
    return f"""<table class="user_feedbackTbl autoshop_table">
 <tr>
 <th></th>
 <th>Feedback</th>
 <th>Buyer / Price</th>
 <th>Date / Time</th>
 </tr>
{rows} </table>
"""


# -- pages of offers -------------------------------------------------------------------------


def home(world: World, request: Request) -> ShownPage:
    """Return the home page, with a few featured offers."""
    writer = Writer(NAME, "index", world, request)
    found = world.open_in(0, len(TREE.goods), request.at)
    step = max(len(found) // 9, 1)
    cards = "".join(_featured(writer, world.offer(index)) for index in list(found[::step])[:9])
    content = f' <div class="feature-listing">\n{cards} </div>\n'
    path = path_to("fa-home", f"{request.root}/home", "Home")
    left = menu(writer, None) + rates(writer)
    return ShownPage(frame(writer, "Home", path, left, content), writer.page)


def _featured(writer: Writer, offer: Offer) -> str:
    record = facts.featured(writer.world, offer, writer.day)
    writer.page.listings.append(record)
    href, root = product_link(writer, offer), writer.request.root
    assert record.price is not None
    return f"""<div class="col-2" style="">
 <a style="float:left; padding-right: 5px; font-weight: bold;" href="{href}">
 <div class="col-2-img-pad">
 <img src="{root}/public/uploads/{record.external_id}-100_100.jpeg" alt="">
 <!--<img src="">-->
 </div>
 <p class='paddingInit'> <a href="{href}">{escape(offer.title)}</a></p>
 <p class='paddingInit'>Item # {record.external_id} - {record.category[0]} - \
<a href="{user_link(writer, offer.seller)}">{offer.seller.handle}</a></p>
 <p class='paddingInit'>Buy: USD {grouped(record.price)}</p>
 </a>
 </div>
"""


def category(world: World, request: Request, spot: Spot, offset: int) -> ShownPage:
    """Return a page of a category; ``offset`` counts offers."""
    writer = Writer(NAME, "search", world, request)
    found = world.open_in(spot.low, spot.high, request.at)
    sorts = " - ".join(
        f'<a href="{category_link(writer, spot.number, f"/price_{word}")}">Price {words}</a>'
        for word, words in (("asc", "Low to High"), ("desc", "High to Low"))
    )
    page, pages = offset // facts.PER_PAGE + 1, -(-len(found) // facts.PER_PAGE)
    if request.endless:
        offset = (page - 1) % max(pages, 1) * facts.PER_PAGE
        pages = page + 1

    def href(index: int) -> str:
        return category_link(writer, spot.number, f"/{index * facts.PER_PAGE}" if index else "")

    content = (
        f"Sort: {sorts}\n"
        + _cards(writer, found[offset : offset + facts.PER_PAGE])
        + pager(page, pages, href)
    )
    left = menu(writer, spot) + rates(writer)
    path = path_of(writer, "fa-search-plus", spot)
    return ShownPage(frame(writer, "", path, left, content), writer.page)


def search(world: World, request: Request, words: str) -> ShownPage:
    """Return what a search finds among the newest listings: one page."""
    writer = Writer(NAME, "search", world, request)
    wanted = words.casefold()
    found = [
        index
        for index in world.open_in(0, len(TREE.goods), request.at)[-2000:]
        if wanted and wanted in world.offer(index).title.casefold()
    ]
    path = path_to("fa-search-plus", f"{request.root}/search", "Search results")
    content = _cards(writer, found[: facts.PER_PAGE]) or "<p>No results found.</p>\n"
    left = menu(writer, None) + rates(writer)
    return ShownPage(frame(writer, "", path, left, content), writer.page)


def store(world: World, request: Request, seller: Seller, offset: int) -> ShownPage:
    """Return a page of a vendor's store."""
    writer = Writer(NAME, "search", world, request)
    offers = world.offers_of(seller, request.at)
    page, pages = offset // facts.PER_PAGE + 1, -(-len(offers) // facts.PER_PAGE)
    base = f"/store/{quote(seller.handle)}"

    def href(index: int) -> str:
        path = f"{base}/{index * facts.PER_PAGE}" if index else base
        return writer.link("search", None, request.root + path, path)

    shown = [offer.index for offer in offers[offset : offset + facts.PER_PAGE]]
    content = _cards(writer, shown) + pager(page, pages, href)
    path = path_to("fa-user", user_link(writer, seller), f"{seller.handle}'s Store")
    left = menu(writer, None)
    return ShownPage(frame(writer, "", path, left, content or "<p>No results.</p>"), writer.page)


def _cards(writer: Writer, indexes: Sequence[int]) -> str:
    return "".join(_card(writer, writer.world.offer(index)) for index in indexes)


def _card(writer: Writer, offer: Offer) -> str:
    record = facts.card(writer.world, offer, writer.day)
    writer.page.listings.append(record)
    href, root = product_link(writer, offer), writer.request.root
    assert record.price is not None
    place = " /\n ".join(record.category)
    images = "\n ".join(
        f'<img width="18px" height="18px" src="{root}/public/image/{coin.lower()}_small.png"/>'
        for coin in record.currencies
    )
    sticky = '<span style="color:red;">[sticky]</span> ' if offer.index % 19 == 0 else ""
    return f"""<div class="col-1search">
 <a href="{href}">
 <div class="col-1search-img">
 <img src="{root}/public/uploads/{record.external_id}-100_100.jpg" alt="">
 <!--<img src="">-->
 </div>
 </a>
 <div class="col-1centre">
 <div class="head">
 {sticky}<a href="{href}">{escape(offer.title)}</a>
 <p class="padp">Item # {record.external_id} - {place} - \
<a href="{user_link(writer, offer.seller)}">{offer.seller.handle}</a> \
({writer.world.sales(offer.seller, writer.at)})</p>
 <br>
 <b>Views:</b> {record.views} / <b>Sales:</b> {record.sold} <br>
 <b>Quantity left:</b> {"Unlimited" if record.stock is None else record.stock}
 </div>
 </div>
 <div class="col-1right">
 <b>Buy Price</b>
 <p class="bold padp">USD <a>{grouped(record.price)}</a></p>
 <p class="padp">({record.price_alternatives[0].amount} BTC)</p>
 <p class="padp">
 {images}
 </p>
 </div>
 </div>
"""


# -- a listing -------------------------------------------------------------------------------


def listing(world: World, request: Request, offer: Offer, tab: str) -> ShownPage:
    """Return a listing's page with one of its tabs open: ``desc``, ``feedback``, ``refund``."""
    writer = Writer(NAME, "listing", world, request)
    record = facts.listing(world, offer, request.at)
    writer.page.listings.append(record)
    writer.page.vendors.append(facts.marks(world, offer.seller, request.at))
    if tab != "refund":
        record.terms = None
    root, numbers = request.root, facts.numbers(world, offer)
    spot = TREE.leaves[offer.leaf]
    levels, imported = marks(writer, offer.seller, "levelSet")
    tabs = ""
    for name, words in (
        ("desc", "Description"),
        ("feedback", "Feedback"),
        ("refund", "Refund policy"),
    ):
        path = f"/Product_List/setTab/{numbers}/{name}"
        href = writer.link("listing", record.external_id, root + path, path)
        tabs += f'<a class="tablinks {"focus" if name == tab else ""}" href="{href}">{words}</a>\n'
    auto = "<span>Unlimited items available for auto-dispatch</span>\n" if offer.digital else ""
    content = f"""<div>
 <div class="imagePortion">
 <div class="bigimage">
 <a href="{root}/public/uploads/{record.external_id}.jpeg" target="_blank">
 <img src="{root}/public/uploads/{record.external_id}-150_150.jpeg" alt="">
 </a>
 </div>
 </div>
 <div class="listDes">
 <h2 style="margin:0px;">{escape(offer.title)}</h2>
 <p id="desc_prod">{escape(offer.description)}</p>
 <p>Sold by <b><a href="{user_link(writer, offer.seller)}">{offer.seller.handle}</a> - </b> \
<span>{record.sold:,} sold since {offer.listed:%B} {offer.listed.day}, {offer.listed.year}</span>
{auto}{levels}{imported} </p>
{_facts(offer, writer)} <br><br>
{_bulk(writer, offer)}<br><br>
{_order(writer, offer)} </div>
 </div>
 <div class="clear"></div>
 <div class="tab">
{tabs} </div>
 <div class="tabcontent" style="display:block;">
{_tab(writer, offer, tab)} </div>
"""
    left = menu(writer, spot)
    path = path_of(writer, "fa-shopping-cart", spot)
    return ShownPage(frame(writer, offer.title, path, left, content), writer.page)


def _tab(writer: Writer, offer: Offer, tab: str) -> str:
    style = "word-wrap: break-word; white-space: pre-wrap;"
    if tab == "feedback":
        found = writer.world.reviews_of(offer, writer.at)[: facts.PRODUCT_WINDOW]
        return feedback(writer, found)
    if tab == "refund":
        return f'<h3>Refund policy</h3>\n<p style="{style}">{escape(offer.terms)}</p>\n'
    tags = ""
    for name in offer.good.names[:2]:
        path = f"/home/searchProducts?searchText={quote_plus(name)}"
        href = writer.link("search", None, writer.request.root + path, path)
        tags += f'<span class="tags"><a href="{href}">{name}</a></span>\n'
    return f"""<h3>{escape(offer.title)}</h3>
<p style="{style}">{escape(offer.description)}</p>
<div class="tagsDiv">
{tags}</div>
"""


def _facts(offer: Offer, writer: Writer) -> str:
    record = writer.page.listings[0]
    stock = "Unlimited" if record.stock is None else f"{record.stock}"
    return f""" <table class="productTbl">
 <thead>
 <tr>
 <th></th>
 <th>Features</th>
 <th></th>
 <th>Features</th>
 </tr>
 </thead>
 <tbody>
<tr>
<td><b>Product Class</b></td>
<td>{"Digital Goods" if offer.digital else "Physical Package"}</td>
<td><b>Origin Country</b></td>
<td>{record.ships_from_text or ""}</td>
</tr>
<tr>
<td><b>Quantity Left</b></td>
<td><span><b>{stock}</b></span>
</td>
<td><b>Ships to</b></td>
<td>{record.ships_to_text or ""}</td>
</tr>
<tr>
<td><b>Ends In</b></td>
<td>Never</td>
<td><b>Payment</b></td>
<td>{facts.payment(offer)[0]}</td>
</tr>
 </tbody>
 </table>
"""


def _bulk(writer: Writer, offer: Offer) -> str:
    rows = "".join(
        f"""<tr>
<td><b>Bulk Discount</b></td>
<td>From qty {tier.min_quantity} to {tier.max_quantity}</td>
<td>USD {grouped(tier.price)} </td>
<td>{coin.amount} BTC</td>
</tr>
"""
        for tier, coin in facts.tiers(writer.world, offer, writer.day)
        if tier.price is not None
    )
    if not rows:
        return ""
    return f"""<table class="productTbl">
 <thead>
 <tr>
 <th></th>
 <th>Bulk Discounts</th>
 <th>Price</th>
 <th></th>
 </tr>
 </thead>
 <tbody>
{rows}</tbody>
</table>
"""


def _order(writer: Writer, offer: Offer) -> str:
    record, root = writer.page.listings[0], writer.request.root
    assert record.price is not None
    ways = ""
    for way in record.shipping_options:
        assert way.price is not None
        plural = "" if way.days == "1" else "s"
        days = f"  -  {way.days} day{plural}" if way.days else ""
        per = f" / {way.per}" if way.per else ""
        post = f"{escape(way.name)}{days}  - USD + {way.price.amount}{per}"
        ways += f'<option value="{escape(way.name)} - EUR + 1.00">{post}</option>\n'
    buttons = "".join(
        '<input type="submit" class="btnbuy replyBtn" value="Buy Now" '
        f"name='btnBuy_{coin.lower()}'>\n"
        for coin in record.currencies
    )
    prices = " / ".join(f"{coin.amount} {coin.currency}" for coin in record.price_alternatives)
    return f""" <div style="margin-top:5px;">
 <form action="{root}/Product_List/setQueue/{facts.numbers(writer.world, offer)}" method="post">
 <select name="shippingOption" class="productTbl marginShip">
{ways} </select>
 <p class="padp" style="margin-bottom: 10px;"><b>Purchase price:</b> \
<span style="font-size: 15px;color: red;">USD {grouped(record.price)}</span></p>
 Qty: <input value="1" type="number" min="1" max="9999" name="Qty" style="width:100px;">
 <!--BTC, LTC, XMR-->
{buttons} <p style="padding-top: 10px; padding-left: 0px;">{prices}</p>
 </form> </div>
"""
