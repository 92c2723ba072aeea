"""Real and invented pages in one database: no table and no report is made of both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cryptodrug_scraper import study as studies
from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.export import ExportOptions, ExportScope, export
from cryptodrug_scraper.export.run import NothingToExport
from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.report import ReportOptions, open_study, render_report
from tests.conftest import FIXTURES
from tests.export.exporting import rows


def copy_of_the_study(to: Path, *, invented: bool) -> Path:
    """Copy the bundled study; as invented its dated pages, seen an hour later each."""
    for page in sorted((FIXTURES / "study").rglob("*.html")):
        about = json.loads(page.with_suffix(".json").read_text())
        about["invented"] = invented
        if invented and "captured_at" not in about:
            continue
        if invented:
            later = datetime.fromisoformat(about["captured_at"]) + timedelta(hours=1)
            about["captured_at"] = later.isoformat()
        there = to / page.relative_to(FIXTURES / "study")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(page.read_bytes())
        there.with_suffix(".json").write_text(json.dumps(about))
    return to


@pytest.fixture
def mixed(migrated_url: str, tmp_path: Path) -> str:
    """The same vendors, listings and reviews, on real pages and on invented ones."""
    for name in ("real", "made"):
        replay(
            [copy_of_the_study(tmp_path / name, invented=name == "made")], client_url(migrated_url)
        )
    return migrated_url


@pytest.fixture
def alone(another_migrated_url: str, tmp_path: Path, mixed: str) -> Iterator[str]:
    """The real pages in a database of their own."""
    replay([tmp_path / "real"], client_url(another_migrated_url))
    return another_migrated_url


def tables(url: str, out: Path, scope: ExportScope | None = None) -> dict[str, list[str]]:
    """Export a database and return the lines of its tables."""
    export(client_url(url), out, ExportOptions(scope=scope or ExportScope()))
    return {file.stem: sorted(file.read_text().splitlines()) for file in out.glob("*.csv")}


def test_an_export_is_that_of_the_real_pages_alone(mixed: str, alone: str, tmp_path: Path) -> None:
    for n, scope in enumerate(
        (ExportScope(), ExportScope(country="BE"), ExportScope(markets=("dream",)))
    ):
        got = tables(mixed, tmp_path / f"mixed{n}", scope)
        assert got == tables(alone, tmp_path / f"alone{n}", scope)
        assert len(got["pages"]) > 5
    manifest = json.loads((tmp_path / "mixed0" / "manifest.json").read_text())
    assert manifest["invented"] == {"counted": "real", "pages": 0}
    for name in ("CODEBOOK.md", "codebook.json", "datapackage.json"):
        assert (
            "were invented to try the program and are not counted"
            in (tmp_path / "mixed0" / name).read_text()
        )
        assert "to try the program" not in (tmp_path / "alone0" / name).read_text()
    codebook = (tmp_path / "alone0" / "CODEBOOK.md").read_text()
    assert codebook.count("| `invented` | boolean |") == 5


def test_what_is_asked_for_is_exported_and_named(mixed: str, tmp_path: Path) -> None:
    tables(mixed, tmp_path / "only", ExportScope(invented="only"))
    tables(mixed, tmp_path / "with", ExportScope(invented="with"))
    kinds = {name: {row["invented"] for row in rows(tmp_path / "only", name)}
             for name in ("pages", "listings", "vendors", "reviews")}  # fmt: skip
    assert set(map(tuple, kinds.values())) == {("true",)}
    assert {row["invented"] for row in rows(tmp_path / "with", "pages")} == {"true", "false"}
    for name, counted in (("only", "invented"), ("with", "both")):
        manifest = json.loads((tmp_path / name / "manifest.json").read_text())
        assert manifest["invented"]["counted"] == counted
        assert manifest["options"]["invented"] == name
        assert "nothing about real markets" in (tmp_path / name / "CODEBOOK.md").read_text()


def test_no_invented_page_is_there(alone: str, tmp_path: Path) -> None:
    with pytest.raises(NothingToExport):
        export(client_url(alone), tmp_path / "x", ExportOptions(scope=ExportScope(invented="only")))


def report_of(url: str, invented: str | None = None) -> str:
    with open_study(url, invented=invented) as study:
        return render_report(study, ReportOptions("BE", threshold=1))


def notes_of(report: str) -> list[str]:
    """Return what a report says of the pages that were made to try the tool."""
    return [text for text in re.split("[<>]", report) if "to try the tool" in text]


def test_a_report_is_that_of_the_real_pages_alone(mixed: str, alone: str) -> None:
    real = report_of(alone)
    got = report_of(mixed)
    assert notes_of(real) == []
    notes = notes_of(got)
    assert len(notes) == 1
    assert "does not count them" in notes[0]
    body = got.partition("<h2")[2]
    assert body == real.partition("<h2")[2]
    assert "says nothing about real markets" in report_of(mixed, "only")
    both = report_of(mixed, "with")
    assert "together with real ones" in both
    assert both.partition("<h2")[2] != body


def test_a_study_says_what_it_counts(mixed: str) -> None:
    sql = "SELECT count(*) AS n, bool_or(invented) AS made FROM page"
    views = "SELECT count(*) AS n FROM listing_latest WHERE invented"
    found = {}
    for asked_for in (None, "only", "with"):
        with studies.open(mixed, invented=asked_for) as study:
            found[asked_for] = (study.kinds.name, study.row(sql), study.row(views)["n"])
    real, made, both = (found[key] for key in (None, "only", "with"))
    assert (real[0], made[0], both[0]) == ("real", "invented", "both")
    assert real[1]["n"] + made[1]["n"] == both[1]["n"]
    assert (real[1]["made"], made[1]["made"]) == (False, True)
    assert real[2] == both[2] == 0 < made[2]  # a listing that real pages show too is real
    with pytest.raises(ValueError, match="only or with"):
        studies.open(mixed, invented="maybe")
