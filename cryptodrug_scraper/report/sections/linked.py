"""Parts of the section on vendors: how many stand behind accounts, and what is usual."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from cryptodrug_scraper.report.context import ReportContext
from cryptodrug_scraper.report.guard import TOTAL, listing_vendors
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Section
from cryptodrug_scraper.study.migration import arrivals
from cryptodrug_scraper.study.totals import vendor_totals
from cryptodrug_scraper.study.vendors import handle_matches

_COUNTS = ("accounts", "vendors", "vendors_linked")
_RATES = ("usual_rate", "usual_rate_low", "usual_rate_high",
          "after_rate", "after_rate_low", "after_rate_high")  # fmt: skip


def add_totals(context: ReportContext, made: Section) -> None:
    """Add how many accounts and vendors there were, of the country ever and last."""
    t = context.t
    measure = vendor_totals(context.study, country=context.country)
    made.methods.append(context.method(measure, t("vendors.method_totals")))
    frame = measure.frame[measure.frame["market"].isna()]
    counts = {row["basis"]: {n: int(row[n]) for n in _COUNTS} for row in frame.to_dict("records")}
    if not counts["offered"]["accounts"]:
        return
    elsewhere = {
        basis: listing_vendors(context.study, country).get((TOTAL, TOTAL), 0)
        for basis, country in (
            ("offered", None), ("ever_from", context.country), ("last_from", context.country)
        )
    }  # fmt: skip
    hidden = _hidden(context, counts, elsewhere)
    context.table(
        made,
        "totals",
        t("vendors.table_totals"),
        [
            Column("basis", t("column.basis")),
            Column("accounts", t("column.accounts"), "count"),
            Column("vendors", t("column.linked_vendors"), "count"),
            Column("vendors_linked", t("column.all_linked"), "count"),
        ],
        [
            {
                "basis": t(f"vendors.{basis}"),
                **{n: SUPPRESSED if (basis, n) in hidden else each[n] for n in _COUNTS},
            }
            for basis, each in counts.items()
        ],
    )
    ever = counts["ever_from"]
    numbers = {("last_from", "accounts"), *(("ever_from", name) for name in _COUNTS)}
    if ever["accounts"] and not numbers & hidden:
        made.findings.append(
            t(
                "vendors.totals",
                ever=ever["accounts"],
                last=counts["last_from"]["accounts"],
                vendors=ever["vendors"],
                linked=ever["vendors_linked"],
            )
        )


def _hidden(
    context: ReportContext, counts: dict[str, dict[str, int]], elsewhere: dict[str, int]
) -> set[tuple[str, str]]:
    """Return the numbers that are few, or from which a few follow beside those that stay.

    `elsewhere` are the numbers of accounts that other sections have.
    """
    shown: list[tuple[str, str]] = []
    for basis in ("last_from", "offered", "ever_from"):
        for name in _COUNTS:
            value = counts[basis][name]
            others = [counts[b][n] for b, n in shown if b == basis or n == name]
            others += [elsewhere[basis]]
            if all(map(context.may_show, (value, *(abs(value - other) for other in others)))):
                shown.append((basis, name))
    return {(b, n) for b in counts for n in _COUNTS} - set(shown)


def add_handles(context: ReportContext, made: Section) -> None:
    """Add how often a handle alone is wrong."""
    t = context.t
    measure = handle_matches(context.study)
    made.methods.append(context.method(measure, t("vendors.method_handles")))
    if measure.frame.empty:
        return
    row = measure.frame.iloc[-1]
    of, n = int(row["keys_known"]), int(row["keys_differ"])
    if of and all(map(context.may_show, (of, n, of - n))):
        made.findings.append(
            t(
                "vendors.wrong",
                share=row["share"],
                n=n,
                of=of,
                low=row["share_low"],
                high=row["share_high"],
            )
        )


def add_arrivals(
    context: ReportContext,
    made: Section,
    closed: Sequence[str],
    hidden: Collection[tuple[str, str]],
) -> None:
    """Add what part of vendors came in a month, usually and after the end of a market.

    `closed` are markets, `hidden` pairs of such a market and another of which the numbers of those
    who came must not follow.
    """
    t = context.t
    rows: list[dict[str, Any]] = []
    for market in closed:
        measure = arrivals(context.study, market=market)
        if not rows:
            made.methods.append(context.method(measure, t("vendors.method_arrivals")))
        for row in measure.frame.to_dict("records"):
            to = row["to_market"]
            counts = [
                int(count)
                for when in ("usual", "after")
                if not _none(row[f"{when}_vendors"])
                for count in (
                    row[f"{when}_arrived"],
                    row[f"{when}_vendors"],
                    row[f"{when}_vendors"] - row[f"{when}_arrived"],
                )
            ]
            may = (market, to) not in hidden and all(map(context.may_show, counts))
            rows.append(
                {
                    "closed": f"{context.market(market)} → {context.market(to)}",
                    "by": t(f"vendors.{row['by']}"),
                    **{name: row[name] if may else SUPPRESSED for name in _RATES},
                }
            )
            if may and row["by"] == "account" and not any(_none(row[n]) for n in _RATES):
                made.findings.append(
                    t(
                        "vendors.usual",
                        market=context.market(market),
                        other=context.market(to),
                        **{name.replace("_rate", ""): row[name] for name in _RATES},
                    )
                )
    if rows:
        columns = [
            Column(name, t(f"column.{name}"), "share") for name in ("usual_rate", "after_rate")
        ]
        context.table(
            made,
            "arrivals",
            t("vendors.table_arrivals"),
            [Column("by", t("column.basis")), *columns],
            rows,
            group="closed",
        )


def _none(value: Any) -> bool:
    return value is None or value != value
