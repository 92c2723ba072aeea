"""Wall Street Market: its pages for one who is signed in."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from cryptodrug_scraper.records import Listing, Vendor
from simulator.facts import Offer, PostedReview, Seller
from simulator.market_site import Request, ShownPage
from simulator.markets import wall_street_facts as facts
from simulator.markets.wall_street_frame import (
    ARROW,
    FILTERS,
    NAME,
    NO_LIMIT,
    TREE,
    count,
    frame,
    icon,
)
from simulator.tree import Spot
from simulator.world import World
from simulator.writing import Writer


def _offer_link(writer: Writer, offer: Offer, tail: str = "") -> str:
    number = str(writer.world.number(offer.index))
    path = f"/offer/{number}{tail}"
    return writer.link("listing", number, path, path)


def _profile_link(writer: Writer, seller: Seller, tail: str = "") -> str:
    path = f"/profile/{quote(seller.handle)}{tail}"
    return writer.link("vendor", seller.handle, path, path)


def _price(writer: Writer, record: Listing) -> str:
    assert record.price is not None
    return facts.money_text(writer.world, record.price)


# -- results ---------------------------------------------------------------------------------


def _card(writer: Writer, offer: Offer) -> str:
    world = writer.world
    record = facts.card(world, offer, writer.day)
    writer.page.listings.append(record)
    href = _offer_link(writer, offer)
    if offer.digital:
        places = f"<br>\n        {icon('ios-monitor-outline')} Digital good"
    else:
        places = f"""<br>
        {icon("log-out")} Ships from: {record.ships_from_text}<br>
        {icon("log-in")} {record.ships_to_text}"""
    return f"""    <div class="col-md-4"><div class="card">
      <a href="{href}"><img class="card-img-top" src="data:image/jpeg;base64,/9j/4A=="></a>
      <div class="card-body">
        <h4 class="card-title"><a href="{href}">{escape(offer.title)}</a></h4>
        <hr>
        <a href="{_profile_link(writer, offer.seller)}">{offer.seller.handle}</a> \
<span class="badge badge-success">Level {facts.level(world, offer.seller, writer.at)}</span>
        <hr>
        <b>{_price(writer, record)}</b> / {offer.good.each}{places}
      </div>
    </div></div>
"""


def _row(writer: Writer, number: int, offer: Offer) -> str:
    record = facts.card(writer.world, offer, writer.day, table=True)
    writer.page.listings.append(record)
    level = facts.level(writer.world, offer.seller, writer.at)
    return (
        f'      <tr><td>{number}</td><td><a href="{_offer_link(writer, offer)}">'
        f'{escape(offer.title)}</a></td><td><a href="{_profile_link(writer, offer.seller)}">'
        f'{offer.seller.handle}</a> <span class="badge">Level {level}</span></td>'
        f"<td>{_price(writer, record)} / {offer.good.each}</td></tr>\n"
    )


def home(world: World, request: Request) -> ShownPage:
    """Return the home page: news, and a few featured offers."""
    writer = Writer(NAME, "index", world, request)
    found = world.open_in(0, len(TREE.goods), request.at)
    step = max(len(found) // 6, 1)
    cards = "".join(_card(writer, world.offer(index)) for index in list(found[::step])[:6])
    content = f"""  <div class="row"><div class="col">
    <h3>News</h3>
    <p><b>Jan 14, 2019</b> The market will be under maintenance on Sunday.</p>
  </div></div>
  <h3>Featured</h3>
  <div class="row">
{cards}  </div>
"""
    return ShownPage(frame(writer, content), writer.page)


def results(
    world: World, request: Request, spot: Spot | None, page: int, limit: int, *, empty: bool
) -> ShownPage:
    """Return results as cards or, for some accounts, as a table; ``empty`` if wrongly asked."""
    writer = Writer(NAME, "search", world, request)
    low, high = (spot.low, spot.high) if spot else (0, len(TREE.goods))
    found = world.open_in(low, high, request.at)
    pages = max(-(-len(found) // limit), 1)
    shown_as = page
    if request.endless:
        page = (page - 1) % pages + 1
        pages = shown_as + 1
    offers = [] if empty else [world.offer(n) for n in found[limit * (page - 1) : limit * page]]
    if world.chance.happens(0.3, "table"):
        rows = "".join(
            _row(writer, number, offer)
            for number, offer in enumerate(offers, limit * (page - 1) + 1)
        )
        shown = f"""  <table class="table table-striped">
    <thead><tr><th>#</th><th>Title</th><th>Vendor</th><th>Price</th></tr></thead>
    <tbody>
{rows}    </tbody>
  </table>
