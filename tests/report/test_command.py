"""`cryptodrug report`: where it writes, what it refuses, and what it says beside the report."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from cryptodrug_scraper.common.files import NotWritable
from cryptodrug_scraper.common.progress import Progress
from cryptodrug_scraper.language import CODES, language
from cryptodrug_scraper.report import ReportOptions, open_study, pdf, write_report
from cryptodrug_scraper.report.build import SECTIONS, build
from cryptodrug_scraper.report.captures import captures, undated_words
from cryptodrug_scraper.report.pdf import NoBrowser, print_pdf
from tests.cli.running import run, shell
from tests.cli.test_program import on_terminal
from tests.conftest import FIXTURES
from tests.report.test_page import read
from tests.study.world import World, eur, offer

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
"""A database that is not there: what is refused before it is asked, is refused before any work."""


def report(url: str, out: Path | str, *options: str | Path) -> Any:
    given = ("--country", "BE", "--out", out, "--database-url", url)
    return run("report", *given, *options)


def said(result: Any) -> str:
    return " ".join(result.stderr.split())


@pytest.fixture
def small(world: World) -> World:
    """An offer from Belgium in March 2019."""
    world.seen("03-10", offer("1", "a", price=eur(20), come_from="BE", kind="Cannabis"))
    world.sold("a", "1", "03-12", eur(20), seen="03-20")
    world.done()
    return world


# -- where it writes --------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--out", "--pdf"])
@pytest.mark.parametrize("kind", ["pipe", "socket", "folder"])
def test_what_is_no_file_stays(tmp_path: Path, kind: str, option: str) -> None:
    target = tmp_path / "target"
    with socket.socket(socket.AF_UNIX) as bound:
        if kind == "pipe":
            os.mkfifo(target)
        elif kind == "folder":
            target.mkdir()
        else:
            bound.bind(str(target))
        before = target.stat()
        link = tmp_path / "link"
        link.symlink_to(target)
        for path in (target, link):
            places = {"--out": tmp_path / "x.html", option: path}
            result = report(
                NOWHERE, places.pop("--out"), *(p for pair in places.items() for p in pair)
            )
            assert result.exit_code == 2
            assert re.search(f"{kind}|director", said(result)), said(result)
    after = target.stat()
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
    assert {path.name for path in tmp_path.iterdir()} == {"target", "link"}


def test_the_library_refuses_it_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotWritable, match="is a pipe"):
        write_report(None, ReportOptions("BE"), tmp_path / "pipe")  # type: ignore[arg-type]
    with pytest.raises(NotWritable, match="is a pipe"):
        print_pdf(tmp_path / "x.html", tmp_path / "pipe")


@pytest.mark.slow
def test_a_link_stays_and_what_it_leads_to_is_written(small: World, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "report.html"
    link.symlink_to(Path("there") / "real.html")
    for _ in range(2):  # the first time it leads to nothing yet
        assert report(small.url, link).exit_code == 0
        assert link.is_symlink()
        assert (tmp_path / "there" / "real.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert len(list((tmp_path / "there").iterdir())) == 1


def test_the_same_file_twice(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("x.html")
    for other in (
        tmp_path / "x.html",
        tmp_path / "link",
        tmp_path / ".." / tmp_path.name / "x.html",
    ):
        result = report(NOWHERE, tmp_path / "x.html", "--pdf", other)
        assert (result.exit_code, "are the same file" in said(result)) == (2, True)


@pytest.mark.slow
def test_standard_output(small: World, tmp_path: Path) -> None:
    done = shell("report", "--country", "NL", "--out", "-", "--database-url", small.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"<!DOCTYPE html>")
    assert done.stdout.rstrip().endswith(b"</html>")
    assert b"ships from the Netherlands" in done.stderr
    assert list(tmp_path.iterdir()) == []
    result = report(NOWHERE, tmp_path / "x.html", "--pdf", "-")
    assert (result.exit_code, "standard output" in said(result)) == (2, True)


def test_which_browser_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "find_browser", lambda: None)
    monkeypatch.delenv("CRYPTODRUG_BROWSER", raising=False)
    with pytest.raises(NoBrowser, match="there is none on this machine"):
        print_pdf(tmp_path / "x.html", tmp_path / "x.pdf")
    monkeypatch.setenv("CRYPTODRUG_BROWSER", "/nonexistent")
    with pytest.raises(NoBrowser, match="CRYPTODRUG_BROWSER names /nonexistent"):
        print_pdf(tmp_path / "x.html", tmp_path / "x.pdf")


# -- nothing to report ------------------------------------------------------------------------


def test_an_empty_database(migrated_url: str, tmp_path: Path) -> None:
    result = report(migrated_url, tmp_path / "x.html")
    assert result.exit_code == 3
    assert "The database has no captures. Read pages into it first: " in said(result)
    assert "replay saved-pages/" in said(result)
    assert report(migrated_url, tmp_path / "x.html", "--market", "dream").exit_code == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (["--from", "2030-01-01"], "from 2030-01-01 on"),
        (["--to", "1990-01-01"], "until 1990-01-01"),
        (["--from", "2019-03-13", "--to", "2019-03-14"], "between 2019-03-13 and 2019-03-14"),
        (["--to", "1990-01-01", "--market", "dream"], "of dream until 1990-01-01"),
    ],
)
def test_a_period_without_captures(
    small: World, tmp_path: Path, period: list[str], words: str
) -> None:
    result = report(small.url, tmp_path / "x.html", *period)
    assert result.exit_code == 3
    assert f"no captures {words}: they run from 2019-03-10 to 2019-03-20." in said(result)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_nothing_ships_from_there(small: World, tmp_path: Path) -> None:
    assert "No listing" not in said(report(small.url, tmp_path / "x.html"))
    result = report(small.url, tmp_path / "x.html", "--country", "NL")
    assert result.exit_code == 0
    assert "No listing of the period ships from the Netherlands" in said(result)
    assert (tmp_path / "x.html").exists()


def test_a_misspelt_market(tmp_path: Path) -> None:
    result = report(NOWHERE, tmp_path / "x.html", "--market", "Dream")
    assert (result.exit_code, "Did you mean dream?" in said(result)) == (2, True)


# -- pages without a date ---------------------------------------------------------------------


@pytest.mark.slow
def test_pages_without_a_date_are_told(small: World, tmp_path: Path) -> None:
    for n in range(3):
        found = offer(f"9{n}", "z", price=eur(10), come_from="BE", kind="Cannabis")
        small.page(None, market="empire", listings=(found,))
    result = report(small.url, tmp_path / "x.html")
    told = "Of 5 pages, 3 have no date, and what they show of listings and vendors is not counted"
    assert told in said(result)
    assert "(Empire Market: 3 of 3)" in said(result)
    assert "cryptodrug replay --captured-at" in said(result)
    page = read((tmp_path / "x.html").read_text("utf-8"))
    assert told in page.words
    with open_study(small.url) as study:
        for code in CODES:
            told = undated_words(captures(study), language(code))
            warnings = list(build(study, ReportOptions("BE", code)).warnings)
            assert told in warnings
            assert "--captured-at" in told
    result = report(small.url, tmp_path / "y.html", "--market", "empire")
    assert result.exit_code == 3
    assert "none of its 3 pages has one" in said(result)
    assert "--captured-at" in said(result)
    assert "no date" not in said(report(small.url, tmp_path / "y.html", "--market", "dream"))


def test_a_page_that_got_a_date_later_counts_once(migrated_url: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_bytes((FIXTURES / "dream" / "listing_new.html").read_bytes())
    given = ("replay", page, "--workers", "1", "--quiet", "--database-url", migrated_url)
    assert run(*given).exit_code == 0
    with open_study(migrated_url) as study:
        assert captures(study).undated == [("Dream Market", 1, 1)]
    assert run(*given, "--captured-at", "2018-11-19").exit_code == 0
    with open_study(migrated_url) as study:
        found = captures(study)
    assert (found.pages, found.in_period, found.undated) == (1, 1, [])


# -- how it goes on ---------------------------------------------------------------------------


def test_each_section_is_a_step(small: World) -> None:
    steps: list[Progress] = []
    with open_study(small.url) as study:
        build(study, ReportOptions("BE"), steps.append)
    assert steps[0].task == "Reading listings and reviews"
    assert [step.share for step in steps[1:]] == [n / len(SECTIONS) for n in range(len(SECTIONS))]
    assert all(step.task.startswith(f"Section {n} of") for n, step in enumerate(steps[1:], 1))


@pytest.mark.slow
def test_a_terminal_shows_the_step(small: World, tmp_path: Path) -> None:
    code, shown = on_terminal(
        "report", "--country", "BE", "--out", tmp_path / "x.html", DATABASE_URL=small.url
    )
    assert code == 0
    assert re.search(r"Section \d+ of 10: ", shown)
    assert "Written: " in shown
