"""How the numbers move with choices that could have been made otherwise."""

from __future__ import annotations

from typing import Any

from cryptodrug_scraper.report.context import ReportContext
from cryptodrug_scraper.report.guard import NO_COLUMN, review_vendors
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Section
from cryptodrug_scraper.report.selling import EDGES
from cryptodrug_scraper.study.sensitivity import sensitivity

_NUMBERS = ("reviews", "turnover_eur", "larger_share", "growth", "stay_days", "moves")


def section(context: ReportContext) -> Section:
    """Return the section."""
    t = context.t
    made = Section("sensitivity", t("sensitivity.title"))
    found = sensitivity(context.study, country=context.country)
    main_edge = float(found.method["edge"])
    rows = [_row(context, row, main_edge) for row in found.frame.to_dict("records")]
    markets = context.market_order(context.study.markets)
    vendors = review_vendors(context.study, context.country, NO_COLUMN)
    shown = not context.guard(vendors, [], markets).hides()
    made.methods.append(context.method(found, shown=shown))
    if not rows[0]["reviews"]:
        made.findings.append(t("caveat.empty"))
        return made
    if not shown:
        made.caveats.append(t("caveat.few_vendors"))
        for row in rows:
            row |= dict.fromkeys(_NUMBERS, SUPPRESSED)
    context.table(
        made,
        "sensitivity",
        t("sensitivity.table"),
        [
            Column("words", t("column.choice")),
            Column("reviews", t("column.reviews"), "count"),
            Column("turnover_eur", t("column.turnover"), "euros"),
            Column("larger_share", t("column.larger_share"), "share"),
            Column("growth", t("column.growth"), "share"),
            Column("stay_days", t("column.half_gone"), "count"),
            Column("moves", t("column.moves"), "count"),
        ],
        rows,
    )
    if shown:
        made.findings += _findings(context, rows)
    return made


def _row(context: ReportContext, row: dict[str, Any], main_edge: float) -> dict[str, Any]:
    """Return a row without what rests on too few vendors, with the words of its choice.

    Nor with larger sales from a value at which no band of sales ends that the report shows: beside
    wider bands, what lies between would follow.
    """
    choice, setting = str(row["choice"]), row["setting"]
    amount, _, currency = str(setting).partition(" ")
    values = {"amount": float(amount), "currency": currency} if currency else {"n": setting}
    key = f"{choice}_{setting}" if choice == "shipping" else choice
    careful = {**row, "words": context.t(f"choice.{key}", **values)}
    if not context.may_show(row["behind"]):
        careful |= dict.fromkeys(_NUMBERS, SUPPRESSED)
    edge = (float(amount) if currency == "EUR" else None) if currency else main_edge
    wider = context.edges not in (None, EDGES) and edge not in (context.edges or ())
    if wider or not context.may_show(row["larger_behind"]):
        careful["larger_share"] = SUPPRESSED
    if not context.may_show(row["growth_behind"]):
        careful["growth"] = SUPPRESSED
    if not context.may_show(row["stay_behind"]):
        careful["stay_days"] = SUPPRESSED
    if not context.may_show(row["moves"]):
        careful["moves"] = SUPPRESSED
    return careful


def _findings(context: ReportContext, rows: list[dict[str, Any]]) -> list[str]:
    """Say within what turnover stays, and which choice moves it most."""
    main, *others = rows
    shown = [row for row in others if row["turnover_eur"] is not SUPPRESSED]
    if main["turnover_eur"] is SUPPRESSED or not main["turnover_eur"] or not shown:
        return []
    most = max(shown, key=lambda row: abs(row["turnover_eur"] - main["turnover_eur"]))
    every = [row["turnover_eur"] for row in [main, *shown]]
    if most["turnover_eur"] == main["turnover_eur"]:
        return [context.t("sensitivity.same", value=main["turnover_eur"])]
    return [
        context.t(
            "sensitivity.range",
            value=main["turnover_eur"],
            low=min(every),
            high=max(every),
            choice=most["words"],
            of_most=most["turnover_eur"],
        )
    ]
