"""Which substance a listing sells, in the groups of the EMCDDA: by its category, then its title.

What is what stands in `data/substances.toml`, which researchers can read, correct, or replace
(`read_mapping(path)`). Groups: cannabis, cocaine, opioids, amphetamines, mdma, hallucinogens,
dissociatives, benzodiazepines, medicines, nps, other_drugs, not_drugs, unknown.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from cryptodrug_scraper.normalise.packages import Package, SoldBy, read_package
from cryptodrug_scraper.normalise.text import RAW, fold

Source = Literal["category", "title", "none"]

NOT_DRUGS, UNKNOWN = "not_drugs", "unknown"
_LONGEST = 5
"""Most words of a name."""
_FUZZY = 7
"""Shortest name that is found with one letter wrong."""


class MappingError(ValueError):
    """The mapping file says something that cannot be used; the message says what and where."""


class Verdict(NamedTuple):
    """What a listing sells: group, detail within it (or None), what told it, how it is sold."""

    group: str
    detail: str | None
    source: Source
    sold_by: SoldBy | None


class _Category(NamedTuple):
    group: str | None
    detail: str | None
    also: frozenset[str]
    vague: bool


class _Found(NamedTuple):
    """A name found in a title."""

    at: int
    detail: str
    strong: bool


@dataclass(frozen=True)
class SubstanceMap:
    """A mapping file, ready for use; `classify` is what it is for."""

    groups: Mapping[str, str]
    """Code of a group to its name."""
    details: Mapping[str, str]
    """Code of a detail to its group's."""
    _sold_by: Mapping[tuple[str, str | None], SoldBy | None]
    _categories: Mapping[str, _Category]
    _words: Mapping[str, tuple[str, bool]]
    _fuzzy: Mapping[str, str]
    _as_pills: Mapping[str, str]
    _inferred: tuple[str, int, int] | None
    _seen: dict[tuple[tuple[str, ...], str], Verdict] = field(default_factory=dict, repr=False)

    def classify(self, category: Sequence[str], title: str) -> Verdict:
        """Say what a listing sells, by its category (from the root down) and title.

        Never raises: without evidence the group is ``unknown`` and the source ``none``.
        """
        place, key = self._place(category), title[:RAW]
        found = list(self._names(key))
        if place is None:
            return self._by_title(found, key, None)
        if place.group is None:
            drugs = [f for f in found if f.strong or self.details[f.detail] != NOT_DRUGS]
            return self._by_title(drugs, key, place.also or None)
        if place.group == NOT_DRUGS:
            return self._verdict(NOT_DRUGS, None, "category")
        within = [f for f in found if self.details[f.detail] == place.group]
        if place.also and not any(f.strong for f in within):
            for name in found:
                if name.strong and self.details[name.detail] in place.also:
                    return self._verdict(self.details[name.detail], name.detail, "title")
        return self._verdict(place.group, self._detail(place, within, key), "category")

    def _detail(self, place: _Category, within: list[_Found], title: str) -> str | None:
        best = next((f for f in within if f.strong), None)
        if best is None and place.detail is None:
            best = next(iter(within), None)
            if best is None and self._looks_like_pills(title):
                return self._inferred[0] if self._inferred_in(place.group) else None  # type: ignore[index]
        if best is None or (place.detail and not self._narrower(best.detail, place.detail)):
            return place.detail
        return self._pills(best.detail, title)

    def _narrower(self, named: str, placed: str) -> bool:
        """Say whether a title may correct the detail that the category gives."""
        return self._as_pills.get(named) != placed

    def _inferred_in(self, group: str | None) -> bool:
        return self._inferred is not None and self.details[self._inferred[0]] == group

    def _by_title(self, found: list[_Found], title: str, allowed: frozenset[str] | None) -> Verdict:
        if allowed is not None:
            found = [f for f in found if self.details[f.detail] in allowed]
        drugs = [f for f in found if self.details[f.detail] != NOT_DRUGS]
        if any(f.strong and self.details[f.detail] == NOT_DRUGS for f in found):
            return self._verdict(NOT_DRUGS, None, "title")
        best = next((f for f in drugs if f.strong), None) or next(iter(drugs), None)
        if best is not None:
            detail = self._pills(best.detail, title)
            return self._verdict(self.details[detail], detail, "title")
        if self._inferred is not None and self._looks_like_pills(title):
            group = self.details[self._inferred[0]]
            if allowed is None or group in allowed:
                return self._verdict(group, self._inferred[0], "title")
        if found:  # only names that drugs have not
            return self._verdict(NOT_DRUGS, None, "title")
        return Verdict(UNKNOWN, None, "none", None)

    def _verdict(self, group: str, detail: str | None, source: Source) -> Verdict:
        if group == NOT_DRUGS:
            return Verdict(group, None, source, None)
        return Verdict(group, detail, source, self._sold_by.get((group, detail)))

    def _pills(self, detail: str, title: str) -> str:
        instead = self._as_pills.get(detail)
        if instead is None:
            return detail
        package = read_package(title, "piece")
        return instead if package.unit == "piece" or _TABLETS.search(fold(title)) else detail

    def _looks_like_pills(self, title: str) -> bool:
        if self._inferred is None:
            return False
        package = read_package(title, "piece")
        if package.unit != "piece" or package.strength_mg is None:
            return False
        return self._inferred[1] <= package.strength_mg <= self._inferred[2]

    def _place(self, category: Sequence[str]) -> _Category | None:
        levels = [_fold(level) for level in category]
        vague: _Category | None = None
        for at in range(len(levels) - 1, -1, -1):
            known = self._categories.get(f"{levels[at - 1]} > {levels[at]}") if at else None
            known = known or self._categories.get(levels[at])
            if known is None:  # a name that the file does not list may hold a substance's
                known = self._place_named(category[at])
            if known is not None and not known.vague:
                return known
            vague = vague or known
        return vague

    def _place_named(self, level: str) -> _Category | None:
        names = [f for f in self._names(level) if f.strong]
        groups = {self.details[f.detail] for f in names}
        if len(groups) != 1:
            return None
        return _Category(groups.pop(), names[0].detail, frozenset(), False)

    def _names(self, title: str) -> Iterator[_Found]:
        """Yield the names in a title, in its order, the longest at each word."""
        words = _fold(title).split()
        at = 0
        while at < len(words):
            for count in range(min(_LONGEST, len(words) - at), 0, -1):
                name = " ".join(words[at : at + count])
                known = self._words.get(name)
                if known is None and count == 1:
                    known = self._nearly(name)
                if known is not None:
                    yield _Found(at, *known)
                    at += count - 1
                    break
            at += 1

    def _nearly(self, word: str) -> tuple[str, bool] | None:
        bare = word.lstrip("0123456789")  # 100xanax
        if bare != word and (known := self._words.get(bare)):
            return known
        if len(bare) < _FUZZY - 1 or not bare.isalpha():
            return None
        for part in (bare, *_without_one(bare)):
            near = self._fuzzy.get(part)
            if near is not None and _one_apart(bare, near):
                return self._words[near]
        return None


