"""Facts of the real saved pages, checked by hand; their texts stay where they lie."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from parsers import parse_page

CAPTURED = {
    "seller_0": "2018-11-18T12:00:00Z",
    "seller_2": "2018-03-01T12:00:00Z",
    "seller_3": "2018-03-01T12:00:00Z",
    "seller_6": "2018-11-19T12:00:00Z",
}

# SHA-256 prefixes of the three listings' texts, read against the pages' source.
IDS = ["3e4437e09de7", "76fb31e3eebd", "875f36a65064"]
TITLES = ["f8cfabaa1ba8", "07b86a9b20b1", "f879d95cc5b0"]
DESCRIPTIONS = ["3bf1e41fe4c1", "cba1090d89bd", "217ae163ade3"]
TERMS = ["50263783ef50", "04dc6fcc7741", "db37c2107796"]


@pytest.fixture
def read(real_pages: Path) -> Any:
    def read_page(name: str) -> dict[str, Any]:
        at = CAPTURED.get(name)
        return parse_page(
            (real_pages / "dream" / f"{name}.html").read_bytes(),
            captured_at=datetime.fromisoformat(at) if at else None,
        ).to_dict()

    return read_page


def mark(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    ("name", "kind", "counts"),
    [  # listings, vendors, reviews, categories, exchange rates, links
        ("anti_ddos_0", "challenge", (0, 0, 0, 0, 0, 0)),
        ("listing_0", "listing", (1, 1, 2, 17, 16, 19)),
        ("listing_1", "listing", (1, 1, 0, 16, 16, 18)),
        ("listing_2", "listing", (1, 1, 0, 8, 16, 10)),
        ("login_0", "login", (0, 0, 0, 0, 0, 0)),
        ("main_page_0", "index", (0, 0, 0, 5, 16, 5)),
        ("not_found_0", "not_found", (0, 0, 0, 5, 16, 5)),
        ("search_result_0", "search", (32, 0, 0, 9, 16, 117)),
        ("seller_0", "vendor", (17, 1, 0, 5, 16, 23)),
        ("seller_2", "vendor", (13, 1, 23, 5, 16, 20)),
        ("seller_3", "vendor", (30, 1, 0, 5, 16, 38)),
        ("seller_6", "vendor", (3, 1, 93, 5, 16, 10)),
    ],
)
def test_kinds_and_counts(read: Any, name: str, kind: str, counts: tuple[int, ...]) -> None:
    got = read(name)
    assert (got["market"], got["kind"]) == ("dream", kind)
    records = ("listings", "vendors", "reviews", "categories", "exchange_rates", "links")
    assert tuple(len(got[r]) for r in records) == counts
    # Two product ratings of listing_0 have ages, and when the page was saved is unknown.
    assert len(got["warnings"]) == (2 if name == "listing_0" else 0)


def test_the_listings(read: Any) -> None:
    new, old, older = (read(f"listing_{n}")["listings"][0] for n in range(3))
    assert [mark(x["external_id"]) for x in (new, old, older)] == IDS
    assert new["price"] == {"amount": "50.96", "currency": "USD"}
    assert new["price_alternatives"] == []
    assert old["price"] == {"amount": "0.000787", "currency": "BTC"}
    assert old["price_alternatives"] == [{"amount": "7.28", "currency": "EUR"}]
    assert older["price_alternatives"] == [{"amount": "3.1096000000000004", "currency": "USD"}]
    assert (new["ships_from"], new["ships_to"]) == (["US"], ["US", "WORLD"])
    assert (old["ships_from"], old["ships_to"]) == (["WORLD"], ["WORLD"])
    assert [x["payment"] for x in (new, old, older)] == [["escrow"], ["finalize_early"], ["escrow"]]
    assert [x["currencies"] for x in (new, old, older)] == [
        ["BTC", "BCH"],
        ["BTC", "XMR"],
        ["BTC", "BCH", "XMR"],
    ]
    assert [len(x["shipping_options"]) for x in (new, old, older)] == [2, 0, 1]
    assert [x["price"]["amount"] for x in new["shipping_options"]] == ["25", "0.00"]
    assert older["shipping_options"][0]["price"] == {"amount": "0.00", "currency": "BTC"}
    assert [len(x["category"]) for x in (new, old, older)] == [1, 2, 2]
    assert [mark(x["title"]) for x in (new, old, older)] == TITLES
    assert [mark(x["description"]) for x in (new, old, older)] == DESCRIPTIONS
    assert [mark(x["terms"]) for x in (new, old, older)] == TERMS


def test_the_vendors_on_listing_pages(read: Any) -> None:
    new, old, older = (read(f"listing_{n}")["vendors"][0] for n in range(3))
    fields = ("sales", "rating", "rating_max", "rating_count", "trusted", "banned")
    assert [tuple(v[f] for f in fields) for v in (new, old, older)] == [
        (1000, "4.97", "5", 860, None, None),
        (580, "4.88", "5", 580, False, None),
        (14500, "4.87", "5", 14500, False, None),
    ]
    assert [
        (e["market"], e["sales"], e["rating"], e["rating_max"], e["positive"])
        for e in new["external_ratings"]
    ] == [
        ("agora", "3000", "4.825", "5", None),
        ("nucleus", "45", "4.55", "5", None),
        ("alphabay", None, None, None, 800),
        ("abraxas", "200~500", "4.89", "5", None),
        ("middle_earth", "#19", "9.79", "10", None),
    ]
    assert [
        (e["market"], e["positive"], e["neutral"], e["negative"]) for e in older["external_ratings"]
    ] == [("alphabay", 866, 41, 20), ("hansa", 1399, 47, 47)]


def test_the_vendors(read: Any) -> None:
    fields = (
        "sales",
        "rating",
        "rating_count",
        "joined_on",
        "last_active_on",
        "finalize_early",
        "banned",
    )
    pages = {n: read(f"seller_{n}") for n in (0, 2, 3, 6)}
    assert {n: tuple(p["vendors"][0][f] for f in fields) for n, p in pages.items()} == {
        0: (680, "4.96", 640, "2018-08-24", "2018-11-18", False, False),
        2: (20, "4.65", 20, "2017-04-23", "2018-03-01", False, False),
        3: (280, "4.96", 280, "2017-12-10", "2018-03-01", False, False),
        6: (330, "4.94", 300, "2017-01-17", "2018-11-19", True, False),
    }
    assert mark(pages[0]["vendors"][0]["pgp_fingerprint"]) == "d5e9313ab043"
    assert mark(pages[3]["vendors"][0]["pgp_fingerprint"]) == "9cdd5277f23d"
    assert {
        n: [c["stars"] for c in p["vendors"][0]["feedback_counts"]] for n, p in pages.items()
    } == {
        0: [],
        3: [],
        2: [[0, 0, 0, 0, 3], [2, 0, 0, 0, 5], [0, 0, 0, 0, 13]],
        6: [[0, 0, 0, 0, 9], [0, 0, 0, 2, 81], [2, 0, 1, 4, 206]],
    }
    assert {n: p["reviews_not_shown"] for n, p in pages.items()} == {
        0: None,
        2: None,
        3: None,
        6: 220,
    }
    for page in pages.values():
        handle = page["vendors"][0]["handle"]
        assert {card["vendor"] for card in page["listings"]} == {handle}
        assert all(card["payment"] == ["escrow"] for card in page["listings"])


def test_the_reviews(read: Any) -> None:
    few, many = read("seller_2")["reviews"], read("seller_6")["reviews"]
    assert Counter(r["rating"] for r in few) == {"5": 21, "1": 2}
    assert Counter(r["rating"] for r in many) == {"5": 91, "4": 2}
    assert sum(r["text"] is None for r in few) == 5
    assert {r["price"]["currency"] for r in few} == {"BTC"}
    assert {r["price"]["currency"] for r in many} == {"USD"}
    assert all(r["author"] and r["price_approximate"] for r in few + many)
    assert (few[0]["posted_on"], few[-1]["posted_on"]) == ("2018-02-20", "2017-09-28")
    assert (many[0]["posted_on"], many[-1]["posted_on"]) == ("2018-11-14", "2018-08-14")
    twins = Counter(str(r) for r in many)
    assert sum(twins.values()) == 93
    assert all(r["posted_precision"] == "day" and r["posted_at"] is None for r in many)


def test_the_search(read: Any) -> None:
    page = read("search_result_0")
    cards = page["listings"]
    assert Counter(tuple(c["payment"]) for c in cards) == {("escrow",): 28, ("finalize_early",): 4}
    assert Counter(tuple(c["ships_from"]) for c in cards) == {
        ("WORLD",): 22,
        ("US",): 4,
        ("GB",): 3,
        ("DE",): 1,
        ("CN",): 1,
        ("BE",): 1,
    }
    assert Counter(tuple(c["ships_to"]) for c in cards) == {("WORLD",): 30, ("WORLD", "EU"): 2}
    assert len({c["external_id"] for c in cards}) == 32
    assert {c["price"]["currency"] for c in cards} == {"BTC"}
    assert all(c["vendor"] for c in cards)
    assert Counter(link["kind"] for link in page["links"])["listing"] == 32
    euro = [r for r in page["exchange_rates"] if r["quote"] == "EUR"]
    assert euro == [{"base": "BTC", "quote": "EUR", "rate": "6829.4"}]
    assert all("onion" not in link["url"] for link in page["links"])
