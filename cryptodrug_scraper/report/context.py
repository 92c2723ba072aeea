"""What every section of a report needs: the study, the options, the language."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cryptodrug_scraper.language import Language, cap, language
from cryptodrug_scraper.report.guard import (
    NO_COLUMN,
    TOTAL,
    Guard,
    guard_line,
    listing_vendors,
    review_vendors,
)
from cryptodrug_scraper.report.parts import Method
from cryptodrug_scraper.study import Measure, Note, Study

LOW_COVERAGE = 0.9
"""Below it the report warns that crawls were incomplete."""


@dataclass(frozen=True)
class Options:
    """What a report is to be: of which country, in which language, how careful."""

    country: str
    lang: str = "en"
    threshold: int = 5
    name_vendors: bool = False


class Context:
    """The study and the options, with what sections do alike."""

    def __init__(self, study: Study, options: Options) -> None:
        self.study, self.options = study, options
        self.lang: Language = language(options.lang)
        titles = study.frame("SELECT market, title FROM market")
        self.literature: dict[str, str] = {}
        """Works that methods cite, by key."""
        self._titles = dict(zip(titles["market"], titles["title"], strict=True))

    @property
    def country(self) -> str:
        """The code of the report's country."""
        return self.options.country

    @property
    def threshold(self) -> int:
        """How many vendors a number must rest on to be shown."""
        return self.options.threshold

    @cached_property
    def hidden_markets(self) -> frozenset[str]:
        """Markets of which no total of the country's may be shown, in any table.

        One choice for all tables: where a market had to be hidden for another's sake in one
        table, and was shown in the next, the other could be worked out.
        """
        return frozenset(guard_line(self._fewest(self.country), self.threshold))

    @cached_property
    def untold_markets(self) -> frozenset[str]:
        """Markets of which no total of all vendors' may be shown, in any table.

        Beside small ones, those of which nearly all is the country's, and that is shown: the few
        others would be the difference.
        """
        others = self._fewest(self.country, others=True)
        telling = {
            market
            for market, count in others.items()
            if not self.may_show(count) and market not in self.hidden_markets
        }
        return frozenset(guard_line(self._fewest(None), self.threshold, telling))

    def _fewest(self, country: str | None, *, others: bool = False) -> dict[str, int]:
        """Count by market the vendors with listings or those with reviews: the fewer."""
        counts = [
            listing_vendors(self.study, country, others=others),
            review_vendors(self.study, country, NO_COLUMN, others=others),
        ]
        return {
            market: min((n for c in counts if (n := c.get((TOTAL, market), 0))), default=0)
            for market in self.study.markets
        }

    def guard(
        self,
        vendors: Mapping[tuple[Any, Any], int],
        rows: Sequence[Any],
        markets: Sequence[str],
    ) -> Guard:
        """Tell which cells of a table by market, of the country, must not be shown."""
        return Guard(vendors, rows, markets, self.threshold, self.hidden_markets)

    def guard_all(
        self,
        vendors: Mapping[tuple[Any, Any], int],
        rows: Sequence[Any],
        markets: Sequence[str],
        own: Guard,
        others: Mapping[tuple[Any, Any], int],
    ) -> Guard:
        """Tell which cells of a table by market, of all vendors, must not be shown.

        Where the country's number is shown beside it (`own` tells), the difference is known too:
        what rests on the `others`.
        """
        telling = {
            cell
            for cell, count in others.items()
            if not self.may_show(count) and not own.hides(*cell)
        }
        return Guard(vendors, rows, markets, self.threshold, self.untold_markets, telling)

    def t(self, key: str, **values: Any) -> str:
        """Return a text; country and threshold are always filled in."""
        return self.lang.text(key, country=self.country, threshold=self.threshold, **values)

    def market(self, name: str) -> str:
        """Return a market's own name; that of none is all markets."""
        if not name:
            return self.t("words.all_markets")
        return str(self._titles.get(name, name))

    def market_order(self, names: Iterable[str]) -> list[str]:
        """Return markets in the study's order."""
        there = set(names)
        return [name for name in self.study.markets if name in there]

    def may_show(self, vendors: Any) -> bool:
        """Whether what rests on so many vendors may be shown."""
        return not 0 < int(vendors) < self.threshold

    def group(self, code: str) -> str:
        """Name a group of drugs as within a sentence."""
        return self.lang.label("groups", code)

    def method(
        self,
        measure: Measure,
        title: str = "",
        *,
        shown: bool = True,
        hidden: Collection[str] = (),
        markets: Collection[str] | None = None,
    ) -> Method:
        """Return a measure's method in the report's language.

        Counts of what it left out are not given where its numbers are not `shown`; those of the
        `hidden` names, and those that rest on too few vendors, without the number. Of notes of one
        market, only those of `markets`.
        """
        left_out = []
        for note in self._chosen(measure.notes, markets) if shown else ():
            if note.kind == "left_out" and note.values["n"]:
                few = note.name in hidden or note.rests_on_few(self.threshold)
                count = self.t("words.few_vendors") if few else self.lang.number(note.values["n"])
                left_out.append((cap(self._words(note)), count))
        return Method(
            title=title,
            definition=measure.definition(self.lang),
            assumptions=[note.words(self.lang) for note in measure.assumptions],
            uncertainty=measure.uncertainty(self.lang),
            sources=[self._cited(work) for work in measure.sources],
            left_out=left_out,
        )

    def caveats(self, *measures: Measure, markets: Collection[str] | None = None) -> list[str]:
        """Return what measures note of their data, each once, in the report's language.

        Of notes of one market, only those of `markets`. One that rests on too few vendors is
        passed over, or replaced by what may be written of it without its values (``few``).
        """
        lines: dict[str, None] = {}
        for measure in measures:
            for note in self._chosen(measure.notes, markets):
                if note.kind != "note":
                    continue
                if not note.rests_on_few(self.threshold):
                    lines[self._words(note)] = None
                elif self.lang.has("few", note.name):
                    lines[self.t(f"few.{note.name}", **self._named(note.terms))] = None
        return list(lines)

    def _chosen(self, notes: Iterable[Note], markets: Collection[str] | None) -> Iterator[Note]:
        for note in notes:
            market = note.terms.get("market")
            if markets is None or market is None or market in markets:
                yield note

    def _words(self, note: Note) -> str:
        return note.words(self.lang, **self._named({**note.terms, **note.values}))

    def _named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values with the market's own name, if one is among them."""
        if "market" not in values:
            return dict(values)
        return {**values, "market": self.market(values["market"])}

    def _cited(self, work: str) -> tuple[str, str]:
        """Return the key and the short name of a work, and keep it for the list at the end."""
        short = cite(work)
        key = "work-" + re.sub(r"\W+", "-", short.lower()).strip("-")
        self.literature[key] = work
        return key, short


def cite(work: str) -> str:
    """Return the short name of a work: Soska & Christin 2015; Tai et al. 2019."""
    found = re.match(r"(.+?) \((\d{4})\)", work)
    if not found:
        return work.split(".")[0]
    authors = [re.sub(r" [A-Z]+$", "", author) for author in found[1].split(", ")]
    if len(authors) > 2 or authors[-1] == "et al":
        named = f"{authors[0]} et al."
    else:
        named = " & ".join(authors)
    return f"{named} {found[2]}"


def months_between(days: Sequence[Any]) -> list[Any]:
    """Return the first days of all months from the first to the last of some."""
    if not days:
        return []
    first, last = min(days), max(days)
    months = []
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        months.append(first.replace(year=year, month=month, day=1))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months
