"""Through pages, parser, loader and database: the number of reviews is the true number."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from cryptodrug_scraper.replay import replay
from tests.replay.written import dream_ratings, save

START = datetime(2018, 9, 24, 10, 30, tzinfo=UTC)
WINDOW = 300
Truth = list[tuple[datetime, int, str, str, int]]


def dsn_of(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def true_reviews(rng: random.Random) -> Truth:
    truth: Truth = []
    for _ in range(620):
        posted = START + timedelta(minutes=rng.randrange(-60 * 1440, 56 * 1440))
        words = rng.choice(["", "", "", "great", "fast, would buy again", f"order {rng.random()}"])
        stars = rng.choices([5, 4, 1], [90, 6, 4])[0]
        buyer = rng.choice(["s . . . r", "A . . . n", "d . . . e", "p . . . 9"])
        truth.append((posted, stars, words, buyer, rng.choice([15, 58, 120])))
    twins = rng.sample(truth, 40)
    truth += [(at + timedelta(minutes=rng.randrange(600)), *rest) for at, *rest in twins]  # type: ignore[misc]
    return truth + rng.sample(truth, 20)


def shown(truth: Truth, captured: datetime) -> Truth:
    return sorted((r for r in truth if r[0] <= captured), reverse=True)[:WINDOW]


def page_of(truth: Truth, captured: datetime) -> str:
    return dream_ratings(
        "quietgarden",
        [
            (int((captured - posted).total_seconds()), *rest)
            for posted, *rest in shown(truth, captured)
        ],  # type: ignore[misc]
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_vendor_captured_weekly_for_eight_weeks(
    seed: int, tmp_path: Path, engine: Engine
) -> None:
    rng = random.Random(seed)
    truth = true_reviews(rng)
    moments = [START + timedelta(days=7 * week, minutes=rng.randrange(900)) for week in range(9)]
    seen: Counter[tuple[datetime, int, str, str, int]] = Counter()
    for captured in moments:
        seen |= Counter(shown(truth, captured))
    # One capture comes late: the first replays know nothing of it.
    out_of_order = moments.pop(4)
    for n, captured in enumerate(moments):
        save(tmp_path / "a" / str(n), "ratings", page_of(truth, captured), captured)
    save(tmp_path / "late", "ratings", page_of(truth, out_of_order), out_of_order)

    assert replay([tmp_path / "a"], dsn_of(engine)).outcome == "complete"
    replay([tmp_path / "late"], dsn_of(engine))
    again = replay([tmp_path / "late", tmp_path / "a"], dsn_of(engine))

    assert again.counts.new == 0
    with engine.connect() as connection:
        count = connection.scalar(text("SELECT count(*) FROM review"))
        by_words = dict(
            connection.execute(
                text("SELECT coalesce(text, ''), count(*) FROM review GROUP BY 1")
            ).all()  # type: ignore[arg-type]
        )
        paid = dict(
            connection.execute(
                text("SELECT price_amount::int, count(*) FROM review GROUP BY 1")
            ).all()  # type: ignore[arg-type]
        )
    assert count == seen.total()
    words: Counter[str] = Counter()
    prices: Counter[int] = Counter()
    for (_, _, said, _, price), n in seen.items():
        words[said] += n
        prices[price] += n
    assert by_words == words
    assert paid == prices


def test_an_archive_that_knows_only_the_day_of_capture(tmp_path: Path, engine: Engine) -> None:
    """Folders by date, as public archives have them: the hour of capture is unknown."""
    rng = random.Random(5)
    truth = true_reviews(rng)
    seen: Counter[tuple[datetime, int, str, str, int]] = Counter()
    for week in range(8):
        captured = START + timedelta(days=7 * week, minutes=rng.randrange(800))
        seen |= Counter(shown(truth, captured))
        folder = tmp_path / f"{captured:%Y-%m-%d}"
        folder.mkdir()
        (folder / "ratings.html").write_text(page_of(truth, captured), "utf-8")
    replay([tmp_path], dsn_of(engine))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM review")) == seen.total()
