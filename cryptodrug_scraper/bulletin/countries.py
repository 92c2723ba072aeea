"""What ships from a country: the section of a bulletin on its size, offer, prices and turnover."""

from __future__ import annotations

from datetime import date
from typing import Any

from cryptodrug_scraper.bulletin.wording import SIZES, BulletinWords, Row, cell_of
from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.guard import TOTAL
from cryptodrug_scraper.report.parts import Drawing, Section

_LATEST = 8
"""Periods of a series that its table shows; figures and data have all of them."""
_DRAWN = 5
_SETTLED = 0.5
"""Reviews and turnover are drawn, and told in a sentence, from this part of their pages on."""


class CountrySection(BulletinWords):
    """The section of a country, in one language."""

    def country(self, country: str) -> Section:
        """Return the section of a country, by its code."""
        section = Section(country.lower(), self.t("country", country=country))
        section.short = self.lang.place(country)
        self._say_size(section, country)
        before = self.short(self.previous)
        rows = [
            {"group": self.market(market), "period": self.short(day)} | sizes
            for market in self.markets
            for day in self.periods[-_LATEST:]
            if (sizes := self._sizes(country, market, day))
        ]
        gap = [self.t("gap")] if any(row.get("listings") is None for row in rows) else []
        columns = " ".join(f"{name}:{kind}" for name, kind in SIZES.items())
        gap.append(self.t("complete_note"))
        self.table(section, "sizes", f"period {columns} complete:share", rows, gap, ends="bounds",
                    country=country)  # fmt: skip
        offer, prices = self._pairs(country, "offer"), self._pairs(country, "price")
        for name, columns, lines in (
            ("offer", "substance value:count before:count", offer),
            ("prices", "substance unit value:cents before:cents", prices),
        ):
            rows = [
                {**self.named(of), **cell_of(now, "value"), **cell_of(then, "before")}
                for of, now, then in lines
            ]
            self.table(section, name, columns, rows, unit=before, country=country)
        self._draw(section, country)
        return section

    def _say_size(self, section: Section, country: str) -> None:
        """Say what all markets together, or the only one, come to."""
        now, then = (
            {name: self.number(country, self.markets[-1], day, name) for name in SIZES}
            for day in (self.start, self.previous)
        )
        listings = now["listings"]
        before = {name: row.get("value") if then is not now else None for name, row in then.items()}
        if listings.get("hidden"):
            section.conclude(self.t("few", country=country, threshold=self.threshold))
        elif listings.get("value") is not None:
            vendors = now["vendors"]["value"]
            given = {"vendors": vendors, "listings": listings["value"], "period": self.full()}
            section.conclude(self.t("offered", country=country, before=before["listings"], **given))
        settled = [
            day
            for day in self.periods
            if (self.number(country, self.markets[-1], day, "turnover").get("complete") or 0)
            >= _SETTLED
        ]
        for day in settled[-1:]:
            turnover = self.number(country, self.markets[-1], day, "turnover")
            reviews = self.number(country, self.markets[-1], day, "reviews")
            if turnover["value"] is not None:
                given = {"value": turnover["value"], "ends": (turnover["low"], turnover["high"])}
                given |= {"complete": turnover["complete"], "reviews": reviews["value"]}
                section.conclude(self.t("sold", country=country, day=day, by=self.by, **given))
                break
        section.findings.append(self.t("still_few"))

    def _sizes(self, country: str, market: str, day: date) -> dict[str, Any]:
        sizes: dict[str, Any] = {}
        for name in SIZES:
            if number := self.number(country, market, day, name):
                sizes |= cell_of(number, name) | {"complete": number["complete"]}
        return sizes

    def _pairs(self, country: str, name: str) -> list[tuple[str, Row, Row]]:
        """Return what is of the period, by group, beside what it was in the one before."""
        return [
            (of, row, self.number(country, TOTAL, self.previous, name, of))
            for (place, _, day, named, of), row in self.numbers.items()
            if (place, day, named) == (country, str(self.start), name)
        ]

    def _draw(self, section: Section, country: str) -> None:
        lines: dict[str, dict[str, list[Row]]] = {"listings": {}, "turnover": {}, "prices": {}}
        for market in self.markets:
            sizes: list[Row] = [self._sizes(country, market, day) for day in self.periods]
            if market != TOTAL:
                lines["listings"][self.market(market)] = sizes
                lines["turnover"][self.market(market)] = [
                    row if (row.get("complete") or 0) >= _SETTLED else {} for row in sizes
                ]
        for of, _, _ in self._pairs(country, "price"):
            prices = [self.number(country, TOTAL, day, "price", of) for day in self.periods]
            if of.endswith(" g") and sum(row.get("value") is not None for row in prices) > 1:
                cells = [cell_of(row, "prices") | {"prices_low": None} for row in prices]
                lines["prices"][self.named(of)["substance"]] = [*cells]
        names = [self.short(day) for day in self.periods]
        for name, each in lines.items():
            series = [figures.series_of(n, rows, name) for n, rows in [*each.items()][:_DRAWN]]
            if len(names) < 2 or not figures.has_values(series):
                continue
            kind: figures.Kind = "count" if name == "listings" else "euros"
            label, words = self.t(f"label_{name}"), self.t(f"figure_{name}", country=country)
            if any(any(one.hidden or ()) for one in series):
                words += ". " + self.lang.text("table.suppressed_note", threshold=self.threshold)
            svg = figures.lines(self.lang, names, series, kind=kind, label=label)
            section.drawings.append(Drawing(f"{name}-{section.key}", svg, words))