"""
    else:
        cards = "".join(_card(writer, offer) for offer in offers)
        shown = f'  <div class="row">\n{cards}  </div>\n'
    held = dict(zip(FILTERS, spot.numbers if spot else (), strict=False))
    selects = ""
    for name in FILTERS:
        option = f'<option value="{held[name]}" selected>x</option>' if name in held else ""
        selects += (
            f'    <select name="form[{name}]"><option value="0">All</option>{option}</select>\n'
        )
    content = f"""  <form method="post" action="/index" class="filter">
    <input type="hidden" name="form[_token]" value="tok-9f8e"><input type="hidden" \
name="form[page]" value="{page}">
{selects}    <label>Ships from:</label> <select name="form[shipsfrom]"><option value="0">All\
</option><option value="DE">Germany</option></select>
    <select name="form[shipsto]"><option value="0">All</option></select>
    <select name="form[sort]"><option value="0">Newest</option></select> <select \
name="form[limit]"><option value="30">30</option><option value="90">90</option></select>
    <button type="submit">Filter</button>
  </form>
{shown}{_pager(writer, 1 if empty else shown_as, pages, held)}"""
    return ShownPage(frame(writer, content), writer.page)


def _pager(writer: Writer, page: int, pages: int, held: dict[str, str]) -> str:
    """Return the pager; what it posts beside the page, the session knows."""
    items = ""
    category = list(held.values())[-1] if held else None
    for number in range(1, pages + 1):
        if number not in (1, pages) and abs(number - page) > 4:
            continue
        button = f'<button class="page-link" name="page" value="{number}">{number}</button>'
        disabled = " disabled" if number == page else ""
        if not disabled:
            fields = "&".join([f"page={number}", *(f"{k}={v}" for k, v in held.items())])
            writer.link("search", category, "", f"/index#{fields}")
        items += f'      <li class="page-item{disabled}">{button}</li>\n'
    return f"""  <form method="post" action="/index"><input type="hidden" name="dofilter" value="0">
    <ul class="pagination">
{items}    </ul>
  </form>
"""


# -- an offer --------------------------------------------------------------------------------


def _stars(number: int) -> str:
    return icon("ios-star") * number


def _feedback(writer: Writer, reviews: Iterable[PostedReview]) -> str:
    rows = ""
    for post in reviews:
        record = facts.review(writer.world, post, writer.at)
        writer.page.reviews.append(record)
        text = escape(post.text or "").replace("\n", "<br>")
        rows += (
            f'    <tr><td>{_stars(post.stars)} <small class="text-muted">({record.rating})</small>'
            f"</td><td>{text}</td><td>{record.author}</td>"
            f"<td>{facts.when(writer.at, post.posted)[0]}</td></tr>\n"
        )
    if not rows:
        return '  <h3>Feedback</h3>\n  <table class="table"></table>\n'
    return f"""  <h3>Feedback</h3>
  <table class="table"><thead><tr><th>Rating</th><th>Comment</th><th>Buyer</th><th>Time</th></tr>\
</thead><tbody>
{rows}  </tbody></table>
"""


def _tables(writer: Writer, offer: Offer) -> str:
    world = writer.world
    tiers = "".join(
        f"    <tr><td>{words}</td><td>{facts.money_text(world, tier.price)}</td>"
        f"<td>{facts.coin_text(coin)}</td></tr>\n"
        for words, tier, coin in facts.tiers(world, offer, writer.day)
        if tier.price is not None
    )
    options = "".join(
        f"    <tr><td>{escape(option.name)}</td><td>1 - {NO_LIMIT if n % 2 == 0 else 100}</td>"
        f"<td>{facts.money_text(world, option.price)}</td><td>{facts.coin_text(coin)}</td></tr>\n"
        for n, (option, coin) in enumerate(facts.options(world, offer, writer.day))
        if option.price is not None
    )
    return f"""  <h4>{icon("pricetags")} Prices</h4>
  <table class="table"><thead><tr><th>Amount</th><th>Price</th><th>BTC</th></tr></thead><tbody>
{tiers}  </tbody></table>
  <h4>{icon("cube")} Shipping Options</h4>
  <table class="table"><thead><tr><th>Name</th><th>Amount</th><th>Price</th><th>BTC</th></tr>\
