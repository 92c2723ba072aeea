"""The table of places (``place_names.tsv``) and the words that stand around their names."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from cryptodrug_scraper.normalise.text import fold, words

UNKNOWN = "UNKNOWN"
_REGIONS = words("WORLD EU EUROPE ASIA AFRICA NORTH_AMERICA SOUTH_AMERICA OCEANIA MIDDLE_EAST")
Codes = tuple[str, ...]


class Tables(NamedTuple):
    """The table in the forms that a look-up needs."""

    english: dict[str, str]
    names: dict[str, Codes]  # folded spelling -> codes
    comma: frozenset[str]  # folded spellings that hold a comma
    codes: dict[str, str]  # BE, BEL -> BE
    blank: frozenset[str]  # "N/A", "Undeclared": nothing is stated


def _load() -> Tables:
    """Read ``place_names.tsv``; a spelling that stands for two places is an error."""
    english: dict[str, str] = {}
    names: dict[str, Codes] = {}
    comma: set[str] = set()
    codes: dict[str, str] = {}
    blank: set[str] = set()
    text = Path(__file__).with_name("place_names.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        left, name, others = line.split("\t")
        spellings = others.split("|") if others else []
        if left == "-":
            blank.update(fold(s) for s in spellings)
            continue
        places = tuple(left.split())
        if name != "-":
            for code in places:
                codes[code] = places[0]
            places = places[:1]
            english[places[0]] = name
            spellings.append(name)
        if places == (UNKNOWN,):
            continue
        for spelling in spellings:
            key = fold(spelling)
            if names.setdefault(key, places) != places:
                raise ValueError(f"place_names.tsv: {spelling!r} names two places")
            if "," in spelling and "(" not in spelling:
                comma.add(key)
    del codes[UNKNOWN]
    return Tables(english, names, frozenset(comma), codes, frozenset(blank))


TABLES = _load()
FIRST = frozenset(key.partition(" ")[0] for key in TABLES.names if " " in key)
"""First words of the names that have several."""


def kind_of(place: str) -> str:
    """Return what the code of a place stands for: country, region, or other (INTERNET, UNKNOWN)."""
    if place in _REGIONS:
        return "region"
    return "country" if len(place) == 2 else "other"


def country_of(text: str) -> str:
    """Return the code of the country that a code, or a name in `place_names.tsv`, stands for.

    `text` is folded as pages' fields are: "be", "BEL" and "Belgique" are BE. For whoever asks for
    a country, and so means one: "NA" is Namibia here, while in a page's field it says that nothing
    is stated (`places.read_places`), and "no" and "it" are words there. Raises ValueError, with a
    sentence to show, for what is no country: a region says that it is one.
    """
    stated = text.strip()
    code = TABLES.codes.get(stated.upper())
    if code is None:
        named = TABLES.names.get(fold(stated), ())
        code = named[0] if len(named) == 1 else None
    if code is not None and kind_of(code) == "region":
        raise ValueError(f"{text!r} is a region, not a country.")
    if code is None or kind_of(code) != "country":
        raise ValueError(f"{text!r} is no country.")
    return code


# Alpha-2 codes that are ordinary words in one of the languages when not in capitals.
WORD_CODES = words(
    "ad al am an as at au be bi by ca co da de do ec es et eu fm ge gm hm hr id il im in io is it"
    " la ma me mg ml mm mo mr ms mu my na ne no pa pe pm ps sa se si so st su sx tc th tk tm to tv"
    " ve vs"
)

# Words around a name that do not change it: "ships to", "all of", "EU only", "nur Deutschland".
LEAD = words(
    "a all alleen also anywhere au aus aux available binnen das de deliver delivered delivers"
    " delivery der desde die dispatch dispatched dispatches el est everywhere for free from i"
    " in innerhalb inside into just la las le les los naar nach nur of only orders post posted"
    " posting send sending seulement ship shipped shipping ships solo that the to uit"
    " uniquement van vers von we within"
)
TRAIL = words(
    "addresses alleen area buyers countries country customers delivery domestic mainland member"
    " members nations nur only orders post residents seulement shipments shipping solo"
    " uniquement zone"
)
