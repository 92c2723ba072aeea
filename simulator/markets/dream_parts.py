"""Dream Market: what several of its pages show: vendors' lines, cards, pagers, ratings."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from simulator.facts import Offer, PostedReview, Seller
from simulator.market_site import ShownPage
from simulator.markets import dream_facts as facts
from simulator.writing import Writer, where_to

_PLACEHOLDER = "Enter your comments here"


def done(writer: Writer, html: str) -> ShownPage:
    """Return a page that is written."""
    return ShownPage(html, writer.page)


def vendor_line(writer: Writer, seller: Seller, *, link: bool, mark: bool) -> str:
    """Return the line that names a vendor, with sales, average and ratings from elsewhere."""
    world = writer.world
    line = facts.vendor_line(world, seller, writer.at)
    member = quote(seller.handle)
    name = seller.handle
    if link:
        page = f"/contactMember?member={member}"
        href = writer.link("vendor", seller.handle, f".{page}", page)
        name = f'<a href="{href}" target="_blank"> {seller.handle}   </a>'
    page = f"/contactMember?member={member}&tab=ratings"
    ratings = writer.link("vendor", seller.handle, f"{page}#tabChooser", page)
    average = ""
    if line.rating is not None:
        tone = "gold" if float(line.rating) > 4 else "bronze"
        average = (
            f' (<span class="userRating {tone}" title="Average rating out of {line.rating_count} '
            f'rating[s] (1-5 stars)">{line.rating}&nbsp;&nbsp;&nbsp;&nbsp;</span>)'
        )
    elsewhere = "".join(
        f' (<span class="{word}LinkedUserRating externalVendorRef" title="{title}">{words}</span>)'
        for word, title, words, _ in facts.imported(world, seller)
    )
    status = ""
    if mark:
        kind, words = ("untrusted", "Not advanced to trusted seller")
        if line.trusted:
            kind, words = "trusted", "Trusted seller"
        name_of = f"sellerStatus {kind} smallbox"
        status = f'\n\t\t\t\t\t<span class="{name_of}" title="{words}">&nbsp;</span>\n'
    return (
        f'{name} <a class="viewRatings" href="{ratings}" target="_blank"> <span '
        f'title="Successful transactions">({line.sales})</span>{average}</a>{elsewhere}{status}'
    )


def card(writer: Writer, offer: Offer, *, named: bool) -> str:
    """Return a card, and note the listing on it."""
    world, day = writer.world, writer.day
    record = facts.card(world, offer, day, named=named)
    writer.page.listings.append(record)
    pair = record.external_id
    href = writer.link("listing", pair, f"./viewProduct?offer={pair}", f"/viewProduct?offer={pair}")
    vendor = ships = ""
    if named:
        line = vendor_line(writer, offer.seller, link=True, mark=False)
        vendor = f'<div class="oVendor">\n{line}</div>\n'
        if not offer.digital:
            to = ", ".join(where_to(world, offer, codes=True)[2])
            ships = f"""<div class="oShips">
<span class="osBod">{", ".join(world.origin(offer, day))}  → {to}</span>
</div>
"""
    escrow = '<div class="escrowBox withEscrow">ESCROW</div>'
    if record.payment == ["finalize_early"]:
        escrow = '<div class="escrowBox withoutEscrow">NO ESCROW</div>'
    return f"""<div class="around">
<div class="shopItem shopItem_{offer.index}">
<div class="text oTitle">
<a class="productThumbImage_{offer.index}" href="{href}" target="_blank">
			{escape(offer.title)}		</a>
</div>
<div class="oOfferBody">
<table><tr><td>
<div class="oImage">
<a class="productThumbImage_{offer.index}" href="{href}" target="_blank">
<img alt="{escape(offer.title)}" height="132" src="uploadedImage?id={pair}&amp;type=thumb"/>
</a>
<div class="escrowInfo">{escrow}</div>
</div>
</td>
<td class="oOfTextDetail" style="vertical-align: top; width: 49%; text-align: right;">
<div class="bottom oPrice">
		{facts.price(world, offer, day)[2]}	</div>
{vendor}{ships}<div class="oOrderButton"><a class="smallButton" href="{href}" \
target="_blank">Order</a></div>
</td></tr></table>
</div>
</div>
</div>
"""


def pager_of(writer: Writer, page: int, pages: int, name: str, value: str) -> str:
    """Return the pager of a list: first, around, last; the open page is no link."""
    if pages < 2:
        return ""
    kind = "vendor" if name == "member" else "search"
    script = "/contactMember" if name == "member" else "/"

    def href(number: int) -> str:
        query = f"page={number}&{name}={quote(value)}"
        return writer.link(kind, value, f"?{query}", f"{script}?{query}")

    shown = sorted({1, pages, *range(max(page - 2, 1), min(page + 3, pages + 1))})
    items, last = "", 0
    for number in shown:
        if number > last + 1:
            items += "<li>...</li>"
        if number == page:
            items += f'<li><a class="pager activePage">{number}</a></li>'
        else:
            items += f'<li><a class="pager" href="{href(number)}">{number}</a></li>'
        last = number
    before = after = ""
    if page > 1:
        before = f'<li>\n<a class="gPager firstPager" href="{href(page - 1)}"> </a>\n</li>\n'
    if page < pages:
        after = f' <li>\n<a class="gPager lastPager" href="{href(page + 1)}"> </a>\n</li>\n'
    return f"""<div class="pageNavContainer">
<ul class="pageNav">
{before}{items}{after}</ul>
</div>
"""


def rating_rows(writer: Writer, reviews: Iterable[PostedReview], *, on_listing: bool) -> str:
    """Return rows of ratings, and note the reviews."""
    out = ""
    for post in reviews:
        record = facts.review(writer.world, post, writer.at, on_listing=on_listing)
        writer.page.reviews.append(record)
        stars = "\n".join(
            f'<img alt="{kind}" class="star" src="./../star_{kind}.png"/>'
            for kind in ["gold"] * post.stars + ["grey"] * (5 - post.stars)
        )
        when = facts.age_text(writer.at, post.posted)[0]
        text = escape(post.text or _PLACEHOLDER)
        if on_listing:
            out += f"""<tr>
<td class="age dontwrap">{when}</td>
<td class="rating dontwrap"> {stars}
</td>
<td class="text ratingText">{text}</td>
</tr>
"""
        else:
            assert record.price is not None
            out += f"""<tr>
<td class="dontwrap center">{when}</td>
<td class="dontwrap">
{stars}
</td>
<td class="text ratingText">
						{text}					</td>
<td class="dontwrap">{record.author}</td>
<td class="dontwrap">~ {facts.money_text(record.price)}</td>
</tr>
"""
    return out


def not_shown(writer: Writer, count: int) -> str:
    """Return how many ratings are kept back."""
    if count <= 0:
        return ""
    writer.page.reviews_not_shown = count
    return f'<div class="andMoreRatings">And {count} more ratings...</div>'
