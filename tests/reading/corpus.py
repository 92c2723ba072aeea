"""Every page there is of every market, to be changed by generated tests.

The registry and the folders ``fixtures/NAME`` give the pages, so a new market takes part in
all of these tests for nothing; the pages of the study and the real saved pages beside the
project (where they are on this machine) join them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptodrug_scraper.records import ParsedPage
from parsers import markets, parse_page
from tests.conftest import FIXTURES, REAL_PAGES

SAVED_AT = datetime(2019, 3, 1, 12, tzinfo=UTC)
"""The capture time of real pages, which carry none: ages can be read then."""


@dataclass(frozen=True)
class Sample:
    """One page: ``name`` is its path below the folder of pages; ``captured_at`` may be None."""

    market: str
    name: str
    body: bytes
    url: str | None
    captured_at: datetime | None

    def parsed(self, body: bytes | None = None) -> ParsedPage:
        """Read the page, or a changed ``body`` of it, as a capture of the same address."""
        return parse_page(
            self.body if body is None else body,
            market=self.market,
            url=self.url,
            captured_at=self.captured_at,
        )


def fixture_pages() -> Iterator[Sample]:
    """Yield the project's own pages: each market's folder, then the study's."""
    for market in markets():
        for path in sorted((FIXTURES / market).glob("*.html")):
            yield _fixture(market, path)
    for market in markets():
        for path in sorted((FIXTURES / "study").glob(f"*/{market}/**/*.html")):
            yield _fixture(market, path)


def real_pages() -> Iterator[Sample]:
    """Yield the real saved pages of each market; none where the folder is missing."""
    for market in markets():
        for path in sorted((REAL_PAGES / market).glob("*.html")):
            name = f"real/{path.relative_to(REAL_PAGES)}"
            yield Sample(market, name, path.read_bytes(), None, SAVED_AT)


def all_pages() -> list[Sample]:
    """Return every page, the project's own first."""
    return [*fixture_pages(), *real_pages()]


def _fixture(market: str, path: Path) -> Sample:
    sidecar = path.with_suffix(".json")
    about = json.loads(sidecar.read_text("utf-8")) if sidecar.exists() else {}
    captured = about.get("captured_at")
    return Sample(
        market,
        str(path.relative_to(FIXTURES)),
        path.read_bytes(),
        about.get("url"),
        datetime.fromisoformat(captured) if captured else None,
    )
