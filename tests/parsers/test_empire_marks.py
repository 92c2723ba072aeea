"""Empire Market: words and marks that other pages than the fixtures carry."""

from __future__ import annotations

import re
from typing import Any

import pytest

from parsers import parse_page
from tests.conftest import FIXTURES

LISTING = (FIXTURES / "empire" / "listing.html").read_text()
PROFILE = (FIXTURES / "empire" / "vendor_about.html").read_text()
DREAM = "Verified Dream Market successful sales and star rating 1-5"


def read(text: str) -> dict[str, Any]:
    return parse_page(text.encode()).to_dict()


@pytest.mark.parametrize(
    ("stated", "payment"),
    [
        ("FE Listing 100%", ["finalize_early"]),
        ("Full FE", ["finalize_early"]),
        ("50% FE", ["partial_escrow"]),
        ("2/3 MultiSig", ["multisig"]),
        ("Escrow, MultiSig (2 of 3)", ["escrow", "multisig"]),
        ("Escrow / MultiSig 2-of-3", ["escrow", "multisig"]),
    ],
)
def test_ways_of_payment(stated: str, payment: list[str]) -> None:
    page = read(LISTING.replace("<td>Escrow, MultiSig</td>", f"<td>{stated}</td>", 1))
    assert page["listings"][0]["payment"] == payment
    assert page["warnings"] == []


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("- 3 days - USD + 2.00 / order", ("", "2.00", "3", "order")),
        (
            "UK - First Class - 2 days - USD + 3.00 / item",
            ("UK - First Class", "3.00", "2", "item"),
        ),
        (
            "1 - 2 days by hand - 1 day - USD + 1,234.50",
            ("1 - 2 days by hand", "1234.50", "1", None),
        ),
        ("UK - NDD - USD + 0.00 / order", ("UK - NDD", "0.00", None, "order")),
    ],
)
def test_names_of_shipping_options(stated: str, expected: tuple[str | None, ...]) -> None:
    option = re.compile(r"(<option[^>]*>)DHL  -[^<]*")
    page = read(option.sub(rf"\g<1>{stated}", LISTING))
    found = page["listings"][0]["shipping_options"][0]
    assert (found["name"], found["price"]["amount"], found["days"], found["per"]) == expected
    assert page["warnings"] == []


@pytest.mark.parametrize(
    ("title", "said", "expected"),
    [
        (
            "Verified Hansa Market feedback",
            "+1,012/-3",
            {"market": "hansa", "positive": 1012, "negative": 3},
        ),
        (
            "Verified AlphaBay Market positive, neutral and negative feedback",
            "120/3/5",
            {"market": "alphabay", "positive": 120, "neutral": 3, "negative": 5},
        ),
        (
            "Verified Nightmare Market successful sales and percentage",
            "120 (98.5%)",
            {"market": "nightmare", "sales": "120", "rating": "98.5", "rating_max": "100"},
        ),
        (
            "Verified Tochka Market positive feedback",
            "97%",
            {"market": "tochka", "rating": "97", "rating_max": "100"},
        ),
        (
            "Verified Berlusconi Market",
            "20 (4.9)",
            {"market": "berlusconi", "sales": "20", "rating": "4.9"},
        ),
    ],
)
def test_ratings_of_more_markets(title: str, said: str, expected: dict[str, Any]) -> None:
    text = LISTING.replace(DREAM, title, 1).replace("200 (4.94)", said, 1)
    page = read(text)
    rating = page["vendors"][0]["external_ratings"][0]
    assert {name: value for name, value in rating.items() if value is not None} == expected
    assert page["warnings"] == []


FORMS = {
    "title of the span": '<span title="{words}"><img src="x.png">310 (4.87)</span>',
    "brackets": '<span title="{words}"><img src="x.png"> (310) (4.87)</span>',
    "title of an image": '<img title="{words}" src="/public/image/x.png"> (310) (4.87)',
    "its alternative text": '<img alt="{words}" src="data:,"> (310) (4.87) <img src="star.png">',
    "an image in a span": '<span><img title="{words}"> 310 (4.87)</span>',
    "a span behind it": '<img title="{words}"><span>(310) (4.87)</span>',
    "a hard space": '<img title="{words}">&nbsp;(310)&nbsp;(4.87)<br>',
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("where", [LISTING, PROFILE], ids=["listing", "profile"])
def test_an_imported_rating_in_each_form(form: str, where: str) -> None:
    old = re.compile(rf'<span title="{DREAM}">.*?</span>', re.S)
    expected = read(where)
    got = read(old.sub(FORMS[form].format(words=DREAM), where, count=1))
    assert got["warnings"] == expected["warnings"]
    ratings, before = (r["vendors"][0]["external_ratings"] for r in (got, expected))
    assert [r["market"] for r in ratings] == [r["market"] for r in before]
    (rating,) = (r for r in ratings if r["market"] == "dream")
    assert (rating["sales"], rating["rating"], rating["rating_max"]) == ("310", "4.87", "5")


def test_an_image_named_like_a_market_tells_it() -> None:
    old = re.compile(rf'<span title="{DREAM}">.*?</span>', re.S)
    for mark in (
        '<img src="/public/image/dream.png"> (310) (4.87)',
        '<span><img src="dream.png"> 310 (4.87)</span>',
    ):
        got = read(old.sub(mark, LISTING, count=1))
        assert got["vendors"][0]["external_ratings"][0]["market"] == "dream"
        assert got["warnings"] == []
        got = read(old.sub(mark.replace("dream.png", "data:,"), LISTING, count=1))
        assert len(got["vendors"][0]["external_ratings"]) == 1


@pytest.mark.parametrize(
    "mark",
    [
        f'<img title="{DREAM}">',
        f'<img title="{DREAM}"> many',
        f'<span title="{DREAM}"><img src="x.png"></span>',
        '<span><img src="data:,"> 310 (4.87)</span>',
    ],
)
def test_an_imported_rating_that_is_not_read_is_a_warning(mark: str) -> None:
    old = re.compile(rf'<span title="{DREAM}">.*?</span>', re.S)
    got = read(old.sub(mark, LISTING, count=1))
    assert len(got["vendors"][0]["external_ratings"]) == 1
    assert any(w.startswith("vendor.external_ratings") for w in got["warnings"])


def test_a_rating_of_no_known_form_is_a_warning() -> None:
    page = read(LISTING.replace("200 (4.94)", "level five", 1))
    assert [r["market"] for r in page["vendors"][0]["external_ratings"]] == ["wall_street"]
    assert any("level five" in warning for warning in page["warnings"])


@pytest.mark.parametrize("text", [LISTING, PROFILE], ids=["listing", "vendor"])
def test_what_broken_nesting_lets_out_of_the_column_is_read(text: str) -> None:
    expected = read(text)
    start = text.index('<div class="tab">')
    for extra in ("</div>", "</div></div>", "</div></div></div>"):
        page = read(text[:start] + extra + text[start:])
        assert page == expected


def test_the_clock_is_found_wherever_the_footer_ends_up() -> None:
    expected = read(LISTING)["page_time"]
    start = LISTING.index('<div class="footer">')
    for before, after in (
        ("</div></div>", ""),
        ("<div><div><div><div><div>", ""),
        ("", "<p>x</p>"),
    ):
        text = LISTING[:start] + before + LISTING[start:].replace("</body>", f"{after}</body>")
        assert read(text)["page_time"] == expected
