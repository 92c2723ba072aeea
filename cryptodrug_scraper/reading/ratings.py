"""Ratings that a vendor brought from other markets, in the formats the markets show."""

from __future__ import annotations

import re

from cryptodrug_scraper.reading.reader import Reader, market_word
from cryptodrug_scraper.records import ExternalRating

_NUMBER = r"\d+(?:[.,]\d+)?"
_COUNTS = re.compile(r"(\d[\d,']*)\s*/\s*(\d[\d,']*)\s*/\s*(\d[\d,']*)")
_SALES_AND_RATING = re.compile(
    rf"(?P<sales>[#~<>≥≤+\d][\d~#<>+,.'\s–-]*?)\s*,\s*(?P<rating>{_NUMBER})\s*/\s*(?P<max>\d+)"
)
_SALES_IN_BRACKETS = re.compile(
    rf"(?P<sales>[#~<>+\d][\d~#<>+,.'–-]*)\s*\(\s*(?P<rating>{_NUMBER})\s*(?:/\s*(?P<max>\d+)\s*)?\)"
)
_RATING_ONLY = re.compile(rf"(?P<rating>{_NUMBER})\s*/\s*(?P<max>\d+)")
_SALES_ONLY = re.compile(r"(?P<sales>[#~<>≥≤]?\s*\d[\d~<>+,.']*)")


def external_rating(
    market: str, text: str, reader: Reader, *, rating_max: str | None = None
) -> ExternalRating | None:
    """Read one imported rating; ``market`` is the other market's name in any spelling.

    Formats: ``800/27/96`` (positive/neutral/negative), ``3000, 4.825/5``,
    ``200~500, 4.89/5``, ``#19, 9.79/10``, ``138 (5.0)`` with the scale ``rating_max`` from
    the page's words, ``4.9/5`` and ``45``. Anything else is None and a warning.
    """
    stated = " ".join(text.split())
    rating = ExternalRating(market_word(market))
    counts = _COUNTS.fullmatch(stated)
    if counts:
        positive, neutral, negative = (int(re.sub(r"\D", "", n)) for n in counts.groups())
        rating.positive, rating.neutral, rating.negative = positive, neutral, negative
    else:
        for pattern in (_SALES_AND_RATING, _SALES_IN_BRACKETS, _RATING_ONLY, _SALES_ONLY):
            match = pattern.fullmatch(stated)
            if match:
                found = match.groupdict()
                rating.sales = found.get("sales")
                rating.rating = found["rating"].replace(",", ".") if found.get("rating") else None
                if rating.rating is not None:
                    rating.rating_max = found.get("max") or rating_max
                break
        else:
            reader.warn("vendor.external_ratings", f"unknown format from {rating.market}", stated)
            return None
    reader.note("vendor.external_ratings", stated, rating)
    return rating
