# ruff: noqa: E501 - markup reads better on long lines
"""The same page in many spellings of its markup gives the same records.

No saved page of the market is public, so its parser may lean on nothing but what is known of
the site. Each test here builds one page in all the ways that the description leaves open.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from parsers import parse_page

CAPTURED = datetime(2019, 3, 1, 12, tzinfo=UTC)
SITE = "http://wallstexampleexample.onion"

Wrap = Callable[[list[str]], str]


def parse(html: str, url: str | None = None, **given: Any) -> dict[str, Any]:
    given.setdefault("captured_at", CAPTURED)
    return parse_page(html.encode(), market="wall_street", url=url, **given).to_dict()


# -- ways to spell a list, an icon, a label, a heading, a table ------------------------------

LISTS: dict[str, Wrap] = {
    "br": lambda rows: f"<p>{'<br>'.join(rows)}</p>",
    "br, each on a line": lambda rows: "<p>\n  " + "<br />\n  ".join(rows) + "<br />\n</p>",
    "li": lambda rows: (
        "<ul class='list-unstyled'>" + "".join(f"<li>{r}</li>" for r in rows) + "</ul>"
    ),
    "div": lambda rows: (
        "<div class='facts'>" + "\n".join(f"<div>{r}</div>" for r in rows) + "</div>"
    ),
    "p": lambda rows: "<div>" + "".join(f"<p class=x>{r}</p>" for r in rows) + "</div>",
    "br in small": lambda rows: f"<p><small>{'<br>'.join(rows)}</small></p>",
}
ICONS: dict[str, Callable[[str], str]] = {
    "i": lambda name: f'<i class="ionicons {name}"></i>',
    "more classes": lambda name: f"<i aria-hidden='true' class='{name} text-muted ionicons'></i>",
    "span": lambda name: f'<span class="icon {name}"></span>',
    "in b": lambda name: f"<b><i class='ionicons {name}'> </i></b>&nbsp;",
    "upper": lambda name: f'<I CLASS="ionicons {name}"></I>',
}
LABELS: dict[str, Callable[[str, str], str]] = {
    "plain": lambda label, value: f"{label}: {value}",
    "colon in b": lambda label, value: f"<b>{label}:</b> {value}",
    "colon after b": lambda label, value: f"<b>{label}</b>: {value}",
    "value in span": lambda label, value: f"<strong>{label}:</strong><span>{value}</span>",
    "nbsp": lambda label, value: f"<b>{label}:&nbsp;</b>&nbsp;{value}",
    "no colon": lambda label, value: f"<b>{label}</b> {value}",
    "both in blocks": lambda label, value: f"<span>{label}:</span>\n<span><b>{value}</b></span>",
}
HEADINGS: dict[str, Callable[[str, str], str]] = {
    "plain": lambda tag, text: f"<{tag}>{text}</{tag}>",
    "icon": lambda tag, text: (
        f'<{tag} class="mt-3"><i class="ionicons ion-pricetag"></i> {text}</{tag}>'
    ),
    "small": lambda tag, text: f"<{tag}>\n <small>{text}:</small>\n</{tag}>",
}


def table(rows: list[list[str]], head: list[str], style: str) -> str:
    body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>\n" for row in rows)
    top = "<tr>" + "".join(f"<th>{c}</th>" for c in head) + "</tr>"
    if style == "no head":
        return f"<table>{body}</table>"
    if style == "thead":
        return f"<div class='table-responsive'><table class='table'><thead>{top}</thead><tbody>{body}</tbody></table></div>"
    if style == "td head":
        return f"<table>{top.replace('th>', 'td>')}{body}</table>"
    assert style == "rich"
    rich = body.replace("<td>", '<td class="x">\n <span><b>').replace("</td>", "</b></span>\n</td>")
    return f"<table border=1><tbody>{top}{rich}</tbody></table>"


TABLES = ("no head", "thead", "td head", "rich")


def listing_page(
    lists: str, icons: str, labels: str, headings: str, tables: str, *, with_headings: bool
) -> str:
    icon, label, heading = ICONS[icons], LABELS[labels], HEADINGS[headings]
    arrow = '<i class="ionicons ion-ios-arrow-forward"></i>'
    first = LISTS[lists](
        [
            icon("ion-log-out") + " Ships from: Belgium",
            icon("ion-log-in") + " Ships Worldwide with Exceptions (US, AU)",
            icon("ion-android-share-alt") + " Escrow, Multisig",
            icon("ion-android-checkmark-circle") + " Auto-Accept",
        ]
    )
    second = LISTS[lists](
        [
            label("Category", f"Drugs {arrow} Cannabis {arrow} Buds &amp; Flowers"),
            label("Minimum amount per order", "1"),
            label("Maximum amount per order", "1'000"),
            label("Views", "2'345"),
            label("Quantity in stock", "87"),
            label("Already sold", "12"),
            label("Country", "US"),
            label("Replace-Time", "24 hours"),
        ]
    )
    info = heading("h1", "Info") if with_headings else ""
    information = heading("h4", "Information") if with_headings else ""
    return f"""<!DOCTYPE html><html><head><title>Wall Street Market</title></head><body>
