"""What the sections of a bulletin have in common: the data, its texts, tables of its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from cryptodrug_scraper.language import cap, language
from cryptodrug_scraper.report.guard import TOTAL
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Section, build_table

SIZES = {"vendors": "count", "listings": "count", "reviews": "count", "turnover": "euros"}

Row = Mapping[str, Any]


class BulletinWords:
    """The data, and how one language names what is in it."""

    def __init__(self, facts: Row, code: str) -> None:
        self.facts, self.lang = facts, language(code)
        self.by, self.start = facts["period"]["by"], day_of(facts["period"]["start"])
        self.threshold = facts["scope"]["threshold"]
        self._titles = {row["market"]: row["title"] for row in facts["markets"]}
        self.numbers: dict[tuple[str, ...], Row] = {
            tuple(row[key] for key in ("country", "market", "period", "name", "of")): row
            for row in facts["numbers"]
        }
        self.periods = sorted({day_of(row["period"]) for row in facts["numbers"]})
        self.previous = max((day for day in self.periods if day < self.start), default=self.start)
        there = {row["market"] for row in facts["numbers"]}
        self.markets = [market for market in (*self._titles, TOTAL) if market in there]
        """Those with numbers, and TOTAL if there are several."""

    def t(self, key: str, **values: Any) -> str:
        """Return one of the bulletin's texts."""
        return self.lang.text(f"bulletin.{key}", **values)

    def full(self) -> str:
        """Name the bulletin's period within a sentence: week 12 of 2019."""
        week = self.start.isocalendar()
        if self.by == "month":
            return self.lang.month(self.start)
        return self.t("week", n=week.week, year=week.year)

    def short(self, day: date) -> str:
        """Name a period by its first day, for a table or an axis."""
        return self.lang.short_period(day, self.by)

    def market(self, name: str) -> str:
        """Return a market's own name; of TOTAL, that of all."""
        return str(self._titles.get(name) or self.lang.text("words.all_markets"))

    def number(self, country: str, market: str, period: date, name: str, of: str = "") -> Row:
        """Return the row of a number; an empty one if there is none."""
        return self.numbers.get((country, market, str(period), name, of), {})

    def named(self, of: str) -> dict[str, str]:
        """Return a group of drugs, and the unit if there is one, in words."""
        group, *unit = of.split()
        names = {"substance": cap(self.lang.label("groups", group))}
        return names | ({"unit": self.lang.label("unit", unit[0])} if unit else {})

    def table(
        self,
        section: Section,
        name: str,
        columns: str,
        rows: Sequence[Row],
        notes: Sequence[str] = (),
        *,
        ends: str = "",
        unit: str = "",
        **values: Any,
    ) -> None:
        """Add a table, if it has rows: columns are ``name:kind``, groups those of key `group`.

        `unit` stands behind the heading of what was before.
        """
        made = []
        for column in columns.split():
            key, _, kind = column.partition(":")
            label = self.t(f"column_{key if key != 'period' else self.by}")
            made.append(Column(key, label, kind or "text", unit * (key == "before"), True))
        if rows:
            section.tables.append(
                build_table(
                    self.lang,
                    f"{name}-{section.key}",
                    self.t(f"table_{name}", **values),
                    made,
                    rows,
                    notes,
                    group="group" if "group" in rows[0] else "",
                    about_intervals=self.t(f"ends_{ends}") if ends else "",
                )
            )

    def count(self, number: int | None) -> str:
        """Write a count, or that it is of few: a line in which all is hidden is not shown."""
        if number is None:
            return self.lang.text("words.few_vendors", threshold=self.threshold)
        return self.lang.number(number)


def day_of(text: str) -> date:
    """Return the day that a text of the data begins with."""
    return date.fromisoformat(text[:10])


def plain(substance: str) -> str:
    """Return a substance's name as a page writes it."""
    return substance.replace("_", " ")


def or_hidden(value: int | None) -> object:
    """Return a count, or what stands for one that must not be shown."""
    return SUPPRESSED if value is None else value


def cell_of(number: Row, name: str) -> dict[str, Any]:
    """Return the value of a number under a name, with its ends where they differ."""
    if number.get("hidden"):
        return {name: SUPPRESSED}
    cell = {name: number.get("value")}
    if number.get("low") != number.get("high"):
        cell |= {f"{name}_{end}": number.get(end) for end in ("low", "high")}
    return cell
