"""Names of substances in a title: as written, glued together, misspelt, or told by neighbours.

What the names are stands in `data/substances.toml`; this module only looks for them. A title is
cut into words without case, accents and marks; at each word the longest name that begins there
counts. A word that is no name may still hold one: `mdmacrystals`, `5xxtc`, `k3tamine`, `xanaxx`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from cryptodrug_scraper.normalise.spelling import Nearly
from cryptodrug_scraper.normalise.text import fold

WEAK, USUAL, CERTAIN = 1, 2, 3
"""How far a name can be trusted: it means other things too, seldom does, never does."""
LONGEST = 6
"""Most words of a name."""
_FUZZY = 7
"""Shortest certain name that is found with one letter wrong."""
_LONGEST_WORD = 32
_SHORTEST_PART = 3


class Name(NamedTuple):
    """What a name stands for, and how far it can be trusted."""

    substance: str
    level: int


class Meaning(NamedTuple):
    """What an ambiguous name stands for where one of `near` is in the title (empty: anywhere)."""

    near: frozenset[str]
    name: Name | None


class NameInTitle(NamedTuple):
    """A name found in a title: the word where it begins, its substance, and its level."""

    at: int
    substance: str
    level: int


@dataclass(frozen=True)
class Vocabulary:
    """The names of a mapping file, folded."""

    names: Mapping[str, Name]
    drugs: frozenset[str]
    """The substances that are drugs: only their names are found misspelt or written together."""
    ambiguous: Mapping[str, Sequence[Meaning]]
    ignored: frozenset[str]
    """Phrases whose words name nothing (`speed shipping`)."""
    glue: frozenset[str]
    """Words that are written together with names (`mdmacrystals`)."""
    ordinary: frozenset[str]
    """Words that are no name, however near one they are (`special`)."""
    compared: frozenset[str]
    """Words after which a name is not what is sold (`like xanax`): it is weak there."""


class Finder:
    """Finds the names of a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._names = vocabulary.names
        self._ambiguous = vocabulary.ambiguous
        self._ignored = vocabulary.ignored
        self._compared = vocabulary.compared
        self._known = {*self._names, *self._ambiguous, *self._ignored}
        self._most = _most_words(self._known)
        firm = {
            n: name for n, name in self._names.items()
            if name.level > WEAK and " " not in n and name.substance in vocabulary.drugs
        }  # fmt: skip
        self._firm = firm
        self._squeezed = {_squeezed(n): n for n in sorted(firm, reverse=True) if len(n) > 4}
        self._long = Nearly(
            n for n, name in firm.items()
            if len(n) >= _FUZZY and name.level == CERTAIN and n.isalpha()
        )  # fmt: skip
        self._parts = {n for n, name in firm.items() if _can_be_part(n, name)}
        self._glue = vocabulary.glue
        self._ordinary = vocabulary.ordinary
        self._held = lru_cache(maxsize=32768)(self._held_in)

    def find(self, title: str) -> list[NameInTitle]:
        """Return the names in a title, in its order, the longest at each word."""
        words = words_of(title, self._known)
        result: list[NameInTitle] = []
        around: frozenset[str] | None = None
        at = 0
        while at < len(words):
            name = words[at]
            count = 1
            for count in range(min(self._most.get(name, 1), len(words) - at), 0, -1):
                name = " ".join(words[at : at + count]) if count > 1 else words[at]
                if name in self._known:
                    break
            known = self._names.get(name)
            if known is None and name in self._ambiguous:
                around = _around(words) if around is None else around
                known = self._meant(name, around)
            elif known is None and name not in self._ignored:
                held = self._held(name)
                if held is None and at + 1 < len(words):
                    held = self._split(name, words[at + 1])
                if held is not None and (known := self._names.get(held)) is None:
                    around = _around(words) if around is None else around
                    known = self._meant(held, around)
            if known is not None:
                doubtful = at > 0 and words[at - 1] in self._compared
                result.append(NameInTitle(at, known.substance, WEAK if doubtful else known.level))
            at += count
        return result

    def _meant(self, name: str, around: frozenset[str]) -> Name | None:
        for meaning in self._ambiguous[name]:
            if not meaning.near or not around.isdisjoint(meaning.near):
                return meaning.name
        return None

    def _split(self, word: str, following: str) -> str | None:
        """Return the name that was written as two words: `d bol`, `xan ax`."""
        if min(len(word), len(following)) > 2 or len(word) + len(following) < 4:
            return None
        known = self._firm.get(word + following)
        return word + following if known and known.level == CERTAIN else None

    def _held_in(self, word: str) -> str | None:
        """Return the name that a word holds which is none itself, or None."""
        if len(word) > _LONGEST_WORD or word.isdecimal() or word in self._ordinary:
            return None
        for bare in _bare(word):
            if len(bare) > 1 and (bare in self._names or bare in self._ambiguous):
                return bare
        bare = word.lstrip("0123456789")
        plain = bare.translate(_LEET)
        if plain != bare and len(plain) >= 4 and plain in self._firm:
            return plain
        if len(bare) >= 4 and (near := self._squeezed.get(_squeezed(bare))) is not None:
            return near
        return self._in_parts(bare) or self._nearly(bare) or self._at_an_end(bare)

    def _in_parts(self, word: str) -> str | None:
        """Return the first name of a word that is made of names and glue alone."""
        if len(word) < 2 * _SHORTEST_PART:
            return None
        ways: list[tuple[str, ...] | None] = [()] + [None] * len(word)
        for end in range(2, len(word) + 1):
            for start in range(end - 1):
                before, part = ways[start], word[start:end]
                if before is None or (part not in self._parts and part not in self._glue):
                    continue
                longer = ways[end]
                if longer is None or len(before) + 1 < len(longer):
                    ways[end] = (*before, part)
        best = [part for part in ways[-1] or () if part in self._parts]
        return max(best, key=lambda part: self._firm[part].level) if best else None

    def _at_an_end(self, word: str) -> str | None:
        """Return the long name that a word begins or ends with: `purestcocaine`."""
        for length in range(len(word) - 1, _FUZZY - 1, -1):
            for part in (word[:length], word[-length:]):
                if part in self._parts and self._firm[part].level == CERTAIN:
                    return part
        return None

    def _nearly(self, word: str) -> str | None:
        if len(word) < _FUZZY - 1 or not word.isalpha():
            return None
        return next(self._long.find(word), None)