<nav><a href="/profile/somebuyer">somebuyer</a></nav>
<div class="content"><form action="/logout" method="post"><button>Log out</button></form>
<div class="row"><div class="col-8">
<h1 class="display fheading">Blue widget, 1 piece</h1>
<img class="img-thumbnail" src="data:image/png;base64,AA==">
{info}<p>Vendor: <a href="/profile/brightside">brightside</a></p>
{first}
{information}
{second}
</div></div>
{heading("h4", "Prices")}
{
        table(
            [["1 - 9", "$25.00", "0.00312 BTC"], ["10 +", "$22.50", "0.00281 BTC"]],
            ["Amount", "Price per Piece", "Bitcoin"],
            tables,
        )
    }
{heading("h4", "Shipping Options")}
{
        table(
            [
                ["Letter", '1 - <i class="ionicons ion-ios-infinite"></i>', "$5.00", "0.0008 BTC"],
                ["Parcel", "5 - 20", "$9.50", "0.0012 BTC"],
            ],
            ["Name", "Amount", "Price", "Bitcoin"],
            tables,
        )
    }
<ul class="nav nav-tabs"><li class="active"><a href="/offer/4711">Description</a></li>
<li><a href="/offer/4711/refund">Refund policy</a></li></ul>
<div id="tabcontent">A widget.<br>Very blue.</div>
{heading("h3", "Feedback")}
{
        table(
            [
                [
                    '<i class="ionicons ion-ios-star"></i> <span class="text-muted">(5.00)</span>',
                    "as described",
                    "a***z",
                    "about 3 hours ago",
                ],
                ['<span class="text-muted">(3.50)</span>', "", "q***e", "Feb 12, 2019 14:05 UTC"],
            ],
            ["Rating", "Comment", "Buyer", "Time"],
            tables,
        )
    }
