"""Size, offer, prices and turnover of a country, period by period, as far as they may be shown.

Which numbers of a period are hidden follows from that period alone, and what an earlier bulletin
hid stays hidden: of two bulletins none tells what the other does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from math import ceil
from typing import Any

import pandas as pd

from cryptodrug_scraper.bulletin.offers import Coverage, Share, offers_of
from cryptodrug_scraper.bulletin.spans import Span
from cryptodrug_scraper.report.guard import TOTAL, as_day, guard_line, review_vendors
from cryptodrug_scraper.report.offer import GROUPS
from cryptodrug_scraper.report.parts import missing
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.intervals import median
from cryptodrug_scraper.study.periods import bucket
from cryptodrug_scraper.study.turnover import turnover

Row = dict[str, Any]
_SOLD = (
    ("reviews", ("reviews", "reviews_low", "reviews_high"), 0),
    ("turnover", ("turnover_eur", "low_eur", "high_eur"), 2),
)


class Hiding:
    """Hides cells of lines that add up to a total, and remembers which."""

    def __init__(self, threshold: int, earlier: Iterable[Sequence[str]] = ()) -> None:
        self.threshold = threshold
        self._earlier = {tuple(cell) for cell in earlier}
        self._hidden: set[tuple[str, ...]] = set()

    @property
    def hidden(self) -> list[list[str]]:
        """All cells hidden so far: line, country, period, cell."""
        return sorted(map(list, self._hidden))

    def hides(self, line: str, country: str, period: date, cell: str) -> bool:
        """Whether a cell was hidden."""
        return (line, country, str(period), cell) in self._hidden

    def few(self, vendors: int) -> bool:
        """Whether what rests on so many vendors must be hidden."""
        return 0 < vendors < self.threshold

    def hide(self, line: str, country: str, period: date, vendors: Mapping[str, int]) -> set[str]:
        """Return the cells of a line, and TOTAL, that must not be shown.

        A total goes where it is small, and where those that are hidden are too few to hide in it.
        """
        name = (line, country, str(period))
        hidden = guard_line(
            vendors, self.threshold, {cell for cell in vendors if (*name, cell) in self._earlier}
        )
        covered = [vendors[cell] for cell in hidden if vendors[cell]]
        if (
            self.few(sum(vendors.values()))
            or (hidden and (len(covered) < 2 or max(covered) < self.threshold))
            or (*name, TOTAL) in self._earlier
        ):
            hidden.add(TOTAL)
        self._hidden |= {(*name, cell) for cell in hidden}
        return hidden


class CountryNumbers:
    """A country's numbers: `rows` of market (TOTAL: all), period, name, of, value and its ends.

    `name` is vendors, listings, reviews, turnover (EUR), offer (listings of a group) or price (EUR
    for a unit; `of` is group and unit). What is hidden has `hidden`, and no value; what was not
    captured has neither. `at_most` is what it comes to with what was missed.
    """

    def __init__(
        self, study: Study, country: str, by: str, coverage: Coverage, lines: Hiding
    ) -> None:
        self.study, self.country, self.coverage, self.lines = study, country, coverage, lines
        self.by = by
        self.offers = offers_of(study, country)
        sold = turnover(study, country=country, by=by, groups=("market",)).frame
        self._sold = sold.assign(period=[as_day(day) for day in sold["period"]])
        self._reviewers = review_vendors(study, country, bucket(by, "posted_on"))
        self.rows: list[Row] = []

    def add(self, period: date) -> None:
        """Add the numbers of a period."""
        captured = [m for m in self.study.markets if (m, period) in self.coverage.pages]
        first = {m: min((d for n, d in self.coverage.pages if n == m), default=None)
                 for m in self.study.markets}  # fmt: skip
        began = [m for m, day in first.items() if day is not None and day <= period]
        offers = self.offers[self.offers["period"] == period]
        self._add_offers(period, began, captured, offers)
        # Reviews are seen later: also of a market, or a period, of which there is no page.
        reviewed = [m for m in first if m in began or self._reviewers.get((period, m))]
        self._add_sales(period, reviewed, offers)
        if captured:
            self._add_groups(period, offers)
            self._add_prices(period, offers)

    def _add_offers(
        self, period: date, began: list[str], captured: list[str], offers: pd.DataFrame
    ) -> None:
        parts = {m: offers[offers["market"] == m] for m in captured} | {TOTAL: offers}
        vendors = {market: parts[market]["seller"].nunique() for market in captured}
        hidden = self.lines.hide("offer", self.country, period, vendors)
        for name in ("vendors", "listings"):
            made = [self._row(m, period, name, hidden=m in hidden) for m in _with_all(began)]
            for row in made:
                part = parts.get(row["market"])
                if part is not None and captured and not row["hidden"]:
                    row["value"] = part["vendor_id"].nunique() if name == "vendors" else len(part)
            self._bound(made, period, self.coverage.listings, "value")

    def _add_sales(self, period: date, markets: list[str], offers: pd.DataFrame) -> None:
        """Reviews and turnover by market; `complete` is the part of their pages seen since.

        Before that their numbers are those of the reviews that were seen, and too small.
        """
        vendors = {market: self._reviewers.get((period, market), 0) for market in markets}
        hidden = self.lines.hide("sold", self.country, period, vendors)
        sold = self._sold[self._sold["period"] == period]
        end = Span(self.by, period).end
        since = {
            (market, period): share
            for market in markets
            # From the part follows how many vendors there are.
            if not self.lines.hides("offer", self.country, period, market)
            and (share := self.coverage.seen_since(market, offers, end)) is not None
        }
        for name, keys, digits in _SOLD:
            made = []
            for market in _with_all(markets):
                part = sold if market == TOTAL else sold[sold["market"] == market]
                row = self._row(market, period, name, hidden=market in hidden)
                for key, column in zip(("value", "low", "high"), keys, strict=True):
                    row[key] = None if row["hidden"] else _rounded(part[column].sum(), digits)
                if (market, period) in since:
                    row["complete"] = round(since[market, period].value, 4)
                made.append(row)
            if len(made) > 1:
                there = [
                    r for r in made[:-1] if r["complete"] is not None or r["high"] or r["hidden"]
                ]
                each = [row["complete"] for row in there]
                made[-1]["complete"] = None if None in each else min(each, default=None)
            self._bound(made, period, since, "high")

    def _add_groups(self, period: date, offers: pd.DataFrame) -> None:
        """Listings by group of drugs, all markets together."""
        groups = offers.groupby("substance")["seller"]
        hidden = self.lines.hide("groups", self.country, period, groups.nunique().to_dict())
        if self.lines.hides("offer", self.country, period, TOTAL):
            hidden |= set(GROUPS)
        listings = groups.size()
        for group in filter(listings.index.__contains__, GROUPS):
            row = self._row(TOTAL, period, "offer", group, hidden=group in hidden)
            row["value"] = None if row["hidden"] else int(listings[group])
            self._bound([row], period, self.coverage.listings, "value")

    def _add_prices(self, period: date, offers: pd.DataFrame) -> None:
        """Prices of a unit by group of drugs and unit, all markets together."""
        priced = offers[offers["unit_price"] > 0]
        priced = priced[~priced["substance"].isin(("not_drugs", "unknown"))]
        cells = list(priced.groupby(["substance", "unit"], sort=True))
        for (group, unit), part in sorted(cells, key=lambda cell: GROUPS.index(cell[0][0])):
            few = self.lines.few(part["seller"].nunique())
            row = self._row(TOTAL, period, "price", f"{group} {unit}", hidden=few)
            if not few:
                ends = median(part["unit_price"], part["seller"])
                row["value"], row["low"], row["high"] = (_rounded(end, 4) for end in ends)

    def _row(
        self, market: str, period: date, name: str, of: str = "", *, hidden: bool = False
    ) -> Row:
        row: Row = {
            "country": self.country, "market": market, "period": str(period), "name": name,
            "of": of, "value": None, "low": None, "high": None, "at_most": None, "complete": None,
            "hidden": hidden,
        }  # fmt: skip
        self.rows.append(row)
        return row

    def _bound(
        self, rows: list[Row], period: date, shares: Mapping[tuple[str, date], Share], key: str
    ) -> None:
        """Say what numbers come to at most; all together where all are known, or one would be."""
        for row in rows:
            share = shares.get((row["market"], period))
            if row[key] is not None and share is not None and share.low > 0:
                row["at_most"] = ceil(row[key] / share.low)
        if len(rows) > 1:
            there = [r for r in rows[:-1] if r["hidden"] or r["complete"] is not None or r[key]]
            each = [row["at_most"] for row in there]
            rows[-1]["at_most"] = None if None in each or rows[-1]["hidden"] else sum(each)


def _with_all(markets: Sequence[str]) -> list[str]:
    return [*markets, TOTAL] if len(markets) > 1 else [*markets]


def _rounded(value: Any, digits: int) -> float | int | None:
    if missing(value):
        return None
    return round(float(value), digits) if digits else round(value)
