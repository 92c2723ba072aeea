"""Which substance a listing sells, in the groups of the EMCDDA: by its category, then its title.

What is what stands in `data/substances.toml`, which researchers can read, correct, or replace
(`read_mapping(path)`). Groups: cannabis, cocaine, opioids, amphetamines, mdma, hallucinogens,
dissociatives, benzodiazepines, medicines, nps, other_drugs, not_drugs, unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, NamedTuple

from cryptodrug_scraper.normalise.packages import Package, SoldBy, read_package
from cryptodrug_scraper.normalise.text import RAW, fold
from cryptodrug_scraper.study.substance_file import (
    NOT_DRUGS,
    UNKNOWN,
    CategoryRule,
    Mapping,
    MappingError,
    parse_mapping,
)
from cryptodrug_scraper.study.substance_names import (
    CERTAIN,
    USUAL,
    WEAK,
    Finder,
    NameInTitle,
    folded_name,
)

__all__ = [
    "NOT_DRUGS",
    "UNKNOWN",
    "Classification",
    "MappingError",
    "SubstanceMap",
    "amount_of",
    "read_mapping",
]

Source = Literal["category", "title", "none"]


class Classification(NamedTuple):
    """What a listing sells: group, detail within it (or None), what told it, how it is sold."""

    group: str
    detail: str | None
    source: Source
    sold_by: SoldBy | None


class SubstanceMap:
    """A mapping file, ready for use; `classify` is what it is for."""

    def __init__(self, mapping: Mapping) -> None:
        self.groups = mapping.groups
        """Code of a group to its name."""
        self.details = mapping.details
        """Code of a detail to its group's."""
        self.vocabulary = mapping.vocabulary
        self._mapping = mapping
        self._finder = Finder(mapping.vocabulary)
        self.find = self._finder.find
        """Return the names in a title; see `Finder.find`."""
        self._place = lru_cache(maxsize=4096)(self._placed)

    def classify(self, category: Sequence[str], title: str) -> Classification:
        """Say what a listing sells, by its category (from the root down) and title.

        Never raises: without evidence the group is ``unknown`` and the source ``none``.
        """
        place, key = self._place(tuple(category)), title[:RAW]
        names = self.find(key)
        if place is None:
            return self._by_title(names, key)
        if place.group is None:
            return self._by_title(names, key, place.also or None, among_drugs=True)
        if place.group == NOT_DRUGS:
            return self._verdict(NOT_DRUGS, None, "category")
        within = [f for f in names if self.details[f.substance] == place.group]
        possible = [f for f in names if self.details[f.substance] in (place.group, *place.also)]
        best = next(_best_first(possible), None)
        if best is not None and best.level > WEAK and best not in within:
            return self._verdict(self.details[best.substance], best.substance, "title")
        return self._verdict(place.group, self._detail(place, within, key), "category")

    def _detail(self, place: CategoryRule, within: list[NameInTitle], title: str) -> str | None:
        best = next(_best_first(within), None)
        if best is not None and best.level == WEAK and place.detail is not None:
            best = None
        if best is None and place.detail is None and self._looks_like_pills(title):
            inferred = self._mapping.inferred
            if inferred is not None and self.details[inferred.substance] == place.group:
                return inferred.substance
        if best is None:
            return place.detail
        if place.detail and self._mapping.as_pills.get(best.substance) == place.detail:
            return place.detail
        return self._pills(best.substance, title)

    def _by_title(
        self,
        names: list[NameInTitle],
        title: str,
        allowed: frozenset[str] | None = None,
        *,
        among_drugs: bool = False,
    ) -> Classification:
        """Let the names in a title decide; `among_drugs` if the category says that it is a drug.

        What is certainly no drug (a test kit, a guide) outweighs a drug's name, but not in a
        category of drugs where an amount of that drug is stated; what a drug can be named after
        (a coin, a brand of watches) outweighs only the names that mean other things too, and
        nothing in a category of drugs.
        """
        if allowed is not None:
            names = [f for f in names if self.details[f.substance] in allowed]
        goods = max((f.level for f in names if self.details[f.substance] == NOT_DRUGS), default=0)
        drugs = [f for f in names if self.details[f.substance] != NOT_DRUGS]
        best = self._most_named(drugs)
        level = 0 if best is None else best.level
        if goods == CERTAIN and not (among_drugs and best and self._states_amount(best, title)):
            return self._verdict(NOT_DRUGS, None, "title")
        if goods == USUAL and level < CERTAIN and not among_drugs:
            return self._verdict(NOT_DRUGS, None, "title")
        if best is not None:
            detail = self._pills(best.substance, title)
            return self._verdict(self.details[detail], detail, "title")
        inferred = self._mapping.inferred
        if not drugs and inferred is not None and self._looks_like_pills(title):
            group = self.details[inferred.substance]
            if allowed is None or group in allowed:
                return self._verdict(group, inferred.substance, "title")
        if goods and not drugs and not among_drugs:
            return self._verdict(NOT_DRUGS, None, "title")
        return Classification(UNKNOWN, None, "none", None)

    def _most_named(self, drugs: list[NameInTitle]) -> NameInTitle | None:
        """Return the name that decides: the first certain one, else of the group named most.

        Weak names of two groups that are named as often decide nothing.
        """
        level = max((f.level for f in drugs), default=0)
        best = [f for f in drugs if f.level == level]
        if level in (0, CERTAIN):
            return best[0] if best else None
        counts: dict[str, int] = {}
        for one in best:
            group = self.details[one.substance]
            counts[group] = counts.get(group, 0) + 1
        most = max(counts.values())
        groups = [group for group, count in counts.items() if count == most]
        if level == WEAK and len(groups) > 1:
            return None
        return next(f for f in best if self.details[f.substance] == groups[0])

    def _states_amount(self, name: NameInTitle, title: str) -> bool:
        """Say whether a title offers an amount of what it names, in the measure it is sold by."""
        if name.level == WEAK:
            return False
        measure = self._mapping.sold_by.get((self.details[name.substance], name.substance))
        if measure != "piece" and read_package(title, measure).unit == "g":
            return True
        pieces = read_package(title, "piece")
        return pieces.unit == "piece" and (measure == "piece" or pieces.strength_mg is not None)

    def _verdict(self, group: str, detail: str | None, source: Source) -> Classification:
        if group == NOT_DRUGS:
            return Classification(group, None, source, None)
        return Classification(group, detail, source, self._mapping.sold_by.get((group, detail)))

    def _pills(self, detail: str, title: str) -> str:
        instead = self._mapping.as_pills.get(detail)
        if instead is None:
            return detail
        package = read_package(title, "piece")
        return instead if package.unit == "piece" or _TABLETS.search(fold(title)) else detail

    def _looks_like_pills(self, title: str) -> bool:
        inferred = self._mapping.inferred
        if inferred is None:
            return False
        package = read_package(title, "piece")
        if package.unit != "piece" or package.strength_mg is None:
            return False
        return inferred.least_mg <= package.strength_mg <= inferred.most_mg

    def _placed(self, category: tuple[str, ...]) -> CategoryRule | None:
        levels = [folded_name(level) for level in category]
        categories = self._mapping.categories
        vague: CategoryRule | None = None
        for at in range(len(levels) - 1, -1, -1):
            known = categories.get(f"{levels[at - 1]} > {levels[at]}") if at else None
            known = known or categories.get(levels[at])
            if known is None:  # a name that the file does not list may hold a substance's
                known = self._place_named(category[at])
            if known is not None and not known.vague:
                return known
            vague = vague or known
        return vague

    def _place_named(self, level: str) -> CategoryRule | None:
        names = [f for f in self.find(level) if f.level > WEAK]
        groups = {self.details[f.substance] for f in names}
        if len(groups) != 1:
            return None
        return CategoryRule(groups.pop(), names[0].substance, frozenset(), False)


def _best_first(names: Iterable[NameInTitle]) -> Iterator[NameInTitle]:
    return iter(sorted(names, key=lambda name: -name.level))


_TABLETS = re.compile(
    r"\b(?:pills?|pils|pillen|tablets?|tabs|tabletten|pilules?|pressed|presses)\b"
)


def amount_of(verdict: Classification, title: str) -> Package:
    """Return the amount that a title states, read as what is sold; none of what is no drug."""
    if verdict.group == NOT_DRUGS:
        return Package()
    return read_package(title, verdict.sold_by)


def read_mapping(path: Path | None = None) -> SubstanceMap:
    """Read a mapping file, by default the one of the project.

    Raises MappingError for a group or detail that is not there, a name that means two things,
    an unknown key, or a file that is no TOML.
    """
    if path is None:
        return _bundled()
    return SubstanceMap(parse_mapping(path.read_text("utf-8"), str(path)))


@lru_cache(maxsize=1)
def _bundled() -> SubstanceMap:
    text = (files("cryptodrug_scraper.study") / "data" / "substances.toml").read_text("utf-8")
    return SubstanceMap(parse_mapping(text, "substances.toml"))
