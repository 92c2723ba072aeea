"""What is out of scope, and what ages while a crawl goes on."""

from __future__ import annotations

from datetime import timedelta

from cryptodrug_scraper.database.connection import client_url
from cryptodrug_scraper.database.embedded import EmbeddedServer
from simulator.facts import Sizes
from simulator.making import make_world
from simulator.market_site import market_sites
from simulator.truth import truth
from tests.e2e.conftest import Loaded
from tests.e2e.stated import stated
from tests.e2e.test_truth import REVIEW
from tests.e2e.truth import Comparison, compare, compare_stated
from tests.e2e.walking import walk_into

# -- scope --------------------------------------------------------------------------------------


def drugs(category: list[str]) -> bool:
    return category[0].startswith("Drugs")


def test_what_is_out_of_scope_may_be_absent_and_its_pages_must_be(loaded: Loaded) -> None:
    fields = [record["fields"] for record in loaded.true if record["type"] == "listing"]
    outside = [each["external_id"] for each in fields if not drugs(each["category"])]
    assert 0 < len(outside) < len(fields)
    with loaded.connection.cursor() as cursor:
        whole = loaded.compared(scope=drugs)
        assert whole.tallies["listing"].surplus == len(outside)
        assert "yet its page was captured" in whole.differences[0]
        of = "listing_id IN (SELECT listing_id FROM listing WHERE external_id = ANY (%s))"
        cursor.execute(f"DELETE FROM listing_observation WHERE NOT is_card AND {of}", [outside])
        cards = loaded.compared(scope=drugs)
        assert cards.complete, str(cards)
        assert cards.tallies["listing"].beside == len(outside)
        cursor.execute(f"DELETE FROM listing_observation WHERE {of}", [outside])
        if not market_sites()[loaded.market].shows_reviews_on_profiles:
            cursor.execute(f"DELETE FROM review WHERE {of}", [outside])
        without = loaded.compared(scope=drugs)
        assert without.complete, str(without)
        assert without.tallies["listing"].beside == 0
        cursor.execute("DELETE FROM review WHERE review_id = " + REVIEW)
        assert not loaded.compared(scope=drugs).complete


def test_a_card_out_of_scope_must_be_true(loaded: Loaded) -> None:
    fields = [record["fields"] for record in loaded.true if record["type"] == "listing"]
    outside = [each["external_id"] for each in fields if not drugs(each["category"])]
    with loaded.connection.cursor() as cursor:
        of = "listing_id IN (SELECT listing_id FROM listing WHERE external_id = ANY (%s))"
        cursor.execute(f"DELETE FROM listing_observation WHERE NOT is_card AND {of}", [outside])
        cursor.execute(f"UPDATE listing_observation SET title = 'x' WHERE {of}", [outside[:1]])
        assert cursor.rowcount
        outcome = loaded.compared(scope=drugs)
    assert [told.partition(" true is")[0] for told in outcome.differences] == [
        f"listing {outside[0]}: title 'x',"
    ]


def test_a_vendor_without_a_listing_in_scope_may_be_absent(loaded: Loaded) -> None:
    handles = {r["fields"]["vendor"] for r in loaded.true if r["type"] == "listing"}
    left_out = sorted(handles)[0]
    ids = {
        r["fields"]["external_id"]
        for r in loaded.true
        if r["type"] == "listing" and r["fields"]["vendor"] != left_out
    }
    true = [
        {**r, "fields": {**r["fields"], "category": ["in" if key in ids else "out"]}}
        if (key := r["fields"].get("external_id"))
        else r
        for r in loaded.true
    ]

    def scope(category: list[str]) -> bool:
        return category == ["in"]

    def compared() -> Comparison:
        found = stated(loaded.connection, loaded.market)
        for key, listing in found.listings.items():
            listing.fields["category"] = ["in" if key in ids else "out"]
        return compare_stated(found, loaded.market, true, loaded.at, scope=scope)

    with loaded.connection.cursor() as cursor:
        of = "vendor_id = (SELECT vendor_id FROM vendor WHERE handle = %s)"
        cursor.execute(f"DELETE FROM listing_observation WHERE {of}", [left_out])
        there = compared()
        assert there.complete, str(there)
        assert there.tallies["vendor"].beside == 1
        cursor.execute(f"DELETE FROM review WHERE {of}", [left_out])
        cursor.execute(f"DELETE FROM vendor_observation WHERE {of}", [left_out])
        absent = compared()
        assert absent.complete, str(absent)
        assert absent.tallies["vendor"].true == len(handles) - 1


# -- time ---------------------------------------------------------------------------------------


def test_what_ages_while_a_crawl_goes_on_is_true_of_its_moment(
    server: EmbeddedServer, migrated_url: str
) -> None:
    """Half a day from page to page: many reviews become older than a month on the way."""
    look = next(iter(market_sites().values()))
    world = make_world(look, seed=5, sizes=Sizes(20, 4, 300))
    at = world.reference
    world.stand_still(at)
    dsn = client_url(migrated_url)
    walk_into(dsn, look, world, at, timedelta(hours=12))
    plain = compare(dsn, look.name, truth(look, world, at), at)
    assert plain.count and all("feedback_counts" in told for told in plain.differences)
    outcome = compare(
        dsn,
        look.name,
        truth(look, world, at),
        at,
        true_at=lambda moment: truth(look, world, moment),
    )
    assert outcome.complete, str(outcome)