_TABLETS = re.compile(
    r"\b(?:pills?|pils|pillen|tablets?|tabs|tabletten|pilules?|pressed|presses)\b"
)


def _fold(text: str) -> str:
    return fold(text.replace(".", " ") if "." in text else text)


def _without_one(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


def _one_apart(a: str, b: str) -> bool:
    """Say whether two words differ by one letter: wrong, missing, too many, or two swapped."""
    if abs(len(a) - len(b)) > 1:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    x, y = a[start:], b[start:]
    return x[1:] == y[1:] or x[1:] == y or x == y[1:] or (x[1::-1] + x[2:] == y and len(x) > 1)


def amount_of(verdict: Verdict, title: str) -> Package:
    """Return the amount that a title states, read as what is sold; none of what is no drug."""
    if verdict.group == NOT_DRUGS:
        return Package()
    return read_package(title, verdict.sold_by)


def read_mapping(path: Path | None = None) -> SubstanceMap:
    """Read a mapping file, by default the one of the project.

    Raises MappingError for a group or detail that is not there, a name that means two things,
    an unknown key, or a file that is no TOML.
    """
    return _bundled() if path is None else _parsed(path.read_text("utf-8"), str(path))


@lru_cache(maxsize=1)
def _bundled() -> SubstanceMap:
    text = (files("cryptodrug_scraper.study") / "data" / "substances.toml").read_text("utf-8")
    return _parsed(text, "substances.toml")


def _parsed(text: str, where: str) -> SubstanceMap:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{where} is no TOML: {error}.") from None
    _closed(data, ("group", "category", "substance", "inference"), where)
    groups: dict[str, str] = {}
    sold_by: dict[tuple[str, str | None], SoldBy | None] = {}
    for code, told in data.get("group", {}).items():
        _closed(told, ("name", "sold_by"), f"{where}, group {code}")
        groups[code] = str(told["name"])
        sold_by[code, None] = _sold(told, f"{where}, group {code}")
    if missing := {NOT_DRUGS, UNKNOWN} - groups.keys():
        raise MappingError(f"{where} needs the groups {', '.join(sorted(missing))}.")
    details: dict[str, str] = {}
    words: dict[str, tuple[str, bool]] = {}
    as_pills: dict[str, str] = {}
    for code, told in data.get("substance", {}).items():
        here = f"{where}, substance {code}"
        _closed(told, ("group", "sold_by", "words", "weak", "as_pills"), here)
        if told.get("group") not in groups:
            raise MappingError(f"{here}: there is no group {told.get('group')!r}.")
        details[code] = told["group"]
        group_and_detail = (told["group"], code)
        sold_by[group_and_detail] = _sold(told, here) or sold_by[told["group"], None]
        if "as_pills" in told:
            as_pills[code] = told["as_pills"]
        for key, strong in (("words", True), ("weak", False)):
            for name in _names(told.get(key, ()), here):
                other = words.get(name)
                if other is not None and other[0] != code:
                    raise MappingError(f"{here}: {name!r} also means {other[0]}.")
                words[name] = (code, strong or (other is not None and other[1]))
    for code in (*as_pills.values(), data.get("inference", {}).get("substance")):
        if code is not None and code not in details:
            raise MappingError(f"{where}: there is no substance {code!r}.")
    return SubstanceMap(
        groups,
        details,
        sold_by,
        _categories(data.get("category", ()), groups, details, where),
        words,
        _neighbours(words),
        as_pills,
        _inference(data.get("inference"), where),
    )


def _categories(
    told: Iterable[Any], groups: Mapping[str, str], details: Mapping[str, str], where: str
) -> dict[str, _Category]:
    found: dict[str, _Category] = {}
    for entry in told:
        here = f"{where}, category {next(iter(entry.get('names', ())), '?')!r}"
        _closed(entry, ("names", "group", "detail", "also", "vague"), here)
        group, detail = entry.get("group"), entry.get("detail")
        also = frozenset(entry.get("also", ()))
        if unknown := ({group} - {None} | also) - groups.keys():
            raise MappingError(f"{here}: there is no group {', '.join(map(repr, unknown))}.")
        if detail is not None and details.get(detail) != group:
            raise MappingError(f"{here}: {detail!r} is no substance of {group}.")
        category = _Category(group, detail, also, bool(entry.get("vague")))
        for name in _names(entry.get("names", ()), here):
            if found.setdefault(name, category) != category:
                raise MappingError(f"{here}: {name!r} stands in two categories.")
    return found


def _names(told: Iterable[str], here: str) -> Iterator[str]:
    for name in told:
        folded = " > ".join(_fold(level) for level in name.split(">"))
        if not folded or len(folded.split()) > _LONGEST + 2:
            raise MappingError(f"{here}: {name!r} has no letters, or too many words.")
        yield folded


def _sold(told: Mapping[str, Any], here: str) -> SoldBy | None:
    value = told.get("sold_by")
    if value is not None and value not in get_args(SoldBy):
        raise MappingError(f"{here}: sold_by is weight, piece or volume, not {value!r}.")
    return value


def _closed(told: Mapping[str, Any], keys: Iterable[str], here: str) -> None:
    if unknown := sorted(told.keys() - set(keys)):
        raise MappingError(f"{here}: unknown key {', '.join(unknown)}.")


def _inference(told: Mapping[str, Any] | None, where: str) -> tuple[str, int, int] | None:
    if told is None:
        return None
    _closed(told, ("pills_of_mg", "substance"), f"{where}, inference")
    low, high = told["pills_of_mg"]
    return str(told["substance"]), int(low), int(high)


def _neighbours(words: Mapping[str, tuple[str, bool]]) -> dict[str, str]:
    """Return the long names by themselves and by themselves without any one letter."""
    found: dict[str, str] = {}
    for name, (_, strong) in words.items():
        if strong and len(name) >= _FUZZY and name.isalpha():
            for part in (name, *_without_one(name)):
                found.setdefault(part, name)
    return found