</div><footer>Time: now</footer></body></html>"""


PLAIN = ("br", "i", "plain", "plain", "no head")
CHOICES = (LISTS, ICONS, LABELS, HEADINGS, TABLES)


def one_at_a_time() -> list[tuple[str, ...]]:
    """Every way of spelling each thing, and some of them together."""
    found = [PLAIN]
    for place, choices in enumerate(CHOICES):
        found.extend((*PLAIN[:place], choice, *PLAIN[place + 1 :]) for choice in choices)
    everything = list(itertools.product(*CHOICES))
    return list(dict.fromkeys(found + everything[:: len(everything) // 60]))


@pytest.mark.parametrize("style", one_at_a_time(), ids=" / ".join)
@pytest.mark.parametrize("with_headings", [True, False], ids=["headings", "no headings"])
def test_an_offer_reads_alike_in_all_spellings(style: tuple[str, ...], with_headings: bool) -> None:
    got = parse(listing_page(*style, with_headings=with_headings), f"{SITE}/offer/4711")
    assert got["warnings"] == []
    assert got["kind"] == "listing"
    assert got["listings"] == [OFFER]
    assert [v["handle"] for v in got["vendors"]] == ["brightside"]
    assert [(r["rating"], r["text"], r["author"], r["posted_on"]) for r in got["reviews"]] == [
        ("5.00", "as described", "a***z", "2019-03-01"),
        ("3.50", None, "q***e", "2019-02-12"),
    ]
    assert [(link["kind"], link["url"]) for link in got["links"]] == [
        ("vendor", f"{SITE}/profile/brightside"),
        ("listing", f"{SITE}/offer/4711"),
        ("listing", f"{SITE}/offer/4711/refund"),
    ]


OFFER = {
    "external_id": "4711",
    "title": "Blue widget, 1 piece",
    "vendor": "brightside",
    "category": ["Drugs", "Cannabis", "Buds & Flowers"],
    "description": "A widget.\nVery blue.",
    "terms": None,
    "price": {"amount": "25.00", "currency": "USD"},
    "price_alternatives": [{"amount": "0.00312", "currency": "BTC"}],
    "price_tiers": [
        {"min_quantity": 1, "max_quantity": 9, "price": {"amount": "25.00", "currency": "USD"}},
        {"min_quantity": 10, "max_quantity": None, "price": {"amount": "22.50", "currency": "USD"}},
    ],
    "shipping_options": [
        {
            "name": "Letter",
            "price": {"amount": "5.00", "currency": "USD"},
            "days": None,
            "per": None,
        },
        {
            "name": "Parcel",
            "price": {"amount": "9.50", "currency": "USD"},
            "days": None,
            "per": None,
        },
    ],
    "ships_from": ["BE"],
    "ships_to": ["WORLD"],
    "ships_to_excluded": ["US", "AU"],
    "ships_from_text": "Belgium",
    "ships_to_text": "Ships Worldwide with Exceptions (US, AU)",
    "payment": ["escrow", "multisig"],
    "currencies": [],
    "product_class": None,
    "stock": 87,
    "stock_unlimited": False,
    "sold": 12,
    "sold_since": None,
    "views": 2345,
    "ends": None,
    "min_order": 1,
    "max_order": 1000,
}


# -- a profile -------------------------------------------------------------------------------

GENERAL = [
    ("Last online", "about 3 hours ago"),
    ("Member since", "Nov 3, 2017 10:00 UTC"),
    ("Vendor since", "Dec 24, 2017 09:30 UTC"),
]
BUYER = [("Completed orders", "0/3"), ("Disputes involved as buyer", "1"), ("Rated orders", "2")]
VENDOR = [
    (
        "Vendor-Level",
        '<span class="badge badge-success">Level 7</span><span class="badge badge-primary">4\'521 EXP</span>',
    ),
    (
        "Average rating",
        '<i class="ionicons ion-ios-star"></i> <span class="text-muted">(4.91)</span>',
    ),
    ("Rating of the last 30 days", "(4.95)"),
    ("Open/Completed orders", "12/1'845"),
    ("Disputes involved as vendor", "4"),
    ("Rated orders", "1'801"),
]
SELLER = {
    "handle": "Bright_Side",
    "sales": 1845,
    "rating": "4.91",
    "rating_max": "5",
    "rating_count": 1801,
    "level": 7,
    "experience": 4521,
    "joined_on": "2017-11-03",
    "last_active_on": "2019-03-01",
    "trusted": True,
    "banned": False,
    "disputes": 4,
    "profile": "Hello.\nI sell widgets.",
}


def facts(style: str) -> str:
    def rows(pairs: list[tuple[str, str]]) -> str:
        if style == "th, colon":
            return "".join(f"<tr><th>{a}:</th><td>{b}</td></tr>" for a, b in pairs)
        if style == "rich":
            return "".join(
                f"<tr>\n<td><small><b>{a.replace(' ', '&nbsp;')}</b></small></td>\n<td><div>{b}</div></td></tr>"
                for a, b in pairs
            )
        return "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in pairs)

    if style == "three tables":
        return (
            f"<table>{rows(GENERAL)}</table><h4>Buyer-Statistics</h4><table>{rows(BUYER)}</table>"
            f"<h4><i class='ionicons ion-x'></i> Vendor-Statistics</h4><table>{rows(VENDOR)}</table>"
        )
    head = {
        "plain": "<tr><td colspan=2>{}</td></tr>",
        "th, colon": '<tr><th colspan="2">{}:</th></tr>',
        "rich": "<tr><td colspan=2><h4><b>{}</b></h4></td></tr>",
        "bodies": "</tbody><tbody><tr><th>{}</th><th></th></tr>",
        "vendor first": "<tr><td><b>{}</b></td><td>&nbsp;</td></tr>",
    }[style]
    parts = [
        head.format("Buyer-Statistics") + rows(BUYER),
        head.format("Vendor-Statistics") + rows(VENDOR),
    ]
    if style == "vendor first":
        parts.reverse()
    return f"<table class='table'><tbody>{rows(GENERAL)}{''.join(parts)}</tbody></table>"


NAMES = {
    "badge": '<h2>Bright_Side <span class="badge">Trusted Vendor</span></h2>',
    "glued": '<h2>Bright_Side<span class="badge">Trusted Vendor</span></h2>',
    "brackets": "<h2>Bright_Side <small>(Trusted Vendor)</small></h2>",
    "tooltip": '<h2><b>Bright_Side</b> <i class="ionicons ion-ribbon-b" title="Trusted Vendor"></i></h2>',
    "before": '<h2><span class="badge">Trusted Vendor</span> Bright_Side</h2>',
    "lines": "<h2>\n  <span>Bright_Side</span>\n  <br>\n  <span>Trusted Vendor</span>\n</h2>",
}
FACTS = ("plain", "th, colon", "rich", "bodies", "vendor first", "three tables")


def profile_page(name: str, style: str, tab: str, text: str) -> str:
    tabs = "".join(
        f'<li class="{"active" if t == tab else ""}"><a href="/profile/Bright_Side/{t}">{t}</a></li>'
        for t in ("offers", "pgp", "info")
    )
    return f"""<html><body><nav><a href="/profile/me/info">me</a></nav><div class="content">
