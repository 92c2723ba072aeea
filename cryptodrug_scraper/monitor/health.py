"""The health of a crawl run: measured in the database, held against its past, and kept there.

What is judged. A crawl that was stopped and went on is one job of several runs (``options.job``).
Health is computed at the end of each run. *Shares* (fields, warnings, readable pages, errors) are
those of the run's own pages, so that a page that changed is noticed in the run in which it did,
however much the job captured before. *Sizes, coverage and overlap* are those of the job so far, and
judged when it is finished. A run that was killed has no end: its pages count for the next run of
its job.

With what it is compared: runs before it of the same market and scope (the plan: categories,
listings, vendors, how recent), real ones with real ones, invented ones with invented ones. How is
told in ``norms.py``, what is measured in ``measures.py``. Each statement runs in a savepoint: one
that fails is a check that says so, and the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields, replace
from datetime import UTC, datetime
from statistics import median
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  (it is a class)
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extras import execute_values

from cryptodrug_scraper.monitor.levels import Level, worst
from cryptodrug_scraper.monitor.measures import FIELDS, MEASURES, PAGES, Gauge
from cryptodrug_scraper.monitor.norms import WINDOW, Standing, Value, judge

_EXAMPLES = 5
_HAD_LISTINGS = 5  # so many pages of listings are usual where none at all is an end
_OTHER_DAY = "regexp_replace(options -> 'plan' ->> 'since', '^[0-9]{4}-.*', 'a day')"
RUN = f"""
    SELECT crawl_run_id, market, invented, started_at, ended_at,
           coalesce(options ->> 'job', CAST(crawl_run_id AS text)) AS job,
           CAST(coalesce(options -> 'plan', '{{}}') - 'market' - 'since' || jsonb_strip_nulls(
               jsonb_build_object('since', {_OTHER_DAY})) AS text) AS scope,
           outcome = 'finished' AS complete
    FROM crawl_run
"""
_RUNS_OF_JOB = """
    SELECT crawl_run_id, ended_at FROM crawl_run
    WHERE market = %(market)s AND invented = %(invented)s AND started_at <= %(started)s
      AND coalesce(options ->> 'job', CAST(crawl_run_id AS text)) = %(job)s
    ORDER BY started_at DESC, crawl_run_id
"""
_EARLIER = """
    SELECT h.crawl_run_id, h.job, h.complete FROM run_health h JOIN crawl_run r USING (crawl_run_id)
    WHERE r.market = %(market)s AND r.invented = %(invented)s AND h.scope = %(scope)s
      AND r.started_at < %(started)s ORDER BY r.started_at DESC LIMIT %(window)s
"""
_PAST = """
    SELECT crawl_run_id, name, subject, value, number FROM health_check
    WHERE crawl_run_id = ANY(%(earlier)s) AND value IS NOT NULL AND level <> 'broken'
      AND reason <> 'part'
