"""`cryptodrug parse`."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.cli.running import run
from tests.conftest import FIXTURES

LISTING = FIXTURES / "dream" / "listing_new.html"
EMPIRE = FIXTURES / "empire" / "listing.html"


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_it_prints_the_expected_record() -> None:
    result = run("parse", LISTING)
    assert result.exit_code == 0
    expected = json.loads(LISTING.with_name("listing_new.expected.json").read_text("utf-8"))
    assert lines(result.stdout) == [expected]
    assert "☘" in result.stdout


def test_one_line_a_page_in_order() -> None:
    result = run("parse", EMPIRE, LISTING)
    assert [page["market"] for page in lines(result.stdout)] == ["empire", "dream"]


def test_options_win_over_the_sidecar_of_a_single_page() -> None:
    result = run(
        "parse", LISTING, "--url", "http://x.onion/1", "--captured-at", "2018-11-19T12:00:00"
    )
    page = lines(result.stdout)[0]
    assert (page["url"], page["captured_at"]) == ("http://x.onion/1", "2018-11-19T12:00:00Z")


@pytest.mark.parametrize(
    ("stated", "captured"),
    [
        ("2018-11-19", "2018-11-19T00:00:00Z"),
        ("2018-11-19T12:00:00Z", "2018-11-19T12:00:00Z"),
        ("2018-11-19 14:00+02:00", "2018-11-19T12:00:00Z"),
    ],
)
def test_moments(tmp_path: Path, stated: str, captured: str) -> None:
    page = shutil.copy(LISTING, tmp_path / "page.html")
    result = run("parse", page, "--captured-at", stated)
    assert lines(result.stdout)[0]["captured_at"] == captured


def test_of_several_pages_sidecars_win_and_an_address_is_refused(tmp_path: Path) -> None:
    shutil.copy(LISTING, tmp_path / "a.html")
    shutil.copy(LISTING, tmp_path / "b.html")
    (tmp_path / "b.json").write_text('{"captured_at": "2018-01-02"}')
    result = run("parse", tmp_path, "--captured-at", "2018-11-19")
    captured = [page["captured_at"] for page in lines(result.stdout)]
    assert captured == ["2018-11-19T00:00:00Z", "2018-01-02T00:00:00Z"]
    result = run("parse", tmp_path, "--url", "http://x.onion/1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "more than one" in result.stderr


def test_standard_input() -> None:
    result = run("parse", "-", "--captured-at", "2018-11-19", given=LISTING.read_bytes())
    assert result.exit_code == 0
    assert lines(result.stdout)[0]["kind"] == "listing"


def test_one_page_of_an_archive(tmp_path: Path) -> None:
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(LISTING, "2018-11-19/a.html")
        file.write(EMPIRE, "2018-11-20/b.html")
    result = run("parse", f"{archive}!/2018-11-20/b.html")
    assert [p["market"] for p in lines(result.stdout)] == ["empire"]
    result = run("parse", f"{archive}!/c.html")
    assert result.exit_code == 2
    assert "no page" in result.stderr


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "empty.html").write_bytes(b"")
    shutil.copy(LISTING, tmp_path / "page.html")
    result = run("parse", tmp_path)
    assert result.exit_code == 1
    assert len(lines(result.stdout)) == 1
    assert "empty.html" in result.stderr


def test_an_unknown_page_is_printed_and_counts_as_not_read(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<html><body>hello</body></html>")
    result = run("parse", page)
    assert result.exit_code == 1
    assert lines(result.stdout)[0]["kind"] == "unknown"
    assert "kind unknown" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.html"], 2, "no file or folder 'nowhere.html'"),
        ([LISTING, "--market", "dreem"], 2, "Did you mean dream?"),
        ([LISTING, "--market", "Wall Street"], 2, "Did you mean wall_street?"),
        ([LISTING, "--captured-at", "yesterday"], 2, "2018-11-19T12:00:00Z"),
        ([LISTING, "--captured-at", "2018-02-30"], 2, "no ISO 8601 date or time"),
        ([LISTING, "--captured-at", "0001-01-01"], 2, "a date out of range (1990 to 2099)"),
        ([LISTING, "--captured-at", "99999-01-01"], 2, "a date out of range (1990 to 2099)"),
        ([], 2, "Missing argument"),
        ([LISTING.with_suffix(".json")], 3, "No page was read"),
    ],
)
def test_bad_usage(arguments: list[str | Path], code: int, said: str) -> None:
    result = run("parse", *arguments)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


def test_a_folder_without_pages(tmp_path: Path) -> None:
    result = run("parse", tmp_path)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "No page was read" in result.stderr


def test_escape_sequences_of_a_page_reach_no_terminal(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    hostile = "\x9b31mred\x1b]0;owned\x07‮"
    page.write_text(LISTING.read_text("utf-8").replace("Valerian root", hostile), "utf-8")
    for options in ([], ["--pretty"]):
        result = run("parse", page, *options)
        assert not {"\x1b", "\x9b", "\x07", "‮"} & set(result.output)
        title = json.loads(result.stdout)["listings"][0]["title"]
        assert "\x9b31mred" in title  # the value is the page's


def test_pretty_is_the_same_json() -> None:
    result = run("parse", LISTING, "--pretty")
    assert result.stdout.startswith('{\n  "market": "dream"')
    assert [json.loads(result.stdout)] == lines(run("parse", LISTING).stdout)
