"""Reviews whose pages state ages, as a market rounds them: simulated apart from any simulator."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptodrug_scraper.normalise.ages import posted, read_age
from cryptodrug_scraper.records import Review
from tests.study.world import World, offer

HOUR, DAY = 3_600.0, 86_400.0
ROUNDINGS: dict[str, Callable[[float], float]] = {
    "down": math.floor,
    "nearest": lambda number: math.floor(number + 0.5),
    "up": math.ceil,
}


@dataclass(frozen=True)
class Style:
    """From which age on (seconds) a market counts in which unit (its words, and its seconds)."""

    steps: tuple[tuple[float, str, float], ...]
    rounding: str

    def words(self, age: float) -> str:
        """What a page writes beside a review of this age in seconds."""
        _, words, unit = [step for step in self.steps if age >= step[0]][-1]
        if words == ":":
            return f"{int(age // HOUR):02d}:{int(age % HOUR // 60):02d}"
        return words.format(int(ROUNDINGS[self.rounding](age / unit)))


def by_days(rounding: str) -> Style:
    """The hour and minute of today's reviews, then whole days."""
    return Style(((0, ":", 60), (DAY, "{}d", DAY)), rounding)


def by_words(rounding: str, month: float = 30.44) -> Style:
    """Minutes, hours, days, weeks, months."""
    return Style(
        (
            (0, "{} minutes ago", 60),
            (HOUR, "about {} hours ago", HOUR),
            (DAY, "{} days ago", DAY),
            (7 * DAY, "{} weeks ago", 7 * DAY),
            (30 * DAY, "{} months ago", month * DAY),
        ),
        rounding,
    )


BEGIN = datetime(2019, 1, 1, tzinfo=UTC)


def show(
    world: World,
    market: str,
    times: Iterable[datetime],
    captures: Iterable[datetime],
    style: Style,
    keeps: timedelta = timedelta(days=150),
) -> None:
    """Load a page a capture, on which reviews posted at `times` stand for as long as it `keeps`.

    The nth review reads ``review n``.
    """
    every = list(enumerate(times))
    for at in captures:
        shown = []
        for nth, when in every:
            age = at - when
            if not timedelta(0) <= age < keeps:
                continue
            stated = read_age(style.words(age.total_seconds()))
            assert stated is not None
            bracket = posted(stated, at)
            shown.append(
                Review(
                    "anna",
                    text=f"review {nth}",
                    posted_on=bracket.on,
                    posted_precision=bracket.precision,
                    earliest=bracket.earliest,
                    latest=bracket.latest,
                    from_age=True,
                )
            )
        world.page(at, market=market, listings=(offer("1", "anna"),), reviews=tuple(shown))
