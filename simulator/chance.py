"""Chance that depends on nothing but a seed and on what is asked: the same question, one answer.

Nothing is stored, so a world of a hundred thousand listings costs no more than one of ten.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Answers by hashing a seed and a question (words and numbers)."""

    __slots__ = ("_seed",)

    def __init__(self, *seed: object) -> None:
        self._seed = "|".join(map(str, seed)).encode()

    def number(self, *question: object) -> int:
        """Return a number of 64 bits."""
        asked = "|".join(map(str, question)).encode()
        return int.from_bytes(blake2b(asked, digest_size=8, key=self._key()).digest(), "big")

    def _key(self) -> bytes:
        return self._seed if len(self._seed) <= 64 else blake2b(self._seed).digest()

    def below(self, limit: int, *question: object) -> int:
        """Return a number from 0 to ``limit - 1``."""
        return self.number(*question) % limit

    def between(self, low: int, high: int, *question: object) -> int:
        """Return a number from ``low`` to ``high``, both included."""
        return low + self.number(*question) % (high - low + 1)

    def share(self, *question: object) -> float:
        """Return a number from 0 to below 1."""
        return self.number(*question) / 2**64

    def happens(self, share: float, *question: object) -> bool:
        """Say yes with this probability."""
        return self.share(*question) < share

    def pick(self, choices: Sequence[T], *question: object) -> T:
        """Return one of the choices."""
        return choices[self.number(*question) % len(choices)]
