"""Bulletins of tests' databases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from cryptodrug_scraper import study as studies
from cryptodrug_scraper.bulletin import BulletinOptions, Span, facts_of, keep, narrow_to
from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.monitor.trackers import Tracker
from cryptodrug_scraper.records import Listing
from tests.study.world import World, eur, offer

Facts = dict[str, Any]


def made(
    url: str,
    ending: str,
    *countries: str,
    by: str = "week",
    threshold: int = 5,
    kept: bool = True,
    trackers: Sequence[Tracker] | None = None,
) -> tuple[Facts, list[Facts]]:
    """Make a bulletin's data (and the words of few) of the last period that ended with a day."""
    span = Span.ended(by, date.fromisoformat(ending))
    options = BulletinOptions(span, countries or ("BE",), threshold)
    with studies.open(url) as study:
        narrow_to(study, span)
        facts, few = facts_of(study, options, trackers=trackers)
        scope = options.scope(study)
    if kept:
        engine = open_engine(url)
        keep(engine, scope, facts)
        engine.dispose()
    return facts, few


def number(facts: Facts, name: str, market: str, period: str = "", of: str = "") -> Facts:
    """Return a number of a bulletin, by default of its own period."""
    period = period or facts["period"]["start"]
    (row,) = (
        row
        for row in facts["numbers"]
        if (row["name"], row["market"], row["period"], row["of"]) == (name, market, period, of)
    )
    return dict(row)


def plain(url: str) -> str:
    """The URL as clients of PostgreSQL take it."""
    return url.replace("+psycopg2", "")


def titled(listing: Listing, title: str) -> Listing:
    return replace(listing, title=title)


def week_of_offers(
    world: World,
    on: str,
    vendors: Iterable[str],
    *,
    market: str = "dream",
    come_from: str = "BE",
    title: str = "Weed 10g",
    price: float = 80,
) -> None:
    """Load an offer of each vendor (a letter each), as seen on a day."""
    for vendor in vendors:
        listing = offer(
            f"{market}{vendor}", vendor, price=eur(price), come_from=come_from, kind="Cannabis"
        )
        world.seen(on, titled(listing, title), market=market)
