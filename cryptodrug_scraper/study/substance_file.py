"""A file of substances (`data/substances.toml`) read and checked: what it says stands in it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

from cryptodrug_scraper.normalise.packages import SoldBy
from cryptodrug_scraper.study.substance_names import (
    CERTAIN,
    LONGEST,
    USUAL,
    WEAK,
    Meaning,
    Name,
    Vocabulary,
    folded_name,
)

NOT_DRUGS, UNKNOWN = "not_drugs", "unknown"
_LEVELS = (("words", CERTAIN), ("names", USUAL), ("weak", WEAK))


class MappingError(ValueError):
    """The mapping file says something that cannot be used; the message says what and where."""


class CategoryRule(NamedTuple):
    """What a market's category says: a group, or which groups are possible, or little (vague)."""

    group: str | None
    detail: str | None
    also: frozenset[str]
    vague: bool


class Inference(NamedTuple):
    """What pieces of so many milligrams are, where nothing is named."""

    substance: str
    least_mg: int
    most_mg: int


@dataclass(frozen=True)
class Mapping:
    """All that a file says."""

    groups: dict[str, str]
    """Code of a group to its name."""
    details: dict[str, str]
    """Code of a substance to its group's."""
    sold_by: dict[tuple[str, str | None], SoldBy | None]
    categories: dict[str, CategoryRule]
    as_pills: dict[str, str]
    inferred: Inference | None
    vocabulary: Vocabulary


