"""What every section of a report needs: the study, the options, the language."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from cryptodrug_scraper.language import Language, cap, language
from cryptodrug_scraper.report.figures import Kind, Series, has_values
from cryptodrug_scraper.report.guard import (
    NO_COLUMN,
    TOTAL,
    Guard,
    guard_line,
    listing_vendors,
    review_vendors,
)
from cryptodrug_scraper.report.parts import Column, Drawing, Method, Section, build_table
from cryptodrug_scraper.study import Measure, Note, Study
from cryptodrug_scraper.study.periods import bucket
from cryptodrug_scraper.study.size import market_size

LOW_COVERAGE = 0.9
"""Below it the report warns that crawls were incomplete."""


@dataclass(frozen=True)
class ReportOptions:
    """What a report is to be: of which country, in which language, how careful."""

    country: str
    lang: str = "en"
    threshold: int = 5
    name_vendors: bool = False
    by: str = "month"
    """Whether what goes by time goes by month or by quarter."""
    coarsen: bool = False
    """Whether a question that small numbers leave open is asked by the least coarse other cut."""
    other: str = ""
    """The country that it is compared with, if it is."""


class ReportContext:
    """The study and the options, with what sections do alike."""

    def __init__(self, study: Study, options: ReportOptions) -> None:
        self.study, self.options = study, options
        self.lang: Language = language(options.lang)
        titles = study.frame("SELECT market, title FROM market")
        self.literature: dict[str, str] = {}
        """Works that methods cite, by key."""
        self.families: tuple[str, ...] = ()
        """Families of groups of drugs that the report takes together."""
        self.edges: tuple[int, ...] | None = None
        """Euros at which the report's bands of sales end, once they are known."""
        self.together: set[str] = set()
        """Sections that take all markets together, for the sake of small numbers."""
        self.pooled_prices: frozenset[tuple[str, str]] = frozenset()
        """Families of groups, by unit, that stand for the prices of their groups."""
        self.places_cut: tuple[str, ...] = ()
        """Regions that stand for the destinations, for the sake of small numbers."""
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

    @cached_property
    def by(self) -> str:
        """Whether the report goes by month or by quarter.

        Where it may choose: by quarter, if so fewer markets have numbers that are too small.
        """
        chosen = self.options.by
        if not self.options.coarsen or chosen != "month":
            return chosen
        return min(("month", "quarter"), key=self._small_markets)

    def _small_markets(self, by: str) -> int:
        """Count markets, and all together, of which few vendors offer or sell in some period."""
        small = set()
        frame = self.size(by).frame
        offered = frame.assign(n=frame["vendors_country"].fillna(0))
        pooled = offered.groupby("period", as_index=False)["n"].sum().assign(market=TOTAL)
        for part in (offered, pooled):
            rows = part[["market", "n"]].itertuples(index=False)
            small |= {("offered", market) for market, n in rows if not self.may_show(n)}
        sold = review_vendors(self.study, self.country, bucket(by, "posted_on"))
        small |= {
            ("sold", market)
            for (day, market), n in sold.items()
            if day != TOTAL and not self.may_show(n)
        }
        return len(small)

    def size(self, by: str) -> Measure:
        """Return the measure of the markets' size, which the study keeps."""
        return market_size(self.study, country=self.country, by=by)

    def t(self, key: str, **values: Any) -> str:
        """Return a text; country, threshold and what the report goes by are always filled in."""
        always = {
            "country": self.country,
            "threshold": self.threshold,
            "period": self.by,
            "quarterly": self.by == "quarter",
            "by": self.lang.text(f"words.{self.by}"),
            "coarsen": self.options.coarsen,
        }
        return self.lang.text(key, **{**always, **values})

    def period(self, day: Any) -> str:
        """Name a month or quarter by its first day; all of them by `TOTAL`."""
        if day == TOTAL:
            return self.t("words.whole_period")
        return self.lang.short_period(day, self.by)

    def open(self, made: Section, key: str, cuts: Mapping[str, bool], **values: Any) -> None:
        """Keep a question that small numbers leave open, with the first cut that answers it.

        `cuts` say, from the least coarse on, whether they do.
        """
        answer = next((cut for cut, answers in cuts.items() if answers), "nothing")
        made.open.append(f"{self.t(f'open.{key}', **values)} {self.t(f'open.by_{answer}')}")

    def table(
        self,
        made: Section,
        name: str,
        caption: str,
        columns: Sequence[Column],
        rows: Sequence[Mapping[str, Any]],
        notes: Sequence[str] = (),
        *,
        group: str = "",
    ) -> None:
        """Add a table to a section, as `build_table` makes it of rows."""
        made.tables.append(build_table(self.lang, name, caption, columns, rows, notes, group=group))

    def figure(
        self,
        made: Section,
        draw: Callable[..., str],
        name: str,
        labels: Sequence[str],
        series: Sequence[Series],
        kind: Kind,
        label: str,
        caption: str,
    ) -> None:
        """Add a figure of series (`figures.bars` or `lines`) to a section, if any has a value.

        `label` and `caption` are keys of texts.
        """
        if has_values(series):
            svg = draw(self.lang, labels, series, kind=kind, label=self.t(label))
            made.drawings.append(Drawing(name, svg, self.caption(caption, series)))

    def caption(self, key: str, series: Iterable[Series]) -> str:
        """Return a figure's caption, and what the mark of suppressed values means, if it has it."""
        words = self.t(key)
        if any(any(one.hidden or ()) for one in series):
            words += f"{self.t('page.stop')} {self.t('table.suppressed_note')}"
        return words

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
            assumptions=[self._words(note) for note in measure.assumptions],
            uncertainty=measure.uncertainty(self.lang),
            sources=[self.cited(work) for work in measure.sources],
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

    def cited(self, work: str) -> tuple[str, str]:
        """Return the key and the short name of a work, and keep it for the list at the end."""
        short = cite(work)
        key = "work-" + re.sub(r"\W+", "-", short.lower()).strip("-")
        self.literature[key] = work
        return key, short


def cite(work: str) -> str:
    """Return the short name of a work: Soska & Christin 2015; Tai et al. 2019."""
    match = re.match(r"(.+?) \((\d{4})\)", work)
    if not match:
        return work.split(".")[0]
    authors = [re.sub(r" [A-Z]+$", "", author) for author in match[1].split(", ")]
    if len(authors) > 2 or authors[-1] == "et al":
        named = f"{authors[0]} et al."
    else:
        named = " & ".join(authors)
    return f"{named} {match[2]}"


def first_day(day: Any, by: str) -> Any:
    """Return the first day of a day's week, month or quarter."""
    if by == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(
        day=1, month=day.month - (day.month - 1) % 3 if by == "quarter" else day.month
    )


def periods_between(days: Sequence[Any], by: str) -> list[Any]:
    """Return the first days of all weeks, months or quarters from the first to the last of some."""
    if not days:
        return []
    first, last = min(days), max(days)
    if by == "week":
        first = first_day(first, by)
        return [first + timedelta(days=n) for n in range(0, (last - first).days + 1, 7)]
    result = []
    number, step = first.year * 12 + first.month - 1, 3 if by == "quarter" else 1
    while number <= last.year * 12 + last.month - 1:
        result.append(first.replace(year=number // 12, month=number % 12 + 1, day=1))
        number += step
    return result
