"""The walk over every cell: what would tell a handle is found, ordinary words are not alarms."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.export import ExportOptions, HandleFound, export, scope
from cryptodrug_scraper.export import check as checking
from cryptodrug_scraper.export.check import Check, Handles, fold, handles_in
from cryptodrug_scraper.export.tables import TABLES
from cryptodrug_scraper.replay import replay
from tests.conftest import FIXTURES
from tests.export.exporting import ask, cells, pseudonyms
from tests.replay.test_reviews import dsn_of

FORMS = ("csv", "parquet")
ITS_OWN = (
    "position = 0 AND page_id IN (SELECT page_id FROM vendor_observation"
    " JOIN vendor USING (vendor_id) WHERE handle = 'LowlandLeaf')"
)


@pytest.fixture
def dsn(engine: Any) -> str:
    """The study in a database that the test may change."""
    replay([FIXTURES / "study"], dsn_of(engine))
    return dsn_of(engine)


def rename(dsn: str, handle: str, old: str = "quietcourier") -> None:
    ask(dsn, "UPDATE vendor SET handle = %s WHERE handle = %s", handle, old)


def shared(dsn: str, folder: Path, form: str = "csv", **more: Any) -> Any:
    return export(dsn, folder / "out", ExportOptions(form=form, pseudonyms=pseudonyms(), **more))


@contextmanager
def checker(dsn: str) -> Iterator[Check]:
    with scope.reading(dsn) as connection:
        yield Check(connection, handles_in(connection))


# -- finding ----------------------------------------------------------------------------------


def test_handles_inside_texts() -> None:
    handles = Handles(["LowlandLeaf", "an", "Ärzte", "x", "ﬁrst"])

    def found(text: str) -> list[str]:
        return sorted(handles.inside(text))

    assert found("by LOWLANDLEAF, again") == ["lowlandleaf"]
    assert found("xlowlandleafx") == ["lowlandleaf"]
    assert found("cannabis") == []  # of up to three characters: only by itself
    assert found("An offer") == ["an"]
    assert found("(an)") == ["an"]
    assert found("die ärzte") == ["ärzte"]
    assert found("First") == ["first"]  # a ligature is its letters
    assert found("x") == ["x"]
    assert "LOWLANDLEAF" in handles
    assert "lowland" not in handles


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=6), st.data())
def test_whatever_handle_is_put_in_is_found(handles: list[str], data: Any) -> None:
    handle = data.draw(st.sampled_from(handles).filter(lambda h: fold(h) != ""))
    before, after = (data.draw(st.sampled_from(["", " ", "/", "by-"])) for _ in range(2))
    known = Handles(handles)
    if fold(handle) in fold(before + handle + after):  # folding may join characters
        parts = set(known.inside(f"{before}{handle}{after}"))
        assert fold(handle) in parts or len(fold(handle)) <= checking.SHORT


# -- whole exports ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "plant",
    [
        f"UPDATE external_rating SET from_market = 'lowlandleaf' WHERE {ITS_OWN}",
        f"UPDATE external_rating SET from_market = 'the_LOWLANDLEAF_shop' WHERE {ITS_OWN}",
        f"UPDATE external_rating SET sales = 'ask Lowlandleaf' WHERE {ITS_OWN}",
        f"UPDATE feedback_count SET period = 'since LowlandLeaf' WHERE {ITS_OWN}",
        "UPDATE listing_observation SET category_path = ARRAY['Drugs', 'LowlandLeaf''s shop']"
        " WHERE vendor_id = (SELECT min(vendor_id) FROM vendor WHERE handle = 'LowlandLeaf')",
        "UPDATE listing_observation SET price_currency = 'LowlandLeaf' WHERE"
        " price_currency IS NOT NULL",
        "UPDATE page SET parser_version = 'LowlandLeaf-1'",
        "UPDATE review SET posted_precision = 'lowlandleaf'",
        "UPDATE page SET captured_from = 'kept by LowlandLeaf'",
    ],
    ids=lambda sql: sql.split(" WHERE")[0][7:50],
)
def test_a_planted_handle_stops_the_export(dsn: str, tmp_path: Path, plant: str, form: str) -> None:
    ask(dsn, plant)
    with pytest.raises(HandleFound, match=r"(?i)handle of a vendor, 'lowlandleaf'"):
        shared(dsn, tmp_path, form)
    assert list(tmp_path.iterdir()) == []


def test_a_handle_that_was_only_pointed_to_counts(dsn: str, tmp_path: Path) -> None:
    """A vendor whose page was never captured has a handle as well."""
    ask(dsn, "UPDATE link SET external_id = 'NeverSeen' WHERE link_id = (SELECT link_id FROM link"
        " WHERE kind = 'vendor' ORDER BY 1 LIMIT 1)")  # fmt: skip
    ask(dsn, f"UPDATE feedback_count SET period = 'neverseen' WHERE {ITS_OWN}")
    with pytest.raises(HandleFound, match="neverseen"):
        shared(dsn, tmp_path)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "handle",
    [
        "BE", "escrow", "Belgium", "EUR", "listing", "from", "true", "2018", "5", "true",
        "physical", "XMR", "read", "day", "warc", "a", "e",
    ],
)  # fmt: skip
def test_a_vendor_named_by_a_word_of_ours(dsn: str, tmp_path: Path, handle: str, form: str) -> None:
    rename(dsn, handle)
    assert shared(dsn, tmp_path, form).checked.cells > 8_000


@pytest.mark.parametrize("handle", ["Cannabis", "HASH", "drugs", "Drugs & Chemicals", "cocaine"])
def test_a_vendor_named_by_a_category(dsn: str, tmp_path: Path, handle: str) -> None:
    rename(dsn, handle)
    done = shared(dsn, tmp_path)
    assert any(handle.casefold() in word.casefold() for word in done.checked.words_cleared)


def test_a_word_that_only_its_owner_says_is_an_alarm(dsn: str, tmp_path: Path) -> None:
    """As a category that no menu has: of one vendor, of two, and allowed by hand."""
    say = (
        "UPDATE listing_observation SET category_path = ARRAY['Drugs', 'Moonshop']"
        " WHERE vendor_id IN (SELECT vendor_id FROM vendor WHERE handle = ANY(%s))"
    )
    rename(dsn, "moonshop", "LowlandLeaf")
    ask(dsn, say, ["moonshop", "PolderPeak"])
    with pytest.raises(HandleFound, match="Moonshop"):
        shared(dsn, tmp_path)  # one other vendor is not enough
    shared(dsn, tmp_path, allowed=("MoonShop",))
    ask(dsn, say, ["PolderPeak", "Kempenkoers"])
    (tmp_path / "two").mkdir()
    done = shared(dsn, tmp_path / "two")
    assert done.checked.words_cleared == {"Moonshop"}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_pseudonym_is_found(dsn: str, tmp_path: Path, form: str) -> None:
    """The check reads the files: it does not trust what wrote them."""
    export(dsn, tmp_path / "open", ExportOptions(form=form))
    vendors = next(t for t in TABLES if t.name == "vendors")
    with checker(dsn) as check, pytest.raises(HandleFound, match=r"no pseudonym|other columns"):
        check.table(vendors, tmp_path / "open" / f"vendors.{form}", form)


def test_every_cell_of_every_column_is_looked_at(dsn: str, tmp_path: Path) -> None:
    """A handle put into any one cell of any column is found in the written file."""
    done = shared(dsn, tmp_path)
    assert done.checked.cells == sum(1 for _ in cells(tmp_path / "out"))
    with checker(dsn) as check:
        for table in TABLES:
            path = tmp_path / "out" / f"{table.name}.csv"
            if table.private or done.files[table.name]["rows"] == 0:
                continue
            *before, last, _ = path.read_bytes().decode().split("\r\n")
            written = next(csv.reader([last]))
            for n, column in enumerate(table.shared(True)):
                planted = '["LowlandLeaf"]' if column.kind == "words" else "LowlandLeaf"
                file = io.StringIO(newline="")
                csv.writer(file).writerow([*written[:n], planted, *written[n + 1 :]])
                harmed = tmp_path / path.name
                harmed.write_bytes("\r\n".join([*before, file.getvalue()]).encode())
                with pytest.raises(HandleFound, match=rf"{table.name}\.{column.name}"):
                    check.table(table, harmed, "csv")
