"""`cryptodrug export`: options, what it says, how it ends, and hostile rows."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cryptodrug_scraper.export import read_table
from cryptodrug_scraper.replay import replay
from tests.cli.running import PROGRAM, run, shell
from tests.conftest import FIXTURES, ROOT
from tests.export.exporting import ask, cells
from tests.replay.test_reviews import dsn_of

FORMULAS = [
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "＝1+1",
    '=HYPERLINK("http://x.onion","a")',
    "'=1+1",
    "\x1b]0;title\x07=1",
    'a","=1+1',
    "a\r\n=1+1",
    "",
]


@pytest.fixture
def dsn(engine: Any) -> str:
    """The study in a database that the test may change."""
    replay([FIXTURES / "study"], dsn_of(engine))
    return dsn_of(engine)


def export(dsn: str, out: Path, *options: str | Path) -> Any:
    return run("export", "--out", out, "--database-url", dsn, *options)


def test_it_says_what_it_wrote(dsn: str, tmp_path: Path) -> None:
    result = export(dsn, tmp_path / "out")
    assert result.exit_code == 0
    assert re.search(r"reviews\.csv\s+50", result.stdout)
    assert "CODEBOOK.md" in result.stdout
    assert len(read_table(tmp_path / "out", "reviews")) == 50


def test_quiet(dsn: str, tmp_path: Path) -> None:
    result = export(dsn, tmp_path / "out", "--quiet", "--format", "parquet")
    assert (result.exit_code, result.output) == (0, "")
    assert len(pd.read_parquet(tmp_path / "out" / "reviews.parquet")) == 50


def test_all_options_are_in_the_manifest(dsn: str, tmp_path: Path) -> None:
    result = export(
        dsn, tmp_path / "out", "--country", "belgium", "--from", "2018-11-01", "--to", "2019-03-31",
        "--market", "dream", "--market", "wall_street", "--name", "be-2018", "--title", "Belgium",
        "--licence", "CC-BY-4.0", "--contributor", "A", "--contributor", "B",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["options"] == {
        "format": "csv",
        "country": "BE",
        "from": "2018-11-01",
        "to": "2019-03-31",
        "markets": ["dream", "wall_street"],
        "pseudonymise": False,
        "invented": None,
    }
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text())
    assert (package["name"], package["title"]) == ("be-2018", "Belgium")
    assert set(read_table(tmp_path / "out", "vendors")["market"]) == {"dream", "wall_street"}


# -- hostile rows -----------------------------------------------------------------------------


@pytest.fixture
def hostile(dsn: str) -> str:
    """The study with formulas and control characters wherever a page's words can stand."""
    for n, text in enumerate(FORMULAS):
        ask(
            dsn,
            "UPDATE listing_observation SET title = %s, ships_from_text = %s, ends = %s"
            " WHERE (page_id, ordinal) = (SELECT page_id, ordinal FROM listing_observation"
            " ORDER BY page_id, ordinal OFFSET %s LIMIT 1)",
            text, text, text, n,
        )  # fmt: skip
        ask(
            dsn,
            "UPDATE review SET text = %s, response = %s, author = %s WHERE review_id ="
            " (SELECT review_id FROM review ORDER BY review_id OFFSET %s LIMIT 1)",
            text, text, text, n,
        )  # fmt: skip
    ask(dsn, "UPDATE vendor SET handle = '=1+' || handle")
    ask(dsn, "UPDATE listing_observation SET category_path = ARRAY['=1+1', E'\\x1b[2J']")
    ask(dsn, "UPDATE page SET url = '@' || url, warnings = ARRAY[E'=1+1\\n\\ttwo']")
    ask(dsn, "UPDATE shipping_option SET name = '-2+3'")
    return dsn


def test_no_cell_is_a_formula(hostile: str, tmp_path: Path) -> None:
    assert export(hostile, tmp_path / "out", "--quiet").exit_code == 0
    seen = 0
    for table, column, cell in cells(tmp_path / "out"):
        shown = cell.lstrip(" \t\r\n\ufeff\u200b\xa0\x0b\x0c\0")
        assert not shown.startswith(("=", "+", "-", "@", "＝")), (table, column, cell)
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\ufeff]", cell)
        seen += cell.startswith("'")
    assert seen > 100
    for path in (tmp_path / "out").glob("*.csv"):
        assert len(path.read_bytes().splitlines()) == len(pd.read_csv(path)) + 1, path.name


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_runs_nothing_of_it(hostile: str, tmp_path: Path) -> None:
    """Opened as a user would who lets formulas in CSV be evaluated, and who should not."""
    assert export(hostile, tmp_path / "out", "--quiet").exit_code == 0
    control = tmp_path / "control.csv"
    control.write_text('a,b\r\n=1+1,"=HYPERLINK(""http://x"",""a"")"\r\n')
    files = [control, *sorted((tmp_path / "out").glob("*.csv"))]
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{tmp_path / 'profile'}", "--headless",
            "--infilter=Text - txt - csv (StarCalc):"
            "44,34,76,1,,0,false,true,false,false,false,-1,true",
            "--convert-to", "fods", "--outdir", tmp_path, *files,
        ],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    for path in files:
        sheet = (tmp_path / path.with_suffix(".fods").name).read_text("utf-8")
        assert ("table:formula=" in sheet) == (path is control), path.name


