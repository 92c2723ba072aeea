"""One piece of a field of places: a name, a code, either with words around it, or several in a row.

    Belgium    BE    within the UK    USA Canada    UK-EU-USA    US to US    Austrailia

Two-letter codes that are words as well count in capitals, or where all around them are codes.
`NA` is no code here: in a table it says that nothing is stated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from cryptodrug_scraper.normalise.place_table import LEAD, TABLES, TRAIL, WORD_CODES, Codes, kind_of
from cryptodrug_scraper.normalise.spelling import Nearly
from cryptodrug_scraper.normalise.text import fold, words

LONGEST = 200  # characters of a piece that is looked at
_AROUND = 8  # words before or after a name that are looked through
_IN_NAME = 5  # words of a name in a row of names
_IN_ROW = 24  # words of a row
_MISSPELT = 6  # shortest name that is found with one letter wrong
_NAMES = TABLES.names
_CODES = {code: place for code, place in TABLES.codes.items() if code != "NA"}

_VAGUE = re.compile(
    r"(?:certain|some|selected|specific|(?:the )?following|these|those) "
    r"(?:countries|places|regions|locations|destinations)(?: only)?"
)
_ALIKE = (frozenset("aeiouy"), frozenset("ckqsxz"), frozenset("dt"), frozenset("vw"))
_NEVER_CODES = words("al am an as at do hr in is la me my no pm so to tv")
_PARTS = re.compile(r"[\s\-–—~_.]+")
_WITHIN = re.compile(r"(?P<one>.+?) ?(?:\bto\b|2|→|>+) ?(?P<other>.+)", re.I)


def code_of(raw: str, *, in_list: bool) -> Codes | None:
    """Read a two- or three-letter code; other than in capitals only where it cannot be a word."""
    raw = raw.rstrip(".")
    if not 2 <= len(raw) <= 3 or not raw.isascii():
        return None
    code = _CODES.get(raw.upper())
    if code is None:
        return None
    if raw.isupper() or in_list or (len(raw) == 2 and raw.lower() not in WORD_CODES):
        return (code,)
    return None


def name_of(raw: str, *, in_list: bool = False) -> Codes | None:
    """Look up one piece: a name, a code, or either with words around it that change nothing.

    No codes where it holds nothing but such words; None where it is not understood.
    """
    if len(raw) > LONGEST:
        return None
    result = code_of(raw, in_list=in_list) or _NAMES.get(fold(raw))
    if result:
        return result
    split = raw.split()
    first, last = 0, len(split)
    while first < min(last, _AROUND) and _leads(split[first]):
        first += 1
        rest = " ".join(split[first:last])
        if result := code_of(rest, in_list=False) or _NAMES.get(fold(rest)):
            return result
    if _VAGUE.fullmatch(fold(" ".join(split[first:last]))):
        return ()
    end = last - _AROUND
    while max(first, end) < last and fold(split[last - 1]) in TRAIL:
        last -= 1
        rest = " ".join(split[first:last])
        if result := code_of(rest, in_list=False) or _NAMES.get(fold(rest)):
            return result
    if first == last:
        return ()
    rest = " ".join(split[first:last])
    return _row(rest) or _same_twice(rest) or _misspelt(fold(rest))


def _leads(word: str) -> bool:
    """Say whether a word stands before a name and changes nothing: "au Canada", not "AU Canada"."""
    return fold(word) in LEAD and word not in _CODES


def _row(raw: str) -> Codes | None:
    """Read names and codes that stand in a row with nothing between them but blanks or dashes."""
    row = [word for word in _PARTS.split(raw) if word]
    if not 2 <= len(row) <= _IN_ROW:
        return None
    # "send it all" is no row of places, though "all" is a name of the world.
    firm = any(_word(word, in_list=False) for word in row if fold(word) not in LEAD)
    found: dict[str, None] = {}
    at = 0
    while at < len(row):
        for count in range(min(_IN_NAME, len(row) - at), 0, -1):
            part = row[at : at + count]
            codes = _NAMES.get(fold(" ".join(part))) if count > 1 else _word(part[0], in_list=firm)
            if codes:
                found.update(dict.fromkeys(codes))
                at += count
                break
        else:
            return None
    return tuple(found)


def _word(word: str, *, in_list: bool) -> Codes | None:
    in_list = in_list and word not in _NEVER_CODES
    return code_of(word, in_list=in_list) or _NAMES.get(fold(word)) or _misspelt(fold(word))


def _same_twice(raw: str) -> Codes | None:
    """Read `US to US` and `EU2EU`: within one place."""
    match = _WITHIN.fullmatch(raw)
    if match is None:
        return None
    one, other = (
        code_of(match[side], in_list=False) or _NAMES.get(fold(match[side]))
        for side in ("one", "other")
    )
    return one if one == other else None


@lru_cache(maxsize=1)
def _long_names() -> Nearly:
    return Nearly(name for name in _NAMES if len(name) >= _MISSPELT)


def _slip(word: str, name: str) -> bool:
    """Say whether a word is a name with a slip: another letter only if it sounds alike.

    `Norwey` is Norway, but `Neverland` is not Nederland.
    """
    if len(word) != len(name):
        return True
    wrong = [(a, b) for a, b in zip(word, name, strict=True) if a != b]
    return len(wrong) != 1 or any(set(wrong[0]) <= alike for alike in _ALIKE)


@lru_cache(maxsize=4096)
def _misspelt(folded: str) -> Codes | None:
    """Return the codes of the name that a word nearly is, if it is nearly that of one alone."""
    if len(folded) < _MISSPELT - 1:
        return None
    found = {_NAMES[name] for name in _long_names().find(folded) if _slip(folded, name)}
    return found.pop() if len(found) == 1 else None


def begins_with_place(raw: str) -> Codes | None:
    """Return the place that a piece begins with, if the words after it hold another one.

    For a piece that is not understood: `Worldwide xcpt Norway` serves the world, but less
    something that cannot be read.
    """
    split = raw.split()
    for count in range(min(_IN_NAME, len(split) - 1), 0, -1):
        codes = name_of(" ".join(split[:count]))
        if codes:
            rest = split[count:]
            names_place = any(_word(word, in_list=False) for word in rest[:_IN_ROW])
            return codes if names_place else None
    return None


def is_region(codes: Sequence[str] | str) -> bool:
    """Say whether a code, or the first of several, stands for more than a country."""
    return kind_of(codes if isinstance(codes, str) else codes[0]) == "region"
