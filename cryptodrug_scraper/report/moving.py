"""Vendors of several origins, and their moves: a country beside the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cryptodrug_scraper.report.context import ReportContext
from cryptodrug_scraper.report.guard import TOTAL, guard_line
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Section, interval_of
from cryptodrug_scraper.study.intervals import wilson
from cryptodrug_scraper.study.origins import moves, several_origins

_ROWS = 15  # rows of a table
_NAMED = 3  # places that a sentence names
_NUMBERS = ("vendors", "at_once", "in_sequence", "share")

Row = dict[str, Any]


def say_origins(context: ReportContext, made: Section, *, shown: bool) -> None:
    """Say from which other countries vendors ship too, and between which they moved."""
    measure = several_origins(context.study, country=context.country)
    title = context.t("places.method_origins")
    made.methods.append(context.method(measure, title, shown=shown))
    made.caveats += context.caveats(measure)
    moved, cut = _moved(context, made)
    # Where the moves of all other countries together are shown, those of each follow from them.
    one_way = None if cut else _one_way(context, moved)
    frame = measure.frame
    if not frame.empty:
        _origins(context, made, frame, one_way)
    _moves(context, made, moved, cut)


class Origins:
    """A market's vendors of several origins by the other country, as far as they may be shown."""

    def __init__(
        self, context: ReportContext, rows: Sequence[Row], one_way: set[str] | None
    ) -> None:
        show = context.may_show
        hidden = guard_line({row["other"]: int(row["vendors"]) for row in rows}, context.threshold)
        # Of those with several origins, who has not this one among them.
        hidden |= {row["other"] for row in rows if not show(row["several"] - row["vendors"])}
        self.rows: list[Row] = []
        self.named: list[Row] = []
        for row in rows:
            line = dict(row)
            for name in ("at_once", "in_sequence"):
                if not show(row[name]) or not show(row["vendors"] - row[name]):
                    line[name] = SUPPRESSED
            if one_way is None or row["other"] in one_way:
                line["in_sequence"] = SUPPRESSED
            if row["other"] in hidden:
                line |= dict.fromkeys(_NUMBERS, SUPPRESSED)
            else:
                self.named.append(row)
            if not show(row["several"]):
                line["several"] = SUPPRESSED
            self.rows.append(line)


def _origins(
    context: ReportContext, made: Section, frame: pd.DataFrame, one_way: set[str] | None
) -> None:
    t = context.t
    markets = context.market_order(frame["market"])
    by_market = {
        market: Origins(context, frame[frame["market"] == market].to_dict("records"), one_way)
        for market in markets
    }
    pooled = Origins(context, _pooled(frame), one_way)
    silent = [market for market in markets if not by_market[market].named]
    answers = len(markets) > 1 and bool(pooled.named)
    chosen: Mapping[str, Origins] = by_market
    # The markets' own numbers go then: beside all, those of the silent ones would follow.
    if silent and answers and context.options.coarsen:
        chosen = {TOTAL: pooled}
    else:
        for market in silent:
            context.open(made, "origins", {"markets": answers}, market=context.market(market))
    rows = []
    for market, origins in chosen.items():
        rows += [row | {"market": context.market(market)} for row in origins.rows]
        parts = [
            t(
                "places.one_partner",
                place=row["other"],
                share=row["share"],
                interval=interval_of(row, "share"),
                n=int(row["vendors"]),
            )
            for row in origins.named[:_NAMED]
        ]
        if parts:
            words = t(
                "places.together",
                market=context.market(market),
                everywhere=market == TOTAL,
                n=int(origins.named[0]["several"]),
                parts=parts,
            )
            made.conclude(words)
    context.table(
        made,
        "origins",
        t("places.table_origins"),
        [
            Column("other", t("column.other_country"), "place"),
            Column("vendors", t("column.vendors"), "count"),
            Column("several", t("column.several"), "count"),
            Column("share", t("column.share"), "share"),
            Column("at_once", t("column.at_once"), "count"),
            Column("in_sequence", t("column.in_sequence"), "count"),
        ],
        rows,
        group="market",
    )


