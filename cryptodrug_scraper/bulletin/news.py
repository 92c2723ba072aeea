"""What is new in a period: who came and went, prices that changed, who moved, who fell silent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from cryptodrug_scraper.bulletin.numbers import Hiding, Row
from cryptodrug_scraper.bulletin.offers import Coverage
from cryptodrug_scraper.bulletin.spans import Span
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.intervals import median
from cryptodrug_scraper.study.vendors import build_same

STEADY = 0.05
"""By more than this part a price has changed, in EUR: rates of coins move too."""

_SEEN = """
    SELECT listing_id, max(vendor_id) AS vendor_id FROM s_seen
    WHERE day BETWEEN :first AND :last GROUP BY 1
"""
_FIRST_SEEN = """
    SELECT vendor_id, CAST(min(observed_at) AS date) AS first_seen FROM (
        SELECT vendor_id, observed_at FROM listing_observation WHERE vendor_id IS NOT NULL
        UNION ALL SELECT vendor_id, observed_at FROM vendor_observation
    ) AS each GROUP BY 1
"""
_ABSENT = """
    SELECT DISTINCT o.listing_id FROM s_offered o
    JOIN s_known k ON k.market = o.market AND k.kind = 'listing' AND k.gone
        AND k.thing = hashtextextended(o.external_id, 0)
    JOIN s_crawl c ON c.market = k.market AND c.nth = k.nth
    WHERE c.last_day >= :first
"""
_MOVED = """
    WITH of_country AS (
        SELECT DISTINCT vendor_id FROM s_offered WHERE :country = ANY(places)
    ), seen AS (
        SELECT vendor_id, max(day) AS last_day FROM s_seen GROUP BY 1
    )
    SELECT x.market, y.market AS to_market, count(DISTINCT x.vendor_id) AS vendors,
           count(DISTINCT x.vendor_id) FILTER (WHERE coalesce(s.last_day < :first, true)) AS went
    FROM s_same_vendor e
    JOIN s_vendor_life x ON x.vendor_id = e.a
    JOIN s_vendor_life y ON y.vendor_id = e.b
    LEFT JOIN seen s ON s.vendor_id = x.vendor_id
    WHERE e.rank <= 2 AND x.first_day < y.first_day AND y.first_day BETWEEN :first AND :last
      AND (x.vendor_id IN (SELECT vendor_id FROM of_country)
           OR y.vendor_id IN (SELECT vendor_id FROM of_country))
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_ENDS = """
    SELECT market, closed_on, closing_announced_on FROM market WHERE market = ANY(:markets)
"""


def period_before(coverage: Coverage, market: str, span: Span) -> date | None:
    """Return the last period before in which a market was captured."""
    return max((d for m, d in coverage.pages if m == market and d < span.start), default=None)


def comings(
    study: Study,
    country: str,
    span: Span,
    offers: pd.DataFrame,
    coverage: Coverage,
    lines: Hiding,
) -> list[Row]:
    """Return by market how many vendors and listings came and went since it was last captured.

    Came is what no page had shown before. Went is what was there then and is not seen now: of it
    `gone` are listings that the market says are not there. Where either number is small, or the
    number of all is hidden, neither is shown: with the others it would follow.
    """
    rows: list[Row] = []
    days = {"first": span.start, "last": span.end}
    seen = study.frame(_SEEN, days)
    listings, vendors = set(seen["listing_id"]), set(seen["vendor_id"].dropna())
    vendors |= set(study.frame("SELECT DISTINCT vendor_id FROM vendor_observation WHERE"
                               " CAST(observed_at AS date) BETWEEN :first AND :last",
                               days)["vendor_id"])  # fmt: skip
    absent = set(study.frame(_ABSENT, days)["listing_id"])
    firsts = study.frame(_FIRST_SEEN).set_index("vendor_id")["first_seen"]
    for market in study.markets:
        before = period_before(coverage, market, span)
        if (market, span.start) not in coverage.pages or before is None:
            continue
        own = offers[offers["market"] == market]
        now, then = (own[own["period"] == day] for day in (span.start, before))
        came = now[pd.to_datetime(now["first_seen"]).dt.date >= span.start]
        went = then[~then["listing_id"].isin(listings)]
        sellers = set(now["vendor_id"].dropna())
        new = {v for v in sellers if pd.Timestamp(firsts[v]).date() >= span.start}
        left = set(then["vendor_id"].dropna()) - vendors
        gone = went[went["listing_id"].isin(absent)]
        small = any(lines.hides("offer", country, day, market) for day in (before, span.start))
        for what, counts, people in (
            ("vendors", (len(new), len(left), None), (len(new), len(left), 0)),
            ("listings", (len(came), len(went), len(gone)),
             tuple(part["seller"].nunique() for part in (came, went, gone))),
        ):  # fmt: skip
            hidden = small or any(map(lines.few, people[:2]))
            unsure = hidden or lines.few(people[2]) or lines.few(people[1] - people[2])
            rows.append({
                "country": country, "market": market, "since": str(before), "of": what,
                "came": None if hidden else counts[0], "went": None if hidden else counts[1],
                "gone": None if unsure else counts[2], "hidden": hidden,
            })  # fmt: skip
    return rows


