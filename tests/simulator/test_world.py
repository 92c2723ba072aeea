"""The world: the same from the same seed, and always consistent with itself."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptodrug_scraper.reading.pgp import fingerprint
from simulator.facts import Sizes
from simulator.keys import public_key
from simulator.making import make_world
from simulator.market_site import MarketSite, market_sites
from simulator.markets import empire_facts
from simulator.tree import Node, Tree
from simulator.truth import truth
from simulator.words import GOODS
from simulator.world import World
from simulator.writing import average

AT = datetime(2018, 12, 1, 14, 30, tzinfo=UTC)


def world_of(seed: int = 1, market: str = "any", **sizes: int) -> World:
    return World(
        market,
        tuple(GOODS),
        seed=seed,
        sizes=Sizes(**{"listings": 300, "vendors": 20, "reviews": 900} | sizes),
        opened=date(2016, 1, 1),
        closed=None,
        reference=AT,
        closings=(date(2017, 7, 5),),
    )


@pytest.mark.parametrize("seed", range(4))
def test_sizes_are_about_what_was_asked(seed: int) -> None:
    world = world_of(seed)
    assert len(list(world.sellers(AT))) == 20
    listings = sum(len(world.offers_of(seller, AT)) for seller in world.sellers(AT))
    assert 200 < listings <= 330
    reviews = sum(world.review_count(seller, AT) for seller in world.sellers(AT))
    assert 600 < reviews <= 901


@given(st.integers(0, 50), st.integers(0, 19), st.integers(-400, 60), st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_reviews_only_ever_accumulate(seed: int, index: int, day: int, later: int) -> None:
    world = world_of(seed)
    seller = world.seller(index)
    now = AT + timedelta(days=day)
    before = list(world.reviews(seller, now))
    after = list(world.reviews(seller, now + timedelta(days=later)))
    assert after[len(after) - len(before) :] == before
    assert [said.number for said in after] == list(range(len(after) - 1, -1, -1))
    posted = [said.posted for said in after]
    assert posted == sorted(posted, reverse=True)
    assert all(said.posted <= now for said in before)
    assert all(said.offer.seller == seller for said in after)
    assert sum(world.stars(seller, now)) == len(before)


@given(st.integers(0, 50), st.integers(0, 9_000_000))
@settings(max_examples=100, deadline=None)
def test_a_listings_number_leads_back_to_it(seed: int, number: int) -> None:
    world = world_of(seed, listings=5000)
    index = number % 5500
    assert world.index_of(world.number(index)) == index
    assert world.index_of(0) is None
    found = world.index_of(number)
    assert found is None or world.number(found) == number


def test_listings_come_and_vanish_and_vendors_move_and_leave() -> None:
    world = world_of(listings=2000, vendors=80)
    days = [AT + timedelta(days=n) for n in (-400, -100, 0, 100)]
    numbers = [
        {offer.index for seller in world.sellers(at) for offer in world.offers_of(seller, at)}
        for at in days
    ]
    assert numbers[1] - numbers[2] and numbers[2] - numbers[1]
    sellers = list(world.sellers(AT))
    assert any(seller.moved and seller.moved <= AT.date() for seller in sellers)
    assert any(seller.second for seller in sellers)
    left = [seller for seller in sellers if seller.gone(AT.date())]
    assert left and not any(world.offers_of(seller, AT) for seller in left)
    origins = Counter(
        tuple(world.origin(offer, AT.date()))
        for seller in sellers
        for offer in world.offers_of(seller, AT)
    )
    assert any(len(origin) == 2 for origin in origins) and () in origins


def test_there_are_twins_among_reviews() -> None:
    world = world_of(reviews=3000)
    alike = Counter(
        (said.seller.handle, said.posted, said.text, said.buyer, said.cents)
        for seller in world.sellers(AT)
        for said in world.reviews(seller, AT)
    )
    assert max(alike.values()) == 2


def test_categories_hold_what_stands_and_is_not_hidden() -> None:
    world = world_of()
    every = {offer.index for seller in world.sellers(AT) for offer in world.offers_of(seller, AT)}
    shown = set(world.open_in(0, len(GOODS), AT))
    assert shown == {index for index in every if not world.hidden(index)}
    assert shown != every
    parts = [set(world.open_in(n, n + 1, AT)) for n in range(len(GOODS))]
    assert set().union(*parts) == shown
    assert sum(map(len, parts)) == len(shown) == world.count_in(0, len(GOODS), AT)


def test_some_vendors_are_the_same_person_elsewhere_with_the_same_key() -> None:
    here, there = world_of(market="one"), world_of(market="other")
    known = {seller.fingerprint: seller for seller in here.sellers(AT)}
    same = [
        (known[seller.fingerprint], seller)
        for seller in there.sellers(AT)
        if seller.fingerprint in known
    ]
    assert 0 < len(same) < 15
    assert all(one.person == other.person and one.key == other.key for one, other in same)
    # They came when another market had closed.
    assert all(one.joined > date(2017, 7, 5) for one, _ in same)
    assert len({seller.handle for seller in here.sellers(AT)}) == 20


@given(st.text(min_size=1, max_size=20), st.text("abcXYZ_-9", min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_keys_can_be_read_and_are_the_persons_own(person: str, name: str) -> None:
    key, written = public_key(person, name)
    assert fingerprint(key) == written
    assert public_key(person, name + "2")[1] == written
    assert public_key(person + "2", name)[1] != written


def test_a_world_may_be_empty() -> None:
    world = world_of(listings=0, vendors=1, reviews=10)
    assert list(world.open_in(0, len(GOODS), AT)) == []
    assert world.review_count(world.seller(0), AT) == 0


def test_a_large_world_is_not_kept_in_memory() -> None:
    world = world_of(listings=1_000_000, vendors=500)
    assert world.offered(world.seller(250).first, AT) is not None or world.seller(250).left
    assert world.number(999_999) != world.number(0)


def test_a_market_is_moved_to_where_it_is_asked_for() -> None:
    look = market_sites()["dream"]
    now = datetime(2030, 5, 1, tzinfo=UTC)
    world = make_world(look, sizes=Sizes(30, 4, 30), reference=now)
    assert world.closed is None and world.opened < now.date()
    assert len(list(world.sellers(now))) == 4
    late = make_world(look, reference=datetime(2019, 6, 1, tzinfo=UTC))
    assert late.closed == date(2019, 4, 30)  # it shows that it is closed


def test_a_tree_knows_paths_and_leaves() -> None:
    tree = Tree(
        Node("1", "A", (Node("2", "B", good="weed"), Node("3", "C", good="hash"))),
        Node("4", "D", good="lsd"),
    )
    assert tree.goods == ["weed", "hash", "lsd"]
    assert [(s.number, s.path, s.low, s.high) for s in tree.spots] == [
        ("1", ("A",), 0, 2),
        ("2", ("A", "B"), 0, 1),
        ("3", ("A", "C"), 1, 2),
        ("4", ("D",), 2, 3),
    ]
    assert [leaf.number for leaf in tree.leaves] == ["2", "3", "4"]


def test_averages_and_tokens() -> None:
    assert average((0, 0, 0, 0, 0)) is None
    assert average((1, 0, 0, 0, 7)) == "4.50"
    for handle in ("a", "ab", "abc", "Echocrew", "x09", "The-Otter_2"):
        assert empire_facts.handle_in(empire_facts.token(handle)) == handle
    assert empire_facts.handle_in("nonsense09") == ""


@pytest.mark.parametrize("look", list(market_sites().values()), ids=lambda look: look.name)
def test_nothing_happens_in_a_world_that_stands_still(look: MarketSite) -> None:
    world = make_world(look, seed=2, sizes=Sizes(60, 5, 200))
    at = world.reference
    before = [record["fields"] for record in truth(look, world, at)]
    world.stand_still(at)
    later = at + timedelta(days=3)
    after = [record["fields"] for record in truth(look, world, later)]
    assert len(after) == len(before)
    for old, new in zip(before, after, strict=True):
        for name in ("external_id", "price", "stock", "sold", "sales", "text", "posted_at"):
            assert old.get(name) == new.get(name) or (name == "posted_at" and not old.get(name))