def test_negative_numbers_stay_numbers(dsn: str, tmp_path: Path) -> None:
    ask(dsn, "UPDATE vendor_observation SET level = -5, rating = -1.5")
    assert export(dsn, tmp_path / "out", "--quiet").exit_code == 0
    plain = pd.read_csv(tmp_path / "out" / "vendor_observations.csv")
    assert set(plain["level"]) == {-5}
    assert set(plain["rating"]) == {-1.5}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_hostile_texts_come_back_as_they_were(hostile: str, tmp_path: Path, form: str) -> None:
    assert export(hostile, tmp_path / "out", "--quiet", "--format", form).exit_code == 0
    reviews = read_table(tmp_path / "out", "reviews")
    assert {*FORMULAS} <= set(reviews["text"]) & set(reviews["response"]) & set(reviews["author"])
    titles = set(read_table(tmp_path / "out", "listing_observations")["title"])
    assert {*FORMULAS} <= titles
    pages = read_table(tmp_path / "out", "pages")
    assert all(warnings == ["=1+1\n\ttwo"] for warnings in pages["warnings"])


def test_hostile_rows_are_a_valid_package(hostile: str, tmp_path: Path) -> None:
    import frictionless

    for n, options in enumerate(([], ["--pseudonymise"])):
        out = tmp_path / str(n)
        assert export(hostile, out, "--quiet", *options).exit_code == 0
        report = frictionless.validate(str(out / "datapackage.json"))
        assert report.flatten(["name", "type", "note"]) == []


# -- pseudonyms -------------------------------------------------------------------------------


