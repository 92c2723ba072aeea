"""Where the vendors of a market go when it closes: by account, by first sale, beside other months.

Whoever has an account on another market need not have come because of the closure: some had it
long before and began to sell on it only then; and some come in any month. So `migration` counts by
the account's first day and by the first sale, and `arrivals` compares the months after the end with
months in which no market closed.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import ends
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.intervals import median, wilson
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.vendors import ACTIVE, SOURCES, build_same

DAYS = 30
"""Days of a month, in which arrivals are counted."""
MONTHS_AFTER = 3
"""Months after an end that are compared with others."""
PAUSE = 60
"""Days after the end of any market that are not usual either."""

_CLOSURE = """
    SELECT coalesce(closing_announced_on, closed_on) AS known, coalesce(
        closing_announced_on, closed_on, (
        SELECT max(CAST(observed_at AS date)) FROM page
        WHERE market = :market AND CAST(observed_at AS date) <= :end)) AS day
    FROM market WHERE market = :market
"""
_OPEN_AFTER = """
    SELECT market FROM market WHERE market <> :market
      AND (closed_on IS NULL OR closed_on > (
          SELECT coalesce(closed_on, :closed) FROM market WHERE market = :market))
"""
# A day of the first sale, and what all reviews leave: it was by the first of them.
_FIRST_SALE = """
    CREATE TEMP TABLE s_first_sale AS
    SELECT vendor_id, min(day) AS day, min(first_day) AS earliest, min(last_day) AS latest
    FROM s_vendor_posted GROUP BY 1
"""
_ARRIVALS = f"""
    WITH days AS (
        SELECT DISTINCT vendor_id, d.day FROM s_vendor_life JOIN ({ACTIVE}) AS d USING (vendor_id)
        WHERE market = :market AND d.day <= :end
    ), span AS (
        SELECT market, min(CAST(observed_at AS date)) AS since,
               max(CAST(observed_at AS date)) AS until
        FROM page WHERE market = ANY(:markets) AND CAST(observed_at AS date) <= :end GROUP BY 1
    ), ends AS (
        SELECT closing_announced_on AS day FROM market UNION SELECT closed_on FROM market
        UNION SELECT CAST(:closed AS date)
    ), month AS (
        SELECT nth, start, CAST(:closed AS date) AS seen, true AS after
        FROM generate_series(0, :months_after - 1) AS nth,
             LATERAL (SELECT CAST(:closed AS date) + nth * :days AS start) AS x
        UNION ALL
        SELECT -nth, start, start, false
        FROM generate_series(1, 60) AS nth,
             LATERAL (SELECT CAST(:closed AS date) - nth * :days AS start) AS x
        WHERE start >= (SELECT since FROM span WHERE market = :market)
          AND NOT EXISTS (SELECT FROM ends e
              WHERE e.day > start - :pause AND e.day < start + :days)
    ), there AS (
        SELECT DISTINCT m.nth, d.vendor_id
        FROM month m JOIN days d ON d.day > m.seen - :active AND d.day <= m.seen
    ), came AS (
        SELECT s.a AS vendor_id, y.market, min(y.first_day) AS account, min(f.day) AS sale
        FROM s_same_vendor s JOIN s_vendor_life y ON y.vendor_id = s.b
        LEFT JOIN s_first_sale f ON f.vendor_id = y.vendor_id
        WHERE s.rank <= :rank GROUP BY 1, 2
    )
    SELECT w.market AS to_market, by_what, m.after, count(DISTINCT m.nth) AS months,
           count(*) AS at_risk, count(*) FILTER (WHERE came.day <= m.start + :days) AS arrived,
           count(DISTINCT t.vendor_id) AS vendors
    FROM month m
    JOIN span w ON w.market IN ({_OPEN_AFTER}) AND m.start >= w.since
        AND m.start + :days <= w.until
    JOIN there t USING (nth)
    CROSS JOIN LATERAL (VALUES ('account'), ('first_sale')) AS b(by_what)
    LEFT JOIN LATERAL (
        SELECT CASE by_what WHEN 'account' THEN c.account ELSE c.sale END AS day
        FROM came c WHERE c.vendor_id = t.vendor_id AND c.market = w.market
    ) AS came ON true
    WHERE came.day IS NULL OR came.day > m.start
    GROUP BY 1, 2, 3
