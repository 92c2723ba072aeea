"""On which day a review was posted, from ages that the market had rounded.

A page says ``9d`` or ``2 weeks ago``, and a review's interval (``earliest`` to ``latest``, what all
its sightings leave) allows for ages rounded down, up or to the nearest unit. Which of these a
market does, reviews tell that were seen at an age in a finer unit, or with a date, and later in a
coarser one: the fine sighting says when it was posted, the coarse one how that was rounded.

``s_rounding`` holds what was learned, a row a market and unit. Where it is clear, intervals lose
what it rules out; where it is not, they stay as wide as they are, and days are estimated as if
ages were rounded down, as most software does.

The estimate of a day is drawn evenly from the interval, by the review's key: the same in each
study. The middle of the interval would be nearer to the single review, but not without bias in
*days*: of all reviews seen at 11 o'clock with an age in whole days it is 23 o'clock of one day,
while nearly half were posted on the next. Drawn days are right on average, for days as for months.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.periods import bucket

DAY = 86_400.0
UNITS = {"minute": 60.0, "hour": 3_600.0, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
"""Seconds of a unit of age, fine to coarse (`normalise.ages`)."""
SHIFTS = {"down": (0.0, 1.0), "nearest": (0.5, 0.5), "up": (1.0, 0.0)}
"""What a kind of rounding takes from the interval of an age at its head and at its tail, in
units: it was posted a unit before the age's end to a unit after it if nothing is known."""
FEWEST = 20
"""Reviews from which a market's rounding is learned."""
AGREE = 0.95
"""Part of them that must bear a kind of rounding out; some rows are of another review's twin."""
SPARE = 60.0
"""Seconds by which intervals of one review may miss each other: pages are under way."""
SAMPLE = 4_000
"""Reviews of a market that are looked at."""
_MONTH_SLACK = 2 * DAY  # an age in months ends so much later, as February is short
_WIDEST_MONTH = 80 * DAY  # intervals of ages in years are wider than this


class Rounding(NamedTuple):
    """How a market rounds ages in a unit.

    `head` and `tail` are the seconds that intervals surely lose, `draw_head` and `draw_tail`
    those that they lose before a day is drawn. `kinds` are the kinds of rounding that `reviews`
    seen at ages in several units allow; all, where there are too few; none, where the market
    does something else. `alone` is false if the market may round a coarser unit otherwise: then
    ends of intervals that a coarser age cut are not moved.
    """

    market: str
    precision: str
    head: float
    tail: float
    draw_head: float
    draw_tail: float
    kinds: tuple[str, ...]
    reviews: int
    alone: bool = True


# A review's sightings by unit; what states a date, or an age below a unit, stands as `exact`.
_SEEN = """
    WITH sampled AS (
        SELECT r.review_id, v.market, r.page_ids, r.ordinals
        FROM review r
        JOIN vendor v USING (vendor_id)
        JOIN (
            SELECT market, greatest(1, count(*) / :sample) AS every
            FROM review JOIN vendor USING (vendor_id) GROUP BY 1
        ) AS n USING (market)
        WHERE r.sightings > 1 AND r.earliest IS NOT NULL AND r.review_id % n.every = 0
    ), each AS (
        SELECT a.market, a.review_id, s.posted_precision AS precision,
               o.earliest, o.latest, o.latest - o.earliest AS width
        FROM sampled a
        CROSS JOIN LATERAL unnest(a.page_ids, a.ordinals) AS u(page_id, ordinal)
        JOIN review_sighting s USING (page_id, ordinal)
        CROSS JOIN LATERAL (
            SELECT CAST(extract(epoch FROM s.earliest) AS float8) AS earliest,
                   CAST(extract(epoch FROM s.latest) AS float8) AS latest
        ) AS o
        WHERE s.earliest IS NOT NULL AND s.latest IS NOT NULL
    )
    SELECT market, review_id, unit, max(earliest) AS earliest, min(latest) AS latest
    FROM (
        SELECT e.*, CASE WHEN k.unit IS NULL THEN 'exact' ELSE e.precision END AS unit
        FROM each e
        LEFT JOIN (
            SELECT * FROM unnest(CAST(:units AS text[]), CAST(:lengths AS float8[]),
                CAST(:widest AS float8[])) AS of_unit(unit, length, widest)
        ) AS k ON k.unit = e.precision AND e.width BETWEEN 1.9 * k.length AND k.widest
    ) AS read
    GROUP BY 1, 2, 3
"""


