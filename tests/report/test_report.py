"""The report on the bundled study: what it says, what it does not, in three languages."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import psycopg2
import pytest

from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.language import CODES
from cryptodrug_scraper.report import ReportOptions, open_study, write_report
from cryptodrug_scraper.report.build import build
from cryptodrug_scraper.report.context import cite
from cryptodrug_scraper.report.page import Report
from tests.cli.running import run, shell
from tests.report.test_page import read


def report_of(url: str, options: ReportOptions) -> Report:
    with open_study(url) as study:
        return build(study, options)


def words(report: Report) -> str:
    """All that a report says in sentences and tables."""
    said = [text for _, _, text in report.summary]
    for section in report.sections:
        said += section.findings
        said += [drawing.caption for drawing in section.drawings]
        for table in section.tables:
            said += [cell.words for _, rows in table.groups for row in rows for cell in row]
    return re.sub("[\u00a0\u202f]", " ", "\n".join(said))


def cells(report: Report, name: str) -> dict[tuple[str, str], list[str]]:
    """A table's rows by the heading of their group and their first cell."""
    tables = {table.name: table for section in report.sections for table in section.tables}
    return {
        (heading, row[0].words.replace("\u00a0", " ")): [cell.words for cell in row[1:]]
        for heading, rows in tables[name].groups
        for row in rows
    }


@pytest.mark.slow
def test_what_it_says(study_url: str) -> None:
    """Against what was counted in the pages of the study by hand."""
    report = report_of(study_url, ReportOptions("BE", threshold=1))
    said = words(report)
    assert "Dream Market, Wall Street Market and Empire Market" in report.scope
    assert "19 November 2018 to 18 November 2019" in report.scope.replace("\u00a0", " ")
    size = cells(report, "size")
    # In November 2018 Dream's pages show five listings of four vendors; three ship from Belgium.
    assert size["Dream Market", "Nov 2018"][:5] == ["4", "2", "5", "3", "60%"]
    assert size["Wall Street Market", "Dec 2018"][:4] == ["3", "1", "4", "2"]
    assert size["Empire Market", "Nov 2019"][:4] == ["3", "2", "4", "2"]
    assert "rose from 3 in November 2018 to 4 in March 2019" in said
    assert "from the Netherlands to Belgium (1 vendor)" in said
    assert (
        "After Wall Street Market closed on 2 May 2019, 1 of the 3 vendors who were active there "
        "(33%, 95% interval 6–79%) turned up on Empire Market with the same PGP key." in said
    )
    assert not re.search("LowlandLeaf|ArdennesPost", said)
    assert {section.key for section in report.sections} == {
        "size", "sold", "prices", "turnover", "places", "vendors", "coverage", "concentration",
        "lifetimes", "sensitivity",
    }  # fmt: skip
    for section in report.sections:
        assert section.methods
        assert section.findings or section.caveats


@pytest.mark.slow
def test_small_numbers_are_not_shown(study_url: str) -> None:
    report = report_of(study_url, ReportOptions("BE", threshold=7))
    assert "Fewer than 7 vendors shipped from Belgium" in words(report)
    for row in cells(report, "size").values():
        assert {row[1], row[3], row[4]} <= {"c", "0", "0%", "–"}
    for row in cells(report, "turnover").values():
        assert set(row) == {"c"}
    for section in report.sections:
        for table in section.tables:
            if table.name not in ("coverage", "recapture", "bands"):  # limits, no counts
                shown = {c.words for _, rows in table.groups for r in rows for c in r[1:]}
                assert not {word for word in shown if re.fullmatch("[1-6]", word)}, table.name
        for method in section.methods:
            for reason, count in method.left_out:
                assert "endors" not in reason[:8] or not re.fullmatch("[1-6]", count), reason
    figures = {drawing.name for section in report.sections for drawing in section.drawings}
    assert figures == {"coverage"}, "a figure with nothing in it"


@pytest.mark.slow
def test_invented_pages_are_said_to_be(study_url: str) -> None:
    for lang, words in (("en", "were invented"), ("fr", "inventées"), ("nl", "verzonnen")):
        report = report_of(study_url, ReportOptions("BE", lang, threshold=1))
        assert words in report.notices[0]


@pytest.mark.slow
@pytest.mark.parametrize("code", ["fr", "nl"])
def test_every_text_is_in_the_language(study_url: str, code: str) -> None:
    report = report_of(study_url, ReportOptions("BE", code, threshold=1))
    words_said = list(report.warnings)
    for section in report.sections:
        words_said += section.caveats
        for method in section.methods:
            words_said += [method.definition, *method.assumptions, *(r for r, _ in method.left_out)]
            words_said += [method.uncertainty]
    assert len(words_said) > 60
    assert not [text for text in words_said if re.search(r"\b(the|vendors|listings|and)\b", text)]
    assert not re.search(r"\b(the|vendors|listings|of the|and)\b", words(report))


