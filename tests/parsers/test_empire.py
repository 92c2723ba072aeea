"""Empire Market: odd blocks in small pages, kinds and walls, and facts of the real pages."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cryptodrug_scraper.records import ParsedPage
from parsers import parse_page

HOST = "http://empirefixture234.onion"
FOOTER = (
    '<div class="footer"><p><font size="1"><span style="float:right;">\n'
    "\tServer time: Friday, Sep 27, 2019 22:46:36\t</span></font></p></div>"
)


def page(right: str, *, icon: str = "shopping-cart", left: str = "", title: str = "") -> str:
    return (
        f"<html><head><title>Empire Market{title}</title></head><body>"
        f'<div class="sub_head_inner_header"><i class="fa fa-{icon}"></i></div>'
        f'<div class="wrapper-index"><div class="left-content">{left}</div>'
        f'<div class="right-content">{right}</div></div>{FOOTER}</body></html>'
    )


def listing(facts: str = "", sold_by: str = "", form: str = "", tab: str = "") -> str:
    return page(
        f'<div class="listDes"><h2>Lavender</h2><p id="desc_prod">Dried.</p>'
        f'<p>Sold by <b><a href="{HOST}/u/GartenHaus">GartenHaus</a> - </b> {sold_by}</p>'
        f'<table class="productTbl"><tbody>{facts}</tbody></table>{form}</div>'
        f'<div class="tab"><a class="tablinks focus" '
        f'href="{HOST}/Product_List/setTab/6001/73/7002/desc">Description</a></div>{tab}'
    )


def profile(card: str = "", content: str = "", tab: str = "about", banned: str = "") -> str:
    return page(
        f'<h1 class="seth1">GartenHaus <i>| User Profile</i> <span>{banned}</span></h1>'
        f'<div class="user_info"><div class="user_info_mid">'
        f'<h3 class="user_info_mid_head">GartenHaus <span style="">(385)</span></h3>'
        f"<div>{card}</div></div></div>"
        f'<a class="tablinks focus" href="{HOST}/Profile/setUserTab/{tab}/abc">tab</a>'
        f'<div class="tabcontent_user_feedback">{content}</div>',
        icon="user",
    )


def read(text: str, url: str | None = None) -> ParsedPage:
    return parse_page(text.encode(), market="empire", url=url)


def fact(label: str, value: str) -> str:
    return f"<tr><td><b>{label}</b></td><td>{value}</td></tr>"


def warned(parsed: ParsedPage) -> list[str]:
    return [notice.field for notice in parsed.warnings]


# -- listings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Escrow", ["escrow"]),
        ("Escrow, MultiSig", ["escrow", "multisig"]),
        ("FE Listing 100%", ["finalize_early"]),
        ("FE", ["finalize_early"]),
        ("FE Listing 50%", ["partial_escrow"]),
        ("50% FE", ["partial_escrow"]),
        ("Multi-Sig / Finalize Early", ["multisig", "finalize_early"]),
    ],
)
def test_payment_words(said: str, expected: list[str]) -> None:
    parsed = read(listing(fact("Payment", said)))
    assert parsed.listings[0].payment == expected
    assert not parsed.warnings


def test_unknown_payment_word_is_a_warning_and_the_known_one_is_kept() -> None:
    parsed = read(listing(fact("Payment", "Escrow, Seashells")))
    assert parsed.listings[0].payment == ["escrow"]
    assert warned(parsed) == ["listing.payment"]


@pytest.mark.parametrize(
    ("said", "stock", "unlimited"),
    [
        ("<span><b>Unlimited</b></span>", None, True),
        ("<span><b>1,250</b></span>", 1250, False),
        ("0", 0, False),
        ("Out of stock", 0, False),
        ("", None, None),
    ],
)
def test_quantity_left(said: str, stock: int | None, unlimited: bool | None) -> None:
    parsed = read(listing(fact("Quantity Left", said)))
    assert (parsed.listings[0].stock, parsed.listings[0].stock_unlimited) == (stock, unlimited)
    assert not parsed.warnings


def test_rows_may_come_in_any_order_and_number() -> None:
    first = "<td><b>Ends In</b></td><td>3 days</td>"
    row = f"<tr>{first}<td><b>Product Class</b></td><td>Digital</td></tr>"
    found = read(listing(row + fact("Ships to", "Germany, Germany, World Wide"))).listings[0]
    assert (found.ends, found.product_class) == ("3 days", "digital")
    assert found.ships_to == ["DE", "WORLD"]


def test_unknown_row_is_a_warning() -> None:
    parsed = read(listing(fact("Smell", "strong")))
    assert [str(w) for w in parsed.warnings] == ["listing: unknown label: Smell: strong"]


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("default - 1 day - USD + 0.00", "", ("default", ("0.00", "USD"), "1", None)),
        (
            "E-mail - 0.02 days - USD + 0.00 / order",
            "",
            ("E-mail", ("0.00", "USD"), "0.02", "order"),
        ),
        (
            "A - B - 14 days - EUR + 1,020.50 / item",
            "",
            ("A - B", ("1020.50", "EUR"), "14", "item"),
        ),
        ("Pick up - USD + 3.00", "", ("Pick up", ("3.00", "USD"), None, None)),
        (
            "Post - 2 days - USD + 4.80 / order",
            "Post - 2 days - GBP + 4 / order",
            ("Post", ("4.80", "USD"), "2", "order"),
        ),
    ],
)
def test_shipping_options(text: str, value: str, expected: tuple[Any, ...]) -> None:
    option_ = f'<option value="{value}">{text}</option>'
    parsed = read(listing(form=f'<form><select name="shippingOption">{option_}</select></form>'))
    option = parsed.listings[0].shipping_options[0]
    assert (option.name, tuple(option.price or ()), option.days, option.per) == expected
    assert not parsed.warnings


def test_tiers_alone_give_the_price() -> None:
    tiers = "".join(
        f"<tr><td><b>Bulk Discount</b></td><td>{q}</td><td>USD {p} </td><td>{b} BTC</td></tr>"
        for q, p, b in (("From qty 10 to 49", "7.00", "0.0009"), ("From qty 50", "6.50", "0.0008"))
    )
    found = read(listing(tiers)).listings[0]
    assert found.price == ("7.00", "USD")
    assert found.price_alternatives == [("0.0009", "BTC")]
    assert [(t.min_quantity, t.max_quantity) for t in found.price_tiers] == [(10, 49), (50, None)]


def test_marks_beside_the_vendor() -> None:
    parsed = read(
        listing(
            sold_by="<span>12 sold since June 10, 2019</span>"
            '<span class="levelSet level-3">Vendor Level 3</span>'
            '<span class="levelSet level-2">Trust level 2</span>'
            '<span title="Verified Tochka Market successful sales and star rating 1-5">'
            '<img src="x.png">1,200 (4.9)</span>'
            "<br><i>Unlimited items available for auto-dispatch</i>"
        )
    )
    vendor = parsed.vendors[0]
    assert (vendor.level, vendor.trust_level, vendor.banned) == (3, 2, None)
    assert [(r.market, r.sales, r.rating, r.rating_max) for r in vendor.external_ratings] == [
        ("tochka", "1,200", "4.9", "5")
    ]
    assert (parsed.listings[0].sold, str(parsed.listings[0].sold_since)) == (12, "2019-06-10")
    assert not parsed.warnings


def test_the_description_tab_leads_and_the_summary_stands_in() -> None:
    tab = '<div class="tabcontent"><h3>Lavender</h3><p>Line one\n  two &lt;3</p></div>'
    assert read(listing(tab=tab)).listings[0].description == "Line one\n  two <3"
    assert read(listing()).listings[0].description == "Dried."


def test_no_vendor_record_without_a_handle() -> None:
    parsed = read(page('<div class="listDes"><h2>Lavender</h2></div>'))
    assert parsed.kind == "listing"
    assert parsed.vendors == []


# -- vendors -------------------------------------------------------------------------------------


def test_a_vendors_own_words_give_no_links() -> None:
    words = f'<p>see <a href="{HOST}/u/Other">me</a> and {HOST}/product/1/2/3</p>'
    parsed = read(profile(content=words))
    assert [link.url for link in parsed.links] == [f"{HOST}/Profile/setUserTab/about/abc"]


@pytest.mark.parametrize(("mark", "banned"), [("", False), ("(BANNED)", True)])
def test_banned(mark: str, banned: bool) -> None:
    parsed = read(profile(banned=mark))
    assert parsed.vendors[0].banned is banned
    assert not parsed.warnings


def test_fields_of_the_card() -> None:
    parsed = read(
        profile(
            "<p>Market Positive feedback(last 12 months): <b>99.7</b>%</p>"
            "<p>Autoshop Positive feedback(last 12 months): <b>100</b>%</p>"
            '<p>Member since: <span class="bold1">April 19, 2019</span></p>'
        )
    )
    vendor = parsed.vendors[0]
    assert (vendor.handle, vendor.sales, vendor.positive_percent) == ("GartenHaus", 385, "99.7")
    assert str(vendor.joined_on) == "2019-04-19"
    assert vendor.rating is None
    assert not parsed.warnings


def test_no_key_is_not_a_key_that_cannot_be_read() -> None:
    none = read(profile(content="<h3>PGP</h3><pre></pre>", tab="pgp"))
    assert none.vendors[0].pgp_key is None
    assert not none.warnings
    broken = read(profile(content="<h3>PGP</h3><pre>lost it</pre>", tab="pgp"))
    assert warned(broken) == ["vendor.pgp_key"]


# -- reviews -------------------------------------------------------------------------------------


def row(face: str, date: str = "Sep 27, 2019 20:49", tail: str = "") -> str:
    return (
        f'<tr><td><img src="{HOST}/public/image/feedback{face}.png"></td>'
        f'<td><p class="feedback_msg"><font>fine</font></p><p>Lavender</p>{tail}</td>'
        "<td><p><font>b***s</font><br>\nUSD 1,412.50</p></td>"
        f'<td><p>{date}<br><a href="{HOST}/product/6001/73/7002">View items</a></p></td></tr>'
    )


@pytest.mark.parametrize(
    ("face", "tab", "sentiment"),
    [
        ("1", "p_feedback", "positive"),
        ("2", "c_feedback", "neutral"),
        ("3", "n_feedback", "negative"),
        ("", "n_feedback", "negative"),
    ],
)
def test_faces_and_tabs_tell_the_sentiment(face: str, tab: str, sentiment: str) -> None:
    content = f"<p>Total feedback : 1</p><table>{row(face)}</table>"
    parsed = read(profile(content=content, tab=tab))
    assert [r.sentiment for r in parsed.reviews] == [sentiment]
    assert parsed.review_list == f"{tab}:1"
    review = parsed.reviews[0]
    assert (review.author, review.price) == ("b***s", ("1412.50", "USD"))
    assert review.posted_at == datetime(2019, 9, 27, 20, 49, tzinfo=UTC)
    assert (review.posted_precision, review.listing_external_id) == ("minute", "6001")


def test_columns_are_found_by_their_headings() -> None:
    head = "<tr><th>Date / Time</th><th></th><th>Buyer / Price</th><th>Feedback</th></tr>"
    cells = row("1").removeprefix("<tr>").removesuffix("</tr>").split("<td>")[1:]
    swapped = "".join("<td>" + cells[i] for i in (3, 0, 2, 1))
    parsed = read(profile(content=f"<table>{head}<tr>{swapped}</tr></table>", tab="p_feedback"))
    assert [(r.text, r.author, str(r.posted_on)) for r in parsed.reviews] == [
        ("fine", "b***s", "2019-09-27")
    ]


def test_left_feedback_is_no_review_of_this_vendor() -> None:
    parsed = read(profile(content=f"<table>{row('1')}{row('3')}</table>", tab="l_feedback"))
    assert parsed.reviews == []
    assert warned(parsed) == ["review"]
    assert not read(profile(content="<table></table>", tab="l_feedback")).warnings


def test_a_list_without_a_total_has_no_state() -> None:
    parsed = read(profile(content=f"<table>{row('1')}</table>", tab="p_feedback"))
    assert parsed.review_list is None
    assert len(parsed.reviews) == 1


def test_unreadable_date_is_null_and_a_missing_one_no_review() -> None:
    content = f"<table>{row('1', 'once')}{row('1', '')}</table>"
    parsed = read(profile(content=content, tab="p_feedback"))
    assert [r.posted_on for r in parsed.reviews] == [None]
    assert warned(parsed) == ["review.posted_on"] * 2


def test_the_last_row_of_a_cut_page_is_left_out() -> None:
    content = f"<table>{row('1')}{row('1')}</table>"
    whole = profile(content=content, tab="p_feedback")
    assert len(read(whole).reviews) == 2
    cut = read(whole[: whole.rfind("<a href")])
    assert len(cut.reviews) == 1
    assert "document" in warned(cut)


# -- frame ---------------------------------------------------------------------------------------


def test_the_strip_names_no_coin_and_gives_no_rates() -> None:
    items = "<li><a> CAD 10424.90</a></li><li><a> USD 7941.90</a></li>"
    strip = f'<div class="sm-nav"><ul>{items}</ul></div>'
    panel = (
        '<div class="statistics"><h3>Litecoin (LTC)</h3>'
        "<p> Euro (EUR) <span>\n 1,047.79 </span></p>"
        '<p><a href="/balance/litecoin">Deposits & Withdrawals</a></p></div>'
        '<div class="statistics"><h3>Payments</h3><p>Paid <span>USD 0.00</span></p></div>'
    )
    assert read(listing(tab=strip)).exchange_rates == []
    both = read(listing(tab=strip + panel))
    assert [(r.base, r.quote, r.rate) for r in both.exchange_rates] == [("LTC", "EUR", "1047.79")]


@pytest.mark.parametrize(
    ("href", "url", "expected"),
    [
        (f"{HOST}/u/A", None, f"{HOST}/u/A"),
        ("./../u/A", None, "/u/A"),
        ("../../u/A", f"{HOST}/product/1/2/3", f"{HOST}/u/A"),
        ("/u/A", f"{HOST}/home", f"{HOST}/u/A"),
        ("u/A", None, "/u/A"),
    ],
)
def test_addresses_of_links(href: str, url: str | None, expected: str) -> None:
    parsed = read(page(f'<div class="user_info"></div><a href="{href}">A</a>'), url)
    assert parsed.links == [("vendor", "A", expected)]


@pytest.mark.parametrize(
    "href",
    [
        "http://decoyfixture2345.onion/product/1/73/1",
        "/index/logout",
        "/balance/bitcoin",
        "/profile/settab/p_feedback",
        "/Profile/addBlock/GartenHaus/5d31339f",
        "/message/newmsg_u/abc",
        "/home/searchProducts?searchText=",
        "javascript:u/A",
        "http://[broken/u/A",
        "",
    ],
)
def test_what_is_no_link_to_follow(href: str) -> None:
    parsed = read(page(f'<div class="user_info"></div><a href="{href}">A</a>'), f"{HOST}/u/B")
    assert parsed.links == []


def test_page_time_stands_in_for_the_capture_time() -> None:
    parsed = read(profile())
    assert parsed.page_time == datetime(2019, 9, 27, 22, 46, 36, tzinfo=UTC)
    assert parsed.captured_at is None


# -- kinds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (
            "<html><title>502 Bad Gateway</title><body><h1>502 Bad Gateway</h1></body></html>",
            "error",
        ),
        ("<html><head><title>504 Gateway Time-out</title></head><body></body></html>", "error"),
        ("<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>", "error"),
        ("<title>Internal Server Error</title><h1>Internal Server Error</h1>", "error"),
        ("<title>x.onion | 521: Web server is down</title>", "error"),
        ("<title>Error</title><h1>A Database Error Occurred</h1>", "error"),
        ("500 Internal Server Error", "error"),
        ("<title>404 Page Not Found</title><h1>404 Page Not Found</h1>", "not_found"),
        ('<meta http-equiv="refresh" content="5">', "challenge"),
        ('<META HTTP-EQUIV=Refresh CONTENT="3;url=/">', "challenge"),
        (
            '<title>Captcha</title><form><img src="/captcha.png"><input name="captcha"></form>',
            "challenge",
        ),
        ("<html></html>", "unknown"),
        ("", "unknown"),
    ],
)
def test_walls_without_a_mark(text: str, kind: str) -> None:
    parsed = read(text)
    assert parsed.kind == kind
    assert parsed.kind_reason


def test_walls_of_the_market() -> None:
    missing = page("<p>Listing not found.</p>", icon="exclamation")
    assert read(missing).kind == "not_found"
    home = page("<h2>Welcome</h2>", icon="home", title=" - Home")
    assert read(home, f"{HOST}/product/1/73/1").kind == "index"  # a removed listing leads there
    assert read(page("<p>nothing</p>", icon="search-plus")).kind == "search"
    assert read(page("<p>nothing</p>", icon="tags"), f"{HOST}/store/GartenHaus").kind == "search"
    assert read(page("<p>You have no messages</p>", icon="envelope")).kind == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "<html><body>Empire Market sub_head_inner_header Server time: Friday</body></html>",
        "<html><head><title>Empire Market</title></head><body><p>a news story</p></body></html>",
        "<title>The Empire Market story</title><body><div class='footer'></div></body>",
        "<title>Dream Market</title><p>Copyright 2019 Empire Market &lt;div class=footer&gt;</p>",
        "",
    ],
)
def test_other_pages_are_not_recognised(text: str) -> None:
    assert parse_page(text.encode()).market != "empire"


def test_a_vendors_words_do_not_make_a_wall() -> None:
    words = (
        "<p>404 Page Not Found. 502 Bad Gateway. Please solve the captcha. Listing not found</p>"
    )
    assert read(profile(content=words)).kind == "vendor"


def test_other_markets_real_pages_are_not_recognised(real_pages: Path) -> None:
    for path in sorted((real_pages / "dream").glob("*.html")):
        assert parse_page(path.read_bytes()).market != "empire"
