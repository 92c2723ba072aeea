"""Offers that were only pointed to are told from those that were seen."""

from __future__ import annotations

from pathlib import Path

from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.export import export
from tests.export.exporting import rows
from tests.study.world import World, eur, offer


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
