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
    found: int
    """Of these, the amount was read, and right."""
    given: int
    """Titles of which an amount was read."""

    def sentence(self) -> str:
        """Return what a method says of it."""
        right, wrong = _part(self.right, self.titles), _part(self.wrong, self.titles)
        placed = _part(self.right_in_category, self.with_category)
        found, true = _part(self.found, self.amounts), _part(self.found, self.given)
        return (
            f"Of {self.titles} titles that had no part in making the rules {right} were given the"
            f" right substance from the title alone and {wrong} a wrong one (the others none);"
            f" with their category {placed} were right. Of the amounts that they state {found}"
            f" were read, and {true} of the amounts read are right. One person wrote and labelled"
            " these titles: of a market's own titles expect fewer to be right."
        )


def _part(some: int, of: int) -> str:
    return f"{100 * some / of:.1f}%"


@cache
def accuracy() -> Accuracy:
    """Return the counts that were measured."""
    text = (files("cryptodrug_scraper.study") / "data" / "accuracy.toml").read_text("utf-8")
    return Accuracy(**tomllib.loads(text))
