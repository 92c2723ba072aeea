"""Titles with what they sell and how much, labelled by hand (`labels_*.csv`).

- ``fixtures``: titles of the project's own fixtures.
- ``written``: invented ones, labelled before anything classified them; the mapping was then
  written by the same hand with them in view, so they measure what is meant, not what is unseen.
- ``later``: labelled before the rules of their time saw them, then used to correct them, in
  several lots. At first sight 92 to 98 % of substances and 89 to 98 % of amounts were right.
- ``unseen``: invented and labelled after the last corrections, and never used to correct
  anything: what the report says of accuracy (`study/data/accuracy.toml`) is measured on these.
  Whoever corrects a rule by one of them moves all of them to ``later``, and writes new ones.
- ``real``: titles of real saved pages. Their words stay out of the project: a label's key is the
  first 16 digits of the SHA-256 of the category path, a line feed, and the title.

Columns: `substance`, `detail` (empty: not judged), `quantity` to `to` (empty: one amount;
``open``) in `unit`, and `strength_mg`. Where a title says no amount `quantity` is empty.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from cryptodrug_scraper.normalise.packages import Package
from parsers import parse_page

HERE = Path(__file__).parent


class Label(NamedTuple):
    """One labelled title."""

    category: tuple[str, ...]
    title: str
    substance: str
    detail: str
    quantity: Decimal | None
    most: Decimal | None
    unit: str
    strength_mg: Decimal | None

    def amount_is(self, found: Package) -> bool:
        """Say whether an amount is the labelled one, to one percent."""
        if self.quantity is None or found.least is None:
            return self.quantity is None and found.least is None
        return (
            found.unit == self.unit
            and _close(found.least, self.quantity)
            and (found.most is None) == (self.most is None)
            and (found.most is None or self.most is None or _close(found.most, self.most))
        )


def _close(a: Decimal, b: Decimal) -> bool:
    return abs(a - b) <= b * Decimal("0.01")


def key(category: tuple[str, ...], title: str) -> str:
    return hashlib.sha256(f"{' > '.join(category)}\n{title}".encode()).hexdigest()[:16]


def read(name: str) -> list[Label]:
    """Read a file whose titles stand in it."""
    return [_label(row, *_where(row)) for row in _rows(name)]


def read_real(pages: Path) -> list[Label]:
    """Read the labels of real pages, for the titles that are on the pages."""
    labels = {row["key"]: row for row in _rows("real")}
    found: dict[str, Label] = {}
    for path in sorted(pages.rglob("*.html")):
        page = parse_page(path.read_bytes())
        stated = [(tuple(one.category or ()), one.title) for one in page.listings]
        stated += [((), review.listing_title) for review in page.reviews]
        for category, title in stated:
            if title and (row := labels.get(key(category, title))) is not None:
                found[row["key"]] = _label(row, category, title)
    return list(found.values())


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (HERE / f"labels_{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _where(row: dict[str, str]) -> tuple[tuple[str, ...], str]:
    return tuple(row["category"].split(" > ")) if row["category"] else (), row["title"]


def _label(row: dict[str, str], category: tuple[str, ...], title: str) -> Label:
    quantity = Decimal(row["quantity"]) if row["quantity"] else None
    to = row["to"]
    most = None if to == "open" else Decimal(to) if to else quantity
    strength = Decimal(row["strength_mg"]) if row["strength_mg"] else None
    return Label(
        category, title, row["substance"], row["detail"], quantity, most, row["unit"], strength
    )