@pytest.mark.slow
def test_hostile_names_of_vendors(study_url: str, tmp_path: Path) -> None:
    trick = "</td><script>alert(1)</script>\u202egnp\u2066"
    with psycopg2.connect(client_url(study_url)) as connection, connection.cursor() as work:
        work.execute("UPDATE vendor SET handle = %s || vendor_id", (trick,))
        work.execute("UPDATE listing_observation SET title = %s", (trick,))
    connection.close()
    out = tmp_path / "report.html"
    with open_study(study_url) as study:
        write_report(study, ReportOptions("BE", threshold=1, name_vendors=True), out)
    raw = out.read_text("utf-8")
    page = read(raw)
    assert "script" not in page.tags
    assert "<script>alert(1)</script>\\u202egnp\\u2066" in page.words
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", raw)


def test_a_database_without_pages(migrated_url: str, tmp_path: Path) -> None:
    for code in CODES:
        out = tmp_path / f"{code}.html"
        with open_study(migrated_url) as study:
            write_report(study, ReportOptions("BE", code), out)
        assert out.read_text("utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.slow
def test_the_command(study_url: str, tmp_path: Path) -> None:
    asked_for, out = tmp_path / "report.html", tmp_path / "report-invented.html"
    arguments = ["report", "--country", "belgium", "--out", str(asked_for)]
    arguments += ["--database-url", study_url]
    done = shell(*arguments, "--lang", "fr", "--threshold", "1", "--market", "dream",
                 "--by", "quarter", "--coarsen", "auto")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"Written" in done.stderr
    assert b"report-invented.html" in done.stderr
    assert b"says nothing about real markets" in b" ".join(done.stderr.split())
    text = out.read_text("utf-8")
    assert "Les offres expédiées depuis la Belgique" in text
    assert "Empire Market" not in text
    assert "T4\u00a02018" in text
    done = shell(*arguments, "--from", "2019-01-01", "--to", "2019-02-28")
    assert done.returncode == 0, done.stderr
    assert "Jan\u00a02019" in out.read_text("utf-8")
    assert "Mar\u00a02019" not in out.read_text("utf-8")
    assert [file.name for file in tmp_path.iterdir()] == ["report-invented.html"]
    without = shell(*arguments, "--pdf", tmp_path / "x.pdf", CRYPTODRUG_BROWSER="/none")
    assert without.returncode == 1
    assert b"CRYPTODRUG_BROWSER names /none" in without.stderr
    assert b"apt install" not in without.stderr
    assert b"The HTML file is complete" in without.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--country", "Atlantis"], "is no country"),
        (["--country", "EU"], "'EU' is a region, not a country"),
        (["--country", "ZZ"], "'ZZ' is no country"),
        (["--from", "soon"], "is no ISO 8601 date"),
        (["--from", "2019-02-01", "--to", "2019-01-01"], "is after"),
        (["--out", "/no/such/folder/x.html"], "no folder"),
    ],
)
def test_wrong_calls(wrong: list[str], said: str, tmp_path: Path) -> None:
    given = {"--country": "BE", "--out": str(tmp_path / "x.html")}
    given |= dict(zip(wrong[::2], wrong[1::2], strict=True))
    result = run("report", *(part for pair in given.items() for part in pair))
    assert result.exit_code == 2
    assert said in result.stderr.replace("\n", " ")


def test_an_unknown_market(migrated_url: str, tmp_path: Path) -> None:
    out = str(tmp_path / "x.html")
    result = run(
        "report", "--country", "BE", "--out", out, "--market", "silk", "--database-url",
        migrated_url,
    )  # fmt: skip
    assert result.exit_code == 2
    assert "silk" in result.stderr


def test_short_names_of_works() -> None:
    assert cite("Soska K, Christin N (2015). Measuring.") == "Soska & Christin 2015"
    assert cite("Tai XH, Soska K, Christin N (2019). Adversarial.") == "Tai et al. 2019"
    assert cite("Gini C (1912). Variabilità.") == "Gini 1912"


def test_an_open_period_is_that_of_the_captures(study_url: str) -> None:
    with open_study(study_url, start=date(2018, 12, 1)) as study:
        assert (study.start, study.end) == (date(2018, 12, 1), date(2019, 11, 18))
