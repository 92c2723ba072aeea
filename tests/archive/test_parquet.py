"""Parquet files: what is damaged in them ends nothing but their reading."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from cryptodrug_scraper.archive import Page, ReadIssue, read_pages

COUNT = 100


def table(path: Path, **options: object) -> Path:
    pages = [f"<html><body>{n} {'text ' * 40}</body></html>".encode() for n in range(COUNT)]
    urls = [f"http://a.onion/{n}" for n in range(COUNT)]
    parquet.write_table(pa.table({"url": urls, "html": pages}), path, **options)
    return path


def test_all_rows_are_read_in_their_order_wherever_the_file_lies(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", row_group_size=30)
    packed = tmp_path / "b.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "inner.parquet")
    for where in (path, packed):
        pages = list(read_pages([where]))
        assert [page.url for page in pages if isinstance(page, Page)] == [
            f"http://a.onion/{n}" for n in range(COUNT)
        ]
        last = pages[-1]
        assert isinstance(last, Page)
        assert last.location.endswith(f"#{COUNT}")


def test_a_file_that_lets_its_reader_fall_is_named(tmp_path: Path) -> None:
    """Some damage ends the process in which pyarrow reads it, without an exception."""
    whole = table(tmp_path / "a.parquet", row_group_size=30, write_page_index=True).read_bytes()
    rng = random.Random(3)
    size = int.from_bytes(whole[-8:-4], "little")
    for n in range(8):
        damaged = bytearray(whole)
        for _ in range(rng.choice([1, 3, 20])):  # most of them in the footer
            at = (
                rng.randrange(len(whole) - size - 8, len(whole)) if n % 3 else rng.randrange(4, 999)
            )
            damaged[at] ^= 1 << rng.randrange(8)
        path = tmp_path / f"{n}.parquet"
        path.write_bytes(damaged)
        found = list(read_pages([path]))
        assert len([one for one in found if isinstance(one, Page)]) == COUNT or any(
            isinstance(one, ReadIssue) for one in found
        ), n


@pytest.mark.parametrize("said", ["", "aborted"])
def test_a_reader_that_dies_is_named_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    from cryptodrug_scraper.archive import table_parquet

    dies = f"import os, sys; sys.stderr.write({said!r}); sys.stderr.flush(); os.abort()"
    lists = (
        "import json, sys, os\n"
        f"if sys.argv[1] == '[]': print(json.dumps(['url', 'html']))\nelse: {dies}"
    )
    for code in (dies, lists):
        monkeypatch.setattr(table_parquet, "_PROGRAM", ("python3", "-c", code))
        (trouble,) = read_pages([table(tmp_path / "a.parquet")])
        assert isinstance(trouble, ReadIssue)
        assert trouble.code == "broken_record"
        assert (said or "it broke off") in trouble.reason or "Parquet" in trouble.reason


def test_names_of_columns_are_passed_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    odd = {"--url": ["x"], '"a\\b"': ["y"], "html": [b"<html><body>p</body></html>"]}
    parquet.write_table(pa.table(odd), path)
    found = list(read_pages([path]))
    assert [one.reason for one in found if isinstance(one, ReadIssue)] == []
    assert len(found) == 1
