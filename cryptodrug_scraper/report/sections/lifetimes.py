"""How long vendors and listings last."""

from __future__ import annotations

from typing import Any

from cryptodrug_scraper.report import figures
from cryptodrug_scraper.report.context import ReportContext
from cryptodrug_scraper.report.guard import TOTAL, listing_vendors
from cryptodrug_scraper.report.parts import SUPPRESSED, Column, Drawing, Section, drawn, interval_of
from cryptodrug_scraper.study.lifetimes import lifetimes

_AFTER = (30, 90, 180)
_OF = ("vendors", "listings")


class Lives:
    """The curves of vendors or of listings, with the markets of which they must not be shown."""

    def __init__(self, context: ReportContext, of: str, *, together: bool = False) -> None:
        self.context, self.of = context, of
        self.measure = lifetimes(
            context.study,
            of=of,
            country=context.country,
            together=together,
            fewest_at_risk=max(context.threshold, 1),
        )
        curves = dict(iter(self.measure.frame.groupby("market", sort=False)))
        order = [TOTAL] if together else context.market_order(curves)
        self.curves: dict[str, Any] = {name: curves[name] for name in order if name in curves}
        self.silent = [market for market in self.curves if self._is_few(market)]

    def _is_few(self, market: str) -> bool:
        context, curve = self.context, self.curves[market]
        vendors = listing_vendors(context.study, context.country).get((TOTAL, market), 0)
        # Those that are left out follow from all and those of the curve.
        left = next(
            (
                note.vendors or 0
                for note in self.measure.notes
                if note.name == "unwatched" and note.terms["market"] == market
            ),
            0,
        )
        parts = [vendors, int(curve["vendors"].iloc[0]), left]
        if self.of == "vendors":
            parts.append(vendors - int(curve["lives"].iloc[0]))
        return market in context.hidden_markets or not all(map(context.may_show, parts))

    def row(self, market: str) -> dict[str, Any]:
        """Return a market's row of the table."""
        curve = self.curves[market]
        cut = bool(curve["cut"].iloc[0])
        watched = int(curve["watched"].iloc[0])
        row: dict[str, Any] = {
            "of": self.of,
            "what": self.context.t(f"lifetimes.{self.of}"),
            "name": market,
            "market": self.context.market(market),
            "lives": int(curve["lives"].iloc[0]),
            **{f"median{end}": curve[f"median_days{end}"].iloc[0] for end in ("", "_low", "_high")},
            "watched": watched,
            "cut": cut,
        }
        for days in _AFTER:
            row |= still(curve, days)
        if market in self.silent:
            names = ["lives", "median", *(f"after{days}" for days in _AFTER)]
            return row | dict.fromkeys(names, SUPPRESSED) | {"cut": False}
        for days in _AFTER if cut else ():
            if days > watched:
                row[f"after{days}"] = SUPPRESSED
        return row


def section(context: ReportContext) -> Section:
    """Return the section."""
    t = context.t
    made = Section("lifetimes", t("lifetimes.title"))
    by_market = {of: Lives(context, of) for of in _OF}
    silent = {market for lives in by_market.values() for market in lives.silent}
    pooled = {of: Lives(context, of, together=True) for of in _OF} if silent else {}
    several = len({market for lives in by_market.values() for market in lives.curves}) > 1
    answers = several and not any(lives.silent for lives in pooled.values())
    # The markets' own curves go then: beside that of all, those of the silent would follow.
    chosen = pooled if answers and context.options.coarsen else by_market
    if chosen is pooled:
        context.together.add("lifetimes")
    else:
        for market in context.market_order(silent):
            context.open(made, "lifetimes", {"markets": answers}, market=context.market(market))
    rows: list[dict[str, Any]] = []
    for of, lives in chosen.items():
        measure, curves = lives.measure, lives.curves
        drawn_markets = [market for market in curves if market not in lives.silent]
        drawings = {
            context.market(market): survival_points(curves[market]) for market in drawn_markets
        }
        rows += [lives.row(market) for market in curves]
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
            caption = t(f"lifetimes.figure_{of}")
            if any(curves[market]["cut"].iloc[0] for market in drawn_markets):
                caption += f"{t('page.stop')} {t('lifetimes.ends')}"
            made.drawings.append(Drawing(f"lifetimes-{of}", svg, caption))
        elif curves:
            made.caveats.append(t("caveat.few_vendors"))
    for row in rows:
        if row["lives"] is not SUPPRESSED:
            known = drawn(row["median"]) is not None
            name = "median" if known else "ended" if row["cut"] else "longer"
            made.findings.append(
                t(
                    f"lifetimes.{name}_{row['of']}",
                    market=row["market"],
                    everywhere=not row["name"],
                    n=row["lives"],
                    days=int(row["median"]) if known else row["watched"],
                    interval=interval_of(row, "median"),
                )
            )
    if not rows:
        made.findings.append(t("lifetimes.unknown"))
        return made
    made.caveats = list(dict.fromkeys(made.caveats))
    context.table(
        made,
        "lifetimes",
        t("lifetimes.table"),
        [
            Column("market", t("column.market")),
            Column("lives", t("column.count"), "count"),
            Column("median", t("column.median_days"), "count", interval=True),
            *(Column(f"after{d}", t(f"column.after{d}"), "share") for d in _AFTER),
        ],
        rows,
        [t("lifetimes.ends")] if any(row["cut"] for row in rows) else [],
        group="what",
    )
    return made


def still(curve: Any, days: int) -> dict[str, float | None]:
    """Return the part that is still there after so many days, if any was watched so long.

    With the ends of its interval, once the curve has fallen.
    """
    name = f"after{days}"
    before = curve[curve["days"] <= days]
    if before.empty:
        return {name: 1.0}
    last = before.iloc[-1]
    if last["survival"] > 0 and int(curve["watched"].iloc[0]) < days:
        return {name: None}
    ends = {f"{name}_low": drawn(last["low"]), f"{name}_high": drawn(last["high"])}
    return {name: float(last["survival"]), **ends}


def survival_points(curve: Any) -> list[tuple[float, float, float | None, float | None]]:
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
