"""Whether intervals of a study hold what is true of a scenario.

Of two kinds. *Intervals* of 95 % are about vendors as a sample of those who might as well have
sold there. The scenario's vendors are fixed, so the truth they are compared with is what is true
of just these vendors: a study that captured all of them finds it, and each interval around it
holds it. Where pages are missing, it is off by what chance left out, which is less than what
another set of vendors would make: intervals must hold it at least as often as they state.
*Bounds* say what rounded ages and readings of prices leave open; all of them must hold the truth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

import numpy as np

from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.growth import log_slope
from cryptodrug_scraper.study.intervals import Floats, of_totals
from cryptodrug_scraper.study.shares import mean_share
from cryptodrug_scraper.study.size import by_vendor
from simulator.scenario.crawls import CrawlCalendar, Crawler
from simulator.scenario.findings import Values
from simulator.scenario.truth import MarketTruth, Truth

STATED = 0.95
LEAST = 0.92
CHANCE = 0.01
"""How unlikely it must be that so few hold the truth, if they do as often as stated."""
_BY_MONTH = ("home_reviews_by_month", "home_turnover_by_month")
_ROUNDING = 1e-9
_RATES = 5e-4
"""Euros may be off by so much, which no bound covers: amounts are converted at the rate of the
nearest day with a page, from which that of the day itself is up to half a week's drift away."""


@dataclass(frozen=True)
class Held:
    """A number of a study: what is true of it, and the ends of its interval or bounds."""

    name: str
    true: float
    low: float
    high: float
    bounds: bool = False
    rounding: float = _ROUNDING

    @property
    def holds(self) -> bool:
        """Whether the truth lies within."""
        off = self.rounding * max(1.0, abs(self.true))
        return self.low - off <= self.true <= self.high + off


def far_below(holding: int, number: int) -> bool:
    """Whether so few of a number hold the truth that chance hardly makes it so."""
    under = sum(
        comb(number, n) * STATED**n * (1 - STATED) ** (number - n) for n in range(holding + 1)
    )
    return number > 0 and under < CHANCE


def held(plan: CrawlCalendar, opened: Study, truth: Truth) -> Iterator[Held]:
    """Yield each number of the study of which the truth is known, where it has an interval."""
    for each in (_of_months, _of_findings, _of_groups, _of_places, _of_crawls):
        for one in each(plan, opened, truth):
            if np.isfinite([one.low, one.high]).all() and not (one.bounds and plan.missing):
                yield one


def _of_months(plan: CrawlCalendar, opened: Study, truth: Truth) -> Iterator[Held]:
    """The country's parts by month, and its reviews and turnover."""
    frame = opened.size(country=truth.terms.country).frame
    findings: dict[str, Values] = {}
    for finding in plan.parameters.findings:
        if finding.measure in _BY_MONTH:
            findings.setdefault(finding.measure, {}).update(truth.of(finding))
    bounds = {"home_reviews_by_month": ("reviews_country_low", "reviews_country_high")}
    sold = opened.turnover(country=truth.terms.country).frame
    for row in frame.to_dict("records"):
        market, month = truth.markets[row["market"]], str(row["period"])[:7]
        name = f"{market.name} {month}"
        if month in market.seen:
            here, every = market.home_in(month), market.seen[month]
            shares = {
                "listings": len(here) / len(every),
                "vendors": len(market.vendors(here)) / len(market.vendors(every)),
            }
            for what, share in shares.items():
                ends = (float(row[f"share_{what}_{end}"]) for end in ("low", "high"))
                yield Held(f"share of {what} {name}", share, *ends)
        for measure, (low, high) in bounds.items():
            if name in findings.get(measure, {}):
                true = float(findings[measure][name])  # type: ignore[arg-type]
                yield Held(f"{measure} {name}", true, row[low], row[high], bounds=True)
    for row in sold.to_dict("records"):
        name = f"{row['market']} {str(row['period'])[:7]}"
        true = findings.get("home_turnover_by_month", {}).get(name)
        if isinstance(true, float):
            ends = (row["low_eur"], row["high_eur"])
            yield Held(f"turnover {name}", true, *ends, bounds=True, rounding=_RATES)


