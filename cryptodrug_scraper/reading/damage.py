"""Bad places within a page's markup, and the page as it may have been without them.

A bad place in a text costs that text a letter. One in a tag hides what the tag was: a class by
which an element is found, an address, the place where a text ends. So of such a page nothing is
concluded from what it lacks, and it is read once more with its tags repaired by guess and a text
beside them: what that changes rested on the damage. One in a phrase by which a market's pages are
read ("Member s?nce") hides what stands beside it: with the phrase repaired it
is read once more too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

LOST = "\ufffd"
"""What stands for a place that is no letter."""

_FARTHEST = 2_000  # characters of a tag that are looked at to either side of a bad place
_MOST = 500  # places that are repaired: of a page with more, hardly a tag is right
_MOST_LIKENED = 20  # tags that another one of the page is looked for: each is a look at all of it
_FEWEST_LETTERS = 3  # of a phrase that must be left, for it to be known again
_LONGEST_LOSS = 3  # letters that a bad place may stand for
_RUN = re.compile(f"{LOST}+")
_LOST_START = re.compile(rf"{LOST}+(?=/?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]*|/)?>)")
_MARKUP = re.compile(rf"<(?:[a-zA-Z/!?]|{LOST}+[a-zA-Z/!-])")
_FREE_TEXT = re.compile(r"\s(?:title|alt|placeholder)\s*=\s*(?:\"([^\"]*)|'([^']*))\Z", re.I)
_TAG_ENDS = re.compile("[<>]")


class _Place(NamedTuple):
    """A bad place: the part of the source that is damaged, and what may have stood there."""

    start: int
    end: int
    repaired: str


def damaged(source: str) -> bool:
    """Tell whether a tag of a page holds bad places, or was lost to one."""
    return LOST in source and next(_places(source), None) is not None


def repaired(source: str, beside: str = "") -> str:
    """Return a page whose damaged tags are repaired by guess.

    The text ``beside`` each of them changes each value that depends on it.
    """
    parts: list[str] = []
    at = 0
    body = source.lower().find("<body")
    for number, place in enumerate(_places(source)):
        if number >= _MOST:
            break
        guess = place.repaired
        if number < _MOST_LIKENED:
            guess = _likened(source, source[place.start : place.end]) or guess
        more = beside if place.start > body else ""
        parts += (source[at : place.start], more, guess, more)
        at = place.end
    return "".join([*parts, source[at:]])


def rephrased(source: str, phrases: Iterable[str]) -> str:
    """Return a page in whose texts those of these phrases that lost letters are as they were."""
    phrases = tuple(phrases)

    def letters(run: re.Match[str]) -> str:
        start, end = run.span()
        lost = _lost_letters(source[max(0, start - 60) : start], source[end : end + 60], phrases)
        return run.group() if lost is None else lost

    return _RUN.sub(letters, source, count=_MOST_LIKENED)


def _lost_letters(preceding: str, after: str, phrases: Iterable[str]) -> str | None:
    """Return what a phrase has between two texts, or None where none of them stands there."""
    left = preceding[preceding.rfind(">") + 1 :].casefold()
    right = after.partition("<")[0].casefold()
    for phrase in phrases:
        folded = phrase.casefold()
        for start in range(len(folded)):
            head = folded[:start]
            if not left.endswith(head) or left[: len(left) - start][-1:].isalpha():
                continue
            for end in range(start, min(start + _LONGEST_LOSS, len(folded)) + 1):
                tail = folded[end:]
                known = right.startswith(tail) and not right[len(tail) :][:1].isalpha()
                if known and len(head) + len(tail) >= _FEWEST_LETTERS:
                    return phrase[start:end]
    return None


def _places(source: str) -> Iterator[_Place]:
    at = 0
    while (run := _RUN.search(source, at)) is not None:
        place = _place(source, run.start(), run.end())
        at = run.end()
        if place is not None:
            yield place
            at = place.end


def _place(source: str, start: int, end: int) -> _Place | None:
    """Return what a run of bad places damages, or None where it stands in a text."""
    least = max(0, start - _FARTHEST)
    opened = source.rfind("<", least, start)
    if opened < 0 or source.rfind(">", least, start) > opened:
        return _lost_start(source, start)
    if source.startswith("<!--", opened):
        return _lost_end_of_comment(source, start, end)
    if _MARKUP.match(source, opened) is None:
        return _lost_start(source, start)
    free = _FREE_TEXT.search(source, opened, start)
    if free is not None:
        quote = '"' if free[1] is not None else "'"
        closed = source.find(quote, end, end + _FARTHEST)
        text = source[start - len(free[1] or free[2] or "") : closed]
        if closed >= 0 and " " in text and _TAG_ENDS.search(text) is None:
            return None  # words of a vendor's, cut amid a letter by the market
    closing = _TAG_ENDS.search(source, end, end + _FARTHEST)
    if closing is None:
        return _Place(start, end, ">")
    if closing.group() == "<":  # the tag's end was lost
        return _Place(
            opened, closing.start(), f"{source[opened:start]}>{source[end : closing.start()]}"
        )
    tag = source[opened : closing.end()]
    if tag.startswith((f"<!{LOST}", f"<{LOST}--", f"<!-{LOST}")):
        return _Place(opened, closing.end(), f"<!--{tag.strip(f'<!-{LOST}')}")
    quoted = tag.count('"') % 2 == 1
    return _Place(opened, closing.end(), _RUN.sub('"' if quoted else "", tag))


def _lost_start(source: str, start: int) -> _Place | None:
    lost = _LOST_START.match(source, start, start + _FARTHEST)
    if lost is None:
        return None
    closing = source.index(">", lost.end()) + 1
    return _Place(start, closing, f"<{source[lost.end() : closing]}")


def _lost_end_of_comment(source: str, start: int, end: int) -> _Place | None:
    """Return a place that was, or is part of, a comment's ``-->``."""
    around = source[max(0, start - 2) : end + 2]
    if re.search(rf"--{LOST}|-{LOST}+>|{LOST}->", around) is None:
        return None
    left = start - (len(source[:start][-2:]) - len(source[:start][-2:].rstrip("-")))
    right = end + (len(source[end : end + 2]) - len(source[end : end + 2].lstrip("->")))
    return _Place(left, right, "-->")


def _likened(source: str, tag: str) -> str | None:
    """Return the page's first tag that is the same but for the bad places."""
    pieces = [re.escape(piece) for piece in _RUN.split(tag)]
    if not 2 <= len(pieces) <= 3 or len(pieces[0]) < 3 or not pieces[-1]:
        return None
    match = re.search(f"[^<>{LOST}]{{0,4}}".join(pieces), source)
    return match.group() if match is not None else None
