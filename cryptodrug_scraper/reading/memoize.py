"""Short texts that repeat from page to page are read once.

Everything kept here is bounded in bytes, cannot be changed, and depends on nothing but what it
is kept under: reading with and without it gives the same.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, ParamSpec, TypeVar

LONGEST = 400
"""Characters of the arguments that are kept together with what was read from them."""

MOST = 8_192
"""Readings kept of one function: below 10 MB for the longest texts."""

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


def memoized(read: Callable[P, T]) -> Callable[P, T]:
    """Decorate a pure function of texts (or None) whose values cannot be changed."""
    one = len(signature(read).parameters) == 1
    memory = _Memory(read, one=one)
    known: Callable[[Any], T] = memory.__getitem__
    if one:
        return known  # type: ignore[return-value]

    def read_cached(*arguments: P.args, **named: P.kwargs) -> T:
        return read(*arguments, **named) if named else known(arguments)

    return read_cached
