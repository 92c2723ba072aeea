"""Dream Market: words and marks that other pages than the fixtures carry."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from parsers import parse_page
from tests.conftest import FIXTURES

LISTING = (FIXTURES / "dream" / "listing_new.html").read_text()
PROFILE = (FIXTURES / "dream" / "vendor_profile.html").read_text()


def read(text: str) -> dict[str, Any]:
    return parse_page(text.encode()).to_dict()


def warned(page: dict[str, Any], field: str) -> list[str]:
    return [warning for warning in page["warnings"] if warning.startswith(field)]


@pytest.mark.parametrize(
    ("row", "payment", "warns"),
    [
        ("No", ["finalize_early"], False),
        ("Multisig", ["multisig"], False),
        ("Yes, Multisig", ["escrow", "multisig"], False),
        ("Escrow / Multisig", ["escrow", "multisig"], False),
        ("Yes and FE", ["escrow", "finalize_early"], False),
        ("Yes, by barter", ["escrow"], True),
        ("Optional", [], True),
    ],
)
def test_the_escrow_row_may_name_several_ways(row: str, payment: list[str], warns: bool) -> None:
    text = re.sub(r"(<label>Escrow</label>\s*<span>)\s*Yes", rf"\g<1>{row}", LISTING)
    page = read(text)
    assert page["listings"][0]["payment"] == payment
    assert bool(warned(page, "listing.payment")) is warns


@pytest.mark.parametrize(
    ("word", "title", "text", "expected"),
    [
        (
            "wallstreet",
            "Wall Street Market vendor rating (Pos, Neut, Neg Ratings)",
            "11/0/2",
            {"market": "wall_street", "positive": 11, "neutral": 0, "negative": 2},
        ),
        (
            "wallstreet",
            "",
            "3000, 4.825/5",
            {"market": "wall_street", "sales": "3000", "rating": "4.825", "rating_max": "5"},
        ),
        (
            "empire",
            "Empire Market vendor rating",
            "4.9/5",
            {"market": "empire", "rating": "4.9", "rating_max": "5"},
        ),
        (
            "evolution",
            "Evolution vendor rating (Deals, positive)",
            "120, 98.5%",
            {"market": "evolution", "sales": "120", "rating": "98.5", "rating_max": "100"},
        ),
        (
            "tradeRoute",
            "TradeRoute vendor rating",
            "97%",
            {"market": "trade_route", "rating": "97", "rating_max": "100"},
        ),
    ],
)
def test_ratings_of_more_markets(
    word: str, title: str, text: str, expected: dict[str, Any]
) -> None:
    mark = f'(<span class="{word}LinkedUserRating externalVendorRef" title="{title}">{text}</span>)'
    page = read(PROFILE.replace("</a></span>", f"</a> {mark}</span>", 1))
    (rating,) = page["vendors"][0]["external_ratings"]
    assert {name: value for name, value in rating.items() if value is not None} == expected
    assert warned(page, "vendor") == []


@pytest.mark.parametrize(
    "mark",
    ["<b>BANNED</b>", "(banned)", '<span title="status">[Banned]</span>'],
)
def test_a_ban_beside_the_handle(mark: str) -> None:
    page = read(PROFILE.replace("</a></span>", f"</a> {mark}</span>", 1))
    assert page["vendors"][0]["banned"] is True
    assert warned(page, "vendor") == []


@pytest.mark.parametrize(
    ("notice", "banned"),
    [
        ('<div class="redBox">This vendor has been banned</div>', True),
        ("<b>User is banned.</b>", True),
        ('<div class="messageBox">This vendor is on vacation.</div>', False),
    ],
)
def test_a_notice_of_any_class_above_the_head(notice: str, banned: bool) -> None:
    heading = '<div class="title">Contact vendor</div>'
    page = read(PROFILE.replace(heading, heading + notice, 1))
    assert page["vendors"][0]["banned"] is banned


def test_a_vendors_own_words_ban_nobody() -> None:
    page = read(PROFILE.replace("<pre>", "<pre>This user was banned elsewhere. ", 1))
    assert page["vendors"][0]["banned"] is False


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("today", "2018-11-18"),
        ("(today)", "2018-11-18"),
        ("yesterday", "2018-11-17"),
        ("3 days ago", "2018-11-15"),
        ("02/11/2018 (16 days ago)", "2018-11-02"),
    ],
)
def test_last_active_in_words_counts_from_the_capture(said: str, day: str) -> None:
    text = re.sub(r"(<label>Last active</label>\s*<span>)[^<]*", rf"\g<1>{said}", PROFILE)
    at = datetime(2018, 11, 18, 12, tzinfo=UTC)
    page = parse_page(text.encode(), captured_at=at).to_dict()
    assert page["vendors"][0]["last_active_on"] == day
    assert warned(page, "vendor") == []
