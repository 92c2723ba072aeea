"""Where the payloads of WARC records lie, so that revisit records find what they refer to."""

from __future__ import annotations

from typing import NamedTuple

from .source import Source


class Place(NamedTuple):
    """Where a record lies: an offset below zero says that it was seen, and is no page."""

    source: Source
    offset: int


class Payloads:
    """Where payloads lie, by digest.

    Bounded: of two generations the older is dropped when the younger is full.
    """

    def __init__(self, held: int) -> None:
        self._half = max(1, held // 2)
        self._young: dict[int, Place] = {}
        self._old: dict[int, Place] = {}

    def add(self, digest: str, source: Source, offset: int) -> None:
        """Remember where a payload lies.

        Of several places the last is kept, which is the one that a crawler's revisits mean.
        """
        key = hash(digest)
        if key not in self._young and len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = Place(source, offset)

    def find(self, digest: str) -> Place | None:
        """Return where a payload lies."""
        place = self._young.get(hash(digest)) or self._old.get(hash(digest))
        if place is not None:
            self.add(digest, *place)
        return place
