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

from cryptodrug_scraper.normalise.place_table import (
    FIRST,
    LEAD,
    TABLES,
    TRAIL,
    UNKNOWN,
    WORD_CODES,
    Codes,
)
from cryptodrug_scraper.normalise.text import fold, squeeze

LIMIT = 20_000  # characters of a field that are read at all
_CACHED = 400  # characters of a text that is worth remembering
_RUN = 4  # pieces that one name can be cut into
_AROUND = 8  # words before or after a name that are looked through
_KEEP = 200  # characters kept of a piece, and pieces kept, that were not understood


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

_VAGUE = re.compile(
    r"(?:certain|some|selected|specific|(?:the )?following|these|those) "
    r"(?:countries|places|regions|locations|destinations)(?: only)?"
)

_NO_EXCEPTION = re.compile(
    r"\b(?:no|without|with no|without any|zero) (?:exceptions?|exclusions?|restrictions?)\b", re.I
)
_MARKS = re.compile(
    r"""
    (?P<exclude>
        \b(?:with|other\ than)?\ ?(?:the\ |some\ )?
          (?:exceptions?|exclusions?|except(?:ing|ed)?|exclud(?:ing|es?|ed)|excl|exc)\b\.?
          (?:\ (?:for|of|to|from|in)\b)?(?:\ the\ following\b)?\ ?:?
      | \b(?:but\ (?:we\ (?:do\ not|don['’]?t)\ ship\ to|not|no)|but|other\ than|apart\ from
          |aside\ from|besides|without|minus|not|ohne|au(?:ss|ß)er|ausgenommen|ausser|nicht|sauf
          |hors|except[ée]|except[uo]ando|excepto|menos|salvo|behalve|uitgezonderd|niet|zonder
          |buiten)\b(?:\ (?:to|for|from|nach|in|naar)\b)?\ ?:?
      | \bno[nt]?\b(?=\ \w)(?!\ (?:and|und|et|y|e|en|or|oder|ou|no)\b)(?:\ (?:to|for)\b)?
    )
  | (?P<open>[(\[{])
  | (?P<close>[)\]}])
  | (?P<wall>[;|•·+]|\ [-–—>]+\ |(?<=[^\W\d_]{4})\.\ )
  | (?P<comma>[,،、])
  | (?P<join>/|\ ?&\ ?|\ (?:and|und|et|y|e|en|or|oder|ou|as\ well\ as|plus)(?=\ ))
    """,
    re.I | re.X,
)
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


def _code(raw: str, *, in_list: bool) -> Codes | None:
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


def _name(raw: str, *, in_list: bool = False) -> Codes | None:
    """Look up one piece: a name, a code, or either with words around it that change nothing.

    No codes where it holds nothing but such words; None where it is not understood.
    """
    if len(raw) > _KEEP:
        return None
    found = _code(raw, in_list=in_list) or _NAMES.get(fold(raw))
    if found:
        return found
    words = raw.split()
    first, last = 0, len(words)
    while first < min(last, _AROUND) and fold(words[first]) in LEAD:
        first += 1
        rest = " ".join(words[first:last])
        if found := _code(rest, in_list=False) or _NAMES.get(fold(rest)):
            return found
    if _VAGUE.fullmatch(fold(" ".join(words[first:last]))):
        return ()
    end = last - _AROUND
    while max(first, end) < last and fold(words[last - 1]) in TRAIL:
        last -= 1
        rest = " ".join(words[first:last])
        if found := _code(rest, in_list=False) or _NAMES.get(fold(rest)):
            return found
    return () if first == last else None


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
        elif piece.kind in ("exclude", "wall"):
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
    if len(words) < 2 or any(p.kind == "exclude" for p in pieces):
        return False
    return all(
        len(w) <= 3 and (w.upper() in _CODES or fold(w) in _NAMES) and w.isascii() for w in words
    )


def _read(text: str) -> PlacesRead:
    if not text:
        return _NOTHING
    key = fold(text) if len(text) <= _KEEP else ""
    if codes := _code(text, in_list=False) or (
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
        if ("NO" not in words or len(words) > 3) and all(
            w in _CODES or fold(w) in _NAMES for w in words
        ):
            text = ", ".join(words)
    text = _NO_EXCEPTION.sub(" ", text)
    return _walk(text, _pieces(text))


def _walk(text: str, pieces: list[_Piece]) -> PlacesRead:
    """Read the pieces in order, keeping track of brackets and of what is excluded."""
    in_list = _all_codes(text, pieces)
    served: dict[str, None] = {}
    excluded: dict[str, None] = {}
    unknown: dict[str, None] = {}
    outer: list[bool] = []  # whether the text around each open bracket was excluded
    closings = 0  # brackets that a name has swallowed
    excluding = excepted = vague = False
    i = 0
    while i < len(pieces):
        piece = pieces[i]
        i += 1
        if piece.kind == "exclude":
            if _is_norway(text, piece, pieces, i):
                served["NO"] = None
            else:
                excluding = excepted = True
        elif piece.kind == "open":
            outer.append(excluding)
        elif piece.kind == "close":
            if closings:
                closings -= 1
            elif outer:
                excluding = outer.pop()
        if piece.kind != "text":
            continue
        side = excluded if excluding else served
        raw = text[piece.start : piece.end]
        run = _run(text, pieces, i - 1)
        if run:
            codes: Codes | None = run[0]
            inside = [p.kind for p in pieces[i : run[1]]]
            closings += max(0, inside.count("open") - inside.count("close"))
            i = run[1] + 1
        else:
            codes = _name(raw, in_list=in_list)
        if codes is None:
            if fold(raw) in TABLES.blank:
                continue
            side[UNKNOWN] = None
            if len(unknown) < _KEEP:
                unknown[raw[:_KEEP]] = None
            continue
        vague = vague or not codes
        side.update(dict.fromkeys(codes))
    if excepted and not excluded:
        excluded[UNKNOWN] = None
        unknown[text[:_KEEP]] = None
    if vague and not (served or excluded):
        served[UNKNOWN] = None
        unknown[text[:_KEEP]] = None
    return PlacesRead(tuple(served), tuple(excluded), tuple(unknown))


def _is_norway(text: str, mark: _Piece, pieces: list[_Piece], following: int) -> bool:
    """Tell "NO" the country from "NO" the word: a comma, bracket or nothing must follow it."""
    if text[mark.start : mark.end] != "NO":
        return False
    return following >= len(pieces) or pieces[following].kind not in ("text", "open")


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


@lru_cache(maxsize=8192)
def _read_place(text: str) -> str | None:
    text = squeeze(text)
    codes = _code(text, in_list=False) or _NAMES.get(fold(text))
    if codes is None and text:
        read = _read(text)
        if read.excluded or UNKNOWN in read.served:
            return None
        codes = read.served
    return codes[0] if codes and len(codes) == 1 else None


def read_place(text: str) -> str | None:
    """Return the code of the one place that a text names, or None (none, several, unknown)."""
    return _read_place(text) if len(text) <= _CACHED else None
