"""Dream Market: its pages of offers and its profiles, for one who is signed in."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from simulator.facts import Offer, Seller
from simulator.market_site import Request, ShownPage
from simulator.markets import dream_facts as facts
from simulator.markets.dream_frame import NAME, TREE, frame
from simulator.markets.dream_parts import card, done, not_shown, pager_of, rating_rows, vendor_line
from simulator.tree import Spot
from simulator.world import World
from simulator.writing import Writer

PER_PAGE = 20
STORE = 15


# -- pages of offers -------------------------------------------------------------------------


def welcome(world: World, request: Request) -> ShownPage:
    """Return the page with news that stands before the market."""
    writer = Writer(NAME, "index", world, request)
    content = f"""<div>
<div class="title">Welcome</div>
<br/>
<h2>News</h2>
<div class="newFeature">A note on passwords</div>
Write the mirrors down at {request.root}/ and change your password <a \
href="./securityCenter">here</a>.
<div class="newsAuthors">02/01/2018</div>
<br/>
<div class="actionContainer">
<a class="likeSubmit" href="./?proceed">Proceed to market</a>
</div>
</div>
"""
    return done(writer, frame(writer, "Welcome", content, None, right=True))


def front(world: World, request: Request) -> ShownPage:
    """Return the market's front page, with a few offers of all categories."""
    writer = Writer(NAME, "index", world, request)
    offers = world.open_in(0, len(TREE.goods), request.at)
    step = max(len(offers) // 12, 1)
    cards = "".join(
        card(writer, world.offer(index), named=True) for index in list(offers[::step])[:12]
    )
    content = (
        f'<div class="shop">\n<div class="title">Featured</div>\n<div>\n{cards}</div>\n</div>\n'
    )
    return done(writer, frame(writer, "Dream Market", content, None, right=True))


def category(world: World, request: Request, spot: Spot, page: int) -> ShownPage:
    """Return a page of a category."""
    offers = world.open_in(spot.low, spot.high, request.at)
    return _results(world, request, spot, offers, page, "category", spot.number)


def search(world: World, request: Request, words: str) -> ShownPage:
    """Return what a search finds among the newest listings: one page."""
    wanted = words.casefold()
    offers = [
        index
        for index in world.open_in(0, len(TREE.goods), request.at)[-2000:]
        if wanted in world.offer(index).title.casefold()
    ]
    return _results(world, request, None, offers[:PER_PAGE], 1, "q", words)


def _results(
    world: World,
    request: Request,
    spot: Spot | None,
    offers: Sequence[int],
    page: int,
    name: str,
    value: str,
) -> ShownPage:
    writer = Writer(NAME, "search", world, request)
    pages = -(-len(offers) // PER_PAGE)
    pager = pager_of(writer, page, page + 1 if request.endless else pages, name, value)
    if request.endless:
        page = (page - 1) % max(pages, 1) + 1
    cards = "".join(
        card(writer, world.offer(index), named=True)
        for index in offers[PER_PAGE * (page - 1) : PER_PAGE * page]
    )
    heading = f"{spot.name if spot else 'Search results'} ({len(offers)})"
    content = f"""<div class="shop">
<div class="title">
		{escape(heading)}</div>
<div class="offerFilter">
<fieldset>
<legend>Filter</legend>
<form class="shopSearchform" method="get">
<table class="filterOption">
<tr><td><label for="shippingTo">Ships to</label><br/>
<select class="regionSelect shippingTo" id="shippingTo" name="shippingTo">
<option value=""></option>
<option value="15">Worldwide</option>
</select></td>
<td><input class="xtgeninp xtsrc" id="searchtext" name="q" type="text" value=""/>
</td></tr>
</table>
</form>
</fieldset>
</div>
{pager}<div>
{cards}</div>
{pager}</div>
"""
    title = f"Category {spot.name}" if spot else "Search"
    return done(writer, frame(writer, title, content, spot))


# -- a listing -------------------------------------------------------------------------------


def listing(world: World, request: Request, offer: Offer) -> ShownPage:
    """Return a listing's page; which rows it has, and in what order, varies."""
    writer = Writer(NAME, "listing", world, request)
    record = facts.listing(world, offer, request.at)
    writer.page.listings.append(record)
    writer.page.vendors.append(facts.vendor_line(world, offer.seller, request.at))
    pair, member = record.external_id, quote(offer.seller.handle)
    rows = [
        ("Vendor", vendor_line(writer, offer.seller, link=True, mark=True)),
        ("Price", facts.price(world, offer, request.day)[2]),
    ]
    if not offer.digital:
        rows += [
            ("Ships to", record.ships_to_text or ""),
            ("Ships from", record.ships_from_text or ""),
        ]
    rows.append(("Escrow", "No" if record.payment == ["finalize_early"] else "Yes"))
    if offer.index % 5 == 0:
        rows = [*rows[:1], *rows[:0:-1]]
    details = "".join(
        f"<div>\n<label>{label}</label>\n<span>\n\t\t\t\t{value}\n\t\t\t</span>\n</div>\n"
        for label, value in rows
    )
    page = f"/contactMember?member={member}"
    whose = f'<a href="{writer.link("vendor", offer.seller.handle, "." + page, page)}">'
    own = ""
    if offer.index % 4 == 0:
        own = f"""<div>
<div class="subtitle">Refund policy</div>
<div class="preformattedNotes"><pre>{escape(offer.terms)}</pre></div>
</div>
"""
    ratings = world.reviews_of(offer, request.at)
    table = rating_rows(writer, ratings[: facts.PRODUCT_WINDOW], on_listing=True)
    content = f"""<div class="viewProduct">
<div class="title">{escape(offer.title)}</div>
<div class="tabularDetails">
{details}</div>
<div class="invhspacer"> </div>
<div class="offerImage">
<img alt="{escape(offer.title)}" class="productImage" src="uploadedImage?id={pair}&amp;type=large"/>
</div>
<div>
<div class="subtitle">Product description</div>
<div class="preformattedNotes" id="offerDescription"><pre>{escape(offer.description)}</pre>
</div>
</div>
<div>
<div class="subtitle">Terms and conditions of {whose}{offer.seller.handle}</a></div>
<div class="preformattedNotes"><pre>{escape(offer.seller.terms)}</pre>
</div>
</div>
{own}<form action="./checkout" method="get">
<input name="offer" type="hidden" value="{pair}"/>
{_order_form(writer, offer)}</form>
<br/>
<div class="ratings">
<div class="newFeature">Product ratings</div>
<table class="hoverable">
{table}</table>
{not_shown(writer, len(ratings) - facts.PRODUCT_WINDOW)}</div>
</div>
"""
    spot = TREE.leaves[offer.leaf]
    return done(writer, frame(writer, offer.title, content, spot, right=True))


def _order_form(writer: Writer, offer: Offer) -> str:
    rows = "".join(
        f"""<tr>
<td class="coinsNoWrap" width="10%"><label for="s{n}">{words}					</label></td>
<td class="text" width="80%"><label for="s{n}">{escape(option.name)}</label></td>
<td class="text dontwrap">
<input id="s{n}" name="shippingOption" type="radio" value="{n}"/>
</td>
</tr>
"""
        for n, (option, words) in enumerate(facts.options(writer.world, offer, writer.day))
    )
    ways = ""
    if rows:
        ways = f"""<div class="newFeature">Shipping options</div>
<table class="shippingTable hoverable">
<tbody>
{rows}</tbody>
</table>
"""
    accepted = facts.listing(writer.world, offer, writer.at).currencies
    coins = "".join(
        f"""<tr class="">
<td class="text" width="80%"><label for="c{n}">{name} ({code})</label></td>
<td class="text dontwrap" width="6%">
<input {"" if code in accepted else "disabled"} id="c{n}" name="cryptocurrency" type="radio"/>
</td>
</tr>
"""
        for n, (name, code) in enumerate(
            (("Bitcoin", "BTC"), ("Bitcoin Cash", "BCH"), ("Monero", "XMR"))
        )
    )
    return f"""{ways}<div class="newFeature">Cryptocurrency</div>
<table class="shippingTable hoverable">
<tbody>
{coins}</tbody>
</table>
<div class="actionContainer">
<label for="QuantityInput">Quantity</label>
<input id="QuantityInput" min="2" max="40" name="quantity" type="text" value="1"/>
<input title="Proceed to next page" type="submit" value="Add to cart"/>
</div>
"""


# -- a vendor --------------------------------------------------------------------------------


def vendor(world: World, request: Request, seller: Seller, tab: str, page: int) -> ShownPage:
    """Return a profile: the tab ``profile`` or ``ratings``, and the vendor's offers below."""
    writer = Writer(NAME, "vendor", world, request)
    record = facts.profile(world, seller, request.at)
    writer.page.vendors.append(record)
    member = quote(seller.handle)
    assert record.last_active_on is not None
    away = (request.day - record.last_active_on).days
    post = {0: " (today)", 1: " (yesterday)"}.get(away, "")
    rows = "".join(
        f'<div class="memberSince">\n<label>{label}</label>\n<span>{value}</span>\n</div>\n'
        for label, value in (
            ("FE enabled", "Yes" if record.finalize_early else "No"),
            ("Join date", f"{seller.joined:%d/%m/%Y}"),
            ("Last active", f"{record.last_active_on:%d/%m/%Y}{post}"),
        )
    )
    tabs = ""
    for name, query in (("profile", ""), ("ratings", "&tab=ratings")):
        target = f"member={member}{query}"
        if name == tab:
            tabs += (
                f'<td class="pListItem pSelected"><span class="pTabLabel">{name.title()}</span>'
                "</td>\n"
            )
            continue
        href = writer.link(
            "vendor",
            seller.handle,
            f"?{target}{'#tabChooser' if query else ''}",
            f"/contactMember?{target}",
        )
        tabs += (
            f'<td class="pListItem"><a class="pTabLabel" href="{href}">{name.title()}</a></td>\n'
        )
    body = _texts(writer, seller) if tab == "profile" else _rating_tab(writer, seller)
    offers = world.offers_of(seller, request.at)
    pager = pager_of(writer, page, -(-len(offers) // STORE), "member", seller.handle)
    cards = "".join(
        card(writer, offer, named=False) for offer in offers[STORE * (page - 1) : STORE * page]
    )
    warning = '<div class="warningBox">This vendor has been banned.</div>\n'
    content = f"""<div class="contactMember">
<style type="text/css">
.andMoreRatings {{
	margin: 0.2em;
}}
</style>
<div class="paddingOnRight">
<div class="title">Contact vendor</div>
<div class="rightAlign">
<div>
<a class="mediumButton" href="./reportVendor?vendor={member}" target="_blank">Report Vendor</a>
</div>
<div>
<a class="mediumButton green" href="./contactMember?action=addToFavorites&amp;member={member}">\
Add to favourites</a>
</div>
<div class="talkToUser">
<a class="mediumButton green" href="?member={member}#conversation">Send message</a>
</div>
</div>
{warning if record.banned else ""}<div class="profileNotes tabularDetails">
<div class="memberSince">
<table class="pTable"><tr><td class="ptableLabel">
<label>Username</label>
</td>
<td>
<span>{vendor_line(writer, seller, link=False, mark=True)}\
{" (banned)" if record.banned else ""}</span>
</td>
</tr>
</table> </div>
{rows}</div>
</div> <!-- paddingOnRight -->
<a name="tabChooser"></a>
<div style="">
<table class="pnav centerDefault">
<tr>
<td class="pListItem pFirst"> </td>
{tabs}<td class="pListItem pLast"></td>
</tr>
</table>
</div>
<br/>
{body}
<div class="newFeature">Listings from {seller.handle}</div> <a name="shop"> </a>
<div class="shop">
{pager}{cards}</div>
</div>
"""
    return done(writer, frame(writer, f"Contact {seller.handle}", content, None))


def _texts(writer: Writer, seller: Seller) -> str:
    record = writer.page.vendors[0]
    record.terms = seller.terms
    record.pgp_key, record.pgp_fingerprint = seller.key, seller.fingerprint
    return f"""<div class="messagingTab">
<div>
<div class="subtitle">Terms and conditions</div>
<div class="preformattedNotes">
<pre>{escape(seller.terms)}</pre>
</div>
</div>
<div>
<div class="subtitle">Public PGP key</div>
<div class="preformattedNotes">
<pre class="code">{seller.key}</pre>
</div>
</div>
<div class="subtitle">Leave a message<a name="conversation"> </a></div>
<form action="./contactMember?member={quote(seller.handle)}" method="post">
<textarea name="message_text" placeholder="Enter text" rows="10"></textarea>
</form>
</div>
"""


def _rating_tab(writer: Writer, seller: Seller) -> str:
    world = writer.world
    record = writer.page.vendors[0]
    record.feedback_counts = facts.feedback_counts(world, seller, writer.at)
    counts = ""
    for count in record.feedback_counts:
        cells = "".join(f"<td>{number}</td>" for number in count.stars or ())
        counts += f"<tr><td>{count.period.capitalize()}</td>{cells}<td>(-)</td></tr>"
    total = world.review_count(seller, writer.at)
    newest = range(total - 1, max(total - 1 - facts.WINDOW, -1), -1)
    rows = rating_rows(writer, (world.review(seller, n) for n in newest), on_listing=False)
    return f"""<div style=""><div id="tableOfRatings">
<table class="centerDefault hoverable">
<thead>
<tr>
<td>Age</td>
<td>1 Stars</td><td>2 Stars</td><td>3 Stars</td><td>4 Stars</td><td>5 Stars</td><td>Rating</td>
</tr>
</thead>
<tbody>{counts}</tbody></table>
</div><div class="warningBox"><b>Do not</b> open links from ratings.</div>
<table class="ratingTable hoverable">
<colgroup>
<col width="45"/>
<col width="10"/>
</colgroup>
<tbody>
{rows}</tbody></table>
{not_shown(writer, total - facts.WINDOW)}</div>
"""


def missing(world: World, request: Request, what: str = "Listing") -> ShownPage:
    """Return what the market says of an offer or a member that is not there."""
    writer = Writer(NAME, "not_found", world, request)
    content = f"""<div>
<div class="title">{what} not found</div>
<div style="margin: 2em auto; text-align: center;">
<img alt="Not found" src="./../item-not-found.jpg"/>
</div>
</div>
"""
    return done(writer, frame(writer, f"{what} not found", content, None, right=True))
