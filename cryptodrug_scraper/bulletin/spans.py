"""Weeks and months that bulletins are of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from cryptodrug_scraper.report.context import first_day, periods_between

PERIODS = ("week", "month")
LONGEST = {"week": 53, "month": 36}
"""Periods of a series, the bulletin's own with them."""
_NEXT = {"week": timedelta(days=7), "month": timedelta(days=31)}
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """An ISO week or a calendar month, by its first day."""

    by: str
    start: date

    @classmethod
    def of(cls, by: str, day: date) -> Span:
        """Return the one that a day lies in."""
        return cls(by, first_day(day, by))

    @classmethod
    def ended(cls, by: str, day: date) -> Span:
        """Return the last one that has ended with a day, which may be its own last."""
        within = cls.of(by, day)
        return within if within.end <= day else cls.of(by, within.start - _DAY)

    @property
    def end(self) -> date:
        """Its last day."""
        beyond: date = first_day(self.start + _NEXT[self.by], self.by)
        return beyond - _DAY

    @property
    def label(self) -> str:
        """Its name in files and data: 2019-W12, 2019-03."""
        if self.by == "week":
            return "{}-W{:02}".format(*self.start.isocalendar()[:2])
        return f"{self.start:%Y-%m}"

    def series(self, first: date) -> list[date]:
        """Return the first days of periods from the one of a day to this, `LONGEST` at most."""
        periods: list[date] = periods_between([min(first, self.start), self.start], self.by)
        return periods[-LONGEST[self.by] :]
