"""What every section of a report needs: the study, the options, the language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cryptodrug_scraper.report.behind import Behind, behind_reviews
from cryptodrug_scraper.report.guard import (
    NO_COLUMN,
    TOTAL,
    Guard,
    guard_line,
    listing_vendors,
    review_vendors,
)
from cryptodrug_scraper.report.language import Language, cap, language
from cryptodrug_scraper.report.parts import Method, Text
from cryptodrug_scraper.report.translate import translate
from cryptodrug_scraper.study import Measure, Study

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

    @cached_property
    def behind_reviews(self) -> Behind:
        """Vendors behind the country's reviews that measures of sales and turnover speak of."""
        return behind_reviews(self.study, self.country)

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
        behind: Mapping[str, int] | None = None,
    ) -> Method:
        """Return a measure's method in the report's language, as far as it is translated.

        Counts of what it left out are not told where its numbers are not `shown`, nor small ones
        of vendors, nor what few vendors stand `behind`, by words of the reason.
        """
        left_out = measure.left_out.items() if shown else ()
        return Method(
            title=title,
            definition=self.said(measure.definition),
            assumptions=[self.said(words) for words in measure.assumptions],
            uncertainty=self.said(measure.uncertainty) if measure.uncertainty else None,
            sources=[self._cited(work) for work in measure.sources],
            left_out=[
                (self.said(reason), self._left_out(reason, count, behind or {}))
                for reason, count in left_out
                if count
            ],
        )

    def _left_out(self, reason: str, count: int, behind: Mapping[str, int]) -> str:
        of_vendors = reason.lower().startswith(("vendors", "accounts"))
        if of_vendors and not self.may_show(count):
            return self.t("words.few_vendors")
        if self._rests_on_few(reason, behind):
            return self.t("words.of_few_vendors")
        return self.lang.number(count)

    def caveats(self, *measures: Measure, behind: Mapping[str, int] | None = None) -> list[Text]:
        """Return what measures say of their data, each once, in the report's language.

        What few vendors stand `behind`, by words of it, is passed over.
        """
        told = dict.fromkeys(words for measure in measures for words in measure.caveats)
        return [self.said(words) for words in told if not self._rests_on_few(words, behind or {})]

    def _rests_on_few(self, words: str, behind: Mapping[str, int]) -> bool:
        return any(part in words and not self.may_show(n) for part, n in behind.items())

    def _cited(self, work: str) -> tuple[str, str]:
        """Return the key and the short name of a work, and keep it for the list at the end."""
        short = cite(work)
        key = "work-" + re.sub(r"\W+", "-", short.lower()).strip("-")
        self.literature[key] = work
        return key, short

    def said(self, words: str) -> Text:
        """Return a measure's text in the report's language; small numbers of vendors hidden."""
        named = re.sub(
            r"\b([a-z_]+)(?=[:;])", lambda found: str(self._titles.get(found[1], found[1])), words
        )
        named = re.sub(r"\*([\w ]+)\*", r"\1", named)
        careful = re.sub(r"\b[Oo]nly (\d+) vendors", self._few, named)
        if self.threshold > 1:  # what one sale makes is one vendor's
            careful = re.sub(r"(One sale alone makes) \d+%", r"\1 more than 5%", careful)
        told = translate(careful, self.lang.code)
        return Text(cap(told.words.replace("'", "’")), told.lang)

    def _few(self, found: re.Match[str]) -> str:
        if self.may_show(found[1]):
            return str(found[0])
        return f"fewer than {self.threshold} vendors"


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