def parse_mapping(text: str, where: str) -> Mapping:
    """Read the text of a file; `where` is its name in messages. Raises MappingError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{where} is no TOML: {error}.") from None
    _closed(
        data,
        ("group", "category", "substance", "inference", "sets", "ambiguous", "titles"),
        where,
    )
    groups: dict[str, str] = {}
    sold_by: dict[tuple[str, str | None], SoldBy | None] = {}
    for code, group in data.get("group", {}).items():
        _closed(group, ("name", "sold_by"), f"{where}, group {code}")
        groups[code] = str(group["name"])
        sold_by[code, None] = _sold(group, f"{where}, group {code}")
    if missing := {NOT_DRUGS, UNKNOWN} - groups.keys():
        raise MappingError(f"{where} needs the groups {', '.join(sorted(missing))}.")
    details: dict[str, str] = {}
    names: dict[str, Name] = {}
    as_pills: dict[str, str] = {}
    for code, substance in data.get("substance", {}).items():
        here = f"{where}, substance {code}"
        _closed(substance, ("group", "sold_by", "as_pills", *(k for k, _ in _LEVELS)), here)
        group = substance.get("group")
        if group not in groups:
            raise MappingError(f"{here}: there is no group {group!r}.")
        details[code] = group
        sold_by[group, code] = _sold(substance, here) or sold_by[group, None]
        if "as_pills" in substance:
            as_pills[code] = substance["as_pills"]
        for key, level in _LEVELS:
            for name in _names(substance.get(key, ()), here):
                other = names.get(name)
                if other is not None and other.substance != code:
                    raise MappingError(f"{here}: {name!r} also means {other.substance}.")
                names[name] = Name(code, max(level, other.level if other else 0))
    inferred = _inference(data.get("inference"), where)
    for code in (*as_pills.values(), inferred.substance if inferred else None):
        if code is not None and code not in details:
            raise MappingError(f"{where}: there is no substance {code!r}.")
    return Mapping(
        groups,
        details,
        sold_by,
        _categories(data.get("category", ()), groups, details, where),
        as_pills,
        inferred,
        _vocabulary(data, names, details, where),
    )


def _vocabulary(
    data: dict[str, Any], names: dict[str, Name], details: dict[str, str], where: str
) -> Vocabulary:
    sets = {
        key: _single(words, f"{where}, set {key}") for key, words in data.get("sets", {}).items()
    }
    ambiguous: dict[str, tuple[Meaning, ...]] = {}
    for entry in data.get("ambiguous", ()):
        here = f"{where}, ambiguous {next(iter(entry.get('words', ())), '?')!r}"
        _closed(entry, ("words", "means"), here)
        meanings = tuple(_meaning(one, sets, details, here) for one in entry.get("means", ()))
        for name in _names(entry.get("words", ()), here):
            if name in names:
                raise MappingError(f"{here}: {name!r} also means {names[name].substance}.")
            if ambiguous.setdefault(name, meanings) is not meanings:
                raise MappingError(f"{here}: {name!r} stands in two entries.")
    titles = data.get("titles", {})
    _closed(titles, ("ignored", "glue", "ordinary", "compared"), f"{where}, titles")
    drugs = frozenset(code for code, group in details.items() if group != NOT_DRUGS)
    return Vocabulary(
        names,
        drugs,
        ambiguous,
        frozenset(_names(titles.get("ignored", ()), f"{where}, titles, ignored")),
        _single(titles.get("glue", ()), f"{where}, titles, glue"),
        _single(titles.get("ordinary", ()), f"{where}, titles, ordinary"),
        _single(titles.get("compared", ()), f"{where}, titles, compared"),
    )


def _meaning(
    entry: dict[str, Any], sets: dict[str, frozenset[str]], details: dict[str, str], here: str
) -> Meaning:
    _closed(entry, ("near", "substance"), here)
    near: set[str] = set()
    for word in entry.get("near", ()):
        if not word.startswith("@"):
            near |= _single([word], here)
        elif word[1:] in sets:
            near |= sets[word[1:]]
        else:
            raise MappingError(f"{here}: there is no set {word[1:]!r}.")
    code = entry.get("substance")
    if code is not None and code not in details:
        raise MappingError(f"{here}: there is no substance {code!r}.")
    level = USUAL if near else WEAK
    return Meaning(frozenset(near), None if code is None else Name(code, level))


def _categories(
    entries: Iterable[Any], groups: dict[str, str], details: dict[str, str], where: str
) -> dict[str, CategoryRule]:
    result: dict[str, CategoryRule] = {}
    for entry in entries:
        here = f"{where}, category {next(iter(entry.get('names', ())), '?')!r}"
        _closed(entry, ("names", "group", "detail", "also", "vague"), here)
        group, detail = entry.get("group"), entry.get("detail")
        also = frozenset(entry.get("also", ()))
        if unknown := ({group} - {None} | also) - groups.keys():
            raise MappingError(f"{here}: there is no group {', '.join(map(repr, unknown))}.")
        if detail is not None and details.get(detail) != group:
            raise MappingError(f"{here}: {detail!r} is no substance of {group}.")
        category = CategoryRule(group, detail, also, bool(entry.get("vague")))
        for name in _names(entry.get("names", ()), here):
            if result.setdefault(name, category) != category:
                raise MappingError(f"{here}: {name!r} stands in two categories.")
    return result


def _names(stated: Iterable[str], here: str) -> Iterator[str]:
    for name in stated:
        folded = " > ".join(folded_name(level) for level in name.split(">"))
        if not folded or len(folded.split()) > LONGEST + 1:
            raise MappingError(f"{here}: {name!r} has no letters, or too many words.")
        yield folded


def _single(stated: Iterable[str], here: str) -> frozenset[str]:
    words = frozenset(_names(stated, here))
    if several := sorted(word for word in words if " " in word):
        raise MappingError(f"{here}: {several[0]!r} is more than one word.")
    return words


def _sold(stated: dict[str, Any], here: str) -> SoldBy | None:
    value: SoldBy | None = stated.get("sold_by")
    if value is not None and value not in get_args(SoldBy):
        raise MappingError(f"{here}: sold_by is weight, piece or volume, not {value!r}.")
    return value


def _closed(stated: dict[str, Any], keys: Iterable[str], here: str) -> None:
    if unknown := sorted(stated.keys() - set(keys)):
        raise MappingError(f"{here}: unknown key {', '.join(unknown)}.")


def _inference(stated: dict[str, Any] | None, where: str) -> Inference | None:
    if stated is None:
        return None
    _closed(stated, ("pills_of_mg", "substance"), f"{where}, inference")
    low, high = stated["pills_of_mg"]
    return Inference(str(stated["substance"]), int(low), int(high))
