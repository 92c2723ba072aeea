"""How markets grow, in sentences: by the country's listings, and by all after another's closure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cryptodrug_scraper.report.context import ReportContext
from cryptodrug_scraper.report.guard import TOTAL, as_day
from cryptodrug_scraper.report.parts import Section, interval_of
from cryptodrug_scraper.study.months import complete_months, complete_quarters
from cryptodrug_scraper.study.shares import change
from cryptodrug_scraper.study.size import by_vendor

if TYPE_CHECKING:
    from cryptodrug_scraper.report.sections.size import Sized

_BEFORE = {"month": timedelta(days=62), "quarter": timedelta(days=183)}
"""How long before a closure the period may begin with which others are compared."""
_AFTER = timedelta(days=92)
"""How long after a closure the last of these may begin."""
_CLOSED = """
    SELECT market, coalesce(closing_announced_on, closed_on) AS since,
           closing_announced_on IS NOT NULL AS announced
    FROM market
    WHERE market = ANY(:markets) AND closed_on BETWEEN :start AND :end
    ORDER BY closed_on
"""


@dataclass(frozen=True)
class Growth:
    """What is known of a market's growth: a sentence, or that small numbers hide it, or nothing."""

    words: str = ""
    hidden: bool = False


class Growths:
    """Growth by month or by quarter, of a market or of all together."""

    def __init__(self, context: ReportContext, sized: Sized) -> None:
        self.context, self.sized = context, sized

    @cached_property
    def _watched(self) -> set[tuple[Any, str]]:
        """Periods and markets of which all was watched.

        The more crawls a period has, the more listings that come and go are seen in it.
        """
        months = complete_months(self.context.study)
        if self.sized.by == "quarter":
            months = complete_quarters(months)
        chosen = months.loc[months["stock"], ["month", "market"]]
        return {(as_day(day), market) for day, market in chosen.itertuples(index=False)}

    def days(self, market: str) -> list[Any]:
        """Return the whole periods of a market; of all together, those whole for all of them."""
        if market:
            return [day for day in self.sized.days if (day, market) in self._watched]
        there: dict[Any, list[str]] = {}
        for day, name in self.sized.rows:
            if day != TOTAL:
                there.setdefault(day, []).append(name)
        return [
            day
            for day in self.sized.days
            if day in there and all((day, name) in self._watched for name in there[day])
        ]

    def number(self, day: Any, market: str, name: str) -> int:
        """Return a number of a period, of a market or of all together."""
        markets = [market] if market else self.sized.markets
        values = [self.sized.rows.get((day, one), {}).get(name) for one in markets]
        return sum(int(value) for value in values if value is not None and value == value)

    def of(self, market: str) -> Growth:
        """Return how the country's listings grew from the first to the last whole period."""
        days = self.days(market)
        if len(days) < 2:
            return Growth()
        if any(self.sized.offered.hides(day, market) for day in (days[0], days[-1])):
            return Growth(hidden=True)
        first, last = (self.number(day, market, "listings_country") for day in (days[0], days[-1]))
        if not (first or last):
            return Growth()
        key = "grew" if last > first else "fell" if last < first else "stayed"
        words = self.context.t(
            f"size.{key}",
            market=self.context.market(market),
            everywhere=not market,
            first=first,
            last=last,
            start=days[0],
            end=days[-1],
            period=self.sized.by,
            **self.change(market, "listings_country", days[0], days[-1]),
        )
        return Growth(words)

    def change(self, market: str, name: str, first: Any, last: Any) -> dict[str, Any]:
        """Return by what part a number changed, and the interval of that, for a sentence."""
        offered, _ = by_vendor(self.context.study, self.context.country, self.sized.by)
        if market:
            offered = offered[offered["market"] == market]
        found = change(offered, name, first, last)
        known = self.number(first, market, name) and self.number(last, market, name)
        return {"change": found["change"], "interval": known and interval_of(found, "change")}


def say_growth(context: ReportContext, made: Section, growths: Growths, quarters: Growths) -> None:
    """Say how the country's listings grew: where it may, by the least coarse cut that answers.

    What stays open is kept as a question.
    """
    markets = growths.sized.markets
    finer = growths is not quarters
    pooled = {
        "markets": growths.of(TOTAL) if len(markets) > 1 else Growth(),
        "quarter_markets": quarters.of(TOTAL) if finer and len(markets) > 1 else Growth(),
    }
    together = next((cut for cut, growth in pooled.items() if growth.words), "")
    open_markets = []
    for market in markets:
        growth = growths.of(market)
        by_quarter = quarters.of(market) if growth.hidden and finer else Growth()
        if growth.hidden and by_quarter.words and context.options.coarsen:
            growth = by_quarter
        if growth.words:
            made.findings.append(growth.words)
            made.summary.append(growth.words)
        elif growth.hidden:
            open_markets.append((market, bool(by_quarter.words)))
    if open_markets and together and context.options.coarsen:
        made.findings.append(pooled[together].words)
        made.summary.append(pooled[together].words)
    elif open_markets:
        for market, answers in open_markets:
            cuts = {"quarter": answers, together or "markets": bool(together)}
            context.open(made, "growth", cuts, market=context.market(market))


def say_after_closures(context: ReportContext, made: Section, growths: Growths) -> None:
    """Say how other markets grew after one closed, by all their listings."""
    sized = growths.sized
    for market, since, announced in context.study.frame(_CLOSED).itertuples(index=False):
        since = as_day(since)
        for other in sized.markets:
            days = growths.days(other)
            # A period in which the closure lies is neither before it nor after.
            least = since - _BEFORE[sized.by]
            before = [day for day in days if least <= day and _next(day, sized.by) <= since]
            after = [day for day in days if since <= day <= since + _AFTER]
            if other == market or not before or not after:
                continue
            ends = (before[-1], after[-1])
            if any(sized.every.hides(day, other) for day in ends):
                continue
            first, last = (growths.number(day, other, "listings") for day in ends)
            if first == last:
                continue
            words = context.t(
                "size.after",
                closed=context.market(market),
                market=context.market(other),
                announced=bool(announced),
                since=since,
                first=first,
                last=last,
                start=ends[0],
                end=ends[1],
                period=sized.by,
                **growths.change(other, "listings", *ends),
            )
            made.findings.append(words)
            if last > first:
                made.summary.append(words)


def _next(day: Any, by: str) -> Any:
    """Return the first day of the month or quarter after the one that begins on a day."""
    number = day.year * 12 + day.month - 1 + (3 if by == "quarter" else 1)
    return day.replace(year=number // 12, month=number % 12 + 1)
