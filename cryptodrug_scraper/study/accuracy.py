"""How often titles are read right, measured on titles that had no part in making the rules."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Accuracy(NamedTuple):
    """Counts of titles (`data/accuracy.toml`)."""

    titles: int
    """Titles of drugs, read with nothing known but that they are drugs."""
    right: int
    wrong: int
    """In another group; those that are neither are not known."""
    with_category: int
    """Titles that were read with a market's category too."""
    right_in_category: int
    amounts: int
    """Titles that state an amount."""
    amounts_right: int
    """Of these, the amount was read, and right."""
    given: int
    """Titles of which an amount was read."""

    def parts(self) -> dict[str, float]:
        """Return how many titles there are, and the parts of them that a method speaks of."""
        return {
            "titles": self.titles,
            "right": self.right / self.titles,
            "wrong": self.wrong / self.titles,
            "placed": self.right_in_category / self.with_category,
            "found": self.amounts_right / self.amounts,
            "exact": self.amounts_right / self.given,
        }


@cache
def accuracy() -> Accuracy:
    """Return the counts that were measured."""
    text = (files("cryptodrug_scraper.study") / "data" / "accuracy.toml").read_text("utf-8")
    return Accuracy(**tomllib.loads(text))
