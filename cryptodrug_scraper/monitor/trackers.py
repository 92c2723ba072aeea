"""Trackers: words, patterns and substances' spellings to watch for, from a TOML file.

near = true                        # near spellings too: fentanyll, f3ntanyl, f e n t a n y l
words = ["fentanyl", "china white"]

[substances]                       # all spellings of one count together
nitazenes = ["isotonitazene", "etonitazene", "iso powder"]

[regex]                            # Python's and PostgreSQL's, without case
u_47700 = 'u.?47.?700'
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from cryptodrug_scraper.monitor.config import read_toml
from cryptodrug_scraper.normalise.text import fold

_MOST_WORDS, _LONGEST = 6, 80
_UNBOUNDED = re.compile(r"\\[1-9]|\(\?(?!:)|\{,")
_EDGE = re.compile(r"\\(.)", re.DOTALL)
# What stands for a Latin letter: digits and signs, and letters of other scripts that look like it.
_SEEMS = str.maketrans("0134578авекмнорстухіѕјԁαεικνορτυχ", "oieastbabekmhopctyxisjdaeikvoptyx")


@dataclass(frozen=True)
class Tracker:
    """Something to watch for: spellings, with or without those that are near, or a pattern."""

    name: str
    spellings: tuple[str, ...] = ()
    pattern: str | None = None
    near: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be watched for. Raises ValueError."""
        for spelling in self.spellings:
            check_spelling(spelling)
        if self.pattern is not None:
            check_pattern(self.pattern)


def check_spelling(text: str) -> str:
    """Return a word or phrase that can be watched for. Raises ValueError."""
    words = folded(text)
    if not words or len(words) > _MOST_WORDS or len(text) > _LONGEST:
        raise ValueError(
            f"{text[:_LONGEST]!r}: write one to {_MOST_WORDS} words of letters and digits"
        )
    return text


def check_pattern(text: str) -> str:
    """Return a pattern that takes bounded time and means something. Raises ValueError."""
    if len(text) > 200:
        raise ValueError("a regular expression has 200 characters at most")
    if _UNBOUNDED.search(text):
        raise ValueError(
            f"{text!r}: references back, looking around, flags and {{,n}} are not taken"
        )
    try:
        compiled = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from None
    if compiled.search(""):
        raise ValueError(f"{text!r} stands in every text, as it can match nothing")
    return text


def postgres_pattern(text: str) -> str:
    r"""Return a pattern as PostgreSQL means it, where ``\b`` is no edge of a word."""
    edges = {"b": r"\y", "B": r"\Y"}
    return _EDGE.sub(lambda match: edges.get(match[1], match[0]), text)


Spelling = Annotated[str, AfterValidator(check_spelling)]
PatternText = Annotated[str, AfterValidator(check_pattern)]


class _WordsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    near: bool = False
    words: list[Spelling] = []
    substances: dict[str, Annotated[list[Spelling], Field(min_length=1)]] = {}
    regex: dict[str, PatternText] = {}

    def trackers(self) -> Iterator[Tracker]:
        for word in self.words:
            yield Tracker(word, (word,), near=self.near)
        for name, spellings in self.substances.items():
            yield Tracker(name, tuple(spellings), near=self.near)
        for name, pattern in self.regex.items():
            yield Tracker(name, pattern=pattern)

    @model_validator(mode="after")
    def _each_has_a_name(self) -> Self:
        names = Counter(tracker.name for tracker in self.trackers())
        if not names:
            raise ValueError("nothing is watched for: write words, substances or regex")
        if twice := sorted(name for name, count in names.items() if count > 1):
            raise ValueError(f"{twice[0]!r} is the name of two trackers")
        return self


def read_trackers(path: Path) -> tuple[Tracker, ...]:
    """Read a file. Raises BadConfig, which names each wrong place by its line, and OSError."""
    return tuple(read_toml(path, _WordsFile)[0].trackers())


def folded(text: str) -> list[str]:
    """Return the words of a text as they are compared: small letters without marks, digits."""
    return fold(text.replace(".", " ")).split()


def near_spellings(word: str, lexemes: Iterable[str]) -> list[str]:
    """Return which words are nearly one: by letters that seem others, doubled, wrong or swapped.

    From five letters on one slip is taken, from eight on two; digits of the word stay as they are.
    A word of six letters or more is also found within others.
    """
    slips = 0 if len(word) < 5 else 1 if len(word) < 8 else 2
    digits = re.sub(r"\D", "", word)
    plain, letters = _plain(word), set(word)
    result = []
    for lexeme in lexemes:
        if lexeme.isdecimal() or (digits and digits != re.sub(r"\D", "", lexeme)):
            continue
        seems = _plain(lexeme)
        near = seems == plain or any(len(each) > 5 and each in seems for each in (word, plain))
        if not near and slips and abs(len(lexeme) - len(word)) <= slips:
            near = len(letters.difference(lexeme)) <= slips and _apart(word, lexeme) <= slips
        if near:
            result.append(lexeme)
    return result


def _plain(word: str) -> str:
    """Return a word in plain letters, doubled ones as one; a number as it is."""
    return word if word.isdecimal() else re.sub(r"(.)\1+", r"\1", word.translate(_SEEMS))


def _apart(a: Sequence[str], b: Sequence[str]) -> int:
    """Return how many letters are wrong, missing, too many, or swapped with the next."""
    earlier: list[int] = []
    above = list(range(len(b) + 1))
    for i, x in enumerate(a):
        row = [i + 1]
        for j, y in enumerate(b):
            best = min(above[j + 1] + 1, row[j] + 1, above[j] + (x != y))
            if i and j and x == b[j - 1] and a[i - 1] == y:
                best = min(best, earlier[j - 1] + 1)
            row.append(best)
        earlier, above = above, row
    return above[-1]