def test_pseudonymise_keeps_the_key(dsn: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("CRYPTODRUG_DATA_DIR", str(tmp_path / "data"))
    result = export(dsn, tmp_path / "one", "--pseudonymise")
    assert result.exit_code == 0, result.output
    assert re.search(r"none of \d+ handles stands in any of [\d,]+ cells", result.stdout)
    key = tmp_path / "data" / "export" / "pseudonym-key.json"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert export(dsn, tmp_path / "two", "--pseudonymise", "--format", "parquet").exit_code == 0
    one, two = (read_table(tmp_path / n, "vendors") for n in ("one", "two"))
    assert one["vendor"].tolist() == two["vendor"].tolist()
    secret = json.loads(key.read_text())["key"].encode()
    for path in (*(tmp_path / "one").iterdir(), *(tmp_path / "two").iterdir()):
        assert secret not in path.read_bytes()
    handles = [row[0].lower() for row in ask(dsn, "SELECT handle FROM vendor")]
    for _, _, cell in cells(tmp_path / "one"):
        assert not any(handle in cell.lower() for handle in handles)


def test_a_key_file(dsn: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    result = export(dsn, tmp_path / "out", "--pseudonymise", "--key-file", key)
    assert (result.exit_code, "cannot be read" in result.stderr) == (2, True)
    key.write_text("k" * 64)
    key.chmod(0o644)
    result = export(dsn, tmp_path / "out", "--pseudonymise", "--key-file", key)
    assert (result.exit_code, "chmod 600" in result.stderr) == (2, True)
    assert not (tmp_path / "out").exists()
    key.chmod(0o600)
    assert export(dsn, tmp_path / "out", "--pseudonymise", "--key-file", key).exit_code == 0
    for option, value in (("--key-file", str(key)), ("--allow-word", "word")):
        result = export(dsn, tmp_path / "more", option, value)
        assert (result.exit_code, f"{option} is for --pseudonymise" in result.stderr) == (2, True)


def test_a_handle_is_found_and_said(dsn: str, tmp_path: Path) -> None:
    ask(
        dsn,
        "UPDATE external_rating SET from_market = 'lowlandleaf' WHERE page_id IN"
        " (SELECT page_id FROM vendor_observation JOIN vendor USING (vendor_id)"
        " WHERE handle = 'LowlandLeaf')",
    )
    result = export(dsn, tmp_path / "out", "--pseudonymise")
    assert result.exit_code == 1
    assert "Nothing was written" in result.stderr
    assert "external_ratings.from_market" in result.stderr
    assert "--allow-word" in result.stderr
    assert list(tmp_path.iterdir()) == []
    allowed = export(dsn, tmp_path / "out", "--pseudonymise", "--allow-word", "LowlandLeaf")
    assert allowed.exit_code == 0


# -- bad calls, bad ends ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--country", "Atlantis"], "is no country"),
        (["--from", "19 November"], "no ISO 8601 date"),
        (["--from", "2019-02-30"], "no ISO 8601 date"),
        (["--to", "0018-11-19"], "a date out of range"),
        (["--from", "2019-02-01", "--to", "2019-01-01"], "after"),
        (["--market", "dreem"], "Did you mean dream"),
        (["--name", "Two Words"], "no name of a data package"),
        (["--licence", "mine, all mine"], "spdx"),
        (["--format", "xlsx"], "xlsx"),
    ],
)
def test_bad_calls(tmp_path: Path, options: list[str], said: str) -> None:
    """They are refused before a database is looked for."""
    result = export("postgresql://nobody@127.0.0.1:1/none", tmp_path / "out", *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    result = export(dsn, tmp_path)
    assert (result.exit_code, "not empty" in result.stderr) == (2, True)
    result = export(dsn, tmp_path, "--force")
    assert (result.exit_code, "notes.txt" in result.stderr) == (2, True)
    assert export(dsn, tmp_path / "out").exit_code == 0
    assert export(dsn, tmp_path / "out").exit_code == 2
    assert export(dsn, tmp_path / "out", "--force").exit_code == 0


def test_no_database_and_an_empty_one(migrated_url: str, database_url: str, tmp_path: Path) -> None:
    result = export("postgresql://nobody:secret@127.0.0.1:1/none", tmp_path / "out")
    assert (result.exit_code, "secret" in result.output) == (4, False)
    result = export(migrated_url, tmp_path / "out")
    assert (result.exit_code, "nothing was written" in result.stderr) == (3, True)
    assert "replay saved-pages/" in result.stderr
    result = export(migrated_url, tmp_path / "out", "--market", "dream")
    assert (result.exit_code, "knows no market 'dream'" in result.stderr) == (3, True)
    result = export(database_url, tmp_path / "out")
    assert (result.exit_code, "db upgrade" in result.stderr) == (4, True)
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_is_to_export_the_captures_are_told(dsn: str, tmp_path: Path) -> None:
    result = export(dsn, tmp_path / "out", "--from", "2030-01-01")
    assert result.exit_code == 3
    assert "no captures from 2030-01-01 on: they run from 2018-11-19 to 2019-11-18" in result.stderr
    result = export(dsn, tmp_path / "out", "--country", "JP")
    assert (result.exit_code, "ships from JP" in result.stderr) == (3, True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    with monkeypatch.context() as patched:  # root, who may run this, may write anywhere
        patched.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
        result = export(url, tmp_path / "out")
    assert (result.exit_code, "cannot be written in" in result.stderr) == (2, True)

    def denied(_: Path) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / "out"))

    monkeypatch.setattr(Path, "exists", denied)
    result = export(url, tmp_path / "out")
    assert result.exit_code == 2
    assert f"{tmp_path / 'out'} cannot be looked into: Permission denied." in result.stderr


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_leaves_nothing(dsn: str, tmp_path: Path) -> None:
    # Enough rows that it is at work for a while after the first file is there.
    ask(
        dsn,
        "INSERT INTO link SELECT n, (SELECT min(market) FROM market), 'search', NULL,"
        " repeat('x', 100) || n FROM generate_series(1, 300000) n",
    )
    ask(
        dsn,
        "INSERT INTO page_link SELECT (SELECT min(page_id) FROM page), 'listing',"
        " array_agg(n) FROM generate_series(1, 300000) n"
        " ON CONFLICT (page_id, kind) DO UPDATE SET link_ids = excluded.link_ids",
    )
    command = [*PROGRAM, "export", "--out", str(tmp_path / "out"), "--database-url", dsn]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env=os.environ)
    try:
        until = time.monotonic() + 60
        while not list(tmp_path.glob(".out.partial-*/vendors.csv")):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, said
    assert list(tmp_path.iterdir()) == []


def test_as_a_process_of_its_own(dsn: str, tmp_path: Path) -> None:
    done = shell("export", "--out", tmp_path / "out", DATABASE_URL=dsn, COLUMNS="80")
    assert done.returncode == 0
    assert b"listings.csv" in done.stdout
    assert done.stderr.startswith(b"All of this rests on pages that were invented")
