"""Empire Market: a vendor's profile, with its tabs."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from cryptodrug_scraper.records import Vendor
from simulator.facts import PostedReview, Seller
from simulator.market_site import Request, ShownPage
from simulator.markets import empire_facts as facts
from simulator.markets.empire_frame import NAME, frame, path_to, rates
from simulator.markets.empire_pages import feedback, marks, pager, user_link
from simulator.world import World
from simulator.writing import Writer

TABS = {
    "about": "About",
    "p_feedback": "Positive Feedback",
    "n_feedback": "Negative Feedback",
    "c_feedback": "Neutral Feedback",
    "l_feedback": "Left Feedback",
    "pgp": "PGP",
}


def _tab_link(writer: Writer, seller: Seller, tab: str, tail: str = "", first: str = "P") -> str:
    path = f"/{first}rofile/setUserTab/{tab}/{facts.token(seller.handle)}{tail}"
    return writer.link("vendor", seller.handle, writer.request.root + path, path)


def profile(world: World, request: Request, seller: Seller, tab: str, offset: int) -> ShownPage:
    """Return a profile with one of its tabs open."""
    writer = Writer(NAME, "vendor", world, request)
    record = facts.profile(world, seller, request.at)
    writer.page.vendors.append(record)
    root = request.root
    levels, imported = marks(writer, seller, "user_info_trust")
    tabs = "".join(
        f'<a class="tablinks {"focus" if name == tab else ""}" '
        f'href="{_tab_link(writer, seller, name)}">{words}</a>\n'
        for name, words in TABS.items()
    )
    store = f"/store/{quote(seller.handle)}"
    assert record.joined_on is not None and record.last_active_on is not None
    joined = f"{record.joined_on:%B} {record.joined_on.day}, {record.joined_on.year}"
    content = f"""<h1 class="seth1">{seller.handle} <i>| User Profile</i> \
<span>{"(BANNED)" if record.banned else ""}</span></h1>
 <div class="user_info">
 <div class="user_info_left">
 <img src="{root}/public/image/login.png">
 <!--<img src="">-->
 </div>
 <div class="user_info_mid">
 <h3 class="user_info_mid_head">{seller.handle} <span style="">({record.sales:,})</span>
{levels} </h3>
 <div style="padding-top: 10px;">
{imported}<p class="bold" style="padding: 0;">Market Positive feedback(last 12 months): \
<b>{record.positive_percent or "--"}</b>%</p>
 <!--<p class="bold setp">Autoshop Positive feedback(last 12 months): <b></b>%</p>-->
 <p style="padding: 0;">Member since: <span class="bold1">{joined}</span></p>
 </div>
 </div>
 <div class="user_info_right">
 <br>
 <ul>
 <li><a href="{writer.link("search", None, root + store, store)}" class="replyBtn">\
View Store</a></li>
<li><a href="{root}/Message/newMsg_u/{facts.token(seller.handle)}" class="replyBtn">\
Send Message</a></li>
 </ul>
 </div>
 </div>
 <div class="clear"></div>
{_totals(writer, seller, record)}{_buyer(record)} <div class="clear"></div>
{_stars(record)} <div class="clear"></div>
 <div class="tab">
{tabs} </div>
 <div class="tabcontent_user_feedback" style="display:block;">
{_tab(writer, seller, tab, offset)} </div>
"""
    path = path_to("fa-user", user_link(writer, seller), f"{seller.handle}'s Profile")
    return ShownPage(frame(writer, seller.handle, path, rates(writer), content), writer.page)


def _totals(writer: Writer, seller: Seller, record: Vendor) -> str:
    rows = ""
    for tab, name in facts.TABS.items():
        href = _tab_link(writer, seller, tab)
        cells = "".join(
            f'<td><a href="{href}">{getattr(count, name)}</a></td>\n'
            for count in record.feedback_counts
        )
        image = f"{writer.request.root}/public/image/feedback{facts.FACES[name]}.png"
        rows += f"""<tr>
