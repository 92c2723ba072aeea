"""Writes the expected record of each fixture anew: what `make expectations` runs.

    python -m tests.parsers.expectations [MARKET]

``page.html`` has ``page.json`` beside it (address and capture time, as the archive reader takes
them) and ``page.expected.json``. Without a market all of them are written. Exit code 0, or 2 for a
market that has no parser; then nothing is written.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from parsers import UnknownMarket, market_named, markets, parse_page
from tests.conftest import FIXTURES


def pages_of(market: str) -> list[Path]:
    """The pages of a market's fixtures, in order."""
    return sorted((FIXTURES / market).glob("*.html"))


def parse_fixture(page: Path) -> dict[str, Any]:
    """The record that a fixture gives now."""
    sidecar = page.with_suffix(".json")
    about = json.loads(sidecar.read_text("utf-8")) if sidecar.exists() else {}
    captured = about.get("captured_at")
    return parse_page(
        page.read_bytes(),
        market=page.parent.name,
        url=about.get("url"),
        captured_at=datetime.fromisoformat(captured) if captured else None,
    ).to_dict()


def expectation_of(page: Path) -> Path:
    """The file with the record that a fixture must give."""
    return page.with_name(f"{page.stem}.expected.json")


def write(page: Path) -> bool:
    """Write a fixture's expectation; tell whether that changed it."""
    expected = expectation_of(page)
    text = json.dumps(parse_fixture(page), indent=1, ensure_ascii=False) + "\n"
    if expected.exists() and expected.read_text("utf-8") == text:
        return False
    expected.write_text(text, "utf-8")
    return True


def main(names: list[str]) -> int:
    """Write the expectations of the markets named, of all without a name."""
    try:
        chosen = [market_named(name).name for name in names] or list(markets())
    except UnknownMarket as unknown:
        print(unknown, file=sys.stderr)
        return 2
    changed = [page for name in chosen for page in pages_of(name) if write(page)]
    for page in changed:
        print(f"changed: fixtures/{page.parent.name}/{expectation_of(page).name}")
    if changed:
        print("Read them before they are committed: they say what the pages mean.")
    else:
        print(f"No expectation of {', '.join(chosen)} changes.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
