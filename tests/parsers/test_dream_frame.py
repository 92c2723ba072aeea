"""Dream Market: sidebars, cards and links."""

from __future__ import annotations

from tests.parsers.test_dream import read

# -- sidebars, cards, links ----------------------------------------------------------------------


def panel(heading: str, rows: str) -> str:
    return (
        f'<div class="sidebarHeader">{heading}</div><div class="exchangeRateListing"><table>'
        f"{rows}</table></div>"
    )


def test_exchange_rates() -> None:
    rows = "".join(
        f"<tr><td></td><td class=cur><a>{c}</a></td><td>{r}</td></tr>"
        for c, r in [("BTC", "1.0"), ("mBTC", "1000.0"), ("EUR", "6829.4"), ("mBCH", "9.0")]
    )
    assert read(panel("฿ Exchange", rows) + '<div class="shop"></div>')["exchange_rates"] == [
        {"base": "BTC", "quote": "EUR", "rate": "6829.4"}
    ]
    other = read(panel("€ rates", rows) + '<div class="shop"></div>')
    assert other["exchange_rates"] == [] and other["warnings"]


def test_a_category_knows_its_path_by_depth_and_repeats_are_left_out() -> None:
    tree = [
        (0, "1", "Roots", 1),
        (1, "2", "Leaves &amp;Co", 0),
        (3, "3", "Mint", 0),
        (1, "4", "Bark", 0),
    ]
    inner = "".join(
        f'<div class="category depth{d}{" selected" if i == "3" else ""}"><a href="?category={i}">'
        f'{n}<span class="amount">1,2{c}0</span></a></div>'
        for d, i, n, c in tree
    )
    again = (
        '<div class="sidebarHeader"> </div><div class="category depth0">'
        '<a href="./?category=1">Roots</a></div><div class="category depth0">'
        '<a href="./?category=9">Other</a></div>'
    )
    got = read(
        f'<div class="sidebar browse">{inner}{again}</div>'
        '<div class="viewProduct"><div class="title">Tea</div></div>'
    )
    assert [(c["external_id"], c["path"], c["listing_count"]) for c in got["categories"]] == [
        ("1", ["Roots"], 1210),
        ("2", ["Roots", "Leaves &Co"], 1200),
        ("3", ["Roots", "Leaves &Co", "Mint"], 1200),
        ("4", ["Roots", "Bark"], 1200),
        ("9", ["Other"], None),
    ]
    assert got["listings"][0]["category"] == ["Roots", "Leaves &Co", "Mint"]


def test_a_card_with_something_new_on_it_is_a_warning() -> None:
    got = read(
        '<div class="shop"><div class="shopItem"><div class="oTitle"><a '
        'href="/viewProduct?offer=1.2">Tea</a></div><table><tr><td class="oOfTextDetail">'
        '<div class="oPrice">$5</div><div class="oStock">7 left</div>'
        '<div class="oVendor"> ann (12) </div></td></tr></table></div></div>'
    )
    card = got["listings"][0]
    assert (card["external_id"], card["vendor"]) == ("1.2", "ann")
    assert got["warnings"] == ["listing: unknown label: oStock: 7 left"]


def hrefs(*addresses: str, url: str | None = None) -> list[tuple[str, str | None, str]]:
    inner = "".join(f'<a href="{address}">x</a>' for address in addresses)
    got = read(f'<div class="shop">{inner}</div>', url=url)
    return [(link["kind"], link["external_id"], link["url"]) for link in got["links"]]


def test_links_are_followable_pages_only() -> None:
    assert hrefs(
        "./viewProduct?offer=1.2",
        "../viewProduct?offer=1.2#x",
        "viewProduct?offer=nonsense",
        "/contactMember?member=Ann%20B&amp;tab=ratings#tabChooser",
        "./contactMember?member=",
        "./contactMember?action=addToFavorites&amp;member=Ann",
        "./reportVendor?vendor=Ann",
        "../listings?category=113&amp;page=2",
        "?page=3&amp;q=tea",
        "./?selectCurrency=EUR&amp;ks=1",
        "./?category=7&amp;ks=-9",
        "/?daymode=x&amp;globalUpdateToken=4",
        "./?logout",
        "./wallet",
        "./inbox?action=conversation",
        "#",
        "?member=Ann#conversation",
    ) == [
        ("listing", "1.2", "/viewProduct?offer=1.2"),
        ("vendor", "Ann B", "/contactMember?member=Ann%20B&tab=ratings"),
        ("search", "113", "/?category=113&page=2"),
        ("search", None, "/?page=3&q=tea"),
        ("search", "7", "/?category=7"),
    ]


def test_links_are_absolute_where_the_page_or_the_link_is() -> None:
    own = "http://own.onion/?category=4"
    assert hrefs(
        "./viewProduct?offer=1.2",
        "http://other.onion/viewProduct?offer=3.4",
        "http://own.onion/viewProduct?offer=5.6",
        url=own,
    ) == [
        ("listing", "1.2", "http://own.onion/viewProduct?offer=1.2"),
        ("listing", "5.6", "http://own.onion/viewProduct?offer=5.6"),
    ]
    for broken in ("http://[own", "::", "http://"):
        assert hrefs("http://[a/viewProduct?offer=1.2", "./?category=3", url=broken)
    assert hrefs("http://own.onion/viewProduct?offer=5.6", url="file:///saved/page.html") == [
        ("listing", "5.6", "http://own.onion/viewProduct?offer=5.6")
    ]
