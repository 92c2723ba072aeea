"""A world for a market: when it opened and closed, and what of the others it must know."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from cryptodrug_scraper.reading.market import market_named, markets
from simulator.facts import Sizes
from simulator.market_site import MarketSite
from simulator.world import World

USUAL = timedelta(days=120)


def usual_date(name: str) -> datetime:
    """Return a moment in the market's last year: a hundred and twenty days before its end."""
    closed = market_named(name).closed_on or date(2019, 1, 1)
    return datetime(closed.year, closed.month, closed.day, 14, 30, 0, tzinfo=UTC) - USUAL


def make_world(
    market_site: MarketSite,
    *,
    seed: int = 1,
    sizes: Sizes | None = None,
    reference: datetime | None = None,
    mirrors: dict[str, datetime | None] | None = None,
) -> World:
    """Return a market's world. A reference beyond the market's life moves its life there."""
    market = market_named(market_site.name)
    opened = market.opened_on or date(2015, 1, 1)
    closed = market.closed_on
    at = reference or usual_date(market_site.name)
    # Vendors come over from markets that closed before.
    closings = {other.closed_on for other in markets().values() if other.name != market_site.name}
    if at.date() <= opened or (closed is not None and at.date() >= closed + timedelta(days=365)):
        closed = None
        opened = at.date() - timedelta(days=900)
    return World(
        market_site.name,
        market_site.goods,
        seed=seed,
        sizes=sizes,
        opened=opened,
        closed=closed,
        reference=at,
        closings=tuple(sorted(day for day in closings if day is not None)),
        mirrors=mirrors,
    )
