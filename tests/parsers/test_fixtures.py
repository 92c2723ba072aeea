"""Each page in fixtures/ stands beside the record that it must give.

``page.html`` has ``page.json`` (address and capture time, as the archive reader takes
them) and ``page.expected.json``. A page without an expectation fails; so does the run
that writes expectations, so that somebody reads them before they count.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from parsers import markets, parse_page
from tests.conftest import FIXTURES

PAGES = sorted(page for market in markets() for page in (FIXTURES / market).glob("*.html"))


def parse_fixture(page: Path) -> dict[str, object]:
    sidecar = page.with_suffix(".json")
    about = json.loads(sidecar.read_text("utf-8")) if sidecar.exists() else {}
    captured = about.get("captured_at")
    return parse_page(
        page.read_bytes(),
        market=page.parent.name,
        url=about.get("url"),
        captured_at=datetime.fromisoformat(captured) if captured else None,
    ).to_dict()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_fixture_gives_its_expected_record(page: Path, request: pytest.FixtureRequest) -> None:
    got = parse_fixture(page)
    expected = page.with_name(f"{page.stem}.expected.json")
    text = json.dumps(got, indent=1, ensure_ascii=False) + "\n"
    if request.config.getoption("--write-expectations"):
        changed = not expected.exists() or expected.read_text("utf-8") != text
        expected.write_text(text, "utf-8")
        pytest.fail(
            f"wrote {expected.name}{' (changed)' if changed else ''}: read it, then run again",
            pytrace=False,
        )
    assert expected.exists(), f"{expected.name} is missing: make expectations"
    assert got == json.loads(expected.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_fixture_is_recognised_without_being_told_its_market(page: Path) -> None:
    got = parse_page(page.read_bytes())
    assert (got.market, got.kind) == (page.parent.name, parse_fixture(page)["kind"])


@pytest.mark.parametrize("market", markets())
def test_every_market_has_fixtures(market: str) -> None:
    assert any(page.parent.name == market for page in PAGES)
