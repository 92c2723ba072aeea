"""A bulletin's data as a page: sections of sentences, figures and tables, in one language.

It reads nothing but the data, in which there is no hidden number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from cryptodrug_scraper.database.invented import Kinds
from cryptodrug_scraper.language import cap, language
from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.captures import kinds_words
from cryptodrug_scraper.report.guard import TOTAL
from cryptodrug_scraper.report.page import Report, render
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Drawing, Section, build_table
from cryptodrug_scraper.study.intervals import DRAWS, SEED

_LATEST = 8
"""Periods of a series that its table shows; figures and data have all of them."""
_REVISED = 30
"""Revisions that the table shows."""
_DRAWN = 5
_SETTLED = 0.5
"""Reviews and turnover are drawn, and told in a sentence, from this part of their pages on."""
_SIZES = {"vendors": "count", "listings": "count", "reviews": "count", "turnover": "euros"}

Row = Mapping[str, Any]


class BulletinPage:
    """A bulletin in one language."""

    def __init__(self, facts: Row, code: str) -> None:
        self.facts, self.lang = facts, language(code)
        self.by, self.start = facts["period"]["by"], _day(facts["period"]["start"])
        self.threshold = facts["scope"]["threshold"]
        self._titles = {row["market"]: row["title"] for row in facts["markets"]}
        self._numbers: dict[tuple[str, ...], Row] = {
            tuple(row[key] for key in ("country", "market", "period", "name", "of")): row
            for row in facts["numbers"]
        }
        self._periods = sorted({_day(row["period"]) for row in facts["numbers"]})
        self._previous = max((day for day in self._periods if day < self.start), default=self.start)
        there = {row["market"] for row in facts["numbers"]}
        self.markets = [market for market in (*self._titles, TOTAL) if market in there]
        """Those with numbers, and TOTAL if there are several."""

    def report(self) -> Report:
        """Return the page's parts."""
        facts, text = self.facts, self.lang.text
        sections = [self._country(country) for country in facts["scope"]["countries"]]
        sections.append(self._news())
        if facts["watched"] is not None:
            sections.append(self._watched(facts["watched"]))
        sections += [self._complete(), self._revised()]
        waits = self.t("waiting", rows=facts["waiting"]) if facts["waiting"] else ""
        bare = text("about.not_suppressed", threshold=self.threshold) * (self.threshold <= 1)
        notices = [kinds_words(Kinds(**facts["kinds"]), self.lang), waits, bare]
        made = {
            "version": facts["program"], "state": facts["state"][:12],
            "day": _day(facts["as_of"]), "time": facts["as_of"][11:16],
        }  # fmt: skip
        return Report(
            title=self.t(
                "title",
                period=self._full(),
                countries=map(self.lang.the, facts["scope"]["countries"]),
            ),
            scope=self.t(
                "scope",
                markets=[self._market(market) for market in self.markets if market != TOTAL],
                start=self.start,
                end=_day(facts["period"]["end"]),
            ),
            summary=[(s.key, s.short, " ".join(s.summary)) for s in sections if s.summary],
            sections=sections,
            about=[
                self.t("about_made", **made),
                text("about.places"),
                text("about.sales"),
                text("about.intervals", draws=DRAWS, seed=SEED),
                self.t("about_hidden", threshold=self.threshold),
            ],
            threshold=self.threshold,
            version=facts["program"],
            notices=[words for words in notices if words],
            kind=self.t("kind"),
            about_title=self.t("about"),
        )

    def t(self, key: str, **values: Any) -> str:
        """Return one of the bulletin's texts."""
        return self.lang.text(f"bulletin.{key}", **values)

    def _full(self) -> str:
        week = self.start.isocalendar()
        if self.by == "month":
            return self.lang.month(self.start)
        return self.t("week", n=week.week, year=week.year)

    def _short(self, day: date) -> str:
        return self.lang.short_period(day, self.by)

    def _market(self, name: str) -> str:
        return str(self._titles.get(name) or self.lang.text("words.all_markets"))

    def _of(self, country: str, market: str, period: date, name: str, of: str = "") -> Row:
        return self._numbers.get((country, market, str(period), name, of), {})

    def _named(self, of: str) -> dict[str, str]:
        """Return a group of drugs, and the unit if there is one, in words."""
        group, *unit = of.split()
        names = {"substance": cap(self.lang.label("groups", group))}
        return names | ({"unit": self.lang.label("unit", unit[0])} if unit else {})

    def _table(
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

    # -- a country -------------------------------------------------------------------------------

    def _country(self, country: str) -> Section:
        section = Section(country.lower(), self.t("country", country=country))
        section.short = self.lang.place(country)
        self._say_size(section, country)
        before = self._short(self._previous)
        rows = [
            {"group": self._market(market), "period": self._short(day)} | sizes
            for market in self.markets
            for day in self._periods[-_LATEST:]
            if (sizes := self._sizes(country, market, day))
        ]
        gap = [self.t("gap")] if any(row.get("listings") is None for row in rows) else []
        columns = " ".join(f"{name}:{kind}" for name, kind in _SIZES.items())
        gap.append(self.t("complete_note"))
        self._table(section, "sizes", f"period {columns} complete:share", rows, gap, ends="bounds",
                    country=country)  # fmt: skip
        offer, prices = self._pairs(country, "offer"), self._pairs(country, "price")
        for name, columns, lines in (
            ("offer", "substance value:count before:count", offer),
            ("prices", "substance unit value:cents before:cents", prices),
        ):
            rows = [
                {**self._named(of), **_cell(now, "value"), **_cell(then, "before")}
                for of, now, then in lines
            ]
            self._table(section, name, columns, rows, unit=before, country=country)
        self._draw(section, country)
        return section

    def _say_size(self, section: Section, country: str) -> None:
        """Say what all markets together, or the only one, come to."""
        now, then = (
            {name: self._of(country, self.markets[-1], day, name) for name in _SIZES}
            for day in (self.start, self._previous)
        )
        listings = now["listings"]
        before = {name: row.get("value") if then is not now else None for name, row in then.items()}
        if listings.get("hidden"):
            section.conclude(self.t("few", country=country, threshold=self.threshold))
        elif listings.get("value") is not None:
            vendors = now["vendors"]["value"]
            given = {"vendors": vendors, "listings": listings["value"], "period": self._full()}
            section.conclude(self.t("offered", country=country, before=before["listings"], **given))
        settled = [
            day
            for day in self._periods
            if (self._of(country, self.markets[-1], day, "turnover").get("complete") or 0)
            >= _SETTLED
        ]
        for day in settled[-1:]:
            turnover = self._of(country, self.markets[-1], day, "turnover")
            reviews = self._of(country, self.markets[-1], day, "reviews")
            if turnover["value"] is not None:
                given = {"value": turnover["value"], "ends": (turnover["low"], turnover["high"])}
                given |= {"complete": turnover["complete"], "reviews": reviews["value"]}
                section.conclude(self.t("sold", country=country, day=day, by=self.by, **given))
                break
        section.findings.append(self.t("still_few"))

    def _sizes(self, country: str, market: str, day: date) -> dict[str, Any]:
        sizes: dict[str, Any] = {}
        for name in _SIZES:
            if number := self._of(country, market, day, name):
                sizes |= _cell(number, name) | {"complete": number["complete"]}
        return sizes

    def _pairs(self, country: str, name: str) -> list[tuple[str, Row, Row]]:
        """Return what is of the period, by group, beside what it was in the one before."""
        return [
            (of, row, self._of(country, TOTAL, self._previous, name, of))
            for (place, _, day, named, of), row in self._numbers.items()
            if (place, day, named) == (country, str(self.start), name)
        ]

    def _draw(self, section: Section, country: str) -> None:
        lines: dict[str, dict[str, list[Row]]] = {"listings": {}, "turnover": {}, "prices": {}}
        for market in self.markets:
            sizes: list[Row] = [self._sizes(country, market, day) for day in self._periods]
            if market != TOTAL:
                lines["listings"][self._market(market)] = sizes
                lines["turnover"][self._market(market)] = [
                    row if (row.get("complete") or 0) >= _SETTLED else {} for row in sizes
                ]
        for of, _, _ in self._pairs(country, "price"):
            prices = [self._of(country, TOTAL, day, "price", of) for day in self._periods]
            if of.endswith(" g") and sum(row.get("value") is not None for row in prices) > 1:
                cells = [_cell(row, "prices") | {"prices_low": None} for row in prices]
                lines["prices"][self._named(of)["substance"]] = [*cells]
        names = [self._short(day) for day in self._periods]
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

    # -- what is new -----------------------------------------------------------------------------

    def _news(self) -> Section:
        section = Section("new", self.t("new"), short=self.t("new_short"))
        facts, place = self.facts, self.lang.place
        everywhere = [row for row in facts["substances"] if not (row["market"] or row["country"])]
        if everywhere:
            names = [_plain(row["substance"]) for row in everywhere]
            section.conclude(self.t("first_named", substances=names))
        else:
            section.findings.append(self.t("none_named"))
        for row in facts["silences"]:
            day = _day(row["day"])
            about = {"market": self._market(row["market"]), "day": day, "before": self._short(day)}
            section.conclude(self.t(f"silent_{row['why']}", **about))
        for row in facts["price_changes"]:
            if row["change"] is not None:
                ends = (row["change_low"], row["change_high"])
                section.findings.append(self.t("prices_changed", ends=ends, **row))
        came = [
            {
                "group": f"{place(row['country'])}: {self.t('column_' + row['of'])}",
                "market": self._market(row["market"]),
                "since": self._short(_day(row["since"])),
                "came": _hidden(row["came"]),
                "went": _hidden(row["went"]),
                "gone": None if row["of"] == "vendors" else _hidden(row["gone"]),
            }
            for row in facts["comings"]
        ]
        columns = "market since came:count went:count gone:count"
        self._table(section, "came", columns, came, [self.t("went")])
        moved = [
            {
                "group": place(row["country"]),
                "from": self._market(row["market"]),
                "to": self._market(row["to_market"]),
                "moved": _hidden(row["vendors"]),
                "left": _hidden(row["went"]),
            }
            for row in facts["movers"]
        ]
        self._table(section, "moved", "from to moved:count left:count", moved)
        columns = "name first_on day page vendors"
        substances = [self._first(row) for row in facts["substances"]]
        self._table(section, "substances", columns, substances, [self.t("page")])
        words = [self._first(row) for row in facts["words"]]
        self._table(section, "words", columns, words, [self.t("words")])
        return section

    def _first(self, row: Row) -> Row:
        """Return a line on what was seen for the first time."""
        where = f" ({row['archive']}{row['place'] or ''})" if row["archive"] else ""
        line = {
            "first_on": self._market(row["first_on"]),
            "day": self.lang.day(_day(row["day"])),
            "page": f"{row['page']}{where}",
            "vendors": self._count(row["vendors"]),
        }
        if "tracker" in row:
            return line
        if "word" in row:
            return {"name": row["word"], **line}
        group = self.t("new_everywhere")
        if row["market"]:
            group = self.t("new_on", market=self._market(row["market"]))
        if row["country"]:
            group = self.t("new_from", country=row["country"])
        name = f"{_plain(row['substance'])} ({self.lang.label('groups', row['group'])})"
        return {"name": name, "group": group, **line}

    def _watched(self, watched: Row) -> Section:
        section = Section("watched", self.t("watched"), short=self.t("watched_short"))
        rows = [
            {
                "name": row["tracker"],
                "kind": self.t(f"kind_{row['kind']}"),
                "count": self._count(row["count"]),
                **self._first(row),
            }
            for row in watched["hits"]
        ]
        if rows:
            names = dict.fromkeys(row["name"] for row in rows)
            section.conclude(self.t("seen", names=[*names]))
        if watched["unseen"]:
            section.conclude(self.t("unseen", names=watched["unseen"]))
        notes = [self.t("page"), self.t("left_out", n=watched["left_out"])]
        columns = "name kind first_on day page count vendors"
        self._table(section, "watched", columns, rows, notes[: 1 + bool(watched["left_out"])])
        return section

    # -- how complete, and what was revised --------------------------------------------------------

    def _complete(self) -> Section:
        section = Section("complete", self.t("complete"), short=self.t("complete_short"))
        rows = [row for row in self.facts["markets"] if row["market"] in self.markets]
        lines = []
        for row in rows:
            line = {"market": row["title"], "pages": row["pages"], "crawls": row["crawls"]}
            line |= _cell(row["listings"] or {}, "covered_listings")
            lines.append(line)
            if not row["pages"]:
                section.conclude(self.t("no_pages", market=row["title"]))
        covered = [row for row in rows if row["listings"]]
        if covered:
            worst = min(covered, key=lambda row: row["listings"]["value"])
            share = worst["listings"]["value"]
            several = len(covered) > 1 and share < 1
            given = {"market": worst["title"], "share": share, "several": several}
            section.conclude(self.t("covered", **given))
        columns = "market pages:count crawls:count covered_listings:share"
        self._table(section, "coverage", columns, lines, ends="coverage")
        bounds = [
            {
                "group": self.lang.place(country),
                "market": self._market(market),
                **{
                    name: SUPPRESSED if row.get("hidden") else row.get("at_most")
                    for name in _SIZES
                    for row in [self._of(country, market, self.start, name)]
                },
            }
            for country in self.facts["scope"]["countries"]
            for market in self.markets
        ]
        columns = " ".join(f"{name}:{kind}" for name, kind in _SIZES.items())
        self._table(section, "bounds", f"market {columns}", bounds, [self.t("bound")])
        return section

    def _revised(self) -> Section:
        section = Section("revised", self.t("revised"), short=self.t("revised_short"))
        revisions = self.facts["revisions"]
        if revisions is None:
            section.findings.append(self.t("no_earlier"))
            return section
        numbers = sorted(revisions["numbers"], key=lambda row: row["period"], reverse=True)
        of = {"earlier": revisions["period"]["label"], "n": len(numbers)}
        unexplained = sum(not row["explained"] for row in numbers)
        section.conclude(self.t("revisions", unexplained=unexplained, **of))
        rows = []
        for row in numbers[:_REVISED]:
            what = ", ".join(self._named(row["of"]).values()) if row["of"] else ""
            line = {
                "group": f"{self.lang.place(row['country'])}, {self._market(row['market'])}",
                "period": self._short(_day(row["period"])),
                "what": self.t(f"column_{row['name']}") + (f" ({what})" if what else ""),
                "why": self._why(row["causes"]),
            }
            rows.append(
                line | {key: self._number(row["name"], row[key]) for key in ("then", "now")}
            )
        left = len(numbers) - len(rows)
        notes = [self.t("rest", n=left)] if left else []
        self._table(section, "revised", "period what then now why", rows, notes, **of)
        return section

    def _count(self, number: int | None) -> str:
        """Write a count, or that it is of few: a line in which all is hidden is not shown."""
        if number is None:
            return self.lang.text("words.few_vendors", threshold=self.threshold)
        return self.lang.number(number)

    def _number(self, name: str, value: float | None) -> str:
        if value is None:
            return self.lang.text("table.unknown")
        if name in ("turnover", "price"):
            return self.lang.euros(value, 0 if name == "turnover" else 2)
        return self.lang.number(value)

    def _why(self, causes: Mapping[str, int]) -> str:
        parts = [
            self.t(f"cause_{name.removesuffix('_few')}", n=None if name.endswith("_few") else n)
            for name, n in causes.items()
        ]
        return "; ".join(parts) or self.t("cause_none")


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def _plain(substance: str) -> str:
    """Return a substance's name as a page writes it."""
    return substance.replace("_", " ")


def _hidden(value: int | None) -> object:
    return SUPPRESSED if value is None else value


def _cell(number: Row, name: str) -> dict[str, Any]:
    """Return the value of a number under a name, with its ends where they differ."""
    if number.get("hidden"):
        return {name: SUPPRESSED}
    cell = {name: number.get("value")}
    if number.get("low") != number.get("high"):
        cell |= {f"{name}_{end}": number.get(end) for end in ("low", "high")}
    return cell


def page_of(facts: Row, code: str) -> str:
    """Return a bulletin as HTML in a language."""
    page = BulletinPage(facts, code)
    return render(page.report(), page.lang)
