"""A crawl of a simulated market without a network: all links, one after the other.

It is what a crawl would bring, at one moment and without anything going wrong, so what stands
between pages and tables can be compared with the truth before anything is fetched:

    python -m tests.e2e.walking --market NAME --listings 1000 --vendors 100 --reviews 5000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptodrug_scraper.database.connection import client_url, open_engine
from cryptodrug_scraper.database.embedded import EmbeddedServer
from cryptodrug_scraper.records import ParsedPage
from cryptodrug_scraper.replay import replay
from cryptodrug_scraper.replay.summary import Summary
from parsers import parse_page
from simulator.facts import Sizes
from simulator.making import make_world
from simulator.market_site import MarketSite, Session, ShownPage, market_sites, request_for
from simulator.truth import truth
from simulator.world import World
from tests.archive.warc_writer import WarcWriter
from tests.e2e.truth import compare

ROOT = "http://simulated.onion"


class Visited(NamedTuple):
    """A page that was come to: its address without what was posted, and what was read on it."""

    url: str
    page: ShownPage
    read: ParsedPage
    at: datetime


def walk(
    look: MarketSite, world: World, at: datetime, pace: timedelta = timedelta(0)
) -> Iterator[Visited]:
    """Yield every page that links lead to, in one session, each link once.

    The first is captured at ``at``, each further one ``pace`` later.
    """
    session = Session()
    if look.entrance:
        _answer(look, world, at, session, look.entrance)
    queue, seen = deque([look.home()]), {look.home()}
    while queue:
        address, page = _answer(look, world, at, session, queue.popleft().removeprefix(ROOT))
        url = ROOT + address.partition("#")[0]
        read = parse_page(page.html.encode(), url=url, captured_at=at)
        yield Visited(url, page, read, at)
        at += pace
        for link in read.links:
            posted = link.url
            if "#page=" in posted:  # the session knows the category, or it must be said
                posted = _with_filter(posted)
            if posted not in seen and "price_" not in posted:
                seen.add(posted)
                queue.append(posted)


def record(
    look: MarketSite, world: World, at: datetime, path: Path, pace: timedelta = timedelta(0)
) -> int:
    """Write the pages of a walk to a WARC file; return how many."""
    count = 0
    with WarcWriter(path) as warc:
        for url, page, _, captured_at in walk(look, world, at, pace):
            headers = {"Content-Type": "text/html; charset=utf-8"}
            warc.write_response(url, captured_at, page.status, headers, page.html.encode())
            count += 1
    return count


def walk_into(
    dsn: str, look: MarketSite, world: World, at: datetime, pace: timedelta = timedelta(0)
) -> Summary:
    """Load the pages of a walk into a database, by way of a WARC file.

    The market is named, as a crawl does: its page for what is gone may have no mark of it.
    """
    with tempfile.TemporaryDirectory(prefix="cryptodrug-walk-") as folder:
        path = Path(folder) / "walk.warc.gz"
        record(look, world, at, path, pace)
        return replay([path], dsn, market=look.name, invented=True)


def _answer(
    look: MarketSite, world: World, at: datetime, session: Session, address: str
) -> tuple[str, ShownPage]:
    page = look.answer(world, request_for(ROOT, address, at), session)
    while page.location:
        address = page.location
        page = look.answer(world, request_for(ROOT, address, at), session)
    return address, page


def _with_filter(url: str) -> str:
    address, _, posted = url.partition("#")
    pairs = dict(pair.split("=") for pair in posted.split("&"))
    fields = [f"form[page]={pairs.pop('page')}"]
    fields += [f"form[{name}]={pairs.get(name, '0')}" for name in ("catT", "catM", "catB")]
    return f"{address}#{'&'.join(fields)}"


def main() -> int:
    """Walk through one market, load it into a database made for it, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--market", choices=sorted(market_sites()), required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--listings", type=int, default=1000)
    parser.add_argument("--vendors", type=int, default=100)
    parser.add_argument("--reviews", type=int, default=5000)
    parser.add_argument("--pace", type=float, default=0, help="seconds from page to page")
    options = parser.parse_args()
    look = market_sites()[options.market]
    sizes = Sizes(options.listings, options.vendors, options.reviews)
    world = make_world(look, seed=options.seed, sizes=sizes)
    at = world.reference
    world.stand_still(at)
    with tempfile.TemporaryDirectory(prefix="cryptodrug-walk-") as folder:
        server = EmbeddedServer(Path(folder) / "data")
        server.ensure_running()
        try:
            open_engine(server.url(), upgrade=True).dispose()
            dsn, path = client_url(server.url()), Path(folder) / "walk.warc.gz"
            begun = time.perf_counter()
            count = record(look, world, at, path, timedelta(seconds=options.pace))
            walked = time.perf_counter()
            replay([path], dsn, market=look.name, invented=True)
            loaded = time.perf_counter()
            compared = compare(
                dsn,
                look.name,
                truth(look, world, at),
                at,
                true_at=lambda moment: truth(look, world, moment),
            )
            ended = time.perf_counter()
        finally:
            server.stop()
    print(compared)
    print(
        f"{count} pages: walked in {walked - begun:.1f} s, loaded in {loaded - walked:.1f} s,"
        f" compared in {ended - loaded:.1f} s"
    )
    return 0 if compared.complete else 1


if __name__ == "__main__":
    raise SystemExit(main())
