"""Pseudonyms: equal where the study needs it, untold without the key, and the key kept safe."""

from __future__ import annotations

import hashlib
import hmac
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptodrug_scraper.common.private import NotUsable
from cryptodrug_scraper.export import (
    ExportOptions,
    Pseudonyms,
    export,
    key_from,
    own_key,
    read_table,
)
from cryptodrug_scraper.export.tables import TABLES
from tests.export.exporting import KEY, ask, pseudonyms, rows


@pytest.fixture(scope="module")
def shared(study_dsn: str, tmp_path_factory: Any) -> Path:
    folder = tmp_path_factory.mktemp("shared") / "tables"
    export(study_dsn, folder, ExportOptions(pseudonyms=pseudonyms()))
    return folder


def test_it_is_hmac_sha256_of_kind_and_value() -> None:
    message = b"9:pseudonym6:handle11:LowlandLeaf"
    digest = hmac.new(KEY, message, hashlib.sha256).hexdigest()
    assert pseudonyms().of("h", "handle", "LowlandLeaf") == "h" + digest[:32]


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_different_values_are_different(one: list[str], other: list[str]) -> None:
    made = pseudonyms()
    assert (made.of("h", "a", *one) == made.of("h", "a", *other)) == (one == other)


def test_another_key_gives_others() -> None:
    other = Pseudonyms(b"x" * 32)
    assert other.of("h", "handle", "a") != pseudonyms().of("h", "handle", "a")
    assert other.name != pseudonyms().name
    assert KEY.decode() not in repr(pseudonyms())


def test_one_handle_on_two_markets_is_one_name_and_two_accounts(shared: Path) -> None:
    name = pseudonyms().of("h", "handle", "LowlandLeaf")
    accounts = [row for row in rows(shared, "vendors") if row["vendor"] == name]
    assert {row["market"] for row in accounts} == {"dream", "empire"}
    assert len({row["vendor_id"] for row in accounts}) == 2
    assert len({row["pgp_fingerprint"] for row in accounts}) == 1  # and one key


def test_a_handle_that_is_written_otherwise_is_another(shared: Path) -> None:
    """ArdennesPost and Ardennes-Post: that they are one is for the fingerprint to say."""
    vendors = rows(shared, "vendors")
    made = pseudonyms()
    fingerprints = {
        row["pgp_fingerprint"]
        for row in vendors
        if row["vendor"]
        in (made.of("h", "handle", "ArdennesPost"), made.of("h", "handle", "Ardennes-Post"))
    }
    assert len(fingerprints) == 1
    assert "" not in fingerprints


def test_tables_join_as_they_did(shared: Path, study_dsn: str, tmp_path: Path) -> None:
    """All counts that come of joining tables are as in the export with names."""
    export(study_dsn, tmp_path / "open")

    def per_vendor(folder: Path) -> list[tuple[int, int, int]]:
        vendors = read_table(folder, "vendors")
        reviews = read_table(folder, "reviews").groupby("vendor_id").size()
        listings = read_table(folder, "listings").groupby("vendor_id").size()
        links = read_table(folder, "links").groupby("vendor")["pages"].sum()
        return sorted(
            (int(reviews.get(i, 0)), int(listings.get(i, 0)), int(links.get(name, 0)))
            for i, name in zip(vendors["vendor_id"], vendors["vendor"], strict=True)
        )

    assert per_vendor(shared) == per_vendor(tmp_path / "open")
    merged = read_table(shared, "links").merge(
        read_table(shared, "listings"), left_on="listing_external_id", right_on="external_id"
    )
    assert len(merged) > 5


def test_no_text_is_in_it(shared: Path, study_dsn: str) -> None:
    data = b"".join(path.read_bytes() for path in shared.glob("*.csv")).lower()
    for sql in (
        "SELECT title FROM listing_observation",
        "SELECT content FROM long_text",
        "SELECT text FROM review",
        "SELECT response FROM review",
        "SELECT handle FROM vendor",
        "SELECT author FROM review",
        "SELECT fingerprint FROM pgp_key",
        "SELECT external_id FROM listing WHERE length(external_id) > 5",
        "SELECT url FROM page",
        "SELECT location FROM page_location",
        "SELECT encode(sha256, 'hex') FROM page",
        "SELECT name FROM shipping_option",
    ):
        for (text,) in ask(study_dsn, sql):
            if text is not None:
                assert text.encode().lower() not in data, text
    assert not (shared / "texts.csv").exists()


def test_keys_of_the_database_are_not_in_it(shared: Path, study_dsn: str) -> None:
    """They are hashes without a key: whoever guesses a handle could compute them."""
    data = b"".join(path.read_bytes() for path in shared.glob("*.csv"))
    for table in ("vendor", "listing", "page", "review"):
        for (key,) in ask(study_dsn, f"SELECT {table}_id FROM {table}"):
            assert f"{key:016x}".encode() not in data
            assert str(key).encode() not in data


def test_the_order_of_rows_tells_nothing(shared: Path, study_dsn: str) -> None:
    """Neither by handle, nor by the database's keys, nor as they were loaded."""
    made = pseudonyms()
    have = [row["vendor_id"] for row in rows(shared, "vendors")]
    for order in ("handle", "vendor_id", "market, handle", "ctid"):
        keys = [r[0] for r in ask(study_dsn, f"SELECT vendor_id FROM vendor ORDER BY {order}")]
        assert have != [made.of("v", "vendor", str(key)) for key in keys]


def test_every_column_has_a_fate() -> None:
    for table in TABLES:
        for column in table.columns:
            assert column.hidden or column.left_out or column.kind not in ("text", "name")
        names = {column.name for column in table.shared(True)}
        assert set(table.primary_key) <= names or table.private


# -- the key ----------------------------------------------------------------------------------


def test_the_own_key_is_made_once_and_private(tmp_path: Path) -> None:
    key = own_key(tmp_path / "data")
    assert own_key(tmp_path / "data") == key
    assert len(key) == 64
    file = tmp_path / "data" / "export" / "pseudonym-key.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert key_from(file) == key  # it can be handed on
    file.chmod(0o644)
    with pytest.raises(NotUsable, match="chmod 600"):
        own_key(tmp_path / "data")


def test_a_damaged_key_is_not_replaced(tmp_path: Path) -> None:
    own_key(tmp_path)
    file = tmp_path / "export" / "pseudonym-key.json"
    for content in ("", "{", "{}", '{"key": 5}', '{"key": "short"}'):
        file.write_text(content)
        with pytest.raises(NotUsable):
            own_key(tmp_path)
        assert file.read_text() == content


def test_a_key_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    with pytest.raises(NotUsable, match=r"cannot be read.*Make one with"):
        key_from(file)
    file.write_text("k" * 40 + "\n")
    file.chmod(0o640)
    with pytest.raises(NotUsable, match="Others can read"):
        key_from(file)
    file.chmod(0o600)
    assert key_from(file) == b"k" * 40
    file.write_text("short")
    with pytest.raises(NotUsable, match="needs 32") as told:
        key_from(file)
    assert "short" not in str(told.value)
    with pytest.raises(NotUsable, match="plain file"):
        key_from(tmp_path)
