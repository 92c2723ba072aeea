# ruff: noqa: E501 - markup reads better on long lines
"""Wall Street Market: odd blocks, walls, saved copies, and pages that are broken."""

from __future__ import annotations

import json
import re
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.reading.document import Document
from parsers import parse_page
from parsers.wall_street import MARKET
from tests.conftest import FIXTURES
from tests.parsers.test_wall_street_variants import CAPTURED, SITE, parse, profile_page

PAGES = sorted((FIXTURES / "wall_street").glob("*.html"))


def about(page: Path) -> dict[str, Any]:
    sidecar = json.loads(page.with_suffix(".json").read_text("utf-8"))
    return {"url": sidecar["url"], "captured_at": datetime.fromisoformat(sidecar["captured_at"])}


def records(body: bytes, page: Path) -> dict[str, Any]:
    return parse_page(body, market="wall_street", **about(page)).to_dict()


def offer(first: str = "", second: str = "", rest: str = "", tab: str = "") -> str:
    return f"""<html><body><div><h1 class="fheading">Widget</h1><a href="/profile/bright">bright</a>
    <p>{first}</p><p>{second}</p></div>{rest}<div id="tabcontent">{tab}</div></body></html>"""


def icon(name: str) -> str:
    return f'<i class="ionicons {name}"></i> '


# -- the first list --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "to", "excluded", "shown"),
    [
        ("Ships Worldwide", ["WORLD"], [], "Ships Worldwide"),
        ("Only ships to certain countries (BE, NL)", ["BE", "NL"], [], None),
        ("Only ships to certain countries (be, in, no)", ["BE", "IN", "NO"], [], None),
        ("Only ships to certain countries (DE)", ["DE"], [], None),
        ("Only ships to certain countries (Belgium, United States)", ["BE", "US"], [], None),
        ("Only ships to certain countries (Bosnia and Herzegovina)", ["BA"], [], None),
        ("Ships Worldwide with Exceptions (US, AU)", ["WORLD"], ["US", "AU"], None),
        ("Ships Worldwide with Exceptions (Norway)", ["WORLD"], ["NO"], None),
        ("Ships to: BE, NL", ["BE", "NL"], [], "BE, NL"),
        ("Ships to Germany", ["DE"], [], "Germany"),
        ("Only ships to certain countries<br>(BE, NL)", ["BE", "NL"], [],
         "Only ships to certain countries (BE, NL)"),
        ("<b>Only ships to certain countries</b> <small>(BE,<br>NL)</small>", ["BE", "NL"], [],
         "Only ships to certain countries (BE, NL)"),
    ],
)  # fmt: skip
def test_where_an_offer_ships_to(
    said: str, to: list[str], excluded: list[str], shown: str | None
) -> None:
    got = parse(offer(icon("ion-log-in") + said))
    (listing,) = got["listings"]
    assert (listing["ships_to"], listing["ships_to_excluded"]) == (to, excluded)
    assert listing["ships_to_text"] == (shown or said)
    assert got["warnings"] == []


@pytest.mark.parametrize(
    ("said", "payment"),
    [
        ("Escrow", ["escrow"]),
        ("Multisig", ["multisig"]),
        ("Finalize Early", ["finalize_early"]),
        ("Escrow, Multisig, Finalize Early", ["escrow", "multisig", "finalize_early"]),
        ("Payment: Escrow / Multisig", ["escrow", "multisig"]),
        ("Escrow and Finalize early", ["escrow", "finalize_early"]),
        ("<span>Escrow</span><span>Multisig</span>", ["escrow", "multisig"]),
        ("50% Finalize Early", ["partial_escrow"]),
        ("100% FE", ["finalize_early"]),
        ("Multi-Sig (2/3 multisig)", ["multisig"]),
    ],
)
def test_payment_words(said: str, payment: list[str]) -> None:
    got = parse(offer(icon("ion-android-share-alt") + said))
    assert got["listings"][0]["payment"] == payment
    assert got["warnings"] == []


