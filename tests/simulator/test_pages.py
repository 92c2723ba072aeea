"""Every page reads exactly as the world says, whatever the seed, the page and the moment."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from itertools import islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parsers import markets
from simulator.facts import Sizes
from simulator.making import make_world
from simulator.market_site import MarketSite, Request, Session, ShownPage, market_sites, request_for
from simulator.world import World
from tests.simulator.comparing import differences

ROOT = "http://simulatedmarket.onion"
LOOKS = list(market_sites().values())
by_name = pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)


@lru_cache(maxsize=8)
def world_of(name: str, seed: int) -> World:
    return make_world(market_sites()[name], seed=seed, sizes=Sizes(120, 9, 400))


def page_at(
    look: MarketSite, world: World, session: Session, address: str, seconds: int
) -> ShownPage:
    at = world.reference + timedelta(seconds=seconds)
    page = look.answer(world, request_for(ROOT, address, at), session)
    for _ in range(3):
        if page.location is None:
            return page
        page = look.answer(world, Request(ROOT, page.location, at), session)
    raise AssertionError(f"{address} goes on to {page.location} for ever")


def test_what_can_be_served_can_be_read() -> None:
    assert market_sites()
    assert set(market_sites()) <= set(markets())


@by_name
@given(seed=st.integers(0, 30), seconds=st.integers(-12_000_000, 6_000_000), data=st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_page_reads_as_the_world_says(
    look: MarketSite, seed: int, seconds: int, data: st.DataObject
) -> None:
    world = world_of(look.name, seed)
    at = world.reference + timedelta(seconds=seconds)
    addresses = list(look.examples(world, at))
    start = data.draw(st.integers(0, len(addresses) - 1))
    session = Session()
    for address in addresses[start : start + 3]:
        page = page_at(look, world, session, address, seconds)
        assert differences(page, named=page.status != 200) == [], address


@by_name
def test_all_pages_of_one_world_read_as_it_says(look: MarketSite) -> None:
    world = world_of(look.name, 1)
    session = Session()
    kinds = set()
    for address in look.examples(world, world.reference):
        page = page_at(look, world, session, address, 0)
        assert differences(page, named=page.status != 200) == [], address
        kinds.add(page.about)
    assert kinds == {"listing", "vendor", "search", "index", "not_found"}


@by_name
def test_walls_are_known_as_such(look: MarketSite) -> None:
    world = world_of(look.name, 1)
    request = Request(ROOT, look.home(), world.reference)
    walls = {
        "login": [look.login(world, request)],
        "challenge": [look.challenge(world, request), look.refresh(world, request)],
        "not_found": [look.missing(world, Request(ROOT, "/nowhere", world.reference))],
        "error": [look.closed(world, request)],
    }
    for reason in ("expired", "elsewhere"):
        assert look.dropped(world, request, reason).about in ("login", "challenge", "redirect")
    for kind, pages in walls.items():
        for page in pages:
            assert page.about == kind
            assert differences(page, named=True) == []


@by_name
def test_pages_are_the_same_whenever_they_are_rendered(look: MarketSite) -> None:
    first = make_world(look, seed=5, sizes=Sizes(60, 6, 100))
    second = make_world(look, seed=5, sizes=Sizes(60, 6, 100))
    addresses = list(islice(look.examples(first, first.reference), 60))
    one, other = Session(), Session()
    htmls = [page_at(look, first, one, address, 0).html for address in addresses]
    assert htmls == [page_at(look, second, other, address, 0).html for address in addresses]
