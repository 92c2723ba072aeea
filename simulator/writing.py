"""Writing a page together with what a parser must read from it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from html import escape

from cryptodrug_scraper.normalise.places import PLACE_NAMES
from cryptodrug_scraper.records import Link, Money, ParsedPage
from simulator.facts import Offer
from simulator.market_site import Request
from simulator.world import World

MINUTE = timedelta(minutes=1)


class Writer:
    """A page being written: the request, the world, and the record that grows with the markup."""

    def __init__(self, market: str, kind: str, world: World, request: Request) -> None:
        self.world = world
        self.request = request
        self.at = request.at
        self.day = request.day
        self.page = ParsedPage(market=market, kind=kind, url=request.url, captured_at=request.at)
        self._links: set[Link] = set()

    def link(self, kind: str, external_id: str | None, href: str, url: str) -> str:
        """Note a link that a parser must find, ``url`` from the root; return its href, escaped."""
        link = Link(kind, external_id, url if "://" in url else self.request.root + url)
        if link not in self._links:
            self._links.add(link)
            self.page.links.append(link)
        return escape(href)


def amount(world: World, cents: int, code: str, day: date) -> Money:
    """Return US cents in another currency: two decimals, of coins six or so."""
    value = Decimal(cents) / 100 / Decimal(repr(world.dollars(code, day)))
    digits = {"BTC": "0.00000001", "XMR": "0.0001", "LTC": "0.0001"}.get(code, "0.01")
    return Money(f"{value.quantize(Decimal(digits), ROUND_HALF_UP):f}", code)


def grouped(money: Money, separator: str = ",") -> str:
    """Return an amount with thousands separated: ``1,050.96``."""
    whole, dot, part = money.amount.partition(".")
    return f"{int(whole):,}".replace(",", separator) + dot + part


def where_to(
    world: World, offer: Offer, *, codes: bool = False
) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return the places served and not, as codes; and both again as a market writes them."""
    served, excluded = world.destinations(offer)
    if codes:
        short = {"WORLD": "WW"}
        return served, excluded, [short.get(c, c) for c in served], excluded
    return served, excluded, names(served), names(excluded)


def names(codes: list[str]) -> list[str]:
    """Return places by name."""
    return ["Worldwide" if code == "WORLD" else PLACE_NAMES[code] for code in codes]


def age(at: datetime, posted: datetime) -> tuple[int, int, int]:
    """Return how long ago that was: whole days, and the hours and minutes beyond them."""
    minutes = (at - posted) // MINUTE
    return minutes // 1440, minutes // 60 % 24, minutes % 60


def average(stars: tuple[int, ...]) -> str | None:
    """Return the average of counts of 1, 2, … stars: ``4.87``; None of none."""
    count = sum(stars)
    if not count:
        return None
    total = sum(n * number for n, number in enumerate(stars, 1))
    return f"{(Decimal(total) / count).quantize(Decimal('0.01'), ROUND_HALF_UP)}"