@pytest.mark.parametrize("said", ["Barter", "No Escrow", "Escrow, Barter"])
def test_unknown_payment_words_are_warnings(said: str) -> None:
    got = parse(offer(icon("ion-android-share-alt") + said))
    assert [w for w in got["warnings"] if w.startswith("listing.payment: unknown payment word")]


def test_a_digital_good_and_what_the_page_does_not_say() -> None:
    assert (
        parse(offer(icon("ion-ios-monitor-outline") + "Digital good"))["listings"][0][
            "product_class"
        ]
        == "digital"
    )
    assert (
        parse(offer(icon("ion-log-out") + "Ships from: DE"))["listings"][0]["product_class"] is None
    )
    only = '<p><i class="ion-ios-monitor-outline" title="Digital good"></i></p>'
    assert parse(offer(only))["listings"][0]["product_class"] == "digital"


def test_several_marks_on_one_line() -> None:
    got = parse(
        offer(
            icon("ion-log-out") + "Ships from: DE &middot; " + icon("ion-log-in") + "Ships Worldwide "
            + icon("ion-android-share-alt") + "Escrow"
        )
    )  # fmt: skip
    (listing,) = got["listings"]
    assert (listing["ships_from"], listing["ships_to"], listing["payment"]) == (
        ["DE"], ["WORLD"], ["escrow"],
    )  # fmt: skip
    assert got["warnings"] == []


def test_an_unknown_icon_in_the_first_list_is_a_warning() -> None:
    said = icon("ion-log-out") + "Ships from: DE<br>" + icon("ion-flash") + "Express only"
    assert parse(offer(said))["warnings"] == ["listing: unknown label: ion-flash: Express only"]


# -- the second list -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "field", "value"),
    [
        ("Views: 1'024", "views", 1024),
        ("Views: 1.024", "views", 1024),
        ("Views: 1,024", "views", 1024),
        ("Views: 7 times", "views", 7),
        ("Already sold: 0", "sold", 0),
        ("Already sold: 12 Piece", "sold", 12),
        ("Quantity in stock: 250", "stock", 250),
        ("Quantity in stock: 250", "stock_unlimited", False),
        ("Quantity in stock: Unlimited", "stock_unlimited", True),
        ("Quantity in stock: Unlimited", "stock", None),
        ('Quantity in stock: <i class="ionicons ion-ios-infinite"></i>', "stock_unlimited", True),
        ("Quantity in stock: ∞", "stock_unlimited", True),
        ("Minimum amount per order: 10 Gram", "min_order", 10),
        ("Maximum amount per order: 1'000", "max_order", 1000),
        ('Maximum amount per order: <i class="ion-ios-infinite"></i>', "max_order", None),
        ("Category: Guides", "category", ["Guides"]),
        ('Category: <a href="#">A</a> <i class="fa"></i> <a href="#">B: C</a>', "category", ["A", "B: C"]),
        ("Category: A » B", "category", ["A", "B"]),
        ("Country: US", "ships_from", []),
        ("Replace-Time: 24 hours", "ends", None),
        ("Views: Not available", "views", None),
        ("Views:", "views", None),
    ],
)  # fmt: skip
def test_rows_of_the_second_list(row: str, field: str, value: object) -> None:
    got = parse(offer(second=row + "<br>Already sold: 3" if "sold" not in row else row))
    assert got["listings"][0][field] == value
    assert got["warnings"] == []


@pytest.mark.parametrize(
    "row",
    ["Views: many", "Quantity in stock: some", "Minimum amount per order: 0.5 Gram", "Colour: red"],
)
def test_rows_that_cannot_be_read_are_warnings(row: str) -> None:
    got = parse(offer(second=f"{row}<br>Already sold: 3"))
    assert len(got["warnings"]) == 1
    assert row.partition(": ")[2] in got["warnings"][0]
    assert got["listings"][0]["sold"] == 3


