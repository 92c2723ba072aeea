"""`cryptodrug new-market`: a market that runs from the start, and nothing written otherwise."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cryptodrug_scraper.cli import new_market
from parsers import markets
from tests.cli.running import PROGRAM, run
from tests.conftest import ROOT

NAME = "paper_tea_house2"
ROOMS = ("cryptodrug_scraper", "parsers", "spiders", "simulator", "fixtures", "tests")
TAKEN = next(iter(markets()))


def in_copy(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=checkout, capture_output=True, text=True, check=False, env=dict(os.environ)
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in which a market was made."""
    copy = tmp_path_factory.mktemp("copy") / "project"
    ignored = shutil.ignore_patterns("__pycache__", "archives")
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=ignored)
    for file in ("pyproject.toml", "scrapy.cfg", "Makefile"):
        shutil.copy(ROOT / file, copy)
    done = in_copy(copy, *PROGRAM, "new-market", NAME, "--title", "Paper Tea House 2")
    assert done.returncode == 0, done.stderr
    written = [line.removeprefix("wrote ") for line in done.stdout.splitlines()[:-1]]
    assert {f"parsers/{NAME}.py", f"spiders/{NAME}.py", f"fixtures/{NAME}/home.html"} <= {*written}
    assert all((copy / name).is_file() for name in written)
    assert not any("emplate" in (copy / name).read_text("utf-8") for name in written)
    return copy


def test_it_is_a_market_among_others(checkout: Path) -> None:
    done = in_copy(checkout, *PROGRAM, "markets")
    assert NAME in done.stdout
    assert "Paper Tea House 2" in done.stdout
    page = f"fixtures/{NAME}/listing.html"
    done = in_copy(checkout, *PROGRAM, "parse", page)
    assert f'"market": "{NAME}"' in done.stdout
    assert '"warnings": []' in done.stdout


def test_it_passes_the_tests_that_run_over_every_market(checkout: Path) -> None:
    done = in_copy(
        checkout, sys.executable, "-m", "pytest", "-p", "tests.quick", "-p", "no:cacheprovider",
        "-v",
        "tests/parsers/test_fixtures.py", "tests/spiders", "tests/test_house.py", "tests/reading",
        "tests/test_doctor.py",
        "--ignore=tests/reading/test_growth.py", "-k",
        f"{NAME} or every_market or no_market_is_named",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > 100


def test_it_is_linted_like_the_others(checkout: Path) -> None:
    files = [f"parsers/{NAME}.py", f"spiders/{NAME}.py"]
    for command in (["check"], ["format", "--check"]):
        done = in_copy(checkout, sys.executable, "-m", "ruff", *command, *files)
        assert done.returncode == 0, done.stdout


def test_nothing_is_written_over(checkout: Path) -> None:
    parser = checkout / "parsers" / f"{NAME}.py"
    before = parser.read_bytes()
    done = in_copy(checkout, *PROGRAM, "new-market", NAME)
    assert done.returncode == 2
    assert f"parsers/{NAME}.py is there already" in done.stderr
    assert parser.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Tea", "is no name for a market"),
        ("tea-house", "is no name for a market"),
        ("tea_", "is no name for a market"),
        ("_tea", "is no name for a market"),
        ("2tea", "is no name for a market"),
        ("../tea", "is no name for a market"),
        ("tea.house", "is no name for a market"),
        ("thé", "is no name for a market"),
        ("t" * 41, "is no name for a market"),
        ("", "is no name for a market"),
        ("class", "means something else"),
        ("template_market", "means something else"),
        ("market", "means something else"),
        ("vendor", "means something else"),
        ("version", "parsers/version.py is there already"),
        ("study", "fixtures/study is there already"),
        (TAKEN, f"parsers/{TAKEN}.py is there already"),
    ],
)
def test_names_that_cannot_be(name: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "tests")  # anywhere in the checkout will do
    result = run("new-market", "--", name)
    assert result.exit_code == 2
    assert why in result.output


@pytest.mark.parametrize("title", ['Tea "House"', "Tea\nHouse {}", "Tea \\ House", "T" * 41])
def test_titles_that_cannot_be(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = run("new-market", NAME, "--title", title)
    assert result.exit_code == 2
    assert "is no title for a market" in result.output


def test_a_name_by_which_another_market_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = run("new-market", NAME, "--title", markets()[TAKEN].title)
    assert result.exit_code == 2
    assert f"the market {TAKEN}" in result.output
    assert not (ROOT / "parsers" / f"{NAME}.py").exists()


def test_outside_of_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("new-market", NAME)
    assert result.exit_code == 2
    assert "is in no checkout of the project" in result.output
    for room in ("parsers", "spiders", "fixtures"):
        (tmp_path / room).mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    result = run("new-market", NAME)
    assert result.exit_code == 2
    assert "not the one of the checkout" in result.output
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["pyproject.toml"]


def test_what_was_begun_is_taken_away_where_it_cannot_be_finished(tmp_path: Path) -> None:
    for room in ("parsers", "spiders", "fixtures"):
        (tmp_path / room).mkdir()
    (tmp_path / "spiders" / "tea.py").write_text("mine")
    with pytest.raises(FileExistsError):
        new_market.write_market(tmp_path, "tea", "Tea")
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["tea.py"]
    assert not (tmp_path / "fixtures" / "tea").exists()
