"""Texts become values; what cannot be read is None and a notice with field and text."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest

from cryptodrug_scraper.reading.market import UnknownMarket, market_named, markets
from cryptodrug_scraper.reading.pgp import fingerprint, read_key
from cryptodrug_scraper.reading.ratings import read_external_rating
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import ExternalRating, Listing, Money, Notice, Review, Vendor
from parsers import parse_page
from tests.conftest import ROOT

NOON = datetime(2018, 11, 19, 12, tzinfo=UTC)


def reader(at: datetime | None = NOON) -> Reader:
    return Reader(at, [], trace=True)


def test_what_cannot_be_read_is_named_with_its_text() -> None:
    r = reader()
    assert r.integer("listing.sold", "many") is None
    assert r.money("listing.price", "a lot") == []
    assert r.date("vendor.joined_on", "31/02/2018") is None
    assert [(n.field, n.text) for n in r.notices] == [
        ("listing.sold", "many"),
        ("listing.price", "a lot"),
        ("vendor.joined_on", "31/02/2018"),
    ]
    assert str(r.notices[0]) == "listing.sold: not a whole number: many"


def test_what_is_not_stated_is_silent() -> None:
    r = reader()
    assert (r.text("a", " \xa0"), r.block("a", None), r.integer("a", " ")) == (None, None, None)
    assert (r.decimal("a", ""), r.money("a", None), r.date("a", "")) == (None, [], None)
    assert r.notices == []


def test_the_same_notice_is_kept_once_and_long_ones_are_cut() -> None:
    r = reader()
    for _ in range(3):
        r.warn("x", "odd", "y" * 5_000)
    assert [len(n.text) for n in r.notices] == [200]


def test_yes_and_no_and_what_is_neither() -> None:
    r = reader()
    stated = [r.yes_or_no("vendor.trusted", text) for text in (" Yes ", "NO", "", "perhaps")]
    assert stated == [True, False, None, None]
    assert r.notices == [Notice("vendor.trusted", "neither Yes nor No", "perhaps")]
    assert r.readings is not None and r.readings[0][:3] == ("vendor.trusted", " Yes ", True)


def test_a_value_that_a_text_means_is_kept_with_it() -> None:
    r = reader()
    assert r.stated("vendor.banned", "(Banned)", True) is True
    assert [reading[:3] for reading in r.readings or []] == [("vendor.banned", "(Banned)", True)]


def test_a_price_and_its_alternatives() -> None:
    r, listing = reader(), Listing()
    r.price(listing, "฿0.00251 ($27)")
    assert listing.price == Money("0.00251", "BTC")
    assert listing.price_alternatives == [Money("27", "USD")]
    r.price(listing, "")
    assert listing.price == Money("0.00251", "BTC")


@pytest.mark.parametrize(
    ("text", "origin", "target"),
    [
        ("BE → NL, WW", ["BE"], ["NL", "WORLD"]),
        ("→ EU", [], ["EU"]),
        ("DE →", ["DE"], []),
        (" ", [], []),
    ],
)
def test_a_route_has_two_sides_of_which_one_may_be_empty(
    text: str, origin: list[str], target: list[str]
) -> None:
    r, listing = reader(), Listing()
    r.route(listing, text)
    assert (listing.ships_from, listing.ships_to, r.notices) == (origin, target, [])


def test_a_route_without_an_arrow_says_neither() -> None:
    r, listing = reader(), Listing()
    r.route(listing, "BE NL")
    assert (listing.ships_from, listing.ships_to) == ([], [])
    assert [n.reason for n in r.notices] == ["no arrow between from and to"]


def test_places_with_exceptions() -> None:
    r, listing = reader(), Listing()
    r.ships_to(listing, " Worldwide\n except US, Atlantis ")
    assert (listing.ships_to, listing.ships_to_excluded) == (["WORLD"], ["US", "UNKNOWN"])
    assert listing.ships_to_text == "Worldwide except US, Atlantis"
    assert r.notices == [Notice("listing.ships_to", "unknown place", "Atlantis")]


@pytest.mark.parametrize(
    ("text", "on", "precision", "at"),
    [
        ("9d", date(2018, 11, 10), "day", None),
        ("1d 22h", date(2018, 11, 17), "hour", None),
        ("14:05", date(2018, 11, 18), "minute", None),
        ("Feb 2, 2018 4:05", date(2018, 2, 2), "minute", datetime(2018, 2, 2, 4, 5, tzinfo=UTC)),
        ("Nov 20 10:00", date(2017, 11, 20), "minute", datetime(2017, 11, 20, 10, tzinfo=UTC)),
        ("24/08/2018", date(2018, 8, 24), "day", None),
    ],
)  # fmt: skip
def test_when_a_review_was_posted(text: str, on: date, precision: str, at: datetime | None) -> None:
    r, review = reader(), Review()
    r.posted(review, text)
    assert (review.posted_on, review.posted_precision, review.posted_at) == (on, precision, at)
    assert review.earliest is not None
    assert review.latest is not None
    assert review.earliest <= review.latest
    assert r.notices == []


def test_a_capture_known_by_its_day_ends_with_the_day() -> None:
    r, review = reader(datetime(2019, 2, 11, tzinfo=UTC)), Review()
    r.posted(review, "Feb 11 08:00 UTC")
    assert review.posted_at == datetime(2019, 2, 11, 8, tzinfo=UTC)


def test_an_age_without_a_capture_time_is_null_and_a_warning() -> None:
    r, review = reader(None), Review()
    r.posted(review, "9d")
    assert review.posted_on is None
    assert [n.field for n in r.notices] == ["review.posted_on"]


def test_the_markets_clock_stands_in_for_an_unknown_capture_only() -> None:
    r = reader(None)
    assert r.page_clock("Friday, Sep 27, 2019 22:46:36") == r.captured_at
    r = reader()
    r.page_clock("Friday, Sep 27, 2019 22:46:36")
    assert r.captured_at == NOON


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("800/27/96", ExternalRating("x", positive=800, neutral=27, negative=96)),
        ("3000, 4.825/5", ExternalRating("x", sales="3000", rating="4.825", rating_max="5")),
        ("200~500, 4.89/5", ExternalRating("x", sales="200~500", rating="4.89", rating_max="5")),
        ("#19, 9.79/10", ExternalRating("x", sales="#19", rating="9.79", rating_max="10")),
        ("138 (5.0)", ExternalRating("x", sales="138", rating="5.0", rating_max="5")),
        ("4.9/5", ExternalRating("x", rating="4.9", rating_max="5")),
        ("45", ExternalRating("x", sales="45")),
    ],
)
def test_imported_ratings(text: str, expected: ExternalRating) -> None:
    vendor = Vendor()
    read_external_rating(vendor, "x", text, reader(), title="star rating 1-5")
    assert vendor.external_ratings == [expected]


def test_a_mark_of_no_market_is_a_warning() -> None:
    r, vendor = reader(), Vendor()
    read_external_rating(vendor, "", "45", r, title="Some rating")
    assert vendor.external_ratings == []
    assert [str(n) for n in r.notices] == [
        "vendor.external_ratings: from a market that is not named: Some rating"
    ]


def test_a_key_that_cannot_be_read_is_kept_and_has_no_fingerprint() -> None:
    block = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabcd\n-----END PGP PUBLIC KEY BLOCK-----"
    r, vendor = reader(), Vendor("anna")
    read_key(vendor, f"my key:\n{block}\nbye", r)
    assert (vendor.pgp_key, vendor.pgp_fingerprint) == (block, None)
    assert [n.field for n in r.notices] == ["vendor.pgp_fingerprint"]
    assert fingerprint("nonsense") is None
    read_key(vendor, "ask me for it", r)
    assert r.notices[-1].field == "vendor.pgp_key"


@pytest.mark.parametrize("text", ["No PGP key", "This vendor has not set a key.", "none", " "])
def test_a_text_that_says_there_is_no_key_states_nothing(text: str) -> None:
    r, vendor = reader(), Vendor("anna")
    read_key(vendor, text, r)
    assert vendor.pgp_key is None and r.notices == []


@pytest.mark.parametrize("text", ["-", "--", "N/A", "Not available", "never", "None"])
def test_what_says_that_there_is_nothing_is_no_date_or_price_and_no_warning(text: str) -> None:
    r, review = reader(), Review()
    assert r.date("vendor.joined_on", text) is r.day("vendor.last_active_on", text) is None
    assert r.decimal("vendor.rating", text) is None and r.money("listing.price", text) == []
    r.posted(review, text)
    r.paid(review, text)
    assert review == Review() and r.notices == []


def test_online_is_the_day_of_the_capture() -> None:
    assert reader().day("vendor.last_active_on", "currently online") == NOON.date()


@pytest.mark.parametrize("text", ["Enter your comments here", "No feedback comment."])
def test_what_stands_where_a_buyer_wrote_nothing_is_no_text(text: str) -> None:
    review = Review()
    reader().comment(review, text)
    assert review.text is None
    reader().comment(review, f"{text} Really")
    assert review.text == f"{text} Really"


def test_records_are_closed() -> None:
    with pytest.raises(AttributeError):
        Listing().sells = 3  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Vendor(name="x")  # type: ignore[call-arg]


def test_money_is_plain_in_json() -> None:
    r = reader()
    assert r.money("listing.price", "$1,250.00") == [Money("1250.00", "USD")]
    assert [(x.field, x.text) for x in r.readings or []] == [("listing.price", "$1,250.00")]


def test_unknown_market() -> None:
    with pytest.raises(UnknownMarket, match="the markets are: "):
        market_named("silk_road")
    with pytest.raises(UnknownMarket):
        parse_page(b"", market="silk_road")
    assert list(markets()) == sorted(markets())


def test_naive_capture_times_are_utc() -> None:
    assert parse_page(b"", captured_at=datetime(2018, 11, 19, 12)).captured_at == NOON
    assert parse_page(b"", captured_at=NOON).to_dict()["captured_at"] == "2018-11-19T12:00:00Z"


def test_what_the_guide_calls_is_there() -> None:
    guide = (ROOT / "docs" / "guides" / "add-a-market.md").read_text("utf-8")
    called = set(re.findall(r"`reader\.(\w+)", guide))
    assert len(called) > 15
    assert {name for name in called if not hasattr(Reader, name)} == set()
