"""Every record and field of the contract is described, and the documentation's page has them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from cryptodrug_scraper import records
from cryptodrug_scraper.records import KINDS
from cryptodrug_scraper.records.reference import described, reference

ENTRIES = {entry.name: entry for entry in described()}


def fields_of(record: Any) -> list[str]:
    """The fields that a record has when the program runs."""
    if dataclasses.is_dataclass(record):
        return [field.name for field in dataclasses.fields(record)]
    return list(record._fields)


RECORDS = sorted(
    name
    for name in records.__all__
    if dataclasses.is_dataclass(getattr(records, name))
    or hasattr(getattr(records, name), "_fields")
)


def test_no_record_is_left_out() -> None:
    assert {name for name, entry in ENTRIES.items() if entry.fields} == set(RECORDS)
    assert set(ENTRIES) <= set(records.__all__)


@pytest.mark.parametrize("name", RECORDS)
def test_every_field_is_described(name: str) -> None:
    entry = ENTRIES[name]
    assert [field.name for field in entry.fields] == fields_of(getattr(records, name))
    assert entry.meaning.endswith(".")
    assert [field.name for field in entry.fields if len(field.meaning) < 10] == []
    assert [field.name for field in entry.fields if not field.type] == []


def test_the_page_has_all_of_it() -> None:
    page = reference()
    for kind in KINDS:
        assert f"\n| `{kind}` | " in page
    for entry in ENTRIES.values():
        assert entry.meaning
        heading, below = page.split(f"\n## {entry.name}\n")
        assert "\n# " not in heading
        table = [line for line in below.split("\n## ")[0].splitlines() if line.startswith("| `")]
        assert [line.split("`")[1] for line in table] == [field.name for field in entry.fields]
        # a bar within a cell would be taken for the cell's end
        assert {line.replace("\\|", "").count("|") for line in table} <= {4}


def test_it_is_markdown() -> None:
    page = reference()
    assert "``" not in page
    assert ":class:" not in page
