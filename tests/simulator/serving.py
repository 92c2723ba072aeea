"""What the tests of the server share: a small world, served, and readers of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache

import requests

from simulator.clock import Clock
from simulator.facts import Sizes
from simulator.faults import Faults, parse_faults
from simulator.making import make_world
from simulator.market_site import Session, market_sites, request_for
from simulator.server import Server
from simulator.site import Site
from simulator.world import World

NAMES = list(market_sites())


@lru_cache(maxsize=8)
def world_of(name: str) -> World:
    return make_world(market_sites()[name], seed=3, sizes=Sizes(120, 9, 300))


@contextmanager
def serving(
    name: str, *faults: str, patience: float = 0.3, at: datetime | None = None
) -> Iterator[Server]:
    world = world_of(name)
    clock = Clock(at or world.reference, 0)
    site = Site(market_sites()[name], world, clock, faults=Faults(parse_faults(faults), 7))
    with Server(site, patience=patience) as server:
        yield server


@contextmanager
def reader(server: Server, name: str = "reader") -> Iterator[requests.Session]:
    """One who is signed in."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Accept-Encoding"] = "identity"
        session.cookies.set("session", server.site.sessions.make(name).cookie)
        yield session


def true_page(server: Server, address: str) -> str:
    """What the market would show at an address to one who has been nowhere else."""
    site = server.site
    session = Session()
    request = request_for(server.address, address, site.clock.now())
    page = site.market_site.answer(site.world, request, session)
    while page.location:
        request = request_for(server.address, page.location, site.clock.now())
        page = site.market_site.answer(site.world, request, session)
    return page.html


def listing_address(name: str) -> str:
    """The address of a listing that stands."""
    world = world_of(name)
    skip = {"/viewProduct?offer=1.1", "/product/1/2/3", "/offer/1", "/offer/99999999"}
    return next(
        address
        for address in market_sites()[name].examples(world, world.reference)
        if address.startswith(("/viewProduct", "/product/", "/offer/")) and address not in skip
    )
