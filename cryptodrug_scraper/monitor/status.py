"""The health that was kept: read again, in words, and as a history of small lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)

from cryptodrug_scraper.monitor.health import RUN, Health, HealthCheck
from cryptodrug_scraper.monitor.levels import Level
from cryptodrug_scraper.monitor.measures import MEASURES
from cryptodrug_scraper.monitor.norms import SHARE

_SHARES = {each.name for each in MEASURES if each.rule is not None and each.rule.scale is SHARE}
_WHAT = {
    "pages": "pages ({})",
    "records": "{}",
    "records_a_page": "{} a page",
    "fields": "{} is filled",
    "readable": "pages that could be read",
    "pages_of_kind": "pages of kind {}",
    "warnings": "pages with a warning of {}",
    "coverage": "{} captured of those that pages point to",
    "overlap": "{} of the crawl before that were seen again",
    "time": "{} a page",
    "errors": "requests that failed ({})",
}
_STATES = {
    "nothing_answers": "no page of the market came",
    "no_mirror_answers": "no mirror answers any more",
    "no_listings": "no page of a listing came any more",
    "lost": "mirror {} does not answer any more (cryptodrug mirror list shows marks)",
    "needs_session": "the crawl waits for fresh cookies",
    "tor": "Tor did not answer",
    "archive": "the disk took no more",
}
_WHY = {
    "below": "{value}, usually {usual} (not under {low})",
    "above": "{value}, usually {usual} (not over {high})",
    "floor": "{value}, declared to be {floor} at least",
    "usual": "{value}, usually {usual}",
    "few_runs": "{value}; too few runs before it to compare with",
    "few": "{value}; of too few to be judged",
    "part": "{value} so far",
    "not_computed": "could not be computed: {note}",
}
_HISTORY = """
    SELECT crawl_run_id, r.market, r.invented, r.ended_at, level, complete,
           (SELECT value FROM health_check c WHERE c.crawl_run_id = h.crawl_run_id
               AND (name, subject) = ('pages', 'all')) AS pages,
           (SELECT value FROM health_check c WHERE c.crawl_run_id = h.crawl_run_id
               AND (name, subject) = ('records', 'listings')) AS listings,
           (SELECT avg(value) FROM health_check c WHERE c.crawl_run_id = h.crawl_run_id
               AND name = 'fields' AND subject LIKE 'listing.%%') AS fill
    FROM (
        SELECT crawl_run_id, level, complete, row_number() OVER (
            PARTITION BY market, invented ORDER BY started_at DESC, crawl_run_id) AS nth
        FROM run_health JOIN crawl_run USING (crawl_run_id)
    ) AS h JOIN crawl_run r USING (crawl_run_id)
    WHERE nth <= %(runs)s AND (%(market)s IS NULL OR r.market = %(market)s)
    ORDER BY r.market, r.invented, r.started_at, crawl_run_id
"""


def sentence(check: HealthCheck) -> str:
    """Return a check in words; they name no handle, title or address."""
    if check.reason in _STATES:
        return _STATES[check.reason].format(check.subject)
    if check.name not in _WHAT:
        note = f": could not be computed: {check.note}" if check.note else f": {check.reason}"
        return f"{check.name}{note}"
    numbers = {
        name: _shown(check.name, getattr(check, name))
        for name in ("value", "usual", "low", "high", "floor")
    }
    why = _WHY[check.reason].format(note=check.note, **numbers)
    return f"{_WHAT[check.name].format(check.subject)}: {why}"


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "nothing"
    if name in _SHARES:
        return f"{100 * value:.3g} %"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def read_health(connection: Connection, run: int) -> Health:
    """Return what was kept of a run. Raises KeyError where nothing was."""
    names = [each.name for each in fields(HealthCheck)]
    with connection, connection.cursor() as work:
        work.execute(f"{RUN} JOIN run_health USING (crawl_run_id) WHERE crawl_run_id = %s", (run,))
        row = work.fetchone()
        if row is None:
            raise KeyError(run)
        work.execute(f"SELECT {', '.join(names)} FROM health_check WHERE crawl_run_id = %s", (run,))
        order = [each.name for each in MEASURES]
        checks = [HealthCheck(**dict(zip(names, each, strict=True))) for each in work.fetchall()]
    checks = [replace(check, level=Level(check.level)) for check in checks]
    checks.sort(key=lambda check: (-check.level.rank, order.index(check.name), check.subject))
    return replace(Health(*row), checks=tuple(checks))


def locations(connection: Connection, pages: Iterable[int]) -> dict[int, str]:
    """Return where pages lie, as ``cryptodrug doctor`` takes it."""
    with connection, connection.cursor() as work:
        work.execute(
            "SELECT page_id, location FROM page_location WHERE page_id = ANY(%s)", (list(pages),)
        )
        return dict(work.fetchall())


def as_json(health: Health, places: dict[int, str]) -> dict[str, Any]:
    """Return a run's health in JSON's types; ``places`` are the locations of example pages."""
    checks = []
    for check in health.checks:
        plain = asdict(check)
        pages = [
            {"page": f"{page:016x}", "location": places.get(page)} for page in plain.pop("page_ids")
        ]
        checks.append(plain | {"words": sentence(check), "pages": pages})
    return {
        "run": f"{health.run:016x}",
        "market": health.market,
        "invented": health.invented,
        "ended": health.ended.isoformat(),
        "complete": health.complete,
        "level": health.level,
        "checks": checks,
    }


@dataclass(frozen=True)
class PastRun:
    """A run in the history of its market; numbers are None where they were not computed."""

    run: int
    market: str
    invented: bool
    ended: datetime
    level: Level
    complete: bool
    pages: float | None
    listings: float | None
    fill: float | None


def history(connection: Connection, market: str | None = None, runs: int = 20) -> list[PastRun]:
    """Return the last runs of each market, the oldest first."""
    with connection, connection.cursor() as work:
        work.execute(_HISTORY, {"market": market, "runs": runs})
        past = [PastRun(*row) for row in work.fetchall()]
    return [replace(each, level=Level(each.level)) for each in past]


def small_line(values: Sequence[float | None]) -> str:
    """Return numbers as a line of bars from 0 to the largest; a space where there is none."""
    most = max((value for value in values if value is not None), default=0.0) or 1.0
    bars = "▁▂▃▄▅▆▇█"
    return "".join(" " if v is None else bars[round(v / most * (len(bars) - 1))] for v in values)