"""
_RANKS = {"certain": 1, "likely": 2, "possible": 3}


def build_sales(study: StudySession) -> None:
    """Build `s_first_sale`: the first review of each vendor, and between which days it was left."""
    study.run(_FIRST_SALE)
    study.run("ANALYZE s_first_sale")


def migration(
    study: StudySession,
    *,
    market: str,
    since: date | None = None,
    active_days: int = 60,
    together: bool = False,
) -> Measure:
    """Return where the vendors of a market that closed turned up, a row a market and certainty.

    Each market that was open afterwards has a row of those who are certain, though it be of 0.

    Its end is counted from the day on which it was announced (vendors leave from then on), else
    from the closure, as the database has them, else from the last day on which the market was
    captured; or from `since`, if given. Vendors who were active in the `active_days` before are
    those who could go. With `together`, the other markets are one (to_market is ''): of a vendor's
    accounts there the surest counts, then the first. Raises ValueError for a market that is not
    studied.
    """
    _check(study, market)
    study.ensure_built(build_same, build_sales)
    other, there = ("CAST('' AS text)", "''") if together else ("y.market", "market")
    closure = study.row(_CLOSURE, {"market": market})
    given = {"market": market, "closed": since or closure["day"], "active": active_days}
    frame = study.frame(
        f"""
        WITH leaving AS (
            SELECT DISTINCT vendor_id
            FROM s_vendor_life JOIN ({ACTIVE}) AS d USING (vendor_id)
            WHERE market = :market AND d.day <= :end
              AND d.day > CAST(:closed AS date) - :active AND d.day <= CAST(:closed AS date)
        ), going AS (
            {_OPEN_AFTER} AND market IN (SELECT market FROM s_vendor_life)
        ), found AS (
            -- Of several accounts on one market, the surest, then the first.
            SELECT DISTINCT ON (l.vendor_id, {other})
                   l.vendor_id, {other} AS to_market, s.certainty, s.rank, y.first_day,
                   f.day AS sold, f.earliest, f.latest
            FROM leaving l
            JOIN s_same_vendor s ON s.a = l.vendor_id
            JOIN s_vendor_life y ON y.vendor_id = s.b
            JOIN going g ON g.market = y.market
            LEFT JOIN s_first_sale f ON f.vendor_id = y.vendor_id
            ORDER BY l.vendor_id, {other}, s.rank, y.first_day, y.vendor_id
        ), each AS (
            SELECT * FROM found
            UNION ALL  -- that nobody was found there is said too
            SELECT NULL, {there}, 'certain', 1, NULL, NULL, NULL, NULL FROM going
            WHERE EXISTS (SELECT FROM leaving)
        )
        SELECT to_market, certainty, CAST(:closed AS date) AS since, count(vendor_id) AS vendors,
               count(*) FILTER (WHERE first_day <= :closed) AS before,
               count(*) FILTER (WHERE first_day > :closed) AS after,
               count(*) FILTER (WHERE sold > :closed) AS sold_after,
               count(*) FILTER (WHERE earliest > :closed) AS sold_after_low,
               count(*) FILTER (WHERE latest > :closed) AS sold_after_high,
               count(vendor_id) FILTER (WHERE sold IS NULL) AS unsold,
               (SELECT count(*) FROM leaving) AS active,
               count(*) FILTER (WHERE first_day > :closed) * 1.0
                   / nullif((SELECT count(*) FROM leaving), 0) AS share_after,
               CAST(percentile_disc(0.5) WITHIN GROUP (ORDER BY first_day - CAST(:closed AS date))
                   FILTER (WHERE first_day > :closed) AS int) AS median_days,
               array_agg(first_day - CAST(:closed AS date))
                   FILTER (WHERE first_day > :closed) AS days
        FROM each GROUP BY to_market, certainty, rank ORDER BY to_market, rank
        """,
        given,
    )
    # Vendors are the units, and counts of them are plain.
    frame["share_after_low"], frame["share_after_high"] = wilson(frame["after"], frame["active"])
    between = [_between(days) for days in frame["days"]]
    frame["median_days_low"] = [low for low, _ in between]
    frame["median_days_high"] = [high for _, high in between]
    notes = []
    if since is not None:
        notes.append(
            Note.of_captures("migration_since", market=market, since=since, end=closure["day"])
        )
    elif closure["known"] is None and closure["day"] is not None:
        notes.append(Note.of_captures("no_closure", market=market, day=closure["day"]))
    active = 0 if frame.empty else int(frame["active"].iloc[0])
    if 0 < active < 30:
        notes.append(Note("few_active", {"n": active}, active, {"market": market}))
    columns = {
        "to_market": "Market on which they have an account; '' if all are taken together.",
        "certainty": "How sure it is that it is theirs: certain, likely or possible.",
        "since": "Day from which the end is counted: announced, else the closure.",
        "vendors": "Vendors active before that day with an account there (number).",
        "before": "Of these, those who had it by that day (number).",
        "after": "Of these, those who turned up there afterwards (number).",
        "sold_after": "Of vendors, those whose first review known there is of a day after it "
        "(number).",
        "sold_after_low": "Of these, those of whom that is certain (number).",
        "sold_after_high": "Those of whom it is possible (number).",
        "unsold": "Of vendors, those of whom no review is known there (number).",
        "active": f"All vendors active in the {active_days} days before that day (number).",
        "share_after": "after / active (0 to 1).",
        "median_days": "Days from that day to turning up, median of those after.",
    }
    columns = ends(columns, ["share_after", "median_days"])
    return Measure(
        name="migration",
        frame=frame[list(columns)],
        columns=columns,
        assumptions=(Note.of_method("because_of_closure"),),
        sources=(*SOURCES, lit.DECARY_HETU_2017, lit.VAN_BUSKIRK_2017),
        notes=tuple(notes),
    )


def arrivals(
    study: StudySession,
    *,
    market: str,
    since: date | None = None,
    certainty: str = "likely",
    active_days: int = 60,
) -> Measure:
    """Return how many of a market's vendors turned up elsewhere in a month, usually and at its end.

    A row another market, and whether arrival is by the account or by the first sale. `since` and
    `active_days` as in `migration`; accounts count that are a vendor's with this `certainty` or
    more. Raises ValueError for a market that is not studied and a certainty that there is not.
    """
    _check(study, market)
    if certainty not in _RANKS:
        raise ValueError(f"There is no {certainty!r}; there are {', '.join(_RANKS)}.")
    study.ensure_built(build_same, build_sales)
    closed = since or study.row(_CLOSURE, {"market": market})["day"]
    given = {
        "market": market, "closed": closed, "active": active_days, "rank": _RANKS[certainty],
        "days": DAYS, "months_after": MONTHS_AFTER, "pause": PAUSE,
    }  # fmt: skip
    counted = study.frame(_ARRIVALS, given)
    counts = ("months", "at_risk", "arrived", "vendors")
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for one in counted.to_dict("records"):
        low, high = wilson(one["arrived"], one["at_risk"])
        when = "after" if one["after"] else "usual"
        into = rows.setdefault((one["to_market"], one["by_what"]), {})
        into |= {f"{when}_{name}": one[name] for name in counts}
        into[f"{when}_rate"] = one["arrived"] / one["at_risk"]
        into[f"{when}_rate_low"], into[f"{when}_rate_high"] = float(low), float(high)
    columns = {
        "to_market": "Market on which they turned up.",
        "by": "account: by its first day; first_sale: by the first review known.",
    }
    for when, what in (("usual", "months in which no market ended"), ("after", "months after")):
        columns |= {
            f"{when}_months": f"Of {DAYS} days, {what}, with captures of both markets (number).",
            f"{when}_at_risk": "Vendors active before each of these who were not there yet, summed "
            "over them (number).",
            f"{when}_arrived": "Of these, those who turned up in that month (number).",
            f"{when}_vendors": "Different vendors who were at risk (number).",
            f"{when}_rate": f"{when}_arrived / {when}_at_risk (0 to 1).",
            f"{when}_rate_low": "Lower end of its 95 % interval.",
            f"{when}_rate_high": "Upper end.",
        }
    frame = pd.DataFrame(
        [{"to_market": to, "by": by, **values} for (to, by), values in sorted(rows.items())],
        columns=list(columns),
    )
    for when in ("usual", "after"):
        for name in counts:
            frame[f"{when}_{name}"] = frame[f"{when}_{name}"].astype("Int64")
    return Measure(
        name="arrivals",
        frame=frame,
        columns=columns,
        method={"days": DAYS, "after": MONTHS_AFTER, "pause": PAUSE, "certainty": certainty},
        assumptions=(Note.of_method("usual_months"),),
        sources=(*SOURCES, lit.DECARY_HETU_2017, lit.VAN_BUSKIRK_2017),
    )


def _between(days: list[int] | None) -> tuple[float | None, float | None]:
    """Return the ends of the interval of a median of days, of a vendor each; of one, none."""
    if days is None or len(days) < 2:
        return None, None
    _, low, high = median(days, range(len(days)))
    return low, high


def _check(study: StudySession, market: str) -> None:
    if market not in study.markets:
        raise ValueError(f"{market!r} is not studied; there are {', '.join(study.markets)}.")