def learn(seen: pd.DataFrame) -> list[Rounding]:
    """Work out how markets round ages, from sightings of some reviews.

    `seen` has a row a review (`market`, `review_id`) and `unit` of its ages (or ``exact``, for
    dates), in seconds since 1970: `earliest` and `latest`, what these sightings leave. Returns a
    row for each market and unit but minutes.

    A review that was seen at ages in two units has an interval by each. If they are narrowed by
    what the market does, both still meet; by anything else, for some reviews they do not.
    """
    return [
        rounding
        for market, of_market in seen.groupby("market", sort=True)
        for rounding in _of_market(str(market), of_market)
    ]


def _of_market(market: str, seen: pd.DataFrame) -> list[Rounding]:
    fine = ["exact", "minute"]
    units = [unit for unit in UNITS if unit not in fine and unit in set(seen["unit"])]
    lows, highs = (
        seen.pivot(index="review_id", columns="unit", values=end).reindex(columns=[*fine, *units])
        for end in ("earliest", "latest")
    )
    several = lows.notna().sum(axis="columns") > 1
    lows, highs = lows[several], highs[several]
    # A column a kind of rounding of each unit; where a review lacks the unit, nothing is known.
    low = {(unit, kind): lows[unit].fillna(-np.inf).to_numpy() + UNITS[unit] * SHIFTS[kind][0]
           for unit in units for kind in SHIFTS}  # fmt: skip
    high = {(unit, kind): highs[unit].fillna(np.inf).to_numpy() - UNITS[unit] * SHIFTS[kind][1]
            for unit in units for kind in SHIFTS}  # fmt: skip
    first, last = lows[fine].max(axis="columns"), highs[fine].min(axis="columns")
    low_fine, high_fine = first.fillna(-np.inf).to_numpy(), last.fillna(np.inf).to_numpy()

    def ends(kinds: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
        pairs = list(zip(units, kinds, strict=True))
        return (
            np.maximum.reduce([low_fine, *(low[pair] for pair in pairs)]),
            np.minimum.reduce([high_fine, *(high[pair] for pair in pairs)]),
        )

    conflicts = {}
    for kinds in product(SHIFTS, repeat=len(units)):  # those that round down come first
        begin, end = ends(kinds)
        conflicts[kinds] = int((begin > end + SPARE).sum())
    fewest = min(conflicts.values())
    fits = fewest <= (1 - AGREE) * len(lows)
    allowed = [k for k, n in conflicts.items() if n <= fewest + 3 + 3 * fewest**0.5]
    # Of what is left, one kind for all units is the likeliest.
    best = min(allowed, key=lambda kinds: (len(set(kinds)), conflicts[kinds]))
    begin, end = ends(best)
    found = []
    for nth, unit in enumerate(units):
        count = int(lows[unit].notna().sum())
        own = tuple(k for k in SHIFTS if fits and k in {kinds[nth] for kinds in allowed})
        if count < FEWEST:
            found.append(_unknown(market, unit, count))
            continue
        known = (end - begin < UNITS[unit] / 4) & (end >= begin) & lows[unit].notna().to_numpy()
        posted = (begin[known] + end[known]) / 2
        found.append(_rounding(market, unit, own, best[nth], count, lows[unit][known].to_numpy(),
                               highs[unit][known].to_numpy(), posted))  # fmt: skip
    return [
        each._replace(
            alone=all(o.kinds == each.kinds for o in found[n + 1 :] if o.reviews >= FEWEST)
        )
        for n, each in enumerate(found)
    ]


def _unknown(market: str, unit: str, count: int = 0) -> Rounding:
    nothing = np.array([])
    return _rounding(market, unit, tuple(SHIFTS), "down", count, nothing, nothing, nothing)


def _rounding(
    market: str,
    unit: str,
    kinds: tuple[str, ...],
    likeliest: str,
    count: int,
    low: np.ndarray,
    high: np.ndarray,
    posted: np.ndarray,
) -> Rounding:
    """Return what the kinds of rounding that are left come to.

    `low` and `high` are intervals by ages in the unit alone, of reviews that were `posted` when
    finer ages say: what is left of bias is corrected, where months are of the calendar and for
    what is no kind of rounding.
    """
    length = UNITS[unit]
    slack = _MONTH_SLACK if unit == "month" else 0.0
    shifts = [SHIFTS[kind] for kind in kinds] or [(0.0, 0.0)]
    head, tail = (min(shift[n] for shift in shifts) * length for n in (0, 1))
    draw = SHIFTS[likeliest] if kinds else (0.0, 0.0)
    draw_head, draw_tail = draw[0] * length, draw[1] * length + (slack if draw[1] else 0.0)
    if len(posted) >= FEWEST and (slack or not kinds):
        late = float(((low + draw_head + high - draw_tail) / 2 - posted).mean())
        late *= len(posted) / (len(posted) + FEWEST)
        draw_head, draw_tail = draw_head - late, draw_tail + late
    return Rounding(market, unit, head, tail, draw_head, draw_tail, kinds, count)


def build_rounding(study: StudySession) -> None:
    """Build ``s_rounding`` from a sample of the database's reviews, of all its markets.

    Columns: market, precision; `least` and `most` between which the interval of a review lies
    whose time rests on an age in this unit; and those of `Rounding`; in seconds.
    """
    units = list(UNITS)
    seen = study.frame(
        _SEEN,
        {
            "sample": SAMPLE,
            "units": units,
            "lengths": [UNITS[unit] for unit in units],
            "widest": [_WIDEST_MONTH if u == "month" else 2.1 * UNITS[u] for u in units],
        },
    )
    learned = learn(seen)
    known = {(rounding.market, rounding.precision): rounding for rounding in learned}
    study.notes["rounding"] = learned
    rows = []
    for market in study.markets:
        for unit in units[1:]:
            rounding = known.get((market, unit)) or _unknown(market, unit)
            length = UNITS[unit]
            least, most = length * 1.001, length * 3.1
            if unit == "month":  # above a date that states the month alone, below ages in years
                least, most = 34 * DAY, _WIDEST_MONTH + DAY
            spans = (length, least, most, *rounding[2:6])
            rows.append([market, unit, *spans, rounding.alone])
    columns = ["length", "least", "most", "head", "tail", "draw_head", "draw_tail"]
    study.run(
        "CREATE TEMP TABLE s_rounding (market text, precision text, "
        + ", ".join(f"{column} float8" for column in columns)
        + ", alone boolean)"
    )
    study.copy("s_rounding", ["market", "precision", *columns, "alone"], rows)
    study.run("ANALYZE s_rounding")


_POSTED = """
    SELECT a.*, coalesce(DATE '1970-01-01' + CAST(floor(a.known_low / 86400) AS int), a.stated_on)
               AS first_day,
           coalesce(DATE '1970-01-01' + CAST(floor(a.known_high / 86400) AS int), a.stated_on)
               AS last_day,
           coalesce(DATE '1970-01-01' + CAST(floor(
               least(greatest(a.known_low, a.drawn), a.known_high) / 86400) AS int), a.stated_on)
               AS posted_on
    FROM (
        SELECT a.*, CASE WHEN known THEN low + head ELSE low END AS known_low,
               CASE WHEN known THEN greatest(high - tail, low + head) ELSE high END AS known_high,
               CASE WHEN rounded THEN low + draw_head
                        + greatest(high - draw_tail - low - draw_head, 0) * part
                    WHEN high - low > most THEN low + (high - low) / 2 * part
                    ELSE low + (high - low) * part END AS drawn
        FROM (
            SELECT a.*, rounded AND (alone OR high - low >= 1.99 * length) AS known
            FROM (
                SELECT a.*, k.length, k.most, k.head, k.tail, k.draw_head, k.draw_tail, k.alone,
                       k.least IS NOT NULL AND high - low BETWEEN k.least AND k.most AS rounded
                FROM (
                    SELECT {columns}, v.market, r.posted_on AS stated_on, r.posted_precision,
                           date_part('epoch', r.earliest) AS low,
                           date_part('epoch', r.latest) AS high,
                           (CAST(r.review_id & 1048575 AS float8) + 0.5)
                               / CAST(1048576 AS float8) AS part
                    FROM review r JOIN vendor v USING (vendor_id)
                    WHERE v.market = ANY(:markets) OFFSET 0
                ) AS a
                LEFT JOIN s_rounding k ON k.market = a.market AND k.precision = a.posted_precision
                OFFSET 0
            ) AS a OFFSET 0
        ) AS a OFFSET 0
    ) AS a
"""


def posted(columns: Sequence[str]) -> str:
    """Return SQL for all reviews of the study's markets, and when they were posted.

    Beside `columns` of ``review``: market; `first_day` and `last_day`, between which it was surely
    posted; and `posted_on`, the estimate. Each step stands in a subquery of its own, which works
    out once what the next ones use several times.
    """
    return _POSTED.format(columns=", ".join(f"r.{column}" for column in columns))


_WIDER = ("month", "quarter", "year")


def sold_by_period(
    by: str, groups: Sequence[str] = (), *, where: str = "true", each: str = ""
) -> str:
    """Return SQL for reviews and turnover a period, with what days and prices leave open.

    `by` as in `bucket`; `groups` are SQL expressions with names (``substance AS substance``);
    `where` and `each` (a join) narrow and multiply the rows of ``s_review``. Columns: the groups,
    period, reviews, priced, turnover_eur, by estimated days; reviews_low, low_eur, of reviews
    that were surely posted in the period; reviews_high, high_eur, of all that can have been.
    """
    names = [group.rsplit(" AS ", 1)[1] for group in groups]
    keys = ", ".join([*names, "period"])
    lead = "".join(f"{group}, " for group in groups)
    may_span = "spans" if by in _WIDER else "first_day <> last_day"
    first, last = bucket(by, "first_day"), bucket(by, "last_day")
    elsewhere = f"({may_span} AND {first} <> {last})" if by != "all" else "false"
    step = {"quarter": "3 months"}.get(by, f"1 {by}")
    spread = (
        f"CROSS JOIN LATERAL generate_series({bucket(by, 'greatest(first_day, :start)')},"
        f" {bucket(by, 'least(last_day, :end)')}, INTERVAL '{step}') AS may(day)"
        if by != "all"
        else "CROSS JOIN (SELECT CAST(NULL AS date)) AS may(day)"
    )
    return f"""
        SELECT {keys}, CAST(sum(reviews) AS bigint) AS reviews,
               CAST(sum(reviews_low) AS bigint) AS reviews_low,
               CAST(sum(reviews_high) AS bigint) AS reviews_high,
               CAST(sum(priced) AS bigint) AS priced, sum(turnover_eur) AS turnover_eur,
               sum(low_eur) AS low_eur, sum(high_eur) AS high_eur
        FROM (
            SELECT {lead}{bucket(by, "posted_on")} AS period, count(*) AS reviews,
                   count(*) FILTER (WHERE sure.ly) AS reviews_low, count(*) AS reviews_high,
                   count(price_eur) AS priced, coalesce(sum(price_eur), 0) AS turnover_eur,
                   coalesce(sum(low_eur) FILTER (WHERE sure.ly), 0) AS low_eur,
                   coalesce(sum(high_eur), 0) AS high_eur
            FROM s_review {each}
            CROSS JOIN LATERAL (
                SELECT NOT {elsewhere} AND first_day >= :start AND last_day <= :end AS ly
            ) AS sure
            WHERE {where} GROUP BY {", ".join(map(str, range(1, len(names) + 2)))}
            UNION ALL
            SELECT {lead}CAST(may.day AS date), 0, 0, count(*), 0, 0, 0, coalesce(sum(high_eur), 0)
            FROM (
                SELECT * FROM s_review WHERE {elsewhere}
                UNION ALL
                SELECT * FROM s_review_edge
            ) AS spanning {each} {spread}
            WHERE {where} AND (may.day <> {bucket(by, "posted_on")}
                               OR posted_on NOT BETWEEN :start AND :end)
            GROUP BY {", ".join(map(str, range(1, len(names) + 2)))}
        ) AS part GROUP BY {keys} HAVING sum(reviews) > 0 ORDER BY {keys}
    """
