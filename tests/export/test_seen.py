"""Offers that were only pointed to are told from those that were seen."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.export import ExportOptions, ExportScope, export
from tests.export.exporting import cells, pseudonyms, rows
from tests.study.world import World, eur, offer, profile


def test_an_offer_that_only_a_review_names_is_marked(migrated_url: str, tmp_path: Path) -> None:
    world = World(migrated_url)
    world.seen("03-10", offer("1", "a", price=eur(20), come_from="BE", kind="Cannabis"))
    world.sold("a", "1", "03-12", eur(20), seen="03-20")
    world.sold("a", "2", "03-13", eur(30), seen="03-20")
    world.done()
    world.close()
    export(client_url(migrated_url), tmp_path / "out")
    found = {row["external_id"]: row for row in rows(tmp_path / "out", "listings")}
    assert {key: row["seen"] for key, row in found.items()} == {"1": "true", "2": "false"}
    assert {key: row["observations"] for key, row in found.items()} == {"1": "1", "2": "0"}
    assert {row["invented"] for row in found.values()} == {"false"}
    codebook = (tmp_path / "out" / "CODEBOOK.md").read_text()
    assert "reviews name it, and no captured page shows it" in codebook


def test_spellings_go_where_handles_go(migrated_url: str, tmp_path: Path) -> None:
    """One account of two spellings, and two that stay apart; hashes where vendors have them."""
    world = World(migrated_url)
    for on, handle, joined in (
        ("01-20", "Moth", "2018-03-01"), ("01-21", "moth", "2018-07-01"), ("01-21", "Fern", None),
        ("02-20", "fern", None),
    ):  # fmt: skip
        world.page(on, kind="vendor", vendors=(profile(handle, joined=joined),))
    world.done()
    world.close()
    dsn, out = client_url(migrated_url), tmp_path / "out"
    export(dsn, out)
    spellings = {row["spelling"]: row for row in rows(out, "vendor_spellings")}
    vendors = {row["vendor_id"]: row["vendor"] for row in rows(out, "vendors")}
    assert {name: vendors[row["vendor_id"]] for name, row in spellings.items()} == {
        "Moth": "Moth", "moth": "moth", "Fern": "fern", "fern": "fern",
    }  # fmt: skip
    assert spellings["Moth"]["name_id"] == spellings["moth"]["name_id"]
    assert spellings["Moth"]["apart_because"] == '["joined_on"]'
    assert spellings["fern"]["apart_because"] in ("", "[]")
    assert "Handles as pages write them" in (out / "CODEBOOK.md").read_text()
    assert "vendor_spellings.csv" in (out / "manifest.json").read_text()

    hidden = tmp_path / "hidden"
    export(dsn, hidden, ExportOptions(pseudonyms=pseudonyms()))
    assert not any("moth" in cell.casefold() for table, _, cell in cells(hidden))
    shown = {row["vendor"] for row in rows(hidden, "vendors")}
    assert len(shown & {row["spelling"] for row in rows(hidden, "vendor_spellings")}) == 3

    early = tmp_path / "early"
    export(dsn, early, ExportOptions(scope=ExportScope(last=date(2019, 1, 31))))
    # And the name that the account has now, in all tables.
    assert {row["spelling"] for row in rows(early, "vendor_spellings")} == set(spellings)
    export(dsn, tmp_path / "late", ExportOptions(scope=ExportScope(first=date(2019, 2, 1))))
    assert [row["spelling"] for row in rows(tmp_path / "late", "vendor_spellings")] == ["fern"]
