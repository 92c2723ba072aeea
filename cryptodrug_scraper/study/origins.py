"""Vendors who ship from several countries, at once or one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import pandas as pd

from cryptodrug_scraper.study import literature as lit
from cryptodrug_scraper.study.by_vendor import ends
from cryptodrug_scraper.study.core import StudySession
from cryptodrug_scraper.study.intervals import wilson
from cryptodrug_scraper.study.measure import Measure, Note
from cryptodrug_scraper.study.periods import check_country
from cryptodrug_scraper.study.prepare import prepare
from cryptodrug_scraper.study.seen import build_origins

WINDOW_DAYS = 7
"""Days of a window in which a vendor's origins are taken together."""
CHANGING_WINDOWS = 4
"""A vendor who moves changes listing after listing: both countries may stand beside each other
for so many windows between the old one alone and the new one alone."""

# What a listing says holds from the first to the last day of a stretch on which it says it. What
# it last said before the period stands in the window before it.
_WINDOWS = """
    WITH stretch AS (
        SELECT l.market, l.vendor_id, o.places,
               greatest(o.first_day, CAST(:start AS date) - :window) AS first_day,
               greatest(least(o.last_day, :end), CAST(:start AS date) - :window) AS last_day
        FROM s_origin o JOIN s_listing l USING (listing_id)
        WHERE l.vendor_id IS NOT NULL AND l.in_period
          AND o.within AND o.first_day <= :end AND o.places <> '{}'
    ), several AS (
        SELECT vendor_id FROM stretch CROSS JOIN LATERAL unnest(places) AS p(place)
        GROUP BY 1 HAVING count(DISTINCT place) > 1
           AND (CAST(:country AS text) IS NULL OR bool_or(place = :country))
    )
    SELECT s.market, s.vendor_id, v.handle AS vendor, w.nth,
           DATE '2000-01-03' + w.nth * :window AS day,
           array_agg(DISTINCT p.place ORDER BY p.place) AS places,
           bool_or(cardinality(s.places) > 1) AS stated
    FROM stretch s
    JOIN several USING (vendor_id)
    JOIN vendor v USING (vendor_id)
    CROSS JOIN LATERAL generate_series((s.first_day - DATE '2000-01-03') / :window,
                                       (s.last_day - DATE '2000-01-03') / :window) AS w(nth)
    CROSS JOIN LATERAL unnest(s.places) AS p(place)
    GROUP BY s.market, s.vendor_id, v.handle, w.nth ORDER BY s.market, v.handle, w.nth
"""
_ASSUMPTIONS = (
    Note.of_method("truthful"),
    Note.of_method("accounts_are_two"),
    Note.of_method("regions"),
)
_SOURCES = (lit.DECARY_HETU_2016, lit.BARRATT_2016)


Window = tuple[int, date, frozenset[str], bool]
"""Its number, its first day, its countries, and whether one listing states several of them."""


@dataclass(frozen=True)
class History:
    """What a vendor's windows come to.

    `steps` are the sets of countries one after the other, without the windows of a move; `moves`
    are (from, to, first day of the window in which the new one appears); `at_once` the sets that
    stood in one window.
    """

    steps: tuple[frozenset[str], ...]
    moves: tuple[tuple[str, str, date], ...]
    at_once: tuple[frozenset[str], ...]


def history(windows: Sequence[Window], changing: int = CHANGING_WINDOWS) -> History:
    """Tell origins at once from moves.

    A window is its number, its first day, its countries, and whether one
    listing states several. They are in order, and none is without a country.
    """
    runs: list[list[Window]] = []
    for window in windows:
        if runs and runs[-1][-1][2] == window[2]:
            runs[-1].append(window)
        else:
            runs.append([window])
    kept = [
        run
        for n, run in enumerate(runs)
        if not (0 < n < len(runs) - 1 and _is_move(runs[n - 1], run, runs[n + 1], changing))
    ]
    moves = []
    for before, after in pairwise(kept):
        old, new = before[0][2], after[0][2]
        since = [window for window in windows if before[-1][0] < window[0] <= after[0][0]]
        for come in sorted(new - old):
            day = next(window[1] for window in since if come in window[2])
            moves += [(gone, come, day) for gone in sorted(old - new)]
    several = {run[0][2]: None for run in kept if len(run[0][2]) > 1}
    steps: list[frozenset[str]] = []
    for run in kept:
        if not steps or steps[-1] != run[0][2]:
            steps.append(run[0][2])
    return History(tuple(steps), tuple(moves), tuple(several))


