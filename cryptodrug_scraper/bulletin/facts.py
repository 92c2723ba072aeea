"""All that a bulletin says, as data: what is hidden is not in it, so no page can tell it.

`facts_of` makes the data that are written as JSON, kept in the database, and put into words in each
language. There is no clock in them: the same state of the database gives the same data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cryptodrug_scraper import __version__
from cryptodrug_scraper.bulletin.kept import earlier
from cryptodrug_scraper.bulletin.news import (
    comings,
    movers,
    period_before,
    price_changes,
    silences,
)
from cryptodrug_scraper.bulletin.numbers import CountryNumbers, Hiding, Row
from cryptodrug_scraper.bulletin.offers import Coverage, Share, build_offered
from cryptodrug_scraper.bulletin.revisions import Revisions
from cryptodrug_scraper.bulletin.spans import Span
from cryptodrug_scraper.bulletin.state import DatabaseState
from cryptodrug_scraper.bulletin.titles import Titles
from cryptodrug_scraper.bulletin.watching import watched
from cryptodrug_scraper.common.progress import OnProgress, Progress, ignore_progress
from cryptodrug_scraper.study import Study

if TYPE_CHECKING:
    from cryptodrug_scraper.monitor.trackers import Tracker

SCHEMA = 1
"""Of the JSON: a change that its readers must know of has another number."""

_MARKETS = "SELECT market, title FROM market WHERE market = ANY(:markets)"
_FIRST = """
    SELECT CAST(min(observed_at) AS date) AS first FROM page
    WHERE market = ANY(:markets) AND kind IN ('listing', 'vendor', 'search', 'index')
"""
_CRAWLS = """
    SELECT market, count(*) AS n FROM s_crawl
    WHERE last_day >= :first AND day <= :last GROUP BY 1
"""
_OTHERS = """
    SELECT market, count(DISTINCT seller) AS vendors,
           count(DISTINCT seller) FILTER (WHERE NOT places && CAST(:countries AS text[])) AS others
    FROM s_offered WHERE period = :first GROUP BY 1
"""

Facts = dict[str, Any]


@dataclass(frozen=True)
class BulletinOptions:
    """Of which period and countries a bulletin is, and how careful."""

    span: Span
    countries: tuple[str, ...]
    threshold: int = 5
    markets: tuple[str, ...] = ()
    """Those that were chosen; none: all that the database knows, whichever come later."""

    def scope(self, study: Study) -> str:
        """Return what two bulletins that can be compared have in common, as text."""
        of = {
            "countries": sorted(self.countries), "markets": sorted(self.markets),
            "threshold": self.threshold, "pages": study.kinds.name,
        }  # fmt: skip
        return json.dumps(of, sort_keys=True)


def narrow_to(study: Study, span: Span) -> None:
    """Let a study be of a bulletin's series: from the first capture to the period's end."""
    first = study.row(_FIRST)["first"] or span.start
    study.start, study.end = span.series(first)[0], span.end


def facts_of(
    study: Study,
    options: BulletinOptions,
    on_progress: OnProgress = ignore_progress,
    trackers: Sequence[Tracker] | None = None,
) -> tuple[Facts, list[Row]]:
    """Return a bulletin's data, and the words in titles that too few vendors use to be in them.

    The study is one that `narrow_to` was called for, and that has captures in the period. With
    `trackers` (of monitor/trackers.py), their hits are in the data.
    """
    span, countries = options.span, list(options.countries)
    on_progress(Progress("Reading listings and reviews"))
    state = DatabaseState.of(study, span.by)
    kept = earlier(study, options.scope(study), span, state.digest)
    lines = Hiding(options.threshold, kept.hidden)
    build_offered(study, span.by)
    coverage = Coverage(study, span.by)
    periods = span.series(study.start or span.start)
    facts: Facts = {
        "schema": SCHEMA, "program": __version__, "state": state.digest,
        "as_of": state.as_of.isoformat(),
        "period": {"by": span.by, "label": span.label, "start": str(span.start),
                   "end": str(span.end)},
        "scope": json.loads(options.scope(study)),
        "kinds": asdict(study.kinds), "waiting": study.waiting.rows,
        "numbers": [], "comings": [], "price_changes": [], "movers": [],
    }  # fmt: skip
    for country in countries:
        on_progress(Progress(f"Counting {country}"))
        numbers = CountryNumbers(study, country, span.by, coverage, lines)
        for period in periods:
            numbers.add(period)
        facts["numbers"] += numbers.rows
        of_period = (study, country, span, numbers.offers, coverage, lines)
        facts["comings"] += comings(*of_period)
        facts["price_changes"].append(price_changes(*of_period))
        facts["movers"] += movers(study, country, span, lines)
    on_progress(Progress("Reading titles"))
    began = {m: period_before(coverage, m, span) is not None for m in study.markets}
    titles = Titles(study, span, began)
    words, few = titles.words(lines)
    facts["substances"] = titles.substances(countries, lines)
    facts["words"] = words
    facts["watched"] = None if trackers is None else watched(study, span, trackers, lines)
    facts["silences"] = silences(study, span, coverage)
    facts["markets"] = _markets(study, options, coverage, lines)
    facts["revisions"] = _revisions(study, span, kept.last, lines, facts["numbers"])
    facts["hidden"] = lines.hidden
    facts["pages"] = [list(one) for one in state.pages]
    return facts, few


def _markets(
    study: Study, options: BulletinOptions, coverage: Coverage, lines: Hiding
) -> list[Row]:
    """Return how complete the period's crawls are, by market.

    From an interval follows of how many it is: it is not given where all vendors, or those of
    other countries, are few.
    """
    span = options.span
    days = {"first": span.start, "last": span.end, "countries": list(options.countries)}
    crawls = dict(study.frame(_CRAWLS, days).itertuples(index=False))
    small = {
        row["market"]
        for row in study.frame(_OTHERS, days).to_dict("records")
        if lines.few(row["vendors"]) or lines.few(row["others"])
    }
    titles = dict(study.frame(_MARKETS).itertuples(index=False))
    rows = []
    for market in study.markets:
        at = (market, span.start)
        before = period_before(coverage, market, span)
        rows.append({
            "market": market, "title": titles[market], "pages": coverage.pages.get(at, 0),
            "crawls": int(crawls.get(market, 0)), "before": before and str(before),
            "listings": _share(coverage.listings.get(at), market in small),
        })  # fmt: skip
    return rows


def _share(share: Share | None, small: bool) -> Mapping[str, float | None] | None:
    if share is None:
        return None
    ends = (None, None) if small else (round(share.low, 6), round(share.high, 6))
    return {"value": round(share.value, 6), "low": ends[0], "high": ends[1]}


def _revisions(
    study: Study, span: Span, last: Mapping[str, Any] | None, lines: Hiding, numbers: list[Row]
) -> Mapping[str, Any] | None:
    if last is None:
        return None
    rows = Revisions(study, span.by, last, lines).rows(numbers)
    return {"period": last["period"], "as_of": last["as_of"], "state": last["state"],
            "numbers": rows}  # fmt: skip
