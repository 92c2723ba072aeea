"""Each page in fixtures/ stands beside the record that it must give (see expectations.py)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from parsers import markets, parse_page
from tests.conftest import FIXTURES, ROOT
from tests.parsers.expectations import expectation_of, main, pages_of, parse_fixture, write

PAGES = [page for market in markets() for page in pages_of(market)]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_fixture_gives_its_expected_record(page: Path) -> None:
    expected = expectation_of(page)
    assert expected.exists(), f"{expected.name} is missing: make expectations MARKET=…"
    assert parse_fixture(page) == json.loads(expected.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_fixture_is_recognised_without_being_told_its_market(page: Path) -> None:
    got = parse_page(page.read_bytes())
    assert (got.market, got.kind) == (page.parent.name, parse_fixture(page)["kind"])


@pytest.mark.parametrize("market", markets())
def test_every_market_has_fixtures_and_nothing_beside_them(market: str) -> None:
    pages = pages_of(market)
    assert pages
    files = {file for page in pages for file in (page, page.with_suffix(".json"))}
    files |= {expectation_of(page) for page in pages}
    assert {file for file in (FIXTURES / market).iterdir() if file.suffix != ".md"} <= files


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A copy of a fixture, with its address and time and without its expectation."""
    original = PAGES[0]
    folder = tmp_path / original.parent.name
    folder.mkdir()
    copy = folder / original.name
    copy.write_bytes(original.read_bytes())
    copy.with_suffix(".json").write_bytes(original.with_suffix(".json").read_bytes())
    return copy


def test_what_is_written_is_what_the_tests_read(page: Path) -> None:
    assert write(page)
    expected = expectation_of(page)
    assert expected.read_bytes() == expectation_of(PAGES[0]).read_bytes()
    assert not write(page)
    expected.write_text("{}")
    assert write(page)


def test_one_market_alone_is_written_and_an_unknown_one_not(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.parsers.expectations.FIXTURES", page.parents[1])
    others = [market for market in markets() if market != page.parent.name]
    for market in others:
        folder = page.parents[1] / market
        folder.mkdir()
        (folder / "page.html").write_bytes(page.read_bytes())
    assert main([page.parent.name]) == 0
    assert capsys.readouterr().out.splitlines()[:-1] == [
        f"changed: fixtures/{page.parent.name}/{expectation_of(page).name}"
    ]
    assert not any((page.parents[1] / m / "page.expected.json").exists() for m in others)
    assert main(["nowhere"]) == 2
    message = capsys.readouterr().err
    assert "'nowhere'" in message
    assert all(market in message for market in markets())
    assert main([]) == 0
    assert all((page.parents[1] / m / "page.expected.json").exists() for m in others)


def test_reading_pages_loads_neither_tor_nor_postgresql() -> None:
    script = "import tests.quick; tests.quick.refuse(); import tests.parsers.test_fixtures"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
    script = "import tests.quick; tests.quick.refuse(); import tests.databases"
    refused = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "is not loaded by `make quick`" in refused.stderr