def _pooled(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of all markets together; an account is of one market."""
    several = int(frame.groupby("market")["several"].max().sum())
    sums = frame.groupby("other", as_index=False)[["vendors", "at_once", "in_sequence"]].sum()
    sums = sums.sort_values(["vendors", "other"], ascending=[False, True])
    sums["several"], sums["share"] = several, sums["vendors"] / several
    sums["share_low"], sums["share_high"] = wilson(sums["vendors"], sums["several"])
    rows: list[Row] = sums.to_dict("records")
    return rows


def _one_way(context: ReportContext, moved: pd.DataFrame) -> set[str]:
    """Return the countries of which moves are shown to or fro, and are few the other way.

    With the number of both ways these few would follow.
    """
    ways: dict[str, dict[bool, int]] = {}
    for row in moved.to_dict("records"):
        away = row["origin"] == context.country
        way = ways.setdefault(row["new_origin"] if away else row["origin"], {})
        way[away] = way.get(away, 0) + int(row["vendors"])
    return {other for other, way in ways.items() if not all(map(context.may_show, way.values()))}


def _moved(context: ReportContext, made: Section) -> tuple[pd.DataFrame, str]:
    """Return the moves, all markets together, and how other countries are taken together.

    They are where no single one may be shown, if the report may choose; else it stays open.
    """
    each = _sums(context, "")
    few = each[[not context.may_show(n) for n in each["vendors"]]]
    if few.empty:
        return each, ""
    wider = {name: _sums(context, name) for name in ("partners", "ways")}
    answers = {name: all(map(context.may_show, sums["vendors"])) for name, sums in wider.items()}
    if len(few) < len(each):  # from those together, and those shown, the few would follow
        answers = {}
    chosen = next((name for name, answer in answers.items() if answer), "")
    if chosen and context.options.coarsen:
        return wider[chosen], chosen
    others = {*few["origin"], *few["new_origin"]} - {context.country}
    context.open(made, "moves", answers, n=len(others))
    return each, ""


def _sums(context: ReportContext, together: str) -> pd.DataFrame:
    frame = moves(context.study, country=context.country, together=together).frame
    sums = frame.groupby(["origin", "new_origin"], as_index=False)["vendors"].sum()
    return sums.sort_values(["vendors", "origin", "new_origin"], ascending=[False, True, True])


def _moves(context: ReportContext, made: Section, moved: pd.DataFrame, cut: str) -> None:
    t = context.t
    if moved.empty:
        made.findings.append(t("places.no_moves"))
        return
    rows, parts = [], []
    for row in moved.to_dict("records"):
        line: Row = {
            name: context.lang.place(row[name]) if row[name] else t("places.others")
            for name in ("origin", "new_origin")
        }
        line["vendors"] = int(row["vendors"])
        if context.may_show(row["vendors"]):
            key = "moves_both_ways" if cut == "ways" else "one_move"
            parts.append(t(f"places.{key}", a=row["origin"], b=row["new_origin"], n=row["vendors"]))
        else:
            line["vendors"] = SUPPRESSED
        rows.append(line)
    words = t("places.moves", moves=parts[:_NAMED]) if parts else t("places.few_moves")
    made.findings.append(words)
    if parts:
        made.summary.append(words)
    context.table(
        made,
        "moves",
        t("places.table_moves"),
        [
            Column("origin", t("column.from")),
            Column("new_origin", t("column.to")),
            Column("vendors", t("column.vendors"), "count"),
        ],
        *cut_rows(context, rows),
    )


def cut_rows(context: ReportContext, rows: list[Row]) -> tuple[list[Row], list[str]]:
    """Return the rows of a table that say something, as far as they fit, and a note of the rest."""
    shown = [row for row in rows if row.get("listings", row["vendors"]) is not SUPPRESSED][:_ROWS]
    if not shown:
        return rows, []
    left = len(rows) - len(shown)
    return shown, [context.t("places.rest", n=left)] if left else []