def test_what_stands_around_the_lists_is_no_warning() -> None:
    first = icon("ion-log-out") + "Ships from: DE<br>" + icon("ion-log-in") + "Ships Worldwide"
    page = offer(first, "Views: 3<br>Already sold: 3").replace(
        "<p>",
        "<p>Welcome: you are on page 3</p><button><i class='ion-star'></i> Favorite</button><p>",
        1,
    )
    assert parse(page)["warnings"] == []


# -- tables ----------------------------------------------------------------------------------


def prices(*rows: str) -> dict[str, Any]:
    body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in r.split("|")) + "</tr>" for r in rows)
    got = parse(offer(rest=f"<h4>Prices</h4><table>{body}</table>"))
    return {**got["listings"][0], "warnings": got["warnings"]}


@pytest.mark.parametrize(
    ("cell", "bounds"),
    [
        ("1 - 9", (1, 9)), ("1-9", (1, 9)), ("1 – 9 Gram", (1, 9)), ("10 +", (10, None)),
        ("10+", (10, None)), ("1'000 +", (1000, None)), ("1.000 - 9.999", (1000, 9999)),
        ('10 - <i class="ionicons ion-ios-infinite"></i>', (10, None)), ("10 - ∞", (10, None)),
        ("5", (5, 5)), ("1 Piece", (1, 1)),
    ],
)  # fmt: skip
def test_amount_ranges(cell: str, bounds: tuple[int, int | None]) -> None:
    got = prices(f"{cell}|$25.00|0.00312 BTC")
    assert got["warnings"] == []
    (tier,) = got["price_tiers"]
    assert (tier["min_quantity"], tier["max_quantity"]) == bounds


@pytest.mark.parametrize(
    ("cell", "amount", "currency"),
    [
        ("$25.00", "25.00", "USD"), ("€21,50", "21.50", "EUR"), ("1.250,00 €", "1250.00", "EUR"),
        ("$1'250.00", "1250.00", "USD"), ("25.00 USD", "25.00", "USD"), ("CHF 25.00", "25.00", "CHF"),
        ("£9.99 / Piece", "9.99", "GBP"), ("A$5.00 / Gram", "5.00", "AUD"),
        ("$25.00 (0.00312 BTC)", "25.00", "USD"), ("$25.00 / Gram (0.00312 BTC)", "25.00", "USD"),
    ],
)  # fmt: skip
def test_prices_and_their_alternatives(cell: str, amount: str, currency: str) -> None:
    got = prices(f"1 +|{cell}|0.00312 BTC", "10 +|$1.00|0.0001 BTC")
    assert got["warnings"] == []
    assert got["price"] == {"amount": amount, "currency": currency}
    assert got["price_alternatives"] == [{"amount": "0.00312", "currency": "BTC"}]
    assert len(got["price_tiers"]) == 2


def test_a_price_that_cannot_be_read_is_no_other_price() -> None:
    got = prices("1 +|a few dollars|0.00312 BTC")
    assert got["price"] is None
    assert got["price_tiers"] == [{"min_quantity": 1, "max_quantity": None, "price": None}]
    assert got["price_alternatives"] == [{"amount": "0.00312", "currency": "BTC"}]
    assert got["warnings"] == ["listing.price_tiers: not an amount of money: a few dollars"]


def test_an_offer_without_tables_has_no_prices_of_the_next_heading() -> None:
    got = parse(
        offer(rest="<h4>Prices</h4><h4>Other</h4><table><tr><td>1</td><td>$5.00</td></tr></table>")
    )
    assert got["listings"][0]["price"] is None
    assert got["warnings"] == []


def test_feedback_inside_the_tab_is_no_description() -> None:
    table = (
        "<h3>Feedback</h3><table><tr><td><span class=text-muted>(4.00)</span></td><td>fine</td>"
        "<td>a***z</td><td>2 days ago</td></tr></table>"
    )
    got = parse(offer(tab=f"<h4>Description</h4>A widget.{table}"))
    assert got["listings"][0]["description"] == "A widget."
    assert [(r["text"], r["posted_on"]) for r in got["reviews"]] == [("fine", "2019-02-27")]


