"""The data package: valid by Frictionless, and by a check of our own that finds what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import frictionless
import pytest

from cryptodrug_scraper.export import About, ExportOptions, ExportScope, export
from cryptodrug_scraper.export.package import faults_of
from tests.export.exporting import pseudonyms


def faults(folder: Path) -> list[Any]:
    report = frictionless.validate(str(folder / "datapackage.json"))
    return report.flatten(["name", "type", "rowNumber", "fieldName", "note"])


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("hidden", [False, True], ids=["names", "pseudonyms"])
@pytest.mark.parametrize("country", [None, "BE"])
def test_it_is_valid(
    study_dsn: str, tmp_path: Path, form: str, hidden: bool, country: str | None
) -> None:
    about = About("be-2018", "Belgian vendors", "CC-BY-4.0", ("One", "Another"))
    options = ExportOptions(
        form=form,
        scope=ExportScope(country=country),
        pseudonyms=pseudonyms() if hidden else None,
        about=about,
    )
    export(study_dsn, tmp_path / "out", options)
    assert faults(tmp_path / "out") == []
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text())
    assert faults_of(package, tmp_path / "out") == []
    assert package["name"] == "be-2018"
    assert package["licenses"][0]["name"] == "CC-BY-4.0"
    assert [c["title"] for c in package["contributors"]] == ["One", "Another"]


def test_frictionless_would_find_a_wrong_cell(study_dsn: str, tmp_path: Path) -> None:
    """That nothing was found means something."""
    out = tmp_path / "out"
    export(study_dsn, out)
    path = out / "reviews.csv"
    path.write_bytes(path.read_bytes().replace(b"positive", b"positiv!", 1))
    kinds = {fault[1] for fault in faults(out)}
    assert {"constraint-error", "hash-count"} <= kinds


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda p, f: (f / "pages.csv").unlink(), "there is no pages.csv"),
        (lambda p, f: (f / "pages.csv").write_text("x"), "another size"),
        (lambda p, f: p["resources"][0]["schema"]["fields"].pop(), "the schema"),
        (lambda p, f: p["resources"][0]["schema"]["primaryKey"].append("x"), "primary key"),
        (
            lambda p, f: p["resources"][0]["schema"]["foreignKeys"][0]["reference"].update(
                resource="nowhere"
            ),
            "leads nowhere",
        ),
        (lambda p, f: p["resources"][0]["schema"]["fields"][0].update(type="blob"), "no type blob"),
        (lambda p, f: p["resources"][0]["schema"]["fields"][0].update(description=""), "meaning"),
        (lambda p, f: p.update(name="Not Allowed"), "not allowed"),
    ],
)
def test_our_own_check_finds(study_dsn: str, tmp_path: Path, harm: Any, said: str) -> None:
    export(study_dsn, tmp_path / "out")
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text())
    harm(package, tmp_path / "out")
    assert any(said in fault for fault in faults_of(package, tmp_path / "out"))


@pytest.mark.parametrize("bad", [{"name": "With Spaces"}, {"name": ""}, {"licence": "my own!"}])
def test_what_a_package_cannot_be_named(bad: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is no"):
        About(**bad)
