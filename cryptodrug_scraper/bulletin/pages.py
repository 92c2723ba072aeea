"""A bulletin's data as a page: sections of sentences, figures and tables, in one language.

It reads nothing but the data, in which there is no hidden number.
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptodrug_scraper.bulletin.countries import CountrySection
from cryptodrug_scraper.bulletin.wording import SIZES, Row, cell_of, day_of, or_hidden, plain
from cryptodrug_scraper.database.invented import Kinds
from cryptodrug_scraper.report.captures import kinds_words
from cryptodrug_scraper.report.guard import TOTAL
from cryptodrug_scraper.report.page import Report, render
from cryptodrug_scraper.report.parts import SUPPRESSED, Section
from cryptodrug_scraper.study.intervals import DRAWS, SEED

_CAUSES = (
    "late", "added", "removed", "reread", "visible", "stated", "edited", "again", "since",
    "program",
)  # fmt: skip
_REVISED = 30
"""Revisions that the table shows."""


class BulletinPage(CountrySection):
    """A bulletin in one language."""

    def report(self) -> Report:
        """Return the page's parts."""
        facts, text = self.facts, self.lang.text
        sections = [self.country(country) for country in facts["scope"]["countries"]]
        sections.append(self._news())
        if facts["watched"] is not None:
            sections.append(self._watched(facts["watched"]))
        sections += [self._complete(), self._revised()]
        waits = self.t("waiting", rows=facts["waiting"]) if facts["waiting"] else ""
        bare = text("about.not_suppressed", threshold=self.threshold) * (self.threshold <= 1)
        notices = [kinds_words(Kinds(**facts["kinds"]), self.lang), waits, bare]
        made = {
            "version": facts["program"], "state": facts["state"][:12],
            "day": day_of(facts["as_of"]), "time": facts["as_of"][11:16],
        }  # fmt: skip
        return Report(
            title=self.t(
                "title",
                period=self.full(),
                countries=map(self.lang.the, facts["scope"]["countries"]),
            ),
            scope=self.t(
                "scope",
                markets=[self.market(market) for market in self.markets if market != TOTAL],
                start=self.start,
                end=day_of(facts["period"]["end"]),
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

    # -- what is new -----------------------------------------------------------------------------

    def _news(self) -> Section:
        section = Section("new", self.t("new"), short=self.t("new_short"))
        facts, place, colon = self.facts, self.lang.place, self.lang.text("page.colon")
        everywhere = [row for row in facts["substances"] if not (row["market"] or row["country"])]
        if everywhere:
            names = [plain(row["substance"]) for row in everywhere]
            section.conclude(self.t("first_named", substances=names))
        else:
            section.findings.append(self.t("none_named"))
        for row in facts["silences"]:
            day = day_of(row["day"])
            about = {"market": self.market(row["market"]), "day": day, "before": self.short(day)}
            section.conclude(self.t(f"silent_{row['why']}", **about))
        for row in facts["price_changes"]:
            if row["change"] is not None:
                ends = (row["change_low"], row["change_high"])
                section.findings.append(self.t("prices_changed", ends=ends, **row))
        came = [
            {
                "group": place(row["country"]) + colon + self.t(f"column_{row['of']}"),
                "market": self.market(row["market"]),
                "since": self.short(day_of(row["since"])),
                "came": or_hidden(row["came"]),
                "went": or_hidden(row["went"]),
                "gone": None if row["of"] == "vendors" else or_hidden(row["gone"]),
            }
            for row in facts["comings"]
        ]
        columns = "market since came:count went:count gone:count"
        self.table(section, "came", columns, came, [self.t("went")])
        moved = [
            {
                "group": place(row["country"]),
                "from": self.market(row["market"]),
                "to": self.market(row["to_market"]),
                "moved": or_hidden(row["vendors"]),
                "left": or_hidden(row["went"]),
            }
            for row in facts["movers"]
        ]
        self.table(section, "moved", "from to moved:count left:count", moved)
        columns = "name first_on day page vendors"
        substances = [self._first(row) for row in facts["substances"]]
        self.table(section, "substances", columns, substances, [self.t("page")])
        words = [self._first(row) for row in facts["words"]]
        self.table(section, "words", columns, words, [self.t("words")])
        return section

    def _first(self, row: Row) -> Row:
        """Return a line on what was seen for the first time."""
        where = f" ({row['archive']}{row['place'] or ''})" if row["archive"] else ""
        line = {
            "first_on": self.market(row["first_on"]),
            "day": self.lang.day(day_of(row["day"])),
            "page": f"{row['page']}{where}",
            "vendors": self.count(row["vendors"]),
        }
        if "tracker" in row:
            return line
        if "word" in row:
            return {"name": row["word"], **line}
        group = self.t("new_everywhere")
        if row["market"]:
            group = self.t("new_on", market=self.market(row["market"]))
        if row["country"]:
            group = self.t("new_from", country=row["country"])
        name = f"{plain(row['substance'])} ({self.lang.label('groups', row['group'])})"
        return {"name": name, "group": group, **line}

    def _watched(self, watched: Row) -> Section:
        section = Section("watched", self.t("watched"), short=self.t("watched_short"))
        rows = [
            {
                "name": row["tracker"],
                "kind": self.t(f"kind_{row['kind']}"),
                "count": self.count(row["count"]),
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
        self.table(section, "watched", columns, rows, notes[: 1 + bool(watched["left_out"])])
        return section

    # -- how complete, and what was revised --------------------------------------------------------

    def _complete(self) -> Section:
        section = Section("complete", self.t("complete"), short=self.t("complete_short"))
        rows = [row for row in self.facts["markets"] if row["market"] in self.markets]
        lines = []
        for row in rows:
            line = {"market": row["title"], "pages": row["pages"], "crawls": row["crawls"]}
            line |= cell_of(row["listings"] or {}, "covered_listings")
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
        self.table(section, "coverage", columns, lines, ends="coverage")
        bounds = [
            {
                "group": self.lang.place(country),
                "market": self.market(market),
                **{
                    name: SUPPRESSED if row.get("hidden") else row.get("at_most")
                    for name in SIZES
                    for row in [self.number(country, market, self.start, name)]
                },
            }
            for country in self.facts["scope"]["countries"]
            for market in self.markets
        ]
        columns = " ".join(f"{name}:{kind}" for name, kind in SIZES.items())
        self.table(section, "bounds", f"market {columns}", bounds, [self.t("bound")])
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
            what = ", ".join(self.named(row["of"]).values()) if row["of"] else ""
            line = {
                "group": f"{self.lang.place(row['country'])}, {self.market(row['market'])}",
                "period": self.short(day_of(row["period"])),
                "what": self.t(f"column_{row['name']}") + (f" ({what})" if what else ""),
                "why": self._why(row["causes"]),
            }
            line |= {key: self._number(row["name"], row[key]) for key in ("then", "now")}
            if line["then"] != line["now"]:  # as they are written
                rows.append(line)
        left = len(numbers) - len(rows)
        notes = [self.t("rest", n=left)] if left else []
        self.table(section, "revised", "period what then now why", rows, notes, **of)
        return section

    def _number(self, name: str, value: float | None) -> str:
        if value is None:
            return self.lang.text("table.unknown")
        if name in ("turnover", "price"):
            return self.lang.euros(value, 0 if name == "turnover" else 2)
        return self.lang.number(value)

    def _why(self, causes: Mapping[str, int]) -> str:
        """Write the causes of a change, first those that are of its own period."""
        parts = [
            self.t(f"cause_{cause}", n=causes.get(cause))
            for cause in _CAUSES
            if cause in causes or f"{cause}_few" in causes
        ]
        return self.lang.text("page.between_sources").join(parts) or self.t("cause_none")


def page_of(facts: Row, code: str) -> str:
    """Return a bulletin as HTML in a language."""
    page = BulletinPage(facts, code)
    return render(page.report(), page.lang)