"""


@dataclass(frozen=True)
class Floor:
    """What a market's crawl has at least, as the researcher declares it.

    ``pages``, ``listings`` and ``vendors`` are numbers of a finished crawl; ``readable`` and
    ``coverage`` shares; ``fields`` are fill rates by name (``listing.price``; see
    ``measures.FIELDS``).
    """

    pages: int | None = None
    listings: int | None = None
    vendors: int | None = None
    readable: float | None = None
    coverage: float | None = None
    fields: Mapping[str, float] = field(default_factory=dict)

    def of(self, name: str, subject: str) -> float | None:
        """Return the floor of a check; None where none is declared."""
        if name == "fields":
            return self.fields.get(subject)
        if name == "coverage" or (name, subject) == ("readable", "all"):
            return self.coverage if name == "coverage" else self.readable
        floors = {
            ("pages", "all"): self.pages,
            ("records", "listings"): self.listings,
            ("records", "vendors"): self.vendors,
        }
        return floors.get((name, subject))


@dataclass(frozen=True)
class HealthCheck:
    """One check of a run, as table health_check has it."""

    name: str
    subject: str
    level: Level
    reason: str
    value: float | None = None
    number: float | None = None
    usual: float | None = None
    low: float | None = None
    high: float | None = None
    floor: float | None = None
    runs: int = 0
    note: str | None = None
    page_ids: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Health:
    """The health of a run: the worst level of its checks."""

    run: int
    market: str
    invented: bool
    started: datetime
    ended: datetime
    job: str
    scope: str
    complete: bool
    checks: tuple[HealthCheck, ...] = ()

    @property
    def level(self) -> Level:
        """The worst level of the checks."""
        return worst(check.level for check in self.checks)


def runs_without_health(connection: Connection, market: str | None = None) -> list[tuple[int, str]]:
    """Return the runs that ended and have no health yet, with their markets, the oldest first."""
    with connection, connection.cursor() as work:
        work.execute(
            "SELECT crawl_run_id, market FROM crawl_run WHERE ended_at IS NOT NULL"
            " AND (%(market)s IS NULL OR market = %(market)s)"
            " AND crawl_run_id NOT IN (SELECT crawl_run_id FROM run_health)"
            " ORDER BY started_at, crawl_run_id",
            {"market": market},
        )
        return work.fetchall()


def compute_health(
    connection: Connection,
    run: int,
    floor: Floor | None = None,
    *,
    measures: Sequence[Gauge] = MEASURES,
) -> Health:
    """Measure a run that ended, judge it, and keep that in place of what was kept of it.

    One transaction. Raises KeyError for a run that is not there or has not ended, and
    ``psycopg2.Error`` if the connection is lost.
    """
    with connection, connection.cursor() as work:
        work.execute(f"{RUN} WHERE crawl_run_id = %s AND ended_at IS NOT NULL", (run,))
        row = work.fetchone()
        if row is None:
            raise KeyError(run)
        health = Health(*row)
        judging = _Judging(work, health, floor or Floor())
        checks = [check for measure in measures for check in judging.checks(measure)]
        checks += [
            HealthCheck("fields", name, Level.LOOK, "not_computed", note="there is no such field")
            for name in judging.floor.fields.keys() - FIELDS
        ]
        health = replace(health, checks=tuple(checks))
        _keep(work, health)
    return health


def _keep(work: Cursor, health: Health) -> None:
    work.execute(
        "INSERT INTO run_health (crawl_run_id, computed_at, level, scope, job, complete)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (crawl_run_id) DO UPDATE SET"
        " computed_at = excluded.computed_at, level = excluded.level, scope = excluded.scope,"
        " job = excluded.job, complete = excluded.complete",
        (health.run, datetime.now(UTC), health.level, health.scope, health.job, health.complete),
    )
    work.execute("DELETE FROM health_check WHERE crawl_run_id = %s", (health.run,))
    names = ", ".join(each.name for each in fields(HealthCheck))
    execute_values(
        work,
        f"INSERT INTO health_check (crawl_run_id, {names}) VALUES %s",
        [(health.run, *astuple(check)) for check in health.checks],
        template=f"(%s{', %s' * (len(fields(HealthCheck)) - 1)}, CAST(%s AS bigint[]))",
    )


class _Judging:
    """Makes the checks of one run."""

    def __init__(self, work: Cursor, health: Health, floor: Floor) -> None:
        self.work, self.health, self.floor = work, health, floor
        self.values: dict[str, Any] = {
            "run": health.run,
            "market": health.market,
            "invented": health.invented,
            "started": health.started,
            "ended": health.ended,
            "job": health.job,
            "scope": health.scope,
            "complete": health.complete,
            "window": WINDOW,
        }
        self._runs()
        self._past()
        work.execute(PAGES, self.values)

    def _all(self, sql: str, **more: object) -> list[tuple[Any, ...]]:
        self.work.execute(sql, self.values | more)
        return self.work.fetchall()

    def _runs(self) -> None:
        of_job = self._all(_RUNS_OF_JOB)
        runs = [self.health.run]
        for run, ended in of_job[1:]:
            if ended is not None:
                break
            runs.append(run)
        self.values |= {"runs": runs, "job_runs": [run for run, _ in of_job]}

    def _past(self) -> None:
        earlier = self._all(_EARLIER)
        self.earlier = [run for run, _, _ in earlier]
        self.past: dict[tuple[str, str], dict[int, Value]] = {}
        for run, name, subject, *value in self._all(_PAST, earlier=self.earlier):
            self.past.setdefault((name, subject), {})[run] = Value(*value)
        job = next((job for _, job, complete in earlier if complete), None)
        listings = [value.value for value in self._past_of("pages", "listing")]
        self.values |= {
            "previous": [run for run, of, _ in earlier if of == job],
            "had_listings": bool(listings) and median(listings) >= _HAD_LISTINGS,
        }

    def _past_of(self, name: str, subject: str, *, sparse: bool = False) -> list[Value]:
        """Return what was measured before, the latest first."""
        known = self.past.get((name, subject), {})
        if sparse:
            every = self.past.get((name, "all"), {})
            known = {run: Value(0.0, all_.number) for run, all_ in every.items()} | known
        return [known[run] for run in self.earlier if run in known]

    def checks(self, measure: Gauge) -> list[HealthCheck]:
        """Measure and judge; what cannot be measured is a check that says so."""
        self.work.execute("SAVEPOINT measure")
        try:
            judged = [self._judged(measure, *row) for row in self._all(measure.sql)]
            checks = [check for check in judged if check is not None]
        except psycopg2.Error as error:
            if self.work.connection.closed:
                raise
            self.work.execute("ROLLBACK TO SAVEPOINT measure")
            words = " ".join(str(error).split("\n", 1)[0].split())[:300]
            subject = measure.part or "all"
            checks = [HealthCheck(measure.name, subject, Level.LOOK, "not_computed", note=words)]
        self.work.execute("RELEASE SAVEPOINT measure")
        return checks

    def _judged(self, measure: Gauge, subject: str, first: Any, second: Any) -> HealthCheck | None:
        if measure.rule is None:
            return HealthCheck(measure.name, subject, Level(first), second)
        if first is None:
            return HealthCheck(
                measure.name, subject, Level.FINE, "not_computed", note=measure.missing or None
            )
        now = Value(float(first), float(second))
        past = self._past_of(measure.name, subject, sparse=measure.sparse)
        floor = self.floor.of(measure.name, subject)
        if measure.name == "fields" and not (now.value or floor or any(p.value for p in past)):
            return None  # the market has no such field
        verdict = judge(measure.rule, now, past, floor=floor, complete=self.health.complete)
        return self._check(measure, subject, now, verdict)

    def _check(self, measure: Gauge, subject: str, now: Value, verdict: Standing) -> HealthCheck:
        pages: list[int] = []
        if measure.examples is not None and verdict.level is not Level.FINE:
            sql = f"SELECT DISTINCT page_id FROM ({measure.examples(subject)}) AS e ORDER BY 1"
            sql = f"{sql} LIMIT {_EXAMPLES}"
            pages = [page for (page,) in self._all(sql, subject=subject)]
        v = verdict
        return HealthCheck(
            measure.name, subject, v.level, v.reason, *now, v.usual, v.low, v.high, v.floor, v.runs,
            page_ids=pages,
        )  # fmt: skip
