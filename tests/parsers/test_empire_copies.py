"""Empire Market: damaged copies of a page do no harm."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parsers import parse_page
from tests.conftest import FIXTURES, REAL_PAGES

PAGES = sorted((FIXTURES / "empire").glob("*.html"))
if REAL_PAGES.is_dir():
    PAGES += sorted((REAL_PAGES / "empire").glob("*.html"))
BODIES = [path.read_bytes() for path in sorted((FIXTURES / "empire").glob("*.html"))]


def missing_or_same(got: Any, whole: Any) -> bool:
    """Say whether what a cut page gave is what the whole page gives, or less of it."""
    if got is None or got == [] or got == whole:
        return True
    if isinstance(got, dict) and isinstance(whole, dict):
        # A description stands at the top too: one real page has another text there.
        return all(missing_or_same(got[key], whole[key]) for key in got if key != "description")
    if isinstance(got, list) and isinstance(whole, list):
        return len(got) <= len(whole) and all(map(missing_or_same, got, whole))
    return False


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_a_page_cut_off_anywhere_states_nothing_new(path: Path) -> None:
    body = path.read_bytes()
    whole = parse_page(body, market="empire").to_dict()
    step = max(len(body) // 150, 1) | 1
    for length in range(0, len(body), step):
        got = parse_page(body[:length], market="empire").to_dict()
        assert not any(w.startswith("page:") for w in got["warnings"])
        for key in ("listings", "vendors", "reviews", "categories"):
            assert missing_or_same(got[key], whole[key]), (length, key, got[key])
        assert all(rate in whole["exchange_rates"] for rate in got["exchange_rates"])


_TAG = re.compile(rb"</?[a-z][^<>]*>")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A fixture with tags removed, swapped and doubled, pieces cut out, bytes put in."""
    body = draw(st.sampled_from(BODIES))
    for _ in range(draw(st.integers(1, 6))):
        tags = list(_TAG.finditer(body))
        if not tags:
            break
        one, other = draw(st.sampled_from(tags)), draw(st.sampled_from(tags))
        low, high = sorted((one.start(), other.start()))
        match draw(st.integers(0, 5)):
            case 0:
                body = body[: one.start()] + body[one.end() :]
            case 1:
                body = body[: one.start()] + other.group() + body[one.end() :]
            case 2:
                body = body[:high] + body[low : low + 3000] + body[high:]
            case 3:
                body = body[:low] + body[low + min(high - low, 2000) :]
            case 4:
                body = body[: one.end()] + draw(st.binary(max_size=40)) + body[one.end() :]
            case _:
                body = body[:high]
    return body


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_damaged_pages_raise_nothing(body: bytes) -> None:
    for market in ("empire", None):
        got = parse_page(body, market=market)
        assert not [w for w in got.warnings if w.field == "page"]
        got.to_dict()


def inserted(name: str, mark: str, what: str) -> bytes:
    text = (FIXTURES / "empire" / f"{name}.html").read_text("utf-8")
    assert mark in text
    return text.replace(mark, mark + what, 1).encode()


COSTLY = {
    "lines in lines": lambda: inserted(
        "listing", '<div class="listDes">', "<p><button>" * 200 + "word " * 100_000
    ),
    "tables in tables": lambda: inserted(
        "vendor_positive", 'autoshop_table">', "<tr><td>1</td><td><table>" * 150 + "word " * 100_000
    ),
    "cards in cards": lambda: inserted(
        "category",
        'right-content">',
        '<div class="col-1search">' * 300 + "<a href=/u/a>a</a>" * 9000,
    ),
    "many facts": lambda: inserted(
        "listing", "<tbody>", "".join(f"<tr><td>L{i}</td><td>x</td></tr>" for i in range(20_000))
    ),
    "ways to pay": lambda: inserted("listing", "<td><b>Payment</b></td>\n<td>", "x, " * 200_000),
    "totals": lambda: inserted("vendor_positive", 'class="boldstats">', "total " * 100_000),
    "clocks": lambda: inserted("home", 'class="footer">', "<b>" * 300 + "server time: " * 50_000),
    "options": lambda: inserted("listing", 'marginShip">', "<option>a - USD 1</option>" * 50_000),
}


@pytest.mark.parametrize("what", COSTLY)
def test_pages_made_to_cost_much_do_not(what: str) -> None:
    body = COSTLY[what]()
    started = time.process_time()
    got = parse_page(body, market="empire")
    assert time.process_time() - started < 5
    assert not [w for w in got.warnings if w.field == "page"]
