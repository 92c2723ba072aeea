"""Ratings that a vendor brought from other markets, in the formats the markets show."""

from __future__ import annotations

import re

from cryptodrug_scraper.normalise.numbers import read_int
from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.document import fold
from cryptodrug_scraper.reading.market_names import market_name
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import ExternalRating, Vendor

_NUMBER = r"\d{1,9}(?:[.,]\d{1,6})?"
_COUNT = r"\d[\d,.' ]{0,12}?"
_SALES = r"[#~<>≥≤+]?\s?\d[\d~#<>+,.'\s–-]{0,24}?"
_OF = r"\s*/\s*(?P<max>\d{1,3})"
_FORMS = tuple(
    re.compile(form, re.I)
    for form in (
        rf"(?P<positive>{_COUNT})\s*/\s*(?P<neutral>{_COUNT})\s*/\s*(?P<negative>{_COUNT})",
        rf"\+?(?P<positive>{_COUNT})\s*/\s*[-–−](?P<negative>{_COUNT})",
        rf"(?P<sales>{_SALES})\s*(?:[,/]\s*|\(\s*)(?P<rating>{_NUMBER})\s*(?P<percent>%)\s*\)?",
        rf"\(?\s*(?P<rating>{_NUMBER})\s*(?P<percent>%)\s*\)?",
        rf"(?P<sales>{_SALES})\s*,\s*(?P<rating>{_NUMBER}){_OF}",
        rf"\(?\s*(?P<sales>{_SALES})\s*\)?\s*\(\s*(?P<rating>{_NUMBER})\s*(?:{_OF}\s*)?\)",
        rf"\(?\s*(?P<rating>{_NUMBER}){_OF}\s*\)?",
        rf"\(?\s*(?P<sales>{_SALES})\s*\)?",
    )
)
_SATISFACTION = re.compile(rf"(?P<sales>{_SALES})\s*/\s*(?P<rating>{_NUMBER})")
_ON_MARKET = re.compile(r"\brating on (.+?)\s*(?:\(|$)", re.I)
_TITLE = re.compile(
    r"(?:verified\s+(?:(?:vendor|seller|account)\s+)?(?:(?:on|at|from|of)\s+)?)?(.+?)"
    r"\s+(?:(?:(?:vendor|user|seller|total)\s+)?(?:successful|completed|sales|orders|deals"
    r"|transactions|positive|feedback|star|ratings?|reviews?|stats|account|vendor|seller)\b.*"
    r"|market$)",
    re.I,
)
_SCALE = re.compile(r"\b[01]\s*[-–]\s*(\d{1,3})\b|\bout of (\d{1,3})\b", re.I)


def market_of_title(title: str) -> str:
    """Return the market that a mark's title names; empty if it names none.

    ``User rating on Black Market Reloaded (…)``, ``Dream Market vendor ratings``,
    ``Verified Dream Market successful sales and star rating 1-5``.
    """
    match = _ON_MARKET.search(title) or _TITLE.match(title)
    return match[1] if match is not None else ""


def read_external_rating(
    vendor: Vendor, market: str, text: str, reader: Reader, *, title: str = ""
) -> None:
    """Add an imported rating; ``market`` is the other market's name in any spelling.

    Formats: ``800/27/96`` (positive/neutral/negative), ``+1,012/-3``, ``3000, 4.825/5``,
    ``200~500, 4.89/5``, ``#19, 9.79/10``, ``138 (5.0)`` and ``(310) (4.87)``, ``120 (98.5%)``,
    ``97%``, ``4.9/5`` and ``45``. The mark's ``title`` tells the scale where the text does not
    ("star rating 1-5", "out of 10"), and that ``3/98`` is sales and satisfaction. Anything
    else, and a mark without a text, is a warning.
    """
    field = "vendor.external_ratings"
    stated = fold(text)
    rating = ExternalRating(market_name(market))
    if not rating.market:
        reader.warn(field, "from a market that is not named", title or stated)
        return
    forms = _FORMS
    if "satisfaction" in title.casefold():
        forms = (*_FORMS[:4], _SATISFACTION, *_FORMS[4:])
    match = next((matched for form in forms if (matched := form.fullmatch(stated))), None)
    if LOST in market:
        reader.warn(field, "from a market whose name holds invalid bytes", f"{market} {stated}")
        return
    if match is None:
        reason = f"unknown format from {rating.market}" if stated else "a mark without a rating"
        reader.warn(field, reason, stated or title)
        return
    parts = match.groupdict()
    for name in ("positive", "neutral", "negative"):
        if parts.get(name) is not None:
            count = read_int(parts[name])
            if count is None:
                reader.warn(field, f"not counts, from {rating.market}", stated)
                return
            setattr(rating, name, count)
    rating.sales = fold(parts["sales"]) if parts.get("sales") else None
    if parts.get("rating"):
        rating.rating = parts["rating"].replace(",", ".")
        scale = _SCALE.search(title)
        stated_scale = (scale[1] or scale[2]) if scale is not None else None
        rating.rating_max = "100" if parts.get("percent") else parts.get("max") or stated_scale
    vendor.external_ratings.append(reader.stated(field, stated, rating))
