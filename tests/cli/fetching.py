"""What the tests of `cryptodrug fetch` share: a market's session, and what was kept."""

from __future__ import annotations

from pathlib import Path

from typer.testing import Result

from cryptodrug_scraper.access.mirrors import MirrorStore
from cryptodrug_scraper.access.sessions import Identity, SessionStore
from cryptodrug_scraper.archive import ArchiveReader, Page
from simulator.server import Server
from tests.cli.running import run
from tests.crawl.onions import onion

ONION = onion(1)


def prepare(data: Path, server: Server, market: str, name: str = "default") -> str:
    """Store a mirror, and a session that is signed in at it; return its cookie's value."""
    cookie = server.site.sessions.make(name).cookie
    SessionStore(data / "sessions").add(market, name, {"session": cookie})
    MirrorStore(data / "mirrors").add(market, server.address)
    return cookie


def stored(data: Path, market: str = "dream", name: str = "default") -> Identity:
    return SessionStore(data / "sessions").get(market, name)


def archived(data: Path, market: str = "dream") -> list[Page]:
    """All that was archived, read back; nothing in it is broken."""
    folder = data / "archive" / market / "fetch"
    if not folder.exists():
        return []
    reader = ArchiveReader([folder])
    items = list(reader)
    pages = [item for item in items if isinstance(item, Page)]
    assert {i.code for i in items if not isinstance(i, Page)} <= {"cut_short"}
    assert all(page.crawl is not None for page in pages)
    return pages


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def holding(folder: Path, secret: str) -> set[str]:
    """The files in which a secret stands, also in packed ones."""
    import gzip

    found = set()
    for path in folder.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            if path.suffix == ".gz":
                body += gzip.decompress(body)
            if secret.encode() in body:
                found.add(str(path.relative_to(folder)))
    return found


def fetched(*arguments: str) -> Result:
    result = run("fetch", *arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result