@pytest.mark.parametrize(
    ("cells", "want"),
    [
        (["(5.00)", "fine", "a***z", "just now"], ("5.00", "fine", "a***z", "2019-03-01")),
        (["(5,00)", "fine", "a***z", "about 1 month ago"], ("5.00", "fine", "a***z", "2019-01-30")),
        (["(0.00)", "", "a***z", "Feb 12, 2019 14:05 UTC"], ("0.00", None, "a***z", "2019-02-12")),
        (["(5.00)", "2 days", "a***z", "Apr 2"], ("5.00", "2 days", "a***z", "2018-04-02")),
        (["(5.00)", "b**d", "a***z", "3 weeks ago"], ("5.00", "b**d", "a***z", "2019-02-08")),
        (["(5.00)", "fine", "a***z", "Not available"], ("5.00", "fine", "a***z", None)),
        (["", "fine", "a***z", "2 hours ago"], (None, "fine", "a***z", "2019-03-01")),
    ],
)
def test_feedback_rows(cells: list[str], want: tuple[str | None, ...]) -> None:
    row = "".join(f"<td>{c}</td>" for c in cells)
    got = parse(offer(rest=f"<h3>Feedback (1)</h3><table><tr>{row}</tr></table>"))
    assert got["warnings"] == []
    (review,) = got["reviews"]
    assert (review["rating"], review["text"], review["author"], review["posted_on"]) == want


# -- which tab, which offer ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tabs", "url", "field"),
    [
        ("", "/offer/5/refund", "terms"),
        ("", "/offer/5", "description"),
        ("", None, "description"),
        ('<li class="active"><a href="/offer/5/refund">Refund</a></li>', None, "terms"),
        ('<a class="nav-link active" href="/offer/5/refund">Refund</a>', None, "terms"),
        ('<a class="active" href="/offer/5">Text</a><a href="/offer/5/refund">Refund</a>', None, "description"),
        ('<span class="active">Refund policy</span><a href="/offer/5">Description</a>', None, "terms"),
    ],
)  # fmt: skip
def test_the_open_tab(tabs: str, url: str | None, field: str) -> None:
    got = parse(
        offer(rest=f"<ul class='nav nav-tabs'>{tabs}</ul>", tab="Some text."), url and SITE + url
    )
    other = {"terms": "description", "description": "terms"}[field]
    assert (got["listings"][0][field], got["listings"][0][other]) == ("Some text.", None)


@pytest.mark.parametrize(
    ("links", "url", "number"),
    [
        ('<a href="/offer/5/refund">x</a><a href="/offer/6">y</a>', None, "5"),
        ('<a href="./../offer/5/refund">x</a>', None, "5"),
        ('<form action="/offer/5/order"></form><a href="/offer/6">y</a>', None, "5"),
        ('<a href="/offer/6">y</a><a href="/offer/7">z</a>', "/offer/5", "5"),
        ('<a href="/offer/6">y</a><a href="/offer/7">z</a>', None, None),
        ('<a href="/offer/5">y</a>', None, "5"),
        ("", "/offer/5?x=1", "5"),
        ("", None, None),
    ],
)
def test_which_offer_a_page_is(links: str, url: str | None, number: str | None) -> None:
    got = parse(offer(rest=links), url and SITE + url)
    assert got["listings"][0]["external_id"] == number


# -- long texts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("one<br>two", "one\ntwo"),
        ("one<br />\ntwo<br />\n<br />\nthree", "one\ntwo\n\nthree"),
        ("\n  one<br/>\n  two\n ", "one\ntwo"),
        ("<p>one</p>\n<p>two</p>", "one\ntwo"),
        ("<p>one<br>two</p>", "one\ntwo"),
        ("<div class=card><div class=card-body>one\ntwo</div></div>", "one\ntwo"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("one\ntwo", "one\ntwo"),
        ("<pre>one\n\n  two</pre>", "one\n\n  two"),
        ("<p>a <b>bold</b>er <i>word</i>, yes</p><p>two</p>", "a bolder word, yes\ntwo"),
        ("  ", None),
        ("<p></p>", None),
    ],
)
def test_line_breaks_of_long_texts(html: str, text: str | None) -> None:
    assert parse(offer(tab=html))["listings"][0]["description"] == text


