"""How long vendors and listings last."""

from __future__ import annotations

from typing import Any

from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import Context
from cryptodrug_scraper.report.guard import TOTAL, listing_vendors
from cryptodrug_scraper.report.parts import (
    SUPPRESSED,
    Column,
    Drawing,
    Section,
    build_table,
    drawn,
)
from cryptodrug_scraper.study.lifetimes import lifetimes

_AFTER = (30, 90, 180)


def section(context: Context) -> Section:
    """Return the section."""
    t = context.t
    made = Section("lifetimes", t("lifetimes.title"))
    behind = listing_vendors(context.study, context.country)
    rows: list[dict[str, Any]] = []
    for of in ("vendors", "listings"):
        measure = lifetimes(context.study, of=of, country=context.country)
        curves = dict(iter(measure.frame.groupby("market", sort=False)))
        markets = context.market_order(curves)
        unwatched = {
            note.terms["market"]: note for note in measure.notes if note.name == "unwatched"
        }
        drawings, drawn_markets = {}, []
        for market in markets:
            curve = curves[market]
            lives = int(curve["lives"].iloc[0])
            # Those that are left out follow from all and those of the curve.
            left = unwatched.get(market)
            parts = [int(curve["vendors"].iloc[0]), left.vendors or 0 if left else 0]
            if of == "vendors":
                parts.append(behind.get((TOTAL, market), 0) - lives)
            few = (
                market in context.hidden_markets
                or not context.may_show(behind.get((TOTAL, market), 0))
                or not all(map(context.may_show, parts))
            )
            row = {
                "of": of,
                "what": t(f"lifetimes.{of}"),
                "market": context.market(market),
                "lives": lives,
                "median": curve["median_days"].iloc[0],
                **{f"after{days}": _still(curve, days) for days in _AFTER},
            }
            if few:
                names = ["lives", "median", *(f"after{days}" for days in _AFTER)]
                row |= dict.fromkeys(names, SUPPRESSED)
            else:
                drawings[context.market(market)] = _points(curve)
                drawn_markets.append(market)
            rows.append(row)
        title = t(f"lifetimes.{of}").lower()
        made.methods.append(context.method(measure, title, markets=drawn_markets))
        if drawings:
            made.caveats += context.caveats(measure, markets=drawn_markets)
            svg = figures.curves(
                context.lang,
                drawings,
                across=t("lifetimes.across"),
                label=t("lifetimes.label"),
            )
            made.drawings.append(Drawing(f"lifetimes-{of}", svg, t(f"lifetimes.figure_{of}")))
        elif curves:
            made.caveats.append(t("caveat.few_vendors"))
    for row in rows:
        if row["median"] is not SUPPRESSED:
            known = drawn(row["median"]) is not None
            key = f"lifetimes.{'median' if known else 'longer'}_{row['of']}"
            made.findings.append(
                t(
                    key,
                    market=row["market"],
                    n=row["lives"],
                    days=int(row["median"]) if known else None,
                )
            )
    if not rows:
        made.findings.append(t("lifetimes.unknown"))
        return made
    for market in dict.fromkeys(row["market"] for row in rows if row["lives"] is SUPPRESSED):
        context.open(made, "lifetimes", {}, market=market)
    made.caveats = list(dict.fromkeys(made.caveats))
    made.tables.append(
        build_table(
            context.lang,
            "lifetimes",
            t("lifetimes.table"),
            [
                Column("market", t("column.market")),
                Column("lives", t("column.count"), "count"),
                Column("median", t("column.median_days"), "count"),
                *(Column(f"after{d}", t(f"column.after{d}"), "share") for d in _AFTER),
            ],
            rows,
            group="what",
        )
    )
    return made


def _still(curve: Any, days: int) -> float | None:
    """Return the part that is still there after so many days, if any was watched so long."""
    before = curve[curve["days"] <= days]
    if before.empty:
        return 1.0
    still = float(before["survival"].iloc[-1])
    return still if still <= 0 or int(curve["watched"].iloc[0]) >= days else None


def _points(curve: Any) -> list[tuple[float, float, float | None, float | None]]:
    """Return the steps, the last of them drawn out for as long as any was watched."""
    points: list[tuple[float, float, float | None, float | None]] = [(0.0, 1.0, 1.0, 1.0)]
    for days, survival, low, high in curve[["days", "survival", "low", "high"]].itertuples(
        index=False
    ):
        points.append((float(days), float(survival), drawn(low), drawn(high)))
    watched = float(curve["watched"].iloc[0])
    if watched > points[-1][0]:
        points.append((watched, *points[-1][1:]))
    return points
