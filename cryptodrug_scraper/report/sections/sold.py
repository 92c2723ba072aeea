"""What is sold: the country's offer beside that of all vendors."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from cryptodrug_scraper.language import cap
from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import ReportContext
from cryptodrug_scraper.report.guard import TOTAL, Guard, listing_vendors
from cryptodrug_scraper.report.offer import FAMILIES, group_sql, groups_of, offer
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Section, drawn, interval_of

_OWN = ("listings_country", "share_country", "ratio")
_NAMED = 3  # groups that a sentence names at most
_DIFFERENT = 1.25  # so many times the market's part is worth a word

Row = dict[str, Any]


class Offered:
    """What is on offer by group of drugs and market, with what of it must not be shown.

    Of some `families`, the groups are taken together.
    """

    def __init__(self, context: ReportContext, families: Collection[str] = ()) -> None:
        self.families_taken = tuple(families)
        self.threshold = context.threshold
        self.measure = offer(context.study, context.country, families)
        self.cells: dict[tuple[str, str], Row] = {
            (row["substance"], row["market"]): row for row in self.measure.frame.to_dict("records")
        }
        self.markets = context.market_order({market for _, market in self.cells})
        every, self.drugs = groups_of(families)
        there = {group for group, market in self.cells if market}
        self.groups = [group for group in every if group in there]
        study, country, sql = context.study, context.country, group_sql(families)
        self.guard = context.guard(listing_vendors(study, country, sql), self.groups, self.markets)
        self.every = context.guard_all(
            listing_vendors(study, None, sql),
            self.groups,
            self.markets,
            self.guard,
            listing_vendors(study, country, sql, others=True),
        )

    def hidden(self, market: str) -> list[str]:
        """Return the groups of which the country's number is not shown, of a market or all."""
        return [group for group in self.groups if self.guard.hides(group, market)]

    def rest(self, market: str) -> Row | None:
        """Return the groups that are not shown together, if they may be: all less those shown.

        It is no more than follows anyhow from the total and the groups that are shown.
        """
        hidden = self.hidden(market)
        if len(hidden) < 2 or self.guard.hides(TOTAL, market):
            return None
        if max(self.guard.count(group, market) for group in hidden) < self.threshold:
            return None
        there = [group for group in self.groups if (group, market) in self.cells]
        listings = {g: int(self.cells[g, market]["listings_country"]) for g in there}
        together = sum(listings.get(group, 0) for group in hidden)
        return {"listings_country": together, "share_country": together / sum(listings.values())}

    def families(self) -> list[str]:
        """Return the families with a group of which the number of all markets is not shown."""
        hidden = set(self.hidden(TOTAL))
        return [name for name, groups in FAMILIES.items() if hidden & set(groups)]


def _ask(context: ReportContext, made: Section, offered: Offered, broader: Offered) -> None:
    """Keep the questions that stay open: the groups of which the number is not shown."""
    markets = offered.markets if len(offered.markets) > 1 else []
    for market in [*markets, TOTAL]:
        hidden = offered.hidden(market)
        if hidden:
            cuts = {
                "markets": bool(market) and not set(hidden) & set(offered.hidden(TOTAL)),
                "substances": broader is not offered and not broader.hidden(TOTAL),
                "groups": offered.rest(market) is not None,
            }
            if context.options.coarsen and cuts["groups"]:
                continue  # a row of the table is the answer
            context.open(
                made,
                "sold",
                cuts,
                market=context.market(market),
                everywhere=not market,
                groups=[context.group(group) for group in hidden],
            )


