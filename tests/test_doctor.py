"""The page doctor: pages are edited as a market might edit them, and it has to show the change."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.doctor import Examination, FieldSource, UnusedText, examine
from tests.conftest import FIXTURES

AT = datetime(2018, 11, 19, 12, tzinfo=UTC)
PAGES = sorted(FIXTURES.glob("*/*.html"))
DREAM = FIXTURES / "dream" / "listing_new.html"


def edited(page: Path, *changes: tuple[str, str]) -> Examination:
    """Examine a fixture after replacing texts in it, each of which must be there."""
    text = page.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return examine(text.encode(), captured_at=AT)


def source(done: Examination, field: str, record: str = "listing") -> FieldSource:
    return next(f for f in done.sources if f.record == record and f.field == field)


def leftover(done: Examination, label: str, text: str) -> UnusedText:
    found = [g for g in done.unused if (g.label, g.text) == (label, text)]
    assert found, f"{label}: {text} is not in {[(g.label, g.text) for g in done.unused]}"
    return found[0]


def test_kind_and_why() -> None:
    done = edited(DREAM)
    assert (done.page.market, done.page.kind) == ("dream", "listing")
    assert done.page.kind_reason


def test_each_field_has_its_text_and_its_place() -> None:
    done = edited(DREAM)
    price = source(done, "price")
    assert price.texts == ["$1,050.96"]
    assert price.how == "read"
    assert price.where == "div.viewProduct > div.tabularDetails > div > span"
    assert source(done, "ships_from").texts == ["Cote d'Ivoire"]
    assert source(done, "ships_from_text").how == "with ships_from"
    assert source(done, "description").where == "div#offerDescription > pre"
    rating = source(done, "rating_max", "vendor")
    assert rating.where.endswith("span.userRating.gold@title")


def test_nothing_is_left_over_beside_a_page_that_is_understood() -> None:
    done = edited(DREAM)
    # The parser does not use these, and rightly.
    known = {"Quantity", "Order now", "Enter your comments here"}
    assert not [g for g in done.unused if g.near and not {g.label, g.text} & known]


def test_a_renamed_label_is_left_over_with_its_value() -> None:
    done = edited(DREAM, ("<label>Ships from</label>", "<label>Place of origin</label>"))
    left = leftover(done, "Place of origin", "Cote d'Ivoire")
    assert left.near
    assert left.where == "div.viewProduct > div.tabularDetails > div > label"
    assert not [f for f in done.sources if f.field == "ships_from"]


def test_an_added_row_is_left_over() -> None:
    row = "<div><label>Purity</label><span>90 %</span></div>"
    done = edited(DREAM, ('<div class="tabularDetails">', f'<div class="tabularDetails">{row}'))
    assert leftover(done, "Purity", "90 %").near


def test_a_new_payment_word_is_a_warning_and_shown() -> None:
    done = edited(DREAM, ("\t\t\t\tYes\n", "\t\t\t\tUpfront, in full\n"))
    assert any("Upfront, in full" in w.text for w in done.page.warnings)
    shown = [r for r in done.other_readings if r.text == "Upfront, in full"]
    assert {r.field for r in shown} == {"listing.payment"}


def test_a_line_of_label_and_value_is_taken_apart() -> None:
    done = edited(
        DREAM,
        ('<div class="offerImage">', '<p>Lab test: none was made</p><div class="offerImage">'),
    )
    leftover(done, "Lab test", "none was made")


def test_a_new_heading_is_left_over() -> None:
    done = edited(
        DREAM, ('<div class="offerImage">', '<h3>Vacation notice</h3><div class="offerImage">')
    )
    leftover(done, "Vacation notice", "")


def test_menus_links_forms_and_scripts_are_left_out_and_counted() -> None:
    done = edited(DREAM)
    assert {"menus", "links"} <= set(done.unused_texts.ignored)
    texts = {g.text for g in done.unused} | {g.label for g in done.unused}
    assert not texts & {"Logout", "Forum", "Browse by category", "Search"}


@pytest.mark.parametrize(
    ("market", "page", "old", "new"),
    [
        ("empire", "listing.html", "Origin Country", "Country of birth"),
        ("wall_street", "listing_refund.html", "Minimum amount per order", "Least to take"),
    ],
)
def test_a_renamed_label_on_the_other_markets(market: str, page: str, old: str, new: str) -> None:
    path = FIXTURES / market / page
    before = {(g.label, g.text) for g in edited(path).unused}
    after = {(g.label, g.text) for g in edited(path, (old, new)).unused}
    assert any(new in label or new in text for label, text in after - before)


def test_cards_each_have_their_own_places() -> None:
    done = edited(FIXTURES / "dream" / "category.html")
    titles = [f for f in done.sources if f.field == "title"]
    assert len(titles) > 1
    assert all(f.how == "read" and f.texts == [f.value] for f in titles)
    assert len({f.stretches for f in titles}) == len(titles)


def test_reviews_follow_the_rows() -> None:
    done = edited(FIXTURES / "dream" / "vendor_ratings.html")
    places = [f.stretches[0] for f in done.sources if f.field == "author" and f.stretches]
    assert places == sorted(places)


def test_of_two_elements_with_one_text_it_shows_the_one_that_was_read() -> None:
    label, place = "<label>Ships from</label>", "Cote d'Ivoire"
    done = edited(DREAM, (label, f"<i>{place}</i>{label}"))
    origin = source(done, "ships_from")
    assert origin.texts == [place]
    assert origin.where == "div.viewProduct > div.tabularDetails > div > span"


@pytest.mark.parametrize("at_end", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("market", sorted({page.parent.name for page in PAGES}))
def test_elements_that_hold_the_same_texts_are_not_taken_for_those_that_were_read(
    market: str, at_end: bool
) -> None:
    place = r"()(?=</body>)" if at_end else r"(<body\b[^>]*>)"
    compared = 0
    for page in [page for page in PAGES if page.parent.name == market]:
        text = page.read_text("utf-8", errors="replace")
        before = examine(text.encode(), market=market, captured_at=AT)
        read = {t: None for f in before.sources if f.how == "read" for t in f.texts}
        copies = f"<div>{''.join(f'<i class=decoy>{escape(t)}</i> ' for t in read)}</div>"
        changed = re.sub(place, lambda body, copies=copies: body[1] + copies, text, count=1)
        after = examine(changed.encode(), market=market, captured_at=AT)
        if read and after.page.to_dict() == before.page.to_dict():
            wrong = [f for f in after.sources if f.how == "read" and "decoy" in f.where]
            assert not wrong, (page.name, [(f.record, f.field, f.where) for f in wrong])
            compared += 1
    assert compared


@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_fixture_can_be_examined(page: Path) -> None:
    done = examine(page.read_bytes(), market=page.parent.name, captured_at=AT)
    assert not done.not_searched
    json.dumps(done.to_dict())
    for found in done.sources:
        assert found.how != "read" or found.texts


def test_a_page_of_no_market() -> None:
    done = examine(b"<html><body><p>Hello: world</p></body></html>")
    assert done.page.kind == "unknown"
    leftover(done, "Hello", "world")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=2_000))
def test_no_bytes_break_it(junk: bytes) -> None:
    json.dumps(examine(junk).to_dict())
    page = DREAM.read_bytes()
    half = len(page) // 2
    json.dumps(examine(page[:half] + junk + page[half:], captured_at=AT).to_dict())


@pytest.mark.parametrize(
    "body",
    [
        b"<html>" + b"<div>" * 400_000,
        b"<table>" + b"<tr><td>a<td>b" * 30_000,
        b"<b>x: " * 100_000,
        b"<p>" + b"5 " * 1_000_000,
        b"<dl>" + b"<dt>a<dd>b" * 40_000,
        b"<div " + b"a=b " * 300_000 + b">",
        b"<li class=" + b"x " * 300_000 + b">",
        b"<ul>" + b"<li>a</li>" * 40_000,
        b"<ul>" + b"<li>a</li>" * 100_000,
    ],
)
def test_hostile_pages_cost_little(body: bytes) -> None:
    page = DREAM.read_bytes().replace(b'<div class="offerImage">', body[:3_900_000], 1)
    started = time.process_time()
    examine(page, captured_at=AT)
    assert time.process_time() - started < 30


def test_a_page_too_large_is_said_not_to_be_searched() -> None:
    done = examine(DREAM.read_bytes() + b" " * 5_000_000, captured_at=AT)
    assert done.page.kind == "listing"
    assert "bytes" in done.not_searched
    assert source(done, "price").texts == ["$1,050.96"]