def _of_findings(plan: CrawlCalendar, opened: Study, truth: Truth) -> Iterator[Held]:
    """Means over months, growth, several origins, and sales by their value."""
    terms = truth.terms
    offered, _ = by_vendor(opened, terms.country, "month")
    weekly, _ = by_vendor(opened, None, "week")
    origins = opened.several_origins(country=terms.country).frame
    origins = origins[origins["other"] == terms.neighbour].set_index("market")
    sales = opened.sale_values(
        country=terms.country, edges=(terms.larger_from_eur,), by_market=False
    ).frame.set_index("from_eur")
    for finding in plan.parameters.findings:
        for name, value in truth.of(finding).items():
            if not isinstance(value, (int, float)):
                continue
            ends: tuple[float, float] | None = None
            match finding.measure:
                case "home_share_of_listings" | "home_share_of_vendors":
                    what = finding.measure.rsplit("_", 1)[1]
                    got = mean_share(offered[offered["market"] == name], what)
                    ends = got.low[0], got.high[0]
                case "growth_a_week" if name in truth.markets and not plan.missing:
                    ends = _growth(weekly, name)
                case "share_from_neighbour" if name in origins.index:
                    row = origins.loc[name]
                    ends = row["share_low"], row["share_high"]
                case "value_of_larger_sales":
                    row = sales.loc[terms.larger_from_eur]
                    ends = row["share_value_low"], row["share_value_high"]
                case "share_of_smaller_sales":
                    row = sales.loc[0.0]
                    ends = row["share_sales_low"], row["share_sales_high"]
            if ends is not None:
                yield Held(f"{finding.measure} {name}", float(value), *map(float, ends))


def _growth(weekly: object, market: str) -> tuple[float, float]:
    rows = weekly[weekly["market"] == market]  # type: ignore[index]
    table = rows.pivot_table(
        index="vendor_id", columns="period", values="vendors", fill_value=0, aggfunc="sum"
    )
    weeks = np.array([day.toordinal() / 7 for day in table.columns])

    def slope(totals: Floats) -> Floats:
        return log_slope(np.maximum(totals, 0.5), weeks - weeks.mean())

    got = of_totals(table.to_numpy(float), slope)
    return got.low[0], got.high[0]


def _of_groups(plan: CrawlCalendar, opened: Study, truth: Truth) -> Iterator[Held]:
    """Parts of groups of drugs in the offer, and how many times the market's the country's are."""
    frame = opened.composition(country=truth.terms.country).frame.set_index(["market", "substance"])
    for name, market in truth.markets.items():
        own, every = _groups(market, home=True), _groups(market, home=False)
        for group, share in every.items():
            if (name, group) not in frame.index:
                continue
            row = frame.loc[name, group]
            part = own.get(group, 0.0)
            for column, true in (
                ("share_listings", share),
                ("share_listings_country", part),
                ("ratio_listings", part / share),
            ):
                ends = (float(row[f"{column}_{end}"]) for end in ("low", "high"))
                yield Held(f"{column} {name} {group}", true, *ends)


def _groups(market: MarketTruth, *, home: bool) -> dict[str, float]:
    items = market.items(home=home)
    counts = Counter(market.group(item) for item in items)
    return {group: n / len(items) for group, n in counts.items()}


def _of_places(plan: CrawlCalendar, opened: Study, truth: Truth) -> Iterator[Held]:
    """What part of the country's vendors expressly do not ship to a place."""
    terms = truth.terms
    groups = {"english-speaking": terms.english_speaking, "neighbour": (terms.neighbour,)}
    frame = opened.exclusions(country=terms.country, groups=groups).frame
    rows = frame[frame["is_group"].astype(bool)].set_index(["market", "place"])
    counts = {
        name: value
        for finding in plan.parameters.findings
        if finding.measure == "home_vendors_excluding"
        for name, value in truth.of(finding).items()
    }
    for name, count in counts.items():
        market, place = name.split(" ", 1)
        own = truth.markets[market]
        vendors = own.vendors(item.index for item in own.items(home=True))
        if (market, place) in rows.index and isinstance(count, int):
            row = rows.loc[market, place]
            share = count / len(vendors)
            yield Held(
                f"excluding {name}", share, row["share_vendors_low"], row["share_vendors_high"]
            )


def _of_crawls(plan: CrawlCalendar, opened: Study, truth: Truth) -> Iterator[Held]:
    """What part of the listings a crawl captured, by capture and recapture."""
    frame = opened.recapture().frame
    for name, market in truth.markets.items():
        crawler = Crawler(plan, market.world)
        rows = frame[frame["market"] == name].to_dict("records")
        if len(rows) != len(crawler.days):
            continue  # a crawl of which no page is left
        for number, row in enumerate(rows):
            if row["coverage"] is not None and row["coverage"] == row["coverage"]:
                true = crawler.coverage(number)
                ends = float(row["coverage_low"]), float(row["coverage_high"])
                yield Held(f"coverage {name} {number + 1}", true, *ends)
