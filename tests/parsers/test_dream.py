"""Dream Market's odd blocks, in small pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cryptodrug_scraper.reading.document import Document
from parsers import parse_page
from parsers.dream import recognises
from parsers.dream_vendor import external_market

AT = datetime(2018, 11, 19, 12, tzinfo=UTC)


def read(content: str, *, url: str | None = None, title: str = "t") -> dict[str, Any]:
    page = f"""<html><head><title>{title}</title><link href="./marketstyle.css"></head><body>
        <div class="main"><div class="content">{content}</div><div class="footer">.</div></div>
        </body></html>"""
    return parse_page(page.encode(), market="dream", url=url, captured_at=AT).to_dict()


def listing(rows: str = "", below: str = "", **given: Any) -> dict[str, Any]:
    return read(
        f'<div class="viewProduct"><div class="title">Tea</div>'
        f'<div class="tabularDetails">{rows}</div>{below}</div>',
        **given,
    )


def profile(line: str = "ann", rows: str = "", below: str = "") -> dict[str, Any]:
    return read(
        '<div class="contactMember"><div class="profileNotes tabularDetails"><div><table><tr>'
        f"<td><label>Username</label></td><td><span>{line}</span></td></tr></table></div>{rows}"
        f"</div>{below}</div>"
    )


def row(label: str, value: str) -> str:
    return f"<div><label>{label}</label><span>{value}</span></div>"


# -- which market, which kind --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "own"),
    [
        ("<title>Dream Market Login - Featured anonymous marketplace</title>", True),
        ('<link rel=stylesheet href="./../marketstyle.css"><title>x</title>', True),
        ('<div class="main" artumm="abc"></div>', True),
        ('<form action="./verifyHuman2"><div class="ddos">DDOS Protection</div></form>', True),
        ('<div class="main"><div class="headNavitems"></div></div>', True),
        ("<title>Selling my Dream Market Login</title><p>Dream Market</p>", False),
        ("<pre>&lt;div artumm&gt; marketstyle.css verifyHuman headNavitems</pre>", False),
        ("<html></html>", False),
        ("", False),
        ("<h1>502 Bad Gateway</h1>", False),
    ],
)
def test_recognises_by_marks_that_nobody_can_write_into_a_text(page: str, own: bool) -> None:
    assert recognises(Document(page.encode())) is own


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (
            "<html><head><title>502 Bad Gateway</title></head><body><center>"
            "<h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>",
            "error",
        ),
        ("<title>504 Gateway Time-out</title><h1>504 Gateway Time-out</h1>", "error"),
        ("<title>503 Service Temporarily Unavailable</title>", "error"),
        ("<title>500 Internal Server Error</title><h1>Internal Server Error</h1>", "error"),
        ("<title>dream.example | 522: Connection timed out</title>", "error"),
        ('<html><head><META HTTP-EQUIV="Refresh" content="5"></head>Wait</html>', "challenge"),
        ('<img class="captcha" src="img/captcha2"><form></form>', "challenge"),
        ("<body>Your session has expired. <a href='./'>Login</a></body>", "login"),
        ("<body>You have been logged in elsewhere</body>", "login"),
        ('<div class="login"><form></form></div>', "login"),
        ("<title>Listing not found</title><div class=main></div>", "not_found"),
        (
            '<div class="content"><div><div class="title">Member not found</div></div></div>',
            "not_found",
        ),
        ('<div class="contactMember"><div class="title">User not found</div></div>', "not_found"),
        (
            '<div class="viewProduct"><div class="title">Book: lost, not found</div></div>',
            "listing",
        ),
        ("<title>5000 seeds</title><p>a page about seeds</p>", "unknown"),
        (
            "<title>Inbox</title><div class='main'><div class='headNavitems'>"
            "<a href='./?logout'>x</a></div>"
            "<div class='content'>Your session has expired, a vendor wrote</div></div>",
            "unknown",
        ),
        ("", "unknown"),
    ],
)
def test_walls_and_pages_without_a_main_block(page: str, kind: str) -> None:
    got = parse_page(page.encode(), market="dream")
    assert got.kind == kind
    assert got.kind == "unknown" or got.kind_reason
    assert (not got.listings and not got.vendors) or kind == "listing"


@pytest.mark.parametrize(
    ("before", "title", "url", "kind"),
    [
        ("", "Featured", None, "index"),
        ("", "Featured", "http://x.onion/", "index"),
        ("", "Featured", "http://x.onion/?category=104", "search"),
        ("", "Teas (1204)", None, "search"),
        (
            '<div class="category selected depth0"><a href="?category=1">Tea</a></div>',
            "",
            None,
            "search",
        ),
        ('<div class="offerFilter"><input name="q" value="tea"></div>', "", None, "search"),
        ('<ul class="pageNav"><a class="pager activePage">3</a></ul>', "", None, "search"),
        ('<ul class="pageNav"><a class="pager activePage">1</a></ul>', "", None, "index"),
    ],
)
def test_a_search_is_told_from_the_front_page(
    before: str, title: str, url: str | None, kind: str
) -> None:
    got = read(f'{before}<div class="shop"><div class="title">{title}</div></div>', url=url)
    assert got["kind"] == kind


# -- listings ------------------------------------------------------------------------------------


def test_the_id_comes_from_the_form_then_from_links_then_from_the_address() -> None:
    notes = '<div class="preformattedNotes"><a href="./viewProduct?offer=7.7">x</a></div>'
    field = '<input type=hidden name=offer value="1.2">'
    link = '<a href="./reportOffer?offer=3.4">Report</a>'
    url = "http://x.onion/viewProduct?offer=5.6&version=1"
    saved = "file:///saved/viewProduct%3Foffer%3D5.6.html"
    ids = [
        listing(below=below, url=address)["listings"][0]["external_id"]
        for below, address in [
            (notes + field + link, url),
            (notes + link, url),
            (notes, url),
            (notes, saved),
            (notes, "http://x.onion/contactMember?member=5.6"),
            (notes, None),
        ]
    ]
    assert ids == ["1.2", "3.4", "5.6", "5.6", None, None]


def test_an_id_of_another_form_is_a_warning() -> None:
    got = listing(below='<input name="offer" value="abc">')
    assert got["listings"][0]["external_id"] is None
    assert got["warnings"] == ["listing.external_id: not a pair of numbers: abc"]


@pytest.mark.parametrize(
    ("word", "payment", "warned"),
    [
        ("Yes", ["escrow"], False),
        ("No", ["finalize_early"], False),
        ("50% FE", ["partial_escrow"], False),
        ("Multisig", ["multisig"], False),
        ("Maybe", [], True),
    ],
)
def test_the_escrow_row(word: str, payment: list[str], warned: bool) -> None:
    got = listing(row("Escrow", f"\n {word}&nbsp;\n"))
    assert got["listings"][0]["payment"] == payment
    assert bool(got["warnings"]) is warned


def test_an_unknown_row_heading_coin_and_place_are_warnings() -> None:
    got = listing(
        row("Colour", "green") + row("Ships from", "Neverland") + row("Price", "a lot"),
        '<div class="newFeature">Ribbon</div><table><tr><td>red</td></tr></table>'
        '<div class="newFeature">Cryptocurrency</div><table><tr><td>Dogecoin (DOGE)</table>'
        '<div><div class="subtitle">Guarantee</div><div class="preformattedNotes">none</div></div>',
    )
    assert got["listings"][0]["ships_from"] == ["UNKNOWN"]
    assert got["listings"][0]["price"] is None
    assert sorted(w.partition(":")[0] for w in got["warnings"]) == [
        "listing",
        "listing",
        "listing",
        "listing.currencies",
        "listing.price",
        "listing.ships_from",
    ]


def test_a_coin_that_cannot_be_chosen_is_not_accepted() -> None:
    coins = "".join(
        f"<tr><td><label>{coin}</label></td><td><input type=radio {state}></td></tr>"
        for coin, state in [
            ("Bitcoin (BTC)", "checked"),
            ("Bitcoin Cash (BCH)", "disabled"),
            ("Monero", ""),
        ]
    )
    got = listing(below=f'<div class="newFeature">Cryptocurrency</div><table>{coins}</table>')
    assert got["listings"][0]["currencies"] == ["BTC", "XMR"]
    assert got["warnings"] == []


def test_both_terms_and_a_refund_policy_are_kept() -> None:
    got = listing(
        below="".join(
            f'<div><div class="subtitle">{heading}</div><div class="preformattedNotes"><pre>{text}'
            "</pre></div></div>"
            for heading, text in [
                ("Terms and conditions of ann", "Be kind."),
                ("Refund policy", "No."),
            ]
        )
    )
    assert got["listings"][0]["terms"] == "Be kind.\n\nNo."


def test_a_listing_without_reviews_or_with_words_instead_has_none() -> None:
    for inner in ("", "<tr><td colspan=3>No ratings yet</td></tr>", "<tr></tr>"):
        got = listing(
            below=f'<div class="ratings"><div class="newFeature">Product ratings</div>'
            f"<table>{inner}</table></div>"
        )
        assert (got["reviews"], got["warnings"]) == ([], [])


# -- the vendor's line ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "title", "name"),
    [
        ("alphabay", "Alphabay vendor rating (Positive/neutral/negative)", "alphabay"),
        ("middleEarth", "Middle Earth vendor rating (Deals, Rating out of 10)", "middle_earth"),
        ("agora", "Vendor rating on Agora (Deal count, Average Rating out of 5 stars)", "agora"),
        (
            "bmr",
            "User rating on Black Market Reloaded (positive/neutral/negative)",
            "black_market_reloaded",
        ),
        ("python", "Python total sales, satisfaction", "python"),
        ("traderoute", "Trade Route vendor rating (Deals)", "trade_route"),
        ("agora", "Agora Marketplace vendor rating", "agora"),
        ("sr2", "", "silk_road_2"),
        ("middleEarth", "", "middle_earth"),
        ("", "User rating on Silk Road (x)", "silk_road"),
    ],
)
def test_the_names_of_other_markets(word: str, title: str, name: str) -> None:
    assert external_market(word, title) == name


def external(text: str, title: str) -> tuple[dict[str, Any] | None, list[str]]:
    mark = f'<span class="oldLinkedUserRating externalVendorRef" title="{title}">{text}</span>'
    got = profile(f"ann ({mark})")
    found = got["vendors"][0]["external_ratings"]
    values = {k: v for k, v in found[0].items() if v is not None} if found else None
    return values, got["warnings"]


def test_the_formats_of_ratings_from_other_markets() -> None:
    base = {"market": "old"}
    assert external("800/27/96", "Old vendor rating (Pos, Neut, Neg Ratings)") == (
        base | {"positive": 800, "neutral": 27, "negative": 96},
        [],
    )
    assert external("3000, 4.825/5", "Old vendor rating (Deal count, Stars out of 5)") == (
        base | {"sales": "3000", "rating": "4.825", "rating_max": "5"},
        [],
    )
    assert external("200~500, 4.89/5", "Old vendor rating") == (
        base | {"sales": "200~500", "rating": "4.89", "rating_max": "5"},
        [],
    )
    assert external("#19, 9.79/10", "Old vendor rating (Rating out of 10)") == (
        base | {"sales": "#19", "rating": "9.79", "rating_max": "10"},
        [],
    )
    assert external("3/98", "Old total sales, satisfaction") == (
        base | {"sales": "3", "rating": "98"},
        [],
    )
    nothing, warnings = external("very good", "Old vendor rating")
    assert nothing is None and len(warnings) == 1


def test_a_vendor_without_ratings_and_one_with_an_unknown_mark() -> None:
    new = profile('ann <a class="viewRatings"><span title="Successful transactions">(0)</span></a>')
    assert (new["vendors"][0]["sales"], new["vendors"][0]["rating_max"]) == (0, None)
    assert new["warnings"] == []
    odd = profile('ann <span class="badge" title="Gold partner">*</span>')
    assert odd["warnings"] == ["vendor: unknown label: Gold partner: *"]


def test_banned_and_trusted() -> None:
    assert profile("ann (banned)")["vendors"][0]["banned"] is True
    assert profile("banned")["vendors"][0] | {"handle": "banned"} == profile("banned")["vendors"][0]
    said = profile(below='<div class="messageBox">This vendor has been banned.</div>')
    assert said["vendors"][0]["banned"] is True
    texts = profile(
        below='<div class="messagingTab"><div><div class="subtitle">Terms</div>'
        '<div class="preformattedNotes"><pre>That vendor was banned.</pre>'
        "</div></div></div>"
    )
    assert texts["vendors"][0]["banned"] is False
    trusted = profile('ann <span class="sellerStatus trusted" title="Trusted seller"> </span>')
    assert trusted["vendors"][0]["trusted"] is True
    assert listing(row("Vendor", "ann"))["vendors"][0]["banned"] is None


def test_rows_of_the_profile() -> None:
    got = profile(
        rows=row("FE enabled", "Yes")
        + row("Join date", "05/11/2013")
        + row("Last active", "18/11/2018 (yesterday)")
        + row("Shoe size", "44")
    )
    vendor = got["vendors"][0]
    assert (vendor["finalize_early"], vendor["joined_on"], vendor["last_active_on"]) == (
        True,
        "2013-11-05",
        "2018-11-18",
    )
    assert got["warnings"] == ["vendor: unknown label: Shoe size: 44"]


def test_a_profile_without_its_head_takes_the_handle_from_the_title() -> None:
    page = read('<div class="contactMember"></div>', title="Contact ann-e")
    assert page["vendors"][0]["handle"] == "ann-e"
    nobody = read('<div class="contactMember"></div>')
    assert nobody["vendors"] == [] and nobody["warnings"]


# -- ratings -------------------------------------------------------------------------------------


def stars(gold: int, grey: int) -> str:
    return '<img alt="gold" src="g.png">' * gold + '<img src="star_grey.png">' * grey


def ratings(*rows: str, totals: str = "") -> dict[str, Any]:
    return profile(below=f'{totals}<table class="ratingTable">{"".join(rows)}</table>')


def rating(
    age: str = "9d",
    given: str | None = None,
    text: str = "ok",
    who: str = "a . . . b",
    paid: str = "~ $5",
) -> str:
    given = stars(4, 1) if given is None else given
    return (
        f"<tr><td>{age}</td><td>{given}</td><td class='ratingText'>{text}</td><td>{who}</td>"
        f"<td>{paid}</td></tr>"
    )


def test_identical_ratings_are_two() -> None:
    got = ratings(rating(), rating())
    assert len(got["reviews"]) == 2
    assert got["reviews"][0] == got["reviews"][1]
    assert got["warnings"] == []


@pytest.mark.parametrize(
    ("age", "on", "precision"),
    [
        ("9d", "2018-11-10", "day"),
        ("1d 22h", "2018-11-17", "hour"),
        ("22:58", "2018-11-18", "minute"),
        ("0:05", "2018-11-19", "minute"),
    ],
)
def test_ages(age: str, on: str, precision: str) -> None:
    review = ratings(rating(age=age))["reviews"][0]
    assert (review["posted_on"], review["posted_precision"], review["posted_at"]) == (
        on,
        precision,
        None,
    )


def test_what_cannot_be_read_of_a_rating_is_null_and_a_warning() -> None:
    got = ratings(rating(age="once", given=stars(3, 0), paid="~ a little"))
    review = got["reviews"][0]
    assert (review["posted_on"], review["rating"], review["price"]) == (None, None, None)
    assert [w.partition(":")[0] for w in got["warnings"]] == [
        "review.posted_on",
        "review.rating",
        "review.price",
    ]
    assert ratings("<tr><td>1d</td><td>2</td></tr>")["warnings"] == [
        "review: a row of 2 cells: 1d2"
    ]
    assert "unknown star" in ratings(rating(given="<img alt=blue>" * 5))["warnings"][0]


def test_the_placeholder_is_no_text_and_links_in_texts_are_no_links() -> None:
    got = ratings(
        rating(text="\n Enter your\xa0comments here "),
        rating(text='see <a href="./viewProduct?offer=1.2">this</a>'),
    )
    assert [r["text"] for r in got["reviews"]] == [None, "see this"]
    assert got["links"] == []


def test_star_columns_are_read_by_their_names() -> None:
    cells = ("Age", "5 Stars", "4 Stars", "3 Stars", "2 Stars", "1 Stars", "Rating", "Trend")
    heading = "".join(f"<td>{cell}</td>" for cell in cells)
    body = "".join(f"<td>{cell}</td>" for cell in ("Older", "50", "4", "3", "2", "1", "(4.9)", ""))
    totals = f'<div id="tableOfRatings"><table><tr>{heading}</tr><tr>{body}</tr></table></div>'
    got = ratings(totals=totals)
    assert got["vendors"][0]["feedback_counts"] == [
        {
            "period": "older",
            "positive": None,
            "neutral": None,
            "negative": None,
            "stars": [1, 2, 3, 4, 50],
        }
    ]
    assert got["warnings"] == ["vendor.feedback_counts: unknown label: Trend"]


def test_ratings_kept_back() -> None:
    more = '<div class="andMoreRatings">And 1,300 more ratings...</div>'
    assert profile(below=more)["reviews_not_shown"] == 1300
    odd = profile(below='<div class="andMoreRatings">and lots of others</div>')
    assert odd["reviews_not_shown"] is None and odd["warnings"]
