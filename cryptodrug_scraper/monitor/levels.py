"""How bad something is."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Level(StrEnum):
    """How bad something is, from ``fine`` to ``broken``; compare by :attr:`rank`."""

    FINE = "fine"
    LOOK = "look"
    BROKEN = "broken"

    @property
    def rank(self) -> int:
        """0, 1 or 2: how bad, as a number."""
        return list(Level).index(self)


def worst(levels: Iterable[Level]) -> Level:
    """Return the worst of some levels; of none it is fine."""
    return max(levels, key=lambda level: level.rank, default=Level.FINE)