# -- profiles --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("online", "2019-03-01"), ("Online now", "2019-03-01"), ("about 3 hours ago", "2019-03-01"),
        ("about 13 hours ago", "2019-02-28"), ("2 weeks ago", "2019-02-15"), ("a day ago", "2019-02-28"),
        ("Not available", None), ("", None), ("Feb 12, 2019 14:05 UTC", "2019-02-12"),
        ("Feb 12 14:05 UTC", "2019-02-12"), ("Mar 4 10:00 UTC", "2018-03-04"),
    ],
)  # fmt: skip
def test_when_a_vendor_was_last_online(said: str, day: str | None) -> None:
    page = profile_page("badge", "plain", "info", "Hello.").replace("about 3 hours ago", said)
    got = parse(page)
    assert got["vendors"][0]["last_active_on"] == day
    assert got["warnings"] == []


def test_an_age_needs_a_capture_time() -> None:
    got = parse(profile_page("badge", "plain", "info", "Hello."), captured_at=None)
    assert got["vendors"][0]["last_active_on"] is None
    assert [w.partition(":")[0] for w in got["warnings"]] == ["vendor.last_active_on"]


@pytest.mark.parametrize(
    ("heading", "handle", "trusted", "banned"),
    [
        ("Bright_Side", "Bright_Side", None, False),
        ("Bright_Side (Trusted Vendor)", "Bright_Side", True, False),
        ("Bright_Side <i>Not a trusted vendor</i>", "Bright_Side", False, False),
        ("Bright_Side <b>banned</b>", "Bright_Side", None, True),
        ("Vendor: Bright_Side", "Bright_Side", None, False),
        ("Profile of <b>Bright_Side</b> <small>Level 7</small>", "Bright_Side", None, False),
    ],
)
@pytest.mark.parametrize("tabs", [True, False], ids=["tabs", "no tabs"])
def test_names_and_marks(
    heading: str, handle: str, trusted: bool | None, banned: bool, tabs: bool
) -> None:
    page = profile_page("badge", "plain", "info", "Hello.")
    page = re.sub(r"<h2>.*?</h2>", f"<h2>{heading}</h2>", page)
    if not tabs:
        if heading.startswith(("Vendor:", "Profile")):
            return  # the handle cannot be told then
        page = re.sub(r"<ul.*?</ul>", "", page)
    got = parse(page)
    (vendor,) = got["vendors"]
    assert (vendor["handle"], vendor["trusted"], vendor["banned"]) == (handle, trusted, banned)
    assert got["warnings"] == []


def test_member_since_goes_before_vendor_since() -> None:
    page = profile_page("badge", "plain", "info", "Hello.")
    assert parse(page)["vendors"][0]["joined_on"] == "2017-11-03"
    without = page.replace("Nov 3, 2017 10:00 UTC", "Not available")
    assert parse(without)["vendors"][0]["joined_on"] == "2017-12-24"


def test_only_the_vendors_own_statistics_count() -> None:
    page = profile_page("badge", "plain", "info", "Hello.")
    buyer = (
        page[: page.index("<tr><td colspan=2>Vendor-Statistics")] + "</table></div></body></html>"
    )
    (vendor,) = parse(buyer, f"{SITE}/profile/Bright_Side")["vendors"]
    assert (vendor["sales"], vendor["rating_count"], vendor["disputes"]) == (None, None, None)