_VOWELS = frozenset("aeiouy")
_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t"})
_SIGNS = re.compile(r"(?<=[^\W\d_])[@$](?=[^\W\d_])")
_SINGLES = re.compile(r"(?<![^ ])[a-z](?: [a-z]){2,}(?![^ ])")
_CAMEL = re.compile(r"[^\W\d_]{5,}")
_BOUNDARY = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_AMOUNT_BEHIND = re.compile(r"([a-z]{3,}?)x?\d+[a-z]{0,5}")


def words_of(title: str, known: set[str]) -> list[str]:
    """Return a title's words, folded; `ColombianCocaine` is two, `M.D.M.A.` and `l s d` one."""
    if "@" in title or "$" in title:
        title = _SIGNS.sub(lambda m: "a" if m[0] == "@" else "s", title)
    if not title.isupper() and not title.islower():
        title = _CAMEL.sub(lambda m: _parted(m[0], known), title)
    folded = folded_name(title)
    if " " in folded:
        folded = _SINGLES.sub(lambda m: _joined(m[0], known), folded)
    return folded.split()


def folded_name(text: str) -> str:
    """Return a name, or a title, as names are compared: a full stop parts words."""
    return fold(text.replace(".", " ") if "." in text else text)


def _parted(word: str, known: set[str]) -> str:
    if word.isupper() or word[1:].islower() or word.lower() in known:
        return word
    return _BOUNDARY.sub(" ", word)


def _joined(letters: str, known: set[str]) -> str:
    word = letters.replace(" ", "")
    return word if word in known else letters


def _bare(word: str) -> Iterator[str]:
    """Yield a word without the count or amount written to it, and without a plural's s."""
    bare = word.lstrip("0123456789")
    if bare != word:
        yield bare  # 100xanax
        if bare[:1] == "x":
            yield bare[1:]  # 5xxtc
    if bare[-1:] == "s" and len(bare) > 4:
        yield bare[:-1]
    if match := _AMOUNT_BEHIND.fullmatch(bare):
        yield match[1]  # ketamine5g


def _can_be_part(name: str, known: Name) -> bool:
    """Say whether a name counts when it is written together with other words.

    Short ones stand in too many words: of three letters only those that no word is like (lsd).
    """
    if not name.isalnum() or len(name) < _SHORTEST_PART:
        return False
    if len(name) == _SHORTEST_PART:
        return known.level == CERTAIN and _VOWELS.isdisjoint(name)
    return len(name) > 4 or known.level == CERTAIN


def _around(words: Sequence[str]) -> frozenset[str]:
    """Return a title's words, also without the digits before them (`5g` is `g` too)."""
    bare = {word.lstrip("0123456789") for word in words}
    return frozenset((*words, *bare))


def _most_words(names: set[str]) -> dict[str, int]:
    """Return the most words of the names that begin with each word."""
    most: dict[str, int] = {}
    for name in names:
        first, _, rest = name.partition(" ")
        if rest:
            most[first] = max(most.get(first, 1), rest.count(" ") + 2)
    return most


def _squeezed(word: str) -> str:
    """Return a word without doubled letters: `xannax` and `xanaxx` are one."""
    return re.sub(r"(.)\1+", r"\1", word)
