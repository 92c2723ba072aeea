"""What is true in a world at a moment and can be found on its site: the records of the contract.

Each line of the file is one record: the market, the moment, its type, and ``fields`` as the
contract (``records.py``) has them, with all that the record's pages state together. A review's
``posted`` is the minute in which it was left, its ``listing`` what was bought, though no page may
say so; its ``posted_on`` is what the page says of it at that moment.
Two reviews may have all fields alike: twins are two lines, ``number`` tells them apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptodrug_scraper.records import ParsedPage, isoformat
from simulator.market_site import MarketSite
from simulator.world import World


def truth(
    market_site: MarketSite, world: World, at: datetime, *, unlinked: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield vendors, listings and reviews as they are at this moment.

    Only what links lead to. ``unlinked`` adds the vendors who offer nothing any more, whose
    profiles (and on them their reviews) are still there for those who know the address.
    """
    stamp = {"market": world.market, "at": isoformat(at)}
    if world.closed is not None and world.closed <= at.date():
        return
    page = ParsedPage(market=world.market)
    sellers = [s for s in world.sellers(at) if unlinked or world.linked(s, at)]
    for seller in sellers:
        page.vendors = [market_site.vendor(world, seller, at)]
        fields = page.to_dict()["vendors"][0]
        yield stamp | {"type": "vendor", "person": seller.person, "fields": fields}
    for listing in market_site.listings(world, at):
        page.listings = [listing]
        yield stamp | {"type": "listing", "fields": page.to_dict()["listings"][0]}
    for seller in sellers:
        for post in market_site.shown(world, seller, at):
            page.reviews = [market_site.review(world, post, at)]
            yield stamp | {
                "type": "review",
                "number": post.number,
                "posted": isoformat(post.posted),
                "listing": market_site.listing_id(world, post.offer),
                "fields": page.to_dict()["reviews"][0],
            }


def write_truth(
    path: Path, market_site: MarketSite, world: World, at: datetime, *, append: bool = False
) -> int:
    """Write the truth as JSON lines; return how many."""
    count = 0
    with path.open("a" if append else "w", encoding="utf-8") as file:
        for record in truth(market_site, world, at):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            count += 1
    return count