</thead><tbody>
{options}  </tbody></table>
"""


def _lists(writer: Writer, offer: Offer, record: Listing) -> tuple[str, str]:
    """Return the first list, told by icons, and the second, told by labels."""
    world = writer.world
    first = []
    if offer.digital:
        first.append(f"{icon('ios-monitor-outline')} Digital good")
    else:
        first.append(f"{icon('log-out')} Ships from: {record.ships_from_text}")
        first.append(f"{icon('log-in')} {record.ships_to_text}")
    first.append(f"{icon('android-share-alt')} {facts.PAYMENT[offer.index % 3][0]}")
    if offer.index % 4 == 0:
        first.append(f"{icon('android-checkmark-circle')} Auto-Accept")
    stock = NO_LIMIT if record.stock is None else count(world, record.stock)
    most = NO_LIMIT if record.max_order is None else count(world, record.max_order)
    second = [
        f"<b>Category:</b> {ARROW.join(map(escape, record.category))}",
        f"<b>Minimum amount per order:</b> {record.min_order}",
        f"<b>Maximum amount per order:</b> {most}",
        f"<b>Views:</b> {count(world, record.views or 0)}",
        f"<b>Quantity in stock:</b> {stock}",
        f"<b>Already sold:</b> {count(world, record.sold or 0)}",
    ]
    if offer.digital:
        second += ["<b>Country:</b> Germany", "<b>Replace-Time:</b> 24 hours"]
    return "<br>\n      ".join(first), "<br>\n      ".join(second)


def listing(world: World, request: Request, offer: Offer, *, refund: bool) -> ShownPage:
    """Return an offer's page, in the layout with headings or in the one without."""
    writer = Writer(NAME, "listing", world, request)
    record = facts.listing(world, offer, request.at)
    writer.page.listings.append(record)
    writer.page.vendors.append(Vendor(handle=offer.seller.handle))
    first, second = _lists(writer, offer, record)
    vendor = f'<a href="{_profile_link(writer, offer.seller)}">{offer.seller.handle}</a>'
    title = f'<h1 class="fheading">{escape(offer.title)}</h1>'
    if offer.index % 2:
        info = f"""  {title}
  <div class="row">
    <div class="col-md-4"><img class="img-thumbnail" src="data:image/jpeg;base64,/9j/4A=="></div>
    <div class="col-md-8">
      <h1>Info</h1>
      <p>Vendor: {vendor}</p>
      <p>{first}</p>
      <h4>Information</h4>
      <p>{second}</p>
    </div>
  </div>
"""
    else:
        info = f"""  <div class="offer">
    {title}
    <small>by {vendor}</small>
    <p>{first}</p>
    <p>{second}</p>
  </div>
"""
    here, there = _offer_link(writer, offer), _offer_link(writer, offer, "/refund")
    active = ("", " active") if refund else (" active", "")
    text = offer.terms if refund else offer.description
    if refund:
        record.description = None
    else:
        record.terms = None
    tab = escape(text).replace("\n", "<br />\n")
    content = f"""{info}{_tables(writer, offer)}  <form action="/offer/{record.external_id}/order" \
method="post"><label>Amount:</label> <input name="order[amount]" min="1" max="500">\
<button>Buy</button></form>
  <ul class="nav nav-tabs"><li class="nav-item"><a class="nav-link{active[0]}" href="{here}">\
Description</a></li><li class="nav-item"><a class="nav-link{active[1]}" href="{there}">\
Refund policy</a></li></ul>
  <div id="tabcontent">{tab}</div>
{_feedback(writer, world.reviews_of(offer, request.at))}"""
    return ShownPage(frame(writer, content), writer.page)


# -- a vendor --------------------------------------------------------------------------------


