"""Pages to measure with: the real ones where they are, else the fixtures, and copies of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from parsers import markets, parse_page
from tests.archive.warc_writer import WarcWriter
from tests.conftest import FIXTURES, REAL_PAGES

START = datetime(2018, 11, 19, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Template:
    """A page and what on it names vendors and listings."""

    market: str
    body: bytes
    names: tuple[tuple[bytes, bytes], ...]


def sources() -> tuple[str, list[tuple[str, bytes]]]:
    """Return where the pages come from, and each page with its market."""
    root = REAL_PAGES if REAL_PAGES.is_dir() else FIXTURES
    pages = [
        (market, path.read_bytes())
        for market in markets()
        for path in sorted((root / market).glob("*.html"))
    ]
    return ("real pages" if root is REAL_PAGES else "fixtures"), pages


def templates() -> list[Template]:
    """Return the pages that hold records, ready to be copied under other names."""
    found = []
    for market, body in sources()[1]:
        page = parse_page(body, market=market, captured_at=START)
        if page.kind not in ("listing", "vendor", "search"):
            continue
        handles = {v.handle for v in page.vendors} | {x.vendor for x in page.listings}
        handles |= {r.vendor for r in page.reviews}
        ids = {x.external_id for x in page.listings}
        ids |= {r.listing_external_id for r in page.reviews}
        names = [(h.encode(), h.encode() + b"%d") for h in handles if h and len(h) > 3]
        for listing in ids - {None}:
            assert listing is not None
            head, dot, tail = listing.partition(".")
            old = f"={listing}" if dot else f"/{head}/"
            new = f"={head}.{tail}%d" if dot else f"/{head}%d/"
            names.append((old.encode(), new.encode()))
        found.append(Template(market, body, tuple(sorted(names))))
    return found


def copies(count: int) -> Iterator[tuple[Template, bytes, datetime]]:
    """Yield ``count`` pages: a growing market, every vendor and listing captured weekly.

    Every page comes back about eight times, a week apart, under the same names and with
    other bytes (a token), so shared rows repeat as they do in a real archive.
    """
    known = templates()
    for n in range(count):
        template = known[n % len(known)]
        generation = n // len(known)
        family, week = divmod(generation, 8)
        body = template.body
        for old, new in template.names:
            body = body.replace(old, new % family)
        yield template, body + b"<!-- %d -->" % n, START + timedelta(weeks=week, seconds=n)


def write_warc(path: Path, count: int) -> None:
    """Write a WARC of ``count`` pages."""
    with WarcWriter(path) as warc:
        for n, (template, body, moment) in enumerate(copies(count)):
            headers = {"Content-Type": "text/html; charset=UTF-8"}
            warc.write_response(f"http://{template.market}.onion/{n}", moment, 200, headers, body)
