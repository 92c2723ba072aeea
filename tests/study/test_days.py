"""Days of reviews whose pages state rounded ages: without bias, and within what they leave open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pandas as pd
import pytest

from cryptodrug_scraper.database.connection import open_engine
from cryptodrug_scraper.records import Review
from cryptodrug_scraper.study import Study
from cryptodrug_scraper.study.days import DAY, learn
from parsers import markets
from tests.databases import new_database
from tests.study.aging import BEGIN, ROUNDINGS, by_days, by_words, show
from tests.study.world import World, eur

StudyOf = Callable[..., Study]
MARKETS = dict(zip(ROUNDINGS, list(markets())[: len(ROUNDINGS)], strict=True))
ANY = next(iter(markets()))
DAYS, REVIEWS = 110, 220
STYLES = {"days": by_days, "words": by_words}
BYS = ("day", "week", "month", "quarter", "year", "all")

Frame = pd.DataFrame


@pytest.fixture(scope="module", params=STYLES)
def aged(request: Any, server: Any, _template: str) -> Iterator[tuple[str, dict[str, list[date]]]]:
    """A database of three markets, one a kind of rounding, and the true days of their reviews."""
    random, truth = Random(7), {}
    with new_database(server, _template) as url:
        world = World(url)
        for rounding, market in MARKETS.items():
            each = DAYS / REVIEWS
            times = [BEGIN + timedelta(each * (n + random.random())) for n in range(REVIEWS)]
            captures = [
                BEGIN + timedelta(3 + 7 * n, random.randrange(86_400)) for n in range(DAYS // 7 + 2)
            ]
            show(world, market, times, captures, STYLES[request.param](rounding), timedelta(45))
            truth[market] = [when.date() for when in times]
        world.done()
        world.close()
        yield url, truth


@pytest.fixture(scope="module")
def found(aged: Any) -> Iterator[tuple[Callable[..., Study], Frame]]:
    """Studies of it, and the days of reviews by them, beside the true ones."""
    url, truth = aged
    engine = open_engine(url, upgrade=False)
    opened: list[Study] = []

    def study_of(**options: Any) -> Study:
        opened.append(Study(engine, **options))
        return opened[-1]

    study = study_of()
    study.prepare()
    frame = study.frame(
        "SELECT s.market, r.text, s.posted_on, s.first_day, s.last_day, r.posted_on AS counted"
        " FROM s_review s JOIN review r USING (review_id)"
    )
    frame["true"] = [
        truth[market][int(text.split()[1])]
        for market, text in zip(frame["market"], frame["text"], strict=True)
    ]
    yield study_of, frame
    for each in opened:
        each.close()
    engine.dispose()


def late(days: Any, frame: Frame) -> Any:
    """By how many days each is too late."""
    return (pd.to_datetime(days) - pd.to_datetime(frame["true"])).dt.days


def test_days_have_no_bias_however_a_market_rounds(found: Any) -> None:
    _, frame = found
    for market, rows in frame.groupby("market"):
        assert len(rows) > 200
        assert abs(late(rows["posted_on"], rows).mean()) <= 0.1, market
    # Counted back from the capture, as pages have it, they do.
    down = frame[frame["market"] == MARKETS["down"]]
    assert late(down["counted"], down).mean() > 0.3


def test_days_lie_between_those_that_are_sure(found: Any) -> None:
    _, frame = found
    assert (late(frame["first_day"], frame) <= 0).mean() >= 0.999
    assert (late(frame["last_day"], frame) >= 0).mean() >= 0.999
    assert (frame["posted_on"] >= frame["first_day"]).all()
    assert (frame["posted_on"] <= frame["last_day"]).all()
    # What a market does is learned: intervals are much narrower than the two units that ages leave.
    assert late(frame["last_day"], frame).mean() - late(frame["first_day"], frame).mean() < 1.5


def test_what_months_have_lies_within_what_they_can(found: Any) -> None:
    study_of, frame = found
    study = study_of()
    turnover = study.turnover().frame.set_index(["market", "period"])
    size = study.size().frame.set_index(["market", "period"])
    counts = ["reviews", "reviews_low", "reviews_high", "turnover_eur", "low_eur", "high_eur"]
    for key, row in turnover.iterrows():
        assert row[counts].tolist() == size.loc[key, counts].tolist()
    true = Counter((m, day.replace(day=1)) for m, day in zip(frame.market, frame.true, strict=True))
    assert set(true) <= set(turnover.index)
    for key, row in turnover.iterrows():
        number = true[key]
        assert row["reviews_low"] <= number <= row["reviews_high"]
        assert abs(row["reviews"] - number) <= 3
    assert (turnover["reviews_low"] < turnover["reviews_high"]).any()
    growth = study.growth().frame.set_index(["market", "of"])
    for market in MARKETS.values():
        row, months = growth.loc[(market, "reviews")], size.loc[market]["reviews"]
        assert row["first"] in months.tolist()
        least, most = row["monthly_by_days_low"], row["monthly_by_days_high"]
        assert least - 1e-9 <= row["monthly"] <= most + 1e-9
    assert (growth["monthly_by_days_low"] < growth["monthly_by_days_high"] - 0.01).any()


def test_periods_count_what_is_sure_and_what_can_be(found: Any) -> None:
    """As worked out from the days of each review, in a study that begins and ends in a month."""
    study_of, frame = found
    start, end = date(2019, 1, 20), date(2019, 3, 10)
    study = study_of(start=start, end=end)
    for by in BYS:
        table = study.turnover(by=by).frame.set_index(["market", "period"])
        _check_periods(frame, table, by, start, end)


def _check_periods(frame: Frame, table: Frame, by: str, start: date, end: date) -> None:

    def period(day: date) -> date | None:
        if by == "week":
            return day - timedelta(day.weekday())
        month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}
        return None if by == "all" else day if by == "day" else date(day.year, month[by], 1)

    sure: Counter[Any] = Counter()
    can: Counter[Any] = Counter()
    mean: Counter[Any] = Counter()
    for row in frame.itertuples():
        length = (row.last_day - row.first_day).days + 1
        days = [row.first_day + timedelta(n) for n in range(length)]
        periods = {period(day) for day in days if start <= day <= end}
        can.update((row.market, each) for each in periods)
        if len(periods) == 1 and start <= days[0] and days[-1] <= end:
            sure[row.market, *periods] += 1
        if start <= row.posted_on <= end:
            mean[row.market, period(row.posted_on)] += 1
    assert len(table) == len(mean)
    for key, number in mean.items():
        row = table.loc[[key] if key[1] is not None else key[0]].iloc[0]
        got = (row["reviews"], row["reviews_low"], row["reviews_high"])
        assert got == (number, sure[key], can[key]), key


def test_dates_are_taken_as_they_are(world: World, study_of: StudyOf) -> None:
    """A day, a week or a month that a page states is no rounded age."""
    begin = datetime(2019, 2, 1, tzinfo=BEGIN.tzinfo)
    for length, unit in ((1, "day"), (7, "week"), (31, "month")):
        latest = begin + timedelta(length)
        shown = Review(
            "anna", text=unit, posted_on=begin.date(), posted_precision=unit, earliest=begin,
            latest=latest, price=eur(10),
        )  # fmt: skip
        world.page("05-01", kind="vendor", reviews=(shown,))
    world.done()
    study = study_of()
    study.prepare()
    got = study.frame("SELECT first_day, last_day FROM s_review ORDER BY last_day")
    assert set(got["first_day"]) == {date(2019, 2, 1)}
    assert got["last_day"].tolist() == [date(2019, 2, 1), date(2019, 2, 7), date(2019, 3, 3)]
    months = study.turnover().frame.iloc[0]
    assert months[["reviews_low", "low_eur"]].tolist() == [2, 20]
    assert months[["reviews_high", "high_eur"]].tolist() == [3, 30]


def test_what_nothing_tells_stays_open() -> None:
    def sightings(reviews: int, days: Callable[[int], float]) -> Frame:
        rows = []
        for n in range(reviews):
            at = 1e9 + n * 3.7 * DAY
            rows.append((ANY, n, "exact", at, at + 60))
            rows.append((ANY, n, "day", at + (days(n) - 1) * DAY, at + (days(n) + 1) * DAY))
        return Frame(rows, columns=["market", "review_id", "unit", "earliest", "latest"])

    random = Random(2)
    few, odd = (learn(sightings(n, lambda _: random.uniform(-0.9, 0.9))) for n in (5, 300))
    assert few[0].kinds == ("down", "nearest", "up")
    assert odd[0].kinds == ()
    for (rounding,) in (few, odd):
        assert (rounding.head, rounding.tail) == (0, 0)
    (late_ones,) = learn(sightings(300, lambda _: random.uniform(-0.2, 0.9)))
    # No kind of rounding, and still no bias: the middle is moved by what they are late.
    assert late_ones.kinds == ()
    assert late_ones.draw_tail == pytest.approx(0.35 * DAY, rel=0.2)
