"""What tools do to a page's links and images loses no field, or says which it lost.

One test a tool, over all pages of all markets, with and without the page's address.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cryptodrug_scraper.reading.links import NOWHERE, address, image_name
from tests.reading.copies import COPIES, HERE, Copy, by_httrack, images_within_the_page
from tests.reading.corpus import all_pages
from tests.reading.markup import tokens
from tests.reading.test_changes import report, source_of

Record = dict[str, Any]

PAGES = all_pages()
_RECORDS = {
    "listings": "listing",
    "vendors": "vendor",
    "reviews": "review",
    "exchange_rates": "exchange_rate",
}
# Of a page whose address is known, links to other hosts are other sites or false copies.
_OTHER_HOSTS = ("links_of_another_host", "links_with_a_port", "links_by_tls")


def targets(record: Record) -> set[tuple[str, str | None]]:
    """What the links lead to, however they are written."""
    return {(link["kind"], link["external_id"]) for link in record["links"]}


def wrong(page: Record, copy: Record, *, links: bool) -> Iterator[str]:
    """Yield what a copy states otherwise than the page, or lost without a warning."""
    warned = {warning.partition(":")[0] for warning in copy["warnings"]}
    if copy["kind"] != page["kind"]:
        yield f"kind: {page['kind']} -> {copy['kind']}"
    for key, name in _RECORDS.items():
        if len(page[key]) != len(copy[key]):
            yield f"{key}: {len(page[key])} -> {len(copy[key])}"
        for before, after in zip(page[key], copy[key], strict=False):
            for field, value in after.items():
                names = {
                    f"{name}.{field}",
                    f"{name}.{field}".removeprefix("review.").replace("_", ".", 1),
                }
                lost = value in (None, []) and warned & names
                gained = before[field] is None and not links
                if value != before[field] and not lost and not gained:
                    yield f"{name}.{field}: {before[field]!r} -> {value!r}"
    if copy["categories"] != page["categories"]:
        known = [c for c in copy["categories"] if c not in page["categories"]]
        if known or "category.external_id" not in warned:
            yield f"categories: {len(page['categories'])} -> {len(copy['categories'])} {known}"
    if links:
        more, less = targets(copy) - targets(page), targets(page) - targets(copy)
        if more or (less and not warned & {"links", "category.external_id"}):
            yield f"links: {sorted(map(str, less))} -> {sorted(map(str, more))}"


@pytest.mark.parametrize("known", [True, False], ids=["address known", "address unknown"])
@pytest.mark.parametrize("copy", COPIES, ids=lambda copy: copy.__name__)
def test_a_tools_copy_states_the_same_or_names_what_it_lost(copy: Copy, known: bool) -> None:
    found = []
    for page in PAGES:
        given = replace(page, url=page.url if known else None)
        body = copy(tokens(source_of(page)), page.url or HERE).encode()
        record, copied = given.parsed().to_dict(), given.parsed(body).to_dict()
        # Without its address, a page with links from the root cannot tell its own host.
        links = known and copy.__name__ not in _OTHER_HOSTS
        found.extend(f"{page.name} {what}" for what in wrong(record, copied, links=links))
    assert not found, report(found)


def test_the_rule_of_these_tests_refuses_what_is_lost_in_silence() -> None:
    lost = 0
    for page in PAGES:
        for copy in (by_httrack, images_within_the_page):
            body = copy(tokens(source_of(page)), page.url or HERE).encode()
            copied = {**page.parsed(body).to_dict(), "warnings": []}
            lost += any(wrong(page.parsed().to_dict(), copied, links=True))
    assert lost > 20


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("viewProduct%3Foffer=1.2.html", "/viewProduct?offer=1.2"),
        ("viewProduct%3foffer%3D1.2%26tab%3Dx.html", "/viewProduct?offer=1.2&tab=x"),
        ("viewProduct%253Foffer=1.2.html", "/viewProduct?offer=1.2"),
        ("../viewProduct@offer=1.2.html#tab", "/viewProduct?offer=1.2"),
        ("viewProduct?offer=1.2&amp;tab=x", "/viewProduct?offer=1.2&tab=x"),
        ("viewProduct?offer=1.2.html", "/viewProduct?offer=1.2"),
        ("HTTP://Host.onion/offer/1", "/offer/1"),
        ("//host.onion/offer/1", "/offer/1"),
        ("/web/20181118000000id_/http://host.onion/offer/1?page=2", "/offer/1?page=2"),
        ("https://web.archive.org/web/2018/http:/host.onion/offer/1", "/offer/1"),
        ("http://localhost:8080/all/mp_/https://host.onion/offer/1", "/offer/1"),
        ("file:///home/me/hostexampleexamp.onion/offer/1.html", "/offer/1"),
        ("../hostexampleexamp.onion/offer/1/index.html", "/offer/1"),
        ("index.html%3Fcategory=7.html", "/?category=7"),
        ("./../offer/1.htm", "/offer/1"),
        (" /offer\n/1 ", "/offer/1"),
        ("?category=7", "/?category=7"),
        ("/u/name@home", "/u/name@home"),
        ("/search?q=http://host.onion/1", "/search?q=http://host.onion/1"),
        ("/search?q=index.html", "/search?q=index.html"),
        ("http://[host/offer/1", "/offer/1"),
    ],
)
def test_a_link_is_what_the_market_wrote(written: str, place: str) -> None:
    assert address(written).place == place


@pytest.mark.parametrize(
    "written",
    ["", None, "#top", "mailto:a@b.c", "javascript:go('/offer/1')", "data:,x", "x" * 9999],
)
def test_what_leads_nowhere(written: str | None) -> None:
    assert address(written) == NOWHERE


def test_a_mirrors_link_is_taken_from_the_page() -> None:
    page = "http://host.onion/offer/12"
    assert address("34.html", page)[:2] == ("http://host.onion", "/offer/34")
    assert address("12/refund.html", page).path == "/offer/12/refund"
    assert address("../profile/name.html", "/offer/12")[:2] == ("", "/profile/name")
    assert address("viewProduct4f2a.html").lost("viewProduct")
    assert not address("viewProduct?offer=1.2").lost("viewProduct")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("http://host.onion/public/image/feedback1.png?2", "feedback1.png"),
        ("./A%20page_files/feedback1(2).png", "feedback1(2).png"),
        ("/web/20181118000000im_/http://host.onion/btc_small.png", "btc_small.png"),
        ("data:image/png;base64,AA/feedback1.png", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_an_images_name(source: str | None, name: str) -> None:
    assert image_name(source) == name
