"""What a replay did not read: grouped by reason in memory, and one by one in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from cryptodrug_scraper.archive import ReadIssue

MOST_GROUPS = 1_000
EXAMPLES = 3

_NUMBERS = re.compile(r"\d[\d,._:]*(?:[a-f\d]{6,})?")


def folded(reason: str) -> str:
    """Return a reason without its numbers: those that differ in them alone are one."""
    return _NUMBERS.sub("N", reason)


@dataclass(slots=True)
class SkippedGroup:
    """Reasons that differ in numbers alone: the first, how many there are, and where some are."""

    reason: str
    count: int = 0
    places: list[str] = field(default_factory=list)

    def add(self, place: str | None, count: int = 1) -> None:
        """Count more of them."""
        self.count += count
        if place is not None and len(self.places) < EXAMPLES:
            self.places.append(place)

    @property
    def text(self) -> str:
        """The reason: as it is if it stands for itself alone, else without numbers."""
        return self.reason if self.count == 1 else folded(self.reason)


class Groups:
    """Groups by code and reason. Bounded: of very many, the later share one."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], SkippedGroup] = {}

    def add(self, code: str, reason: str, place: str | None, count: int = 1) -> None:
        """Count one that has a code, a reason and a place."""
        key = code, folded(reason)
        if key not in self._groups and len(self._groups) >= MOST_GROUPS:
            key, reason = (code, "other reasons"), "other reasons"
        group = self._groups.setdefault(key, SkippedGroup(reason))
        group.add(place, count)

    def most(self) -> list[tuple[str, SkippedGroup]]:
        """Return codes and groups, the largest first."""
        pairs = [(code, group) for (code, _), group in self._groups.items()]
        return sorted(pairs, key=lambda pair: -pair[1].count)


class SkippedFile:
    """A file of JSON lines with all that was not read: location, kind, reason.

    Written as it comes, so that nothing is held in memory; ASCII only, so that nothing in a name
    can act on a terminal. Raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("w", encoding="ascii")

    def trouble(self, trouble: ReadIssue) -> None:
        """Write what was wrong."""
        self._line(trouble.location, trouble.code, trouble.reason)

    def passed_over(self, location: str, sort: str) -> None:
        """Write what is no page."""
        self._line(location, "passed over", sort)

    def _line(self, location: str, kind: str, reason: str) -> None:
        line = json.dumps({"location": location, "kind": kind, "reason": reason})
        self._file.write(line.replace("\x7f", "\\u007f") + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def group_warnings(
    warnings: Iterable[tuple[tuple[str, str, str], int]],
    places: dict[tuple[str, str, str], list[str]],
) -> list[tuple[str, str, SkippedGroup]]:
    """Return warnings as market, field and group of reasons, the most frequent first."""
    found: dict[tuple[str, str, str], SkippedGroup] = {}
    for (market, name, reason), count in warnings:
        key = market, name, folded(reason)
        group = found.setdefault(key, SkippedGroup(reason))
        group.add(None, count)
    for key, group in found.items():
        group.places = places.get(key, [])
    return sorted(
        ((market, name, group) for (market, name, _), group in found.items()),
        key=lambda one: -one[2].count,
    )
