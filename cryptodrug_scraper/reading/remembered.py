"""What repeats from page to page is read once: short texts, and panels that stay the same.

Sidebars, menus and links make up most of a page, and are the same to the letter on page after
page. Everything kept here is bounded in bytes, is given out as copies or cannot be changed,
and depends on nothing but what it is kept under: reading with and without it gives the same.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, Generic, ParamSpec, TypeVar

LONGEST = 400
"""Characters of the arguments that are kept together with what was read from them."""

MOST = 8_192
"""Readings kept of one function: below 10 MB for the longest texts."""

MOST_PANEL_BYTES = 4 * 1024 * 1024

P = ParamSpec("P")
T = TypeVar("T")


class _Memory(dict[Any, Any]):
    """Readings by what they were read from; what is not known yet is read, and mostly kept."""

    def __init__(self, read: Callable[..., Any], *, one: bool) -> None:
        self.read, self.one = read, one

    def __missing__(self, key: Any) -> Any:
        arguments = (key,) if self.one else key
        value = self.read(*arguments)
        if sum([len(text) for text in arguments if text is not None]) <= LONGEST:
            if len(self) >= MOST:
                self.clear()
            self[key] = value
        return value


def remembered(read: Callable[P, T]) -> Callable[P, T]:
    """Decorate a pure function of texts (or None) whose values cannot be changed."""
    one = len(signature(read).parameters) == 1
    memory = _Memory(read, one=one)
    known: Callable[[Any], T] = memory.__getitem__
    if one:
        return known  # type: ignore[return-value]

    def read_once(*arguments: P.args, **named: P.kwargs) -> T:
        return read(*arguments, **named) if named else known(arguments)

    return read_once


class Panels(Generic[T]):
    """The records that panels were read as, by the panels' source.

    ``copy`` makes a new record of one that is kept, since a page's records may be changed.
    """

    def __init__(self, copy: Callable[[T], T]) -> None:
        self._copy = copy
        self._kept: dict[bytes, list[T]] = {}
        self._bytes = 0

    def get(self, source: bytes) -> list[T] | None:
        """Return copies of a panel's records, or None if the panel is not known."""
        kept = self._kept.get(source)
        return None if kept is None else [self._copy(record) for record in kept]

    def keep(self, source: bytes, records: list[T]) -> None:
        """Keep copies of a panel's records; a panel without a source is not kept."""
        if not source or len(source) > MOST_PANEL_BYTES // 16:
            return
        self._bytes += len(source)
        if self._bytes > MOST_PANEL_BYTES:
            self._kept.clear()
            self._bytes = len(source)
        self._kept[source] = [self._copy(record) for record in records]
