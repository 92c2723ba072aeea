"""Whole numbers, decimals and number words, exactly as a page shows them."""

from __future__ import annotations

import re
from functools import lru_cache

from cryptodrug_scraper.normalise.text import fold, short

DIGITS = 18  # most digits before the decimal mark: fits PostgreSQL's bigint
FRACTION = 40  # most digits after it

_PLAIN_INT = re.compile(r"\+?([0-9]+)")
_GROUPED_INT = re.compile(r"\+?([1-9][0-9]{0,2}(?:([,.'’ ])[0-9]{3})(?:\2[0-9]{3})*)")
_NUMBER = re.compile(
    r"""
    (?P<whole>[0-9]{1,3}(?:(?P<sep>[,.'’\ ])[0-9]{3})(?:(?P=sep)[0-9]{3})*|[0-9]*)
    (?:(?P<mark>[.,])(?P<fraction>[0-9]*|[-–—]{1,2}))?
    (?:[eE](?P<power>[+-]?[0-9]{1,2}))?
    """,
    re.X,
)


@lru_cache(maxsize=16384)
def _int(text: str) -> int | None:
    if match := _PLAIN_INT.fullmatch(text):
        digits = match[1]
    elif match := _GROUPED_INT.fullmatch(text):
        digits = match[1].replace(match[2], "")
    else:
        return None
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= DIGITS else None


def read_int(text: str) -> int | None:
    """Read a count: ``12``, ``1,067``, ``1.067``, ``1'067``, ``1 067`` (NBSP too).

    A mark followed by exactly three digits parts thousands here, whichever mark it is; so
    ``1.5``, ``0.067`` and ``-3`` are None, and so is a count of more than 18 digits.
    """
    cleaned = short(text)
    return _int(cleaned) if cleaned else None


def shift(amount: str, places: int) -> str:
    """Move the decimal point of a plain decimal string: ``shift("3.2", -3)`` is ``0.0032``.

    Digits shown stay, trailing zeros too; ``places`` may be negative or positive.
    """
    whole, _, fraction = amount.partition(".")
    if places < 0:
        whole = whole.rjust(1 - places, "0")
        whole, fraction = whole[:places], whole[places:] + fraction
    elif places > 0:
        fraction = fraction.ljust(places, "0")
        whole, fraction = whole + fraction[:places], fraction[places:]
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole


def plain_decimal(text: str, *, lone_thousands: str = ",") -> str | None:
    """Turn a number's digits and marks into a plain decimal string, or None.

    ``1,250.00``, ``1.250,00``, ``1'250.00`` and ``1 250,00`` are ``1250.00``: of two marks the
    last is the decimal one, and a mark seen twice parts thousands (``1.250.000``); ``'`` and
    spaces always part thousands. A single dot or comma followed by exactly three digits is
    ambiguous: it parts thousands if it is in ``lone_thousands`` and the digits before it (one
    to three) do not start with 0; in all other places it is the decimal mark. ``20.-`` is
    ``20``; ``1.0E-5`` is ``0.000010``. No sign; at most 18 digits before the decimal mark
    and 40 after it.
    """
    match = _NUMBER.fullmatch(text)
    if not match:
        return None
    whole, sep, mark, fraction, power = match.group("whole", "sep", "mark", "fraction", "power")
    if fraction and not fraction.isdigit():
        fraction = ""
    fraction = fraction or ""
    if sep and mark == sep:
        return None  # 1,250,00
    if sep in (",", "."):
        assert sep is not None
        lone = mark is None and whole.count(sep) == 1
        if whole[0] == "0" and not lone:
            return None
        if lone and (whole[0] == "0" or sep not in lone_thousands or power):
            whole, _, fraction = whole.partition(sep)
            sep = None
    elif sep and whole[0] == "0":
        return None
    if sep:
        whole = whole.replace(sep, "")
    if not whole and not fraction:
        return None
    amount = shift(f"{whole or '0'}.{fraction}" if fraction else whole, int(power or 0))
    whole, _, fraction = amount.partition(".")
    return amount if len(whole) <= DIGITS and len(fraction) <= FRACTION else None


@lru_cache(maxsize=16384)
def _decimal(text: str) -> str | None:
    return plain_decimal(text.removeprefix("+"))


def read_decimal(text: str) -> str | None:
    """Read a number such as a rating or a rate: the digits shown, as a plain decimal string.

    ``4.97``, ``0,5`` (``0.5``), ``6829.4``, ``1,067.50``, ``1.067,50``. A lone comma before
    exactly three digits parts thousands (``1,067`` is ``1067``), a lone dot is always decimal
    (``1.067`` stays). Negative numbers and anything else are None.
    """
    cleaned = short(text)
    return _decimal(cleaned) if cleaned else None


_ONE_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
_TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES = {word: value for value, word in enumerate(_ONE_WORDS.split())}
_TENS = {word: value * 10 for value, word in enumerate(_TEN_WORDS.split(), start=2)}
_FIXED = {
    "a": 1,
    "an": 1,
    "single": 1,
    "a single": 1,
    "couple": 2,
    "a couple": 2,
    "a couple of": 2,
    "pair": 2,
    "a pair": 2,
    "a pair of": 2,
    "half dozen": 6,
    "half a dozen": 6,
    "a half dozen": 6,
}
_SCALES = {"dozen": 12, "dozens": 12, "hundred": 100, "thousand": 1000}


@lru_cache(maxsize=8192)
def _words(text: str) -> int | None:
    key = fold(text)
    if key in _FIXED:
        return _FIXED[key]
    total = group = 0
    last = 0  # the smallest value that the word before leaves room for; 0 at the start
    scale_before = 10**9
    words = key.split()
    if not words or words[-1] == "and" or words == ["dozens"]:
        return None
    for at, word in enumerate(words):
        if word == "and":
            if last < 100:
                return None
        elif word in _SCALES:
            scale = _SCALES[word]
            if scale >= scale_before or (scale != 1000 and last >= 100):
                return None
            if scale == 12 and at != len(words) - 1:
                return None
            if scale == 100:
                group = (group or 1) * 100 if group < 10 else -1
                if group < 0:
                    return None
            else:
                total += (group or 1) * scale
                group, scale_before = 0, scale
            last = max(scale, 100) if scale != 12 else 1
        elif word in ("a", "an"):
            if at or len(words) == 1 or words[1] not in _SCALES:
                return None
        elif word in _TENS:
            if 0 < last < 100:
                return None
            group += _TENS[word]
            last = 10
        elif word in _ONES:
            value = _ONES[word]
            if 0 < last < 10 or (last == 10 and not 0 < value < 10) or (last and not value):
                return None
            group += value
            last = 1
        else:
            return None
    return total + group


def in_words(text: str) -> int | None:
    """Read an English number word: ``two``, ``twenty-one``, ``a hundred and five``, ``two dozen``.

    Up to the thousands. ``a``, ``an`` and ``single`` are 1, ``a couple`` and ``a pair`` 2;
    "half" only in ``half a dozen`` (6). Digits, other languages and anything else are None.
    """
    cleaned = short(text)
    return _words(cleaned) if cleaned else None
