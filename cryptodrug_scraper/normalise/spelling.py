"""Words that are nearly one of a list: one letter wrong, missing, too many, or two swapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def one_apart(a: str, b: str) -> bool:
    """Say whether two words are equal, or differ by one letter or by two that are swapped."""
    if abs(len(a) - len(b)) > 1:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    x, y = a[start:], b[start:]
    return x[1:] == y[1:] or x[1:] == y or x == y[1:] or (x[1::-1] + x[2:] == y and len(x) > 1)


class Nearly:
    """A list of names, to find those that a word is nearly."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_part: dict[str, tuple[str, ...]] = {}
        for name in names:
            for part in {name, *_without_one(name)}:
                self._by_part[part] = (*self._by_part.get(part, ()), name)

    def find(self, word: str) -> Iterator[str]:
        """Yield the names that a word is nearly, perhaps more than once."""
        for part in (word, *_without_one(word)):
            for name in self._by_part.get(part, ()):
                if one_apart(word, name):
                    yield name


def _without_one(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))
