"""A market's category tree, flat: each category knows its path and its leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """A category as a market's module writes it; ``good`` is what a leaf sells."""

    number: str
    name: str
    inside: tuple[Node, ...] = ()
    good: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """A category in its place: the leaves from ``low`` to before ``high`` are in it."""

    number: str
    name: str
    path: tuple[str, ...]
    numbers: tuple[str, ...]
    low: int
    high: int
    inside: tuple[Spot, ...]

    @property
    def depth(self) -> int:
        """0 for a root."""
        return len(self.path) - 1


class Tree:
    """All categories, each by its number, and the leaves in order."""

    def __init__(self, *roots: Node) -> None:
        self.goods: list[str] = []
        self.roots = tuple(self._place(root, (), ()) for root in roots)
        self.spots = tuple(self._all(self.roots))
        self.by_number = {spot.number: spot for spot in self.spots}
        self.leaves = tuple(spot for spot in self.spots if not spot.inside)

    def _place(self, node: Node, path: tuple[str, ...], numbers: tuple[str, ...]) -> Spot:
        path, numbers, low = (*path, node.name), (*numbers, node.number), len(self.goods)
        inside = tuple(self._place(child, path, numbers) for child in node.inside)
        if not inside:
            self.goods.append(node.good)
        return Spot(node.number, node.name, path, numbers, low, len(self.goods), inside)

    def _all(self, spots: tuple[Spot, ...]) -> Iterator[Spot]:
        for spot in spots:
            yield spot
            yield from self._all(spot.inside)