def _is_move(
    first: Sequence[Window],
    run: Sequence[Window],
    last: Sequence[Window],
    changing: int,
) -> bool:
    """Whether a run of windows with both is the change from the one before to the one after."""
    old, both, new = first[0][2], run[0][2], last[0][2]
    long = run[-1][0] - run[0][0] + 1
    stated = any(window[3] for window in run)
    return not stated and long <= changing and not old & new and both == old | new


def vendor_origins(
    study: StudySession, *, country: str | None = None, window_days: int = WINDOW_DAYS
) -> Measure:
    """Return the vendors with several countries of origin, a row each.

    With a `country`, those who ever ship from it. Raises ValueError for a country that is no code
    and a window of no days.
    """
    country = check_country(country)
    found = _histories(study, country, window_days)
    rows = [
        (
            market,
            vendor,
            _joined(set().union(*history_.steps)),
            bool(history_.at_once),
            bool(history_.moves),
            " > ".join(_joined(step) for step in history_.steps),
        )
        for market, vendor, history_ in found
    ]
    columns = {
        "market": "The market.",
        "vendor": "The vendor's handle.",
        "countries": "All countries that the vendor ever shipped from, joined by +.",
        "at_once": "Whether two of them stood in one window.",
        "in_sequence": "Whether one gave way to another.",
        "history": "Countries one after the other: NL > BE, or BE+NL > BE.",
    }
    return _measure(study, "vendor_origins", rows, columns, country, window_days)


def several_origins(
    study: StudySession,
    *,
    country: str,
    how: str = "either",
    window_days: int = WINDOW_DAYS,
) -> Measure:
    """Return with which other countries a country's vendors with several origins ship too.

    A row a market and other country: of the country's vendors with several origins, how many ship
    (or shipped) from that one too. `how` is either, at_once or in_sequence, and chooses these
    vendors. Raises ValueError for what it does not know.
    """
    checked = check_country(country)
    if checked is None:
        raise ValueError("Of which country? Give its code: BE, NL, DE …")
    if how not in ("either", "at_once", "in_sequence"):
        raise ValueError(f"There is no {how!r}; there are either, at_once and in_sequence.")
    totals: dict[str, int] = {}
    pairs: dict[tuple[str, str], list[int]] = {}
    for market, _, past in _histories(study, checked, window_days):
        at_once = _partners(past.at_once, checked)
        moved = {x for a, b, _ in past.moves if checked in (a, b) for x in (a, b)} - {checked}
        partners = {"either": set().union(*past.steps) - {checked}, "at_once": at_once}.get(
            how, moved
        )
        if not partners:
            continue
        totals[market] = totals.get(market, 0) + 1
        for other in partners:
            pair = pairs.setdefault((market, other), [0, 0, 0])
            pair[0] += 1
            pair[1] += other in at_once
            pair[2] += other in moved
    counted = [
        (market, other, n, once, moved, totals[market], n / totals[market])
        for (market, other), (n, once, moved) in sorted(
            pairs.items(), key=lambda item: (item[0][0], -item[1][0], item[0][1])
        )
    ]
    # Vendors are the units, and counts of them are plain.
    rows = [(*row, *map(float, wilson(row[2], row[5]))) for row in counted]
    columns = {
        "market": "The market.",
        "other": "The other country.",
        "vendors": "Vendors who ship from both (number).",
        "at_once": "Of these, those who do at once (number).",
        "in_sequence": "Of these, those who moved between the two (number).",
        "several": "The country's vendors with several origins, as chosen (number).",
        "share": "vendors / several (0 to 1); a vendor with three origins counts with both others.",
    }
    columns = ends(columns, ["share"])
    return _measure(study, "several_origins", rows, columns, checked, window_days)