<form action="/logout"></form>{NAMES[name]}<div class=row>{facts(style)}</div>
<ul class="nav nav-tabs">{tabs}</ul><div id="tabcontent">{text}</div></div></body></html>"""


@pytest.mark.parametrize("style", FACTS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("url", [None, f"{SITE}/profile/Bright_Side/info"])
def test_a_profile_reads_alike_in_all_spellings(name: str, style: str, url: str | None) -> None:
    got = parse(profile_page(name, style, "info", "Hello.<br />\nI sell widgets."), url)
    assert got["warnings"] == []
    assert got["kind"] == "vendor"
    (vendor,) = got["vendors"]
    assert {k: v for k, v in vendor.items() if v not in (None, [])} == SELLER
    root = SITE if url else ""
    assert [link["url"] for link in got["links"]] == [
        f"{root}/profile/Bright_Side/{tab}" for tab in ("offers", "pgp", "info")
    ]


STORE_ROWS = [
    ["Drugs <i class='ionicons ion-arrow-right-b'></i> Cannabis"],
    ['<a href="/offer/31">Green widget</a>', "$12.00 / Gram"],
    ['<a href="/offer/32">Red widget</a>', "$1'250.00 / Piece"],
    ["Guides"],
    ['<a href="/offer/33">How to widget</a>', "$3.50 / Piece"],
]


@pytest.mark.parametrize("head", [None, "th", "td"])
@pytest.mark.parametrize("wide", [True, False], ids=["colspan", "one cell"])
@pytest.mark.parametrize("bold", [True, False], ids=["bold", "plain"])
def test_a_store_reads_alike_in_all_spellings(head: str | None, wide: bool, bold: bool) -> None:
    rows = "" if head is None else f"<tr><{head}>Title</{head}><{head}>Price</{head}></tr>"
    for row in STORE_ROWS:
        if len(row) == 1:
            cell = f"<b>{row[0]}</b>" if bold else row[0]
            rows += f"<tr><td{' colspan=2' if wide else ''}>{cell}</td></tr>"
        else:
            rows += "<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>"
    got = parse(profile_page("badge", "plain", "offers", f"<table>{rows}</table>"))
    assert got["warnings"] == []
    assert [
        (o["external_id"], o["title"], o["vendor"], o["category"], o["price"]["amount"])
        for o in got["listings"]
    ] == [
        ("31", "Green widget", "Bright_Side", ["Drugs", "Cannabis"], "12.00"),
        ("32", "Red widget", "Bright_Side", ["Drugs", "Cannabis"], "1250.00"),
        ("33", "How to widget", "Bright_Side", ["Guides"], "3.50"),
    ]
    assert got["vendors"][0]["profile"] is None
