"""What repeats from page to page is read once: short texts, and panels that stay the same.

Sidebars, menus and links make up most of a page, and are the same to the letter on page after
page. Everything kept here is bounded in bytes, is given out as copies or cannot be changed,
and depends on nothing but what it is kept under: reading with and without it gives the same.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from sys import getsizeof
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
    """What panels were read as, by the panels' own markup: all that their reading depends on.

    ``copy`` makes another of what is kept, since a page's records may be changed.
    """

    def __init__(self, copy: Callable[[T], T]) -> None:
        self._copy = copy
        self._kept: dict[str, T] = {}
        self._size = 0

    def get(self, markup: str) -> T | None:
        """Return a copy of what a panel was read as, or None if the panel is not known."""
        kept = self._kept.get(markup)
        return None if kept is None else self._copy(kept)

    def keep(self, markup: str, read: T) -> None:
        """Keep a copy of what a panel was read as; a panel without markup is not kept."""
        size = getsizeof(markup)
        if not markup or size > MOST_PANEL_BYTES // 16:
            return
        self._size += size
        if self._size > MOST_PANEL_BYTES:
            self._kept.clear()
            self._size = size
        self._kept[markup] = self._copy(read)