def moves(
    study: StudySession,
    *,
    country: str | None = None,
    window_days: int = WINDOW_DAYS,
    together: str = "",
) -> Measure:
    """Return the moves of vendors from country to country, a row a market and pair.

    With a `country`, those from it or to it; then `together` takes all other countries as one, ''
    ("partners"), and both directions too ("ways", as moves from it): a vendor counts once. Raises
    ValueError for a country that is no code, and for what it does not know.
    """
    country = check_country(country)
    if together not in ("", "partners", "ways") or (together and country is None):
        raise ValueError(f"Moves of {country} are not taken together as {together!r}.")
    found: dict[tuple[str, str, str], list[date]] = {}
    for market, _, past in _histories(study, country, window_days):
        each: dict[tuple[str, str], date] = {}
        for old, new, day in reversed(past.moves):
            if country is None or country in (old, new):
                pair = (old, new)
                if country is not None and together:
                    away = old == country or together == "ways"
                    pair = (country, "") if away else ("", country)
                each[pair] = day
        for (old, new), day in each.items():
            found.setdefault((market, old, new), []).append(day)
    rows = [
        (market, old, new, len(when), min(when), max(when))
        for (market, old, new), when in sorted(
            found.items(), key=lambda item: (item[0][0], -len(item[1]), item[0])
        )
    ]
    columns = {
        "market": "The market.",
        "origin": "Country from which they moved; '' if all others are taken together.",
        "new_origin": "Country to which they moved; likewise.",
        "vendors": "Vendors who did (number).",
        "first": "First day of the window in which the first of them appears at the new origin.",
        "last": "The same of the last.",
    }
    return _measure(study, "moves", rows, columns, country, window_days)


def _histories(
    study: StudySession, country: str | None, window_days: int
) -> list[tuple[str, str, History]]:
    if window_days < 1:
        raise ValueError("A window has at least one day.")
    prepare(study)
    study.ensure_built(build_origins)
    frame = study.frame(_WINDOWS, {"country": country, "window": window_days})
    result = []
    for _, rows in frame.groupby("vendor_id", sort=False):
        windows = [
            (int(nth), day, frozenset(places), bool(stated))
            for nth, day, places, stated in zip(
                rows["nth"], rows["day"], rows["places"], rows["stated"], strict=True
            )
        ]
        result.append((rows["market"].iloc[0], rows["vendor"].iloc[0], history(windows)))
    return result


def _partners(sets: Iterable[frozenset[str]], country: str) -> set[str]:
    """Return the countries that stand beside a country in one window."""
    return set().union(*(places for places in sets if country in places)) - {country}


def _joined(places: Iterable[str]) -> str:
    return "+".join(sorted(places))


def _measure(
    study: StudySession,
    name: str,
    rows: Sequence[tuple[object, ...]],
    columns: dict[str, str],
    country: str | None,
    window_days: int,
) -> Measure:
    silent = study.row(
        """
        SELECT count(*) AS n FROM (
            SELECT vendor_id FROM s_listing WHERE vendor_id IS NOT NULL AND in_period
            EXCEPT SELECT l.vendor_id FROM s_origin o JOIN s_listing l USING (listing_id)
            WHERE l.in_period AND o.within AND o.places <> '{}'
        ) AS without
        """
    )["n"]
    return Measure(
        name=name,
        frame=pd.DataFrame(rows, columns=list(columns)),
        columns=columns,
        method={"window": window_days, "changing": CHANGING_WINDOWS},
        assumptions=_ASSUMPTIONS,
        sources=_SOURCES,
        notes=(Note.left_out("vendors_without_origin", silent, silent),),
    )
