"""Metrics for Prometheus: a text file, as the textfile collector of its node exporter reads it.

Labels are names of markets and jobs, outcomes and levels: few, and fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cryptodrug_scraper.monitor.levels import Level


@dataclass(frozen=True)
class JobFacts:
    """A job, such as ``crawl/MARKET``; None is what never was or is not known.

    ``runs`` counts all its runs ever, by outcome; ``seconds`` is how long the last took.
    """

    job: str
    runs: Mapping[str, int] = field(default_factory=dict)
    running: bool = False
    seconds: float | None = None
    last_success: datetime | None = None
    next_due: datetime | None = None


@dataclass(frozen=True)
class MarketFacts:
    """A market: its last crawl's health and pages, and the sessions and mirrors of now."""

    market: str
    level: Level | None = None
    pages: int | None = None
    sessions_usable: int | None = None
    mirrors_usable: int | None = None


@dataclass(frozen=True)
class MonitorFacts:
    """All that is written, as of ``at``."""

    at: datetime
    jobs: Sequence[JobFacts] = ()
    markets: Sequence[MarketFacts] = ()
    messages_waiting: int = 0


_Values = Mapping[tuple[str, ...], float | None]
_OF_A_JOB: tuple[tuple[str, str, Callable[[JobFacts], float | None]], ...] = (
    ("running", "1 while it runs.", lambda job: job.running),
    ("duration_seconds", "Of its last run.", lambda job: job.seconds),
    (
        "last_success_timestamp_seconds",
        "End of the last run that was complete.",
        lambda job: _seconds(job.last_success),
    ),
    (
        "next_due_timestamp_seconds",
        "When it is due next.",
        lambda job: _seconds(job.next_due),
    ),
)
_OF_A_MARKET: tuple[tuple[str, str, Callable[[MarketFacts], float | None]], ...] = (
    ("pages", "Pages of the last crawl.", lambda market: market.pages),
    ("sessions_usable", "Sessions that are signed in.", lambda market: market.sessions_usable),
    ("mirrors_usable", "Mirrors that answered last.", lambda market: market.mirrors_usable),
)


def write_metrics(path: Path, facts: MonitorFacts) -> None:
    """Write the file, which is there complete or as it was before. Raises OSError."""
    registry = CollectorRegistry()
    registry.register(_Families(facts))
    write_to_textfile(str(path), registry)


class _Families(Collector):
    def __init__(self, facts: MonitorFacts) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        facts = self._facts
        beat, waiting = facts.at.timestamp(), facts.messages_waiting
        yield _gauge("monitor_beat_timestamp_seconds", "When this was written.", (), {(): beat})
        yield _gauge("monitor_messages_waiting", "Not delivered yet.", (), {(): waiting})
        runs = CounterMetricFamily(
            "cryptodrug_job_runs", "Runs of a job, by outcome.", labels=("job", "outcome")
        )
        for job in facts.jobs:
            for outcome, count in job.runs.items():
                runs.add_metric((job.job, outcome), count)
        yield runs
        for name, words, of_job in _OF_A_JOB:
            by_job: _Values = {(job.job,): of_job(job) for job in facts.jobs}
            yield _gauge(f"job_{name}", words, ("job",), by_job)
        for name, words, of_market in _OF_A_MARKET:
            by_market: _Values = {(each.market,): of_market(each) for each in facts.markets}
            yield _gauge(f"market_{name}", words, ("market",), by_market)
        levels: _Values = {
            (each.market, level.value): level is each.level
            for each in facts.markets
            for level in (Level if each.level is not None else ())
        }
        words = "1 for the level of the last crawl's health."
        yield _gauge("market_level", words, ("market", "level"), levels)


def _gauge(name: str, words: str, labels: Sequence[str], values: _Values) -> Metric:
    """Return a gauge of the values that are known, by their labels."""
    metric = GaugeMetricFamily(f"cryptodrug_{name}", words, labels=labels)
    for each, value in values.items():
        if value is not None:
            metric.add_metric(each, float(value))
    return metric


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
