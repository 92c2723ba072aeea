"""One name for each market that pages speak of, however they spell it.

A market that this project reads states its other spellings itself
(:attr:`~cryptodrug_scraper.reading.market.Market.also_called`); of all others
``market_names.toml`` holds them.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from cryptodrug_scraper.normalise.text import fold
from cryptodrug_scraper.reading.market import markets
from cryptodrug_scraper.reading.memoize import memoized

_MARKET = re.compile(r"(?<=\S)\s?(?:(?:darknet|drugs?)\s+)?(?:market\s?place|market|mkt|dnm)$")
_THE = re.compile(r"^the\s+(?=\S)")
_INNER_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _key(words: str) -> str:
    return words.replace(" ", "")


@cache
def _names() -> dict[str, str]:
    """Return the name of each known spelling, in small letters without spaces or marks."""
    text = (files("cryptodrug_scraper.reading") / "market_names.toml").read_text("utf-8")
    spellings: dict[str, list[str]] = tomllib.loads(text)
    for market in markets().values():
        spellings[market.name] = [market.title, *market.also_called]
    by_spelling: dict[str, str] = {}
    for name, others in spellings.items():
        for spelling in (name, *others):
            key = _key(fold(spelling))
            if by_spelling.setdefault(key, name) != name:
                raise ValueError(f"{spelling!r} names two markets: {by_spelling[key]} and {name}")
    return by_spelling


@memoized
def known_market(spelling: str) -> str | None:
    """Return the name of a market that is known under this spelling, or None.

    ``Wall St. Market``, ``WSM``, ``blackMarketReloaded`` and ``The Hansa Market`` are known.
    """
    words = fold(spelling)
    names = _names()
    for key in (words, _THE.sub("", words), _MARKET.sub("", words), _THE.sub("", _bare(words))):
        if (name := names.get(_key(key))) is not None:
            return name
    return None


def _bare(words: str) -> str:
    return _MARKET.sub("", words)


@memoized
def market_name(spelling: str) -> str:
    """Return a market's name as the contract spells it; empty for a text without letters.

    One that is not known is written small, its words joined by ``_``, without a "Market"
    behind: ``Some New Market`` and ``someNew`` are ``some_new``.
    """
    known = known_market(spelling)
    if known is not None:
        return known
    return _bare(fold(_INNER_CAPITAL.sub(" ", spelling))).replace(" ", "_")
