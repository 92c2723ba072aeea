"""Of a page with bad places in its tags, what is read is what the sound page says, or nothing."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.reading.damage import damaged, repaired, rephrased
from cryptodrug_scraper.reading.links import NOWHERE, address
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Notice, ParsedPage
from parsers import markets
from tests.reading.corpus import Sample, all_pages

_PLACES = 4
_ADDRESS = re.compile(rb"(?<=/)\d{2,}(?=[/\"])")
_CLASS = re.compile(rb"class=\"[a-zA-Z]{3}")


@pytest.mark.parametrize(
    ("source", "guess"),
    [
        ("<p class='a\ufffd'>x", "<p class='a'>x"),
        ("<i class='fa-\ufffdtar'></i><i class='fa-star'></i>", "<i class='fa-star'></i>" * 2),
        ("<b>x\ufffd/b>y", "<b>x</b>y"),
        ("<p>x</p>\ufffddiv class='y'>z", "<p>x</p><div class='y'>z"),
        ("<td\ufffd<b>x</b>", "<td><b>x</b>"),
        ('<p class="x\ufffd>y', '<p class="x">y'),
        ("<!-- x -\ufffd><p>y", "<!-- x --><p>y"),
    ],
)
def test_what_a_damaged_tag_may_have_been(source: str, guess: str) -> None:
    assert damaged(source)
    assert repaired(source) == guess


@pytest.mark.parametrize(
    "source",
    [
        "<p>x\ufffdy</p>",
        "<!-- x \ufffd y --><p>z",
        "<a title='two words \ufffd' href='/x'>y</a>",
        "a < b \ufffd c",
        "<p>\ufffd 3 > 2</p>",
        "",
    ],
)
def test_texts_are_no_tags(source: str) -> None:
    assert not damaged(source)


@pytest.mark.parametrize(
    ("source", "guess"),
    [
        ("<td>Memb\ufffdr since</td>", "<td>Member since</td>"),
        ("<b>\ufffdiews:</b> 9", "<b>Views:</b> 9"),
        ("<p>VIEW\ufffd 9", "<p>VIEWs 9"),
        ("<p>Mem\ufffdnce", "<p>Mem\ufffdnce"),  # more than a few letters: anything
        ("<p>Reviews\ufffd", "<p>Reviews\ufffd"),  # within another word
        ("<p>S\ufffd", "<p>S\ufffd"),  # too little is left of it
    ],
)
def test_a_phrase_that_lost_letters_is_known_again(source: str, guess: str) -> None:
    assert rephrased(source, ("Member since", "Views", "So")) == guess


@given(st.text("Views<>\ufffd b", max_size=80))
def test_nothing_but_bad_places_is_mended(text: str) -> None:
    pieces = [re.escape(piece) for piece in text.split("\ufffd")]
    assert re.fullmatch("[Views\ufffd]{0,4}".join(pieces), rephrased(text, ("Views",)))


@pytest.mark.parametrize("link", ["/product/60\ufffd04", "/offer/1\x01", "/a?b=%EF%BF%BD", "\x7f"])
def test_an_address_with_a_bad_place_leads_nowhere(link: str) -> None:
    assert address(link) == NOWHERE


def _ids(page: ParsedPage) -> set[str | None]:
    return {None, *(listing.external_id for listing in page.listings)}


def _wrong(page: Sample, full: ParsedPage, body: bytes) -> list[str]:
    got = page.parsed(body)
    if got.kind not in (full.kind, "unknown"):
        return [f"{page.name}: {got.kind}"]
    wrong = [f"{page.name}: {at}" for at in _ids(got) - _ids(full)]
    for ours, theirs in zip(got.vendors, full.vendors, strict=False):
        if ours.banned not in (None, theirs.banned):
            wrong.append(f"{page.name}: banned {ours.banned}")
        if any(rating not in theirs.star_ratings for rating in ours.star_ratings):
            wrong.append(f"{page.name}: {ours.star_ratings}")
        if ours.banned is None and theirs.banned is not None and got.kind != "unknown":
            said = [warning.field for warning in got.warnings]
            wrong += [] if "vendor.banned" in said else [f"{page.name}: no warning"]
    return wrong


@pytest.mark.parametrize("market", markets())
def test_bad_bytes_in_addresses_and_classes_make_no_other_kind_and_no_other_id(market: str) -> None:
    wrong = []
    for page in [sample for sample in all_pages() if sample.market == market][::2]:
        full = page.parsed()
        chance = random.Random(page.name)
        for form, bad in ((_ADDRESS, b"\xf0\x9f\x98"), (_CLASS, b"\xff")):
            ends = [found.end() for found in form.finditer(page.body)]
            for at in chance.sample(ends, min(_PLACES, len(ends))):
                keep = at - 1 if form is _CLASS else at
                wrong += _wrong(page, full, page.body[: at - 1] + bad + page.body[keep:])
    assert wrong == []


_TEXT = re.compile(rb">[^<>]*[A-Za-z0-9][^<>]*<")
_MAY_DIFFER = {"links", "warnings", "kind_reason"}


def _values(of: object, where: str = "") -> Iterator[tuple[str, object]]:
    """Yield each value of a page with the names that lead to it, without numbers of places."""
    if isinstance(of, dict):
        for name, value in of.items():
            yield from _values(value, f"{where}.{name}" if where else name)
    elif isinstance(of, list):
        for value in of:
            yield from _values(value, where)
    elif of is not None:
        yield where, of


def _unnamed_or_wrong(page: Sample, full: ParsedPage, at: int) -> list[str]:
    """Tell what a page says otherwise with one bad byte in a text, and no warning names."""
    got = page.parsed(page.body[:at] + b"\xff" + page.body[at + 1 :])
    where = f"{page.name} {page.body[at - 20 : at + 10]!r}"
    if got.kind != full.kind:
        return [] if got.kind == "unknown" and got.warnings else [f"{where}: {got.kind}"]
    stated, left = (
        Counter(_values({k: v for k, v in p.to_dict().items() if k not in _MAY_DIFFER}))
        for p in (full, got)
    )
    wrong = [
        f"{where}: {name} is {value!r}"
        for name, value in left - stated
        if "\ufffd" not in str(value) and value != "UNKNOWN"
    ]
    fewer = Counter(name for name, _ in stated.elements())
    fewer -= Counter(name for name, _ in left.elements())
    before = {str(warning) for warning in full.warnings}
    named = [w for w in got.warnings if w.field != "document" and str(w) not in before]
    return wrong + [f"{where}: {name} is lost" for name in fewer if not named]


@pytest.mark.parametrize("market", markets())
def test_what_a_bad_byte_in_a_text_hides_is_named_and_nothing_else_is_read(market: str) -> None:
    wrong = []
    for page in [sample for sample in all_pages() if sample.market == market]:
        full = page.parsed()
        chance = random.Random(page.name)
        texts = [found.span() for found in _TEXT.finditer(page.body)]
        for start, end in chance.sample(texts, min(_PLACES, len(texts))):
            wrong += _unnamed_or_wrong(page, full, chance.randrange(start + 1, end - 1))
    assert wrong == []


@pytest.mark.parametrize("bad", ["\ufffd1250.00 USD (0.15 BTC)", "$1\ufffd50.00 / Piece, 0.15 BTC"])
def test_where_one_of_two_amounts_is_damaged_neither_is_the_price(bad: str) -> None:
    notices: list[Notice] = []
    assert Reader(None, notices).money("listing.price", bad) == []
    assert [notice.field for notice in notices] == ["listing.price"]
