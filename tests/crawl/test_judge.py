"""What an answer means for the request."""

from __future__ import annotations

import pytest

from cryptodrug_scraper.crawl.judge import Verdict, judge
from cryptodrug_scraper.records import Listing, ParsedPage, Vendor

PAGE, OUT, WALL, MISSING, TROUBLE, _ = Verdict


@pytest.mark.parametrize(
    ("wanted", "kind", "status", "verdict", "reason"),
    [
        ("listing", "listing", 200, PAGE, ""),
        ("search", "search", 200, PAGE, ""),
        ("index", "index", 200, PAGE, ""),
        ("index", "search", 200, PAGE, ""),
        ("listing", "login", 200, OUT, "login"),
        ("listing", "login", 404, OUT, "login"),
        ("vendor", "challenge", 200, WALL, "challenge"),
        ("vendor", "challenge", 503, TROUBLE, "status_503"),
        ("listing", "not_found", 200, MISSING, "not_found"),
        ("listing", "unknown", 404, MISSING, "not_found"),
        ("listing", "index", 200, MISSING, "led_home"),
        ("search", "index", 200, TROUBLE, "other_page"),
        ("vendor", "search", 200, TROUBLE, "other_page"),
        ("listing", "error", 200, TROUBLE, "error"),
        ("listing", "error", 502, TROUBLE, "status_502"),
        ("listing", "unknown", 200, TROUBLE, "unknown"),
    ],
)
def test_kinds(wanted: str, kind: str, status: int, verdict: Verdict, reason: str) -> None:
    found = judge(wanted, None, ParsedPage(kind=kind), status, cut_short=False)
    assert (found.verdict, found.reason) == (verdict, reason)


def test_no_page_at_all() -> None:
    assert judge("listing", "1", None, 404, cut_short=False).verdict is MISSING
    assert judge("listing", "1", None, 200, cut_short=False).reason == "no_page"


def test_half_a_page_is_no_page() -> None:
    page = ParsedPage(kind="listing", listings=[Listing(external_id="1")])
    assert judge("listing", "1", page, 200, cut_short=True).reason == "cut_short"


def test_the_page_of_another_is_not_taken() -> None:
    page = ParsedPage(kind="listing", listings=[Listing(external_id="2")])
    assert judge("listing", "1", page, 200, cut_short=False).reason == "another"
    assert judge("listing", "2", page, 200, cut_short=False).verdict is PAGE
    page = ParsedPage(kind="vendor", vendors=[Vendor(handle="Blå")])
    assert judge("vendor", "Grøn", page, 200, cut_short=False).reason == "another"
    page.vendors.clear()  # nothing is known against it
    assert judge("vendor", "Grøn", page, 200, cut_short=False).verdict is PAGE


def test_a_page_that_came_without_its_end_is_asked_again() -> None:
    page = ParsedPage(kind="listing", listings=[Listing(external_id="1")], cut_off=True)
    found = judge("listing", "1", page, 200, cut_short=False)
    assert (found.verdict, found.reason) == (TROUBLE, "cut_short")
    gone = ParsedPage(kind="not_found", cut_off=True)  # what is left of it says so
    assert judge("listing", "1", gone, 200, cut_short=False).verdict is MISSING
