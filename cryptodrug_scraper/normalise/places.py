"""Place codes from what a page's own field says: names, codes and phrases.

The field is cut at commas, slashes, brackets, "and" and the like; the pieces are looked up
in ``place_names.tsv``, longest run of pieces first, so that ``Bosnia and Herzegovina`` or
``Korea, Republic of`` stay whole. What follows "except", "no", "but not" … is excluded.

Two-letter codes that are words as well ("in", "no", "it", "de") count as codes in capitals,
or in a list that holds nothing but codes ("be, nl, de"). Places that are gone: Yugoslavia is
read as Serbia (``RS``), the Netherlands Antilles as Curaçao (``CW``), the seat of each one's
government. Empire marks continents "(c)": ``Australia(c)`` is ``OCEANIA``; ``Antarctica(c)``
has no region code and is ``AQ``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from cryptodrug_scraper.normalise.place_pieces import (
    LONGEST,
    begins_with_place,
    code_of,
    is_region,
    name_of,
)
from cryptodrug_scraper.normalise.place_table import FIRST, TABLES, UNKNOWN, Codes
from cryptodrug_scraper.normalise.spelling import Nearly
from cryptodrug_scraper.normalise.text import fold, squeeze

LIMIT = 20_000  # characters of a field that are read at all
_CACHED = 400  # characters of a text that is worth remembering
_RUN = 4  # pieces that one name can be cut into
_KEEP = LONGEST  # characters kept of a piece, and pieces kept, that were not understood


class PlacesRead(NamedTuple):
    """Place codes in page order without repeats; ``unknown`` holds the pieces not understood."""

    served: tuple[str, ...]
    excluded: tuple[str, ...]
    unknown: tuple[str, ...]


_NOTHING = PlacesRead((), (), ())
_NAMES = TABLES.names
_CODES = TABLES.codes

PLACE_NAMES: dict[str, str] = TABLES.english
"""English name of every code: ISO 3166-1 alpha-2, XK, the regions, INTERNET and UNKNOWN."""

_NO_EXCEPTION = re.compile(
    r"\b(?:no|without|with no|without any|zero) (?:exceptions?|exclusions?|restrictions?)\b", re.I
)
_MARKS = re.compile(
    r"""
    (?P<after>
        \b\ ?(?:(?:is|are|wird|sont|zijn)\ )?(?:excluded|exclu(?:e?s|es?|ido)?|excepted|exclud[ée]s?
          |not\ included|not\ available|not\ served|exempt(?:ed)?|ausgeschlossen|ausgenommen
          |uitgesloten|uitgezonderd)\b\ ?:?
    )
  | (?P<exclude>
        (?:\bà\ )?\bl['’]exception\ (?:de\ la|de|du|des)\b
      | \b(?:with|other\ than|mit|met|avec|à|a)?\ ?(?:the\ |some\ |l['’])?
          (?:exceptions?|exclusions?|except(?:ing|ed)?|exclud(?:ing|es?|ed)|excl|exc|exkl(?:usive)?
            |exclusive|exclusi(?:ef|f)|exempt|ausnahmen?|uitzondering|uitgezonderd|ex)\b\.?
          (?:\ (?:for|of|to|from|von|van|du|des|(?-i:in|de\ la|de))\b)?(?:\ the\ following\b)?\ ?:?
      | \b(?:but\ )?(?:(?:we|i)\ )?(?:do\ not|don['’]?t|does\ not|doesn['’]?t|will\ not|won['’]?t
          |can(?:['’]?t|not))\ (?:ship|send|deliver|post|sell)(?:\ to)?\b\ ?:?
      | \b(?:no|not|kein(?:e[nr]?)?|geen|pas\ de|sans)\ (?:ship(?:ping|ments?)?|sending
          |deliver(?:y|ies|ing)|orders?|sales?|selling|versand|lieferung(?:en)?|verzending
          |levering|livraisons?|envois?|envíos?)
          (?:\ (?:to|for|from|into|nach|naar|en|aux|vers|(?-i:in|au|a)))?\b\ ?:?
      | \b(?:but\ (?:not|no)|but|other\ than|apart\ from|outside(?:\ of)?|excepto|excluyendo
          |aside\ from|besides|without|w/o|minus|not|ohne|au(?:ss|ß)er(?:halb)?|ausgenommen|ausser
          |ausgeschlossen|nicht|sauf|hors|except[ée]s?|except[uo]ando|menos|salvo|behalve|uitgesloten
          |niet|zonder|buiten|geen|kein(?:e[nr]?)?|pas)\b
          (?:\ (?:to|for|from|the|nach|naar|le|les|en|aux|(?-i:in|la|au))\b)?\ ?:?
      | \bno[nt]?\b(?=\ \w)(?!\ (?:and|und|et|y|e|en|or|oder|ou|no)\b)(?:\ (?:to|for)\b)?
      | (?<=[\s(,])[!≠](?=\ ?\w) | (?<=\w\ )[-–](?=[^\W\d_])
    )
  | (?P<open>[(\[{])
  | (?P<close>[)\]}])
  | (?P<wall>[;|•·+]|\ [-–—>]+\ |(?<=[^\W\d_]{4})\.\ )
  | (?P<comma>[,،、])
  | (?P<join>/|\ ?&\ ?|\ (?:and|und|et|y|e|en|or|oder|ou|as\ well\ as|plus)(?=\ ))
    """,
    re.I | re.X,
)
_PERHAPS_SPOILT = re.compile("e[xc]|ac|No|Bu", re.I)
_SPOILT = re.compile(r"\b[ea][a-z]{3,11}\b", re.I)
_GLUED = re.compile(
    r"(?<![^\W\d_])((?i:except|exept|excluding|exluding|excl|exkl|exc))\.?([^\W\d_]{2,})"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=Ex[ce]|But[A-Z]|Not?[A-Z])")
_RIGHT = Nearly(("except", "exception", "exceptions", "excluding", "exclude", "excluded"))
_SPOILT_WORDS = Nearly(("exept", "exepts", "exeption", "exeptions", "exluding", "exsept", "execpt"))
_DOUBTFUL = Nearly(("expect", "accept", "acept"))
_NORDIC = frozenset(("DK", "FI", "IS", "NO", "SE"))
_SPACED_CODES = re.compile(r"[A-Z]{2}(?: [A-Z]{2})+")
_LABEL = re.compile(
    r"(?:only |we )?(?:ships?|shipping|deliver(?:s|y)?|sen(?:ds?|ding)|origin(?: country)?)"
    r"(?: (?:only|to|from))* ?:? ?",
    re.I,
)


class _Piece(NamedTuple):
    start: int
    end: int
    kind: str  # "text", or the name of the mark


def _pieces(text: str) -> list[_Piece]:
    """Cut a text at its marks; pieces of text are trimmed, empty ones left out."""
    found: list[_Piece] = []
    at = 0

    def take(start: int, end: int) -> None:
        while start < end and text[start] in " .:-–—*_\"'“”„«»":
            start += 1
        while end > start and text[end - 1] in " :-–—*_\"'“”„«»":
            end -= 1
        if start < end:
            found.append(_Piece(start, end, "text"))

    for mark in _MARKS.finditer(text):
        take(at, mark.start())
        found.append(_Piece(mark.start(), mark.end(), mark.lastgroup or "wall"))
        at = mark.end()
    take(at, len(text))
    return found


def _run(text: str, pieces: list[_Piece], i: int) -> tuple[Codes, int] | None:
    """Read the longest run of pieces from ``i`` that is one name; give codes and its last piece."""
    best: tuple[Codes, int] | None = None
    if fold(text[pieces[i].start : pieces[i].end][:_KEEP]).partition(" ")[0] not in FIRST:
        return None
    seen = 1
    comma = False
    for j in range(i + 1, min(len(pieces), i + 4 * _RUN)):
        piece = pieces[j]
        if piece.kind == "comma":
            comma = comma or not (j + 1 < len(pieces) and pieces[j + 1].kind == "open")
        elif piece.kind in ("exclude", "after", "wall"):
            break
        if piece.kind != "text":
            continue
        seen += 1
        if seen > _RUN or piece.end - pieces[i].start > _KEEP:
            break
        key = fold(text[pieces[i].start : piece.end])
        codes = _NAMES.get(key)
        if codes and (not comma or key in TABLES.comma):
            best = codes, j
    return best


def _all_codes(text: str, pieces: list[_Piece]) -> bool:
    """Tell whether a text is a list of two codes or more and nothing else."""
    words = [text[p.start : p.end] for p in pieces if p.kind == "text"]
    if len(words) < 2 or any(p.kind in ("exclude", "after") for p in pieces):
        return False
    return all(
        len(w) <= 3 and (w.upper() in _CODES or fold(w) in _NAMES) and w.isascii() for w in words
    )


def _read(text: str) -> PlacesRead:
    if not text:
        return _NOTHING
    key = fold(text) if len(text) <= _KEEP else ""
    if codes := code_of(text, in_list=False) or (
        _NAMES.get(key) if "," not in text or key in TABLES.comma else None
    ):
        return PlacesRead(codes, (), ())
    if (not key and len(text) <= _KEEP) or key in TABLES.blank:
        return _NOTHING  # "-", "?", "N/A"
    label = _LABEL.match(text)
    if label:
        text = text[label.end() :]
        if not text:
            return _NOTHING
    if _SPACED_CODES.fullmatch(text) and len(text) <= _CACHED:
        words = text.split(" ")
        norway = "NO" not in words or (len(words) > 3 or _NORDIC.issuperset(words))
        places = [code_of(w, in_list=True) or _NAMES.get(fold(w)) for w in words]
        regions = any(p is not None and is_region(p[0]) for p in places)
        if norway and all(places) and not (regions and "NO" in words):
            text = ", ".join(words)
    text = _spelt_out(_NO_EXCEPTION.sub(" ", text))
    return _Walk(text, _pieces(text)).read()


def _spelt_out(text: str) -> str:
    """Return a text with its words for "except" as they are spelt, and parted from names."""
    if not _PERHAPS_SPOILT.search(text):
        return text
    text = _CAMEL.sub(" ", text)
    text = _GLUED.sub(_parted, text)
    return _SPOILT.sub(_spelt, text)


def _parted(match: re.Match[str]) -> str:
    mark, name = match[1], match[2]
    parted = name[0].isupper() if not mark.isupper() else fold(name) in _NAMES
    parted = parted or (len(name) > 3 and fold(name) in _NAMES)
    return f"{mark} {name}" if parted else match[0]


def _spelt(match: re.Match[str]) -> str:
    word = match[0].casefold()
    if _MARKS.fullmatch(word) or word in _NAMES:
        return match[0]
    if any(_RIGHT.find(word)) or any(_SPOILT_WORDS.find(word)):
        return "except"
    if any(_DOUBTFUL.find(word)) and name_of(match.string[: match.start()].strip(" ,;:(-")):
        return "except"
    return match[0]


class _Walk:
    """The pieces of a text in order, with what is served and what is excluded of them."""

    def __init__(self, text: str, pieces: list[_Piece]) -> None:
        self._text = text
        self._pieces = pieces
        self._in_list = _all_codes(text, pieces)
        self._served: dict[str, None] = {}
        self._excluded: dict[str, None] = {}
        self._unknown: dict[str, None] = {}
        self._outer: list[bool] = []  # whether the text around each open bracket was excluded
        self._recent: list[str] = []  # served since the last bracket or wall
        self._excluding = self._excepted = False
        self._lost = False  # after words between places that cannot be read: an exclusion?
        self._vague = False
        self._closings = 0  # brackets that a name has swallowed

    def read(self) -> PlacesRead:
        """Return what the pieces say."""
        i = 0
        while i < len(self._pieces):
            if self._pieces[i].kind == "text":
                i = self._place(i)
            else:
                self._mark(i)
            i += 1
        if self._served and self._excluded == {"WORLD": None}:  # "US only, no international"
            self._excluded, self._excepted = {}, False
        if self._excepted and not self._excluded:
            self._excluded[UNKNOWN] = None
            self._unknown[self._text[:_KEEP]] = None
        if self._vague and not (self._served or self._excluded):
            self._served[UNKNOWN] = None
            self._unknown[self._text[:_KEEP]] = None
        return PlacesRead(tuple(self._served), tuple(self._excluded), tuple(self._unknown))

    def _mark(self, i: int) -> None:
        piece = self._pieces[i]
        following = self._pieces[i + 1].kind if i + 1 < len(self._pieces) else ""
        sign = self._text[piece.start : piece.end]
        if piece.kind == "after" and following not in ("text", "open"):
            self._take_back()
        elif piece.kind in ("exclude", "after"):
            if sign == "NO" and following not in ("text", "open"):
                self._serve(("NO",))  # the country: a comma, a bracket or nothing follows it
            elif sign not in ("-", "–") or (self._recent and is_region(self._recent[-1])):
                self._excluding = self._excepted = True
        elif piece.kind == "open":
            self._outer.append(self._excluding)
        elif piece.kind == "close":
            if self._closings:
                self._closings -= 1
            elif self._outer:
                self._excluding = self._outer.pop()
        if piece.kind in ("open", "wall", "close"):
            self._recent.clear()
            self._lost = False

    def _take_back(self) -> None:
        """Exclude what was served last: `US and CA excluded`, after the world or the Union."""
        at = len(self._recent)
        while at and not is_region(self._recent[at - 1]):
            at -= 1
        named = self._recent[at:] or self._recent[-1:]
        for code in named:
            self._served.pop(code, None)
            self._excluded[code] = None
        self._excepted = True
        self._recent.clear()

    def _serve(self, codes: Codes) -> None:
        if self._excluding:
            self._excluded.update(dict.fromkeys(codes))
            return
        self._recent += codes
        self._served.update(dict.fromkeys(codes))

    def _place(self, i: int) -> int:
        """Read the name that begins at a piece; return its last piece."""
        raw = self._text[self._pieces[i].start : self._pieces[i].end]
        run = _run(self._text, self._pieces, i)
        if run:
            codes: Codes | None = run[0]
            inside = [p.kind for p in self._pieces[i + 1 : run[1]]]
            self._closings += max(0, inside.count("open") - inside.count("close"))
            i = run[1]
        else:
            codes = name_of(raw, in_list=self._in_list)
        if codes is None:
            if (folded := fold(raw)) and folded not in TABLES.blank:
                self._not_understood(raw)
        elif self._lost and not self._excluding:
            self._keep(raw)
        else:
            self._vague = self._vague or not codes
            self._serve(codes)
        return i

    def _not_understood(self, raw: str) -> None:
        self._keep(raw)
        begun = None if self._excluding else begins_with_place(raw)
        if begun is None:
            self._serve((UNKNOWN,))
            return
        self._lost = True  # "World xcpt Norway, Japan": Japan is not served
        if is_region(begun[0]):
            self._serve(begun)
            self._excluded[UNKNOWN] = None
        else:
            self._serve((UNKNOWN,))

    def _keep(self, raw: str) -> None:
        if len(self._unknown) < _KEEP:
            self._unknown[raw[:_KEEP]] = None


@lru_cache(maxsize=4096)
def _read_cached(text: str) -> PlacesRead:
    return _read(text)


def read_places(text: str) -> PlacesRead:
    """Read a field's text such as ``Worldwide except US, AU``.

    ``PlacesRead(served, excluded, unknown)``: codes in page order without repeats. A piece
    that is not understood gives ``UNKNOWN`` on its side, once, and stands in ``unknown``. A
    field that is empty, or says that nothing is stated ("N/A", "Undeclared", "Unknown"),
    gives three empty tuples. Exceptions that are mentioned without a list ("Worldwide with
    exceptions") give an excluded ``UNKNOWN``. Takes any string; a text of more than 20,000
    characters is not read and is unknown.
    """
    if len(text) > LIMIT:
        return PlacesRead((UNKNOWN,), (), (squeeze(text[: _KEEP * 2])[:_KEEP],))
    if len(text) > _CACHED // 4:
        text = squeeze(text)
        if len(text) > _CACHED:
            return _read(text)
        return _read_cached(text)
    return _read_raw(text)


@lru_cache(maxsize=16384)
def _read_raw(text: str) -> PlacesRead:
    return _read(squeeze(text))