<td><img src="{image}" width="12px" height="12px"> {name.title()}</td>
{cells}</tr>
"""
    return f""" <div class="seller_rating">
 <h3 class="headfeed">Seller Feedback Ratings <span class="headfeedSpan">(last 12 months)</span>
 </h3>
 <table>
 <tr>
 <th></th>
 <th>1 month</th>
 <th>6 months</th>
 <th>12 months</th>
 </tr>
{rows} </table>
 </div>
"""


def _buyer(record: Vendor) -> str:
    return f""" <div class="buyer_statistics">
 <h3 class="headfeed">Buyer Statistics <span class="headfeedSpan">(Since join date)</span>
 </h3>
 <table>
 <tr>
 <th></th>
 <th>Since join</th>
 </tr>
 <tr>
 <td>Total Disputes / Orders</td>
 <td class="align-right">1 / 9</td>
 </tr>
 <tr>
 <td>Total Spendings</td>
 <td class="align-right">---</td>
 </tr>
 <tr>
 <td>Feedback left</td>
 <td class="align-right">0 (0% Positive)</td>
 </tr>
 <tr>
 <td>Last online</td>
 <td class="align-right">{record.last_active_on:%b %d, %Y}</td>
 </tr>
 </table>
 </div>
"""


def _stars(record: Vendor) -> str:
    def icon(name: str, *, gold: bool = True) -> str:
        style = ' style="color:gold;"' if gold else ""
        return f'<i class="fa {name}" aria-hidden="true"{style}></i>\n'

    cells = ""
    for rating in record.star_ratings:
        whole, _, half = (rating.rating or "0").partition(".")
        drawn = icon("fa-star") * int(whole) + icon("fa-star-half-o") * bool(half)
        missing = 5 - int(whole) - bool(half)
        cells += f" <td>{drawn}{icon('fa-star', gold=False) * missing}</td>\n"
    return f""" <div class="rating_star">
 <table>
 <tr>
 <th></th>
 <th></th>
 <th>Stealth</th>
 <th>Quality</th>
 <th>Value Price</th>
 </tr>
 <tr>
 <td></td>
 <td></td>
{cells} </tr>
 </table>
 </div>
"""


def _tab(writer: Writer, seller: Seller, tab: str, offset: int) -> str:
    record = writer.page.vendors[0]
    if tab == "pgp":
        record.pgp_key, record.pgp_fingerprint = seller.key, seller.fingerprint
        return f"<h3 class='headfeed'>PGP</h3>\n<pre>{seller.key}</pre>\n"
    if tab == "about":
        record.profile = seller.profile
        return f"<h3 class='headfeed'>About {seller.handle}</h3>\n<p>{escape(seller.profile)}</p>\n"
    if tab == "l_feedback":
        return '<p class="boldstats">Total left feedback : 0</p>\n' + feedback(writer, ())
    found = reviews(writer.world, seller, tab, writer)
    pages = -(-len(found) // facts.REVIEWS_PER_PAGE)

    def href(index: int) -> str:
        tail = f"/{index * facts.REVIEWS_PER_PAGE}" if index else "/"
        return _tab_link(writer, seller, tab, tail, first="p")

    if found:
        writer.page.review_list = f"{tab}:{len(found)}"
    shown = found[offset : offset + facts.REVIEWS_PER_PAGE]
    line = f'<p class="boldstats">Total {facts.TABS[tab]} feedback : {len(found):,}</p>\n'
    page = offset // facts.REVIEWS_PER_PAGE + 1
    return line + feedback(writer, shown) + pager(page, pages, href)


def reviews(world: World, seller: Seller, tab: str, writer: Writer) -> list[PostedReview]:
    """Return all reviews of a tab, the newest first."""
    wanted = facts.TABS[tab]
    return [post for post in world.reviews(seller, writer.at) if facts.sentiment(post) == wanted]