def test_a_key_is_read_on_its_tab() -> None:
    page = (FIXTURES / "wall_street" / "vendor_pgp.html").read_text("utf-8")
    key = re.search(r"-----BEGIN.*END PGP PUBLIC KEY BLOCK-----", page, re.S)
    assert key is not None
    plain = unescape(key[0])
    for text in (
        f"<pre>{key[0]}</pre>", f"<textarea>{key[0]}</textarea>", key[0].replace("\n", "<br />\n"),
        "<p>" + key[0].replace("\n", "<br>") + "</p>", key[0].replace("\n", "\r\n"),
    ):  # fmt: skip
        (vendor,) = parse(profile_page("badge", "plain", "pgp", text))["vendors"]
        assert vendor["pgp_key"] == plain
        assert vendor["pgp_fingerprint"] is not None
        assert vendor["profile"] is None
    broken = parse(profile_page("badge", "plain", "pgp", key[0][:200]))
    assert broken["vendors"][0]["pgp_key"] is None
    assert [w.partition(":")[0] for w in broken["warnings"]] == ["vendor.pgp_key"]


def test_feedback_on_a_profile_names_its_offer() -> None:
    table = (
        '<h3>Feedback</h3><table><tr><td>(5.00)</td><td><a href="/offer/9">Widget</a></td>'
        "<td>fine</td><td>a***z</td><td>2 days ago</td></tr></table>"
    )
    got = parse(profile_page("badge", "plain", "info", f"Hello.{table}"))
    assert [(r["vendor"], r["listing_external_id"], r["listing_title"], r["text"], r["author"]) for r in got["reviews"]] == [
        ("Bright_Side", "9", "Widget", "fine", "a***z")
    ]  # fmt: skip
    assert got["vendors"][0]["profile"] == "Hello."
    assert got["listings"] == []


# -- links -----------------------------------------------------------------------------------


def test_links_stay_on_the_market() -> None:
    got = parse(
        """<html><body><nav><a href="/profile/me">me</a></nav>
        <div class="card-body"><h4 class="card-title"><a href="./../offer/1">A</a></h4><hr>
        <a href="./../profile/bright%20side?x=1">bright side</a><hr><b>$5.00</b></div>
        <a href="http://other.onion/offer/2">x</a> <a href="//other.onion/offer/3">x</a>
        <a href="http://clear.example/profile/y">x</a> <a href="/profile/bright%20side/message">x</a>
        <a href="/offer/1/order">x</a> <a href="/wallet">x</a> <a href="javascript:offer/4">x</a>
        <a href="http://wallstexampleexample.onion/offer/5">x</a></body></html>""",
        f"{SITE}/index",
    )
    assert [(x["kind"], x["external_id"], x["url"]) for x in got["links"]] == [
        ("listing", "1", f"{SITE}/offer/1"),
        ("vendor", "bright side", f"{SITE}/profile/bright%20side"),
        ("listing", "5", f"{SITE}/offer/5"),
    ]


# -- walls and kinds -------------------------------------------------------------------------

FRAME = '<form action="/logout"></form><form><ol class="tree"><button name="menuCatT" value="1">A 1</button></ol></form>'


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<form><input name='form[username]'><input name='form[captcha]'></form>", "login"),
        ("<form><input name='form[captcha]'></form>", "challenge"),
        (f"{FRAME}<form><input name='form[captcha]'></form>", "challenge"),
        ("<div class='wms_captcha_field'><input id='captcha_input'></div>", "challenge"),
        ("<html><head><meta http-equiv='refresh' content='3'></head><body>Wait</body></html>", "challenge"),
        (f"{FRAME}<div class=alert>The offer could not be found.</div>", "not_found"),
        (f"{FRAME}<p>This user does not exist!</p>", "not_found"),
        (f"{FRAME}<p>This offer is no longer available</p>", "not_found"),
        ("<title>An Error Occurred: Not Found</title><h1>Oops! An Error Occurred</h1>"
         '<h2>The server returned a "404 Not Found".</h2>', "not_found"),
        ("<title>An Error Occurred: Internal Server Error</title><h1>Oops! An Error Occurred</h1>"
         '<h2>The server returned a "500 Internal Server Error".</h2>', "error"),
        ("<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1>"
         "</center><hr><center>nginx</center></body></html>", "error"),
        ("<html><head><title>504 Gateway Time-out</title></head><body></body></html>", "error"),
        ("<h1>Service Unavailable</h1>", "error"),
        ("<h1>THE HIDDEN SITE HAS BEEN SEIZED</h1>", "error"),
        ("<h1>Maintenance</h1><p>Back soon.</p>", "error"),
        (FRAME, "index"),
        (f"{FRAME}<h3>News</h3><p>Dream Market has been seized? No. Maintenance on Sunday. The vendor "
         "x was removed.</p>", "index"),
        (f"{FRAME}<form><select name='form[catT]'></select></form>No offers found", "search"),
        ("", "unknown"),
        ("<p>hello</p>", "unknown"),
    ],
)  # fmt: skip
def test_kinds(html: str, kind: str) -> None:
    page = parse_page(
        html.encode(), market="wall_street", url=f"{SITE}/index", captured_at=CAPTURED
    )
    if kind == "not_found":
        page = parse_page(html.encode(), market="wall_street", captured_at=CAPTURED)
    assert (page.kind, bool(page.kind_reason)) == (kind, True)
    assert page.vendors == [] and page.listings == []


