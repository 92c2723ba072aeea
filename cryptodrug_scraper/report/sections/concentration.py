"""Whether trade is in few hands."""

from __future__ import annotations

from math import ceil
from typing import Any

from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import ReportContext
from cryptodrug_scraper.report.guard import TOTAL
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Section, interval_of
from cryptodrug_scraper.study.concentration import concentration

_FEWEST = 3  # of fewer vendors a coefficient says nothing
_NUMBERS = ("vendors", "gini", "top_10", "top_10_percent")


class Sellers:
    """How unequal the country's vendors sell, and all, by market or `together`."""

    def __init__(self, context: ReportContext, *, together: bool = False) -> None:
        self.measure = concentration(context.study, country=context.country, together=together)
        every = concentration(context.study, together=together)
        self.own: dict[str, dict[str, Any]] = {
            row["market"]: _careful(row, context.threshold, row["market"] in context.hidden_markets)
            for row in self.measure.frame.to_dict("records")
        }
        self.every: dict[str, dict[str, Any]] = {
            row["market"]: _careful(row, context.threshold, _tells(context, row, self.own))
            for row in every.frame.to_dict("records")
        }
        self.markets = [TOTAL] if together else context.market_order(self.every)

    @property
    def silent(self) -> list[str]:
        """Markets of which it is not shown how the country's vendors sell beside all."""
        return [
            market
            for market in self.markets
            if market in self.own
            and SUPPRESSED in (self.own[market]["gini"], self.every[market]["gini"])
        ]


def section(context: ReportContext) -> Section:
    """Return the section."""
    t = context.t
    made = Section("concentration", t("concentration.title"))
    sellers = Sellers(context)
    silent = sellers.silent
    if silent:
        pooled = Sellers(context, together=True)
        answers = len(sellers.markets) > 1 and not pooled.silent
        # The markets' own numbers go then: beside all, those of the silent ones would follow.
        if answers and context.options.coarsen:
            sellers = pooled
            context.together.add("concentration")
        else:
            for market in silent:
                cuts = {"markets": answers}
                context.open(made, "concentration", cuts, market=context.market(market))
    own, of_own, of_all, markets = sellers.measure, sellers.own, sellers.every, sellers.markets
    shown = any(row["gini"] is not SUPPRESSED for row in of_own.values())
    made.methods.append(context.method(own, shown=shown))
    if not of_own:
        made.findings.append(t("caveat.empty"))
        return made
    made.caveats += context.caveats(own) if shown else [t("caveat.few_vendors")]
    rows: list[dict[str, Any]] = []
    for market in markets:
        for who, found in (("own", of_own.get(market)), ("all", of_all[market])):
            if found is not None:
                whose = t("words.country_vendors" if who == "own" else "words.all_offers")
                rows.append({**found, "who": whose, "market": context.market(market)})
    context.table(
        made,
        "concentration",
        t("concentration.table"),
        [
            Column("who", t("column.whose")),
            Column("vendors", t("column.vendors"), "count"),
            Column("gini", t("column.gini"), "decimal"),
            Column("top_10", t("column.ten_largest"), "share"),
            Column("top_10_percent", t("column.top10"), "share"),
        ],
        rows,
        group="market",
    )
    labels = [context.market(market) for market in markets]
    series = [
        figures.series_of(t(f"words.{name}"), [found.get(m, {}) for m in markets], "gini")
        for name, found in (("country_vendors", of_own), ("all_offers", of_all))
    ]
    texts = ("concentration.label", "concentration.figure")
    context.figure(made, figures.bars, "concentration", labels, series, "decimal", *texts)
    for market in markets:
        mine = of_own.get(market)
        if mine is None:
            continue
        if market in sellers.silent or int(mine["vendors"]) < _FEWEST:
            continue
        sentence = t(
            "concentration.gini",
            market=context.market(market),
            everywhere=not market,
            own=mine["gini"],
            all=of_all[market]["gini"],
            own_interval=interval_of(mine, "gini"),
            all_interval=interval_of(of_all[market], "gini"),
            n=mine["vendors"],
            of=of_all[market]["vendors"],
        )
        if mine["top_10_percent"] is not SUPPRESSED:
            sentence += " " + t(
                "concentration.top",
                share=mine["top_10_percent"],
                interval=interval_of(mine, "top_10_percent"),
            )
        made.findings.append(sentence)
    return made


def _tells(context: ReportContext, row: dict[str, Any], own: dict[str, dict[str, Any]]) -> bool:
    """Whether a market's row of all vendors gives a small number away, beside its own one."""
    mine = own.get(row["market"], {}).get("vendors", 0)
    few = mine is not SUPPRESSED and not context.may_show(int(row["vendors"]) - int(mine))
    return few or row["market"] in context.untold_markets


def _careful(row: dict[str, Any], threshold: int, hidden: bool) -> dict[str, Any]:
    """Return a row without what rests on too few vendors, those at the top or all the others."""
    vendors = int(row["vendors"])
    if hidden or vendors < threshold:
        return row | dict.fromkeys(_NUMBERS, SUPPRESSED)
    careful = dict(row)
    for name, top in (("top_10", 10), ("top_10_percent", ceil(vendors * 0.1))):
        if top < threshold or 0 < vendors - top < threshold:
            careful[name] = SUPPRESSED
    return careful
