"""Single pages outside a crawl: of which market they are, who asks, and where they are archived.

For `cryptodrug fetch`, and for Scrapy's own `shell`, `fetch` and `parse`.
"""

from __future__ import annotations

import platform
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptodrug_scraper import __version__
from cryptodrug_scraper.access.mirrors import MirrorStore
from cryptodrug_scraper.access.sessions import SessionStore
from cryptodrug_scraper.archive import CrawlArchive, CrawlEnd, CrawlStamp
from cryptodrug_scraper.crawl.identities import Pool, SessionState

FOLDER = "fetch"
"""Of single pages, in the folder of a market's archives."""


def open_archive(
    folder: Path, market: str, *, command: str, direct: bool, operator: str | None = None
) -> CrawlArchive:
    """Open an archive of single pages of a market, below the data folder. Raises OSError."""
    place = folder / "archive" / market / FOLDER
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = {"command": command, "direct": direct, "python": platform.python_version()}
    stamp = CrawlStamp(
        run=uuid.uuid4().hex,
        market=market,
        started_at=datetime.now(UTC),
        operator=operator,
        program_version=__version__,
        options=options,
        invented=direct,
    )
    return CrawlArchive(place, stamp)


class SinglePages:
    """Finds for an address the market whose mirror it is, a session of it, and its archive.

    An address of no known mirror is asked without a session, and not archived: no archive is
    without a market.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mirrors = MirrorStore(folder / "mirrors")
        self._pools: dict[str, Pool] = {}
        self._archives: dict[str, CrawlArchive] = {}

    def markets(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield the markets that have mirrors, with the hosts (and ports) of these."""
        for file in sorted((self._folder / "mirrors").glob("[a-z]*.json")):
            mirrors = self._mirrors.all(file.stem)
            yield file.stem, frozenset(urlsplit(m.address).netloc.lower() for m in mirrors)

    def market_of(self, url: str) -> str | None:
        """Return whose mirror an address is."""
        host = urlsplit(url).netloc.lower()
        return next((market for market, hosts in self.markets() if host in hosts), None)

    def _pool_of(self, url: str) -> Pool | None:
        market = self.market_of(url)
        if market is None:
            return None
        if market not in self._pools:
            self._pools[market] = Pool(SessionStore(self._folder / "sessions"), market)
        return self._pools[market]

    def session_of(self, url: str) -> tuple[Pool, SessionState] | None:
        """Return the session that asks for an address, the least used, and among whom it is."""
        pool = self._pool_of(url)
        free = pool.free() if pool is not None else []
        return (pool, free[0]) if pool is not None and free else None

    def archive_of(self, url: str, *, direct: bool) -> CrawlArchive | None:
        """Return the archive for an address; None for one of no known market."""
        market = self.market_of(url)
        if market is None:
            return None
        if market not in self._archives:
            self._archives[market] = open_archive(
                self._folder, market, command="scrapy", direct=direct
            )
        return self._archives[market]

    def close(self) -> None:
        """Write down how the sessions stand, and close the archives."""
        for pool in self._pools.values():
            pool.save()
        for archive in self._archives.values():
            now = datetime.now(UTC)
            archive.close(CrawlEnd(archive.stamp.run, now, "finished", {}))
