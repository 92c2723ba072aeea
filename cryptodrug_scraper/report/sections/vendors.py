"""Vendors on several markets, and where they go when one closes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cryptodrug_scraper.language import cap
from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import ReportContext
from cryptodrug_scraper.report.guard import as_day, guard_line, may_total
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Section, drawn, interval_of
from cryptodrug_scraper.report.sections.linked import add_arrivals, add_handles, add_totals
from cryptodrug_scraper.study import Measure
from cryptodrug_scraper.study.migration import migration
from cryptodrug_scraper.study.vendors import same_vendors

_DEGREES = ("certain", "likely", "possible")
_CLOSED = """
    SELECT market, closing_announced_on IS NOT NULL AS announced FROM market
    WHERE market = ANY(:markets) AND closed_on IS NOT NULL AND closed_on < :last
    ORDER BY closed_on
"""
_OF_COUNTRY = """
    SELECT DISTINCT market, vendor FROM s_listing WHERE :country = ANY(from_countries)
"""


def section(context: ReportContext) -> Section:
    """Return the section."""
    t = context.t
    made = Section("vendors", t("vendors.title"))
    measure = same_vendors(context.study)
    made.methods.append(context.method(measure, t("vendors.method_same")))
    made.caveats += context.caveats(measure)
    context.study.prepare()
    here = set(
        context.study.frame(_OF_COUNTRY, {"country": context.country}).itertuples(
            index=False, name=None
        )
    )
    pairs: list[dict[str, Any]] = measure.frame.to_dict("records")
    for pair in pairs:
        pair["here"] = (pair["market"], pair["vendor"]) in here or (
            pair["other_market"],
            pair["other_vendor"],
        ) in here
    if pairs:
        _links(context, made, pairs)
        add_handles(context, made)
    else:
        made.findings.append(t("vendors.none"))
    add_totals(context, made)
    _migration(context, made)
    if context.options.name_vendors:
        _named(context, made, [pair for pair in pairs if pair["here"]])
    return made


def _links(context: ReportContext, made: Section, pairs: list[dict[str, Any]]) -> None:
    t = context.t
    totals = dict.fromkeys(_DEGREES, 0)
    own: dict[str, int] = dict.fromkeys(_DEGREES, 0)
    counted: dict[tuple[str, str, str], list[int]] = {}
    for pair in pairs:
        markets = context.market_order((pair["market"], pair["other_market"]))
        count = counted.setdefault((markets[0], markets[1], pair["certainty"]), [0, 0])
        count[0] += 1
        count[1] += pair["here"]
        totals[pair["certainty"]] += 1
        own[pair["certainty"]] += pair["here"]
    # Totals are told by degree: along the markets of each, nothing may follow from them.
    hidden: tuple[set[Any], set[Any]] = (set(), set())
    may_say: list[bool] = [True, True]
    for degree in _DEGREES:
        for n in (0, 1):
            line = {key: count[n] for key, count in counted.items() if key[2] == degree}
            hidden[n].update(guard_line(line, context.threshold))
            may_say[n] &= may_total(line, context.threshold)
        # All without the country's is a number too.
        others = {key: n[0] - n[1] for key, n in counted.items() if key[2] == degree}
        hidden[0].update(guard_line(others, context.threshold))
        may_say[0] &= may_total(others, context.threshold)
    order = list(context.study.markets)

    def order_of(key: tuple[str, str, str]) -> tuple[int, int, int]:
        return order.index(key[0]), order.index(key[1]), _DEGREES.index(key[2])

    rows = [
        {
            "markets": context.lang.each([context.market(key[0]), context.market(key[1])]),
            "evidence": key[2],
            "pairs": SUPPRESSED if key in hidden[0] else counted[key][0],
            "own": SUPPRESSED if key in hidden[1] else counted[key][1],
        }
        for key in sorted(counted, key=order_of)
    ]
    context.table(
        made,
        "links",
        t("vendors.table_links"),
        [
            Column("markets", t("column.markets")),
            Column("evidence", t("column.evidence"), "evidence"),
            Column("pairs", t("column.pairs"), "count"),
            Column("own", t("column.pairs"), "count", t("column.of_country")),
        ],
        rows,
    )
    silent = [(a, b) for a, b, _ in sorted(hidden[0] | hidden[1], key=order_of)]
    for both in dict.fromkeys(silent):
        names = context.lang.each(map(context.market, both))
        context.open(made, "links", {"markets": may_say[0] and may_say[1]}, markets=names)
    if may_say[0]:
        made.findings.append(t("vendors.links", **totals))
    if may_say[1] and any(own.values()):
        made.findings.append(t("vendors.links_country", **own))


def _migration(context: ReportContext, made: Section) -> None:
    t = context.t
    last = context.study.row(
        "SELECT CAST(max(observed_at) AS date) AS day FROM page"
        " WHERE market = ANY(:markets) AND CAST(observed_at AS date) <= :end"
    )["day"]
    if last is None:
        return
    closed = context.study.frame(_CLOSED, {"last": last})
    rows: list[dict[str, Any]] = []
    hidden: set[tuple[str, str]] = set()
    first = True
    for market, announced in closed.itertuples(index=False):
        measure, together = _measured(context, made, market)
        if together:
            hidden |= {(market, other) for other in context.study.markets}
        if first:
            made.methods.append(context.method(measure, t("vendors.method_migration")))
            first = False
        made.caveats += context.caveats(measure)
        came: dict[str, dict[str, Any]] = {}
        untold = _untold(measure.frame, context.threshold)
        elsewhere = t("words.other_markets")
        for row in measure.frame.to_dict("records"):
            since = as_day(row["since"])
            line = {
                "closed": t("vendors.counted", market=context.market(market), since=since),
                "from": context.market(market),
                "to": cap(elsewhere) if together else context.market(row["to_market"]),
                "evidence": row["certainty"],
                "active": int(row["active"]),
                "before": int(row["before"]),
                "after": int(row["after"]),
                "share": drawn(row["share_after"]),
                "days": row["median_days"],
                **{f"share_{end}": row[f"share_after_{end}"] for end in ("low", "high")},
                "sold": int(row["sold_after"]),
            }
            few = [
                name for name in ("before", "after", "active") if not context.may_show(line[name])
            ]
            # Of few, the ends are the days of single vendors.
            if row["after"] >= 2 * context.threshold:
                line |= {f"days_{end}": row[f"median_days_{end}"] for end in ("low", "high")}
            sold = row["sold_after"]
            parts = (sold, row["vendors"] - sold, abs(row["after"] - sold))
            if not all(map(context.may_show, parts)):
                line["sold"] = SUPPRESSED
            if few or (row["to_market"], row["certainty"]) in untold:
                line |= dict.fromkeys(("before", "after", "share", "days", "sold"), SUPPRESSED)
                if "active" in few:
                    line["active"] = SUPPRESSED
            else:
                if row["certainty"] == "certain":
                    came[row["to_market"]] = line
            rows.append(line)
            if row["certainty"] != "possible" and SUPPRESSED in line.values():
                hidden.add((market, row["to_market"]))
        for other, sure in came.items():
            if sure["after"]:
                sentence = t(
                    "vendors.came",
                    market=context.market(market),
                    announced=announced,
                    since=since,
                    other=elsewhere if together else context.market(other),
                    n=sure["after"],
                    active=sure["active"],
                    share=sure["share"],
                    interval=interval_of(sure, "share"),
                )
                made.conclude(sentence)
    if not rows:
        return
    context.table(
        made,
        "migration",
        t("vendors.table_migration"),
        [
            Column("to", t("column.found_on")),
            Column("evidence", t("column.evidence"), "evidence_short"),
            Column("active", t("column.active"), "count"),
            Column("before", t("column.there_before"), "count"),
            Column("after", t("column.came_after"), "count"),
            Column("share", t("column.came_share"), "share"),
            Column("days", t("column.came_days"), "count", interval=True),
            Column("sold", t("column.sold_after"), "count"),
        ],
        rows,
        group="closed",
    )
    add_arrivals(context, made, list(closed["market"]), hidden)
    ways = list(dict.fromkeys((row["from"], row["to"]) for row in rows))
    after = {(row["from"], row["to"], row["evidence"]): row["after"] for row in rows}
    series = [
        figures.Series(
            context.lang.label("evidence_short", degree),
            [drawn(after.get((*way, degree))) for way in ways],
            hidden=[after.get((*way, degree)) is SUPPRESSED for way in ways],
        )
        for degree in _DEGREES
    ]
    labels = [f"{left} → {to}" for left, to in ways]
    texts = ("vendors.label", "vendors.figure")
    context.figure(made, figures.bars, "migration", labels, series, "count", *texts)


def _measured(context: ReportContext, made: Section, market: str) -> tuple[Measure, bool]:
    """Return where a market's vendors went; all other markets together, if only that may be shown.

    Where the report may not choose, or that is no answer either, a question stays open.
    """
    measure = migration(context.study, market=market)
    silent = _silent(context, measure.frame)
    if not silent:
        return measure, False
    wider = migration(context.study, market=market, together=True)
    answers = measure.frame["to_market"].nunique() > 1 and not _silent(context, wider.frame)
    alone = len(silent) == measure.frame["to_market"].nunique()
    if answers and alone and context.options.coarsen:
        return wider, True
    others = context.lang.each(map(context.market, context.market_order(silent)))
    cuts = {"destinations": answers and alone}
    context.open(made, "migration", cuts, market=context.market(market), other=others)
    return measure, False


def _silent(context: ReportContext, frame: pd.DataFrame) -> list[str]:
    """Return the markets of which it may not be shown how many certainly came there."""
    few = _untold(frame, context.threshold)
    return [
        row["to_market"]
        for row in frame[frame["certainty"] == "certain"].to_dict("records")
        if (row["to_market"], "certain") in few
        or not all(context.may_show(row[name]) for name in ("before", "after", "active"))
    ]


def _untold(frame: pd.DataFrame, threshold: int) -> set[tuple[str, str]]:
    """Return the rows, by market and certainty, that give away how many were not found again.

    Who was active is found there with one certainty or with none; few of none would follow.
    """
    hidden = set()
    for market, rows in frame.groupby("to_market"):
        found = {
            (str(market), row["certainty"]): int(row["before"]) + int(row["after"])
            for row in rows.to_dict("records")
        }
        none = int(rows["active"].iloc[0]) - sum(found.values())
        if 0 < none < threshold:
            hidden |= guard_line({**found, (str(market), ""): none}, threshold)
    return hidden


def _named(context: ReportContext, made: Section, pairs: list[dict[str, Any]]) -> None:
    t = context.t
    if not pairs:
        return
    made.caveats.append(t("about.named"))
    rows = [
        {
            "handle": pair["vendor"],
            "market": context.market(pair["market"]),
            "first": _day(context, pair["first_day"]),
            "other": pair["other_vendor"],
            "other_market": context.market(pair["other_market"]),
            "other_first": _day(context, pair["other_first_day"]),
            "evidence": pair["certainty"],
        }
        for pair in pairs
    ]
    context.table(
        made,
        "named",
        t("vendors.table_named"),
        [
            Column("handle", t("column.handle")),
            Column("market", t("column.market")),
            Column("first", t("column.since")),
            Column("other", t("column.other_handle")),
            Column("other_market", t("column.market")),
            Column("other_first", t("column.since")),
            Column("evidence", t("column.evidence"), "evidence_short"),
        ],
        rows,
    )


def _day(context: ReportContext, value: Any) -> str | None:
    day = as_day(value)
    return None if day is None else context.lang.day(day)
