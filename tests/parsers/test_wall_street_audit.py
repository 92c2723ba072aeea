# ruff: noqa: E501 - markup reads better on long lines
"""Pages written from the market's description alone, before its parser was looked at.

The whole pages of that audit are ``fixtures/wall_street/bare_*.html``; what they and their
variants taught the parser stands here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from parsers import parse_page

CAPTURED = datetime(2019, 3, 1, 12, tzinfo=UTC)
SITE = "http://wallstexampleexample.onion"
FACTS = (
    "<h2>K-Shop</h2><table><tr><td>Last online</td><td>online</td></tr>"
    "<tr><td>Vendor since</td><td>Feb 1, 2018 10:00 UTC</td></tr></table>"
)


def parse(html: str, path: str | None = None, market: str | None = "wall_street") -> dict[str, Any]:
    url = None if path is None else SITE + path
    return parse_page(html.encode(), market=market, url=url, captured_at=CAPTURED).to_dict()


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        (f"{FACTS}<div id=tabcontent>Hello</div>", "vendor"),
        (FACTS, "vendor"),
        (
            "<h2>Zed_9</h2><div id=tabcontent><table><tr><td colspan=2>Benzos</td></tr>"
            "<tr><td><a href='/offer/2'>X1</a></td><td>$3.00</td></tr></table></div>",
            "vendor",
        ),
        (
            "<img class=captcha_image src='data:,'><form><input name='form[_token]'></form>",
            "challenge",
        ),
    ],
    ids=["tab", "facts", "store", "captcha without its field"],
)
def test_bare_pages_are_recognised_without_being_told_the_market(html: str, kind: str) -> None:
    got = parse(html, "/profile/Zed_9/offers" if "/offer/" in html else None, market=None)
    assert (got["market"], got["kind"]) == ("wall_street", kind)


@pytest.mark.parametrize(
    "html",
    [
        "<h2>Members</h2><table><tr><td>Last online</td><td>Member since</td></tr></table>",
        "<h2>Zed</h2><div id=tabcontent>Hello</div>",
        "<form><input name='form[_token]'></form>",
        "<div class=tabcontent><a href='/offer/2'>X</a></div>",
    ],
)
def test_marks_that_other_sites_share_are_not_enough(html: str) -> None:
    assert parse(html, market=None)["kind"] == "unknown"


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("<p>Sorry, there is no offer with this ID.</p>", "/offer/99"),
        ("<p>Invalid offer</p>", "/offer/99"),
        ("<p>Unknown offer</p>", "/offer/99"),
        ("<p>Offer unavailable</p>", "/offer/99"),
        ("<h2>Unknown user</h2>", "/profile/x"),
    ],
)
@pytest.mark.parametrize("frame", ["", '<form action="/logout" method="post"></form>'])
def test_more_ways_to_say_that_it_is_not_there(said: str, path: str, frame: str) -> None:
    html = f"<title>Wall Street Market</title><div class=content>{frame}{said}</div>"
    assert parse(html, path, market=None)["kind"] == "not_found"


def test_results_without_offers_are_still_results() -> None:
    html = (
        "<form><select name='form[catT]'></select></form><p>There is no offer in this category.</p>"
    )
    assert parse(html, "/index")["kind"] == "search"


def test_a_category_may_end_in_a_number_of_its_own() -> None:
    html = """<div id=mCont><form><ol class=tree><li><button name=menuCatT value=1>Web 2.0 30</button>
        <li><button name=menuCatT value=2>Web 2.0</button>
        <li><button name=menuCatT value=3>Fraud <span>1'210</span></button>
        <li><button name=menuCatT value=4>Drugs (12)</button></ol></form></div>"""
    got = [(c["name"], c["listing_count"]) for c in parse(html, "/index")["categories"]]
    assert got == [("Web 2.0", 30), ("Web 2.0", None), ("Fraud", 1210), ("Drugs", 12)]


def test_the_vendor_may_stand_before_the_title_and_beside_one_s_own_profile() -> None:
    html = """<div id=menu><a href="/profile/me">me</a></div>
        <div><a href="/profile/Vee">Vee</a><h1 class=fheading>T</h1><p>Text</p></div>"""
    got = parse(html, "/offer/5")
    assert got["listings"][0]["vendor"] == "Vee"
    assert [v["handle"] for v in got["vendors"]] == ["Vee"]


def test_a_heading_in_the_vendor_s_text_is_of_the_text_unless_a_table_follows() -> None:
    page = "<h1 class=fheading>T</h1><div id=tabcontent>{}</div>"
    own = parse(page.format("<h4>My prices</h4>1g 9 euro<br>2g 17 euro"), "/offer/6")
    assert own["listings"][0]["description"] == "My prices\n1g 9 euro\n2g 17 euro"
    rows = "<h4>Prices</h4><table><tr><td>1 - 9</td><td>$9.00</td></tr></table>Text"
    market = parse(page.format(rows), "/offer/6")["listings"][0]
    assert market["description"] == "Text"
    assert market["price"] == {"amount": "9.00", "currency": "USD"}


def test_a_row_s_bitcoin_price_may_have_a_cell_of_its_own_and_no_column_name() -> None:
    html = f"""{FACTS}<div id=tabcontent><table><tr><td>Drugs</td></tr>
        <tr><td><a href="/offer/1">W1</a></td><td>$5.00 / Gram</td><td>0.001 BTC</td></tr></table></div>"""
    (listing,) = parse(html, "/profile/K-Shop/offers")["listings"]
    assert listing["price"] == {"amount": "5.00", "currency": "USD"}
    assert listing["price_alternatives"] == [{"amount": "0.001", "currency": "BTC"}]


def test_places_may_stand_under_the_title_in_a_table_of_results() -> None:
    html = """<table><tr><td>#</td><td>Title</td><td>Vendor</td><td>Price</td></tr><tr><td>1</td>
        <td><a href="/offer/4711">T one</a><br><small><i class="ionicons ion-log-out"></i> Ships from: DE<br>
        <i class="ionicons ion-log-in"></i> Ships Worldwide with Exceptions (US)</small></td>
        <td><a href="/profile/V">V</a><br>Level 3</td><td><b>1.250,00€</b> / Piece</td></tr></table>"""
    (listing,) = parse(html, "/index")["listings"]
    assert (listing["title"], listing["vendor"]) == ("T one", "V")
    assert (listing["ships_from"], listing["ships_to"]) == (["DE"], ["WORLD"])
    assert listing["ships_to_excluded"] == ["US"]
    assert listing["price"] == {"amount": "1250.00", "currency": "EUR"}
