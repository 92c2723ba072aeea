"""Exports in pandas: types right, equal from CSV and Parquet, by our reader and by its own."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from cryptodrug_scraper.export import ExportOptions, export, read_table
from cryptodrug_scraper.export.columns import ExportTable, Variable
from cryptodrug_scraper.export.package import About, describe
from cryptodrug_scraper.export.tables import TABLES
from cryptodrug_scraper.export.writing import CsvWriter, ParquetWriter
from tests.export.exporting import pseudonyms

DTYPES = {
    "integer": "Int64",
    "number": "Float64",
    "boolean": "boolean",
    "date": "datetime64[us]",
    "moment": "datetime64[us, UTC]",
}
FORMS = ("csv", "parquet")
BIG = 2**53 + 1  # no 64-bit floating point number is it


@pytest.fixture(scope="module", params=[None, pseudonyms()], ids=["names", "pseudonyms"])
def both(request: Any, study_dsn: str, tmp_path_factory: Any) -> dict[str, Path]:
    folders = {}
    for form in FORMS:
        folders[form] = tmp_path_factory.mktemp(form) / "tables"
        export(study_dsn, folders[form], ExportOptions(form=form, pseudonyms=request.param))
    return folders


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_csv_and_parquet_give_the_same_frame(table: ExportTable, both: dict[str, Path]) -> None:
    if not (both["csv"] / f"{table.name}.csv").exists():
        return  # of texts, which are not shared
    frames = [read_table(both[form], table.name) for form in FORMS]
    assert_frame_equal(*frames, check_exact=True)
    kinds = {column.name: column.kind for column in table.columns}
    for name, dtype in frames[0].dtypes.items():
        assert str(dtype) == DTYPES.get(kinds[str(name)], "object"), name


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_pandas_reads_parquet_with_the_right_types(
    table: ExportTable, both: dict[str, Path]
) -> None:
    path = both["parquet"] / f"{table.name}.parquet"
    if not path.exists():
        return
    plain, ours = pd.read_parquet(path), read_table(both["parquet"], table.name)
    assert list(plain.columns) == list(ours.columns)
    for column in table.columns:
        if column.name not in plain or column.kind not in DTYPES:
            continue
        read = plain[column.name]
        if column.kind == "date":  # stays one: elsewhere that is a type of its own
            assert {type(day) for day in read.dropna()} <= {date}
            read = pd.to_datetime(read).astype("datetime64[us]")
        assert str(read.dtype) == DTYPES[column.kind], column.name
        pd.testing.assert_series_equal(read, ours[column.name])


def columns(*kinds: str) -> tuple[Variable, ...]:
    return tuple(
        Variable(kind, kind, "x", "x", values=("x",) if kind == "words" else ()) for kind in kinds
    )


@pytest.fixture(params=["gaps", "empty"])
def made(request: Any, tmp_path: Path) -> Path:
    """One table in both forms, with a gap in each column; or without a row."""
    kinds = ("integer", "number", "boolean", "date", "moment", "text", "texts", "json", "words")
    table = ExportTable("made", "x", "x", "", columns(*kinds), ())
    day, moment = date(2019, 1, 2), datetime(2019, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    rows: list[tuple[Any, ...]] = [
        (BIG, Decimal("0.1"), True, day, moment, "=x\n", ["=1"], {"a": [1]}, ["x"]),
        (None,) * len(kinds),
        (-BIG, Decimal("-5"), False, day, moment, "", [], {}, []),
    ]
    values = list(zip(*rows, strict=True)) if request.param == "gaps" else [()] * len(kinds)
    for form in FORMS:
        folder = tmp_path / form
        folder.mkdir()
        path = folder / f"made.{form}"
        meanings = ["x"] * len(kinds)
        with (
            CsvWriter(path, table.columns)
            if form == "csv"
            else ParquetWriter(path, table.columns, meanings)
        ) as writer:
            writer.write(values)
        file = {"bytes": 0, "rows": 0, "sha256": ""}
        package = describe(
            About(), [table], {"made": file}, {}, form=form, pseudonymised=False, made_at=""
        )
        (folder / "datapackage.json").write_text(json.dumps(package))
    return tmp_path


def test_gaps_change_no_type_and_no_digit(made: Path) -> None:
    frames = [read_table(made / form, "made") for form in FORMS]
    assert_frame_equal(*frames, check_exact=True)
    for name, dtype in frames[0].dtypes.items():
        assert str(dtype) == DTYPES.get(str(name), "object")
    plain = pd.read_parquet(made / "parquet" / "made.parquet")
    assert str(plain["integer"].dtype) == "Int64"
    assert str(plain["boolean"].dtype) == "boolean"
    if len(plain):
        for frame in (*frames, plain):
            assert frame["integer"].tolist() == [BIG, pd.NA, -BIG]
        day = pd.Timestamp("2019-01-02")
        assert frames[0]["date"].tolist() == [day, pd.NaT, day]
        assert frames[0]["text"].tolist() == ["=x\n", None, ""]


def test_the_codebook_says_how_pandas_reads_csv(
    both: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (both["csv"] / "CODEBOOK.md").read_text("utf-8")
    call = re.search(r"^    pandas\.read_csv\(.*?^    \)$", text, re.M | re.S)
    assert call
    monkeypatch.chdir(both["csv"])
    frame, ours = eval(call[0].strip(), {"pandas": pd}), read_table(both["csv"], "listings")
    assert frame["external_id"].tolist() == ours["external_id"].tolist()
    for column in next(t for t in TABLES if t.name == "listings").columns:
        if column.name in frame and ours[column.name].notna().any() and column.kind in DTYPES:
            assert str(frame[column.name].dtype) == DTYPES[column.kind], column.name


def test_an_id_in_the_codebook_is_nobodys(both: dict[str, Path]) -> None:
    """Whoever reads it must not wonder whose it is."""
    for form, folder in both.items():
        named = re.findall(r"`(\d{6}\.\d{6})`", (folder / "CODEBOOK.md").read_text("utf-8"))
        assert named == (["123456.000000"] if form == "csv" else [])
        assert "123456.000000" not in set(read_table(folder, "listings")["external_id"])