def section(context: ReportContext) -> Section:
    """Return the section."""
    t = context.t
    made = Section("sold", t("sold.title"))
    offered = Offered(context)
    broader = Offered(context, offered.families()) if offered.families() else offered
    if context.options.coarsen:
        offered = broader
        context.families = offered.families_taken
    measure, cells = offered.measure, offered.cells
    markets, groups = offered.markets, offered.groups
    guard, every = offered.guard, offered.every
    shown = guard.has_any() and not guard.hides()
    unknown = ["unknown_substance"] if every.hides("unknown") else []
    made.methods.append(context.method(measure, hidden=unknown))
    if not guard.has_any():
        made.findings.append(t("caveat.empty"))
        return made
    if not shown:
        made.caveats.append(t("caveat.few_vendors"))
    _ask(context, made, offered, broader)
    several = [*markets, TOTAL] if len(markets) > 1 else markets
    rows = []
    for market in several:
        for group in groups:
            row = cells.get((group, market))
            if row is None:
                continue
            row = {**row, "market": context.market(market), "substance": context.group(group)}
            row["substance"] = cap(row["substance"])
            if guard.hides(group, market):
                row |= dict.fromkeys(_OWN, SUPPRESSED)
            if every.hides(group, market):
                row |= dict.fromkeys(("listings", "share", "ratio"), SUPPRESSED)
            # Of a part and its share follows the whole.
            if guard.hides(TOTAL, market):
                row |= dict.fromkeys(("share_country", "ratio"), SUPPRESSED)
            if every.hides(TOTAL, market):
                row |= dict.fromkeys(("share", "ratio"), SUPPRESSED)
            rows.append(row)
        rest = offered.rest(market) if context.options.coarsen else None
        if rest is not None:
            words = t("sold.rest", n=len(offered.hidden(market)))
            rows.append({**rest, "market": context.market(market), "substance": words})
    of_own, of_all = t("column.of_country"), t("column.of_all")
    context.table(
        made,
        "sold",
        t("sold.table"),
        [
            Column("substance", t("column.substance")),
            Column("listings_country", t("column.listings"), "count", of_own),
            Column("share_country", t("column.share"), "share", of_own),
            Column("listings", t("column.listings"), "count", of_all),
            Column("share", t("column.share"), "share", of_all),
            Column("ratio", t("column.times_average"), "decimal"),
        ],
        rows,
        group="market",
    )
    if shown:
        made.caveats += context.caveats(measure)
        _draw(context, made, offered)
        for market in several:
            sentences = _sentences(context, offered, market)
            if sentences:
                made.findings.append(" ".join(sentences))
            if market == several[-1]:
                made.summary += sentences
    return made


def _draw(context: ReportContext, made: Section, offered: Offered) -> None:
    t = context.t
    cells, guard, every = offered.cells, offered.guard, offered.every
    # In the order of all listings, if that is known: it would tell of what is hidden.
    known = not every.hides() and not any(every.hides(group) for group in offered.groups)
    order = sorted(
        offered.groups,
        key=lambda g: (g not in offered.drugs, -cells[g, TOTAL]["listings"] if known else 0),
    )
    labels = [cap(context.group(group)) for group in order]

    rows = [cells[group, TOTAL] for group in order]

    def hidden(guard: Guard) -> list[bool]:
        return [guard.hides() or guard.hides(group) for group in order]

    series = [
        figures.series_of(t("words.country_vendors"), rows, "share_country", hidden(guard)),
        figures.series_of(t("words.all_offers"), rows, "share", hidden(every)),
    ]
    texts = ("sold.label", "sold.figure")
    context.figure(made, figures.bars, "sold", labels, series, "share", *texts)


def _sentences(context: ReportContext, offered: Offered, market: str) -> list[str]:
    t = context.t
    cells, groups, drugs = offered.cells, offered.groups, offered.drugs
    guard, every = offered.guard, offered.every
    if guard.hides(TOTAL, market) or every.hides(TOTAL, market):
        return []
    there = [
        (group, float(cells[group, market]["share_country"]), float(cells[group, market]["share"]))
        for group in groups
        if group in drugs
        and (group, market) in cells
        and not guard.hides(group, market)
        and not every.hides(group, market)
        and drawn(cells[group, market]["share_country"]) is not None
    ]
    most = [each for each in sorted(there, key=lambda each: -each[1]) if each[1] > 0][:4]
    if not most:
        return []
    where = {"market": context.market(market), "everywhere": market == TOTAL}
    named = [
        t(
            "sold.one",
            group=context.group(group),
            share=share,
            interval=interval_of(cells[group, market], "share_country"),
        )
        for group, share, _ in most
    ]
    own, of_all = (
        sum(int(cells[group, market][name]) for group in groups if (group, market) in cells)
        for name in ("listings_country", "listings")
    )
    sentences = [t("sold.most", groups=named, listings=own, **where)]
    compared = {
        "more": [e for e in there if e[1] >= e[2] * _DIFFERENT and e[1] - e[2] >= 0.01],
        "less": [e for e in there if e[1] * _DIFFERENT <= e[2] and e[2] - e[1] >= 0.01],
    }
    for key, found in compared.items():
        found.sort(key=lambda e: -abs(e[1] - e[2]))
        each = [
            t(
                "sold.compared",
                group=context.group(g),
                share=share,
                average=average,
                ratio=cells[g, market]["ratio"],
                interval=interval_of(cells[g, market], "ratio"),
            )
            for g, share, average in found[:_NAMED]
        ]
        if each:
            sentences.append(
                t(f"sold.{key}", groups=each, alone=not compared["more"], of=of_all, **where)
            )
    if market == TOTAL:
        spans = sum(
            1 for g in drugs if (g, TOTAL) in cells and cells[g, TOTAL]["listings_country"] > 0
        )
        sentences.append(t("sold.spans", n=spans, of=len(drugs)))
    return sentences
