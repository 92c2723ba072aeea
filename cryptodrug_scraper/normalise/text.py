"""Folding of text, shared by the other modules of this package."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Letters that Unicode does not take apart into a base letter and a mark.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"}
    | {"&": " and "}
)
# Marks that leave nothing behind: apostrophes, full stops, and characters without width.
_GONE = dict.fromkeys(map(ord, ".'’‘`´ʼ\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_NO_WIDTH = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_OTHER = re.compile(r"[\W_]+")

# Longest text (white space folded) that a short field can hold, and the longest raw text.
SHORT = 200
RAW = 2000


def squeeze(text: str) -> str:
    """Return the text with white space (NBSP too) folded and characters without width left out."""
    if not text.isascii():
        text = text.translate(_NO_WIDTH)
    return " ".join(text.split())


_squeezed = lru_cache(maxsize=32768)(squeeze)


def short(text: str) -> str | None:
    """Return the squeezed text of a short field, or None if it is too long to be one.

    More than 2,000 characters, or 200 after squeezing, is no amount, date, age or number.
    The result is fit to be a cache key.
    """
    if len(text) <= SHORT:
        return _squeezed(text)
    if len(text) > RAW:
        return None
    text = squeeze(text)
    return text if len(text) <= SHORT else None


def fold(text: str) -> str:
    """Return the text as words of plain lower-case letters and digits parted by one space.

    Case, accents, apostrophes and full stops go; "&" becomes "and"; any other mark parts
    words: ``"Côte d’Ivoire"`` is ``cote divoire``, ``"U.S.A."`` is ``usa``.
    """
    if not text.isascii():
        # First, since letters in other forms (mathematical, wide) have no case of their own.
        text = unicodedata.normalize("NFKD", text)
    text = text.casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join([c for c in text if not unicodedata.combining(c)])
    return _OTHER.sub(" ", text.translate(_GONE).translate(_PLAIN)).strip()


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set: how the word lists of this package are written."""
    return frozenset(text.split())