def test_a_vendors_words_make_no_wall() -> None:
    words = "This offer does not exist. 404 not found. 502 Bad Gateway. Site has been seized. form[captcha]"
    got = parse(offer(tab=words))
    assert (got["kind"], got["listings"][0]["description"]) == ("listing", words)
    got = parse(profile_page("badge", "plain", "info", words))
    assert (got["kind"], got["vendors"][0]["profile"]) == ("vendor", words)


def test_a_profile_that_does_not_exist_is_no_profile() -> None:
    got = parse(f"{FRAME}<h2>The user ghost does not exist</h2>", f"{SITE}/profile/ghost")
    assert (got["kind"], got["vendors"]) == ("not_found", [])


def test_other_markets_and_other_pages_are_not_recognised(real_pages: Path) -> None:
    for page in sorted(real_pages.rglob("*.html")):
        assert not MARKET.recognises(Document(page.read_bytes())), page


@pytest.mark.parametrize(
    "html",
    [
        "", "<p>Wall Street Market</p>", "<title>Wall Street Market seized by police</title>",
        "<h1>menuCatT form[captcha] h1.fheading</h1>", '<a href="/offer/1">x</a>',
        '<pre>name="menuCatT" class="fheading" wms_captcha_field</pre>',
        "<h2>alice</h2><a href='/profile/alice'>x</a>", "<form><input name='form[_token]'></form>",
        '<title>News</title><p>Wall Street Market was seized.</p>' + "<p>Long text here.</p>" * 200,
    ],
)  # fmt: skip
def test_arbitrary_pages_are_not_recognised(html: str) -> None:
    assert not MARKET.recognises(Document(html.encode()))


# -- saved copies ----------------------------------------------------------------------------


def copies(html: str) -> dict[str, str]:
    """The same page as tools save it."""
    return {
        "lxml": str(BeautifulSoup(html, "lxml")),
        "html.parser": str(BeautifulSoup(html, "html.parser")),
        "pretty": re.sub(r">\s*\n\s*<", ">\n<", html),
        "minimal": BeautifulSoup(html, "lxml").decode(formatter="minimal"),
        "html entities": BeautifulSoup(html, "lxml").decode(formatter="html"),
        "tbody dropped": re.sub(r"</?tbody>", "", html),
        "tbody added": re.sub(r"(<table[^>]*>)(?!\s*<t(?:body|head))", r"\1<tbody>", html),
        "upper case": re.sub(r"</?[a-z][a-z0-9]*", lambda m: m[0].upper(), html),
        "single quotes": re.sub(r'="([^"\']*)"', r"='\1'", html),
        "links": re.sub(r'(href|action)="/', r'\1="./../', html),
        "crlf": html.replace("\n", "\r\n"),
        "space around tags": re.sub(r"(</?(?:div|p|table|tbody|thead|tr|ul|li|hr)\b[^>]*>)", r"\n\1\n", html),
    }  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_copies_of_a_page_read_alike(page: Path) -> None:
    html = page.read_text("utf-8")
    want = records(html.encode(), page)
    for name, copy in copies(html).items():
        got = records(copy.encode(), page)
        assert got == want, name
    declared = html.replace('charset="utf-8"', 'charset="iso-8859-1"')
    assert records(declared.encode(), page) == want


