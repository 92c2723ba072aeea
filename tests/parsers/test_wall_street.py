# ruff: noqa: E501 - markup reads better on long lines
"""Wall Street Market: odd blocks of offers and links."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from parsers import parse_page
from tests.conftest import FIXTURES
from tests.parsers.test_wall_street_variants import SITE, parse

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
