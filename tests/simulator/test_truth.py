"""Whoever follows the links of a market finds all that is true of it, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from simulator.facts import Sizes
from simulator.making import make_world
from simulator.market_site import MarketSite, Session, market_sites, request_for
from simulator.truth import truth
from simulator.world import World
from tests.e2e.walking import ROOT, walk

LOOKS = list(market_sites().values())
by_name = pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)


class Walk:
    """What a crawl without a network finds."""

    def __init__(self, look: MarketSite, world: World, at: datetime) -> None:
        self.market_site, self.world, self.at = look, world, at
        self.found: dict[tuple[str, str], dict[str, Any]] = {}
        self.more: dict[str, Counter[str]] = {}
        self.warnings: list[str] = []

    def go(self) -> None:
        for _, _, read, _ in walk(self.market_site, self.world, self.at):
            self.take(read.kind, read.to_dict())

    def take(self, kind: str, page: dict[str, Any]) -> None:
        self.warnings += page["warnings"]
        for listing in page["listings"]:
            self.merge("listing", listing["external_id"], listing, own=kind == "listing")
        for vendor in page["vendors"]:
            self.merge("vendor", vendor["handle"], vendor, own=kind == "vendor")
        counts = Counter(json.dumps(review, sort_keys=True) for review in page["reviews"])
        if counts and self.has_reviews(kind, page["url"]):
            shown = ",".join(sorted(counts))
            self.more.setdefault(shown, counts)

    def has_reviews(self, kind: str, url: str) -> bool:
        """Of the pages that show reviews, those that show them all, and each of them once."""
        if self.market_site.name == "wall_street":
            return kind == "listing" and "refund" not in url
        return kind == "vendor" and "page=" not in url

    def merge(self, what: str, key: str, record: dict[str, Any], *, own: bool) -> None:
        """What the record's own pages state counts, and what only cards do."""
        known = self.found.setdefault((what, key), {})
        for name, value in record.items():
            if value not in (None, []) and (own or name not in known):
                known[name] = value


def stated(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value not in (None, [])}


@by_name
@pytest.mark.parametrize("seed", [1, 2])
def test_links_lead_to_all_that_is_true(look: MarketSite, seed: int) -> None:
    world = make_world(look, seed=seed, sizes=Sizes(220, 18, 700))
    at = world.reference
    found = Walk(look, world, at)
    found.go()
    assert found.warnings == []
    true: dict[tuple[str, str], dict[str, Any]] = {}
    reviews: Counter[str] = Counter()
    for record in truth(look, world, at):
        fields = record["fields"]
        if record["type"] == "review":
            reviews[json.dumps(fields, sort_keys=True)] += 1
        else:
            key = fields["external_id" if record["type"] == "listing" else "handle"]
            true[record["type"], key] = stated(fields)
    assert set(found.found) == set(true)
    assert [key for key in true if true[key] != found.found[key]] == []
    assert _reviews(found) == reviews


def _reviews(walked: Walk) -> Counter[str]:
    """All reviews, from the one kind of page of a market that has them all, each list once."""
    all_of_them: Counter[str] = Counter()
    for counts in walked.more.values():
        all_of_them += counts
    return all_of_them


@by_name
def test_what_is_known_of_a_market_after_its_end(look: MarketSite) -> None:
    world = make_world(look, seed=1, sizes=Sizes(40, 5, 50))
    assert world.closed is not None
    end = datetime(
        world.closed.year, world.closed.month, world.closed.day, tzinfo=world.reference.tzinfo
    )
    assert list(truth(look, world, end)) == []


def test_ratings_beyond_a_window_are_true_where_a_page_still_shows_them() -> None:
    look = market_sites()["dream"]
    world = make_world(look, seed=4, sizes=Sizes(30, 2, 900))
    at = world.reference
    seller = max(world.sellers(at), key=lambda seller: world.review_count(seller, at))
    count = world.review_count(seller, at)
    assert count > 300 and world.linked(seller, at)
    shown = list(look.shown(world, seller, at))
    assert 200 < len(shown) < count
    records = [look.review(world, said, at) for said in shown]
    assert [record.author is not None for record in records[:200]] == [True] * 200
    beyond = records[200:]
    assert all(record.author is None and record.listing_external_id for record in beyond)
    session, listing_pages = Session(), Counter[str]()
    session.memory["proceeded"] = "yes"
    for listing in look.listings(world, at):
        address = f"/viewProduct?offer={listing.external_id}"
        page = look.answer(world, request_for(ROOT, address, at), session)
        listing_pages.update(str(review) for review in page.expected.reviews)
    assert all(listing_pages[str(record)] for record in beyond)
    ratings = f"/contactMember?member={seller.handle}&tab=ratings"
    page = look.answer(world, request_for(ROOT, ratings, at), session)
    assert (len(page.expected.reviews), page.expected.reviews_not_shown) == (200, count - 200)
    assert page.expected.reviews == records[:200]