# -- broken pages ----------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_cut_anywhere_invents_nothing(page: Path) -> None:
    body = page.read_bytes()
    want = records(body, page)
    titles = {x["title"] for x in want["listings"]}
    handles = {x["vendor"] for x in want["listings"]} | {x["handle"] for x in want["vendors"]}
    for cut in range(0, len(body), 97):
        got = parse_page(body[:cut], market="wall_street", **about(page))
        assert not [w for w in got.warnings if w.field == "page"], got.warnings
        for listing in got.listings:
            assert any((title or "").startswith(listing.title or "") for title in titles)
            assert any((handle or "").startswith(listing.vendor or "") for handle in handles)
        assert len(got.listings) <= max(1, len(want["listings"]))
        assert len(got.reviews) <= len(want["reviews"]) + 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_mutation_of_a_page_is_too_much(data: st.DataObject) -> None:
    body = data.draw(st.sampled_from(PAGES)).read_bytes()
    tags = [m.span() for m in re.finditer(rb"<[^>]*>", body)]
    for _ in range(data.draw(st.integers(1, 6))):
        kind = data.draw(st.sampled_from(["cut", "double", "drop tag", "swap", "bytes"]))
        at, end = data.draw(st.sampled_from(tags))
        if kind == "cut":
            body = body[:at]
        elif kind == "double":
            body = body[:end] + body[at:]
        elif kind == "drop tag":
            body = body[:at] + body[end:]
        elif kind == "swap":
            other = data.draw(st.sampled_from(tags))
            body = body[:at] + body[other[0] : other[1]] + body[end:]
        else:
            body = body[:at] + data.draw(st.binary(max_size=30)) + body[at:]
    page = parse_page(body, market="wall_street", captured_at=CAPTURED)
    assert not [w for w in page.warnings if w.field == "page"], page.warnings
    page.to_dict()
    parse_page(body)


@pytest.mark.parametrize(
    "junk", ["<div>", "<p>", "<table><tr><td>", "<h2>", "<ol class=tree><li>", "<a href=/offer/1>"]
)
def test_nested_junk_costs_little(junk: str) -> None:
    body = ('<h1 class="fheading">x</h1><div id=tabcontent>' + junk * 3000).encode()
    page = parse_page(body, market="wall_street")
    assert not [w for w in page.warnings if w.field == "page"], page.warnings


@pytest.mark.parametrize(
    ("said", "level", "experience"),
    [
        ("<span>Level 1</span> <span>170 EXP</span>", 1, 170),
        ("<span>Level 5</span> <span>1 775 EXP</span>", 5, 1775),
        ("<span>775 EXP</span> <span>Level 5</span>", 5, 775),
    ],
)
def test_a_level_is_no_part_of_the_experience(said: str, level: int, experience: int) -> None:
    html = (
        "<h2>Bright_Side</h2><table><tr><td>Last online</td><td>online</td></tr>"
        f"<tr><td>Vendor-Level</td><td>{said}</td></tr></table><div id=tabcontent></div>"
    )
    vendor = parse(html, f"{SITE}/profile/Bright_Side")["vendors"][0]
    assert (vendor["level"], vendor["experience"]) == (level, experience)


def test_a_page_that_only_loads_itself_again_is_a_challenge_wherever_it_stands() -> None:
    html = (
        '<html><head><meta http-equiv="refresh" content="1; url=/offer/5">'
        "<title>Wall Street Market</title></head><body>One moment.</body></html>"
    )
    assert parse_page(html.encode(), url=f"{SITE}/offer/5").kind == "challenge"
