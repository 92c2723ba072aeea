"""`cryptodrug doctor`: what it prints. What it finds out is tested in tests/test_doctor.py."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.cli.running import run
from tests.conftest import FIXTURES

LISTING = FIXTURES / "dream" / "listing_new.html"


def test_it_shows_kind_fields_leftovers_and_warnings(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    text = LISTING.read_text("utf-8")
    text = text.replace("<label>Ships from</label>", "<label>Place of origin</label>")
    page.write_text(text, "utf-8")
    result = run("doctor", page, "--captured-at", "2018-11-19")
    assert result.exit_code == 0
    folded = " ".join(result.stdout.split())
    assert "kind listing: " in folded
    assert "$1,050.96" in folded
    assert "div.tabularDetails" in folded
    assert "Nobody used, beside what was read" in folded
    assert "Place of origin" in folded
    assert "Left out:" in folded
    assert "unknown label" in folded


@pytest.mark.parametrize("share", [0.3, 0.6, 0.85, 0.95])
def test_a_page_that_was_cut_off_is_no_sign_of_a_changed_layout(
    share: float, tmp_path: Path
) -> None:
    changed = "says nothing of a changed layout"
    for whole in (LISTING, *sorted(FIXTURES.glob("*/listing_refund.html"))):
        body = whole.read_bytes()
        page = tmp_path / "page.html"
        page.write_bytes(body[: int(len(body) * share)])
        folded = " ".join(run("doctor", page).stdout.split())
        assert "cut off yes: what it does not state, the whole page may" in folded
        assert "the page is cut off" in folded  # among the warnings
        assert (changed in folded) == ("Nobody used" in folded)
        assert json.loads(run("doctor", page, "--json").stdout)["cut_off"] is True
        page.write_bytes(body)
        assert changed not in " ".join(run("doctor", page).stdout.split())
        assert json.loads(run("doctor", page, "--json").stdout)["cut_off"] is False


def test_json() -> None:
    result = run("doctor", LISTING, "--json")
    shown = json.loads(result.stdout)
    assert shown["kind"] == "listing"
    assert {"field", "value", "texts", "where", "how", "record"} == set(shown["fields"][0])
    assert isinstance(shown["unused"], list)


def test_all_shows_every_record() -> None:
    page = FIXTURES / "dream" / "vendor_ratings.html"
    assert "Not shown" in run("doctor", page).stdout
    assert "Review 5" in run("doctor", page, "--all").stdout


def test_one_page_only(tmp_path: Path) -> None:
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(LISTING, "a.html")
        file.write(LISTING, "b.html")
    result = run("doctor", archive)
    assert result.exit_code == 2
    assert "x.zip!/a.html" in result.stderr
    assert run("doctor", f"{archive}!/b.html").exit_code == 0


def test_bad_input(tmp_path: Path) -> None:
    (tmp_path / "empty.html").write_bytes(b"")
    (tmp_path / "odd.html").write_bytes(b"<html>hello</html>")
    assert run("doctor", tmp_path / "empty.html").exit_code == 3
    assert run("doctor", tmp_path / "odd.html").exit_code == 1
    assert run("doctor", tmp_path / "none.html").exit_code == 2


def test_a_page_of_which_nothing_was_read(tmp_path: Path) -> None:
    page = tmp_path / "menu.html"
    page.write_text("<html><body><nav><a href='/a'>Home</a></nav></body></html>")
    result = run("doctor", page)
    assert result.exit_code == 1
    assert "was used" not in result.stdout
    assert "Nothing was read" in result.stdout
