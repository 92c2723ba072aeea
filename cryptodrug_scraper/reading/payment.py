"""Ways to pay and coins, in the words that markets state them with."""

from __future__ import annotations

import re

from cryptodrug_scraper.reading.cuts import MORE
from cryptodrug_scraper.reading.damage import LOST
from cryptodrug_scraper.reading.memoize import memoized
from cryptodrug_scraper.reading.reader import Reader
from cryptodrug_scraper.records import Listing

_EARLY = r"finali[sz]ed?[\s-]*early(?:\s*\(FE\))?|fe\b"
_KEYS = r"\(?\b\d\s*(?:/|-?of-?|\s+of\s+)\s*\d\b\)?"  # 2/3, 2 of 3
_WORD = re.compile(
    rf"""
    (?P<none>\b(?:no|not|without)\s+(?:multi-?\s?sig|{_EARLY}))
  | (?P<no_escrow>^no$|\b(?:no|not|without)\s+escrow)
  | (?P<share>\d{{1,3}})\s*%\s*(?P<of>{_EARLY}|escrow)(?:\s+listing)?
  | (?P<of_>\b(?:{_EARLY}|escrow))(?:\s+listing)?\s*\(?(?P<share_>\d{{1,3}})\s*%\)?
  | (?P<partial_escrow>\bpartial(?:ly)?(?:\s+(?:escrow|{_EARLY})|$))
  | (?P<finalize_early>(?:\bfull\s+)?\b(?:{_EARLY})(?:\s+listing)?)
  | (?P<multisig>(?:{_KEYS}\s*)?multi-?\s?sig(?:nature)?(?:\s+escrow)?(?:\s*{_KEYS})?)
  | (?P<escrow>(?:\b(?:full|normal|with)\s+)?escrow|^yes$)
    """,
    re.I | re.X,
)
_LABEL = re.compile(r"(?:accepted\s+)?payments?(?:\s+(?:methods?|types?))?\s*:", re.I)
_BETWEEN_WAYS = re.compile(r"[,;|&+·•]|(?<!\d)\s*/|/\s*(?!\d)|\b(?:and|or)\b", re.I)
_BETWEEN_WORDS = re.compile(r"[\s()./–-]+")

_COINS = {"bitcoin": "BTC", "bitcoin cash": "BCH", "litecoin": "LTC", "monero": "XMR"}
_COIN = re.compile(r"(?P<name>.*?)\s*(?:\((?P<code>\w+)\))?")


def read_payment(
    listing: Listing, text: str, reader: Reader, *, without_escrow: str | None = None
) -> None:
    """Add the ways to pay that a text names; words that are none of them are a warning.

    "50% Finalize Early" is ``partial_escrow``: part is paid at once, part waits in escrow.
    ``without_escrow`` is the way that "No escrow" means, in a market in which it means one.
    """
    ways, unknown = _ways(text, without_escrow)
    listing.payment += [way for way in ways if way not in listing.payment]
    for words in unknown:
        reader.warn("listing.payment", "unknown payment word", words)
    if reader.readings is not None:
        reader.note("listing.payment", " ".join(text.split()), list(listing.payment))


@memoized
def _ways(text: str, without_escrow: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ways to pay that a text names, and the words in it that are none."""
    label = _LABEL.match(text)
    stated = " ".join((text[label.end() :] if label else text).split())
    ways: dict[str, None] = {}
    unknown = []
    for part in map(str.strip, _BETWEEN_WAYS.split(stated)):
        # "N\ufffd escrow" is not escrow
        words = [] if LOST in part or MORE in part else list(_WORD.finditer(part))
        for word in words:
            way = without_escrow if word["no_escrow"] else _way(word)
            if way is not None:
                ways[way] = None
                part = part.replace(word.group(), " ", 1)
        if rest := " ".join(_BETWEEN_WORDS.sub(" ", part).split()):
            unknown.append(rest)
    return tuple(ways), tuple(unknown if ways else [stated] if unknown else [])


def _way(word: re.Match[str]) -> str | None:
    """Return the contract's name of one payment word, None for one that denies."""
    share = word["share"] or word["share_"]
    if share is None:
        return word.lastgroup if word.lastgroup != "none" else None
    escrow = (word["of"] or word["of_"]).casefold() == "escrow"
    early = 100 - int(share) if escrow else int(share)
    if 0 < early < 100:
        return "partial_escrow"
    return {0: "escrow", 100: "finalize_early"}.get(early)


def read_coin(listing: Listing, text: str, reader: Reader, *, accepted: bool = True) -> None:
    """Add a coin that can be paid with, of ``Bitcoin``, ``Monero (XMR)`` or ``btc``.

    One that the page names and does not accept is not added.
    """
    coin = _coin(text)
    if coin is None:
        reader.warn("listing.currencies", "unknown coin", text)
    elif not accepted:
        coin = None
    elif coin not in listing.currencies:
        listing.currencies.append(coin)
    reader.note("listing.currencies", text, coin)


@memoized
def _coin(text: str) -> str | None:
    """Return the code of a coin that a text names."""
    match = _COIN.fullmatch(" ".join(text.split()))
    names = (match["code"], match["name"]) if match is not None else ()
    codes = [name.upper() for name in names if name and name.upper() in _COINS.values()]
    return codes[0] if codes else _COINS.get(names[-1].casefold() if names else "")
