"""Dream Market: pages with a mark of their charset, cut off or broken do no harm."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parsers import parse_page
from tests.conftest import FIXTURES, REAL_PAGES
from tests.reading.corpus import fixture_pages
from tests.reading.cutting import cut_behind

PAGES = sorted((FIXTURES / "dream").glob("*.html")) + sorted((REAL_PAGES / "dream").glob("*.html"))
AT = datetime(2018, 11, 19, 12, tzinfo=UTC)


def read(body: bytes) -> dict[str, Any]:
    return parse_page(body, market="dream", captured_at=AT).to_dict()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.parent.name}/{p.stem}")
def test_a_page_in_another_charset_reads_like_the_page(page: Path) -> None:
    text = page.read_text("utf-8")
    page_of_it = b"\xef\xbb\xbf" + text.encode()
    assert read(page_of_it) == read(text.encode())


# -- pages that were cut off or broken --------------------------------------------------------


def values(record: Any) -> set[str]:
    """All values of a record, each with its place, except texts (which may be a part)."""
    if not isinstance(record, dict):
        return set()
    found = set()
    for key, value in record.items():
        if key in ("description", "terms", "profile", "pgp_key", "pgp_fingerprint"):
            continue
        if isinstance(value, list):
            found |= {f"{key}: {item}" for item in value}
        elif value is not None and value is not False:
            found.add(f"{key}: {value}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.parent.name}/{p.stem}")
def test_a_page_that_was_cut_off_states_nothing_that_the_page_does_not(page: Path) -> None:
    body = page.read_bytes()
    whole = read(body)
    known = {
        kind: [values(r) for r in whole[kind]]
        for kind in ("listings", "vendors", "reviews", "categories", "exchange_rates", "links")
    }
    step = max(1, len(body) // 150)
    for end in range(0, len(body), step):
        part = read(body[:end])
        assert not [w for w in part["warnings"] if w.startswith("page")]
        for kind, records in known.items():
            for record in part[kind]:
                assert any(values(record) <= complete for complete in records), (end, record)


FIXTURE_BYTES = [page.read_bytes() for page in sorted((FIXTURES / "dream").glob("*.html"))]


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A fixture with pieces cut out, doubled, moved, and tags swapped or taken away."""
    body = draw(st.sampled_from(FIXTURE_BYTES))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(body)))
        to = min(len(body), at + draw(st.integers(1, 400)))
        piece = body[at:to]
        match draw(st.integers(0, 5)):
            case 0:
                body = body[:at] + body[to:]
            case 1:
                body = body[:to] + piece + body[to:]
            case 2:
                body = body[:at]
            case 3:
                tags = [b"div", b"span", b"td", b"tr", b"table", b"a", b"pre", b"label", b"img"]
                old, new = draw(st.sampled_from(tags)), draw(st.sampled_from(tags))
                body = body[:at] + re.sub(rb"\b%s\b" % old, new, piece) + body[to:]
            case 4:
                body = body[:at] + re.sub(rb"<[^<>]*>", b"", piece) + body[to:]
            case _:
                body = body[:at] + draw(st.binary(max_size=30)) + body[to:]
    return body


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(broken())
def test_no_broken_page_makes_the_parser_fail(body: bytes) -> None:
    for market in ("dream", None):
        warnings = parse_page(body, market=market, captured_at=AT).to_dict()["warnings"]
        assert not [w for w in warnings if w.startswith("page:")]


def test_whether_a_vendor_is_banned_is_not_known_before_the_mark() -> None:
    (sample,) = (page for page in fixture_pages() if page.name == "dream/vendor_banned.html")
    full, part = cut_behind(sample, r'class="viewRatings"[^<]*<')
    assert full.vendors[0].banned
    assert part.kind in ("vendor", "unknown")
    assert all(vendor.banned is not False for vendor in part.vendors)


def test_what_a_page_gives_can_be_stored() -> None:
    page = parse_page(
        b"<html><body><div class='contactMember'><div class='tabularDetails'><div>"
        b"<label>Username</label><span><a>OakH\0erb\xff</a></span></div></div></div></body></html>",
        market="dream",
    )
    assert [vendor.handle for vendor in page.vendors] == ["OakH\ufffderb\ufffd"]
    assert "document: 2 invalid bytes" in map(str, page.warnings)
