"""An export as a whole: what is read back from the files is what is in the database."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg2
import pytest

from cryptodrug_scraper.common.progress import Progress
from cryptodrug_scraper.database import upgrade
from cryptodrug_scraper.database.invented import Kinds
from cryptodrug_scraper.export import (
    ExportOptions,
    ExportRefused,
    ExportScope,
    NothingToExport,
    export,
    read_table,
    scope,
)
from cryptodrug_scraper.export import run as running
from cryptodrug_scraper.export.columns import LETTERS, Variable
from cryptodrug_scraper.export.tables import TABLES, chosen
from tests.export.exporting import ask, pseudonyms
from tests.replay.rows import counts

FORMS = ("csv", "parquet")


@pytest.fixture(scope="module", params=FORMS)
def exported(request: Any, study_dsn: str, tmp_path_factory: Any) -> Path:
    folder = tmp_path_factory.mktemp(request.param) / "tables"
    export(study_dsn, folder, ExportOptions(form=request.param))
    return folder


def wanted(column: Variable, value: Any) -> Any:
    """Return a value of the database as it should come back."""
    if value is None:
        return None
    match column.kind:
        case "id":
            return f"{LETTERS[column.scope]}{value:016x}"
        case "hash":
            return bytes(value).hex() if isinstance(value, memoryview) else value
        case "number":
            return float(value)
        case "date":
            return pd.Timestamp(value)
        case "moment":
            return pd.Timestamp(value)
        case _:
            return value


def came_back(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        return value
    return None if pd.isna(value) else value


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_every_cell_comes_back(table: Any, exported: Path, study_dsn: str) -> None:
    frame = read_table(exported, table.name)
    assert list(frame.columns) == [column.name for column in table.columns]
    with scope.reading(study_dsn) as connection, connection.cursor() as work:
        scope.prepare(connection, ExportScope(), Kinds(real=False, invented=1))
        work.execute(table.sql)
        expected = [
            tuple(wanted(c, v) for c, v in zip(table.columns, row, strict=True))
            for row in work.fetchall()
        ]
    have = [tuple(map(came_back, row)) for row in frame.itertuples(index=False, name=None)]
    assert sorted(have, key=repr) == sorted(expected, key=repr)


def test_there_is_a_row_for_each_of_the_database(study: Any, exported: Path) -> None:
    in_database = counts(study)
    for table, of in (
        ("vendors", "vendor"),
        ("vendor_spellings", "vendor_spelling"),
        ("vendor_observations", "vendor_observation"),
        ("feedback_counts", "feedback_count"),
        ("external_ratings", "external_rating"),
        ("pgp_keys", "pgp_key"),
        ("listings", "listing"),
        ("listing_observations", "listing_observation"),
        ("listing_places", "listing_place"),
        ("price_alternatives", "price_alternative"),
        ("price_tiers", "price_tier"),
        ("shipping_options", "shipping_option"),
        ("texts", "long_text"),
        ("reviews", "review"),
        ("pages", "page"),
        ("links", "link"),
        ("exchange_rates", "exchange_rate"),
        ("places", "place"),
    ):
        assert len(read_table(exported, table)) == in_database[of], table


def test_prices_in_euros_are_those_of_the_view(study_dsn: str, exported: Path) -> None:
    frame = read_table(exported, "listing_observations").dropna(subset="price_eur")
    have = sorted(frame["price_eur"].tolist())
    in_view = ask(study_dsn, "SELECT price_eur FROM listing_in_eur WHERE price_eur IS NOT NULL")
    assert have == sorted(float(row[0]) for row in in_view)
    assert len(have) > 20


def test_numbers_keep_their_digits_in_csv(study_dsn: str, tmp_path: Path) -> None:
    export(study_dsn, tmp_path / "tables")
    with (tmp_path / "tables" / "exchange_rates.csv").open(newline="") as file:
        rates = sorted(Decimal(row["rate"]) for row in csv.DictReader(file))
    assert rates == sorted(r[0] for r in ask(study_dsn, "SELECT rate FROM exchange_rate"))


def test_captured_is_told_of_each_link(exported: Path) -> None:
    links = read_table(exported, "links").set_index("kind")
    listings, vendors = links.loc["listing"], links.loc["vendor"]
    own = read_table(exported, "listing_observations")
    with_page = set(own[~own["is_card"].astype(bool)]["listing_id"])
    ids = read_table(exported, "listings").set_index("external_id")["listing_id"]
    for row in listings.itertuples():
        assert row.captured == (ids.get(row.listing_external_id) in with_page)
    assert vendors["vendor"].notna().all()
    assert links["captured"].notna().all()


# -- files ------------------------------------------------------------------------------------


def test_the_manifest_tells_the_truth(exported: Path) -> None:
    manifest = json.loads((exported / "manifest.json").read_text())
    on_disk = {path.name for path in exported.iterdir()}
    assert set(manifest["files"]) | {"manifest.json"} == on_disk
    for name, said in manifest["files"].items():
        data = (exported / name).read_bytes()
        assert said == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    for table in TABLES:
        assert manifest["rows"][table.name] == len(read_table(exported, table.name))
    assert manifest["migration"] == upgrade.head()
    assert manifest["captured"]["first"].startswith("2018-11-19")
    assert set(manifest["parsers"]["that_read_the_pages"]) == {manifest["parsers"]["now"]}
    assert manifest["database"]["name"].startswith("test_")


def test_no_credential_is_in_it(exported: Path, study_dsn: str) -> None:
    password = psycopg2.extensions.parse_dsn(study_dsn)["password"]
    for path in exported.iterdir():
        assert password.encode() not in path.read_bytes()


def test_the_codebook_explains_every_column(exported: Path) -> None:
    book = json.loads((exported / "codebook.json").read_text())
    text = (exported / "CODEBOOK.md").read_text("utf-8")
    assert [t["table"] for t in book["tables"]] == [t.name for t in TABLES]
    for table in book["tables"]:
        assert f"### {table['table']}\n" in text
        for column in table["columns"]:
            assert column["meaning"], (table["table"], column["column"])
            assert column["origin"], (table["table"], column["column"])
    sales = next(c for c in book["tables"][0]["columns"] if c["column"] == "sales")
    assert sales["unit"] == "sales"
    assert "Completed sales" in sales["meaning"]


def test_origins_are_columns_that_exist(study_dsn: str) -> None:
    """An origin of the form ``table.column`` names one; others are words."""
    have = {
        f"{table}.{column}"
        for table, column in ask(
            study_dsn,
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'",
        )
    }
    for table in TABLES:
        for column in table.columns:
            if " " not in column.origin:
                assert column.origin in have, f"{table.name}.{column.name}: {column.origin}"


def test_csv_is_as_the_rfc_says(study_dsn: str, tmp_path: Path) -> None:
    export(study_dsn, tmp_path / "tables")
    for path in (tmp_path / "tables").glob("*.csv"):
        data = path.read_bytes()
        data.decode("utf-8")
        assert not data.startswith(b"\xef\xbb\xbf")
        assert data.endswith(b"\r\n")
        assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")


def test_the_same_data_give_the_same_files(study_dsn: str, tmp_path: Path) -> None:
    for hidden in (None, pseudonyms()):
        hashes = []
        for name in ("one", "two"):
            folder = tmp_path / f"{name}-{hidden is None}"
            done = export(study_dsn, folder, ExportOptions(pseudonyms=hidden))
            hashes.append({name: file["sha256"] for name, file in done.files.items()})
        assert hashes[0] == hashes[1]


# -- the folder -------------------------------------------------------------------------------


def test_a_folder_with_something_in_it_is_refused(study_dsn: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.docx").write_text("years of work")
    for force in (False, True):
        with pytest.raises(ExportRefused, match=r"not empty|no export wrote"):
            export(study_dsn, out, ExportOptions(force=force))
    assert [p.name for p in tmp_path.rglob("*")] == ["out", "thesis.docx"]


def test_force_replaces_an_earlier_export_and_nothing_else(study_dsn: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    export(study_dsn, out)  # an empty folder is taken
    with pytest.raises(ExportRefused, match="--force"):
        export(study_dsn, out)
    export(study_dsn, out, ExportOptions(form="parquet", force=True))
    assert not list(out.glob("*.csv"))
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    (out / "notes.txt").write_text("mine")
    with pytest.raises(ExportRefused, match=r"notes\.txt"):
        export(study_dsn, out, ExportOptions(force=True))
    assert (out / "notes.txt").exists()


def test_a_file_a_link_and_a_folder_that_is_not_there(study_dsn: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link", "no/where"):
        with pytest.raises(ExportRefused):
            export(study_dsn, tmp_path / name)


def test_nothing_is_left_of_one_that_fails(
    study_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    out = tmp_path / "out"
    export(study_dsn, out)
    before = (out / "manifest.json").read_bytes()
    monkeypatch.setattr(running, "_describe", broken)
    with pytest.raises(OSError, match="No space"):
        export(study_dsn, out, ExportOptions(force=True))
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (out / "manifest.json").read_bytes() == before


def test_an_empty_database_gives_nothing(migrated_url: str, tmp_path: Path) -> None:
    dsn = migrated_url.replace("+psycopg2", "")
    with pytest.raises(NothingToExport):
        export(dsn, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_database_is_only_read(study: Any, study_dsn: str, tmp_path: Path) -> None:
    before = counts(study)
    relations = "SELECT oid::regclass::text FROM pg_class ORDER BY oid"
    catalogue = ask(study_dsn, relations)
    export(
        study_dsn,
        tmp_path / "out",
        ExportOptions(
            scope=ExportScope(country="BE", first=date(2019, 1, 1)), pseudonyms=pseudonyms()
        ),
    )
    assert counts(study) == before
    assert ask(study_dsn, relations) == catalogue


def test_what_changes_meanwhile_is_not_seen(study_dsn: str, tmp_path: Path) -> None:
    """All tables are of one moment, though a crawl goes on loading."""

    def change(progress: Progress) -> None:
        if progress == Progress("Writing vendor_observations", 0, "rows"):
            ask(
                study_dsn,
                "INSERT INTO crawl_run VALUES (7, (SELECT min(market) FROM market), now(),"
                " NULL, NULL, 'x', '{}', NULL, NULL, true)",
            )

    try:
        done = export(study_dsn, tmp_path / "out", on_progress=change)
        assert done.files["crawl_runs"]["rows"] == 0
    finally:
        ask(study_dsn, "DELETE FROM crawl_run WHERE crawl_run_id = 7")


def test_times_are_those_of_the_run(study_dsn: str, tmp_path: Path) -> None:
    begun = datetime.now(UTC).replace(microsecond=0)
    export(study_dsn, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    started = datetime.fromisoformat(manifest["started_at"])
    assert begun <= started <= datetime.fromisoformat(manifest["ended_at"]) <= datetime.now(UTC)


def test_tables_of_texts_are_not_for_sharing() -> None:
    assert {t.name for t in TABLES} - {t.name for t in chosen(True)} == {"texts"}