def price_changes(
    study: Study,
    country: str,
    span: Span,
    offers: pd.DataFrame,
    coverage: Coverage,
    lines: Hiding,
) -> Row:
    """Return how prices of listings changed since the period before (EUR, of the same amount).

    `up`, `down` and `steady` are listings, `change` the median of the change (0.1: a tenth more)
    with its interval. Where one of the three rests on few vendors, none is given (`hidden`): with
    the number of listings it would follow.
    """
    pairs = []
    for market in study.markets:
        before = period_before(coverage, market, span)
        own = offers[(offers["market"] == market) & (offers["price"] > 0)]
        now, then = (own[own["period"] == day] for day in (span.start, before))
        pairs.append(now.merge(then[["listing_id", "price"]], on="listing_id"))
    both = pd.concat(pairs)
    change = np.log(both["price_x"].astype(float) / both["price_y"].astype(float))
    edge = np.log1p(STEADY)
    parts = {"up": change > edge, "down": change < -edge, "steady": abs(change) <= edge}
    hidden = any(lines.few(both[part]["seller"].nunique()) for part in parts.values())
    ends: Sequence[Any] = (None, None, None)
    if len(both) and not lines.few(both["seller"].nunique()):
        ends = [round(float(np.expm1(end)), 4) for end in median(change, both["seller"])]
    return {
        "country": country, "hidden": hidden,
        **{name: None if hidden else int(part.sum()) for name, part in parts.items()},
        **dict(zip(("change", "change_low", "change_high"), ends, strict=True)),
    }  # fmt: skip


def movers(study: Study, country: str, span: Span, lines: Hiding) -> list[Row]:
    """Return vendors who turned up on a market in the period, having been on another before.

    By certain and likely links (PGP key; handle and imported ratings), a row a pair of markets.
    `went` are those not seen on the first any more; None is hidden: it rests on few vendors.
    """
    study.ensure_built(build_same)
    given = {"country": country, "first": span.start, "last": span.end}
    rows: list[Row] = []
    for market, to, vendors, went in study.frame(_MOVED, given).itertuples(index=False):
        hidden = lines.few(vendors)
        unsure = hidden or lines.few(went) or lines.few(vendors - went)
        rows.append({
            "country": country, "market": market, "to_market": to, "hidden": hidden,
            "vendors": None if hidden else int(vendors), "went": None if unsure else int(went),
        })  # fmt: skip
    return rows


def silences(study: Study, span: Span, coverage: Coverage) -> list[Row]:
    """Return the markets that ended or fell silent, and `why`.

    closed, closing (it announced its end), not_captured (no page of it though there were before).
    """
    rows: list[Row] = []
    for market, closed, announced in study.frame(_ENDS).itertuples(index=False):
        before = period_before(coverage, market, span)
        days = {"closed": closed, "closing": announced}
        ends = {why: pd.Timestamp(day).date() for why, day in days.items() if not pd.isna(day)}
        over = {why: day for why, day in ends.items() if day <= span.end}
        if (market, span.start) not in coverage.pages:
            if before is not None:
                why = "closed" if "closed" in over else "not_captured"
                rows.append({"market": market, "why": why, "day": str(over.get(why, before))})
            continue
        rows += [
            {"market": market, "why": why, "day": str(day)}
            for why, day in over.items()
            if day >= span.start
        ]
    return sorted(rows, key=lambda row: (study.markets.index(row["market"]), row["why"]))