def profile(world: World, request: Request, seller: Seller, tab: str) -> ShownPage:
    """Return a profile with the tab ``offers``, ``pgp`` or ``info`` open."""
    writer = Writer(NAME, "vendor", world, request)
    record = facts.profile(world, seller, request.at)
    writer.page.vendors.append(record)
    facts_rows = "".join(
        f"    <tr><td>{label}</td><td>{value}</td></tr>\n"
        if value
        else f'    <tr><th colspan="2">{label}</th></tr>\n'
        for label, value in _rows(writer, seller, record)
    )
    tabs = "".join(
        f'<li class="nav-item"><a class="nav-link{" active" if name == tab else ""}" '
        f'href="{_profile_link(writer, seller, "/" + name)}">{name.upper()}</a></li>'
        for name in ("offers", "pgp", "info")
    )
    if tab == "offers":
        text = _store(writer, seller)
    elif tab == "pgp":
        record.pgp_key, record.pgp_fingerprint = seller.key, seller.fingerprint
        text = f"<pre>{seller.key}</pre>"
    else:
        record.profile = seller.profile
        text = escape(seller.profile).replace("\n", "<br />\n")
    mark = ' <span class="badge badge-success">Trusted Vendor</span>' if record.trusted else ""
    banned = '  <div class="alert alert-danger">This vendor is banned.</div>\n'
    content = f"""  <h2>{seller.handle}{mark}</h2>
{banned if record.banned else ""}  <table class="table">
{facts_rows}  </table>
  <a href="/messages/new/{quote(seller.handle)}">Message</a>
  <ul class="nav nav-tabs">{tabs}</ul>
  <div id="tabcontent">{text}</div>
"""
    return ShownPage(frame(writer, content), writer.page)


def _rows(writer: Writer, seller: Seller, record: Vendor) -> list[tuple[str, str]]:
    """Return the table of facts; a label without a value is a heading."""
    world, joined = writer.world, record.joined_on
    assert joined is not None and record.last_active_on is not None
    away = (writer.day - record.last_active_on).days
    online = {0: "online", 1: "1 day ago"}.get(away, f"{away} days ago")
    if away > 6:
        last = record.last_active_on
        online = f"{last:%b} {last.day}, {last:%Y} 10:00 UTC"
    rating = "Not available"
    if record.rating is not None:
        stars = _stars(round(float(record.rating)))
        rating = f'{stars} <small class="text-muted">({record.rating})</small>'
    return [
        ("Last online", online),
        ("Member since", f"{joined:%b} {joined.day}, {joined:%Y} 11:20 UTC"),
        ("Vendor since", f"{joined:%b} {joined.day}, {joined:%Y} 18:00 UTC"),
        ("Buyer-Statistics", ""),
        ("Completed orders", "0/3"),
        ("Disputes involved as buyer", "1"),
        ("Rated orders", "2"),
        ("Vendor-Statistics", ""),
        (
            "Vendor-Level",
            f'<span class="badge badge-success">Level {record.level}</span> '
            f'<span class="badge badge-primary">{count(world, record.experience or 0)} EXP</span>',
        ),
        ("Average rating", rating),
        ("Rating of the last 30 days", rating),
        ("Open/Completed orders", f"{seller.index % 9}/{count(world, record.sales or 0)}"),
        ("Disputes involved as vendor", count(world, record.disputes or 0)),
        ("Rated orders", count(world, record.rating_count or 0)),
    ]


def _store(writer: Writer, seller: Seller) -> str:
    """Return the offers tab: a row without a link is the category of the rows below it."""
    rows, before = "", -1
    offers = writer.world.offers_of(seller, writer.at)
    for offer in sorted(offers, key=lambda offer: (offer.leaf, offer.index)):
        record = facts.in_store(writer.world, offer, writer.day)
        writer.page.listings.append(record)
        if offer.leaf != before:
            path = ARROW.join(f"<b>{escape(name)}</b>" for name in record.category)
            rows += f'    <tr><td colspan="2">{path}</td></tr>\n'
            before = offer.leaf
        rows += (
            f'    <tr><td><a href="{_offer_link(writer, offer)}">{escape(offer.title)}</a></td>'
            f"<td>{_price(writer, record)} / {offer.good.each}</td></tr>\n"
        )
    return f'<table class="table">\n{rows}  </table>'
